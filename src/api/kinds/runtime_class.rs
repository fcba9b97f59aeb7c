//! `RuntimeClass`: how a container runtime is to run the pods that name it.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::services;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    validate: services::validate_runtime,
    validate_update: services::update_runtime,
    columns: &[Column::NAME, Column::at("Handler", "handler"), Column::AGE],
    ..Kind::tree("node.k8s.io", "RuntimeClass", "runtimeclasses", "runtimeclass").cluster()
};
