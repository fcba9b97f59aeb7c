//! `Event`: the same notes in their newer form.

use super::Kind;
use crate::api::document::Document;
use crate::api::faces::EVENT;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["ev"],
    face: Some(EVENT),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: super::event::COLUMNS,
    ..Kind::tree("events.k8s.io", "Event", "events", "event")
};
