//! `ClusterRoleBinding`: gives the rights of a role to somebody in all namespaces.

use super::Kind;
use crate::api::document::Document;
use crate::api::names;
use crate::api::object::Object;
use crate::api::rules::rbac;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    name_errors: names::path_segment,
    default: rbac::default_binding,
    validate: rbac::validate_cluster_role_binding,
    validate_update: rbac::update_cluster_role_binding,
    columns: super::role_binding::COLUMNS,
    ..Kind::tree("rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding")
        .cluster()
};
