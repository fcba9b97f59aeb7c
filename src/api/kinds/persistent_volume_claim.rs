//! `PersistentVolumeClaim`: a wish for storage, and the volume that fulfils it.

use super::{Column, Kind, Object, persistent_volume as volumes};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::names;
use crate::api::path::Path;
use crate::api::pod::go_struct;
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use crate::api::table;
use crate::api::tree::At;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

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
    prepare_create: |object, _| {
        super::with_document(object, |claim| {
            claim.set("status", json!({"phase": "Pending"}));
            normalize_sources(claim);
        });
    },
    prepare_update: |new, old| super::keep(new, old, "status"),
    prepare_status: |new, old| super::keep(new, old, "spec"),
    validate,
    validate_update,
    warnings,
    columns: &[
        Column::NAME,
        Column::text("Status", |object, _| volumes::phase(object)),
        Column::text("Volume", |object, _| super::document_text(object, "spec.volumeName").to_owned()),
        Column::text("Capacity", |object, _| {
            let bound = !super::document_text(object, "spec.volumeName").is_empty();
            // Of a claim that names a volume but has none yet the quantity is printed that is not there.
            if bound { table::or(object, "status.capacity.storage", "0") } else { String::new() }
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

/// The storage class that a claim or a volume names. Upstream: `GetPersistentVolumeClaimClass`,
/// `GetPersistentVolumeClass`.
#[must_use]
pub fn class(object: &Object) -> &str {
    let annotated =
        object.meta().annotations.as_ref().and_then(|map| map.get("volume.beta.kubernetes.io/storage-class"));
    annotated.map_or_else(|| super::document_text(object, "spec.storageClassName"), String::as_str)
}

/// Upstream: `ValidatePersistentVolumeClaim`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(claim) = object.document() else { return out };
    validate_spec(&mut out, &claim.field("spec"));
    out
}

/// All errors of the spec of a claim, or of one that is to be made (`ValidatePersistentVolumeClaimSpec`).
pub fn validate_spec(out: &mut Errors, spec: &At) {
    volumes::access_modes(out, spec, "at least 1 access mode is required");
    let selector = spec.field("selector");
    let parsed: Option<LabelSelector> = selector.part();
    check::label_selector(out, &selector.path, parsed.as_ref());
    let resources = spec.path.field("resources");
    let (size, wanted) = (resources.key("storage"), spec.field("resources.requests.storage"));
    if wanted.given() {
        positive(out, &size, wanted.text());
    } else {
        out.push(FieldError::required(size, ""));
    }
    volumes::class_and_mode(out, spec);
    let (source, reference) = (spec.field("dataSource"), spec.field("dataSourceRef"));
    data_source(out, &source);
    data_source(out, &reference);
    let namespace = reference.field("namespace");
    let differs =
        || ["apiGroup", "kind", "name"].iter().any(|name| source.field(name).value != reference.field(name).value);
    let detail = if !source.given() || !reference.given() {
        ""
    } else if !namespace.is_empty() {
        "may not be specified when dataSourceRef.namespace is specified"
    } else if differs() {
        "must match dataSourceRef"
    } else {
        ""
    };
    if !detail.is_empty() {
        // Go shows the path of the field, a struct without anything to show.
        out.push(check::invalid_as(&spec.path, "{}".to_owned(), detail));
    }
    volumes::class_name(out, &spec.field("volumeAttributesClassName"));
}

/// Upstream: `validateDataSource`, `validateDataSourceRef`.
fn data_source(out: &mut Errors, at: &At) {
    if !at.given() {
        return;
    }
    for name in ["name", "kind"] {
        let at = at.field(name);
        out.extend(at.is_empty().then(|| at.required("")));
    }
    let (group, kind) = (at.field("apiGroup"), at.field("kind").text());
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        out.push(FieldError::invalid(at.path, kind, detail));
    }
    if !group.is_empty() {
        group.complain(out, names::dns1123_subdomain(group.text()));
    }
    let namespace = at.field("namespace");
    if !namespace.is_empty() {
        namespace.complain(out, names::dns1123_label(namespace.text()));
    }
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
    let mut munged = after.clone();
    let mut restore = |path: &str| {
        let (group, name) = path.rsplit_once('.').unwrap_or(("spec", path));
        let mut map = munged.at(group).cloned().unwrap_or_default();
        match (map.as_object_mut(), before.at(path)) {
            (Some(map), Some(value)) => map.insert(name.to_owned(), value.clone()),
            (Some(map), None) => map.remove(name),
            (None, _) => None,
        };
        munged.set(group, map);
    };
    if before.text("spec.volumeName").is_empty() {
        restore("spec.volumeName");
    }
    if before.at(CLASS).is_none() {
        restore(CLASS);
    }
    if bound {
        restore(SIZE);
        restore(ATTRIBUTES);
    }
    if let (Some(old), Some(new)) = (before.at("spec"), munged.at("spec"))
        && old != new
    {
        let difference = go_struct::difference("ClaimSpec", old, new);
        out.push(FieldError::forbidden(SPEC, format!("{IMMUTABLE}\n{difference}")));
    }
    if after.amount(SIZE) < before.amount(SIZE) && after.amount(SIZE) <= before.amount("status.capacity.storage") {
        out.push(FieldError::forbidden(SIZE, "field can not be less than status.capacity"));
    }
    if super::differs(new, old, "spec.volumeMode") {
        out.push(FieldError::invalid("volumeMode", after.text("spec.volumeMode"), "field is immutable"));
    }
    if super::differs(new, old, ATTRIBUTES) && before.at("status.currentVolumeAttributesClassName").is_some() {
        let how = match after.at(ATTRIBUTES) {
            None => "nil",
            Some(_) if after.text(ATTRIBUTES).is_empty() => "empty string",
            Some(_) => return out,
        };
        let when = "is forbidden when status.currentVolumeAttributesClassName is not nil";
        out.push(FieldError::forbidden(ATTRIBUTES, format!("update to {how} {when}")));
    }
    out
}

const SIZE: &str = "spec.resources.requests.storage";
const CLASS: &str = "spec.storageClassName";
const ATTRIBUTES: &str = "spec.volumeAttributesClassName";

/// What it is made from is said in two fields that mean the same (`EnforceDataSourceBackwardsCompatibility`,
/// `NormalizeDataSources`). What the older one did not know is left out, and so is another namespace.
fn normalize_sources(claim: &mut Document) {
    let Some(spec) = claim.field_mut("spec").and_then(Value::as_object_mut) else { return };
    let elsewhere = |source: &Value| source["namespace"].as_str().is_some_and(|namespace| !namespace.is_empty());
    if spec.get("dataSourceRef").is_some_and(elsewhere) {
        spec.remove("dataSourceRef");
    }
    let known = |source: &Value| {
        let group = source["apiGroup"].as_str().unwrap_or_default();
        matches!((source["kind"].as_str(), group), (Some("PersistentVolumeClaim"), ""))
            || matches!((source["kind"].as_str(), group), (Some("VolumeSnapshot"), "snapshot.storage.k8s.io"))
    };
    let reference = spec.get("dataSourceRef").cloned();
    let source = spec.get("dataSource").cloned();
    match (source, reference) {
        (Some(source), None) if known(&source) => {
            spec.insert("dataSourceRef".to_owned(), source);
        }
        (Some(_), None) => {
            spec.remove("dataSource");
        }
        (None, Some(reference)) => {
            spec.insert("dataSource".to_owned(), reference);
        }
        _ => {}
    }
}

/// What the server accepts with a warning (upstream: `pkg/api/persistentvolumeclaim/util.go`).
fn warnings(object: &Object) -> Vec<String> {
    let beta = "volume.beta.kubernetes.io/storage-class";
    let annotated = object.meta().annotations.as_ref().is_some_and(|map| map.contains_key(beta));
    let text = "deprecated since v1.8; use \"storageClassName\" attribute instead";
    let old = annotated.then(|| format!("metadata.annotations[{beta}]: {text}"));
    let spec = object.document().map(|claim| fractions(&claim.field("spec"), &SPEC));
    old.into_iter().chain(spec.unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        // What has not been given yet can be taken back.
        assert!(texts(&claim("1Gi", "Bound"), &claim("2Gi", "Bound")).is_empty());
        let mut given = claim("2Gi", "Bound");
        super::super::with_document(&mut given, |claim| claim.set("status.capacity", json!({"storage": "2Gi"})));
        assert!(texts(&claim("1Gi", "Bound"), &given)[0].contains("can not be less than status.capacity"));
        assert_eq!(
            validate(&claim("0", "Pending"))[0].to_string(),
            "spec.resources[storage]: Invalid value: \"0\": must be greater than zero"
        );
    }

    #[test]
    fn both_fields_say_what_a_claim_is_made_from() {
        let made = |name: &str, source: Value| {
            let spec =
                json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, name: source});
            let mut object = (KIND.decode)(json!({"metadata": {"name": "c"}, "spec": spec})).expect("a claim");
            (KIND.prepare_create)(&mut object, crate::sim::Time::ZERO);
            let spec = object.to_value()["spec"].clone();
            (spec["dataSource"]["name"].clone(), spec["dataSourceRef"]["name"].clone(), validate(&object).len())
        };
        let claim = json!({"kind": "PersistentVolumeClaim", "name": "x"});
        assert_eq!(made("dataSource", claim.clone()), (json!("x"), json!("x"), 0));
        assert_eq!(made("dataSourceRef", claim), (json!("x"), json!("x"), 0));
        assert_eq!(made("dataSource", json!({"kind": "Other", "name": "x"})), (Value::Null, Value::Null, 0));
        assert_eq!(made("dataSourceRef", json!({"kind": "Other", "name": "x"})).2, 2);
    }
}
