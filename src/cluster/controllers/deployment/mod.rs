//! The Deployment controller: one ReplicaSet for each template, and a careful way from one to the next.
//!
//! Upstream: `pkg/controller/deployment` (`deployment_controller.go`, `sync.go`, `rolling.go`, `recreate.go`).
//!
//! One look at a Deployment does one thing and writes the status; what it wrote wakes it again:
//!
//! ```text
//!   no set of this template?       create it, with as many pods as the surge leaves room for
//!   replicas changed? paused?      spread the new number over the sets there are          (scale)
//!   new set too small?             grow it as far as `maxSurge` allows                    (grow)
//!   old sets still have pods?      shrink them as far as `maxUnavailable` allows,
//!                                  those that are not available first                     (shrink)
//!   all done?                      delete sets beyond `revisionHistoryLimit`              (clean_up)
//! ```
//!
//! The parts: [`family`] knows the sets and the bounds, [`revision`] their numbers, [`scale`] the proportions,
//! [`status`] the conditions, [`hash`](super::shared::hash) the label that tells the sets apart.
//!
//! Left out: the long deprecated rollback annotation (`kubectl rollout undo` changes the template today).

pub mod family;
pub mod revision;
pub mod scale;
pub mod status;
mod wake;

use self::family::{Child, DESIRED, Plan, REVISION, active, available, new_size, split, total};
use self::status::{PROGRESSING, TIMED_OUT, condition, with_status};
use self::wake::{wake_by_pod, wake_by_set};
use super::shared::claim::claim;
use super::shared::hash::template_hash;
use super::shared::{annotation, subject};
use crate::api::kinds::{deployment, pod, pod::Pod, replica_set};
use crate::api::request::DeleteOptions;
use crate::api::selector::Selector;
use crate::api::{Key, Object, Ref, Request, Verb};
use crate::cluster::client::controller::{
    Controller, Failed, Reconcile, Saying, Tolerate, Watch, Write, in_ending_namespace,
};
use crate::sim::Order;
use k8s_openapi::api::apps::v1::{DeploymentStatus, ReplicaSet};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "deployment-controller",
    account: "deployment-controller",
    workers: 5,
    watches: &[
        Watch::of(&deployment::KIND),
        Watch::mapped(&replica_set::KIND, wake_by_set),
        Watch::mapped(&pod::KIND, wake_by_pod),
    ],
    period: None,
    retries: 15,
    reconcile,
    failed: Some(failed),
};

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(plan) = subject(reconcile, key).and_then(Plan::read) else { return Ok(()) };
    let selector = Selector::from_object(Some(&plan.spec.selector))?;
    let Some(sets) = claim(reconcile, plan.object, &selector, &replica_set::KIND)? else { return Ok(()) };
    if reconcile.writes() > 0 {
        return Ok(());
    }
    let sets = sets.into_iter().filter_map(Child::read).collect();
    let (new, old) = split(&plan, sets);
    let mut look = Look { reconcile, plan, new, old };
    if !plan.object.is_terminating() && look.note_pause() {
        look.go_on();
    } else if !look.number_new_set() {
        return look.act();
    }
    Ok(())
}

/// When a new set could not be created (upstream: `getNewReplicaSet`).
fn failed(key: &Ref, reconcile: &mut Reconcile, (request, error): Failed) {
    if request.verb != Verb::Create {
        return;
    }
    let Some(plan) = subject(reconcile, key).and_then(Plan::read) else { return };
    let name = set_name(&plan);
    let exists = reconcile.lookup(&replica_set::KIND, &Key::new(plan.object.namespace(), &name)).is_some();
    let ours: Vec<Child> =
        reconcile.cache(&replica_set::KIND).owned_by(plan.object.uid()).filter_map(Child::read).collect();
    if exists || error.reason == "AlreadyExists" || in_ending_namespace(error) || split(&plan, ours).0.is_some() {
        return;
    }
    let message = format!("Failed to create new replica set \"{name}\": {error}");
    reconcile.say(Saying::warning(plan.object, "ReplicaSetCreateError", message.as_str()));
    if plan.deadline().is_some() {
        let mut status = plan.status();
        let now = reconcile.now();
        status::set(&mut status, condition(PROGRESSING, "False", "ReplicaSetCreateError", &message, now));
        reconcile.request(Request::update_status(with_status(&plan, status)));
    }
}

fn set_name(plan: &Plan) -> String {
    let collisions = plan.deployment.status.as_ref().and_then(|status| status.collision_count);
    format!("{}-{}", plan.object.name(), template_hash(&plan.spec.template, collisions))
}

/// One look at one Deployment.
struct Look<'r, 'a> {
    reconcile: &'r mut Reconcile<'a>,
    plan: Plan<'a>,
    new: Option<Child<'a>>,
    old: Vec<Child<'a>>,
}

impl<'a> Look<'_, 'a> {
    fn all(&self) -> Vec<Child<'a>> {
        self.old.iter().copied().chain(self.new).collect()
    }

    fn act(&mut self) -> Result<(), String> {
        let wanted = self.plan.replicas();
        let is_scaled = |set: &Child| set.number(DESIRED).is_some_and(|desired| desired != wanted);
        if self.plan.object.is_terminating() {
            self.write_counts();
        } else if self.plan.spec.paused == Some(true) || active(&self.all()).iter().any(is_scaled) {
            self.scale();
        } else if self.plan.recreates() {
            self.recreate();
        } else {
            return self.roll();
        }
        Ok(())
    }

    /// Upstream: `checkPausedConditions`. Tells whether something was written.
    fn note_pause(&mut self) -> bool {
        let mut status = self.plan.status();
        let reason = status::get(&status, PROGRESSING).and_then(|progressing| progressing.reason.as_deref());
        let known = reason == Some("DeploymentPaused");
        if self.plan.deadline().is_none() || reason == Some(TIMED_OUT) {
            return false;
        }
        let (reason, message) = match (self.plan.spec.paused == Some(true), known) {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return false,
        };
        status::set(&mut status, condition(PROGRESSING, "Unknown", reason, message, self.reconcile.now()));
        self.reconcile.request(Request::update_status(with_status(&self.plan, status)));
        true
    }

    /// After it was noted that a rollout goes on, this look still makes a set for a template that changed meanwhile; what
    /// it would write of that into the status comes too late, because the status was just written (a conflict upstream):
    /// the next look numbers the set.
    fn go_on(&mut self) {
        if self.plan.spec.paused != Some(true) && self.new.is_none() && !self.plan.recreates() {
            self.create(false);
        }
    }

    /// Keeps the numbers of the set of the present template, if there is one (upstream: `getNewReplicaSet`, first half).
    /// Tells whether something was written.
    fn number_new_set(&mut self) -> bool {
        let Some(new) = self.new else { return false };
        let mut annotations = new.object.meta().annotations.clone().unwrap_or_default();
        let changed = revision::annotate(&self.plan, &mut annotations, revision::next(&self.old));
        let min_ready = self.plan.spec.min_ready_seconds;
        if changed || new.min_ready() != min_ready.unwrap_or(0) {
            let mut object = new.object.clone();
            object.meta_mut().annotations = Some(annotations);
            if let Some(spec) = object.get_mut::<ReplicaSet>().and_then(|set| set.spec.as_mut()) {
                spec.min_ready_seconds = min_ready;
            }
            self.reconcile.request(Request::update(object));
            return true;
        }
        let mut status = self.plan.status();
        let number = annotations.get(REVISION).cloned().unwrap_or_default();
        let unknown = self.plan.deadline().is_some() && status::get(&status, PROGRESSING).is_none();
        if unknown {
            let message = format!("Found new replica set \"{}\"", new.object.name());
            let now = self.reconcile.now();
            status::set(&mut status, condition(PROGRESSING, "True", "FoundNewReplicaSet", &message, now));
        }
        let outdated = annotation(self.plan.object.meta(), REVISION) != Some(&number);
        if unknown || outdated {
            self.write_revision(&number, status);
        }
        unknown || outdated
    }

    fn write_revision(&mut self, number: &str, status: DeploymentStatus) {
        let mut object = with_status(&self.plan, status);
        object.meta_mut().annotations.get_or_insert_default().insert(REVISION.to_owned(), number.to_owned());
        self.reconcile.request(Request::update_status(object));
    }

    /// Upstream: `getNewReplicaSet`, second half. `tells`: the status says so.
    fn create(&mut self, tells: bool) {
        let name = set_name(&self.plan);
        let mut status = self.plan.status();
        let key = Key::new(self.plan.object.namespace(), &name);
        if self.reconcile.lookup(&replica_set::KIND, &key).is_some() {
            // Another template has the same hash: the next look computes another one.
            status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
            self.reconcile.request(Request::update_status(with_status(&self.plan, status)));
            return;
        }
        let hash = &name[self.plan.object.name().len() + 1..];
        let set = revision::new_set(&self.plan, &self.old, hash);
        let size = new_size(&self.plan, &self.old, 0);
        let mut write = Write::new(Request::create(set));
        if size > 0 {
            let message = format!("Scaled up replica set {name} from 0 to {size}");
            write = write.saying(Saying::normal(self.plan.object, "ScalingReplicaSet", message));
        }
        self.reconcile.write(write);
        if !tells {
            return;
        }
        if self.plan.deadline().is_some() {
            let message = format!("Created new replica set \"{name}\"");
            let now = self.reconcile.now();
            status::set(&mut status, condition(PROGRESSING, "True", "NewReplicaSetCreated", &message, now));
        }
        self.write_revision(&revision::next(&self.old).to_string(), status);
    }

    /// Upstream: `rolloutRolling`.
    fn roll(&mut self) -> Result<(), String> {
        let Some(new) = self.new else {
            self.create(true);
            return Ok(());
        };
        if !self.grow(&new) && !self.shrink(&new)? {
            self.clean_up_if_complete();
        }
        self.write_rollout();
        Ok(())
    }

    /// Upstream: `reconcileNewReplicaSet`.
    fn grow(&mut self, new: &Child<'a>) -> bool {
        let wanted = self.plan.replicas();
        if new.replicas >= wanted {
            return self.resize(new, wanted, true);
        }
        let size = new_size(&self.plan, &self.all(), new.replicas);
        self.resize(new, size, true)
    }

    /// Upstream: `reconcileOldReplicaSets`. An error: a set counts more pods than it wants, so its status is old.
    fn shrink(&mut self, new: &Child<'a>) -> Result<bool, String> {
        let mut old = active(&self.old);
        if old.is_empty() {
            return Ok(false);
        }
        let least = self.plan.replicas() - self.plan.max_unavailable();
        let most = total(&self.all()) - least - (new.replicas - new.available());
        if most <= 0 {
            return Ok(false);
        }
        old.order_by_key(Child::age);
        let mut sizes: Vec<i32> = old.iter().map(|set| set.replicas).collect();
        // First those pods that are of no use anyway (upstream: `cleanupUnhealthyReplicas`).
        let mut rest = most;
        for (set, size) in old.iter().zip(&mut sizes) {
            if rest == 0 {
                break;
            }
            let useless = (*size - set.available()).min(rest);
            if useless < 0 {
                let (key, more) = (set.object.key(), *size - useless);
                return Err(format!(
                    "when cleaning up unhealthy replicas, got invalid request to scale down {key} {size} -> {more}"
                ));
            }
            self.resize(set, *size - useless, true);
            *size -= useless;
            rest -= useless;
        }
        // Then as many as may be missing (upstream: `scaleDownOldReplicaSetsForRollingUpdate`).
        let mut spare = (available(&old) + new.available() - least).max(0);
        for (set, size) in old.iter().zip(&mut sizes) {
            let part = spare.min(*size);
            let present = Child { replicas: *size, ..*set };
            self.resize(&present, *size - part, true);
            *size -= part;
            spare -= part;
        }
        Ok(old.iter().zip(sizes).any(|(set, size)| set.replicas != size))
    }

    /// Upstream: `rolloutRecreate`.
    fn recreate(&mut self) {
        let mut scaled = false;
        for set in active(&self.old) {
            scaled |= self.resize(&set, 0, true);
        }
        if scaled || self.old_pods_run() {
            self.write_rollout();
            return;
        }
        let Some(new) = self.new else {
            self.create(true);
            return;
        };
        self.resize(&new, self.plan.replicas(), true);
        self.clean_up_if_complete();
        self.write_rollout();
    }

    fn old_pods_run(&self) -> bool {
        let pods = self.reconcile.cache(&pod::KIND);
        let runs = |object: &Object| object.get().is_some_and(|pod: &Pod| !pod.is_terminal());
        self.old.iter().any(|set| set.current() > 0 || pods.owned_by(set.object.uid()).any(runs))
    }

    /// Upstream: `sync`: the number of replicas has changed, or the Deployment is paused.
    fn scale(&mut self) {
        for (set, size, speak) in scale::scale(&self.plan, self.new, &self.old) {
            self.resize(&set, size, speak);
        }
        if self.plan.spec.paused == Some(true) {
            self.clean_up();
        }
        self.write_counts();
    }

    /// Gives a set another size (upstream: `scaleReplicaSet`); tells whether the size is another.
    fn resize(&mut self, set: &Child, size: i32, speak: bool) -> bool {
        let mut annotations = set.object.meta().annotations.clone().unwrap_or_default();
        let noted = revision::note_size(&self.plan, &mut annotations);
        if set.replicas == size && (speak || !noted) {
            return false;
        }
        let mut object = set.object.clone();
        let meta = object.meta_mut();
        meta.annotations = Some(annotations);
        let before = set.object.get::<ReplicaSet>().and_then(|set| set.spec.as_ref()?.replicas);
        if before != Some(set.replicas) {
            // It was resized a moment ago in the same look, so its revision is no longer the one that we know.
            meta.resource_version = None;
        }
        if let Some(spec) = object.get_mut::<ReplicaSet>().and_then(|set| set.spec.as_mut()) {
            spec.replicas = Some(size);
        }
        let mut write = Write::new(Request::update(object));
        if size != set.replicas {
            let way = if size > set.replicas { "up" } else { "down" };
            let message = format!("Scaled {way} replica set {} from {} to {size}", set.object.name(), set.replicas);
            write = write.saying(Saying::normal(self.plan.object, "ScalingReplicaSet", message));
        }
        self.reconcile.write(write);
        size != set.replicas
    }

    fn clean_up_if_complete(&mut self) {
        if status::is_complete(&self.plan, &self.plan.status()) {
            self.clean_up();
        }
    }

    /// Deletes the oldest sets beyond the limit (upstream: `cleanupDeployment`).
    fn clean_up(&mut self) {
        let Some(limit) = self.plan.spec.revision_history_limit.filter(|limit| *limit != i32::MAX) else { return };
        let mut sets: Vec<Child> = self.old.iter().filter(|set| !set.object.is_terminating()).copied().collect();
        sets.order_by_key(|set| (set.revision(), set.age()));
        let excess = sets.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        for set in &sets[..excess] {
            let observed = set.status().and_then(|status| status.observed_generation);
            if set.current() == 0 && set.replicas == 0 && set.object.meta().generation <= observed {
                let request = Request::delete(&replica_set::KIND, &set.object.key(), DeleteOptions::default());
                self.reconcile.write(Write::new(request).tolerating(Tolerate::NotFound));
            }
        }
    }

    fn write_counts(&mut self) {
        let status = status::counts(&self.plan, self.new.as_ref(), &self.all(), self.reconcile.now());
        self.write_status(status);
    }

    fn write_rollout(&mut self) {
        let now = self.reconcile.now();
        let status = status::rollout(&self.plan, self.new.as_ref(), &self.all(), now);
        if status == self.plan.status() {
            if let Some(delay) = status::look_again(&self.plan, &status, now) {
                self.reconcile.again_after(delay);
            }
            return;
        }
        self.write_status(status);
    }

    fn write_status(&mut self, status: DeploymentStatus) {
        if status != self.plan.status() {
            self.reconcile.request(Request::update_status(with_status(&self.plan, status)));
        }
    }
}
