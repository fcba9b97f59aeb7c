//! `PodTopologySpread`: pods of one kind are spread over zones, nodes or whatever a label tells apart. Constraints with
//! `DoNotSchedule` filter, those with `ScheduleAnyway` give points; a pod without any gets the system's defaults (zone
//! with skew 5, host with skew 3, both `ScheduleAnyway`) for the pods that its services and its set select.
//! Upstream: `plugins/podtopologyspread/{common,filtering,scoring,plugin}.go`.

use super::node_affinity::Required;
use super::taint_toleration::untolerated;
use crate::api::object::Object;
use crate::api::selector::{Operator, Selector};
use crate::cluster::scheduler::affinity::with_keys;
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{
    Cycle, Filter, MAX_NODE_SCORE, Plugin, PreFilter, PreScore, Refused, Scorer, Verdict,
};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::{PodInfo, labels_of};
use k8s_openapi::api::core::v1 as core;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";
const MISMATCH: &str = "node(s) didn't match pod topology spread constraints";
const NO_LABEL: &str = "node(s) didn't match pod topology spread constraints (missing required label)";

/// The plugin.
#[derive(Debug)]
pub struct PodTopologySpread;

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn interests(&self) -> &'static [Interest] {
        const {
            &[
                Interest {
                    of: Of::Pods,
                    actions: Action::ADD.or(Action::DELETE).or(Action::POD_LABEL),
                    hint: pod_counts,
                },
                Interest {
                    of: Of::Nodes,
                    actions: Action::ADD.or(Action::DELETE).or(Action::NODE_LABEL).or(Action::NODE_TAINT),
                    hint: node_counts,
                },
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        let own = has_own(cycle.pod);
        let constraints = if own { given(cycle.pod, "DoNotSchedule") } else { defaults(cycle, "DoNotSchedule") };
        if constraints.is_empty() {
            return PreFilter::Skip;
        }
        let mut hard = Hard {
            pod: cycle.pod,
            minimums: vec![0; constraints.len()],
            counts: vec![BTreeMap::new(); constraints.len()],
            constraints: Rc::new(constraints),
        };
        let required = Required::of(cycle.pod.spec());
        for node in cycle.snapshot.nodes.iter().filter(|node| has_all(&hard.constraints, node)) {
            for (constraint, counts) in hard.constraints.iter().zip(&mut hard.counts) {
                if let Some(value) =
                    node.label(constraint.key).filter(|_| constraint.includes(cycle.pod, &required, node))
                {
                    *counts.entry(value).or_default() += matching(node, &constraint.selector, cycle.pod);
                }
            }
        }
        hard.find_minimums();
        PreFilter::Run(Box::new(hard))
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        let own = has_own(cycle.pod);
        let constraints = if own { given(cycle.pod, "ScheduleAnyway") } else { defaults(cycle, "ScheduleAnyway") };
        if constraints.is_empty() {
            return PreScore::Skip;
        }
        PreScore::Run(Box::new(Soft::new(cycle, nodes, constraints, own || cycle.args.default_constraints.is_some())))
    }
}

/// One constraint.
#[derive(Debug)]
struct Constraint<'a> {
    max_skew: i64,
    key: &'a str,
    selector: Selector,
    min_domains: usize,
    honour_affinity: bool,
    honour_taints: bool,
}

impl Constraint<'_> {
    /// Whether the pods of a node count at all. Upstream: `matchNodeInclusionPolicies`.
    fn includes(&self, pod: &PodInfo, required: &Required, node: &NodeInfo) -> bool {
        let selected = || node.object().is_some_and(|object| required.matches(object));
        (!self.honour_affinity || selected()) && !(self.honour_taints && untolerated(pod.tolerations(), node.taints()))
    }
}

fn has_own(pod: &PodInfo) -> bool {
    pod.spec().topology_spread_constraints.as_ref().is_some_and(|given| !given.is_empty())
}

fn given<'a>(pod: &'a PodInfo, action: &str) -> Vec<Constraint<'a>> {
    let constraints = pod.spec().topology_spread_constraints.as_deref().unwrap_or_default();
    read(pod, constraints, action)
}

/// The constraints that ask for this.
fn read<'a>(pod: &PodInfo, list: &'a [core::TopologySpreadConstraint], action: &str) -> Vec<Constraint<'a>> {
    let read = |constraint: &'a core::TopologySpreadConstraint| {
        let selector = Selector::from_object(constraint.label_selector.as_ref()).unwrap_or(Selector::Nothing);
        Constraint {
            max_skew: i64::from(constraint.max_skew),
            key: &constraint.topology_key,
            selector: with_keys(&pod.object, selector, constraint.match_label_keys.as_deref(), Operator::In),
            min_domains: constraint.min_domains.and_then(|number| usize::try_from(number).ok()).unwrap_or(1),
            honour_affinity: constraint.node_affinity_policy.as_deref() != Some("Ignore"),
            honour_taints: constraint.node_taints_policy.as_deref() == Some("Honor"),
        }
    };
    list.iter().filter(|constraint| constraint.when_unsatisfiable == action).map(read).collect()
}

/// Upstream: `systemDefaultConstraints`, `buildDefaultConstraints`.
fn defaults<'a>(cycle: &Cycle<'a>, action: &str) -> Vec<Constraint<'a>> {
    let list = cycle.args.default_constraints.as_deref();
    if list.map_or(action != "ScheduleAnyway", <[_]>::is_empty) {
        return Vec::new();
    }
    let selector = cycle.snapshot.surroundings.default_selector(&cycle.pod.object);
    if selector.is_everything() {
        return Vec::new();
    }
    let constraint = |key, max_skew| Constraint {
        max_skew,
        key,
        selector: selector.clone(),
        min_domains: 1,
        honour_affinity: true,
        honour_taints: false,
    };
    let Some(list) = list else { return vec![constraint(HOST, 3), constraint(ZONE, 5)] };
    let selected = |given| Constraint { selector: selector.clone(), ..given };
    read(cycle.pod, list, action).into_iter().map(selected).collect()
}

fn has_all(constraints: &[Constraint], node: &NodeInfo) -> bool {
    constraints.iter().all(|constraint| node.label(constraint.key).is_some())
}

/// How many pods of a node count. Upstream: `countPodsMatchSelector`.
fn matching(node: &NodeInfo, selector: &Selector, pod: &PodInfo) -> i64 {
    if selector.is_everything() {
        return 0;
    }
    let alike = node.alike.iter().filter(|(other, _)| counts(&other.object, selector, pod));
    i64::try_from(alike.map(|(_, count)| count).sum::<usize>()).unwrap_or(i64::MAX)
}

fn counts(other: &Object, selector: &Selector, pod: &PodInfo) -> bool {
    !other.is_terminating() && other.namespace() == pod.object.namespace() && selector.matches(labels_of(other))
}

/// `DoNotSchedule`.
struct Hard<'a> {
    pod: &'a PodInfo,
    constraints: Rc<Vec<Constraint<'a>>>,
    /// For each constraint: pods in each domain.
    counts: Vec<BTreeMap<&'a str, i64>>,
    minimums: Vec<i64>,
}

impl Hard<'_> {
    fn find_minimums(&mut self) {
        for (minimum, counts) in self.minimums.iter_mut().zip(&self.counts) {
            *minimum = counts.values().copied().min().unwrap_or(i64::from(i32::MAX));
        }
    }

    fn shift(&mut self, other: &PodInfo, node: &NodeInfo, by: i64) {
        if other.object.namespace() != self.pod.object.namespace() || !has_all(&self.constraints, node) {
            return;
        }
        let required = Required::of(self.pod.spec());
        for (constraint, counts) in self.constraints.iter().zip(&mut self.counts) {
            let concerned =
                constraint.selector.matches(labels_of(&other.object)) && constraint.includes(self.pod, &required, node);
            let count = node.label(constraint.key).and_then(|value| counts.get_mut(value));
            if let Some(count) = count.filter(|_| concerned) {
                *count += by;
            }
        }
        self.find_minimums();
    }
}

impl Filter for Hard<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        for (index, constraint) in self.constraints.iter().enumerate() {
            let Some(value) = node.label(constraint.key) else { return Err(Refused::unresolvable(NO_LABEL)) };
            let counts = &self.counts[index];
            let least = if counts.len() < constraint.min_domains { 0 } else { self.minimums[index] };
            let here = counts.get(value).copied().unwrap_or(0);
            let own = i64::from(constraint.selector.matches(labels_of(&self.pod.object)));
            if here + own - least > constraint.max_skew {
                return Err(Refused::unschedulable(MISMATCH));
            }
        }
        Ok(())
    }

    fn add_pod(&mut self, pod: &PodInfo, node: &NodeInfo) {
        self.shift(pod, node, 1);
    }

    fn remove_pod(&mut self, pod: &PodInfo, node: &NodeInfo) {
        self.shift(pod, node, -1);
    }

    fn copy<'b>(&'b self) -> Option<Box<dyn Filter + 'b>> {
        Some(Box::new(Hard {
            pod: self.pod,
            constraints: self.constraints.clone(),
            counts: self.counts.clone(),
            minimums: self.minimums.clone(),
        }))
    }
}

/// `ScheduleAnyway`.
struct Soft<'a> {
    pod: &'a PodInfo,
    constraints: Vec<Constraint<'a>>,
    /// For each constraint: pods in each domain of a feasible node; hosts are counted when they are asked about.
    counts: Vec<BTreeMap<&'a str, i64>>,
    weights: Vec<f64>,
    /// Feasible nodes that lack a label.
    ignored: BTreeSet<Rc<str>>,
    /// The same by their places among the feasible ones.
    ignored_places: Vec<bool>,
}

impl<'a> Soft<'a> {
    /// `strict`: nodes without all labels do not count (not so with the system's defaults).
    fn new(cycle: &Cycle<'a>, nodes: &[&'a NodeInfo], constraints: Vec<Constraint<'a>>, strict: bool) -> Self {
        let lacks = |node: &NodeInfo| strict && !has_all(&constraints, node);
        let ignored_places: Vec<bool> = nodes.iter().map(|node| lacks(node)).collect();
        let mut counts = vec![BTreeMap::new(); constraints.len()];
        for node in nodes.iter().filter(|node| !lacks(node)) {
            for (constraint, counts) in constraints.iter().zip(&mut counts).filter(|(c, _)| c.key != HOST) {
                counts.insert(node.label(constraint.key).unwrap_or_default(), 0);
            }
        }
        let considered = ignored_places.iter().filter(|ignored| !**ignored).count();
        let size = |(constraint, counts): (&Constraint, &BTreeMap<&str, i64>)| {
            if constraint.key == HOST { considered } else { counts.len() }
        };
        let weights = constraints.iter().zip(&counts).map(|pair| natural_log(size(pair) + 2)).collect();
        let required = Required::of(cycle.pod.spec());
        for node in cycle.snapshot.nodes.iter().filter(|node| !lacks(node)) {
            for (constraint, counts) in constraints.iter().zip(&mut counts) {
                let count = counts.get_mut(node.label(constraint.key).unwrap_or_default());
                if let Some(count) = count.filter(|_| constraint.includes(cycle.pod, &required, node)) {
                    *count += matching(node, &constraint.selector, cycle.pod);
                }
            }
        }
        let ignored = nodes.iter().filter(|node| lacks(node)).map(|node| node.name.clone()).collect();
        Self { pod: cycle.pod, constraints, counts, weights, ignored, ignored_places }
    }
}

impl Scorer for Soft<'_> {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as upstream")]
    fn score(&self, node: &NodeInfo) -> i64 {
        if self.ignored.contains(&node.name) {
            return 0;
        }
        let mut score = 0.0;
        for (index, constraint) in self.constraints.iter().enumerate() {
            let Some(value) = node.label(constraint.key) else { continue };
            let count = if constraint.key == HOST {
                matching(node, &constraint.selector, self.pod)
            } else {
                self.counts[index].get(value).copied().unwrap_or(0)
            };
            score += count as f64 * self.weights[index] + (constraint.max_skew - 1) as f64;
        }
        score.round() as i64
    }

    /// The fewer the better. Upstream: `NormalizeScore`.
    fn normalize(&self, scores: &mut [i64]) {
        let counted =
            || scores.iter().zip(&self.ignored_places).filter(|(_, ignored)| !**ignored).map(|(score, _)| *score);
        let (least, most) = (counted().min().unwrap_or(i64::MAX), counted().max().unwrap_or(0));
        for (score, ignored) in scores.iter_mut().zip(&self.ignored_places) {
            *score = match (ignored, most) {
                (true, _) => 0,
                (false, 0) => MAX_NODE_SCORE,
                (false, most) => MAX_NODE_SCORE * (most + least - *score) / most,
            };
        }
    }
}

/// The natural logarithm of a whole number ≥ 2, equal bit by bit on every machine: the method of FreeBSD's `e_log.c`, which
/// Go's `math.Log` follows too. (What a platform offers may differ in the last bit.)
#[expect(clippy::cast_precision_loss, clippy::suboptimal_flops, reason = "each operation rounds as upstream's does")]
fn natural_log(number: usize) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const EVEN: [f64; 3] = [3.999_999_999_940_942e-1, 2.222_219_843_214_978_4e-1, 1.531_383_769_920_937_3e-1];
    const ODD: [f64; 4] =
        [6.666_666_666_666_735e-1, 2.857_142_874_366_239e-1, 1.818_357_216_161_805e-1, 1.479_819_860_511_658_6e-1];
    // number = fraction × 2^exponent with √½ ≤ fraction < √2.
    let mut fraction = number as f64;
    let mut exponent = 0_i32;
    while fraction >= std::f64::consts::SQRT_2 {
        fraction /= 2.0;
        exponent += 1;
    }
    let (f, k) = (fraction - 1.0, f64::from(exponent));
    let s = f / (2.0 + f);
    let (s2, s4) = (s * s, (s * s) * (s * s));
    let odd = s2 * (ODD[0] + s4 * (ODD[1] + s4 * (ODD[2] + s4 * ODD[3])));
    let even = s4 * (EVEN[0] + s4 * (EVEN[1] + s4 * EVEN[2]));
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + (odd + even)) + k * LN2_LOW)) - f)
}

/// Whether a pod that comes, goes or changes its labels changes the counts.
fn pod_counts(pod: &PodInfo, change: &Change) -> bool {
    let constraints = given(pod, "DoNotSchedule");
    let selects = |object: Option<&Object>| {
        let all = |object: &&Object| constraints.iter().all(|c| c.selector.matches(labels_of(object)));
        object.as_ref().is_some_and(all)
    };
    if change.is_about(pod) {
        return true;
    }
    let near = change.new.or(change.old).is_some_and(|object| object.namespace() == pod.object.namespace());
    near && selects(change.old) != selects(change.new)
}

/// Whether a node that comes, goes or changes brings or takes a domain.
fn node_counts(pod: &PodInfo, change: &Change) -> bool {
    let constraints = given(pod, "DoNotSchedule");
    let labelled = |object: Option<&Object>| {
        object.is_some_and(|object| constraints.iter().all(|c| labels_of(object).contains_key(c.key)))
    };
    labelled(change.new) || labelled(change.old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_that_of_the_platform_to_the_last_bits() {
        for number in 2..2000_usize {
            let reference = f64::from(u32::try_from(number).expect("small")).ln();
            assert!((natural_log(number) - reference).abs() <= 2.0 * f64::EPSILON * reference, "{number}");
        }
    }
}
