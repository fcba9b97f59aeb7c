//! `RoleBinding`: gives the rights of a role to somebody within a namespace.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::names;
use crate::api::object::Object;
use crate::api::rules::rbac;
use serde_json::Value;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    name_errors: names::path_segment,
    default: rbac::default_binding,
    validate: rbac::validate_role_binding,
    validate_update: rbac::update_role_binding,
    columns: COLUMNS,
    ..Kind::tree("rbac.authorization.k8s.io", "RoleBinding", "rolebindings", "rolebinding")
};

/// Those of a `ClusterRoleBinding` too.
pub(super) const COLUMNS: &[Column] = &[
    Column::NAME,
    Column::text("Role", |object, _| role(object)),
    Column::AGE,
    Column::text("Users", |object, _| subjects(object, "User")).wide(),
    Column::text("Groups", |object, _| subjects(object, "Group")).wide(),
    Column::text("ServiceAccounts", |object, _| subjects(object, "ServiceAccount")).wide(),
];

fn role(object: &Object) -> String {
    format!("{}/{}", super::document_text(object, "roleRef.kind"), super::document_text(object, "roleRef.name"))
}

fn subjects(object: &Object, kind: &str) -> String {
    let subjects = object.document().map(|binding| binding.list("subjects")).unwrap_or_default();
    let of = subjects.iter().filter(|subject| subject["kind"] == kind);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names = of.map(|subject| match kind {
        "ServiceAccount" => format!("{}/{}", text(&subject["namespace"]), text(&subject["name"])),
        _ => text(&subject["name"]),
    });
    names.collect::<Vec<_>>().join(", ")
}
