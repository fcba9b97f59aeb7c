//! `ControllerRevision`: a state of a `StatefulSet` or `DaemonSet` to which a rollout can return.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::meta;
use crate::api::object::Object;
use crate::api::rules::daemon_sets as rules;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    validate: rules::validate_revision,
    validate_update: rules::update_revision,
    columns: &[
        Column::NAME,
        Column::text("Controller", |object, _| controller(object)),
        Column::at("Revision", "revision"),
        Column::AGE,
    ],
    ..Kind::tree("apps", "ControllerRevision", "controllerrevisions", "controllerrevision")
};

fn controller(object: &Object) -> String {
    let Some(owner) = meta::controller_of(object.meta()) else { return "<none>".to_owned() };
    let group = owner.api_version.rsplit_once('/').map_or_else(String::new, |(group, _)| format!(".{group}"));
    format!("{}{group}/{}", owner.kind.to_ascii_lowercase(), owner.name)
}
