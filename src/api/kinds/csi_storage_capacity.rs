//! `CSIStorageCapacity`: how much a storage class can still give to which nodes.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::storage;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    validate: storage::validate_capacity,
    validate_update: storage::update_capacity,
    columns: &[Column::NAME, Column::CREATED_AT],
    ..Kind::tree("storage.k8s.io", "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity")
};
