//! `FlowSchema`: which requests belong to which priority level.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::table;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    prepare_create: |object, _| super::reset_status(object, json!({})),
    columns: &[
        Column::NAME,
        Column::at("PriorityLevel", "spec.priorityLevelConfiguration.name"),
        Column::at("MatchingPrecedence", "spec.matchingPrecedence"),
        Column::text("DistinguisherMethod", |object, _| table::or(object, "spec.distinguisherMethod.type", "<none>")),
        Column::AGE,
        Column::text("MissingPL", |object, _| missing(object)),
    ],
    ..Kind::tree("flowcontrol.apiserver.k8s.io", "FlowSchema", "flowschemas", "flowschema").cluster().with_status()
};

fn missing(object: &Object) -> String {
    let status = table::condition(object, "Dangling").and_then(|condition| condition["status"].as_str());
    status.unwrap_or("?").to_owned()
}

/// By what a table is ordered, the lowest first; among equals names decide, which is how they come (upstream:
/// `FlowSchemaSequence`).
#[must_use]
pub fn precedence(object: &Object) -> i64 {
    object.document().and_then(|schema| schema.at("spec.matchingPrecedence")?.as_i64()).unwrap_or_default()
}
