//! `ValidatingAdmissionPolicyBinding`: to which requests a policy applies, and what follows.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::policies;
use crate::api::table;

/// The kind.
pub static KIND: Kind = Kind {
    categories: &["api-extensions"],
    generation: true,
    spec_changed: |new, old| super::differs(new, old, "spec"),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: policies::default_binding,
    validate: policies::validate_binding,
    validate_update: |new, _| policies::validate_binding(new),
    columns: &[
        Column::NAME,
        Column::at("PolicyName", "spec.policyName"),
        Column::text("ParamRef", |object, _| parameter(object)),
        Column::AGE,
    ],
    ..Kind::tree(
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        "validatingadmissionpolicybinding",
    )
    .cluster()
};

/// Upstream: `printValidatingAdmissionPolicyBinding`.
pub(super) fn parameter(object: &Object) -> String {
    let text = |path: &str| super::document_text(object, path);
    match (text("spec.paramRef.namespace"), text("spec.paramRef.name")) {
        (_, "") if object.document().is_some_and(|binding| binding.at("spec.paramRef").is_some()) => {
            table::selector(object, "spec.paramRef.selector")
        }
        (_, "") => "<unset>".to_owned(),
        ("", name) => format!("*/{name}"),
        (namespace, name) => format!("{namespace}/{name}"),
    }
}
