//! What must be so in the end, when nothing is broken any more and there was time.

use crate::rules::{self, is_finished};
use crate::watch::{Known, Version};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What an object of a kind still lacks.
type Lack = fn(&Known, &Version) -> Option<String>;

/// What is not yet as somebody wants it.
pub fn lacks(known: &Known) -> Option<String> {
    let kinds: [(&'static str, Lack); 10] = [
        ("Node", node),
        ("Deployment", deployment),
        ("ReplicaSet", replica_set),
        ("StatefulSet", stateful_set),
        ("DaemonSet", daemon_set),
        ("Job", job),
        ("CronJob", cron_job),
        ("PodDisruptionBudget", budget),
        ("Service", service),
        ("Pod", pod),
    ];
    kinds.iter().find_map(|(kind, lacks)| {
        let wrong = |version: &Version| lacks(known, version).or_else(|| remains(known, version));
        // What was made in the moment in which its namespace went away has none: nobody can complete it, as upstream.
        let kept = |version: &&Version| version.object.namespace().is_empty() || known.has_namespace_of(version);
        known
            .all(kind)
            .filter(kept)
            .find_map(|version| wrong(version).map(|why| format!("{kind} {}: {why}", version.object.name())))
    })
}

/// Nothing is half gone, and nothing outlives what it belongs to.
fn remains(known: &Known, version: &Version) -> Option<String> {
    let orphan = !version.owner_uid().is_empty() && known.owner(version).is_none();
    // A static pod's mirror belongs to its node, which has no namespace.
    let orphan = orphan && !version.object.meta().owner_references.iter().flatten().any(|owner| owner.kind == "Node");
    match (version.object.is_terminating(), orphan) {
        (true, _) => Some("is still going".to_owned()),
        (_, true) => Some("belongs to nobody".to_owned()),
        _ => None,
    }
}

/// Says what is different.
fn same(what: &str, is: i64, wanted: i64) -> Option<String> {
    (is != wanted).then(|| format!("{what} is {is}, not {wanted}"))
}

fn all(version: &Version, wanted: i64, fields: &[&str]) -> Option<String> {
    let seen = same(
        "observedGeneration",
        version.number("/status/observedGeneration"),
        version.number("/metadata/generation"),
    );
    seen.or_else(|| fields.iter().find_map(|field| same(field, version.number(&format!("/status/{field}")), wanted)))
}

fn node(_: &Known, node: &Version) -> Option<String> {
    let taints = node.value["spec"]["taints"].as_array().into_iter().flatten();
    let own = |taint: &&Value| taint["key"] == "node-role.kubernetes.io/control-plane";
    if let Some(taint) = taints.into_iter().find(|taint| !own(taint)) {
        return Some(format!("is tainted {taint}"));
    }
    let conditions = node.value["status"]["conditions"].as_array().into_iter().flatten();
    let wrong = conditions.into_iter().find(|c| c["status"] != if c["type"] == "Ready" { "True" } else { "False" });
    wrong.map(ToString::to_string)
}

fn alive(known: &Known, owner: &Version) -> i64 {
    let pods = known.owned("Pod", owner.object.uid()).filter(|pod| !pod.pod().is_terminal());
    i64::try_from(pods.count()).unwrap_or(-1)
}

/// As upstream (`isScalingEvent`, `scale`): each look finds that the number has changed since the ReplicaSets were last
/// scaled, scales, and does nothing else. That never ends where nothing is scaled: who turned to Recreate while two sets had
/// pods (only a rolling update shares among several), or whose only set with pods happens to have as many as are wanted now.
fn stuck(known: &Known, deployment: &Version) -> bool {
    let active = known.owned("ReplicaSet", deployment.object.uid()).filter(|set| set.number("/spec/replicas") > 0);
    let active: Vec<&Version> = active.collect();
    let wanted = deployment.number("/spec/replicas");
    let asked =
        |set: &&Version| set.object.meta().annotations.as_ref().and_then(|all| all.get(rules::DESIRED).cloned());
    let other = active.iter().any(|set| asked(set) != Some(wanted.to_string()));
    let unscaled = match active.as_slice() {
        [one] => one.number("/spec/replicas") == wanted,
        many => many.len() > 1 && deployment.text("/spec/strategy/type") == "Recreate",
    };
    other && unscaled
}

fn deployment(known: &Known, deployment: &Version) -> Option<String> {
    if stuck(known, deployment) {
        return None;
    }
    let wanted = deployment.number("/spec/replicas");
    let sets = || known.owned("ReplicaSet", deployment.object.uid());
    let old = sets().filter(|set| set.number("/spec/replicas") == 0).count();
    all(deployment, wanted, &["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"])
        .or_else(|| same("pods", sets().map(|set| alive(known, set)).sum(), wanted))
        // Of none wanted the newest set has none either.
        .or_else(|| (old > 10 + usize::from(wanted == 0)).then(|| format!("keeps {old} old ReplicaSets")))
}

fn replica_set(known: &Known, set: &Version) -> Option<String> {
    let wanted = set.number("/spec/replicas");
    all(set, wanted, &["replicas", "readyReplicas", "availableReplicas"])
        .or_else(|| same("pods", alive(known, set), wanted))
}

/// As upstream (`processCondemned`): in order only the first pod that is not well may go before it is well again, so that
/// two that have failed and are too many wait for each other.
fn blocked(known: &Known, set: &Version) -> bool {
    let ordered = set.text("/spec/podManagementPolicy") != "Parallel";
    let condemned = |pod: &&Version| pod.ordinal() >= set.number("/spec/replicas") && pod.pod().is_terminal();
    ordered && known.owned("Pod", set.object.uid()).filter(condemned).count() > 1
}

fn stateful_set(known: &Known, set: &Version) -> Option<String> {
    if blocked(known, set) {
        return None;
    }
    let wanted = set.number("/spec/replicas");
    let names: BTreeSet<i64> = known.owned("Pod", set.object.uid()).map(Version::ordinal).collect();
    let partition = set.number("/spec/updateStrategy/rollingUpdate/partition");
    all(set, wanted, &["replicas", "readyReplicas", "availableReplicas"])
        .or_else(|| (names != (0..wanted).collect()).then(|| format!("has {names:?}, wants {wanted}")))
        .or_else(|| if partition == 0 { all(set, wanted, &["currentReplicas", "updatedReplicas"]) } else { None })
}

fn daemon_set(known: &Known, set: &Version) -> Option<String> {
    let tolerates = set.value.pointer("/spec/template/spec/tolerations").is_some();
    let workers = known.all("Node").filter(|node| tolerates || !node.object.name().starts_with("control"));
    let wanted = i64::try_from(workers.count()).unwrap_or(-1);
    let fields = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "updatedNumberScheduled",
        "numberReady",
        "numberAvailable",
    ];
    all(set, wanted, &fields)
        .or_else(|| same("misscheduled", set.number("/status/numberMisscheduled"), 0))
        .or_else(|| same("pods", alive(known, set), wanted))
}

fn of_cron_job(known: &Known, job: &Version) -> bool {
    known.owner(job).is_some_and(|owner| owner.object.kind().kind == "CronJob")
}

/// Each piece of work is done once, and each pod is counted once.
fn job(known: &Known, job: &Version) -> Option<String> {
    if !is_finished(job) {
        return (!of_cron_job(known, job)).then(|| format!("works: {}", job.value["status"]));
    }
    let pods = |of: &BTreeMap<String, BTreeSet<String>>| {
        i64::try_from(of.get(job.object.uid()).map_or(0, BTreeSet::len)).unwrap_or(-1)
    };
    let (seen, undecided) = (pods(&known.succeeded), pods(&known.undecided));
    let (done, wanted) = (job.number("/status/succeeded"), job.number("/spec/completions"));
    let indexed = job.text("/spec/completionMode") == "Indexed";
    if rules::is_elastic(job) && done > wanted {
        // It had done more before fewer were asked for.
        return None;
    }
    let all = match wanted {
        1 => "0".to_owned(),
        2 => "0,1".to_owned(),
        _ => format!("0-{}", wanted - 1),
    };
    let index = job.text("/status/completedIndexes");
    let uncounted = job.value["status"]["uncountedTerminatedPods"].as_object();
    let uncounted =
        uncounted.is_some_and(|lists| lists.values().any(|list| list.as_array().is_some_and(|l| !l.is_empty())));
    same("succeeded", done, wanted)
        .or_else(|| (!indexed && done < seen - undecided).then(|| format!("has counted {done}, {seen} pods succeeded")))
        .or_else(|| (indexed && index != all).then(|| format!("has done {index}, not {all}")))
        .or_else(|| uncounted.then(|| format!("has not counted all: {}", job.value["status"])))
}

fn cron_job(known: &Known, cron: &Version) -> Option<String> {
    let jobs = known.owned("Job", cron.object.uid()).filter(|job| is_finished(job)).count();
    // Three that have succeeded and one that has failed, and one that has just ended.
    (jobs > 5).then(|| format!("keeps {jobs} Jobs"))
}

fn budget(known: &Known, budget: &Version) -> Option<String> {
    let app = budget.text("/spec/selector/matchLabels/app");
    let pods = || {
        known.all("Pod").filter(|pod| pod.label("app") == app && pod.object.namespace() == budget.object.namespace())
    };
    let count = |pods: usize| i64::try_from(pods).unwrap_or(-1);
    let healthy = count(pods().filter(|pod| pod.is_ready()).count());
    let least = budget.number("/spec/minAvailable");
    all(budget, healthy, &["currentHealthy"])
        .or_else(|| same("desiredHealthy", budget.number("/status/desiredHealthy"), least))
        .or_else(|| same("disruptionsAllowed", budget.number("/status/disruptionsAllowed"), (healthy - least).max(0)))
}

/// The slices of a service hold the ready pods and nobody else.
fn service(known: &Known, service: &Version) -> Option<String> {
    let app = service.text("/spec/selector/app");
    if app.is_empty() {
        return None;
    }
    let ready = known.all("Pod").filter(|pod| pod.label("app") == app && pod.is_ready());
    let ready: BTreeSet<String> = ready.map(|pod| pod.pod().ip()).collect();
    let slices =
        known.all("EndpointSlice").filter(|slice| slice.label("kubernetes.io/service-name") == service.object.name());
    let endpoints = slices.flat_map(|slice| slice.value["endpoints"].as_array().into_iter().flatten());
    let endpoints = endpoints.filter(|endpoint| endpoint["conditions"]["ready"] == true);
    let held: BTreeSet<String> =
        endpoints.filter_map(|endpoint| endpoint["addresses"][0].as_str().map(str::to_owned)).collect();
    (held != ready).then(|| format!("leads to {held:?}, ready are {ready:?}"))
}

fn pod(known: &Known, pod: &Version) -> Option<String> {
    if known.owner(pod).is_some_and(|owner| of_cron_job(known, owner)) {
        return None;
    }
    let fine = pod.pod().is_terminal() || pod.is_ready();
    if pod.has_finalizer("batch.kubernetes.io/job-tracking") {
        return Some("is not counted".to_owned());
    }
    (!fine).then(|| format!("is {} on {:?}", pod.pod().phase(), pod.pod().node()))
}
