//! `Role`: rights within a namespace.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[Column::NAME, Column::CREATED_AT],
    ..Kind::tree("rbac.authorization.k8s.io", "Role", "roles", "role")
};
