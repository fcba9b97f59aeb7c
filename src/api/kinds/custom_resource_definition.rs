//! `CustomResourceDefinition`: a kind that somebody adds.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["crd", "crds"],
    categories: &["api-extensions"],
    storage: "apiextensions.k8s.io/customresourcedefinitions",
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    prepare_create: |object, _| super::reset_status(object, json!({})),
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
