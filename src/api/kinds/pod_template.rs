//! `PodTemplate`: a pod template of its own, of which nobody makes anything.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::table;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[
        Column::NAME,
        Column::text("Containers", |object, _| table::listed(object, "template.spec.containers", "name")),
        Column::text("Images", |object, _| table::listed(object, "template.spec.containers", "image")),
        Column::text("Pod Labels", |object, _| table::labels(object, "template.metadata.labels")),
    ],
    ..Kind::tree("", "PodTemplate", "podtemplates", "podtemplate")
};
