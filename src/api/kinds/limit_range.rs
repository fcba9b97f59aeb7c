//! `LimitRange`: what a pod, container or claim of a namespace may ask for, and what it gets when it does not ask.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::limits;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["limits"],
    decode: |value| {
        let mut range = Document::read(&KIND, value)?;
        limits::read(&mut range)?;
        Ok(Object::from_document(range))
    },
    default: |object| super::with_document(object, limits::default),
    validate: limits::validate,
    validate_update: |new, _| limits::validate(new),
    columns: &[Column::NAME, Column::CREATED_AT],
    ..Kind::tree("", "LimitRange", "limitranges", "limitrange")
};
