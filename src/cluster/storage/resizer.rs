//! `csi-resizer`: expands the volume of a claim that wants more than it has.
//!
//! Upstream: `kubernetes-csi/external-resizer`, `pkg/controller/controller.go` (`syncPVC`) and `expand_and_recover.go`. The
//! driver expands the volume first; its file system is the kubelet's to expand, where the volume is mounted.
//!
//! ```text
//!   condition Resizing ── ControllerExpandVolume ──▶ the volume's capacity ──▶ condition FileSystemResizePending ── kubelet ──▶ none
//! ```
//!
//! Left out: volumes that are blocks and need nothing from the kubelet.

use super::{called, is_calling, within_limits};
use crate::api::kinds::{persistent_volume as volumes, persistent_volume_claim as claims};
use crate::api::meta::timestamp;
use crate::api::request::PatchType;
use crate::api::volumes::{csi_driver, is_bound, size, volume_name, wanted};
use crate::api::{Key, Object, Request};
use crate::cluster::client::controller::{Controller, Note, Reconcile, Saying, Wake, Watch};
use crate::cluster::timing;
use serde_json::{Value, json};
use std::rc::Rc;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "external-resizer",
    account: "",
    workers: 10,
    watches: &[Watch::mapped(&claims::KIND, wake_by_claim), Watch::mapped(&volumes::KIND, |_, _, _| {})],
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

/// A claim that is new, wants another size or has got more (upstream: `updatePVC`).
fn wake_by_claim(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let has = |claim: &Object| claim.document().map_or(0, |claim| claim.amount("status.capacity.storage"));
    let changed = |old: &Object, new: &Object| wanted(old) != wanted(new) || has(old) < has(new);
    wake.objects(new.filter(|new| old.is_none_or(|old| changed(old, new))));
}

fn expand(claim: &Object, volume: &Object, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(tree) = claim.document() else { return Ok(()) };
    let (has, wants) = (tree.amount("status.capacity.storage"), wanted(claim));
    let name = volume.name();
    if tree.text("status.phase") != "Bound" || wants <= has {
        return Ok(());
    }
    let text = tree.text("spec.resources.requests.storage");
    let conditions = tree.list("status.conditions");
    let has_condition = |kind: &str| conditions.iter().any(|condition| condition["type"] == kind);
    if size(volume) >= wants {
        // Done before; the rest is the kubelet's.
        if !has_condition("FileSystemResizePending") {
            wait_for_node(claim, (text, conditions), reconcile);
        }
        return Ok(());
    }
    let again = tree.amount("status.allocatedResources.storage") == wants;
    if again && tree.text("status.allocatedResourceStatuses.storage") == INFEASIBLE && is_slow(claim, reconcile) {
        return Ok(());
    }
    let call = format!("expand {name} to {wants}");
    let mut conditions = conditions.to_vec();
    if !is_calling(reconcile, &call) {
        if !again {
            conditions.retain(|condition| !is_of_resizing(condition));
        }
        merge(&mut conditions, json!({"type": "Resizing", "status": "True"}), reconcile);
        let state = if again { None } else { Some("ControllerResizeInProgress") };
        mark(claim, (Some(text), state), &conditions, reconcile);
        reconcile.say(Saying::normal(claim, "Resizing", format!("External resizer is resizing volume {name}")));
    }
    if let Err(why) = within_limits(wants) {
        let message = format!("failed to expand pvc with {why}");
        let condition = json!({"type": "ControllerResizeError", "status": "True", "message": message});
        merge(&mut conditions, condition, reconcile);
        mark(claim, (None, Some(INFEASIBLE)), &conditions, reconcile);
        let text = format!("resize volume {name:?} by resizer {:?} failed: {why}", csi_driver(volume));
        reconcile.say(Saying::warning(claim, "VolumeResizeFailed", text));
        return Err(why);
    }
    if called(reconcile, call, timing::CSI_EXPAND) {
        let patch = json!({"spec": {"capacity": {"storage": text}}});
        reconcile.request(Request::patch(&volumes::KIND, &volume.key(), PatchType::Strategic, patch));
        wait_for_node(claim, (text, &conditions), reconcile);
    }
    Ok(())
}

const INFEASIBLE: &str = "ControllerResizeInfeasible";

/// What the driver cannot do is tried once more, then after a long while only (upstream: `markForSlowRetry`).
fn is_slow(claim: &Object, reconcile: &mut Reconcile) -> bool {
    let (key, now) = (Rc::<str>::from(format!("slow {}", claim.uid())), reconcile.now());
    let until = match reconcile.memory.get(&key) {
        Some(Note::Moment(until)) if *until > now => *until,
        _ => {
            reconcile.memory.insert(key, Note::Moment(now + timing::CSI_RETRY_MAX));
            return false;
        }
    };
    reconcile.again_after(until.since(now));
    true
}

/// Upstream: `knownResizeConditions`.
fn is_of_resizing(condition: &Value) -> bool {
    let known = ["Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError"];
    known.iter().any(|kind| condition["type"] == *kind)
}

/// Puts a condition in the place of the one of its type. Upstream: `MergeResizeConditionsOfPVC`.
fn merge(conditions: &mut Vec<Value>, mut condition: Value, reconcile: &Reconcile) {
    condition["lastTransitionTime"] = timestamp(reconcile.now()).0.to_string().into();
    match conditions.iter_mut().find(|known| known["type"] == condition["type"]) {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
}

/// Upstream: `markForPendingNodeExpansion`.
fn wait_for_node(claim: &Object, (size, conditions): (&str, &[Value]), reconcile: &mut Reconcile) {
    let message = "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";
    let mut conditions = conditions.to_vec();
    let condition = json!({"type": "FileSystemResizePending", "status": "True", "message": message});
    merge(&mut conditions, condition, reconcile);
    mark(claim, (Some(size), Some("NodeResizePending")), &conditions, reconcile);
    let text = "Require file system resize of volume on node";
    reconcile.say(Saying::normal(claim, "FileSystemResizeRequired", text));
}

/// Writes how far the claim has come.
fn mark(claim: &Object, (size, state): (Option<&str>, Option<&str>), conditions: &[Value], reconcile: &mut Reconcile) {
    let mut status = json!({"conditions": conditions});
    if let Some(size) = size {
        status["allocatedResources"] = json!({"storage": size});
    }
    if let Some(state) = state {
        status["allocatedResourceStatuses"] = json!({"storage": state});
    }
    let mut request = Request::patch(&claims::KIND, &claim.key(), PatchType::Merge, json!({"status": status}));
    request.target.subresource = "status";
    reconcile.request(request);
}
