//! `PersistentVolumeClaim`: a wish for storage, and the volume that fulfils it.

use super::{Column, Kind, Object, persistent_volume as volumes};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::names;
use crate::api::path::Path;
use crate::api::pod::go_struct;
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use crate::api::tree::At;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short_names: &["pvc"],
    storage: "persistentvolumeclaims",
    subresources: &["status"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: |object| {
        super::with_document(object, |claim| {
            claim.set_default("status.phase", "Pending".into());
            claim.set_default("spec.volumeMode", "Filesystem".into());
        });
    },
    prepare_create: |object, _| super::with_document(object, |claim| claim.set("status", json!({"phase": "Pending"}))),
    prepare_update: |new, old| super::keep(new, old, "status"),
    prepare_status: |new, old| super::keep(new, old, "spec"),
    validate,
    validate_update,
    warnings: |object| object.document().map(|claim| fractions(&claim.field("spec"), &SPEC)).unwrap_or_default(),
    columns: &[
        Column::NAME,
        Column::text("Status", |object, _| volumes::phase(object)),
        Column::text("Volume", |object, _| super::document_text(object, "spec.volumeName").to_owned()),
        Column::text("Capacity", |object, _| {
            let bound = !super::document_text(object, "spec.volumeName").is_empty();
            if bound { super::document_text(object, "status.capacity.storage").to_owned() } else { String::new() }
        }),
        Column::text("Access Modes", |object, _| {
            let bound = !super::document_text(object, "spec.volumeName").is_empty();
            if bound { volumes::short_modes(object, "status.accessModes") } else { String::new() }
        }),
        Column::text("StorageClass", |object, _| class(object).to_owned()),
        Column::text("VolumeAttributesClass", |object, _| volumes::attributes_class(object)),
        Column::AGE,
        Column::text("VolumeMode", |object, _| super::document_text(object, "spec.volumeMode").to_owned()).wide(),
    ],
    ..Kind::plain()
};

/// The finalizer of every claim.
pub const PROTECTION: &str = "kubernetes.io/pvc-protection";
const SPEC: Path = Path::new("spec");

/// The storage class that it names. Upstream: `GetPersistentVolumeClaimClass`.
#[must_use]
pub fn class(object: &Object) -> &str {
    let annotated =
        object.meta().annotations.as_ref().and_then(|map| map.get("volume.beta.kubernetes.io/storage-class"));
    annotated.map_or_else(|| super::document_text(object, "spec.storageClassName"), String::as_str)
}

/// Upstream: `ValidatePersistentVolumeClaimSpec`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(claim) = object.document() else { return out };
    volumes::access_modes(&mut out, claim, "at least 1 access mode is required");
    let selector: Option<LabelSelector> = claim.part("spec.selector");
    check::label_selector(&mut out, &SPEC.field("selector"), selector.as_ref());
    let resources = SPEC.field("resources");
    let size = resources.key("storage");
    match claim.at("spec.resources.requests.storage") {
        None => out.push(FieldError::required(size, "")),
        Some(_) => positive(&mut out, &size, claim.text("spec.resources.requests.storage")),
    }
    volumes::class_and_mode(&mut out, claim);
    out
}

/// What the server warns of in a claim's spec: parts of bytes. The path is that before `resources`
/// (upstream: `GetWarningsForPersistentVolumeClaimSpec`).
#[must_use]
pub fn fractions(spec: &At, path: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for list in ["requests", "limits"] {
        let at = spec.field("resources").field(list).field("storage").text();
        let Ok(size) = Quantity::parse(at) else { continue };
        if !size.is_integer() && size.milli_value() % 1000 != 0 {
            let path = path.field("resources").field(list).key("storage").to_string();
            out.push(format!("{path}: fractional byte value \"{size}\" is invalid, must be an integer"));
        }
    }
    out
}

/// Upstream: `ValidatePositiveQuantityValue`.
pub fn positive(out: &mut Errors, path: &Path, text: &str) {
    if Quantity::parse(text).is_ok_and(|quantity| quantity.sign() <= 0) {
        out.push(FieldError::invalid(path, text, "must be greater than zero"));
    }
}

const IMMUTABLE: &str =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/// Upstream: `ValidatePersistentVolumeClaimUpdate`.
fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut out = validate(new);
    let (Some(before), Some(after)) = (old.document(), new.document()) else { return out };
    let bound = before.text("status.phase") == "Bound";
    let mut allowed = before.clone();
    let mut take = |path: &str| {
        if let Some(value) = after.at(path) {
            allowed.set(path, value.clone());
        }
    };
    if before.text("spec.volumeName").is_empty() {
        take("spec.volumeName");
        take("spec.storageClassName");
    }
    if bound {
        take("spec.resources.requests.storage");
        take("spec.volumeAttributesClassName");
    }
    if let (Some(old), Some(new)) = (allowed.at("spec"), after.at("spec"))
        && old != new
    {
        let difference = go_struct::difference("ClaimSpec", old, new);
        out.push(FieldError::forbidden(SPEC, format!("{IMMUTABLE}\n{difference}")));
    }
    let size = "spec.resources.requests.storage";
    if bound && after.amount(size) < before.amount(size) {
        let detail = "field can not be less than previous value";
        out.push(FieldError::forbidden(Path::new("spec.resources.requests.storage"), detail));
    }
    if super::differs(new, old, "spec.volumeMode") {
        out.push(FieldError::invalid(SPEC.field("volumeMode"), after.text("spec.volumeMode"), "field is immutable"));
    }
    out
}

/// The name of a storage class.
pub fn class_name(out: &mut Errors, path: &Path, name: &str) {
    if !name.is_empty() {
        check::complain(out, path, name, names::dns1123_subdomain(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn claim(storage: &str, phase: &str) -> Object {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}});
        let value: Value =
            json!({"metadata": {"name": "c", "namespace": "default"}, "spec": spec, "status": {"phase": phase}});
        (KIND.decode)(value).expect("a claim")
    }

    #[test]
    fn only_a_bound_claim_grows() {
        let texts = |new: &Object, old: &Object| -> Vec<String> {
            validate_update(new, old).iter().map(ToString::to_string).collect()
        };
        assert!(texts(&claim("2Gi", "Bound"), &claim("1Gi", "Bound")).is_empty());
        assert!(
            texts(&claim("2Gi", "Pending"), &claim("1Gi", "Pending"))[0].starts_with("spec: Forbidden: spec is imm")
        );
        assert!(texts(&claim("1Gi", "Bound"), &claim("2Gi", "Bound"))[0].contains("can not be less"));
        assert_eq!(
            validate(&claim("0", "Pending"))[0].to_string(),
            "spec.resources[storage]: Invalid value: \"0\": must be greater than zero"
        );
    }
}
