//! `Binding`: the wish that a pod runs on a node. Nobody stores it: the API server writes `spec.nodeName` instead.

use super::{Kind, Object, document_text};
use crate::api::document::Document;
use crate::api::status::FieldError;

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Binding",
    plural: "bindings",
    singular: "binding",
    verbs: &["create"],
    storage: "bindings",
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    validate,
    ..Kind::plain()
};

/// Upstream: `ValidatePodBinding`.
fn validate(object: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let kind = document_text(object, "target.kind");
    if !kind.is_empty() && kind != "Node" {
        errors.push(FieldError::not_supported("target.kind", kind, &["Node", "<empty>"]));
    }
    if node(object).is_empty() {
        errors.push(FieldError::required("target.name", ""));
    }
    errors
}

/// The node that it binds the pod to; empty if it names none.
#[must_use]
pub fn node(object: &Object) -> &str {
    document_text(object, "target.name")
}
