//! Events as kubectl shows them: the list of `kubectl get events`, newest first, and an object's own as in
//! `kubectl describe`.

use super::Shown;
use crate::api::kinds::{self, KINDS};
use crate::api::meta::moment;
use crate::api::object::{Object, ObjectRef};
use crate::cluster::fact::Fact;
use crate::sim::{Order, Record, Time};
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;

/// One event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its own key: `default/web.17a3`.
    pub key: String,
    /// When it was seen last.
    pub seen: Time,
    /// In descriptions: how long ago that is, with its count: `3s (x4 over 40s)`. In lists empty, so that a list stays
    /// equal while nothing happens.
    pub age: String,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// Such as `FailedScheduling`.
    pub reason: String,
    /// What it is about: `pod/web`.
    pub object: String,
    /// The same for links within the page; empty if the kind is unknown.
    pub link: String,
    /// Who reported it: `kubelet`.
    pub from: String,
    /// What it says.
    pub message: String,
}

/// What is listed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Only this type; empty: all.
    pub kind: String,
    /// Only what has this in its object, reason or namespace; empty: all.
    pub words: String,
}

/// A list of events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct List {
    /// The newest.
    pub rows: Vec<Row>,
    /// So many more fit the filter.
    pub more: usize,
    /// So many there are in all.
    pub all: usize,
}

/// The newest events that fit, at most `limit`.
#[must_use]
pub fn list(shown: &Shown, filter: &Filter, limit: usize) -> List {
    let objects = shown.objects.objects(&kinds::event::KIND);
    let all = objects.len();
    let words = filter.words.to_ascii_lowercase();
    let mut fitting: Vec<((Time, u64), &Object, &Event)> = objects
        .into_iter()
        .filter_map(|object| object.get::<Event>().map(|event| (object, event)))
        .filter(|(_, event)| fits(event, &filter.kind, &words))
        .map(|(object, event)| ((last_seen(event), object.revision()), object, event))
        .collect();
    // What is newer comes first; of the same second, what was written later.
    fitting.order_by_key(|(written, ..)| std::cmp::Reverse(*written));
    let more = fitting.len().saturating_sub(limit);
    let rows = fitting.into_iter().take(limit).map(|(_, object, event)| row(shown, object, event)).collect();
    List { rows, more, all }
}

fn fits(event: &Event, kind: &str, words: &str) -> bool {
    if !kind.is_empty() && event.type_.as_deref() != Some(kind) {
        return false;
    }
    let has = |text: Option<&str>| text.is_some_and(|text| text.to_ascii_lowercase().contains(words));
    let about = &event.involved_object;
    let name = format!("{}/{}", about.kind.as_deref().unwrap_or_default(), about.name.as_deref().unwrap_or_default());
    words.is_empty() || has(Some(&name)) || has(about.namespace.as_deref()) || has(event.reason.as_deref())
}

/// The events about one object, oldest first as `kubectl describe` has them; at most `limit`, the newest.
#[must_use]
pub fn of_object(shown: &Shown, object: &ObjectRef, limit: usize) -> List {
    let about = |event: &Event| {
        let involved = &event.involved_object;
        involved.kind.as_deref() == Some(object.kind.kind)
            && involved.name.as_deref() == Some(&*object.key.name)
            && (!object.kind.namespaced || involved.namespace.as_deref() == Some(&*object.key.namespace))
    };
    let objects = shown.objects.objects(&kinds::event::KIND);
    let mut fitting: Vec<(Time, &Object, &Event)> = objects
        .into_iter()
        .filter_map(|object| object.get::<Event>().map(|event| (last_seen(event), object, event)))
        .filter(|(_, _, event)| about(event))
        .collect();
    fitting.order_by_key(|(seen, object, _)| (*seen, object.revision()));
    let more = fitting.len().saturating_sub(limit);
    let rows = fitting
        .iter()
        .skip(more)
        .map(|(_, object, event)| Row { age: age(shown, object, event), ..row(shown, object, event) });
    List { rows: rows.collect(), more, all: fitting.len() }
}

/// The fact that an event was written, by the event's own key.
#[must_use]
pub fn fact_of(shown: &Shown, key: &str) -> Option<u64> {
    let is_it = |record: &&Record<Fact>| {
        let Fact::Committed { object, .. } = &record.fact else { return false };
        *object.kind == kinds::event::KIND && object.key.to_string() == key
    };
    shown.trace.range(0, shown.trace.head()).rev().find(is_it).map(|record| record.id.0)
}

/// When it was seen last.
fn last_seen(event: &Event) -> Time {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
    let exact = series.or(event.event_time.as_ref()).map(|time| Timestamp(time.0));
    let last = event.last_timestamp.clone().or(exact).or_else(|| event.first_timestamp.clone());
    last.or_else(|| event.metadata.creation_timestamp.clone()).map_or(Time::ZERO, |time| moment(&time))
}

fn row(shown: &Shown, object: &Object, event: &Event) -> Row {
    let cell = |name: &str| {
        let column = kinds::event::KIND.columns.iter().find(|column| column.name == name);
        column.map_or_else(String::new, |column| column.show(object, shown.now))
    };
    let source = cell("Source");
    Row {
        key: object.key().to_string(),
        seen: last_seen(event),
        age: String::new(),
        kind: cell("Type"),
        reason: cell("Reason"),
        object: cell("Object"),
        link: link(event),
        from: source.split(',').next().unwrap_or_default().to_owned(),
        message: cell("Message"),
    }
}

/// Upstream: `kubectl/pkg/describe/describe.go`, `DescribeEvents`.
fn age(shown: &Shown, object: &Object, event: &Event) -> String {
    let cell = |name: &str| {
        let column = kinds::event::KIND.columns.iter().find(|column| column.name == name);
        column.map_or_else(String::new, |column| column.show(object, shown.now))
    };
    let series = event.series.as_ref().and_then(|series| series.count);
    match series.or(event.count).unwrap_or(1) {
        0 | 1 => cell("First Seen"),
        count => format!("{} (x{count} over {})", cell("Last Seen"), cell("First Seen")),
    }
}

fn link(event: &Event) -> String {
    let about = &event.involved_object;
    let kind = KINDS.iter().find(|kind| about.kind.as_deref() == Some(kind.kind));
    let name = about.name.as_deref().unwrap_or_default();
    match kind {
        Some(kind) if kind.namespaced => {
            format!("{}/{}/{name}", kind.plural, about.namespace.as_deref().unwrap_or_default())
        }
        Some(kind) => format!("{}/{name}", kind.plural),
        None => String::new(),
    }
}
