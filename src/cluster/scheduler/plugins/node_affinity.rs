//! `NodeAffinity`: the node's labels must match the pod's node selector and required affinity; preferred affinity gives
//! points. Upstream: `plugins/nodeaffinity/node_affinity.go`, `component-helpers/scheduling/corev1/nodeaffinity`.

use crate::api::object::Object;
use crate::api::pod::placing::{Required, any_term_matches, term_matches, values};
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{
    Cycle, Filter, Plugin, PreFilter, PreScore, Refused, Scorer, Verdict, default_normalize,
};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::PodInfo;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1 as core;

const REASON: &str = "node(s) didn't match Pod's node affinity/selector";
const ENFORCED: &str = "node(s) didn't match scheduler-enforced node affinity";
const CONFLICT: &str = "pod affinity terms conflict";

/// The plugin.
#[derive(Debug)]
pub struct NodeAffinity;

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn interests(&self) -> &'static [Interest] {
        const { &[Interest { of: Of::Nodes, actions: Action::ADD.or(Action::NODE_LABEL), hint: began_to_match }] }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        let required = Required::of(cycle.pod.spec());
        let added = cycle.args.added_affinity.as_deref().and_then(added_terms);
        if required.is_nothing() {
            return match added {
                None => PreFilter::Skip,
                Some(_) => PreFilter::Run(Box::new(Both { required, added })),
            };
        }
        let terms = required.terms;
        let required = Both { required, added };
        match named_nodes(terms.unwrap_or_default()) {
            None => PreFilter::Run(Box::new(required)),
            Some(names) if names.is_empty() => PreFilter::Refuse(Refused::unresolvable(CONFLICT)),
            Some(names) => PreFilter::Only(Box::new(required), names),
        }
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        let affinity = cycle.pod.spec().affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let preferred = affinity.and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref());
        let added = cycle.args.added_affinity.as_deref();
        let added = added.and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref());
        match (preferred.unwrap_or_default(), added.unwrap_or_default()) {
            ([], []) => PreScore::Skip,
            (terms, added) => PreScore::Run(Box::new(Preferred([added, terms]))),
        }
    }
}

/// What the profile demands of all pods' nodes.
fn added_terms(affinity: &core::NodeAffinity) -> Option<&[core::NodeSelectorTerm]> {
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    Some(required.node_selector_terms.as_slice())
}

/// What the pod demands, and what the profile does.
struct Both<'a> {
    required: Required<'a>,
    added: Option<&'a [core::NodeSelectorTerm]>,
}

impl Filter for Both<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let matches =
            |terms: &[core::NodeSelectorTerm]| node.object().is_some_and(|node| any_term_matches(terms, node));
        if self.added.is_some_and(|terms| !matches(terms)) {
            return Err(Refused::unresolvable(ENFORCED));
        }
        let right = node.object().is_some_and(|node| self.required.matches(node));
        if right { Ok(()) } else { Err(Refused::unresolvable(REASON)) }
    }
}

/// Terms with weights: the profile's, and the pod's.
struct Preferred<'a>([&'a [core::PreferredSchedulingTerm]; 2]);

impl Scorer for Preferred<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let Some(node) = node.object() else { return 0 };
        let matching =
            self.0.iter().copied().flatten().filter(|term| term.weight != 0 && term_matches(&term.preference, node));
        matching.map(|term| i64::from(term.weight)).sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        default_normalize(scores, false);
    }
}

/// The nodes to which `metadata.name` restricts every term; `None`: some term does not.
fn named_nodes(terms: &[core::NodeSelectorTerm]) -> Option<SortedSet<&str>> {
    if terms.is_empty() {
        return None;
    }
    let mut all = SortedSet::new();
    for term in terms {
        let fields = term.match_fields.iter().flatten();
        let named = fields.filter(|field| field.key == "metadata.name" && field.operator == "In");
        let sets = named.map(|field| values(field).iter().map(String::as_str).collect::<SortedSet<_>>());
        all.extend(sets.reduce(|a, b| a.into_iter().filter(|name| b.contains(name)).collect())?);
    }
    Some(all)
}

fn began_to_match(pod: &PodInfo, change: &Change) -> bool {
    let required = Required::of(pod.spec());
    let added = change.args.and_then(|args| args.added_affinity.as_deref()).and_then(added_terms);
    let matches = |node: &Object| {
        required.matches(node) && added.is_none_or(|terms| terms.iter().any(|term| term_matches(term, node)))
    };
    change.new.is_some_and(matches) && !change.old.is_some_and(matches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, pod};
    use serde_json::{Value, json};

    fn fits(spec: Value) -> bool {
        let node = node(&json!({"labels": {"zone": "a", "cores": "8"}}), &json!({}), &json!({}));
        let mut spec = spec;
        spec["containers"] = json!([]);
        let pod = pod(&spec);
        Both { required: Required::of(pod.spec()), added: None }.filter(&node).is_ok()
    }

    fn affinity(terms: &Value) -> Value {
        json!({"affinity": {"nodeAffinity":
            {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}})
    }

    #[test]
    fn selectors_and_affinity_must_both_hold() {
        assert!(fits(json!({"nodeSelector": {"zone": "a"}})));
        assert!(!fits(json!({"nodeSelector": {"zone": "b"}})));
        let term = |key: &str, operator: &str, values: &[&str]| {
            affinity(&json!([{"matchExpressions": [{"key": key, "operator": operator, "values": values}]}]))
        };
        assert!(fits(term("cores", "Gt", &["4"])));
        assert!(!fits(term("cores", "Lt", &["4"])));
        assert!(!fits(term("zone", "Gt", &["4"])));
        assert!(fits(term("disk", "NotIn", &["ssd"])));
        assert!(!fits(term("disk", "Exists", &[])));
        assert!(!fits(affinity(&json!([{}]))), "an empty term matches nothing");
        assert!(fits(affinity(
            &json!([{}, {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}])
        )));
    }

    #[test]
    fn a_profile_may_demand_more_than_the_pod() {
        let node = node(&json!({"labels": {"zone": "a"}}), &json!({}), &json!({}));
        let pod = pod(&json!({"containers": []}));
        let filter = |zone: &str| {
            let terms = json!([{"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]}]);
            let affinity: core::NodeAffinity =
                serde_json::from_value(affinity(&terms)["affinity"]["nodeAffinity"].clone()).expect("an affinity");
            Both { required: Required::of(pod.spec()), added: added_terms(&affinity) }.filter(&node)
        };
        assert_eq!(filter("a"), Ok(()));
        assert_eq!(filter("b"), Err(Refused::unresolvable(ENFORCED)));
    }

    #[test]
    fn names_restrict_only_if_every_term_has_them() {
        let field = |names: Value| json!({"key": "metadata.name", "operator": "In", "values": names});
        let names = |terms: Value| {
            let terms: Vec<core::NodeSelectorTerm> = serde_json::from_value(terms).expect("terms");
            named_nodes(&terms).map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let both = json!([{"matchFields": [field(json!(["a", "b"])), field(json!(["b"]))]}, {"matchFields": [field(json!(["c"]))]}]);
        assert_eq!(names(both), Some(vec!["b".into(), "c".into()]));
        assert_eq!(names(json!([{"matchFields": [field(json!(["a"]))]}, {}])), None);
    }
}
