//! `PersistentVolume`: a piece of storage, and the claim that has it.

use super::{Column, Kind, Object, persistent_volume_claim as claims};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::json::encode;
use crate::api::path::Path;
use crate::api::pod::validation::affinity;
use crate::api::status::{Fault, FieldError};
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
    columns: &[
        Column::NAME,
        Column::text("Capacity", |object, _| super::document_text(object, "spec.capacity.storage").to_owned()),
        Column::text("Access Modes", |object, _| short_modes(object, "spec.accessModes")),
        Column::text("Reclaim Policy", |object, _| {
            super::document_text(object, "spec.persistentVolumeReclaimPolicy").to_owned()
        }),
        Column::text("Status", |object, _| phase(object)),
        Column::text("Claim", claim),
        Column::text("StorageClass", |object, _| super::document_text(object, "spec.storageClassName").to_owned()),
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
    access_modes(&mut out, volume, "");
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
    source(&mut out, volume);
    class_and_mode(&mut out, volume);
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
        claims::positive(out, &path.key(name), amount.as_str().unwrap_or_default());
    }
}

fn source(out: &mut Errors, volume: &Document) {
    let mut given = SOURCES.into_iter().filter(|name| volume.at("spec").is_some_and(|spec| spec.get(*name).is_some()));
    let Some(first) = given.next() else {
        return out.push(FieldError::required(SPEC, "must specify a volume type"));
    };
    for another in given {
        out.push(FieldError::forbidden(SPEC.field(another), "may not specify more than 1 volume type"));
    }
    let path = SPEC.field(first);
    let text = |name: &str| volume.at("spec").and_then(|spec| spec[first][name].as_str()).unwrap_or_default();
    let needed: &[&str] = match first {
        "hostPath" | "local" => &["path"],
        "nfs" => &["server", "path"],
        "csi" => &["driver", "volumeHandle"],
        "gcePersistentDisk" => &["pdName"],
        "awsElasticBlockStore" => &["volumeID"],
        _ => &[],
    };
    for name in needed {
        check::required(out, &path.field(name), text(name));
    }
    match first {
        "hostPath" | "local" => check::no_backsteps(out, &path.field("path"), text("path")),
        "nfs" if !text("path").starts_with('/') => {
            out.push(FieldError::invalid(path.field("path"), text("path"), "must be an absolute path"));
        }
        _ => {}
    }
    if first == "local" && volume.at("spec.nodeAffinity.required").is_none() {
        out.push(FieldError::required(SPEC.field("nodeAffinity"), "Local volume requires node affinity"));
    }
    if first == "hostPath" && text("path") == "/" && volume.text("spec.persistentVolumeReclaimPolicy") == "Recycle" {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        out.push(FieldError::forbidden(SPEC.field("persistentVolumeReclaimPolicy"), detail));
    }
}

/// Upstream: `ValidatePersistentVolumeUpdate`.
fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut out = validate(new);
    let source = |object: &Object| -> Vec<Option<Value>> {
        let spec = object.document().and_then(|volume| volume.at("spec"));
        SOURCES.iter().map(|name| spec.and_then(|spec| spec.get(*name)).cloned()).collect()
    };
    if source(new) != source(old) {
        let detail = "spec.persistentvolumesource is immutable after creation";
        out.push(FieldError::forbidden(SPEC.field("persistentvolumesource"), detail));
    }
    if super::differs(new, old, "spec.volumeMode") {
        let mode = super::document_text(new, "spec.volumeMode");
        out.push(FieldError::invalid(SPEC.field("volumeMode"), mode, "field is immutable"));
    }
    if old.document().is_some_and(|old| old.at("spec.nodeAffinity").is_some())
        && super::differs(new, old, "spec.nodeAffinity")
    {
        let affinity = new.document().and_then(|volume| volume.at("spec.nodeAffinity")).map(Value::to_string);
        let shown = affinity.unwrap_or_else(|| "null".to_owned());
        out.push(check::invalid_as(&SPEC.field("nodeAffinity"), shown, "field is immutable"));
    }
    out
}

/// The access modes of a volume or a claim.
pub fn access_modes(out: &mut Errors, document: &Document, needed: &str) {
    let path = SPEC.field("accessModes");
    let modes = document.texts("spec.accessModes");
    if modes.is_empty() {
        out.push(FieldError::required(path, needed));
    }
    for mode in modes.iter().filter(|mode| !MODES.contains(mode)) {
        out.push(FieldError::not_supported(path, *mode, &MODES));
    }
    if modes.contains(&"ReadWriteOncePod") && modes.len() > 1 {
        out.push(FieldError::forbidden(path, "may not use ReadWriteOncePod with other access modes"));
    }
}

/// The storage class and the mode of a volume or a claim.
pub fn class_and_mode(out: &mut Errors, document: &Document) {
    claims::class_name(out, &SPEC.field("storageClassName"), document.text("spec.storageClassName"));
    let mode = document.text("spec.volumeMode");
    if !mode.is_empty() && !VOLUME_MODES.contains(&mode) {
        out.push(FieldError::not_supported(SPEC.field("volumeMode"), mode, &VOLUME_MODES));
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
}
