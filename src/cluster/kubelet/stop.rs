//! Ending a pod: `preStop`, SIGTERM, the grace period, SIGKILL, then the sandbox, the last status, and the object itself.
//!
//! Upstream: `kubelet.go` (`SyncTerminatingPod`, `SyncTerminatedPod`), `kuberuntime_container.go` (`killContainer`),
//! `kuberuntime_termination_order.go` and `status_manager.go` (the deletion with a uid precondition once everything is gone).
//! All containers are told at the same time that their end has come, and their `preStop` hooks run; SIGTERM comes to sidecars
//! when all others have ended, to the last of them first.

use super::hooks::When;
use super::report::normal;
use super::worker::{Leave, Stage, Worker, container, is_sidecar};
use super::{Asked, Kubelet};
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use crate::cluster::timing;
use crate::cluster::wire::{ContainerState, CriCall};
use crate::sim::Duration;
use std::rc::Rc;

/// The runtime is told again to stop something.
pub const STOP_AGAIN: &str = "stop";

impl Kubelet {
    /// Begins to end a pod.
    pub(super) fn stop(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let grace = worker.grace();
        let running = worker.running();
        worker.stage = Stage::Stopping { deadline: now + grace };
        worker.run = None;
        for slot in &mut worker.slots {
            (slot.held, slot.leave) = (None, None);
        }
        if !running.is_empty() {
            let what = worker.what.clone();
            worker.cause = Some(cx.note(Fact::PodStopping { node: self.machine.name.clone(), pod: what, grace }));
        }
        self.report(cx, uid);
        for slot in running {
            self.announce_end(cx, uid, slot);
        }
        self.stop_wave(cx, uid);
    }

    /// A container's end has come: what it wants done before is begun.
    fn announce_end(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let Stage::Stopping { deadline } = worker.stage else { return };
        let name = worker.slots[slot].name.clone();
        worker.slots[slot].leave = Some(Leave::Hook);
        self.say(cx, uid, Some(slot), &normal("Killing", &format!("Stopping container {name}")));
        if !self.begin_hook(cx, uid, slot, When::Stopping(deadline))
            && let Some(worker) = self.workers.get_mut(uid)
        {
            worker.slots[slot].leave = Some(Leave::Turn);
        }
    }

    /// SIGTERM for the containers whose turn it is; when none is left, the sandbox follows.
    fn stop_wave(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let Stage::Stopping { deadline } = worker.stage else { return };
        let timeout = deadline.since(now).max(timing::MINIMUM_GRACE);
        let left: Vec<usize> =
            worker.running().into_iter().filter(|slot| worker.slots[*slot].leave != Some(Leave::Gone)).collect();
        if left.is_empty() {
            return self.stop_sandbox(cx, uid);
        }
        let mut calls = Vec::new();
        for slot in &left {
            let may = worker.may_leave(*slot, &left);
            let at = &mut worker.slots[*slot];
            if at.leave == Some(Leave::Turn) && may {
                at.leave = Some(Leave::Told);
                calls.push((*slot, at.id.clone().unwrap_or_default()));
            }
        }
        for (slot, id) in calls {
            self.call(cx, CriCall::StopContainer { id, timeout }, Asked::Stop(uid.clone(), slot));
        }
    }

    /// What a container wanted done before its end is done: of a pod that ends, or of one whose container is started again.
    pub(super) fn take_leave(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let at = &mut worker.slots[slot];
        match (&worker.stage, at.leave) {
            (Stage::Stopping { .. }, Some(Leave::Hook)) => {
                at.leave = Some(Leave::Turn);
                self.stop_wave(cx, uid);
            }
            (Stage::Syncing, Some(Leave::Alone(until))) => {
                at.leave = None;
                let (id, timeout) = (at.id.clone().unwrap_or_default(), until.since(now).max(timing::MINIMUM_GRACE));
                self.call(cx, CriCall::StopContainer { id, timeout }, Asked::Restart(uid.clone()));
            }
            _ => {}
        }
    }

    /// The pod has to end sooner than was said: its containers are asked again.
    pub(super) fn stop_sooner(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let grace = worker.grace();
        let Stage::Stopping { deadline } = &mut worker.stage else {
            // Everything was gone before anybody asked: the object may go. Without a grace period it goes by itself (this
            // may be the echo of the kubelet's own request), unless etcd fails just then: that is looked at later.
            if worker.stage == Stage::Stopped && !worker.writing && !worker.dirty {
                if worker.pod.meta().deletion_grace_period_seconds == Some(0) {
                    worker.dirty = true;
                    self.plan_retry(cx);
                } else {
                    self.delete(cx, uid);
                }
            }
            return;
        };
        if now + grace >= *deadline {
            return;
        }
        *deadline = now + grace;
        for slot in worker.running() {
            let Some(worker) = self.workers.get_mut(uid) else { return };
            let (name, id) = (worker.slots[slot].name.clone(), worker.slots[slot].id.clone().unwrap_or_default());
            let told = worker.slots[slot].leave == Some(Leave::Told);
            self.say(cx, uid, Some(slot), &normal("Killing", &format!("Stopping container {name}")));
            if told {
                let timeout = grace.max(timing::MINIMUM_GRACE);
                self.call(cx, CriCall::StopContainer { id, timeout }, Asked::Nothing);
            } else {
                self.take_leave(cx, uid, slot);
            }
        }
    }

    /// A container that had just been started when its pod was told to end.
    pub(super) fn stop_late(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        self.announce_end(cx, uid, slot);
        self.stop_wave(cx, uid);
    }

    pub(super) fn stopped_one(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        worker.slots[slot].leave = Some(Leave::Gone);
        self.stop_wave(cx, uid);
    }

    /// The runtime did not answer when it was to stop something of a pod.
    pub(super) fn stop_again(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        for slot in worker.slots.iter_mut().filter(|slot| slot.leave == Some(Leave::Told)) {
            slot.leave = Some(Leave::Turn);
        }
        self.stop_wave(cx, uid);
    }

    pub(super) fn stop_sandbox(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let stands = self.workers.get(uid).is_some_and(|worker| worker.sandbox);
        if stands {
            self.call(cx, CriCall::StopPodSandbox { pod: uid.clone() }, Asked::StopSandbox(uid.clone()));
        } else {
            self.sandbox_gone(cx, uid);
        }
    }

    /// Nothing of the pod is left on the machine: the last status, then the object.
    pub(super) fn sandbox_gone(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if worker.stage == Stage::Stopped {
            return;
        }
        worker.stage = Stage::Stopped;
        worker.sandbox = false;
        for slot in &mut worker.slots {
            if slot.state == Some(ContainerState::Created) {
                slot.state = None;
            }
        }
        let worker = worker.clone();
        self.pulls.reserve(&worker, false);
        self.allocate_again(cx);
        cx.note(Fact::PodStopped { node: self.machine.name.clone(), pod: worker.what.clone() });
        if let Some(mirror) = &worker.mirror {
            return if mirror.removed { self.static_gone(cx, uid) } else { self.report(cx, uid) };
        }
        if self.client.lookup(&crate::api::kinds::pod::KIND, &worker.pod.key()).is_none_or(|pod| pod.uid() != &**uid) {
            // Its object went first (a deletion without grace period).
            return self.forget(cx, uid);
        }
        self.report(cx, uid);
        let done =
            self.workers.get(uid).is_some_and(|worker| !worker.writing && !worker.dirty && worker.pod.is_terminating());
        if done {
            self.delete(cx, uid);
        }
    }
}

impl Worker {
    /// How long the pod's containers may take to end.
    fn grace(&self) -> Duration {
        if let Some(hurry) = self.hurry {
            return hurry;
        }
        let seconds = self.pod.meta().deletion_grace_period_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        seconds.map_or_else(|| self.own_grace(), Duration::from_secs).max(Duration::from_secs(1))
    }

    /// `terminationGracePeriodSeconds`.
    pub fn own_grace(&self) -> Duration {
        let own = self.typed().spec.termination_grace_period_seconds;
        Duration::from_secs(own.and_then(|own| u64::try_from(own).ok()).unwrap_or(30))
    }

    /// The containers that run.
    pub fn running(&self) -> Vec<usize> {
        (0..self.slots.len()).filter(|slot| self.slots[*slot].running().is_some()).collect()
    }

    /// Whether a container may be told to end while these are left: sidecars wait for all others, and for the later ones.
    fn may_leave(&self, slot: usize, left: &[usize]) -> bool {
        let spec = self.typed().spec.clone();
        let sidecar = |slot: usize| slot < self.inits && is_sidecar(&container(&spec, slot));
        // Upstream: `newTerminationOrdering`: only containers proper and sidecars count.
        !sidecar(slot) || !left.iter().any(|other| *other > slot && (self.mains().contains(other) || sidecar(*other)))
    }
}
