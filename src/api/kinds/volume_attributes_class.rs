//! `VolumeAttributesClass`: what of a volume can be changed while it is used.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::storage;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["vac"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    validate: storage::validate_attributes_class,
    validate_update: storage::update_attributes_class,
    columns: &[Column::NAME, Column::at("DriverName", "driverName"), Column::AGE],
    ..Kind::tree("storage.k8s.io", "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass")
        .cluster()
};
