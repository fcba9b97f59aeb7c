//! `ClusterRole`: rights that can be given in one namespace or in all.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[Column::NAME, Column::CREATED_AT],
    ..Kind::tree("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", "clusterrole").cluster()
};
