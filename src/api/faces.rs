//! Kinds that are served in another version, or another group, than that in which they are stored.
//!
//! A request in such a version is turned as it comes in, and its answer as it goes out; in between there is one kind
//! (upstream: `pkg/apis/autoscaling/v1/conversion.go`, `pkg/apis/events/v1/conversion.go`). Left out of autoscalers: what
//! version 1 keeps in annotations about metrics other than the processor's *now*.

use super::kinds::{Kind, event, horizontal_pod_autoscaler};
use super::object::Object;
use super::rules::autoscaling::utilization;
use serde_json::{Map, Value, json};

/// How documents are turned.
type Turn = fn(&mut Map<String, Value>);

/// What another version of a kind shows.
#[derive(Clone, Copy, Debug)]
pub struct Face {
    /// The kind that is stored.
    pub of: &'static Kind,
    inward: Turn,
    outward: Turn,
    /// How selectors name fields here, and how where the kind is stored.
    fields: &'static [(&'static str, &'static str)],
}

/// `autoscaling/v1`.
pub const AUTOSCALER: Face =
    Face { of: &horizontal_pod_autoscaler::KIND, inward: metrics_in, outward: metrics_out, fields: &[] };
/// `events.k8s.io/v1`.
pub const EVENT: Face = Face {
    of: &event::KIND,
    inward: |fields| rename(fields, true),
    outward: |fields| rename(fields, false),
    fields: &[
        ("reason", "reason"),
        ("regarding.kind", "involvedObject.kind"),
        ("regarding.namespace", "involvedObject.namespace"),
        ("regarding.name", "involvedObject.name"),
        ("regarding.uid", "involvedObject.uid"),
        ("regarding.apiVersion", "involvedObject.apiVersion"),
        ("regarding.resourceVersion", "involvedObject.resourceVersion"),
        ("regarding.fieldPath", "involvedObject.fieldPath"),
        ("reportingController", "reportingComponent"),
        ("type", "type"),
    ],
};

/// The kind as which objects of a kind are stored.
#[must_use]
pub fn stored(kind: &'static Kind) -> &'static Kind {
    kind.face.map_or(kind, |face| face.of)
}

/// What a selector means by a field of a version of a kind; `None`: it may not name it
/// (upstream: `AddFieldLabelConversionsForEvent`).
#[must_use]
pub fn field<'a>(shown: &Kind, path: &'a str) -> Option<&'a str> {
    let Some(face) = shown.face else { return Some(path) };
    let general = matches!(path, "metadata.name" | "metadata.namespace").then_some(path);
    general.or_else(|| face.fields.iter().find(|(here, _)| *here == path).map(|(_, stored)| *stored))
}

/// The object as it is stored.
///
/// # Errors
/// Go's sentence about the first bad field, if it cannot be turned.
pub fn inward(object: Object) -> Result<Object, String> {
    if let Some(stored) = object.kind().custom.and_then(|custom| custom.stored) {
        return Ok(renamed(&object, stored));
    }
    let Some(face) = object.kind().face else { return Ok(object) };
    let mut value = object.to_value();
    turn(&mut value, face.of, face.inward);
    (face.of.decode)(value)
}

/// An object as a version of its kind shows it.
#[must_use]
pub fn outward(object: &Object, shown: &'static Kind) -> Object {
    if shown.custom.is_some_and(|custom| custom.stored == Some(object.kind())) {
        return renamed(object, shown);
    }
    let Some(face) = shown.face.filter(|face| face.of == object.kind()) else { return object.clone() };
    let mut value = object.to_value();
    turn(&mut value, shown, face.outward);
    // What was stored can be shown.
    (shown.decode)(value).unwrap_or_else(|_| object.clone())
}

/// Versions of a custom kind differ in their names alone (the strategy `None`).
fn renamed(object: &Object, kind: &'static Kind) -> Object {
    object.document().map_or_else(|| object.clone(), |document| Object::from_document(document.as_kind(kind)))
}

fn turn(value: &mut Value, to: &Kind, turn: Turn) {
    let Some(fields) = value.as_object_mut() else { return };
    turn(fields);
    fields.insert("apiVersion".to_owned(), to.api_version().into());
}

/// Fields of Events: their names in `v1` and in `events.k8s.io/v1`.
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

fn rename(fields: &mut Map<String, Value>, inward: bool) {
    for (old, new) in EVENT_FIELDS {
        let (from, to) = if inward { (new, old) } else { (old, new) };
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
}

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";

/// An annotation that holds JSON, which it loses.
fn take(fields: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let annotations = fields.get_mut("metadata")?.get_mut("annotations")?.as_object_mut()?;
    let text = annotations.remove(name)?;
    serde_json::from_str(text.as_str()?).ok()
}

fn put(fields: &mut Map<String, Value>, name: &str, value: &Value) {
    fields["metadata"]["annotations"][name] = value.to_string().into();
}

fn metrics_in(fields: &mut Map<String, Value>) {
    let more = take(fields, METRICS);
    let (behavior, conditions) = (take(fields, BEHAVIOR), take(fields, CONDITIONS));
    let spec = &mut fields["spec"];
    let percent = spec.as_object_mut().and_then(|spec| spec.remove("targetCPUUtilizationPercentage"));
    let mut metrics: Vec<Value> = percent.as_ref().and_then(Value::as_i64).map(utilization).into_iter().collect();
    metrics.extend(more.as_ref().and_then(Value::as_array).into_iter().flatten().map(|metric| source(metric, true)));
    if !metrics.is_empty() {
        spec["metrics"] = metrics.into();
    }
    if let Some(behavior) = behavior {
        spec["behavior"] = behavior;
    }
    let Some(status) = fields.get_mut("status").and_then(Value::as_object_mut) else { return };
    if let Some(now) = status.remove("currentCPUUtilizationPercentage") {
        let current = json!({"type": "Resource", "resource":
            {"name": "cpu", "current": {"averageUtilization": now}}});
        status.insert("currentMetrics".to_owned(), json!([current]));
    }
    if let Some(conditions) = conditions {
        status.insert("conditions".to_owned(), conditions);
    }
}

fn metrics_out(fields: &mut Map<String, Value>) {
    let spec = fields.get_mut("spec").and_then(Value::as_object_mut);
    let (metrics, behavior) = spec.map(|spec| (spec.remove("metrics"), spec.remove("behavior"))).unwrap_or_default();
    let mut others = Vec::new();
    for metric in metrics.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let percent = &metric["resource"]["target"]["averageUtilization"];
        let first = fields["spec"].get("targetCPUUtilizationPercentage").is_none();
        if first && metric["resource"]["name"] == "cpu" && percent.is_number() {
            fields["spec"]["targetCPUUtilizationPercentage"] = percent.clone();
        } else {
            others.push(source(metric, false));
        }
    }
    let status = fields.get_mut("status").and_then(Value::as_object_mut);
    let (current, conditions) =
        status.map(|status| (status.remove("currentMetrics"), status.remove("conditions"))).unwrap_or_default();
    if let Some(status) = fields.get_mut("status").and_then(Value::as_object_mut) {
        status.entry("currentReplicas").or_insert_with(|| 0.into());
        let cpu = current.as_ref().and_then(Value::as_array).into_iter().flatten();
        let mut cpu = cpu.filter(|metric| metric["resource"]["name"] == "cpu");
        if let Some(now) = cpu.find_map(|metric| metric["resource"]["current"].get("averageUtilization")) {
            status.insert("currentCPUUtilizationPercentage".to_owned(), now.clone());
        }
    }
    let others = (!others.is_empty()).then(|| Value::from(others));
    for (name, value) in [(METRICS, others), (BEHAVIOR, behavior), (CONDITIONS, conditions)] {
        if let Some(value) = value {
            put(fields, name, &value);
        }
    }
}

/// Where version 1 has what stands in a metric's target, by sort: the field, and its place in version 2.
const PLACES: [(&str, &[(&str, &str)]); 5] = [
    ("resource", &[("name", "name"), RESOURCE[0], RESOURCE[1]]),
    ("containerResource", &[("name", "name"), ("container", "container"), RESOURCE[0], RESOURCE[1]]),
    ("pods", &[("metricName", "metric/name"), ("selector", "metric/selector"), RESOURCE[1]]),
    (
        "object",
        &[
            ("target", "describedObject"),
            ("metricName", "metric/name"),
            ("selector", "metric/selector"),
            ("targetValue", "target/value"),
            ("averageValue", "target/averageValue"),
        ],
    ),
    (
        "external",
        &[
            ("metricName", "metric/name"),
            ("metricSelector", "metric/selector"),
            ("targetValue", "target/value"),
            RESOURCE[1],
        ],
    ),
];
const RESOURCE: [(&str, &str); 2] =
    [("targetAverageUtilization", "target/averageUtilization"), ("targetAverageValue", "target/averageValue")];

/// A metric in the other version.
fn source(metric: &Value, inward: bool) -> Value {
    let mut turned = json!({"type": metric["type"]});
    for (sort, places) in PLACES.iter().filter(|(sort, _)| metric[*sort].is_object()) {
        let mut own = json!({});
        for (old, new) in *places {
            let (from, to) = if inward { (old, new) } else { (new, old) };
            let Some(value) = metric[*sort].pointer(&format!("/{from}")) else { continue };
            match to.split_once('/') {
                Some((part, name)) => own[part][name] = value.clone(),
                None => own[*to] = value.clone(),
            }
        }
        if inward {
            let target = &mut own["target"];
            let sort = ["averageUtilization", "averageValue"].iter().find(|name| target.get(**name).is_some());
            target["type"] = match sort {
                Some(&"averageUtilization") => "Utilization",
                Some(_) => "AverageValue",
                None => "Value",
            }
            .into();
        }
        turned[*sort] = own;
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{event_v1, horizontal_pod_autoscaler_v1 as v1};

    #[test]
    fn an_autoscaler_of_either_version_is_the_same() {
        let document = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "h", "namespace": "n"}, "spec": {"maxReplicas": 5, "targetCPUUtilizationPercentage": 60}});
        let inner = inward((v1::KIND.decode)(document).expect("an autoscaler")).expect("a stored one");
        assert_eq!(inner.kind(), &horizontal_pod_autoscaler::KIND);
        assert_eq!(inner.to_value()["spec"]["metrics"], json!([utilization(60)]));
        let shown = outward(&inner, &v1::KIND).to_value();
        assert_eq!(shown["apiVersion"], "autoscaling/v1");
        assert_eq!(shown["spec"], json!({"maxReplicas": 5, "targetCPUUtilizationPercentage": 60}));
    }

    #[test]
    fn other_metrics_stand_in_an_annotation() {
        let pods = json!({"type": "Pods", "pods":
            {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "5"}}});
        let value = json!({"metadata": {"name": "h"}, "spec": {"maxReplicas": 5, "metrics": [pods, utilization(9)]}});
        let object = (horizontal_pod_autoscaler::KIND.decode)(value).expect("an autoscaler");
        let shown = outward(&object, &v1::KIND);
        let annotation = shown.meta().annotations.as_ref().map(|map| map[METRICS].clone());
        assert_eq!(
            annotation.as_deref(),
            Some(r#"[{"pods":{"metricName":"qps","targetAverageValue":"5"},"type":"Pods"}]"#)
        );
        let back = inward(shown).expect("a stored one").to_value();
        assert_eq!(back["spec"]["metrics"], json!([utilization(9), pods]));
        assert_eq!(back["metadata"].get("annotations"), None);
    }

    #[test]
    fn an_event_has_two_faces() {
        let value = json!({"metadata": {"name": "e"}, "regarding": {"kind": "Pod", "name": "p"}, "note": "text"});
        let inner = inward((event_v1::KIND.decode)(value).expect("an event")).expect("a stored one");
        assert_eq!(inner.to_value()["message"], "text");
        assert_eq!(outward(&inner, &event_v1::KIND).to_value()["regarding"], json!({"kind": "Pod", "name": "p"}));
    }
}
