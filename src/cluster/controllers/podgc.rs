//! The pod garbage collector: every 20 seconds it clears away pods that nobody else will.
//!
//! Upstream: `pkg/controller/podgc/gc_controller.go`:
//!
//! - pods that have ended, first those that were evicted, then the oldest, when there are more than 12,500 of them;
//! - pods of a node that no longer exists, 40 seconds after it was found missing;
//! - pods that are being deleted and were never bound to a node;
//! - pods that are being deleted on a node that is not ready and carries the taint `out-of-service`.
//!
//! All are deleted without grace; those that had not ended are marked `Failed` first.

use super::shared::subject;
use crate::api::kinds::{node, pod, pod::Pod};
use crate::api::meta::timestamp;
use crate::api::request::DeleteOptions;
use crate::api::{Key, Object, ObjectRef, Ref, Request};
use crate::cluster::client::controller::{Controller, Note, Reconcile, Tolerate, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::Order;
use k8s_openapi::api::core::v1::{Node, PodCondition};
use std::rc::Rc;

/// Upstream: the default of `--terminated-pod-gc-threshold`.
const THRESHOLD: usize = 12_500;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "pod-garbage-collector",
    account: "pod-garbage-collector",
    workers: 1,
    watches: &[Watch::mapped(&pod::KIND, |_, _, _| {}), Watch::mapped(&node::KIND, |_, _, _| {})],
    period: Some((timing::POD_GC, sweep)),
    retries: 0,
    reconcile,
    failed: None,
};

fn sweep(wake: &mut Wake) {
    let pods = wake.cache(&pod::KIND);
    let nodes = wake.cache(&node::KIND);
    let given = wake.flag("terminated-pod-gc-threshold").and_then(|text| text.parse().ok());
    let threshold = given.unwrap_or(THRESHOLD);
    if pods.len() > threshold {
        wake.objects(excess(pods.iter(), threshold));
    }
    wake.objects(pods.on_node("").filter(|object| object.is_terminating()));
    for name in pods.nodes().filter(|name| !name.is_empty()) {
        match nodes.get(&Key::new("", name)) {
            None => quarantine(wake, name),
            Some(node) => {
                wake.memory().remove(name);
                if is_out_of_service(node) {
                    wake.objects(pods.on_node(name).filter(|pod| pod.is_terminating()));
                }
            }
        }
    }
}

/// A node that is missing for the first time gets 40 seconds to appear.
fn quarantine(wake: &mut Wake, name: &Rc<str>) {
    let now = wake.now();
    let until = now + timing::POD_GC_QUARANTINE;
    match wake.memory().get(name) {
        Some(Note::Moment(until)) if *until <= now => {
            wake.memory().remove(name);
            wake.key(ObjectRef::new(&node::KIND, "", name));
        }
        Some(_) => {}
        None => {
            wake.memory().insert(name.clone(), Note::Moment(until));
        }
    }
}

/// Of the pods that have ended those beyond the threshold (upstream: `gcTerminated`, `byEvictionAndCreationTimestamp`).
fn excess<'a>(pods: impl Iterator<Item = &'a Object>, threshold: usize) -> Vec<&'a Object> {
    let mut ended: Vec<&Object> =
        pods.filter(|object| object.get().is_some_and(|pod: &Pod| pod.is_terminal())).collect();
    ended.order_by_key(|object| (!is_evicted(object), object.meta().creation_timestamp.clone(), object.name()));
    ended.truncate(ended.len().saturating_sub(threshold));
    ended
}

/// Upstream: `eviction.PodIsEvicted`.
fn is_evicted(object: &Object) -> bool {
    let evicted = |pod: &Pod| pod.phase() == "Failed" && pod.status.reason.as_deref() == Some("Evicted");
    object.get().is_some_and(evicted)
}

fn is_out_of_service(object: &Object) -> bool {
    let Some(node) = object.get::<Node>() else { return false };
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    !ready && taints.iter().any(|taint| taint.key == "node.kubernetes.io/out-of-service")
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    if key.kind == &node::KIND {
        match reconcile.ask(&node::KIND, &key.key) {
            Some(Err(status)) if status.code == 404 => {}
            _ => return Ok(()),
        }
        let pods: Vec<&Object> = reconcile.cache(&pod::KIND).on_node(&key.key.name).collect();
        for pod in pods {
            remove(reconcile, pod, Some("PodGC: node no longer exists"));
        }
    } else if let Some(object) = subject(reconcile, key) {
        remove(reconcile, object, None);
    }
    Ok(())
}

/// Upstream: `markFailedAndDeletePodWithCondition`.
fn remove(reconcile: &mut Reconcile, object: &Object, why: Option<&str>) {
    let now = timestamp(reconcile.now());
    let mut failed = object.clone();
    if let Some(pod) = failed.get_mut::<Pod>().filter(|pod| !pod.is_terminal()) {
        pod.status.phase = Some("Failed".to_owned());
        pod.status.observed_generation = pod.metadata.generation;
        if let Some(why) = why {
            let conditions = pod.status.conditions.get_or_insert_default();
            conditions.retain(|condition| condition.type_ != "DisruptionTarget");
            conditions.push(PodCondition {
                type_: "DisruptionTarget".to_owned(),
                status: "True".to_owned(),
                reason: Some("DeletionByPodGC".to_owned()),
                message: Some(why.to_owned()),
                observed_generation: pod.metadata.generation,
                last_transition_time: Some(now),
                ..PodCondition::default()
            });
        }
        reconcile.write(Write::new(Request::patch_status(failed)).tolerating(Tolerate::NotFound));
    }
    let options = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    let deletion = Request::delete(&pod::KIND, &object.key(), options);
    reconcile.write(Write::new(deletion).tolerating(Tolerate::NotFound));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::named;
    use crate::sim::Time;
    use k8s_openapi::api::core::v1::PodStatus;

    #[test]
    fn those_that_were_evicted_go_first_then_the_oldest() {
        let ended = |name: &str, at: i64, reason: &str| {
            let mut metadata = named("default", name);
            metadata.creation_timestamp = Some(timestamp(Time::from_secs(at)));
            let (phase, reason) = (Some("Failed".to_owned()), Some(reason.to_owned()));
            Object::new(Pod { metadata, status: PodStatus { phase, reason, ..PodStatus::default() }, ..Pod::default() })
        };
        let pods = [ended("young", 3, ""), ended("old", 1, ""), ended("evicted", 5, "Evicted"), ended("other", 2, "")];
        let names = |threshold| excess(pods.iter(), threshold).into_iter().map(Object::name).collect::<Vec<_>>();
        assert_eq!(names(2), ["evicted", "old"]);
        assert!(names(4).is_empty());
    }
}
