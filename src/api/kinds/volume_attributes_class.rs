//! `VolumeAttributesClass`: what of a volume can be changed while it is used.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["vac"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[Column::NAME, Column::at("DriverName", "driverName"), Column::AGE],
    ..Kind::tree("storage.k8s.io", "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass")
        .cluster()
};
