//! `ServiceAccount`: who a pod is when it talks to the API server.

use super::{Kind, decode, plain_kind};
use k8s_openapi::api::core::v1::ServiceAccount;

plain_kind!(ServiceAccount);

/// The kind. Upstream validates nothing but its metadata (`ValidateServiceAccount`).
pub static KIND: Kind = Kind {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    storage: "serviceaccounts",
    subresources: &["token"],
    decode: decode::<ServiceAccount>,
    ..Kind::plain()
};
