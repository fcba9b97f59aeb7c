//! `x-kubernetes-validations`: the rules of a custom kind's schema.
//!
//! Upstream: `apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go`.

use super::{Program, Scope, Val};
use crate::api::check::Errors;
use crate::api::status::{Fault, FieldError};
use crate::sim::Sorted;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// Reads a program, once for each text.
///
/// # Errors
/// What is wrong with it.
pub fn program(text: &str) -> Result<Rc<Program>, super::SyntaxError> {
    thread_local! {
        static KNOWN: RefCell<Sorted<String, Rc<Program>>> = const { RefCell::new(Sorted::new()) };
    }
    if let Some(known) = KNOWN.with_borrow(|known| known.get(text).cloned()) {
        return Ok(known);
    }
    let program = Rc::new(Program::parse(text)?);
    KNOWN.with_borrow_mut(|known| known.insert(text.to_owned(), program.clone()));
    Ok(program)
}

/// Whether there are rules anywhere in a schema.
#[must_use]
pub fn has(schema: &Value) -> bool {
    let Some(fields) = schema.as_object() else { return false };
    fields.iter().any(|(name, inner)| match name.as_str() {
        "x-kubernetes-validations" => true,
        "properties" => inner.as_object().is_some_and(|inner| inner.values().any(has)),
        "items" | "additionalProperties" => has(inner),
        _ => false,
    })
}

/// What rules are broken; `old` is the object that an update replaces.
#[must_use]
pub fn check(schema: &Value, value: &Value, old: Option<&Value>) -> Errors {
    let mut out = Vec::new();
    walk(&mut out, schema, value, old, "");
    out
}

fn walk(out: &mut Errors, schema: &Value, value: &Value, old: Option<&Value>, path: &str) {
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        out.extend(broken(rule, schema, value, old, path));
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let inner = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                if !has(inner) {
                    continue;
                }
                let here = match (path, schema["properties"].get(name)) {
                    ("", _) => name.clone(),
                    (_, Some(_)) => format!("{path}.{name}"),
                    (_, None) => format!("{path}[{name}]"),
                };
                walk(out, inner, field, old.and_then(|old| old.get(name)), &here);
            }
        }
        Value::Array(items) if has(&schema["items"]) => {
            for (index, item) in items.iter().enumerate() {
                let before = old.and_then(|old| twin(schema, item, old));
                walk(out, &schema["items"], item, before, &format!("{path}[{index}]"));
            }
        }
        _ => {}
    }
}

/// The item of the old list that is the same one, where items are told apart.
fn twin<'a>(schema: &Value, item: &Value, old: &'a Value) -> Option<&'a Value> {
    let keys = schema["x-kubernetes-list-map-keys"].as_array().filter(|_| schema["x-kubernetes-list-type"] == "map")?;
    let same = |other: &&Value| keys.iter().filter_map(Value::as_str).all(|key| other[key] == item[key]);
    old.as_array()?.iter().find(same)
}

fn broken(rule: &Value, schema: &Value, value: &Value, old: Option<&Value>, path: &str) -> Option<FieldError> {
    let text = rule["rule"].as_str()?;
    let named = rule["message"].as_str().map(str::trim).filter(|message| !message.is_empty());
    let shown = named.unwrap_or(text.trim());
    let place = if path.is_empty() { "<nil>" } else { path };
    let plain = |detail: String| FieldError { field: place.to_owned(), fault: Fault::Invalid(String::new()), detail };
    let program = match program(text) {
        Ok(program) => program,
        Err(error) => return Some(plain(format!("rule compile error: {error}"))),
    };
    let optional = rule["optionalOldSelf"] == true;
    let transition = program.uses("oldSelf");
    if transition && old.is_none() && !optional {
        return None;
    }
    let mut scope = Scope::default().with("self", Val::of(value, schema));
    if transition {
        let old = old.map(|old| Val::of(old, schema));
        let old = if optional { Val::Optional(old.map(Rc::new)) } else { old.unwrap_or(Val::Null) };
        scope = scope.with("oldSelf", old);
    }
    match scope.evaluate(&program) {
        Ok(Val::Bool(true)) => None,
        Err(error) if error.starts_with("no such overload") => Some(plain(format!(
            "'{error}': call arguments did not match a supported operator, function or macro signature for rule: {shown}"
        ))),
        Err(error) if error.starts_with("operation cancelled") => Some(plain(format!(
            "'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {shown}"
        ))),
        Err(error) => Some(plain(format!("{error} evaluating rule: {shown}"))),
        Ok(_) => {
            let computed = rule["messageExpression"].as_str().and_then(|expression| message(expression, &mut scope));
            let detail = computed
                .or_else(|| named.map(str::to_owned))
                .unwrap_or_else(|| format!("failed rule: {}", text.trim()));
            let mut error = plain(detail);
            if let Some(field) = rule["fieldPath"].as_str() {
                format!("{path}{field}").trim_start_matches('.').clone_into(&mut error.field);
            }
            match rule["reason"].as_str() {
                Some("FieldValueRequired") => error.fault = Fault::Required,
                Some("FieldValueForbidden") => error.fault = Fault::Forbidden,
                Some("FieldValueDuplicate") => error.fault = Fault::Duplicate(value.to_string()),
                _ => {}
            }
            Some(error)
        }
    }
}

/// The text of a `messageExpression`; none if it fails or says nothing.
pub fn message(expression: &str, scope: &mut Scope) -> Option<String> {
    match scope.evaluate(&*program(expression).ok()?) {
        Ok(Val::Text(text)) if !text.trim().is_empty() && !text.contains(['\n', '\r']) => Some(text.trim().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_stand_at_the_value_that_they_are_about() {
        let schema = json!({"properties": {"spec": {"x-kubernetes-validations": [
                {"rule": "self.size < 5 || self.color == 'blue'", "message": "big widgets must be blue"},
                {"rule": "self.size < 100"},
                {"rule": "self.none == 1"},
                {"rule": "self.size != 7", "messageExpression": "'size is ' + string(self.size)", "fieldPath": ".size", "reason": "FieldValueForbidden"}],
            "properties": {"items": {"items": {"x-kubernetes-validations": [{"rule": "self > 0"}]}},
                "fixed": {"x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "stays"}]}}}}});
        let object = json!({"spec": {"size": 7, "color": "red", "items": [1, 0], "fixed": 2}});
        let told = |old: Option<&Value>| -> Vec<String> {
            check(&schema, &object, old).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            told(None),
            [
                "spec: Invalid value: big widgets must be blue",
                "spec: Invalid value: no such key: none evaluating rule: self.none == 1",
                "spec.size: Forbidden: size is 7",
                "spec.items[1]: Invalid value: failed rule: self > 0",
            ]
        );
        let old = json!({"spec": {"fixed": 1}});
        assert!(told(Some(&old)).contains(&"spec.fixed: Invalid value: stays".to_owned()));
    }
}
