//! Bodies in protobuf, which kubectl's own types are sent in: `create deployment`, `create token`, `drain` …
//!
//! A body becomes the JSON that the same client would have sent; what comes after knows nothing of it. Which field has
//! which number is in `assets/native/protobuf.txt` (made from Kubernetes' types by `tools/protobuf.py`, which explains the
//! format). Answers are never in protobuf: clients take JSON as well.
//!
//! Upstream: `apimachinery/pkg/runtime/serializer/protobuf/protobuf.go` (the envelope).

use crate::api::base64;
use crate::api::meta::EPOCH_SECOND;
use crate::sim::Time;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const TEXT: &str = include_str!("../../assets/native/protobuf.txt");
/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// No object is nested so deep; what is was made to harm.
const DEEPEST: usize = 64;

/// A field: its name in JSON, and its type.
type Field = (&'static str, &'static str);

fn types() -> &'static BTreeMap<&'static str, BTreeMap<u64, Field>> {
    static TYPES: OnceLock<BTreeMap<&'static str, BTreeMap<u64, Field>>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let mut types: BTreeMap<&str, BTreeMap<u64, Field>> = BTreeMap::new();
        let mut current = "";
        for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&'static str> = line.split(' ').collect();
            match words[..] {
                ["=", name] => current = name,
                [number, name, shape] => {
                    let number = number.parse().expect("a field has a number");
                    types.entry(current).or_default().insert(number, (name, shape));
                }
                _ => {}
            }
        }
        types
    })
}

/// A body as JSON; `None` if it is no protobuf of a known kind.
#[must_use]
pub fn decode(body: &[u8]) -> Option<Value> {
    let envelope = Message::read(body.strip_prefix(MAGIC)?)?;
    let meta = Message::read(envelope.bytes(1)?)?;
    let text = |number| meta.bytes(number).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    let (api_version, kind) = (text(1), text(2));
    let mut object = message(&type_of(&api_version, &kind)?, envelope.bytes(2).unwrap_or_default(), 0)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Some(Value::Object(object))
}

/// The name of a kind's type in the text.
fn type_of(api_version: &str, kind: &str) -> Option<String> {
    let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
    let own = format!("{group}.{version}.{kind}");
    let shared = format!("meta.v1.{kind}");
    [own, shared].into_iter().find(|name| types().contains_key(name.as_str()))
}

/// The fields of a message as they lie on the wire.
struct Message<'a>(Vec<(u64, Wire<'a>)>);

#[derive(Clone, Copy)]
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes)?;
            let wire = match tag & 7 {
                0 => Wire::Number(varint(&mut bytes)?),
                1 => Wire::Number(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)?).ok()?;
                    Wire::Bytes(take(&mut bytes, length)?)
                }
                5 => Wire::Number(u64::from(u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?))),
                _ => return None,
            };
            fields.push((tag >> 3, wire));
        }
        Some(Self(fields))
    }

    fn bytes(&self, number: u64) -> Option<&'a [u8]> {
        self.0.iter().rev().find_map(|(known, wire)| match wire {
            Wire::Bytes(bytes) if *known == number => Some(*bytes),
            _ => None,
        })
    }

    fn number(&self, number: u64) -> i64 {
        let found = self.0.iter().rev().find_map(|(known, wire)| match wire {
            Wire::Number(value) if *known == number => Some(value.cast_signed()),
            _ => None,
        });
        found.unwrap_or(0)
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn message(name: &str, bytes: &[u8], depth: usize) -> Option<Map<String, Value>> {
    let known = types().get(name).filter(|_| depth < DEEPEST)?;
    let mut object = Map::new();
    for (number, wire) in Message::read(bytes)?.0 {
        let Some((field, shape)) = known.get(&number).copied() else { continue };
        if let Some(inner) = shape.strip_prefix('^') {
            let (Wire::Bytes(bytes), Some(inner)) = (wire, inner.trim_start_matches('*').strip_prefix('@')) else {
                return None;
            };
            object.extend(message(inner, bytes, depth + 1)?);
            continue;
        }
        let kept = shape.starts_with(['!', '*']);
        let shape = shape.trim_start_matches(['!', '*']);
        if let Some(inner) = shape.strip_prefix("[]") {
            let list = object.entry(field).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut()?.push(value(inner, wire, depth)?);
        } else if let Some(inner) = shape.strip_prefix("{}") {
            let Wire::Bytes(bytes) = wire else { return None };
            let entry = Message::read(bytes)?;
            let key = String::from_utf8_lossy(entry.bytes(1).unwrap_or_default()).into_owned();
            let wire =
                entry.0.iter().rev().find(|(number, _)| *number == 2).map_or(Wire::Bytes(&[]), |(_, wire)| *wire);
            let map = object.entry(field).or_insert_with(|| Value::Object(Map::new()));
            map.as_object_mut()?.insert(key, value(inner, wire, depth)?);
        } else {
            let value = value(shape, wire, depth)?;
            // Go writes the zero of a plain field on the wire, and leaves it out of JSON.
            if !value.is_null() && (kept || !is_zero(&value)) {
                object.insert(field.to_owned(), value);
            }
        }
    }
    Some(object)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn value(shape: &str, wire: Wire, depth: usize) -> Option<Value> {
    let value = match (shape, wire) {
        ("i", Wire::Number(number)) => number.cast_signed().into(),
        ("b", Wire::Number(number)) => (number != 0).into(),
        ("f", Wire::Number(bits)) => f64::from_bits(bits).into(),
        ("s", Wire::Bytes(bytes)) => String::from_utf8_lossy(bytes).into(),
        ("y", Wire::Bytes(bytes)) => base64::encode(bytes).into(),
        ("q", Wire::Bytes(bytes)) => String::from_utf8_lossy(Message::read(bytes)?.bytes(1).unwrap_or_default()).into(),
        ("p", Wire::Bytes(bytes)) => {
            let message = Message::read(bytes)?;
            match message.number(1) {
                0 => message.number(2).into(),
                _ => String::from_utf8_lossy(message.bytes(3).unwrap_or_default()).into(),
            }
        }
        ("t" | "u", Wire::Bytes(bytes)) => {
            let message = Message::read(bytes)?;
            time(message.number(1), message.number(2), shape == "u")
        }
        ("x", Wire::Bytes(bytes)) => serde_json::from_slice(Message::read(bytes)?.bytes(1).unwrap_or_default()).ok()?,
        ("@L", Wire::Bytes(bytes)) => {
            let texts = Message::read(bytes)?.0;
            let texts = texts.iter().filter_map(|(number, wire)| match wire {
                Wire::Bytes(bytes) if *number == 1 => Some(String::from_utf8_lossy(bytes).into_owned()),
                _ => None,
            });
            texts.collect()
        }
        (shape, Wire::Bytes(bytes)) => Value::Object(message(shape.strip_prefix('@')?, bytes, depth + 1)?),
        _ => return None,
    };
    Some(value)
}

/// A moment as JSON has it; nothing for Go's zero, which is written as year 1.
fn time(seconds: i64, nanos: i64, micros: bool) -> Value {
    if seconds <= 0 {
        return Value::Null;
    }
    let text = crate::api::meta::timestamp(Time::from_secs(seconds - EPOCH_SECOND)).0.to_string();
    if micros { format!("{}.{:06}Z", text.trim_end_matches('Z'), nanos / 1000).into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::rng::Rng;
    use serde_json::json;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(bytes.len()).expect("short")];
        field.extend(bytes);
        field
    }

    fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &meta), field(2, raw), field(3, b""), field(4, b"")].concat()
    }

    #[test]
    fn a_body_becomes_the_json_that_the_client_would_have_sent() {
        let entry = [field(1, b"a"), field(2, b"b")].concat();
        let metadata = [field(1, b"web"), field(2, b""), vec![7 << 3, 0], field(8, b""), field(11, &entry)].concat();
        let spec = [vec![1 << 3, 0], vec![5 << 3, 0]].concat();
        let value = decode(&body("apps/v1", "Deployment", &[field(1, &metadata), field(2, &spec)].concat()));
        let expected = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"a": "b"}}, "spec": {"replicas": 0}});
        assert_eq!(value, Some(expected));
    }

    #[test]
    fn every_type_that_is_named_is_there() {
        for (name, fields) in types() {
            for (field, shape) in fields.values() {
                let inner = shape.rsplit('@').next().filter(|_| shape.contains('@'));
                assert!(
                    inner.is_none_or(|inner| inner == "L" || types().contains_key(inner)),
                    "{name}.{field}: {shape}"
                );
            }
        }
    }

    #[test]
    fn whatever_comes_is_read_or_refused() {
        let mut rng = Rng::fork(1, &"protobuf");
        let metadata = field(1, &field(1, b"web"));
        let whole = body("v1", "Pod", &metadata);
        for _ in 0..20_000 {
            let mut bytes = whole.clone();
            for _ in 0..=rng.below(6) {
                let place = usize::try_from(rng.below(bytes.len() as u64)).expect("small");
                bytes[place] = u8::try_from(rng.below(256)).expect("a byte");
            }
            bytes.truncate(usize::try_from(rng.below(bytes.len() as u64 + 1)).expect("small"));
            let _ = decode(&bytes);
        }
        assert!(decode(&whole).is_some() && decode(b"").is_none() && decode(b"{}").is_none());
    }
}
