//! `ComponentStatus`: whether a part of the control plane is healthy. Nobody stores it: the server asks when it is asked.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use serde_json::Value;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["cs"],
    verbs: &["get", "list"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[
        Column::NAME,
        Column::text("Status", |object, _| status(object).to_owned()),
        Column::text("Message", |object, _| said(object, "message")),
        Column::text("Error", |object, _| said(object, "error")),
    ],
    ..Kind::tree("", "ComponentStatus", "componentstatuses", "componentstatus").cluster()
};

fn healthy(object: &Object) -> Option<&Value> {
    object.document()?.list("conditions").iter().find(|condition| condition["type"] == "Healthy")
}

/// Upstream: `printComponentStatus`.
fn status(object: &Object) -> &'static str {
    match healthy(object).and_then(|condition| condition["status"].as_str()) {
        Some("True") => "Healthy",
        Some(_) => "Unhealthy",
        None => "Unknown",
    }
}

fn said(object: &Object, field: &str) -> String {
    healthy(object).and_then(|condition| condition[field].as_str()).unwrap_or_default().to_owned()
}
