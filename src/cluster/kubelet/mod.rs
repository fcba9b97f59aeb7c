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
//! - `pods`: which pods there are; `worker`: what is known of one; `sync`: what has to be done next; `start`, `stop`: doing it.
//! - `claims`: claims that have to be attached and mounted; `drivers`: by whom.
//! - `hooks`: what containers want done after their start and before their end; `pull`: images; `config`, `env`, `volumes`:
//!   what `ConfigMap`s, `Secret`s, the pod itself and the machine give to them.
//! - `status`, `phase`, `conditions`, `user`: a pod's status field for field; `report`: telling the API; `probes`; `backoff`; `admit`:
//!   what does not fit is refused.
//! - `debug`: ephemeral containers; `resize`: other resources for pods that run.
//! - `manifests`: static pods, which files on the machine describe; `mirror`: how the API shows them.
//! - `node`: registration, heartbeats; `host`: what befalls the machine; `eviction`: when it runs short of something.
//!
//! A kubelet that stops changes nothing on its machine: the containers run on, and when it starts again it lists them and
//! goes on. A sync that can find nothing new is not carried out (upstream repeats each pod's every minute).
//!
//! Left out: devices, the CPU manager, user namespaces, swap.

mod admit;
mod backoff;
mod claims;
mod conditions;
mod config;
mod debug;
mod drivers;
mod env;
mod eviction;
mod hooks;
mod host;
mod links;
mod manifests;
mod mirror;
mod node;
mod phase;
mod pods;
mod probes;
mod pull;
mod report;
mod resize;
mod restart;
mod start;
mod status;
mod stop;
mod sync;
#[cfg(test)]
mod tests;
mod usage;
mod user;
mod volumes;
mod worker;

pub use self::debug::plain as debugger;
pub use self::mirror::uid_on_node;

use self::config::Objects;
use self::node::NodeAgent;
use self::pull::Pulls;
use self::worker::Worker;
use super::Cx;
use super::client::events::Recorder;
use super::client::{Client, Notice, TIMER_PREFIX};
use super::machine::Machine;
use super::timing;
use super::wire::{Address, ContainerStatus, CriCall, CriError, CriReply, Driver, Event, Message, Reply, Timer, User};
use crate::api::Status;
use crate::api::kinds;
use crate::sim::{Duration, Time};
use crate::sim::{Map, Set, SortedSet};
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
    workers: Map<Rc<str>, Worker>,
    /// CRI calls under way.
    calls: Map<u64, Asked>,
    next_call: u64,
    /// API requests under way.
    requests: Map<u64, Sent>,
    pulls: Pulls,
    objects: Objects,
    /// Storage drivers that have registered.
    drivers: SortedSet<Driver>,
    /// Pods in which something has happened since the last look.
    changed: Set<Rc<str>>,
    /// Whether the next look is planned.
    looking: bool,
    /// When this kubelet started: its looks are whole seconds after that.
    since: Time,
    /// What the runtime had when this kubelet started; `None` until it has answered.
    found: Option<Found>,
    /// Whether a retry of statuses is planned.
    retrying: bool,
    host: host::Host,
    pressure: eviction::Pressure,
}

/// What the runtime had when the kubelet started.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Found {
    sandboxes: Map<Rc<str>, Rc<str>>,
    containers: Map<Rc<str>, Vec<ContainerStatus>>,
}

/// What the runtime was asked, and for whom.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Asked {
    Sandbox(Rc<str>),
    Pull(Rc<str>, usize),
    Create(Rc<str>, usize),
    Start(Rc<str>, usize),
    PostStart(Rc<str>, usize),
    PreStop(Rc<str>, usize),
    /// A container is killed to be started again.
    Restart(Rc<str>),
    /// A container of a pod that ends.
    Stop(Rc<str>, usize),
    /// A container of a pod that runs gets other resources.
    Resize(Rc<str>),
    StopSandbox(Rc<str>),
    /// Does it work?
    Runtime,
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
    /// The node's `CSINode` is read, or (true) written.
    Drivers(bool),
    /// A mirror pod is made or removed for this static pod.
    MirrorMade(Rc<str>),
    MirrorGone(Rc<str>),
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
            workers: Map::new(),
            calls: Map::new(),
            next_call: 1,
            requests: Map::new(),
            pulls: Pulls::default(),
            objects: Objects::default(),
            drivers: SortedSet::new(),
            changed: Set::new(),
            looking: false,
            since: Time::ZERO,
            found: None,
            retrying: false,
            host: host::Host::default(),
            pressure: eviction::Pressure::default(),
            machine: Rc::new(machine),
        }
    }

    /// Only the machine and its configuration survive: everything else is found again.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let mut fresh = Self::new((*self.machine).clone());
        // Answers to the old process must not be taken for answers to the new one.
        fresh.next_call = self.next_call;
        // The machine is the same, and so is the certificate.
        fresh.host = host::Host { silent: None, ..self.host.clone() };
        fresh.client = self.client.restarted();
        fresh
    }

    /// Lists what runs, registers the node and watches its pods.
    pub fn start(&mut self, cx: &mut Cx) {
        self.since = cx.now();
        self.call(cx, CriCall::List, Asked::List);
        self.register(cx);
        let fields = format!("spec.nodeName={}", self.machine.name);
        self.client.inform(cx, &kinds::pod::KIND, &fields);
        // Containers are told of services when they start.
        self.client.inform(cx, &kinds::service::KIND, "");
    }

    /// Handles a message or one of its own timers.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        match event {
            Event::Message { message: Message::CriReply { id, outcome }, .. } => self.answered(cx, id, outcome),
            Event::Message { message: Message::CriEvent(status), .. } => self.happened(cx, &status),
            Event::Message { message: Message::Scrape, from } => self.report_usage(cx, from),
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
        let worker = self.workers.get(uid)?;
        let slot = worker.slots.iter().position(|slot| &*slot.name == container)?;
        let image = worker::container(&worker.spec(), slot).image.clone().unwrap_or_default();
        let slot = &worker.slots[slot];
        let crash = slot.crash.zip(slot.ended()).map(|(backoff, end)| end.at + backoff.wait);
        let pull = worker.pulls.get(&*image).map(|(backoff, _)| backoff.updated + backoff.wait);
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
            hooks::PAUSED => self.paused(cx, timer),
            config::MOUNT => self.mount(cx, &timer.key),
            config::RENEW => self.renew_due(cx, &timer.key),
            claims::LOOK => self.look_at_volumes(cx, &timer.key),
            drivers::DRIVERS => self.write_drivers(cx),
            host::LIST_AGAIN => self.call(cx, CriCall::List, Asked::List),
            manifests::READ_ALL => self.read_manifests(cx, true),
            mirror::MIRROR_AGAIN => self.reconcile_mirror(cx, &timer.key),
            resize::RETRY => self.retry_resizes(cx),
            stop::STOP_AGAIN => self.stop_again(cx, &timer.key),
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

    /// The numbers of the calls that the runtime has not answered.
    pub fn calls(&self) -> impl Iterator<Item = u64> {
        self.calls.keys().copied()
    }

    fn answered(&mut self, cx: &mut Cx, id: u64, outcome: Result<CriReply, CriError>) {
        let Some(asked) = self.calls.remove(&id) else { return };
        if outcome == Err(CriError::Unavailable) {
            self.runtime_answered(cx, false);
        }
        match asked {
            Asked::Sandbox(uid) => self.sandbox_made(cx, &uid, outcome),
            Asked::Pull(uid, slot) => self.pulled(cx, &uid, slot, outcome),
            Asked::Create(uid, slot) => self.created(cx, &uid, slot, outcome),
            Asked::Start(uid, slot) => self.started(cx, &uid, slot, outcome),
            Asked::PostStart(uid, slot) => self.post_started(cx, &uid, slot, &outcome),
            Asked::PreStop(uid, slot) => self.pre_stopped(cx, &uid, slot, &outcome),
            Asked::Restart(uid) => self.killed(cx, &uid),
            Asked::Stop(uid, _) | Asked::StopSandbox(uid) if outcome == Err(CriError::Unavailable) => {
                self.stop_later(cx, &uid);
            }
            Asked::Stop(uid, slot) => self.stopped_one(cx, &uid, slot),
            Asked::Resize(uid) => self.updated(cx, &uid, &outcome),
            Asked::StopSandbox(uid) => self.sandbox_gone(cx, &uid),
            Asked::Runtime => self.runtime_answered(cx, outcome.is_ok()),
            Asked::Probe { uid, slot, index, id } => self.probed(cx, &uid, (slot, index, &id), outcome),
            Asked::List => match outcome {
                Ok(CriReply::List { sandboxes, containers, images }) => {
                    self.listed(cx, &sandboxes, &containers, &images);
                }
                _ => self.list_later(cx),
            },
            Asked::Nothing => {}
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
                Notice::Synced(_) if self.found.is_some() && self.client.is_synced() => self.take_over(cx),
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
            Sent::Node(step) => self.node_replied(cx, step, &outcome),
            Sent::Status(uid) => self.written(cx, &uid, outcome.map(drop)),
            Sent::Delete(uid) => self.deleted(cx, &uid, outcome.map(drop)),
            Sent::Config(source) => self.fetched(cx, &source, &outcome),
            Sent::Drivers(written) => self.drivers_answered(cx, written, &outcome),
            Sent::MirrorMade(uid) => self.mirror_made(cx, &uid, outcome),
            Sent::MirrorGone(uid) => self.mirror_gone(cx, &uid, &outcome),
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
        if !self.drivers.is_empty() {
            self.look_for_drivers(cx);
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
        for uid in &std::mem::take(&mut self.changed) {
            let cause = self.workers.get(uid).and_then(|worker| worker.cause);
            cx.because(cause);
            self.sync(cx, uid);
        }
    }
}
