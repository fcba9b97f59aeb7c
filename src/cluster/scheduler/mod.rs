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
//! | `nodes`, `pod` | the cache with assumed pods, the snapshot of one cycle; what is computed of a pod once |
//! | `affinity`, `crowd`, `surroundings` | terms between pods; who is where; namespaces, services and sets |
//! | `framework`, `args` | the extension points, the profile, what plugins are told; `plugins/` has one file a plugin |
//! | `configuration` | `KubeSchedulerConfiguration`: a file becomes profiles, or is refused |
//! | `cycle` | one attempt as a pure function; every answer of every plugin is kept |
//! | `volumes` | what a pod's claims mean for nodes |
//! | `watch`, `attempt`, `binding` | what the process does: when something has changed, when it tries a pod, and then |
//! | `preemption`, `message` | who would have to go; the words of a failure |
//! | `what_if` | an attempt thought through again with something changed, by the same code |
//!
//! The cache may be behind the cluster: a binding may be refused, then the pod is tried again after a back-off. Binding
//! is asynchronous: while the answer is on its way, the next pods are tried.
//!
//! Left out: claimed devices, extenders, in-place resizing (what a container's status says of its
//! resources). An assumed pod is never forgotten by itself: so it is upstream since its expiry is 0 by default.

pub mod affinity;
pub mod args;
mod attempt;
mod binding;
pub mod configuration;
pub mod crowd;
pub mod cycle;
pub mod events;
pub mod framework;
pub mod images;
pub mod message;
pub mod nodes;
mod nominations;
pub mod plugins;
pub mod pod;
pub mod preemption;
pub mod queue;
pub mod surroundings;
#[cfg(test)]
mod testing;
pub mod volumes;
mod watch;
pub mod what_if;
mod zones;

use self::configuration::Configuration;
use self::framework::Profile;
use self::nodes::Nodes;
use self::queue::{Queued, SchedulingQueue};
use self::surroundings::Surroundings;
use super::Cx;
use super::client::election::{ELECT, Election};
use super::client::events::Recorder;
use super::client::{Client, Notice, TIMER_PREFIX};
use super::fact::Queue as Place;
use super::timing;
use super::wire::{Event, Timer, User};
use crate::api::kinds::{node, pod as pods};
use crate::api::object::Ref;
use crate::sim::Map;
use crate::sim::Time;
use k8s_openapi::api::core::v1::PodSpec;
use std::rc::Rc;

const CYCLE: &str = "scheduler/cycle";
const FLUSH_BACKOFF: &str = "scheduler/backoff";
const AWAIT_VOLUMES: &str = "scheduler/volumes";
const FLUSH_UNSCHEDULABLE: &str = "scheduler/unschedulable";

/// Pods that have ended do not matter to it.
const LIVING: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// The process.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Scheduler {
    client: Client,
    recorder: Recorder,
    configuration: Rc<Configuration>,
    nodes: Nodes,
    queue: SchedulingQueue,
    /// The pod that is being tried, and since when.
    trying: Option<(Queued, Time)>,
    /// Bindings without an answer, by the request's id.
    binding: Map<u64, Binding>,
    /// Bindings that wait for volumes.
    preparing: Vec<binding::Preparing>,
    /// Where the next cycle begins to look.
    next_start: usize,
    /// For when a flush of the back-off queue is set.
    flush_at: Option<Time>,
    /// `None`: it works whoever else does.
    election: Option<Election>,
}

/// A binding that is on its way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Binding {
    queued: Queued,
    node: Rc<str>,
    /// The plugin that binds.
    binder: &'static str,
    /// What is assumed of volumes and claims.
    assumed: Vec<crate::api::Object>,
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
            recorder: Recorder::new("default-scheduler", "control-plane"),
            configuration: Rc::default(),
            nodes: Nodes::default(),
            queue: SchedulingQueue::default(),
            trying: None,
            binding: Map::new(),
            preparing: Vec::new(),
            next_start: 0,
            flush_at: None,
            election: None,
        }
    }

    /// One that waits until it leads.
    #[must_use]
    pub fn elected(self) -> Self {
        Self { election: Some(Election::new("kube-scheduler")), ..self }
    }

    /// What a new process begins with: it remembers nothing.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let (configuration, client) = (self.configuration.clone(), self.client.restarted());
        let new = Self { client, configuration, ..Self::new() };
        if self.election.is_some() { new.elected() } else { new }
    }

    /// Its certificate expires, or is renewed.
    pub fn expire(&mut self, expired: bool) {
        self.client.expire(expired);
    }

    /// A new process of the same name with another configuration. The old one has given its lease back when it was told
    /// to end (upstream: `ReleaseOnCancel`), so that the new one leads at once; neither is written.
    #[must_use]
    pub fn configured(&self, configuration: Rc<Configuration>) -> Self {
        Self { configuration, client: self.client.restarted(), election: self.election.clone(), ..Self::new() }
    }

    /// What it was started with.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The profile that is responsible for a pod.
    fn profile(&self, pod: &PodSpec) -> Profile {
        self.configuration.of(pod).or_else(|| self.configuration.profiles.first()).cloned().unwrap_or_default()
    }

    /// Begins to watch, and to try to lead.
    pub fn start(&mut self, cx: &mut Cx) {
        if let Some(election) = &mut self.election {
            election.start(cx, &mut self.client);
        }
        self.client.inform(cx, &node::KIND, "");
        self.client.inform(cx, &pods::KIND, LIVING);
        for kind in Surroundings::KINDS {
            self.client.inform(cx, kind, "");
        }
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
                Notice::Reply { id, outcome, cause } => {
                    let election = self.election.as_mut();
                    if election.and_then(|election| election.reply(cx, &mut self.client, id, &outcome)).is_none() {
                        self.answered(cx, id, outcome, cause);
                    }
                }
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

    /// The pod that is being tried now, and which attempt that is.
    #[must_use]
    pub fn trying(&self) -> Option<(Ref, u32)> {
        self.trying.as_ref().map(|(queued, _)| (queued.info.reference.clone(), queued.attempts))
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
                let moved = self.queue.flush_backoff(&self.configuration, now);
                self.note_moves(cx, moved);
            }
            FLUSH_UNSCHEDULABLE => {
                let moved = self.queue.flush_unschedulable(&self.configuration, now);
                self.note_moves(cx, moved);
                cx.after(timing::FLUSH_UNSCHEDULABLE, Event::Timer(Timer::new(FLUSH_UNSCHEDULABLE)));
            }
            AWAIT_VOLUMES => self.await_volumes(cx),
            ELECT => {
                if let Some(election) = &mut self.election {
                    election.timer(cx, &mut self.client);
                }
            }
            _ => {}
        }
    }

    /// One pod at a time: the next is taken when the last is done.
    fn take_next(&mut self, cx: &mut Cx) {
        let leads = self.election.as_ref().is_none_or(Election::leads);
        if !leads || self.trying.is_some() || !self.queue.has_next() || !self.client.is_synced() {
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

#[cfg(test)]
mod tests {
    use super::testing::{object, object_of};
    use super::*;
    use crate::api::object::{Key, Object};
    use crate::api::{Body, Request, Status, Verb};
    use crate::cluster::fact::{AttemptResult, Fact};
    use crate::cluster::wire::{Address, Change, Message, Reply, WatchEvent};
    use crate::sim::{Duration, Kernel, Trace};
    use k8s_openapi::api::core::v1 as core;
    use serde_json::json;

    /// The scheduler with an API server that only lists, takes bindings or refuses them, and says what the test tells.
    struct Harbour {
        kernel: Kernel<Address, Event>,
        trace: Trace<Fact>,
        scheduler: Scheduler,
        nodes: Vec<Object>,
        requests: Vec<Rc<Request>>,
        watches: Vec<(&'static str, u64, u64)>,
        refuse: Option<Status>,
        /// Bindings get no answer yet.
        hold: bool,
        held: Option<u64>,
    }

    impl Harbour {
        fn new(nodes: Vec<Object>) -> Self {
            let kernel = Kernel::new(1, Time::ZERO, Duration::from_micros(500));
            let (requests, watches, trace) = (Vec::new(), Vec::new(), Trace::default());
            let scheduler = Scheduler::new();
            let mut harbour =
                Self { kernel, trace, scheduler, nodes, requests, watches, refuse: None, hold: false, held: None };
            harbour.scheduler.start(&mut Cx::new(&mut harbour.kernel, &mut harbour.trace, Address::Scheduler, None));
            harbour.run(100);
            harbour
        }

        fn run(&mut self, millis: i64) {
            let until = self.kernel.now() + Duration::from_millis(millis.cast_unsigned());
            while self.kernel.next_at().is_some_and(|at| at <= until) {
                let Some(next) = self.kernel.pop() else { continue };
                if next.to == Address::Scheduler {
                    let cx = &mut Cx::new(&mut self.kernel, &mut self.trace, next.to, next.cause);
                    self.scheduler.handle(cx, next.event);
                } else if let Event::Message { message: Message::Request { id, request, .. }, .. } = next.event {
                    self.serve(id, &request);
                }
            }
            self.kernel.advance(until);
        }

        fn serve(&mut self, id: u64, request: &Rc<Request>) {
            let kind = request.target.object.kind.kind;
            let outcome = match request.verb {
                Verb::List => {
                    let items = if kind == "Node" { self.nodes.as_slice() } else { &[] };
                    Ok(Reply::List { items: items.into(), revision: 1, continue_token: "".into(), remaining: None })
                }
                Verb::Watch => {
                    self.watches.push((kind, id, 0));
                    Ok(Reply::Watching)
                }
                _ => {
                    self.requests.push(request.clone());
                    let binding = request.target.subresource == "binding";
                    if binding && self.hold {
                        self.held = Some(id);
                        return;
                    }
                    match self.refuse.clone().filter(|_| binding) {
                        Some(status) => Err(Rc::new(status)),
                        None => Ok(Reply::Done { revision: 2, uid: "".into() }),
                    }
                }
            };
            self.say(Message::Response { id, outcome });
        }

        fn say(&mut self, message: Message) {
            let event = Event::Message { from: Address::ApiServer, message };
            self.kernel.schedule(self.kernel.now(), Address::Scheduler, event, None);
        }

        /// The watchers of its kind hear of the object.
        fn tell(&mut self, object: Object) {
            self.tell_of(Change::Created, object);
        }

        fn tell_of(&mut self, change: Change, object: Object) {
            let kind = object.kind().kind;
            let (_, id, sequence) = self.watches.iter_mut().find(|(of, ..)| *of == kind).expect("a watch");
            *sequence += 1;
            let events = [WatchEvent::Change(change, object)].into();
            let message = Message::Watch { id: *id, sequence: *sequence, events };
            self.say(message);
            self.run(50);
        }

        fn bindings(&self) -> Vec<String> {
            let target = |request: &Rc<Request>| match &request.body {
                Body::Object(object) => {
                    Some(crate::api::kinds::binding::node(object)).filter(|node| !node.is_empty()).map(str::to_owned)
                }
                _ => None,
            };
            self.requests.iter().filter_map(target).collect()
        }

        fn events(&self) -> Vec<String> {
            let said = |request: &Rc<Request>| match &request.body {
                Body::Object(object) => object.get::<core::Event>()?.message.clone(),
                _ => None,
            };
            self.requests.iter().filter_map(said).collect()
        }

        fn place(&self, name: &str) -> Option<Place> {
            self.scheduler.queued().find(|(pod, _)| &*pod.key.name == name).map(|(_, place)| place)
        }
    }

    fn node(name: &str, cpu: &str) -> Object {
        object(
            "Node",
            json!({"metadata": {"name": name, "uid": name, "resourceVersion": "1"},
            "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"}}}),
        )
    }

    fn pod(name: &str, cpu: &str) -> Object {
        object(
            "Pod",
            json!({"metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": "2"},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}}),
        )
    }

    #[test]
    fn an_assumed_pod_takes_its_room_before_its_binding_is_seen() {
        let mut harbour = Harbour::new(vec![node("node-1", "4"), node("node-2", "2")]);
        harbour.tell(pod("a", "3"));
        harbour.tell(pod("b", "2"));
        assert_eq!(harbour.bindings(), ["node-1", "node-2"]);
        assert_eq!(harbour.events()[0], "Successfully assigned default/a to node-1");
        assert_eq!(harbour.scheduler.queued().count(), 0);
    }

    #[test]
    fn a_refused_binding_frees_the_room_and_is_tried_again() {
        let mut harbour = Harbour::new(vec![node("node-1", "4")]);
        harbour.refuse = Some(Status::timeout("no"));
        harbour.tell(pod("a", "3"));
        assert_eq!(harbour.place("a"), Some(Place::Backoff));
        assert_eq!(harbour.events(), ["running Bind plugin \"DefaultBinder\": no"]);
        harbour.refuse = None;
        harbour.run(3000);
        assert_eq!(harbour.bindings(), ["node-1", "node-1"]);
        assert_eq!(harbour.place("a"), None);
    }

    #[test]
    fn the_room_of_a_refused_binding_wakes_those_that_it_was_kept_from() {
        let mut harbour = Harbour::new(vec![node("node-1", "4")]);
        harbour.refuse = Some(Status::timeout("no"));
        // Both are tried before the answer is there.
        harbour.hold = true;
        harbour.tell(pod("a", "3"));
        harbour.tell(pod("b", "3"));
        assert_eq!(harbour.place("b"), Some(Place::Unschedulable));
        harbour.hold = false;
        harbour.refuse = None;
        let binding = harbour.held.take().expect("a binding");
        harbour.say(Message::Response { id: binding, outcome: Err(Rc::new(Status::timeout("no"))) });
        harbour.run(3000);
        assert_eq!(harbour.place("a"), Some(Place::Unschedulable), "b has its room now");
        assert_eq!(harbour.bindings(), ["node-1", "node-1"]);
    }

    #[test]
    fn each_cycle_begins_after_the_nodes_that_the_last_one_looked_at() {
        let nodes: Vec<Object> = (0..150).map(|number| node(&format!("node-{number:03}"), "4")).collect();
        let mut harbour = Harbour::new(nodes);
        for name in ["a", "b"] {
            harbour.tell(pod(name, "1"));
        }
        let looked: Vec<Vec<String>> = harbour
            .trace
            .range(0, harbour.trace.head())
            .filter_map(|record| match &record.fact {
                Fact::Attempted(attempt) => Some(attempt.nodes.iter().map(|answer| answer.node.to_string()).collect()),
                _ => None,
            })
            .collect();
        // 49 % of 150 is less than the least number, 100.
        let names = |places: std::ops::Range<usize>| -> Vec<String> {
            places.map(|place| format!("node-{:03}", place % 150)).collect()
        };
        assert_eq!(looked, [names(0..100), names(100..200)]);
    }

    #[test]
    fn a_more_important_pod_gets_its_room_from_less_important_ones() {
        let mut harbour = Harbour::new(vec![node("node-1", "4")]);
        let placed = |name: &str, node: Option<&str>, priority: i32| {
            object(
                "Pod",
                json!({"metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": "2"},
                "spec": {"nodeName": node, "priority": priority,
                    "containers": [{"name": "c", "resources": {"requests": {"cpu": "3"}}}]}}),
            )
        };
        let low = placed("low", Some("node-1"), 0);
        harbour.tell(low.clone());
        harbour.tell(placed("high", None, 10));
        let deleted: Vec<_> = harbour.requests.iter().filter(|request| request.verb == Verb::Delete).collect();
        assert_eq!(
            deleted.iter().map(|request| request.target.path()).collect::<Vec<_>>(),
            ["/api/v1/namespaces/default/pods/low"]
        );
        assert_eq!(
            harbour.events(),
            ["Preempted by pod high on node node-1", "0/1 nodes are available: 1 Insufficient cpu."]
        );
        let nominated = harbour.requests.iter().find_map(|request| match &request.body {
            Body::StatusPatch(object) => {
                object.get::<crate::api::kinds::pod::Pod>()?.status.nominated_node_name.clone()
            }
            _ => None,
        });
        assert_eq!(nominated.as_deref(), Some("node-1"));
        // While the victim ends, others must not take the room, though it would fit a moment later.
        harbour.tell_of(Change::Deleted, low);
        harbour.tell(placed("another", None, 5));
        assert_eq!(harbour.bindings(), ["node-1"]);
        assert_eq!((harbour.place("high"), harbour.place("another")), (None, Some(Place::Unschedulable)));
    }

    /// A claim that waits for a pod, a volume that would do, and a pod that needs the claim.
    fn tell_of_volumes(harbour: &mut Harbour) -> Object {
        let class = json!({"metadata": {"name": "local"}, "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer"});
        harbour.tell(object_of("storage.k8s.io/v1", "StorageClass", class));
        let spec =
            json!({"storageClassName": "local", "capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"]});
        let volume = json!({"metadata": {"name": "v"}, "spec": spec, "status": {"phase": "Available"}});
        harbour.tell(object_of("v1", "PersistentVolume", volume));
        let spec = json!({"storageClassName": "local", "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}});
        let claim = json!({"metadata": {"name": "c", "namespace": "default", "uid": "c"}, "spec": spec});
        let claim = object_of("v1", "PersistentVolumeClaim", claim);
        harbour.tell(claim.clone());
        let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]);
        let meta = json!({"name": "a", "namespace": "default", "uid": "a", "resourceVersion": "2"});
        harbour.tell(object(
            "Pod",
            json!({"metadata": meta, "spec": {"containers": [{"name": "c"}], "volumes": volumes}}),
        ));
        claim
    }

    #[test]
    fn a_pod_is_bound_when_its_claims_are() {
        let mut harbour = Harbour::new(vec![node("node-1", "4")]);
        let mut claim = tell_of_volumes(&mut harbour);
        let kept = harbour.requests.iter().find_map(|request| match &request.body {
            Body::Object(object) if request.verb == Verb::Update => {
                Some(object.document()?.text("spec.claimRef.name").to_owned())
            }
            _ => None,
        });
        assert_eq!(kept.as_deref(), Some("c"));
        harbour.run(5000);
        assert!(harbour.bindings().is_empty());
        claim.meta_mut().annotations = Some([("pv.kubernetes.io/bind-completed".to_owned(), "yes".to_owned())].into());
        if let Some(document) = claim.document_mut() {
            document.set("spec.volumeName", "v".into());
        }
        harbour.tell_of(Change::Updated, claim);
        assert!(harbour.bindings().is_empty(), "it looks once a second");
        harbour.run(1000);
        assert_eq!(harbour.bindings(), ["node-1"]);
    }

    #[test]
    fn claims_that_are_never_bound_are_given_up() {
        let mut harbour = Harbour::new(vec![node("node-1", "4")]);
        let text = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n\
                    profiles: [{pluginConfig: [{name: VolumeBinding, args: {bindTimeoutSeconds: 20}}]}]";
        harbour.scheduler.configuration = Rc::new(Configuration::read(text).expect("a configuration"));
        tell_of_volumes(&mut harbour);
        harbour.run(19_000);
        assert!(harbour.events().is_empty());
        harbour.run(2000);
        let text = "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded";
        assert_eq!((harbour.events(), harbour.place("a")), (vec![text.to_owned()], Some(Place::Backoff)));
    }

    fn with_priority(name: &str, cpu: &str, priority: i32, status: &serde_json::Value) -> Object {
        let meta = json!({"name": name, "namespace": "default", "uid": name, "resourceVersion": "2"});
        let containers = json!([{"name": "c", "resources": {"requests": {"cpu": cpu}}}]);
        object(
            "Pod",
            json!({"metadata": meta, "spec": {"priority": priority, "containers": containers}, "status": status}),
        )
    }

    #[test]
    fn when_a_nominated_pod_goes_those_that_are_not_more_important_are_tried_again() {
        let mut harbour = Harbour::new(vec![node("node-1", "4")]);
        let nominated = with_priority("nominated", "5", 10, &json!({"nominatedNodeName": "node-1"}));
        harbour.tell(nominated.clone());
        let mut tried = Vec::new();
        for (name, priority) in [("more", 11), ("equal", 10), ("less", 9)] {
            harbour.tell(with_priority(name, "5", priority, &json!({})));
            assert_eq!(harbour.place(name), Some(Place::Unschedulable));
        }
        harbour.run(20_000);
        let before = harbour.trace.head();
        harbour.tell_of(Change::Deleted, nominated);
        for record in harbour.trace.range(before, harbour.trace.head()) {
            if let Fact::Attempted(attempt) = &record.fact {
                tried.push((attempt.pod.key.name.to_string(), attempt.woken_by.to_string()));
            }
        }
        let woken = "AssignedPodDelete".to_owned();
        assert_eq!(tried, [("equal".to_owned(), woken.clone()), ("less".to_owned(), woken)]);
    }

    #[test]
    fn a_pod_that_is_deleted_while_it_is_being_bound_frees_its_room() {
        let mut harbour = Harbour::new(vec![node("node-1", "4")]);
        // Its claim is not bound yet, so the binding waits.
        tell_of_volumes(&mut harbour);
        assert!(harbour.scheduler.nodes.is_assumed("a"));
        let mut going = harbour.scheduler.client.lookup(&pods::KIND, &Key::new("default", "a")).expect("known").clone();
        going.meta_mut().deletion_timestamp = Some(crate::api::meta::timestamp(harbour.kernel.now()));
        harbour.tell_of(Change::Updated, going);
        assert!(!harbour.scheduler.nodes.is_assumed("a"));
        harbour.tell(pod("b", "4"));
        assert_eq!(harbour.bindings(), ["node-1"]);
    }

    #[test]
    fn less_important_pods_lose_the_nomination_for_a_node_that_a_more_important_one_gets() {
        let mut harbour = Harbour::new(vec![node("node-1", "4")]);
        let mut victim = with_priority("victim", "3", 0, &json!({}));
        victim.get_mut::<crate::api::kinds::pod::Pod>().expect("a pod").node_name = Some("node-1".into());
        harbour.tell(victim);
        harbour.tell(with_priority("less", "2", 5, &json!({})));
        harbour.tell(with_priority("more", "4", 10, &json!({})));
        let nominations = harbour.requests.iter().filter_map(|request| match &request.body {
            Body::StatusPatch(object) if object.name() != "victim" => {
                let pod = object.get::<crate::api::kinds::pod::Pod>()?;
                Some((object.name().to_owned(), pod.status.nominated_node_name.clone()))
            }
            _ => None,
        });
        let on = Some("node-1".to_owned());
        let all: Vec<_> = nominations.collect();
        assert_eq!(all, [("less".to_owned(), on.clone()), ("less".to_owned(), None), ("more".to_owned(), on)]);
    }

    #[test]
    fn what_fits_nowhere_is_said_and_tried_again_when_a_node_comes() {
        let mut harbour = Harbour::new(vec![node("node-1", "1")]);
        harbour.tell(pod("a", "3"));
        let text = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes \
                    are available: 1 Preemption is not helpful for scheduling.";
        assert_eq!(harbour.events(), [text]);
        let patched = harbour.requests.iter().find_map(|request| match &request.body {
            Body::StatusPatch(object) => object.get::<crate::api::kinds::pod::Pod>(),
            _ => None,
        });
        let condition = patched.and_then(|pod| pod.condition("PodScheduled")).expect("a condition");
        assert_eq!((condition.reason.as_deref(), condition.message.as_deref()), (Some("Unschedulable"), Some(text)));
        assert_eq!(harbour.place("a"), Some(Place::Unschedulable));
        harbour.tell(node("node-2", "2"));
        assert_eq!(harbour.place("a"), Some(Place::Unschedulable), "it would not fit there either");
        harbour.tell(node("node-3", "4"));
        assert_eq!(harbour.bindings(), ["node-3"]);
        let attempts: Vec<_> = harbour
            .trace
            .range(0, harbour.trace.head())
            .filter_map(|record| match &record.fact {
                Fact::Attempted(attempt) => {
                    Some((attempt.number, attempt.woken_by.to_string(), attempt.result.clone()))
                }
                _ => None,
            })
            .collect();
        let chosen = AttemptResult::Chosen("node-3".into());
        assert_eq!(
            attempts,
            [(1, "UnschedulablePodAdd".to_owned(), AttemptResult::Unschedulable), (2, "NodeAdd".to_owned(), chosen)]
        );
    }
}
