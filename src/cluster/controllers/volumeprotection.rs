//! The two controllers that let claims and volumes go only when nobody uses them any more: a claim when no pod with a
//! node names it, a volume when it is not bound.
//!
//! Upstream: `pkg/controller/volume/pvcprotection/pvc_protection_controller.go`, `…/pvprotection/pv_protection_controller.go`.

use super::shared::subject;
use crate::api::kinds::{persistent_volume, persistent_volume_claim, pod, pod::Pod};
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

/// Only a pod that goes, or has become another, can set a claim free.
fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(gone) = old.filter(|old| new.is_none_or(|new| new.uid() != old.uid())) else { return };
    for claim in gone.get().into_iter().flat_map(|pod: &Pod| pod.claims(gone.name())) {
        wake.named(&persistent_volume_claim::KIND, gone.namespace(), &claim);
    }
}

fn reconcile_claim(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(claim) = subject(reconcile, key) else { return Ok(()) };
    let names_it = |object: &Object| {
        let pod: Option<&Pod> = object.get().filter(|_| object.namespace() == claim.namespace());
        pod.is_some_and(|pod| pod.node().is_some() && pod.claims(object.name()).any(|name| name == claim.name()))
    };
    let used = claim.is_terminating() && reconcile.cache(&pod::KIND).iter().any(names_it);
    protect(reconcile, claim, persistent_volume_claim::PROTECTION, used);
    Ok(())
}

fn reconcile_volume(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(volume) = subject(reconcile, key) else { return Ok(()) };
    let bound = volume.document().is_some_and(|volume| volume.text("status.phase") == "Bound");
    protect(reconcile, volume, persistent_volume::PROTECTION, bound);
    Ok(())
}

/// What lives has the finalizer, what goes loses it when it is not used any more.
fn protect(reconcile: &mut Reconcile, object: &Object, finalizer: &str, used: bool) {
    let protected = object.meta().finalizers.iter().flatten().any(|known| known == finalizer);
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
