//! The ReplicaSet controller: as many pods as wanted, no more, no fewer.
//!
//! Upstream: `pkg/controller/replicaset/replica_set.go`. One look at a set:
//!
//! 1. claim: adopt pods that match and belong to nobody, release those that no longer match ([`claim`]);
//! 2. too few: create the missing ones in groups of 1, 2, 4, 8 …, so that a quota or a broken admission plugin is hit
//!    once and not a thousand times; too many: delete those that are missed least ([`ranking`]), all at once;
//! 3. write the status if a number has changed. The numbers are those *before* step 2: the next look, woken by the pods
//!    that came or went, brings them up to date.
//!
//! A ReplicationController is the same thing with an older name; `replicationcontroller` uses these functions too.
//!
//! Left out: nothing of a ReplicaSet's behaviour. Upstream's expectations are the runner's hold.

pub mod ranking;
pub mod set;

use self::set::{Failure, Numbers, Set};
use super::shared::claim::{claim, is_controlled};
use super::shared::pods::{from_template, is_active, is_terminating, until_available};
use super::shared::{count, labels, subject};
use crate::api::kinds::{pod, pod::Pod, replica_set};
use crate::api::meta::controller_of;
use crate::api::request::DeleteOptions;
use crate::api::{Kind, Object, Ref, Request, Verb};
use crate::cluster::client::controller::{
    Controller, Failed, Reconcile, Saying, Tolerate, Wake, Watch, Write, in_ending_namespace,
};
use crate::sim::Duration;
use std::collections::BTreeMap;

/// Upstream: `BurstReplicas`: at most so many creations or deletions in one look.
const BURST: usize = 500;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "replicaset-controller",
    account: "replicaset-controller",
    workers: 5,
    watches: &[
        Watch::of(&replica_set::KIND),
        Watch::mapped(&pod::KIND, |wake, old, new| wake_by_pod(wake, &replica_set::KIND, old, new)),
    ],
    period: None,
    retries: 0,
    reconcile,
    failed: Some(failed),
};

/// Which sets a change of a pod concerns: its controller, before and after; of an orphan, all that would have it.
pub fn wake_by_pod(wake: &mut Wake, kind: &'static Kind, old: Option<&Object>, new: Option<&Object>) {
    if let Some(old) = old.filter(|_| owner_uid(old) != owner_uid(new)) {
        wake.owner(old, kind);
    }
    let Some(pod) = new else { return };
    if is_controlled(pod) {
        wake.owner(pod, kind);
    } else if !pod.is_terminating() && is_news(old, pod) {
        let sets = wake.cache(kind).in_namespace(pod.namespace());
        let would = |set: &&Object| Set::read(set).is_ok_and(|set| set.selector.matches(labels(pod.meta())));
        wake.objects(sets.filter(would));
    }
}

/// The uid of who controls an object.
#[must_use]
pub fn owner_uid(object: Option<&Object>) -> Option<&str> {
    object.and_then(|object| controller_of(object.meta())).map(|owner| owner.uid.as_str())
}

/// Whether an orphan is new, newly an orphan, or has other labels.
fn is_news(old: Option<&Object>, new: &Object) -> bool {
    old.is_none_or(|old| is_controlled(old) || labels(old.meta()) != labels(new.meta()))
}

/// Looks at one set.
///
/// # Errors
/// When its selector cannot be read or its pods cannot be adopted.
pub fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    let set = Set::read(object)?;
    if let Some(numbers) = settled(reconcile, &set) {
        write_status(reconcile, &set, &numbers);
        return Ok(());
    }
    let Some(pods) = claim(reconcile, object, &set.selector, &pod::KIND)? else { return Ok(()) };
    let active: Vec<&Object> = pods.iter().copied().filter(|pod| pod.get().is_some_and(is_active)).collect();
    if !object.is_terminating() {
        manage(reconcile, &set, &active);
    }
    let numbers = numbers(reconcile, &set, &active, &pods);
    write_status(reconcile, &set, &numbers);
    Ok(())
}

/// The numbers, if there is nothing to claim, create or delete and no pod has to wait until it is available. Most looks
/// are such: then the cache's counts say all, and the pods need not be read one by one.
fn settled(reconcile: &Reconcile, set: &Set) -> Option<Numbers> {
    let object = set.object;
    if object.is_terminating() || !set.min_ready.is_zero() {
        return None;
    }
    let cache = reconcile.cache(&pod::KIND);
    let wanted = set.template_labels();
    let (mut active, mut full, mut ready, mut ending) = (0, 0, 0, 0);
    for (alike, number) in cache.alike(object.uid()) {
        if !set.selector.matches(&alike.labels) {
            return None;
        }
        if alike.ended {
            continue;
        }
        if alike.terminating {
            ending += number;
            continue;
        }
        active += number;
        ready += if alike.ready { number } else { 0 };
        full += if has_all(&alike.labels, wanted) { number } else { 0 };
    }
    let adopts = |orphan: &Object| !orphan.is_terminating() && set.selector.matches(labels(orphan.meta()));
    if active != set.replicas || cache.orphans(object.namespace()).any(adopts) {
        return None;
    }
    Some(amount(set, active, full, (ready, ready), ending))
}

fn has_all(labels: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// What a failed creation or deletion leaves in the status before the next try (upstream: `calculateStatus`): the numbers
/// of now, and the first failure as long as there is one.
pub fn failed(key: &Ref, reconcile: &mut Reconcile, (request, error): Failed) {
    let Some(Ok(set)) = subject(reconcile, key).map(Set::read) else { return };
    if !matches!(request.verb, Verb::Create | Verb::Delete) || in_ending_namespace(error) {
        return;
    }
    let pods: Vec<&Object> = reconcile.cache(&pod::KIND).owned_by(set.object.uid()).collect();
    let active: Vec<&Object> = pods.iter().copied().filter(|pod| pod.get().is_some_and(is_active)).collect();
    let reason = match active.len().cmp(&set.replicas) {
        std::cmp::Ordering::Less => "FailedCreate",
        std::cmp::Ordering::Greater => "FailedDelete",
        std::cmp::Ordering::Equal => return,
    };
    let mut numbers = numbers(reconcile, &set, &active, &pods);
    let new = || Failure { reason: reason.to_owned(), message: error.message.clone(), since: reconcile.now() };
    numbers.failure = Some(set.status.failure.clone().unwrap_or_else(new));
    write_status(reconcile, &set, &numbers);
}

/// Creates what is missing or deletes what is too much (upstream: `manageReplicas`).
fn manage(reconcile: &mut Reconcile, set: &Set, active: &[&Object]) {
    let missing = set.replicas.saturating_sub(active.len()).min(BURST);
    if missing > 0 {
        let request = Request::create(from_template(set.template, set.object));
        let write = Write::new(request)
            .saying(Saying::normal(set.object, "SuccessfulCreate", "Created pod: {name}"))
            .failing(Saying::warning(set.object, "FailedCreate", "Error creating: {error}"))
            .tolerating(Tolerate::NamespaceTerminating);
        reconcile.batch(vec![write; missing]);
    }
    let excess = active.len().saturating_sub(set.replicas).min(BURST);
    if excess > 0 {
        let related = related(reconcile, set);
        let doomed = ranking::to_delete(active, related.into_iter(), excess, reconcile.now());
        let deletions = doomed.into_iter().map(|pod| {
            let message = format!("Deleted pod: {}", pod.name());
            Write::new(Request::delete(&pod::KIND, &pod.key(), DeleteOptions::default()))
                .saying(Saying::normal(set.object, "SuccessfulDelete", message))
                .failing(Saying::warning(set.object, "FailedDelete", "Error deleting: {error}"))
                .tolerating(Tolerate::NotFound)
        });
        let deletions = deletions.collect();
        reconcile.together(deletions);
    }
}

/// The active pods of all sets with the same controller (upstream: `getIndirectlyRelatedPods`).
fn related<'a>(reconcile: &Reconcile<'a>, set: &Set<'a>) -> Vec<&'a Object> {
    let pods = reconcile.cache(&pod::KIND);
    let mut owners = vec![set.object.uid()];
    if let Some(owner) = controller_of(set.object.meta()) {
        let others = reconcile.cache(set.kind()).owned_by(&owner.uid);
        owners.extend(others.map(Object::uid).filter(|uid| *uid != set.object.uid()));
    }
    let all = owners.into_iter().flat_map(|uid| pods.owned_by(uid));
    all.filter(|pod| pod.get().is_some_and(is_active)).collect()
}

/// The status that the pods amount to; a failure that is over is left out.
fn numbers(reconcile: &mut Reconcile, set: &Set, active: &[&Object], pods: &[&Object]) -> Numbers {
    let wanted = set.template_labels();
    let (mut full, mut ready, mut available) = (0, 0, 0);
    let mut wait: Option<Duration> = None;
    for pod in active.iter().filter_map(|object| object.get::<Pod>()) {
        full += usize::from(has_all(labels(&pod.metadata), wanted));
        if let Some(left) = until_available(pod, set.min_ready, reconcile.now()) {
            ready += 1;
            available += usize::from(left.is_zero());
            wait = wait.into_iter().chain(Some(left).filter(|left| !left.is_zero())).min();
        }
    }
    if let Some(wait) = wait {
        reconcile.again_after(wait);
    }
    let ending = pods.iter().filter(|pod| pod.get().is_some_and(is_terminating)).count();
    amount(set, active.len(), full, (ready, available), ending)
}

fn amount(set: &Set, active: usize, full: usize, (ready, available): (usize, usize), ending: usize) -> Numbers {
    let number = |n: usize| count(n).unwrap_or(0);
    Numbers {
        replicas: number(active),
        fully_labeled: number(full),
        ready: number(ready),
        available: number(available),
        terminating: set.counts_terminating().then(|| number(ending)),
        observed: set.object.meta().generation,
        failure: None,
    }
}

fn write_status(reconcile: &mut Reconcile, set: &Set, numbers: &Numbers) {
    if *numbers != set.status {
        reconcile.request(Request::update_status(set.with(numbers)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Status;
    use crate::api::request::Body;
    use crate::cluster::client::testing::wants_after;
    use serde_json::json;

    #[test]
    fn only_pods_that_could_not_be_made_or_deleted_are_a_failure() {
        let set = json!({"metadata": {"name": "web", "namespace": "n", "uid": "u"}, "spec": {"replicas": 2,
            "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}}}});
        let set = (replica_set::KIND.decode)(set).expect("a set");
        let pod = (pod::KIND.decode)(json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": []}}));
        let refused = Status::forbidden(&pod::KIND, "p", "exceeded quota");
        let after = |request: &Request| {
            wants_after(&CONTROLLER, std::slice::from_ref(&set), &set.reference(), (request, &refused))
        };
        let wanted = after(&Request::create(pod.expect("a pod")));
        let [Request { body: Body::Object(told), .. }] = &wanted[..] else { panic!("{wanted:?}") };
        let condition = told.to_value()["status"]["conditions"][0].clone();
        assert_eq!((&condition["type"], &condition["reason"]), (&json!("ReplicaFailure"), &json!("FailedCreate")));
        assert_eq!(after(&Request::update_status(set.clone())), []);
    }
}
