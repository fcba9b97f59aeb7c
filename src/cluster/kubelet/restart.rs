//! Who is started again: what has ended, by its policy or a rule for its exit code; or all containers of a pod at once.
//!
//! Upstream: `pkg/api/v1/pod/util.go` (`ContainerShouldRestart`), `kubelet/container/helpers.go` (`ShouldAllContainersRestart`)
//! and `kuberuntime_manager.go` (`getContainersToReset`, `SyncPod`). A rule that restarts all kills what runs, without
//! `preStop`, forgets everything and begins with the init containers; the sandbox and what is in volumes stay.

use super::report::normal;
use super::worker::{Run, Worker, container, is_sidecar};
use super::{Asked, Kubelet};
use crate::cluster::wire::CriCall;
use crate::cluster::{Cx, timing};
use k8s_openapi::api::core::v1::{Container, PodSpec};
use std::rc::Rc;

/// Why a container that runs is killed, to be started again or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Doom {
    /// Its liveness probe has failed.
    Liveness,
    /// Its startup probe has failed.
    Startup,
    /// It gets other resources.
    Resize,
}

/// The rule's action.
const RESTART_ALL: &str = "RestartAllContainers";
/// What a status says of containers that were removed because of it.
pub const ALL: &str = "RestartingAllContainers";
/// … in words.
pub const REMOVED: &str = "The container is removed because RestartAllContainers in place";

/// The action of the rule that an exit code meets.
fn action(container: &Container, code: i32) -> Option<&str> {
    let rules = container.restart_policy_rules.iter().flatten();
    let met = rules.filter(|rule| {
        let codes = rule.exit_codes.as_ref();
        codes.is_some_and(|codes| codes.values.iter().flatten().any(|one| *one == code) == (codes.operator == "In"))
    });
    met.map(|rule| rule.action.as_str()).next()
}

/// Whether a container that ended with this code is started again.
#[must_use]
pub fn restarts(spec: &PodSpec, container: &Container, code: i32) -> bool {
    if action(container, code).is_some() {
        return true;
    }
    let policy = container.restart_policy.as_deref().or(spec.restart_policy.as_deref());
    match policy {
        Some("Never") => false,
        Some("OnFailure") => code != 0,
        _ => true,
    }
}

/// Whether all containers of a pod may be started again at once some day.
pub fn may_restart_all(spec: &PodSpec) -> bool {
    let all = spec.init_containers.iter().flatten().chain(&spec.containers);
    all.flat_map(|one| one.restart_policy_rules.iter().flatten()).any(|rule| rule.action == RESTART_ALL)
}

/// Whether they have to be now.
pub fn restarts_all(worker: &Worker) -> bool {
    let spec = &*worker.typed().spec;
    let asks = |slot: usize| {
        let end = worker.slots[slot].ended();
        end.is_some_and(|end| action(&container(spec, slot), end.code) == Some(RESTART_ALL))
    };
    may_restart_all(spec) && (0..worker.mains().end).any(asks)
}

impl Worker {
    /// Which incarnation of a container comes next: of init containers of the sandbox before nothing is left to count from,
    /// but of the first one, which is started in the same sync.
    #[must_use]
    pub fn next_attempt(&self, slot: usize) -> u32 {
        let at = &self.slots[slot];
        if self.is_purged(slot) && slot > 0 { 0 } else { at.attempt + u32::from(at.id.is_some()) }
    }

    /// Whether a container was removed with the sandbox before this one.
    #[must_use]
    pub fn is_purged(&self, slot: usize) -> bool {
        self.slots[slot].stale && slot < self.inits
    }
}

impl Kubelet {
    /// Begins to start all containers of a pod again.
    #[inline(never)]
    pub(super) fn restart_all(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let running: Vec<usize> = worker.running().into_iter().filter(|slot| *slot < worker.mains().end).collect();
        worker.run = Some(Run { kills: running.len(), all: true, ..Run::default() });
        if running.is_empty() {
            return self.all_removed(cx, uid);
        }
        for slot in running {
            let id = self.workers.get(uid).and_then(|worker| worker.slots[slot].id.clone()).unwrap_or_default();
            self.say(cx, uid, Some(slot), &normal("Killing", "killing"));
            self.call(cx, CriCall::StopContainer { id, timeout: timing::MINIMUM_GRACE }, Asked::Restart(uid.clone()));
        }
    }

    /// Nothing runs any more: what there was is removed.
    #[inline(never)]
    pub(super) fn all_removed(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let mut old = Vec::new();
        let end = worker.mains().end;
        for slot in &mut worker.slots[..end] {
            if slot.state.take().is_some() {
                old.extend(slot.id.take());
                old.extend(slot.last.take().map(|(id, _)| id));
                slot.attempt += 1;
                (slot.reset, slot.crash, slot.doomed, slot.leave) = (true, None, None, None);
                slot.held = Some((ALL, REMOVED.into()));
            }
        }
        for id in old {
            self.call(cx, CriCall::RemoveContainer { id }, Asked::Nothing);
        }
        self.report(cx, uid);
        let Some(worker) = self.workers.get_mut(uid) else { return };
        worker.slots.iter_mut().filter(|slot| slot.state.is_none()).for_each(|slot| slot.held = None);
        if let Some(run) = &mut worker.run {
            run.acted = true;
        }
        self.finish(cx, uid);
    }
}

/// Init containers of a pod that always restarts are repeated on failure only.
#[must_use]
pub fn restarts_init(spec: &PodSpec, container: &Container, code: i32) -> bool {
    is_sidecar(container) || code != 0 && restarts(spec, container, code)
}

/// Whether a container that a probe has condemned is started again.
pub fn survives(spec: &PodSpec, container: &Container) -> bool {
    container.restart_policy.as_deref().or(spec.restart_policy.as_deref()) != Some("Never")
}
