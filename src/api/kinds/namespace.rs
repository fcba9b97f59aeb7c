//! `Namespace`: a room for names.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::names;
use k8s_openapi::api::core::v1::Namespace;

plain_kind!(Namespace);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    namespaced: false,
    verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
    name_errors: names::dns1123_label,
    storage: "namespaces",
    subresources: &["finalize", "status"],
    decode: decode::<Namespace>,
    columns: &[Column::NAME, Column::text("Status", |object, _| phase(object)), Column::AGE],
    ..Kind::plain()
};

fn phase(object: &Object) -> String {
    let status = object.get::<Namespace>().and_then(|ns| ns.status.as_ref());
    status.and_then(|status| status.phase.clone()).unwrap_or_default()
}
