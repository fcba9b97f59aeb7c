//! What may stand in a schema, and, in `structural`, whether it is structural.
//!
//! Upstream: `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`
//! (`ValidateCustomResourceDefinitionOpenAPISchema`, `specStandardValidatorV3`, `validateMapListKeysMapSet`).

use super::structural;
use crate::api::check::Errors;
use crate::api::custom;
use crate::api::status::FieldError;
use crate::api::tree::At;
use serde_json::Value;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const UNSUPPORTED: [&str; 6] = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

/// All errors of the schema of a version.
pub fn check(out: &mut Errors, schema: &At) {
    level(out, schema, None, true);
    let structural = structural::check(schema);
    let fine = structural.is_empty();
    out.extend(structural);
    if fine {
        defaults(out, schema);
    }
}

/// One schema and those within; `reason`: why there may be no defaults.
fn level(out: &mut Errors, schema: &At, reason: Option<&str>, root: bool) {
    standard(out, schema, reason);
    if schema.field("uniqueItems").flag() {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        out.push(schema.field("uniqueItems").forbidden(detail));
    }
    let (properties, additional, items) =
        (schema.field("properties"), schema.field("additionalProperties"), schema.field("items"));
    if additional.value == &Value::Bool(false) {
        out.push(additional.forbidden("additionalProperties cannot be set to false"));
    } else if additional.given() && !properties.is_empty() {
        out.push(additional.forbidden("additionalProperties and properties are mutual exclusive"));
    }
    if additional.value.is_object() {
        level(out, &additional, reason, false);
    }
    for (name, property) in properties.entries() {
        let top = root && name == "metadata";
        level(out, &property, if top { Some(" in top-level metadata") } else { reason }, false);
    }
    if schema.field("not").given() {
        level(out, &schema.field("not"), reason, false);
    }
    for name in ["allOf", "oneOf", "anyOf"] {
        schema.field(name).items().for_each(|one| level(out, &one, reason, false));
    }
    if items.value.is_object() {
        level(out, &items, reason, false);
    }
    extensions(out, schema);
    validations(out, schema);
}

/// Upstream: `specStandardValidatorV3.validate`.
fn standard(out: &mut Errors, schema: &At, reason: Option<&str>) {
    let kind = schema.field("type");
    if !kind.is_empty() && !TYPES.contains(&kind.text()) {
        out.push(kind.not_supported(&TYPES));
    }
    if let Some(reason) = reason.filter(|_| schema.field("default").given()) {
        out.push(schema.field("default").forbidden(&format!("must not be set{reason}")));
    }
    for name in UNSUPPORTED {
        let field = schema.field(name);
        if field.given() {
            out.push(field.forbidden(&format!("{name} is not supported")));
        }
    }
    if kind.text() == "null" {
        out.push(kind.forbidden("type cannot be set to null, use nullable as an alternative"));
    }
    if schema.field("items").value.is_array() {
        out.push(schema.field("items").forbidden("items must be a schema object and not an array"));
    }
}

/// A type must be one if something else is said.
pub(super) fn must_be(out: &mut Errors, schema: &At, wanted: &str, if_: &str) {
    let kind = schema.field("type");
    let detail = format!("must be {wanted} if {if_}");
    match kind.text() {
        "" => out.push(kind.required(&detail)),
        text if text != wanted => out.push(kind.invalid(detail)),
        _ => {}
    }
}

fn extensions(out: &mut Errors, schema: &At) {
    let (list, keys, map) = (
        schema.field("x-kubernetes-list-type"),
        schema.field("x-kubernetes-list-map-keys"),
        schema.field("x-kubernetes-map-type"),
    );
    let preserve = schema.field("x-kubernetes-preserve-unknown-fields");
    if preserve.value == &Value::Bool(false) {
        out.push(preserve.invalid("must be true or undefined"));
    }
    if map.given() {
        must_be(out, schema, "object", "x-kubernetes-map-type is specified");
        if !matches!(map.text(), "atomic" | "granular") {
            out.push(map.not_supported(&["atomic", "granular"]));
        }
    }
    if list.given() {
        must_be(out, schema, "array", "x-kubernetes-list-type is specified");
        if !matches!(list.text(), "atomic" | "set" | "map") {
            out.push(list.not_supported(&["atomic", "set", "map"]));
        }
    }
    let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    if !keys.is_empty() && !list.given() {
        out.push(list.required(detail));
    } else if !keys.is_empty() && list.text() != "map" {
        out.push(list.invalid(detail));
    }
    if list.text() == "map" {
        list_map(out, schema, &keys);
    }
    keys_are_there(out, schema, &list, &keys);
}

fn list_map(out: &mut Errors, schema: &At, keys: &At) {
    if keys.is_empty() {
        out.push(keys.required("must not be empty if x-kubernetes-list-type is map"));
    }
    let items = schema.field("items");
    if !items.given() {
        out.push(items.required("must have a schema if x-kubernetes-list-type is map"));
        return;
    }
    let kind = items.field("type");
    if kind.text() != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        out.push(FieldError::invalid(kind.path, kind.text(), detail));
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for key in keys.texts() {
        let properties = items.field("properties");
        match items.value["properties"].get(key) {
            Some(property) if matches!(property["type"].as_str(), Some("array" | "object")) => {
                let at = properties.path.key(key);
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                out.push(FieldError::invalid(at.field("type"), kind.text(), detail));
            }
            Some(_) => {}
            None => out.push(keys.invalid("entries must all be names of item properties")),
        }
        if seen.contains(&key) {
            out.push(keys.invalid("must not contain duplicate entries"));
        }
        seen.push(key);
    }
}

/// Upstream: `validateMapListKeysMapSet`.
fn keys_are_there(out: &mut Errors, schema: &At, list: &At, keys: &At) {
    let items = schema.field("items");
    if !items.value.is_object() || !matches!(list.text(), "set" | "map") {
        return;
    }
    let nullable = items.field("nullable");
    if nullable.flag() {
        out.push(nullable.forbidden(&format!("cannot be nullable when x-kubernetes-list-type is {}", list.text())));
    }
    if list.text() != "map" {
        return;
    }
    let (required, properties) = (items.field("required").texts(), items.field("properties"));
    for key in keys.texts() {
        let Some(property) = properties.value.get(key) else { continue };
        let at = properties.path.key(key);
        if property["default"].is_null() && !required.contains(&key) {
            let detail =
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            out.push(FieldError::required(at.field("default"), detail));
        }
        if property["nullable"] == true {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            out.push(FieldError::forbidden(at.field("nullable"), detail));
        }
    }
}

/// The defaults of a schema and of those within.
fn defaults(out: &mut Errors, schema: &At) {
    default(out, schema);
    for name in ["additionalProperties", "items"] {
        if schema.field(name).value.is_object() {
            defaults(out, &schema.field(name));
        }
    }
    schema.field("properties").entries().for_each(|(_, property)| defaults(out, &property));
}

/// A default must be what the schema asks for.
fn default(out: &mut Errors, schema: &At) {
    let given = schema.field("default");
    if !given.given() {
        return;
    }
    let path = String::from(given.path);
    let errors = custom::fits(schema.value, given.value);
    out.extend(errors.into_iter().map(|mut error| {
        let place = if error.field.is_empty() { path.clone() } else { format!("{path}.{}", error.field) };
        // Messages begin with the place, too.
        let detail = error.detail.strip_prefix(&error.field).map(|rest| format!("{place}{rest}"));
        error.detail = detail.filter(|_| error.detail.contains(" in body ")).unwrap_or(error.detail);
        error.field = place;
        error
    }));
}

fn validations(out: &mut Errors, schema: &At) {
    for rule in schema.field("x-kubernetes-validations").items() {
        let (text, message, computed) = (rule.field("rule"), rule.field("message"), rule.field("messageExpression"));
        let lines = |at: &At| at.text().trim().contains(['\n', '\r']);
        let blank = |at: &At| at.text().trim().is_empty();
        if blank(&text) {
            out.push(text.required("rule is not specified"));
        } else if !message.is_empty() && blank(&message) {
            out.push(message.invalid("message must be non-empty if specified"));
        } else if lines(&message) {
            out.push(message.invalid("message must not contain line breaks"));
        } else if lines(&text) && blank(&message) {
            out.push(message.required("message must be specified if rule contains line breaks"));
        }
        if !computed.is_empty() && blank(&computed) {
            out.push(computed.required("messageExpression must be non-empty if specified"));
        }
        let reason = rule.field("reason");
        let known = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
        if reason.given() && !known.contains(&reason.text()) {
            out.push(reason.not_supported(&known));
        }
        let place = rule.field("fieldPath");
        if !place.is_empty() && blank(&place) {
            out.push(place.invalid("fieldPath must be non-empty if specified"));
        }
        if place.text().contains(['\n', '\r']) {
            out.push(place.invalid("fieldPath must not contain line breaks"));
        }
        if !place.is_empty() && field_at(schema.value, place.text(), true).is_none() {
            out.push(place.invalid("fieldPath must be a valid path"));
        }
    }
}

/// The schema to which a path such as `.spec.ports` or `['a']` leads, if it leads to a field (upstream: `ValidFieldPath`).
pub fn field_at<'v>(mut schema: &'v Value, path: &str, brackets: bool) -> Option<&'v Value> {
    let mut rest = path;
    while !rest.is_empty() {
        let name;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[', ']']).unwrap_or(after.len());
            (name, rest) = after.split_at(end);
        } else {
            (name, rest) = rest.strip_prefix("['").filter(|_| brackets)?.split_once("']")?;
        }
        let keyed =
            || Some(&schema["additionalProperties"]).filter(|any| any.is_object() && schema["properties"].is_null());
        schema = schema["properties"].get(name).or_else(keyed).filter(|_| !name.is_empty())?;
    }
    Some(schema)
}
