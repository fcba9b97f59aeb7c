//! `Event`: what a component has to say about an object, for an hour.

use super::{Kind, decode, plain_kind};
use k8s_openapi::api::core::v1::Event;

plain_kind!(Event);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Event",
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    storage: "events",
    decode: decode::<Event>,
    ..Kind::plain()
};
