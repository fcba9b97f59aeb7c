//! The Job controller: pods that run to an end, as often as wanted.
//!
//! Upstream: `pkg/controller/job/job_controller.go`. One look at a Job:
//!
//! 1. claim its pods; count those that run, are ready, are ending, and those that have ended since the last look;
//! 2. decide whether the Job has failed (back-off limit, deadline, failure policy, failed indexes) or succeeded
//!    ([`policy`]): then what still runs is deleted; otherwise make or delete pods ([`manage`]), after the back-off
//!    ([`backoff`]);
//! 3. count ([`track`]): ended pods are first written down by uid in the status, then lose their finalizer, then are
//!    added to the counters. A crash in between neither loses nor counts twice.
//!
//! Changes of pods are gathered for a second. Pods whose Job is gone or finished lose their finalizer, too.
//!
//! Left out: gang scheduling by Workload objects (an alpha feature).

pub mod backoff;
pub mod indexes;
mod look;
mod manage;
pub mod policy;
pub mod spec;
mod track;

use self::look::Look;
use self::spec::{Job, TRACKING, is_tracked};
use super::replicaset::owner_uid;
use super::shared::claim::is_controlled;
use super::shared::{labels, subject};
use crate::api::kinds::{job, pod};
use crate::api::meta::{controller_of, timestamp};
use crate::api::request::PatchType;
use crate::api::{Object, Ref, Request, Verb};
use crate::cluster::client::controller::{Controller, Failed, Reconcile, Tolerate, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::Time;
use serde_json::{Value, json};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "job-controller",
    account: "job-controller",
    workers: 5,
    watches: &[Watch::mapped(&job::KIND, wake_by_job), Watch::mapped(&pod::KIND, wake_by_pod)],
    period: None,
    retries: 0,
    reconcile,
    failed: Some(failed),
};

/// A new Job and a new spec are looked at at once, a new status a second later.
fn wake_by_job(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new.or(old) else { return };
    match (old, new) {
        (Some(old), Some(new)) if old.meta().generation == new.meta().generation => {
            wake.key_after(new.reference(), timing::JOB_BATCH);
        }
        _ => wake.object(object),
    }
    let ended = new.is_none_or(|new| Job::read(new).is_ok_and(|job| job.end().is_some()));
    if ended {
        let pods = wake.cache(&pod::KIND).owned_by(object.uid()).filter(|pod| is_tracked(pod));
        wake.objects(pods);
    }
}

fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new.or(old) else { return };
    if let Some(old) = old.filter(|old| owner_uid(Some(old)) != owner_uid(Some(object)))
        && let Some(job) = wake.owner_of(old, &job::KIND)
    {
        wake.key_after(job, timing::JOB_BATCH);
    }
    if is_controlled(object) {
        let Some(owner) = wake.owner_of(object, &job::KIND) else {
            if new.is_some() && is_tracked(object) {
                wake.object(object);
            }
            return;
        };
        let ended = wake.cache(&job::KIND).get(&owner.key).and_then(|job| Job::read(job).ok()?.end()).is_some();
        if ended && new.is_some() && is_tracked(object) {
            wake.object(object);
        }
        wake.key_after(owner, timing::JOB_BATCH);
    } else if new.is_some() {
        if is_tracked(object) {
            wake.object(object);
        }
        let would = |job: &&Object| {
            let selector = Job::read(job).and_then(|job| job.selector());
            selector.is_ok_and(|selector| selector.matches(labels(object.meta())))
        };
        let jobs: Vec<&Object> = wake.cache(&job::KIND).in_namespace(object.namespace()).filter(would).collect();
        for job in jobs {
            wake.key_after(job.reference(), timing::JOB_BATCH);
        }
    }
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    if key.kind == &pod::KIND {
        release(key, reconcile);
        return Ok(());
    }
    let Some(object) = subject(reconcile, key) else {
        backoff::forget(reconcile, &key.key.to_string());
        return Ok(());
    };
    let job = Job::read(object)?;
    if job.is_managed_elsewhere() {
        return Ok(());
    }
    if job.end().is_some() {
        backoff::forget(reconcile, &key.key.to_string());
        return Ok(());
    }
    let Some(mut look) = Look::at(reconcile, job)? else { return Ok(()) };
    look.decide(reconcile);
    if look.finished.is_some() {
        manage::delete_all(reconcile, &mut look);
    } else {
        let managed = !object.is_terminating();
        if managed {
            manage::manage(reconcile, &mut look);
        }
        look.settle(reconcile, managed);
    }
    track::track(reconcile, look);
    Ok(())
}

/// When pods could not be made, those that have ended are counted nevertheless.
fn failed(key: &Ref, reconcile: &mut Reconcile, (request, _): Failed) {
    let managed = key.kind == &job::KIND && matches!(request.verb, Verb::Create | Verb::Delete);
    let object = subject(reconcile, key).filter(|_| managed);
    let Some(Ok(job)) = object.map(Job::read) else { return };
    if let Ok(Some(mut look)) = Look::at(reconcile, job) {
        look.decide(reconcile);
        if look.finished.is_none() {
            look.settle(reconcile, true);
            track::track(reconcile, look);
        }
    }
}

/// Takes the finalizer from a pod whose Job is gone or has ended (upstream: `syncOrphanPod`).
fn release(key: &Ref, reconcile: &mut Reconcile) {
    let Some(object) = subject(reconcile, key).filter(|object| is_tracked(object)) else { return };
    if let Some(owner) = controller_of(object.meta()) {
        if owner.kind != "Job" {
            return;
        }
        let job = reconcile.cache(&job::KIND).get(&crate::api::Key::new(object.namespace(), &owner.name));
        let job = job.filter(|job| job.uid() == owner.uid).and_then(|job| Job::read(job).ok());
        if job.is_some_and(|job| job.is_managed_elsewhere() || job.end().is_none()) {
            return;
        }
    }
    reconcile.write(untrack(object));
}

/// A patch that takes the finalizer from a pod.
fn untrack(pod: &Object) -> Write {
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": [TRACKING]}});
    let request = Request::patch(&pod::KIND, &pod.key(), PatchType::Strategic, patch);
    Write::new(request).tolerating(Tolerate::NotFound)
}

/// A condition with which a Job ends, or is about to.
#[derive(Clone)]
struct End {
    kind: &'static str,
    reason: String,
    message: String,
}

impl End {
    fn new(kind: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { kind, reason: reason.to_owned(), message: message.into() }
    }

    fn of(kind: &'static str, condition: &Value) -> Self {
        let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        Self { kind, reason: text("reason"), message: text("message") }
    }

    fn to_value(&self, now: Time) -> Value {
        condition(self.kind, "True", (&self.reason, &self.message), now)
    }
}

fn condition(kind: &str, status: &str, (reason, message): (&str, &str), now: Time) -> Value {
    let now = timestamp(now).0.to_string();
    json!({"type": kind, "status": status, "lastProbeTime": now, "lastTransitionTime": now, "reason": reason,
        "message": message})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Status;
    use crate::cluster::client::testing::wants_after;

    #[test]
    fn only_after_pods_that_could_not_be_made_the_status_is_written_at_once() {
        let job = json!({"metadata": {"name": "sum", "namespace": "n", "uid": "u"}, "spec": {"parallelism": 1,
            "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed",
            "selector": {"matchLabels": {"job-name": "sum"}}, "template": {"metadata": {"labels": {"job-name": "sum"}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}}});
        let job = (job::KIND.decode)(job).expect("a job");
        let pod = (pod::KIND.decode)(json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": []}}));
        let refused = Status::forbidden(&pod::KIND, "p", "exceeded quota");
        let after = |request: &Request| {
            let wanted = wants_after(&CONTROLLER, std::slice::from_ref(&job), &job.reference(), (request, &refused));
            wanted.iter().map(|request| request.target.subresource).collect::<Vec<_>>()
        };
        assert_eq!(after(&Request::create(pod.expect("a pod"))), ["status"]);
        assert!(after(&Request::update_status(job.clone())).is_empty());
    }
}
