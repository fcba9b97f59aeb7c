//! `ValidatingWebhookConfiguration`: servers that may refuse requests.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::webhooks;

/// The kind.
pub static KIND: Kind = Kind {
    categories: &["api-extensions"],
    generation: true,
    spec_changed: |new, old| super::differs(new, old, "webhooks"),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: webhooks::default,
    validate: webhooks::validate,
    validate_update: |new, _| webhooks::validate(new),
    columns: &[Column::NAME, Column::count("Webhooks", "webhooks"), Column::AGE],
    ..Kind::tree(
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "validatingwebhookconfiguration",
    )
    .cluster()
};
