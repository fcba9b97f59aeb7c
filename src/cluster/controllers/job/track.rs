//! Counting: ended pods go by uid into the status, lose their finalizer, and are then added to the counters.
//!
//! Upstream: `trackJobStatusAndRemoveFinalizers`, `flushUncountedAndRemoveFinalizers`, `enactJobFinished`.

use super::indexes::index_of;
use super::spec::is_tracked;
use super::{End, Look, policy, untrack};
use crate::api::kinds::pod::Pod;
use crate::api::meta::timestamp;
use crate::api::{Object, Request};
use crate::cluster::client::controller::{Reconcile, Saying};
use crate::sim::{Order, SortedSet, Time};
use serde_json::{Value, json};

/// Upstream: `MaxUncountedPods`.
const MOST: usize = 500;

type Uids = SortedSet<String>;

/// Writes the numbers and counts what has ended.
pub(super) fn track(reconcile: &mut Reconcile, mut look: Look) {
    set_numbers(&mut look);
    if look.job.is_indexed() {
        look.pods.order_by_key(|pod| index_of(pod));
    }
    let known = [uids(&look, "succeeded"), uids(&look, "failed")];
    let mut tracked: Uids = look.pods.iter().filter(|pod| is_tracked(pod)).map(|pod| pod.uid().to_owned()).collect();
    add_counted(&mut look, &tracked);
    let (ended, all) = note_ended(&mut look, &known);
    if look.job.is_indexed() {
        set_indexes(&mut look);
    }
    let now = reconcile.now();
    announce_end(&mut look, now);
    if look.job.document.at("status").and_then(Value::as_object) != Some(&look.status) {
        reconcile.request(Request::update_status(with_status(&look, true)));
    }
    let before = look.status.clone();
    for pod in &ended {
        tracked.remove(pod.uid());
    }
    reconcile.together(ended.into_iter().map(untrack).collect());
    add_counted(&mut look, &tracked);
    let told = if all { finish(&mut look, now) } else { Vec::new() };
    if look.status != before {
        reconcile.request(Request::update_status(with_status(&look, false)));
    }
    for saying in told {
        reconcile.say(saying);
    }
}

fn set_numbers(look: &mut Look) {
    set(look, "active", look.running);
    look.status.insert("ready".to_owned(), look.ready.into());
    look.status.insert("terminating".to_owned(), look.terminating.into());
}

/// A counter as Go writes it: zero is left out.
fn set(look: &mut Look, name: &str, number: i64) {
    if number == 0 {
        look.status.remove(name);
    } else {
        look.status.insert(name.to_owned(), number.into());
    }
}

/// The object with the status; the second write of a look goes onto whatever the first has made.
fn with_status(look: &Look, first: bool) -> Object {
    let mut object = look.job.object.clone();
    if !first {
        object.meta_mut().resource_version = None;
    }
    if let Some(document) = object.document_mut() {
        document.set("status", Value::Object(look.status.clone()));
    }
    object
}

fn uids(look: &Look, list: &str) -> Uids {
    let list = look.status["uncountedTerminatedPods"][list].as_array();
    list.into_iter().flatten().filter_map(|uid| uid.as_str().map(str::to_owned)).collect()
}

fn set_uids(look: &mut Look, list: &str, uids: Vec<String>) {
    if let Some(Value::Object(lists)) = look.status.get_mut("uncountedTerminatedPods") {
        if uids.is_empty() {
            lists.remove(list);
        } else {
            lists.insert(list.to_owned(), uids.into());
        }
    }
}

/// Adds pods that have lost their finalizer to the counters (upstream: `cleanUncountedPodsWithoutFinalizers`).
fn add_counted(look: &mut Look, tracked: &Uids) {
    for list in ["succeeded", "failed"] {
        let all = listed(look, list);
        let (left, gone): (Vec<String>, Vec<String>) = all.into_iter().partition(|uid| tracked.contains(uid));
        if !gone.is_empty() {
            let number = look.number(list) + i64::try_from(gone.len()).unwrap_or(0);
            set(look, list, number);
            set_uids(look, list, left);
        }
    }
}

/// The uids in their order.
fn listed(look: &Look, list: &str) -> Vec<String> {
    let list = look.status["uncountedTerminatedPods"][list].as_array();
    list.into_iter().flatten().filter_map(|uid| uid.as_str().map(str::to_owned)).collect()
}

/// Writes ended pods down. Gives those that may lose their finalizer, and whether these are all.
fn note_ended<'a>(look: &mut Look<'a>, known: &[Uids; 2]) -> (Vec<&'a Object>, bool) {
    let (mut ended, mut succeeded, mut failed) = (Vec::new(), listed(look, "succeeded"), listed(look, "failed"));
    let mut indexes = Vec::new();
    let dooms = look.finished.as_ref().is_some_and(|end| end.kind != "SuccessCriteriaMet");
    let mut all = true;
    for object in look.pods.clone() {
        let Some(pod) = object.get::<Pod>().filter(|_| is_tracked(object)) else { continue };
        let has_failed = look.job.has_failed(pod);
        if !may_go(look, object, has_failed) {
            continue;
        }
        ended.push(object);
        let is = |list: usize| known[list].contains(object.uid());
        if pod.phase() == "Succeeded" && !is(1) {
            match index_of(object).filter(|_| look.job.is_indexed()) {
                Some(index) if look.is_valid(object) && !look.done_before.has(index) => indexes.push(index),
                None if !look.job.is_indexed() && !is(0) => succeeded.push(object.uid().to_owned()),
                _ => {}
            }
        } else if (has_failed || dooms) && !is(1) && look.is_valid(object) && policy::verdict(&look.job, object).counts
        {
            failed.push(object.uid().to_owned());
        }
        if indexes.len() + succeeded.len() + failed.len() >= MOST {
            all = false;
            break;
        }
    }
    look.done = look.done.with(indexes);
    set_uids(look, "succeeded", succeeded);
    set_uids(look, "failed", failed);
    (ended, all)
}

/// Upstream: `canRemoveFinalizer`.
fn may_go(look: &Look, object: &Object, has_failed: bool) -> bool {
    let ends = look.job.object.is_terminating() || look.finished.is_some();
    let succeeded = object.get::<Pod>().is_some_and(|pod| pod.phase() == "Succeeded");
    let awaited =
        || index_of(object).and_then(|index| look.replaced.get(&index)).is_some_and(|pod| pod.uid() == object.uid());
    ends || succeeded || has_failed && !awaited()
}

fn set_indexes(look: &mut Look) {
    let (done, total) = (look.done.to_string(), look.done.total());
    set(look, "succeeded", total);
    if done.is_empty() {
        look.status.remove("completedIndexes");
    } else {
        look.status.insert("completedIndexes".to_owned(), done.into());
    }
    if let Some(lost) = &look.lost {
        look.status.insert("failedIndexes".to_owned(), lost.to_string().into());
    }
}

/// Writes down that the Job is about to end, before its pods lose their finalizers.
fn announce_end(look: &mut Look, now: Time) {
    let Some(end) = look.finished.clone() else { return };
    let known = look.job.condition(end.kind).is_some();
    if matches!(end.kind, "FailureTarget" | "SuccessCriteriaMet") && !known {
        push_condition(look, end.to_value(now));
    }
    let kind = if end.kind == "SuccessCriteriaMet" { "Complete" } else { "Failed" };
    look.finished = Some(End { kind, ..end });
}

fn push_condition(look: &mut Look, condition: Value) {
    if let Some(conditions) = look.status.entry("conditions").or_insert_with(|| json!([])).as_array_mut() {
        conditions.push(condition);
    }
}

/// Ends the Job once all is counted and nothing is ending any more. Gives what is to be said of it.
fn finish(look: &mut Look, now: Time) -> Vec<Saying> {
    let Some(end) = look.finished.clone() else { return Vec::new() };
    let open = !listed(look, "succeeded").is_empty() || !listed(look, "failed").is_empty();
    if open || look.terminating > 0 {
        return Vec::new();
    }
    push_condition(look, end.to_value(now));
    let job = look.job.object;
    if end.kind == "Failed" {
        let reason = REASONS.iter().copied().find(|reason| *reason == end.reason).unwrap_or("Failed");
        return vec![Saying::warning(job, reason, end.message)];
    }
    look.status.insert("completionTime".to_owned(), timestamp(now).0.to_string().into());
    let mut told = Vec::new();
    if look.job.completions().is_some_and(|completions| look.number("succeeded") > completions) {
        let message = "Too many succeeded pods running after completion count reached";
        told.push(Saying::warning(job, "TooManySucceededPods", message));
    }
    told.push(Saying::normal(job, "Completed", "Job completed"));
    told
}

/// Why Jobs fail.
const REASONS: [&str; 5] =
    ["BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy", "FailedIndexes", "MaxFailedIndexesExceeded"];
