//! The volume controller: it finds a volume for each claim, and looks after volumes whose claim is gone.
//!
//! Upstream: `pkg/controller/volume/persistentvolume/pv_controller.go`. Claim and volume are bound by four writes; every look
//! does the first one that is missing, so that it does not matter where the last one stopped:
//!
//! ```text
//!   volume: claimRef ──▶ volume: phase Bound ──▶ claim: volumeName ──▶ claim: phase Bound, what it got
//! ```
//!
//! A claim of a class that waits for a pod (`WaitForFirstConsumer`) is left alone until the scheduler has chosen a volume or
//! a node. A claim for which there is no volume waits for the provisioner that its class names; everything is looked at
//! again every 15 s.
//!
//! Left out: drivers of the old in-tree sorts.

mod bind;
mod recycle;
mod volume;

use self::bind::{bind, set_phase};
use super::shared::{annotation, subject};
use crate::api::kinds::{persistent_volume, persistent_volume_claim as claims, pod, pod::Pod, storage_class};
use crate::api::volumes::{self, BIND_COMPLETED, BOUND_BY_CONTROLLER, MIGRATED, PROVISIONER, SELECTED_NODE, Search};
use crate::api::{Key, Object, Ref, Request, Verb};
use crate::cluster::client::controller::{Controller, Failed, Reconcile, Saying, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::SortedSet;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "persistentvolume-controller",
    account: "persistent-volume-binder",
    workers: 1,
    watches: &[
        Watch::of(&claims::KIND),
        Watch::mapped(&persistent_volume::KIND, wake_by_volume),
        // Read, but their changes wake nobody.
        Watch::mapped(&storage_class::KIND, |_, _, _| {}),
        Watch::mapped(&pod::KIND, wake_by_pod),
    ],
    period: Some((timing::VOLUME_SYNC, |wake| {
        let (volumes, claims) = (wake.cache(&persistent_volume::KIND), wake.cache(&claims::KIND));
        wake.objects(claims.iter().chain(volumes.iter()));
    })),
    retries: 0,
    reconcile: |key, reconcile| {
        let Some(object) = subject(reconcile, key) else { return deleted(key, reconcile) };
        if key.kind == &persistent_volume::KIND {
            volume::sync(object, reconcile);
        } else if annotation(object.meta(), BIND_COMPLETED).is_some() {
            bound(object, reconcile);
        } else {
            unbound(object, reconcile);
        }
        Ok(())
    },
    failed: Some(failed),
};

/// The pod that empties a volume could not be made.
fn failed(key: &Ref, reconcile: &mut Reconcile, (request, error): Failed) {
    let volume =
        subject(reconcile, key).filter(|_| request.verb == Verb::Create && key.kind == &persistent_volume::KIND);
    if let Some(volume) = volume {
        recycle::refused(volume, &error.message, reconcile);
    }
}

/// A pod that empties a volume concerns it.
fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(pod) = new.or(old).filter(|pod| pod.namespace() == recycle::NAMESPACE) else { return };
    if let Some(volume) = pod.name().strip_prefix(recycle::PREFIX) {
        wake.named(&persistent_volume::KIND, "", volume);
    }
}

/// A volume that goes concerns its claim, one that is bound to it as long as it is not done with it. A claim that only
/// would fit waits for its next turn (upstream: `deleteVolume`, and `syncVolume`, which queues the claim).
fn wake_by_volume(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    wake.objects(new);
    let Some(volume) = new.or(old).and_then(Object::document) else { return };
    let key = Key::new(volume.text("spec.claimRef.namespace"), volume.text("spec.claimRef.name"));
    let Some(claim) = wake.cache(&claims::KIND).get(&key) else { return };
    let is_open = bind::phase(claim) != "Bound" || annotation(claim.meta(), BIND_COMPLETED).is_none();
    if new.is_none() || is_open && volume.text("spec.claimRef.uid") == claim.uid() {
        wake.object(claim);
    }
}

/// A claim that is gone leaves a volume to look after.
fn deleted(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    if key.kind == &claims::KIND {
        let names_it = |volume: &&Object| {
            let tree = volume.document();
            tree.is_some_and(|tree| {
                tree.text("spec.claimRef.name") == &*key.key.name
                    && tree.text("spec.claimRef.namespace") == &*key.key.namespace
            })
        };
        for volume in reconcile.cache(&persistent_volume::KIND).iter().filter(names_it) {
            volume::sync(volume, reconcile);
        }
    }
    Ok(())
}

/// A claim without a volume of its own (upstream: `syncUnboundClaim`).
fn unbound(claim: &Object, reconcile: &mut Reconcile) {
    let name = volumes::volume_name(claim);
    if name.is_empty() {
        return search(claim, reconcile);
    }
    let Some(volume) = reconcile.lookup(&persistent_volume::KIND, &Key::new("", name)) else {
        return set_phase(claim, "Pending", None, reconcile);
    };
    let taken = volume.document().is_some_and(|volume| volume.at("spec.claimRef").is_some());
    if taken && volumes::belongs(volume, claim) {
        bind(volume, claim, reconcile);
    } else if taken {
        let message = format!("volume {name:?} already bound to a different claim.");
        reconcile.say(Saying::warning(claim, "FailedBinding", message));
        if annotation(claim.meta(), BOUND_BY_CONTROLLER).is_none() {
            set_phase(claim, "Pending", None, reconcile);
        }
    } else if let Some(why) = mismatch(volume, claim) {
        let message = format!("Cannot bind to requested volume {name:?}: {why}");
        reconcile.say(Saying::warning(claim, "VolumeMismatch", message));
        set_phase(claim, "Pending", None, reconcile);
    } else {
        bind(volume, claim, reconcile);
    }
}

/// Why the volume that a claim names will not do (upstream: `checkVolumeSatisfyClaim`).
fn mismatch(volume: &Object, claim: &Object) -> Option<String> {
    let differ = |path: &str| {
        let text = |object: &Object| object.document().map(|tree| tree.text(path).to_owned());
        text(volume) != text(claim)
    };
    if volume.is_terminating() {
        Some(format!("the volume is marked for deletion {:?}", volume.name()))
    } else if volumes::size(volume) < volumes::wanted(claim) {
        Some("requested PV is too small".to_owned())
    } else if volumes::class_of(volume) != claims::class(claim) {
        Some("storageClassName does not match".to_owned())
    } else if differ(volumes::ATTRIBUTES_CLASS) {
        Some("volumeAttributesClassName does not match".to_owned())
    } else if differ("spec.volumeMode") {
        Some("incompatible volumeMode".to_owned())
    } else if !volumes::has_modes(volume, claim) {
        Some("incompatible accessMode".to_owned())
    } else {
        None
    }
}

/// Looks for a volume, or says why there is none yet.
fn search(claim: &Object, reconcile: &mut Reconcile) {
    let class = reconcile.lookup(&storage_class::KIND, &Key::new("", claims::class(claim)));
    let waits = class.is_some_and(volumes::waits);
    let search = Search { node: None, waits, taken: &SortedSet::new() };
    let all = reconcile.cache(&persistent_volume::KIND);
    if let Some(volume) = volumes::matching(claim, all.iter(), &search) {
        return bind(volume, claim, reconcile);
    }
    if let Some(changed) = with_default_class(claim, reconcile) {
        return reconcile.request(Request::update(changed));
    }
    if waits && annotation(claim.meta(), SELECTED_NODE).is_none() {
        say_waiting(claim, reconcile);
    } else if !claims::class(claim).is_empty() {
        return provision(claim, class, reconcile);
    } else {
        let message = "no persistent volumes available for this claim and no storage class is set";
        reconcile.say(Saying::normal(claim, "FailedBinding", message));
    }
    set_phase(claim, "Pending", None, reconcile);
}

/// A claim that was made before there was a default class gets it now (upstream: `assignDefaultStorageClass`).
fn with_default_class(claim: &Object, reconcile: &Reconcile) -> Option<Object> {
    let silent = claim.document()?.at("spec.storageClassName").is_none() && claims::class(claim).is_empty();
    let classes = reconcile.cache(&storage_class::KIND).iter();
    let class = storage_class::newest_default(classes).filter(|_| silent)?;
    let mut changed = claim.clone();
    changed.document_mut()?.set("spec.storageClassName", class.name().into());
    Some(changed)
}

/// Upstream: `emitEventForUnboundDelayBindingClaim`.
fn say_waiting(claim: &Object, reconcile: &mut Reconcile) {
    let unbound = |object: &&Object| {
        let pod: Option<&Pod> = object.get();
        pod.is_some_and(|pod| {
            pod.node().is_none() && !pod.is_terminal() && pod.claims(object.name()).any(|name| name == claim.name())
        })
    };
    let pods = reconcile.cache(&pod::KIND).in_namespace(claim.namespace()).filter(unbound);
    let names: Vec<&str> = pods.map(Object::name).collect();
    let (reason, message) = match names.as_slice() {
        [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned()),
        [pod] => ("WaitForPodScheduled", format!("waiting for pod {pod} to be scheduled")),
        pods => ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", pods.join(","))),
    };
    reconcile.say(Saying::normal(claim, reason, message));
}

/// Leaves the claim to the provisioner of its class, whatever that was once called (upstream: `provisionClaim`, `provisionClaimOperationExternal`).
fn provision(claim: &Object, class: Option<&Object>, reconcile: &mut Reconcile) {
    let Some(named) = class.and_then(Object::document).map(|class| class.text("provisioner")) else {
        let missing = format!("storageclass.storage.k8s.io {:?} not found", claims::class(claim));
        return reconcile.say(Saying::warning(claim, "ProvisioningFailed", missing));
    };
    let migrated = MIGRATED.iter().find(|(_, old, _)| *old == named);
    let external = migrated.map_or(named, |(_, _, driver)| driver);
    if external.starts_with("kubernetes.io/") {
        let unknown = format!("no volume plugin matched name: {external}");
        return reconcile.say(Saying::warning(claim, "ProvisioningFailed", unknown));
    }
    if annotation(claim.meta(), PROVISIONER[1]) != Some(external) {
        let mut changed = claim.clone();
        let annotations = changed.meta_mut().annotations.get_or_insert_default();
        annotations.extend(PROVISIONER.map(|name| (name.to_owned(), external.to_owned())));
        let failed = Saying::warning(claim, "ProvisioningFailed", "Error saving claim: {error}");
        reconcile.write(Write::new(Request::update(changed)).failing(failed));
    }
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{external}' or manually by the \
         system administrator. If volume creation is delayed, please verify that the provisioner is running and \
         correctly registered."
    );
    reconcile.say(Saying::normal(claim, "ExternalProvisioning", message));
}

/// A claim that has had its volume for good (upstream: `syncBoundClaim`).
fn bound(claim: &Object, reconcile: &mut Reconcile) {
    let name = volumes::volume_name(claim);
    let volume = reconcile.lookup(&persistent_volume::KIND, &Key::new("", name));
    let lost = if name.is_empty() {
        ("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
    } else {
        match volume.and_then(|volume| Some((volume, volume.document()?))) {
            Some((volume, tree))
                if tree.at("spec.claimRef").is_none() || tree.text("spec.claimRef.uid") == claim.uid() =>
            {
                return bind(volume, claim, reconcile);
            }
            Some(_) => ("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly"),
            None => ("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"),
        }
    };
    set_phase(claim, "Lost", Some(lost), reconcile);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::Body;
    use crate::cluster::client::testing::{wakes, wants};
    use serde_json::{Value, json};

    fn claim(annotations: &Value, spec: &Value, status: &Value) -> Object {
        let value = json!({"metadata": {"name": "c", "namespace": "n", "uid": "u", "annotations": annotations},
            "spec": spec, "status": status});
        (claims::KIND.decode)(value).expect("a claim")
    }

    fn volume(spec: &Value, status: &Value) -> Object {
        (persistent_volume::KIND.decode)(json!({"metadata": {"name": "v"}, "spec": spec, "status": status}))
            .expect("a volume")
    }

    /// What is written when somebody looks at the last of the objects.
    fn written(objects: &[Object]) -> Vec<Value> {
        let key = objects.last().expect("one").reference();
        let of = |request: Request| match request.body {
            Body::Object(object) => object.to_value(),
            other => panic!("{other:?}"),
        };
        wants(&CONTROLLER, objects, &key).into_iter().map(of).collect()
    }

    #[test]
    fn a_claim_whose_volume_is_kept_for_its_name_only_is_bound_wrongly() {
        let done = json!({"pv.kubernetes.io/bind-completed": "yes"});
        let status = json!({"phase": "Bound", "capacity": {"storage": "1Gi"}, "conditions": [{"type": "Resizing", "status": "True"}]});
        let claim = claim(&done, &json!({"volumeName": "v"}), &status);
        let lost = written(&[volume(&json!({"claimRef": {"name": "c", "namespace": "n"}}), &json!({})), claim]);
        let status = &lost[0]["status"];
        assert_eq!((&status["phase"], &status["capacity"]), (&json!("Lost"), &Value::Null));
        assert_eq!(status["conditions"][0]["type"], "Resizing", "what else it says stays");
    }

    #[test]
    fn a_volume_that_can_be_had_again_says_no_more_what_was_wrong() {
        let failed = json!({"phase": "Failed", "message": "no"});
        let again = written(&[volume(&json!({}), &failed)]);
        assert_eq!((&again[0]["status"]["phase"], &again[0]["status"]["message"]), (&json!("Available"), &Value::Null));
    }

    #[test]
    fn a_drivers_volume_is_left_to_the_driver_even_if_nobody_says_who_made_it() {
        let spec = |source: &str| {
            let claim = json!({"name": "c", "namespace": "n", "uid": "u"});
            json!({source: {}, "persistentVolumeReclaimPolicy": "Delete", "claimRef": claim})
        };
        let released = json!({"phase": "Released"});
        assert_eq!(written(&[volume(&spec("csi"), &released)]), [Value::Null; 0]);
        let told = |source: &str| written(&[volume(&spec(source), &released)])[0]["status"]["message"].clone();
        let why = |what: &str| json!(format!("error getting deleter volume plugin for volume \"v\": {what}"));
        assert_eq!(told("local"), why("no deletable volume plugin matched"));
        assert_eq!(told("iscsi"), why("no volume plugin matched"));
    }

    #[test]
    fn a_cloud_of_old_is_its_drivers() {
        let class = json!({"metadata": {"name": "gp2"}, "provisioner": "kubernetes.io/aws-ebs"});
        let class = (storage_class::KIND.decode)(class).expect("a class");
        let claim = claim(&json!({}), &json!({"storageClassName": "gp2"}), &json!({"phase": "Pending"}));
        let written = written(&[class, claim]);
        let named = &written[0]["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"];
        assert_eq!(named, "ebs.csi.aws.com");
    }

    #[test]
    fn a_volume_that_would_fit_wakes_nobody() {
        let open = claim(&json!({}), &json!({}), &json!({"phase": "Pending"}));
        let woken = |reference: &Value| {
            let volume = volume(&json!({"claimRef": reference}), &json!({}));
            wakes(&CONTROLLER, std::slice::from_ref(&open), (None, Some(&volume))).contains(&open.reference())
        };
        assert!(!woken(&Value::Null));
        assert!(!woken(&json!({"name": "c", "namespace": "n"})), "it waits for its next turn");
        assert!(woken(&json!({"name": "c", "namespace": "n", "uid": "u"})));
    }
}
