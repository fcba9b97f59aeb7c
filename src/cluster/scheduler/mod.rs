//! The scheduler: finds a node for every pod that has none. (kube-scheduler; in the harbour, the crane.)
//!
//! It is a client like any other: it watches pods and nodes, keeps its own cache of them, takes one pod after the other
//! from its queue, asks its plugins about the nodes, and writes its choice as a `Binding` to the API server. Nothing
//! else happens: it is the kubelet that sees the pod bound to its node and runs it.
//!
//! ```text
//!  pods without a node ─▶ queue ──▶ cycle: PreFilter, Filter ─▶ PreScore, Score ─▶ the best node ─▶ assumed, POST binding
//!                          ▲          │ none fits: PostFilter (preemption)                              │ refused:
//!                          │          ▼                                                                 ▼ forgotten
//!  nodes, pods that go ────┴── unschedulable, with the names of the plugins that refused ◀──────── back-off
//! ```
//!
//! | File | What |
//! | --- | --- |
//! | `queue` | who is tried next, who waits for what ([`events`] names what happens) |
//! | `nodes` | the cache with assumed pods, and the snapshot of one cycle |
//! | `framework` | the extension points and the profile; `plugins/` has one file a plugin |
//! | `cycle` | one attempt as a pure function; every answer of every plugin is kept |
//! | `preemption`, `message` | who would have to go; the words of a failure |
//!
//! The cache may be behind the cluster: a binding may be refused, then the pod is tried again after a back-off. Binding
//! is asynchronous: while the answer is on its way, the next pods are tried.
//!
//! Left out: volumes, claimed devices, topology spread and affinity between pods (their plugins come later), extenders,
//! several profiles, leader election, in-place resizing (what a container's status says of its resources).

pub mod cycle;
pub mod events;
pub mod framework;
pub mod message;
pub mod nodes;
pub mod plugins;
pub mod pod;
pub mod preemption;
pub mod queue;

use self::cycle::{Decision, Rate, decide};
use self::events::{Action, Change, ClusterEvent, Resource};
use self::framework::Profile;
use self::nodes::Nodes;
use self::pod::PodInfo;
use self::queue::{Moved, Queued, SchedulingQueue};
use super::Cx;
use super::client::events::Recorder;
use super::client::{Client, Notice, TIMER_PREFIX};
use super::fact::{Attempt, AttemptResult, Fact, Queue as Place};
use super::timing;
use super::wire::{Event, Reply, Timer, User};
use crate::api::kinds::pod::Pod;
use crate::api::kinds::{node, pod as pods};
use crate::api::object::{Object, Ref};
use crate::api::{Request, Status, meta};
use crate::sim::{FactId, Time};
use imbl::OrdMap;
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeSet;
use std::rc::Rc;

const CYCLE: &str = "scheduler/cycle";
const FLUSH_BACKOFF: &str = "scheduler/backoff";
const FLUSH_UNSCHEDULABLE: &str = "scheduler/unschedulable";

/// Pods that have ended do not matter to it.
const LIVING: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// The process.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Scheduler {
    client: Client,
    recorder: Recorder,
    profile: Profile,
    nodes: Nodes,
    queue: SchedulingQueue,
    /// The pod that is being tried, and since when.
    trying: Option<(Queued, Time)>,
    /// Bindings without an answer, by the request's id.
    binding: OrdMap<u64, Binding>,
    /// Where the next cycle begins to look.
    next_start: usize,
    /// For when a flush of the back-off queue is set.
    flush_at: Option<Time>,
}

/// A binding that is on its way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Binding {
    queued: Queued,
    node: Rc<str>,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::new()
    }
}

impl Scheduler {
    /// A scheduler with the default profile.
    #[must_use]
    pub fn new() -> Self {
        Self {
            client: Client::new(User::new("system:kube-scheduler", &["system:authenticated"])),
            recorder: Recorder::new("default-scheduler", ""),
            profile: Profile::default(),
            nodes: Nodes::default(),
            queue: SchedulingQueue::default(),
            trying: None,
            binding: OrdMap::new(),
            next_start: 0,
            flush_at: None,
        }
    }

    /// What a new process begins with: it remembers nothing.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self { profile: self.profile.clone(), ..Self::new() }
    }

    /// Begins to watch.
    pub fn start(&mut self, cx: &mut Cx) {
        self.client.inform(cx, &node::KIND, "");
        self.client.inform(cx, &pods::KIND, LIVING);
        cx.after(timing::FLUSH_UNSCHEDULABLE, Event::Timer(Timer::new(FLUSH_UNSCHEDULABLE)));
    }

    /// Handles a message or a timer.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        let notices = match event {
            Event::Message { message, .. } => self.client.handle(cx, message),
            Event::Timer(timer) if timer.what.starts_with(TIMER_PREFIX) => self.client.timer(cx, &timer),
            Event::Timer(timer) => {
                self.timer(cx, timer.what);
                Vec::new()
            }
        };
        for notice in notices {
            match notice {
                Notice::Changed { old, new, cause } => {
                    cx.because(cause);
                    self.changed(cx, old.as_ref(), new.as_ref());
                }
                Notice::Reply { id, outcome, cause } => self.answered(cx, id, outcome, cause),
                Notice::Synced(_) => {}
            }
        }
        self.take_next(cx);
        self.arm_flush(cx);
    }

    /// Pods without a node and the queue that each is in, in the order in which they would be tried.
    pub fn queued(&self) -> impl Iterator<Item = (Ref, Place)> + '_ {
        let trying = self.trying.iter().map(|(queued, _)| (queued.info.reference.clone(), Place::Active));
        trying.chain(self.queue.iter().map(|queued| (queued.info.reference.clone(), queued.place)))
    }

    /// Its client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn timer(&mut self, cx: &mut Cx, what: &str) {
        let now = cx.now();
        match what {
            CYCLE => {
                if let Some((queued, since)) = self.trying.take() {
                    self.attempt(cx, queued, since);
                }
            }
            FLUSH_BACKOFF => {
                self.flush_at = None;
                let moved = self.queue.flush_backoff(&self.profile, now);
                self.note_moves(cx, moved);
            }
            FLUSH_UNSCHEDULABLE => {
                let moved = self.queue.flush_unschedulable(&self.profile, now);
                self.note_moves(cx, moved);
                cx.after(timing::FLUSH_UNSCHEDULABLE, Event::Timer(Timer::new(FLUSH_UNSCHEDULABLE)));
            }
            _ => {}
        }
    }

    /// One pod at a time: the next is taken when the last is done.
    fn take_next(&mut self, cx: &mut Cx) {
        if self.trying.is_some() || !self.queue.has_next() || !self.client.is_synced() {
            return;
        }
        let Some(queued) = self.queue.pop() else { return };
        let before = cx.cause();
        cx.because(queued.cause);
        cx.after(timing::SCHEDULE, Event::Timer(Timer::new(CYCLE)));
        cx.because(before);
        self.trying = Some((queued, cx.now()));
    }

    fn arm_flush(&mut self, cx: &mut Cx) {
        let Some(at) = self.queue.next_flush() else { return };
        if self.flush_at.is_none_or(|set| at < set) {
            self.flush_at = Some(at);
            cx.after(at.since(cx.now()), Event::Timer(Timer::new(FLUSH_BACKOFF)));
        }
    }
}

/// What the informers say. Upstream: `pkg/scheduler/eventhandlers.go`.
impl Scheduler {
    fn changed(&mut self, cx: &mut Cx, old: Option<&Object>, new: Option<&Object>) {
        let Some(either) = new.or(old) else { return };
        if either.kind() == &node::KIND {
            self.node_changed(cx, old, new);
        } else if either.kind() == &pods::KIND {
            self.pod_changed(cx, old, new);
        }
    }

    fn node_changed(&mut self, cx: &mut Cx, old: Option<&Object>, new: Option<&Object>) {
        let change = Change { old, new };
        match (old, new) {
            (old, Some(new)) => {
                self.nodes.set_node(new);
                let events = match old {
                    None => vec![ClusterEvent::new(Resource::Node, Action::ADD)],
                    Some(old) => events::node_changes(old, new),
                };
                for event in events {
                    self.happened(cx, event, change);
                }
            }
            (Some(old), None) => {
                self.happened(cx, ClusterEvent::new(Resource::Node, Action::DELETE), change);
                self.nodes.remove_node(old.name());
            }
            (None, None) => {}
        }
    }

    fn pod_changed(&mut self, cx: &mut Cx, old: Option<&Object>, new: Option<&Object>) {
        let bound = |object: &&Object| object.get::<Pod>().is_some_and(|pod| pod.node().is_some());
        // A pod of the same name is another pod.
        if let (Some(before), Some(after)) = (old, new)
            && before.uid() != after.uid()
        {
            self.pod_changed(cx, Some(before), None);
            return self.pod_changed(cx, None, Some(after));
        }
        match (old, new) {
            (old, Some(new)) if bound(&new) => self.assigned(cx, old, new),
            (old, Some(new)) => self.unassigned(cx, old, new),
            (Some(old), None) => {
                self.queue.delete(&old.key());
                let known = bound(&old) || self.nodes.is_assumed(old.uid());
                self.nodes.remove_pod(old.uid());
                if known {
                    let event = ClusterEvent::new(Resource::AssignedPod, Action::DELETE);
                    self.happened(cx, event, Change { old: Some(old), new: None });
                }
            }
            (None, None) => {}
        }
    }

    /// A pod with a node is new, has changed, or has just been bound.
    fn assigned(&mut self, cx: &mut Cx, old: Option<&Object>, new: &Object) {
        self.nodes.set_pod(new);
        let before = old.filter(|old| old.get::<Pod>().is_some_and(|pod| pod.node().is_some()));
        let Some(before) = before else {
            self.queue.delete(&new.key());
            let event = ClusterEvent::new(Resource::AssignedPod, Action::ADD);
            return self.happened(cx, event, Change { old: None, new: Some(new) });
        };
        if self.queue.is_waiting()
            && let (Some(old_info), Some(new_info)) = (PodInfo::new(before), PodInfo::new(new))
        {
            for event in events::pod_changes(&old_info, &new_info) {
                self.happened(cx, event, Change { old: Some(before), new: Some(new) });
            }
        }
    }

    /// A pod without a node is new or has changed.
    fn unassigned(&mut self, cx: &mut Cx, old: Option<&Object>, new: &Object) {
        let Some(info) = PodInfo::new(new).map(Rc::new) else { return };
        let name = info.spec().scheduler_name.as_deref().unwrap_or("default-scheduler");
        if *name != *self.profile.scheduler_name || self.nodes.is_assumed(&info.uid) {
            return;
        }
        let key = &info.reference.key;
        if let Some((trying, _)) = &mut self.trying
            && trying.info.uid == info.uid
        {
            trying.info = info;
            return;
        }
        let moved = if old.is_none() || self.queue.get(key).is_none() {
            Some(self.queue.add(&self.profile, info, cx.now()))
        } else {
            self.queue.update(&self.profile, &info, cx.now())
        };
        self.note_moves(cx, moved);
    }

    fn happened(&mut self, cx: &mut Cx, event: ClusterEvent, change: Change) {
        if self.queue.is_waiting() {
            let moved = self.queue.happened(&self.profile, event, change, cx.now());
            self.note_moves(cx, moved);
        }
    }

    /// Notes where pods are now; the fact is what the next attempt is caused by.
    fn note_moves(&mut self, cx: &mut Cx, moved: impl IntoIterator<Item = Moved>) {
        for key in moved {
            let Some(queued) = self.queue.get(&key) else { continue };
            let pod = queued.info.reference.clone();
            let fact = Fact::PodQueued { pod, queue: queued.place, because: queued.because.clone() };
            let id = cx.note_aside(fact);
            self.queue.set_cause(&key, Some(id));
        }
    }
}

/// One attempt and what follows. Upstream: `pkg/scheduler/schedule_one.go`.
impl Scheduler {
    fn attempt(&mut self, cx: &mut Cx, queued: Queued, since: Time) {
        cx.because(queued.cause);
        let key = queued.info.reference.key.clone();
        let current = self.client.lookup(&pods::KIND, &key).filter(|object| object.uid() == &*queued.info.uid);
        let Some(current) = current.cloned() else { return };
        if current.is_terminating() {
            let text = format!("skip schedule deleting pod: {key}");
            self.recorder.record(cx, &mut self.client, &current, true, "FailedScheduling", &text);
            return;
        }
        let snapshot = self.nodes.update_snapshot();
        let mut decision = decide(&self.profile, &queued.info, snapshot, self.next_start, Rate::Choices);
        let all = snapshot.nodes.len();
        if all > 0 {
            self.next_start = (self.next_start + decision.examined) % all;
        }
        let chosen = pick(cx, &decision.best);
        let attempt = self.record(&queued, since, &mut decision, chosen.as_ref());
        cx.note(Fact::Attempted(Rc::new(attempt)));
        match chosen {
            Some(node) => self.bind(cx, queued, node),
            None => {
                let rejectors = std::mem::take(&mut decision.rejectors);
                self.failed(cx, queued, rejectors, "Unschedulable", &decision.message);
            }
        }
    }

    fn record(&self, queued: &Queued, at: Time, decision: &mut Decision, chosen: Option<&Rc<str>>) -> Attempt {
        Attempt {
            pod: queued.info.reference.clone(),
            number: queued.attempts,
            profile: self.profile.scheduler_name.clone(),
            at,
            woken_by: queued.because.clone(),
            pre_filter: decision.pre_filter.take(),
            filters: decision.filters.as_slice().into(),
            nodes: std::mem::take(&mut decision.nodes),
            scorers: decision.scorers.as_slice().into(),
            result: chosen.map_or(AttemptResult::Unschedulable, |node| AttemptResult::Chosen(node.clone())),
            message: decision.message.as_str().into(),
        }
    }

    /// The binding cycle begins: the pod is counted on its node, and the API server is asked to make it true.
    fn bind(&mut self, cx: &mut Cx, queued: Queued, node: Rc<str>) {
        self.nodes.assume(&queued.info, &node);
        let Some(request) = self.profile.bind(&queued.info, &node) else { return };
        let id = self.client.request(cx, request);
        self.binding.insert(id, Binding { queued, node });
    }

    fn answered(&mut self, cx: &mut Cx, id: u64, outcome: Result<Reply, Rc<Status>>, cause: Option<FactId>) {
        let Some(Binding { queued, node }) = self.binding.remove(&id) else { return };
        let before = cx.cause();
        cx.because(cause);
        match outcome {
            Ok(_) => {
                let key = &queued.info.reference.key;
                let text = format!("Successfully assigned {key} to {node}");
                let pod = &queued.info.object;
                self.recorder.record(cx, &mut self.client, pod, false, "Scheduled", &text);
            }
            Err(status) => self.binding_failed(cx, queued, &status),
        }
        cx.because(before);
    }

    /// Upstream: `handleBindingCycleError`.
    fn binding_failed(&mut self, cx: &mut Cx, queued: Queued, status: &Status) {
        if self.nodes.forget(&queued.info.uid) {
            let event = ClusterEvent::new(Resource::AssignedPod, Action::DELETE);
            let pod = queued.info.object.clone();
            self.happened(cx, event, Change { old: Some(&pod), new: None });
        }
        let text = format!("running Bind plugin \"DefaultBinder\": {status}");
        self.failed(cx, queued, BTreeSet::new(), "SchedulerError", &text);
    }

    /// Upstream: `handleSchedulingFailure`.
    fn failed(&mut self, cx: &mut Cx, mut queued: Queued, rejectors: BTreeSet<&'static str>, reason: &str, text: &str) {
        let key = queued.info.reference.key.clone();
        let pod = queued.info.object.clone();
        let current = self.client.lookup(&pods::KIND, &key).filter(|object| object.uid() == &*queued.info.uid).cloned();
        let unbound = current.as_ref().and_then(|object| object.get::<Pod>()).filter(|pod| pod.node().is_none());
        if unbound.is_some() {
            if let Some(info) = current.as_ref().and_then(|object| queued.info.updated(object)) {
                queued.info = Rc::new(info);
            }
            let moved = self.queue.failed(&self.profile, queued, rejectors, cx.now());
            self.note_moves(cx, Some(moved));
        }
        let text = message::truncated(text);
        self.recorder.record(cx, &mut self.client, &pod, true, "FailedScheduling", &text);
        if let Some(patched) = current.and_then(|object| with_condition(object, reason, &text, cx.now())) {
            self.client.request(cx, Request::patch_status(patched));
        }
    }
}

/// Upstream draws uniformly among the best. A single one needs no lot.
fn pick(cx: &mut Cx, best: &[Rc<str>]) -> Option<Rc<str>> {
    match best {
        [] | [_] => best.first().cloned(),
        many => {
            let index = cx.rng().below(many.len() as u64);
            usize::try_from(index).ok().and_then(|index| many.get(index)).cloned()
        }
    }
}

/// The pod with `PodScheduled=False`; `None` if it says so already. Upstream: `podutil.UpdatePodCondition`.
fn with_condition(mut object: Object, reason: &str, message: &str, now: Time) -> Option<Object> {
    let observed_generation = object.meta().generation;
    let pod = object.get_mut::<Pod>()?;
    let conditions = pod.status.conditions.get_or_insert_default();
    let mut condition = core::PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "False".to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        observed_generation,
        last_transition_time: Some(meta::timestamp(now)),
        last_probe_time: None,
    };
    match conditions.iter_mut().find(|known| known.type_ == condition.type_) {
        Some(known) => {
            if known.status == condition.status {
                condition.last_transition_time.clone_from(&known.last_transition_time);
            }
            if *known == condition {
                return None;
            }
            *known = condition;
        }
        None => conditions.push(condition),
    }
    Some(object)
}
