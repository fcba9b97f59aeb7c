//! `VolumeAttachment`: somebody wants a volume attached to a node, and whether it is.

use super::{Column, Kind, Object};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::path::Path;
use crate::api::status::FieldError;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "VolumeAttachment",
    plural: "volumeattachments",
    singular: "volumeattachment",
    namespaced: false,
    storage: "volumeattachments",
    subresources: &["status"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    prepare_create: |object, _| super::with_document(object, |wish| wish.set("status", json!({"attached": false}))),
    prepare_update: |new, old| super::keep(new, old, "status"),
    prepare_status: |new, old| super::keep(new, old, "spec"),
    validate,
    validate_update,
    columns: &[
        Column::NAME,
        Column::text("Attacher", |object, _| super::document_text(object, "spec.attacher").to_owned()),
        Column::text("PV", |object, _| super::document_text(object, "spec.source.persistentVolumeName").to_owned()),
        Column::text("Node", |object, _| super::document_text(object, "spec.nodeName").to_owned()),
        Column {
            kind: "boolean",
            ..Column::text("Attached", |object, _| {
                let attached = object.document().and_then(|wish| wish.at("status.attached")).and_then(Value::as_bool);
                attached.unwrap_or(false).to_string()
            })
        },
        Column::AGE,
    ],
    ..Kind::plain()
};

/// Upstream: `pkg/apis/storage/validation`, `ValidateVolumeAttachmentV1`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(wish) = object.document() else { return out };
    super::csi_node::driver_name(&mut out, &Path::new("spec.attacher"), wish.text("spec.attacher"));
    let (volume, inline) = (wish.text("spec.source.persistentVolumeName"), wish.at("spec.source.inlineVolumeSpec"));
    if volume.is_empty() == inline.is_none() {
        let detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
        out.push(if inline.is_none() {
            FieldError::required("spec.source", detail)
        } else {
            FieldError::forbidden("spec.source", detail)
        });
    }
    check::required(&mut out, &Path::new("spec.nodeName"), wish.text("spec.nodeName"));
    out
}

/// Upstream: `ValidateVolumeAttachmentUpdate`.
fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut out = validate(new);
    if super::differs(new, old, "spec") {
        let spec = new.document().and_then(|wish| wish.at("spec")).map(Value::to_string);
        out.push(check::invalid_as(&Path::new("spec"), spec.unwrap_or_default(), "field is immutable"));
    }
    out
}
