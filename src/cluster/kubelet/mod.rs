//! The kubelet: the agent on every node that makes what the API says of its pods true on its machine.
//!
//! It watches the pods that are bound to its node, and for each of them runs a *worker*: sandbox first, then init
//! containers one after another, then the containers. It asks its runtime over the CRI and never the other way round; what
//! has changed there it finds by looking every second (the PLEG). What it sees it writes into the pod's status.
//!
//! ```text
//!   API server ── pods of this node ──▶ worker ── sync ──▶ runtime (CRI)
//!              ◀── status (PATCH) ─────        ◀─ relist ─         probes ──▶ runtime
//!              ◀── node, lease ──── node
//! ```
//!
//! - [`worker`]: what is known of a pod; [`sync`]: what has to be done next, and the steps of doing it.
//! - [`pull`]: images; [`config`]: what ConfigMaps, Secrets and the pod itself give to containers; [`stop`]: graceful ends.
//! - [`status`]: a pod's status field for field; [`probes`]; [`backoff`]; [`admit`]: what does not fit is refused.
//! - [`node`]: registration, heartbeats.
//!
//! A kubelet that stops changes nothing on its machine: the containers run on, and when it starts again it lists them and
//! goes on. A sync that can find nothing new is not carried out (upstream repeats each pod's every minute).
//!
//! Left out: static pods and mirror pods, eviction under pressure, resizing of running pods, volumes beyond ConfigMaps and
//! Secrets (all others are taken as mounted), service environment variables, devices, the CPU manager, user namespaces,
//! swap, garbage collection of images.

mod admit;
mod backoff;
mod config;
mod node;
mod probes;
mod pull;
mod start;
mod status;
mod stop;
mod sync;
#[cfg(test)]
mod tests;
mod worker;

use self::config::Objects;
use self::node::NodeAgent;
use self::pull::Pulls;
use self::worker::{Stage, Worker};
use super::Cx;
use super::client::events::Recorder;
use super::client::{Client, Notice, TIMER_PREFIX};
use super::fact::Fact;
use super::machine::Machine;
use super::timing;
use super::wire::{
    Address, ContainerStatus, CriCall, CriError, CriReply, Event, ImageStatus, Message, Reply, Timer, User,
};
use crate::api::kinds;
use crate::api::request::DeleteOptions;
use crate::api::{Object, Request, Status};
use crate::sim::{Duration, Time};
use imbl::{OrdMap, OrdSet};
use std::rc::Rc;

/// The next look at the runtime.
const RELIST: &str = "relist";
/// A pod's next sync.
const SYNC: &str = "sync";
/// Statuses that could not be written are written again.
const STATUS: &str = "status";

/// A node's kubelet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Kubelet {
    machine: Rc<Machine>,
    client: Client,
    recorder: Recorder,
    node: NodeAgent,
    /// By the pod's uid.
    workers: OrdMap<Rc<str>, Worker>,
    /// CRI calls under way.
    calls: OrdMap<u64, Asked>,
    next_call: u64,
    /// API requests under way.
    requests: OrdMap<u64, Sent>,
    pulls: Pulls,
    objects: Objects,
    /// Pods in which something has happened since the last look.
    changed: OrdSet<Rc<str>>,
    /// Whether the next look is planned.
    looking: bool,
    /// When this kubelet started: its looks are whole seconds after that.
    since: Time,
    /// What the runtime had when this kubelet started; `None` until it has answered.
    found: Option<Found>,
    /// Whether a retry of statuses is planned.
    retrying: bool,
}

/// What the runtime had when the kubelet started.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Found {
    sandboxes: OrdMap<Rc<str>, Rc<str>>,
    containers: OrdMap<Rc<str>, Vec<ContainerStatus>>,
}

/// What the runtime was asked, and for whom.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Asked {
    Sandbox(Rc<str>),
    Pull(Rc<str>, usize),
    Create(Rc<str>, usize),
    Start(Rc<str>, usize),
    PostStart(Rc<str>, usize),
    PreStop(Rc<str>, usize, Duration),
    /// A container is killed to be started again.
    Restart(Rc<str>),
    /// A container of a pod that ends.
    Stop(Rc<str>),
    StopSandbox(Rc<str>),
    Probe {
        uid: Rc<str>,
        slot: usize,
        index: usize,
        id: Rc<str>,
    },
    List,
    Nothing,
}

/// What the API server was asked, and for whom.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Sent {
    Node(node::Step),
    Status(Rc<str>),
    Delete(Rc<str>),
    Config(config::Source),
}

impl Kubelet {
    /// The kubelet of a machine.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        let name = machine.name.clone();
        Self {
            client: Client::new(User::new(&format!("system:node:{name}"), &["system:nodes", "system:authenticated"])),
            recorder: Recorder::new("kubelet", &name),
            node: NodeAgent::default(),
            workers: OrdMap::new(),
            calls: OrdMap::new(),
            next_call: 1,
            requests: OrdMap::new(),
            pulls: Pulls::default(),
            objects: Objects::default(),
            changed: OrdSet::new(),
            looking: false,
            since: Time::ZERO,
            found: None,
            retrying: false,
            machine: Rc::new(machine),
        }
    }

    /// Only the machine and its configuration survive: everything else is found again.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let mut fresh = Self::new((*self.machine).clone());
        // Answers to the old process must not be taken for answers to the new one.
        fresh.next_call = self.next_call;
        fresh
    }

    /// Lists what runs, registers the node and watches its pods.
    pub fn start(&mut self, cx: &mut Cx) {
        self.since = cx.now();
        self.call(cx, CriCall::List, Asked::List);
        self.register(cx);
        let fields = format!("spec.nodeName={}", self.machine.name);
        self.client.inform(cx, &kinds::pod::KIND, &fields);
    }

    /// Handles a message or one of its own timers.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        match event {
            Event::Message { message: Message::CriReply { id, outcome }, .. } => self.answered(cx, id, outcome),
            Event::Message { message: Message::CriEvent(status), .. } => self.happened(cx, &status),
            Event::Message { message, .. } => {
                let notices = self.client.handle(cx, message);
                self.notices(cx, notices);
            }
            Event::Timer(timer) if timer.what.starts_with(TIMER_PREFIX) => {
                let notices = self.client.timer(cx, &timer);
                self.notices(cx, notices);
            }
            Event::Timer(timer) => self.due(cx, &timer),
        }
    }

    /// If a container of a pod waits in a back-off: until when.
    #[must_use]
    pub fn backoff_until(&self, uid: &str, container: &str) -> Option<Time> {
        let slot = self.workers.get(uid)?.slots.iter().find(|slot| &*slot.name == container)?;
        let crash = slot.crash.zip(slot.ended()).map(|(backoff, end)| end.at + backoff.wait);
        let pull = slot.pull.as_ref().map(|(backoff, _)| backoff.updated + backoff.wait);
        let reason = slot.held.as_ref().map(|(reason, _)| *reason)?;
        if reason == "CrashLoopBackOff" { crash } else { pull.filter(|_| reason.contains("ImagePull")) }
    }

    /// The client, for people who look in.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn due(&mut self, cx: &mut Cx, timer: &Timer) {
        match timer.what {
            RELIST => self.relist(cx),
            SYNC => {
                let current = self.workers.get(&timer.key).is_some_and(|worker| worker.timer == timer.number);
                if current {
                    self.sync(cx, &timer.key);
                }
            }
            STATUS => self.write_again(cx),
            probes::PROBE => self.probe(cx, timer),
            config::MOUNT => self.mount(cx, &timer.key),
            _ => self.node_due(cx, timer),
        }
    }

    /// Asks the runtime.
    fn call(&mut self, cx: &mut Cx, call: CriCall, asked: Asked) {
        let id = self.next_call;
        self.next_call += 1;
        if asked != Asked::Nothing {
            self.calls.insert(id, asked);
        }
        let from = cx.me().clone();
        let to = Address::Runtime(self.machine.name.clone());
        cx.hand(to, Duration::ZERO, Event::Message { from, message: Message::Cri { id, call } });
    }

    fn answered(&mut self, cx: &mut Cx, id: u64, outcome: Result<CriReply, CriError>) {
        let Some(asked) = self.calls.remove(&id) else { return };
        match asked {
            Asked::Sandbox(uid) => self.sandbox_made(cx, &uid, outcome),
            Asked::Pull(uid, slot) => self.pulled(cx, &uid, slot, outcome),
            Asked::Create(uid, slot) => self.created(cx, &uid, slot, outcome),
            Asked::Start(uid, slot) => self.started(cx, &uid, slot, outcome),
            Asked::PostStart(uid, slot) => self.post_started(cx, &uid, slot, outcome),
            Asked::PreStop(uid, slot, grace) => self.pre_stopped(cx, &uid, slot, (grace, outcome)),
            Asked::Restart(uid) => self.killed(cx, &uid),
            Asked::Stop(uid) => self.stopped_one(cx, &uid),
            Asked::StopSandbox(uid) => self.sandbox_gone(cx, &uid),
            Asked::Probe { uid, slot, index, id } => self.probed(cx, (&uid, slot, index), &id, outcome),
            Asked::List => {
                if let Ok(CriReply::List { sandboxes, containers, images }) = outcome {
                    self.listed(cx, &sandboxes, &containers, &images);
                }
            }
            Asked::Nothing => {}
        }
    }

    /// The runtime has told what it has: workers can begin.
    fn listed(
        &mut self,
        cx: &mut Cx,
        sandboxes: &[(Rc<str>, Rc<str>)],
        containers: &[ContainerStatus],
        images: &[ImageStatus],
    ) {
        let mut found = Found { sandboxes: sandboxes.iter().cloned().collect(), containers: OrdMap::new() };
        for status in containers {
            found.containers.entry(status.pod.clone()).or_default().push(status.clone());
        }
        self.found = Some(found);
        self.pulls.have(images);
        if self.client.is_synced() {
            self.take_over(cx);
        }
    }

    /// Both the runtime and the API have answered: every pod gets its worker, and what nobody wants is ended.
    fn take_over(&mut self, cx: &mut Cx) {
        let pods: Vec<Object> = self.client.cache(&kinds::pod::KIND).iter().cloned().collect();
        for pod in pods {
            self.add(cx, &pod);
        }
        let orphans: Vec<Rc<str>> = self
            .found
            .iter()
            .flat_map(|found| found.sandboxes.keys())
            .filter(|uid| !self.workers.contains_key(*uid))
            .cloned()
            .collect();
        for uid in orphans {
            self.call(cx, CriCall::RemovePodSandbox { pod: uid }, Asked::Nothing);
        }
    }

    fn notices(&mut self, cx: &mut Cx, notices: Vec<Notice>) {
        for notice in notices {
            match notice {
                Notice::Reply { id, outcome, cause } => {
                    if let Some(sent) = self.requests.remove(&id) {
                        cx.because(cx.cause().or(cause));
                        self.replied(cx, sent, outcome);
                    }
                }
                Notice::Synced(_) if self.found.is_some() => self.take_over(cx),
                Notice::Changed { old, new, cause } if self.found.is_some() && self.client.is_synced() => {
                    cx.because(cause);
                    self.pod_changed(cx, old, new);
                }
                Notice::Synced(_) | Notice::Changed { .. } => {}
            }
        }
    }

    fn replied(&mut self, cx: &mut Cx, sent: Sent, outcome: Result<Reply, Rc<Status>>) {
        match sent {
            Sent::Node(step) => self.node_replied(cx, step, outcome),
            Sent::Status(uid) => self.written(cx, &uid, outcome.map(drop)),
            Sent::Delete(uid) => self.deleted(cx, &uid, outcome.map(drop)),
            Sent::Config(source) => self.fetched(cx, source, outcome),
        }
    }

    fn pod_changed(&mut self, cx: &mut Cx, old: Option<Object>, new: Option<Object>) {
        if new.as_ref().or(old.as_ref()).is_none_or(|object| object.kind() != &kinds::pod::KIND) {
            return;
        }
        // Another pod under the same name means that the old one is gone.
        let same = old.as_ref().zip(new.as_ref()).is_some_and(|(old, new)| old.uid() == new.uid());
        if let Some(old) = old.filter(|_| !same) {
            self.gone(cx, &old);
        }
        match new {
            Some(new) if self.workers.contains_key(new.uid()) => self.update(cx, &new),
            Some(new) => self.add(cx, &new),
            None => {}
        }
    }

    /// A pod is new here.
    fn add(&mut self, cx: &mut Cx, pod: &Object) {
        let uid: Rc<str> = pod.uid().into();
        if self.workers.contains_key(&uid) {
            return;
        }
        let mut worker = Worker::new(pod, cx.now());
        let found = self.adopt(&mut worker, &uid);
        if worker.typed().is_terminal() {
            worker.stage = Stage::Stopped;
            worker.sandbox = false;
            let pod = worker.pod.is_terminating();
            self.workers.insert(uid.clone(), worker);
            if pod {
                self.delete(cx, &uid);
            }
            return;
        }
        if !found && !worker.pod.is_terminating() {
            if let Err((reason, message)) = self.admit(&worker) {
                return self.refuse(cx, &uid, worker, &reason, &message);
            }
            worker.cause =
                Some(cx.note(Fact::PodAccepted { node: self.machine.name.clone(), pod: worker.what.clone() }));
        }
        worker.cause = worker.cause.or(cx.cause());
        self.pulls.reserve(&worker, true);
        let running: Vec<usize> =
            (0..worker.slots.len()).filter(|slot| worker.slots[*slot].running().is_some()).collect();
        self.workers.insert(uid.clone(), worker);
        for slot in running {
            self.begin_probes(cx, &uid, slot);
        }
        self.sync(cx, &uid);
    }

    /// Gives a worker what the runtime had of its pod when the kubelet started; whether there was anything.
    fn adopt(&mut self, worker: &mut Worker, uid: &Rc<str>) -> bool {
        let Some(found) = &mut self.found else { return false };
        let sandbox = found.sandboxes.remove(uid);
        worker.sandbox = sandbox.is_some();
        worker.ip = sandbox.or_else(|| worker.typed().status.pod_ip.as_deref().map(Rc::from));
        let mut containers = found.containers.remove(uid).unwrap_or_default();
        containers.sort_by_key(|status| status.attempt);
        for status in &containers {
            if let Some(slot) = worker.slots.iter_mut().find(|slot| slot.name == status.name) {
                slot.learn(status);
                slot.image_id = self.pulls.id_of(&status.image);
            }
        }
        worker.sandbox || !containers.is_empty()
    }

    fn update(&mut self, cx: &mut Cx, pod: &Object) {
        let uid: Rc<str> = pod.uid().into();
        let Some(worker) = self.workers.get_mut(&uid) else { return };
        let asked_to_end = pod.is_terminating() && !worker.pod.is_terminating();
        let grace = |pod: &Object| pod.meta().deletion_grace_period_seconds;
        let sooner = pod.is_terminating() && grace(pod) < grace(&worker.pod);
        let respecified =
            !Rc::ptr_eq(&pod.get::<kinds::pod::Pod>().map(|p| p.spec.clone()).unwrap_or_default(), &worker.spec());
        worker.pod = pod.clone();
        if asked_to_end {
            worker.cause = cx.cause();
        }
        if asked_to_end || sooner || respecified {
            return self.sync(cx, &uid);
        }
        // Somebody else may have written into what is the kubelet's (the node controller marks pods not ready), and
        // readiness gates are met by others.
        let gated = !worker.spec().readiness_gates.as_deref().unwrap_or_default().is_empty();
        if gated {
            return self.sync(cx, &uid);
        }
        if !worker.writing && !worker.dirty && worker.disagrees() {
            worker.dirty = true;
            self.plan_retry(cx);
        }
    }

    /// A pod's object is gone from the API.
    fn gone(&mut self, cx: &mut Cx, pod: &Object) {
        let uid: Rc<str> = pod.uid().into();
        let Some(worker) = self.workers.get_mut(&uid) else { return };
        worker.pod = pod.clone();
        match worker.stage {
            Stage::Stopped => self.forget(cx, &uid),
            Stage::Stopping { .. } => {}
            Stage::Syncing => {
                // Deleted without a grace period: its containers have to end now.
                worker.cause = cx.cause();
                worker.pod.meta_mut().deletion_grace_period_seconds = Some(0);
                self.stop(cx, &uid);
            }
        }
    }

    fn forget(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        if self.workers.remove(uid).is_some() {
            self.call(cx, CriCall::RemovePodSandbox { pod: uid.clone() }, Asked::Nothing);
        }
    }

    /// The runtime says that a container has ended: the next look will find it.
    fn happened(&mut self, cx: &mut Cx, status: &ContainerStatus) {
        let Some(worker) = self.workers.get_mut(&status.pod) else { return };
        if let Some(slot) = worker.slots.iter_mut().find(|slot| slot.id.as_ref() == Some(&status.id)) {
            slot.learn(status);
        }
        if cx.cause().is_some() {
            worker.cause = cx.cause();
        }
        self.look_soon(cx, &status.pod);
    }

    /// Something has changed in a pod: it is found at the next look, whole seconds after the kubelet's start.
    fn look_soon(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        self.changed.insert(uid.clone());
        if self.looking {
            return;
        }
        self.looking = true;
        let period = timing::PLEG_RELIST.as_micros();
        let into = cx.now().since(self.since).as_micros() % period;
        let delay = Duration::from_micros(u64::try_from(period - into).unwrap_or(0));
        cx.after(delay, Event::Timer(Timer::new(RELIST)));
    }

    fn relist(&mut self, cx: &mut Cx) {
        self.looking = false;
        for uid in std::mem::take(&mut self.changed) {
            let cause = self.workers.get(&uid).and_then(|worker| worker.cause);
            cx.because(cause);
            self.sync(cx, &uid);
        }
    }

    /// Writes an event about a pod, or about one of its containers.
    fn say(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: Option<usize>, (warning, reason): (bool, &str), message: &str) {
        let Some(worker) = self.workers.get(uid) else { return };
        let about = worker.pod.clone();
        match slot.map(|slot| worker.field_path(slot)) {
            Some(path) => self.recorder.record_at(cx, &mut self.client, &about, &path, warning, reason, message),
            None => self.recorder.record(cx, &mut self.client, &about, warning, reason, message),
        }
    }

    /// Brings the status up to date, and writes it when it has changed.
    fn report(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let status = status::generate(worker, &self.machine, now);
        if worker.want(status) {
            worker.dirty = true;
            self.write(cx, uid);
        }
    }

    fn write(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if worker.writing || !worker.dirty {
            return;
        }
        worker.writing = true;
        worker.dirty = false;
        let object = worker.to_send();
        let id = self.client.request(cx, Request::patch_status(object));
        self.requests.insert(id, Sent::Status(uid.clone()));
    }

    /// A status was written, or not.
    fn written(&mut self, cx: &mut Cx, uid: &Rc<str>, outcome: Result<(), Rc<Status>>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        worker.writing = false;
        if let Err(status) = outcome {
            if status.code != 404 && status.code != 422 {
                worker.dirty = true;
                self.plan_retry(cx);
            }
            return;
        }
        if worker.dirty {
            return self.write(cx, uid);
        }
        if worker.stage == Stage::Stopped && worker.pod.is_terminating() {
            self.delete(cx, uid);
        }
    }

    /// Everything is gone from the node: the object may go too.
    fn delete(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get(uid) else { return };
        let options =
            DeleteOptions { grace_period_seconds: Some(0), uid: Some(uid.clone()), ..DeleteOptions::default() };
        let id = self.client.request(cx, Request::delete(&kinds::pod::KIND, &worker.pod.key(), options));
        self.requests.insert(id, Sent::Delete(uid.clone()));
    }

    fn deleted(&mut self, cx: &mut Cx, uid: &Rc<str>, outcome: Result<(), Rc<Status>>) {
        let retry = outcome.is_err_and(|status| status.code != 404 && status.code != 409);
        if let Some(worker) = self.workers.get_mut(uid).filter(|_| retry) {
            worker.dirty = true;
            self.plan_retry(cx);
        }
    }

    fn plan_retry(&mut self, cx: &mut Cx) {
        if !self.retrying {
            self.retrying = true;
            cx.after(timing::STATUS_SYNC, Event::Timer(Timer::new(STATUS)));
        }
    }

    fn write_again(&mut self, cx: &mut Cx) {
        self.retrying = false;
        let dirty: Vec<Rc<str>> =
            self.workers.iter().filter(|(_, worker)| worker.dirty).map(|(uid, _)| uid.clone()).collect();
        for uid in dirty {
            self.write(cx, &uid);
        }
    }
}
