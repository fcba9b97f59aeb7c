//! The order of merged lists: the patch's items as the patch orders them, the others as they stood, interleaved.

use crate::sim::Order;
use serde_json::Value;

/// What tells an item of a list apart: its merge key, or the item itself.
pub(super) fn identity<'a>(item: &'a Value, key: Option<&str>) -> &'a Value {
    match key {
        Some(key) => item.get(key).unwrap_or(&Value::Null),
        None => item,
    }
}

/// The place of an item in a list.
pub(super) fn position(list: &[Value], item: &Value, key: Option<&str>) -> Option<usize> {
    let wanted = identity(item, key);
    list.iter().position(|other| identity(other, key) == wanted)
}

/// Whether an item of a patch says `$patch: delete`.
pub(super) fn deletes(item: &Value) -> bool {
    item.get("$patch").and_then(Value::as_str) == Some("delete")
}

/// Sorts items as another list orders them; deletions go last.
pub(super) fn sort_like(items: &mut [Value], order: &[Value], key: Option<&str>) {
    items.order_by_key(|item| (deletes(item), position(order, item, key).unwrap_or(usize::MAX)));
}

/// Interleaves two lists that are sorted already: an item of the first goes before one of the second only if it stood
/// before it in `order`.
pub(super) fn interleave(first: Vec<Value>, second: Vec<Value>, order: &[Value], key: Option<&str>) -> Vec<Value> {
    let mut merged = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    while let (Some(left), Some(right)) = (first.peek(), second.peek()) {
        let places = (position(order, left, key), position(order, right, key));
        let before = matches!(places, (Some(left), Some(right)) if left < right);
        merged.extend(if before { first.next() } else { second.next() });
    }
    merged.extend(first);
    merged.extend(second);
    merged
}

/// The merged list in its final order: items that `wanted` names, as it orders them, among the others as they stood.
pub(super) fn arrange(merged: Vec<Value>, wanted: &[Value], stood: &[Value], key: Option<&str>) -> Vec<Value> {
    let (mut named, mut others): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| position(wanted, item, key).is_some());
    sort_like(&mut named, wanted, key);
    sort_like(&mut others, stood, key);
    interleave(others, named, stood, key)
}
