//! `DaemonSet`: runs one pod on every node that fits.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::table;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["ds"],
    categories: &["all"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    prepare_create: |object, _| {
        super::reset_status(
            object,
            json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0}),
        );
    },
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
