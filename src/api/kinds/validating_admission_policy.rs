//! `ValidatingAdmissionPolicy`: rules for requests, as CEL expressions.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::policies;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    categories: &["api-extensions"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: policies::default,
    validate: policies::validate,
    validate_update: |new, _| policies::validate(new),
    prepare_create: |object, _| super::reset_status(object, json!({})),
    columns: &[
        Column::NAME,
        Column::count("Validations", "spec.validations"),
        Column::text("ParamKind", |object, _| parameter_kind(object)),
        Column::AGE,
    ],
    ..Kind::tree(
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        "validatingadmissionpolicy",
    )
    .cluster()
    .with_status()
};

/// Upstream: `printValidatingAdmissionPolicy`.
pub(super) fn parameter_kind(object: &Object) -> String {
    let text = |path: &str| super::document_text(object, path);
    match text("spec.paramKind.kind") {
        "" => "<unset>".to_owned(),
        kind => format!("{}/{kind}", text("spec.paramKind.apiVersion")),
    }
}
