//! `IPAddress`: an address of the service network that somebody holds.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::services;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["ip"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    name_errors: services::address_name,
    validate: services::validate_address,
    validate_update: services::update_address,
    columns: &[Column::NAME, Column::text("ParentRef", |object, _| parent(object))],
    ..Kind::tree("networking.k8s.io", "IPAddress", "ipaddresses", "ipaddress").cluster()
};

fn parent(object: &Object) -> String {
    let text = |field: &str| super::document_text(object, field);
    let (group, namespace) = (text("spec.parentRef.group"), text("spec.parentRef.namespace"));
    let mut parts = vec![text("spec.parentRef.resource").to_owned()];
    if !group.is_empty() {
        parts[0] = format!("{}.{group}", parts[0]);
    }
    parts.extend(
        [namespace, text("spec.parentRef.name")].into_iter().filter(|part| !part.is_empty()).map(str::to_owned),
    );
    parts.join("/")
}
