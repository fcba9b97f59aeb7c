//! `CertificateSigningRequest`: somebody asks for a certificate.

use super::{Column, Kind};
use crate::api::age;
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::certificates;
use crate::api::table;
use crate::sim::Duration;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["csr"],
    subresources: &["approval", "status"],
    generation: false,
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    name_errors: |_| Vec::new(),
    default: certificates::default,
    validate: certificates::validate,
    validate_update: certificates::validate_update,
    prepare_create: |object, _| super::reset_status(object, json!({})),
    columns: &[
        Column::NAME,
        Column::AGE,
        Column::at("SignerName", "spec.signerName"),
        Column::at("Requestor", "spec.username"),
        Column::text("RequestedDuration", |object, _| duration(object)),
        Column::text("Condition", |object, _| condition(object)),
    ],
    ..Kind::tree(
        "certificates.k8s.io",
        "CertificateSigningRequest",
        "certificatesigningrequests",
        "certificatesigningrequest",
    )
    .cluster()
    .with_status()
};

fn duration(object: &Object) -> String {
    let seconds = object.document().and_then(|request| request.at("spec.expirationSeconds")).and_then(Value::as_u64);
    seconds.map_or_else(|| "<none>".to_owned(), |seconds| age::human(Duration::from_secs(seconds)))
}

/// Upstream: `extractCSRStatus`.
fn condition(object: &Object) -> String {
    let has = |name: &str| table::condition(object, name).is_some();
    let mut text = if has("Denied") {
        "Denied".to_owned()
    } else if has("Approved") {
        "Approved".to_owned()
    } else {
        "Pending".to_owned()
    };
    if has("Failed") {
        text.push_str(",Failed");
    }
    if !super::document_text(object, "status.certificate").is_empty() {
        text.push_str(",Issued");
    }
    text
}
