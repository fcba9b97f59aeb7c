//! Tolerations, gates, and how evenly pods are spread.

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use super::affinity;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{PodSpec, Toleration, TopologySpreadConstraint};

/// Readiness gates and scheduling gates; `path` is that of the spec.
#[inline(never)]
pub fn gates(out: &mut Errors, path: &Path, spec: &PodSpec) {
    let readiness = path.field("readinessGates");
    for (index, gate) in spec.readiness_gates.iter().flatten().enumerate() {
        let path = readiness.index(index);
        let kind = gate.condition_type.as_str();
        check::complain(out, &path.field("conditionType"), kind, names::qualified_name(kind));
    }
    let scheduling = path.field("schedulingGates");
    let mut seen = SortedSet::new();
    for (index, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let path = scheduling.index(index);
        check::complain(out, &path, &gate.name, names::qualified_name(&gate.name));
        if !seen.insert(gate.name.as_str()) {
            out.push(FieldError::duplicate(path, gate.name.as_str()));
        }
    }
}

/// Upstream: `ValidateTolerations`. Comparisons (`Lt`, `Gt`) are behind a gate that is off.
pub fn tolerations(out: &mut Errors, path: &Path, tolerations: &[Toleration]) {
    for (index, toleration) in tolerations.iter().enumerate() {
        let path = path.index(index);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (key, operator) = (text(&toleration.key), text(&toleration.operator));
        let (value, effect) = (text(&toleration.value), text(&toleration.effect));
        let operator_path = path.field("operator");
        if !key.is_empty() {
            check::complain(out, &path.field("key"), &key, names::qualified_name(&key));
        }
        if key.is_empty() && operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            out.push(FieldError::invalid(operator_path, operator.as_str(), detail));
        }
        if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            out.push(FieldError::invalid(path.field("effect"), effect.as_str(), detail));
        }
        match operator.as_str() {
            "Equal" | "" => {
                let complaints = names::label_value(&value);
                if !complaints.is_empty() {
                    out.push(FieldError::invalid(operator_path, value.as_str(), complaints.join(";")));
                }
            }
            "Exists" if !value.is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                out.push(FieldError::invalid(operator_path, value.as_str(), detail));
            }
            "Exists" => {}
            other @ ("Lt" | "Gt") => {
                let known = ["Equal", "Exists", "Lt", "Gt"];
                out.push(FieldError::not_supported(operator_path, other, &known));
            }
            other => out.push(FieldError::not_supported(operator_path, other, &["Equal", "Exists"])),
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        if !effect.is_empty() {
            check::one_of(out, &path.field("effect"), &effect, &effects);
        }
    }
}

/// Upstream: `validateTopologySpreadConstraints`.
#[inline(never)]
pub fn spread(out: &mut Errors, path: &Path, spec: &PodSpec) {
    let constraints = spec.topology_spread_constraints.as_deref().unwrap_or_default();
    for (index, constraint) in constraints.iter().enumerate() {
        let path = path.index(index);
        positive(out, &path.field("maxSkew"), constraint.max_skew);
        let (key, action) = (constraint.topology_key.as_str(), constraint.when_unsatisfiable.as_str());
        if key.is_empty() {
            out.push(FieldError::required(path.field("topologyKey"), "can not be empty"));
        }
        let actions = ["DoNotSchedule", "ScheduleAnyway"];
        if !actions.contains(&action) {
            out.push(FieldError::not_supported(path.field("whenUnsatisfiable"), action, &actions));
        }
        let repeats =
            |other: &TopologySpreadConstraint| other.topology_key == key && other.when_unsatisfiable == action;
        if constraints[index + 1..].iter().any(repeats) {
            let path = path.field("{topologyKey, whenUnsatisfiable}");
            out.push(FieldError::duplicate(path, format!("{{{key}, {action}}}")));
        }
        if let Some(domains) = constraint.min_domains {
            positive(out, &path.field("minDomains"), domains);
            if action != "DoNotSchedule" {
                let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                out.push(FieldError::invalid(path.field("minDomains"), domains, detail));
            }
        }
        let policies = [
            ("nodeAffinityPolicy", &constraint.node_affinity_policy),
            ("nodeTaintsPolicy", &constraint.node_taints_policy),
        ];
        for (field, policy) in policies {
            if let Some(policy) = policy.as_deref().filter(|policy| !["Honor", "Ignore"].contains(policy)) {
                out.push(FieldError::not_supported(path.field(field), policy, &["Honor", "Ignore"]));
            }
        }
        let keys = constraint.match_label_keys.as_deref();
        affinity::label_keys(out, &path, [keys, None], constraint.label_selector.as_ref());
        check::label_selector(out, &path.field("labelSelector"), constraint.label_selector.as_ref());
    }
}

fn positive(out: &mut Errors, path: &Path, value: i32) {
    if value <= 0 {
        out.push(FieldError::invalid(path, value, "must be greater than zero"));
    }
}
