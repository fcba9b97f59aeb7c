//! `Lease`: who holds something, and until when. Nodes prove with it that they live, controllers that they lead.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::status::FieldError;
use k8s_openapi::api::coordination::v1::Lease;

plain_kind!(Lease);

/// The kind.
pub static KIND: Kind = Kind {
    group: "coordination.k8s.io",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    storage: "leases",
    decode: decode::<Lease>,
    columns: &[
        Column::NAME,
        Column::text("Holder", |object, _| {
            let spec = object.get::<Lease>().and_then(|lease| lease.spec.as_ref());
            spec.and_then(|spec| spec.holder_identity.clone()).unwrap_or_default()
        }),
        Column::AGE,
    ],
    validate,
    validate_update: |new, _| validate(new),
    ..Kind::plain()
};

/// Upstream: `pkg/apis/coordination/validation`, `ValidateLeaseSpec`.
fn validate(object: &Object) -> Vec<FieldError> {
    let Some(spec) = object.get::<Lease>().and_then(|lease| lease.spec.as_ref()) else { return Vec::new() };
    let mut errors = Vec::new();
    if let Some(seconds) = spec.lease_duration_seconds.filter(|seconds| *seconds <= 0) {
        errors.push(FieldError::invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
    }
    if let Some(count) = spec.lease_transitions.filter(|count| *count < 0) {
        errors.push(FieldError::invalid("spec.leaseTransitions", count, "must be greater than or equal to 0"));
    }
    errors
}
