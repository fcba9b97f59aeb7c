//! `csi-resizer`: expands the volume of a claim that wants more than it has.
//!
//! Upstream: `kubernetes-csi/external-resizer`, `pkg/controller/controller.go` (`syncPVC`) and `expand_and_recover.go`. The
//! driver expands the volume first; its file system is the kubelet's to expand, where the volume is mounted.
//!
//! ```text
//!   condition Resizing ── ControllerExpandVolume ──▶ the volume's capacity ──▶ condition FileSystemResizePending ── kubelet ──▶ none
//! ```
//!
//! Left out: smaller sizes after a failure, volumes that are blocks and need nothing from the kubelet.

use super::{called, is_calling, within_limits};
use crate::api::kinds::{persistent_volume as volumes, persistent_volume_claim as claims};
use crate::api::meta::timestamp;
use crate::api::request::PatchType;
use crate::api::volumes::{csi_driver, is_bound, size, volume_name, wanted};
use crate::api::{Key, Object, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Watch};
use crate::cluster::timing;
use serde_json::{Value, json};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "external-resizer",
    account: "",
    workers: 10,
    watches: &[Watch::of(&claims::KIND), Watch::mapped(&volumes::KIND, |_, _, _| {})],
    period: None,
    retries: 0,
    reconcile: |key, reconcile| {
        let claim = reconcile.lookup(&claims::KIND, &key.key).filter(|claim| is_bound(claim));
        let volume = claim.and_then(|claim| reconcile.lookup(&volumes::KIND, &Key::new("", volume_name(claim))));
        let driver = reconcile.flag("driver").unwrap_or_default();
        match claim.zip(volume.filter(|volume| csi_driver(volume) == driver)) {
            Some((claim, volume)) => expand(claim, volume, reconcile),
            None => Ok(()),
        }
    },
    failed: None,
};

fn expand(claim: &Object, volume: &Object, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(tree) = claim.document() else { return Ok(()) };
    let (has, wants) = (tree.amount("status.capacity.storage"), wanted(claim));
    let name = volume.name();
    if tree.text("status.phase") != "Bound" || wants <= has {
        return Ok(());
    }
    let text = tree.text("spec.resources.requests.storage");
    if size(volume) >= wants {
        // Done before; the rest is the kubelet's.
        if !is_pending(tree.list("status.conditions")) {
            wait_for_node(claim, text, reconcile);
        }
        return Ok(());
    }
    let call = format!("expand {name} to {wants}");
    if !is_calling(reconcile, &call) {
        let condition = json!({"type": "Resizing", "status": "True"});
        mark(claim, (text, "ControllerResizeInProgress"), condition, reconcile);
        reconcile.say(Saying::normal(claim, "Resizing", format!("External resizer is resizing volume {name}")));
    }
    if let Err(why) = within_limits(wants) {
        let driver = csi_driver(volume);
        let text = format!("resize volume {name:?} by resizer {driver:?} failed: {why}");
        reconcile.say(Saying::warning(claim, "VolumeResizeFailed", text));
        return Err(why);
    }
    if called(reconcile, call, timing::CSI_EXPAND) {
        let patch = json!({"spec": {"capacity": {"storage": text}}});
        reconcile.request(Request::patch(&volumes::KIND, &volume.key(), PatchType::Strategic, patch));
        wait_for_node(claim, text, reconcile);
    }
    Ok(())
}

fn is_pending(conditions: &[Value]) -> bool {
    conditions.iter().any(|condition| condition["type"] == "FileSystemResizePending")
}

/// Upstream: `markForPendingNodeExpansion`.
fn wait_for_node(claim: &Object, size: &str, reconcile: &mut Reconcile) {
    let message = "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";
    let condition = json!({"type": "FileSystemResizePending", "status": "True", "message": message});
    mark(claim, (size, "NodeResizePending"), condition, reconcile);
    let text = "Require file system resize of volume on node";
    reconcile.say(Saying::normal(claim, "FileSystemResizeRequired", text));
}

/// Writes how far the claim has come.
fn mark(claim: &Object, (size, state): (&str, &str), mut condition: Value, reconcile: &mut Reconcile) {
    condition["lastTransitionTime"] = timestamp(reconcile.now()).0.to_string().into();
    // One replaces the other: the conditions of a claim are only these.
    let patch = json!({"status": {"allocatedResources": {"storage": size}, "conditions": [condition],
        "allocatedResourceStatuses": {"storage": state}}});
    let mut request = Request::patch(&claims::KIND, &claim.key(), PatchType::Merge, patch);
    request.target.subresource = "status";
    reconcile.request(request);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_waits_for_its_node_only_once() {
        assert!(!is_pending(&[json!({"type": "Resizing", "status": "True"})]));
        assert!(is_pending(&[json!({"type": "FileSystemResizePending", "status": "True"})]));
    }
}
