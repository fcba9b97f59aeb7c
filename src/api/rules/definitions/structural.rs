//! Structural schemas: every field has one type, and what `anyOf` and its kin say only narrows it.
//!
//! Upstream: `apiextensions-apiserver/pkg/apiserver/schema/{validation,complete}.go` (`ValidateStructural`).

use super::structure::must_be;
use crate::api::check::Errors;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::Order;
use serde_json::{Value, json};

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Field,
    Item,
}

/// What may not stand within `allOf` and its kin, and what it must be instead.
const NOT_NESTED: [(&str, &str); 11] = [
    ("type", "empty"),
    ("additionalProperties", "undefined"),
    ("default", "undefined"),
    ("title", "empty"),
    ("description", "empty"),
    ("nullable", "false"),
    ("x-kubernetes-preserve-unknown-fields", "false"),
    ("x-kubernetes-embedded-resource", "false"),
    ("x-kubernetes-int-or-string", "false"),
    ("x-kubernetes-list-map-keys", "empty"),
    ("x-kubernetes-list-type", "undefined"),
];
const NARROWING: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// All errors, in the order of their texts.
pub fn check(schema: &At) -> Errors {
    let mut out = Vec::new();
    invariants(&mut out, schema, Level::Root);
    complete(&mut out, schema, schema.value);
    out.order_by_key(ToString::to_string);
    out
}

/// Upstream: `validateStructuralInvariants`.
fn invariants(out: &mut Errors, schema: &At, at: Level) {
    let (properties, additional, items) =
        (schema.field("properties"), schema.field("additionalProperties"), schema.field("items"));
    if items.value.is_object() {
        invariants(out, &items, Level::Item);
    }
    properties.entries().for_each(|(_, property)| invariants(out, &property, Level::Field));
    if additional.value.is_object() {
        invariants(out, &additional, Level::Field);
    }
    if schema.field("type").text() == "array" && !items.given() {
        out.push(items.required("must be specified"));
    }
    let [free, preserves, embedded] = ["int-or-string", "preserve-unknown-fields", "embedded-resource"]
        .map(|name| schema.value[&format!("x-kubernetes-{name}")] == true);
    for (name, given) in
        [("x-kubernetes-preserve-unknown-fields", preserves), ("x-kubernetes-embedded-resource", embedded)]
    {
        if free && given {
            out.push(schema.field(name).invalid("must be false if x-kubernetes-int-or-string is true"));
        }
    }
    narrowing(out, schema, free);
    of_type(out, schema, at, (free || preserves, embedded));
    if embedded && additional.given() {
        out.push(additional.forbidden("must not be used if x-kubernetes-embedded-resource is set"));
    }
    if at == Level::Root && additional.given() {
        out.push(additional.forbidden("must not be used at the root"));
    }
    if embedded && !preserves && properties.is_empty() {
        let detail =
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        out.push(properties.required(detail));
    }
    if at == Level::Root || embedded {
        of_object(out, &properties);
    }
}

fn of_type(out: &mut Errors, schema: &At, at: Level, (free, embedded): (bool, bool)) {
    let kind = schema.field("type");
    if embedded && kind.text() != "object" {
        must_be(out, schema, "object", "x-kubernetes-embedded-resource is true");
    } else if kind.is_empty() && !free {
        out.push(kind.required(match at {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        }));
    }
    if at == Level::Root && !kind.is_empty() && kind.text() != "object" {
        out.push(kind.invalid("must be object at the root"));
    }
}

/// What every object has may be narrowed only a little (upstream: `validateStructuralMetadata` and around it).
fn of_object(out: &mut Errors, properties: &At) {
    for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
        let Some(found) = properties.value.get(name) else { continue };
        let path = properties.path.key(name);
        let kind = found["type"].as_str().unwrap_or_default();
        if kind != wanted {
            out.push(FieldError::invalid(path.field("type"), kind, format!("must be {wanted}")));
        }
        let others = found["properties"].as_object().into_iter().flatten();
        if name == "metadata" && others.into_iter().any(|(name, _)| !matches!(name.as_str(), "name" | "generateName")) {
            let detail =
                "must not specify anything other than name and generateName, but metadata is implicitly specified";
            out.push(FieldError::forbidden(path, detail));
        }
    }
}

/// `allOf` and its kin of a schema (upstream: `validateValueValidation`).
fn narrowing(out: &mut Errors, schema: &At, free: bool) {
    // A number or a text says so by `anyOf`, perhaps within the first of `allOf`.
    let both = json!([{"type": "integer"}, {"type": "string"}]);
    let skip = free && schema.value["anyOf"] == both;
    let skip_first = free && !skip && schema.value["allOf"][0]["anyOf"] == both;
    for name in NARROWING.into_iter().filter(|name| !(skip && *name == "anyOf")) {
        for (index, one) in schema.field(name).items().enumerate() {
            nested(out, &one, skip_first && name == "allOf" && index == 0);
        }
    }
    if schema.field("not").given() {
        nested(out, &schema.field("not"), false);
    }
}

/// Upstream: `validateNestedValueValidation`; `skip`: its `anyOf` says that it is a number or a text.
fn nested(out: &mut Errors, schema: &At, skip: bool) {
    for name in NARROWING.into_iter().filter(|name| !(skip && *name == "anyOf")) {
        schema.field(name).items().for_each(|one| nested(out, &one, false));
    }
    for name in ["not", "items"] {
        if schema.field(name).value.is_object() {
            nested(out, &schema.field(name), false);
        }
    }
    schema.field("properties").entries().for_each(|(_, property)| nested(out, &property, false));
    for (name, wanted) in NOT_NESTED {
        let field = schema.field(name);
        if field.given() && field.value != &Value::Bool(false) && field.value != &json!("") {
            out.push(field.forbidden(&format!("must be {wanted} to be structural")));
        }
    }
    let properties = schema.field("properties");
    if properties.value.get("metadata").is_some() {
        let path = properties.path.key("metadata");
        out.push(FieldError::forbidden(path, "must not be specified in a nested context"));
    }
}

/// What is narrowed must be there (upstream: `validateStructuralCompleteness`).
fn complete(out: &mut Errors, schema: &At, fields: &Value) {
    for name in NARROWING {
        schema.field(name).items().for_each(|one| known(out, &one, schema, fields));
    }
    if schema.field("not").given() {
        known(out, &schema.field("not"), schema, fields);
    }
    for (_, property) in schema.field("properties").entries() {
        complete(out, &property, property.value);
    }
    for name in ["items", "additionalProperties"] {
        let inner = schema.field(name);
        if inner.value.is_object() {
            complete(out, &inner, inner.value);
        }
    }
}

fn known(out: &mut Errors, narrow: &At, schema: &At, fields: &Value) {
    let free = |fields: &Value| {
        fields["x-kubernetes-preserve-unknown-fields"] == true || fields["additionalProperties"].is_object()
    };
    for (name, property) in narrow.field("properties").entries() {
        let (of, path) = (schema.field("properties"), &property.path);
        match fields["properties"].get(name) {
            Some(inner) => {
                let at = At::new(Some(inner), of.path.key(name));
                known(out, &property, &at, inner);
            }
            None if free(fields) => {}
            None => out.push(FieldError::required(of.path.key(name), format!("because it is defined in {path}"))),
        }
    }
    let (items, of) = (narrow.field("items"), schema.field("items"));
    if items.value.is_object() && of.value.is_object() {
        known(out, &items, &of, of.value);
    } else if items.value.is_object() {
        out.push(of.required(&format!("because it is defined in {}", items.path)));
    }
    for name in NARROWING {
        narrow.field(name).items().for_each(|one| known(out, &one, schema, fields));
    }
    if narrow.field("not").given() {
        known(out, &narrow.field("not"), schema, fields);
    }
}
