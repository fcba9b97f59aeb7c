//! Taint eviction: pods leave a node that carries `NoExecute` taints they do not tolerate, or no longer.
//!
//! Upstream: `pkg/controller/tainteviction/taint_eviction.go`. A pod that tolerates all of them for ever stays; one that
//! does not tolerate one goes at once; one whose tolerations have `tolerationSeconds` goes after the shortest of them,
//! counted from when it was first noticed, unless the taints go first. Before the deletion the pod gets the condition
//! `DisruptionTarget`.

use super::shared::subject;
use crate::api::kinds::{node, pod, pod::Pod};
use crate::api::meta::{moment, timestamp};
use crate::api::request::DeleteOptions;
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Note, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{Node, PodCondition, Taint, Toleration};
use std::rc::Rc;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "taint-eviction-controller",
    account: "node-controller",
    workers: 8,
    watches: &[Watch::mapped(&node::KIND, wake_by_node), Watch::mapped(&pod::KIND, wake_by_pod)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn wake_by_node(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(node) = new.or(old) else { return };
    if old.map(no_execute).unwrap_or_default() != new.map(no_execute).unwrap_or_default() {
        wake.objects(wake.cache(&pod::KIND).on_node(node.name()));
    }
}

fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(pod) = new.and_then(|object| object.get::<Pod>()) else {
        let Some(gone) = old.filter(|old| wake.memory().contains_key(&*memo(&old.key()))) else { return };
        wake.object(gone);
        return;
    };
    let before = old.and_then(|object| object.get::<Pod>());
    let same = |old: &Pod| old.node() == pod.node() && old.spec.tolerations == pod.spec.tolerations;
    let Some(node) = pod.node().filter(|_| !before.is_some_and(same)) else { return };
    let tainted = wake.cache(&node::KIND).get(&Key::new("", node)).is_some_and(|node| !no_execute(node).is_empty());
    if tainted {
        wake.objects(new);
    }
}

fn no_execute(object: &Object) -> Vec<&Taint> {
    let taints = object.get().and_then(|node: &Node| node.spec.as_ref()?.taints.as_ref());
    taints.into_iter().flatten().filter(|taint| taint.effect == "NoExecute").collect()
}

/// Under what a pod's eviction is remembered.
fn memo(pod: &Key) -> Rc<str> {
    pod.to_string().into()
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else {
        reconcile.memory.remove(&memo(&key.key));
        return Ok(());
    };
    let Some(pod) = object.get::<Pod>().filter(|pod| pod.metadata.deletion_timestamp.is_none()) else {
        reconcile.memory.remove(&memo(&object.key()));
        return Ok(());
    };
    let node = pod.node().and_then(|name| reconcile.lookup(&node::KIND, &Key::new("", name)));
    let taints = node.map(no_execute).unwrap_or_default();
    let tolerations = pod.spec.tolerations.as_deref().unwrap_or_default();
    match stay(&taints, tolerations) {
        None => cancel(reconcile, object),
        Some(stay) => schedule(reconcile, object, stay),
    }
    Ok(())
}

/// Since when a pod's time on its node is running out, and when it is over; `None`: it may stay.
#[must_use]
pub fn leaves(node: &Object, pod: &Pod) -> Option<(Time, Time)> {
    let taints = no_execute(node);
    let stay = stay(&taints, pod.spec.tolerations.as_deref().unwrap_or_default())?;
    let since = taints.iter().filter_map(|taint| taint.time_added.as_ref()).map(moment).min()?;
    Some((since, since + stay))
}

/// How long a pod may stay; `None`: for ever.
fn stay(taints: &[&Taint], tolerations: &[Toleration]) -> Option<Duration> {
    let mut shortest: Option<Duration> = None;
    for taint in taints {
        // Upstream takes the first that matches.
        let Some(found) = tolerations.iter().find(|toleration| tolerates(toleration, taint)) else {
            return Some(Duration::ZERO);
        };
        if let Some(seconds) = found.toleration_seconds {
            let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            shortest = Some(shortest.map_or(seconds, |before| before.min(seconds)));
        }
    }
    shortest
}

/// Upstream: `Toleration.ToleratesTaint`.
fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let empty_or = |text: &Option<String>, value: &str| text.as_deref().is_none_or(|t| t.is_empty() || t == value);
    let value = match toleration.operator.as_deref().unwrap_or("") {
        "" | "Equal" => toleration.value.as_deref().unwrap_or("") == taint.value.as_deref().unwrap_or(""),
        "Exists" => true,
        _ => false,
    };
    value && empty_or(&toleration.effect, &taint.effect) && empty_or(&toleration.key, &taint.key)
}

fn cancel(reconcile: &mut Reconcile, object: &Object) {
    if reconcile.memory.remove(&memo(&object.key())).is_some() {
        let message = format!("Cancelling deletion of Pod {}", object.key());
        reconcile.say(Saying::normal(object, "TaintManagerEviction", message));
    }
}

/// Upstream: `processPodOnNode`: the time runs from the first notice; what is scheduled stays so, whatever comes to it.
fn schedule(reconcile: &mut Reconcile, object: &Object, stay: Duration) {
    let now = reconcile.now();
    if stay.is_zero() {
        cancel(reconcile, object);
        evict(reconcile, object);
        return;
    }
    let at = match reconcile.memory.get(&memo(&object.key())) {
        Some(Note::Moment(at)) => *at,
        _ => now + stay,
    };
    reconcile.memory.insert(memo(&object.key()), Note::Moment(at));
    if at <= now {
        reconcile.memory.remove(&memo(&object.key()));
        evict(reconcile, object);
    } else {
        reconcile.again_after(at.since(now));
    }
}

/// Upstream: `deletePodHandler`, `addConditionAndDeletePod`.
fn evict(reconcile: &mut Reconcile, object: &Object) {
    let message = format!("Marking for deletion Pod {}", object.key());
    reconcile.say(Saying::normal(object, "TaintManagerEviction", message));
    let now = timestamp(reconcile.now());
    let mut marked = object.clone();
    if let Some(pod) = marked.get_mut::<Pod>() {
        let generation = pod.metadata.generation;
        let conditions = pod.status.conditions.get_or_insert_default();
        conditions.retain(|condition| condition.type_ != "DisruptionTarget");
        conditions.push(PodCondition {
            type_: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
            reason: Some("DeletionByTaintManager".to_owned()),
            message: Some("Taint manager: deleting due to NoExecute taint".to_owned()),
            observed_generation: generation,
            last_transition_time: Some(now),
            ..PodCondition::default()
        });
    }
    reconcile.write(Write::new(Request::patch_status(marked)).tolerating(Tolerate::NotFound));
    let deletion = Request::delete(&pod::KIND, &object.key(), DeleteOptions::default());
    reconcile.write(Write::new(deletion).tolerating(Tolerate::NotFound));
}
