//! Objects, lists, tables and watch events as the server writes them.

use super::negotiation::{Beside, Form, Shape};
use crate::api::kinds::flow_schema;
use crate::api::kinds::pod::Pod;
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
            let mut items: Vec<&Object> = items.iter().collect();
            if kind == &flow_schema::KIND {
                items.sort_by_key(|object| flow_schema::precedence(object));
            }
            let rows: Vec<Value> = items.into_iter().map(|object| row(kind, object, beside, now)).collect();
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
    if let Some(completed) = object.get::<Pod>().and_then(completed) {
        row["conditions"] = json!([completed]);
    }
    match beside {
        Beside::None => {}
        Beside::Metadata => row["object"] = metadata_of(object),
        Beside::Object => row["object"] = managed::to_value(object),
    }
    row
}

/// What a row says besides of a pod that has ended (upstream: `podSuccessConditions`, `podFailedConditions`).
fn completed(pod: &Pod) -> Option<Value> {
    let message = match pod.phase() {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!({"type": "Completed", "status": "True", "reason": pod.phase(), "message": message}))
}

/// The text of a cell as its column's type.
fn cell(column: &Column, object: &Object, now: Time) -> Value {
    let text = column.show(object, now);
    match column.kind {
        // What is not there, or of another type.
        "integer" | "number" | "boolean" | "date" if text.is_empty() => Value::Null,
        "integer" => text.parse::<i64>().map_or(Value::from(text), Value::from),
        "number" => text.parse::<serde_json::Number>().map_or(Value::from(text), Value::Number),
        "boolean" => text.parse::<bool>().map_or(Value::from(text), Value::from),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::pod;

    #[test]
    fn a_pod_that_has_ended_says_so_in_its_row() {
        let row = |phase: &str| {
            let document = json!({"metadata": {"name": "p"}, "spec": {"containers": []}, "status": {"phase": phase}});
            let object = (pod::KIND.decode)(document).expect("a pod");
            super::row(&pod::KIND, &object, Beside::None, Time::ZERO)
        };
        assert_eq!(row("Failed")["conditions"][0]["reason"], "Failed");
        assert_eq!(row("Succeeded")["conditions"][0]["message"], "The pod has completed successfully.");
        assert_eq!(row("Running")["conditions"], Value::Null);
    }

    #[test]
    fn flow_schemas_come_by_their_precedence() {
        let schema = |name: &str, precedence: i64| {
            let spec = json!({"matchingPrecedence": precedence, "priorityLevelConfiguration": {"name": "l"}});
            (flow_schema::KIND.decode)(json!({"metadata": {"name": name}, "spec": spec})).expect("a schema")
        };
        let items = [schema("a", 9), schema("b", 1), schema("c", 1)];
        let page = Page { revision: 1, token: "", remaining: None };
        let asked = super::super::Asked {
            accept: "application/json;as=Table;v=v1;g=meta.k8s.io".to_owned(),
            ..super::super::Asked::default()
        };
        let form = Form::wanted(&asked, crate::api::Verb::List).expect("a table");
        let table = list(&flow_schema::KIND, &items, &page, form, Time::ZERO);
        let names: Vec<&Value> = (0..3).map(|row| &table["rows"][row]["cells"][0]).collect();
        assert_eq!(names, ["b", "c", "a"]);
    }
}
