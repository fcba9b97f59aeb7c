//! Applies a strategic merge patch, to an object or to another patch.

use serde_json::{Map, Value};

use super::{Known, PatchError, PatchFault, go_print, order, root};
use crate::api::schema::Shape;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// What a patch is applied to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Onto {
    /// An object: directives act and disappear.
    Object,
    /// Another patch: directives and nulls are kept, because they are still to act.
    Patch,
}

/// Applies a strategic merge patch to an object of a type such as `apps.v1.Deployment`.
///
/// # Errors
/// When a directive or the type of a value makes no sense.
pub fn strategic(name: &str, document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Object(patch) = patch else {
        let found = crate::api::manifest::json_type(patch);
        return Err(PatchError::bad(format!(
            "json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        )));
    };
    let document = document.as_object().cloned().unwrap_or_default();
    merge_maps(document, patch.clone(), root(name).as_ref(), Onto::Object).map(Value::Object)
}

type Object = Map<String, Value>;

/// Puts a patch onto an object (or another patch).
pub(super) fn merge_maps(
    mut original: Object,
    mut patch: Object,
    shape: Option<&Shape>,
    onto: Onto,
) -> Result<Object, PatchError> {
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            _ => Err(unknown_directive(&directive, &patch)),
        };
    }
    retain_keys(&mut original, &mut patch, onto)?;
    set_orders(&mut original, &mut patch, shape, onto)?;
    for (key, value) in patch {
        let (key, deletes) = match key.strip_prefix(DELETE) {
            Some(_) if onto == Onto::Patch => {
                original.insert(key, value);
                continue;
            }
            Some(plain) => (plain.to_owned(), true),
            None if key.starts_with("$deleteFromPrimitiveList") => {
                return Err(PatchError::bad("invalid patch format of primitive list"));
            }
            None => (key, false),
        };
        if value.is_null() {
            original.remove(&key);
            if onto == Onto::Patch {
                original.insert(key, Value::Null);
            }
            continue;
        }
        let known = Known::below(shape, &key);
        let merged = match original.remove(&key) {
            Some(old) => merge_values(old, value, &known, deletes, onto)?,
            None => value,
        };
        original.insert(key, merged);
    }
    Ok(original)
}

fn unknown_directive(directive: &Value, patch: &Object) -> PatchError {
    let mut map = patch.clone();
    map.insert(DIRECTIVE.to_owned(), directive.clone());
    let message = format!("unknown patch type: {} in map: {}", go_print(directive), go_print(&Value::Object(map)));
    PatchError::new(PatchFault::Internal, message)
}

fn merge_values(old: Value, new: Value, known: &Known<'_>, deletes: bool, onto: Onto) -> Result<Value, PatchError> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => merge_maps(old, new, known.shape, onto).map(Value::Object),
        (Value::Array(old), Value::Array(new)) if known.merges() => {
            let keep = deletes && onto == Onto::Object && !new.iter().any(Value::is_object);
            if keep {
                return Ok(Value::Array(old.into_iter().filter(|item| !new.contains(item)).collect()));
            }
            merge_lists(old, new, known, onto).map(Value::Array)
        }
        (_, new) => Ok(new),
    }
}

/// Merges lists of objects by their key, lists of plain values as sets.
fn merge_lists(old: Vec<Value>, new: Vec<Value>, known: &Known<'_>, onto: Onto) -> Result<Vec<Value>, PatchError> {
    same_types(&old, &new)?;
    if !old.iter().chain(&new).any(Value::is_object) {
        let mut merged = Vec::with_capacity(old.len() + new.len());
        for item in old.iter().chain(&new) {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return Ok(order::arrange(merged, &new, &old, None));
    }
    let Some(key) = known.merge_key() else {
        let message = "cannot merge lists without merge key for type struct";
        return Err(PatchError::new(PatchFault::Internal, message));
    };
    let (mut merged, patch) = special_items(old, new, key)?;
    let stood = merged.clone();
    for item in &patch {
        let Value::Object(map) = item else { continue };
        if !map.contains_key(key) {
            return Err(PatchError::no_merge_key(map, key));
        }
        match order::position(&merged, item, Some(key)) {
            Some(at) => {
                let found = merged[at].as_object().cloned().unwrap_or_default();
                merged[at] = Value::Object(merge_maps(found, map.clone(), known.item(), onto)?);
            }
            None => merged.push(item.clone()),
        }
    }
    if let Some(map) = merged.iter().filter_map(Value::as_object).find(|map| !map.contains_key(key)) {
        return Err(PatchError::no_merge_key(map, key));
    }
    Ok(order::arrange(merged, &patch, &stood, Some(key)))
}

/// Carries out the items that are directives: what is left of the list, and the plain items of the patch.
fn special_items(mut old: Vec<Value>, new: Vec<Value>, key: &str) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let (mut plain, mut replace) = (Vec::with_capacity(new.len()), false);
    for item in new {
        match item.get(DIRECTIVE).map(Value::as_str) {
            None => plain.push(item),
            Some(Some("delete")) => match (item.get(key), item.as_object()) {
                (Some(value), _) => old.retain(|other| other.get(key) != Some(value)),
                (None, Some(map)) => return Err(PatchError::no_merge_key(map, key)),
                (None, None) => {}
            },
            Some(Some("replace")) => replace = true,
            Some(Some("merge")) => {
                let message = "merging lists cannot yet be specified in the patch";
                return Err(PatchError::new(PatchFault::Internal, message));
            }
            Some(_) => {
                let map = item.as_object().cloned().unwrap_or_default();
                return Err(unknown_directive(&item[DIRECTIVE], &map));
            }
        }
    }
    Ok(if replace { (plain, Vec::new()) } else { (old, plain) })
}

/// All items of merged lists must be of one type, and no lists.
pub(super) fn same_types(old: &[Value], new: &[Value]) -> Result<(), PatchError> {
    let mut items = old.iter().chain(new);
    let Some(first) = items.next() else { return Ok(()) };
    if first.is_array() {
        return Err(PatchError::new(PatchFault::Unprocessable, "lists of lists are not supported"));
    }
    if items.all(|item| std::mem::discriminant(item) == std::mem::discriminant(first)) {
        return Ok(());
    }
    let lists = [go_print(&Value::from(old.to_vec())), go_print(&Value::from(new.to_vec()))];
    let message = format!("list element types are not identical: [{}]", lists.join(" "));
    Err(PatchError::new(PatchFault::Internal, message))
}

/// `$retainKeys`: everything that it does not name goes.
fn retain_keys(original: &mut Object, patch: &mut Object, onto: Onto) -> Result<(), PatchError> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if onto == Onto::Patch {
        let kept = original.entry(RETAIN_KEYS).or_insert_with(|| keys.clone());
        if *kept != keys {
            let message = format!(
                "{} and {} are not deep equal: this may happen when calculating the 3-way diff patch",
                go_print(kept),
                go_print(&keys)
            );
            return Err(PatchError::new(PatchFault::Internal, message));
        }
        return Ok(());
    }
    let invalid = || PatchError::bad("invalid patch format of retainKeys");
    let Value::Array(keys) = keys else { return Err(invalid()) };
    let named = |key: &str| keys.iter().any(|named| named.as_str() == Some(key));
    let plain = |key: &str| !key.starts_with("$deleteFromPrimitiveList") && !key.starts_with("$setElementOrder");
    if patch.iter().any(|(key, value)| !value.is_null() && plain(key) && !named(key)) {
        return Err(invalid());
    }
    original.retain(|key, _| named(key));
    Ok(())
}

/// `$setElementOrder/…`: merges the list that it is about and puts it in order.
fn set_orders(original: &mut Object, patch: &mut Object, shape: Option<&Shape>, onto: Onto) -> Result<(), PatchError> {
    let invalid = || PatchError::bad("invalid patch format of setElementOrder list");
    let directives: Vec<String> = patch.keys().filter(|key| key.starts_with("$setElementOrder")).cloned().collect();
    for directive in directives {
        let Some(wanted) = patch.remove(&directive) else { continue };
        let key = directive.strip_prefix(ORDER).ok_or_else(invalid)?;
        if onto == Onto::Patch && *original.entry(directive.clone()).or_insert_with(|| wanted.clone()) != wanted {
            return Err(invalid());
        }
        let Value::Array(wanted) = wanted else { return Err(PatchError::bad_type("[]interface {}", &wanted)) };
        let known = Known::below(shape, key);
        let (old, new) = (list(original.get(key))?, list(patch.get(key))?);
        if let Some(new) = &new {
            validate_order(new, &wanted, known.merge_key())?;
        }
        let stood = old.clone().unwrap_or_default();
        let merged = match (old, new) {
            (None, None) => continue,
            (Some(old), None) => old,
            (Some(old), Some(new)) if known.merges() => merge_lists(old, new, &known, onto)?,
            (_, Some(new)) => new,
        };
        original.insert(key.to_owned(), Value::Array(order::arrange(merged, &wanted, &stood, known.merge_key())));
        patch.remove(key);
    }
    Ok(())
}

fn list(value: Option<&Value>) -> Result<Option<Vec<Value>>, PatchError> {
    match value {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items.clone())),
        Some(other) => Err(PatchError::bad_type("[]interface {}", other)),
    }
}

/// The items of a patch must stand in the order that its directive names, and be named by it.
fn validate_order(patch: &[Value], wanted: &[Value], key: Option<&str>) -> Result<(), PatchError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let mut places = wanted.iter();
    let ordered = patch
        .iter()
        .filter(|item| item.get(DIRECTIVE).is_none())
        .all(|item| places.any(|place| order::identity(place, key) == order::identity(item, key)));
    if ordered {
        return Ok(());
    }
    let message = format!(
        "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
        go_print(&Value::from(patch.to_vec())),
        go_print(&Value::from(wanted.to_vec()))
    );
    Err(PatchError::new(PatchFault::Internal, message))
}
