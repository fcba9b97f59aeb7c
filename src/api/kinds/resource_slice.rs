//! `ResourceSlice`: the devices that a node or a pool of nodes has.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    generation: true,
    spec_changed: |new, old| super::differs(new, old, "spec"),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[
        Column::NAME,
        Column::at("Node", "spec.nodeName"),
        Column::at("Driver", "spec.driver"),
        Column::at("Pool", "spec.pool.name"),
        Column::AGE,
    ],
    ..Kind::tree("resource.k8s.io", "ResourceSlice", "resourceslices", "resourceslice").cluster()
};
