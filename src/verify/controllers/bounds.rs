//! How many pods an owner had at most and at least at any revision, from the writes of a run.

use super::entry::{Deed, Entry, Id};
use super::normal::Flat;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where the bounds differ: of all owners that the recording measured.
pub fn differences(recording: &Value, ours: &[Entry]) -> Vec<String> {
    let measured = recording["measures"].as_object().into_iter().flatten();
    measured.filter_map(|(owner, recorded)| differs(owner, recorded, &measure(owner, ours))).collect()
}

fn differs(owner: &str, recorded: &Value, ours: &Value) -> Option<String> {
    let fields = recorded.as_object().into_iter().flatten();
    let differs = |(name, value): (&String, &Value)| {
        let own = &ours[name.as_str()];
        // A pod on its way out may still be there, or still be ready, when the next one comes: a matter of milliseconds.
        let brief = ["max_existing", "max_ready"].contains(&name.as_str());
        let near = |(one, other): (i64, i64)| brief && (one - other).abs() <= 1;
        let close = value.as_i64().zip(own.as_i64()).is_some_and(near);
        if close { None } else { super::difference::check(&format!("measures {owner} {name}"), value, own) }
    };
    let mut fields = fields;
    fields.find_map(differs)
}

#[derive(Default)]
struct Measure {
    existing: usize,
    alive: usize,
    ready: usize,
    least_ready: Option<usize>,
    created: usize,
    deleted: usize,
    wanted: i64,
    /// How many pods it wants now.
    full: Option<usize>,
}

/// Whose pods are the owner's: its own, and those of the ReplicaSets that it ever had.
struct Family<'a> {
    owner: &'a str,
    sets: BTreeSet<String>,
}

impl Family<'_> {
    fn learn(&mut self, id: &Id, state: &Flat) {
        if id.kind == "ReplicaSet" && controller(state) == Some(self.owner) {
            self.sets.insert(id.text());
        }
    }

    fn has(&self, id: &Id, state: &Flat) -> bool {
        let mine = |by: &str| by == self.owner || self.sets.contains(by);
        id.kind == "Pod" && controller(state).is_some_and(mine)
    }
}

/// What an owner (`Deployment/web`) had.
fn measure(owner: &str, entries: &[Entry]) -> Value {
    let mut states = BTreeMap::<&Id, Flat>::new();
    let mut family = Family { owner, sets: BTreeSet::new() };
    let mut found = Measure::default();
    for entry in entries {
        let before = states.get(&entry.id).cloned();
        match entry.deed {
            Deed::Deleted => drop(states.remove(&entry.id)),
            _ => states.entry(&entry.id).or_default().extend(entry.changed.clone()),
        }
        let state = states.get(&entry.id).or(before.as_ref());
        if let Some(state) = state {
            family.learn(&entry.id, state);
        }
        if entry.id.text() == owner {
            found.wants(owner, state);
        }
        // Looked at whenever something happens to a pod that is, or was to its end, the owner's.
        let own = state.is_some_and(|state| family.has(&entry.id, state));
        found.created += usize::from(own && entry.deed == Deed::Added);
        found.deleted += usize::from(own && entry.deed == Deed::Deleted);
        if own {
            found.take(&states, &family);
        }
        found.sum(&states, owner);
    }
    let mut value = json!({"max_existing": found.existing, "max_alive": found.alive, "max_ready": found.ready,
        "min_ready_after_first_full": found.least_ready, "created": found.created, "deleted": found.deleted});
    if owner.starts_with("Deployment/") {
        value["max_sum_of_rs_spec_replicas"] = found.wanted.into();
    }
    value
}

impl Measure {
    /// How many pods the owner wants now.
    fn wants(&mut self, owner: &str, state: Option<&Flat>) {
        let path = match owner.split('/').next() {
            Some("DaemonSet") => "status.desiredNumberScheduled",
            Some("Deployment" | "ReplicaSet" | "StatefulSet") => "spec.replicas",
            _ => return,
        };
        let wanted = state.and_then(|state| state.get(path)).and_then(Value::as_u64);
        self.full = wanted.and_then(|wanted| usize::try_from(wanted).ok());
    }

    fn take(&mut self, states: &BTreeMap<&Id, Flat>, family: &Family) {
        let pods: Vec<&Flat> = states.iter().filter(|(id, pod)| family.has(id, pod)).map(|(_, pod)| pod).collect();
        let alive: Vec<&&Flat> = pods.iter().filter(|pod| is_alive(pod)).collect();
        let ready = alive.iter().filter(|pod| text(pod, "status.conditions[Ready].status") == "True").count();
        self.existing = self.existing.max(pods.len());
        self.alive = self.alive.max(alive.len());
        self.ready = self.ready.max(ready);
        match &mut self.least_ready {
            Some(least) => *least = ready.min(*least),
            None if self.full.is_some_and(|full| full > 0 && ready >= full) => self.least_ready = Some(ready),
            None => {}
        }
    }

    /// What its ReplicaSets want together.
    fn sum(&mut self, states: &BTreeMap<&Id, Flat>, owner: &str) {
        let sets = states.iter().filter(|(id, state)| id.kind == "ReplicaSet" && controller(state) == Some(owner));
        let wants = |state: &Flat| state.get("spec.replicas").and_then(Value::as_i64);
        self.wanted = self.wanted.max(sets.filter_map(|(_, state)| wants(state)).sum());
    }
}

fn is_alive(pod: &Flat) -> bool {
    !matches!(text(pod, "status.phase"), "Succeeded" | "Failed")
        && pod.get("metadata.deletionTimestamp").is_none_or(Value::is_null)
}

fn text<'a>(state: &'a Flat, path: &str) -> &'a str {
    state.get(path).and_then(Value::as_str).unwrap_or_default()
}

fn controller(state: &Flat) -> Option<&str> {
    state.iter().find_map(|(path, value)| {
        let owner = path.strip_prefix("metadata.ownerReferences[")?.strip_suffix("].controller")?;
        (*value == true).then_some(owner)
    })
}
