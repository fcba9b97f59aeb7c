//! Objects that are kept as the tree of their JSON form.
//!
//! Most of the engine's kinds have a type of their own. For those of which the engine reads a few fields at most, code
//! that decodes and encodes every field of every volume source would be most of their cost; they are stored whole as a
//! tree, checked against the schema like all others, and read by path.

use super::kinds::{Kind, serialize};
use super::path::Path;
use super::tree::At;
use super::{json, quantity::Quantity};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The object: its metadata, and everything else as a tree.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Its kind.
    pub(super) kind: &'static Kind,
    /// Its metadata.
    pub(super) metadata: ObjectMeta,
    fields: Map<String, Value>,
}

impl Document {
    /// An object that is only its metadata.
    #[must_use]
    pub fn new(kind: &'static Kind, metadata: ObjectMeta) -> Self {
        Self { kind, metadata, fields: Map::new() }
    }

    /// Its metadata, to change.
    pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }

    /// Reads a document as Go would.
    ///
    /// # Errors
    /// Go's sentence about the first bad quantity or field.
    pub fn read(kind: &'static Kind, document: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = json::read(document)? else { return Err("not an object".to_owned()) };
        fields.remove("apiVersion");
        fields.remove("kind");
        let metadata = fields.remove("metadata").unwrap_or_else(|| Value::Object(Map::new()));
        let metadata = json::decode_part(&metadata)?;
        Ok(Self { kind, metadata, fields })
    }

    /// Reads a document of a custom kind: only its metadata is Go's.
    ///
    /// # Errors
    /// Go's sentence about the first bad field of the metadata.
    pub fn read_raw(kind: &'static Kind, document: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = document else { return Err("not an object".to_owned()) };
        fields.remove("apiVersion");
        fields.remove("kind");
        let metadata = fields.remove("metadata").unwrap_or_else(|| Value::Object(Map::new()));
        let metadata = json::decode_part(&json::read(metadata)?)?;
        Ok(Self { kind, metadata, fields })
    }

    /// Changes everything but the metadata as one tree.
    pub fn with_fields(&mut self, change: impl FnOnce(&mut Value)) {
        let mut fields = Value::Object(std::mem::take(&mut self.fields));
        change(&mut fields);
        if let Value::Object(fields) = fields {
            self.fields = fields;
        }
    }

    /// The same object as one of another version of its kind.
    #[must_use]
    pub fn as_kind(&self, kind: &'static Kind) -> Self {
        Self { kind, ..self.clone() }
    }

    /// The JSON form, `apiVersion` and `kind` included.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("apiVersion".to_owned(), self.kind.api_version().into());
        fields.insert("kind".to_owned(), self.kind.kind.into());
        fields.insert("metadata".to_owned(), serialize(&self.metadata));
        Value::Object(fields)
    }

    /// The value at a path such as `spec.volumeName`; lists are not stepped through.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        let mut names = path.split('.');
        let first = self.fields.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }

    /// A field of the object itself (`spec`, `rules`) with its place, to walk through.
    #[must_use]
    pub fn field<'a>(&'a self, name: &'a str) -> At<'a, 'a> {
        At::new(self.fields.get(name), Path::new(name))
    }

    /// A field of the object itself, to change.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.fields.get_mut(name)
    }

    /// The text at a path; empty if there is none.
    #[must_use]
    pub fn text(&self, path: &str) -> &str {
        self.at(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// The list at a path; empty if there is none.
    #[must_use]
    pub fn list(&self, path: &str) -> &[Value] {
        self.at(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The texts of the list at a path.
    #[must_use]
    pub fn texts(&self, path: &str) -> Vec<&str> {
        self.list(path).iter().filter_map(Value::as_str).collect()
    }

    /// The quantity at a path, in whole units; 0 if there is none.
    #[must_use]
    pub fn amount(&self, path: &str) -> i64 {
        Quantity::parse(self.text(path)).map_or(0, |quantity| quantity.value())
    }

    /// The value at a path as a type.
    #[must_use]
    pub fn part<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        json::decode_part(self.at(path)?).ok()
    }

    /// Sets the value at a path; what is missing on the way is made.
    pub fn set(&mut self, path: &str, value: Value) {
        let (parents, name) = path.rsplit_once('.').map_or((None, path), |(parents, name)| (Some(parents), name));
        let mut fields = &mut self.fields;
        for parent in parents.into_iter().flat_map(|parents| parents.split('.')) {
            let inner = fields.entry(parent).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            match inner {
                Value::Object(inner) => fields = inner,
                _ => unreachable!("it has just been made an object"),
            }
        }
        fields.insert(name.to_owned(), value);
    }

    /// Sets the value at a path unless there is one.
    pub fn set_default(&mut self, path: &str, value: Value) {
        if self.at(path).is_none() {
            self.set(path, value);
        }
    }

    /// Takes a field of the object itself (`spec`, `status`) from another object of the kind.
    pub fn keep(&mut self, field: &str, of: &Self) {
        match of.fields.get(field) {
            Some(value) => self.fields.insert(field.to_owned(), value.clone()),
            None => self.fields.remove(field),
        };
    }

    /// Removes a field of the object itself.
    pub fn remove(&mut self, field: &str) {
        self.fields.remove(field);
    }

    /// Whether two objects of the kind agree in everything but metadata.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::config_map;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_read_written_and_changed_by_path() {
        let value = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x"},
            "spec": {"capacity": {"storage": "1024Mi"}, "modes": ["a", "b"], "none": null, "empty": ""}});
        let mut document = Document::read(&config_map::KIND, value).expect("a document");
        assert_eq!((document.amount("spec.capacity.storage"), document.texts("spec.modes")), (1 << 30, vec!["a", "b"]));
        document.set_default("status.phase", "Pending".into());
        document.set_default("status.phase", "Bound".into());
        assert_eq!(document.text("status.phase"), "Pending");
        let expected = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x"},
            "spec": {"capacity": {"storage": "1Gi"}, "modes": ["a", "b"]}, "status": {"phase": "Pending"}});
        assert_eq!(document.to_value(), expected);
        let other = Document::read(&config_map::KIND, json!({"metadata": {"name": "y"}})).expect("a document");
        document.keep("spec", &other);
        document.remove("status");
        assert!(document.agrees(&other));
    }
}
