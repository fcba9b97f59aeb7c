//! Preemption: which node could take the pod if less important pods left it, and which pods would have to go.
//!
//! For each node whose refusal the going of pods could lift, all pods of lower priority are taken away in thought; if
//! the pod then fits, as many as possible are let back, the most important first; the rest are the victims. Of several
//! nodes the one is chosen whose victims matter least. Upstream: `pkg/scheduler/framework/preemption/preemption.go`,
//! `plugins/defaultpreemption/default_preemption.go`.
//!
//! The victims are then deleted gracefully and the pod is *nominated* for the node: while they end, pods of lower or equal
//! priority see it as if it were there already.
//!
//! No more nodes are tried than 10 % of them, but at least 100 (or as configured); upstream begins at one that is drawn, here
//! at the one at which the cycle began.
//!
//! Left out: that the requests are sent in the background.

use super::framework::{Cycle, Filter, Refused};
use super::message::{count_reasons, no_nodes};
use super::nodes::NodeInfo;
use super::pod::{PodInfo, labels_of};
use super::surroundings::Surroundings;
use crate::api::kinds::pod_disruption_budget;
use crate::api::meta::moment;
use crate::api::object::Object;
use crate::api::selector::Selector;
use crate::cluster::fact::{NodeAnswer, Refusal};
use crate::sim::{Order, Sorted, Time};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use std::cmp::Reverse;
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
    /// How many of them disruption budgets would protect.
    pub violations: usize,
}

/// Why the pod may not preempt others now. Upstream: `PodEligibleToPreemptOthers`.
#[must_use]
pub fn not_eligible(cycle: &Cycle, failure: &Failure) -> Option<&'static str> {
    if cycle.pod.spec().preemption_policy.as_deref() == Some("Never") {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let name = cycle.pod.nominated_node()?;
    let node = cycle.snapshot.get(name)?;
    let answer = failure.nodes.iter().find(|answer| *answer.node == *name);
    if answer.and_then(|answer| answer.refused.as_ref()).is_some_and(|refusal| !refusal.resolvable) {
        return None;
    }
    let leaving = |other: &Rc<PodInfo>| other.priority() < cycle.pod.priority() && is_being_preempted(other);
    node.pods.values().any(leaving).then_some("not eligible due to a terminating pod on the nominated node.")
}

/// Whether the pod is ending because the scheduler asked for it.
fn is_being_preempted(pod: &PodInfo) -> bool {
    let condition = pod.pod().condition("DisruptionTarget");
    pod.object.is_terminating()
        && condition.is_some_and(|c| c.status == "True" && c.reason.as_deref() == Some("PreemptionByScheduler"))
}

/// Finds the best node to preempt on, and the others on which it would help, too.
///
/// # Errors
/// Why there is none, as upstream words it.
pub fn search(cycle: &Cycle, failure: &Failure) -> Result<(Candidate, Vec<Candidate>), String> {
    let (mut candidates, mut reasons) = candidates(cycle, failure);
    let all = cycle.snapshot.nodes.len();
    let best = (0..candidates.len()).min_by_key(|place| cost(&candidates[*place]));
    best.map(|place| (candidates.remove(place), candidates)).ok_or_else(|| {
        let explained: usize = reasons.remove("").unwrap_or(0);
        if all > explained {
            *reasons.get_or_default(NOT_HELPFUL.to_owned()) += all - explained;
        }
        no_nodes(all, &reasons)
    })
}

/// All candidates, and the reasons of the nodes that are none, counted (under an empty name: those nodes).
#[must_use]
pub fn candidates(cycle: &Cycle, failure: &Failure) -> (Vec<Candidate>, Sorted<String, usize>) {
    let mut found = Vec::new();
    let mut reasons = Sorted::new();
    let hopeless = failure.pre_filter.is_some_and(|refusal| !refusal.resolvable);
    let budgets = Budgets::new(&cycle.snapshot.surroundings);
    let resolvable = |node: &&NodeAnswer| node.refused.as_ref().is_some_and(|no| no.resolvable);
    let potential: Vec<_> = failure.nodes.iter().filter(resolvable).filter(|_| !hopeless).collect();
    let (percent, least) = cycle.args.min_candidates;
    let enough = (potential.len() * percent / 100).max(least).min(potential.len());
    for step in 0..potential.len() {
        // Upstream: `DryRunPreemption`: enough is enough if one of them breaks no budget.
        if found.len() >= enough && found.iter().any(|candidate: &Candidate| candidate.violations == 0) {
            break;
        }
        let answer = potential[(cycle.start + step) % potential.len()];
        let Some(node) = cycle.snapshot.get(&answer.node) else { continue };
        match victims_on(cycle, node, failure.filters, &budgets) {
            Ok((victims, violations)) => found.push(Candidate { node: answer.node.clone(), victims, violations }),
            Err(refused) => {
                count_reasons(&mut reasons, &refused);
                *reasons.get_or_default(String::new()) += 1;
            }
        }
    }
    (found, reasons)
}

/// Upstream: `SelectVictimsOnNode`: the victims, and how many of them budgets would protect.
fn victims_on(
    cycle: &Cycle,
    node: &Rc<NodeInfo>,
    filters: &[Box<dyn Filter + '_>],
    budgets: &Budgets,
) -> Result<(Vec<Rc<PodInfo>>, usize), Vec<String>> {
    let less = |other: &&Rc<PodInfo>| other.priority() < cycle.pod.priority();
    let mut lower: Vec<_> = node.pods.values().filter(less).cloned().collect();
    if lower.is_empty() {
        return Err(vec![NO_VICTIMS.to_owned()]);
    }
    // It must fit without the pods that are nominated for the node, and with them if there are any.
    let mut thoughts = vec![WhatIf::new(node, filters)];
    let mut nominated = cycle.snapshot.nominated_on(&node.name, cycle.pod).peekable();
    if nominated.peek().is_some() {
        thoughts.insert(0, WhatIf::new(node, filters));
        nominated.for_each(|pod| thoughts[0].add(pod));
    }
    for thought in &mut thoughts {
        for victim in &lower {
            thought.remove(victim);
        }
    }
    if let Some((_, refused)) = thoughts.iter().find_map(WhatIf::first_no) {
        return Err(refused.reasons.iter().map(ToString::to_string).collect());
    }
    lower.order_by_key(importance);
    let mut goes = |victim: &Rc<PodInfo>| {
        for thought in &mut thoughts {
            thought.add(victim);
        }
        let goes = thoughts.iter().any(|thought| thought.first_no().is_some());
        for thought in thoughts.iter_mut().filter(|_| goes) {
            thought.remove(victim);
        }
        goes
    };
    // Those whose going would break a budget are let back first.
    let protected = budgets.protected(&lower);
    let (mut victims, mut others): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for (victim, protected) in lower.into_iter().zip(protected) {
        if protected { victims.push(victim) } else { others.push(victim) }
    }
    victims.retain(&mut goes);
    others.retain(&mut goes);
    let violations = victims.len();
    victims.append(&mut others);
    victims.order_by_key(importance);
    Ok((victims, violations))
}

/// Disruption budgets: of which pods, and how many of them may go.
struct Budgets<'a>(Vec<Budget<'a>>);

struct Budget<'a> {
    namespace: &'a str,
    selector: Selector,
    allowed: i64,
    /// Names of pods whose going is counted already.
    going: Option<&'a serde_json::Value>,
}

impl<'a> Budgets<'a> {
    /// A budget without a selector, or with an empty one, protects nobody.
    fn new(surroundings: &'a Surroundings) -> Self {
        let read = |object: &'a Object| {
            let budget = object.document()?;
            let selector: Option<LabelSelector> = budget.part("spec.selector");
            let selector = Selector::from_object(selector.as_ref()).ok()?;
            let allowed = budget.at("status.disruptionsAllowed").and_then(serde_json::Value::as_i64).unwrap_or(0);
            let going = budget.at("status.disruptedPods");
            let some = !selector.is_everything() && selector != Selector::Nothing;
            some.then_some(Budget { namespace: object.namespace(), selector, allowed, going })
        };
        Self(surroundings.all(&pod_disruption_budget::KIND).filter_map(read).collect())
    }

    /// For each pod, the most important first, whether its going would break a budget.
    /// Upstream: `filterPodsWithPDBViolation`.
    fn protected(&self, pods: &[Rc<PodInfo>]) -> Vec<bool> {
        let mut allowed: Vec<i64> = self.0.iter().map(|budget| budget.allowed).collect();
        let mut breaks = |pod: &Rc<PodInfo>| {
            let (object, labels) = (&pod.object, labels_of(&pod.object));
            let mut protected = false;
            for (budget, allowed) in self.0.iter().zip(&mut allowed) {
                let counted = budget.going.is_some_and(|going| going.get(object.name()).is_some());
                let meant = budget.namespace == object.namespace() && budget.selector.matches(labels);
                if !labels.is_empty() && meant && !counted {
                    *allowed -= 1;
                    protected |= *allowed < 0;
                }
            }
            protected
        };
        pods.iter().map(&mut breaks).collect()
    }
}

/// Higher priority first, then who has run longer. Upstream: `util.MoreImportantPod`.
fn importance(pod: &Rc<PodInfo>) -> (Reverse<i32>, Time) {
    (Reverse(pod.priority()), started(pod))
}

/// A pod that has not started counts as starting now. Upstream: `util.GetPodStartTime`.
fn started(pod: &PodInfo) -> Time {
    pod.pod().status.start_time.as_ref().map_or(Time::from_micros(i64::MAX), moment)
}

/// Lowest is best: victims that budgets would protect, priority of the most important victim, sum of priorities, number of victims, and how early the most
/// important ones were started (the later the better). Upstream: `pickOneNodeForPreemption`.
fn cost(candidate: &Candidate) -> (usize, i32, i64, usize, Reverse<Time>) {
    let victims = &candidate.victims;
    let highest = victims.iter().map(|pod| pod.priority()).max().unwrap_or(i32::MIN);
    let sum = victims.iter().map(|pod| i64::from(pod.priority()) + i64::from(i32::MAX) + 1).sum();
    let earliest = victims.iter().filter(|pod| pod.priority() == highest).map(|pod| started(pod)).min();
    (candidate.violations, highest, sum, victims.len(), Reverse(earliest.unwrap_or_default()))
}

/// A node as it would be, and filters that know of it.
pub struct WhatIf<'f> {
    node: NodeInfo,
    filters: Vec<Thinking<'f>>,
}

enum Thinking<'f> {
    Same(&'f dyn Filter),
    Copy(Box<dyn Filter + 'f>),
}

impl<'f> WhatIf<'f> {
    /// The node as it is.
    #[must_use]
    pub fn new(node: &NodeInfo, filters: &'f [Box<dyn Filter + 'f>]) -> Self {
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

    /// With one more pod.
    pub fn add(&mut self, pod: &Rc<PodInfo>) {
        self.node.add_pod(pod);
        for filter in &mut self.filters {
            if let Thinking::Copy(filter) = filter {
                filter.add_pod(pod, &self.node);
            }
        }
    }

    /// The first filter that refuses: its place, and why.
    #[must_use]
    pub fn first_no(&self) -> Option<(usize, Refused)> {
        let ask = |filter: &Thinking| match filter {
            Thinking::Same(filter) => filter.filter(&self.node),
            Thinking::Copy(filter) => filter.filter(&self.node),
        };
        self.filters.iter().enumerate().find_map(|(place, filter)| ask(filter).err().map(|no| (place, no)))
    }
}
