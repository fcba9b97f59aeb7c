//! One sync of one pod: what has to be done next, and in what order.
//!
//! Upstream: `pkg/kubelet/kubelet.go` (`SyncPod`), `kuberuntime/kuberuntime_manager.go` (`computePodActions`, `SyncPod`) and
//! `pod_workers.go` (`completeWork`). A sync writes the status as it is known first, then acts step by step; a step that
//! needs the runtime ends the handler, and its answer goes on from there. A sync that has done something is followed by
//! another one at once (upstream: PLEG's relist on demand).

use super::hooks::When;
use super::host::NO_NETWORK;
use super::report::{normal, warning};
use super::restart::{Doom, restarts, restarts_all, restarts_init, survives};
use super::worker::{Leave, Run, Stage, Worker, container, is_sidecar};
use super::{Asked, Kubelet, SYNC, probes};
use crate::cluster::Cx;
use crate::cluster::timing;
use crate::cluster::wire::{CriCall, CriError, CriReply, Event, Timer};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::PodSpec;
use std::rc::Rc;

/// What a pod needs.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Need {
    /// Its life is over: what is left is stopped.
    End,
    /// All its containers are started again, the init containers first.
    All,
    /// These containers are killed and these are started; without a sandbox that comes first.
    Work { kill: Vec<Kill>, start: Vec<usize> },
}

/// A container that has to be killed: which, why in words, and because of which probe.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Kill {
    slot: usize,
    text: String,
    doom: Option<Doom>,
}

/// Why a container that runs has to be killed, if it has to. Upstream: `computePodActions`, `computeInitContainerActions`.
fn kill(worker: &Worker, spec: &PodSpec, slot: usize) -> Option<Kill> {
    let (at, container) = (&worker.slots[slot], container(spec, slot));
    at.running()?;
    let init = slot < worker.inits;
    let changed = !at.image.is_empty() && container.image.as_deref().unwrap_or_default() != &*at.image;
    let (why, doom) = match at.doomed {
        _ if changed && (!init || is_sidecar(&container)) => ("definition changed", None),
        Some(Doom::Liveness) => ("failed liveness probe", Some(Doom::Liveness)),
        Some(Doom::Startup) => ("failed startup probe", Some(Doom::Startup)),
        Some(Doom::Resize) => ("resize requires restart", None),
        None => return None,
    };
    let (kind, name) = (if init { "Init container" } else { "Container" }, &at.name);
    let probed = doom.is_some() || changed;
    let rest = if probed && !init && (changed || survives(spec, &container)) { ", will be restarted" } else { "" };
    Some(Kill { slot, text: format!("{kind} {name} {why}{rest}"), doom })
}

/// What a pod needs. Pure. Upstream: `computePodActions`.
fn need(worker: &Worker) -> Need {
    if restarts_all(worker) {
        return Need::All;
    }
    let spec = worker.spec();
    if !worker.sandbox && ends_with_its_sandbox(worker, &spec) {
        return Need::End;
    }
    let mut kills: Vec<Kill> = (0..worker.inits).filter_map(|slot| kill(worker, &spec, slot)).collect();
    let mut start = worker.debuggers();
    if !worker.initialized() {
        for slot in 0..worker.inits {
            if worker.init_done(&spec, slot) {
                continue;
            }
            let (at, container) = (&worker.slots[slot], container(&spec, slot));
            match at.ended() {
                Some(end) if !at.stale && !restarts_init(&spec, &container, end.code) => return Need::End,
                _ if at.running().is_some() => {}
                _ => start.push(slot),
            }
            // A sidecar that has not started yet holds the others up, too.
            return Need::Work { kill: kills, start };
        }
    }
    for slot in (0..worker.inits).filter(|slot| is_sidecar(&container(&spec, *slot))) {
        if worker.slots[slot].running().is_none() {
            start.push(slot);
        }
    }
    let mut alive = false;
    for slot in worker.mains() {
        let (at, container) = (&worker.slots[slot], container(&spec, slot));
        let condemned = kill(worker, &spec, slot);
        let stays = match (at.ended(), &condemned) {
            (Some(end), _) => restarts(&spec, &container, end.code),
            (None, Some(Kill { doom: Some(_), .. })) => survives(&spec, &container),
            (None, _) => true,
        };
        alive |= stays;
        if stays && at.running().is_none() {
            start.push(slot);
        }
        kills.extend(condemned);
    }
    if alive { Need::Work { kill: kills, start } } else { Need::End }
}

/// Whether a pod that has lost its sandbox is not given another one, because nothing of it is ever started again.
fn ends_with_its_sandbox(worker: &Worker, spec: &PodSpec) -> bool {
    let mut all = spec.init_containers.iter().flatten().chain(&spec.containers);
    let never = spec.restart_policy.as_deref() == Some("Never") && all.all(|one| one.restart_policy.is_none());
    never && worker.ip.is_some() && worker.slots.iter().any(|slot| slot.state.is_some())
}

impl Kubelet {
    /// Looks at a pod and does what is needed.
    pub(super) fn sync(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if worker.stage != Stage::Syncing {
            if worker.pod.is_terminating() {
                self.stop_sooner(cx, uid);
            }
            return;
        }
        if worker.pod.is_terminating() {
            return self.stop(cx, uid);
        }
        if worker.run.is_some() {
            worker.again = true;
            return;
        }
        if cx.cause().is_none() {
            cx.because(worker.cause);
        }
        if worker.deadline().is_some_and(|deadline| deadline <= now) {
            worker.failed = Some((
                "DeadlineExceeded".into(),
                "Pod was active on the node longer than the specified deadline".into(),
            ));
            self.say(
                cx,
                uid,
                None,
                &normal("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
            );
            return self.stop(cx, uid);
        }
        self.actuate(cx, uid);
        let Some(worker) = self.workers.get(uid) else { return };
        let need = need(worker);
        self.report(cx, uid);
        self.ask_unready(cx, uid);
        match need {
            Need::End => self.stop(cx, uid),
            Need::All => self.restart_all(cx, uid),
            Need::Work { kill, start } if kill.is_empty() && start.is_empty() => self.wait(cx, uid),
            Need::Work { kill, .. } => {
                if let Some(worker) = self.workers.get_mut(uid) {
                    worker.run = Some(Run { kills: kill.len(), ..Run::default() });
                }
                if kill.is_empty() {
                    return self.mount(cx, uid);
                }
                for kill in kill {
                    self.kill(cx, uid, &kill);
                }
            }
        }
    }

    /// The next container of a sync under way.
    pub(super) fn go_on(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let next =
            self.workers.get_mut(uid).and_then(|worker| worker.run.as_mut()).and_then(|run| run.todo.pop_front());
        match next {
            Some(slot) => self.start_container(cx, uid, slot),
            None => self.finish(cx, uid),
        }
    }

    /// The volumes are there: the sandbox comes next, or the containers if it stands.
    pub(super) fn mounted(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if worker.run.is_none() {
            return;
        }
        if worker.sandbox {
            return self.begin_containers(cx, uid);
        }
        let host_network = worker.spec().host_network == Some(true);
        if !host_network && self.host.pod_cidr.is_empty() {
            return self.no_network(cx, uid);
        }
        let call = CriCall::RunPodSandbox { pod: uid.clone(), name: worker.pod.key(), host_network };
        if worker.ip.is_some() {
            let text = "Pod sandbox changed, it will be killed and re-created.";
            self.say(cx, uid, None, &normal("SandboxChanged", text));
            self.purge(cx, uid);
        }
        self.call(cx, call, Asked::Sandbox(uid.clone()));
    }

    /// In another sandbox a pod begins anew: what there was of its init containers is removed, and all run again
    /// (upstream: `purgeInitContainers`). What others were counts no more as proof that the pod is initialized.
    #[inline(never)]
    fn purge(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let mut old = Vec::new();
        for (index, slot) in worker.slots.iter_mut().enumerate().filter(|(_, slot)| slot.state.is_some()) {
            if index < worker.inits && !slot.stale {
                old.extend(slot.id.clone());
                old.extend(slot.last.take().map(|(id, _)| id));
            }
            slot.stale = true;
        }
        for id in old {
            self.call(cx, CriCall::RemoveContainer { id }, Asked::Nothing);
        }
    }

    pub(super) fn sandbox_made(&mut self, cx: &mut Cx, uid: &Rc<str>, outcome: Result<CriReply, CriError>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let Ok(CriReply::Sandbox { ip }) = outcome else { return self.sandbox_failed(cx, uid) };
        worker.sandbox = true;
        worker.ip = Some(ip.clone());
        let pod = worker.what.clone();
        let stopping = worker.stage != Stage::Syncing;
        let cause = cx.note(crate::cluster::fact::Fact::SandboxReady { node: self.machine.name.clone(), pod, ip });
        if stopping {
            return self.stop_sandbox(cx, uid);
        }
        worker.cause = Some(cause);
        if let Some(run) = &mut worker.run {
            run.acted = true;
        }
        // Upstream: `OnPodSandboxReady`: the condition is written before images are pulled.
        self.report(cx, uid);
        self.begin_containers(cx, uid);
    }

    /// Upstream: `kubelet.go`, `SyncPod`, where the network is not ready.
    #[inline(never)]
    fn no_network(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        self.say(cx, uid, None, &warning("NetworkNotReady", &format!("network is not ready: {NO_NETWORK}")));
        if let Some(run) = self.workers.get_mut(uid).and_then(|worker| worker.run.as_mut()) {
            run.failed = true;
        }
        self.finish(cx, uid);
    }

    fn sandbox_failed(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        self.runtime_answered(cx, false);
        let text = format!("Failed to create pod sandbox: {}", self.machine.engine.unavailable());
        self.say(cx, uid, None, &warning("FailedCreatePodSandBox", &text));
        if let Some(run) = self.workers.get_mut(uid).and_then(|worker| worker.run.as_mut()) {
            run.failed = true;
        }
        self.finish(cx, uid);
    }

    fn begin_containers(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if let Need::Work { start, .. } = need(worker)
            && let Some(run) = &mut worker.run
        {
            run.todo = start.into();
        }
        self.go_on(cx, uid);
    }

    /// The sync has done what it could.
    pub(super) fn finish(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let Some(run) = worker.run.take() else { return };
        let again = std::mem::take(&mut worker.again);
        if worker.stage != Stage::Syncing {
            return;
        }
        if run.acted || again {
            return self.sync_after(cx, uid, Duration::ZERO);
        }
        match run.retry {
            // Upstream: `completeWork`: the end of the back-off, at most the resync interval, and up to half as much.
            Some(at) => {
                let wait = jitter(cx, at.since(now).min(timing::POD_SYNC));
                self.sync_after(cx, uid, wait);
            }
            None if run.failed => {
                let wait = jitter(cx, timing::POD_SYNC_BACKOFF);
                self.sync_after(cx, uid, wait);
            }
            None => self.wait(cx, uid),
        }
    }

    /// Nothing is to be done: the pod is looked at again when something happens, or at its deadline.
    fn wait(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        if let Some(deadline) = self.workers.get(uid).and_then(Worker::deadline) {
            let left = deadline.since(cx.now());
            self.sync_after(cx, uid, left);
        }
    }

    /// Plans the next sync; an earlier plan is forgotten.
    pub(super) fn sync_after(&mut self, cx: &mut Cx, uid: &Rc<str>, delay: Duration) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        worker.timer += 1;
        let number = worker.timer;
        if delay.is_zero() {
            return self.sync(cx, uid);
        }
        cx.after(delay, Event::Timer(Timer::keyed(SYNC, uid.clone(), number)));
    }

    /// Kills one container of a pod that stays. Upstream: `killContainer`.
    fn kill(&mut self, cx: &mut Cx, uid: &Rc<str>, kill: &Kill) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let own = kill.doom.and_then(|doom| probes::grace(&worker.spec(), kill.slot, doom));
        let until = now + own.unwrap_or_else(|| worker.own_grace());
        let at = &mut worker.slots[kill.slot];
        (at.doomed, at.leave) = (None, Some(Leave::Alone(until)));
        self.say(cx, uid, Some(kill.slot), &normal("Killing", &kill.text));
        if !self.begin_hook(cx, uid, kill.slot, When::Stopping(until)) {
            self.take_leave(cx, uid, kill.slot);
        }
    }

    /// A condemned container has ended: the sync goes on when all have.
    pub(super) fn killed(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let Some(run) = &mut worker.run else { return };
        run.kills = run.kills.saturating_sub(1);
        if run.kills == 0 && run.all {
            return self.all_removed(cx, uid);
        }
        if run.kills == 0 {
            run.acted = true;
            self.finish(cx, uid);
        }
    }
}

impl Worker {
    /// When `activeDeadlineSeconds` is over.
    fn deadline(&self) -> Option<Time> {
        let seconds = self.spec().active_deadline_seconds?;
        Some(self.started + Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }
}

/// Up to half as much longer. Upstream: `workerBackOffPeriodJitterFactor`.
pub fn jitter(cx: &mut Cx, wait: Duration) -> Duration {
    let micros = u64::try_from(wait.as_micros()).unwrap_or(0);
    wait + Duration::from_micros(cx.rng().below(micros / 2 + 1))
}
