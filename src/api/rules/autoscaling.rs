//! `HorizontalPodAutoscaler`.
//!
//! Upstream: `pkg/apis/autoscaling/v2/defaults.go`, `pkg/apis/autoscaling/validation/validation.go`.

use super::field;
use super::stateful_sets::not_negative;
use crate::api::check::Errors;
use crate::api::document::Document;
use crate::api::json;
use crate::api::names;
use crate::api::object::Object;
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use crate::api::tree::At;
use serde_json::{Value, json};

/// Fields of an autoscaler that are quantities.
const QUANTITIES: [&str; 3] = ["value", "averageValue", "tolerance"];

/// Writes the quantities of an autoscaler in their canonical form.
///
/// # Errors
/// Go's sentence about a bad one.
pub fn read_quantities(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Object(fields) => fields.iter_mut().try_for_each(|(name, field)| match field {
            // A policy's value is a number of pods.
            Value::String(_) if QUANTITIES.contains(&name.as_str()) => json::read_quantity(field),
            Value::Number(_) if name == "averageValue" || name == "tolerance" => json::read_quantity(field),
            Value::Object(target) if name == "target" || name == "current" => {
                target.get_mut("value").map_or(Ok(()), json::read_quantity)?;
                read_quantities(field)
            }
            field => read_quantities(field),
        }),
        Value::Array(items) => items.iter_mut().try_for_each(read_quantities),
        _ => Ok(()),
    }
}

/// The defaults of an autoscaler (`SetDefaults_HorizontalPodAutoscaler`).
pub fn default(scaler: &mut Document) {
    scaler.set_default("spec.minReplicas", 1.into());
    if scaler.list("spec.metrics").is_empty() {
        scaler.set("spec.metrics", json!([utilization(80)]));
    }
    if scaler.at("spec.behavior").is_none() {
        return;
    }
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
    scaler.set_default("spec.behavior.scaleUp.stabilizationWindowSeconds", 0.into());
    for (direction, policies) in [("scaleUp", json!([pods, percent])), ("scaleDown", json!([percent]))] {
        scaler.set_default(&format!("spec.behavior.{direction}.selectPolicy"), "Max".into());
        scaler.set_default(&format!("spec.behavior.{direction}.policies"), policies);
    }
}

/// The processor's use as a metric.
#[must_use]
pub fn utilization(percent: i64) -> Value {
    json!({"type": "Resource", "resource":
        {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}})
}

/// All errors of an autoscaler (`ValidateHorizontalPodAutoscaler`).
#[must_use]
pub fn validate(object: &Object) -> Errors {
    spec(object, 1)
}

/// All errors of an update of it or of its status.
#[must_use]
pub fn update(new: &Object, old: &Object) -> Errors {
    let (after, before) = (field(new, "spec"), field(old, "spec"));
    if after.value == before.value {
        let mut out = Vec::new();
        not_negative(&mut out, &field(new, "status"), &["currentReplicas", "desiredReplicas"]);
        return out;
    }
    // Who scales to zero already may go on.
    let least = before.field("minReplicas");
    spec(new, i64::from(!(least.given() && least.number() == 0)))
}

fn spec(object: &Object, lowest: i64) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let (least, most) = (spec.field("minReplicas"), spec.field("maxReplicas"));
    if least.given() && least.number() < lowest {
        out.push(least.invalid(format!("must be greater than or equal to {lowest}")));
    }
    if most.number() < 1 {
        out.push(most.required("must be set and greater than 0"));
    }
    if least.given() && most.number() < least.number() {
        let detail = "must be greater than or equal to `minReplicas`";
        out.push(FieldError::invalid(most.path, most.number(), detail));
    }
    let target = spec.field("scaleTargetRef");
    reference(&mut out, &target, target.field("kind").text() == "ReplicationController");
    let metrics = spec.field("metrics");
    metrics.items().for_each(|item| metric(&mut out, &item));
    let elsewhere = metrics.items().any(|item| matches!(item.field("type").text(), "Object" | "External"));
    if least.given() && least.number() == 0 && !elsewhere {
        let detail = "must specify at least one Object or External metric to support scaling to zero replicas";
        out.push(metrics.forbidden(detail));
    }
    let behavior = spec.field("behavior");
    for direction in ["scaleUp", "scaleDown"] {
        rules(&mut out, &behavior.field(direction));
    }
    out
}

/// Upstream: `ValidateCrossVersionObjectReference`.
fn reference(out: &mut Errors, at: &At, core: bool) {
    for name in ["kind", "name"] {
        let at = at.field(name);
        if at.is_empty() {
            out.push(at.required(""));
        } else {
            at.complain(out, names::path_segment(at.text()));
        }
    }
    let version = at.field("apiVersion");
    let wrong = |out: &mut Errors, detail: String| {
        out.push(FieldError::invalid(version.path, version.text(), detail));
    };
    match version.text().split('/').count() {
        1 if !core => wrong(out, "apiVersion must specify API group".to_owned()),
        1 | 2 => {}
        _ => wrong(out, format!("unexpected GroupVersion string: {}", version.text())),
    }
}

/// The sorts of metrics in the order in which they are looked at, and their fields.
const SOURCES: [(&str, &str); 5] = [
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];
const SORTS: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];

/// Upstream: `validateMetricSpec`.
fn metric(out: &mut Errors, at: &At) {
    let sort = at.field("type");
    if sort.is_empty() {
        out.push(sort.required("must specify a metric source type"));
    }
    if !SORTS.contains(&sort.text()) {
        out.push(sort.not_supported(&SORTS));
    }
    let present: Vec<&str> = SOURCES.iter().map(|(_, name)| *name).filter(|name| at.field(name).given()).collect();
    if let Some(first) = present.first() {
        source(out, &at.field(first), first);
    }
    let expected = SOURCES.iter().find(|(name, _)| *name == sort.text()).map(|(_, name)| *name);
    match expected {
        Some(name) if !at.field(name).given() => {
            out.push(at.field(name).required("must populate information for the given metric source"));
        }
        Some(_) => {}
        None => out.push(sort.not_supported(&SORTS)),
    }
    if present.len() != 1 {
        for name in present.iter().filter(|name| Some(**name) != expected) {
            out.push(at.field(name).forbidden("must populate the given metric source only"));
        }
    }
}

/// One source of a metric, by its field's name.
fn source(out: &mut Errors, at: &At, name: &str) {
    let wanted = at.field("target");
    let (value, average) = (wanted.field("value"), wanted.field("averageValue"));
    let percent = wanted.field("averageUtilization");
    match name {
        "object" | "external" | "pods" => {
            if name == "object" {
                reference(out, &at.field("describedObject"), true);
            }
            let metric = at.field("metric");
            let id = metric.field("name");
            if id.is_empty() {
                out.push(id.required("must specify a metric name"));
            } else {
                id.complain(out, names::path_segment(id.text()));
            }
            target(out, &wanted);
            let neither = !value.given() && !average.given();
            match name {
                "object" if neither => out.push(average.required("must set either a target value or averageValue")),
                "external" if neither => {
                    out.push(average.required("must set either a target value for metric or a per-pod target"));
                }
                "external" if value.given() && average.given() => {
                    out.push(value.forbidden("may not set both a target value for metric and a per-pod target"));
                }
                "pods" if !average.given() => {
                    out.push(average.required("must specify a positive target averageValue"));
                }
                _ => {}
            }
        }
        _ => {
            if at.field("name").is_empty() {
                out.push(at.field("name").required("must specify a resource name"));
            }
            let container = at.field("container");
            if name == "containerResource" && container.is_empty() {
                out.push(container.required("must specify a container"));
            } else if name == "containerResource" {
                container.complain(out, names::dns1123_label(container.text()));
            }
            target(out, &wanted);
            if !percent.given() && !average.given() {
                out.push(percent.required("must set either a target raw value or a target utilization"));
            }
            if percent.given() && average.given() {
                out.push(average.forbidden("may not set both a target raw value and a target utilization"));
            }
        }
    }
}

/// Upstream: `validateMetricTarget`.
fn target(out: &mut Errors, at: &At) {
    let sort = at.field("type");
    if sort.is_empty() {
        out.push(sort.required("must specify a metric target type"));
    }
    if !matches!(sort.text(), "Utilization" | "Value" | "AverageValue") {
        let detail = "must be either Utilization, Value, or AverageValue";
        out.push(FieldError::invalid(sort.path, sort.text(), detail));
    }
    for name in ["value", "averageValue"] {
        let at = at.field(name);
        if Quantity::parse(at.text()).is_ok_and(|amount| amount.sign() <= 0) {
            out.push(at.invalid("must be positive"));
        }
    }
    let percent = at.field("averageUtilization");
    if percent.given() && percent.number() < 1 {
        out.push(percent.invalid("must be greater than 0"));
    }
}

const SELECT: [&str; 3] = ["Disabled", "Max", "Min"];
const LONGEST_WINDOW: i64 = 3600;
const LONGEST_PERIOD: i64 = 1800;

/// Upstream: `validateScalingRules`.
fn rules(out: &mut Errors, at: &At) {
    if !at.given() {
        return;
    }
    let window = at.field("stabilizationWindowSeconds");
    if window.number() < 0 {
        out.push(window.invalid("must be greater than or equal to zero"));
    }
    if window.number() > LONGEST_WINDOW {
        out.push(window.invalid(format!("must be less than or equal to {LONGEST_WINDOW}")));
    }
    let select = at.field("selectPolicy");
    if select.given() && !SELECT.contains(&select.text()) {
        out.push(select.not_supported(&SELECT));
    }
    let policies = at.field("policies");
    if policies.is_empty() {
        out.push(policies.required("must specify at least one Policy"));
    }
    for policy in policies.items() {
        let (sort, value, period) = (policy.field("type"), policy.field("value"), policy.field("periodSeconds"));
        if !matches!(sort.text(), "Percent" | "Pods") {
            out.push(sort.not_supported(&["Percent", "Pods"]));
        }
        for at in [&value, &period] {
            if at.number() <= 0 {
                out.push(FieldError::invalid(at.path, at.number(), "must be greater than zero"));
            }
        }
        if period.number() > LONGEST_PERIOD {
            out.push(period.invalid(format!("must be less than or equal to {LONGEST_PERIOD}")));
        }
    }
    let tolerance = at.field("tolerance");
    if Quantity::parse(tolerance.text()).is_ok_and(|amount| amount.sign() < 0) {
        out.push(tolerance.invalid("must be greater than or equal to 0"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn bounds_targets_and_metrics_are_checked() {
        let target = json!({"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"});
        let said = |spec: Value| complaints(validate, &json!({ "spec": spec }));
        assert!(said(json!({"scaleTargetRef": target, "maxReplicas": 2, "metrics": [utilization(50)]})).is_empty());
        assert_eq!(
            said(json!({"minReplicas": 0, "scaleTargetRef": {"apiVersion": "v1"}})),
            [
                "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
                "spec.maxReplicas: Required value: must be set and greater than 0",
                "spec.scaleTargetRef.kind: Required value",
                "spec.scaleTargetRef.name: Required value",
                "spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group",
                "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero \
                 replicas",
            ]
        );
        let metrics = json!([{"type": "Pods", "resource": {"name": "cpu", "target": {"type": "Value", "averageValue": "0"}}},
            {"type": "Boat"}]);
        assert_eq!(
            said(json!({"scaleTargetRef": target, "maxReplicas": 2, "metrics": metrics,
                "behavior": {"scaleUp": {"stabilizationWindowSeconds": 4000,
                    "policies": [{"type": "Pods", "value": 0, "periodSeconds": 1801}]}}})),
            [
                "spec.metrics[0].resource.target.averageValue: Invalid value: \"0\": must be positive",
                "spec.metrics[0].pods: Required value: must populate information for the given metric source",
                "spec.metrics[1].type: Unsupported value: \"Boat\": supported values: \"ContainerResource\", \"External\", \
                 \"Object\", \"Pods\", \"Resource\"",
                "spec.metrics[1].type: Unsupported value: \"Boat\": supported values: \"ContainerResource\", \"External\", \
                 \"Object\", \"Pods\", \"Resource\"",
                "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600",
                "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
                "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
            ]
        );
    }
}
