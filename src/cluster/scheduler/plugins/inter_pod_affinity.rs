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
        let crowd = &cycle.snapshot.crowd;
        for alike in crowd.all().take_while(|alike| own || alike.one.terms.is_some()) {
            near.count(&alike.one, &|key, add| alike.values_of(key).for_each(|(value, count)| add(value, count)));
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
        for alike in cycle.snapshot.crowd.all().take_while(|alike| own || alike.one.terms.is_some()) {
            let mut worth = Vec::new();
            let mut add = |term: &Term, weight: i64, pod: &Object, namespace: Option<&Labels>| {
                if weight != 0 && term.matches(pod, namespace) {
                    worth.push((term.topology_key.clone(), weight));
                }
            };
            terms.preferred.iter().for_each(|(term, weight)| add(term, *weight, &alike.one.object, None));
            terms.preferred_anti.iter().for_each(|(term, weight)| add(term, -weight, &alike.one.object, None));
            if let Some(theirs) = alike.one.terms.as_deref() {
                let me = &cycle.pod.object;
                theirs.required.iter().for_each(|term| add(term, hard, me, namespace));
                theirs.preferred.iter().for_each(|(term, weight)| add(term, *weight, me, namespace));
                theirs.preferred_anti.iter().for_each(|(term, weight)| add(term, -weight, me, namespace));
            }
            for (key, weight) in worth {
                alike.values_of(&key).for_each(|(value, count)| add_to(&mut points.0, &key, value, weight * count));
            }
        }
        if points.0.is_empty() { PreScore::Skip } else { PreScore::Run(Box::new(points)) }
    }
}

fn resolved(cycle: &Cycle) -> Terms {
    cycle.pod.terms.as_ref().map(|terms| terms.resolved(&cycle.snapshot.surroundings)).unwrap_or_default()
}

type Labels = BTreeMap<String, String>;

/// Gives, for a label, its values where some pods are, and how many of the pods.
type Places<'a> = &'a dyn Fn(&str, &mut dyn FnMut(&str, i64));

/// Pods that match, by topology key and value. Copies share what was counted and note only how they differ.
#[derive(Clone, Default)]
struct Counts {
    counted: Rc<BTreeMap<String, BTreeMap<String, i64>>>,
    since: Vec<(String, String, i64)>,
}

impl Counts {
    fn is_empty(&self) -> bool {
        let gone = |key: &str, value: &str| self.get(key, value) == 0;
        self.counted.iter().all(|(key, values)| values.keys().all(|value| gone(key, value)))
            && self.since.iter().all(|(key, value, _)| gone(key, value))
    }

    fn get(&self, key: &str, value: &str) -> i64 {
        let counted = self.counted.get(key).and_then(|values| values.get(value)).copied().unwrap_or(0);
        let since = self.since.iter().filter(|(of, with, _)| of == key && with == value);
        counted + since.map(|(.., by)| by).sum::<i64>()
    }

    fn add(&mut self, term: &Term, places: Places) {
        let key = &term.topology_key;
        places(key, &mut |value, by| match Rc::get_mut(&mut self.counted) {
            Some(counted) => add_to(counted, key, value, by),
            None => self.since.push((key.clone(), value.to_owned(), by)),
        });
    }

    fn keys(&self) -> impl Iterator<Item = &String> {
        self.counted.keys().chain(self.since.iter().map(|(key, ..)| key))
    }
}

fn add_to(sums: &mut BTreeMap<String, BTreeMap<String, i64>>, key: &str, value: &str, by: i64) {
    if !sums.contains_key(key) {
        sums.insert(key.to_owned(), BTreeMap::new());
    }
    let Some(values) = sums.get_mut(key) else { return };
    match values.get_mut(value) {
        Some(sum) => *sum += by,
        None => {
            values.insert(value.to_owned(), by);
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
    /// Counts pods like this one.
    fn count(&mut self, other: &PodInfo, places: Places) {
        let terms = self.terms.clone();
        let near = all_match(&terms.required, &other.object);
        let far: Vec<&Term> = terms.required_anti.iter().filter(|term| term.matches(&other.object, None)).collect();
        let theirs = other.terms.iter().flat_map(|terms| &terms.required_anti);
        let unwanted: Vec<&Term> = theirs.filter(|term| term.matches(&self.pod.object, self.namespace)).collect();
        terms.required.iter().filter(|_| near).for_each(|term| self.affinity.add(term, places));
        for term in far {
            self.anti_affinity.add(term, places);
        }
        for term in unwanted {
            self.existing.add(term, places);
        }
    }

    fn count_one(&mut self, other: &PodInfo, node: &NodeInfo, by: i64) {
        self.count(other, &|key, add| node.label(key).into_iter().for_each(|value| add(value, by)));
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
        self.existing.keys().any(|key| node.label(key).is_some_and(|value| self.existing.get(key, value) > 0))
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
        self.count_one(pod, node, 1);
    }

    fn remove_pod(&mut self, pod: &PodInfo, node: &NodeInfo) {
        self.count_one(pod, node, -1);
    }

    fn copy<'b>(&'b self) -> Option<Box<dyn Filter + 'b>> {
        Some(Box::new(self.clone()))
    }
}

/// Points by topology key and value.
#[derive(Default)]
struct Points(BTreeMap<String, BTreeMap<String, i64>>);

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
    let moved = |term: &&Term| value(change.new, term) != value(change.old, term);
    terms.required.iter().filter(moved).any(|term| value(change.new, term).is_some())
        || terms.required_anti.iter().any(|term| change.old.is_none() || moved(&term))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::events::Resource;
    use crate::cluster::scheduler::testing::{object, pod};
    use serde_json::{Value, json};

    fn waiting(which: &str) -> PodInfo {
        let term = json!({"labelSelector": {"matchLabels": {"app": "a"}}, "topologyKey": "zone"});
        pod(&json!({"containers": [],
            "affinity": {which: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}))
    }

    fn other(app: &str, affinity: &Value) -> Object {
        let meta = json!({"name": "o", "uid": "o", "namespace": "default", "labels": {"app": app}});
        object("Pod", json!({"metadata": meta, "spec": {"nodeName": "n", "containers": [], "affinity": affinity}}))
    }

    #[test]
    fn pods_wake_those_that_want_them_near_by_coming_and_those_that_want_them_far_by_going() {
        let wakes = |which: &str, old: Option<&Object>, new: Option<&Object>| {
            pod_matters(&waiting(which), &Change::new(Resource::AssignedPod, Action::ADD, old, new))
        };
        let (a, b) = (other("a", &Value::Null), other("b", &Value::Null));
        assert!(wakes("podAffinity", None, Some(&a)) && wakes("podAffinity", Some(&b), Some(&a)));
        assert!(!wakes("podAffinity", None, Some(&b)) && !wakes("podAffinity", Some(&a), None));
        assert!(wakes("podAntiAffinity", Some(&a), None) && wakes("podAntiAffinity", Some(&a), Some(&b)));
        assert!(!wakes("podAntiAffinity", Some(&b), None) && !wakes("podAntiAffinity", None, Some(&a)));
        let term = json!({"labelSelector": {}, "topologyKey": "zone"});
        let lonely = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
        assert!(wakes("podAffinity", Some(&other("b", &lonely)), None), "it kept everybody away");
    }

    #[test]
    fn nodes_wake_by_the_topology_that_they_bring_or_lose() {
        let node = |labels: &Value| object("Node", json!({"metadata": {"name": "n", "labels": labels}}));
        let (zone, elsewhere, nowhere) = (node(&json!({"zone": "a"})), node(&json!({"zone": "b"})), node(&json!({})));
        let wakes = |which: &str, old: Option<&Object>, new: &Object| {
            node_matters(&waiting(which), &Change::new(Resource::Node, Action::ADD, old, Some(new)))
        };
        assert!(wakes("podAffinity", None, &zone) && wakes("podAffinity", Some(&nowhere), &zone));
        assert!(!wakes("podAffinity", None, &nowhere) && !wakes("podAffinity", Some(&zone), &nowhere));
        assert!(wakes("podAntiAffinity", None, &nowhere) && wakes("podAntiAffinity", Some(&zone), &nowhere));
        assert!(wakes("podAntiAffinity", Some(&zone), &elsewhere) && !wakes("podAntiAffinity", Some(&zone), &zone));
    }
}
