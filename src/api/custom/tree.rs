//! Dropping what no schema names, and filling in what it gives.
//!
//! Upstream: `apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}`.

use super::entries;
use crate::api::schema::{self, Problem};
use serde_json::Value;

/// What every object has whatever its schema says.
const OWN: [&str; 3] = ["apiVersion", "kind", "metadata"];

fn preserves(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

/// Drops the fields that no schema names.
pub fn prune(value: &mut Value, schema: &Value) {
    walk(value, schema, true, "", &mut None);
}

/// The fields that no schema names, with their paths, as the strict decoder tells them.
#[must_use]
pub fn unknown(document: &Value, schema: &Value) -> Vec<Problem> {
    let mut found = Some(Vec::new());
    let mut copy = document.clone();
    if let Some(fields) = copy.as_object_mut() {
        fields.retain(|name, _| !OWN.contains(&name.as_str()));
    }
    walk(&mut copy, schema, true, "", &mut found);
    let metadata = schema::schema().object_name("meta.v1.ObjectMeta").unwrap_or_default();
    let of_metadata = schema::check(metadata, &document["metadata"]).unknown.into_iter().map(|problem| Problem {
        message: problem.message.replace("unknown field \"", "unknown field \"metadata."),
        path: format!("metadata.{}", problem.path),
    });
    let paths = found.unwrap_or_default();
    let told = paths.into_iter().map(|path| Problem { message: format!("unknown field \"{path}\""), path });
    told.chain(of_metadata).collect()
}

fn walk(value: &mut Value, schema: &Value, root: bool, path: &str, found: &mut Option<Vec<String>>) {
    match value {
        Value::Object(fields) => {
            let keeps = preserves(schema);
            let embedded = root || schema["x-kubernetes-embedded-resource"] == true;
            fields.retain(|name, field| {
                let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if embedded && OWN.contains(&name.as_str()) {
                    return true;
                }
                if let Some(inner) = schema["properties"].get(name) {
                    walk(field, inner, false, &here, found);
                    return true;
                }
                match &schema["additionalProperties"] {
                    inner @ Value::Object(_) => {
                        walk(field, inner, false, &here, found);
                        return true;
                    }
                    Value::Bool(true) => return true,
                    _ => {}
                }
                if !keeps && let Some(found) = found {
                    found.push(here);
                }
                keeps
            });
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, &schema["items"], false, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

/// Fills in the defaults of a schema; a null that may not be null makes way for one.
pub fn default(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in entries(&schema["properties"]) {
                let given = &inner["default"];
                let missing = match fields.get(name) {
                    None => true,
                    Some(Value::Null) => inner["nullable"] != true,
                    Some(_) => false,
                };
                if missing && !given.is_null() {
                    fields.insert(name.clone(), given.clone());
                }
            }
            let none = Value::Null;
            for (name, field) in fields.iter_mut() {
                let inner = schema["properties"].get(name).unwrap_or(match &schema["additionalProperties"] {
                    inner @ Value::Object(_) => inner,
                    _ => &none,
                });
                default(field, inner);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| default(item, &schema["items"])),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_no_schema_names_is_dropped_and_told() {
        let schema = json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}, "list": {"type": "array", "items": {"type": "object", "properties": {"a": {}}}}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"type": "object"}}},
            "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"x": {}}}}}});
        let value = json!({"spec": {"size": 1, "colour": 2, "list": [{"a": 1, "b": 2}]}, "free": {"any": {"thing": 1}, "known": {"no": 1}},
            "map": {"k": {"x": 1, "y": 2}}, "other": 1});
        let mut pruned = value.clone();
        prune(&mut pruned, &schema);
        assert_eq!(
            pruned,
            json!({"spec": {"size": 1, "list": [{"a": 1}]}, "free": {"any": {"thing": 1}, "known": {}}, "map": {"k": {"x": 1}}})
        );
        let mut told: Vec<String> = unknown(&value, &schema).into_iter().map(|problem| problem.message).collect();
        told.sort();
        let names = ["free.known.no", "map.k.y", "other", "spec.colour", "spec.list[0].b"];
        assert_eq!(told, names.map(|name| format!("unknown field \"{name}\"")));
    }

    #[test]
    fn defaults_reach_into_what_is_there() {
        let schema = json!({"properties": {
            "spec": {"default": {}, "properties": {"colour": {"default": "red"}, "deep": {"properties": {"x": {"default": 1}}}}},
            "list": {"items": {"properties": {"n": {"default": 0}}}}, "nul": {"nullable": true, "default": 5}, "no": {"default": 6}}});
        let mut value = json!({"list": [{}, {"n": 3}], "nul": null, "no": null});
        default(&mut value, &schema);
        assert_eq!(value, json!({"spec": {"colour": "red"}, "list": [{"n": 0}, {"n": 3}], "nul": null, "no": 6}));
    }
}
