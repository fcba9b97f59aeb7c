//! `NetworkPolicy`: which traffic pods accept and send.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::network_policies;
use crate::api::table;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["netpol"],
    generation: true,
    spec_changed: |new, old| super::differs(new, old, "spec"),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: network_policies::default,
    validate: network_policies::validate,
    validate_update: |new, _| network_policies::validate(new),
    columns: &[
        Column::NAME,
        Column::text("Pod-Selector", |object, _| table::selector(object, "spec.podSelector")),
        Column::AGE,
    ],
    ..Kind::tree("networking.k8s.io", "NetworkPolicy", "networkpolicies", "networkpolicy")
};
