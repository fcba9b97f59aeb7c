//! From an object's JSON to its type, where no step can fail.
//!
//! Serde reads by steps each of which may fail, and gives each of the thousands of fields of the API a way out of its
//! own, on which all that was read so far is dropped: half of the code for reading, and all of it is downloaded. The
//! [schema](crate::api::schema) has found what is wrong with a document before it is read; what still is not as the type
//! wants it (a kind without a schema, Go's laxer rules) is therefore *noted* and taken for zero. The error of the steps
//! can have no value ([`Never`]), the compiler leaves the ways out away, and the first note is the outcome of the whole.

use crate::api::manifest::json_type;
use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, map};
use std::cell::Cell;
use std::fmt;

/// Reads an object of the API, whose `apiVersion` and `kind` are known to be those of the type.
///
/// # Errors
/// A sentence about the first field that is not as the type wants it.
pub fn decode<T: DeserializeOwned>(object: &Value) -> Result<T, String> {
    read(object, Form::Object)
}

/// Reads a part of an object.
///
/// # Errors
/// As [`decode`].
pub fn decode_part<T: DeserializeOwned>(part: &Value) -> Result<T, String> {
    read(part, Form::Part)
}

fn read<T: DeserializeOwned>(value: &Value, form: Form) -> Result<T, String> {
    let problem = Cell::default();
    let Ok(typed) = T::deserialize(Reader { value, form, problem: &problem });
    problem.take().map_or(Ok(typed), Err)
}

/// The error that there is not. A visitor of `k8s-openapi` fails on a text or a number that it cannot take; [`Reader`]
/// shows it only what it can.
#[derive(Debug)]
pub(super) enum Never {}

impl serde::ser::Error for Never {
    fn custom<T: fmt::Display>(_: T) -> Self {
        unreachable!("what was read can be written")
    }
}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl de::Error for Never {
    fn custom<T: fmt::Display>(_: T) -> Self {
        unreachable!("visitors are shown what they can take")
    }
}

/// What a value is read as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The whole object: its `apiVersion` and `kind` are known.
    Object,
    /// A part of it.
    Part,
    /// A time.
    Time,
    /// JSON as it is.
    Json,
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    value: &'a Value,
    form: Form,
    problem: &'a Cell<Option<String>>,
}

impl<'a> Reader<'a> {
    fn note(self, wanted: &str) {
        let first = self.problem.take();
        let found = json_type(self.value);
        self.problem
            .set(first.or_else(|| Some(format!("json: cannot unmarshal {found} into Go value of type {wanted}"))));
    }

    fn part(self, value: &'a Value) -> Self {
        let form = if self.form == Form::Json { Form::Json } else { Form::Part };
        Self { value, form, ..self }
    }

    fn integer(self) -> i64 {
        self.value.as_i64().unwrap_or_else(|| {
            self.note("int64");
            0
        })
    }

    fn short(self) -> i32 {
        i32::try_from(self.integer()).unwrap_or_else(|_| {
            self.note("int32");
            0
        })
    }

    fn text(self) -> &'a str {
        self.value.as_str().unwrap_or_else(|| {
            self.note("string");
            ""
        })
    }

    fn items(self) -> Items<'a> {
        let items = self.value.as_array().unwrap_or_else(|| {
            self.note("[]interface {}");
            const { &Vec::new() }
        });
        Items { items: items.iter(), reader: self }
    }

    fn fields(self) -> Fields<'a> {
        let fields = self.value.as_object().map(map::Map::iter);
        if fields.is_none() {
            self.note("map[string]interface {}");
        }
        Fields { rest: fields, required: None, value: &Value::Null, reader: self }
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Never;

    /// A port's name or number, or any JSON.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        match self.value {
            Value::String(text) => visitor.visit_str(text),
            _ if self.form != Form::Json => visitor.visit_i32(self.short()),
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => visitor.visit_i64(whole),
                (None, float) => visitor.visit_f64(float.unwrap_or_default()),
            },
            Value::Array(_) => visitor.visit_seq(self.items()),
            Value::Object(_) => visitor.visit_map(self.fields()),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        if !self.value.is_boolean() {
            self.note("bool");
        }
        visitor.visit_bool(self.value == &Value::Bool(true))
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_i32(self.short())
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_i64(self.integer())
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        let float = self.value.as_f64();
        if float.is_none() {
            self.note("float64");
        }
        visitor.visit_f64(float.unwrap_or_default())
    }

    /// The text of a time, or bytes in base64: what else is a text asks for a string of its own.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        if self.form == Form::Time {
            return self.deserialize_string(visitor);
        }
        let text = self.text();
        let exact = exact_base64(text);
        if exact.is_none() {
            self.note("[]uint8");
        }
        visitor.visit_str(exact.as_deref().unwrap_or_default())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        let text = self.text();
        if self.form == Form::Time && text.parse::<k8s_openapi::jiff::Timestamp>().is_err() {
            self.note("v1.Time");
            return visitor.visit_str("1970-01-01T00:00:00Z");
        }
        visitor.visit_str(text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Never> {
        let form = match name {
            "Time" | "MicroTime" => Form::Time,
            "FieldsV1" | "RawExtension" => Form::Json,
            _ => self.form,
        };
        visitor.visit_newtype_struct(Self { form, ..self })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_seq(self.items())
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_map(self.fields())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Never> {
        visitor.visit_map(Fields { required: required(name), ..self.fields() })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_unit()
    }

    // The types of the API have none of these.
    serde::forward_to_deserialize_any! {
        i8 i16 u8 u16 u32 u64 f32 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

struct Items<'a> {
    items: std::slice::Iter<'a, Value>,
    reader: Reader<'a>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Never;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Never> {
        let Some(item) = self.items.next() else { return Ok(None) };
        seed.deserialize(self.reader.part(item)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The field without which a visitor of `k8s-openapi` fails: a time that is not optional.
fn required(name: &str) -> Option<&'static str> {
    (name == "Condition").then_some("lastTransitionTime")
}

struct Fields<'a> {
    rest: Option<map::Iter<'a>>,
    /// A field that must come, and has not yet.
    required: Option<&'static str>,
    /// Of the field whose name was given last.
    value: &'a Value,
    reader: Reader<'a>,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a str> {
        loop {
            let Some((name, value)) = self.rest.as_mut().and_then(Iterator::next) else {
                let name = self.required.take()?;
                // Not a time, so that it is noted and taken for one.
                self.value = &Value::Bool(false);
                return Some(name);
            };
            if self.required == Some(name) && !value.is_null() {
                self.required = None;
            }
            if self.reader.form != Form::Object || !matches!(name.as_str(), "apiVersion" | "kind") {
                self.value = value;
                return Some(name);
            }
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Never;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Never> {
        let Some(name) = self.next() else { return Ok(None) };
        let name: StrDeserializer<Never> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Never> {
        seed.deserialize(self.reader.part(self.value))
    }
}

/// Base64 as a strict decoder wants it: Go skips line breaks and does not look at the bits that are left over.
fn exact_base64(text: &str) -> Option<String> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut exact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let letters = exact.trim_end_matches('=').len();
    let padding = exact.len() - letters;
    let place = |byte: u8| LETTERS.iter().position(|letter| *letter == byte);
    if !exact.len().is_multiple_of(4) || padding > 2 || !exact.bytes().take(letters).all(|b| place(b).is_some()) {
        return None;
    }
    if padding > 0 {
        let last = place(exact.as_bytes()[letters - 1])? >> (2 * padding) << (2 * padding);
        exact.replace_range(letters - 1..letters, char::from(LETTERS[last]).encode_utf8(&mut [0]));
    }
    Some(exact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::KINDS;
    use crate::api::schema::{Shape, schema};
    use crate::sim::rng::Rng;
    use k8s_openapi::ByteString;
    use serde_json::json;

    /// Puts nonsense in place of some of the values.
    fn vandalise(value: &mut Value, rng: &mut Rng) {
        const NONSENSE: [&str; 9] =
            ["null", "true", "-3", "1e40", "99999999999", "\"x=\"", "[[]]", "[3]", "{\"a\":{}}"];
        if rng.chance(80) {
            let nonsense = NONSENSE[usize::try_from(rng.below(9)).expect("small")];
            *value = serde_json::from_str(nonsense).expect("JSON");
        }
        match value {
            Value::Object(fields) => fields.values_mut().for_each(|value| vandalise(value, rng)),
            Value::Array(items) => items.iter_mut().for_each(|value| vandalise(value, rng)),
            _ => {}
        }
    }

    /// A value of the shape in which every field is set.
    fn full(shape: &Shape, depth: usize) -> Value {
        match shape {
            Shape::String(_) => json!("t"),
            Shape::Bool => json!(true),
            Shape::Int32 | Shape::Int64 => json!(7),
            Shape::Float64 => json!(0.5),
            Shape::Bytes => json!("QUJD"),
            Shape::Quantity => json!("2"),
            Shape::Time => json!("2026-01-02T03:04:05Z"),
            Shape::MicroTime => json!("2026-01-02T03:04:05.000006Z"),
            Shape::IntOrString => json!(80),
            Shape::Any => json!({"any": [1, 0.5, "t"]}),
            Shape::List(inner) => json!([full(inner, depth)]),
            Shape::Map(inner, _) => json!({"k/ey": full(inner, depth)}),
            Shape::Object(name) => {
                let fields = schema().object(name).map(|known| &known.fields).into_iter().flatten();
                let all = fields.map(|(name, field)| ((*name).to_owned(), full(&field.shape, depth + 1)));
                if depth > 8 { json!({}) } else { Value::Object(all.collect()) }
            }
        }
    }

    #[test]
    fn every_field_of_every_kind_is_read_and_written_and_none_can_break_the_reader() {
        for kind in KINDS {
            let Some(name) = schema().kind(kind.group, kind.version, kind.kind) else { continue };
            let mut whole = full(&Shape::Object(schema().object_name(name).expect("a type")), 0);
            whole["apiVersion"] = json!(kind.api_version());
            whole["kind"] = json!(kind.kind);
            let object = (kind.decode)(whole.clone()).expect(name);
            assert_eq!((kind.decode)(object.to_value()).expect(name).to_value(), object.to_value(), "{name}");
            for seed in 0..40 {
                let mut broken = whole.clone();
                vandalise(&mut broken, &mut Rng::fork(seed, &name));
                drop((kind.decode)(broken));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        type Pod = k8s_openapi::api::core::v1::Pod;
        let said = |document: Value| decode::<Pod>(&document).map(drop).unwrap_err();
        let expected = "json: cannot unmarshal string into Go value of type int64";
        assert_eq!(said(json!({"spec": {"priority": true, "terminationGracePeriodSeconds": "x"}})), {
            "json: cannot unmarshal bool into Go value of type int64"
        });
        assert_eq!(said(json!({"spec": {"terminationGracePeriodSeconds": "x"}})), expected);
        assert!(said(json!({"metadata": {"creationTimestamp": "yesterday"}})).contains("v1.Time"));
        assert!(said(json!({"spec": []})).contains("array"));
    }

    #[test]
    fn bytes_are_read_as_go_reads_them() {
        let bytes = |text: &str| decode::<ByteString>(&json!(text)).map(|bytes| bytes.0);
        assert_eq!(bytes("QUJD"), Ok(b"ABC".to_vec()));
        assert_eq!(bytes("QU\nJDRA==\n"), Ok(b"ABCD".to_vec()));
        assert_eq!(bytes("RB=="), Ok(b"D".to_vec()));
        assert_eq!(bytes(""), Ok(Vec::new()));
        for bad in ["Q", "QQ", "=QQQ", "QQQQ====", "Q===", "QU?D", "é=="] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
