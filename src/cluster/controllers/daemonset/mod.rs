//! The DaemonSet controller: one pod on each node that the template fits.
//!
//! Upstream: `pkg/controller/daemon` (`daemon_controller.go`, `update.go`). One look at a set:
//!
//! 1. its revisions ([`history`]);
//! 2. for each node ([`place`]): where a pod should be and none is, one is wanted there; pods that ended are deleted (failed
//!    ones after a growing pause, since the kubelet may refuse the next one, too), and all where none should be.
//!    The scheduler binds the pods: each names its node in its node affinity;
//! 3. if nothing was to be done there, the update goes on ([`update`]): old pods go as `maxUnavailable` lets them, or new
//!    ones come first as `maxSurge` lets them;
//! 4. revisions beyond `revisionHistoryLimit`, and the status as it was before step 2.
//!
//! Left out: two revisions of the same template, which only old releases could make.

pub mod place;
mod status;
pub mod update;

use self::place::{Family, Set};
use super::shared::claim::{claim, is_controlled};
use super::shared::history::{self, REVISION};
use super::shared::{annotation, labels, subject};
use crate::api::kinds::{controller_revision, daemon_set, node, pod};
use crate::api::request::DeleteOptions;
use crate::api::selector::Selector;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Failed, Note, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::Duration;
use std::rc::Rc;

/// Upstream: `BurstReplicas`: at most so many creations or deletions in one look.
const BURST: usize = 250;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "daemonset-controller",
    account: "daemon-set-controller",
    workers: 2,
    watches: &[
        Watch::of(&daemon_set::KIND),
        Watch::mapped(&pod::KIND, wake_by_pod),
        Watch::mapped(&node::KIND, wake_by_node),
        // Read, but their changes wake nobody.
        Watch::mapped(&controller_revision::KIND, |_, _, _| {}),
    ],
    period: None,
    retries: 0,
    reconcile,
    failed: Some(failed),
};

/// Which sets a change of a pod concerns: its controller, before and after; of an orphan, all that would have it.
fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    for pod in old.into_iter().chain(new) {
        wake.owner(pod, &daemon_set::KIND);
    }
    let Some(orphan) = new.filter(|pod| !is_controlled(pod) && !pod.is_terminating()) else { return };
    let would = |set: &&Object| selector(set).is_ok_and(|selector| selector.matches(labels(orphan.meta())));
    wake.objects(wake.cache(&daemon_set::KIND).in_namespace(orphan.namespace()).filter(would));
}

/// A node concerns the sets that want a pod on it, or no longer. One that is gone concerns none: its pods are for pod GC.
fn wake_by_node(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(node) = new else { return };
    let matters = |set: &&Object| {
        Set::read(set).is_some_and(|set| match old {
            None => set.belongs_on(node).0,
            Some(old) => set.belongs_on(old) != set.belongs_on(node),
        })
    };
    if old.is_none_or(|old| place::looks_other(old, node)) {
        wake.objects(wake.cache(&daemon_set::KIND).iter().filter(matters));
    }
}

fn selector(set: &Object) -> Result<Selector, String> {
    let selector = set.document().and_then(|set| set.at("spec.selector"));
    selector.map_or_else(|| Err("no selector".to_owned()), Selector::from_value)
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(set) = subject(reconcile, key).and_then(Set::read) else { return Ok(()) };
    let selector = selector(set.object)?;
    if selector.is_everything() {
        let message = "This daemon set is selecting all pods. A non-empty selector is required.";
        reconcile.say(Saying::warning(set.object, "SelectingAll", message));
        return Ok(());
    }
    if set.object.is_terminating() {
        return Ok(());
    }
    let Some(past) = history::of(reconcile, set.object, &selector)? else { return Ok(()) };
    let mut present = history::present(reconcile, set.object, &past, REVISION);
    let Some(pods) = claim(reconcile, set.object, &selector, &pod::KIND)? else { return Ok(()) };
    if let Some(write) = present.write.take() {
        reconcile.write(write);
    }
    let family = Family::new(reconcile, &set, &present.hash, &pods);
    let before = reconcile.writes();
    let wish = family.manage(reconcile);
    sync(reconcile, &family, &wish);
    if reconcile.writes() == before && set.rolling {
        let wish = update::roll(&family);
        sync(reconcile, &family, &wish);
    }
    let old: Vec<&Object> = past.into_iter().filter(|revision| revision.name() != present.name).collect();
    let used = |revision: &Object| {
        let hash = history::hash_of(revision, REVISION);
        pods.iter().any(|pod| labels(pod.meta()).get(REVISION) == Some(&hash))
    };
    history::truncate(reconcile, set.object, &old, used);
    report(reconcile, &family, present.collisions);
    Ok(())
}

/// What is to be created, by node, and deleted.
#[derive(Default)]
pub struct Wish<'a> {
    /// The nodes that want a pod.
    pub create: Vec<&'a str>,
    /// The pods that go.
    pub delete: Vec<&'a Object>,
}

/// Creates in growing groups, deletes all at once (upstream: `syncNodes`).
fn sync(reconcile: &mut Reconcile, family: &Family, wish: &Wish) {
    let set = family.set.object;
    let creation = |node: &&str| {
        Write::new(Request::create(family.pod(node)))
            .saying(Saying::normal(set, "SuccessfulCreate", "Created pod: {name}"))
            .failing(Saying::warning(set, "FailedCreate", "Error creating: {error}"))
            .tolerating(Tolerate::NamespaceTerminating)
    };
    let deletion = |pod: &&Object| {
        let message = format!("Deleted pod: {}", pod.name());
        Write::new(Request::delete(&pod::KIND, &pod.key(), DeleteOptions::default()))
            .saying(Saying::normal(set, "SuccessfulDelete", message))
            .failing(Saying::warning(set, "FailedDelete", "Error deleting: {error}"))
            .tolerating(Tolerate::NotFound)
    };
    let creations = wish.create.iter().take(BURST).map(creation).collect();
    let deletions = wish.delete.iter().take(BURST).map(deletion).collect();
    reconcile.batch(creations);
    reconcile.together(deletions);
}

fn report(reconcile: &mut Reconcile, family: &Family, collisions: i32) {
    let (changed, waits) = status::of(family, collisions);
    if let Some(changed) = changed {
        reconcile.request(Request::update_status(changed));
    }
    if waits {
        reconcile.again_after(family.set.min_ready);
    }
}

/// When a request has failed the status is still written.
fn failed(key: &Ref, reconcile: &mut Reconcile, _: Failed) {
    let Some(set) = subject(reconcile, key).and_then(Set::read) else { return };
    let Ok(Some(past)) = selector(set.object).and_then(|selector| history::of(reconcile, set.object, &selector)) else {
        return;
    };
    let present = history::present(reconcile, set.object, &past, REVISION);
    let pods: Vec<&Object> = reconcile.cache(&pod::KIND).owned_by(set.object.uid()).collect();
    let family = Family::new(reconcile, &set, &present.hash, &pods);
    report(reconcile, &family, present.collisions);
}

/// Whether a failed pod on a node may be deleted now; if so, the next one there waits twice as long (upstream:
/// `failedPodsBackoff`, 1 s to 15 min, forgotten after twice that).
fn may_replace(reconcile: &mut Reconcile, set: &Object, node: &str) -> bool {
    let (pause, since): (Rc<str>, Rc<str>) =
        (format!("pause {}/{node}", set.uid()).into(), format!("since {}/{node}", set.uid()).into());
    let now = reconcile.now();
    let known = match (reconcile.memory.get(&*pause), reconcile.memory.get(&*since)) {
        (Some(Note::Number(millis)), Some(Note::Moment(at))) => {
            Some((Duration::from_millis(millis.unsigned_abs()), now.since(*at)))
        }
        _ => None,
    };
    let next = match known {
        Some((pause, past)) if past < pause => {
            reconcile.again_after(pause);
            return false;
        }
        Some((pause, past)) if past <= timing::DAEMON_BACKOFF_MAX * 2 => (pause * 2).min(timing::DAEMON_BACKOFF_MAX),
        _ => timing::DAEMON_BACKOFF,
    };
    let millis = i64::try_from(next.as_millis()).unwrap_or(i64::MAX);
    reconcile.memory.insert(pause, Note::Number(millis));
    reconcile.memory.insert(since, Note::Moment(now));
    true
}

/// The number of the template, which old releases used instead of revisions.
fn generation(set: &Object) -> Option<&str> {
    annotation(set.meta(), "deprecated.daemonset.template.generation")
}
