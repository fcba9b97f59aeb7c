//! How many pods a Job wants now: makes what is missing, deletes what is too much.

use super::indexes::index_of;
use super::spec::TRACKING;
use super::{Look, backoff, policy, untrack};
use crate::api::kinds::pod::{self, Pod};
use crate::api::request::DeleteOptions;
use crate::api::{Object, Request};
use crate::cluster::client::controller::{Reconcile, Saying, Tolerate, Write};
use crate::cluster::controllers::job::indexes::INDEX;
use crate::cluster::controllers::replicaset::ranking;
use crate::cluster::controllers::shared::pods::from_template;
use crate::cluster::timing;
use crate::sim::Order;
use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector, PodTemplateSpec};
use std::rc::Rc;

/// Upstream: `MaxPodCreateDeletePerSync`.
const BURST: usize = 500;
/// Upstream: `names.MaxGeneratedNameLength`.
const PREFIX_MAX: usize = 58;

/// Deletes all that still run, because the Job has ended (upstream: `deleteActivePods`). They keep their finalizer.
pub(super) fn delete_all(reconcile: &mut Reconcile, look: &mut Look) {
    let deletions = look.active.iter().map(|pod| deletion(look, pod)).collect();
    reconcile.together(deletions);
    gone(look, &look.active.clone());
}

fn deletion(look: &Look, pod: &Object) -> Write {
    let job = look.job.object;
    Write::new(Request::delete(&pod::KIND, &pod.key(), DeleteOptions::default()))
        .saying(Saying::normal(job, "SuccessfulDelete", format!("Deleted pod: {}", pod.name())))
        .failing(Saying::warning(job, "FailedDelete", "Error deleting: {error}"))
        .tolerating(Tolerate::NotFound)
}

/// The numbers without pods that are being deleted.
fn gone(look: &mut Look, pods: &[&Object]) {
    let ready = pods.iter().filter(|object| object.get().is_some_and(Pod::is_ready)).count();
    let number = |n: usize| i64::try_from(n).unwrap_or(0);
    look.running -= number(pods.len());
    look.terminating += number(pods.len());
    look.ready -= number(ready);
}

/// Upstream: `manageJob`.
pub(super) fn manage(reconcile: &mut Reconcile, look: &mut Look) {
    let active = look.active.len();
    let wanted = if look.job.is_suspended() { 0 } else { wanted(look) };
    let excess = active.saturating_sub(wanted);
    let mut doomed = doomed(look, excess);
    if !look.job.is_suspended() {
        doomed.truncate(BURST);
    }
    if !doomed.is_empty() {
        let tracked = doomed.iter().filter(|pod| super::is_tracked(pod));
        reconcile.together(tracked.map(|pod| untrack(pod)).collect());
        reconcile.together(doomed.iter().map(|pod| deletion(look, pod)).collect());
        gone(look, &doomed);
        return;
    }
    let ending = if look.job.replaces_only_failed() { usize::try_from(look.terminating).unwrap_or(0) } else { 0 };
    let missing = wanted.saturating_sub(ending).saturating_sub(active);
    if missing > 0 && !look.job.is_suspended() {
        create(reconcile, look, missing);
    }
}

fn wanted(look: &Look) -> usize {
    let parallelism = look.job.parallelism();
    let wanted = match look.job.completions() {
        None if look.succeeded > 0 => look.running,
        None => parallelism,
        Some(completions) => (completions - look.succeeded).min(parallelism),
    };
    usize::try_from(wanted).unwrap_or(0)
}

/// Which active pods go (upstream: `activePodsForRemoval`): of an Indexed Job first those whose index is none, too large
/// or there twice.
fn doomed<'a>(look: &Look<'a>, excess: usize) -> Vec<&'a Object> {
    let (mut gone, mut left): (Vec<&Object>, Vec<&Object>) = (Vec::new(), look.active.clone());
    if look.job.is_indexed() {
        let (valid, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|pod| look.is_valid(pod));
        gone = rest;
        left = Vec::new();
        let mut sorted = valid;
        sorted.order_by_key(|pod| index_of(pod));
        for same in sorted.chunk_by(|a, b| index_of(a) == index_of(b)) {
            let repeated = if same.len() > 1 { ranking::plain(same, same.len() - 1) } else { Vec::new() };
            let stays = |pod: &&&Object| !repeated.iter().any(|other| other.uid() == pod.uid());
            left.extend(same.iter().filter(stays));
            gone.extend(repeated);
        }
    }
    if gone.len() < excess {
        gone.extend(ranking::plain(&left, excess - gone.len()));
    }
    gone
}

/// Makes pods, unless the back-off has not passed.
fn create(reconcile: &mut Reconcile, look: &mut Look, missing: usize) {
    let per_index = look.job.backoff_limit_per_index().is_some();
    let mut wait = if per_index { crate::sim::Duration::ZERO } else { look.wait };
    let mut missing = missing.min(BURST);
    let mut indexes = None;
    if wait.is_zero() && look.job.is_indexed() {
        let mut next = pending(look, missing);
        if per_index {
            (next, wait) = backoff::due(next, &look.replaced, reconcile.now());
        }
        missing = next.len();
        indexes = Some(next);
    }
    if !wait.is_zero() {
        reconcile.again_after(wait.max(timing::JOB_BATCH));
        look.running = 0;
        return;
    }
    let template: Option<PodTemplateSpec> = look.job.document.part("spec.template");
    let mut pod = from_template(template.as_ref(), look.job.object);
    track(&mut pod);
    let pods = match indexes {
        None => vec![pod; missing],
        Some(indexes) => {
            with_index_variable(&mut pod);
            indexes.into_iter().map(|index| indexed(look, pod.clone(), index)).collect()
        }
    };
    let job = look.job.object;
    let writes = pods.into_iter().map(|pod| {
        Write::new(Request::create(pod))
            .saying(Saying::normal(job, "SuccessfulCreate", "Created pod: {name}"))
            .failing(Saying::warning(job, "FailedCreate", "Error creating: {error}"))
            .tolerating(Tolerate::NamespaceTerminating)
    });
    reconcile.batch(writes.collect());
    look.running += i64::try_from(missing).unwrap_or(0);
}

/// Upstream: `firstPendingIndexes`.
fn pending(look: &Look, count: usize) -> Vec<i64> {
    let ending = |object: &&&Object| {
        look.job.replaces_only_failed()
            && object.is_terminating()
            && object.get().is_some_and(|p: &Pod| !p.is_terminal())
    };
    let taken = look.active.iter().chain(look.pods.iter().filter(ending)).filter_map(|pod| index_of(pod));
    let mut taken = look.done.with(taken);
    if let Some(lost) = &look.lost {
        taken = taken.and(lost);
    }
    taken.missing(count, look.job.completions().unwrap_or(0))
}

fn track(pod: &mut Object) {
    let finalizers = pod.meta_mut().finalizers.get_or_insert_default();
    if !finalizers.iter().any(|finalizer| finalizer == TRACKING) {
        finalizers.push(TRACKING.to_owned());
    }
}

fn with_index_variable(pod: &mut Object) {
    let Some(pod) = pod.get_mut::<Pod>() else { return };
    let spec = Rc::make_mut(&mut pod.spec);
    for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        add_index_variable(container);
    }
}

fn add_index_variable(container: &mut Container) {
    const NAME: &str = "JOB_COMPLETION_INDEX";
    let variables = container.env.get_or_insert_default();
    if variables.iter().any(|variable| variable.name == NAME) {
        return;
    }
    let field =
        ObjectFieldSelector { field_path: format!("metadata.labels['{INDEX}']"), ..ObjectFieldSelector::default() };
    let source = EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() };
    variables.push(EnvVar { name: NAME.to_owned(), value_from: Some(source), ..EnvVar::default() });
}

/// The pod of one index.
fn indexed(look: &Look, mut object: Object, index: i64) -> Object {
    let name = look.job.object.name();
    let suffix = format!("-{index}-");
    let head: String = name.chars().take(PREFIX_MAX.saturating_sub(suffix.len())).collect();
    let meta = object.meta_mut();
    meta.generate_name = Some(format!("{head}{suffix}"));
    meta.labels.get_or_insert_default().insert(INDEX.to_owned(), index.to_string());
    let annotations = meta.annotations.get_or_insert_default();
    annotations.insert(INDEX.to_owned(), index.to_string());
    if look.job.backoff_limit_per_index().is_some() {
        let (counted, ignored) = look.replaced.get(&index).map_or((0, 0), |before| {
            let (counted, ignored) = backoff::failures(before);
            if policy::verdict(&look.job, before).counts { (counted + 1, ignored) } else { (counted, ignored + 1) }
        });
        annotations.insert(backoff::FAILURES.to_owned(), counted.to_string());
        if ignored > 0 {
            annotations.insert(backoff::IGNORED.to_owned(), ignored.to_string());
        }
    }
    if let Some(pod) = object.get_mut::<Pod>() {
        Rc::make_mut(&mut pod.spec).hostname = Some(format!("{name}-{index}"));
    }
    object
}
