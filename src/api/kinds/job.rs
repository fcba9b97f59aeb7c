//! `Job`: runs pods until enough of them have succeeded.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::jobs;
use crate::api::table;
use crate::api::{age, meta};
use crate::sim::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;
use serde_json::Value;

/// The kind.
pub static KIND: Kind = Kind {
    categories: &["all"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: jobs::default,
    prepare_create: |object, _| jobs::prepare(object),
    validate: jobs::validate,
    validate_update: jobs::update,
    warnings: jobs::warn,
    columns: &[
        Column::NAME,
        Column::text("Status", |object, _| status(object).to_owned()),
        Column::text("Completions", |object, _| completions(object)),
        Column::text("Duration", duration),
        Column::AGE,
        Column::text("Containers", |object, _| table::listed(object, "spec.template.spec.containers", "name")).wide(),
        Column::text("Images", |object, _| table::listed(object, "spec.template.spec.containers", "image")).wide(),
        Column::text("Selector", |object, _| table::selector(object, "spec.selector")).wide(),
    ],
    ..Kind::tree("batch", "Job", "jobs", "job").with_status()
};

/// Whether a condition of the Job is true.
#[must_use]
pub fn has(object: &Object, condition: &str) -> bool {
    table::condition(object, condition).is_some_and(|condition| condition["status"] == "True")
}

/// Upstream: `printJob`.
fn status(object: &Object) -> &'static str {
    match () {
        () if has(object, "Complete") => "Complete",
        () if has(object, "Failed") => "Failed",
        () if object.is_terminating() => "Terminating",
        () if has(object, "Suspended") => "Suspended",
        () if has(object, "FailureTarget") => "FailureTarget",
        () if has(object, "SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions(object: &Object) -> String {
    let number = |path: &str| object.document().and_then(|job| job.at(path)).and_then(Value::as_i64);
    let succeeded = number("status.succeeded").unwrap_or(0);
    match (number("spec.completions"), number("spec.parallelism").unwrap_or(0)) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

fn duration(object: &Object, now: Time) -> String {
    let at = |path: &str| object.document()?.part::<Timestamp>(path).map(|time| meta::moment(&time));
    let Some(start) = at("status.startTime") else { return String::new() };
    age::human(at("status.completionTime").unwrap_or(now).since(start))
}
