//! `StatefulSet`: keeps pods with names, an order and claims of their own.

use super::{Column, Kind, Scale};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::stateful_sets as rules;
use crate::api::table;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["sts"],
    categories: &["all"],
    subresources: &["scale", "status"],
    scale: Some(Scale {
        replicas: |object| count(object, "spec.replicas"),
        set_replicas: |object, replicas| super::with_document(object, |set| set.set("spec.replicas", replicas.into())),
        current: |object| count(object, "status.replicas"),
        selector: |object| table::selector_string(object, "spec.selector"),
    }),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: |object| super::with_document(object, rules::default_stateful_set),
    prepare_create: |object, _| {
        rules::drop_unavailable(object, None);
        super::reset_status(object, json!({"replicas": 0, "availableReplicas": 0}));
    },
    prepare_update: |new, old| {
        rules::drop_unavailable(new, Some(old));
        super::keep(new, old, "status");
    },
    validate: rules::validate_stateful_set,
    validate_update: rules::update_stateful_set,
    warnings: rules::warn_stateful_set,
    columns: &[
        Column::NAME,
        Column::text("Ready", |object, _| ready(object)),
        Column::AGE,
        Column::text("Containers", |object, _| table::listed(object, "spec.template.spec.containers", "name")).wide(),
        Column::text("Images", |object, _| table::listed(object, "spec.template.spec.containers", "image")).wide(),
    ],
    ..Kind::tree("apps", "StatefulSet", "statefulsets", "statefulset").with_status()
};

fn count(object: &Object, path: &str) -> i32 {
    let value = object.document().and_then(|set| set.at(path)).and_then(Value::as_i64);
    value.and_then(|value| i32::try_from(value).ok()).unwrap_or(0)
}

fn ready(object: &Object) -> String {
    format!("{}/{}", count(object, "status.readyReplicas"), count(object, "spec.replicas"))
}
