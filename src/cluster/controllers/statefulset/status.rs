//! What a StatefulSet reports.
//!
//! Upstream: `stateful_set_control.go` (`computeReplicaStatus`) and `stateful_set_utils.go` (`completeRollingUpdate`,
//! `inconsistentStatus`).

use super::set::{Set, revision};
use crate::api::Object;
use crate::api::kinds::pod::Pod;
use crate::cluster::controllers::shared::history::Present;
use crate::sim::Time;
use serde_json::{Value, json};

/// The numbers of pods.
#[derive(Default)]
pub struct Counts {
    replicas: i64,
    ready: i64,
    available: i64,
    current: i64,
    updated: i64,
}

/// Counts pods that have been created; `revisions`: the former and the new one.
pub fn count(set: &Set, pods: &[&Object], revisions: (&str, &str), now: Time) -> Counts {
    let mut counts = Counts::default();
    for pod in pods.iter().filter(|pod| pod.get::<Pod>().is_some_and(|pod| !pod.phase().is_empty())) {
        counts.replicas += 1;
        counts.ready += i64::from(set.is_ready(pod));
        counts.available += i64::from(set.is_available(pod, now));
        if !pod.is_terminating() {
            counts.current += i64::from(revision(pod) == revisions.0);
            counts.updated += i64::from(revision(pod) == revisions.1);
        }
    }
    counts
}

/// The status; `gone`: pods of the former revision that were deleted just now.
pub fn of(set: &Set, counts: &Counts, gone: i64, (current, update): (&str, &Present)) -> Value {
    let all = |number: i64| number == set.replicas;
    let done = set.rolling && all(counts.updated) && all(counts.ready) && all(counts.replicas);
    let number = if done { counts.updated } else { counts.current - gone };
    let mut status = json!({
        "observedGeneration": set.object.meta().generation,
        "replicas": counts.replicas,
        "currentRevision": if done { &update.name } else { current },
        "updateRevision": update.name,
        "collisionCount": update.collisions,
        "availableReplicas": counts.available,
    });
    let rest = [("readyReplicas", counts.ready), ("currentReplicas", number), ("updatedReplicas", counts.updated)];
    for (name, number) in rest.into_iter().filter(|(_, number)| *number != 0) {
        status[name] = number.into();
    }
    status
}

/// Whether the difference is worth a write.
pub fn differs(old: &Value, new: &Value) -> bool {
    const FIELDS: [&str; 7] = [
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "currentRevision",
        "updateRevision",
    ];
    let observed = |status: &Value| status["observedGeneration"].as_i64().unwrap_or(0);
    let shown = |status: &Value, field: &str| status.get(field).cloned().unwrap_or_else(|| json!(0));
    observed(new) > observed(old) || FIELDS.iter().any(|field| shown(new, field) != shown(old, field))
}
