//! `Lease`: who holds something, and until when. Nodes prove with it that they live, controllers that they lead.

use super::{Column, Kind, decode, plain_kind};
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
    ..Kind::plain()
};
