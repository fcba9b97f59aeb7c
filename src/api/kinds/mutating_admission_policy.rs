//! `MutatingAdmissionPolicy`: changes of requests, as CEL expressions.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    categories: &["api-extensions"],
    generation: true,
    spec_changed: |new, old| super::differs(new, old, "spec"),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[
        Column::NAME,
        Column::count("Mutations", "spec.mutations"),
        Column::text("ParamKind", |object, _| super::validating_admission_policy::parameter_kind(object)),
        Column::AGE,
    ],
    ..Kind::tree(
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicy",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicy",
    )
    .cluster()
};
