//! The objects while nothing happens: before each step for which the recorder waited, and at the end.

use super::entry::{Deed, Entry, Id};
use super::normal::{Flat, canonical, flat};
use super::world::World;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Nothing may have been written for so long for the objects to be at rest.
const QUIET_MS: i64 = 1000;
/// Kinds whose generation counts how often somebody wrote, which coalescing makes free.
const COUNTED: [&str; 2] = ["ReplicaSet", "EndpointSlice"];
/// Kinds of which the recordings have the routine, too.
const ROUTINE: [&str; 1] = ["Lease"];

/// Where the objects differ when they are at rest before a step.
pub fn differences(recording: &Value, recorded: &[Entry], ours: &[Entry]) -> Vec<String> {
    let steps = recording["steps"].as_array().into_iter().flatten().skip(1);
    let times = steps.filter_map(|step| step["t_ms"].as_i64()).chain(recording["clock"]["duration_ms"].as_i64());
    let mut found = Vec::new();
    for time in times {
        if quiet(recorded, time) && quiet(ours, time) {
            let (left, right) = (states(recorded, recorded, time), states(ours, recorded, time));
            found.extend(sets_differ(&format!("at {time} ms"), &left, &right));
        }
    }
    found
}

fn quiet(entries: &[Entry], time: i64) -> bool {
    let mut writes = entries.iter().filter(|entry| !ROUTINE.contains(&entry.id.kind.as_str()));
    !writes.any(|entry| (time - QUIET_MS..time).contains(&entry.at_ms))
}

/// The objects that came to be in the recording, at a moment.
fn states(entries: &[Entry], recorded: &[Entry], time: i64) -> Vec<(Id, Flat)> {
    let known: BTreeSet<Id> =
        recorded.iter().filter(|entry| entry.deed == Deed::Added).map(|entry| entry.id.collapsed()).collect();
    let mut states = BTreeMap::<&Id, Flat>::new();
    for entry in entries.iter().filter(|entry| entry.at_ms < time && known.contains(&entry.id.collapsed())) {
        match entry.deed {
            Deed::Deleted => {
                states.remove(&entry.id);
            }
            _ => states.entry(&entry.id).or_default().extend(entry.changed.clone()),
        }
    }
    let at_rest = states.into_iter().filter(|(id, _)| !ROUTINE.contains(&id.kind.as_str()));
    at_rest.map(|(id, state)| (id.collapsed(), settled(&id.kind, state))).collect()
}

/// A state without what is none, and with the generation as what it says: whether the controller has seen the latest.
fn settled(kind: &str, mut state: Flat) -> Flat {
    state.retain(|_, value| !value.is_null());
    let generation = state.get("metadata.generation").cloned();
    for (path, value) in &mut state {
        if path.starts_with("status.") && path.ends_with("bservedGeneration") {
            *value = (Some(&*value) == generation.as_ref()).into();
        }
    }
    if COUNTED.contains(&kind) {
        state.remove("metadata.generation");
    }
    state
}

/// Where the objects at the end differ, whole.
pub fn final_differences(recording: &Value, recorded: &[Entry], world: &World, ours: &[Entry]) -> Vec<String> {
    let told: Vec<&Value> = recording["expect"]["final"].as_array().into_iter().flatten().collect();
    let left: Vec<(Id, Flat)> = told.iter().map(|value| whole(value)).collect();
    let listed: BTreeSet<Id> = left.iter().map(|(id, _)| id.clone()).collect();
    let touched: BTreeSet<Id> = recorded.iter().chain(ours).map(|entry| entry.id.collapsed()).collect();
    let nodes = told.iter().any(|value| value["kind"] == "Node");
    let belongs = |id: &Id| {
        let touched = touched.contains(id) && !ROUTINE.contains(&id.kind.as_str());
        listed.contains(id) || touched || nodes && id.kind == "Node"
    };
    let all = world.objects();
    let values = all.iter().filter(|object| object.kind().kind != "Event").map(|object| {
        let mut value = object.to_value();
        value["kind"] = object.kind().kind.into();
        super::compare::replaced(world, &value)
    });
    let right: Vec<(Id, Flat)> = values
        .filter_map(|value| {
            let one = whole(&value);
            belongs(&one.0).then_some(one)
        })
        .collect();
    sets_differ("final", &left, &right).into_iter().collect()
}

fn whole(value: &Value) -> (Id, Flat) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = text(&value["kind"]);
    let meta = &value["metadata"];
    let namespace = meta["namespace"].as_str().unwrap_or(super::NAMESPACE).to_owned();
    let id = Id { kind: kind.clone(), namespace, name: text(&meta["name"]) }.collapsed();
    let state = flat(value).iter().filter_map(|(path, value)| canonical(&kind, path, value)).collect();
    (id, settled(&kind, state))
}

/// The first object of which the two sides differ, and where.
fn sets_differ(at: &str, recorded: &[(Id, Flat)], ours: &[(Id, Flat)]) -> Option<String> {
    let mut left: Vec<&(Id, Flat)> = recorded.iter().collect();
    let mut right: Vec<&(Id, Flat)> = ours.iter().collect();
    left.retain(|one| match right.iter().position(|other| other == one) {
        Some(place) => {
            right.remove(place);
            false
        }
        None => true,
    });
    let Some((id, state)) = left.first() else {
        let (id, _) = right.first()?;
        return Some(format!("{at} {}: expected none got one more", id.text()));
    };
    let Some((_, other)) = right.iter().find(|(other, _)| other == id) else {
        return Some(format!("{at} {}: expected one more got none", id.text()));
    };
    let paths: BTreeSet<&String> = state.keys().chain(other.keys()).collect();
    let of = |flat: &Flat, path: &String| flat.get(path).cloned().unwrap_or_default();
    paths.into_iter().find(|path| state.get(*path) != other.get(*path)).and_then(|path| {
        let at = format!("{at} {} {path}", id.text());
        let (left, right) = (of(state, path), of(other, path));
        super::difference::check(&at, &left, &right)
    })
}
