//! Probes: does it live, is it ready, has it started?
//!
//! Upstream: `pkg/kubelet/prober` (`worker.go`, `prober.go`, `prober_manager.go`). A probe's ticks are counted from the
//! moment at which the pod was taken on. Whoever is not ready is asked at once whenever its pod is synced, and from then on
//! its readiness' ticks are counted. Liveness and readiness wait for the startup probe. One that condemned its container is
//! silent until the next incarnation; when a pod ends, only its readiness is still asked for. Containers that were there
//! before their kubelet keep what the API says of them until a probe says otherwise. Left out: the random delay of pods that
//! come when their kubelet has just started, and retries of probes that could not be carried out.

mod answer;

pub use self::answer::{grace, number};

use self::answer::{Answer, question, read, seconds};
use super::report::warning;
use super::restart::Doom;
use super::worker::{Slot, Stage, Worker, container};
use super::{Asked, Kubelet};
use crate::cluster::fact::{Fact, ProbeKind};
use crate::cluster::wire::{CriError, CriReply, Event, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{Container, Probe};
use std::rc::Rc;

/// A probe is due.
pub const PROBE: &str = "probe";

/// A container's probe of one kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Probing {
    /// Which.
    pub kind: ProbeKind,
    /// The moment from which its ticks are counted.
    origin: Time,
    /// What holds at the moment; `None`: nothing is known.
    verdict: Option<bool>,
    /// The last answer, and how often it came in a row.
    streak: (bool, i32),
    /// How often the present incarnation was asked.
    asked: u32,
    /// Whether it has nothing more to ask the present incarnation.
    silent: bool,
    /// The number of the timer that counts.
    timer: u64,
    /// Whether it is being asked, or will be at once.
    busy: bool,
}

impl Probing {
    /// The probes of a container that is new at `origin`.
    #[must_use]
    pub fn of(container: &Container, origin: Time) -> Vec<Self> {
        let kinds = [ProbeKind::Startup, ProbeKind::Liveness, ProbeKind::Readiness];
        let there = kinds.into_iter().filter(|kind| spec_of(container, *kind).is_some());
        there
            .map(|kind| Self {
                kind,
                origin,
                verdict: None,
                streak: (true, 0),
                asked: 0,
                silent: false,
                timer: 0,
                busy: false,
            })
            .collect()
    }

    /// A new incarnation has started. What was answered before still counts (upstream: `lastResult`, `resultRun`).
    fn reset(&mut self) {
        self.verdict = match self.kind {
            ProbeKind::Liveness => Some(true),
            ProbeKind::Readiness => Some(false),
            ProbeKind::Startup => None,
        };
        (self.asked, self.silent, self.busy) = (0, false, false);
    }

    /// Takes an answer in; whether the verdict has turned.
    fn answered(&mut self, ok: bool, probe: &Probe) -> bool {
        let run = if self.streak.0 == ok { self.streak.1 + 1 } else { 1 };
        self.streak = (ok, run);
        let wanted = if ok { probe.success_threshold } else { probe.failure_threshold };
        let default = if ok { 1 } else { 3 };
        if run < wanted.unwrap_or(default) {
            return false;
        }
        self.silent = !ok && self.kind != ProbeKind::Readiness || ok && self.kind == ProbeKind::Startup;
        if self.silent {
            self.streak.1 = 0;
        }
        self.verdict.replace(ok) != Some(ok)
    }
}

impl Slot {
    fn verdict(&self, kind: ProbeKind) -> Option<bool> {
        self.probes.iter().find(|probe| probe.kind == kind)?.verdict
    }

    fn has(&self, kind: ProbeKind) -> bool {
        self.probes.iter().any(|probe| probe.kind == kind)
    }

    /// Whether its startup probe, if it has one, has succeeded.
    #[must_use]
    pub fn is_started(&self) -> bool {
        !self.has(ProbeKind::Startup) || self.verdict(ProbeKind::Startup) == Some(true)
    }

    /// Whether its probes say that it may get traffic.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_started() && (!self.has(ProbeKind::Readiness) || self.verdict(ProbeKind::Readiness) == Some(true))
    }
}

fn spec_of(container: &Container, kind: ProbeKind) -> Option<&Probe> {
    match kind {
        ProbeKind::Startup => container.startup_probe.as_ref(),
        ProbeKind::Liveness => container.liveness_probe.as_ref(),
        ProbeKind::Readiness => container.readiness_probe.as_ref(),
    }
}

fn word(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Startup => "Startup",
        ProbeKind::Liveness => "Liveness",
        ProbeKind::Readiness => "Readiness",
    }
}

/// The first tick at or after `from`.
fn tick(origin: Time, period: Duration, from: Time) -> Time {
    let (period, since) = (period.as_micros().max(1), from.since(origin).as_micros());
    let ticks = since.div_ceil(period);
    origin + Duration::from_micros(u64::try_from(ticks * period).unwrap_or(u64::MAX))
}

impl Kubelet {
    /// A container runs: its probes begin anew.
    pub(super) fn begin_probes(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        worker.slots[slot].probes.iter_mut().for_each(Probing::reset);
        self.arm_probes(cx, uid, slot);
    }

    /// A container was there before this kubelet. Upstream: `setReadyStateOnKubeletRestart`, `isContainerStarted`.
    #[inline(never)]
    pub(super) fn resume_probes(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let (now, since) = (cx.now(), self.since);
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let (spec, ready) = (worker.spec(), worker.typed().is_ready());
        let status = &worker.typed().status;
        let all = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
        let started = all.filter(|one| *one.name == *worker.slots[slot].name).any(|one| one.started == Some(true));
        let at = &mut worker.slots[slot];
        let old = at.running().is_some_and(|start| start + timing::RESTART_GRACE < since);
        for probing in &mut at.probes {
            probing.reset();
            let Some(probe) = spec_of(&container(&spec, slot), probing.kind).map(|probe| probe.period_seconds) else {
                continue;
            };
            let period = u64::try_from(seconds(probe, 10).as_micros()).unwrap_or(0);
            probing.origin = now + Duration::from_micros(cx.rng().below(period.max(1)));
            match probing.kind {
                ProbeKind::Readiness if old => probing.verdict = Some(ready),
                ProbeKind::Startup if old && started => (probing.verdict, probing.silent) = (Some(true), true),
                _ => {}
            }
        }
        for index in 0..at.probes.len() {
            self.arm_probe(cx, uid, (slot, index), false);
        }
    }

    fn arm_probes(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let all = self.workers.get(uid).map_or(0, |worker| worker.slots[slot].probes.len());
        for index in 0..all {
            self.arm_probe(cx, uid, (slot, index), true);
        }
    }

    /// The pod is synced: containers that are not ready are asked at once. Upstream: `UpdatePodStatus`, `manualTriggerCh`.
    pub(super) fn ask_unready(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get(uid) else { return };
        let unready =
            |probing: &Probing| probing.kind == ProbeKind::Readiness && probing.verdict != Some(true) && !probing.busy;
        let slots = worker.slots.iter().enumerate().filter(|(_, slot)| slot.running().is_some() && slot.is_started());
        let asks = slots.filter_map(|(slot, at)| Some((slot, at.probes.iter().position(unready)?)));
        for at in asks.collect::<Vec<_>>() {
            self.arm_probe(cx, uid, at, true);
        }
    }

    /// Sets the timer for a probe's next question. `first`: readiness is asked at once, and its ticks are counted anew.
    fn arm_probe(&mut self, cx: &mut Cx, uid: &Rc<str>, (slot, index): (usize, usize), first: bool) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let (spec, ends) = (worker.spec(), worker.stage != Stage::Syncing);
        let at = &mut worker.slots[slot];
        let (Some(since), started) = (at.running(), at.is_started()) else { return };
        let probing = &mut at.probes[index];
        let container = container(&spec, slot);
        let Some(probe) = spec_of(&container, probing.kind) else { return };
        let quiet = match probing.kind {
            ProbeKind::Startup => ends,
            ProbeKind::Liveness => ends || !started,
            ProbeKind::Readiness => !started,
        };
        if quiet || probing.silent {
            return;
        }
        let period = seconds(probe.period_seconds, 10);
        let delay =
            Duration::from_secs(probe.initial_delay_seconds.and_then(|delay| u64::try_from(delay).ok()).unwrap_or(0));
        // The status has whole seconds only.
        let ready_at = Time::from_secs(since.as_secs()) + delay;
        let asks = first && probing.kind == ProbeKind::Readiness;
        if asks {
            probing.origin = now;
        }
        probing.busy = asks && ready_at <= now;
        let next =
            if probing.busy { now } else { tick(probing.origin, period, ready_at.max(now + Duration::from_micros(1))) };
        probing.timer += 1;
        let number = probing.timer << 24 | (slot as u64) << 8 | index as u64;
        cx.after(next.since(now), Event::Timer(Timer::keyed(PROBE, uid.clone(), number)));
    }

    /// A probe's timer: asks.
    pub(super) fn probe(&mut self, cx: &mut Cx, timer: &Timer) {
        let (number, slot, index) = (
            timer.number >> 24,
            usize::try_from(timer.number >> 8 & 0xffff),
            usize::from(timer.number.to_le_bytes()[0]),
        );
        let (Some(worker), Ok(slot)) = (self.workers.get_mut(&timer.key), slot) else { return };
        let (spec, ends) = (worker.spec(), worker.stage != Stage::Syncing);
        let Some(at) = worker.slots.get_mut(slot) else { return };
        let Some(probing) = at.probes.get_mut(index).filter(|probing| probing.timer == number) else { return };
        if ends && probing.kind != ProbeKind::Readiness {
            return;
        }
        probing.busy = true;
        let kind = probing.kind;
        let (Some(id), Some(_)) = (at.id.clone(), at.running()) else { return };
        let container = container(&spec, slot);
        let Some(probe) = spec_of(&container, kind) else { return };
        cx.because(worker.cause);
        let asked = match answer::host(probe) {
            Some(host) => self.listener(&timer.key, host, answer::port(&container, probe)),
            None => Some(timer.key.clone()),
        };
        let Some(asked) = asked else {
            let why = answer::unheard(&container, probe, answer::host(probe).unwrap_or_default());
            return self.probed(cx, &timer.key, (slot, index, &id), Err(why));
        };
        let call = question(&asked, &id, &container, probe);
        self.call(cx, call, Asked::Probe { uid: timer.key.clone(), slot, index, id });
    }

    /// The pod on this machine that a probe of a host reaches: the pod with the address, or who listens on the machine itself.
    #[inline(never)]
    fn listener(&self, uid: &Rc<str>, host: &str, port: u16) -> Option<Rc<str>> {
        let here = answer::is_here(host) || *host == *self.machine.ip;
        let on_machine = |worker: &Worker| worker.spec().host_network == Some(true);
        let opens = |worker: &Worker| {
            let all = worker.spec();
            let ports = all.containers.iter().flat_map(|one| one.ports.iter().flatten());
            ports.into_iter().any(|one| u16::try_from(one.container_port) == Ok(port))
        };
        let own = self.workers.get(uid).is_some_and(|worker| on_machine(worker) && here);
        if own || self.workers.get(uid).is_some_and(|worker| worker.ip.as_deref() == Some(host)) {
            return Some(uid.clone());
        }
        let has_it = |worker: &Worker| worker.ip.as_deref() == Some(host) && !on_machine(worker);
        let reached = |worker: &Worker| if here { on_machine(worker) && opens(worker) } else { has_it(worker) };
        self.workers.iter().find(|(_, worker)| worker.sandbox && reached(worker)).map(|(uid, _)| uid.clone())
    }

    /// The answer to a probe.
    pub(super) fn probed(
        &mut self,
        cx: &mut Cx,
        uid: &Rc<str>,
        asked: (usize, usize, &Rc<str>),
        outcome: Result<CriReply, CriError>,
    ) {
        let (slot, index, id) = asked;
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let (spec, ends) = (worker.spec(), worker.stage != Stage::Syncing);
        let container = container(&spec, slot);
        let ip = worker.ip.clone().unwrap_or_default();
        let at = &mut worker.slots[slot];
        if at.id.as_ref() != Some(id) || at.running().is_none() {
            return;
        }
        let probing = &mut at.probes[index];
        let kind = probing.kind;
        probing.busy = false;
        let Some(probe) = spec_of(&container, kind).filter(|_| !ends || kind == ProbeKind::Readiness) else { return };
        let answer = read(&container, probe, (&ip, self.machine.engine), outcome);
        let ok = matches!(answer, Answer::Ok);
        let turned = !matches!(answer, Answer::Errored(_)) && probing.answered(ok, probe);
        probing.asked = probing.asked.saturating_add(1);
        let notable = turned || !ok || probing.asked <= 3;
        let condemned = turned && !ok && kind != ProbeKind::Readiness;
        if condemned {
            at.doomed = Some(if kind == ProbeKind::Startup { Doom::Startup } else { Doom::Liveness });
        }
        if notable {
            let (node, pod, name) = (self.machine.name.clone(), worker.what.clone(), at.name.clone());
            cx.note(Fact::Probed { node, pod, container: name, probe: kind, ok, turned });
        }
        match answer {
            Answer::Ok => {}
            Answer::Failed(text) => {
                self.say(cx, uid, Some(slot), &warning("Unhealthy", &format!("{} probe failed: {text}", word(kind))));
            }
            Answer::Errored(text) => {
                let text = format!("{} probe errored and resulted in unknown state: {text}", word(kind));
                self.say(cx, uid, Some(slot), &warning("Unhealthy", &text));
            }
        }
        self.arm_probe(cx, uid, (slot, index), false);
        if turned && ok && kind == ProbeKind::Startup {
            self.arm_probes(cx, uid, slot);
        }
        match turned {
            // Upstream: `SetContainerReadiness`.
            true if ends => self.report(cx, uid),
            true => self.sync(cx, uid),
            false => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_counted_from_the_origin() {
        let (origin, period) = (Time::from_millis(300), Duration::from_secs(10));
        assert_eq!(tick(origin, period, Time::from_millis(300)), origin);
        assert_eq!(tick(origin, period, Time::from_millis(301)), Time::from_millis(10_300));
        assert_eq!(tick(origin, period, Time::from_millis(10_300)), Time::from_millis(10_300));
    }

    #[test]
    fn a_verdict_turns_at_its_threshold() {
        let probe = Probe { failure_threshold: Some(3), ..Probe::default() };
        let container = Container { liveness_probe: Some(probe.clone()), ..Container::default() };
        let mut probing = Probing::of(&container, Time::ZERO).remove(0);
        probing.reset();
        let turns: Vec<bool> =
            [false, false, true, false, false, false].into_iter().map(|ok| probing.answered(ok, &probe)).collect();
        assert_eq!(turns, [false, false, false, false, false, true]);
        assert!(probing.silent);
    }
}
