//! The StatefulSet controller: pods with names, in their order, each with claims of its own.
//!
//! Upstream: `pkg/controller/statefulset` (`stateful_set.go`, `stateful_set_control.go`). One look at a set:
//!
//! 1. its revisions: the present template has one ([`history`]), pods carry its name;
//! 2. the wanted pods from the first ordinal to the last: ended ones are deleted, missing ones are created with their
//!    claims ([`claims`]). With `OrderedReady` nothing is done beyond the first pod that is not available yet;
//!    with `Parallel` for all at once;
//! 3. the pods beyond the wanted ones from the last to the first, one after the other or all at once;
//! 4. a rolling update: the pod with the highest ordinal that is not of the new revision goes, if all after it are
//!    available and its ordinal is not below the partition;
//! 5. the status, and revisions beyond `revisionHistoryLimit`.
//!
//! `maxUnavailable` of a rolling update is behind a feature gate that is off in v1.36: it counts as 1.
//!
//! Left out: the service that `serviceName` names is not looked for (it is not upstream either).

pub mod claims;
pub mod set;
mod status;

use self::set::{Set, ordinal, revision};
use super::shared::claim::{claim_if, is_controlled};
use super::shared::history::{self, Present};
use super::shared::pods::until_available;
use super::shared::{labels, subject};
use crate::api::kinds::{controller_revision, persistent_volume_claim, pod, pod::Pod, stateful_set};
use crate::api::request::DeleteOptions;
use crate::api::selector::Selector;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Failed, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::sim::Order;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "statefulset-controller",
    account: "statefulset-controller",
    workers: 5,
    watches: &[
        Watch::of(&stateful_set::KIND),
        Watch::mapped(&pod::KIND, wake_by_pod),
        // Read, but their changes wake nobody.
        Watch::mapped(&controller_revision::KIND, |_, _, _| {}),
        Watch::mapped(&persistent_volume_claim::KIND, |_, _, _| {}),
    ],
    period: None,
    retries: 0,
    reconcile,
    failed: Some(failed),
};

/// Which sets a change of a pod concerns: its controller, before and after; of an orphan, all that would have it.
fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    for pod in old.into_iter().chain(new) {
        wake.owner(pod, &stateful_set::KIND);
    }
    let Some(orphan) = new.filter(|pod| !is_controlled(pod) && !pod.is_terminating()) else { return };
    let would = |set: &&Object| selector(set).is_ok_and(|selector| selector.matches(labels(orphan.meta())));
    wake.objects(wake.cache(&stateful_set::KIND).in_namespace(orphan.namespace()).filter(would));
}

fn selector(set: &Object) -> Result<Selector, String> {
    let selector = set.document().and_then(|set| set.at("spec.selector"));
    selector.map_or_else(|| Err("no selector".to_owned()), Selector::from_value)
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(set) = subject(reconcile, key).and_then(Set::read) else { return Ok(()) };
    let selector = selector(set.object)?;
    let Some(past) = history::of(reconcile, set.object, &selector)? else { return Ok(()) };
    let belongs =
        |pod: &Object| ordinal(set.object.name(), pod.name()).is_some() && selector.matches(labels(pod.meta()));
    let Some(pods) = claim_if(reconcile, set.object, &pod::KIND, &belongs)? else { return Ok(()) };
    let mut look = Look::new(reconcile, set, &past, pods);
    let (status, result) = look.act();
    let until = |pod: &&Object| until_available(pod.get::<Pod>()?, look.set.min_ready, look.reconcile.now());
    let wait = look.pods.iter().filter_map(until).filter(|left| !left.is_zero()).min();
    let Look { wants, update, current, pods, told, .. } = look;
    for saying in told {
        reconcile.say(saying);
    }
    for writes in wants {
        reconcile.batch(writes);
    }
    if let Some(status) = status {
        reconcile.request(Request::update_status(status));
    }
    let live = |object: &Object| {
        let name = object.name();
        name == update.name || name == current.name || pods.iter().any(|pod| revision(pod) == name)
    };
    history::truncate(reconcile, set.object, &past, live);
    if let Some(wait) = wait {
        reconcile.again_after(wait);
    }
    result
}

/// When a request has failed: the status as far as it is known (upstream: `performUpdate`).
fn failed(key: &Ref, reconcile: &mut Reconcile, _: Failed) {
    let Some(set) = subject(reconcile, key).and_then(Set::read) else { return };
    let Ok(Some(past)) = selector(set.object).and_then(|selector| history::of(reconcile, set.object, &selector)) else {
        return;
    };
    let pods = reconcile.cache(&pod::KIND).owned_by(set.object.uid()).collect();
    let (status, _) = Look::new(reconcile, set, &past, pods).act();
    if let Some(status) = status {
        reconcile.request(Request::update_status(status));
    }
}

/// One look at one set.
struct Look<'r, 'a> {
    reconcile: &'r Reconcile<'a>,
    set: Set<'a>,
    pods: Vec<&'a Object>,
    current: Revision,
    update: Present,
    /// What is to be done: one group after the other, what is in a group in any order.
    wants: Vec<Vec<Write>>,
    /// What is to be said of pods that cannot be made, and of claims that are somebody else's.
    told: Vec<Saying>,
}

/// The revision that all pods had before the update that goes on.
struct Revision {
    name: String,
    template: Option<PodTemplateSpec>,
}

/// Whether the look goes on with the next pod.
type Goes = Result<bool, String>;

impl<'r, 'a> Look<'r, 'a> {
    fn new(reconcile: &'r Reconcile<'a>, set: Set<'a>, past: &[&Object], pods: Vec<&'a Object>) -> Self {
        let mut update = history::present(reconcile, set.object, past, history::HASH);
        let known = past.iter().find(|revision| revision.name() == set.tree.text("status.currentRevision"));
        let current = Revision {
            name: known.map_or_else(|| update.name.clone(), |revision| revision.name().to_owned()),
            template: known.and_then(|revision| history::template(revision)),
        };
        let wants = update.write.take().map(|write| vec![write]).into_iter().collect();
        Self { reconcile, set, pods, current, update, wants, told: Vec::new() }
    }

    /// What is to be done; gives the set with its new status, if that differs.
    fn act(&mut self) -> (Option<Object>, Result<(), String>) {
        let (wanted, condemned) = self.sorted();
        if self.set.object.is_terminating() {
            return (self.status(&self.pods, 0), Ok(()));
        }
        let mut gone = 0;
        let result = self.replicas(&wanted).and_then(|goes| Ok(goes && self.scale_down(&wanted, &condemned)?));
        if result == Ok(true) && self.set.rolling {
            gone = self.roll(&wanted);
        }
        let counted: Vec<&Object> = wanted.into_iter().flatten().chain(condemned).collect();
        (self.status(&counted, gone), result.map(|_| ()))
    }

    /// The wanted pods by their ordinals, those that there are; and those that are not wanted, the last one first.
    fn sorted(&self) -> (Vec<Option<&'a Object>>, Vec<&'a Object>) {
        let set = &self.set;
        let mut wanted = vec![None; usize::try_from(set.replicas).unwrap_or(0)];
        let mut condemned = Vec::new();
        for pod in &self.pods {
            let Some(ordinal) = set.ordinal(pod) else { continue };
            match usize::try_from(ordinal - set.start).ok().and_then(|place| wanted.get_mut(place)) {
                Some(place) => *place = place.or(Some(*pod)),
                None => condemned.push((ordinal, *pod)),
            }
        }
        condemned.order_by_key(|(ordinal, _)| std::cmp::Reverse(*ordinal));
        (wanted, condemned.into_iter().map(|(_, pod)| pod).collect())
    }

    /// Whether the wanted pods let the look go on. Upstream: `processReplica` for all.
    fn replicas(&mut self, wanted: &[Option<&Object>]) -> Goes {
        let (mut together, mut result, mut end) = (Together::default(), Ok(true), wanted.len());
        for (place, pod) in wanted.iter().enumerate() {
            if place >= end {
                break;
            }
            let ordinal = self.set.start + i64::try_from(place).unwrap_or(i64::MAX);
            let goes = match pod {
                Some(pod) => self.keep(pod, &mut together),
                None => self.create(ordinal, &mut together).inspect_err(|why| self.refuse(ordinal, why)),
            };
            if self.set.ordered && goes != Ok(true) {
                self.push(together);
                return goes;
            }
            if goes.is_err() {
                // Those of the same group are looked at all the same (upstream: `slowStartBatch`: one, two, four …).
                end = end.min((place + 2).next_power_of_two() - 1);
                result = result.and(goes);
            }
        }
        self.push(together);
        result
    }

    fn push(&mut self, Together { claims, pods, told }: Together) {
        self.told.extend(told);
        for writes in [claims, pods].into_iter().filter(|writes| !writes.is_empty()) {
            self.wants.push(writes);
        }
    }

    /// A pod cannot be made because of its claims.
    fn refuse(&mut self, ordinal: i64, why: &str) {
        let (set, pod) = (self.set.object, self.set.pod_name(ordinal));
        let message = format!("Create Pod {pod} in StatefulSet {} failed error: {why}", set.name());
        self.told.push(Saying::warning(set, "FailedCreate", message));
    }

    fn create(&self, ordinal: i64, together: &mut Together) -> Goes {
        let claims = self.reconcile.cache(&persistent_volume_claim::KIND);
        if claims::is_stale(&self.set, claims, ordinal, "") {
            return Ok(false);
        }
        together.claims.extend(claims::missing(&self.set, claims, ordinal)?);
        let old = self.set.rolling && ordinal < self.set.start + self.set.partition && self.current.template.is_some();
        let pod = if old {
            self.set.pod(self.current.template.as_ref(), &self.current.name, ordinal)
        } else {
            let template = self.set.tree.at("spec.template").and_then(set::template);
            self.set.pod(template.as_ref(), &self.update.name, ordinal)
        };
        let name = self.set.pod_name(ordinal);
        let write = Write::new(Request::create(pod))
            .saying(self.said("Create", &name, "SuccessfulCreate"))
            .failing(self.failing("Create", &name, "FailedCreate"))
            .silent_if_exists();
        together.pods.push(write);
        Ok(false)
    }

    fn keep(&self, pod: &Object, together: &mut Together) -> Goes {
        let (set, claims) = (&self.set, self.reconcile.cache(&persistent_volume_claim::KIND));
        let Some(phase) = pod.get::<Pod>().map(Pod::phase) else { return Ok(true) };
        if matches!(phase, "Failed" | "Succeeded") {
            if !pod.is_terminating() {
                together.pods.push(self.delete(pod));
            }
            return Ok(false);
        }
        if phase == "Pending" {
            together.claims.extend(claims::missing(set, claims, set.ordinal(pod).unwrap_or(0))?);
            together.claims.extend(claims::retention(set, claims, pod));
            together.told.extend(claims::conflicts(set, claims, pod));
        }
        if set.ordered && (pod.is_terminating() || !set.is_available(pod, self.reconcile.now())) {
            return Ok(false);
        }
        let retention = if phase == "Pending" { Vec::new() } else { claims::retention(set, claims, pod) };
        if !set.is_identified(pod) || !retention.is_empty() {
            if !retention.is_empty() {
                together.told.extend(claims::conflicts(set, claims, pod));
            }
            together.claims.extend(retention);
            let mut named = pod.clone();
            set.identify(&mut named, pod.name());
            let write = Write::new(Request::update(named))
                .saying(self.said("Update", pod.name(), "SuccessfulUpdate"))
                .failing(self.failing("Update", pod.name(), "FailedUpdate"));
            together.pods.push(write);
        }
        Ok(true)
    }

    /// Deletes pods that are not wanted. Upstream: `processCondemned`.
    fn scale_down(&mut self, wanted: &[Option<&Object>], condemned: &[&Object]) -> Goes {
        let (set, now) = (self.set, self.reconcile.now());
        let claims = self.reconcile.cache(&persistent_volume_claim::KIND);
        let mut owned = Together::default();
        for pod in condemned {
            let updates = claims::retention(&set, claims, pod);
            if !updates.is_empty() {
                owned.told.extend(claims::conflicts(&set, claims, pod));
            }
            owned.claims.extend(updates);
        }
        self.push(owned);
        let lame = |pod: &Object| pod.is_terminating() || !set.is_available(pod, now);
        let healthy = wanted.iter().all(|pod| pod.is_some_and(|pod| !lame(pod)));
        let first_lame = condemned.iter().rev().find(|pod| healthy && lame(pod));
        let mut deletions = Vec::new();
        for pod in condemned {
            if pod.is_terminating() {
                if set.ordered {
                    return Ok(false);
                }
                continue;
            }
            let may_go = set.is_available(pod, now) || first_lame.is_some_and(|first| first.uid() == pod.uid());
            if set.ordered {
                if may_go {
                    self.wants.push(vec![self.delete(pod)]);
                }
                return Ok(false);
            }
            deletions.push(self.delete(pod));
        }
        self.push(Together { pods: deletions, ..Together::default() });
        Ok(true)
    }

    /// Deletes the last pod of another revision, unless one after it is not available. Gives how many pods of the
    /// former revision are fewer by it.
    fn roll(&mut self, wanted: &[Option<&Object>]) -> i64 {
        let partition = usize::try_from(self.set.partition).unwrap_or(usize::MAX);
        for pod in wanted.iter().skip(partition).rev() {
            let Some(pod) = pod else { return 0 };
            if revision(pod) != self.update.name && !pod.is_terminating() {
                self.wants.push(vec![self.delete(pod)]);
                return 1;
            }
            if pod.is_terminating() || !self.set.is_available(pod, self.reconcile.now()) {
                return 0;
            }
        }
        0
    }

    fn delete(&self, pod: &Object) -> Write {
        Write::new(Request::delete(&pod::KIND, &pod.key(), DeleteOptions::default()))
            .saying(self.said("Delete", pod.name(), "SuccessfulDelete"))
            .failing(self.failing("Delete", pod.name(), "FailedDelete"))
            .tolerating(Tolerate::NotFound)
    }

    fn said(&self, verb: &str, pod: &str, reason: &'static str) -> Saying {
        let set = self.set.object;
        Saying::normal(set, reason, format!("{verb} Pod {pod} in StatefulSet {} successful", set.name()))
    }

    fn failing(&self, verb: &str, pod: &str, reason: &'static str) -> Saying {
        let set = self.set.object;
        Saying::warning(set, reason, format!("{verb} Pod {pod} in StatefulSet {} failed error: {{error}}", set.name()))
    }

    fn status(&self, pods: &[&Object], gone: i64) -> Option<Object> {
        let counts = status::count(&self.set, pods, (&self.current.name, &self.update.name), self.reconcile.now());
        let status = status::of(&self.set, &counts, gone, (&self.current.name, &self.update));
        let old = self.set.tree.at("status").cloned().unwrap_or(Value::Null);
        let mut object = self.set.object.clone();
        object.document_mut()?.set("status", status.clone());
        status::differs(&old, &status).then_some(object)
    }
}

/// What is written for several pods: claims before pods.
#[derive(Default)]
struct Together {
    claims: Vec<Write>,
    pods: Vec<Write>,
    told: Vec<Saying>,
}
