//! Where two values first differ, in one line.

use serde_json::Value;
use std::collections::BTreeSet;

/// Longer values are cut.
const LONGEST: usize = 240;

/// `where: expected … got …`.
#[must_use]
pub fn line(at: &str, expected: &Value, got: &Value) -> String {
    format!("{at}: expected {} got {}", short(expected), short(got))
}

/// The same if the two differ.
pub fn check(at: &str, expected: &Value, got: &Value) -> Option<String> {
    (expected != got).then(|| first(at, expected, got, &|_, _| false)).flatten()
}

/// A value in at most so many characters.
#[must_use]
pub fn short(value: &Value) -> String {
    cut(&value.to_string(), LONGEST)
}

/// A text in at most so many characters.
#[must_use]
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The first place at which two values differ. A field that is missing is `null`; `same` may say of two values that
/// they are equal enough.
#[must_use]
pub fn first(at: &str, expected: &Value, got: &Value, same: &dyn Fn(&Value, &Value) -> bool) -> Option<String> {
    if expected == got || same(expected, got) {
        return None;
    }
    match (expected, got) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            names.into_iter().find_map(|name| {
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
                first(&join(at, name), &of(left), &of(right), same)
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            left.iter().zip(right).enumerate().find_map(|(n, (a, b))| first(&format!("{at}[{n}]"), a, b, same))
        }
        (Value::String(left), Value::String(right)) => Some(texts(at, left, right)),
        _ => Some(line(at, expected, got)),
    }
}

/// Two texts that differ: long ones from a little before the place where they do.
#[must_use]
pub fn texts(at: &str, expected: &str, got: &str) -> String {
    let same = expected.char_indices().zip(got.chars()).take_while(|((_, a), b)| a == b).last();
    let begin = same.map_or(0, |((end, _), _)| end);
    if expected.len().max(got.len()) <= LONGEST || begin < LONGEST / 2 {
        return line(at, &expected.into(), &got.into());
    }
    let mut from = begin - LONGEST / 4;
    while !expected.is_char_boundary(from) {
        from -= 1;
    }
    let tail = |text: &str| format!("…{}", &text[from..]);
    line(at, &tail(expected).into(), &tail(got).into())
}

fn join(at: &str, name: &str) -> String {
    match (at, name.contains(['.', '/'])) {
        ("", _) => name.to_owned(),
        (_, true) => format!("{at}[{name}]"),
        (_, false) => format!("{at}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_place_is_named() {
        let differs = |a: Value, b: Value| check("x", &a, &b);
        assert_eq!(differs(json!({"a": 1}), json!({"a": 1})), None);
        assert_eq!(differs(json!({"a": null}), json!({})), None);
        assert_eq!(differs(json!({"a": [1, 2]}), json!({"a": [1, 3]})).as_deref(), Some("x.a[1]: expected 2 got 3"));
        assert_eq!(differs(json!({"a/b": 1}), json!({})).as_deref(), Some("x[a/b]: expected 1 got null"));
        let long = "ä".repeat(300);
        let line = differs(json!(format!("{long}1")), json!(format!("{long}2"))).expect("a difference");
        assert!(line.starts_with("x: expected \"…ä") && line.ends_with("ä2\"") && line.contains("ä1\""), "{line}");
    }
}
