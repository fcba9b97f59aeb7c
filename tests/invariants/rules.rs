//! What holds at every write, whoever makes it and whatever is broken.
//!
//! Controllers decide by what they have heard, so that a rule asks what was so lately, or is so still for who has not
//! heard of a change; what a controller itself has written it knows at once.

use crate::watch::{Known, Rule, Version, Write};
use bottle::cluster::controllers::shared::pods::until_available;
use bottle::cluster::wire::Address;
use bottle::sim::Duration;
use serde_json::Value;

pub const RULES: &[(&str, Rule)] = &[
    ("nothing goes that a finalizer holds", finalizers),
    ("a Job lets a pod go only when it is counted", counted),
    ("a Job counts no pod twice and forgets none", counts),
    ("a Job runs no more pods than it may", parallelism),
    ("a StatefulSet begins in order", begins),
    ("a StatefulSet ends and updates in order", ends),
    ("a rollout stays within its surge", surge),
    ("a rollout leaves enough available", available),
    ("a DaemonSet replaces no more at a time than it may", replaced),
    ("no eviction violates a budget", budget),
    ("an eviction is one of those that are allowed", taken),
    ("a CronJob that forbids it has one Job at a time", forbidden),
];

/// The last finalizer of what is going may go together with it; a kubelet removes none.
fn finalizers(_: &Known, write: &Write) -> Option<String> {
    let before = write.before.as_ref().filter(|_| write.after.is_none())?;
    let held = before.object.meta().finalizers.as_ref().filter(|finalizers| !finalizers.is_empty())?;
    let released = held.len() == 1 && before.object.is_terminating() && write.by == Address::ControllerManager;
    (!released).then(|| format!("removed by {} with {held:?}", write.by))
}

const TRACKING: &str = "batch.kubernetes.io/job-tracking";

fn counted(known: &Known, write: &Write) -> Option<String> {
    let before = write.before.as_ref().filter(|before| write.kind == "Pod" && before.has_finalizer(TRACKING))?;
    let after = write.after.as_ref().unwrap_or(before);
    if write.after.as_ref().is_some_and(|after| after.has_finalizer(TRACKING)) {
        return None;
    }
    let job = known.owner(after).filter(|job| !job.object.is_terminating() && !is_finished(job))?;
    if works(before) && is_surplus(known, job, before) {
        return None;
    }
    let uid = Value::from(after.object.uid());
    let named = |of: &str| job.value.pointer(of).and_then(Value::as_array).is_some_and(|list| list.contains(&uid));
    // Of an Indexed Job's pods that succeed the index is counted.
    let index = after.label("batch.kubernetes.io/job-completion-index").parse().unwrap_or(-1);
    let done = after.pod().phase() == "Succeeded" && covers(job.text("/status/completedIndexes"), index);
    let fine =
        done || named("/status/uncountedTerminatedPods/succeeded") || named("/status/uncountedTerminatedPods/failed");
    (!fine).then(|| format!("let go, but {} says {}", job.object.name(), job.value["status"]))
}

/// Whether a pod of a Job works.
fn works(pod: &Version) -> bool {
    !pod.pod().is_terminal() && !pod.object.is_terminating()
}

/// Whether with this one more pods work than the Job needs: it is told to go, and counts as nothing (upstream:
/// `deleteJobPods`).
fn is_surplus(known: &Known, job: &Version, pod: &Version) -> bool {
    let uid = job.object.uid();
    let other = |other: &&Version| works(other) && other.object.uid() != pod.object.uid();
    let working = known.owned("Pod", uid).filter(other).count() + 1;
    let succeeded = known.succeeded.get(uid).map_or(0, std::collections::BTreeSet::len);
    let more = |working: usize, most: i64| most > 0 && i64::try_from(working).unwrap_or(0) > most;
    more(working + succeeded, job.number("/spec/completions")) || more(working, job.number("/spec/parallelism"))
}

/// Whether `0,2-4` has an index.
fn covers(indexes: &str, index: i64) -> bool {
    indexes.split(',').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.parse::<i64>().ok();
        number(first).zip(number(last)).is_some_and(|(first, last)| (first..=last).contains(&index))
    })
}

pub fn is_finished(job: &Version) -> bool {
    let conditions = job.value["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|c| c["status"] == "True" && (c["type"] == "Complete" || c["type"] == "Failed"))
}

/// Whether the number of completions may be changed (upstream: `validateCompletions`).
pub fn is_elastic(job: &Version) -> bool {
    job.text("/spec/completionMode") == "Indexed" && job.number("/spec/completions") == job.number("/spec/parallelism")
}

fn counts(known: &Known, write: &Write) -> Option<String> {
    let job = write.after.as_ref().filter(|_| write.kind == "Job")?;
    // Somebody wants fewer than have succeeded already.
    let more_than_wanted = |job: &Version| job.number("/status/succeeded") > job.number("/spec/completions");
    let shrunk = is_elastic(job) && (write.by == Address::User || write.before.as_ref().is_some_and(more_than_wanted));
    for (count, seen) in [("succeeded", &known.succeeded), ("failed", &known.ended)] {
        let (number, waiting) =
            (job.number(&format!("/status/{count}")), format!("/status/uncountedTerminatedPods/{count}"));
        let waiting = job.value.pointer(&waiting).and_then(Value::as_array).map_or(0, Vec::len);
        let seen = seen.get(job.object.uid()).map_or(0, std::collections::BTreeSet::len);
        let most = i64::try_from(seen).unwrap_or(0);
        if number > most || number + i64::try_from(waiting).unwrap_or(0) > most + i64::from(count == "failed") * most {
            return Some(format!("{number} {count} and {waiting} to be counted, of {seen}"));
        }
        if let Some(before) = &write.before
            && before.number(&format!("/status/{count}")) > number
            && !(shrunk && number <= job.number("/spec/completions"))
        {
            return Some(format!("{count} falls to {number}"));
        }
    }
    let most = job.number("/spec/completions");
    let succeeded = job.number("/status/succeeded");
    (most > 0 && !shrunk && succeeded > most).then(|| format!("{succeeded} succeeded of {most}"))
}

fn parallelism(known: &Known, write: &Write) -> Option<String> {
    let pod = write.after.as_ref().filter(|_| write.kind == "Pod" && write.before.is_none())?;
    let job = known.owner(pod).filter(|owner| owner.object.kind().kind == "Job")?;
    let working = known.owned("Pod", job.object.uid()).filter(|pod| works(pod)).count();
    let most = job.number("/spec/parallelism");
    (i64::try_from(working).unwrap_or(0) > most).then(|| format!("{working} pods, {most} may work"))
}

/// The StatefulSet of a pod, unless that is being deleted itself.
fn set<'a>(known: &'a Known, pod: &'a Version) -> Option<&'a Version> {
    known.owner(pod).filter(|owner| owner.object.kind().kind == "StatefulSet" && !owner.object.is_terminating())
}

fn begins(known: &Known, write: &Write) -> Option<String> {
    let pod = write.after.as_ref().filter(|_| write.kind == "Pod" && write.before.is_none())?;
    let set = set(known, pod).filter(|set| set.text("/spec/podManagementPolicy") != "Parallel")?;
    let missing = (0..pod.ordinal()).find(|ordinal| {
        let name = format!("{}-{ordinal}", set.object.name());
        !known.believed("Pod", pod.object.namespace(), &name).any(Version::is_ready)
    })?;
    Some(format!("made before number {missing} was ready"))
}

fn told_to_go<'a>(write: &'a Write, kind: &str) -> Option<&'a Version> {
    let (before, after) = (write.before.as_ref()?, write.after.as_ref().or(write.before.as_ref())?);
    let goes = write.after.as_ref().is_none_or(|after| after.object.is_terminating());
    let controller = write.by == Address::ControllerManager && write.kind == kind;
    (controller && goes && !before.object.is_terminating()).then_some(after)
}

/// Pods that have ended are replaced, pods that a taint drives out go: both in any order.
fn goes_by_itself(pod: &Version) -> bool {
    pod.pod().is_terminal() || pod.pod().condition("DisruptionTarget").is_some_and(|c| c.status == "True")
}

fn ends(known: &Known, write: &Write) -> Option<String> {
    let pod = told_to_go(write, "Pod").filter(|pod| !goes_by_itself(pod))?;
    let set = set(known, pod)?;
    // The controller may have looked at the set before or after its last change.
    let mut wrong: Vec<Option<String>> = known.lately(set).map(|seen| disorder(known, (set, seen), pod)).collect();
    if wrong.iter().any(Option::is_none) { None } else { wrong.pop()? }
}

/// What is wrong with a pod's end for who has seen this version of its StatefulSet.
fn disorder(known: &Known, (set, seen): (&Version, &Version), pod: &Version) -> Option<String> {
    let (ordinal, ordered) = (pod.ordinal(), set.text("/spec/podManagementPolicy") != "Parallel");
    let brothers = || known.owned("Pod", set.object.uid()).filter(|brother| brother.ordinal() > ordinal);
    let replicas = seen.number("/spec/replicas");
    if ordinal >= replicas {
        let after = brothers().find(|_| ordered)?;
        return Some(format!("goes before {}", after.object.name()));
    }
    let mut revisions: Vec<&str> = known.lately(set).map(|set| set.text("/status/updateRevision")).collect();
    // The status may not have been written since the newest was made.
    let all = known.owned("ControllerRevision", set.object.uid());
    revisions.extend(all.max_by_key(|one| one.number("/revision")).map(|newest| newest.object.name()));
    let new = |pod: &Version| revisions.contains(&pod.label("controller-revision-hash"));
    let partition = seen.number("/spec/updateStrategy/rollingUpdate/partition");
    if ordinal < partition {
        return Some(format!("goes though the partition is {partition}"));
    }
    let waits = brothers().find(|pod| pod.ordinal() < replicas && !(new(pod) && known.was_ready(pod)))?;
    Some(format!("is updated before {} is", waits.object.name()))
}

/// A number or a percentage of the replicas.
fn scaled(value: Option<&Value>, of: i64, up: bool) -> i64 {
    match value {
        Some(Value::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (percent * of + if up { 99 } else { 0 }) / 100
        }
        Some(value) => value.as_i64().unwrap_or(0),
        None => 0,
    }
}

/// The bounds of a Deployment: how many pods there may be, how many must be available.
pub fn bounds(deployment: &Version) -> (i64, i64) {
    let replicas = deployment.number("/spec/replicas");
    if deployment.text("/spec/strategy/type") == "Recreate" {
        return (replicas, 0);
    }
    let of = |field: &str, up| {
        scaled(deployment.value.pointer(&format!("/spec/strategy/rollingUpdate/{field}")), replicas, up)
    };
    let (surge, unavailable) = (of("maxSurge", true), of("maxUnavailable", false));
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    (replicas + surge, replicas - unavailable)
}

/// A ReplicaSet that its Deployment has scaled, that Deployment, and by how many it was scaled.
fn resized<'a>(known: &'a Known, write: &'a Write) -> Option<(&'a Version, &'a Version, i64)> {
    let set = write.after.as_ref().filter(|_| write.kind == "ReplicaSet" && write.by == Address::ControllerManager)?;
    let before = write.before.as_ref().map_or(0, |before| before.number("/spec/replicas"));
    let deployment = known.owner(set).filter(|deployment| !deployment.object.is_terminating())?;
    Some((set, deployment, set.number("/spec/replicas") - before))
}

fn surge(known: &Known, write: &Write) -> Option<String> {
    let (_, deployment, _) = resized(known, write).filter(|(_, _, grown)| *grown > 0)?;
    let sum: i64 = known.owned("ReplicaSet", deployment.object.uid()).map(|set| set.number("/spec/replicas")).sum();
    let most = known.lately(deployment).map(|deployment| bounds(deployment).0).max().unwrap_or(0);
    (sum > most).then(|| format!("{sum} pods of {}, at most {most}", deployment.object.name()))
}

/// Annotation: how many replicas the Deployment wanted when it last scaled the set.
pub const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";

fn available(known: &Known, write: &Write) -> Option<String> {
    let (set, deployment, grown) = resized(known, write).filter(|(_, _, grown)| *grown < 0)?;
    let up = |set: &Version| known.lately(set).map(|set| set.number("/status/availableReplicas")).max().unwrap_or(0);
    let unavailable = |set: &Version| {
        let (wanted, up) =
            (|set: &Version| set.number("/spec/replicas"), |set: &Version| set.number("/status/availableReplicas"));
        known.lately(set).map(|set| wanted(set) - up(set)).max().unwrap_or(0)
    };
    // Those that are not available may go at any time.
    if -grown <= unavailable(set).max(unavailable(write.before.as_ref()?)) {
        return None;
    }
    let sets = || known.owned("ReplicaSet", deployment.object.uid());
    // When another number is wanted all sets give their share, whether their pods are available or not.
    let desired = |set: &Version| set.object.meta().annotations.as_ref().and_then(|all| all.get(DESIRED).cloned());
    if desired(set) != desired(write.before.as_ref()?) {
        let wanted: i64 = sets().map(|set| set.number("/spec/replicas")).sum();
        let least = known.lately(deployment).map(|deployment| deployment.number("/spec/replicas")).min().unwrap_or(0);
        return (wanted < least)
            .then(|| format!("{wanted} pods of {} are wanted, not {least}", deployment.object.name()));
    }
    // Of the others what their statuses say, even if they have been told to shrink and it is not so yet, as upstream.
    let stays = |one: &Version| {
        if one.object.uid() == set.object.uid() { up(one).min(one.number("/spec/replicas")) } else { up(one) }
    };
    let left: i64 = sets().map(stays).sum();
    let least = known.lately(deployment).map(|deployment| bounds(deployment).1).min().unwrap_or(0);
    (left < least).then(|| format!("{left} pods of {} are left, at least {least}", deployment.object.name()))
}

fn replaced(known: &Known, write: &Write) -> Option<String> {
    let pod = told_to_go(write, "Pod").filter(|pod| !goes_by_itself(pod))?;
    let set = known.owner(pod).filter(|set| set.object.kind().kind == "DaemonSet" && !set.object.is_terminating())?;
    // One that is not available goes at any time; since when it is ready its own ship's clock says, which may be wrong.
    let steady = Duration::from_secs(u64::try_from(set.number("/spec/minReadySeconds")).unwrap_or(0));
    let available =
        |version: &Version| until_available(version.pod(), steady, known.at).is_some_and(|left| left.is_zero());
    if !known.lately(pod).all(available) {
        return None;
    }
    let most = known.lately(set).map(|set| {
        let of = |field: &str| set.value.pointer(&format!("/spec/updateStrategy/rollingUpdate/{field}"));
        let nodes = set.number("/status/desiredNumberScheduled");
        scaled(of("maxUnavailable"), nodes, true) + scaled(of("maxSurge"), nodes, true)
    });
    let most = most.max().unwrap_or(1).max(1);
    // Of two on a node one goes without being replaced (an update with a surge was given up): nodes count.
    let stays = |pod: &Version| {
        let twin = |other: &Version| other.pod().node() == pod.pod().node() && known.was_ready(other);
        known.owned("Pod", set.object.uid()).any(twin)
    };
    let going = known.owned("Pod", set.object.uid()).filter(|pod| !known.was_ready(pod) && pod.object.is_terminating());
    let going = going.filter(|pod| !goes_by_itself(pod) && !stays(pod));
    let going: std::collections::BTreeSet<_> = going.map(|pod| pod.pod().node()).collect();
    let going = i64::try_from(going.len()).unwrap_or(0);
    (going > most).then(|| format!("pods of {} on {going} nodes go at once, at most {most}", set.object.name()))
}

/// An eviction takes one of those that are allowed.
fn taken(_: &Known, write: &Write) -> Option<String> {
    let (before, after) = (write.before.as_ref()?, write.after.as_ref()?);
    if write.kind != "PodDisruptionBudget" || write.by != Address::User || before.value["spec"] != after.value["spec"] {
        return None;
    }
    let allowed = |budget: &Version| budget.number("/status/disruptionsAllowed");
    (allowed(before) < 1 || allowed(after) != allowed(before) - 1)
        .then(|| format!("{} allowed, then {}", allowed(before), allowed(after)))
}

fn budget(known: &Known, write: &Write) -> Option<String> {
    let evicted = |pod: &Version| {
        let condition = pod.pod().condition("DisruptionTarget");
        condition.is_some_and(|c| c.status == "True" && c.reason.as_deref() == Some("EvictionByEvictionAPI"))
    };
    // Where nothing breaks what the controller has counted is so.
    let pod =
        write.after.as_ref().filter(|pod| known.calm && write.kind == "Pod" && evicted(pod) && pod.pod().is_ready())?;
    if write.before.as_ref().is_none_or(evicted) {
        return None;
    }
    let app = pod.label("app");
    let budgets = known.all("PodDisruptionBudget").filter(|budget| budget.object.namespace() == pod.object.namespace());
    let budget = budgets.filter(|budget| budget.text("/spec/selector/matchLabels/app") == app).last()?;
    let pods = known.all("Pod").filter(|pod| pod.label("app") == app && !evicted(pod) && known.was_ready(pod));
    let (left, least) = (i64::try_from(pods.count()).unwrap_or(0), budget.number("/spec/minAvailable"));
    (left < least).then(|| format!("evicted: {left} are left, {} wants {least}", budget.object.name()))
}

/// A Job of which its CronJob does not know (its answer was lost, or what it should have written down) forbids nothing, as
/// upstream.
fn forbidden(known: &Known, write: &Write) -> Option<String> {
    let job = write.after.as_ref().filter(|_| write.kind == "Job" && write.before.is_none())?;
    let cron = known.owner(job).filter(|cron| cron.text("/spec/concurrencyPolicy") == "Forbid")?;
    let all = cron.value.pointer("/status/active").and_then(Value::as_array);
    let active: Vec<&str> = all.into_iter().flatten().filter_map(|job| job["uid"].as_str()).collect();
    let listed = |job: &&Version| active.contains(&job.object.uid()) && !is_finished(job);
    let working = known.owned("Job", cron.object.uid()).filter(listed).count();
    (working > 0).then(|| format!("{working} Jobs are at work"))
}
