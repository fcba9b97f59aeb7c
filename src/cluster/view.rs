//! What the cluster looks like at a moment: plain data for the stage, the panels and the tests.
//!
//! The view shows two truths: *believed* is what the API says, *actual* is what is really so on each ship. Node
//! failure, stale endpoints and eviction are the difference between the two.

use super::fact::Queue;
use super::wire::Address;
use crate::api::object::Ref;
use crate::cluster::machine::Engine;
use crate::sim::{Sorted, Time};
use std::rc::Rc;

/// The cluster at a moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct View {
    /// When.
    pub t: Time,
    /// etcd's revision.
    pub revision: u64,
    /// Nodes in order of their names; the control-plane node first.
    pub nodes: Vec<NodeView>,
    /// Pods without a node.
    pub pending: Vec<PodView>,
    /// Where the scheduler keeps pods, in the order in which it would take them.
    pub queue: Vec<(Ref, Queue)>,
    /// How many objects of each kind there are (`Pod`, `Deployment` …).
    pub objects: Sorted<&'static str, usize>,
    /// Workloads (Deployments, and sets without one) in order of appearance: each has its colour and two letters.
    pub workloads: Vec<Ref>,
    /// Workloads on their way from one revision to the next.
    pub rollouts: Vec<Rollout>,
    /// Services with their cluster IPs.
    pub services: Vec<(Ref, Rc<str>)>,
    /// Watches that are open: who, and of what (plural).
    pub watches: Vec<(Address, &'static str)>,
    /// Who leads, as the API knows it: whose lease has a holder, when it was last renewed, and until when that holds.
    pub leaders: Vec<(Address, Time, Time)>,
    /// Processes that do not run.
    pub stopped: Vec<Address>,
    /// Faults that last: which of [`super::input::FAULTS`], and what it befalls.
    pub faults: Vec<(&'static str, Rc<str>)>,
}

/// What the API believes of a node's readiness.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Readiness {
    /// `Ready=True`.
    Ready,
    /// `Ready=False`.
    NotReady,
    /// `Ready=Unknown`: nothing has been heard of it.
    #[default]
    Unknown,
}

/// An amount of what a node offers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Amounts {
    /// Thousandths of a core.
    pub cpu_milli: i64,
    /// Bytes.
    pub memory: i64,
    /// Pods.
    pub pods: i64,
}

/// A node.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeView {
    /// Its name.
    pub name: Rc<str>,
    /// Whether it carries the control plane.
    pub control_plane: bool,
    /// Its label `topology.kubernetes.io/zone`; empty without one.
    pub zone: Rc<str>,
    /// Its label `node-pool`; empty without one.
    pub pool: Rc<str>,
    /// What the API believes.
    pub readiness: Readiness,
    /// `spec.unschedulable`.
    pub cordoned: bool,
    /// Taints as `key=value:Effect`.
    pub taints: Vec<Rc<str>>,
    /// When its lease was last renewed, as the API knows it.
    pub lease: Option<Time>,
    /// Actual: whether its kubelet runs.
    pub kubelet_runs: bool,
    /// Actual: whether its network is cut.
    pub cut_off: bool,
    /// Actual: whether its machine has no power, and so no container runs.
    pub dark: bool,
    /// What it offers.
    pub allocatable: Amounts,
    /// What its pods have asked for.
    pub requested: Amounts,
    /// Its pods, in the order in which they came.
    pub pods: Vec<PodView>,
    /// Images that it has.
    pub images: usize,
    /// What makes its containers.
    pub engine: Engine,
    /// If its taints drive pods out: since when, and when the first of them has to go.
    pub eviction: Option<(Time, Time)>,
}

/// A workload on its way from one revision to the next, and the bounds of that way. Pods that are ending or have ended are
/// not counted, as controllers do not count them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rollout {
    /// An index into [`View::workloads`].
    pub workload: usize,
    /// So many pods have to stay available.
    pub least: usize,
    /// So many pods there may be in all.
    pub most: usize,
    /// Pods of the new revision: those that are available, and the others.
    pub new: (usize, usize),
    /// Pods of older revisions, likewise.
    pub old: (usize, usize),
}

/// A pod.
#[derive(Clone, PartialEq, Debug)]
pub struct PodView {
    /// Which.
    pub object: Ref,
    /// Its uid.
    pub uid: Rc<str>,
    /// The workload it belongs to: an index into [`View::workloads`].
    pub workload: Option<usize>,
    /// Whether its workload has a newer revision by now.
    pub outdated: bool,
    /// Whether it is the mirror of a static pod, which its kubelet runs from a file.
    pub mirror: bool,
    /// `status.phase`.
    pub phase: Rc<str>,
    /// kubectl's STATUS column: `Running`, `ContainerCreating`, `CrashLoopBackOff`, `Terminating` …
    pub status: Rc<str>,
    /// Whether the condition Ready is true.
    pub ready: bool,
    /// `status.reason`, or the reason of the condition or container that holds it up; may be empty.
    pub reason: Rc<str>,
    /// If its deletion was asked for: when its grace period ends.
    pub deadline: Option<Time>,
    /// When it was created.
    pub created: Time,
    /// Its address, empty before it has one.
    pub ip: Rc<str>,
    /// Its node, empty before it is bound.
    pub node: Rc<str>,
    /// Init containers, then containers.
    pub containers: Vec<ContainerView>,
    /// Ephemeral containers, which say nothing about the pod.
    pub debuggers: Vec<ContainerView>,
}

/// A container as the API shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct ContainerView {
    /// Its name.
    pub name: Rc<str>,
    /// Its image.
    pub image: Rc<str>,
    /// Whether it is an init container.
    pub init: bool,
    /// What it does.
    pub state: ContainerLook,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was restarted.
    pub restarts: i32,
    /// If it waits in a back-off: until when.
    pub backoff_until: Option<Time>,
}

/// What a container does, as the API shows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ContainerLook {
    /// Waiting, with the reason (may be empty).
    Waiting(Rc<str>),
    /// Running.
    Running,
    /// Ended, with code and reason.
    Terminated(i32, Rc<str>),
}
