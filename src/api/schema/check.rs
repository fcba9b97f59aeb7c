//! What the API server's strict decoder says about a document.
//!
//! Follows `sigs.k8s.io/json` (Go's `encoding/json` with case-sensitive names and strict errors), in particular
//! `decode.go`: a wrong type is noted and decoding goes on, the first note wins; a type with a decoder of its own
//! (quantities, times, int-or-string) ends it at once, and then only its complaint counts. Unknown fields count only if
//! nothing else is wrong. Keys are visited in alphabetic order, as clients send them.

use serde_json::{Map, Value};

use super::{Field, Shape, literal, schema};
use crate::api::manifest::json_type;
use crate::api::quantity::Quantity;

/// At most so many unknown fields are reported.
const MAX_UNKNOWN: usize = 100;

/// Something wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, for example `spec.containers[0].imagee`.
    pub path: String,
    /// The decoder's words.
    pub message: String,
}

/// What the decoder says about a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The document cannot be decoded at all.
    pub fatal: Option<Problem>,
    /// Fields that do not exist, in the order found; each message is also the text of the warning.
    pub unknown: Vec<Problem>,
}

impl Checked {
    /// What follows `Pod in version "v1" cannot be handled as a Pod: ` with `fieldValidation=Strict`; nothing if all is
    /// well. Without strictness only [`Checked::fatal`] counts.
    #[must_use]
    pub fn strict_message(&self) -> Option<String> {
        if let Some(problem) = &self.fatal {
            return Some(problem.message.clone());
        }
        let unknown: Vec<&str> = self.unknown.iter().map(|problem| problem.message.as_str()).collect();
        (!unknown.is_empty()).then(|| format!("strict decoding error: {}", unknown.join(", ")))
    }
}

/// Checks a document against a type of the schema, for example `apps.v1.Deployment`; an unknown type accepts anything.
#[must_use]
pub fn check(name: &str, value: &Value) -> Checked {
    let mut walk = Walk { checked: Checked::default(), go: Vec::new(), owner: String::new() };
    if let Err(Stop(problem)) = walk.value(&Shape::Object(schema().object_name(name).unwrap_or_default()), value, "") {
        walk.checked.fatal = Some(problem);
    }
    walk.checked
}

/// A decoder of its own has complained: decoding ends.
struct Stop(Problem);

struct Walk {
    checked: Checked,
    /// Go's stack of field names: no list positions, no map keys, but embedded structs.
    go: Vec<&'static str>,
    /// The Go struct whose field is being decoded.
    owner: String,
}

impl Walk {
    fn value(&mut self, shape: &Shape, value: &Value, path: &str) -> Result<(), Stop> {
        match (shape, value) {
            (Shape::Any, _)
            | (_, Value::Null)
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Float64, Value::Number(_))
            | (Shape::String(_) | Shape::IntOrString, Value::String(_)) => {}
            (Shape::Object(name), Value::Object(map)) => self.object(name, map, path)?,
            (Shape::Map(inner, _), Value::Object(map)) => {
                for (key, value) in map {
                    self.value(inner, value, &format!("{path}.{key}"))?;
                }
            }
            (Shape::List(inner), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(inner, item, &format!("{path}[{index}]"))?;
                }
            }
            (Shape::Bytes, Value::Array(items)) => {
                // Go reads bytes from a list of small numbers, too.
                for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_number()) {
                    self.wrong_type(json_type(item), "uint8", &format!("{path}[{index}]"));
                }
            }
            (Shape::Bytes, Value::String(text)) => {
                if let Err(at) = literal::base64(text) {
                    self.note(path, format!("illegal base64 data at input byte {at}"));
                }
            }
            (Shape::Int32 | Shape::Int64, Value::Number(number)) => {
                let fits = number.as_i64().is_some_and(|n| *shape == Shape::Int64 || i32::try_from(n).is_ok());
                if !fits {
                    self.wrong_type(&format!("number {number}"), &go_type(shape), path);
                }
            }
            _ if decodes_itself(shape) => {
                own_decoder(shape, value, |found, wanted| self.type_message(found, wanted))
                    .map_err(|message| Stop(Problem { path: path.to_owned(), message }))?;
            }
            _ => self.wrong_type(json_type(value), &go_type(shape), path),
        }
        Ok(())
    }

    fn object(&mut self, name: &'static str, map: &Map<String, Value>, path: &str) -> Result<(), Stop> {
        let Some(known) = schema().object(name) else { return Ok(()) };
        let go_name = name.rsplit('.').next().unwrap_or(name);
        let outer = std::mem::replace(&mut self.owner, go_name.to_owned());
        for (key, value) in map {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match known.fields.get_key_value(key.as_str()) {
                Some((name, field)) => self.field(name, field, value, &path)?,
                None => self.unknown(path),
            }
        }
        self.owner = outer;
        Ok(())
    }

    fn field(&mut self, name: &'static str, field: &Field, value: &Value, path: &str) -> Result<(), Stop> {
        let depth = self.go.len();
        self.go.extend(field.embedded);
        self.go.push(name);
        self.value(&field.shape, value, path)?;
        self.go.truncate(depth);
        Ok(())
    }

    fn unknown(&mut self, path: String) {
        if self.checked.unknown.len() < MAX_UNKNOWN {
            let message = format!("unknown field {path:?}");
            self.checked.unknown.push(Problem { path, message });
        }
    }

    fn type_message(&self, found: &str, wanted: &str) -> String {
        if self.go.is_empty() {
            return format!("json: cannot unmarshal {found} into Go value of type {wanted}");
        }
        format!(
            "json: cannot unmarshal {found} into Go struct field {}.{} of type {wanted}",
            self.owner,
            self.go.join(".")
        )
    }

    fn wrong_type(&mut self, found: &str, wanted: &str, path: &str) {
        let message = self.type_message(found, wanted);
        self.note(path, message);
    }

    /// Only the first note counts.
    fn note(&mut self, path: &str, message: String) {
        self.checked.fatal.get_or_insert_with(|| Problem { path: path.to_owned(), message });
    }
}

/// Whether Go decodes a shape by a function of its own.
pub(super) fn decodes_itself(shape: &Shape) -> bool {
    matches!(shape, Shape::Quantity | Shape::Time | Shape::MicroTime | Shape::IntOrString)
}

/// What the decoder of such a type says; `type_message` words a value of a wrong type (found, wanted).
pub(super) fn own_decoder(
    shape: &Shape,
    value: &Value,
    type_message: impl Fn(&str, &str) -> String,
) -> Result<(), String> {
    match (shape, value) {
        (Shape::Quantity, Value::String(text)) => {
            Quantity::parse(text.trim()).map(drop).map_err(|error| error.to_string())
        }
        (Shape::Quantity, other) => Quantity::parse(&other.to_string()).map(drop).map_err(|error| error.to_string()),
        (Shape::Time, Value::String(text)) => literal::time(text, literal::SECONDS),
        (Shape::MicroTime, Value::String(text)) => literal::time(text, literal::MICROSECONDS),
        (Shape::Time | Shape::MicroTime, other) => Err(type_message(json_type(other), "string")),
        (_, Value::String(_)) => Ok(()),
        (_, Value::Number(number)) => match number.as_i64().map(i32::try_from) {
            Some(Ok(_)) => Ok(()),
            _ => Err(type_message(&format!("number {number}"), "int32")),
        },
        (_, other) => Err(type_message(json_type(other), "int32")),
    }
}

/// A shape as Go prints its type.
fn go_type(shape: &Shape) -> String {
    match shape {
        Shape::String(name) => name.unwrap_or("string").to_owned(),
        Shape::Bool => "bool".to_owned(),
        Shape::Int32 => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Float64 => "float64".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Quantity => "resource.Quantity".to_owned(),
        Shape::Time => "v1.Time".to_owned(),
        Shape::MicroTime => "v1.MicroTime".to_owned(),
        Shape::IntOrString => "intstr.IntOrString".to_owned(),
        Shape::Any => "interface {}".to_owned(),
        // The package is the last part of the path: `core.v1.Container` is `v1.Container`.
        Shape::Object(name) => name.split_once('.').map_or(*name, |(_, tail)| tail).to_owned(),
        Shape::List(inner) => format!("[]{}", go_type(inner)),
        Shape::Map(_, Some(name)) => (*name).to_owned(),
        Shape::Map(inner, None) => format!("map[string]{}", go_type(inner)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: &str, value: &Value) -> String {
        check(kind, value).strict_message().unwrap_or_default()
    }

    #[test]
    fn recorded_types() {
        let cases = [
            (
                "apps.v1.Deployment",
                json!({"spec": {"replicas": "2"}}),
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                "core.v1.Pod",
                json!({"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}}),
                "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
            ),
            (
                "core.v1.Pod",
                json!({"spec": {"containers": {"name": "c"}}}),
                "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
            ),
            (
                "core.v1.Pod",
                json!({"metadata": {"labels": ["a"]}}),
                "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
            ),
            (
                "core.v1.Pod",
                json!({"metadata": {"labels": {"a": true}}}),
                "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
            ),
            (
                "core.v1.ConfigMap",
                json!({"data": {"a": 1}}),
                "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
            ),
            (
                "core.v1.Pod",
                json!({"spec": "hi"}),
                "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec",
            ),
            (
                "core.v1.Pod",
                json!({"spec": {"dnsPolicy": true}}),
                "json: cannot unmarshal bool into Go struct field PodSpec.spec.dnsPolicy of type v1.DNSPolicy",
            ),
            (
                "core.v1.Pod",
                json!({"spec": {"volumes": [{"fc": {"lun": "0"}}]}}),
                "json: cannot unmarshal string into Go struct field FCVolumeSource.spec.volumes.VolumeSource.fc.lun of type int32",
            ),
            (
                "core.v1.Secret",
                json!({"data": {"a": ["x"]}}),
                "json: cannot unmarshal string into Go struct field Secret.data of type uint8",
            ),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(said(kind, &value), expected);
        }
    }

    #[test]
    fn recorded_texts() {
        let cases = [
            ("core.v1.Secret", json!({"data": {"a": "<x>"}}), "illegal base64 data at input byte 0"),
            (
                "core.v1.Pod",
                json!({"metadata": {"creationTimestamp": "yesterday"}}),
                "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"",
            ),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(said(kind, &value), expected);
        }
    }

    #[test]
    fn a_decoder_of_its_own_ends_everything() {
        let resources = json!({"requests": {"cpu": "1x"}});
        let pod = json!({"metadata": {"labels": 1}, "spec": {"containers": [{"resources": resources}], "foo": 1}});
        let checked = check("core.v1.Pod", &pod);
        assert_eq!(
            checked.strict_message().unwrap(),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        );
        assert_eq!(checked.fatal.unwrap().path, "spec.containers[0].resources.requests.cpu");
    }

    #[test]
    fn unknown_fields() {
        let pod = json!({"spec": {"containers": [{"Image": "x", "image": "y"}], "foo": null}, "status": {"phase": 1}});
        assert!(said("core.v1.Pod", &pod).contains("PodStatus.status.phase of type v1.PodPhase"));
        let pod = json!({"spec": {"containers": [{"Image": "x", "image": "y"}], "foo": null}});
        assert_eq!(
            said("core.v1.Pod", &pod),
            "strict decoding error: unknown field \"spec.containers[0].Image\", unknown field \"spec.foo\""
        );
        assert_eq!(said("core.v1.Pod", &json!({"apiVersion": "v1", "kind": "Pod", "spec": {"hostname": null}})), "");
        let service = json!({"spec": {"ports": [{"port": 80, "targetPort": "web"}, {"port": 1, "targetPort": 8080}]}});
        assert_eq!(said("core.v1.Service", &service), "");
    }
}
