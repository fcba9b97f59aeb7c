//! The types of expressions before there are values.
//!
//! Upstream: cel-go's `common/types`, `checker/format.go`; `apiserver/pkg/cel/{types.go,common/schemas.go}`.

use super::checker::Checker;
use super::escape::escaped;
use super::parse::{Program, SyntaxError};
use crate::api::schema::{Shape, schema};
use crate::sim::Order;
use serde_json::Value;
use std::rc::Rc;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Type<'s> {
    /// Anything.
    Dyn,
    /// That of something that is wrong: it has been complained of already.
    Error,
    /// One that is not known yet.
    Param(u32),
    /// `null`.
    Null,
    /// A type of one word, such as `int`.
    Plain(&'static str),
    /// A list of these.
    List(Box<Type<'s>>),
    /// A map from these to those.
    Map(Box<(Type<'s>, Type<'s>)>),
    /// Something of this type, or nothing.
    Optional(Box<Type<'s>>),
    /// A type itself.
    Kind(Box<Type<'s>>),
    /// An object of a type of the API's schema.
    Object(&'static str),
    /// An object that a schema of a custom kind describes, and what its type is called.
    Custom(&'s Value, Rc<str>),
    /// An object of Kubernetes' own with these fields, and what its type is called.
    Record(&'static str, Rc<[(String, Type<'s>)]>),
}

pub(super) const BOOL: Type<'static> = Type::Plain("bool");
pub(super) const INT: Type<'static> = Type::Plain("int");
pub(super) const STRING: Type<'static> = Type::Plain("string");

impl<'s> Type<'s> {
    /// A list of these.
    #[must_use]
    pub fn list(inner: Self) -> Self {
        Self::List(Box::new(inner))
    }

    /// A map from text to these.
    #[must_use]
    pub fn map(inner: Self) -> Self {
        Self::Map(Box::new((STRING, inner)))
    }

    /// The type of what a schema describes, by this name if it is an object; `None`: expressions do not see it (upstream:
    /// `SchemaDeclType`, `MaybeAssignTypeName`).
    #[must_use]
    pub fn of_schema(schema: &'s Value, name: &str) -> Option<Self> {
        if schema["x-kubernetes-int-or-string"] == true {
            return Some(Self::Dyn);
        }
        match (schema["type"].as_str()?, schema["format"].as_str()) {
            ("array", _) => Self::of_schema(&schema["items"], &[name, ".@idx"].concat()).map(Self::list),
            ("object", _) if schema["additionalProperties"].is_object() => {
                Self::of_schema(&schema["additionalProperties"], &[name, ".@elem"].concat()).map(Self::map)
            }
            ("object", _) => Some(Self::Custom(schema, name.into())),
            ("string", Some("byte")) => Some(Self::Plain("bytes")),
            ("string", Some("date" | "date-time")) => Some(Self::Plain("timestamp")),
            ("string", Some("duration")) => Some(Self::Plain("duration")),
            ("string", _) => Some(STRING),
            ("boolean", _) => Some(BOOL),
            ("number", _) => Some(Self::Plain("double")),
            ("integer", _) => Some(INT),
            _ => None,
        }
    }

    /// The type of a kind, if the schema knows it.
    #[must_use]
    pub fn of_kind(group: &str, version: &str, kind: &str) -> Option<Self> {
        schema().kind(group, version, kind).map(Self::Object)
    }

    pub(super) fn of(shape: &Shape) -> Self {
        match shape {
            Shape::String(_) => STRING,
            Shape::Bool => BOOL,
            Shape::Int32 | Shape::Int64 => INT,
            Shape::Float64 => Self::Plain("double"),
            Shape::Bytes => Self::Plain("bytes"),
            Shape::Time | Shape::MicroTime => Self::Plain("timestamp"),
            Shape::Object(name) if schema().object(name).is_some_and(|object| !object.fields.is_empty()) => {
                Self::Object(name)
            }
            Shape::Quantity | Shape::IntOrString | Shape::Any | Shape::Object(_) => Self::Dyn,
            Shape::List(inner) => Self::list(Self::of(inner)),
            Shape::Map(inner, _) => Self::map(Self::of(inner)),
        }
    }

    /// As cel-go writes it (`FormatCELType`).
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Dyn | Self::Param(_) => "dyn".to_owned(),
            Self::Error => "!error!".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Plain(name) | Self::Object(name) => (*name).to_owned(),
            Self::Record(name, _) => format!("kubernetes.{name}"),
            Self::Custom(_, name) => name.to_string(),
            Self::List(inner) => format!("list({})", inner.shown()),
            Self::Map(inner) => format!("map({}, {})", inner.0.shown(), inner.1.shown()),
            Self::Optional(inner) => format!("optional_type({})", inner.shown()),
            Self::Kind(inner) => format!("type({})", inner.shown()),
        }
    }

    /// The same with other types within.
    pub(super) fn with_inner(&self, change: &mut dyn FnMut(&Self) -> Self) -> Self {
        match self {
            Self::List(inner) => Self::list(change(inner)),
            Self::Map(inner) => Self::Map(Box::new((change(&inner.0), change(&inner.1)))),
            Self::Optional(inner) => Self::Optional(Box::new(change(inner))),
            Self::Kind(inner) => Self::Kind(Box::new(change(inner))),
            other => other.clone(),
        }
    }

    /// Whether `null` may stand for it (upstream: `isLegacyNullable`).
    pub(super) fn may_be_null(&self) -> bool {
        match self {
            Self::Plain(name) => !matches!(*name, "bool" | "int" | "uint" | "double" | "string" | "bytes"),
            Self::List(_) | Self::Map(_) | Self::Kind(_) => false,
            _ => true,
        }
    }

    /// Whether it says no more than the other (upstream: `isEqualOrLessSpecific`).
    pub(super) fn as_general(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Param(_), _) => true,
            (_, Self::Dyn | Self::Param(_)) => false,
            (Self::List(one), Self::List(other)) | (Self::Optional(one), Self::Optional(other)) => {
                one.as_general(other)
            }
            (Self::Map(one), Self::Map(other)) => one.0.as_general(&other.0) && one.1.as_general(&other.1),
            (one, other) => one == other,
        }
    }

    /// The type of a field; `None`: there is none of this name.
    pub(super) fn field(&self, name: &str) -> Option<Self> {
        match self {
            Self::Object(kind) => {
                let field = schema().object(kind).and_then(|object| object.fields.get(name));
                match field {
                    Some(field) => Some(Self::of(&field.shape)),
                    None => matches!(name, "kind" | "apiVersion").then_some(STRING),
                }
            }
            Self::Custom(schema, own) => {
                let (field, inner) = named_property(schema, name)?;
                Self::of_schema(inner, &[own, ".", field].concat())
            }
            Self::Record(_, fields) => fields.iter().find(|(known, _)| known == name).map(|(_, of)| of.clone()),
            _ => None,
        }
    }
}

/// The complaints about the types of an expression in the order of their places, as cel-go tells them; empty: none. A name
/// that is none of the variables fits everything.
#[must_use]
pub fn complaints(program: &Program, text: &str, variables: &[(&str, Type)]) -> String {
    let mut checker = Checker::new(variables);
    checker.lenient = true;
    checker.of(&program.root);
    told(checker.found, text)
}

/// The type of an expression.
///
/// # Errors
/// What is wrong with it, one complaint after the other.
pub fn compile<'s>(program: &Program, text: &str, variables: &[(&str, Type<'s>)]) -> Result<Type<'s>, String> {
    let mut checker = Checker::new(variables);
    let of = checker.of(&program.root);
    if checker.found.is_empty() {
        checker.literals(&program.root);
    }
    let of = checker.known.resolved(&of, true);
    if checker.found.is_empty() { Ok(of) } else { Err(told(checker.found, text)) }
}

fn told(mut found: Vec<SyntaxError>, text: &str) -> String {
    found.order_by_key(|complaint| complaint.at);
    found.iter().map(|complaint| complaint.in_text(text)).collect::<Vec<_>>().join("\n")
}

/// The schema of a field by CEL's name for it.
pub(super) fn property<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    named_property(schema, name).map(|(_, inner)| inner)
}

fn named_property<'s>(schema: &'s Value, name: &str) -> Option<(&'s str, &'s Value)> {
    let fields = schema["properties"].as_object()?;
    let mut fields = fields.iter().map(|(field, inner)| (field.as_str(), inner));
    fields.find(|(field, _)| escaped(field).as_deref() == Some(name))
}
#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let object = Type::of_kind("apps", "v1", "Deployment").expect("a type");
        let program = Program::parse(text).expect("an expression");
        complaints(&program, text, &[("object", object), ("params", Type::Dyn)])
    }

    #[test]
    fn fields_that_a_kind_does_not_have() {
        let text = "ERROR: <input>:1:12: undefined field 'nofield'\n | object.spec.nofield > 1\n | ...........^";
        assert_eq!(told("object.spec.nofield > 1"), text);
        assert_eq!(told("object.spec.template.spec.containers.all(c, c.image.startsWith('x'))"), "");
        let inner = told("object.spec.template.spec.containers.all(c, c.imag == '')");
        assert!(inner.contains("<input>:1:46: undefined field 'imag'"), "{inner}");
        assert_eq!(told("object.metadata.labels.app == 'x' && params.any.thing > 3"), "");
        assert!(told("object.spec.replicas.x == 1").contains("type 'int' does not support field selection"));
    }

    #[test]
    fn operators_that_do_not_fit() {
        let text = "ERROR: <input>:1:22: found no matching overload for '_==_' applied to '(int, string)'\n \
            | object.spec.replicas == 'a'\n | .....................^";
        assert_eq!(told("object.spec.replicas == 'a'"), text);
        assert!(told("object.metadata.name < 3").contains("'_<_' applied to '(string, int)'"));
        assert_eq!(told("object.spec.replicas < 2.5"), "");
        assert_eq!(told("object.spec.strategy.rollingUpdate.maxSurge == 1"), "");
        assert_eq!(told("object.metadata.creationTimestamp - object.metadata.creationTimestamp > duration('1s')"), "");
        assert_eq!(told("object.metadata.name in ['a', 'b'] || !has(object.spec.paused)"), "");
    }
}
