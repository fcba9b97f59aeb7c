//! `PodTemplate`: a pod template of its own, of which nobody makes anything.

use super::{Column, Kind};
use crate::api::check::Errors;
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::path::Path;
use crate::api::pod::{template, validation};
use crate::api::table;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    generation: true,
    default: |object| super::with_document(object, |object| template::default_in(object, "template")),
    spec_changed: |new, old| super::differs(new, old, "template"),
    validate,
    validate_update: |new, _| validate(new),
    warnings: |object| template::warnings_in(object, "template"),
    columns: &[
        Column::NAME,
        Column::text("Containers", |object, _| table::listed(object, "template.spec.containers", "name")),
        Column::text("Images", |object, _| table::listed(object, "template.spec.containers", "image")),
        Column::text("Pod Labels", |object, _| table::labels(object, "template.metadata.labels")),
    ],
    ..Kind::tree("", "PodTemplate", "podtemplates", "podtemplate")
};

/// Upstream: `ValidatePodTemplate`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    validation::template(&mut out, &Path::new("template"), &template::read(object, "template"));
    out
}
