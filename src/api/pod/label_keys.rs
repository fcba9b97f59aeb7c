//! `matchLabelKeys`: a new pod's own labels become part of the selectors that stand beside the keys
//! (upstream: `pkg/registry/core/pod/strategy.go`, `mutatePodAffinity` and `mutateTopologySpreadConstraints`).

use crate::api::kinds::pod::Pod;
use k8s_openapi::api::core::v1::{PodAffinityTerm, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Completes the selectors of a new pod.
pub fn merge(pod: &mut Pod) {
    if pod.spec.topology_spread_constraints.is_none() && pod.spec.affinity.is_none() {
        return;
    }
    let Some(labels) = pod.metadata.labels.clone() else { return };
    let spec = Rc::make_mut(&mut pod.spec);
    for constraint in spec.topology_spread_constraints.iter_mut().flatten() {
        merge_keys(&mut constraint.label_selector, constraint.match_label_keys.as_deref(), "In", &labels);
    }
    for_each_term(spec, |term| {
        merge_keys(&mut term.label_selector, term.match_label_keys.as_deref(), "In", &labels);
        merge_keys(&mut term.label_selector, term.mismatch_label_keys.as_deref(), "NotIn", &labels);
    });
}

fn for_each_term(spec: &mut PodSpec, mut act: impl FnMut(&mut PodAffinityTerm)) {
    let Some(affinity) = &mut spec.affinity else { return };
    if let Some(near) = &mut affinity.pod_affinity {
        near.required_during_scheduling_ignored_during_execution.iter_mut().flatten().for_each(&mut act);
        let preferred = near.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
        preferred.map(|weighted| &mut weighted.pod_affinity_term).for_each(&mut act);
    }
    if let Some(far) = &mut affinity.pod_anti_affinity {
        far.required_during_scheduling_ignored_during_execution.iter_mut().flatten().for_each(&mut act);
        let preferred = far.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
        preferred.map(|weighted| &mut weighted.pod_affinity_term).for_each(&mut act);
    }
}

fn merge_keys(
    selector: &mut Option<LabelSelector>,
    keys: Option<&[String]>,
    operator: &str,
    labels: &BTreeMap<String, String>,
) {
    let Some(selector) = selector else { return };
    for key in keys.unwrap_or_default() {
        if let Some(value) = labels.get(key) {
            selector.match_expressions.get_or_insert_default().push(LabelSelectorRequirement {
                key: key.clone(),
                operator: operator.to_owned(),
                values: Some(vec![value.clone()]),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::TopologySpreadConstraint;

    #[test]
    fn keys_that_the_pod_has_become_requirements() {
        let constraint = TopologySpreadConstraint {
            label_selector: Some(LabelSelector::default()),
            match_label_keys: Some(vec!["pod-template-hash".to_owned(), "absent".to_owned()]),
            ..TopologySpreadConstraint::default()
        };
        let mut pod = Pod {
            spec: Rc::new(PodSpec { topology_spread_constraints: Some(vec![constraint]), ..PodSpec::default() }),
            ..Pod::default()
        };
        pod.metadata.labels = Some([("pod-template-hash".to_owned(), "abc".to_owned())].into());
        merge(&mut pod);
        let constraints = pod.spec.topology_spread_constraints.as_deref().unwrap_or_default();
        let selector = constraints[0].label_selector.clone().unwrap_or_default();
        let expected = LabelSelectorRequirement {
            key: "pod-template-hash".to_owned(),
            operator: "In".to_owned(),
            values: Some(vec!["abc".to_owned()]),
        };
        assert_eq!(selector.match_expressions, Some(vec![expected]));
    }
}
