//! Who follows what.

use super::watch_cache::Changed;
use crate::api::faces;
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::selector::FieldSelector;
use crate::api::selector::Selector;
use crate::api::{Kind, Status};
use crate::cluster::Cx;
use crate::cluster::wire::{Address, Change, Event, Message, OUTSIDE, WatchEvent};
use crate::sim::{Map, Order, Set};
use std::rc::Rc;

/// What a list or a watch selects.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Selection {
    /// The kind.
    pub kind: &'static Kind,
    /// Namespace, empty for all.
    pub namespace: Rc<str>,
    /// By labels.
    pub labels: Selector,
    /// By fields.
    pub fields: FieldSelector,
    /// The version of the kind that a watch shows, if not the stored one.
    pub face: Option<&'static Kind>,
}

impl Selection {
    /// Whether it selects an object.
    pub fn matches(&self, object: &Object) -> bool {
        (self.namespace.is_empty() || *self.namespace == *object.namespace())
            && self.fields.terms.iter().all(|term| field_is(object, &term.field, &term.value) == term.equal)
            && (self.labels.is_everything() || {
                let labels = object.meta().labels.as_ref();
                labels
                    .map_or_else(|| self.labels.matches(&std::collections::BTreeMap::new()), |l| self.labels.matches(l))
            })
    }

    /// What the index finds it by.
    fn trigger(&self) -> Trigger {
        let required = |field: &str| self.fields.required(field).map(Rc::from);
        if let Some(node) = required("spec.nodeName").filter(|_| self.kind.plural == "pods") {
            return Trigger::Node(node);
        }
        required("metadata.name").map_or(Trigger::Any, Trigger::Name)
    }
}

/// Whether a field of an object has a value; an unset field is empty.
fn field_is(object: &Object, path: &str, value: &str) -> bool {
    match path {
        "metadata.name" => object.name() == value,
        "metadata.namespace" => object.namespace() == value,
        "spec.nodeName" if object.get::<Pod>().is_some() => {
            object.get::<Pod>().and_then(Pod::node).unwrap_or_default() == value
        }
        _ => (object.kind().field)(object, path).unwrap_or_default() == value,
    }
}

/// Whether selectors may name a field of a kind.
pub fn selectable(kind: &'static Kind, path: &str) -> bool {
    let empty = || (kind.decode)(serde_json::json!({"metadata": {}})).ok();
    matches!(path, "metadata.name" | "metadata.namespace")
        || (kind.plural == "pods" && path == "spec.nodeName")
        || empty().is_some_and(|object| (kind.field)(&object, path).is_some())
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Trigger {
    Any,
    Node(Rc<str>),
    Name(Rc<str>),
}

type Id = (Address, u64);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Watch {
    selection: Selection,
    bookmarks: bool,
    sequence: u64,
}

/// All watches.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Watches {
    open: Map<Id, Watch>,
    index: Map<(&'static Kind, Trigger), Set<Id>>,
}

impl Watches {
    /// Who watches what.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &'static Kind)> {
        self.open.iter().map(|((address, _), watch)| (address, watch.selection.kind))
    }

    /// Who has which stream.
    pub fn streams(&self) -> impl Iterator<Item = (&Address, u64)> {
        self.open.iter().map(|((address, id), _)| (address, *id))
    }

    /// Opens a watch. One that the same client has of the same kind is the thread that it has just lost: it is closed.
    /// (Callers from outside are many under one address.)
    pub fn open(&mut self, id: Id, selection: Selection, bookmarks: bool) {
        let mine = self.open.range((id.0.clone(), 0)..=(id.0.clone(), u64::MAX));
        let mine = mine.filter(|(known, _)| known.1 < OUTSIDE && id.1 < OUTSIDE);
        let lost =
            mine.filter(|(_, watch)| watch.selection.kind == selection.kind).map(|(id, _)| id.1).collect::<Vec<_>>();
        for old in lost {
            self.close(&id.0, old);
        }
        self.index.get_or_default((selection.kind, selection.trigger())).insert(id.clone());
        self.open.insert(id, Watch { selection, bookmarks, sequence: 0 });
    }

    /// Closes a watch.
    pub fn close(&mut self, address: &Address, id: u64) {
        let id = (address.clone(), id);
        let Some(watch) = self.open.remove(&id) else { return };
        let place = (watch.selection.kind, watch.selection.trigger());
        let empty = self.index.get_mut(&place).is_some_and(|ids| {
            ids.remove(&id);
            ids.is_empty()
        });
        if empty {
            self.index.remove(&place);
        }
    }

    /// Ends all watches: their clients must list again.
    pub fn end_all(&mut self, cx: &mut Cx, status: &Status) {
        let status = Rc::new(status.clone());
        for (address, id) in self.open.keys() {
            let message = Message::WatchEnded { id: *id, status: status.clone() };
            cx.send(address.clone(), Event::Message { from: cx.me().clone(), message });
        }
        *self = Self::default();
    }

    /// Tells a change to everybody who selects the object as it is or as it was.
    pub fn tell(&mut self, cx: &mut Cx, changed: &Changed) {
        // All who see it alike share one event.
        let mut shared: Vec<(Alike, Rc<[WatchEvent]>)> = Vec::new();
        for id in self.concerned(changed) {
            let Some(watch) = self.open.get_mut(&id) else { continue };
            let Some(sight) = sight(&watch.selection, changed) else { continue };
            let alike = (sight, watch.selection.face);
            let known = shared.iter().find(|(known, _)| *known == alike);
            let events = if let Some((_, events)) = known {
                events.clone()
            } else {
                let events = faced([event(sight, changed)].into(), alike.1);
                shared.push((alike, events.clone()));
                events
            };
            send(cx, &id, watch, events);
        }
    }

    /// Tells a new watch what it has missed.
    pub fn replay(&mut self, cx: &mut Cx, id: &Id, missed: &[Changed]) {
        let Some(watch) = self.open.get_mut(id) else { return };
        let seen = |changed: &Changed| Some(event(sight(&watch.selection, changed)?, changed));
        let events: Rc<[WatchEvent]> = missed.iter().filter_map(seen).collect();
        if !events.is_empty() {
            let events = faced(events, watch.selection.face);
            send(cx, id, watch, events);
        }
    }

    /// Tells a new watch what there is.
    pub fn begin_with(&mut self, cx: &mut Cx, id: &Id, objects: Vec<Object>) {
        let Some(watch) = self.open.get_mut(id).filter(|_| !objects.is_empty()) else { return };
        let events = objects.into_iter().map(|object| WatchEvent::Change(Change::Created, object)).collect();
        send(cx, id, watch, faced(events, watch.selection.face));
    }

    /// Tells a new watch that it has been told what there was.
    pub fn begun(&mut self, cx: &mut Cx, id: &Id, revision: u64) {
        if let Some(watch) = self.open.get_mut(id) {
            send(cx, id, watch, Rc::from([WatchEvent::InitialEventsEnd(revision)]));
        }
    }

    /// Tells those who asked for it that everything up to `revision` has been sent.
    pub fn bookmarks(&mut self, cx: &mut Cx, revision: u64) {
        let ids: Vec<Id> = self.open.iter().filter(|(_, watch)| watch.bookmarks).map(|(id, _)| id.clone()).collect();
        let events: Rc<[WatchEvent]> = Rc::from([WatchEvent::Bookmark(revision)]);
        for id in ids {
            if let Some(watch) = self.open.get_mut(&id) {
                send(cx, &id, watch, events.clone());
            }
        }
    }

    /// Those whom a change may concern, in a fixed order and each once.
    fn concerned(&self, changed: &Changed) -> Vec<Id> {
        let kind = changed.object.kind();
        let mut triggers = vec![Trigger::Any, Trigger::Name(changed.object.name().into())];
        let node = |object: &Object| object.get::<Pod>().and_then(|pod| pod.node_name.clone());
        let nodes = [node(&changed.object), changed.before.as_ref().and_then(node)];
        triggers.extend(nodes.into_iter().flatten().map(Trigger::Node));
        triggers.order();
        triggers.dedup();
        let sets = triggers.into_iter().filter_map(|trigger| self.index.get(&(kind, trigger)));
        sets.flatten().cloned().collect()
    }
}

/// How a change looks through a selection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// It enters: it is new there.
    Enters,
    /// It stays and is different.
    Stays,
    /// It leaves: it is gone there.
    Leaves,
    /// It is gone.
    Goes,
}

/// What events have in common that look the same: the sight, and the version of the kind.
type Alike = (Sight, Option<&'static Kind>);

fn sight(selection: &Selection, changed: &Changed) -> Option<Sight> {
    let is = changed.change != Change::Deleted && selection.matches(&changed.object);
    match (changed.before.as_ref().is_some_and(|before| selection.matches(before)), is) {
        (false, false) => None,
        (false, true) => Some(Sight::Enters),
        (true, true) => Some(Sight::Stays),
        (true, false) if changed.change == Change::Deleted => Some(Sight::Goes),
        (true, false) => Some(Sight::Leaves),
    }
}

fn event(sight: Sight, changed: &Changed) -> WatchEvent {
    let object = changed.object.clone();
    match sight {
        Sight::Enters => WatchEvent::Change(Change::Created, object),
        Sight::Stays => WatchEvent::Change(Change::Updated, object),
        Sight::Goes => WatchEvent::Change(Change::Deleted, object),
        Sight::Leaves => {
            let mut left = changed.before.clone().unwrap_or(object);
            left.meta_mut().resource_version = Some(changed.revision.to_string());
            WatchEvent::Change(Change::Deleted, left)
        }
    }
}

/// The events in the version of the kind that is watched.
fn faced(events: Rc<[WatchEvent]>, face: Option<&'static Kind>) -> Rc<[WatchEvent]> {
    let Some(shown) = face else { return events };
    let turn = |event: &WatchEvent| match event {
        WatchEvent::Change(change, object) => WatchEvent::Change(*change, faces::outward(object, shown)),
        other => other.clone(),
    };
    events.iter().map(turn).collect()
}

fn send(cx: &mut Cx, (address, id): &Id, watch: &mut Watch, events: Rc<[WatchEvent]>) {
    watch.sequence += 1;
    let message = Message::Watch { id: *id, sequence: watch.sequence, events };
    cx.send(address.clone(), Event::Message { from: cx.me().clone(), message });
}
