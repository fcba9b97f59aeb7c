//! `DaemonSet`: runs one pod on every node that fits.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::table;
use serde_json::json;

/// The annotation that counts the templates. Upstream: `apps.DeprecatedTemplateGeneration`.
const GENERATION: &str = "deprecated.daemonset.template.generation";

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
        number_template(object, 1);
    },
    prepare_update: |new, old| {
        super::keep(new, old, "status");
        let before = old.meta().annotations.as_ref().and_then(|map| map.get(GENERATION)?.parse().ok()).unwrap_or(1);
        number_template(new, before + i64::from(super::differs(new, old, "spec.template")));
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

fn number_template(object: &mut Object, number: i64) {
    object.meta_mut().annotations.get_or_insert_default().insert(GENERATION.to_owned(), number.to_string());
}
