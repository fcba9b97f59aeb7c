//! When controllers write: the gaps that are their own (back-off, deadlines, grace periods, resync).
//!
//! Steps come at the recorded moments and the kubelets take the recorded times, so a write comes as late as its
//! controller made it. Each write that both runs have is looked at in the recorded order: it may be as early or late as
//! what came before it (of the same object, of all, or of the steps), give or take [`TOLERANCE_MS`]. A loop that runs all
//! so many seconds since its process was started looks at an object up to a period earlier or later than the recorded
//! one ([`PERIODS_MS`]); what follows from its write then follows as fast.

use super::entry::{Entry, Id};
use super::order::counts;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Timers have seconds as their resolution, and controllers batch.
const TOLERANCE_MS: i64 = 1200;

/// Loops whose phase is when their process was started, which the recordings do not tell (`cluster/timing.rs`).
const PERIODS_MS: [(&str, i64); 3] =
    [("pod-garbage-collector", 20_000), ("persistent-volume-binder", 15_000), ("node-controller", 5_000)];

/// One change: of what, by whom, what.
type Change<'a> = (Id, &'a str, String);

/// Where the times differ.
pub fn differences(recording: &Value, recorded: &[Entry], ours: &[Entry]) -> Vec<String> {
    let refused = refused(recording);
    let (left, right) = (changes(recorded), changes(ours));
    let mut pairs: Vec<(i64, i64, &Change)> = Vec::new();
    for (change, times) in &left {
        let Some(others) = right.get(change).filter(|others| others.len() == times.len()) else { continue };
        pairs.extend(times.iter().zip(others).map(|(time, other)| (*time, *other, change)));
    }
    pairs.sort();
    let (mut shifts, mut last, mut written) = (BTreeMap::<&Id, i64>::new(), 0, BTreeMap::<&str, i64>::new());
    let mut found = Vec::new();
    for (time, other, change) in pairs {
        let (id, by, what) = change;
        let shift = other - time;
        let period = PERIODS_MS.iter().find(|(name, _)| name == by).map_or(0, |(_, period)| *period);
        let before = [0, last, shifts.get(id).copied().unwrap_or(0)];
        let waited = if refused.contains(*by) { time - written.get(by).copied().unwrap_or(0) } else { 0 };
        written.insert(*by, time);
        if !before.iter().any(|before| (shift - before).abs() <= TOLERANCE_MS + period.max(waited)) {
            let at = format!("time of {} by {by} {}", id.text(), super::difference::cut(what, 120));
            found.push(format!("{at}: expected {time} ms got {other} ms"));
        }
        shifts.insert(id, shift);
        last = shift;
    }
    found
}

/// Who was refused something, other than that somebody else was faster; the server, which counts what quotas allow, with
/// them.
fn refused(recording: &Value) -> BTreeSet<String> {
    let failed = recording["expect"]["failed_requests"].as_array().into_iter().flatten();
    let mut by: BTreeSet<String> =
        failed.filter(|request| request["code"] == 403).filter_map(|r| r["by"].as_str()).map(str::to_owned).collect();
    if !by.is_empty() {
        by.insert("kube-apiserver".to_owned());
    }
    by
}

/// The times of each change, in order; pods of a batch share theirs.
fn changes(entries: &[Entry]) -> BTreeMap<Change<'_>, Vec<i64>> {
    let mut times = BTreeMap::<Change, Vec<i64>>::new();
    for entry in entries.iter().filter(|entry| counts(entry) && entry.by != "user" && !entry.by.is_empty()) {
        let id = Id { name: anywhere(&entry.id.name), ..entry.id.clone() };
        if !super::order::observes(entry) {
            let paths: Vec<&str> = entry.changed.keys().map(String::as_str).collect();
            let what = format!("{} {}", entry.verb, paths.join(" "));
            times.entry((id, &entry.by, what)).or_default().push(entry.at_ms);
            continue;
        }
        // Of an observation: when a word changed. Counts come and go as the pods do.
        for (path, value) in entry.changed.iter().filter(|(_, value)| value.is_string()) {
            times.entry((id.clone(), &entry.by, format!("{path}={value}"))).or_default().push(entry.at_ms);
        }
    }
    for times in times.values_mut() {
        times.sort_unstable();
    }
    times
}

/// A pod's name without its number, and without the node of a daemon's pod: which node comes first is free.
fn anywhere(name: &str) -> String {
    let name = super::normal::collapse(name);
    match name.split_once("-<").and_then(|(owner, rest)| Some((owner, rest.split_once('.')?.1))) {
        Some((owner, number)) => format!("{owner}-<{number}"),
        None => name,
    }
}
