//! JSON patches (RFC 6902) as `github.com/evanphx/json-patch` applies them: negative list positions count from the end.

use serde_json::Value;

use super::{PatchError, PatchFault};

/// Most operations in one patch.
const MAX_OPERATIONS: usize = 10_000;

/// Applies a list of operations to a document.
///
/// # Errors
/// `BadRequest` when the patch is no list of operations, `Unprocessable` when an operation cannot be carried out; then
/// nothing has changed.
pub fn json_patch(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Array(operations) = patch else {
        let found = crate::api::manifest::json_type(patch);
        return Err(PatchError::bad(format!("json: cannot unmarshal {found} into Go value of type jsonpatch.Patch")));
    };
    if operations.len() > MAX_OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        );
        return Err(PatchError::bad(message));
    }
    let mut patched = document.clone();
    for operation in operations {
        if !operation.is_object() {
            let found = crate::api::manifest::json_type(operation);
            let message = format!("json: cannot unmarshal {found} into Go value of type jsonpatch.Operation");
            return Err(PatchError::bad(message));
        }
        carry_out(&mut patched, operation).map_err(|message| PatchError::new(PatchFault::Unprocessable, message))?;
    }
    Ok(patched)
}

fn carry_out(document: &mut Value, operation: &Value) -> Result<(), String> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let kind = text("op").unwrap_or("unknown");
    let path = text("path").unwrap_or("unknown");
    let value = || operation.get("value").cloned().unwrap_or_default();
    match kind {
        "add" => add(document, path, value()).map_err(|missing| fails(kind, path, missing)),
        "remove" => remove(document, path).map(drop).map_err(|missing| fails(kind, path, missing)),
        "replace" => {
            let slot = find(document, path).map_err(|missing| fails(kind, path, missing))?;
            *slot = value();
            Ok(())
        }
        "move" => {
            let from = text("from").unwrap_or("unknown");
            let moved = remove(document, from).map_err(|missing| fails(kind, from, missing))?;
            add(document, path, moved).map_err(|missing| fails(kind, path, missing))
        }
        "copy" => {
            let from = text("from").unwrap_or("unknown");
            let copied = find(document, from).map_err(|missing| fails(kind, from, missing))?.clone();
            add(document, path, copied).map_err(|missing| fails(kind, path, missing))
        }
        "test" => {
            let found = find(document, path).map(|value| value.clone()).unwrap_or_default();
            if found == value() { Ok(()) } else { Err(format!("testing value {path} failed: test failed")) }
        }
        other => Err(format!("Unexpected kind: {other}")),
    }
}

/// What a path runs into.
#[derive(Clone, Copy)]
enum Missing {
    Path,
    Key,
    Index,
}

fn fails(kind: &str, path: &str, missing: Missing) -> String {
    match missing {
        Missing::Path => format!("{kind} operation does not apply: doc is missing path: {path}: missing value"),
        Missing::Key => format!("{kind} operation does not apply: doc is missing key: {path}: missing value"),
        Missing::Index => {
            format!("error in {kind} for path: '{path}': Unable to access invalid index: invalid index referenced")
        }
    }
}

/// The parent's path and the last part, unescaped.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, unescape(last)))
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// A list position; `-1` is the last item.
fn index(part: &str, length: usize) -> Result<usize, Missing> {
    let number: i64 = part.parse().map_err(|_| Missing::Index)?;
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let at = if number < 0 { number + length } else { number };
    usize::try_from(at).map_err(|_| Missing::Index)
}

fn find<'a>(document: &'a mut Value, path: &str) -> Result<&'a mut Value, Missing> {
    let mut value = document;
    for part in path.split('/').skip(1) {
        let part = unescape(part);
        value = match value {
            Value::Object(map) => map.get_mut(&part).ok_or(Missing::Key)?,
            Value::Array(items) => {
                let at = index(&part, items.len())?;
                items.get_mut(at).ok_or(Missing::Index)?
            }
            _ => return Err(Missing::Path),
        };
    }
    Ok(value)
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), Missing> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    let (parent, last) = split(path).ok_or(Missing::Path)?;
    match find(document, parent).map_err(|_| Missing::Path)? {
        Value::Object(map) => drop(map.insert(last, value)),
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            // Counted in the list as it will be, so that -1 appends.
            let at = index(&last, items.len() + 1)?;
            if at > items.len() {
                return Err(Missing::Index);
            }
            items.insert(at, value);
        }
        _ => return Err(Missing::Path),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str) -> Result<Value, Missing> {
    let (parent, last) = split(path).ok_or(Missing::Path)?;
    match find(document, parent).map_err(|_| Missing::Path)? {
        Value::Object(map) => map.remove(&last).ok_or(Missing::Key),
        Value::Array(items) => {
            let at = index(&last, items.len())?;
            if at < items.len() { Ok(items.remove(at)) } else { Err(Missing::Index) }
        }
        _ => Err(Missing::Path),
    }
}
