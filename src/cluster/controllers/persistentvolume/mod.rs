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
//! Left out: the pod that empties a volume to be recycled (it is empty at once), and drivers of the old in-tree sorts.

mod bind;
mod volume;

use self::bind::{bind, set_phase};
use super::shared::{annotation, subject};
use crate::api::kinds::{persistent_volume, persistent_volume_claim as claims, pod, pod::Pod, storage_class};
use crate::api::volumes::{self, BIND_COMPLETED, BOUND_BY_CONTROLLER, PROVISIONER, SELECTED_NODE, Search};
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Wake, Watch};
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
        Watch::mapped(&pod::KIND, |_, _, _| {}),
    ],
    period: Some((timing::VOLUME_SYNC, |wake| {
        let (volumes, claims) = (wake.cache(&persistent_volume::KIND), wake.cache(&claims::KIND));
        wake.objects(volumes.iter().chain(claims.iter()));
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
    failed: None,
};

/// A volume that names a claim concerns the claim, too.
fn wake_by_volume(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    wake.objects(new);
    for volume in old.into_iter().chain(new).filter_map(Object::document) {
        let (namespace, name) = (volume.text("spec.claimRef.namespace"), volume.text("spec.claimRef.name"));
        if !name.is_empty() {
            wake.named(&claims::KIND, namespace, name);
        }
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
        if annotation(claim.meta(), BOUND_BY_CONTROLLER).is_none() {
            let message = format!("volume {name:?} already bound to a different claim.");
            reconcile.say(Saying::warning(claim, "FailedBinding", message));
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
    let mode = |object: &Object| object.document().map(|tree| tree.text("spec.volumeMode").to_owned());
    let class = volume.document().map(|volume| volume.text("spec.storageClassName").to_owned());
    if volumes::size(volume) < volumes::wanted(claim) {
        Some("requested PV is too small".to_owned())
    } else if volume.is_terminating() {
        Some(format!("the volume is marked for deletion {:?}", volume.name()))
    } else if class.as_deref() != Some(claims::class(claim)) {
        Some("storageClassName does not match".to_owned())
    } else if mode(volume) != mode(claim) {
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
        pod.is_some_and(|pod| pod.node().is_none() && pod.claims(object.name()).any(|name| name == claim.name()))
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

/// Leaves the claim to the provisioner of its class (upstream: `provisionClaim`, `provisionClaimOperationExternal`).
fn provision(claim: &Object, class: Option<&Object>, reconcile: &mut Reconcile) {
    let provisioner = class.and_then(Object::document).map(|class| class.text("provisioner"));
    let trouble = match provisioner {
        None => format!("storageclass.storage.k8s.io {:?} not found", claims::class(claim)),
        Some(own) if own.starts_with("kubernetes.io/") => format!("no volume plugin matched name: {own}"),
        Some(external) => {
            if PROVISIONER.iter().any(|name| annotation(claim.meta(), name) != Some(external)) {
                let mut changed = claim.clone();
                let annotations = changed.meta_mut().annotations.get_or_insert_default();
                annotations.extend(PROVISIONER.map(|name| (name.to_owned(), external.to_owned())));
                reconcile.request(Request::update(changed));
            }
            let message = format!(
                "Waiting for a volume to be created either by the external provisioner '{external}' or manually by the \
                 system administrator. If volume creation is delayed, please verify that the provisioner is running and \
                 correctly registered."
            );
            return reconcile.say(Saying::normal(claim, "ExternalProvisioning", message));
        }
    };
    reconcile.say(Saying::warning(claim, "ProvisioningFailed", trouble));
}

/// A claim that has had its volume for good (upstream: `syncBoundClaim`).
fn bound(claim: &Object, reconcile: &mut Reconcile) {
    let name = volumes::volume_name(claim);
    let volume = reconcile.lookup(&persistent_volume::KIND, &Key::new("", name));
    let claimant = volume.and_then(Object::document).map(|volume| volume.text("spec.claimRef.uid"));
    let lost = if name.is_empty() {
        ("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
    } else {
        match (volume, claimant) {
            (Some(volume), Some(uid)) if uid == claim.uid() || uid.is_empty() => {
                return bind(volume, claim, reconcile);
            }
            (Some(_), _) => ("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly"),
            (None, _) => ("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"),
        }
    };
    set_phase(claim, "Lost", Some(lost), reconcile);
}
