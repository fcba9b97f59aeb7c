//! `PodTopologySpread`: pods of one kind are spread over zones, nodes or whatever a label tells apart. Constraints with
//! `DoNotSchedule` filter, those with `ScheduleAnyway` give points; a pod without any gets the system's defaults (zone
//! with skew 5, host with skew 3, both `ScheduleAnyway`) for the pods that its services and its set select.
//! Upstream: `plugins/podtopologyspread/{common,filtering,scoring,plugin}.go`.

mod domains;

use self::domains::{Domains, Matching};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::pod::placing::{Required, untolerated};
use crate::api::selector::{Operator, Selector};
use crate::cluster::scheduler::affinity::with_keys;
use crate::cluster::scheduler::crowd::{Alike, nodes_of};
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
                    actions: Action::ADD.or(Action::DELETE).or(Action::POD_LABEL).or(Action::POD_TOLERATIONS),
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
        let required = Required::of(cycle.pod.spec());
        let crowd = &cycle.snapshot.crowd;
        // Where all nodes count alike, it is enough to look at those with pods that match.
        let domains: Option<Vec<usize>> =
            constraints.iter().map(|c| crowd.values_everywhere(c.key).filter(|_| c.includes_all(&required))).collect();
        let counts = match domains {
            Some(domains) => domains.into_iter().zip(&constraints).map(|(n, c)| Domains::known(cycle, c, n)).collect(),
            None => Domains::asked(cycle, &constraints, &required),
        };
        let since = vec![0; constraints.len()];
        PreFilter::Run(Box::new(Hard { pod: cycle.pod, known: Rc::new((constraints, counts)), since }))
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
    /// Whether the pods of all nodes count.
    fn includes_all(&self, required: &Required) -> bool {
        !self.honour_taints && (!self.honour_affinity || required.is_nothing())
    }

    /// Whether pods like this one count. Upstream: `countPodsMatchSelector`.
    fn counts(&self, other: &Object, pod: &PodInfo) -> bool {
        !other.is_terminating()
            && other.namespace() == pod.object.namespace()
            && !self.selector.is_everything()
            && self.selector.matches(labels_of(other))
    }

    /// The pods that count, those that are alike together.
    fn counted<'s>(&self, cycle: &Cycle<'s>) -> impl Iterator<Item = &'s Alike> {
        let pod = cycle.pod;
        cycle.snapshot.crowd.candidates(&self.selector).filter(move |alike| self.counts(&alike.one.object, pod))
    }

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

/// Whether every node has the labels of all constraints.
fn everywhere(cycle: &Cycle, constraints: &[Constraint]) -> bool {
    constraints.iter().all(|constraint| cycle.snapshot.crowd.values_everywhere(constraint.key).is_some())
}

fn has_all(constraints: &[Constraint], node: &NodeInfo) -> bool {
    constraints.iter().all(|constraint| node.label(constraint.key).is_some())
}

/// `DoNotSchedule`.
struct Hard<'a> {
    pod: &'a PodInfo,
    known: Rc<(Vec<Constraint<'a>>, Vec<Domains<'a>>)>,
    /// For each constraint how many pods more (or less) there would be in the domain of the node that is asked about.
    since: Vec<i64>,
}

impl Hard<'_> {
    fn shift(&mut self, other: &PodInfo, node: &NodeInfo, by: i64) {
        let constraints = &self.known.0;
        if other.object.namespace() != self.pod.object.namespace() || !has_all(constraints, node) {
            return;
        }
        let required = Required::of(self.pod.spec());
        for (constraint, since) in constraints.iter().zip(&mut self.since) {
            if constraint.selector.matches(labels_of(&other.object)) && constraint.includes(self.pod, &required, node) {
                *since += by;
            }
        }
    }
}

impl Filter for Hard<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        for ((constraint, domains), since) in self.known.0.iter().zip(&self.known.1).zip(&self.since) {
            let Some(value) = node.label(constraint.key) else { return Err(Refused::unresolvable(NO_LABEL)) };
            let (here, least) = domains.here_and_least(value, *since);
            let few = domains.counts.len() + domains.empty < constraint.min_domains;
            let own = i64::from(constraint.selector.matches(labels_of(&self.pod.object)));
            if here + own - if few { 0 } else { least } > constraint.max_skew {
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
        Some(Box::new(Hard { pod: self.pod, known: self.known.clone(), since: self.since.clone() }))
    }
}

/// `ScheduleAnyway`.
struct Soft<'a> {
    constraints: Vec<Constraint<'a>>,
    /// For each constraint: the pods that match, for hosts, which are counted when they are asked about.
    matching: Vec<Matching<'a>>,
    /// For each constraint: pods in each domain of a feasible node.
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
        for (node, _) in nodes.iter().zip(&ignored_places).filter(|(_, ignored)| !**ignored) {
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
        // Of a label that no node has, nothing will be asked.
        let asked = |constraint: &Constraint| constraint.key != HOST && cycle.snapshot.crowd.has_label(constraint.key);
        for (constraint, counts) in constraints.iter().zip(&mut counts).filter(|(c, _)| asked(c)) {
            let known = if strict {
                everywhere(cycle, &constraints)
            } else {
                everywhere(cycle, std::slice::from_ref(constraint))
            };
            let all = known && constraint.includes_all(&required);
            for alike in constraint.counted(cycle) {
                if all {
                    for (value, number) in alike.values_of(constraint.key) {
                        counts.entry(value).and_modify(|count| *count += number);
                    }
                    continue;
                }
                for (node, number) in nodes_of(alike, cycle.snapshot).filter(|(node, _)| !lacks(node)) {
                    let count = counts.get_mut(node.label(constraint.key).unwrap_or_default());
                    if let Some(count) = count.filter(|_| constraint.includes(cycle.pod, &required, node)) {
                        *count += number;
                    }
                }
            }
        }
        let ignored = nodes.iter().zip(&ignored_places).filter(|(_, ignored)| **ignored);
        let ignored = ignored.map(|(node, _)| node.name.clone()).collect();
        let matching = |c: &Constraint| if c.key == HOST { Matching::new(cycle, c) } else { Matching::default() };
        let matching = constraints.iter().map(matching).collect();
        Self { constraints, matching, counts, weights, ignored, ignored_places }
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
                self.matching[index].on(node)
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

/// Whether a pod that comes, goes or changes its labels changes the counts, or the pod itself tolerates more.
/// Constraints that stand in the configuration are not known here: then every change counts.
fn pod_counts(pod: &PodInfo, change: &Change) -> bool {
    let constraints = given(pod, "DoNotSchedule");
    let own = change.is_about(pod);
    let assigned = |object: &Object| object.get::<Pod>().is_some_and(|other| other.node().is_some());
    let concerned = |object: &Object| own || (object.namespace() == pod.object.namespace() && assigned(object));
    if !change.old.iter().chain(&change.new).all(|object| concerned(object)) {
        return false;
    }
    if !has_own(pod) || (own && tolerates_otherwise(change) && constraints.iter().any(|c| c.honour_taints)) {
        return true;
    }
    let selects = |object: Option<&Object>, c: &Constraint| object.is_some_and(|o| c.selector.matches(labels_of(o)));
    constraints.iter().any(|constraint| selects(change.old, constraint) != selects(change.new, constraint))
}

fn tolerates_otherwise(change: &Change) -> bool {
    let tolerations = |object: Option<&Object>| Some(object?.get::<Pod>()?.spec.tolerations.clone());
    tolerations(change.old) != tolerations(change.new)
}

/// Whether a node that comes, goes or changes brings or takes a domain, or is counted in another way.
fn node_counts(pod: &PodInfo, change: &Change) -> bool {
    let constraints = given(pod, "DoNotSchedule");
    let labelled = |object: &Object| constraints.iter().all(|c| labels_of(object).contains_key(c.key));
    let (Some(old), Some(new)) = (change.old, change.new) else {
        return change.old.or(change.new).is_some_and(labelled);
    };
    let taints = |object: &Object| object.get::<core::Node>().and_then(|node| node.spec.as_ref()?.taints.clone());
    let moved = |c: &Constraint| labels_of(old).get(c.key) != labels_of(new).get(c.key);
    labelled(old) != labelled(new) || (labelled(new) && (constraints.iter().any(moved) || taints(old) != taints(new)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::events::Resource;
    use crate::cluster::scheduler::testing::{object, pod};
    use serde_json::json;

    #[test]
    fn the_logarithm_is_that_of_the_platform_to_the_last_bits() {
        for number in 2..2000_usize {
            let reference = f64::from(u32::try_from(number).expect("small")).ln();
            assert!((natural_log(number) - reference).abs() <= 2.0 * f64::EPSILON * reference, "{number}");
        }
    }

    fn with_constraint(more: &serde_json::Value) -> PodInfo {
        let mut constraint = json!({"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "a"}}});
        constraint["nodeTaintsPolicy"] = more.clone();
        pod(&json!({"containers": [], "topologySpreadConstraints": [constraint]}))
    }

    #[test]
    fn only_pods_that_are_counted_wake_a_pod() {
        let waiting = with_constraint(&json!("Ignore"));
        let other = |namespace: &str, app: &str, node: Option<&str>| {
            let meta = json!({"name": "o", "uid": "o", "namespace": namespace, "labels": {"app": app}});
            object("Pod", json!({"metadata": meta, "spec": {"nodeName": node, "containers": []}}))
        };
        let wakes = |old: Option<&Object>, new: Option<&Object>| {
            pod_counts(&waiting, &Change::new(Resource::AssignedPod, Action::ADD, old, new))
        };
        let counted = other("default", "a", Some("n"));
        assert!(wakes(None, Some(&counted)) && wakes(Some(&counted), None));
        assert!(!wakes(None, Some(&other("other", "a", Some("n")))));
        assert!(!wakes(None, Some(&other("default", "b", Some("n")))));
        assert!(!wakes(Some(&other("default", "a", None)), None), "it was on no node");
        assert!(wakes(Some(&counted), Some(&other("default", "b", Some("n")))));
        assert!(!wakes(Some(&counted), Some(&counted)));
    }

    #[test]
    fn only_nodes_with_the_topology_wake_a_pod_and_its_tolerations_if_taints_count() {
        let node = |zone: Option<&str>, tainted: bool| {
            let labels = zone.map_or_else(|| json!({}), |zone| json!({ZONE: zone}));
            let taints = if tainted { json!([{"key": "k", "effect": "NoSchedule"}]) } else { json!([]) };
            object("Node", json!({"metadata": {"name": "n", "labels": labels}, "spec": {"taints": taints}}))
        };
        let waiting = with_constraint(&json!("Honor"));
        let wakes = |old: Option<&Object>, new: Option<&Object>| {
            node_counts(&waiting, &Change::new(Resource::Node, Action::ADD, old, new))
        };
        let (plain, tainted, elsewhere, nowhere) =
            (node(Some("a"), false), node(Some("a"), true), node(Some("b"), false), node(None, false));
        assert!(wakes(None, Some(&plain)) && wakes(Some(&plain), None) && wakes(Some(&nowhere), Some(&plain)));
        assert!(wakes(Some(&plain), Some(&elsewhere)) && wakes(Some(&tainted), Some(&plain)));
        assert!(!wakes(None, Some(&nowhere)) && !wakes(Some(&plain), Some(&plain)));
        assert!(!wakes(Some(&nowhere), Some(&node(None, true))));
        let mut tolerant = waiting.object.clone();
        let spec = json!({"containers": [], "tolerations": [{"operator": "Exists"}]});
        if let (Some(mine), Some(other)) = (tolerant.get_mut::<Pod>(), pod(&spec).object.get::<Pod>()) {
            mine.spec = other.spec.clone();
        }
        let change = Change::new(Resource::UnschedulablePod, Action::ADD, Some(&waiting.object), Some(&tolerant));
        assert!(pod_counts(&waiting, &change));
        assert!(!pod_counts(&with_constraint(&json!("Ignore")), &change));
    }
}
