//! What the metadata of any object must be.
//!
//! Upstream: `apimachinery/pkg/api/validation/objectmeta.go` and, for finalizers, `validateKubeFinalizerName` of
//! `pkg/apis/core/validation/validation.go`. What no client can change (uid, times, generation) the server has already
//! put back, so it is not compared here. `managedFields` are not modelled.

use super::check::{self, Errors};
use super::names;
use super::object::Object;
use super::path::Path;
use super::status::FieldError;
use crate::sim::Order;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::json;

const META: Path = Path::new("metadata");

/// All errors of a new object's metadata (`ValidateObjectMeta`).
#[must_use]
pub fn create(object: &Object) -> Errors {
    let (kind, meta) = (object.kind(), object.meta());
    let mut out = Vec::new();
    // The newest form of the check (`ValidateObjectMetaWithOpts`) looks at the outcome only.
    let checks_prefix = kind.kind != "ReplicationController";
    if let Some(prefix) = meta.generate_name.as_deref().filter(|prefix| checks_prefix && !prefix.is_empty()) {
        check::complain(&mut out, &META.field("generateName"), prefix, names::as_prefix(prefix, kind.name_errors));
    }
    if object.name().is_empty() {
        out.push(FieldError::required(META.field("name"), "name or generateName is required"));
    } else {
        check::complain(&mut out, &META.field("name"), object.name(), (kind.name_errors)(object.name()));
    }
    namespace(&mut out, object.namespace(), kind.namespaced);
    check::labels(&mut out, &META.field("labels"), meta.labels.as_ref());
    check::annotations(&mut out, &META.field("annotations"), meta.annotations.as_ref());
    owners(&mut out, meta.owner_references.as_deref().unwrap_or_default());
    finalizers(&mut out, meta.finalizers.as_deref().unwrap_or_default());
    qualified_finalizers(&mut out, object);
    out
}

/// All errors of an update of the metadata (`ValidateObjectMetaUpdate`). What has not changed is not looked at again.
#[must_use]
pub fn update(new: &Object, old: &Object) -> Errors {
    let (meta, before) = (new.meta(), old.meta());
    let mut out = Vec::new();
    no_new_finalizers(&mut out, meta, before);
    if meta.labels != before.labels {
        check::labels(&mut out, &META.field("labels"), meta.labels.as_ref());
    }
    if meta.annotations != before.annotations {
        check::annotations(&mut out, &META.field("annotations"), meta.annotations.as_ref());
    }
    if meta.owner_references != before.owner_references {
        owners(&mut out, meta.owner_references.as_deref().unwrap_or_default());
    }
    if meta.finalizers != before.finalizers {
        finalizers(&mut out, meta.finalizers.as_deref().unwrap_or_default());
        qualified_finalizers(&mut out, new);
    }
    out
}

fn namespace(out: &mut Errors, namespace: &str, namespaced: bool) {
    let path = META.field("namespace");
    match (namespaced, namespace.is_empty()) {
        (true, true) => out.push(FieldError::required(path, "")),
        (true, false) => check::complain(out, &path, namespace, names::dns1123_label(namespace)),
        (false, true) => {}
        (false, false) => out.push(FieldError::forbidden(path, "not allowed on this type")),
    }
}

/// Upstream: `ValidateOwnerReferences`. Errors do not say which reference is meant.
fn owners(out: &mut Errors, owners: &[OwnerReference]) {
    const PATH: Path = META.field("ownerReferences");
    let mut controller: Option<String> = None;
    for owner in owners {
        let version = match owner.api_version.split('/').collect::<Vec<_>>()[..] {
            [version] | [_, version] => version,
            _ => "",
        };
        if version.is_empty() {
            let path = PATH.field("apiVersion");
            out.push(FieldError::invalid(path, owner.api_version.as_str(), "version must not be empty"));
        }
        for (name, value) in [("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)] {
            if value.is_empty() {
                out.push(FieldError::invalid(PATH.field(name), "", "must not be empty"));
            }
        }
        if owner.api_version == "v1" && owner.kind == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            out.push(check::invalid_as(&PATH, shown_owner(owner), detail));
        }
        if owner.controller == Some(true) {
            let current = format!("{}/{}", owner.kind, owner.name);
            if let Some(first) = &controller {
                let shown: Vec<String> = owners.iter().map(shown_owner).collect();
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {current}"
                );
                out.push(check::invalid_as(&PATH, format!("[{}]", shown.join(",")), &detail));
            } else {
                controller = Some(current);
            }
        }
    }
}

/// The JSON form, in the order of Go's struct.
fn shown_owner(owner: &OwnerReference) -> String {
    let text = |text: &str| json!(text).to_string();
    let mut shown = format!(
        "{{\"apiVersion\":{},\"kind\":{},\"name\":{},\"uid\":{}",
        text(&owner.api_version),
        text(&owner.kind),
        text(&owner.name),
        text(&owner.uid)
    );
    for (name, flag) in [("controller", owner.controller), ("blockOwnerDeletion", owner.block_owner_deletion)] {
        if let Some(flag) = flag {
            shown.extend([",\"", name, "\":", if flag { "true" } else { "false" }]);
        }
    }
    shown.push('}');
    shown
}

/// Upstream: `ValidateFinalizers`.
fn finalizers(out: &mut Errors, finalizers: &[String]) {
    const PATH: Path = META.field("finalizers");
    for finalizer in finalizers {
        check::complain(out, &PATH, finalizer, names::qualified_name(finalizer));
    }
    let has = |name: &str| finalizers.iter().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        out.push(check::invalid_as(&PATH, json!(finalizers).to_string(), detail));
    }
}

/// Upstream: `validateKubeFinalizerName`, which the validation of leases does not call.
fn qualified_finalizers(out: &mut Errors, object: &Object) {
    if object.kind().kind == "Lease" {
        return;
    }
    for (index, finalizer) in object.meta().finalizers.iter().flatten().enumerate() {
        if !finalizer.contains('/') && !["kubernetes", "orphan", "foregroundDeletion"].contains(&finalizer.as_str()) {
            let path = META.field("finalizers");
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            out.push(FieldError::invalid(path.index(index), finalizer.as_str(), detail));
        }
    }
}

/// Upstream: `ValidateNoNewFinalizers`.
fn no_new_finalizers(out: &mut Errors, meta: &ObjectMeta, before: &ObjectMeta) {
    if before.deletion_timestamp.is_none() {
        return;
    }
    let known = before.finalizers.as_deref().unwrap_or_default();
    let mut new: Vec<&String> =
        meta.finalizers.iter().flatten().filter(|finalizer| !known.contains(finalizer)).collect();
    if new.is_empty() {
        return;
    }
    new.order();
    new.dedup();
    let list: Vec<String> = new.iter().map(|name| format!("{name:?}")).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        list.join(", ")
    );
    out.push(FieldError::forbidden(META.field("finalizers"), detail));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{config_map, lease};
    use crate::api::meta;
    use crate::sim::Time;
    use serde_json::Value;

    fn object(kind: &crate::api::Kind, metadata: Value) -> Object {
        let mut document = json!({"apiVersion": kind.api_version(), "kind": kind.kind});
        document["metadata"] = metadata;
        (kind.decode)(document).expect("an object")
    }

    fn texts(errors: &Errors) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_part_is_looked_at() {
        let metadata = json!({"generateName": "x-", "namespace": "A", "labels": {"a b": "c"}, "annotations": {"A/B/c": ""},
            "ownerReferences": [{"apiVersion": "", "kind": "K", "name": "n", "uid": ""}], "finalizers": ["x"]});
        let errors = texts(&create(&object(&config_map::KIND, metadata)));
        let begins: Vec<&str> = errors.iter().map(|text| text.split_once(": ").map_or("", |(path, _)| path)).collect();
        let expected = [
            "name",
            "namespace",
            "labels",
            "annotations",
            "ownerReferences.apiVersion",
            "ownerReferences.uid",
            "finalizers[0]",
        ];
        assert_eq!(begins, expected.map(|name| format!("metadata.{name}")));
    }

    #[test]
    fn a_lease_takes_any_finalizer() {
        let metadata = json!({"name": "x", "namespace": "a", "finalizers": ["x"]});
        assert_eq!(create(&object(&lease::KIND, metadata)), vec![]);
    }

    #[test]
    fn what_goes_gets_no_new_finalizers() {
        let mut old = object(&config_map::KIND, json!({"name": "x", "namespace": "a"}));
        let new = object(&config_map::KIND, json!({"name": "x", "namespace": "a", "finalizers": ["a/b"]}));
        assert_eq!(update(&new, &old), vec![]);
        old.meta_mut().deletion_timestamp = Some(meta::timestamp(Time::ZERO));
        let expected = "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, \
                        found new finalizers []string{\"a/b\"}";
        assert_eq!(texts(&update(&new, &old)), [expected]);
    }
}
