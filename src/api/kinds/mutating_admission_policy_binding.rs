//! `MutatingAdmissionPolicyBinding`: to which requests a policy of changes applies.

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
        Column::at("PolicyName", "spec.policyName"),
        Column::text("ParamRef", |object, _| super::validating_admission_policy_binding::parameter(object)),
        Column::AGE,
    ],
    ..Kind::tree(
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        "mutatingadmissionpolicybinding",
    )
    .cluster()
};
