//! Affinity between pods, read once for each pod. Upstream: `framework.AffinityTerm`, `getPodAffinityTerms`.

use super::nodes::NodeInfo;
use super::pod::labels_of;
use super::surroundings::Surroundings;
use crate::api::object::Object;
use crate::api::selector::{Operator, Requirement, Selector};
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeMap;

/// Which pods, near in what sense.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Term {
    namespaces: SortedSet<String>,
    namespace_selector: Selector,
    selector: Selector,
    /// The label that makes nodes near to each other.
    pub topology_key: String,
}

/// All terms of a pod; those with weights are preferences.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Terms {
    /// Must be near.
    pub required: Vec<Term>,
    /// Must not be near.
    pub required_anti: Vec<Term>,
    /// Should be near.
    pub preferred: Vec<(Term, i64)>,
    /// Should not be near.
    pub preferred_anti: Vec<(Term, i64)>,
}

impl Terms {
    /// The terms of a pod; `None`: it has none.
    #[must_use]
    pub fn of(pod: &Object, spec: &core::PodSpec) -> Option<Self> {
        let affinity = spec.affinity.as_ref()?;
        let (near, far) = (affinity.pod_affinity.as_ref(), affinity.pod_anti_affinity.as_ref());
        let all = |terms: &Option<Vec<core::PodAffinityTerm>>| -> Vec<Term> {
            terms.iter().flatten().map(|term| Term::new(pod, term)).collect()
        };
        let weighted = |terms: &Option<Vec<core::WeightedPodAffinityTerm>>| -> Vec<(Term, i64)> {
            let terms = terms.iter().flatten();
            terms.map(|term| (Term::new(pod, &term.pod_affinity_term), i64::from(term.weight))).collect()
        };
        let terms = Self {
            required: near.map(|a| all(&a.required_during_scheduling_ignored_during_execution)).unwrap_or_default(),
            required_anti: far.map(|a| all(&a.required_during_scheduling_ignored_during_execution)).unwrap_or_default(),
            preferred: near
                .map(|a| weighted(&a.preferred_during_scheduling_ignored_during_execution))
                .unwrap_or_default(),
            preferred_anti: far
                .map(|a| weighted(&a.preferred_during_scheduling_ignored_during_execution))
                .unwrap_or_default(),
        };
        (terms != Self::default()).then_some(terms)
    }

    /// The same with the namespaces that their selectors mean at the moment, in their place.
    /// Upstream: `mergeAffinityTermNamespacesIfNotEmpty`.
    #[must_use]
    pub fn resolved(&self, surroundings: &Surroundings) -> Self {
        let mut terms = self.clone();
        let weighted = terms.preferred.iter_mut().chain(&mut terms.preferred_anti).map(|(term, _)| term);
        for term in terms.required.iter_mut().chain(&mut terms.required_anti).chain(weighted) {
            if !term.namespace_selector.is_everything() {
                let selector = std::mem::replace(&mut term.namespace_selector, Selector::Nothing);
                term.namespaces.extend(surroundings.namespaces_matching(&selector).map(str::to_owned));
            }
        }
        terms
    }
}

impl Term {
    fn new(pod: &Object, term: &core::PodAffinityTerm) -> Self {
        let listed = term.namespaces.as_deref().unwrap_or_default();
        let own = listed.is_empty() && term.namespace_selector.is_none();
        let namespaces = if own { [pod.namespace().to_owned()].into() } else { listed.iter().cloned().collect() };
        let selector = Selector::from_object(term.label_selector.as_ref()).unwrap_or(Selector::Nothing);
        let selector = with_keys(pod, selector, term.match_label_keys.as_deref(), Operator::In);
        Self {
            namespaces,
            namespace_selector: Selector::from_object(term.namespace_selector.as_ref()).unwrap_or(Selector::Nothing),
            selector: with_keys(pod, selector, term.mismatch_label_keys.as_deref(), Operator::NotIn),
            topology_key: term.topology_key.clone(),
        }
    }

    /// Whether a pod is meant. `namespace`: labels of its namespace, where they matter.
    #[must_use]
    pub fn matches(&self, pod: &Object, namespace: Option<&BTreeMap<String, String>>) -> bool {
        let nothing = BTreeMap::new();
        (self.namespaces.contains(pod.namespace()) || self.namespace_selector.matches(namespace.unwrap_or(&nothing)))
            && self.selector.matches(labels_of(pod))
    }

    /// The node's value of the topology key.
    #[must_use]
    pub fn place<'n>(&self, node: &'n NodeInfo) -> Option<&'n str> {
        node.label(&self.topology_key)
    }
}

/// The selector narrowed to pods whose values of these labels are (not) the pod's own. The API server writes this into
/// the selector already; doing it twice changes nothing.
#[must_use]
pub fn with_keys(pod: &Object, selector: Selector, keys: Option<&[String]>, operator: Operator) -> Selector {
    let Selector::All(mut requirements) = selector else { return selector };
    for key in keys.unwrap_or_default() {
        if let Some(value) = labels_of(pod).get(key) {
            requirements.extend(Requirement::new(key, operator, vec![value.clone()]));
        }
    }
    Selector::All(requirements)
}
