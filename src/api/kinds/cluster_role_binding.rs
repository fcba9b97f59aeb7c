//! `ClusterRoleBinding`: gives the rights of a role to somebody in all namespaces.

use super::Kind;
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: super::role_binding::COLUMNS,
    ..Kind::tree("rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding")
        .cluster()
};
