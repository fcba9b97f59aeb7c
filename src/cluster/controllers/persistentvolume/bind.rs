//! The four writes that bind a claim and a volume.
//!
//! Upstream: `pv_controller.go`, `bind` and what it calls.

use crate::api::meta::timestamp;
use crate::api::volumes::{ATTRIBUTES_CLASS, BIND_COMPLETED, BOUND_BY_CONTROLLER, belongs};
use crate::api::{Object, Request};
use crate::cluster::client::controller::{Reconcile, Saying};
use crate::cluster::controllers::shared::annotation;
use serde_json::{Map, Value, json};

/// The first write that is missing.
pub(super) fn bind(volume: &Object, claim: &Object, reconcile: &mut Reconcile) {
    let wanted = [volume_to_claim(volume, claim), claim_to_volume(claim, volume)];
    match wanted {
        [Some(volume), _] => reconcile.request(Request::update(volume)),
        [None, _] if phase(volume) != "Bound" => set_volume_phase(volume, "Bound", None, reconcile),
        [None, Some(claim)] => reconcile.request(Request::update(claim)),
        [None, None] => {
            if let Some(claim) = got(claim, volume) {
                reconcile.request(Request::update_status(claim));
            }
        }
    }
}

/// The phase of a volume or claim.
pub(super) fn phase(object: &Object) -> &str {
    object.document().map(|object| object.text("status.phase")).unwrap_or_default()
}

/// The volume with the claim's name, if it has it not yet (upstream: `GetBindVolumeToClaim`).
fn volume_to_claim(volume: &Object, claim: &Object) -> Option<Object> {
    let tree = volume.document()?;
    let chosen = tree.at("spec.claimRef").is_none() || !belongs(volume, claim);
    let marked = !chosen || annotation(volume.meta(), BOUND_BY_CONTROLLER).is_some();
    if marked && tree.text("spec.claimRef.uid") == claim.uid() {
        return None;
    }
    let mut changed = volume.clone();
    if !marked {
        mark(&mut changed, BOUND_BY_CONTROLLER);
    }
    let reference = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
        "name": claim.name(), "uid": claim.uid(), "resourceVersion": claim.meta().resource_version});
    changed.document_mut()?.set("spec.claimRef", reference);
    Some(changed)
}

/// The claim with the volume's name, if it has it not yet (upstream: `bindClaimToVolume`).
fn claim_to_volume(claim: &Object, volume: &Object) -> Option<Object> {
    let named = claim.document()?.text("spec.volumeName") == volume.name();
    if named && annotation(claim.meta(), BIND_COMPLETED).is_some() {
        return None;
    }
    let mut changed = claim.clone();
    if !named {
        changed.document_mut()?.set("spec.volumeName", volume.name().into());
        mark(&mut changed, BOUND_BY_CONTROLLER);
    }
    mark(&mut changed, BIND_COMPLETED);
    Some(changed)
}

fn mark(object: &mut Object, name: &str) {
    object.meta_mut().annotations.get_or_insert_default().insert(name.to_owned(), "yes".to_owned());
}

/// The object with another status.
fn with_status(object: &Object, change: impl FnOnce(&mut Map<String, Value>)) -> Object {
    let mut object = object.clone();
    if let Some(tree) = object.document_mut() {
        let mut status = tree.at("status").and_then(Value::as_object).cloned().unwrap_or_default();
        change(&mut status);
        tree.set("status", Value::Object(status));
    }
    object
}

const ATTRIBUTES: &str = "currentVolumeAttributesClassName";

/// The claim with what it got, if it does not say so yet (upstream: `updateClaimStatus`).
fn got(claim: &Object, volume: &Object) -> Option<Object> {
    let tree = volume.document()?;
    let given = |path: &str| tree.at(path).cloned().unwrap_or_default();
    let before = phase(claim);
    let changed = with_status(claim, |status| {
        if before != "Bound" {
            status.insert("phase".to_owned(), "Bound".into());
            status.insert("capacity".to_owned(), given("spec.capacity"));
        }
        if before == "Pending" {
            status.remove(ATTRIBUTES);
            status.extend(tree.at(ATTRIBUTES_CLASS).map(|class| (ATTRIBUTES.to_owned(), class.clone())));
        }
        status.insert("accessModes".to_owned(), given("spec.accessModes"));
    });
    (changed.document()?.at("status") != claim.document()?.at("status")).then_some(changed)
}

/// Sets the phase of a claim without a volume and forgets what it had; says why if the phase is new (upstream:
/// `updateClaimStatus`, `updateClaimStatusWithEvent`).
pub(super) fn set_phase(claim: &Object, to: &str, why: Option<(&'static str, &str)>, reconcile: &mut Reconcile) {
    if phase(claim) == to && why.is_some() {
        return;
    }
    let changed = with_status(claim, |status| {
        status.retain(|field, _| !matches!(&**field, "accessModes" | "capacity" | ATTRIBUTES));
        status.insert("phase".to_owned(), to.into());
    });
    if changed == *claim {
        return;
    }
    reconcile.request(Request::update_status(changed));
    if let Some((reason, message)) = why {
        reconcile.say(Saying::warning(claim, reason, message));
    }
}

/// Sets the phase of a volume, with a warning that tells why if it is new.
pub(super) fn set_volume_phase(
    volume: &Object,
    to: &str,
    why: Option<(&'static str, &str)>,
    reconcile: &mut Reconcile,
) {
    if phase(volume) == to {
        return;
    }
    let now = timestamp(reconcile.now()).0.to_string();
    let changed = with_status(volume, |status| {
        status.remove("message");
        status.extend(why.map(|(_, message)| ("message".to_owned(), message.into())));
        status.insert("phase".to_owned(), to.into());
        status.insert("lastPhaseTransitionTime".to_owned(), now.into());
    });
    reconcile.request(Request::update_status(changed));
    if let Some((reason, message)) = why {
        reconcile.say(Saying::warning(volume, reason, message));
    }
}

/// The volume without its claim (upstream: `unbindVolume`): one that somebody reserved stays reserved.
pub(super) fn unbind(volume: &Object, reconcile: &mut Reconcile) {
    let mut changed = volume.clone();
    if annotation(volume.meta(), BOUND_BY_CONTROLLER).is_some() {
        let annotations = changed.meta_mut().annotations.get_or_insert_default();
        annotations.remove(BOUND_BY_CONTROLLER);
        changed.meta_mut().annotations.take_if(|annotations| annotations.is_empty());
        remove(&mut changed, None);
    } else {
        remove(&mut changed, Some("uid"));
    }
    reconcile.request(Request::update(changed));
}

/// Removes the reference to the claim, or one field of it.
fn remove(volume: &mut Object, field: Option<&str>) {
    let Some(tree) = volume.document_mut() else { return };
    let mut spec = tree.at("spec").cloned().unwrap_or_default();
    match (field, spec.as_object_mut()) {
        (None, Some(spec)) => drop(spec.remove("claimRef")),
        (Some(field), Some(spec)) => {
            if let Some(claim) = spec.get_mut("claimRef").and_then(Value::as_object_mut) {
                claim.remove(field);
            }
        }
        (_, None) => {}
    }
    tree.set("spec", spec);
}
