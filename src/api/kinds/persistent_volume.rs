//! `PersistentVolume`: a piece of storage, and the claim that has it.

use super::{Column, Kind, Object, persistent_volume_claim as claims};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::json::encode;
use crate::api::names;
use crate::api::path::Path;
use crate::api::pod::validation::affinity;
use crate::api::pod::{go_struct, warnings as pod_warnings};
use crate::api::quantity::Quantity;
use crate::api::rules::volume_sources;
use crate::api::status::{Fault, FieldError};
use crate::api::tree::At;
use crate::sim::Time;
use k8s_openapi::api::core::v1::NodeSelector;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short_names: &["pv"],
    namespaced: false,
    storage: "persistentvolumes",
    subresources: &["status"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default,
    prepare_create: |object, now| {
        let at = crate::api::meta::timestamp(now);
        super::with_document(object, |volume| {
            volume.set("status", json!({"phase": "Pending", "lastPhaseTransitionTime": encode(&at)}));
        });
    },
    prepare_update: |new, old| super::keep(new, old, "status"),
    prepare_status: |new, old| super::keep(new, old, "spec"),
    validate,
    validate_update,
    warnings,
    columns: &[
        Column::NAME,
        Column::text("Capacity", |object, _| super::document_text(object, "spec.capacity.storage").to_owned()),
        Column::text("Access Modes", |object, _| short_modes(object, "spec.accessModes")),
        Column::text("Reclaim Policy", |object, _| {
            super::document_text(object, "spec.persistentVolumeReclaimPolicy").to_owned()
        }),
        Column::text("Status", |object, _| phase(object)),
        Column::text("Claim", claim),
        Column::text("StorageClass", |object, _| super::persistent_volume_claim::class(object).to_owned()),
        Column::text("VolumeAttributesClass", |object, _| attributes_class(object)),
        Column::text("Reason", |object, _| super::document_text(object, "status.reason").to_owned()),
        Column::AGE,
        Column::text("VolumeMode", |object, _| super::document_text(object, "spec.volumeMode").to_owned()).wide(),
    ],
    ..Kind::plain()
};

/// The finalizer of every volume.
pub const PROTECTION: &str = "kubernetes.io/pv-protection";
const SPEC: Path = Path::new("spec");
const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const RECLAIM: [&str; 3] = ["Delete", "Recycle", "Retain"];
const VOLUME_MODES: [&str; 2] = ["Block", "Filesystem"];
/// The sorts of volumes, in upstream's order.
const SOURCES: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// Upstream: `SetDefaults_PersistentVolume`, `SetDefaults_HostPathVolumeSource`.
fn default(object: &mut Object) {
    super::with_document(object, |volume| {
        volume.set_default("status.phase", "Pending".into());
        volume.set_default("spec.persistentVolumeReclaimPolicy", "Retain".into());
        volume.set_default("spec.volumeMode", "Filesystem".into());
        if volume.at("spec.hostPath").is_some() {
            volume.set_default("spec.hostPath.type", "".into());
        }
    });
}

/// Upstream: `ValidatePersistentVolumeSpec`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(volume) = object.document() else { return out };
    access_modes(&mut out, &volume.field("spec"), "");
    capacity(&mut out, volume);
    let policy = volume.text("spec.persistentVolumeReclaimPolicy");
    if !policy.is_empty() && !RECLAIM.contains(&policy) {
        out.push(FieldError::not_supported(SPEC.field("persistentVolumeReclaimPolicy"), policy, &RECLAIM));
    }
    if volume.at("spec.nodeAffinity").is_some() {
        let path = SPEC.field("nodeAffinity");
        match volume.part::<NodeSelector>("spec.nodeAffinity.required") {
            Some(selector) => affinity::node_selector(&mut out, &path.field("required"), &selector),
            None => out.push(FieldError::required(path.field("required"), "must specify required node constraints")),
        }
    }
    source(&mut out, object, volume);
    class_and_mode(&mut out, &volume.field("spec"));
    let spec = volume.field("spec");
    let attributes = spec.field("volumeAttributesClassName");
    if attributes.given() && attributes.is_empty() {
        out.push(attributes.required("an empty string is disallowed"));
    }
    class_name(&mut out, &attributes);
    if attributes.given() && !spec.field("csi").given() {
        out.push(spec.field("csi").required("has to be specified when using volumeAttributesClassName"));
    }
    out
}

fn capacity(out: &mut Errors, volume: &Document) {
    let path = SPEC.field("capacity");
    let capacity = volume.at("spec.capacity").and_then(Value::as_object);
    if capacity.is_none_or(serde_json::Map::is_empty) {
        out.push(FieldError::required(path, ""));
    }
    if capacity.is_none_or(|capacity| capacity.len() != 1 || !capacity.contains_key("storage")) {
        let mut error = FieldError::not_supported(path, "", &["storage"]);
        error.fault = Fault::NotSupported(capacity.map_or_else(|| "null".to_owned(), |map| json!(map).to_string()));
        out.push(error);
    }
    for (name, amount) in capacity.into_iter().flatten() {
        let text = amount.as_str().unwrap_or_default();
        if let Some(amount) = Quantity::parse(text).ok().filter(|amount| amount.value() < 0) {
            out.push(FieldError::invalid(path.key(name), amount.value(), "must be a valid resource quantity"));
        }
        claims::positive(out, &path.key(name), text);
    }
}

fn source(out: &mut Errors, object: &Object, volume: &Document) {
    let spec = volume.field("spec");
    let mut first = None;
    for name in SOURCES.into_iter().filter(|name| spec.field(name).given()) {
        // One of the checks upstream does not ask whether it is the first.
        if first.is_some() && name != "flexVolume" {
            let shown = if name == "cephfs" { "cephFS" } else { name };
            out.push(FieldError::forbidden(SPEC.field(shown), "may not specify more than 1 volume type"));
            continue;
        }
        volume_sources::check(out, &spec, name, Some(object.name()));
        first = Some(name);
        if name == "local" && !spec.field("nodeAffinity").given() {
            out.push(FieldError::required(SPEC.field("nodeAffinity"), "Local volume requires node affinity"));
        }
    }
    if first.is_none() {
        out.push(FieldError::required(SPEC, "must specify a volume type"));
    }
    let place = spec.field("hostPath.path").text();
    let root = !place.is_empty() && place.split('/').all(|part| matches!(part, "" | "."));
    if root && place.starts_with('/') && volume.text("spec.persistentVolumeReclaimPolicy") == "Recycle" {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        out.push(FieldError::forbidden(SPEC.field("persistentVolumeReclaimPolicy"), detail));
    }
}

/// Upstream: `ValidatePersistentVolumeUpdate`.
fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut out = validate(new);
    let sources = |object: &Object| -> Value {
        let spec = object.document().map(|volume| volume.field("spec").value.clone()).unwrap_or_default();
        let mut spec = spec.as_object().cloned().unwrap_or_default();
        spec.retain(|name, _| SOURCES.contains(&name.as_str()));
        spec.into()
    };
    let (mut after, before) = (sources(new), sources(old));
    if before["csi"].is_object() && before["csi"]["controllerExpandSecretRef"].is_null() {
        after["csi"].as_object_mut().map(|csi| csi.remove("controllerExpandSecretRef"));
    }
    if after != before {
        let difference = go_struct::difference("PersistentVolumeSource", &before, &after);
        let detail = format!("spec.persistentvolumesource is immutable after creation\n{difference}");
        out.push(FieldError::forbidden(SPEC.field("persistentvolumesource"), detail));
    }
    if super::differs(new, old, "spec.volumeMode") {
        let mode = super::document_text(new, "spec.volumeMode");
        out.push(FieldError::invalid("volumeMode", mode, "field is immutable"));
    }
    let at = |object: &Object, path: &str| object.document().and_then(|volume| volume.at(path)).cloned();
    if at(old, "spec.nodeAffinity").is_some() && super::differs(new, old, "spec.nodeAffinity") {
        let affinity = at(new, "spec.nodeAffinity");
        let shown = affinity.map_or_else(|| "null".to_owned(), |value| go_struct::shown(&value, "VolumeNodeAffinity"));
        let detail = "field is immutable, except for updating from beta label to GA";
        out.push(check::invalid_as(&Path::new("nodeAffinity"), shown, detail));
    }
    let class = "spec.volumeAttributesClassName";
    if at(old, class).is_some() && at(new, class).is_none() {
        out.push(FieldError::forbidden(class, "update from non-nil value to nil is forbidden"));
    }
    out
}

/// What the server accepts with a warning (upstream: `pkg/api/persistentvolume/util.go`).
fn warnings(object: &Object) -> Vec<String> {
    let mut out = Vec::new();
    let annotations = [
        ("volume.beta.kubernetes.io/storage-class", "v1.8", "storageClassName"),
        ("volume.beta.kubernetes.io/mount-options", "v1.31", "mountOptions"),
    ];
    let given = object.meta().annotations.as_ref();
    for (key, since, field) in annotations {
        if given.is_some_and(|given| given.contains_key(key)) {
            out.push(format!(
                "metadata.annotations[{key}]: deprecated since {since}; use \"{field}\" attribute instead"
            ));
        }
    }
    let Some(volume) = object.document() else { return out };
    if volume.text("spec.persistentVolumeReclaimPolicy") == "Recycle" {
        out.push(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended \
             approach is to use dynamic provisioning."
                .to_owned(),
        );
    }
    let required: Option<NodeSelector> = volume.part("spec.nodeAffinity.required");
    let terms = SPEC.field("nodeAffinity.required.nodeSelectorTerms");
    for (index, term) in required.iter().flat_map(|selector| &selector.node_selector_terms).enumerate() {
        pod_warnings::node_term(&mut out, &terms.index(index), term, false);
    }
    let old = [
        ("photonPersistentDisk", "v1.11", "v1.16"),
        ("scaleIO", "v1.16", "v1.22"),
        ("storageos", "v1.22", "v1.25"),
        ("glusterfs", "v1.25", "v1.26"),
        ("cephfs", "v1.28", "v1.31"),
        ("rbd", "v1.28", "v1.31"),
    ];
    let spec = volume.field("spec");
    if let Some((name, since, until)) = old.into_iter().find(|(name, ..)| spec.field(name).given()) {
        let name = if name == "storageos" { "storageOS" } else { name };
        out.push(format!("spec.{name}: deprecated in {since}, non-functional in {until}+"));
    }
    out
}

/// The access modes of a volume or a claim.
pub fn access_modes(out: &mut Errors, spec: &At, needed: &str) {
    let at = spec.field("accessModes");
    let modes = at.texts();
    if modes.is_empty() {
        out.push(at.required(needed));
    }
    for mode in modes.iter().filter(|mode| !MODES.contains(mode)) {
        out.push(FieldError::not_supported(at.path, *mode, &MODES));
    }
    let alone = "ReadWriteOncePod";
    if modes.contains(&alone) && modes.iter().any(|mode| *mode != alone && MODES.contains(mode)) {
        out.push(at.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
}

/// The storage class and the mode of a volume or a claim.
pub fn class_and_mode(out: &mut Errors, spec: &At) {
    class_name(out, &spec.field("storageClassName"));
    let mode = spec.field("volumeMode");
    if mode.given() && !VOLUME_MODES.contains(&mode.text()) {
        out.push(mode.not_supported(&VOLUME_MODES));
    }
}

/// The name of a class of storage, if there is one.
pub fn class_name(out: &mut Errors, at: &At) {
    if !at.is_empty() {
        at.complain(out, names::dns1123_subdomain(at.text()));
    }
}

/// The phase as tables show it.
#[must_use]
pub fn phase(object: &Object) -> String {
    if object.is_terminating() { "Terminating" } else { super::document_text(object, "status.phase") }.to_owned()
}

/// Access modes as tables show them. Upstream: `GetAccessModesAsString`.
#[must_use]
pub fn short_modes(object: &Object, path: &str) -> String {
    let modes = object.document().map(|document| document.texts(path)).unwrap_or_default();
    let short =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let given = short.iter().filter(|(mode, _)| modes.contains(mode)).map(|(_, short)| *short);
    given.collect::<Vec<_>>().join(",")
}

/// The attributes class as tables show it.
#[must_use]
pub fn attributes_class(object: &Object) -> String {
    match super::document_text(object, "spec.volumeAttributesClassName") {
        "" => "<unset>".to_owned(),
        name => name.to_owned(),
    }
}

fn claim(object: &Object, _: Time) -> String {
    match super::document_text(object, "spec.claimRef.name") {
        "" => String::new(),
        name => format!("{}/{name}", super::document_text(object, "spec.claimRef.namespace")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(spec: &Value) -> Vec<String> {
        let object = (KIND.decode)(json!({"metadata": {"name": "v"}, "spec": spec})).expect("a volume");
        validate(&object).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_volume_has_modes_a_capacity_and_one_source() {
        assert_eq!(
            complaints(&json!({"accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}})),
            ["spec.capacity: Required value", "spec.capacity: Unsupported value: null: supported values: \"storage\""]
        );
        let good = json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "nfs": {"server": "s", "path": "/"}});
        assert!(complaints(&good).is_empty());
        let mut two = good;
        two["local"] = json!({"path": "/x"});
        assert_eq!(complaints(&two), ["spec.local: Forbidden: may not specify more than 1 volume type"]);
        let local = json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "local": {"path": "/x"}});
        assert_eq!(complaints(&local), ["spec.nodeAffinity: Required value: Local volume requires node affinity"]);
    }

    #[test]
    fn the_source_of_a_volume_stays() {
        let volume = |path: &str| {
            let spec =
                json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": path}});
            (KIND.decode)(json!({"metadata": {"name": "v"}, "spec": spec})).expect("a volume")
        };
        let said = validate_update(&volume("/b"), &volume("/a"));
        let text = said[0].to_string();
        assert!(
            text.starts_with("spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after")
        );
        assert!(text.contains("-  \"Path\": \"/a\",\n+  \"Path\": \"/b\","), "{text}");
    }

    #[test]
    fn what_is_old_is_warned_of() {
        let spec = json!({"persistentVolumeReclaimPolicy": "Recycle", "rbd": {}});
        let object = (KIND.decode)(json!({"metadata": {"name": "v"}, "spec": spec})).expect("a volume");
        let said = warnings(&object);
        assert!(said[0].starts_with("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated."));
        assert_eq!(said[1], "spec.rbd: deprecated in v1.28, non-functional in v1.31+");
    }
}
