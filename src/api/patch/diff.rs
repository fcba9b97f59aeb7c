//! Makes strategic merge patches: between two objects, and the three-way one of `kubectl apply`.

use crate::sim::Order;
use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::merge::{Onto, merge_maps, same_types};
use super::{Known, PatchError, go_print, order, root};
use crate::api::schema::Shape;

/// Which differences count.
#[derive(Clone, Copy)]
struct Wanted {
    changes: bool,
    deletions: bool,
    retain_keys: bool,
}

type Object = Map<String, Value>;

/// The strategic merge patch that turns one object of a type into another (`CreateTwoWayMergePatch`); empty if they are
/// equal.
///
/// # Errors
/// When lists cannot be merged: an item without its key, items of several types.
pub fn diff(name: &str, original: &Value, modified: &Value) -> Result<Value, PatchError> {
    let wanted = Wanted { changes: true, deletions: true, retain_keys: false };
    diff_maps(&object(original), &object(modified), root(name).as_ref(), wanted).map(Value::Object)
}

/// The patch that `kubectl apply` sends (`CreateThreeWayMergePatch` with overwriting): `original` is what was applied
/// last (null: nothing), `modified` what is wanted now, `current` what the server has.
///
/// # Errors
/// As [`diff`].
pub fn three_way(name: &str, original: &Value, modified: &Value, current: &Value) -> Result<Value, PatchError> {
    let root = root(name);
    let delta = Wanted { changes: true, deletions: false, retain_keys: false };
    let delta = diff_maps(&object(current), &object(modified), root.as_ref(), delta)?;
    let deletions = Wanted { changes: false, deletions: true, retain_keys: false };
    let deletions = diff_maps(&object(original), &object(modified), root.as_ref(), deletions)?;
    merge_maps(deletions, delta, root.as_ref(), Onto::Patch).map(Value::Object)
}

fn object(value: &Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

fn diff_maps(
    original: &Object,
    modified: &Object,
    shape: Option<&Shape>,
    wanted: Wanted,
) -> Result<Object, PatchError> {
    let mut patch = Object::new();
    for (key, new) in modified {
        let Some(old) = original.get(key) else {
            if wanted.changes {
                patch.insert(key.clone(), new.clone());
            }
            continue;
        };
        let known = Known::below(shape, key);
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                let below = diff_maps(old, new, known.shape, Wanted { retain_keys: known.retains_keys(), ..wanted })?;
                if !below.is_empty() {
                    patch.insert(key.clone(), Value::Object(below));
                }
            }
            (Value::Array(old), Value::Array(new)) if known.merges() => {
                let wanted = Wanted { retain_keys: known.retains_keys(), ..wanted };
                diff_lists(key, old, new, &known, wanted)?.put_into(&mut patch, key);
            }
            _ if wanted.changes && old != new => {
                patch.insert(key.clone(), new.clone());
            }
            _ => {}
        }
    }
    let gone: Vec<&String> = original.keys().filter(|key| !modified.contains_key(*key)).collect();
    if wanted.deletions {
        patch.extend(gone.iter().map(|key| ((*key).clone(), Value::Null)));
    }
    let kept: Vec<&String> = modified.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key).collect();
    let loses = gone.iter().any(|key| !original[*key].is_null());
    if wanted.retain_keys && !kept.is_empty() && (!patch.is_empty() || loses) {
        patch.insert("$retainKeys".to_owned(), json!(kept));
    }
    Ok(patch)
}

/// The difference of two merged lists: up to three entries of the patch.
#[derive(Default)]
struct ListDiff {
    items: Vec<Value>,
    deleted: Vec<Value>,
    order: Vec<Value>,
}

impl ListDiff {
    fn put_into(self, patch: &mut Object, key: &str) {
        let entries = [
            (key.to_owned(), self.items),
            (format!("$deleteFromPrimitiveList/{key}"), self.deleted),
            (format!("$setElementOrder/{key}"), self.order),
        ];
        let filled = entries.into_iter().filter(|(_, list)| !list.is_empty());
        patch.extend(filled.map(|(key, list)| (key, Value::Array(list))));
    }
}

fn diff_lists(
    name: &str,
    old: &[Value],
    new: &[Value],
    known: &Known<'_>,
    wanted: Wanted,
) -> Result<ListDiff, PatchError> {
    if old.is_empty() {
        let items = if wanted.changes { new.to_vec() } else { Vec::new() };
        return Ok(ListDiff { items, ..ListDiff::default() });
    }
    same_types(old, new)?;
    if !old.iter().chain(new).any(Value::is_object) {
        return Ok(diff_values(old, new, wanted));
    }
    let Some(key) = known.merge_key() else {
        return Err(PatchError::bad(format!("no merge key is known for the list {name}")));
    };
    for map in old.iter().chain(new).filter_map(Value::as_object) {
        if !map.contains_key(key) {
            return Err(PatchError::no_merge_key(map, key));
        }
    }
    let (mut items, mut gone) = (Vec::new(), Vec::new());
    for pair in pairs(old, new, key) {
        match pair {
            (Some(other), Some(item)) => {
                let mut below = diff_maps(&object(other), &object(item), known.item(), wanted)?;
                if !below.is_empty() {
                    below.insert(key.to_owned(), item[key].clone());
                    items.push(Value::Object(below));
                }
            }
            (None, Some(item)) if wanted.changes => items.push(item.clone()),
            (Some(other), None) if wanted.deletions => gone.push(json!({"$patch": "delete", key: other[key]})),
            _ => {}
        }
    }
    order::sort_like(&mut items, new, Some(key));
    items.append(&mut gone);
    let same_order = old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old[key] == new[key]);
    let ordered = (wanted.changes && !same_order) || !items.is_empty();
    let order = if ordered { new.iter().map(|item| json!({key: item[key]})).collect() } else { Vec::new() };
    Ok(ListDiff { items, deleted: Vec::new(), order })
}

/// The items of two lists side by side, by their keys. Equal keys within one list, which the API allows for ports and
/// environment variables, are paired in the order in which upstream's sort leaves them: reversed.
fn pairs<'a>(old: &'a [Value], new: &'a [Value], key: &str) -> Vec<(Option<&'a Value>, Option<&'a Value>)> {
    let sorted = |list: &'a [Value]| {
        let mut items: Vec<(String, &Value)> = list.iter().rev().map(|item| (go_print(&item[key]), item)).collect();
        items.order_by(|a, b| a.0.cmp(&b.0));
        items.into_iter().peekable()
    };
    let (mut old, mut new) = (sorted(old), sorted(new));
    let mut pairs = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.0.cmp(&right.0),
        };
        let left = if order == Ordering::Greater { None } else { old.next() };
        let right = if order == Ordering::Less { None } else { new.next() };
        pairs.push((left.map(|item| item.1), right.map(|item| item.1)));
    }
}

/// Lists of plain values that are merged as sets.
fn diff_values(old: &[Value], new: &[Value], wanted: Wanted) -> ListDiff {
    let missing_in = |list: &[Value], other: &[Value]| -> Vec<Value> {
        let mut missing: Vec<Value> = Vec::new();
        for item in list.iter().filter(|item| !other.contains(item)) {
            if !missing.contains(item) {
                missing.push(item.clone());
            }
        }
        missing
    };
    let items = if wanted.changes { missing_in(new, old) } else { Vec::new() };
    let mut deleted = if wanted.deletions { missing_in(old, new) } else { Vec::new() };
    deleted.order_by_key(go_print);
    let ordered = !deleted.is_empty() || (wanted.changes && old != new);
    ListDiff { items, deleted, order: if ordered { new.to_vec() } else { Vec::new() } }
}
