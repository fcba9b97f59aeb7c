//! `ClusterRole`: rights that can be given in one namespace or in all.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::names;
use crate::api::object::Object;
use crate::api::rules::rbac;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    name_errors: names::path_segment,
    default: rbac::default_role,
    validate: rbac::validate_cluster_role,
    validate_update: |new, _| rbac::validate_cluster_role(new),
    columns: &[Column::NAME, Column::CREATED_AT],
    ..Kind::tree("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", "clusterrole").cluster()
};
