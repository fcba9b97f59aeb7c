//! Scenarios: which machines there are, and how a cluster comes up on them before its user takes over.
//!
//! Nothing is painted in: the API server, etcd, the controllers and the scheduler start, the kubelets register their
//! nodes, and the system's manifests are applied, all in simulated time before [`Time::ZERO`]. At zero the harbour is
//! settled.

use super::fact::Fact;
use super::input::{Input, Name};
use super::machine::{Engine, Machine};
use super::wire::Address;
use super::{History, Process, World, apiserver, controllers, etcd, kubelet, runtime, scheduler};
use crate::sim::{Simulation, Time, Trace};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The control plane starts,
const START: Time = Time::from_secs(-120);
/// then the system's manifests are applied,
const INSTALL: Time = Time::from_secs(-110);
/// then the workers join: CoreDNS is on the control plane by then, as after `kubeadm init`. Their leases are renewed every
/// 10.2 s on average; at zero the next is about to be, so that whoever has just come sees a heartbeat at once.
const JOIN: Time = Time::from_millis(-71_250);

/// Label and taint of the nodes that carry the control plane.
pub const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// What every cluster has before its user comes.
const SYSTEM: &str = include_str!("../../assets/scenarios/system.yaml");
/// The control plane's static pods, as `kubeadm init` writes them (without probes).
const STATIC: [(&str, &str); 4] = [
    ("etcd.yaml", include_str!("../../assets/manifests/etcd.yaml")),
    ("kube-apiserver.yaml", include_str!("../../assets/manifests/kube-apiserver.yaml")),
    ("kube-controller-manager.yaml", include_str!("../../assets/manifests/kube-controller-manager.yaml")),
    ("kube-scheduler.yaml", include_str!("../../assets/manifests/kube-scheduler.yaml")),
];
/// The pods' network as kubeadm is mostly told it (`--pod-network-cidr`); the manifests above name it.
const POD_NETWORK: &str = "10.244.0.0/16";
/// All scenarios by name, in JSON (`build.rs`).
const SCENARIOS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// Which machines there are.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The machines, the control plane's first.
    pub machines: Vec<MachineEntry>,
}

/// One machine of a scenario.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MachineEntry {
    /// Its name.
    pub name: String,
    /// Cores.
    pub cpu: i64,
    /// Memory in GiB.
    #[serde(rename = "memoryGiB")]
    pub memory_gib: i64,
    /// Whether it carries the control plane.
    #[serde(default)]
    pub control_plane: bool,
    /// So many of them; more than one are numbered from 1: `name-1`, `name-2` …
    #[serde(default)]
    pub count: usize,
    /// What makes its containers.
    #[serde(default)]
    pub engine: Engine,
    /// Further labels of its node.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

impl Scenario {
    /// The scenario of the given name.
    ///
    /// # Errors
    /// A sentence, when there is none or its file is wrong.
    pub fn named(name: &str) -> Result<Self, String> {
        let known = SCENARIOS.iter().find(|(known, _)| *known == name);
        let (_, text) = known.ok_or_else(|| format!("there is no scenario \"{name}\""))?;
        let read = serde_json::from_str(text).and_then(serde_json::from_value::<Self>);
        let mut scenario = read.map_err(|error| format!("scenario {name}: {error}"))?;
        let each = |entry: MachineEntry| -> Vec<MachineEntry> {
            let numbered = |n: usize| MachineEntry { name: format!("{}-{n}", entry.name), count: 0, ..entry.clone() };
            if entry.count == 0 { vec![entry] } else { (1..=entry.count).map(numbered).collect() }
        };
        scenario.machines = scenario.machines.into_iter().flat_map(each).collect();
        Ok(scenario)
    }

    /// The names of all scenarios.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SCENARIOS.iter().map(|(name, _)| *name)
    }

    /// The same control plane with `workers` workers like its first one.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        let model = self.machines.iter().find(|machine| !machine.control_plane).cloned();
        self.machines.retain(|machine| machine.control_plane);
        if let Some(model) = model {
            let worker = |n: usize| MachineEntry { name: format!("node-{n}"), ..model.clone() };
            self.machines.extend((1..=workers).map(worker));
        }
        self
    }
}

/// A settled cluster at [`Time::ZERO`], its history beginning there.
#[must_use]
pub fn boot(scenario: &Scenario, seed: u64) -> History {
    let (world, trace) = settle(scenario, seed);
    History::new(world, trace)
}

/// A settled cluster at [`Time::ZERO`], and how it came to be so.
#[must_use]
pub fn settle(scenario: &Scenario, seed: u64) -> (World, Trace<Fact>) {
    let mut boot = Boot::new(scenario, seed);
    while boot.step() {}
    (boot.world, boot.trace)
}

/// A cluster that comes up, step by step: a large one takes a while.
pub struct Boot {
    world: World,
    trace: Trace<Fact>,
    /// The workers that have not joined yet, the next one last.
    workers: Vec<Machine>,
    nodes: usize,
    /// What it runs to.
    to: Time,
}

/// About so many events of a boot are each node's, and so many the control plane's own: to tell how far it is.
const EVENTS: (usize, usize) = (270, 4100);

impl Boot {
    /// A control plane that is just being switched on.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut world = World::empty(seed, START);
        let mut trace = Trace::default();
        world.add(Address::Etcd(0), Process::Etcd(Box::new(etcd::Etcd::new())), &mut trace);
        world.add(Address::ApiServer, Process::ApiServer(Box::new(apiserver::ApiServer::new())), &mut trace);
        world.add(Address::User, Process::User(Box::default()), &mut trace);
        // A network of /24s for as many nodes.
        let network = if scenario.machines.len() > 256 { "10.128.0.0/9" } else { POD_NETWORK };
        let flags = ["--leader-elect=true", "--allocate-node-cidrs=true", &format!("--cluster-cidr={network}")];
        let manager = controllers::ControllerManager::new(controllers::CONTROLLERS).with_flags(flags);
        world.add(Address::ControllerManager, Process::ControllerManager(Box::new(manager)), &mut trace);
        world.add(Address::Scheduler, Process::Scheduler(Box::new(scheduler::Scheduler::new().elected())), &mut trace);
        let machines = || scenario.machines.iter().enumerate();
        for (index, entry) in machines().filter(|(_, entry)| entry.control_plane) {
            join(&mut world, machine(index, entry), network, &mut trace);
        }
        let workers = machines().filter(|(_, entry)| !entry.control_plane).rev();
        let workers = workers.map(|(index, entry)| machine(index, entry)).collect();
        Self { world, trace, workers, nodes: scenario.machines.len(), to: INSTALL }
    }

    /// The next event; false once the cluster is settled.
    pub fn step(&mut self) -> bool {
        if self.world.next_at().is_some_and(|at| at <= self.to) {
            self.world.step(&mut self.trace);
            return true;
        }
        self.world.advance(self.to);
        if self.to == INSTALL {
            self.install();
            self.to = JOIN;
        } else if let Some(worker) = self.workers.pop() {
            join(&mut self.world, worker, "", &mut self.trace);
        } else {
            let settled = self.to == Time::ZERO;
            self.to = Time::ZERO;
            return !settled;
        }
        true
    }

    /// Roughly how far it is, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.handled().min(1.0)
    }

    /// The events of those that are expected.
    #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    fn handled(&self) -> f64 {
        self.world.handled() as f64 / (EVENTS.0 * self.nodes + EVENTS.1) as f64
    }

    /// The cluster's history, which begins where its boot ends.
    #[must_use]
    pub fn history(self) -> History {
        History::new(self.world, self.trace)
    }

    fn install(&mut self) {
        let mark = |address: &Address| if let Address::Kubelet(node) = address { Some(marked(node)) } else { None };
        let marks: Vec<Input> = self.world.processes.keys().filter_map(mark).collect();
        for mark in marks {
            self.world.input(&mark, &mut self.trace);
        }
        let text = SYSTEM.to_owned();
        self.world.input(&Input::Apply { text, dry_run: false, create_namespaces: false }, &mut self.trace);
    }
}

/// A machine that carries the control plane is told of the network that its pods are given.
fn join(world: &mut World, machine: Machine, network: &str, trace: &mut Trace<Fact>) {
    let name = machine.name.clone();
    let runtime = runtime::Runtime::new(machine.clone());
    world.add(Address::Runtime(name.clone()), Process::Runtime(Box::new(runtime)), trace);
    let mut kubelet = kubelet::Kubelet::new(machine);
    if kubelet.is_control_plane() {
        for (file, text) in STATIC {
            kubelet.place(file, &text.replace(POD_NETWORK, network));
        }
    }
    world.add(Address::Kubelet(name), Process::Kubelet(Box::new(kubelet)), trace);
}

/// A node is marked as the control plane's by its administrator: a kubelet may not give itself a role (upstream:
/// `cmd/kubeadm/app/phases/markcontrolplane`).
fn marked(node: &str) -> Input {
    let labels = json!({ CONTROL_PLANE: "", "node.kubernetes.io/exclude-from-external-load-balancers": "" });
    let patch = json!({ "metadata": { "labels": labels } }).to_string();
    Input::Patch {
        object: Name {
            api_version: "v1".to_owned(),
            kind: "Node".to_owned(),
            namespace: String::new(),
            name: node.to_owned(),
        },
        patch,
    }
}

fn machine(index: usize, entry: &MachineEntry) -> Machine {
    let own = entry.labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
    let taint = (CONTROL_PLANE.into(), "".into(), "NoSchedule".into());
    Machine {
        name: entry.name.as_str().into(),
        cpu_milli: entry.cpu * 1000,
        memory: entry.memory_gib << 30,
        max_pods: 110,
        disk: 100 << 30,
        ip: format!("172.18.{}.{}", (index + 2) / 250, (index + 2) % 250).into(),
        engine: entry.engine,
        labels: own.collect(),
        taints: if entry.control_plane { vec![taint] } else { Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_tells_roughly_how_far_it_is() {
        for workers in [3, 60] {
            let mut boot = Boot::new(&Scenario::named("three-ships").expect("there").with_workers(workers), 1);
            while boot.step() {}
            let share = boot.handled();
            assert!((0.75..1.0).contains(&share), "{workers} workers: {} events, {share}", boot.world.handled());
        }
    }

    #[test]
    fn every_scenario_can_be_read() {
        for name in Scenario::names() {
            assert!(Scenario::named(name).is_ok_and(|scenario| scenario.machines.iter().any(|m| m.control_plane)));
        }
        assert!(Scenario::named("no-such").is_err());
    }
}
