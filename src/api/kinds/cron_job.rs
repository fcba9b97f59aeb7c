//! `CronJob`: makes a Job at the times of a schedule.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::cron_jobs;
use crate::api::table;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["cj"],
    categories: &["all"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: |object| super::with_document(object, cron_jobs::default),
    prepare_create: |object, _| super::reset_status(object, json!({})),
    validate: cron_jobs::validate,
    validate_update: cron_jobs::update,
    warnings: cron_jobs::warn,
    columns: &[
        Column::NAME,
        Column::at("Schedule", "spec.schedule"),
        Column::text("Timezone", |object, _| table::or(object, "spec.timeZone", "<none>")),
        Column {
            kind: "boolean",
            // Its printer says it as a word (upstream: `printBoolPtr`).
            ..Column::text("Suspend", |object, _| {
                let suspended = object.document().and_then(|document| document.at("spec.suspend")?.as_bool());
                if suspended == Some(true) { "True".to_owned() } else { "False".to_owned() }
            })
        },
        Column::count("Active", "status.active"),
        Column::text("Last Schedule", |object, now| table::since_at(object, "status.lastScheduleTime", now)),
        Column::AGE,
        Column::text("Containers", |object, _| {
            table::listed(object, "spec.jobTemplate.spec.template.spec.containers", "name")
        })
        .wide(),
        Column::text("Images", |object, _| {
            table::listed(object, "spec.jobTemplate.spec.template.spec.containers", "image")
        })
        .wide(),
        Column::text("Selector", |object, _| table::selector(object, "spec.jobTemplate.spec.selector")).wide(),
    ],
    ..Kind::tree("batch", "CronJob", "cronjobs", "cronjob").with_status()
};
