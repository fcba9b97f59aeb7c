//! Starting one container: back-off, image, configuration, create, start, postStart.
//!
//! Upstream: `kuberuntime/kuberuntime_container.go` (`startContainer`) and `kuberuntime_manager.go` (`doBackOff`).

use super::backoff::Backoff;
use super::hooks::When;
use super::report::{normal, warning};
use super::worker::{Stage, container, is_sidecar};
use super::{Asked, Kubelet, drivers, env, links, volumes};
use crate::api::kinds::{self, pod::TOKEN_VOLUME};
use crate::api::quantity::Quantity;
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use crate::cluster::runtime::start;
use crate::cluster::timing;
use crate::cluster::wire::{ContainerSpec, ContainerState, CriCall, CriError, CriReply};
use k8s_openapi::api::core::v1::{Container, PodSpec};
use std::rc::Rc;

/// Whose token lies in a container.
fn account(namespace: &str, spec: &PodSpec, container: &Container) -> Option<(Rc<str>, Rc<str>)> {
    let mounted = container.volume_mounts.iter().flatten().any(|mount| mount.name == TOKEN_VOLUME);
    let name = spec.service_account_name.as_deref().filter(|_| mounted)?;
    Some((namespace.into(), name.into()))
}

impl Kubelet {
    /// Starts a container of a pod, unless it waits out a back-off.
    pub(super) fn start_container(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        if self.in_backoff(cx, uid, slot) {
            return self.go_on(cx, uid);
        }
        self.ensure_image(cx, uid, slot);
    }

    /// Whether a container has to wait after a crash; if not, the next wait is set. Upstream: `doBackOff`.
    fn in_backoff(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) -> bool {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return true };
        let (pod, spec) = (worker.full_name(), worker.spec());
        let at = &mut worker.slots[slot];
        if container(&spec, slot).image.as_deref().unwrap_or_default() != &*at.image {
            // Upstream: the key has the hash of the container in it: another image does not wait.
            at.crash = None;
        }
        let Some(end) = at.ended() else { return false };
        let event = end.at;
        let limits = (timing::CRASH_BACKOFF, timing::CRASH_BACKOFF_MAX);
        let Some((backoff, until)) = at.crash.and_then(|b| b.until(event, now, limits.1).map(|until| (b, until)))
        else {
            at.crash = Some(Backoff::next(at.crash, event, now, limits));
            return false;
        };
        let name = at.name.clone();
        let text: Rc<str> =
            format!("back-off {} restarting failed container={name} pod={pod}", env::go_duration(backoff.wait)).into();
        let fresh = at.held.as_ref().is_none_or(|(_, held)| *held != text);
        at.held = Some(("CrashLoopBackOff", text));
        let (restarts, what) = (at.attempt, worker.what.clone());
        if let Some(run) = &mut worker.run {
            run.retry = Some(run.retry.map_or(until, |at| at.min(until)));
        }
        if fresh {
            let node = self.machine.name.clone();
            cx.note(Fact::BackOff { node, pod: what, container: name.clone(), pull: false, until, restarts });
            // The reason is shown at the next look.
            self.look_soon(cx, uid);
        }
        let text = format!("Back-off restarting failed container {name} in pod {pod}");
        self.say(cx, uid, Some(slot), &warning("BackOff", &text));
        true
    }

    /// Something stands against starting a container: it is remembered for the status, and the sync goes on.
    pub(super) fn hold(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize, (reason, message): (&'static str, &str)) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if let Some(run) = &mut worker.run {
            run.failed = true;
        }
        let at = &mut worker.slots[slot];
        let held = Some((reason, Rc::from(message)));
        if at.held != held {
            at.held = held;
            self.look_soon(cx, uid);
        }
        self.go_on(cx, uid);
    }

    /// The image is there: the container is made.
    pub(super) fn create(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let Some(worker) = self.workers.get(uid) else { return };
        let spec = worker.spec();
        let container = container(&spec, slot);
        let services = self.client.cache(&kinds::service::KIND).iter();
        let links = links::variables(services, worker.pod.namespace(), &spec);
        let env = match env::environment(worker, &container, &links, (&self.objects, &self.machine)) {
            Ok(env) => env,
            Err(text) => {
                self.say(cx, uid, Some(slot), &warning("Failed", &format!("Error: {text}")));
                self.note_start_failed(cx, uid, slot, ("CreateContainerConfigError", &text));
                return self.hold(cx, uid, slot, ("CreateContainerConfigError", &text));
            }
        };
        let at = &worker.slots[slot];
        let attempt = worker.next_attempt(slot);
        let words = |words: &Option<Vec<String>>| {
            words
                .as_ref()
                .filter(|words| !words.is_empty())
                .map(|words| words.iter().map(|word| env::expand(word, &env)).collect())
        };
        let limit =
            container.resources.as_ref().and_then(|resources| resources.limits.as_ref()?.get("memory").cloned());
        let container_spec = ContainerSpec {
            pod: uid.clone(),
            name: at.name.clone(),
            attempt,
            image: container.image.as_deref().unwrap_or("").into(),
            command: words(&container.command),
            args: words(&container.args),
            memory_limit: limit
                .and_then(|limit| Quantity::parse(&limit.0).ok())
                .and_then(|limit| u64::try_from(limit.value()).ok()),
            init: slot < worker.inits && !is_sidecar(&container),
            account: account(worker.pod.namespace(), &spec, &container),
            hostname: volumes::hostname(worker, &self.machine),
            mounts: volumes::mounts(worker, &container, &env),
            env: env.into(),
        };
        self.call(cx, CriCall::CreateContainer(container_spec), Asked::Create(uid.clone(), slot));
    }

    pub(super) fn created(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize, outcome: Result<CriReply, CriError>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if worker.stage != Stage::Syncing {
            return;
        }
        let id = match outcome {
            Ok(CriReply::Container { id }) => id,
            Err(CriError::StartError(text)) => return self.not_created(cx, uid, slot, &text),
            _ => {
                let text = self.machine.engine.unavailable();
                return self.hold(cx, uid, slot, ("CreateContainerError", &text));
            }
        };
        let image = container(&worker.spec(), slot).image.as_deref().unwrap_or("").into();
        let (attempt, purged) = (worker.next_attempt(slot), worker.is_purged(slot));
        let at = &mut worker.slots[slot];
        (at.image, at.attempt, at.stale) = (image, attempt, false);
        let old = match (at.id.replace(id.clone()), at.state.replace(ContainerState::Created)) {
            (Some(id), Some(state)) if !purged => at.last.replace((id, state)),
            _ => None,
        };
        // One dead container is kept for each (`maximum-dead-containers-per-container`).
        if let Some((old, _)) = old {
            self.call(cx, CriCall::RemoveContainer { id: old }, Asked::Nothing);
        }
        self.say(cx, uid, Some(slot), &normal("Created", "Container created"));
        self.call(cx, CriCall::StartContainer { id }, Asked::Start(uid.clone(), slot));
    }

    /// Upstream: `kuberuntime_container.go`, `startContainer`, where the runtime refuses to create.
    #[inline(never)]
    fn not_created(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize, text: &str) {
        self.say(cx, uid, Some(slot), &warning("Failed", &format!("Error: {text}")));
        self.note_start_failed(cx, uid, slot, ("CreateContainerError", text));
        self.hold(cx, uid, slot, ("CreateContainerError", text));
    }

    pub(super) fn started(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize, outcome: Result<CriReply, CriError>) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if let Some(run) = &mut worker.run {
            run.acted = true;
        }
        let init = slot < worker.inits;
        let at = &mut worker.slots[slot];
        if outcome == Err(CriError::Unavailable) {
            let text = self.machine.engine.unavailable();
            return self.hold(cx, uid, slot, ("RunContainerError", &text));
        }
        if let Err(error) = outcome {
            let text = match error {
                CriError::StartError(text) | CriError::NotFound(text) => text,
                _ => "the container could not be started".into(),
            };
            at.state = Some(start::never(self.machine.engine, now, &text));
            self.say(cx, uid, Some(slot), &warning("Failed", &format!("Error: {text}")));
            self.note_start_failed(cx, uid, slot, ("RunContainerError", &text));
            return self.hold(cx, uid, slot, ("RunContainerError", &text));
        }
        (at.held, at.doomed, at.leave) = (None, None, None);
        // It was made with what it has been given.
        at.actuated = None;
        // It may have ended in the very moment in which it started.
        if at.ended().is_none() {
            at.state = Some(ContainerState::Running { since: now });
        }
        let (node, pod, name, attempt) = (self.machine.name.clone(), worker.what.clone(), at.name.clone(), at.attempt);
        worker.cause = Some(cx.note(Fact::ContainerStarted { node, pod, container: name, init, attempt }));
        let stopping = worker.stage != Stage::Syncing;
        let image = container(&worker.spec(), slot).image.clone().unwrap_or_default();
        self.say(cx, uid, Some(slot), &normal("Started", "Container started"));
        if drivers::concerns(&image) {
            self.look_for_drivers(cx);
        }
        if stopping {
            return self.stop_late(cx, uid, slot);
        }
        self.begin_probes(cx, uid, slot);
        if !self.begin_hook(cx, uid, slot, When::Started) {
            self.go_on(cx, uid);
        }
    }

    pub(super) fn note_start_failed(
        &mut self,
        cx: &mut Cx,
        uid: &Rc<str>,
        slot: usize,
        (reason, message): (&str, &str),
    ) {
        let Some(worker) = self.workers.get(uid) else { return };
        let (node, pod, container) = (self.machine.name.clone(), worker.what.clone(), worker.slots[slot].name.clone());
        cx.note(Fact::StartFailed { node, pod, container, reason: reason.into(), message: message.into() });
    }
}
