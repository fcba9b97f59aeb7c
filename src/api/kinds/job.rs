//! `Job`: runs pods until enough of them have succeeded.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::table;
use crate::api::{age, meta};
use crate::sim::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    categories: &["all"],
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default,
    prepare_create: |object, _| {
        super::reset_status(object, json!({}));
        select(object);
    },
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

/// Upstream: `pkg/apis/batch/v1/defaults.go`, `SetDefaults_Job`.
fn default(object: &mut Object) {
    let mut labels = None;
    super::with_document(object, |job| {
        spec(job, "spec");
        if let Some(Value::Object(map)) = job.at("spec.template.metadata.labels") {
            labels = Some(map.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect());
        }
    });
    if object.meta().labels.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
        object.meta_mut().labels = labels;
    }
}

/// The defaults of a Job's spec that stands at a path.
fn spec(job: &mut Document, path: &str) {
    let at = |name: &str| format!("{path}.{name}");
    if job.at(&at("completions")).is_none() && job.at(&at("parallelism")).is_none() {
        job.set(&at("completions"), 1.into());
    }
    job.set_default(&at("parallelism"), 1.into());
    let per_index = job.at(&at("backoffLimitPerIndex")).is_some();
    job.set_default(&at("backoffLimit"), if per_index { i32::MAX } else { 6 }.into());
    job.set_default(&at("completionMode"), "NonIndexed".into());
    job.set_default(&at("suspend"), false.into());
    job.set_default(&at("manualSelector"), false.into());
    let failed = job.at(&at("podFailurePolicy")).is_some();
    job.set_default(&at("podReplacementPolicy"), if failed { "Failed" } else { "TerminatingOrFailed" }.into());
    template(job, &at("template"));
    let mut rules = job.at(&at("podFailurePolicy.rules")).cloned().unwrap_or_default();
    let patterns =
        rules.as_array_mut().into_iter().flatten().filter_map(|rule| rule.get_mut("onPodConditions")?.as_array_mut());
    for pattern in patterns.flatten().filter(|pattern| pattern["status"].is_null()) {
        pattern["status"] = "True".into();
    }
    if rules.is_array() {
        job.set(&at("podFailurePolicy.rules"), rules);
    }
}

/// The defaults of a pod template at a path.
pub fn template(document: &mut Document, path: &str) {
    let template: Option<k8s_openapi::api::core::v1::PodTemplateSpec> = document.part(path);
    if let Some(mut template) = template {
        crate::api::pod::defaults::spec(template.spec.get_or_insert_default());
        let metadata = document.at(&format!("{path}.metadata")).cloned();
        document.set(path, super::serialize(&template));
        document.set(&format!("{path}.metadata"), metadata.unwrap_or_else(|| json!({})));
    }
}

/// The selector and labels by which a Job knows its pods (upstream: `pkg/registry/batch/job`, `generateSelector`).
fn select(object: &mut Object) {
    let (uid, name) = (object.uid().to_owned(), object.name().to_owned());
    let labels = [
        ("controller-uid", &uid),
        ("batch.kubernetes.io/controller-uid", &uid),
        ("job-name", &name),
        ("batch.kubernetes.io/job-name", &name),
    ];
    super::with_document(object, |job| {
        if job.at("spec.manualSelector") == Some(&Value::Bool(true)) {
            return;
        }
        let mut all = job.at("spec.template.metadata.labels").cloned().unwrap_or_else(|| json!({}));
        for (label, value) in labels {
            all[label] = value.as_str().into();
        }
        job.set("spec.template.metadata.labels", all);
        job.set("spec.selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    });
    let meta = object.meta_mut();
    if meta.labels.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
        meta.labels = Some(labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).clone())).collect());
    }
}

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
