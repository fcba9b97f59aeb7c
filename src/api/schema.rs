//! The types of the API: which fields every kind has, of what type, and how patches merge them.
//!
//! The real server publishes this as `OpenAPI`; the embedded text `assets/schema/kinds.txt` is made from that document by
//! `tools/schema.py` (its header explains the format). From it come
//!
//! - [`check`]: what the strict decoder of the API server says about a document (unknown fields, wrong types), in the
//!   words of Go's JSON decoder;
//! - [`convert`]: what it says about an object that a patch has made;
//! - the merge keys and strategies of strategic merge patches ([`super::patch`]);
//! - the list and map kinds that field ownership will need.
//!
//! Left out: descriptions (they are ten times as large), and whether a *value* is allowed, which is validation.

mod check;
mod convert;
mod literal;

use crate::sim::Sorted;
use crate::texts;
use std::sync::OnceLock;

pub use check::{Checked, Problem, check};
pub use convert::convert;

/// The shape of a field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text; the name of its Go type if it is not `string`.
    String(Option<&'static str>),
    /// Truth value.
    Bool,
    /// Whole number of 32 bits.
    Int32,
    /// Whole number of 64 bits.
    Int64,
    /// Floating point number.
    Float64,
    /// Bytes as base64 text.
    Bytes,
    /// Resource quantity.
    Quantity,
    /// Time of whole seconds.
    Time,
    /// Time with microseconds.
    MicroTime,
    /// A port number or name, a count or percentage.
    IntOrString,
    /// Anything.
    Any,
    /// An object of this type.
    Object(&'static str),
    /// A list.
    List(Box<Shape>),
    /// A map from text; the name of its Go type if it has one.
    Map(Box<Shape>, Option<&'static str>),
}

/// How server-side apply and validation treat a list (`x-kubernetes-list-type`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// One value with one owner.
    #[default]
    Atomic,
    /// Unordered values that appear once.
    Set,
    /// Objects that are told apart by these fields.
    Map(Vec<&'static str>),
}

/// One field of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of the OpenAPI document, not states")]
pub struct Field {
    /// Its value.
    pub shape: Shape,
    /// Whether `OpenAPI` calls it required (the decoder does not insist; validation does).
    pub required: bool,
    /// The key by which strategic merge patches tell the items of a list apart.
    pub merge_key: Option<&'static str>,
    /// Whether strategic merge patches merge it (lists: item by item) instead of replacing it.
    pub merge: bool,
    /// Whether a patch with `$retainKeys` may drop the keys that it does not name.
    pub retain_keys: bool,
    /// How field ownership treats it, if it is a list.
    pub list: ListType,
    /// Whether field ownership treats this object or map as one value.
    pub atomic: bool,
    /// The struct that Go embeds it through, which appears in the messages of its decoder.
    pub embedded: Option<&'static str>,
}

/// A type of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Type {
    /// Its fields in alphabetic order.
    pub fields: Sorted<&'static str, Field>,
    /// Whether field ownership treats it as one value.
    pub atomic: bool,
}

/// All kinds and types.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    kinds: Sorted<(&'static str, &'static str, &'static str), &'static str>,
    types: Sorted<&'static str, Type>,
}

/// The schema of Kubernetes v1.36: constant data, read from its text once.
#[must_use]
pub fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut schema = Schema::default();
        schema.parse(texts::text("schema/kinds.txt"));
        schema.parse(texts::text("schema/scheduler.txt"));
        schema
    })
}

impl Schema {
    fn parse(&mut self, text: &'static str) {
        let mut current = "";
        for line in text.lines() {
            let mut words = line.split(' ');
            match words.next() {
                Some("#") | None => {}
                Some("!") => {
                    let words: Vec<&'static str> = words.collect();
                    if let [group, version, kind, name] = words[..] {
                        self.kinds.insert((if group == "-" { "" } else { group }, version, kind), name);
                    }
                }
                Some("=") => {
                    current = words.next().unwrap_or_default();
                    let atomic = words.next() == Some("atomic");
                    self.types.insert(current, Type { fields: Sorted::new(), atomic });
                }
                Some(name) => {
                    let field = Field::parse(words);
                    self.types.get_or_default(current).fields.insert(name, field);
                }
            }
        }
    }

    /// The type of a kind, by group (empty: core), version and kind. `DeleteOptions` and `Status` belong to every group.
    #[must_use]
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&'static str> {
        let found = self.kinds.iter().find(|((g, v, k), _)| *g == group && *v == version && *k == kind);
        match found {
            Some((_, name)) => Some(name),
            None if matches!(kind, "DeleteOptions" | "Status") && !group.is_empty() => self.kind("", "v1", kind),
            None => None,
        }
    }

    /// A type by its name, for example `core.v1.Container`.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    /// The schema's own copy of a type's name, if it knows the type.
    #[must_use]
    pub fn object_name(&self, name: &str) -> Option<&'static str> {
        self.types.get_key_value(name).map(|(name, _)| *name)
    }

    /// The field at a path of names such as `spec.template.spec`; list items and map values are stepped through.
    #[must_use]
    pub fn field(&self, kind: &str, path: &str) -> Option<&Field> {
        let (mut current, mut found) = (kind, None);
        for name in path.split('.') {
            let field = self.object(current)?.fields.get(name)?;
            found = Some(field);
            current = field.shape.object().unwrap_or_default();
        }
        found
    }
}

impl Shape {
    fn parse(word: &'static str) -> Self {
        if let Some(inner) = word.strip_prefix("[]") {
            return Self::List(Box::new(Self::parse(inner)));
        }
        if let Some(name) = word.strip_prefix('@') {
            return Self::Object(name);
        }
        if let Some(name) = word.strip_prefix("string:") {
            return Self::String(Some(name));
        }
        if let Some((name, inner)) = word.split_once("{}") {
            return Self::Map(Box::new(Self::parse(inner)), (!name.is_empty()).then_some(name));
        }
        match word {
            "string" => Self::String(None),
            "bool" => Self::Bool,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "float64" => Self::Float64,
            "bytes" => Self::Bytes,
            "quantity" => Self::Quantity,
            "time" => Self::Time,
            "microtime" => Self::MicroTime,
            "intorstring" => Self::IntOrString,
            _ => Self::Any,
        }
    }

    /// The object type of this shape, of its items or of its values.
    #[must_use]
    pub fn object(&self) -> Option<&'static str> {
        match self {
            Self::Object(name) => Some(name),
            Self::List(inner) | Self::Map(inner, _) => inner.object(),
            _ => None,
        }
    }
}

impl Field {
    fn parse(mut words: std::str::Split<'static, char>) -> Self {
        let mut field = Self {
            shape: Shape::parse(words.next().unwrap_or_default()),
            required: false,
            merge_key: None,
            merge: false,
            retain_keys: false,
            list: ListType::Atomic,
            atomic: false,
            embedded: None,
        };
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("required", _) => field.required = true,
                ("key", key) => field.merge_key = Some(key),
                ("merge", _) => field.merge = true,
                ("retain", _) => field.retain_keys = true,
                ("list", "atomic") => field.list = ListType::Atomic,
                ("list", "set") => field.list = ListType::Set,
                ("list", keys) => field.list = ListType::Map(keys.split(',').collect()),
                ("map", _) => field.atomic = true,
                ("in", name) => field.embedded = Some(name),
                _ => {}
            }
        }
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_schema() {
        let schema = schema();
        assert_eq!(schema.kind("apps", "v1", "Deployment"), Some("apps.v1.Deployment"));
        assert_eq!(schema.kind("apps", "v1", "DeleteOptions"), Some("meta.v1.DeleteOptions"));
        assert_eq!(schema.kind("apps", "v1beta1", "Deployment"), None);
        let containers = schema.field("apps.v1.Deployment", "spec.template.spec.containers").unwrap();
        assert_eq!((containers.merge_key, containers.merge), (Some("name"), true));
        assert_eq!(containers.list, ListType::Map(vec!["name"]));
        assert_eq!(containers.shape, Shape::List(Box::new(Shape::Object("core.v1.Container"))));
        let limits = schema.field("core.v1.Container", "resources.limits").unwrap();
        assert_eq!(limits.shape, Shape::Map(Box::new(Shape::Quantity), Some("v1.ResourceList")));
        assert!(schema.field("apps.v1.Deployment", "spec.strategy").unwrap().retain_keys);
        assert!(schema.object("core.v1.ObjectReference").unwrap().atomic);
    }

    #[test]
    fn every_type_that_is_named_exists() {
        let schema = schema();
        let named = schema.types.values().flat_map(|known| known.fields.values());
        for name in named.filter_map(|field| field.shape.object()).chain(schema.kinds.values().copied()) {
            assert!(schema.object(name).is_some(), "{name}");
        }
    }
}
