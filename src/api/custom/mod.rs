//! Kinds that somebody adds: a `CustomResourceDefinition` becomes kinds like all others, one for each of its versions.
//!
//! A kind is named everywhere by a reference that lives for ever; those of the registry are statics. A custom kind is made
//! once for each definition, word for word, and kept: the same definition gives the same kind, in whatever world it
//! stands, so nothing depends on what happened before. Whether a kind is *served* only the server knows, by the
//! definitions that it has.
//!
//! - [`tree`]: dropping fields that no schema names, and filling in defaults;
//! - [`check`]: whether the values are what the schema says (upstream: `kube-openapi/pkg/validation/validate`);
//! - [`formats`]: texts with a form, such as `date-time`; [`json_path`]: what printer columns show.
//!
//! Upstream: `apiextensions-apiserver/pkg/{apiserver,registry/customresource}`. Left out: conversion by webhooks.

mod check;
mod formats;
mod json_path;
mod tree;

use super::check::Errors;
use super::document::Document;
use super::kind::{Kind, Scale};
use super::object::Object;
use super::selector::Selector;
use super::status::FieldError;
use super::table::{Cell, Column};
use crate::sim::Sorted;
use serde_json::Value;
use std::sync::{Mutex, OnceLock};

pub use json_path::{cell, is_simple};
pub use tree::unknown;

/// In which order discovery names the verbs of custom kinds.
const VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// The same while the definition is on its way out (upstream: `customresource_discovery_controller.go`).
const LAST_VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "watch"];

/// What is particular to a custom kind.
#[derive(Debug)]
pub struct Custom {
    /// The `openAPIV3Schema`.
    pub schema: Value,
    /// The kind of its lists.
    pub list_kind: &'static str,
    /// The kind of the version in which objects are stored, if that is another one.
    pub stored: Option<&'static Kind>,
    /// Whether its definition is being deleted.
    pub going: bool,
    /// What the server warns of whoever uses this version.
    pub warning: Option<String>,
    /// Where its scale is.
    pub scale: Option<ScalePaths>,
}

/// Paths of the scale of a custom kind.
#[derive(Debug)]
pub struct ScalePaths {
    /// Of the replicas wanted.
    pub spec: String,
    status: String,
    selector: Option<String>,
}

/// The verbs that discovery offers.
#[must_use]
pub fn offered(kind: &Kind) -> &'static [&'static str] {
    if kind.custom.is_some_and(|custom| custom.going) { LAST_VERBS } else { kind.verbs }
}

/// The kinds of a definition: those of all versions that are served, and of the one that is stored.
#[must_use]
pub fn kinds(definition: &Object) -> Vec<&'static Kind> {
    let Some(document) = definition.document() else { return Vec::new() };
    let versions = document.list("spec.versions");
    let Some(storage) = versions.iter().find(|version| version["storage"] == true) else { return Vec::new() };
    let stored = made(document, storage, None);
    let others = versions.iter().filter(|version| version["served"] == true && version["storage"] != true);
    let served = (storage["served"] == true).then_some(stored);
    served.into_iter().chain(others.map(|version| made(document, version, Some(stored)))).collect()
}

/// The kind of one version; the same for the same words.
fn made(document: &Document, version: &Value, stored: Option<&'static Kind>) -> &'static Kind {
    static KNOWN: OnceLock<Mutex<Sorted<String, &'static Kind>>> = OnceLock::new();
    let at = |path: &str| document.at(path).map(Value::to_string).unwrap_or_default();
    let of = stored.map_or("", |kind| kind.version);
    let conditions = document.list("status.conditions").iter();
    let going = conditions.filter(|one| one["type"] == "Terminating").any(|one| one["status"] == "True");
    let key = format!("{} {} {} {of} {going} {version}", at("spec.group"), at("spec.names"), at("spec.scope"));
    let known = KNOWN.get_or_init(Mutex::default);
    let mut known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(kind) = known.get(&key) {
        return kind;
    }
    let kind: &'static Kind = Box::leak(Box::new(make(document, version, (stored, going))));
    known.insert(key, kind);
    kind
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn leak_all(texts: Vec<&str>) -> &'static [&'static str] {
    Box::leak(texts.into_iter().map(leak).collect())
}

fn make(document: &Document, version: &Value, (stored, going): (Option<&'static Kind>, bool)) -> Kind {
    let (group, plural) = (leak(document.text("spec.group")), leak(document.text("spec.names.plural")));
    let text = |path: &str| leak(document.text(path));
    let name = version["name"].as_str().unwrap_or_default();
    let subresources = &version["subresources"];
    let scale = subresources.get("scale").map(scale_paths);
    let has_status = subresources.get("status").is_some();
    let names = [("scale", scale.is_some()), ("status", has_status)];
    let names: Vec<&str> = names.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
    let warning = (version["deprecated"] == true).then(|| {
        let own = version["deprecationWarning"].as_str().map(str::to_owned);
        own.unwrap_or_else(|| format!("{group}/{name} {} is deprecated", document.text("spec.names.kind")))
    });
    let custom = Custom {
        schema: version["schema"]["openAPIV3Schema"].clone(),
        list_kind: text("spec.names.listKind"),
        stored,
        going,
        warning,
        scale,
    };
    let of_status: fn(&mut Object, &Object) = if has_status { |new, old| keep(new, old, "status") } else { |_, _| {} };
    Kind {
        version: leak(name),
        short_names: leak_all(document.texts("spec.names.shortNames")),
        categories: leak_all(document.texts("spec.names.categories")),
        namespaced: document.text("spec.scope") == "Namespaced",
        verbs: VERBS,
        storage: leak(&format!("{group}/{plural}")),
        subresources: leak_all(names),
        generation: true,
        default: |object| change(object, tree::default),
        prepare_create: |object, _| {
            let status = object.kind().subresources.contains(&"status");
            if let (true, Some(document)) = (status, object.document_mut()) {
                document.remove("status");
            }
        },
        prepare_update: of_status,
        prepare_status: only_status,
        validate: |object| check::all(object, None),
        validate_update: |new, old| check::all(new, Some(old)),
        warnings: |object| object.kind().custom.and_then(|custom| custom.warning.clone()).into_iter().collect(),
        spec_changed,
        scale: custom.scale.as_ref().map(|_| SCALE),
        columns: columns(version),
        custom: Some(Box::leak(Box::new(custom))),
        ..Kind::tree(group, text("spec.names.kind"), plural, text("spec.names.singular"))
    }
}

fn scale_paths(scale: &Value) -> ScalePaths {
    let path = |name: &str| scale[name].as_str().map(|path| path.trim_start_matches('.').to_owned());
    ScalePaths {
        spec: path("specReplicasPath").unwrap_or_default(),
        status: path("statusReplicasPath").unwrap_or_default(),
        selector: path("labelSelectorPath"),
    }
}

/// Everything but status and metadata is the old object's.
fn only_status(new: &mut Object, old: &Object) {
    let status = new.document().and_then(|document| document.at("status")).cloned();
    let metadata = new.meta().clone();
    *new = old.clone();
    *new.meta_mut() = metadata;
    if let Some(document) = new.document_mut() {
        document.remove("status");
        if let Some(status) = status {
            document.set("status", status);
        }
    }
}

fn keep(new: &mut Object, old: &Object, field: &str) {
    if let (Some(new), Some(old)) = (new.document_mut(), old.document()) {
        new.keep(field, old);
    }
}

/// Whether anything but metadata differs, and status where that is apart.
fn spec_changed(new: &Object, old: &Object) -> bool {
    let (Some(new_fields), Some(old_fields)) = (new.document(), old.document()) else { return false };
    let mut before = old_fields.clone();
    if new.kind().subresources.contains(&"status") {
        before.keep("status", new_fields);
    }
    !new_fields.agrees(&before)
}

/// Changes the tree of an object by its schema.
fn change(object: &mut Object, change: fn(&mut Value, &Value)) {
    let Some(custom) = object.kind().custom else { return };
    if let Some(document) = object.document_mut() {
        document.with_fields(|fields| change(fields, &custom.schema));
    }
}

/// Reads an object of a custom kind: what no schema names is dropped.
///
/// # Errors
/// Go's sentence about metadata that cannot be read.
pub fn read(kind: &'static Kind, document: Value) -> Result<Object, String> {
    let mut object = Object::from_document(Document::read_raw(kind, document)?);
    change(&mut object, tree::prune);
    Ok(object)
}

fn columns(version: &Value) -> &'static [Column] {
    let given = version["additionalPrinterColumns"].as_array().map(Vec::as_slice).unwrap_or_default();
    if given.is_empty() {
        return &[Column::NAME, Column::AGE];
    }
    let column = |column: &Value| {
        let text = |name: &str| leak(column[name].as_str().unwrap_or_default());
        let wide = column["priority"].as_i64().unwrap_or(0) > 0;
        Column { name: text("name"), kind: text("type"), wide, cell: Cell::Path(text("jsonPath"), text("type")) }
    };
    let all: Vec<Column> = std::iter::once(Column::NAME).chain(given.iter().map(column)).collect();
    Box::leak(all.into_boxed_slice())
}

const SCALE: Scale = Scale {
    replicas: |object| count(object, |paths| &paths.spec),
    set_replicas: |object, replicas| {
        let Some(paths) = scale_of(object) else { return };
        if let Some(document) = object.document_mut() {
            document.set(&paths.spec, replicas.into());
        }
    },
    current: |object| count(object, |paths| &paths.status),
    selector: |object| {
        let path = scale_of(object).and_then(|paths| paths.selector.as_deref());
        let value = path.and_then(|path| object.document()?.at(path)).cloned().unwrap_or_default();
        match value {
            Value::String(text) => text,
            other => Selector::from_value(&other).map(|selector| selector.to_string()).unwrap_or_default(),
        }
    },
};

fn scale_of(object: &Object) -> Option<&'static ScalePaths> {
    object.kind().custom?.scale.as_ref()
}

fn count(object: &Object, path: fn(&ScalePaths) -> &String) -> i32 {
    let number = scale_of(object).and_then(|paths| object.document()?.at(path(paths))?.as_i64());
    number.and_then(|number| i32::try_from(number).ok()).unwrap_or(0)
}

/// An error about a value of another type than the schema's.
fn wrong_type(path: String, name: &str, wanted: &str, found: &str) -> FieldError {
    let mut error = FieldError::invalid(path, found, format!("{name} in body must be of type {wanted}: {found:?}"));
    error.fault = super::status::Fault::TypeInvalid(format!("{found:?}"));
    error
}

/// Whether a default of a schema fits it (upstream: `structural/defaulting/validation.go`).
#[must_use]
pub fn fits(schema: &Value, value: &Value) -> Errors {
    check::value(schema, value)
}

/// The names of a map, or none.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
