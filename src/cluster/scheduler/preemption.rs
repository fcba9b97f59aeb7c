//! Preemption: which node could take the pod if less important pods left it, and which pods would have to go.
//!
//! For each node whose refusal the going of pods could lift, all pods of lower priority are taken away in thought; if
//! the pod then fits, as many as possible are let back, the most important first; the rest are the victims. Of several
//! nodes the one is chosen whose victims matter least. Upstream: `pkg/scheduler/framework/preemption/preemption.go`,
//! `plugins/defaultpreemption/default_preemption.go`.
//!
//! Left out: `PodDisruptionBudget`s (there is no such kind yet), and the limit to 10 % (at least 100) of the nodes.

use super::framework::{Cycle, Filter, Verdict};
use super::message::{count_reasons, no_nodes};
use super::nodes::NodeInfo;
use super::pod::PodInfo;
use crate::api::meta::moment;
use crate::cluster::fact::{NodeAnswer, Refusal};
use crate::sim::Time;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

const NO_VICTIMS: &str = "No preemption victims found for incoming pod";
const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";

/// Why the pod fits nowhere.
pub struct Failure<'f> {
    /// The filters that ran for it.
    pub filters: &'f [Box<dyn Filter + 'f>],
    /// What each node answered.
    pub nodes: &'f [NodeAnswer],
    /// What was said before any node was asked: it stands for all nodes.
    pub pre_filter: Option<&'f Refusal>,
}

/// A node that would take the pod if the victims went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The node.
    pub node: Rc<str>,
    /// Who would have to go, the most important first.
    pub victims: Vec<Rc<PodInfo>>,
}

/// Finds the best node to preempt on.
///
/// # Errors
/// Why there is none, as upstream words it.
pub fn search(cycle: &Cycle, failure: &Failure) -> Result<Candidate, String> {
    let (candidates, mut reasons) = candidates(cycle, failure);
    let all = cycle.snapshot.nodes.len();
    let best = candidates.into_iter().min_by_key(cost);
    best.ok_or_else(|| {
        let explained: usize = reasons.remove("").unwrap_or(0);
        if all > explained {
            *reasons.entry(NOT_HELPFUL.to_owned()).or_default() += all - explained;
        }
        no_nodes(all, &reasons)
    })
}

/// All candidates, and the reasons of the nodes that are none, counted (under an empty name: those nodes).
#[must_use]
pub fn candidates(cycle: &Cycle, failure: &Failure) -> (Vec<Candidate>, BTreeMap<String, usize>) {
    let mut found = Vec::new();
    let mut reasons = BTreeMap::new();
    let hopeless = failure.pre_filter.is_some_and(|refusal| !refusal.resolvable);
    let resolvable = failure.nodes.iter().filter(|node| node.refused.as_ref().is_some_and(|no| no.resolvable));
    for answer in resolvable.filter(|_| !hopeless) {
        let Some(node) = cycle.snapshot.get(&answer.node) else { continue };
        match victims_on(cycle.pod, node, failure.filters) {
            Ok(victims) => found.push(Candidate { node: answer.node.clone(), victims }),
            Err(refused) => {
                count_reasons(&mut reasons, &refused);
                *reasons.entry(String::new()).or_default() += 1;
            }
        }
    }
    (found, reasons)
}

/// Upstream: `SelectVictimsOnNode`.
fn victims_on(
    pod: &PodInfo,
    node: &Rc<NodeInfo>,
    filters: &[Box<dyn Filter + '_>],
) -> Result<Vec<Rc<PodInfo>>, Vec<String>> {
    let mut lower: Vec<_> = node.pods.values().filter(|other| other.priority() < pod.priority()).cloned().collect();
    if lower.is_empty() {
        return Err(vec![NO_VICTIMS.to_owned()]);
    }
    let mut thought = WhatIf::new(node, filters);
    for victim in &lower {
        thought.remove(victim);
    }
    thought.fits().map_err(|refused| refused.reasons.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    lower.sort_by_key(importance);
    lower.retain(|victim| {
        thought.add(victim);
        let stays = thought.fits().is_ok();
        if !stays {
            thought.remove(victim);
        }
        !stays
    });
    Ok(lower)
}

/// Higher priority first, then who has run longer. Upstream: `util.MoreImportantPod`.
fn importance(pod: &Rc<PodInfo>) -> (Reverse<i32>, Time) {
    (Reverse(pod.priority()), started(pod))
}

/// A pod that has not started counts as starting now. Upstream: `util.GetPodStartTime`.
fn started(pod: &PodInfo) -> Time {
    pod.pod().status.start_time.as_ref().map_or(Time::from_micros(i64::MAX), moment)
}

/// Lowest is best: priority of the most important victim, sum of priorities, number of victims, and how early the most
/// important ones were started (the later the better). Upstream: `pickOneNodeForPreemption`.
fn cost(candidate: &Candidate) -> (i32, i64, usize, Reverse<Time>) {
    let victims = &candidate.victims;
    let highest = victims.iter().map(|pod| pod.priority()).max().unwrap_or(i32::MIN);
    let sum = victims.iter().map(|pod| i64::from(pod.priority()) + i64::from(i32::MAX) + 1).sum();
    let earliest = victims.iter().filter(|pod| pod.priority() == highest).map(|pod| started(pod)).min();
    (highest, sum, victims.len(), Reverse(earliest.unwrap_or_default()))
}

/// A node as it would be, and filters that know of it.
struct WhatIf<'f> {
    node: NodeInfo,
    filters: Vec<Thinking<'f>>,
}

enum Thinking<'f> {
    Same(&'f dyn Filter),
    Copy(Box<dyn Filter + 'f>),
}

impl<'f> WhatIf<'f> {
    fn new(node: &NodeInfo, filters: &'f [Box<dyn Filter + 'f>]) -> Self {
        let same = filters.iter().map(|filter| filter.copy().map_or(Thinking::Same(&**filter), Thinking::Copy));
        Self { node: node.clone(), filters: same.collect() }
    }

    fn remove(&mut self, pod: &Rc<PodInfo>) {
        self.node.remove_pod(&pod.uid);
        for filter in &mut self.filters {
            if let Thinking::Copy(filter) = filter {
                filter.remove_pod(pod, &self.node);
            }
        }
    }

    fn add(&mut self, pod: &Rc<PodInfo>) {
        self.node.add_pod(pod);
        for filter in &mut self.filters {
            if let Thinking::Copy(filter) = filter {
                filter.add_pod(pod, &self.node);
            }
        }
    }

    fn fits(&self) -> Verdict {
        self.filters.iter().try_for_each(|filter| match filter {
            Thinking::Same(filter) => filter.filter(&self.node),
            Thinking::Copy(filter) => filter.filter(&self.node),
        })
    }
}
