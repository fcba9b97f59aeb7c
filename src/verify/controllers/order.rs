//! Each object's writes by each controller, in their order, with all that they change.
//!
//! Strict for what a controller decides: creations, changes of spec and metadata, deletions, and all that it says in a
//! pod's status. What it only observes (other statuses, endpoints) may be written in more or fewer steps: [`progress`].
//! Pods of one batch are alike until something happens to one of them: what happened to each of them must be what
//! happened to one of ours, whichever.
//!
//! [`progress`]: super::progress

use super::difference::cut;
use super::entry::{Deed, Entry, Id};
use super::normal::Flat;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds whose content is only observed; written anew with every change of what they observe.
const OBSERVED: [&str; 2] = ["Endpoints", "EndpointSlice"];

/// Writers whose writes are the fixture: what they do is compared where the controllers answer it.
const FIXTURE: [&str; 1] = ["kubelet"];

/// Whether the writes are decisions or observations.
pub fn observes(entry: &Entry) -> bool {
    let status = entry.verb.ends_with("/status") && entry.id.kind != "Pod";
    status || entry.deed != Deed::Deleted && OBSERVED.contains(&entry.id.kind.as_str()) && !entry.marks()
}

/// Whether the writer is one that is compared.
pub fn counts(entry: &Entry) -> bool {
    !FIXTURE.contains(&entry.by.as_str()) && entry.id.kind != "Lease"
}

/// What happened to one object: by writer, its writes in order.
type History = BTreeMap<String, Vec<String>>;

/// What happened to all objects of one name, but for the numbers of pods.
type Group<'a> = Vec<(History, &'a Id)>;

/// Where the decisions differ.
pub fn differences(recorded: &[Entry], ours: &[Entry]) -> Vec<String> {
    let unknown = unknown_marks(recorded);
    let recorded_groups = groups(recorded, &unknown);
    let our_groups = groups(ours, &unknown);
    let ids: BTreeSet<&Id> = recorded_groups.keys().chain(our_groups.keys()).collect();
    let none = Vec::new();
    let of = |id: &Id, groups: &BTreeMap<Id, _>| groups.get(id).cloned();
    let mut found = Vec::new();
    for id in ids {
        let left = of(id, &recorded_groups).unwrap_or_else(|| none.clone());
        let right = of(id, &our_groups).unwrap_or_else(|| none.clone());
        found.extend(group_differs(left, right));
    }
    found
}

/// Objects of which the recorder did not know who marked them as being deleted: the answer to a deletion does not tell
/// the revision of the mark, so the recorder took the nearest entry of the audit log.
fn unknown_marks(recorded: &[Entry]) -> BTreeSet<Id> {
    let deletes = |entry: &Entry| entry.verb.starts_with("delete") || entry.verb.ends_with("eviction");
    let unknown = recorded.iter().filter(|entry| entry.marks() && !deletes(entry));
    unknown.map(|entry| entry.id.collapsed()).collect()
}

fn groups<'a>(entries: &'a [Entry], unknown: &BTreeSet<Id>) -> BTreeMap<Id, Group<'a>> {
    let mut histories: BTreeMap<&Id, History> = BTreeMap::new();
    // That an object is gone counts, whoever is said to have done it.
    for entry in entries.iter().filter(|entry| counts(entry) || entry.deed == Deed::Deleted && entry.id.kind != "Lease")
    {
        let history = histories.entry(&entry.id).or_default();
        let attempt = attempt(entry);
        if observes(entry) || attempt.changed.is_empty() && !entry.changed.is_empty() {
            continue;
        }
        let nobody = entry.marks() && unknown.contains(&entry.id.collapsed());
        // Who took the last finalizer away, or the object itself, is the nearest entry of the audit log, too.
        let (writer, text) = match entry.deed {
            Deed::Deleted => ("(gone)".to_owned(), "deleted".to_owned()),
            _ if nobody => ("(somebody)".to_owned(), stripped(entry)),
            // kubectl patches and updates where the emulation may do the other.
            _ if entry.by == "user" => (entry.by.clone(), stripped(entry)),
            _ => (entry.by.clone(), attempt.text()),
        };
        history.entry(writer).or_default().push(text);
    }
    let mut groups: BTreeMap<Id, Group> = BTreeMap::new();
    for (id, history) in histories {
        groups.entry(id.collapsed()).or_default().push((history, id));
    }
    groups
}

/// Why a pod cannot be scheduled at the moment changes with what the scheduler has seen so far; `repeat` leaves such
/// attempts out. What it says while nothing happens is compared with the objects at rest.
fn attempt(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if entry.by == "kube-scheduler" && entry.verb == "patch/status" {
        entry.changed.remove("status.conditions[PodScheduled].message");
    }
    entry
}

/// What changed, whoever did it how.
fn stripped(entry: &Entry) -> String {
    let changed: Flat = entry.changed.clone();
    serde_json::to_string(&changed).unwrap_or_default()
}

fn group_differs(mut recorded: Group, mut ours: Group) -> Option<String> {
    recorded.retain(|(history, _)| match ours.iter().position(|(other, _)| other == history) {
        Some(place) => {
            ours.remove(place);
            false
        }
        None => true,
    });
    let empty = History::new();
    match (recorded.first(), ours.first()) {
        (None, None) => None,
        (Some((history, id)), other) => Some(first(id, history, other.map_or(&empty, |(history, _)| history))),
        (None, Some((history, id))) => Some(first(id, &empty, history)),
    }
}

fn first(id: &Id, recorded: &History, ours: &History) -> String {
    let writers: BTreeSet<&String> = recorded.keys().chain(ours.keys()).collect();
    let nothing = Vec::new();
    for writer in writers {
        let left = recorded.get(writer).unwrap_or(&nothing);
        let right = ours.get(writer).unwrap_or(&nothing);
        let number = (0..left.len().max(right.len())).find(|n| left.get(*n) != right.get(*n));
        if let Some(number) = number {
            let at = format!("writes of {} by {writer}[{number}]", id.text());
            return match (left.get(number), right.get(number)) {
                (Some(left), Some(right)) => super::difference::texts(&at, left, right),
                (left, right) => {
                    let shown = |text: Option<&String>| text.map_or("none".to_owned(), |text| cut(text, 300));
                    format!("{at}: expected {} got {}", shown(left), shown(right))
                }
            };
        }
    }
    let there = |history: &History| if history.is_empty() { "none" } else { "the object" };
    format!("writes of {}: expected {} got {}", id.text(), there(recorded), there(ours))
}
