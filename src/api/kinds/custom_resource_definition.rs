//! `CustomResourceDefinition`: a kind that somebody adds.

use super::{Column, Kind};
use crate::api::object::Object;
use crate::api::rules::definitions;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["crd", "crds"],
    categories: &["api-extensions"],
    storage: "apiextensions.k8s.io/customresourcedefinitions",
    decode: |value| definitions::read(&KIND, value).map(Object::from_document),
    default: definitions::default,
    prepare_create: |object, _| {
        let status = object.document().map(definitions::first_status);
        super::reset_status(object, status.unwrap_or_default());
    },
    validate: definitions::validate,
    validate_update: definitions::validate_update,
    columns: &[Column::NAME, Column::CREATED_AT],
    ..Kind::tree(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "customresourcedefinition",
    )
    .cluster()
    .with_status()
};
