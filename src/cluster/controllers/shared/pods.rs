//! What controllers ask of pods.

use super::left;
use crate::api::kinds::pod::Pod;
use crate::api::meta::controller_ref;
use crate::api::{Object, names};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{ContainerStatus, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::rc::Rc;

/// Whether a pod counts: neither ended nor ending (upstream: `IsPodActive`).
#[must_use]
pub fn is_active(pod: &Pod) -> bool {
    !pod.is_terminal() && pod.metadata.deletion_timestamp.is_none()
}

/// Whether a pod is ending (upstream: `IsPodTerminating`).
#[must_use]
pub fn is_terminating(pod: &Pod) -> bool {
    !pod.is_terminal() && pod.metadata.deletion_timestamp.is_some()
}

/// Whether nothing of a pod runs any more, or nothing has run yet of one that goes (upstream: `volumeutil.IsPodTerminated`).
#[must_use]
pub fn has_ended(pod: &Pod) -> bool {
    let runs = |status: &ContainerStatus| {
        status.state.as_ref().is_none_or(|state| state.terminated.is_none() && state.waiting.is_none())
    };
    let statuses = || pod.status.container_statuses.iter().flatten();
    pod.is_terminal() || pod.metadata.deletion_timestamp.is_some() && !statuses().any(runs)
}

/// How long a ready pod must go on being ready until it is available; `None`: it is not ready
/// (upstream: `IsPodAvailable`).
#[must_use]
pub fn until_available(pod: &Pod, min_ready: Duration, now: Time) -> Option<Duration> {
    let ready = pod.condition("Ready").filter(|condition| condition.status == "True")?;
    if min_ready.is_zero() {
        return Some(Duration::ZERO);
    }
    Some(left(ready.last_transition_time.as_ref(), min_ready, now))
}

/// A pod of a template (upstream: `GetPodFromTemplate`). The server gives it a name.
#[must_use]
pub fn from_template(template: Option<&PodTemplateSpec>, parent: &Object) -> Object {
    let meta = template.and_then(|template| template.metadata.as_ref());
    let prefix = format!("{}-", parent.name());
    let fits = names::as_prefix(&prefix, names::dns1123_subdomain).is_empty();
    Object::new(Pod {
        metadata: ObjectMeta {
            generate_name: Some(if fits { prefix } else { parent.name().to_owned() }),
            namespace: parent.meta().namespace.clone(),
            labels: meta.and_then(|meta| meta.labels.clone()),
            annotations: meta.and_then(|meta| meta.annotations.clone()),
            finalizers: meta.and_then(|meta| meta.finalizers.clone()),
            owner_references: Some(vec![controller_ref(parent)]),
            ..ObjectMeta::default()
        },
        spec: Rc::new(template.and_then(|template| template.spec.clone()).unwrap_or_default()),
        ..Pod::default()
    })
}
