//! `LimitRange`: what a pod, container or claim of a namespace may ask for, and what it gets when it does not ask.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["limits"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[Column::NAME, Column::CREATED_AT],
    ..Kind::tree("", "LimitRange", "limitranges", "limitrange")
};
