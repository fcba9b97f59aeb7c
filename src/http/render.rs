//! Objects, lists, tables and watch events as the server writes them.

use super::negotiation::{Beside, Form, Shape};
use crate::api::object::Object;
use crate::api::{Column, Kind, managed};
use crate::cluster::wire::{Change, WatchEvent};
use crate::sim::Time;
use serde_json::{Value, json};

const META: &str = "meta.k8s.io/v1";

/// What a list says of itself.
pub struct Page<'a> {
    /// The revision that it shows.
    pub revision: u64,
    /// Where it goes on; empty at its end.
    pub token: &'a str,
    /// How many objects are left, if it can be told.
    pub remaining: Option<usize>,
}

impl Page<'_> {
    fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": self.revision.to_string()});
        if !self.token.is_empty() {
            metadata["continue"] = self.token.into();
        }
        if let Some(remaining) = self.remaining.filter(|_| !self.token.is_empty()) {
            metadata["remainingItemCount"] = remaining.into();
        }
        metadata
    }
}

/// One object.
pub fn object(object: &Object, form: Form, now: Time) -> Value {
    match form.shape {
        Shape::Whole => managed::to_value(object),
        Shape::Metadata => metadata_of(object),
        Shape::Table(beside) => {
            let metadata = json!({"resourceVersion": object.meta().resource_version});
            let rows = [row(object.kind(), object, beside, now)];
            table(&metadata, Some(object.kind()), &rows)
        }
    }
}

/// A list.
pub fn list(kind: &Kind, items: &[Object], page: &Page, form: Form, now: Time) -> Value {
    let (name, version, items) = match form.shape {
        Shape::Table(beside) => {
            let rows: Vec<Value> = items.iter().map(|object| row(kind, object, beside, now)).collect();
            return table(&page.metadata(), Some(kind), &rows);
        }
        Shape::Metadata => {
            ("PartialObjectMetadataList".to_owned(), META.to_owned(), items.iter().map(metadata_of).collect())
        }
        Shape::Whole => (format!("{}List", kind.kind), kind.api_version(), items.iter().map(item).collect::<Vec<_>>()),
    };
    json!({"kind": name, "apiVersion": version, "metadata": page.metadata(), "items": items})
}

/// An object in a list of its kind does not say its kind.
fn item(object: &Object) -> Value {
    let mut value = managed::to_value(object);
    if let Some(fields) = value.as_object_mut() {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    value
}

fn metadata_of(object: &Object) -> Value {
    let mut value = managed::to_value(object);
    json!({"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": value["metadata"].take()})
}

/// One event of a watch.
pub fn event(kind: &Kind, event: &WatchEvent, form: Form, first: bool, now: Time) -> Value {
    let (word, object) = match event {
        WatchEvent::Change(change, object) => {
            let word = match change {
                Change::Created => "ADDED",
                Change::Updated => "MODIFIED",
                Change::Deleted => "DELETED",
            };
            (word, self::object(object, form, now))
        }
        WatchEvent::Bookmark(revision) => ("BOOKMARK", bookmark(kind, *revision, form, false)),
        WatchEvent::InitialEventsEnd(revision) => ("BOOKMARK", bookmark(kind, *revision, form, true)),
    };
    let mut event = json!({"type": word, "object": object});
    if !first && matches!(form.shape, Shape::Table(_)) {
        // The columns are told once.
        event["object"]["columnDefinitions"] = Value::Null;
    }
    event
}

fn bookmark(kind: &Kind, revision: u64, form: Form, initial: bool) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
    if initial {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    match form.shape {
        Shape::Whole => json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": metadata}),
        Shape::Metadata => json!({"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata}),
        Shape::Table(_) => {
            let beside = json!({"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata});
            let metadata = json!({"resourceVersion": revision.to_string()});
            table(&metadata, Some(kind), &[json!({"cells": [], "object": beside})])
        }
    }
}

fn table(metadata: &Value, kind: Option<&Kind>, rows: &[Value]) -> Value {
    let columns: Option<Vec<Value>> = kind.map(|kind| kind.columns.iter().map(definition).collect());
    json!({"kind": "Table", "apiVersion": META, "metadata": metadata, "columnDefinitions": columns, "rows": rows})
}

fn definition(column: &Column) -> Value {
    json!({
        "name": column.name, "type": column.kind, "format": column.format(), "description": "",
        "priority": i32::from(column.wide),
    })
}

fn row(kind: &Kind, object: &Object, beside: Beside, now: Time) -> Value {
    let cells: Vec<Value> = kind.columns.iter().map(|column| cell(column, object, now)).collect();
    let mut row = json!({"cells": cells});
    match beside {
        Beside::None => {}
        Beside::Metadata => row["object"] = metadata_of(object),
        Beside::Object => row["object"] = managed::to_value(object),
    }
    row
}

/// The text of a cell as its column's type.
fn cell(column: &Column, object: &Object, now: Time) -> Value {
    let text = column.show(object, now);
    match column.kind {
        "integer" => text.parse::<i64>().map_or(Value::from(text), Value::from),
        // An absent moment.
        "date" if text.is_empty() => Value::Null,
        "boolean" => text.parse::<bool>().map_or(Value::from(text), Value::from),
        _ => text.into(),
    }
}
