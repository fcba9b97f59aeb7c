//! What `ReplicaSet` and `ReplicationController` have in common, read from and written into either.

use crate::api::meta::{moment, timestamp};
use crate::api::selector::Selector;
use crate::api::{Kind, Object};
use crate::cluster::controllers::shared::{NONE, labels, some};
use crate::sim::{Duration, Time};
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{
    PodTemplateSpec, ReplicationController, ReplicationControllerCondition, ReplicationControllerStatus,
};
use std::collections::BTreeMap;

/// A ReplicaSet or ReplicationController.
pub struct Set<'a> {
    /// The object.
    pub object: &'a Object,
    /// How many pods it wants.
    pub replicas: usize,
    /// How long a pod must be ready to be available.
    pub min_ready: Duration,
    /// Which pods are its own.
    pub selector: Selector,
    /// What its pods look like.
    pub template: Option<&'a PodTemplateSpec>,
    /// Its status.
    pub status: Numbers,
}

/// The status of either kind.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Numbers {
    /// Pods that count.
    pub replicas: i32,
    /// … that carry all labels of the template.
    pub fully_labeled: i32,
    /// … that are ready.
    pub ready: i32,
    /// … that are available.
    pub available: i32,
    /// Pods that are ending; ReplicationControllers do not count them.
    pub terminating: Option<i32>,
    /// The generation that this is about.
    pub observed: Option<i64>,
    /// The condition `ReplicaFailure`, if it holds.
    pub failure: Option<Failure>,
}

/// The condition `ReplicaFailure`.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// `FailedCreate` or `FailedDelete`.
    pub reason: String,
    /// The server's text.
    pub message: String,
    /// Since when.
    pub since: Time,
}

const FAILURE: &str = "ReplicaFailure";

impl<'a> Set<'a> {
    /// Reads either kind.
    ///
    /// # Errors
    /// When the selector cannot be read.
    pub fn read(object: &'a Object) -> Result<Self, String> {
        if let Some(set) = object.get::<ReplicaSet>() {
            let spec = set.spec.as_ref();
            return Ok(Self {
                object,
                replicas: size(spec.and_then(|spec| spec.replicas)),
                min_ready: seconds(spec.and_then(|spec| spec.min_ready_seconds)),
                selector: Selector::from_object(spec.map(|spec| &spec.selector))?,
                template: spec.and_then(|spec| spec.template.as_ref()),
                status: set.status.as_ref().map(of_set).unwrap_or_default(),
            });
        }
        let controller = object.get::<ReplicationController>().ok_or("neither of the two kinds")?;
        let spec = controller.spec.as_ref();
        let empty = std::collections::BTreeMap::new();
        Ok(Self {
            object,
            replicas: size(spec.and_then(|spec| spec.replicas)),
            min_ready: seconds(spec.and_then(|spec| spec.min_ready_seconds)),
            selector: Selector::from_labels(spec.and_then(|spec| spec.selector.as_ref()).unwrap_or(&empty)),
            template: spec.and_then(|spec| spec.template.as_ref()),
            status: controller.status.as_ref().map(of_controller).unwrap_or_default(),
        })
    }

    /// Whether ending pods are counted.
    #[must_use]
    pub fn counts_terminating(&self) -> bool {
        self.kind().kind == "ReplicaSet"
    }

    /// The labels of the template.
    #[must_use]
    pub fn template_labels(&self) -> &'a BTreeMap<String, String> {
        self.template.and_then(|template| template.metadata.as_ref()).map_or(&NONE, labels)
    }

    /// Which of the two it is.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.object.kind()
    }

    /// The object with another status.
    #[must_use]
    pub fn with(&self, numbers: &Numbers) -> Object {
        let mut object = self.object.clone();
        if self.counts_terminating() {
            if let Some(set) = object.get_mut::<ReplicaSet>() {
                set.status = Some(to_set(numbers));
            }
        } else if let Some(controller) = object.get_mut::<ReplicationController>() {
            controller.status = Some(to_controller(numbers));
        }
        object
    }
}

fn size(replicas: Option<i32>) -> usize {
    usize::try_from(replicas.unwrap_or(1)).unwrap_or(0)
}

fn seconds(n: Option<i32>) -> Duration {
    Duration::from_secs(u64::try_from(n.unwrap_or(0)).unwrap_or(0))
}

/// The condition `ReplicaFailure`, which both kinds have with the same fields: read, and written.
macro_rules! failure {
    (of $conditions:expr) => {
        $conditions.iter().flatten().find(|condition| condition.type_ == FAILURE).map(|condition| Failure {
            reason: condition.reason.clone().unwrap_or_default(),
            message: condition.message.clone().unwrap_or_default(),
            since: condition.last_transition_time.as_ref().map(moment).unwrap_or_default(),
        })
    };
    (as $condition:ident, $numbers:expr) => {
        $numbers.failure.as_ref().map(|failure| {
            vec![$condition {
                type_: FAILURE.to_owned(),
                status: "True".to_owned(),
                last_transition_time: Some(timestamp(failure.since)),
                reason: Some(failure.reason.clone()),
                message: Some(failure.message.clone()),
            }]
        })
    };
}

fn of_set(status: &ReplicaSetStatus) -> Numbers {
    Numbers {
        replicas: status.replicas,
        fully_labeled: status.fully_labeled_replicas.unwrap_or(0),
        ready: status.ready_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        terminating: status.terminating_replicas,
        observed: status.observed_generation,
        failure: failure!(of status.conditions),
    }
}

fn of_controller(status: &ReplicationControllerStatus) -> Numbers {
    Numbers {
        replicas: status.replicas,
        fully_labeled: status.fully_labeled_replicas.unwrap_or(0),
        ready: status.ready_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        terminating: None,
        observed: status.observed_generation,
        failure: failure!(of status.conditions),
    }
}

fn to_set(numbers: &Numbers) -> ReplicaSetStatus {
    ReplicaSetStatus {
        replicas: numbers.replicas,
        fully_labeled_replicas: some(numbers.fully_labeled),
        ready_replicas: some(numbers.ready),
        available_replicas: some(numbers.available),
        terminating_replicas: numbers.terminating,
        observed_generation: numbers.observed,
        conditions: failure!(as ReplicaSetCondition, numbers),
    }
}

fn to_controller(numbers: &Numbers) -> ReplicationControllerStatus {
    ReplicationControllerStatus {
        replicas: numbers.replicas,
        fully_labeled_replicas: some(numbers.fully_labeled),
        ready_replicas: some(numbers.ready),
        available_replicas: some(numbers.available),
        observed_generation: numbers.observed,
        conditions: failure!(as ReplicationControllerCondition, numbers),
    }
}
