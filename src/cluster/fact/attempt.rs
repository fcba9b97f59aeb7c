//! One attempt of the scheduler, with every answer of every plugin: what the scheduler view and the light cone show.

use crate::api::object::Ref;
use crate::sim::Time;
use std::rc::Rc;

/// One attempt to schedule one pod, with every answer of every plugin.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Attempt {
    /// The pod.
    pub pod: Ref,
    /// Which attempt of this pod, from 1.
    pub number: u32,
    /// `schedulerName` of the profile.
    pub profile: Rc<str>,
    /// When it began.
    pub at: Time,
    /// Why the pod had come (back) into the active queue, such as `PodAdd` or `NodeAdd`.
    pub woken_by: Rc<str>,
    /// The plugin that refused the pod before any node was looked at, with its reasons.
    pub pre_filter: Option<Refusal>,
    /// The filter plugins that ran for this pod, in their order.
    pub filters: Rc<[&'static str]>,
    /// Nodes in the order in which they were examined. Not all are, once enough are found feasible.
    pub nodes: Vec<NodeAnswer>,
    /// The score plugins that ran, with their weights.
    pub scorers: Rc<[(&'static str, i64)]>,
    /// What came of it.
    pub result: AttemptResult,
    /// The text of the `FailedScheduling` event, empty on success.
    pub message: Rc<str>,
    /// The nodes on which there would be room if other pods went; the first is the one that preemption has chosen.
    pub candidates: Vec<PreemptionCandidate>,
}

/// A node that would take the pod if less important ones went.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PreemptionCandidate {
    /// The node.
    pub node: Rc<str>,
    /// Who would have to go, the most important first.
    pub victims: Vec<Ref>,
}

/// What a filter said against a pod.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Refusal {
    /// The plugin.
    pub plugin: &'static str,
    /// Whether removing pods could help (`Unschedulable`) or not (`UnschedulableAndUnresolvable`).
    pub resolvable: bool,
    /// Its reasons.
    pub reasons: Vec<Rc<str>>,
}

/// All answers for one node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NodeAnswer {
    /// The node.
    pub node: Rc<str>,
    /// The first filter that refused; `None`: feasible. Nodes with the same answer share it.
    pub refused: Option<Rc<Refusal>>,
    /// How it was rated. Nodes that were rated alike share it: in a large cluster there are many answers to keep.
    pub rating: Rc<Rating>,
}

/// How a node was rated.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Rating {
    /// For each of [`Attempt::scorers`] the raw and the normalised score (0–100); empty unless nodes were scored (a
    /// single feasible node is not).
    pub scores: Vec<(i64, i64)>,
    /// Sum of normalised × weight.
    pub total: i64,
}

/// What came of an attempt.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum AttemptResult {
    /// A node was chosen; a Binding goes to the API server.
    Chosen(Rc<str>),
    /// No node is feasible.
    Unschedulable,
    /// Something else went wrong; the text says what.
    Error(Rc<str>),
}
