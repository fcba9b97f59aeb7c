//! The writes of a run, recorded or ours, in one form.

use super::compare::replaced;
use super::log::Wrote;
use super::normal::{Flat, canonical, collapse, flat, reduced};
use super::world::World;
use crate::sim::Time;
use serde_json::Value;
use std::collections::BTreeMap;

/// Which object, by the recordings' names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Id {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl Id {
    /// The same without the numbers of pods.
    pub fn collapsed(&self) -> Self {
        Self { name: collapse(&self.name), ..self.clone() }
    }

    pub fn text(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Deed {
    Added,
    Modified,
    Deleted,
}

/// One write.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at_ms: i64,
    pub deed: Deed,
    pub id: Id,
    /// Who; empty where the recorder did not know.
    pub by: String,
    pub verb: String,
    /// What is new, in the form in which it is compared.
    pub changed: Flat,
}

impl Entry {
    /// Whether it marks the object as being deleted.
    pub fn marks(&self) -> bool {
        self.changed.get("metadata.deletionTimestamp").is_some_and(|time| !time.is_null())
    }

    /// What it does, as a text.
    pub fn text(&self) -> String {
        let deed = match self.deed {
            Deed::Added => "added",
            Deed::Modified => "modified",
            Deed::Deleted => "deleted",
        };
        let changed = serde_json::to_string(&self.changed).unwrap_or_default();
        format!("{deed} by {} {changed}", self.verb)
    }
}

/// The recorded writes.
///
/// # Errors
/// What cannot be: an unknown type, a change to what was so already, times that run backwards.
pub fn recorded(recording: &Value) -> Result<Vec<Entry>, String> {
    let mut states = BTreeMap::<Id, Flat>::new();
    let mut latest = i64::MIN;
    let timeline = recording["expect"]["timeline"].as_array().ok_or("timeline: expected a list got none")?;
    timeline.iter().enumerate().map(|(number, value)| one(number, value, &mut states, &mut latest)).collect()
}

/// Watches of different kinds were read one after the other: so much may the times of neighbours be apart.
const SKEW_MS: i64 = 500;

fn one(number: usize, value: &Value, states: &mut BTreeMap<Id, Flat>, latest: &mut i64) -> Result<Entry, String> {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let at = || format!("timeline[{number}] {}/{}", text("kind"), text("name"));
    let at_ms = value["t_ms"].as_i64().ok_or_else(|| format!("{}: expected a time got {}", at(), value["t_ms"]))?;
    if at_ms + SKEW_MS < *latest {
        return Err(format!("{}: expected a time in order got {at_ms} after {latest}", at()));
    }
    *latest = (*latest).max(at_ms);
    let namespace = value["namespace"].as_str().unwrap_or(super::NAMESPACE).to_owned();
    let id = Id { kind: text("kind"), namespace, name: text("name") };
    let (deed, raw) = match value["type"].as_str() {
        Some("ADDED") => (Deed::Added, flat(&value["object"])),
        Some("MODIFIED") => (Deed::Modified, changes(&value["changed"])),
        Some("DELETED") => (Deed::Deleted, Flat::new()),
        other => return Err(format!("{}: expected a type got {other:?}", at())),
    };
    if deed != Deed::Modified {
        states.remove(&id);
    }
    let state = states.entry(id.clone()).or_default();
    for (path, new) in &raw {
        if deed == Deed::Modified && !new.is_null() && state.get(path) == Some(new) {
            return Err(format!("{}: expected {path} to change got {new}, which it was already", at()));
        }
        state.insert(path.clone(), new.clone());
    }
    let by = match value["by"].as_str() {
        Some("kubectl") => "user".to_owned(),
        // The end of a graceful deletion is the kubelet's, whatever stood next to it in the audit log.
        _ if id.kind == "Pod" && ends(&raw) && !text("verb").starts_with("delete") => "kubelet".to_owned(),
        by => by.unwrap_or_default().to_owned(),
    };
    let changed = compared(&id.kind, &raw);
    Ok(Entry { at_ms, deed, by, verb: text("verb"), changed, id })
}

fn ends(changed: &Flat) -> bool {
    changed.get("metadata.deletionGracePeriodSeconds").is_some_and(|grace| *grace == 0)
}

/// An empty map or list says that there is something without content: nothing to compare.
fn changes(changed: &Value) -> Flat {
    let fields = changed.as_object().into_iter().flatten();
    let empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
    fields.filter(|(_, value)| !empty(value)).map(|(path, value)| (path.clone(), value.clone())).collect()
}

fn compared(kind: &str, changed: &Flat) -> Flat {
    changed.iter().filter_map(|(path, value)| canonical(kind, path, value)).collect()
}

/// Our writes since the beginning.
pub fn ours(world: &World, begin: Time) -> Vec<Entry> {
    let since = |wrote: &&Wrote| wrote.at >= begin && wrote.object.kind.kind != "Event";
    world.log.wrote.iter().filter(since).map(|wrote| own(world, wrote, begin)).collect()
}

fn own(world: &World, wrote: &Wrote, begin: Time) -> Entry {
    let kind = wrote.object.kind.kind;
    let state = |object: &Option<crate::api::Object>| {
        let Some(object) = object else { return Flat::new() };
        let mut value = replaced(world, &object.to_value());
        if kind == "Pod" {
            value["spec"] = reduced(&value["spec"]);
        }
        flat(&value)
    };
    let (before, after) = (state(&wrote.before), state(&wrote.after));
    let deed = match (&wrote.before, &wrote.after) {
        (None, _) => Deed::Added,
        (_, None) => Deed::Deleted,
        _ => Deed::Modified,
    };
    let mut changed = Flat::new();
    if deed != Deed::Deleted {
        let gone = before.keys().filter(|path| !after.contains_key(*path)).map(|path| (path.clone(), Value::Null));
        changed.extend(gone);
        // Of what the recorder masked it could not see that it changed.
        let same = |path: &str, value: &Value| {
            let masked = |value| canonical(kind, path, value).is_some_and(|(_, value)| value == "<made>");
            before.get(path).is_some_and(|old| old == value || masked(old) && masked(value))
        };
        changed.extend(after.into_iter().filter(|(path, value)| !same(path, value)));
    }
    let changed = compared(kind, &changed);
    let namespace = if wrote.object.kind.namespaced { &*wrote.object.key.namespace } else { super::NAMESPACE };
    let name = world.ships.names.replaced.get(&*wrote.object.key.name).cloned();
    let name = name.unwrap_or_else(|| wrote.object.key.name.to_string());
    let id = Id { kind: kind.to_owned(), namespace: namespace.to_owned(), name };
    let at_ms = (wrote.at.as_micros() - begin.as_micros()) / 1000;
    Entry { at_ms, deed, id, by: wrote.by.clone(), verb: wrote.verb.clone(), changed }
}
