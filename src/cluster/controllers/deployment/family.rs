//! A Deployment and its ReplicaSets: sizes, bounds, which one is new.
//!
//! Upstream: `pkg/controller/deployment/util/deployment_util.go`.

use crate::api::Object;
use crate::cluster::controllers::shared::{annotation, labels, scaled};
use crate::sim::Order;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStatus, ReplicaSet, ReplicaSetStatus};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// The label that tells the ReplicaSets of a Deployment apart.
pub const HASH: &str = "pod-template-hash";
/// Annotation: how many replicas the Deployment wanted when it last scaled the set.
pub const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// Annotation: how many there could be, surge included.
pub const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
/// Annotation: the number of the rollout.
pub const REVISION: &str = "deployment.kubernetes.io/revision";
/// Annotation: earlier numbers of a set that was rolled back to.
pub const HISTORY: &str = "deployment.kubernetes.io/revision-history";

/// A Deployment.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The object.
    pub object: &'a Object,
    /// The same, typed.
    pub deployment: &'a Deployment,
    /// Its spec.
    pub spec: &'a DeploymentSpec,
}

/// A ReplicaSet of a Deployment.
#[derive(Clone, Copy)]
pub struct Child<'a> {
    /// The object.
    pub object: &'a Object,
    /// `spec.replicas`.
    pub replicas: i32,
    /// The same, typed.
    pub set: &'a ReplicaSet,
}

impl<'a> Plan<'a> {
    /// Reads a Deployment.
    #[must_use]
    pub fn read(object: &'a Object) -> Option<Self> {
        let deployment: &Deployment = object.get()?;
        Some(Self { object, deployment, spec: deployment.spec.as_ref()? })
    }

    /// `spec.replicas`.
    #[must_use]
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }

    /// Whether the strategy is `Recreate`.
    #[must_use]
    pub fn recreates(&self) -> bool {
        self.spec.strategy.as_ref().and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate")
    }

    /// The present status.
    #[must_use]
    pub fn status(&self) -> DeploymentStatus {
        self.deployment.status.clone().unwrap_or_default()
    }

    /// How many pods there may be beyond `replicas`, and how many may be missing; never both 0
    /// (upstream: `ResolveFenceposts`).
    fn bounds(&self) -> (i32, i32) {
        let rolling = self.spec.strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
        let surge = scaled(rolling.and_then(|rolling| rolling.max_surge.as_ref()), self.replicas(), true);
        let unavailable = scaled(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), self.replicas(), false);
        if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
    }

    /// Upstream: `MaxSurge`.
    #[must_use]
    pub fn max_surge(&self) -> i32 {
        if self.recreates() { 0 } else { self.bounds().0 }
    }

    /// How many pods there may be in all. Wraps as upstream's `int32` does: of almost 2^31 replicas none is created.
    #[must_use]
    pub fn most(&self) -> i32 {
        self.replicas().wrapping_add(self.max_surge())
    }

    /// Upstream: `MaxUnavailable`.
    #[must_use]
    pub fn max_unavailable(&self) -> i32 {
        if self.recreates() || self.replicas() == 0 { 0 } else { self.bounds().1.min(self.replicas()) }
    }

    /// The seconds after which a rollout without progress has failed, if it can.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let deadline = self.spec.progress_deadline_seconds.filter(|seconds| *seconds != i32::MAX)?;
        u64::try_from(deadline).ok()
    }
}

impl<'a> Child<'a> {
    /// Reads a ReplicaSet.
    #[must_use]
    pub fn read(object: &'a Object) -> Option<Self> {
        let set: &ReplicaSet = object.get()?;
        Some(Self { object, replicas: set.spec.as_ref()?.replicas.unwrap_or(1), set })
    }

    /// Its template.
    #[must_use]
    pub fn template(&self) -> Option<&'a PodTemplateSpec> {
        self.set.spec.as_ref()?.template.as_ref()
    }

    /// `spec.minReadySeconds`.
    #[must_use]
    pub fn min_ready(&self) -> i32 {
        self.set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0)
    }

    /// Its status, if there is one.
    #[must_use]
    pub fn status(&self) -> Option<&'a ReplicaSetStatus> {
        self.set.status.as_ref()
    }

    /// Its available pods.
    #[must_use]
    pub fn available(&self) -> i32 {
        self.status().and_then(|status| status.available_replicas).unwrap_or(0)
    }

    /// The pods that it has.
    #[must_use]
    pub fn current(&self) -> i32 {
        self.status().map_or(0, |status| status.replicas)
    }

    /// A number in an annotation.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i32> {
        annotation(self.object.meta(), name)?.parse().ok()
    }

    /// The number of its rollout, 0 if there is none.
    #[must_use]
    pub fn revision(&self) -> i64 {
        annotation(self.object.meta(), REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Order of creation, then of name.
    #[must_use]
    pub fn age(&self) -> impl Ord + use<'a> {
        (self.object.meta().creation_timestamp.clone(), self.object.name())
    }
}

/// The sum of `spec.replicas`.
#[must_use]
pub fn total(sets: &[Child]) -> i32 {
    sets.iter().map(|set| set.replicas).sum()
}

/// The sum of available pods.
#[must_use]
pub fn available(sets: &[Child]) -> i32 {
    sets.iter().map(Child::available).sum()
}

/// Those that want pods.
#[must_use]
pub fn active<'a>(sets: &[Child<'a>]) -> Vec<Child<'a>> {
    sets.iter().filter(|set| set.replicas > 0).copied().collect()
}

/// Whether two templates differ in nothing but the hash label (upstream: `EqualIgnoreHash`).
#[must_use]
pub fn same_template(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    let empty = ObjectMeta::default();
    let (meta_a, meta_b) = (a.metadata.as_ref().unwrap_or(&empty), b.metadata.as_ref().unwrap_or(&empty));
    let plain = |labels: &'_ BTreeMap<String, String>| -> Vec<(String, String)> {
        labels.iter().filter(|(name, _)| *name != HASH).map(|(n, v)| (n.clone(), v.clone())).collect()
    };
    a.spec == b.spec
        && meta_a.annotations.as_ref().filter(|map| !map.is_empty())
            == meta_b.annotations.as_ref().filter(|m| !m.is_empty())
        && plain(labels(meta_a)) == plain(labels(meta_b))
}

/// The set of the present template, the oldest if there are several, and all others (upstream: `FindNewReplicaSet`).
#[must_use]
pub fn split<'a>(plan: &Plan, mut sets: Vec<Child<'a>>) -> (Option<Child<'a>>, Vec<Child<'a>>) {
    sets.order_by_key(Child::age);
    let is_new = |set: &Child| set.template().is_some_and(|template| same_template(template, &plan.spec.template));
    let new = sets.iter().position(is_new).map(|place| sets.remove(place));
    (new, sets)
}

/// How many pods the new set should want (upstream: `NewRSNewReplicas`): as many as the surge leaves room for.
#[must_use]
pub fn new_size(plan: &Plan, all: &[Child], present: i32) -> i32 {
    if plan.recreates() {
        return plan.replicas();
    }
    let room = plan.most().saturating_sub(total(all));
    if room <= 0 { present } else { present + room.min(plan.replicas() - present) }
}
