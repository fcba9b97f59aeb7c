//! What the API server says about a patched object whose values have wrong types.
//!
//! A strategic merge patch is applied to plain maps, and their way back into Go's types is another one than that of JSON
//! text, with other, terser sentences: `k8s.io/apimachinery/pkg/runtime/converter.go`. The server wraps them as
//! `patch: Invalid value: "map[spec:map[replicas:x]]": unrecognized type: int32`.

use serde_json::Value;

use super::check::{decodes_itself, own_decoder};
use super::{Problem, Shape, literal, schema};

/// Checks the types of an object as the converter does; the first wrong one in alphabetic order (upstream: in the order of
/// Go's struct). Unknown fields are not its affair: [`super::check`] finds them.
#[must_use]
pub fn convert(name: &str, value: &Value) -> Option<Problem> {
    let shape = Shape::Object(schema().object_name(name)?);
    walk(&shape, value, "").err()
}

fn walk(shape: &Shape, value: &Value, path: &str) -> Result<(), Problem> {
    let wrong = |message: String| Err(Problem { path: path.to_owned(), message });
    match (shape, value) {
        (Shape::Any, _)
        | (_, Value::Null)
        | (Shape::String(_), Value::String(_))
        | (Shape::Bool, Value::Bool(_))
        | (Shape::Float64, Value::Number(_)) => Ok(()),
        (Shape::Object(name), Value::Object(map)) => {
            let Some(known) = schema().object(name) else { return Ok(()) };
            map.iter().filter_map(|(key, value)| Some((key, known.fields.get(key.as_str())?, value))).try_for_each(
                |(key, field, value)| {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    walk(&field.shape, value, &path)
                },
            )
        }
        (Shape::Map(inner, _), Value::Object(map)) => {
            map.iter().try_for_each(|(key, value)| walk(inner, value, &format!("{path}.{key}")))
        }
        (Shape::List(inner), Value::Array(items)) => {
            items.iter().enumerate().try_for_each(|(index, item)| walk(inner, item, &format!("{path}[{index}]")))
        }
        (Shape::Bytes, Value::String(text)) => {
            literal::base64(text).or_else(|at| wrong(format!("illegal base64 data at input byte {at}")))
        }
        (Shape::Int32 | Shape::Int64, Value::Number(number)) if fits(shape, number) => Ok(()),
        _ if decodes_itself(shape) => {
            let message =
                |found: &str, wanted: &str| format!("json: cannot unmarshal {found} into Go value of type {wanted}");
            own_decoder(shape, value, message).or_else(wrong)
        }
        (Shape::Object(_), other) => wrong(format!("cannot restore struct from: {}", go_kind(other))),
        (Shape::Map(..), other) => wrong(format!("cannot restore map from {}", go_kind(other))),
        (Shape::List(_) | Shape::Bytes, other) => wrong(format!("cannot restore slice from {}", go_kind(other))),
        (shape, _) => wrong(format!("unrecognized type: {}", plain_kind(shape))),
    }
}

/// Whether a number is a whole one of the size of the field.
fn fits(shape: &Shape, number: &serde_json::Number) -> bool {
    let whole = number.as_i64();
    whole.is_some_and(|whole| *shape == Shape::Int64 || i32::try_from(whole).is_ok())
}

/// The kind of a value in Go.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// The kind of a simple field in Go: named strings are strings.
fn plain_kind(shape: &Shape) -> &'static str {
    match shape {
        Shape::Bool => "bool",
        Shape::Int32 => "int32",
        Shape::Int64 => "int64",
        Shape::Float64 => "float64",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn recorded_sentences() {
        let said = |kind: &str, value: &Value| convert(kind, value).map(|problem| problem.message);
        let cases = [
            ("apps.v1.Deployment", json!({"spec": {"replicas": "x"}}), "unrecognized type: int32"),
            ("core.v1.ConfigMap", json!({"data": {"a": true}}), "unrecognized type: string"),
            ("core.v1.Pod", json!({"spec": 1}), "cannot restore struct from: int64"),
            ("core.v1.Pod", json!({"metadata": {"labels": "x"}}), "cannot restore map from string"),
            ("core.v1.Pod", json!({"spec": {"containers": {}}}), "cannot restore slice from map"),
            (
                "core.v1.Service",
                json!({"spec": {"ports": [{"targetPort": true}]}}),
                "json: cannot unmarshal bool into Go value of type int32",
            ),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(said(kind, &value).as_deref(), Some(expected), "{value}");
        }
        let fine = json!({"spec": {"foo": 1, "replicas": 2, "template": {"spec": {"containers": [{"name": "c"}]}}}});
        assert_eq!(said("apps.v1.Deployment", &fine), None);
    }
}
