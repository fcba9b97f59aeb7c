//! `PodDisruptionBudget`: how many pods of an application must be left, or may be gone, when others choose to evict.

use super::{Column, Kind, Object};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::api::{count, meta, table};
use crate::sim::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    group: "policy",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    short_names: &["pdb"],
    storage: "poddisruptionbudgets",
    subresources: &["status"],
    generation: true,
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    prepare_create: |object, _| super::with_document(object, |budget| budget.set("status", nothing())),
    prepare_update: |new, old| super::keep(new, old, "status"),
    prepare_status: |new, old| super::keep(new, old, "spec"),
    spec_changed: |new, old| super::differs(new, old, "spec"),
    validate,
    validate_update: |new, _| validate(new),
    columns: &[
        Column::NAME,
        Column::text("Min Available", |object, _| shown(object, "spec.minAvailable")),
        Column::text("Max Unavailable", |object, _| shown(object, "spec.maxUnavailable")),
        Column::integer("Allowed Disruptions", |object, _| {
            table::number(object.document().and_then(|budget| budget.at("status.disruptionsAllowed")))
        }),
        Column::AGE,
    ],
    ..Kind::plain()
};

const SPEC: Path = Path::new("spec");
const POLICIES: [&str; 2] = ["AlwaysAllow", "IfHealthyBudget"];

/// What Go writes of a status that nobody has set.
fn nothing() -> Value {
    json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0})
}

/// Sets the condition `DisruptionAllowed` of a status to what its numbers say (upstream:
/// `pkg/apis/policy/helper`, `UpdateDisruptionAllowedCondition`).
pub fn set_allowed(status: &mut Value, now: Time) {
    let allowed = status["disruptionsAllowed"].as_i64().unwrap_or(0) > 0;
    let (value, reason) = if allowed { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    set_condition(status, (value, reason, ""), now);
}

/// Sets the condition `DisruptionAllowed` of a status: its value, reason and message.
pub fn set_condition(status: &mut Value, (value, reason, message): (&str, &str, &str), now: Time) {
    let mut new = json!({"type": "DisruptionAllowed", "status": value, "reason": reason, "message": message,
        "lastTransitionTime": meta::timestamp(now).0.to_string()});
    if let Some(generation) = status["observedGeneration"].as_i64() {
        new["observedGeneration"] = generation.into();
    }
    let old = status["conditions"].as_array().and_then(|conditions| conditions.first());
    if let Some(old) = old.filter(|old| old["status"] == value) {
        new["lastTransitionTime"] = old["lastTransitionTime"].clone();
    }
    status["conditions"] = json!([new]);
}

fn shown(object: &Object, path: &str) -> String {
    match object.document().and_then(|budget| budget.at(path)) {
        Some(Value::String(text)) => text.clone(),
        Some(number) => number.to_string(),
        None => "N/A".to_owned(),
    }
}

/// Upstream: `pkg/apis/policy/validation`, `ValidatePodDisruptionBudgetSpec`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(budget) = object.document() else { return out };
    let given = |name: &str| budget.at("spec").and_then(|spec| spec.get(name));
    let (least, most) = (given("minAvailable"), given("maxUnavailable"));
    if least.is_some() && most.is_some() {
        let selector: Option<LabelSelector> = budget.part("spec.selector");
        // As Go prints the struct, in its order.
        let shown = format!(
            r#"{{"MinAvailable":{},"Selector":{},"MaxUnavailable":{},"UnhealthyPodEvictionPolicy":{}}}"#,
            json!(least),
            selector.as_ref().map_or_else(|| "null".to_owned(), check::shown_selector),
            json!(most),
            json!(given("unhealthyPodEvictionPolicy"))
        );
        out.push(check::invalid_as(&SPEC, shown, "minAvailable and maxUnavailable cannot be both set"));
    }
    for (name, value) in [("minAvailable", least), ("maxUnavailable", most)] {
        if let Some(value) = value {
            count::check(&mut out, &SPEC.field(name), value);
            count::at_most_all(&mut out, &SPEC.field(name), value);
        }
    }
    let selector: Option<LabelSelector> = budget.part("spec.selector");
    check::label_selector(&mut out, &SPEC.field("selector"), selector.as_ref());
    let policy = budget.text("spec.unhealthyPodEvictionPolicy");
    if !policy.is_empty() && !POLICIES.contains(&policy) {
        out.push(FieldError::not_supported(SPEC.field("unhealthyPodEvictionPolicy"), policy, &POLICIES));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(spec: &Value) -> Vec<String> {
        let value = json!({"metadata": {"name": "b", "namespace": "default"}, "spec": spec});
        let object = (KIND.decode)(value).expect("a budget");
        validate(&object).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn counts_and_percentages_are_checked() {
        assert!(complaints(&json!({"minAvailable": 0, "selector": {}})).is_empty());
        assert_eq!(
            complaints(&json!({"minAvailable": -1})),
            ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"]
        );
        assert_eq!(
            complaints(&json!({"maxUnavailable": "150%"})),
            ["spec.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%"]
        );
        assert_eq!(
            complaints(&json!({"maxUnavailable": 1, "minAvailable": "5%", "selector": {"matchLabels": {"a": "b"}}})),
            [
                r#"spec: Invalid value: {"MinAvailable":"5%","Selector":{"matchLabels":{"a":"b"}},"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set"#
            ]
        );
        assert_eq!(complaints(&json!({"unhealthyPodEvictionPolicy": "Never"})).len(), 1);
    }
}
