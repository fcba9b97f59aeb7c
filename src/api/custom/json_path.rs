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

/// The text of a cell: the first value that the path finds.
#[must_use]
pub fn cell(object: &Object, path: &str, kind: &str, now: Time) -> String {
    let found = find(&object.to_value(), path);
    match (kind, found.as_slice()) {
        (_, [] | [Value::Null]) => {
            if kind == "string" || kind.is_empty() {
                String::new()
            } else {
                "<none>".to_owned()
            }
        }
        ("date", [Value::String(text), ..]) => since(text, now),
        (_, [Value::String(text)]) => text.clone(),
        (_, [one]) => one.to_string(),
        (_, many) => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            many.iter().map(text).collect::<Vec<_>>().join(" ")
        }
    }
}

fn since(text: &str, now: Time) -> String {
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
