//! `StorageClass`: how volumes are made, and whether that waits for a pod.

use super::{Column, Kind, Object};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;

/// The kind.
pub static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short_names: &["sc"],
    namespaced: false,
    storage: "storageclasses",
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: |object| {
        super::with_document(object, |class| {
            class.set_default("reclaimPolicy", "Delete".into());
            class.set_default("volumeBindingMode", "Immediate".into());
        });
    },
    validate,
    validate_update,
    columns: &[
        Column::text("Name", |object, _| {
            let suffix = if is_default(object) { " (default)" } else { "" };
            format!("{}{suffix}", object.name())
        }),
        Column::text("Provisioner", |object, _| super::document_text(object, "provisioner").to_owned()),
        Column::text("ReclaimPolicy", |object, _| super::document_text(object, "reclaimPolicy").to_owned()),
        Column::text("VolumeBindingMode", |object, _| super::document_text(object, "volumeBindingMode").to_owned()),
        Column::text("AllowVolumeExpansion", |object, _| {
            let allowed = object.document().and_then(|class| class.at("allowVolumeExpansion")?.as_bool());
            allowed.unwrap_or(false).to_string()
        }),
        Column::AGE,
    ],
    ..Kind::plain()
};

const RECLAIM: [&str; 2] = ["Delete", "Retain"];
const MODES: [&str; 2] = ["Immediate", "WaitForFirstConsumer"];

/// Whether claims that name no class get this one.
#[must_use]
pub fn is_default(object: &Object) -> bool {
    let annotations = object.meta().annotations.as_ref();
    let says =
        |name: &str| annotations.and_then(|annotations| annotations.get(name)).is_some_and(|text| text == "true");
    says("storageclass.kubernetes.io/is-default-class") || says("storageclass.beta.kubernetes.io/is-default-class")
}

/// The newest of the default classes. Upstream: `pkg/volume/util`, `GetDefaultClass`.
#[must_use]
pub fn newest_default<'a>(classes: impl Iterator<Item = &'a Object>) -> Option<&'a Object> {
    classes.filter(|class| is_default(class)).min_by_key(|class| {
        let created = class.meta().creation_timestamp.as_ref().map(crate::api::meta::moment);
        (std::cmp::Reverse(created), class.name().to_owned())
    })
}

/// Upstream: `pkg/apis/storage/validation`, `ValidateStorageClass`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(class) = object.document() else { return out };
    let path = Path::new("provisioner");
    let provisioner = class.text("provisioner");
    if provisioner.is_empty() {
        out.push(FieldError::required(path, ""));
    } else {
        check::complain(&mut out, &path, provisioner, names::qualified_name(&provisioner.to_ascii_lowercase()));
    }
    let policy = class.text("reclaimPolicy");
    if !RECLAIM.contains(&policy) {
        out.push(FieldError::not_supported("reclaimPolicy", policy, &RECLAIM));
    }
    check::one_of(&mut out, &Path::new("volumeBindingMode"), class.text("volumeBindingMode"), &MODES);
    out
}

/// Upstream: `ValidateStorageClassUpdate`.
fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut out = validate(new);
    for field in ["parameters", "provisioner", "reclaimPolicy"] {
        if super::differs(new, old, field) {
            out.push(FieldError::forbidden(field, format!("updates to {field} are forbidden.")));
        }
    }
    if super::differs(new, old, "volumeBindingMode") {
        let value = super::document_text(new, "volumeBindingMode");
        out.push(FieldError::invalid("volumeBindingMode", value, "field is immutable"));
    }
    out
}
