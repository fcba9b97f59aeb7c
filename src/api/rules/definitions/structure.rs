//! Structural schemas: every field has one type, and what `anyOf` and its kin say only narrows it.
//!
//! Upstream: `apiextensions-apiserver/pkg/apiserver/schema/{validation,complete}.go`,
//! `pkg/apis/apiextensions/validation/validation.go` (`ValidateCustomResourceDefinitionOpenAPISchema`).

use crate::api::check::Errors;
use crate::api::custom;
use crate::api::status::FieldError;
use crate::api::tree::At;
use serde_json::Value;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const UNSUPPORTED: [&str; 6] =
    ["definitions", "dependencies", "deprecated", "discriminator", "$ref", "additionalItems"];
const NOT_NESTED: [&str; 9] = [
    "additionalProperties",
    "default",
    "description",
    "nullable",
    "title",
    "type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
];

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Field,
    Item,
}

/// All errors of the schema of a version.
pub fn check(out: &mut Errors, schema: &At) {
    level(out, schema, Level::Root);
}

fn level(out: &mut Errors, schema: &At, at: Level) {
    of_type(out, schema, at);
    if schema.field("uniqueItems").flag() {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        out.push(schema.field("uniqueItems").forbidden(detail));
    }
    for name in UNSUPPORTED {
        let field = schema.field(name);
        if field.given() {
            out.push(field.forbidden(&format!("{} is not supported", name.trim_start_matches('$'))));
        }
    }
    let (properties, additional, items) =
        (schema.field("properties"), schema.field("additionalProperties"), schema.field("items"));
    if additional.value == &Value::Bool(false) {
        out.push(additional.forbidden("additionalProperties cannot be set to false"));
    }
    if additional.given() && !properties.is_empty() && additional.value != &Value::Bool(false) {
        out.push(additional.forbidden("additionalProperties and properties are mutual exclusive"));
    }
    if schema.field("type").text() == "array" && !items.given() {
        out.push(items.required("must be specified"));
    }
    if additional.value.is_object() {
        level(out, &additional, Level::Field);
    }
    for (_, property) in properties.entries() {
        level(out, &property, Level::Field);
    }
    if items.value.is_object() {
        level(out, &items, Level::Item);
    } else if items.value.is_array() {
        out.push(items.forbidden("items must be a schema object and not an array"));
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        let int_or_string = schema.field("x-kubernetes-int-or-string").flag();
        schema.field(name).items().for_each(|one| nested(out, &one, int_or_string));
    }
    if schema.field("not").given() {
        nested(out, &schema.field("not"), false);
    }
    extensions(out, schema);
    default(out, schema);
    validations(out, schema);
}

fn of_type(out: &mut Errors, schema: &At, at: Level) {
    let kind = schema.field("type");
    let free = schema.field("x-kubernetes-int-or-string").flag()
        || schema.field("x-kubernetes-preserve-unknown-fields").flag();
    match (kind.text(), at) {
        ("", Level::Root) => out.push(kind.required("must not be empty at the root")),
        ("", Level::Field) if !free => out.push(kind.required("must not be empty for specified object fields")),
        ("", Level::Item) if !free => out.push(kind.required("must not be empty for specified array items")),
        ("", _) | ("object", Level::Root) => {}
        (_, Level::Root) => out.push(kind.invalid("must be object at the root")),
        (text, _) if !TYPES.contains(&text) => out.push(kind.not_supported(&TYPES)),
        _ => {}
    }
}

/// Within `allOf` and its kin no types are given and no fields named that stand nowhere else.
fn nested(out: &mut Errors, schema: &At, int_or_string: bool) {
    for name in NOT_NESTED {
        let field = schema.field(name);
        let allowed = name == "type" && int_or_string;
        if field.given() && !allowed {
            out.push(field.forbidden("must be empty to be structural"));
        }
    }
    for (_, property) in schema.field("properties").entries() {
        nested(out, &property, false);
    }
    if schema.field("items").value.is_object() {
        nested(out, &schema.field("items"), false);
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        schema.field(name).items().for_each(|one| nested(out, &one, int_or_string));
    }
}

fn extensions(out: &mut Errors, schema: &At) {
    let kind = schema.field("type").text();
    let (list, keys, map) = (
        schema.field("x-kubernetes-list-type"),
        schema.field("x-kubernetes-list-map-keys"),
        schema.field("x-kubernetes-map-type"),
    );
    if schema.field("x-kubernetes-preserve-unknown-fields").value == &Value::Bool(false) {
        let at = schema.field("x-kubernetes-preserve-unknown-fields");
        out.push(at.invalid("must be true or undefined"));
    }
    if list.given() {
        if kind != "array" {
            out.push(if kind.is_empty() {
                schema.field("type").required("must be array if x-kubernetes-list-type is specified")
            } else {
                schema.field("type").invalid("must be array if x-kubernetes-list-type is specified")
            });
        }
        match list.text() {
            "map" => list_map(out, schema, &keys),
            "atomic" | "set" => {}
            _ => out.push(list.not_supported(&["atomic", "map", "set"])),
        }
    }
    if !keys.is_empty() && list.text() != "map" {
        out.push(if list.given() {
            list.invalid("must be map if x-kubernetes-list-map-keys is non-empty")
        } else {
            list.required("must be map if x-kubernetes-list-map-keys is non-empty")
        });
    }
    if map.given() && !matches!(map.text(), "atomic" | "granular") {
        out.push(map.not_supported(&["atomic", "granular"]));
    }
}

fn list_map(out: &mut Errors, schema: &At, keys: &At) {
    if keys.is_empty() {
        out.push(keys.required("must not be empty if x-kubernetes-list-type is map"));
    }
    let items = schema.field("items");
    if items.given() && items.field("type").text() != "object" {
        out.push(items.field("type").invalid("must be object if parent array's x-kubernetes-list-type is map"));
    }
    let required = items.field("required").texts();
    for key in keys.items() {
        let property = items.value["properties"].get(key.text());
        match property {
            None => out.push(key.invalid("entries must all be names of item properties")),
            Some(property) if property["default"].is_null() && !required.contains(&key.text()) => {
                let at = items.field("properties");
                let at = at.path.key(key.text());
                out.push(FieldError::required(at.field("default"), "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"));
            }
            Some(_) => {}
        }
    }
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
    }
}
