//! What `kubectl apply` remembers on the object (`k8s.io/kubectl/pkg/util/apply.go`).

use serde_json::{Map, Value};

/// The annotation with the object as it was applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object that was applied last, from the annotation of the object that the server has.
#[must_use]
pub fn last_applied(current: &Value) -> Option<Value> {
    serde_json::from_str(current.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()?).ok()
}

/// The object with itself in its annotation, as `kubectl apply` sends it: `GetModifiedConfiguration`.
#[must_use]
pub fn with_last_applied(wanted: &Value) -> Value {
    let mut wanted = wanted.clone();
    if !wanted.is_object() {
        return wanted;
    }
    annotations(&mut wanted).remove(LAST_APPLIED);
    let text = go_json(&wanted) + "\n";
    annotations(&mut wanted).insert(LAST_APPLIED.to_owned(), Value::from(text));
    wanted
}

fn annotations(object: &mut Value) -> &mut Map<String, Value> {
    let annotations = &mut object["metadata"]["annotations"];
    if !annotations.is_object() {
        *annotations = Value::Object(Map::new());
    }
    // The line above has made it one.
    annotations.as_object_mut().expect("annotations are a map")
}

/// Compact JSON as Go writes it: keys sorted, and `<`, `>`, `&` escaped because JSON may end up in HTML.
#[must_use]
pub fn go_json(value: &Value) -> String {
    let mut escaped = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}
