//! Whether an object is what its schema says.
//!
//! Upstream: `kube-openapi/pkg/validation/{validate,errors}`, `apiextensions-apiserver/pkg/apiserver/validation`,
//! `.../schema/listtype`. Regular expressions are those of a small engine that takes time in proportion to the text.

use super::{formats, wrong_type};
use crate::api::cel::rules;
use crate::api::check::Errors;
use crate::api::object::Object;
use crate::api::status::{Fault, FieldError};
use crate::sim::SortedSet;
use serde_json::{Value, json};

const NOT_CHECKED: &str = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/// All errors of a new object, or of an update of `old`.
#[must_use]
pub fn all(object: &Object, old: Option<&Object>) -> Errors {
    let Some(custom) = object.kind().custom else { return Vec::new() };
    let value = object.to_value();
    let mut errors = self::value(&custom.schema, &value);
    if let Some(old) = old {
        // What was wrong before and has not changed is let pass (upstream: validation ratcheting).
        let before = self::value(&custom.schema, &old.to_value());
        let unchanged = |error: &FieldError| before.contains(error) && same_at(&value, &old.to_value(), &error.field);
        errors.retain(|error| !unchanged(error));
    }
    list_types(&mut errors, &custom.schema, &value, "");
    if !rules::has(&custom.schema) {
        return errors;
    }
    let blocking = |error: &FieldError| {
        matches!(
            error.fault,
            Fault::NotSupported(_) | Fault::Required | Fault::TooLong | Fault::TooMany(_) | Fault::TypeInvalid(_)
        )
    };
    if errors.iter().any(blocking) {
        errors.push(FieldError::invalid("<nil>", Value::Null, NOT_CHECKED));
    } else {
        errors.extend(rules::check(&custom.schema, &value, old.map(Object::to_value).as_ref()));
    }
    errors
}

fn same_at(new: &Value, old: &Value, path: &str) -> bool {
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    new.pointer(&pointer) == old.pointer(&pointer)
}

/// All errors of a value.
#[must_use]
pub fn value(schema: &Value, value: &Value) -> Errors {
    let mut out = Vec::new();
    walk(&mut out, schema, value, "");
    out
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() && number.as_f64().is_some_and(|n| n.fract() != 0.0) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn walk(out: &mut Errors, schema: &Value, value: &Value, path: &str) {
    if !schema.is_object() || (value.is_null() && schema["nullable"] == true) {
        return;
    }
    let found = type_of(value);
    let wanted = schema["type"].as_str().unwrap_or_default();
    let (fits, words) = if schema["x-kubernetes-int-or-string"] == true {
        (matches!(found, "integer" | "string"), "integer,string")
    } else {
        (wanted.is_empty() || wanted == found || (wanted == "number" && found == "integer"), wanted)
    };
    if !fits {
        out.push(wrong_type(path.to_owned(), path, words, found));
        return;
    }
    match value {
        Value::String(text) => of_text(out, schema, text, path),
        Value::Number(_) => of_number(out, schema, value, path),
        Value::Array(items) => {
            of_list(out, schema, items, path);
            for (index, item) in items.iter().enumerate() {
                walk(out, &schema["items"], item, &format!("{path}[{index}]"));
            }
        }
        Value::Object(_) => of_object(out, schema, value, path),
        _ => {}
    }
    allowed(out, schema, value, path);
    combined(out, schema, value, path);
}

fn allowed(out: &mut Errors, schema: &Value, value: &Value, path: &str) {
    let Some(known) = schema["enum"].as_array() else { return };
    if !known.contains(value) {
        let words: Vec<String> =
            known.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        out.push(FieldError::not_supported(path, value.clone(), &words));
    }
}

fn wrong(path: &str, value: &Value, rest: &str) -> FieldError {
    FieldError::invalid(path, value.clone(), format!("{path} in body {rest}"))
}

fn of_text(out: &mut Errors, schema: &Value, text: &str, path: &str) {
    let value = json!(text);
    let length = text.chars().count() as u64;
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        out.push(FieldError::too_long(path, usize::try_from(most).unwrap_or(usize::MAX)));
    }
    if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
        out.push(wrong(path, &value, &format!("should be at least {least} chars long")));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && regex_lite::Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
    {
        out.push(wrong(path, &value, &format!("should match '{pattern}'")));
    }
    if let Some(format) = schema["format"].as_str().filter(|format| !formats::fits(format, text)) {
        let mut error = wrong(path, &value, &format!("must be of type {format}: {text:?}"));
        error.fault = Fault::TypeInvalid(value.to_string());
        out.push(error);
    }
}

fn of_number(out: &mut Errors, schema: &Value, value: &Value, path: &str) {
    let number = value.as_f64().unwrap_or_default();
    let bound = |name: &str| schema[name].as_f64();
    let exclusive = |name: &str| schema[name] == true;
    if let Some(most) = bound("maximum") {
        let (over, words) = if exclusive("exclusiveMaximum") {
            (number >= most, "less than")
        } else {
            (number > most, "less than or equal to")
        };
        if over {
            out.push(wrong(path, value, &format!("should be {words} {most}")));
        }
    }
    if let Some(least) = bound("minimum") {
        let (under, words) = if exclusive("exclusiveMinimum") {
            (number <= least, "greater than")
        } else {
            (number < least, "greater than or equal to")
        };
        if under {
            out.push(wrong(path, value, &format!("should be {words} {least}")));
        }
    }
    if let Some(unit) = bound("multipleOf").filter(|unit| (number / unit).fract() != 0.0) {
        out.push(wrong(path, value, &format!("should be a multiple of {unit}")));
    }
    let narrow = schema["format"] == "int32" && value.as_i64().is_some_and(|number| i32::try_from(number).is_err());
    if narrow {
        out.push(wrong(path, value, "must be of type int32"));
    }
}

fn count_of(schema: &Value, name: &str) -> Option<usize> {
    schema[name].as_u64().and_then(|count| usize::try_from(count).ok())
}

fn of_list(out: &mut Errors, schema: &Value, items: &[Value], path: &str) {
    if let Some(most) = count_of(schema, "maxItems").filter(|most| items.len() > *most) {
        out.push(FieldError::too_many(path, items.len(), most));
    }
    if let Some(least) = count_of(schema, "minItems").filter(|least| items.len() < *least) {
        out.push(wrong(path, &json!(items), &format!("should have at least {least} items")));
    }
}

fn of_object(out: &mut Errors, schema: &Value, value: &Value, path: &str) {
    let Some(fields) = value.as_object() else { return };
    if let Some(most) = count_of(schema, "maxProperties").filter(|most| fields.len() > *most) {
        out.push(FieldError::too_many(path, fields.len(), most));
    }
    if let Some(least) = count_of(schema, "minProperties").filter(|least| fields.len() < *least) {
        out.push(wrong(path, value, &format!("should have at least {least} properties")));
    }
    let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            out.push(FieldError::required(within(name), ""));
        }
    }
    for (name, field) in fields {
        // Metadata is the server's; a schema may only narrow the name.
        if path.is_empty() && matches!(name.as_str(), "metadata" | "apiVersion" | "kind") {
            continue;
        }
        if let Some(inner) = schema["properties"].get(name) {
            walk(out, inner, field, &within(name));
        } else if schema["additionalProperties"].is_object() {
            walk(out, &schema["additionalProperties"], field, &within(name));
        }
    }
}

/// `anyOf` and its kin (upstream: `schema_props.go`).
fn combined(out: &mut Errors, schema: &Value, value: &Value, path: &str) {
    let fits = |schema: &Value| {
        let mut errors = Vec::new();
        walk(&mut errors, schema, value, path);
        errors
    };
    let composite = |text: String| FieldError::invalid("<nil>", "", text);
    if let Some(any) = schema["anyOf"].as_array() {
        let errors: Vec<Errors> = any.iter().map(fits).collect();
        if !errors.iter().any(Vec::is_empty) {
            out.push(composite(format!("{path:?} must validate at least one schema (anyOf)")));
            out.extend(errors.into_iter().min_by_key(Vec::len).unwrap_or_default());
        }
    }
    if let Some(one) = schema["oneOf"].as_array() {
        let errors: Vec<Errors> = one.iter().map(fits).collect();
        let valid = errors.iter().filter(|errors| errors.is_empty()).count();
        let head = format!("{path:?} must validate one and only one schema (oneOf).");
        if valid == 0 {
            out.push(composite(format!("{head} Found none valid")));
            out.extend(errors.into_iter().min_by_key(Vec::len).unwrap_or_default());
        } else if valid > 1 {
            out.push(composite(format!("{head} Found {valid} valid alternatives")));
        }
    }
    if let Some(every) = schema["allOf"].as_array() {
        let errors: Errors = every.iter().flat_map(fits).collect();
        if !errors.is_empty() {
            out.push(composite(format!("{path:?} must validate all the schemas (allOf)")));
            out.extend(errors);
        }
    }
    if schema["not"].is_object() && fits(&schema["not"]).is_empty() {
        out.push(composite(format!("{path:?} must not validate the schema (not)")));
    }
}

/// Lists whose items are told apart have none twice (upstream: `schema/listtype/validation.go`).
fn list_types(out: &mut Errors, schema: &Value, value: &Value, path: &str) {
    match value {
        Value::Array(items) => {
            let keys: Vec<&str> = schema["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let mut seen = SortedSet::new();
            for (index, item) in items.iter().enumerate() {
                let here = format!("{path}[{index}]");
                let identity = match schema["x-kubernetes-list-type"].as_str() {
                    Some("set") => Some(item.clone()),
                    Some("map") => {
                        Some(Value::Object(crate::api::json::fields(keys.iter().map(|key| (*key, item[*key].clone())))))
                    }
                    _ => None,
                };
                if let Some(identity) = identity
                    && !seen.insert(identity.to_string())
                {
                    out.push(FieldError::duplicate(here.clone(), identity));
                }
                list_types(out, &schema["items"], item, &here);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let inner = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                list_types(out, inner, field, &here);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(schema: &Value, of: &Value) -> Vec<String> {
        value(schema, of).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_are_checked_in_the_words_of_the_real_server() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 10}, "color": {"type": "string", "enum": ["red", "blue"]},
            "name": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-z]+$"},
            "tags": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"}},
            "port": {"x-kubernetes-int-or-string": true}, "when": {"type": "string", "format": "date-time"}}}}});
        let one = |spec: Value| complaints(&schema, &json!({"spec": spec}));
        assert_eq!(one(json!({})), ["spec.size: Required value"]);
        assert_eq!(
            one(json!({"size": 0})),
            ["spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"]
        );
        assert_eq!(
            one(json!({"size": "big"})),
            ["spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""]
        );
        assert_eq!(
            one(json!({"size": 1, "color": "green"})),
            ["spec.color: Unsupported value: \"green\": supported values: \"red\", \"blue\""]
        );
        assert_eq!(
            one(json!({"size": 1, "name": "A"})),
            [
                "spec.name: Invalid value: \"A\": spec.name in body should be at least 2 chars long",
                "spec.name: Invalid value: \"A\": spec.name in body should match '^[a-z]+$'",
            ]
        );
        assert_eq!(one(json!({"size": 1, "name": "abcd"})), ["spec.name: Too long: may not be more than 3 bytes"]);
        assert_eq!(one(json!({"size": 1, "tags": ["a", "b", 3]})).len(), 2);
        assert_eq!(
            one(json!({"size": 1, "port": true})),
            ["spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\""]
        );
        assert_eq!(
            one(json!({"size": 1, "when": "soon"})),
            ["spec.when: Invalid value: \"soon\": spec.when in body must be of type date-time: \"soon\""]
        );
        assert!(one(json!({"size": 10, "port": 80, "when": "2026-01-02T03:04:05Z", "tags": ["x"]})).is_empty());
    }

    #[test]
    fn combinations_are_told_of_the_whole() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object",
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {}, "b": {}}}}});
        let found = complaints(&schema, &json!({"spec": {}}));
        assert_eq!(
            found[0],
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid"
        );
        let both = complaints(&schema, &json!({"spec": {"a": 1, "b": 1}}));
        assert_eq!(
            both,
            [
                "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
            ]
        );
    }

    #[test]
    fn items_are_told_apart() {
        let schema = json!({"properties": {"set": {"x-kubernetes-list-type": "set"},
            "map": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}}});
        let mut out = Vec::new();
        list_types(&mut out, &schema, &json!({"set": [1, 1], "map": [{"name": "a"}, {"name": "a", "x": 1}]}), "");
        let found: Vec<String> = out.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["map[1]: Duplicate value: {\"name\":\"a\"}", "set[1]: Duplicate value: 1"]);
    }
}
