//! Probes: does it live, is it ready, has it started?
//!
//! Upstream: `pkg/kubelet/prober` (`worker.go`, `prober.go`, `prober_manager.go`). A probe's ticks are counted from the
//! moment at which the pod was taken on; a container that has just started and has no verdict on its readiness yet is
//! asked at once. Liveness and readiness wait for the startup probe. One that condemned its container is silent until the
//! next incarnation. Left out: the random delay after a restart of the kubelet, and retries of probes that could not be
//! carried out.

use super::report::warning;
use super::worker::{Slot, container};
use super::{Asked, Kubelet};
use crate::cluster::Cx;
use crate::cluster::fact::{Fact, ProbeKind};
use crate::cluster::machine::Engine;
use crate::cluster::wire::{CriCall, CriError, CriReply, Event, Timer};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{Container, PodSpec, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
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
}

impl Probing {
    /// The probes of a container that is new at `origin`.
    #[must_use]
    pub fn of(container: &Container, origin: Time) -> Vec<Self> {
        let kinds = [ProbeKind::Startup, ProbeKind::Liveness, ProbeKind::Readiness];
        let there = kinds.into_iter().filter(|kind| spec_of(container, *kind).is_some());
        there
            .map(|kind| Self { kind, origin, verdict: None, streak: (false, 0), asked: 0, silent: false, timer: 0 })
            .collect()
    }

    /// A new incarnation has started.
    fn reset(&mut self) {
        self.verdict = match self.kind {
            ProbeKind::Liveness => Some(true),
            ProbeKind::Readiness => Some(false),
            ProbeKind::Startup => None,
        };
        self.streak = (false, 0);
        self.asked = 0;
        self.silent = false;
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

fn seconds(value: Option<i32>, default: u64) -> Duration {
    Duration::from_secs(value.and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0).unwrap_or(default))
}

/// The first tick at or after `from`.
fn tick(origin: Time, period: Duration, from: Time) -> Time {
    let (period, since) = (period.as_micros().max(1), from.since(origin).as_micros());
    let ticks = since.div_ceil(period);
    origin + Duration::from_micros(u64::try_from(ticks * period).unwrap_or(u64::MAX))
}

/// What an answer of the runtime means for a probe.
enum Answer {
    Ok,
    Failed(String),
    /// It could not be asked: nothing changes.
    Errored(String),
}

impl Kubelet {
    /// A container runs: its probes begin anew.
    pub(super) fn begin_probes(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let kinds: Vec<usize> = (0..worker.slots[slot].probes.len()).collect();
        worker.slots[slot].probes.iter_mut().for_each(Probing::reset);
        for index in kinds {
            self.arm_probe(cx, uid, (slot, index), true);
        }
    }

    /// Sets the timer for a probe's next question. `first`: nothing is known yet, readiness is asked at once.
    fn arm_probe(&mut self, cx: &mut Cx, uid: &Rc<str>, (slot, index): (usize, usize), first: bool) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let spec = worker.spec();
        let at = &mut worker.slots[slot];
        let (Some(since), started) = (at.running(), at.is_started()) else { return };
        let probing = &mut at.probes[index];
        let container = container(&spec, slot);
        let Some(probe) = spec_of(&container, probing.kind) else { return };
        if probing.silent || !started && probing.kind != ProbeKind::Startup {
            return;
        }
        let period = seconds(probe.period_seconds, 10);
        let delay =
            Duration::from_secs(probe.initial_delay_seconds.and_then(|delay| u64::try_from(delay).ok()).unwrap_or(0));
        let ready_at = since + delay;
        let at_once = first && probing.kind == ProbeKind::Readiness && ready_at <= now;
        let next =
            if at_once { now } else { tick(probing.origin, period, ready_at.max(now + Duration::from_micros(1))) };
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
        let (Some(worker), Ok(slot)) = (self.workers.get(&timer.key), slot) else { return };
        let Some(at) = worker.slots.get(slot) else { return };
        let Some(probing) = at.probes.get(index).filter(|probing| probing.timer == number) else { return };
        let (Some(id), Some(_)) = (at.id.clone(), at.running()) else { return };
        let spec = worker.spec();
        let container = container(&spec, slot);
        let Some(probe) = spec_of(&container, probing.kind) else { return };
        cx.because(worker.cause);
        let call = question(&timer.key, &id, &container, probe);
        self.call(cx, call, Asked::Probe { uid: timer.key.clone(), slot, index, id });
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
        let spec = worker.spec();
        let container = container(&spec, slot);
        let ip = worker.ip.clone().unwrap_or_default();
        let at = &mut worker.slots[slot];
        if at.id.as_ref() != Some(id) || at.running().is_none() {
            return;
        }
        let probing = &mut at.probes[index];
        let kind = probing.kind;
        let Some(probe) = spec_of(&container, kind) else { return };
        let answer = read(&container, probe, (&ip, self.machine.engine), outcome);
        let ok = matches!(answer, Answer::Ok);
        let turned = !matches!(answer, Answer::Errored(_)) && probing.answered(ok, probe);
        probing.asked = probing.asked.saturating_add(1);
        let notable = turned || !ok || probing.asked <= 3;
        let condemned = turned && !ok && kind != ProbeKind::Readiness;
        if condemned {
            at.doomed = Some(word(kind));
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
            let others = self.workers.get(uid).map_or(0, |worker| worker.slots[slot].probes.len());
            for other in (0..others).filter(|other| *other != index) {
                self.arm_probe(cx, uid, (slot, other), true);
            }
        }
        if turned {
            self.sync(cx, uid);
        }
    }
}

/// The question that a probe puts.
fn question(uid: &Rc<str>, id: &Rc<str>, container: &Container, probe: &Probe) -> CriCall {
    if let Some(exec) = &probe.exec {
        let command = exec.command.as_deref().unwrap_or_default().iter().map(|word| Rc::from(word.as_str())).collect();
        return CriCall::ExecSync { id: id.clone(), command, timeout: seconds(probe.timeout_seconds, 1) };
    }
    let (port, path) = target(container, probe);
    CriCall::Connect { pod: uid.clone(), port, path: path.map(Rc::from) }
}

fn target<'a>(container: &Container, probe: &'a Probe) -> (u16, Option<&'a str>) {
    if let Some(http) = &probe.http_get {
        return (number(container, &http.port), Some(http.path.as_deref().unwrap_or("/")));
    }
    if let Some(tcp) = &probe.tcp_socket {
        return (number(container, &tcp.port), None);
    }
    (probe.grpc.as_ref().and_then(|grpc| u16::try_from(grpc.port).ok()).unwrap_or(0), None)
}

/// A port by its number or its name.
fn number(container: &Container, port: &IntOrString) -> u16 {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let ports = container.ports.as_deref().unwrap_or_default();
            ports
                .iter()
                .find(|port| port.name.as_ref() == Some(name))
                .map_or_else(|| name.parse().unwrap_or(0), |port| port.container_port)
        }
    };
    u16::try_from(number).unwrap_or(0)
}

/// What the runtime's answer means.
fn read(
    container: &Container,
    probe: &Probe,
    (ip, engine): (&str, Engine),
    outcome: Result<CriReply, CriError>,
) -> Answer {
    let (port, path) = target(container, probe);
    let scheme = probe.http_get.as_ref().and_then(|http| http.scheme.as_deref()).unwrap_or("HTTP").to_ascii_lowercase();
    let slash = if path.is_some_and(|path| path.starts_with('/')) { "" } else { "/" };
    match outcome {
        Ok(CriReply::Exec { code: 0, .. } | CriReply::Connected(0 | 200..400)) => Answer::Ok,
        Ok(CriReply::Exec { output, .. }) => Answer::Failed(output.to_string()),
        Ok(CriReply::Connected(code)) => Answer::Failed(format!("HTTP probe failed with statuscode: {code}")),
        Ok(_) => Answer::Errored("unexpected answer".to_owned()),
        Err(CriError::ConnectionRefused(text)) => match path {
            Some(path) => Answer::Failed(format!("Get \"{scheme}://{ip}:{port}{slash}{path}\": {text}")),
            None if probe.grpc.is_some() => {
                let limit = seconds(probe.timeout_seconds, 1).as_secs();
                Answer::Failed(format!(
                    "timeout: failed to connect service \"{ip}:{port}\" within {limit}s: context deadline exceeded"
                ))
            }
            None => Answer::Failed(text.to_string()),
        },
        Err(CriError::Timeout(text)) => Answer::Failed(text.to_string()),
        Err(CriError::Unavailable) => Answer::Errored(engine.unavailable()),
        Err(
            CriError::StartError(text)
            | CriError::NotFound(text)
            | CriError::ImageNotFound(text)
            | CriError::RegistryUnavailable(text),
        ) => Answer::Errored(format!("rpc error: code = Unknown desc = {text}")),
    }
}

/// The liveness or startup probe's own grace period, if it has one.
#[must_use]
pub fn grace(spec: &PodSpec, slot: usize, probe: &str) -> Option<i64> {
    let container = container(spec, slot);
    let probe = if probe == "Startup" { &container.startup_probe } else { &container.liveness_probe };
    probe.as_ref()?.termination_grace_period_seconds
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
