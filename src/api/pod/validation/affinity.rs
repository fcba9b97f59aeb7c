//! Which nodes and which neighbours a pod wants.

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use k8s_openapi::api::core::v1::{
    Affinity, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm,
    WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// All of it (`validateAffinity`).
pub fn check(out: &mut Errors, path: &Path, affinity: Option<&Affinity>) {
    let Some(affinity) = affinity else { return };
    if let Some(nodes) = &affinity.node_affinity {
        node_affinity(out, &path.field("nodeAffinity"), nodes);
    }
    if let Some(near) = &affinity.pod_affinity {
        let path = path.field("podAffinity");
        terms(out, &path, near.required_during_scheduling_ignored_during_execution.as_deref());
        weighted(out, &path, near.preferred_during_scheduling_ignored_during_execution.as_deref());
    }
    if let Some(far) = &affinity.pod_anti_affinity {
        let path = path.field("podAntiAffinity");
        terms(out, &path, far.required_during_scheduling_ignored_during_execution.as_deref());
        weighted(out, &path, far.preferred_during_scheduling_ignored_during_execution.as_deref());
    }
}

fn weight(out: &mut Errors, path: &Path, weight: i32) {
    if !(1..=100).contains(&weight) {
        out.push(FieldError::invalid(path.field("weight"), weight, "must be in the range 1-100"));
    }
}

/// Upstream: `validateNodeAffinity`.
pub fn node_affinity(out: &mut Errors, path: &Path, affinity: &NodeAffinity) {
    if let Some(selector) = &affinity.required_during_scheduling_ignored_during_execution {
        node_selector(out, &path.field(REQUIRED), selector);
    }
    let path = path.field(PREFERRED);
    let preferred = affinity.preferred_during_scheduling_ignored_during_execution.iter().flatten();
    for (index, term) in preferred.enumerate() {
        let path = path.index(index);
        weight(out, &path, term.weight);
        node_term(out, &path.field("preference"), &term.preference, false);
    }
}

/// Upstream: `ValidateNodeSelector`.
pub fn node_selector(out: &mut Errors, path: &Path, selector: &NodeSelector) {
    let path = path.field("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        out.push(FieldError::required(path, "must have at least one node selector term"));
    }
    for (index, term) in selector.node_selector_terms.iter().enumerate() {
        node_term(out, &path.index(index), term, true);
    }
}

fn node_term(out: &mut Errors, path: &Path, term: &NodeSelectorTerm, checks_values: bool) {
    let expressions = path.field("matchExpressions");
    for (index, requirement) in term.match_expressions.iter().flatten().enumerate() {
        node_requirement(out, &expressions.index(index), requirement, checks_values);
    }
    let fields = path.field("matchFields");
    for (index, requirement) in term.match_fields.iter().flatten().enumerate() {
        node_field(out, &fields.index(index), requirement);
    }
}

/// Upstream: `ValidateNodeSelectorRequirement`.
fn node_requirement(out: &mut Errors, path: &Path, requirement: &NodeSelectorRequirement, checks_values: bool) {
    let values = requirement.values.as_deref().unwrap_or_default();
    let path_of_values = path.field("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            let detail = "must be specified when `operator` is 'In' or 'NotIn'";
            out.push(FieldError::required(path_of_values, detail));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            out.push(FieldError::forbidden(path_of_values, detail));
        }
        "Gt" | "Lt" if values.len() != 1 => {
            let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            out.push(FieldError::required(path_of_values, detail));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => out.push(FieldError::invalid(path.field("operator"), other, "not a valid selector operator")),
    }
    check::complain(out, &path.field("key"), &requirement.key, names::qualified_name(&requirement.key));
    if checks_values {
        check::label_values(out, &path_of_values, values);
    }
}

/// Upstream: `ValidateNodeFieldSelectorRequirement`.
fn node_field(out: &mut Errors, path: &Path, requirement: &NodeSelectorRequirement) {
    let values = requirement.values.as_deref().unwrap_or_default();
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.len() != 1 => {
            let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            out.push(FieldError::required(path.field("values"), detail));
        }
        "In" | "NotIn" => {}
        other => out.push(FieldError::invalid(path.field("operator"), other, "not a valid selector operator")),
    }
    if requirement.key != "metadata.name" {
        let detail = "not a valid field selector key";
        out.push(FieldError::invalid(path.field("key"), requirement.key.as_str(), detail));
        return;
    }
    let path = path.field("values");
    for (index, value) in values.iter().enumerate() {
        check::complain(out, &path.index(index), value, names::dns1123_subdomain(value));
    }
}

fn terms(out: &mut Errors, path: &Path, terms: Option<&[PodAffinityTerm]>) {
    let path = path.field(REQUIRED);
    for (index, found) in terms.into_iter().flatten().enumerate() {
        term(out, &path.index(index), found);
    }
}

fn weighted(out: &mut Errors, path: &Path, terms: Option<&[WeightedPodAffinityTerm]>) {
    let path = path.field(PREFERRED);
    for (index, found) in terms.into_iter().flatten().enumerate() {
        let path = path.index(index);
        weight(out, &path, found.weight);
        term(out, &path.field("podAffinityTerm"), &found.pod_affinity_term);
    }
}

/// Upstream: `validatePodAffinityTerm`.
fn term(out: &mut Errors, path: &Path, term: &PodAffinityTerm) {
    check::label_selector(out, &path.field("labelSelector"), term.label_selector.as_ref());
    check::label_selector(out, &path.field("namespaceSelector"), term.namespace_selector.as_ref());
    for name in term.namespaces.iter().flatten() {
        check::complain(out, &path.field("namespace"), name, names::dns1123_label(name));
    }
    let (keys, others) = (term.match_label_keys.as_deref(), term.mismatch_label_keys.as_deref());
    label_keys(out, path, [keys, others], term.label_selector.as_ref());
    let topology = path.field("topologyKey");
    if term.topology_key.is_empty() {
        out.push(FieldError::required(topology, "can not be empty"));
    }
    check::complain(out, &topology, &term.topology_key, names::qualified_name(&term.topology_key));
}

/// `matchLabelKeys` and `mismatchLabelKeys` (`ValidateMatchLabelKeysAndMismatchLabelKeys`). The selector already
/// contains what the keys stand for, so a key that stands in it twice was also written by the user.
pub fn label_keys(out: &mut Errors, path: &Path, keys: [Option<&[String]>; 2], selector: Option<&LabelSelector>) {
    let [keys, others] = keys.map(Option::unwrap_or_default);
    for (field, keys) in [("matchLabelKeys", keys), ("mismatchLabelKeys", others)] {
        let path = path.field(field);
        if !keys.is_empty() && selector.is_none() {
            out.push(FieldError::forbidden(path, "must not be specified when labelSelector is not set"));
            continue;
        }
        for (index, key) in keys.iter().enumerate() {
            check::complain(out, &path.index(index), key, names::qualified_name(key));
        }
    }
    if keys.is_empty() {
        return;
    }
    if let Some(selector) = selector {
        // Of a key that is there twice, its last place.
        let place = |key: &str| keys.iter().rposition(|known| known == key);
        let mut seen: Vec<&str> = selector.match_labels.iter().flatten().map(|(key, _)| key.as_str()).collect();
        for expression in selector.match_expressions.iter().flatten() {
            let key = expression.key.as_str();
            if let Some(index) = place(key).filter(|_| seen.contains(&key)) {
                let detail = "exists in both matchLabelKeys and labelSelector";
                out.push(FieldError::invalid(path.index(index), key, detail));
            }
            seen.push(key);
        }
    }
    let path = path.field("matchLabelKeys");
    for (index, key) in keys.iter().enumerate().filter(|(_, key)| others.contains(key)) {
        let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
        out.push(FieldError::invalid(path.index(index), key.as_str(), detail));
    }
}
