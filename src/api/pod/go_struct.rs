//! A pod's spec or template as the server's own types print it: some errors show the whole value that they refuse, or in
//! what it differs from the one before.

use crate::api::unified;
use crate::texts;
use serde_json::{Value, json};

/// Fields of the spec that the server keeps in the security context.
const OF_CONTEXT: [&str; 5] = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

/// The template, in the order and under the names of Go's internal structs.
#[must_use]
pub fn template(template: &Value) -> String {
    let mut template = template.clone();
    if let Some(spec) = template.get_mut("spec") {
        gather(spec);
    }
    shown(&template, "PodTemplateSpec")
}

/// In what two values of a type of `schema/go-structs.txt` differ (upstream: `diff.Diff` of `k8s.io/apimachinery/pkg/util/diff`): both as indented JSON, and
/// three lines around each difference.
#[must_use]
pub fn difference(kind: &str, before: &Value, after: &Value) -> String {
    let text = |value: &Value| {
        let mut value = value.clone();
        if kind == "PodSpec" {
            gather(&mut value);
        }
        indented(&shown(&value, kind))
    };
    unified::difference(&text(before), &text(after))
}

/// Moves the fields that Go has in the security context.
fn gather(spec: &mut Value) {
    let Some(spec) = spec.as_object_mut() else { return };
    for name in OF_CONTEXT {
        if let Some(value) = spec.remove(name) {
            spec.entry("securityContext").or_insert_with(|| json!({}))[name] = value;
        }
    }
}

/// JSON without spaces, with a line for each value, as Go's `MarshalIndent` with one space writes it.
fn indented(compact: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut letters = compact.chars().peekable();
    while let Some(letter) = letters.next() {
        let opens = !quoted && matches!(letter, '{' | '[');
        let closes = !quoted && matches!(letter, '}' | ']');
        match letter {
            '<' => out += "\\u003c",
            '>' => out += "\\u003e",
            '&' => out += "\\u0026",
            _ => {
                if closes {
                    depth -= 1;
                    line(&mut out, depth);
                }
                out.push(letter);
            }
        }
        if opens {
            if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                out.push(end);
            } else {
                depth += 1;
                line(&mut out, depth);
            }
        } else if !quoted && letter == ',' {
            line(&mut out, depth);
        } else if !quoted && letter == ':' {
            out.push(' ');
        }
        quoted ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', depth));
}

/// A value of a type of `schema/go-structs.txt`, in Go's order and under Go's names.
#[must_use]
pub fn shown(value: &Value, kind: &str) -> String {
    match (value, fields(kind)) {
        (Value::Array(items), Some(_)) => {
            let items: Vec<String> = items.iter().map(|item| shown(item, kind)).collect();
            format!("[{}]", items.join(","))
        }
        (Value::Object(_), Some(fields)) => {
            format!("{{{}}}", fields.filter_map(|line| part(value, line)).collect::<Vec<_>>().join(","))
        }
        _ => value.to_string(),
    }
}

/// The lines of a type of `schema/go-structs.txt`.
fn fields(kind: &str) -> Option<impl Iterator<Item = &'static str>> {
    let mut lines = texts::text("schema/go-structs.txt").lines();
    lines.find(|line| line.strip_prefix("= ") == Some(kind)).filter(|_| !kind.is_empty())?;
    Some(lines.take_while(|line| !line.starts_with('=')))
}

/// `NAME JSON NONE [TYPE]`; the field, if Go prints it.
fn part(object: &Value, line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (name, path, none, kind) = (word(), word(), word(), word());
    let value = path.split('.').try_fold(object, |value, name| value.get(name)).filter(|value| !value.is_null());
    let text = match (value, none) {
        (Some(value), _) => shown(value, kind),
        (None, "-") => return None,
        (None, "{}") => shown(&json!({}), kind),
        (None, none) => none.to_owned(),
    };
    Some(format!("\"{name}\":{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_shown_as_go_shows_it() {
        let shown = template(&json!({"metadata": {"labels": {"a": "b"}},
            "spec": {"hostNetwork": true, "containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}}));
        assert!(
            shown.starts_with(r#"{"labels":{"a":"b"},"Spec":{"Volumes":null,"InitContainers":null,"Containers":[{"#)
        );
        assert!(shown.contains(r#""Ports":[{"Name":"","HostPort":0,"ContainerPort":80,"Protocol":"","HostIP":""}]"#));
        assert!(shown.contains(r#""Resources":{"Limits":null,"Requests":null,"Claims":null}"#));
        assert!(shown.contains(r#""SecurityContext":{"HostNetwork":true,"HostPID":false,"#));
    }
}
