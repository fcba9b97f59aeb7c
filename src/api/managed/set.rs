//! Sets of fields in the form of `fieldsV1`: a map from path elements to what is below them. `{}` is a member without
//! anything below; with something below, `.` says whether it is a member itself.
//!
//! Elements are `f:NAME`, `k:{KEYS}` (an item of a list of objects), `v:VALUE` (an item of a list of values).
//! Upstream: `fieldpath/set.go`, `serialize.go`.

use serde_json::{Map, Value};

/// A set, or what is below one of its elements.
pub type Set = Map<String, Value>;

/// Whether the element with this below it is a member itself.
pub fn is_member(below: &Set) -> bool {
    below.is_empty() || below.contains_key(".")
}

/// Makes it one.
pub fn member(below: &mut Set) {
    if !below.is_empty() {
        below.insert(".".to_owned(), Value::Object(Map::new()));
    }
}

fn below(value: &Value) -> Option<&Set> {
    value.as_object()
}

/// What is in either.
#[must_use]
pub fn union(a: &Set, b: &Set) -> Set {
    let mut all = a.clone();
    for (element, other) in b {
        let (Some(other), mine) = (below(other), all.get(element).and_then(below)) else { continue };
        let merged = match mine {
            None => other.clone(),
            Some(mine) => {
                let both = is_member(mine) || is_member(other);
                let mut merged = union(mine, other);
                if both {
                    member(&mut merged);
                }
                merged
            }
        };
        all.insert(element.clone(), Value::Object(merged));
    }
    all
}

/// What is in `a` and not in `b`.
#[must_use]
pub fn difference(a: &Set, b: &Set) -> Set {
    combine(a, b, &|mine, other| mine && !other)
}

/// What is in both.
#[must_use]
pub fn intersection(a: &Set, b: &Set) -> Set {
    combine(a, b, &|mine, other| mine && other)
}

fn combine(a: &Set, b: &Set, keep: &dyn Fn(bool, bool) -> bool) -> Set {
    let nothing = Map::new();
    let mut left = Map::new();
    for (element, mine) in a.iter().filter(|(element, _)| *element != ".") {
        let Some(mine) = below(mine) else { continue };
        let other = b.get(element).and_then(below);
        let mut rest = combine(mine, other.unwrap_or(&nothing), keep);
        let is = keep(is_member(mine), other.is_some_and(is_member));
        if is {
            member(&mut rest);
        }
        if is || !rest.is_empty() {
            left.insert(element.clone(), Value::Object(rest));
        }
    }
    left
}

/// The set with every named field on the way to a member (upstream: `EnsureNamedFieldsAreMembers`).
#[must_use]
pub fn with_named(set: &Set) -> Set {
    let ensured = set.iter().filter(|(element, _)| *element != ".").map(|(element, inner)| {
        let inner = below(inner).cloned().unwrap_or_default();
        let mut ensured = with_named(&inner);
        if is_member(&inner) || element.starts_with("f:") {
            member(&mut ensured);
        }
        (element.clone(), Value::Object(ensured))
    });
    super::super::json::fields(ensured)
}

/// Calls `tell` with the path of every member, as errors write it: `.spec.containers[name="web"].image`.
pub fn each(set: &Set, path: &str, tell: &mut dyn FnMut(String)) {
    for (element, inner) in set.iter().filter(|(element, _)| *element != ".") {
        let (sort, rest) = element.split_once(':').unwrap_or(("f", element));
        let path = match sort {
            "k" => format!("{path}[{}]", keys(rest)),
            "v" => format!("{path}[={rest}]"),
            "i" => format!("{path}[{rest}]"),
            _ => format!("{path}.{rest}"),
        };
        let Some(inner) = below(inner) else { continue };
        if is_member(inner) {
            tell(path.clone());
        }
        each(inner, &path, tell);
    }
}

fn keys(text: &str) -> String {
    let keys: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    keys.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(value: Value) -> Set {
        match value {
            Value::Object(set) => set,
            _ => Map::new(),
        }
    }

    #[test]
    fn sets_are_combined() {
        let a = set(json!({"f:a": {}, "f:b": {".": {}, "f:c": {}}}));
        let b = set(json!({"f:b": {"f:c": {}, "f:d": {}}}));
        assert_eq!(union(&a, &b), set(json!({"f:a": {}, "f:b": {".": {}, "f:c": {}, "f:d": {}}})));
        assert_eq!(difference(&a, &b), set(json!({"f:a": {}, "f:b": {}})));
        assert_eq!(difference(&b, &a), set(json!({"f:b": {"f:d": {}}})));
        assert_eq!(intersection(&a, &b), set(json!({"f:b": {"f:c": {}}})));
        assert_eq!(with_named(&b), set(json!({"f:b": {".": {}, "f:c": {}, "f:d": {}}})));
    }

    #[test]
    fn paths_are_written_as_errors_write_them() {
        let set = set(json!({"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {}}}},
                             "f:metadata": {"f:finalizers": {"v:\"a\"": {}}}}));
        let mut paths = Vec::new();
        each(&set, "", &mut |path| paths.push(path));
        let expected =
            [".metadata.finalizers[=\"a\"]", ".spec.containers[name=\"web\"]", ".spec.containers[name=\"web\"].image"];
        assert_eq!(paths, expected);
    }
}
