//! Patches: how a client says "change only this".
//!
//! | Content type | Function | Meaning |
//! |---|---|---|
//! | `application/json-patch+json` | [`json_patch`] | a list of operations (RFC 6902) |
//! | `application/merge-patch+json` | [`merge_patch`] | a partial object; `null` deletes, lists are replaced (RFC 7386) |
//! | `application/strategic-merge-patch+json` | [`strategic`] | the same, but lists are merged by their keys |
//!
//! The strategic kind is Kubernetes' own: the schema says for each list whether it is merged and by which key, and
//! directives in the patch say the rest: `$patch: delete|replace`, `$retainKeys`, `$setElementOrder/…`,
//! `$deleteFromPrimitiveList/…`. [`diff`] makes such a patch from two objects, [`three_way`] the one that
//! `kubectl apply` sends: additions and changes from what the server has to what the user wants, deletions only of what
//! the user himself had applied before (remembered in the annotation [`apply::LAST_APPLIED`]).
//!
//! Follows `k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`, `pkg/util/jsonmergepatch`, `pkg/util/mergepatch/errors.go`
//! and, for JSON patches, `github.com/evanphx/json-patch` version 4.
//!
//! Left out: field ownership (server-side apply), which is not a patch of values; the error for a field that the schema
//! does not know (such fields are merged like plain JSON here, and the strict decoder complains about them).

pub mod apply;
mod diff;
mod json;
mod merge;
mod order;

use std::fmt;

use serde_json::{Map, Value};

use super::schema::{Field, Shape, schema};

pub use diff::{diff, three_way};
pub use json::json_patch;
pub use merge::strategic;

/// What the API server makes of a failed patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchFault {
    /// 400 with the message: the patch itself makes no sense.
    BadRequest,
    /// 422 `the server rejected our request due to an error in our request`, without the message.
    Unprocessable,
    /// 500 with the message.
    Internal,
}

/// Why a patch cannot be applied or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    /// How the server answers.
    pub fault: PatchFault,
    /// Upstream's sentence.
    pub message: String,
}

impl PatchError {
    fn new(fault: PatchFault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into() }
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(PatchFault::BadRequest, message)
    }

    /// An argument of another type than the one that its place needs.
    fn bad_type(wanted: &str, found: &Value) -> Self {
        Self::new(PatchFault::Unprocessable, format!("expected a {wanted}, but received a {}", go_type(found)))
    }

    fn no_merge_key(map: &Map<String, Value>, key: &str) -> Self {
        let map = go_print(&Value::Object(map.clone()));
        Self::new(PatchFault::Internal, format!("map: {map} does not contain declared merge key: {key}"))
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatchError {}

/// Applies a merge patch (RFC 7386).
#[must_use]
pub fn merge_patch(document: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut merged = document.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            merged.remove(key);
        } else {
            let old = merged.get(key).unwrap_or(&Value::Null);
            let new = merge_patch(old, value);
            merged.insert(key.clone(), new);
        }
    }
    Value::Object(merged)
}

/// The merge patch that turns one object into another.
#[must_use]
pub fn merge_diff(original: &Value, modified: &Value) -> Value {
    let (Some(old), Some(new)) = (original.as_object(), modified.as_object()) else { return modified.clone() };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        match old.get(key) {
            Some(same) if same == value => {}
            Some(other) if other.is_object() && value.is_object() => {
                patch.insert(key.clone(), merge_diff(other, value));
            }
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(patch)
}

/// What `kubectl apply` sends for kinds without a schema (`jsonmergepatch.CreateThreeWayJSONMergePatch`): a merge patch.
#[must_use]
pub fn three_way_merge(original: &Value, modified: &Value, current: &Value) -> Value {
    let keep = |value: Value, nulls: bool| only_nulls(value, nulls).unwrap_or_else(|| Value::Object(Map::new()));
    let mut patch = keep(merge_diff(original, modified), true);
    overlay(&mut patch, keep(merge_diff(current, modified), false));
    patch
}

/// Keeps only the deletions of a merge patch, or only the rest; nothing if nothing is left.
fn only_nulls(patch: Value, nulls: bool) -> Option<Value> {
    match patch {
        Value::Null => nulls.then_some(Value::Null),
        Value::Object(map) if map.is_empty() => (!nulls).then_some(Value::Object(map)),
        Value::Object(map) => {
            let kept: Map<String, Value> =
                map.into_iter().filter_map(|(key, value)| Some((key, only_nulls(value, nulls)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        other => (!nulls).then_some(other),
    }
}

/// Puts one merge patch on top of another, keeping the nulls of both.
fn overlay(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                overlay(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

/// What the schema says about a field below a value of some shape.
struct Known<'a> {
    shape: Option<&'a Shape>,
    field: Option<&'a Field>,
}

impl<'a> Known<'a> {
    fn below(shape: Option<&'a Shape>, key: &str) -> Self {
        match shape {
            Some(Shape::Object(name)) => {
                let field = schema().object(name).and_then(|known| known.fields.get(key));
                Self { shape: field.map(|field| &field.shape), field }
            }
            Some(Shape::Map(inner, _)) => Self { shape: Some(inner), field: None },
            _ => Self { shape: None, field: None },
        }
    }

    /// Whether lists are merged item by item.
    fn merges(&self) -> bool {
        self.field.is_some_and(|field| field.merge)
    }

    fn merge_key(&self) -> Option<&'static str> {
        self.field.and_then(|field| field.merge_key)
    }

    fn retains_keys(&self) -> bool {
        self.field.is_some_and(|field| field.retain_keys)
    }

    /// The shape of a list's items.
    fn item(&self) -> Option<&'a Shape> {
        match self.shape {
            Some(Shape::List(inner)) => Some(inner),
            _ => None,
        }
    }
}

/// The shape of the objects of a type; nothing for an unknown type, whose lists are then replaced.
fn root(name: &str) -> Option<Shape> {
    schema().object_name(name).map(Shape::Object)
}

/// A value's type as Go prints it.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Go's `%v` prints it: `map[a:1 b:[x y]]`.
#[must_use]
pub fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_print).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", go_print(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
