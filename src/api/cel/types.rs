//! What can be said of an expression before there are values: fields that a kind does not have, operators that do not fit.
//!
//! Upstream: `apiserver/pkg/admission/plugin/policy/validating/typechecking.go` with cel-go's `checker`. Only what is certain
//! is complained of: quantities, numbers-or-names, parameters and functions that are not known here have a type that fits
//! everything (`dyn`).

use super::escape::escaped;
use super::parse::{Expr, Program, SyntaxError};
use super::signatures;
use super::val::Val;
use crate::api::schema::{Shape, schema};
use crate::sim::Order;
use serde_json::Value;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type<'s> {
    /// Anything.
    Dyn,
    /// `null`.
    Null,
    /// A type of one word, such as `int`.
    Plain(&'static str),
    /// A list of these.
    List(Box<Type<'s>>),
    /// A map from text to these.
    Map(Box<Type<'s>>),
    /// An object of a type of the API's schema.
    Object(&'static str),
    /// An object that a schema of a custom kind describes.
    Custom(&'s Value),
}

const BOOL: Type<'static> = Type::Plain("bool");
const INT: Type<'static> = Type::Plain("int");
const STRING: Type<'static> = Type::Plain("string");
const NUMBERS: [&str; 3] = ["int", "uint", "double"];

impl<'s> Type<'s> {
    /// The type of what a schema describes; `None`: expressions do not see it (upstream: `SchemaDeclType`).
    #[must_use]
    pub fn of_schema(schema: &'s Value) -> Option<Self> {
        if schema["x-kubernetes-int-or-string"] == true {
            return Some(Self::Dyn);
        }
        match (schema["type"].as_str()?, schema["format"].as_str()) {
            ("array", _) => Self::of_schema(&schema["items"]).map(|inner| Self::List(Box::new(inner))),
            ("object", _) if schema["additionalProperties"].is_object() => {
                Self::of_schema(&schema["additionalProperties"]).map(|inner| Self::Map(Box::new(inner)))
            }
            ("object", _) => Some(Self::Custom(schema)),
            ("string", Some("byte")) => Some(Self::Plain("bytes")),
            ("string", Some("date" | "date-time")) => Some(Self::Plain("timestamp")),
            ("string", Some("duration")) => Some(Self::Plain("google.protobuf.Duration")),
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

    fn of(shape: &Shape) -> Self {
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
            Shape::List(inner) => Self::List(Box::new(Self::of(inner))),
            Shape::Map(inner, _) => Self::Map(Box::new(Self::of(inner))),
        }
    }

    /// As cel-go writes it; `None`: not known, or not all of it.
    fn shown(&self) -> Option<String> {
        match self {
            Self::Dyn | Self::Object(_) | Self::Custom(_) => None,
            Self::Null => Some("null".to_owned()),
            Self::Plain("timestamp") => Some("google.protobuf.Timestamp".to_owned()),
            Self::Plain(name) => Some((*name).to_owned()),
            Self::List(inner) => Some(format!("list({})", inner.shown()?)),
            Self::Map(inner) => Some(format!("map(string, {})", inner.shown()?)),
        }
    }

    fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn, _) | (_, Self::Dyn) => true,
            (Self::Null, other) | (other, Self::Null) => {
                matches!(
                    other,
                    Self::Null
                        | Self::Object(_)
                        | Self::Custom(_)
                        | Self::Plain("timestamp" | "google.protobuf.Duration")
                )
            }
            (Self::List(one), Self::List(other)) | (Self::Map(one), Self::Map(other)) => one.fits(other),
            (one, other) => one == other,
        }
    }
}

/// The complaints about the types of an expression in the order of their places, as cel-go tells them; empty: none.
#[must_use]
pub fn complaints(program: &Program, text: &str, variables: &[(&str, Type)]) -> String {
    let mut checker = Checker::new(variables);
    checker.of(&program.root);
    told(checker.found, text)
}

/// The same with names that are none of the variables; or the type of the expression.
///
/// # Errors
/// What is wrong.
pub fn compile<'s>(program: &Program, text: &str, variables: &[(&str, Type<'s>)]) -> Result<Type<'s>, String> {
    let mut checker = Checker::new(variables);
    let of = checker.of(&program.root);
    let names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
    checker.found.extend(program.all_undeclared(&names));
    let told = told(checker.found, text);
    if told.is_empty() { Ok(of) } else { Err(told) }
}

fn told(mut found: Vec<SyntaxError>, text: &str) -> String {
    found.order_by_key(|complaint| complaint.at);
    found.iter().map(|complaint| complaint.in_text(text)).collect::<Vec<_>>().join("\n")
}

/// Walks through an expression.
pub(super) struct Checker<'s> {
    /// Variables, the last named counts.
    pub names: Vec<(String, Type<'s>)>,
    found: Vec<SyntaxError>,
}

impl<'s> Checker<'s> {
    /// One that knows these variables.
    pub fn new(variables: &[(&str, Type<'s>)]) -> Self {
        let names = variables.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect();
        Self { names, found: Vec::new() }
    }

    fn complain(&mut self, at: usize, message: String) -> Type<'s> {
        self.found.push(SyntaxError { at, message });
        Type::Dyn
    }

    /// What a comprehension over this goes through.
    pub fn item(of: &Type<'s>) -> Type<'s> {
        match of {
            Type::List(inner) => (**inner).clone(),
            Type::Map(_) => STRING,
            _ => Type::Dyn,
        }
    }

    /// The type of an expression.
    pub fn of(&mut self, expr: &Expr) -> Type<'s> {
        match expr {
            Expr::Literal(value) => literal(value),
            Expr::Name(name) => {
                let found = self.names.iter().rev().find(|(known, _)| known == name);
                found.map_or(Type::Dyn, |(_, of)| of.clone())
            }
            Expr::Field(of, name, optional, at) => {
                let inner = self.of(of);
                let found = self.field(&inner, name, *at);
                if *optional { Type::Dyn } else { found }
            }
            Expr::Has(of, name, at) => {
                let inner = self.of(of);
                self.field(&inner, name, *at);
                BOOL
            }
            Expr::Index(of, index, _) => {
                self.of(index);
                match self.of(of) {
                    Type::List(inner) | Type::Map(inner) => *inner,
                    _ => Type::Dyn,
                }
            }
            Expr::Call(of, name, arguments, at) => {
                let of = of.as_deref().map(|of| self.of(of));
                let arguments: Vec<Type> = arguments.iter().map(|argument| self.of(argument)).collect();
                self.call(of.as_ref(), name, &arguments, *at)
            }
            Expr::Binary(sign, left, right, at) => {
                let sides = [self.of(left), self.of(right)];
                self.binary(sign, &sides, *at)
            }
            Expr::Unary(sign, of) => {
                let inner = self.of(of);
                if *sign == '!' { BOOL } else { inner }
            }
            Expr::If(parts) => {
                let [_, yes, no] = [&parts[0], &parts[1], &parts[2]].map(|part| self.of(part));
                if yes == no { yes } else { Type::Dyn }
            }
            Expr::List(items) => self.alike(items).map_or(Type::Dyn, |inner| Type::List(Box::new(inner))),
            Expr::Map(entries) => {
                for (key, value) in entries {
                    self.of(key);
                    self.of(value);
                }
                Type::Dyn
            }
            Expr::Each(name, of, variable, parts) => self.each(name, of, variable, parts),
        }
    }

    /// The type of all items, if they have one.
    fn alike(&mut self, items: &[Expr]) -> Option<Type<'s>> {
        let types: Vec<Type> = items.iter().map(|item| self.of(item)).collect();
        let first = types.first()?.clone();
        types.iter().all(|other| *other == first).then_some(first)
    }

    fn each(&mut self, name: &str, of: &Expr, variable: &str, parts: &[Expr]) -> Type<'s> {
        let all = self.of(of);
        self.names.push((variable.to_owned(), Self::item(&all)));
        let last = parts.iter().map(|part| self.of(part)).last();
        self.names.pop();
        match name {
            "all" | "exists" | "exists_one" | "existsOne" => BOOL,
            "filter" => all,
            "map" => Type::List(Box::new(last.unwrap_or(Type::Dyn))),
            _ => Type::Dyn,
        }
    }

    fn field(&mut self, of: &Type<'s>, name: &str, at: usize) -> Type<'s> {
        match of {
            Type::Object(kind) => {
                let field = schema().object(kind).and_then(|object| object.fields.get(name));
                match field {
                    Some(field) => Type::of(&field.shape),
                    None if matches!(name, "kind" | "apiVersion") => STRING,
                    None => self.complain(at, format!("undefined field '{name}'")),
                }
            }
            Type::Custom(schema) => match property(schema, name).and_then(Type::of_schema) {
                Some(found) => found,
                None => self.complain(at, format!("undefined field '{name}'")),
            },
            Type::Map(inner) => (**inner).clone(),
            Type::Plain(_) | Type::List(_) => match of.shown() {
                Some(shown) => self.complain(at, format!("type '{shown}' does not support field selection")),
                None => Type::Dyn,
            },
            Type::Dyn | Type::Null => Type::Dyn,
        }
    }

    fn call(&mut self, of: Option<&Type<'s>>, name: &str, arguments: &[Type<'s>], at: usize) -> Type<'s> {
        if !signatures::is_known(name) {
            return self.complain(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        let given = of.into_iter().chain(arguments);
        if let Some(shown) = given.map(Type::shown).collect::<Option<Vec<_>>>()
            && !signatures::fits(of.is_some(), name, &shown)
        {
            let applied = match of {
                Some(_) => format!("{}.({})", shown[0], shown[1..].join(", ")),
                None => format!("({})", shown.join(", ")),
            };
            self.complain(at, format!("found no matching overload for '{name}' applied to '{applied}'"));
        }
        result(name)
    }

    fn binary(&mut self, sign: &str, sides: &[Type<'s>; 2], at: usize) -> Type<'s> {
        let [left, right] = sides;
        let known = !sides.contains(&Type::Dyn);
        let both = |names: &[&str]| sides.iter().all(|side| matches!(side, Type::Plain(name) if names.contains(name)));
        let same = left.fits(right);
        let (right_sides, result) = match sign {
            "&&" | "||" => (both(&["bool"]), BOOL),
            "==" | "!=" => (same, BOOL),
            "<" | "<=" | ">" | ">=" => (both(&NUMBERS) || same && matches!(left, Type::Plain(_)), BOOL),
            "in" => (!matches!(right, Type::Plain(_)), BOOL),
            "%" => (same && both(&["int", "uint"]), left.clone()),
            "*" | "/" => (same && both(&NUMBERS), left.clone()),
            // Moments and durations add to each other.
            _ if sides.contains(&Type::Plain("timestamp")) => (true, Type::Dyn),
            "-" => (same && both(&NUMBERS), left.clone()),
            _ => (
                same && (both(&["int", "uint", "double", "string", "bytes"]) || matches!(left, Type::List(_))),
                left.clone(),
            ),
        };
        let shown = sides.iter().map(Type::shown).collect::<Option<Vec<_>>>();
        match shown {
            Some(shown) if known && !right_sides => {
                let name = if sign == "in" { "@in".to_owned() } else { format!("_{sign}_") };
                let message = format!("found no matching overload for '{name}' applied to '({})'", shown.join(", "));
                self.complain(at, message);
                result
            }
            _ if known => result,
            _ if result == BOOL => BOOL,
            _ => Type::Dyn,
        }
    }
}

/// The schema of a field by CEL's name for it.
pub(super) fn property<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let fields = schema["properties"].as_object()?;
    fields.iter().find(|(field, _)| escaped(field).as_deref() == Some(name)).map(|(_, inner)| inner)
}

fn literal(value: &Val) -> Type<'static> {
    match value {
        Val::Bool(_) => BOOL,
        Val::Int(_) => INT,
        Val::Null => Type::Null,
        other => match other.type_name() {
            "string" => STRING,
            "uint" => Type::Plain("uint"),
            "double" => Type::Plain("double"),
            "bytes" => Type::Plain("bytes"),
            _ => Type::Dyn,
        },
    }
}

/// What a function gives, whatever it is asked of.
fn result(name: &str) -> Type<'static> {
    match name {
        "size" | "int" | "indexOf" | "lastIndexOf" => INT,
        "string" | "lowerAscii" | "upperAscii" | "trim" | "replace" | "substring" | "join" | "format" => STRING,
        "bool" | "startsWith" | "endsWith" | "contains" | "matches" | "isURL" | "isIP" | "isCIDR" | "isQuantity"
        | "isSorted" | "hasValue" | "containsIP" | "containsCIDR" => BOOL,
        "double" => Type::Plain("double"),
        _ => Type::Dyn,
    }
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
