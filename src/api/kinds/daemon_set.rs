//! `DaemonSet`: runs one pod on every node that fits.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::pod::template;
use crate::api::rules::daemon_sets as rules;
use crate::api::table;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["ds"],
    categories: &["all"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: |object| super::with_document(object, rules::default_daemon_set),
    prepare_create: |object, _| {
        rules::number_template(object, None);
        super::reset_status(object, nothing());
    },
    prepare_update: |new, old| {
        rules::number_template(new, Some(old));
        super::keep(new, old, "status");
    },
    prepare_status: |new, old| {
        super::keep(new, old, "spec");
        rules::number_template(new, Some(old));
    },
    validate: rules::validate_daemon_set,
    validate_update: rules::update_daemon_set,
    warnings: |object| template::warnings_in(object, "spec.template"),
    columns: &[
        Column::NAME,
        Column::number("Desired", "status.desiredNumberScheduled"),
        Column::number("Current", "status.currentNumberScheduled"),
        Column::number("Ready", "status.numberReady"),
        Column::number("Up-to-date", "status.updatedNumberScheduled"),
        Column::number("Available", "status.numberAvailable"),
        Column::text("Node Selector", |object, _| table::labels(object, "spec.template.spec.nodeSelector")),
        Column::AGE,
        Column::text("Containers", |object, _| table::listed(object, "spec.template.spec.containers", "name")).wide(),
        Column::text("Images", |object, _| table::listed(object, "spec.template.spec.containers", "image")).wide(),
        Column::text("Selector", |object, _| table::selector(object, "spec.selector")).wide(),
    ],
    ..Kind::tree("apps", "DaemonSet", "daemonsets", "daemonset").with_status()
};

/// What Go writes of a status that nobody has set.
fn nothing() -> Value {
    json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0})
}
