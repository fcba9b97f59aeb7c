//! The taints that a node's conditions call for. Pure functions.
//!
//! Upstream: `pkg/controller/nodelifecycle/node_lifecycle_controller.go` (`doNoScheduleTaintingPass`), `pkg/util/taints`.

use crate::api::Object;
use crate::api::meta::timestamp;
use crate::sim::Time;
use k8s_openapi::api::core::v1::{Node, NodeCondition, Taint};

/// Taint of a node that says that it is not ready.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// Taint of a node that says nothing.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Condition, value, taint.
const BY_CONDITION: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];

/// The taints of a node.
#[must_use]
pub fn of(object: &Object) -> &[Taint] {
    let taints = object.get().and_then(|node: &Node| node.spec.as_ref()?.taints.as_deref());
    taints.unwrap_or_default()
}

/// A condition of a node.
#[must_use]
pub fn condition<'a>(object: &'a Object, type_: &str) -> Option<&'a NodeCondition> {
    let conditions = object.get().and_then(|node: &Node| node.status.as_ref()?.conditions.as_ref());
    conditions.into_iter().flatten().find(|condition| condition.type_ == type_)
}

/// Whether a list has a taint.
#[must_use]
pub fn has(taints: &[Taint], key: &str, effect: &str) -> bool {
    taints.iter().any(|taint| taint.key == key && taint.effect == effect)
}

fn taint(key: &str, effect: &str, now: Time) -> Taint {
    Taint { key: key.to_owned(), effect: effect.to_owned(), time_added: Some(timestamp(now)), value: None }
}

/// The lists of taints that are to be written one after the other so that the `NoSchedule` taints say what the
/// conditions say: first with what is missing, then without what is too much.
#[must_use]
pub fn no_schedule(object: &Object, now: Time) -> Vec<Vec<Taint>> {
    let is = |type_, value| condition(object, type_).is_some_and(|condition| condition.status == value);
    let mut wanted: Vec<&str> =
        BY_CONDITION.iter().filter(|(type_, value, _)| is(type_, *value)).map(|(.., key)| *key).collect();
    if object.get().and_then(|node: &Node| node.spec.as_ref()?.unschedulable) == Some(true) {
        wanted.push(UNSCHEDULABLE);
    }
    let ours = |key: &str| key == UNSCHEDULABLE || BY_CONDITION.iter().any(|(.., known)| *known == key);
    let present = of(object);
    let missing: Vec<&str> = wanted.iter().copied().filter(|key| !has(present, key, "NoSchedule")).collect();
    let excess =
        |taint: &Taint| taint.effect == "NoSchedule" && ours(&taint.key) && !wanted.contains(&taint.key.as_str());
    swap(present, &missing, excess, ("NoSchedule", now))
}

/// The same for the `NoExecute` taint `wanted` (or none) of the two that tell why a node is not ready.
#[must_use]
pub fn no_execute(object: &Object, wanted: Option<&str>, now: Time) -> Vec<Vec<Taint>> {
    let present = of(object);
    let missing: Vec<&str> = wanted.into_iter().filter(|key| !has(present, key, "NoExecute")).collect();
    let excess = |taint: &Taint| {
        taint.effect == "NoExecute"
            && (taint.key == NOT_READY || taint.key == UNREACHABLE)
            && Some(taint.key.as_str()) != wanted
    };
    swap(present, &missing, excess, ("NoExecute", now))
}

/// Upstream: `SwapNodeControllerTaint`: one write that adds, one that removes.
fn swap(present: &[Taint], missing: &[&str], excess: impl Fn(&Taint) -> bool, new: (&str, Time)) -> Vec<Vec<Taint>> {
    let mut lists = Vec::new();
    let mut taints = present.to_vec();
    if !missing.is_empty() {
        taints.extend(missing.iter().map(|key| taint(key, new.0, new.1)));
        lists.push(taints.clone());
    }
    if taints.iter().any(&excess) {
        taints.retain(|taint| !excess(taint));
        lists.push(taints);
    }
    lists
}
