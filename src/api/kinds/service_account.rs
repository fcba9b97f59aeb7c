//! `ServiceAccount`: who a pod is when it talks to the API server.

use super::{Kind, Object};
use crate::api::document::Document;

/// The kind. Upstream validates nothing but its metadata (`ValidateServiceAccount`).
pub static KIND: Kind = Kind {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    storage: "serviceaccounts",
    subresources: &["token"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    ..Kind::plain()
};
