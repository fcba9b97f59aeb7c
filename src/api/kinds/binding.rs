//! `Binding`: the wish that a pod runs on a node. Nobody stores it: the API server writes `spec.nodeName` instead.

use super::{Kind, Object, decode, plain_kind};
use crate::api::status::FieldError;
use k8s_openapi::api::core::v1::Binding;

plain_kind!(Binding);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Binding",
    plural: "bindings",
    singular: "binding",
    verbs: &["create"],
    storage: "bindings",
    decode: decode::<Binding>,
    validate,
    ..Kind::plain()
};

/// Upstream: `ValidatePodBinding`.
fn validate(object: &Object) -> Vec<FieldError> {
    let Some(binding) = object.get::<Binding>() else { return Vec::new() };
    let mut errors = Vec::new();
    let kind = binding.target.kind.as_deref().unwrap_or_default();
    if !kind.is_empty() && kind != "Node" {
        errors.push(FieldError::not_supported("target.kind", kind, &["Node", "<empty>"]));
    }
    if binding.target.name.as_deref().unwrap_or_default().is_empty() {
        errors.push(FieldError::required("target.name", ""));
    }
    errors
}
