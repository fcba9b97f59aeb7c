//! What the scheduler's benchmarks run: the whole process with its queue, cycles and bindings, against an API server that
//! answers at once. The clock is the caller's: `bottle bench --scheduler` natively, `tools/bench-scheduler.mjs` in Wasm.
//!
//! The workloads are those of which the real scheduler's figures are known: nodes with 4 CPUs, 32 GiB and room for 110
//! pods in three zones; pods of 20 applications with 100m and 128 MiB, plain, spread over zones (`DoNotSchedule`, skew 1)
//! and hosts (`ScheduleAnyway`, skew 2), or with preferred anti-affinity by host. For preemption each node is full of less
//! important pods, and each pod must make one of them go.

pub mod api;

use crate::api::kinds::{self, pod};
use crate::api::object::{Key, Object};
use crate::api::{Body, Kind, Request, Verb};
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use crate::cluster::scheduler::Scheduler;
use crate::cluster::wire::{Address, Change, Event, Message, Reply, WatchEvent};
use crate::sim::{Duration, Kernel, Time, Trace};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::str::FromStr;

/// What the pods ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workload {
    /// CPU and memory.
    Plain,
    /// Not near others of their application, if possible.
    AntiAffinity,
    /// Spread over zones and hosts.
    Spread,
    /// The room of less important pods.
    Preemption,
}

impl FromStr for Workload {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "plain" => Ok(Self::Plain),
            "antiaff" => Ok(Self::AntiAffinity),
            "spread" => Ok(Self::Spread),
            "preemption" => Ok(Self::Preemption),
            other => Err(format!("unknown workload \"{other}\": use plain, antiaff, spread or preemption")),
        }
    }
}

impl Workload {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::AntiAffinity => "antiaff",
            Self::Spread => "spread",
            Self::Preemption => "preemption",
        }
    }
}

/// Applications among the pods.
const APPS: usize = 20;
/// Pods that fill a node before preemption.
const FILLERS: usize = 4;
/// The trace is begun anew after so many events: nobody reads it.
const KEPT: u64 = 20_000;

/// A scheduler that knows its nodes and has all pods before it.
pub struct Race {
    harbour: Harbour,
}

impl Race {
    /// The cluster, and so many pods in the queue.
    #[must_use]
    pub fn new(workload: Workload, nodes: usize, pods: usize) -> Self {
        let mut harbour = Harbour::new(workload, nodes);
        harbour.run(usize::MAX);
        for number in 0..pods {
            harbour.tell(Change::Created, pod_of(workload, number));
        }
        Self { harbour }
    }

    /// Lets the scheduler work until it has bound so many pods, or nothing happens any more: how many it has bound.
    pub fn run(&mut self, most: usize) -> usize {
        let before = self.harbour.bound;
        self.harbour.run(most);
        self.harbour.bound - before
    }
}

/// The scheduler and an API server that only lists, binds and deletes.
struct Harbour {
    kernel: Kernel<Address, Event>,
    trace: Trace<Fact>,
    scheduler: Scheduler,
    nodes: Rc<[Object]>,
    placed: Rc<[Object]>,
    pods: BTreeMap<Key, Object>,
    /// For each kind: the watch's id, and how many messages it has been sent.
    watches: BTreeMap<&'static str, (u64, u64)>,
    revision: u64,
    bound: usize,
}

impl Harbour {
    fn new(workload: Workload, nodes: usize) -> Self {
        let fillers = if workload == Workload::Preemption { nodes * FILLERS } else { 0 };
        let placed: Rc<[Object]> = (0..fillers).map(|number| filler(nodes, number)).collect();
        let mut harbour = Self {
            kernel: Kernel::new(42, Time::ZERO, Duration::from_micros(500)),
            trace: Trace::default(),
            scheduler: Scheduler::new(),
            nodes: (0..nodes).map(node_of).collect(),
            pods: placed.iter().map(|pod| (pod.key(), pod.clone())).collect(),
            placed,
            watches: BTreeMap::new(),
            revision: 1,
            bound: 0,
        };
        harbour.scheduler.start(&mut Cx::new(&mut harbour.kernel, &mut harbour.trace, Address::Scheduler, None));
        harbour
    }

    /// Until so many more pods are bound, or nothing happens for longer than any back-off.
    fn run(&mut self, most: usize) {
        let enough = self.bound.saturating_add(most);
        let mut last = (self.bound, self.kernel.now());
        while self.bound < enough
            && let Some(next) = self.kernel.pop()
        {
            if self.trace.len() > KEPT {
                self.trace = Trace::default();
            }
            if next.to == Address::Scheduler {
                let mut cx = Cx::new(&mut self.kernel, &mut self.trace, next.to, next.cause);
                self.scheduler.handle(&mut cx, next.event);
            } else if let Event::Message { message: Message::Request { id, request, .. }, .. } = next.event {
                self.serve(id, &request);
            }
            if self.bound != last.0 {
                last = (self.bound, self.kernel.now());
            } else if self.kernel.now().since(last.1) > Duration::from_secs(30) {
                break;
            }
        }
    }

    fn serve(&mut self, id: u64, request: &Rc<Request>) {
        let target = &request.target;
        let reply = match request.verb {
            Verb::List => {
                let items = match target.object.kind.kind {
                    "Node" => self.nodes.clone(),
                    "Pod" => self.placed.clone(),
                    _ => Rc::from([]),
                };
                Reply::List { items, revision: 1, continue_token: "".into(), remaining: None }
            }
            Verb::Watch => {
                self.watches.insert(target.object.kind.kind, (id, 0));
                Reply::Watching
            }
            _ => Reply::Done { revision: 2, uid: "".into() },
        };
        self.say(Message::Response { id, outcome: Ok(reply) });
        match (request.verb, target.subresource, &request.body) {
            (Verb::Create, "binding", Body::Object(binding)) => {
                self.bind(&target.object.key, kinds::binding::node(binding));
            }
            (Verb::Delete, ..) => {
                if let Some(gone) = self.pods.remove(&target.object.key) {
                    self.tell(Change::Deleted, gone);
                }
            }
            (Verb::Patch | Verb::Update, "status", Body::Object(changed)) => {
                self.tell(Change::Updated, changed.clone());
            }
            _ => {}
        }
    }

    fn bind(&mut self, key: &Key, node: &str) {
        let Some(mut pod) = self.pods.get(key).cloned() else { return };
        if let Some(pod) = pod.get_mut::<pod::Pod>() {
            pod.node_name = Some(node.into());
        }
        self.bound += 1;
        self.tell(Change::Updated, pod);
    }

    fn say(&mut self, message: Message) {
        let event = Event::Message { from: Address::ApiServer, message };
        self.kernel.schedule(self.kernel.now(), Address::Scheduler, event, None);
    }

    /// Those who watch its kind hear of the object.
    fn tell(&mut self, change: Change, mut object: Object) {
        self.revision += 1;
        object.meta_mut().resource_version = Some(self.revision.to_string());
        if change != Change::Deleted && object.kind() == &pod::KIND {
            self.pods.insert(object.key(), object.clone());
        }
        let Some((id, sequence)) = self.watches.get_mut(object.kind().kind) else { return };
        *sequence += 1;
        let (id, sequence) = (*id, *sequence);
        self.say(Message::Watch { id, sequence, events: [WatchEvent::Change(change, object)].into() });
    }
}

/// An object as the server would have it.
fn object(kind: &'static Kind, document: Value) -> Object {
    let mut object = (kind.decode)(document).expect("a document of our own can be decoded");
    (kind.default)(&mut object);
    object
}

fn node_of(number: usize) -> Object {
    let name = format!("node-{number:05}");
    let labels = json!({"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": format!("zone-{}", number % 3)});
    let sizes = json!({"cpu": "4", "memory": "32Gi", "pods": "110"});
    let document = json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "uid": name, "resourceVersion": "1", "labels": labels},
        "status": {"capacity": sizes, "allocatable": sizes}});
    object(&kinds::node::KIND, document)
}

fn filler(nodes: usize, number: usize) -> Object {
    let name = format!("filler-{number:06}");
    let requests = json!({"cpu": "1", "memory": "1Gi"});
    let document = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": "1"},
        "spec": {"nodeName": format!("node-{:05}", number % nodes), "priority": 0,
            "containers": [{"name": "c", "image": "nginx:1.27", "resources": {"requests": requests}}]},
        "status": {"phase": "Running", "startTime": "2026-01-05T08:00:00Z"}});
    object(&kinds::pod::KIND, document)
}

fn pod_of(workload: Workload, number: usize) -> Object {
    let name = format!("pod-{number:06}");
    let labels = json!({"app": format!("app-{}", number % APPS)});
    let requests =
        if workload == Workload::Preemption { json!({"cpu": "1"}) } else { json!({"cpu": "100m", "memory": "128Mi"}) };
    let mut spec = json!({"containers": [{"name": "c", "image": "nginx:1.27", "resources": {"requests": requests}}]});
    let selector = json!({"matchLabels": labels});
    match workload {
        Workload::Plain => {}
        Workload::Preemption => spec["priority"] = json!(1000),
        Workload::Spread => {
            spec["topologySpreadConstraints"] = json!([
                {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": selector},
                {"maxSkew": 2, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": selector},
            ]);
        }
        Workload::AntiAffinity => {
            let term = json!({"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"});
            spec["affinity"] = json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution":
                [{"weight": 100, "podAffinityTerm": term}]}});
        }
    }
    let document = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": "1", "labels": labels},
        "spec": spec});
    object(&kinds::pod::KIND, document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_is_scheduled_to_the_last_pod() {
        for workload in [Workload::Plain, Workload::Spread, Workload::AntiAffinity, Workload::Preemption] {
            assert_eq!(Race::new(workload, 30, 60).run(usize::MAX), 60, "{workload:?}");
        }
    }
}
