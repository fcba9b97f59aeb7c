//! What a Deployment reports: counts, and the conditions `Available`, `Progressing` and `ReplicaFailure`.
//!
//! Upstream: `pkg/controller/deployment/progress.go` and `sync.go` (`calculateStatus`).

use super::family::{Child, Plan, available, total};
use crate::api::Object;
use crate::api::meta::{moment, timestamp};
use crate::cluster::controllers::shared::some;
use crate::sim::{Duration, Time};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSetStatus};

/// Condition type.
pub const PROGRESSING: &str = "Progressing";
const AVAILABLE: &str = "Available";
const FAILURE: &str = "ReplicaFailure";
/// Reason of a finished rollout.
pub const FINISHED: &str = "NewReplicaSetAvailable";
/// Reason of a rollout without progress.
pub const TIMED_OUT: &str = "ProgressDeadlineExceeded";

/// The Deployment with another status.
#[must_use]
pub fn with_status(plan: &Plan, status: DeploymentStatus) -> Object {
    let mut object = plan.object.clone();
    if let Some(deployment) = object.get_mut::<Deployment>() {
        deployment.status = Some(status);
    }
    object
}

/// A new condition.
#[must_use]
pub fn condition(type_: &str, status: &str, reason: &str, message: &str, now: Time) -> DeploymentCondition {
    DeploymentCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_update_time: Some(timestamp(now)),
        last_transition_time: Some(timestamp(now)),
    }
}

/// The condition of a type.
#[must_use]
pub fn get<'a>(status: &'a DeploymentStatus, type_: &str) -> Option<&'a DeploymentCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == type_)
}

/// Sets a condition unless status and reason are the same (upstream: `SetDeploymentCondition`).
pub fn set(status: &mut DeploymentStatus, mut condition: DeploymentCondition) {
    if let Some(before) = get(status, &condition.type_) {
        if before.status == condition.status && before.reason == condition.reason {
            return;
        }
        if before.status == condition.status {
            condition.last_transition_time.clone_from(&before.last_transition_time);
        }
    }
    remove(status, &condition.type_.clone());
    status.conditions.get_or_insert_default().push(condition);
}

fn remove(status: &mut DeploymentStatus, type_: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_ != type_);
    }
    status.conditions.take_if(|conditions| conditions.is_empty());
}

/// The counts, and whether enough pods are available (upstream: `calculateStatus`).
#[must_use]
pub fn counts(plan: &Plan, new: Option<&Child>, all: &[Child], now: Time) -> DeploymentStatus {
    let before = plan.status();
    let sum = |of: fn(&ReplicaSetStatus) -> i32| -> i32 { all.iter().filter_map(Child::status).map(of).sum() };
    let ready = available(all);
    let mut status = DeploymentStatus {
        observed_generation: plan.object.meta().generation,
        replicas: some(sum(|status| status.replicas)),
        updated_replicas: some(new.map_or(0, Child::current)),
        ready_replicas: some(sum(|status| status.ready_replicas.unwrap_or(0))),
        available_replicas: some(ready),
        unavailable_replicas: some((total(all) - ready).max(0)),
        terminating_replicas: Some(sum(|status| status.terminating_replicas.unwrap_or(0))),
        collision_count: before.collision_count,
        conditions: before.conditions,
    };
    let enough = ready >= plan.replicas() - plan.max_unavailable();
    let (verdict, reason, message) = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    set(&mut status, condition(AVAILABLE, verdict, reason, message, now));
    status
}

/// Counts and conditions of a rollout (upstream: `syncRolloutStatus`).
#[must_use]
pub fn rollout(plan: &Plan, new: Option<&Child>, all: &[Child], now: Time) -> DeploymentStatus {
    let mut status = counts(plan, new, all, now);
    let before = plan.status();
    let finished =
        before.conditions.iter().flatten().any(|c| c.type_ == PROGRESSING && c.reason.as_deref() == Some(FINISHED));
    if plan.deadline().is_none() {
        remove(&mut status, PROGRESSING);
    } else if !(status.replicas == status.updated_replicas && finished) {
        progress(plan, new, &mut status, now);
    }
    match failure(new, all) {
        Some(failure) => set(&mut status, failure),
        None => remove(&mut status, FAILURE),
    }
    status
}

fn progress(plan: &Plan, new: Option<&Child>, status: &mut DeploymentStatus, now: Time) {
    let who = match new {
        Some(new) => format!("ReplicaSet \"{}\"", new.object.name()),
        None => format!("Deployment \"{}\"", plan.object.name()),
    };
    let before = plan.status();
    if is_complete(plan, status) {
        set(status, condition(PROGRESSING, "True", FINISHED, &format!("{who} has successfully progressed."), now));
    } else if has_progressed(&before, status) {
        let mut next = condition(PROGRESSING, "True", "ReplicaSetUpdated", &format!("{who} is progressing."), now);
        if let Some(before) = get(&before, PROGRESSING) {
            if before.status == "True" {
                next.last_transition_time.clone_from(&before.last_transition_time);
            }
            // The same reason again still moves the time of the last progress.
            remove(status, PROGRESSING);
        }
        set(status, next);
    } else if has_timed_out(plan, status, now) {
        set(status, condition(PROGRESSING, "False", TIMED_OUT, &format!("{who} has timed out progressing."), now));
    }
}

/// Whether all pods are new and available (upstream: `DeploymentComplete`).
#[must_use]
pub fn is_complete(plan: &Plan, status: &DeploymentStatus) -> bool {
    let all = some(plan.replicas());
    status.updated_replicas == all
        && status.replicas == all
        && status.available_replicas == all
        && status.observed_generation >= plan.object.meta().generation
}

/// Upstream: `DeploymentProgressing`.
fn has_progressed(before: &DeploymentStatus, after: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| status.replicas.unwrap_or(0) - status.updated_replicas.unwrap_or(0);
    after.updated_replicas > before.updated_replicas
        || old(after) < old(before)
        || after.ready_replicas > before.ready_replicas
        || after.available_replicas > before.available_replicas
}

/// Upstream: `DeploymentTimedOut`.
fn has_timed_out(plan: &Plan, status: &DeploymentStatus, now: Time) -> bool {
    let (Some(deadline), Some(progress)) = (plan.deadline(), get(status, PROGRESSING)) else { return false };
    match progress.reason.as_deref() {
        Some(FINISHED) => false,
        Some(TIMED_OUT) => true,
        _ => progress.last_update_time.as_ref().is_some_and(|at| moment(at) + Duration::from_secs(deadline) < now),
    }
}

/// When an unfinished rollout must be looked at again to find that it has timed out (upstream:
/// `requeueStuckDeployment`).
#[must_use]
pub fn look_again(plan: &Plan, status: &DeploymentStatus, now: Time) -> Option<Duration> {
    let (deadline, before) = (plan.deadline()?, plan.status());
    let progress = get(&before, PROGRESSING)?;
    if is_complete(plan, status) || progress.reason.as_deref() == Some(TIMED_OUT) {
        return None;
    }
    let end = moment(progress.last_update_time.as_ref()?) + Duration::from_secs(deadline);
    // A second more, because the API keeps whole seconds.
    Some(end.since(now) + Duration::from_secs(1))
}

/// The failure of the new set, or else of any (upstream: `getReplicaFailures`).
fn failure(new: Option<&Child>, all: &[Child]) -> Option<DeploymentCondition> {
    let of = |set: &Child| {
        let conditions = set.status()?.conditions.as_ref()?;
        let found = conditions.iter().find(|condition| condition.type_ == FAILURE)?;
        Some(DeploymentCondition {
            type_: found.type_.clone(),
            status: found.status.clone(),
            reason: found.reason.clone(),
            message: found.message.clone(),
            last_update_time: found.last_transition_time.clone(),
            last_transition_time: found.last_transition_time.clone(),
        })
    };
    new.and_then(of).or_else(|| all.iter().find_map(of))
}
