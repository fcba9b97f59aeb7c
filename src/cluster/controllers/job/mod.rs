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
mod manage;
pub mod policy;
pub mod spec;
mod track;

use self::indexes::{Indexes, index_of};
use self::spec::{Job, TRACKING, at, is_tracked};
use super::replicaset::owner_uid;
use super::shared::claim::{claim_tracked, is_controlled};
use super::shared::pods::{is_active, is_terminating};
use super::shared::{labels, subject};
use crate::api::kinds::{job, pod, pod::Pod};
use crate::api::meta::{controller_of, timestamp};
use crate::api::request::PatchType;
use crate::api::{Object, Ref, Request, Status};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;

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

/// When pods could not be made, the numbers are written nevertheless.
fn failed(key: &Ref, reconcile: &mut Reconcile, error: &Status) {
    let object = subject(reconcile, key).filter(|_| key.kind == &job::KIND && error.reason != "Conflict");
    let Some(Ok(job)) = object.map(Job::read) else { return };
    if let Ok(Some(mut look)) = Look::at(reconcile, job) {
        look.decide(reconcile);
        if look.finished.is_none() {
            look.settle(reconcile, true);
            track::write_numbers(reconcile, look);
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

/// What one look at a Job sees and decides.
struct Look<'a> {
    job: Job<'a>,
    pods: Vec<&'a Object>,
    active: Vec<&'a Object>,
    /// The numbers that the status will show.
    running: i64,
    ready: i64,
    terminating: i64,
    /// All that have succeeded and failed, counted or not.
    succeeded: i64,
    failed: i64,
    /// How long no pod may be made.
    wait: crate::sim::Duration,
    finished: Option<End>,
    /// Succeeded indexes, in the status and now.
    done_before: Indexes,
    done: Indexes,
    lost: Option<Indexes>,
    /// Failed pods whose successors must know of them.
    replaced: BTreeMap<i64, &'a Object>,
    status: serde_json::Map<String, Value>,
}

impl<'a> Look<'a> {
    /// `None`: a question is open.
    fn at(reconcile: &mut Reconcile<'a>, job: Job<'a>) -> Result<Option<Self>, String> {
        let selector = job.selector()?;
        let Some(pods) = claim_tracked(reconcile, job.object, &selector, TRACKING)? else { return Ok(None) };
        let active: Vec<&Object> =
            pods.iter().copied().filter(|object| object.get::<Pod>().is_some_and(is_active)).collect();
        let amount = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let ready = active.iter().filter(|object| object.get().is_some_and(Pod::is_ready)).count();
        let terminating = pods.iter().filter(|object| object.get::<Pod>().is_some_and(is_terminating)).count();
        let status = job.document.at("status").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut look = Self {
            job,
            running: amount(active.len()),
            ready: amount(ready),
            terminating: amount(terminating),
            active,
            pods,
            succeeded: 0,
            failed: 0,
            wait: crate::sim::Duration::ZERO,
            finished: None,
            done_before: Indexes::default(),
            done: Indexes::default(),
            lost: None,
            replaced: BTreeMap::new(),
            status,
        };
        look.count(reconcile);
        Ok(Some(look))
    }

    fn count(&mut self, reconcile: &mut Reconcile) {
        let uncounted = self.status.entry("uncountedTerminatedPods").or_insert_with(|| json!({})).clone();
        let listed = |list: &str| uncounted[list].as_array().map_or(0, Vec::len);
        let new = |list: &str, ended: fn(&Job, &Pod) -> bool| -> Vec<&'a Object> {
            let uids = uncounted[list].as_array();
            let listed = |pod: &Object| uids.into_iter().flatten().any(|uid| *uid == pod.uid());
            let counts = |pod: &&&Object| self.is_valid(pod) && is_tracked(pod) && !listed(pod);
            let pods = self.pods.iter().filter(counts).copied();
            pods.filter(|object| object.get().is_some_and(|pod: &Pod| ended(&self.job, pod))).collect()
        };
        let succeeded = new("succeeded", |_, pod| pod.phase() == "Succeeded");
        let failed = new("failed", |job, pod| job.has_failed(pod));
        let counted = failed.iter().filter(|pod| policy::verdict(&self.job, pod).counts).count();
        let amount = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.wait = backoff::wait(reconcile, &self.job, &succeeded, &failed);
        self.succeeded = self.number("succeeded") + amount(succeeded.len() + listed("succeeded"));
        self.failed = self.number("failed") + amount(counted + listed("failed"));
        if !self.status.contains_key("startTime") && !self.job.is_suspended() {
            self.status.insert("startTime".to_owned(), timestamp(reconcile.now()).0.to_string().into());
        }
        if self.job.is_indexed() {
            self.count_indexes();
        }
    }

    fn count_indexes(&mut self) {
        let job = self.job;
        let valid = || self.pods.iter().copied().filter(|pod| self.is_valid(pod) && is_tracked(pod));
        let has = |object: &&Object, test: &dyn Fn(&Pod) -> bool| object.get::<Pod>().is_some_and(test);
        let before = job.indexes("status.completedIndexes");
        let done = before.with(valid().filter(|pod| has(pod, &|pod| pod.phase() == "Succeeded")).filter_map(index_of));
        if let Some(limit) = job.backoff_limit_per_index() {
            let failed = || valid().filter(|pod| has(pod, &|pod| job.has_failed(pod)));
            let gives_up = |pod: &&Object| {
                let verdict = policy::verdict(&job, pod);
                verdict.fails_index || verdict.counts && backoff::failures(pod).0 >= limit
            };
            let lost = job.indexes("status.failedIndexes").with(failed().filter(gives_up).filter_map(index_of));
            let open = |pod: &&Object| {
                let alive = |index: i64| self.active.iter().any(|other| index_of(other) == Some(index));
                index_of(pod).is_some_and(|index| !done.has(index) && !lost.has(index) && !alive(index))
            };
            let replaced = backoff::last_failed(failed().filter(open));
            self.replaced = replaced;
            self.lost = Some(lost);
        }
        self.succeeded = done.total();
        (self.done_before, self.done) = (before, done);
    }

    /// Whether a pod counts: of an Indexed Job only those with an index below `completions`.
    fn is_valid(&self, pod: &Object) -> bool {
        !self.job.is_indexed() || index_of(pod).is_some_and(|index| index < self.job.completions().unwrap_or(0))
    }

    fn number(&self, name: &str) -> i64 {
        self.status.get(name).and_then(Value::as_i64).unwrap_or(0)
    }

    /// Whether the Job is to end, and how.
    fn decide(&mut self, reconcile: &mut Reconcile) {
        let job = self.job;
        self.finished = if let Some(met) = job.condition("SuccessCriteriaMet") {
            Some(End::of("SuccessCriteriaMet", met))
        } else if let Some(target) = job.condition("FailureTarget") {
            Some(End::of("Failed", target))
        } else {
            self.fails_by_policy()
                .or_else(|| self.fails_by_limit(reconcile))
                .or_else(|| self.fails_by_indexes())
                .or_else(|| Some(End::new("SuccessCriteriaMet", "SuccessPolicy", policy::success(&job, &self.done)?)))
        };
    }

    fn fails_by_policy(&self) -> Option<End> {
        self.job.failure_policy()?;
        let failed = self.pods.iter().filter(|object| object.get().is_some_and(|pod| self.job.has_failed(pod)));
        let why = failed.filter_map(|pod| policy::verdict(&self.job, pod).fails).next()?;
        Some(End::new("FailureTarget", "PodFailurePolicy", why))
    }

    fn fails_by_limit(&self, reconcile: &mut Reconcile) -> Option<End> {
        let fails = |reason: &str, message: &str| Some(End::new("FailureTarget", reason, message));
        if self.failed > self.job.backoff_limit() || self.restarts_too_often() {
            return fails("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        let (limit, start) = (self.job.deadline()?, at(self.status.get("startTime")?)?);
        let active = reconcile.now().since(start);
        if active >= limit {
            return fails("DeadlineExceeded", "Job was active longer than specified deadline");
        }
        reconcile.again_after(limit.saturating_sub(active));
        None
    }

    /// Upstream: `pastBackoffLimitOnFailure`.
    fn restarts_too_often(&self) -> bool {
        if self.job.document.text("spec.template.spec.restartPolicy") != "OnFailure" {
            return false;
        }
        let pods = self.pods.iter().filter_map(|object| object.get::<Pod>());
        let alive = pods.filter(|pod| matches!(pod.phase(), "Running" | "Pending"));
        let statuses = alive.flat_map(|pod| {
            let initial = pod.status.init_container_statuses.iter().flatten();
            initial.chain(pod.status.container_statuses.iter().flatten())
        });
        let restarts: i64 = statuses.map(|status| i64::from(status.restart_count)).sum();
        restarts >= self.job.backoff_limit().max(1)
    }

    fn fails_by_indexes(&self) -> Option<End> {
        let lost = self.lost.as_ref()?.total();
        let completions = self.job.completions().unwrap_or(0);
        if self.job.max_failed_indexes().is_some_and(|most| lost > most) {
            let message = "Job has exceeded the specified maximal number of failed indexes";
            return Some(End::new("FailureTarget", "MaxFailedIndexesExceeded", message));
        }
        let all = lost > 0 && lost + self.done.total() >= completions;
        all.then(|| End::new("FailureTarget", "FailedIndexes", "Job has failed indexes"))
    }

    /// Whether enough has succeeded; if not, whether the Job has been suspended or resumed.
    fn settle(&mut self, reconcile: &mut Reconcile, managed: bool) {
        let enough = match self.job.completions() {
            None => self.succeeded > 0,
            Some(completions) => self.succeeded >= completions,
        };
        if enough && self.running == 0 {
            let message = "Reached expected number of succeeded pods";
            self.finished = Some(End::new("SuccessCriteriaMet", "CompletionsReached", message));
        } else if managed {
            self.set_suspended(reconcile);
        }
    }

    fn set_suspended(&mut self, reconcile: &mut Reconcile) {
        let (status, reason, event, message) = if self.job.is_suspended() {
            ("True", "JobSuspended", "Suspended", "Job suspended")
        } else {
            ("False", "JobResumed", "Resumed", "Job resumed")
        };
        let now = reconcile.now();
        let conditions = self.status.entry("conditions").or_insert_with(|| json!([]));
        let Some(conditions) = conditions.as_array_mut() else { return };
        let new = condition("Suspended", status, (reason, message), now);
        match conditions.iter_mut().find(|condition| condition["type"] == "Suspended") {
            Some(old) if old["status"] == status => return,
            Some(old) => *old = new,
            None if status == "False" => return,
            None => conditions.push(new),
        }
        if status == "True" {
            self.status.remove("startTime");
        } else {
            self.status.insert("startTime".to_owned(), timestamp(now).0.to_string().into());
        }
        reconcile.say(Saying::normal(self.job.object, event, message));
    }
}
