//! Real manifests of other projects, when they lie beside the checkout: what a real server accepted becomes Ready here,
//! if it fits on the ships and holds what it needs. (The verdicts themselves are compared in `recordings.rs`.)

mod common;

use bottle::api::kinds::Kind;
use bottle::api::manifest;
use bottle::headless::apply;
use std::path::Path;

/// The kinds of which all documents of a file must be, for the file to count.
fn is_ours(text: &str) -> bool {
    let read = manifest::read(text);
    let known = |value: &serde_json::Value| {
        let word = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        Kind::find(word("apiVersion"), word("kind")).is_some()
    };
    read.error.is_none() && !read.documents.is_empty() && read.documents.iter().all(|document| known(&document.value))
}

/// Why a pod may stay unready on a real cluster too: what it asks for is not there.
fn excuse(reason: &str) -> Option<&'static str> {
    match reason {
        "Unschedulable" | "SchedulingGated" => Some("does not fit on the ships"),
        "CreateContainerConfigError" | "ContainerCreating" => Some("a ConfigMap or Secret that the file does not hold"),
        "InvalidImageName" => Some("a placeholder instead of an image"),
        _ => None,
    }
}

/// Pods that stay unready on a real cluster as well, by file, and one that would not.
const EXPECTED: &[(&str, &str)] = &[
    ("ch15/pod-with-volume.yaml", "busybox without a command ends at once"),
    ("pods-containers/crash-loop-backoff.yaml", "made to crash"),
    ("pods-containers/err-image-pull.yaml", "made to name an image that does not exist"),
    ("resource/limit-range-pod-3.yaml", "busybox without a command ends at once"),
    ("sched/pod3.yaml", "waits for a second scheduler"),
    ("controllers/replication-nginx-1.16.1.yaml", "prints its configuration and ends"),
    ("probe/http-liveness.yaml", "made to fail its liveness probe"),
    (
        "controllers/job-backoff-limit-per-index-example.yaml",
        "made to fail for half of its indexes; python is not simulated yet",
    ),
    ("k8s/online-shop.yaml", "an init container reads another pod's answer with wget and awk: not simulated yet"),
];

#[test]
fn accepted_workloads_that_fit_become_ready() {
    let folder = Path::new("../shared/corpus");
    let Ok(verdicts) = std::fs::read_to_string(folder.join("verdicts.jsonl")) else {
        println!("skipped: the corpus does not lie beside this checkout");
        return;
    };
    let settled = common::three_ships(1);
    let mut counts = std::collections::BTreeMap::new();
    let mut unready = Vec::new();
    for line in verdicts.lines() {
        let verdict: serde_json::Value = serde_json::from_str(line).expect("a verdict");
        let file = verdict["file"].as_str().expect("a file name");
        let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
        if !is_ours(&text) || verdict["exit"] != 0 {
            continue;
        }
        let mut history = settled.clone();
        apply(&mut history, text, false, true);
        history.run_until(bottle::sim::Time::from_secs(120));
        let view = history.world().view();
        let pods = view.nodes.iter().flat_map(|node| &node.pods).chain(&view.pending);
        for pod in pods.filter(|pod| &*pod.object.key.namespace != "kube-system") {
            let state = if pod.ready {
                "Ready".to_owned()
            } else if &*pod.phase == "Succeeded" {
                "Succeeded".to_owned()
            } else if let Some(excuse) = excuse(&pod.reason).or_else(|| excuse(&pod.status)) {
                excuse.to_owned()
            } else if EXPECTED.iter().any(|(known, _)| file.ends_with(known)) {
                "unready, as expected".to_owned()
            } else {
                unready.push(format!("{file}: {} {} {}", pod.object, pod.status, pod.reason));
                "unready".to_owned()
            };
            *counts.entry(state).or_insert(0) += 1;
        }
    }
    println!("{counts:?}");
    assert!(unready.is_empty(), "{}", unready.join("\n"));
}
