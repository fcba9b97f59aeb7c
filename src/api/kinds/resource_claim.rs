//! `ResourceClaim`: somebody wants devices.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    generation: false,
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    prepare_create: |object, _| super::reset_status(object, json!({})),
    columns: &[Column::NAME, Column::text("State", |object, _| state(object)), Column::AGE],
    ..Kind::tree("resource.k8s.io", "ResourceClaim", "resourceclaims", "resourceclaim").with_status()
};

/// Upstream: `resourceClaimState`.
fn state(object: &Object) -> String {
    let document = object.document();
    let mut states = Vec::new();
    if object.is_terminating() {
        states.push("deleted");
    }
    if document.and_then(|claim| claim.at("status.allocation")).is_some() {
        states.push("allocated");
        if document.is_some_and(|claim| !claim.list("status.reservedFor").is_empty()) {
            states.push("reserved");
        }
    } else if states.is_empty() {
        states.push("pending");
    }
    states.join(",")
}
