//! A pod template as the server's own types print it: some errors show the whole value that they refuse.

use crate::texts;
use serde_json::{Value, json};

/// Fields of the spec that the server keeps in the security context.
const OF_CONTEXT: [&str; 5] = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

/// The template, in the order and under the names of Go's internal structs.
#[must_use]
pub fn template(template: &Value) -> String {
    let mut template = template.clone();
    if let Some(spec) = template.get_mut("spec").and_then(Value::as_object_mut) {
        for name in OF_CONTEXT {
            if let Some(value) = spec.remove(name) {
                spec.entry("securityContext").or_insert_with(|| json!({}))[name] = value;
            }
        }
    }
    shown(&template, "PodTemplateSpec")
}

fn shown(value: &Value, kind: &str) -> String {
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
