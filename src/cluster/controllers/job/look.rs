//! What one look at a Job sees, and what it decides.

use super::indexes::{Indexes, index_of};
use super::spec::{Job, TRACKING, at, is_tracked};
use super::{End, backoff, condition, policy};
use crate::api::Object;
use crate::api::kinds::pod::Pod;
use crate::api::meta::timestamp;
use crate::cluster::client::controller::{Reconcile, Saying};
use crate::cluster::controllers::shared::claim::claim_tracked;
use crate::cluster::controllers::shared::pods::{is_active, is_terminating};
use crate::sim::{Duration, Sorted};
use serde_json::{Value, json};

/// What one look at a Job sees and decides.
pub(super) struct Look<'a> {
    pub(super) job: Job<'a>,
    pub(super) pods: Vec<&'a Object>,
    pub(super) active: Vec<&'a Object>,
    /// The numbers that the status will show.
    pub(super) running: i64,
    pub(super) ready: i64,
    pub(super) terminating: i64,
    /// All that have succeeded and failed, counted or not.
    pub(super) succeeded: i64,
    pub(super) failed: i64,
    /// How long no pod may be made.
    pub(super) wait: Duration,
    pub(super) finished: Option<End>,
    /// Succeeded indexes, in the status and now.
    pub(super) done_before: Indexes,
    pub(super) done: Indexes,
    pub(super) lost: Option<Indexes>,
    /// Failed pods whose successors must know of them.
    pub(super) replaced: Sorted<i64, &'a Object>,
    pub(super) status: serde_json::Map<String, Value>,
}

impl<'a> Look<'a> {
    /// `None`: a question is open.
    pub(super) fn at(reconcile: &mut Reconcile<'a>, job: Job<'a>) -> Result<Option<Self>, String> {
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
            wait: Duration::ZERO,
            finished: None,
            done_before: Indexes::default(),
            done: Indexes::default(),
            lost: None,
            replaced: Sorted::new(),
            status,
        };
        look.count(reconcile);
        Ok(Some(look))
    }

    fn count(&mut self, reconcile: &mut Reconcile) {
        let uncounted = self.status.entry("uncountedTerminatedPods").or_insert_with(|| json!({})).clone();
        let listed = |list: &str| uncounted[list].as_array().map_or(0, Vec::len);
        let new = |list: &str, ended: &dyn Fn(&Pod) -> bool| -> Vec<&'a Object> {
            let uids = uncounted[list].as_array();
            let listed = |pod: &Object| uids.into_iter().flatten().any(|uid| *uid == pod.uid());
            let counts = |pod: &&&Object| self.is_valid(pod) && is_tracked(pod) && !listed(pod);
            let pods = self.pods.iter().filter(counts).copied();
            pods.filter(|object| object.get().is_some_and(|pod: &Pod| ended(pod))).collect()
        };
        let succeeded = new("succeeded", &|pod| pod.phase() == "Succeeded");
        let failed = new("failed", &|pod| self.job.has_failed(pod));
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
    pub(super) fn is_valid(&self, pod: &Object) -> bool {
        !self.job.is_indexed() || index_of(pod).is_some_and(|index| index < self.job.completions().unwrap_or(0))
    }

    pub(super) fn number(&self, name: &str) -> i64 {
        self.status.get(name).and_then(Value::as_i64).unwrap_or(0)
    }

    /// Whether the Job is to end, and how.
    pub(super) fn decide(&mut self, reconcile: &mut Reconcile) {
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
        let mut failed = self.pods.iter().filter(|object| object.get().is_some_and(|pod| self.job.has_failed(pod)));
        let why = failed.find_map(|pod| policy::verdict(&self.job, pod).fails)?;
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
    pub(super) fn settle(&mut self, reconcile: &mut Reconcile, managed: bool) {
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
        let new = condition("Suspended", status, (reason, message), now);
        let mut conditions = self.status.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
        match conditions.iter_mut().find(|condition| condition["type"] == "Suspended") {
            Some(old) if old["status"] == status => return,
            Some(old) => *old = new,
            None if status == "False" => return,
            None => conditions.push(new),
        }
        self.status.insert("conditions".to_owned(), Value::Array(conditions));
        if status == "True" {
            self.status.remove("startTime");
        } else {
            self.status.insert("startTime".to_owned(), timestamp(now).0.to_string().into());
        }
        reconcile.say(Saying::normal(self.job.object, event, message));
    }
}
