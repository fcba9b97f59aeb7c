//! `Event`: a note for people about something that happened to an object. It is kept for an hour.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::rules::endpoints::validate_event;
use crate::api::table::since;
use crate::sim::Time;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time as Timestamp};

plain_kind!(Event);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Event",
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    storage: "events",
    decode: decode::<Event>,
    field,
    validate: |object| object.get::<Event>().filter(|event| !is_plain(event)).map(validate_event).unwrap_or_default(),
    columns: COLUMNS,
    ..Kind::plain()
};

/// Whether it is of the older sort, and about an object of its own namespace or of none, as almost all are.
fn is_plain(event: &Event) -> bool {
    let said = [&event.reporting_component, &event.reporting_instance, &event.action, &event.reason];
    let whole = || said.iter().all(|text| text.as_ref().is_some_and(|text| (1..=63).contains(&text.len())));
    let (own, other) = (event.metadata.namespace.as_deref(), event.involved_object.namespace.as_deref());
    let fits = own == other || (own == Some("default") && other.is_none());
    fits && (event.event_time.is_none() || whole())
}

/// Those of its newer form too.
pub(super) const COLUMNS: &[Column] = &[
    Column::text("Last Seen", last_seen),
    Column::text("Type", |object, _| cell(object, |event| event.type_.clone())),
    Column::text("Reason", |object, _| cell(object, |event| event.reason.clone())),
    Column::text("Object", |object, _| target(object)),
    Column::text("Subobject", |object, _| cell(object, |event| event.involved_object.field_path.clone())).wide(),
    Column::text("Source", |object, _| source(object)).wide(),
    Column::text("Message", |object, _| cell(object, |event| Some(event.message.as_ref()?.trim().to_owned()))),
    Column::text("First Seen", first_seen).wide(),
    Column::text("Count", |object, _| count(object)).wide(),
    Column { wide: true, ..Column::NAME },
];

fn cell(object: &Object, of: fn(&Event) -> Option<String>) -> String {
    object.get::<Event>().and_then(of).unwrap_or_default()
}

/// Upstream: `pkg/registry/core/event/strategy.go`, `ToSelectableFields`.
fn field(object: &Object, path: &str) -> Option<String> {
    let event = object.get::<Event>()?;
    let involved = &event.involved_object;
    let value = match path {
        "involvedObject.kind" => &involved.kind,
        "involvedObject.namespace" => &involved.namespace,
        "involvedObject.name" => &involved.name,
        "involvedObject.uid" => &involved.uid,
        "involvedObject.apiVersion" => &involved.api_version,
        "involvedObject.resourceVersion" => &involved.resource_version,
        "involvedObject.fieldPath" => &involved.field_path,
        "reason" => &event.reason,
        "reportingComponent" => &event.reporting_component,
        "source" => return Some(component(event)),
        "type" => &event.type_,
        _ => return None,
    };
    Some(value.clone().unwrap_or_default())
}

fn component(event: &Event) -> String {
    let source = event.source.as_ref().and_then(|source| source.component.clone()).unwrap_or_default();
    if source.is_empty() { event.reporting_component.clone().unwrap_or_default() } else { source }
}

/// Upstream: `formatEventSource`: component and host.
fn source(object: &Object) -> String {
    let Some(event) = object.get::<Event>() else { return String::new() };
    let host = event.source.as_ref().and_then(|source| source.host.clone()).unwrap_or_default();
    let host = if host.is_empty() { event.reporting_instance.clone().unwrap_or_default() } else { host };
    let component = component(event);
    if host.is_empty() { component } else { format!("{component}, {host}") }
}

fn target(object: &Object) -> String {
    let Some(event) = object.get::<Event>() else { return String::new() };
    let involved = &event.involved_object;
    let kind = involved.kind.as_deref().unwrap_or_default().to_ascii_lowercase();
    match involved.name.as_deref().unwrap_or_default() {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn count(object: &Object) -> String {
    let Some(event) = object.get::<Event>() else { return String::new() };
    let series = event.series.as_ref().and_then(|series| series.count);
    series.or(event.count).unwrap_or(1).max(1).to_string()
}

fn coarse(time: &MicroTime) -> Timestamp {
    Timestamp(time.0)
}

fn first_seen(object: &Object, now: Time) -> String {
    let Some(event) = object.get::<Event>() else { return String::new() };
    let exact = event.event_time.as_ref().map(coarse);
    since(event.first_timestamp.as_ref().or(exact.as_ref()), now)
}

fn last_seen(object: &Object, now: Time) -> String {
    let Some(event) = object.get::<Event>() else { return String::new() };
    let observed = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref()).map(coarse);
    match observed.as_ref().or(event.last_timestamp.as_ref()) {
        Some(time) => since(Some(time), now),
        None => first_seen(object, now),
    }
}
