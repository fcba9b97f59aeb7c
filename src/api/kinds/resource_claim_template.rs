//! `ResourceClaimTemplate`: the claim that each pod of a workload gets for itself.

use super::Kind;
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    ..Kind::tree("resource.k8s.io", "ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate")
};
