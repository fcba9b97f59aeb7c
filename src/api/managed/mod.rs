//! Field ownership: who wrote which field (`metadata.managedFields`), and server-side apply.
//!
//! Every write has a manager (`kubectl-client-side-apply`, `kube-controller-manager` …), and a manager owns the fields
//! that it has set. An update takes what it changes from whoever owned it; an apply may not, unless forced: it is refused
//! with a conflict. What an applier owned and does not apply any more, and what nobody else owns, goes.
//!
//! **What is kept, and when it is computed.** A set of fields for each write would cost more than the write: a pod is
//! written six times, mostly by those who never ask who owns what. An object therefore carries what its ownership can be
//! computed *from* ([`Written`]): who wrote it last, and the object as it was before (shared, not copied). [`of`] plays
//! these writes only when a client looks: over HTTP, in a conflict, for an apply. Writes that one component does one after
//! the other (a kubelet's reports) are played as one; the result is the same unless it had set a field of somebody else
//! and set it back. After [`LONGEST`] writes by turns the owners are computed and kept, so that no object drags all of its
//! past along.
//!
//! Objects are equal, and hash alike, whoever wrote them: ownership says nothing of what they are.
//!
//! Upstream: `sigs.k8s.io/structured-merge-diff/v6` (`merge/update.go`, `typed/*.go`) and
//! `k8s.io/apimachinery/pkg/util/managedfields`. Left out: conversion of owners between versions of a kind.

mod apply;
mod cap;
mod set;
mod walk;

use super::kinds::Kind;
use super::meta;
use super::object::Object;
use super::schema::schema;
use crate::sim::{Order, Time};
use serde_json::{Map, Value, json};
use std::rc::Rc;

pub use apply::{Applied, Conflict, applied, conflict_status};
use walk::At;

/// So many writes by turns are kept before their owners are computed.
pub const LONGEST: u32 = 16;

/// Who wrote, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Writer {
    /// The manager; empty: nobody owns what was written (a binding).
    pub manager: Rc<str>,
    /// Which subresource; empty: the object itself.
    pub subresource: &'static str,
    /// When.
    pub time: Time,
    /// Whether a person, or a program outside, wrote it: such writes are always played one by one.
    pub by_hand: bool,
}

/// From what the owners of an object's fields can be computed.
#[derive(Clone, Debug)]
pub enum Written {
    /// They are known.
    Known(Rc<[Entry]>),
    /// A write.
    Write {
        /// Whose.
        writer: Writer,
        /// The object before it; `None`: it created the object.
        before: Option<Object>,
        /// What was asked for, where the server stored something else.
        asked: Option<Object>,
        /// How many writes there are behind this one.
        depth: u32,
    },
}

/// What one manager owns: an entry of `metadata.managedFields`.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The manager.
    pub manager: String,
    /// Whether it applied.
    pub applied: bool,
    /// In which version of the kind.
    pub api_version: String,
    /// RFC 3339.
    pub time: String,
    /// Which subresource; empty: none.
    pub subresource: String,
    /// The fields, as `fieldsV1` has them.
    pub fields: Map<String, Value>,
}

impl Entry {
    fn is_of(&self, other: &Self) -> bool {
        (&self.manager, self.applied, &self.subresource) == (&other.manager, other.applied, &other.subresource)
            && (self.applied || self.api_version == other.api_version)
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let fields = value["fieldsV1"].as_object()?.clone();
        let applied = match value["operation"].as_str()? {
            "Apply" => true,
            "Update" => false,
            _ => return None,
        };
        Some(Self {
            manager: text("manager"),
            applied,
            api_version: text("apiVersion"),
            time: text("time"),
            subresource: text("subresource"),
            fields,
        })
    }

    fn to_value(&self) -> Value {
        let operation = if self.applied { "Apply" } else { "Update" };
        let mut value = json!({
            "manager": self.manager, "operation": operation, "apiVersion": self.api_version, "time": self.time,
            "fieldsType": "FieldsV1", "fieldsV1": self.fields,
        });
        if !self.subresource.is_empty() {
            value["subresource"] = self.subresource.as_str().into();
        }
        value
    }
}

/// Notes who has made `new` of `old` (`None`: of nothing). `asked` is what he asked for, if it is not what it became.
pub fn note(new: &mut Object, old: Option<&Object>, asked: Option<Object>, writer: Writer) {
    let written = old.and_then(Object::written);
    let (before, depth) = match written {
        // Upstream: the same manager's entry grows.
        Some(Written::Write { writer: last, before: Some(before), depth, .. })
            if !writer.by_hand
                && !last.by_hand
                && (&last.manager, last.subresource) == (&writer.manager, writer.subresource) =>
        {
            (Some(before.clone()), *depth)
        }
        Some(Written::Write { depth, .. }) => (old.cloned(), depth + 1),
        _ => (old.cloned(), 1),
    };
    new.set_written(Written::Write { writer, before, asked, depth });
    if depth > LONGEST {
        let entries = of(new);
        new.set_written(Written::Known(entries.into()));
    }
}

/// The owners of an object's fields.
#[must_use]
pub fn of(object: &Object) -> Vec<Entry> {
    match object.written() {
        None => Vec::new(),
        Some(Written::Known(entries)) => entries.to_vec(),
        Some(Written::Write { writer, before, asked, .. }) => {
            let entries = before.as_ref().map(of).unwrap_or_default();
            let old = before.as_ref().map(with_moments);
            let new = with_moments(asked.as_ref().unwrap_or(object));
            updated(entries, old.as_ref(), &new, object.kind(), writer)
        }
    }
}

/// What becomes of the owners by an update (upstream: `merge/update.go`, `Update`).
#[must_use]
pub fn updated(mut entries: Vec<Entry>, old: Option<&Value>, new: &Value, kind: &Kind, writer: &Writer) -> Vec<Entry> {
    let at = At::root(kind);
    let nothing = if old.is_none() { Some(walk::empty(at)) } else { None };
    let change = walk::compare(old.or(nothing.as_ref()), Some(new), at);
    let changed = stripped(change.changed.unwrap_or_default(), kind, writer.subresource);
    let removed = change.removed.unwrap_or_default();
    for entry in &mut entries {
        entry.fields = set::difference(&set::difference(&entry.fields, &changed), &removed);
    }
    if !changed.is_empty() && !writer.manager.is_empty() {
        let mine = Entry { fields: changed, ..entry_of(kind, writer, false) };
        match entries.iter_mut().find(|entry| entry.is_of(&mine)) {
            Some(entry) => {
                entry.fields = set::union(&entry.fields, &mine.fields);
                entry.time = mine.time;
            }
            None => entries.push(mine),
        }
    }
    entries.retain(|entry| !entry.fields.is_empty());
    cap::cap(&mut entries);
    entries
}

fn entry_of(kind: &Kind, writer: &Writer, applied: bool) -> Entry {
    Entry {
        manager: writer.manager.to_string(),
        applied,
        api_version: kind.api_version(),
        time: meta::timestamp(writer.time).0.to_string(),
        subresource: writer.subresource.to_owned(),
        fields: Map::new(),
    }
}

/// Without what nobody owns (upstream: `internal/stripmeta.go`, and each strategy's `GetResetFields`).
fn stripped(mut fields: Map<String, Value>, kind: &Kind, subresource: &str) -> Map<String, Value> {
    const META: &[&str] = &[
        ".",
        "f:name",
        "f:namespace",
        "f:creationTimestamp",
        "f:deletionTimestamp",
        "f:deletionGracePeriodSeconds",
        "f:selfLink",
        "f:uid",
        "f:generation",
        "f:managedFields",
        "f:resourceVersion",
    ];
    for name in [".", "f:apiVersion", "f:kind"] {
        fields.remove(name);
    }
    match subresource {
        "status" => fields.remove("f:spec"),
        _ if kind.subresources.contains(&"status") => fields.remove("f:status"),
        _ => None,
    };
    if let Some(metadata) = fields.get_mut("f:metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !META.contains(&name.as_str()));
        if metadata.is_empty() {
            fields.remove("f:metadata");
        }
    }
    fields
}

/// The entries as `metadata.managedFields`, in upstream's order (`internal/managedfields.go`).
#[must_use]
pub fn entries_value(mut entries: Vec<Entry>) -> Value {
    entries.order_by_key(|entry| {
        (
            !entry.applied,
            entry.time.clone(),
            entry.manager.clone(),
            entry.api_version.clone(),
            entry.subresource.clone(),
        )
    });
    entries.iter().map(Entry::to_value).collect()
}

/// What a client says the owners are; `None` if it says nothing. An empty entry resets them.
#[must_use]
pub fn given(value: &Value) -> Option<Vec<Entry>> {
    let items = value["metadata"]["managedFields"].as_array()?;
    match items.as_slice() {
        [] => None,
        [Value::Object(only)] if only.is_empty() => Some(Vec::new()),
        items => items.iter().map(Entry::read).collect(),
    }
}

/// The JSON form of an object as the server writes it: with the owners of its fields, and with the absent moments that
/// Go cannot leave out.
#[must_use]
pub fn to_value(object: &Object) -> Value {
    let mut value = with_moments(object);
    let entries = of(object);
    if !entries.is_empty() {
        value["metadata"]["managedFields"] = entries_value(entries);
    }
    value
}

/// With the absent moments that Go cannot leave out, and whose owners it therefore knows.
fn with_moments(object: &Object) -> Value {
    let mut value = object.to_value();
    if object.kind().kind == "Pod" {
        for condition in value["status"]["conditions"].as_array_mut().into_iter().flatten() {
            if condition["lastProbeTime"].is_null() {
                condition["lastProbeTime"] = Value::Null;
            }
        }
    }
    value
}

/// The name of a kind's type in the schema.
fn type_of(kind: &Kind) -> Option<&'static str> {
    schema().kind(kind.group, kind.version, kind.kind)
}

/// The paths of a set of fields, as errors write them.
#[must_use]
pub fn paths(fields: &Map<String, Value>) -> Vec<String> {
    let mut paths = Vec::new();
    set::each(fields, "", &mut |path| paths.push(path));
    paths.order();
    paths
}

/// All fields that an object has, every place on the way included.
#[must_use]
pub fn fields_of(value: &Value, kind: &Kind) -> Map<String, Value> {
    walk::compare(None, Some(value), At::root(kind)).changed.unwrap_or_default()
}

/// What is in the first set and not in the second.
#[must_use]
pub fn beyond(fields: &Map<String, Value>, known: &Map<String, Value>) -> Map<String, Value> {
    set::difference(fields, known)
}
