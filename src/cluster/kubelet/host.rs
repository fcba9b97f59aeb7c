//! The machine under the kubelet as far as it can fail: its clock, what fills its disk and its memory, its runtime.
//!
//! Upstream: `kubelet.go` (`updateRuntimeUp`), `runtime.go` (`runtimeErrors`), `nodestatus/setters.go` (`ReadyCondition`).

use super::stop::STOP_AGAIN;
use super::worker::Stage;
use super::{Asked, Kubelet};
use crate::cluster::wire::{CriCall, Event, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Map, Time};
use std::rc::Rc;

/// The runtime is asked again for what it has.
pub const LIST_AGAIN: &str = "list";

/// What a runtime says whose network plugin has not been configured yet.
pub const NO_NETWORK: &str = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady \
                              message:Network plugin returns error: cni plugin not initialized";

/// The machine, beside what its [`Machine`](crate::cluster::machine::Machine) says.
#[expect(clippy::struct_excessive_bools, reason = "independent misfortunes, not states")]
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Host {
    /// Something else than pods fills the disk.
    pub disk_filled: bool,
    /// Something else than pods needs the memory.
    pub memory_taken: bool,
    /// Its clock is ahead.
    pub skewed: bool,
    /// How often it has lost its power.
    pub boots: u32,
    /// Whether that has been told since.
    pub rebooted: bool,
    /// Since when the runtime has not answered.
    pub silent: Option<Time>,
    /// Folders (true) and files that were made for `hostPath` volumes.
    pub paths: Map<Rc<str>, bool>,
    /// The node's part of the pod network, as the runtime has been told it.
    pub pod_cidr: Rc<str>,
    /// What `/etc/kubernetes/manifests` holds: texts by the names of their files.
    pub manifests: Map<Rc<str>, Rc<str>>,
}

impl Kubelet {
    /// Something befalls the machine, or is repaired: `power`, `disk`, `memory` or `clock`.
    pub fn burden(&mut self, what: &str, on: bool) {
        match what {
            "power" => {
                self.host.boots += 1;
                self.host.rebooted = true;
            }
            "disk" => self.host.disk_filled = on,
            "memory" => self.host.memory_taken = on,
            _ => self.host.skewed = on,
        }
    }

    /// Its certificate expires, or is renewed.
    pub fn expire(&mut self, expired: bool) {
        self.client.expire(expired);
    }

    /// Whether the control plane runs on its machine.
    #[must_use]
    pub fn is_control_plane(&self) -> bool {
        self.machine.taints.iter().any(|(key, ..)| &**key == "node-role.kubernetes.io/control-plane")
    }

    /// What the machine's clock shows.
    pub(super) fn clock(&self, now: Time) -> Time {
        if self.host.skewed { now + timing::CLOCK_SKEW } else { now }
    }

    /// Whether the runtime works has been found out.
    pub(super) fn runtime_answered(&mut self, cx: &mut Cx, up: bool) {
        let now = cx.now();
        if !up {
            self.host.silent.get_or_insert(now);
            return;
        }
        if self.host.silent.take().is_some() {
            // What has happened meanwhile is found as after a start.
            self.call(cx, CriCall::List, Asked::List);
        }
    }

    /// Nobody has answered the question of what there is: again, in a while.
    pub(super) fn list_later(&mut self, cx: &mut Cx) {
        self.runtime_answered(cx, false);
        cx.after(timing::RUNTIME_RETRY, Event::Timer(Timer::new(LIST_AGAIN)));
    }

    /// Nobody has answered when a container or a sandbox was to be stopped: again, in a while.
    pub(super) fn stop_later(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        self.runtime_answered(cx, false);
        if self.workers.get(uid).is_some_and(|worker| worker.stage != Stage::Stopped) {
            cx.after(timing::POD_SYNC_BACKOFF, Event::Timer(Timer::keyed(STOP_AGAIN, uid.clone(), 0)));
        }
    }

    /// Why the node is not ready because of its runtime. Upstream: `runtimeErrors`.
    pub(super) fn runtime_trouble(&self, now: Time) -> Option<String> {
        let silent = now.since(self.host.silent?);
        if silent < timing::RUNTIME_DOWN {
            return None;
        }
        let mut troubles = vec!["container runtime is down".to_owned()];
        if silent >= timing::PLEG_DOWN {
            let active = super::env::go_duration(Duration::from_secs(silent.as_secs()));
            troubles.push(format!("PLEG is not healthy: pleg was last seen active {active} ago; threshold is 3m0s"));
        }
        Some(match troubles.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        })
    }
}
