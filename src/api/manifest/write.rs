//! JSON values into YAML in kubectl's style: keys sorted, block sequences not indented under their key, quotes only
//! where YAML 1.1 would read something else, several lines as a block.
//!
//! Written by hand instead of through `serde_yaml`, whose rules for quoting and for blocks are those of YAML 1.2;
//! follows the emitter of `sigs.k8s.io/yaml` (`goyaml.v2/emitterc.go`, `encode.go`).

use serde_json::Value;

use super::scalar;

/// One document without `---`, ending in a line break.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => entries(map, 0, false, &mut text),
        Value::Array(items) if !items.is_empty() => elements(items, 0, &mut text),
        other => {
            leaf(other, 0, &mut text);
            text.push('\n');
        }
    }
    text
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', depth));
}

/// The entries of a map; `inline`: the first key stands behind a `- ` that is already written.
fn entries(map: &serde_json::Map<String, Value>, depth: usize, inline: bool, text: &mut String) {
    for (number, (key, value)) in map.iter().enumerate() {
        if number > 0 || !inline {
            indent(depth, text);
        }
        string(key, depth, true, text);
        text.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                text.push('\n');
                entries(map, depth + 2, false, text);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                elements(items, depth, text);
            }
            other => {
                text.push(' ');
                leaf(other, depth + 2, text);
                text.push('\n');
            }
        }
    }
}

fn elements(items: &[Value], depth: usize, text: &mut String) {
    for item in items {
        indent(depth, text);
        element(item, depth, text);
    }
}

/// One item of a sequence, from its dash on.
fn element(item: &Value, depth: usize, text: &mut String) {
    text.push_str("- ");
    match item {
        Value::Object(map) if !map.is_empty() => entries(map, depth + 2, true, text),
        Value::Array(inner) if !inner.is_empty() => {
            for (number, item) in inner.iter().enumerate() {
                if number > 0 {
                    indent(depth + 2, text);
                }
                element(item, depth + 2, text);
            }
        }
        other => {
            leaf(other, depth + 2, text);
            text.push('\n');
        }
    }
}

/// A value without children, without the line break behind it.
fn leaf(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(yes) => text.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(content) => string(content, depth, false, text),
        Value::Array(_) => text.push_str("[]"),
        Value::Object(_) => text.push_str("{}"),
    }
}

fn string(content: &str, depth: usize, key: bool, text: &mut String) {
    let fold_at = if key { None } else { Some(depth) };
    let printable = content.chars().all(is_printable);
    if !key && content.contains('\n') && printable && block_fits(content) {
        block(content, depth, text);
    } else if !printable || content.contains('\n') || means_something_else(content) {
        double_quoted(content, fold_at, text);
    } else if plain_is_safe(content) {
        folded(content, fold_at, false, text);
    } else {
        text.push('\'');
        folded(content, fold_at, true, text);
        text.push('\'');
    }
}

/// Lines are broken at the first single space behind this column.
const WIDTH: usize = 80;

fn column(text: &str) -> usize {
    text.rsplit('\n').next().unwrap_or_default().chars().count()
}

/// Whether the space at this byte is one at which a long line is broken.
fn breaks(content: &str, at: usize, column: usize) -> bool {
    let bytes = content.as_bytes();
    column > WIDTH && at > 0 && bytes[at - 1] != b' ' && bytes.get(at + 1).is_some_and(|&next| next != b' ')
}

/// Plain or single-quoted content, long lines broken and continued at the given depth.
fn folded(content: &str, fold_at: Option<usize>, quoted: bool, text: &mut String) {
    let mut column = column(text);
    for (at, c) in content.char_indices() {
        match (c, fold_at) {
            (' ', Some(depth)) if breaks(content, at, column) => {
                text.push('\n');
                indent(depth, text);
                column = depth;
                continue;
            }
            ('\'', _) if quoted => text.push_str("''"),
            _ => text.push(c),
        }
        column += 1;
    }
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && c != '\u{feff}'
}

/// Whether YAML 1.1 would read the plain text as anything but this string; then kubectl uses double quotes.
fn means_something_else(content: &str) -> bool {
    scalar::resolve(content).as_ref().and_then(Value::as_str) != Some(content)
        || content == "<<"
        || content == "="
        || looks_like_time(content)
        || is_base_60(content)
}

/// `2001-12-14`, with or without a time of day.
fn looks_like_time(content: &str) -> bool {
    let digits = content.bytes().take_while(u8::is_ascii_digit).count();
    let mut parts = content.splitn(3, '-');
    let numeric = |part: Option<&str>, lengths: std::ops::RangeInclusive<usize>| {
        part.is_some_and(|part| lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if digits != 4 || !numeric(parts.next(), 4..=4) || !numeric(parts.next(), 1..=2) {
        return false;
    }
    let rest = parts.next().unwrap_or_default();
    let day = rest.bytes().take_while(u8::is_ascii_digit).count();
    let time = &rest[day..];
    (1..=2).contains(&day)
        && (time.is_empty()
            || (time.starts_with(['T', 't', ' '])
                && time[1..].starts_with(|c: char| c.is_ascii_digit())
                && time.contains(':')))
}

/// `12:30`, which YAML 1.1 counts in sixties; go-yaml reads it as a string but writes it with quotes for other readers.
fn is_base_60(content: &str) -> bool {
    let unsigned = content.strip_prefix(['+', '-']).unwrap_or(content);
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or_default();
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut rest = parts.peekable();
    first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && rest.peek().is_some()
        && rest.all(|part| {
            let part = part.split('.').next().unwrap_or_default();
            matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
        })
}

/// Whether a text may stand without quotes (`yaml_emitter_analyze_scalar`, block context).
fn plain_is_safe(content: &str) -> bool {
    let first = content.chars().next().unwrap_or(' ');
    let second_is_space = content[first.len_utf8()..].chars().next().is_none_or(|c| c == ' ');
    let bad_start = "#,[]{}&*!|>'\"%@`".contains(first) || (matches!(first, '-' | '?' | ':') && second_is_space);
    let bad_inside = content.contains(": ") || content.contains(" #") || content.ends_with(':');
    let edges = content.starts_with(' ') || content.ends_with(' ');
    let marks = content.starts_with("---") || content.starts_with("...");
    !bad_start && !bad_inside && !edges && !marks
}

/// Whether a block can carry it: it may not begin with a space or end in one before a break.
fn block_fits(content: &str) -> bool {
    !content.contains(" \n") && !content.ends_with(' ') && content.chars().any(|c| c != '\n')
}

/// `|` with the hints that leading spaces and ends without exactly one line break need.
fn block(content: &str, depth: usize, text: &mut String) {
    text.push('|');
    if content.starts_with([' ', '\n']) {
        text.push('2');
    }
    let body = content.strip_suffix('\n').unwrap_or(content);
    if !content.ends_with('\n') {
        text.push('-');
    } else if body.ends_with('\n') {
        text.push('+');
    }
    for line in body.split('\n') {
        text.push('\n');
        if !line.is_empty() {
            indent(depth, text);
            text.push_str(line);
        }
    }
}

fn double_quoted(content: &str, fold_at: Option<usize>, text: &mut String) {
    text.push('"');
    let (mut column, mut after_space) = (column(text), false);
    for (at, c) in content.char_indices() {
        let last = at + c.len_utf8() == content.len();
        match fold_at {
            Some(depth) if c == ' ' && !after_space && at > 0 && !last && column > WIDTH => {
                text.push('\n');
                indent(depth, text);
                column = depth;
                // A second space would be swallowed with the line break.
                if content[at + 1..].starts_with(' ') {
                    text.push('\\');
                    column += 1;
                }
            }
            _ => {
                let before = text.len();
                escaped(c, text);
                // One column a character; escapes are ASCII, so that their bytes can be counted.
                column += if c.is_ascii() || !is_printable(c) { text.len() - before } else { 1 };
            }
        }
        after_space = c == ' ';
    }
    text.push('"');
}

fn escaped(c: char, text: &mut String) {
    match c {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\r' => text.push_str("\\r"),
        '\0' => text.push_str("\\0"),
        '\u{7}' => text.push_str("\\a"),
        '\u{8}' => text.push_str("\\b"),
        '\u{b}' => text.push_str("\\v"),
        '\u{c}' => text.push_str("\\f"),
        '\u{1b}' => text.push_str("\\e"),
        c if is_printable(c) => text.push(c),
        c if u32::from(c) < 0x100 => text.extend(format!("\\x{:02X}", u32::from(c)).chars()),
        c if u32::from(c) < 0x1_0000 => text.extend(format!("\\u{:04X}", u32::from(c)).chars()),
        c => text.extend(format!("\\U{:08X}", u32::from(c)).chars()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::read;
    use super::*;

    #[test]
    fn style() {
        let value = json!({
            "spec": {"containers": [{"name": "c", "args": ["-c", "echo hi"], "env": []}], "n": 1.5, "m": {}},
            "metadata": {"creationTimestamp": null, "labels": {"v": "1.0", "on": "yes", "rev": "331", "t": "True"}},
            "list": [["a", "b"], [], {}],
            "data": {"two": "a\nb\n", "none": "a\nb", "more": "a\n\n", "lead": "  a\nb\n", "trail": "a \nb", "one": "x\n"},
        });
        let expected = "data:\n  lead: |2\n      a\n    b\n  more: |+\n    a\n\n  none: |-\n    a\n    b\n  one: |\n    x\n  trail: \"a \\nb\"\n  two: |\n    a\n    b\nlist:\n- - a\n  - b\n- []\n- {}\nmetadata:\n  creationTimestamp: null\n  labels:\n    \"on\": \"yes\"\n    rev: \"331\"\n    t: \"True\"\n    v: \"1.0\"\nspec:\n  containers:\n  - args:\n    - -c\n    - echo hi\n    env: []\n    name: c\n  m: {}\n  \"n\": 1.5\n";
        assert_eq!(write(&value), expected);
    }

    #[test]
    fn quotes() {
        let cases = [
            ("", "\"\""),
            ("a: b", "'a: b'"),
            ("it's", "it's"),
            ("'x", "'''x'"),
            ("2001-12-14", "\"2001-12-14\""),
            ("2026-11-20T10:00:00Z", "\"2026-11-20T10:00:00Z\""),
            ("1Gi", "1Gi"),
            ("*", "'*'"),
            ("-", "'-'"),
            ("-c", "-c"),
            ("100m", "100m"),
            ("0x1F", "\"0x1F\""),
            ("~", "\"~\""),
            ("null", "\"null\""),
            ("12:30", "\"12:30\""),
            ("a\tb", "\"a\\tb\""),
            ("\u{1}", "\"\\x01\""),
            ("80%", "80%"),
            ("@x", "'@x'"),
            ("a #b", "'a #b'"),
            ("x:", "'x:'"),
            ("nginx:1.27", "nginx:1.27"),
            ("[x]", "'[x]'"),
            ("1e3", "\"1e3\""),
            (" x", "' x'"),
            ("é", "é"),
        ];
        for (content, expected) in cases {
            let mut text = String::new();
            string(content, 0, false, &mut text);
            assert_eq!(text, expected, "{content:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let texts =
            ["a\nb", "a\n\n\nb\n", "\na", " a\n", "a \n", "\n", "\t\n x", "- a", "? b", "#", "é\n", "\r\n", "y", "0o7"];
        let long = ["word ".repeat(40), "it's: ".repeat(40), "tab\tand  two ".repeat(40)];
        for text in texts.into_iter().chain(long.iter().map(String::as_str)) {
            let value = json!({"k": text, "l": [text, {text: text}]});
            let again = read(&write(&value));
            assert_eq!(again.documents.first().map(|document| &document.value), Some(&value), "{}", write(&value));
        }
    }
}
