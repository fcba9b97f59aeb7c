//! Ending a pod: SIGTERM, the grace period, SIGKILL, then the sandbox, the last status, and the object itself.
//!
//! Upstream: `kubelet.go` (`SyncTerminatingPod`, `SyncTerminatedPod`), `kuberuntime_container.go` (`killContainer`) and
//! `status_manager.go` (the deletion with a uid precondition once everything is gone). All containers are stopped at the
//! same time; after them the sidecars, the last first.

use super::report::{normal, warning};
use super::worker::{Stage, container, is_sidecar};
use super::{Asked, Kubelet};
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use crate::cluster::timing;
use crate::cluster::wire::{ContainerState, CriCall, CriError, CriReply};
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
        let running: Vec<usize> =
            (0..worker.slots.len()).filter(|slot| worker.slots[*slot].running().is_some()).collect();
        worker.stage = Stage::Stopping { deadline: now + grace, waiting: 0 };
        worker.run = None;
        for slot in &mut worker.slots {
            slot.held = None;
        }
        if !running.is_empty() {
            let what = worker.what.clone();
            worker.cause = Some(cx.note(Fact::PodStopping { node: self.machine.name.clone(), pod: what, grace }));
        }
        self.report(cx, uid);
        if running.is_empty() {
            return self.stop_sandbox(cx, uid);
        }
        self.stop_wave(cx, uid);
    }

    /// Stops the containers that run: sidecars only when nothing else does.
    fn stop_wave(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get(uid) else { return };
        let spec = worker.spec();
        let running: Vec<usize> =
            (0..worker.slots.len()).filter(|slot| worker.slots[*slot].running().is_some()).collect();
        let sidecar = |slot: &usize| *slot < worker.inits && is_sidecar(&container(&spec, *slot));
        let (sidecars, others): (Vec<usize>, Vec<usize>) = running.into_iter().partition(sidecar);
        // Upstream: `termination_order.go`: sidecars end in the reverse order of their start, one after another.
        let wave = if others.is_empty() { sidecars.last().copied().into_iter().collect() } else { others };
        if wave.is_empty() {
            return self.stop_sandbox(cx, uid);
        }
        if let Some(worker) = self.workers.get_mut(uid)
            && let Stage::Stopping { waiting, .. } = &mut worker.stage
        {
            *waiting = wave.len();
        }
        for slot in wave {
            self.stop_container(cx, uid, slot);
        }
    }

    fn stop_container(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let now = cx.now();
        let Some(worker) = self.workers.get(uid) else { return };
        let Stage::Stopping { deadline, .. } = worker.stage else { return };
        let left = deadline.since(now);
        let spec = worker.spec();
        let name = worker.slots[slot].name.clone();
        let hook = container(&spec, slot).lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.clone());
        self.say(cx, uid, Some(slot), &normal("Killing", &format!("Stopping container {name}")));
        let sleep =
            hook.as_ref().and_then(|hook| hook.sleep.as_ref()).map(|sleep| u64::try_from(sleep.seconds).unwrap_or(0));
        let call = match (&hook, sleep) {
            (_, Some(seconds)) => self.workers.get(uid).and_then(|worker| worker.slots[slot].id.clone()).map(|id| {
                let command = [Rc::from("sleep"), Rc::from(seconds.to_string())].into();
                CriCall::ExecSync { id, command, timeout: left }
            }),
            (Some(hook), None) => self.hook(uid, slot, hook).map(|call| match call {
                CriCall::ExecSync { id, command, .. } => CriCall::ExecSync { id, command, timeout: left },
                other => other,
            }),
            (None, None) => None,
        };
        match call {
            Some(call) => self.call(cx, call, Asked::PreStop(uid.clone(), slot, left)),
            None => self.terminate(cx, uid, slot),
        }
    }

    /// A preStop hook is over, well or not: SIGTERM comes now.
    pub(super) fn pre_stopped(
        &mut self,
        cx: &mut Cx,
        uid: &Rc<str>,
        slot: usize,
        (_, outcome): (Duration, Result<CriReply, CriError>),
    ) {
        let failed = !matches!(outcome, Ok(CriReply::Exec { code: 0, .. }) | Err(CriError::NotFound(_)));
        if failed {
            self.say(cx, uid, Some(slot), &warning("FailedPreStopHook", "PreStopHook failed"));
        }
        self.terminate(cx, uid, slot);
    }

    fn terminate(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let now = cx.now();
        let Some(worker) = self.workers.get(uid) else { return };
        let Stage::Stopping { deadline, .. } = worker.stage else { return };
        let timeout = deadline.since(now).max(timing::MINIMUM_GRACE);
        match worker.slots[slot].id.clone() {
            Some(id) => self.call(cx, CriCall::StopContainer { id, timeout }, Asked::Stop(uid.clone())),
            None => self.stopped_one(cx, uid),
        }
    }

    /// The pod has to end sooner than was said: its containers are asked again.
    pub(super) fn stop_sooner(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let grace = worker.grace();
        let Stage::Stopping { deadline, .. } = &mut worker.stage else {
            // Everything was gone before anybody asked: the object may go. Without a grace period it goes by itself (this
            // may be the echo of the kubelet's own request).
            let at_once = worker.pod.meta().deletion_grace_period_seconds == Some(0);
            if worker.stage == Stage::Stopped && !at_once && !worker.writing && !worker.dirty {
                self.delete(cx, uid);
            }
            return;
        };
        if now + grace >= *deadline {
            return;
        }
        *deadline = now + grace;
        let ids: Vec<Rc<str>> =
            worker.slots.iter().filter(|slot| slot.running().is_some()).filter_map(|slot| slot.id.clone()).collect();
        for id in ids {
            let timeout = grace.max(timing::MINIMUM_GRACE);
            self.call(cx, CriCall::StopContainer { id, timeout }, Asked::Nothing);
        }
    }

    /// A container that had just been started when its pod was told to end.
    pub(super) fn stop_late(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if let Stage::Stopping { waiting, .. } = &mut worker.stage {
            *waiting += 1;
            self.stop_container(cx, uid, slot);
        }
    }

    pub(super) fn stopped_one(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let Stage::Stopping { waiting, .. } = &mut worker.stage else { return };
        *waiting = waiting.saturating_sub(1);
        if *waiting == 0 {
            self.stop_wave(cx, uid);
        }
    }

    /// The runtime did not answer when it was to stop something of a pod.
    pub(super) fn stop_again(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if let Stage::Stopping { waiting, .. } = &mut worker.stage {
            *waiting = 0;
            self.stop_wave(cx, uid);
        }
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

impl super::worker::Worker {
    /// How long the pod's containers may take to end.
    fn grace(&self) -> Duration {
        if let Some(hurry) = self.hurry {
            return hurry;
        }
        let own = self.typed().spec.termination_grace_period_seconds;
        let seconds = self.pod.meta().deletion_grace_period_seconds.or(own).unwrap_or(30);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1))
    }
}
