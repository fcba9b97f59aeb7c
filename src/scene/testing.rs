//! Hand-made views and traces for tests.

use crate::api::kinds;
use crate::api::object::{ObjectRef, Ref};
use crate::api::{Kind, Status, Target, Verb};
use crate::cluster::fact::{Attempt, AttemptResult, Call, Fact, Gate, NodeAnswer, ProbeKind, Queue, Rating, Refusal};
use crate::cluster::input::Input;
use crate::cluster::view::{Amounts, ContainerLook, ContainerView, NodeView, PodView, Readiness, View};
use crate::cluster::wire::{Address, Change};
use crate::sim::{Duration, FactId, Time, Trace};
use std::rc::Rc;

/// A pod's reference in the namespace `default`.
#[must_use]
pub fn pod(name: &str) -> Ref {
    ObjectRef::new(&kinds::pod::KIND, "default", name)
}

/// A pod that runs and is ready.
#[must_use]
pub fn pod_view(name: &str, workload: Option<usize>) -> PodView {
    PodView {
        object: pod(name),
        uid: format!("uid-{name}").into(),
        workload,
        outdated: false,
        mirror: false,
        phase: "Running".into(),
        status: "Running".into(),
        ready: true,
        reason: "".into(),
        deadline: None,
        created: Time::ZERO,
        ip: "10.244.1.2".into(),
        node: "node-1".into(),
        containers: vec![ContainerView {
            name: "main".into(),
            image: "web:1".into(),
            init: false,
            state: ContainerLook::Running,
            ready: true,
            restarts: 0,
            backoff_until: None,
        }],
        debuggers: Vec::new(),
    }
}

/// A harbour with so many cargo ships, each with so many pods.
#[must_use]
pub fn harbour(ships: usize, pods: usize) -> View {
    let amounts = Amounts { cpu_milli: 4000, memory: 8 << 30, pods: 110 };
    let node = |name: String, control_plane: bool| NodeView {
        name: name.into(),
        control_plane,
        readiness: Readiness::Ready,
        kubelet_runs: true,
        allocatable: amounts,
        ..NodeView::default()
    };
    let mut view = View { nodes: vec![node("control-plane".into(), true)], revision: 42, ..View::default() };
    for i in 0..ships {
        let mut ship = node(format!("node-{}", i + 1), false);
        ship.pods = (0..pods).map(|p| pod_view(&format!("web-{i}-{p}"), Some(p % 5))).collect();
        ship.requested = Amounts { cpu_milli: 400 * i64::try_from(pods).unwrap_or(0), ..Amounts::default() };
        view.watches.push((Address::Kubelet(ship.name.clone()), "pods"));
        view.nodes.push(ship);
    }
    view.nodes[0].pods = ["coredns-a", "coredns-b"].map(|name| pod_view(name, None)).to_vec();
    view.watches.push((Address::Scheduler, "pods"));
    view.watches.push((Address::ControllerManager, "pods"));
    view.services = vec![(ObjectRef::new(&kinds::service::KIND, "default", "kubernetes"), "10.96.0.1".into())];
    view
}

/// Builds a trace like that of a real Deployment of one pod.
struct Story {
    trace: Trace<Fact>,
    at: i64,
    calls: u64,
}

impl Story {
    fn note(&mut self, micros: i64, cause: Option<FactId>, fact: Fact) -> FactId {
        self.at += micros;
        self.trace.note(Time::from_micros(self.at), cause, fact)
    }

    /// A request through all gates; the commit's id.
    fn request(&mut self, from: Address, verb: Verb, (kind, name): (&'static Kind, &str), cause: FactId) -> FactId {
        self.calls += 1;
        let call = Call { from, id: self.calls };
        let target = Target::new(kind, "default", if verb == Verb::Create { "" } else { name });
        let target = if verb == Verb::Create && call.from == Address::User {
            Target { object: ObjectRef::new(kind, "default", name), ..target }
        } else {
            target
        };
        let mut last = Some(cause);
        let asked = Fact::Requested { call: call.clone(), verb, target, ambient: false };
        last = Some(self.note(0, last, asked));
        let mut wait = 500;
        for gate in Gate::ALL {
            last = Some(self.note(
                wait,
                last,
                Fact::Gate { call: call.clone(), gate, refused: None, decision: "".into(), ambient: false },
            ));
            wait = 40;
        }
        let object = ObjectRef::new(kind, "default", name);
        let change = if verb == Verb::Create { Change::Created } else { Change::Updated };
        let revision = 100 + self.calls;
        let commit = Fact::Committed { call: call.clone(), object, change, revision, ambient: false };
        let commit = self.note(1000, last, commit);
        let code = if verb == Verb::Create { 201 } else { 200 };
        self.note(500, Some(commit), Fact::Answered { call, code, ambient: false });
        commit
    }

    fn watched(&mut self, to: Address, (kind, name): (&'static Kind, &str), commit: FactId) -> FactId {
        let object = ObjectRef::new(kind, "default", name);
        let fact = Fact::Watched { to, object, change: Change::Created, revision: 1, ambient: false };
        self.note(100, Some(commit), fact)
    }
}

/// Somebody applies a Deployment of one pod, and it runs.
#[must_use]
pub fn trace_of_a_deployment() -> Trace<Fact> {
    let (deployments, sets, pods) = (&kinds::deployment::KIND, &kinds::replica_set::KIND, &kinds::pod::KIND);
    let mut story = Story { trace: Trace::default(), at: 1_000_000, calls: 0 };
    let apply = Input::Apply { text: String::new(), dry_run: false, create_namespaces: false };
    let input = story.note(0, None, Fact::Input(Rc::new(apply)));
    let commit = story.request(Address::User, Verb::Create, (deployments, "web"), input);
    let lines = ["deployment.apps/web created".into()].into();
    story.note(600, Some(commit), Fact::Answer { lines, refused: [].into(), warned: [].into(), dry_run: false });
    let seen = story.watched(Address::ControllerManager, (deployments, "web"), commit);
    let object = ObjectRef::new(deployments, "default", "web");
    let reconciled = story.note(
        200,
        Some(seen),
        Fact::Reconciled { by: Address::ControllerManager, controller: "deployment", object, writes: 1 },
    );
    let commit = story.request(Address::ControllerManager, Verb::Create, (sets, "web-7d9c6"), reconciled);
    let seen = story.watched(Address::ControllerManager, (sets, "web-7d9c6"), commit);
    let object = ObjectRef::new(sets, "default", "web-7d9c6");
    let reconciled = story.note(
        200,
        Some(seen),
        Fact::Reconciled { by: Address::ControllerManager, controller: "replicaset", object, writes: 1 },
    );
    let commit = story.request(Address::ControllerManager, Verb::Create, (pods, "web-0"), reconciled);
    let seen = story.watched(Address::Scheduler, (pods, "web-0"), commit);
    let queued = Fact::PodQueued { pod: pod("web-0"), queue: Queue::Active, because: "PodAdd".into() };
    let queued = story.note(100, Some(seen), queued);
    let attempted = story.note(1000, Some(queued), Fact::Attempted(Rc::new(attempt())));
    let commit = story.request(Address::Scheduler, Verb::Create, (pods, "web-0"), attempted);
    let seen = story.watched(Address::Kubelet("node-2".into()), (pods, "web-0"), commit);
    on_the_ship(&mut story, seen);
    story.trace
}

fn on_the_ship(story: &mut Story, seen: FactId) {
    let (node, pod): (Rc<str>, _) = ("node-2".into(), pod("web-0"));
    let (container, image): (Rc<str>, Rc<str>) = ("main".into(), "nginx:1.29".into());
    let mut last = Some(story.note(100, Some(seen), Fact::PodAccepted { node: node.clone(), pod: pod.clone() }));
    let takes = Duration::from_millis(1800);
    let facts = [
        (120_000, Fact::SandboxReady { node: node.clone(), pod: pod.clone(), ip: "10.244.2.7".into() }),
        (
            1_000,
            Fact::Pulling {
                node: node.clone(),
                pod: pod.clone(),
                container: container.clone(),
                image: image.clone(),
                bytes: 70_000_000,
                takes,
            },
        ),
        (
            1_800_000,
            Fact::Pulled { node: node.clone(), pod: pod.clone(), container: container.clone(), image, cached: false },
        ),
        (
            60_000,
            Fact::ContainerStarted {
                node: node.clone(),
                pod: pod.clone(),
                container: container.clone(),
                init: false,
                attempt: 0,
            },
        ),
        (
            1_000_000,
            Fact::Probed {
                node: node.clone(),
                pod: pod.clone(),
                container: container.clone(),
                probe: ProbeKind::Readiness,
                ok: true,
                turned: true,
            },
        ),
        (
            8_000_000,
            Fact::ContainerExited {
                node: node.clone(),
                pod: pod.clone(),
                container: container.clone(),
                code: 1,
                reason: "Error",
            },
        ),
        (100, Fact::BackOff { node, pod, container, pull: false, until: Time::from_secs(30), restarts: 1 }),
    ];
    for (wait, fact) in facts {
        last = Some(story.note(wait, last, fact));
    }
}

/// What goes wrong, ends or is routine: whatever the other trace does not tell, each far from the others.
#[must_use]
pub fn trace_of_trouble() -> Trace<Fact> {
    let (node, pod): (Rc<str>, _) = ("node-2".into(), pod("web-1-1"));
    let (container, image): (Rc<str>, Rc<str>) = ("main".into(), "nginx:1.29".into());
    let mut story = Story { trace: Trace::default(), at: 1_000_000, calls: 0 };
    for fact in what_ends(&node, &pod, &container).into_iter().chain(what_fails(&node, &pod, &container, &image)) {
        story.note(5_000_000, None, fact);
    }
    let call = Call { from: Address::User, id: 77 };
    let target = Target::new(&kinds::pod::KIND, "default", "broken");
    let asked =
        story.note(5_000_000, None, Fact::Requested { call: call.clone(), verb: Verb::Create, target, ambient: false });
    let status = Rc::new(Status::forbidden(&kinds::pod::KIND, "broken", "no"));
    let refused = Fact::Gate {
        call: call.clone(),
        gate: Gate::Authorization,
        refused: Some(status),
        decision: "".into(),
        ambient: false,
    };
    let refused = story.note(500, Some(asked), refused);
    story.note(500, Some(refused), Fact::Answered { call, code: 403, ambient: false });
    story.trace
}

/// Programs in containers that are clients of the API server: one at work in its crate, one that will try again.
#[must_use]
pub fn trace_of_programs() -> Trace<Fact> {
    let mut story = Story { trace: Trace::default(), at: 1_000_000, calls: 0 };
    let by = |pod: &str| Address::Sidecar("node-2".into(), format!("default/{pod}/csi-provisioner").into());
    let claim = || ObjectRef::new(&kinds::persistent_volume_claim::KIND, "default", "data");
    let works = Fact::Reconciled { by: by("web-1-1"), controller: "csi-provisioner", object: claim(), writes: 1 };
    story.note(5_000_000, None, works);
    let (after, error) = (Duration::from_secs(1), "no room".into());
    let waits = Fact::Retried { by: by("web-1-1"), controller: "csi-provisioner", object: claim(), after, error };
    story.note(5_000_000, None, waits);
    story.trace
}

fn what_ends(node: &Rc<str>, pod: &Ref, container: &Rc<str>) -> Vec<Fact> {
    let (on, of, name) = (|| node.clone(), || pod.clone(), || container.clone());
    let kubelet = Address::Kubelet(node.clone());
    let lease = Target::new(&kinds::lease::KIND, "kube-node-lease", node);
    vec![
        Fact::Requested {
            call: Call { from: kubelet.clone(), id: 1 },
            verb: Verb::Update,
            target: lease,
            ambient: true,
        },
        Fact::WatchOpened { by: kubelet.clone(), resource: "pods", listed: 4 },
        Fact::WatchLost { by: kubelet.clone(), resource: "pods" },
        Fact::Retried {
            by: Address::ControllerManager,
            controller: "replicaset",
            object: of(),
            after: Duration::from_millis(80),
            error: "conflict".into(),
        },
        Fact::PodStopping { node: on(), pod: of(), grace: Duration::from_secs(30) },
        Fact::ContainerKilled { node: on(), pod: of(), container: name() },
        Fact::PodStopped { node: on(), pod: of() },
        Fact::ProcessStopped { process: Address::Scheduler, stopped: true },
        Fact::ProcessStopped { process: kubelet, stopped: true },
        Fact::LeaderChanged { by: Address::ControllerManager, lease: "kube-controller-manager", leads: true },
        Fact::Fault { fault: "memory", of: "nodes/node-2".into(), on: true },
        Fact::Fault { fault: "slow", of: "nodes/node-2".into(), on: true },
        Fact::NetworkCut { node: on(), cut: true },
    ]
}

fn what_fails(node: &Rc<str>, pod: &Ref, container: &Rc<str>, image: &Rc<str>) -> Vec<Fact> {
    let (on, of, name, picture) = (|| node.clone(), || pod.clone(), || container.clone(), || image.clone());
    let failed = Attempt { result: AttemptResult::Unschedulable, ..attempt() };
    vec![
        Fact::ManifestRead { node: on(), file: "etcd.yaml".into(), pod: Some(of()), error: "".into() },
        Fact::ManifestRead { node: on(), file: "etcd.yaml".into(), pod: None, error: "yaml: line 2".into() },
        Fact::PodRefused { node: on(), pod: of(), reason: "OutOfcpu".into() },
        Fact::PullFailed { node: on(), pod: of(), container: name(), image: picture(), error: "not found".into() },
        Fact::StartFailed {
            node: on(),
            pod: of(),
            container: name(),
            reason: "RunContainerError".into(),
            message: "no such file".into(),
        },
        Fact::Pressure { node: on(), condition: "DiskPressure", on: true },
        Fact::PodEvicted { node: on(), pod: of(), resource: "memory" },
        Fact::Pulled { node: on(), pod: of(), container: name(), image: picture(), cached: true },
        Fact::ImageRemoved { node: on(), image: picture() },
        Fact::ContainerExited { node: on(), pod: of(), container: name(), code: 0, reason: "Completed" },
        Fact::Probed { node: on(), pod: of(), container: name(), probe: ProbeKind::Liveness, ok: false, turned: true },
        Fact::PodQueued { pod: of(), queue: Queue::Backoff, because: "ScheduleAttemptFailure".into() },
        Fact::PodQueued { pod: of(), queue: Queue::Unschedulable, because: "ScheduleAttemptFailure".into() },
        Fact::Attempted(Rc::new(failed)),
    ]
}

fn attempt() -> Attempt {
    let refused = |node: &str, plugin: &'static str, reason: &str| NodeAnswer {
        node: node.into(),
        refused: Some(Rc::new(Refusal { plugin, resolvable: true, reasons: vec![reason.into()] })),
        rating: Rc::default(),
    };
    let scored = |node: &str, total: i64| NodeAnswer {
        node: node.into(),
        refused: None,
        rating: Rc::new(Rating { scores: [(total, total)].into(), total }),
    };
    Attempt {
        pod: pod("web-0"),
        number: 1,
        profile: "default-scheduler".into(),
        at: Time::ZERO,
        woken_by: "PodAdd".into(),
        pre_filter: None,
        filters: [].into(),
        nodes: vec![
            refused("control-plane", "TaintToleration", "node(s) had untolerated taint(s)"),
            refused("node-1", "NodeResourcesFit", "Insufficient cpu"),
            scored("node-2", 182),
            scored("node-3", 164),
        ],
        scorers: [("NodeResourcesFit", 1)].into(),
        result: AttemptResult::Chosen("node-2".into()),
        message: "".into(),
        candidates: Vec::new(),
    }
}

/// What goes on in a second in which nothing happens.
#[must_use]
pub fn routine(second: u64) -> Vec<Fact> {
    let call = Call { from: Address::Kubelet("node-1".into()), id: second };
    let target = Target::new(&kinds::lease::KIND, "kube-node-lease", "node-1");
    vec![
        Fact::Requested { call: call.clone(), verb: Verb::Update, target, ambient: true },
        Fact::Gate { call: call.clone(), gate: Gate::Storage, refused: None, decision: "".into(), ambient: true },
        Fact::Answered { call, code: 200, ambient: true },
        Fact::Reconciled { by: Address::ControllerManager, controller: "node", object: pod("a"), writes: 0 },
    ]
}

/// Gives a view a bit of everything: all states of pods, a cordoned ship, taints, a ship that is not heard of.
pub fn decorate(view: &mut View) {
    let states: [(&str, &str, bool); 7] = [
        ("Running", "Running", true),
        ("Running", "Running", false),
        ("Running", "CrashLoopBackOff", false),
        ("Pending", "ContainerCreating", false),
        ("Succeeded", "Completed", false),
        ("Failed", "Error", false),
        ("Running", "Running", true),
    ];
    for node in view.nodes.iter_mut().filter(|node| !node.control_plane) {
        for (pod, (phase, status, ready)) in node.pods.iter_mut().zip(states) {
            (pod.phase, pod.status, pod.ready) = (phase.into(), status.into(), ready);
        }
        if let Some(pod) = node.pods.last_mut() {
            pod.deadline = Some(Time::from_secs(20));
        }
    }
    if let Some(node) = view.nodes.get_mut(2) {
        node.cordoned = true;
        node.taints = vec!["dedicated=gpu:NoSchedule".into()];
    }
    if let Some(node) = view.nodes.get_mut(3) {
        node.readiness = Readiness::Unknown;
    }
    view.pending = vec![pod_view("waits", Some(1))];
    view.queue = vec![(pod("waits"), Queue::Active), (pod("also"), Queue::Unschedulable)];
    view.services.push((ObjectRef::new(&kinds::service::KIND, "default", "web"), "10.96.0.2".into()));
}
