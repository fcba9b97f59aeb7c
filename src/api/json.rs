//! The JSON that the real server reads and writes, where it differs from what our types read and write.
//!
//! Kubernetes' Go types know two sorts of optional fields. A *pointer* keeps the difference between absent and zero
//! (`replicas: 0`); a *plain* field marked `omitempty` does not: `hostNetwork: false`, `args: []` or `value: ""` vanish
//! when they are stored. Our types are all `Option`s, so [`read`] drops what vanishes before an object is decoded and
//! [`omit`] drops it from what is written. [`read`] also reads `null` as Go does (absent, or an empty text in a map of
//! texts) and writes quantities in their canonical form, numbers included.
//!
//! Left out: the rules go by the names of fields, not by their types; a name means the same in all kinds modelled.

mod decode;
mod encode;

use super::quantity::Quantity;
use serde_json::{Map, Value};

pub use decode::{decode, decode_part};
pub use encode::encode;

/// A JSON object of its fields. (`collect` would sort them first, with a copy of `slice::sort` for every iterator.)
pub fn fields<N: Into<String>>(entries: impl IntoIterator<Item = (N, Value)>) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in entries {
        fields.insert(name.into(), value);
    }
    fields
}

/// Maps from text to text: empty ones vanish, `null` in them is the empty text, and nothing within them is a field.
const TEXT_MAPS: [&str; 12] = [
    "annotations",
    "binaryData",
    "data",
    "deprecatedTopology",
    "labels",
    "matchLabels",
    "nodeSelector",
    "options",
    "parameters",
    "stringData",
    "volumeAttributes",
    "attributes",
];

/// Maps from text to quantity, or to something whose `value` is one.
const QUANTITY_MAPS: [&str; 11] = [
    "allocatable",
    "allocatedResources",
    "capacity",
    "consumedCapacity",
    "counters",
    "hard",
    "limits",
    "overhead",
    "podFixed",
    "requests",
    "used",
];

/// Fields that are quantities.
const QUANTITIES: [&str; 2] = ["divisor", "sizeLimit"];

/// Texts that are pointers: an empty one stays.
const POINTER_TEXTS: [&str; 36] = [
    "appProtocol",
    "completionMode",
    "failurePolicy",
    "fsGroupChangePolicy",
    "gmsaCredentialSpec",
    "gmsaCredentialSpecName",
    "hostnameOverride",
    "ingressClassName",
    "internalTrafficPolicy",
    "ipFamilyPolicy",
    "loadBalancerClass",
    "localhostProfile",
    "managedBy",
    "matchPolicy",
    "mountPropagation",
    "nodeAffinityPolicy",
    "nodeTaintsPolicy",
    "pathType",
    "podReplacementPolicy",
    "preemptionPolicy",
    "procMount",
    "reclaimPolicy",
    "recursiveReadOnly",
    "runAsUserName",
    "runtimeClassName",
    "selectPolicy",
    "service",
    "sideEffects",
    "storageClassName",
    "supplementalGroupsPolicy",
    "timeZone",
    "trafficDistribution",
    "unhealthyPodEvictionPolicy",
    "volumeAttributesClassName",
    "volumeBindingMode",
    "volumeMode",
];

/// Booleans that are no pointers: `false` vanishes.
const PLAIN_BOOLS: [&str; 13] = [
    "chapAuthDiscovery",
    "chapAuthSession",
    "globalDefault",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "paused",
    "publishNotReadyAddresses",
    "sslEnabled",
    "stdin",
    "stdinOnce",
    "tty",
    "unschedulable",
];

/// Integers that are no pointers: zero vanishes.
const PLAIN_INTEGERS: [&str; 17] = [
    "availableReplicas",
    "count",
    "failureThreshold",
    "fullyLabeledReplicas",
    "generation",
    "healthCheckNodePort",
    "hostPort",
    "initialDelaySeconds",
    "minReadySeconds",
    "nodePort",
    "observedGeneration",
    "periodSeconds",
    "readyReplicas",
    "successThreshold",
    "timeoutSeconds",
    "unavailableReplicas",
    "updatedReplicas",
];

/// A document as Go would have read it.
///
/// # Errors
/// Go's sentence when a quantity is none.
pub fn read(mut document: Value) -> Result<Value, String> {
    let labels_select = matches!(document["kind"].as_str(), Some("Service" | "ReplicationController"));
    if let Some(fields) = document.as_object_mut() {
        if labels_select && let Some(selector) = fields.get_mut("spec").and_then(|spec| spec.get_mut("selector")) {
            read_texts(selector);
            if selector.as_object().is_some_and(Map::is_empty) {
                *selector = Value::Null;
            }
        }
        read_fields(fields)?;
    }
    Ok(document)
}

fn read_fields(fields: &mut Map<String, Value>) -> Result<(), String> {
    let mut outcome = Ok(());
    fields.retain(|name, field| {
        if outcome.is_ok() {
            outcome = read_field(name, field);
        }
        !vanishes(name, field)
    });
    outcome
}

fn read_field(name: &str, field: &mut Value) -> Result<(), String> {
    match field {
        Value::Object(_) if name == "fieldsV1" => {}
        Value::Object(_) if TEXT_MAPS.contains(&name) => read_texts(field),
        // A CSI driver's `allocatable` is no list of quantities but a number, which may be zero.
        Value::Object(fields) if name == "allocatable" && fields.contains_key("count") => {}
        // Of a runtime class it is no list either.
        Value::Object(fields) if name == "overhead" && fields.contains_key("podFixed") => read_fields(fields)?,
        Value::Object(amounts) if QUANTITY_MAPS.contains(&name) => {
            amounts.values_mut().try_for_each(read_quantity)?;
        }
        Value::Object(fields) => read_fields(fields)?,
        Value::Array(items) => {
            items.iter_mut().filter_map(Value::as_object_mut).try_for_each(read_fields)?;
            let texts = items.iter().any(Value::is_string);
            for item in items.iter_mut().filter(|item| item.is_null()) {
                *item = if texts { Value::String(String::new()) } else { Value::Object(Map::new()) };
            }
        }
        Value::String(_) | Value::Number(_) if QUANTITIES.contains(&name) => read_quantity(field)?,
        _ => {}
    }
    Ok(())
}

fn read_texts(texts: &mut Value) {
    for text in texts.as_object_mut().into_iter().flat_map(Map::values_mut).filter(|text| text.is_null()) {
        *text = Value::String(String::new());
    }
}

/// Writes a quantity in its canonical form.
///
/// # Errors
/// Go's sentence when it is none.
pub(super) fn read_quantity(amount: &mut Value) -> Result<(), String> {
    let text = match &*amount {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null => "0".to_owned(),
        // A device's capacity, a counter.
        Value::Object(fields) if fields.contains_key("value") => return read_quantity(&mut amount["value"]),
        _ => return Ok(()),
    };
    *amount = Value::String(Quantity::canonical(&text).map_err(|error| error.to_string())?);
    Ok(())
}

/// Whether `omitempty` drops the field.
fn vanishes(name: &str, field: &Value) -> bool {
    match field {
        Value::Null => true,
        Value::String(text) => text.is_empty() && !POINTER_TEXTS.contains(&name),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && (TEXT_MAPS.contains(&name) || QUANTITY_MAPS.contains(&name)),
        Value::Bool(_) | Value::Number(_) => vanishes_when_zero(name, field),
    }
}

fn vanishes_when_zero(name: &str, field: &Value) -> bool {
    match field {
        Value::Bool(flag) => !flag && (name == "readOnly" || PLAIN_BOOLS.contains(&name)),
        Value::Number(number) => number.as_i64() == Some(0) && PLAIN_INTEGERS.contains(&name),
        _ => false,
    }
}

/// Drops what Go would not write of an object that was built with types, where absent and zero mean the same.
pub fn omit(document: &mut Value) {
    let drops_replicas = document["kind"] == "Deployment";
    if let Some(fields) = document.as_object_mut() {
        if drops_replicas
            && let Some(status) = fields.get_mut("status").and_then(Value::as_object_mut)
            && status.get("replicas").and_then(Value::as_i64) == Some(0)
        {
            status.remove("replicas");
        }
        omit_fields(fields);
    }
}

fn omit_fields(fields: &mut Map<String, Value>) {
    fields.retain(|name, field| {
        match field {
            Value::Object(_) if TEXT_MAPS.contains(&name.as_str()) => {}
            Value::Object(fields) => omit_fields(fields),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(omit_fields),
            _ => {}
        }
        !vanishes_when_zero(name, field)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_zeros_vanish_and_pointers_stay() {
        let document = json!({
            "kind": "Pod",
            "metadata": {"labels": {}, "annotations": {"a": null}, "generateName": ""},
            "spec": {
                "hostNetwork": false, "shareProcessNamespace": false, "terminationGracePeriodSeconds": 0,
                "securityContext": {}, "nodeSelector": {}, "volumes": [],
                "containers": [{"name": "c", "args": [null, "x"], "env": [{"name": "A", "value": ""}],
                    "resources": {"limits": {"cpu": 1, "memory": "1024Mi"}, "requests": {}},
                    "livenessProbe": {"initialDelaySeconds": 0, "grpc": {"port": 1, "service": ""}}}],
            },
        });
        let expected = json!({
            "kind": "Pod",
            "metadata": {"annotations": {"a": ""}},
            "spec": {
                "shareProcessNamespace": false, "terminationGracePeriodSeconds": 0, "securityContext": {},
                "containers": [{"name": "c", "args": ["", "x"], "env": [{"name": "A"}],
                    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                    "livenessProbe": {"grpc": {"port": 1, "service": ""}}}],
            },
        });
        assert_eq!(read(document), Ok(expected));
    }

    #[test]
    fn quantities_are_written_in_their_own_form_wherever_they_stand() {
        let of = |document: Value| read(document).expect("quantities");
        let class = of(json!({"kind": "RuntimeClass", "overhead": {"podFixed": {"cpu": 0.5, "memory": "1024Ki"}}}));
        assert_eq!(class["overhead"]["podFixed"], json!({"cpu": "500m", "memory": "1Mi"}));
        let device = of(json!({"spec": {"devices": [{"name": "d", "capacity": {"memory": {"value": "1024Mi"}}}]}}));
        assert_eq!(device["spec"]["devices"][0]["capacity"]["memory"]["value"], "1Gi");
        assert!(read(json!({"overhead": {"podFixed": {"cpu": "many"}}})).is_err());
    }

    #[test]
    fn a_selector_is_a_map_only_where_it_is_one() {
        let service = read(json!({"kind": "Service", "spec": {"selector": {}}}));
        assert_eq!(service, Ok(json!({"kind": "Service", "spec": {}})));
        let policy = json!({"kind": "ReplicaSet", "spec": {"selector": {}}});
        assert_eq!(read(policy.clone()), Ok(policy));
    }

    #[test]
    fn a_bad_quantity_is_refused_in_words() {
        let error = read(json!({"spec": {"containers": [{"resources": {"limits": {"cpu": "many"}}}]}}));
        assert!(error.is_err_and(|error| error.starts_with("quantities must match")));
    }

    #[test]
    fn written_zeros_vanish() {
        let mut document =
            json!({"kind": "Deployment", "spec": {"replicas": 0}, "status": {"replicas": 0, "readyReplicas": 0}});
        omit(&mut document);
        assert_eq!(document, json!({"kind": "Deployment", "spec": {"replicas": 0}, "status": {}}));
    }
}
