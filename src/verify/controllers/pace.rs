//! How fast the recorder's kubelets were: the fixture of a recording, not what it tests.
//!
//! A kubelet of the recordings begins with a pod `sim/start-ms` after it saw it bound, but the machine was loaded: some
//! pods of a batch became Running 50 ms after others, or 200. Whether a controller sees two pods ready at once depends on
//! that. So the emulated kubelet takes the time that the recorded one took for the pod of the same name, when that is
//! what the annotation says plus at most [`SLACK_MS`]; else what the annotation says.

use serde_json::Value;
use std::collections::BTreeMap;

/// How much longer than asked for a recorded kubelet may have taken.
const SLACK_MS: i64 = 900;

/// What of it was the way there and back: from the write that the kubelet saw to the moment at which its own was seen.
const WAY_MS: i64 = 20;

/// Times by the pods' names in the recording.
#[derive(Default)]
pub struct Pace {
    starts: BTreeMap<String, i64>,
    ends: BTreeMap<String, i64>,
}

impl Pace {
    /// Reads the times of a recording.
    pub fn of(recording: &Value) -> Self {
        let mut pace = Self::default();
        let (mut bound, mut marked) = (BTreeMap::new(), BTreeMap::new());
        for entry in recording["expect"]["timeline"].as_array().into_iter().flatten().filter(|e| e["kind"] == "Pod") {
            let (Some(name), Some(at)) = (entry["name"].as_str(), entry["t_ms"].as_i64()) else { continue };
            let name = name.to_owned();
            let changed = &entry["changed"];
            if changed["spec.nodeName"].is_string() || entry["object"]["spec"]["nodeName"].is_string() {
                bound.insert(name, at);
            } else if entry["by"] == "kubelet" && entry["verb"] == "patch/status" {
                if let Some(since) = bound.remove(&name) {
                    pace.starts.insert(name, at - since);
                } else if let Some(since) = marked.remove(&name) {
                    pace.ends.insert(name, at - since);
                }
            } else if changed["metadata.deletionTimestamp"].is_string() {
                marked.insert(name, at);
            }
        }
        pace
    }

    /// How much later than asked for a pod began.
    pub fn start_delay(&self, pod: &str, asked_ms: u64) -> Option<u64> {
        delay(&self.starts, pod, asked_ms)
    }

    /// How much later than asked for a pod ended.
    pub fn end_delay(&self, pod: &str, asked_ms: u64) -> Option<u64> {
        delay(&self.ends, pod, asked_ms)
    }
}

fn delay(times: &BTreeMap<String, i64>, pod: &str, asked_ms: u64) -> Option<u64> {
    let more = times.get(pod)? - i64::try_from(asked_ms).ok()?;
    (0..=SLACK_MS).contains(&more).then(|| u64::try_from(more - WAY_MS).unwrap_or(0))
}

/// How long a kubectl took to begin: until its first recorded write. It is a process of its own.
pub fn kubectl_delay(recording: &Value, step: &Value) -> i64 {
    let (Some(at), Some(took)) = (step["t_ms"].as_i64(), step["took_ms"].as_i64()) else { return 0 };
    if step["action"]["kubectl"].is_null() {
        return 0;
    }
    let entries = recording["expect"]["timeline"].as_array().into_iter().flatten();
    let times = entries.filter(|entry| entry["by"] == "kubectl").filter_map(|entry| entry["t_ms"].as_i64());
    let first = times.filter(|time| (at..=at + took + 50).contains(time)).min();
    // The write was seen a few milliseconds after it was asked for.
    first.map_or(0, |first| (first - at - 8).max(0))
}
