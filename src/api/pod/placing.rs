//! On which nodes a pod may be: node selector, required node affinity, taints.
//!
//! The scheduler asks it, the DaemonSet controller for its pods, and whoever evicts.
//! Upstream: `component-helpers/scheduling/corev1`.

use super::super::object::Object;
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeMap;

/// What a node must have.
#[derive(Clone, Copy)]
pub struct Required<'a> {
    /// `spec.nodeSelector`.
    pub labels: Option<&'a BTreeMap<String, String>>,
    /// The terms of the required node affinity.
    pub terms: Option<&'a [core::NodeSelectorTerm]>,
}

impl<'a> Required<'a> {
    /// The pod's node selector and required node affinity.
    #[must_use]
    pub fn of(spec: &'a core::PodSpec) -> Self {
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let required = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
        Self {
            labels: spec.node_selector.as_ref(),
            terms: required.map(|selector| selector.node_selector_terms.as_slice()),
        }
    }

    /// Whether any node will do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.labels.is_none_or(BTreeMap::is_empty) && self.terms.is_none()
    }

    /// Whether a node has it.
    #[must_use]
    pub fn matches(&self, node: &Object) -> bool {
        let labels = node.meta().labels.as_ref();
        let has = |(key, value): (&String, &String)| labels.and_then(|labels| labels.get(key)) == Some(value);
        self.labels.is_none_or(|wanted| wanted.iter().all(has))
            && self.terms.is_none_or(|terms| terms.iter().any(|term| term_matches(term, node)))
    }
}

/// Whether a node matches one of these terms.
#[must_use]
pub fn any_term_matches(terms: &[core::NodeSelectorTerm], node: &Object) -> bool {
    terms.iter().any(|term| term_matches(term, node))
}

/// Whether a node matches a term; one without requirements matches nothing.
#[must_use]
pub fn term_matches(term: &core::NodeSelectorTerm, node: &Object) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let label = |key: &str| node.meta().labels.as_ref()?.get(key).map(String::as_str);
    let field = |key: &str| (key == "metadata.name").then(|| node.name());
    !(expressions.is_empty() && fields.is_empty())
        && expressions.iter().all(|requirement| requirement_matches(requirement, label(&requirement.key)))
        && fields.iter().all(|requirement| requirement_matches(requirement, field(&requirement.key)))
}

/// The values of a requirement.
#[must_use]
pub fn values(requirement: &core::NodeSelectorRequirement) -> &[String] {
    requirement.values.as_deref().unwrap_or_default()
}

/// Upstream: `labels.Requirement.Matches`.
fn requirement_matches(requirement: &core::NodeSelectorRequirement, actual: Option<&str>) -> bool {
    let listed = || values(requirement).iter().any(|value| Some(value.as_str()) == actual);
    let compared = |greater: bool| {
        let number = actual.and_then(|text| text.parse::<i64>().ok());
        let limit = values(requirement).first().and_then(|text| text.parse::<i64>().ok());
        number.zip(limit).is_some_and(|(number, limit)| if greater { number > limit } else { number < limit })
    };
    match requirement.operator.as_str() {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => actual.is_some(),
        "DoesNotExist" => actual.is_none(),
        "Gt" => compared(true),
        "Lt" => compared(false),
        _ => false,
    }
}

/// The value of a taint.
#[must_use]
pub fn value(taint: &core::Taint) -> &str {
    taint.value.as_deref().unwrap_or_default()
}

/// Whether any taint that keeps pods away is not tolerated.
#[must_use]
pub fn untolerated(tolerations: &[core::Toleration], taints: &[core::Taint]) -> bool {
    let mut hard = taints.iter().filter(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"));
    hard.any(|taint| !tolerates(tolerations, &taint.key, value(taint), &taint.effect))
}

/// Whether any toleration covers a taint. Upstream: `component-helpers/scheduling/corev1`, `Toleration.ToleratesTaint`.
#[must_use]
pub fn tolerates(tolerations: &[core::Toleration], key: &str, value: &str, effect: &str) -> bool {
    tolerations.iter().any(|toleration| {
        let for_effect = toleration.effect.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == effect);
        let for_key = toleration.key.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == key);
        for_effect
            && for_key
            && match toleration.operator.as_deref().unwrap_or_default() {
                "" | "Equal" => toleration.value.as_deref().unwrap_or_default() == value,
                "Exists" => true,
                _ => false,
            }
    })
}
