//! `InterPodAffinity`: pods that must or should be near other pods, or far from them.
//! Upstream: `plugins/interpodaffinity/{filtering,scoring,plugin}.go`.

use crate::api::object::Object;
use crate::cluster::scheduler::affinity::{Term, Terms};
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{
    Cycle, Filter, MAX_NODE_SCORE, Plugin, PreFilter, PreScore, Refused, Scorer, Verdict,
};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::PodInfo;
use std::collections::BTreeMap;
use std::rc::Rc;

const AFFINITY: &str = "node(s) didn't match pod affinity rules";
const ANTI_AFFINITY: &str = "node(s) didn't match pod anti-affinity rules";
const EXISTING: &str = "node(s) didn't satisfy existing pods anti-affinity rules";

/// The plugin.
#[derive(Debug)]
pub struct InterPodAffinity;

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn interests(&self) -> &'static [Interest] {
        const {
            &[
                Interest {
                    of: Of::Pods,
                    actions: Action::ADD.or(Action::DELETE).or(Action::POD_LABEL),
                    hint: pod_matters,
                },
                Interest { of: Of::Nodes, actions: Action::ADD.or(Action::NODE_LABEL), hint: node_matters },
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        let mut near = Near {
            pod: cycle.pod,
            namespace: cycle.snapshot.surroundings.namespace_labels(cycle.pod.object.namespace()),
            terms: Rc::new(resolved(cycle)),
            affinity: Counts::default(),
            anti_affinity: Counts::default(),
            existing: Counts::default(),
        };
        let own = !near.terms.required.is_empty() || !near.terms.required_anti.is_empty();
        for node in cycle.snapshot.nodes.iter() {
            if own {
                node.pods.values().for_each(|other| near.count(other, node, 1));
            } else {
                node.with_affinity.values().for_each(|other| near.count_existing(other, node, 1));
            }
        }
        if near.existing.is_empty() && !own { PreFilter::Skip } else { PreFilter::Run(Box::new(near)) }
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        let terms = resolved(cycle);
        let own = !terms.preferred.is_empty() || !terms.preferred_anti.is_empty();
        if !own && cycle.args.ignore_others_preferences {
            return PreScore::Skip;
        }
        let hard = cycle.args.hard_pod_affinity_weight;
        let namespace = cycle.snapshot.surroundings.namespace_labels(cycle.pod.object.namespace());
        let mut points = Points::default();
        let me = Whom { pod: &cycle.pod.object, namespace };
        for node in cycle.snapshot.nodes.iter() {
            for other in node.pods.values().filter(|_| own) {
                let other = Whom { pod: &other.object, namespace: None };
                points.add_all(&terms.preferred, 1, other, node);
                points.add_all(&terms.preferred_anti, -1, other, node);
            }
            for theirs in node.with_affinity.values().filter_map(|other| other.terms.as_deref()) {
                for term in theirs.required.iter().filter(|_| hard > 0) {
                    points.add(term, hard, me, node);
                }
                points.add_all(&theirs.preferred, 1, me, node);
                points.add_all(&theirs.preferred_anti, -1, me, node);
            }
        }
        if points.0.is_empty() { PreScore::Skip } else { PreScore::Run(Box::new(points)) }
    }
}

fn resolved(cycle: &Cycle) -> Terms {
    cycle.pod.terms.as_ref().map(|terms| terms.resolved(&cycle.snapshot.surroundings)).unwrap_or_default()
}

type Labels = BTreeMap<String, String>;

/// Pods that match, by topology key and value.
#[derive(Clone, Default)]
struct Counts(BTreeMap<String, BTreeMap<String, i64>>);

impl Counts {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, key: &str, value: &str) -> i64 {
        self.0.get(key).and_then(|values| values.get(value)).copied().unwrap_or(0)
    }

    fn add(&mut self, term: &Term, node: &NodeInfo, by: i64) {
        let Some(value) = term.place(node) else { return };
        let values = self.0.entry(term.topology_key.clone()).or_default();
        let count = values.entry(value.to_owned()).or_default();
        *count += by;
        if *count == 0 {
            values.remove(value);
        }
        if values.is_empty() {
            self.0.remove(&term.topology_key);
        }
    }
}

/// The filter.
#[derive(Clone)]
struct Near<'a> {
    pod: &'a PodInfo,
    namespace: Option<&'a Labels>,
    terms: Rc<Terms>,
    /// Pods that the pod must be near to: those that match all its terms.
    affinity: Counts,
    /// Pods that it must be far from.
    anti_affinity: Counts,
    /// Pods that want it far away.
    existing: Counts,
}

fn all_match(terms: &[Term], pod: &Object) -> bool {
    !terms.is_empty() && terms.iter().all(|term| term.matches(pod, None))
}

impl Near<'_> {
    fn count(&mut self, other: &PodInfo, node: &NodeInfo, by: i64) {
        let terms = self.terms.clone();
        if all_match(&terms.required, &other.object) {
            terms.required.iter().for_each(|term| self.affinity.add(term, node, by));
        }
        for term in terms.required_anti.iter().filter(|term| term.matches(&other.object, None)) {
            self.anti_affinity.add(term, node, by);
        }
        self.count_existing(other, node, by);
    }

    fn count_existing(&mut self, other: &PodInfo, node: &NodeInfo, by: i64) {
        let theirs = other.terms.as_ref().map(|terms| terms.required_anti.as_slice()).unwrap_or_default();
        for term in theirs.iter().filter(|term| term.matches(&self.pod.object, self.namespace)) {
            self.existing.add(term, node, by);
        }
    }

    /// Upstream: `satisfyPodAffinity`. The first pod of a group that is to be together may go anywhere.
    fn is_near(&self, node: &NodeInfo) -> bool {
        let mut all = true;
        for term in &self.terms.required {
            let Some(value) = term.place(node) else { return false };
            all &= self.affinity.get(&term.topology_key, value) > 0;
        }
        all || (self.affinity.is_empty() && all_match(&self.terms.required, &self.pod.object))
    }

    fn is_far(&self, node: &NodeInfo) -> bool {
        let taken =
            |term: &Term| term.place(node).is_some_and(|value| self.anti_affinity.get(&term.topology_key, value) > 0);
        !self.terms.required_anti.iter().any(taken)
    }

    fn is_unwanted(&self, node: &NodeInfo) -> bool {
        self.existing
            .0
            .iter()
            .any(|(key, values)| node.label(key).is_some_and(|value| values.get(value).copied().unwrap_or(0) > 0))
    }
}

impl Filter for Near<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if !self.is_near(node) {
            return Err(Refused::unresolvable(AFFINITY));
        }
        if !self.is_far(node) {
            return Err(Refused::unschedulable(ANTI_AFFINITY));
        }
        if self.is_unwanted(node) { Err(Refused::unschedulable(EXISTING)) } else { Ok(()) }
    }

    fn add_pod(&mut self, pod: &PodInfo, node: &NodeInfo) {
        self.count(pod, node, 1);
    }

    fn remove_pod(&mut self, pod: &PodInfo, node: &NodeInfo) {
        self.count(pod, node, -1);
    }

    fn copy<'b>(&'b self) -> Option<Box<dyn Filter + 'b>> {
        Some(Box::new(self.clone()))
    }
}

/// Points by topology key and value.
#[derive(Default)]
struct Points(BTreeMap<String, BTreeMap<String, i64>>);

/// The pod that a term may be about.
#[derive(Clone, Copy)]
struct Whom<'a> {
    pod: &'a Object,
    /// Labels of its namespace, where they matter.
    namespace: Option<&'a Labels>,
}

impl Points {
    fn add(&mut self, term: &Term, weight: i64, whom: Whom, node: &NodeInfo) {
        let Some(value) = term.place(node).filter(|_| term.matches(whom.pod, whom.namespace)) else { return };
        *self.0.entry(term.topology_key.clone()).or_default().entry(value.to_owned()).or_default() += weight;
    }

    fn add_all(&mut self, terms: &[(Term, i64)], sign: i64, whom: Whom, node: &NodeInfo) {
        for (term, weight) in terms {
            self.add(term, weight * sign, whom, node);
        }
    }
}

impl Scorer for Points {
    fn score(&self, node: &NodeInfo) -> i64 {
        let worth = |(key, values): (&String, &BTreeMap<String, i64>)| values.get(node.label(key)?).copied();
        self.0.iter().filter_map(worth).sum()
    }

    /// The span from the lowest to the highest becomes 0–100.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as upstream")]
    fn normalize(&self, scores: &mut [i64]) {
        let least = scores.iter().copied().min().unwrap_or(0);
        let span = scores.iter().copied().max().unwrap_or(0) - least;
        for score in scores {
            let part = if span > 0 { (*score - least) as f64 / span as f64 } else { 0.0 };
            *score = (MAX_NODE_SCORE as f64 * part) as i64;
        }
    }
}

/// Whether a pod that comes, goes or changes its labels can help: one that is wanted near comes, one that is not goes.
fn pod_matters(pod: &PodInfo, change: &Change) -> bool {
    if change.is_about(pod) {
        return true;
    }
    let terms = pod.terms.as_deref();
    let required = terms.map(|terms| terms.required.as_slice()).unwrap_or_default();
    let anti = terms.map(|terms| terms.required_anti.as_slice()).unwrap_or_default();
    let wanted = |object: Option<&Object>| object.is_some_and(|object| all_match(required, object));
    let unwanted =
        |object: Option<&Object>| object.is_some_and(|object| anti.iter().any(|term| term.matches(object, None)));
    let repels = |object: Option<&Object>| {
        let theirs = object.and_then(PodInfo::new).and_then(|info| info.terms);
        theirs.is_some_and(|terms| terms.required_anti.iter().any(|term| term.matches(&pod.object, None)))
    };
    (wanted(change.new) && !wanted(change.old))
        || (unwanted(change.old) && !unwanted(change.new))
        || (change.new.is_none() && repels(change.old))
}

/// Whether a node that comes or changes its labels lies somewhere that the pod's terms tell apart.
fn node_matters(pod: &PodInfo, change: &Change) -> bool {
    let Some(terms) = pod.terms.as_deref() else { return true };
    let value = |object: Option<&Object>, term: &Term| {
        object.and_then(|object| object.meta().labels.as_ref()?.get(&term.topology_key).cloned())
    };
    let required = terms.required.iter().chain(&terms.required_anti);
    required.into_iter().any(|term| value(change.new, term) != value(change.old, term))
}
