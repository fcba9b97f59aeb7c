//! Revisions: the annotations that number the ReplicaSets, and the set of a new template.
//!
//! Upstream: `pkg/controller/deployment/util/deployment_util.go` (`SetNewReplicaSetAnnotations`), `sync.go`
//! (`getNewReplicaSet`).

use super::family::{Child, DESIRED, HASH, HISTORY, MAXIMUM, Plan, REVISION, new_size};
use crate::api::Object;
use crate::api::meta::controller_ref;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// Annotations that a ReplicaSet does not inherit.
const OWN: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
];
/// Upstream: `maxRevHistoryLengthInChars`.
const HISTORY_CHARS: usize = 2000;

type Annotations = BTreeMap<String, String>;

/// Sets an annotation and tells whether that changed something.
fn put(annotations: &mut Annotations, name: &str, value: String) -> bool {
    annotations.get(name) != Some(&value) && {
        annotations.insert(name.to_owned(), value);
        true
    }
}

/// Brings the annotations of the set of the present template up to date; tells whether anything changed.
pub fn annotate(plan: &Plan, annotations: &mut Annotations, revision: i64) -> bool {
    let mut changed = false;
    for (name, value) in plan.object.meta().annotations.iter().flatten() {
        if !OWN.contains(&name.as_str()) {
            changed |= put(annotations, name, value.clone());
        }
    }
    let before = annotations.get(REVISION).cloned();
    let number = match before.as_deref().map(str::parse::<i64>) {
        None => 0,
        Some(Ok(number)) => number,
        Some(Err(_)) => return false,
    };
    if number < revision {
        annotations.insert(REVISION.to_owned(), revision.to_string());
        if let Some(before) = before {
            remember(annotations, &before);
        }
        changed = true;
    }
    changed
}

/// Adds a number to the history, from which the oldest go when it becomes too long.
fn remember(annotations: &mut Annotations, number: &str) {
    let history = annotations.get(HISTORY).cloned().unwrap_or_default();
    let mut numbers: Vec<&str> = history.split(',').filter(|n| !n.is_empty()).collect();
    numbers.push(number);
    let mut start = 0;
    while numbers[start..].join(",").len() > HISTORY_CHARS {
        start += 1;
    }
    let history = numbers[start..].join(",");
    annotations.insert(HISTORY.to_owned(), history);
}

/// Notes for how many replicas a set was sized (upstream: `SetReplicasAnnotations`).
pub fn note_size(plan: &Plan, annotations: &mut Annotations) -> bool {
    let desired = put(annotations, DESIRED, plan.replicas().to_string());
    put(annotations, MAXIMUM, plan.most().to_string()) || desired
}

/// The number that a rollout to the present template gets.
#[must_use]
pub fn next(old: &[Child]) -> i64 {
    old.iter().map(Child::revision).max().unwrap_or(0) + 1
}

/// The ReplicaSet of a new template.
#[must_use]
pub fn new_set(plan: &Plan, old: &[Child], hash: &str) -> Object {
    let mut template = plan.spec.template.clone();
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(HASH.to_owned(), hash.to_owned());
    let labels = labels.clone();
    let mut selector = plan.spec.selector.clone();
    selector.match_labels.get_or_insert_default().insert(HASH.to_owned(), hash.to_owned());
    let mut annotations = Annotations::new();
    annotate(plan, &mut annotations, next(old));
    note_size(plan, &mut annotations);
    Object::new(ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", plan.object.name())),
            namespace: plan.object.meta().namespace.clone(),
            labels: Some(labels),
            annotations: Some(annotations),
            owner_references: Some(vec![controller_ref(plan.object)]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(new_size(plan, old, 0)),
            min_ready_seconds: plan.spec.min_ready_seconds,
            selector,
            template: Some(template),
        }),
        status: None,
    })
}
