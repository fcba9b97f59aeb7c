//! What becomes of a volume: offered, bound, or reclaimed when its claim is gone.
//!
//! Upstream: `pv_controller.go`, `syncVolume`, `reclaimVolume`.

use super::bind::{phase, set_volume_phase, unbind};
use super::recycle::recycle;
use crate::api::kinds::{persistent_volume, persistent_volume_claim as claims};
use crate::api::request::DeleteOptions;
use crate::api::volumes::{BOUND_BY_CONTROLLER, PROVISIONED_BY, volume_name};
use crate::api::{Key, Object, Request};
use crate::cluster::client::controller::{Reconcile, Saying, Tolerate, Write};
use crate::cluster::controllers::shared::annotation;

/// The annotation of a volume of an old sort that a driver looks after. Upstream: `AnnMigratedTo`.
const MIGRATED_TO: &str = "pv.kubernetes.io/migrated-to";

/// Looks at a volume.
pub(super) fn sync(volume: &Object, reconcile: &mut Reconcile) {
    let Some(tree) = volume.document() else { return };
    let uid = tree.text("spec.claimRef.uid");
    if uid.is_empty() {
        return set_volume_phase(volume, "Available", None, reconcile);
    }
    let key = Key::new(tree.text("spec.claimRef.namespace"), tree.text("spec.claimRef.name"));
    let mut claim = reconcile.lookup(&claims::KIND, &key).filter(|claim| claim.uid() == uid);
    if claim.is_none() && !matches!(phase(volume), "Released" | "Failed") {
        // A cache that is behind must not release a volume.
        let Some(live) = reconcile.ask(&claims::KIND, &key) else { return };
        claim = live.ok().filter(|claim| claim.uid() == uid);
    }
    match claim {
        None => released(volume, reconcile),
        Some(claim) if volume_name(claim).is_empty() => {
            let mode = |object: &Object| object.document().map(|tree| tree.text("spec.volumeMode").to_owned());
            if mode(volume) != mode(claim) {
                say_mode_mismatch(volume, claim, reconcile);
            }
        }
        Some(claim) if volume_name(claim) == volume.name() => set_volume_phase(volume, "Bound", None, reconcile),
        Some(_) => {
            // Its claim has got another one.
            let made = annotation(volume.meta(), PROVISIONED_BY).is_some();
            if made && tree.text("spec.persistentVolumeReclaimPolicy") == "Delete" {
                released(volume, reconcile);
            } else if annotation(volume.meta(), BOUND_BY_CONTROLLER).is_some() || !uid.is_empty() {
                unbind(volume, reconcile);
            }
        }
    }
}

fn say_mode_mismatch(volume: &Object, claim: &Object, reconcile: &mut Reconcile) {
    let of_volume = format!(
        "Cannot bind PersistentVolume to requested PersistentVolumeClaim {:?} due to incompatible volumeMode.",
        claim.name()
    );
    let of_claim = format!(
        "Cannot bind PersistentVolume {:?} to requested PersistentVolumeClaim due to incompatible volumeMode.",
        volume.name()
    );
    reconcile.say(Saying::warning(volume, "VolumeMismatch", of_volume));
    reconcile.say(Saying::warning(claim, "VolumeMismatch", of_claim));
}

/// The claim is gone: first the volume says so, then its policy decides.
fn released(volume: &Object, reconcile: &mut Reconcile) {
    if !matches!(phase(volume), "Released" | "Failed") {
        return set_volume_phase(volume, "Released", None, reconcile);
    }
    let policy = volume.document().map(|volume| volume.text("spec.persistentVolumeReclaimPolicy"));
    match policy {
        Some("Recycle") => recycle(volume, reconcile),
        Some("Delete") => delete(volume, reconcile),
        _ => {}
    }
}

/// Whether a volume is of a sort.
pub(super) fn has(volume: &Object, source: &str) -> bool {
    volume.document().is_some_and(|volume| volume.at(&format!("spec.{source}")).is_some())
}

/// Upstream: `deleteVolumeOperation`. What a driver outside has made it also takes away.
fn delete(volume: &Object, reconcile: &mut Reconcile) {
    let by = annotation(volume.meta(), PROVISIONED_BY).unwrap_or_default();
    let own = by.is_empty() || by.starts_with("kubernetes.io/");
    if !own || annotation(volume.meta(), MIGRATED_TO).is_some() || has(volume, "csi") {
        return;
    }
    let path = volume.document().map(|volume| volume.text("spec.hostPath.path")).unwrap_or_default();
    let trouble = if has(volume, "hostPath") && path.strip_prefix("/tmp/").is_some_and(|rest| !rest.is_empty()) {
        let request = Request::delete(&persistent_volume::KIND, &volume.key(), DeleteOptions::default());
        return reconcile.write(Write::new(request).tolerating(Tolerate::NotFound));
    } else if has(volume, "hostPath") {
        format!("host_path deleter only supports /tmp/.+ but received provided {path}")
    } else {
        // The controller manager knows these two; others belong to kubelets.
        let known = ["nfs", "local"].iter().any(|source| has(volume, source));
        let what = if known { "no deletable volume plugin matched" } else { "no volume plugin matched" };
        format!("error getting deleter volume plugin for volume {:?}: {what}", volume.name())
    };
    set_volume_phase(volume, "Failed", Some(("VolumeFailedDelete", &trouble)), reconcile);
}
