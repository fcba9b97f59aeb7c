//! What a container wants done after its start and before its end.
//!
//! Upstream: `pkg/kubelet/lifecycle/handlers.go` (`Run`) and `kuberuntime_container.go` (`startContainer`,
//! `executePreStopHook`). A command runs in the container, a request goes to the pod (whatever it answers is well), a pause is
//! the kubelet's own. `preStop` takes of the grace period what it needs, at most all of it. Left out: requests to other hosts
//! than the pod are taken to be answered; `preStop` before a container whose `postStart` failed is killed.

use super::report::{normal, warning};
use super::worker::{Slot, Stage, Worker, container};
use super::{Asked, Kubelet, probes};
use crate::cluster::wire::{CriCall, CriError, CriReply, Event, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::LifecycleHandler;
use std::rc::Rc;

/// A pause is over.
pub const PAUSED: &str = "pause";

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// `postStart`.
    Started,
    /// `preStop`, which has until then.
    Stopping(Time),
}

fn handler(worker: &Worker, slot: usize, when: When) -> Option<LifecycleHandler> {
    let lifecycle = container(&worker.spec(), slot).lifecycle.clone()?;
    if when == When::Started { lifecycle.post_start } else { lifecycle.pre_stop }
}

impl Kubelet {
    /// Begins with a hook, if there is one.
    pub(super) fn begin_hook(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize, when: When) -> bool {
        let Some(worker) = self.workers.get(uid) else { return false };
        let (Some(hook), Some(id)) = (handler(worker, slot, when), worker.slots[slot].id.clone()) else { return false };
        let limit = match when {
            When::Started => timing::HOOK,
            When::Stopping(until) => until.since(cx.now()),
        };
        if limit.is_zero() {
            return false;
        }
        if let Some(sleep) = &hook.sleep {
            let wait = Duration::from_secs(u64::try_from(sleep.seconds).unwrap_or(0)).min(limit);
            let number = u64::from(worker.slots[slot].attempt) << 16 | (slot as u64) << 1;
            let timer = Timer::keyed(PAUSED, uid.clone(), number | u64::from(when == When::Started));
            cx.after(wait, Event::Timer(timer));
            return true;
        }
        let call = if let Some(exec) = &hook.exec {
            let command = exec.command.iter().flatten().map(|word| Rc::from(word.as_str())).collect();
            CriCall::ExecSync { id, command, timeout: limit }
        } else if let Some(http) = hook.http_get.as_ref().filter(|http| http.host.as_deref().unwrap_or("").is_empty()) {
            let port = probes::number(&container(&worker.spec(), slot), &http.port);
            CriCall::Connect {
                pod: uid.clone(),
                port,
                path: Some(http.path.as_deref().unwrap_or("/").into()),
                tls: None,
            }
        } else {
            return false;
        };
        let asked = match when {
            When::Started => Asked::PostStart(uid.clone(), slot),
            When::Stopping(_) => Asked::PreStop(uid.clone(), slot),
        };
        self.call(cx, call, asked);
        true
    }

    /// A pause is over.
    pub(super) fn paused(&mut self, cx: &mut Cx, timer: &Timer) {
        let slot = usize::try_from(timer.number >> 1 & 0x7fff).unwrap_or(usize::MAX);
        let same = |slot: &Slot| u64::from(slot.attempt) == timer.number >> 16 && slot.running().is_some();
        let worker = self.workers.get(&timer.key);
        if !worker.and_then(|worker| worker.slots.get(slot)).is_some_and(same) {
            return;
        }
        let well = Ok(CriReply::Exec { code: 0, output: Rc::default() });
        if timer.number & 1 == 1 {
            self.post_started(cx, &timer.key, slot, &well);
        } else {
            self.pre_stopped(cx, &timer.key, slot, &well);
        }
    }

    /// `postStart` is over, well or not.
    pub(super) fn post_started(
        &mut self,
        cx: &mut Cx,
        uid: &Rc<str>,
        slot: usize,
        outcome: &Result<CriReply, CriError>,
    ) {
        let Some(worker) = self.workers.get(uid) else { return };
        if worker.stage != Stage::Syncing {
            return;
        }
        let Some(why) = failure(outcome).and_then(|why| handler(worker, slot, When::Started).map(|hook| (hook, why)))
        else {
            return self.go_on(cx, uid);
        };
        let text = failed(worker, slot, &why.0, &why.1);
        let Some(id) = worker.slots[slot].id.clone() else { return };
        let timeout = worker.own_grace().max(timing::MINIMUM_GRACE);
        self.say(cx, uid, Some(slot), &warning("FailedPostStartHook", "PostStartHook failed"));
        self.say(cx, uid, Some(slot), &normal("Killing", "FailedPostStartHook"));
        self.call(cx, CriCall::StopContainer { id, timeout }, Asked::Nothing);
        self.note_start_failed(cx, uid, slot, ("PostStartHookError", &text));
        self.hold(cx, uid, slot, ("PostStartHookError", &text));
    }

    /// `preStop` is over, well or not: the container is told to end as soon as it is its turn.
    pub(super) fn pre_stopped(
        &mut self,
        cx: &mut Cx,
        uid: &Rc<str>,
        slot: usize,
        outcome: &Result<CriReply, CriError>,
    ) {
        if failure(outcome).is_some() && *outcome != Err(CriError::Unavailable) {
            self.say(cx, uid, Some(slot), &warning("FailedPreStopHook", "PreStopHook failed"));
        }
        self.take_leave(cx, uid, slot);
    }
}

/// Why a hook has failed, and what it has printed.
fn failure(outcome: &Result<CriReply, CriError>) -> Option<(String, Rc<str>)> {
    match outcome {
        Ok(CriReply::Exec { code: 0, .. } | CriReply::Connected(_)) | Err(CriError::NotFound(_)) => None,
        Ok(CriReply::Exec { code, output }) => Some((format!("exited with {code}: "), output.clone())),
        Ok(_) => None,
        Err(CriError::Unavailable) => Some((String::new(), Rc::default())),
        Err(
            CriError::StartError(text)
            | CriError::ConnectionRefused(text)
            | CriError::Timeout(text)
            | CriError::ImageNotFound(text)
            | CriError::RegistryUnavailable(text),
        ) => Some((text.to_string(), Rc::default())),
    }
}

/// What the status says of a hook that has failed.
#[inline(never)]
fn failed(worker: &Worker, slot: usize, hook: &LifecycleHandler, (why, output): &(String, Rc<str>)) -> String {
    let whose =
        format!("for Container {:?} in Pod {:?} failed - error:", &*worker.slots[slot].name, worker.full_name());
    if let Some(http) = &hook.http_get {
        let port = probes::number(&container(&worker.spec(), slot), &http.port);
        let (path, ip) = (http.path.as_deref().unwrap_or("/"), worker.ip.as_deref().unwrap_or_default());
        let scheme = http.scheme.as_deref().unwrap_or("HTTP").to_ascii_lowercase();
        let slash = if path.starts_with('/') { "" } else { "/" };
        return format!("HTTP lifecycle hook ({path}) {whose} Get \"{scheme}://{ip}:{port}{slash}{path}\": {why}");
    }
    let words = hook.exec.as_ref().and_then(|exec| exec.command.as_deref()).unwrap_or_default().join(" ");
    let error = match why.strip_prefix("exited") {
        Some(rest) => format!("command '{words}' exited{rest}"),
        None => format!("rpc error: code = Unknown desc = {why}"),
    };
    format!("Exec lifecycle hook ([{words}]) {whose} {error}, message: {output:?}")
}
