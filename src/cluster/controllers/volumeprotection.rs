//! The controllers that let claims, volumes and classes of attributes go only when nobody uses them any more: a claim when
//! no pod with a node names it, a volume when it is not bound, a class when no claim and no volume names it.
//!
//! Upstream: `pkg/controller/volume/pvcprotection/pvc_protection_controller.go`, `…/pvprotection/pv_protection_controller.go`,
//! `…/vacprotection/vac_protection_controller.go`.

use super::shared::pods::has_ended;
use super::shared::subject;
use crate::api::kinds::{
    persistent_volume, persistent_volume_claim, pod, pod::Pod, volume_attributes_class as attributes,
};
use crate::api::meta::controller_of;
use crate::api::volumes::ATTRIBUTES_CLASS;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Wake, Watch};

/// The controller of claims.
pub static CLAIMS: Controller = Controller {
    name: "persistentvolumeclaim-protection-controller",
    account: "pvc-protection-controller",
    workers: 1,
    watches: &[Watch::of(&persistent_volume_claim::KIND), Watch::mapped(&pod::KIND, wake_by_pod)],
    period: None,
    retries: 0,
    reconcile: reconcile_claim,
    failed: None,
};

/// The controller of volumes.
pub static VOLUMES: Controller = Controller {
    name: "persistentvolume-protection-controller",
    account: "pv-protection-controller",
    workers: 1,
    watches: &[Watch::of(&persistent_volume::KIND)],
    period: None,
    retries: 0,
    reconcile: reconcile_volume,
    failed: None,
};

/// The controller of classes of attributes.
pub static CLASSES: Controller = Controller {
    name: "volumeattributesclass-protection-controller",
    account: "volumeattributesclass-protection-controller",
    workers: 1,
    watches: &[
        Watch::of(&attributes::KIND),
        Watch::mapped(&persistent_volume_claim::KIND, wake_classes),
        Watch::mapped(&persistent_volume::KIND, wake_classes),
    ],
    period: None,
    retries: 0,
    reconcile: reconcile_class,
    failed: None,
};

/// Only a pod that goes, has become another, has ended or has no node can set a claim free (upstream: `enqueuePVCs`).
fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let frees = |object: &&Object| object.get().is_some_and(|pod: &Pod| pod.node().is_none() || has_ended(pod));
    let gone = old.filter(|old| new.is_none_or(|new| new.uid() != old.uid()));
    for object in [new.filter(frees), gone].into_iter().flatten() {
        for claim in object.get().into_iter().flat_map(|pod: &Pod| pod.claims(object.name())) {
            wake.named(&persistent_volume_claim::KIND, object.namespace(), &claim);
        }
    }
}

/// What the cache does not know may be new: before a claim goes, the pods are read from the API server itself.
fn reconcile_claim(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(claim) = subject(reconcile, key) else { return Ok(()) };
    let mut used = claim.is_terminating() && is_protected(claim, persistent_volume_claim::PROTECTION);
    if used && !reconcile.cache(&pod::KIND).in_namespace(claim.namespace()).any(|pod| uses(pod, claim)) {
        match reconcile.ask_all(&pod::KIND, claim.namespace(), "") {
            None => return Ok(()),
            Some(Ok(pods)) => used = pods.iter().any(|pod| uses(pod, claim)),
            Some(Err(status)) => return Err(format!("live list of pods failed: {}", status.message)),
        }
    }
    protect(reconcile, claim, persistent_volume_claim::PROTECTION, used);
    Ok(())
}

/// Upstream: `podUsesPVC`. The claim of an ephemeral volume is free once its own pod is through, though it is still there.
fn uses(object: &Object, claim: &Object) -> bool {
    let Some(pod) = object.get::<Pod>().filter(|pod| pod.node().is_some()) else { return false };
    let meta = object.meta();
    let shut_down = meta.deletion_timestamp.is_some() && meta.deletion_grace_period_seconds == Some(0);
    let owned = || controller_of(claim.meta()).is_some_and(|owner| owner.uid == object.uid());
    pod.spec.volumes.iter().flatten().any(|volume| {
        let named = volume.persistent_volume_claim.as_ref().is_some_and(|source| source.claim_name == claim.name());
        let made = || format!("{}-{}", object.name(), volume.name) == claim.name();
        named || volume.ephemeral.is_some() && !shut_down && made() && owned()
    })
}

fn reconcile_volume(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(volume) = subject(reconcile, key) else { return Ok(()) };
    let bound = volume.document().is_some_and(|volume| volume.text("status.phase") == "Bound");
    protect(reconcile, volume, persistent_volume::PROTECTION, bound);
    Ok(())
}

/// The classes of attributes that a claim or volume names (upstream: `getPVCReferencedVACNames`).
fn classes(object: &Object) -> Vec<&str> {
    let Some(document) = object.document() else { return Vec::new() };
    let places = [
        ATTRIBUTES_CLASS,
        "status.currentVolumeAttributesClassName",
        "status.modifyVolumeStatus.targetVolumeAttributesClassName",
    ];
    places.into_iter().map(|path| document.text(path)).filter(|name| !name.is_empty()).collect()
}

/// Only who names a class no longer can set it free.
fn wake_classes(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let kept = new.map(classes).unwrap_or_default();
    for name in old.map(classes).unwrap_or_default().into_iter().filter(|name| !kept.contains(name)) {
        wake.named(&attributes::KIND, "", name);
    }
}

fn reconcile_class(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(class) = subject(reconcile, key) else { return Ok(()) };
    let users = [&persistent_volume::KIND, &persistent_volume_claim::KIND].map(|kind| reconcile.cache(kind));
    let used = users.into_iter().any(|cache| cache.iter().any(|object| classes(object).contains(&class.name())));
    protect(reconcile, class, attributes::PROTECTION, used);
    Ok(())
}

fn is_protected(object: &Object, finalizer: &str) -> bool {
    object.meta().finalizers.iter().flatten().any(|known| known == finalizer)
}

/// What lives has the finalizer, what goes loses it when it is not used any more.
fn protect(reconcile: &mut Reconcile, object: &Object, finalizer: &str, used: bool) {
    let protected = is_protected(object, finalizer);
    let (wanted, going) = (!object.is_terminating(), object.is_terminating() && !used);
    let mut changed = object.clone();
    let finalizers = changed.meta_mut().finalizers.get_or_insert_default();
    if wanted && !protected {
        finalizers.push(finalizer.to_owned());
    } else if going && protected {
        finalizers.retain(|known| known != finalizer);
    } else {
        return;
    }
    reconcile.request(Request::update(changed));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::client::testing::{wakes, wants};
    use serde_json::{Value, json};

    fn pod(volume: &Value, more: &Value) -> Object {
        let mut volume = volume.clone();
        volume["name"] = "data".into();
        let mut value = json!({"metadata": {"name": "p", "namespace": "n", "uid": "u"},
            "spec": {"nodeName": "n1", "containers": [], "volumes": [volume]}});
        value["metadata"].as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        (pod::KIND.decode)(value).expect("a pod")
    }

    #[test]
    fn an_ephemeral_claim_is_free_once_its_own_pod_is_through() {
        let ephemeral = json!({"ephemeral": {"volumeClaimTemplate": {"spec": {}}}});
        let through = json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0});
        let claim = |owner: &str| {
            let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": owner, "controller": true}]);
            let value = json!({"metadata": {"name": "p-data", "namespace": "n", "ownerReferences": owner}});
            (persistent_volume_claim::KIND.decode)(value).expect("a claim")
        };
        assert!(uses(&pod(&ephemeral, &json!({})), &claim("u")));
        assert!(!uses(&pod(&ephemeral, &json!({})), &claim("another")));
        assert!(!uses(&pod(&ephemeral, &through), &claim("u")));
        let named = json!({"persistentVolumeClaim": {"claimName": "p-data"}});
        assert!(uses(&pod(&named, &through), &claim("another")), "a claim that is named waits until the pod is gone");
    }

    #[test]
    fn a_pod_that_has_ended_may_set_its_claims_free() {
        let named = json!({"persistentVolumeClaim": {"claimName": "c"}});
        let (runs, mut ended) = (pod(&named, &json!({})), pod(&named, &json!({})));
        ended.get_mut::<Pod>().expect("a pod").status.phase = Some("Failed".to_owned());
        let woken = |new: Option<&Object>| wakes(&CLAIMS, std::slice::from_ref(&runs), (Some(&runs), new)).len();
        assert_eq!((woken(Some(&runs)), woken(Some(&ended)), woken(None)), (0, 1, 1));
    }

    #[test]
    fn a_class_of_attributes_stays_while_a_claim_or_volume_names_it() {
        let class = |going: bool| {
            let mut value = json!({"metadata": {"name": "fast", "finalizers": ["kubernetes.io/vac-protection"]},
                "driverName": "d"});
            if going {
                value["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
            }
            (attributes::KIND.decode)(value).expect("a class")
        };
        let claim = |place: &str| {
            let mut value = json!({"metadata": {"name": "c", "namespace": "n"}, "spec": {}, "status": {}});
            value["status"][place] = "fast".into();
            (persistent_volume_claim::KIND.decode)(value).expect("a claim")
        };
        let key = class(true).reference();
        let released = |objects: &[Object]| wants(&CLASSES, objects, &key).len();
        assert_eq!(released(&[class(false)]), 0);
        assert_eq!(released(&[class(true)]), 1);
        assert_eq!(released(&[class(true), claim("currentVolumeAttributesClassName")]), 0);
        let (old, new) = (claim("currentVolumeAttributesClassName"), claim("other"));
        assert_eq!(wakes(&CLASSES, &[class(true)], (Some(&old), Some(&new))), std::slice::from_ref(&key));
        assert_eq!(wakes(&CLASSES, &[class(true)], (Some(&old), Some(&old))), []);
    }
}
