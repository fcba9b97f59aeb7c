//! A Job as its controller reads it.

use super::indexes::Indexes;
use crate::api::document::Document;
use crate::api::json::decode_part;
use crate::api::kinds::pod::Pod;
use crate::api::meta::moment;
use crate::api::selector::Selector;
use crate::api::{Object, Status};
use crate::sim::{Duration, Time};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as MetaTime;
use serde_json::Value;

/// The finalizer of pods that have not been counted yet.
pub const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// Who manages a Job unless `spec.managedBy` names another.
const OURSELVES: &str = "kubernetes.io/job-controller";

/// A Job.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The object.
    pub object: &'a Object,
    /// Its tree.
    pub document: &'a Document,
}

impl<'a> Job<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// When it is not kept as a tree.
    pub fn read(object: &'a Object) -> Result<Self, String> {
        let document = object.document().ok_or_else(|| Status::internal("a Job is kept as a tree").message)?;
        Ok(Self { object, document })
    }

    fn number(&self, path: &str) -> Option<i64> {
        self.document.at(path).and_then(Value::as_i64)
    }

    /// `spec.parallelism`.
    #[must_use]
    pub fn parallelism(&self) -> i64 {
        self.number("spec.parallelism").unwrap_or(1)
    }

    /// `spec.completions`; `None`: one success is enough.
    #[must_use]
    pub fn completions(&self) -> Option<i64> {
        self.number("spec.completions")
    }

    /// `spec.backoffLimit`.
    #[must_use]
    pub fn backoff_limit(&self) -> i64 {
        self.number("spec.backoffLimit").unwrap_or(6)
    }

    /// `spec.backoffLimitPerIndex`.
    #[must_use]
    pub fn backoff_limit_per_index(&self) -> Option<i64> {
        self.number("spec.backoffLimitPerIndex")
    }

    /// `spec.maxFailedIndexes`.
    #[must_use]
    pub fn max_failed_indexes(&self) -> Option<i64> {
        self.number("spec.maxFailedIndexes")
    }

    /// `spec.activeDeadlineSeconds`, unless the Job is suspended.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let seconds = self.number("spec.activeDeadlineSeconds").filter(|_| !self.is_suspended())?;
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// `spec.completionMode` is `Indexed`.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        self.document.text("spec.completionMode") == "Indexed"
    }

    /// `spec.suspend`.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.document.at("spec.suspend") == Some(&Value::Bool(true))
    }

    /// Whether a pod is replaced only when it has ended, not as soon as it is ending.
    #[must_use]
    pub fn replaces_only_failed(&self) -> bool {
        self.document.text("spec.podReplacementPolicy") == "Failed" || self.failure_policy().is_some()
    }

    /// `spec.podFailurePolicy`.
    #[must_use]
    pub fn failure_policy(&self) -> Option<&'a Value> {
        self.document.at("spec.podFailurePolicy")
    }

    /// Whether another controller manages it.
    #[must_use]
    pub fn is_managed_elsewhere(&self) -> bool {
        !matches!(self.document.text("spec.managedBy"), "" | OURSELVES)
    }

    /// The selector of its pods.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn selector(&self) -> Result<Selector, String> {
        Selector::from_value(self.document.at("spec.selector").unwrap_or(&Value::Null))
            .map_err(|why| format!("couldn't convert Job selector: {why}"))
    }

    /// A set of indexes in the status.
    #[must_use]
    pub fn indexes(&self, path: &str) -> Indexes {
        Indexes::parse(self.document.text(path), self.completions().unwrap_or(0))
    }

    /// The condition of a type, if it is true.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&'a Value> {
        let holds = |condition: &&Value| condition["type"] == kind && condition["status"] == "True";
        self.document.list("status.conditions").iter().find(holds)
    }

    /// The condition with which it has ended (upstream: `IsJobFinished`).
    #[must_use]
    pub fn end(&self) -> Option<&'a Value> {
        self.condition("Complete").or_else(|| self.condition("Failed"))
    }

    /// Whether a pod counts as failed (upstream: `isPodFailed`).
    #[must_use]
    pub fn has_failed(&self, pod: &Pod) -> bool {
        let ends = || !self.replaces_only_failed() && pod.metadata.deletion_timestamp.is_some();
        pod.phase() == "Failed" || (ends() && pod.phase() != "Succeeded")
    }
}

/// A moment in a status.
#[must_use]
pub fn at(value: &Value) -> Option<Time> {
    decode_part::<MetaTime>(value).ok().map(|time| moment(&time))
}

/// Whether a pod has not been counted yet.
#[must_use]
pub fn is_tracked(pod: &Object) -> bool {
    pod.meta().finalizers.iter().flatten().any(|finalizer| finalizer == TRACKING)
}

/// Since when a pod has ended: its last container, else the condition `Ready`, else its deletion, else its creation
/// (upstream: `getFinishedTime`).
#[must_use]
pub fn finished_at(object: &Object) -> Time {
    let Some(pod) = object.get::<Pod>() else { return Time::ZERO };
    let sidecars: Vec<&str> = pod
        .spec
        .init_containers
        .iter()
        .flatten()
        .filter(|container| container.restart_policy.as_deref() == Some("Always"))
        .map(|container| container.name.as_str())
        .collect();
    let initial = pod.status.init_container_statuses.iter().flatten();
    let statuses = pod.status.container_statuses.iter().flatten();
    let ends: Option<Vec<&MetaTime>> = statuses
        .chain(initial.filter(|status| sidecars.contains(&status.name.as_str())))
        .map(|status| status.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref())
        .collect();
    let last = ends.unwrap_or_default().into_iter().map(moment).max();
    let unready = || {
        let condition = pod.condition("Ready").filter(|condition| condition.status == "False")?;
        condition.last_transition_time.as_ref().map(moment)
    };
    let deleted = || {
        let grace = pod.metadata.deletion_grace_period_seconds.and_then(|grace| u64::try_from(grace).ok());
        let at = pod.metadata.deletion_timestamp.as_ref().map(moment)?;
        Some(at - Duration::from_secs(grace.unwrap_or(0)))
    };
    let created = || pod.metadata.creation_timestamp.as_ref().map(moment);
    last.or_else(unready).or_else(deleted).or_else(created).unwrap_or_default()
}
