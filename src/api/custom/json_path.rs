//! The paths of printer columns: fields, list positions, `[*]`, and items chosen by a field.
//!
//! Upstream: `client-go/util/jsonpath`, `apiextensions-apiserver/pkg/registry/customresource/tableconvertor`.

use crate::api::age;
use crate::api::object::Object;
use crate::sim::Time;
use serde_json::Value;

enum Step {
    Field(String),
    Index(i64),
    All,
    /// Items of which a field has this text.
    Where(String, String),
}

/// The text of a cell: the first value that the path finds, if it is of the column's type; else nothing (upstream:
/// `tableconvertor.go`, `cellForJSONValue`).
#[must_use]
pub fn cell(object: &Object, path: &str, kind: &str, now: Time) -> String {
    let Some(found) = find(&object.to_value(), path).into_iter().next() else { return String::new() };
    match (kind, found) {
        (_, Value::Null) => String::new(),
        ("date", Value::String(text)) => since(&text, now),
        ("string", Value::String(text)) => text,
        ("string", other) => other.to_string(),
        ("integer", Value::Number(number)) => whole(&number).map_or_else(String::new, |number| number.to_string()),
        ("number", Value::Number(number)) => number.to_string(),
        ("boolean", Value::Bool(flag)) => flag.to_string(),
        _ => String::new(),
    }
}

/// What is behind the point is cut off.
fn whole(number: &serde_json::Number) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "Go cuts off too")]
    number.as_i64().or_else(|| number.as_f64().map(|number| number as i64))
}

fn since(text: &str, now: Time) -> String {
    if text.is_empty() {
        return "<unknown>".to_owned();
    }
    let time = crate::api::json::decode_part(&Value::String(text.to_owned()));
    let time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time> = time.ok();
    time.map_or_else(|| "<invalid>".to_owned(), |time| age::human(now.since(crate::api::meta::moment(&time))))
}

/// Whether a path is one that a column may have (upstream: `isSimpleJSONPath` and the parser).
#[must_use]
pub fn is_simple(path: &str) -> bool {
    path.starts_with('.') && steps(path).is_some()
}

fn find(value: &Value, path: &str) -> Vec<Value> {
    let mut found = vec![value.clone()];
    for step in steps(path).unwrap_or_default() {
        found = found.into_iter().flat_map(|value| next(value, &step)).collect();
    }
    found
}

fn next(value: Value, step: &Step) -> Vec<Value> {
    match (step, value) {
        (Step::Field(name), Value::Object(mut fields)) => fields.remove(name).into_iter().collect(),
        (Step::Index(index), Value::Array(mut items)) => {
            let length = i64::try_from(items.len()).unwrap_or_default();
            let at = usize::try_from(if *index < 0 { length + index } else { *index }).unwrap_or(usize::MAX);
            if at < items.len() { vec![items.swap_remove(at)] } else { Vec::new() }
        }
        (Step::All, Value::Array(items)) => items,
        (Step::All, Value::Object(fields)) => fields.into_iter().map(|(_, value)| value).collect(),
        (Step::Where(field, wanted), Value::Array(items)) => {
            let has = |item: &Value| {
                let found = field.split('.').try_fold(item, |value, name| value.get(name));
                found.is_some_and(|value| {
                    value.as_str().map_or_else(|| *value.to_string() == **wanted, |text| text == wanted)
                })
            };
            items.into_iter().filter(has).collect()
        }
        _ => Vec::new(),
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']')?;
            steps.push(bracket(&inner[..end])?);
            rest = &inner[end + 1..];
            continue;
        }
        let after = rest.strip_prefix('.')?;
        // A dot within a name is written `\.`.
        let mut name = String::new();
        let mut characters = after.char_indices();
        let mut end = after.len();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => name.extend(characters.next().map(|(_, next)| next)),
                '.' | '[' => {
                    end = at;
                    break;
                }
                other => name.push(other),
            }
        }
        rest = &after[end..];
        match name.as_str() {
            "" if rest.starts_with('[') => {}
            "" if path == "." => {}
            "" => return None,
            "*" => steps.push(Step::All),
            _ => steps.push(Step::Field(name)),
        }
    }
    Some(steps)
}

fn bracket(inner: &str) -> Option<Step> {
    let quoted = |text: &str| {
        let text = text.trim();
        let inner = text.strip_prefix(['\'', '"']).and_then(|text| text.strip_suffix(['\'', '"']));
        inner.unwrap_or(text).to_owned()
    };
    if inner == "*" {
        return Some(Step::All);
    }
    if let Ok(index) = inner.parse() {
        return Some(Step::Index(index));
    }
    if let Some(filter) = inner.strip_prefix("?(").and_then(|filter| filter.strip_suffix(')')) {
        let (field, wanted) = filter.split_once("==")?;
        return Some(Step::Where(field.trim().strip_prefix("@.")?.to_owned(), quoted(wanted)));
    }
    inner.starts_with(['\'', '"']).then(|| Step::Field(quoted(inner)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cell_is_of_its_columns_type_or_empty() {
        let kind = &crate::api::kinds::config_map::KIND;
        let map = json!({"metadata": {"name": "m", "annotations": {"a": "x"}, "creationTimestamp": "2026-01-05T09:00:00Z",
            "finalizers": ["b", "a"], "generation": 3}});
        let map = (kind.decode)(map).expect("a map");
        let cell = |path: &str, kind: &str| super::cell(&map, path, kind, Time::from_secs(60));
        assert_eq!(cell(".metadata.annotations.a", "string"), "x");
        assert_eq!(cell(".metadata.annotations.a", "integer"), "");
        assert_eq!(cell(".metadata.generation", "integer"), "3");
        assert_eq!(cell(".metadata.generation", "boolean"), "");
        assert_eq!(cell(".metadata.generation", "date"), "");
        assert_eq!(cell(".metadata.finalizers[*]", "string"), "b");
        assert_eq!(cell(".metadata.finalizers", "string"), "[\"b\",\"a\"]");
        assert_eq!(cell(".metadata.creationTimestamp", "date"), "60s");
        assert_eq!(cell(".metadata.annotations.a", "date"), "<invalid>");
        assert_eq!(cell(".spec.none", "integer"), "");
    }

    #[test]
    fn paths_find_what_they_name() {
        let value = json!({"spec": {"list": [{"a": 1}, {"a": 2}], "x.y": "z"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]}});
        let one = |path: &str| find(&value, path);
        assert_eq!(one(".status.conditions[?(@.type==\"Ready\")].status"), [json!("True")]);
        assert_eq!(one(".status.conditions[?(@.type == 'Other')].status"), [json!("False")]);
        assert_eq!(one(".spec.list[*].a"), [json!(1), json!(2)]);
        assert_eq!(one(".spec.list[-1].a"), [json!(2)]);
        assert_eq!(one(".spec.x\\.y"), [json!("z")]);
        assert_eq!(one(".spec['x.y']"), [json!("z")]);
        assert!(one(".spec.none").is_empty());
        assert!(!is_simple("spec") && !is_simple(".spec[") && is_simple(".metadata.creationTimestamp"));
    }
}
