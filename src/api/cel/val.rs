//! Values of CEL.

use crate::api::quantity::Quantity;
use serde_json::Value;
use std::cmp::Ordering;
use std::rc::Rc;

/// A value.
#[derive(Clone, Debug)]
pub enum Val {
    /// `null`.
    Null,
    /// Truth.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number without sign.
    Uint(u64),
    /// A number.
    Double(f64),
    /// A text.
    Text(Rc<str>),
    /// Bytes.
    Bytes(Rc<[u8]>),
    /// A list.
    List(Rc<[Val]>),
    /// A map.
    Map(Rc<[(Val, Val)]>),
    /// A span of time in nanoseconds.
    Duration(i64),
    /// A moment, in nanoseconds since 1970.
    Moment(i64),
    /// An amount.
    Quantity(Quantity),
    /// Something, or nothing.
    Optional(Option<Rc<Val>>),
    /// A type.
    Type(&'static str),
    /// A URL, an address or a network in its text.
    Special(&'static str, Rc<str>),
}

impl Val {
    /// A text.
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The value of a JSON value that a schema describes (null: nothing is known of it).
    #[must_use]
    pub fn of(value: &Value, schema: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(whole) if schema["type"] != "number" => Self::Int(whole),
                _ => Self::Double(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::of_text(text, schema),
            Value::Array(items) => Self::List(items.iter().map(|item| Self::of(item, &schema["items"])).collect()),
            Value::Object(fields) => {
                let inner = |name: &str| schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                let entries =
                    fields.iter().map(|(name, field)| (Self::text(name.as_str()), Self::of(field, inner(name))));
                Self::Map(entries.collect())
            }
        }
    }

    fn of_text(text: &str, schema: &Value) -> Self {
        let special = match schema["format"].as_str() {
            Some("date-time") => super::times::moment(text).map(Self::Moment),
            Some("date") => super::times::moment(&format!("{text}T00:00:00Z")).map(Self::Moment),
            Some("duration") => super::times::duration(text).map(Self::Duration),
            Some("byte") => crate::api::base64::decode(text).map(|bytes| Self::Bytes(bytes.into())),
            _ => None,
        };
        special.unwrap_or_else(|| Self::text(text))
    }

    /// The name of its type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Moment(_) => "google.protobuf.Timestamp",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
            Self::Special(name, _) => name,
        }
    }

    /// The entry of a map.
    #[must_use]
    pub fn entry(&self, key: &Self) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(known, _)| known.equals(key)).map(|(_, value)| value),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "as CEL compares numbers of different types")]
            Self::Int(number) => Some(*number as f64),
            #[expect(clippy::cast_precision_loss, reason = "as CEL compares numbers of different types")]
            Self::Uint(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// Equality; values of different types differ, numbers are compared by what they say.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Special(a, x), Self::Special(b, y)) => a == b && x == y,
            (Self::Type(a), Self::Type(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Int(a), Self::Int(b))
            | (Self::Duration(a), Self::Duration(b))
            | (Self::Moment(a), Self::Moment(b)) => a == b,
            (Self::Quantity(a), Self::Quantity(b)) => a.compare(b) == Ordering::Equal,
            (Self::Optional(a), Self::Optional(b)) => match (a, b) {
                (Some(a), Some(b)) => a.equals(b),
                (a, b) => a.is_none() && b.is_none(),
            },
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| a.equals(b)),
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| other.entry(key).is_some_and(|found| found.equals(value)))
            }
            _ => self.order(other) == Some(Ordering::Equal) && self.number().is_some(),
        }
    }

    /// Order; `None` for values that have none.
    #[must_use]
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b))
            | (Self::Duration(a), Self::Duration(b))
            | (Self::Moment(a), Self::Moment(b)) => Some(a.cmp(b)),
            _ => self.number()?.partial_cmp(&other.number()?),
        }
    }
}
