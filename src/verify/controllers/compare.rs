//! What of a run is compared with the recording, and in which order the first difference is looked for.
//!
//! | What | Where | Only if `repeat` says |
//! | --- | --- | --- |
//! | the Events of the controllers: object, type, reason, message | here | `same_events` |
//! | each object's writes by each controller | [`order`], [`progress`] | all of `same_final`, `same_events`, `same_counts`, `same_measures`; else only that the values lie on one way |
//! | the objects at rest and at the end | [`rest`] | `same_final` |
//! | how many pods there were at most and at least | [`bounds`] | `same_measures`, `same_counts` |
//! | when controllers wrote | [`times`] | all four as above |
//!
//! Values are compared as [`normal`](super::normal) says.

use super::entry::{self, Entry};
use super::normal::{collapse, unborn};
use super::world::World;
use super::{bounds, order, progress, rest, times};
use crate::api::kinds;
use crate::sim::Time;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Differences of the run since `begin`, the most telling first.
pub fn compare(recording: &Value, world: &World, begin: Time) -> Vec<String> {
    let recorded = match entry::recorded(recording) {
        Ok(recorded) => recorded,
        Err(difference) => return vec![difference],
    };
    let ours = entry::ours(world, begin);
    let until = recording["clock"]["duration_ms"].as_i64().unwrap_or(i64::MAX);
    let ours: Vec<Entry> = within(recording, ours).into_iter().filter(|entry| entry.at_ms <= until).collect();
    let repeats = |what: &str| recording["repeat"][what] != false;
    let same = ["same_final", "same_events", "same_counts", "same_measures"];
    let decided = same.into_iter().all(repeats);
    let mut found = Vec::new();
    if repeats("same_events") {
        found.extend(events(recording, world, begin, repeats("same_measures")));
    }
    if decided {
        found.extend(order::differences(&recorded, &ours));
    }
    found.extend(progress::differences(&recorded, &ours, !decided));
    if repeats("same_final") {
        found.extend(rest::differences(recording, &recorded, &ours));
        found.extend(rest::final_differences(recording, &recorded, world, &ours));
    }
    if repeats("same_measures") && repeats("same_counts") {
        found.extend(bounds::differences(recording, &ours));
    }
    if decided {
        found.extend(times::differences(recording, &recorded, &ours));
    }
    found
}

/// Our writes of what the recorder followed: all of the recording's namespace and of those that came to be in it; of the
/// cluster's own objects those that the scenario touches.
fn within(recording: &Value, ours: Vec<Entry>) -> Vec<Entry> {
    let timeline = || recording["expect"]["timeline"].as_array().into_iter().flatten();
    let named = |entry: &Entry, kind: &str| {
        timeline().any(|told| told["kind"] == kind && told["name"].as_str() == Some(&*entry.id.name))
    };
    let born: BTreeSet<String> =
        timeline().filter(|e| e["kind"] == "Namespace").filter_map(|e| e["name"].as_str()).map(str::to_owned).collect();
    let kinds = kinds::KINDS;
    let clusterwide = |kind: &str| kinds.iter().any(|known| known.kind == kind && !known.namespaced);
    let belongs = |entry: &Entry| {
        if clusterwide(&entry.id.kind) || entry.id.kind == "Lease" {
            return named(entry, &entry.id.kind);
        }
        entry.id.namespace == super::NAMESPACE || born.contains(&entry.id.namespace)
    };
    ours.into_iter().filter(|entry| belongs(entry)).collect()
}

/// Where the Events differ. How often one was counted is free, but not how many there are of a kind.
///
/// Where the measures of two real runs differ, a Deployment does not scale in the same steps twice: then `from 3 to 1`
/// and the like are not compared.
fn events(recording: &Value, world: &World, begin: Time, numbers: bool) -> Vec<String> {
    let told = recording["expect"]["events"].as_array().into_iter().flatten();
    let told: BTreeSet<String> = told.filter(|event| counts(event, &event["source"])).map(event_line).collect();
    let free = race(recording);
    let certain = |line: &&String| !(free && line.contains(" NoPods "));
    let counted = |lines: &BTreeSet<String>| {
        let mut counts = BTreeMap::<String, usize>::new();
        for line in lines.iter().filter(certain) {
            match collapse(line).split_once(" from ") {
                Some((head, _)) if !numbers && line.contains(" ScalingReplicaSet ") => {
                    let head = head.replace("(combined from similar events): ", "");
                    counts.insert(format!("{head} from … to …"), 1);
                }
                _ => *counts.entry(collapse(line)).or_default() += 1,
            }
        }
        counts
    };
    let (told, ours) = (counted(&told), counted(&our_events(world, begin)));
    let lines: BTreeSet<&String> = told.keys().chain(ours.keys()).collect();
    let number = |counts: &BTreeMap<String, usize>, line: &String| counts.get(line).copied().unwrap_or(0);
    let differs = |line: &&String| number(&told, line) != number(&ours, line);
    let tell =
        |line: &String| format!("events: expected {} of {line} got {}", number(&told, line), number(&ours, line));
    lines.into_iter().filter(differs).map(tell).collect()
}

/// Whether a disruption budget and its first pods came so close together that the controller may have looked at it before
/// or after: then that it saw none (`NoPods`) is chance.
fn race(recording: &Value) -> bool {
    let times = |kind: &str| {
        let timeline = recording["expect"]["timeline"].as_array().into_iter().flatten();
        let added = timeline.filter(|entry| entry["type"] == "ADDED" && entry["kind"] == kind);
        added.filter_map(|entry| entry["t_ms"].as_i64()).collect::<Vec<_>>()
    };
    let pods = times("Pod");
    times("PodDisruptionBudget").iter().any(|at| pods.iter().any(|pod| (pod - at).abs() < RACE_MS))
}

/// What comes so close together may be seen in either order.
const RACE_MS: i64 = 500;

/// Events of the nodes' coming and going were left out of the recordings, and how often the scheduler tries in vain is not
/// the same in two runs (`repeat` leaves it out).
fn counts(event: &Value, source: &Value) -> bool {
    source.as_str().is_some_and(|source| !source.is_empty())
        && !["RegisteredNode", "RemovingNode", "FailedScheduling"].iter().any(|reason| event["reason"] == *reason)
}

fn event_line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    line(text("involvedObject"), text("type"), text("reason"), text("message"))
}

fn line(about: &str, kind: &str, reason: &str, message: &str) -> String {
    let message = match message.rsplit_once(" to ") {
        // Where a pod goes is free.
        Some((head, _)) if reason == "Scheduled" => format!("{head} to <node>"),
        _ => message.to_owned(),
    };
    format!("{about} {kind} {reason} {}", unborn(&message))
}

/// The Events that were written since the beginning, also those that went with their namespace.
fn our_events(world: &World, begin: Time) -> BTreeSet<String> {
    let mut last = BTreeMap::new();
    for wrote in world.log.wrote.iter().filter(|wrote| wrote.at >= begin && wrote.object.kind == &kinds::event::KIND) {
        if let Some(object) = &wrote.after {
            last.insert(&wrote.object.key, object);
        }
    }
    let mut lines = BTreeSet::new();
    for object in last.values() {
        let value = object.to_value();
        let old = &value["source"]["component"];
        let source = if old.as_str().is_some_and(|name| !name.is_empty()) { old } else { &value["reportingComponent"] };
        if !counts(&value, source) {
            continue;
        }
        let about = &value["involvedObject"];
        let text = |value: &Value| replace(world, value.as_str().unwrap_or_default());
        let about = format!("{}/{}", text(&about["kind"]), text(&about["name"]));
        lines.insert(line(&about, &text(&value["type"]), &text(&value["reason"]), &text(&value["message"])));
    }
    lines
}

/// A text with the placeholders of the recordings instead of our names and uids.
pub fn replace(world: &World, text: &str) -> String {
    let mut names: Vec<(&String, &String)> = world.ships.names.replaced.iter().collect();
    names.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
    names.into_iter().fold(text.to_owned(), |text, (real, placeholder)| text.replace(real.as_str(), placeholder))
}

/// The same in all texts of a value.
pub fn replaced(world: &World, value: &Value) -> Value {
    serde_json::from_str(&replace(world, &value.to_string())).unwrap_or_default()
}
