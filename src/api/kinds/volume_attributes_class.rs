//! `VolumeAttributesClass`: what of a volume can be changed while it is used.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::storage;
use crate::sim::Time;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["vac"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    validate: storage::validate_attributes_class,
    validate_update: storage::update_attributes_class,
    columns: &[Column::text("Name", name), Column::at("DriverName", "driverName"), Column::AGE],
    ..Kind::tree("storage.k8s.io", "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass")
        .cluster()
};

/// The finalizer of a class that somebody may use. Upstream: `pkg/volume/util/finalizer.go`, `VACProtectionFinalizer`.
pub const PROTECTION: &str = "kubernetes.io/vac-protection";

/// Upstream: `pkg/apis/storage/util`, `IsDefaultAnnotationForVolumeAttributesClass`.
const IS_DEFAULT: &str = "volumeattributesclass.alpha.kubernetes.io/is-default-class";

fn name(object: &Object, _: Time) -> String {
    let mark = object.meta().annotations.as_ref().and_then(|annotations| annotations.get(IS_DEFAULT));
    let suffix = if mark.is_some_and(|mark| mark == "true") { " (default)" } else { "" };
    format!("{}{suffix}", object.name())
}
