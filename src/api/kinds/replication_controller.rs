//! `ReplicationController`: the oldest way to keep so many pods running; `ReplicaSet` replaced it.

use super::{Column, Kind, Object, Scale, decode, plain_kind, spec_and_status};
use crate::api::check::{self, Errors};
use crate::api::path::Path;
use crate::api::pod::{defaults, template};
use crate::api::selector::Selector;
use crate::api::status::FieldError;
use crate::api::table::{containers, images, label_text};
use k8s_openapi::api::core::v1::{ReplicationController, ReplicationControllerSpec, ReplicationControllerStatus};
use std::collections::BTreeMap;

plain_kind!(ReplicationController);
spec_and_status!(ReplicationController);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    singular: "replicationcontroller",
    short_names: &["rc"],
    categories: &["all"],
    storage: "controllers",
    subresources: &["scale", "status"],
    generation: true,
    decode: decode::<ReplicationController>,
    default,
    prepare_create: without_status,
    prepare_update: with_old_status,
    prepare_status: with_old_spec,
    validate,
    validate_update,
    warnings: |object| template::warnings(object.name(), spec(object).and_then(|spec| spec.template.as_ref())),
    spec_changed: another_spec,
    field: |object, path| (path == "status.replicas").then(|| count(object, |status| status.replicas).to_string()),
    scale: Some(Scale {
        replicas: |object| spec(object).and_then(|spec| spec.replicas).unwrap_or(1),
        set_replicas,
        current: |object| count(object, |status| status.replicas),
        selector,
    }),
    columns: &[
        Column::NAME,
        Column::integer("Desired", |object, _| spec(object).and_then(|spec| spec.replicas).unwrap_or(0).to_string()),
        Column::integer("Current", |object, _| count(object, |status| status.replicas).to_string()),
        Column::integer("Ready", |object, _| count(object, |status| status.ready_replicas.unwrap_or(0)).to_string()),
        Column::AGE,
        Column::text("Containers", |object, _| containers(spec(object).and_then(|spec| spec.template.as_ref()))).wide(),
        Column::text("Images", |object, _| images(spec(object).and_then(|spec| spec.template.as_ref()))).wide(),
        Column::text("Selector", |object, _| {
            let labels = spec(object).and_then(|spec| spec.selector.as_ref()).into_iter().flatten();
            label_text(labels.map(|(key, value)| (key.as_str(), value.as_str())))
        })
        .wide(),
    ],
    ..Kind::plain()
};

/// Upstream: `pkg/apis/core/v1/defaults.go`, `SetDefaults_ReplicationController`: the template's labels are the
/// selector and the controller's own labels where those are missing.
fn default(object: &mut Object) {
    let Some(controller) = object.get_mut::<ReplicationController>() else { return };
    let spec = controller.spec.get_or_insert_default();
    spec.replicas.get_or_insert(1);
    let Some(template) = &mut spec.template else { return };
    defaults::spec(template.spec.get_or_insert_default());
    let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    if let Some(labels) = labels.filter(|labels| !labels.is_empty()) {
        if spec.selector.as_ref().is_none_or(BTreeMap::is_empty) {
            spec.selector = Some(labels.clone());
        }
        if controller.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty) {
            controller.metadata.labels = Some(labels.clone());
        }
    }
}

/// Upstream: `ValidateReplicationControllerSpec`.
fn validate(object: &Object) -> Errors {
    const PATH: Path = Path::new("spec");
    let mut out = Vec::new();
    let Some(spec) = spec(object) else { return out };
    check::not_negative(&mut out, &PATH.field("minReadySeconds"), i64::from(spec.min_ready_seconds.unwrap_or(0)));
    let none = BTreeMap::new();
    let labels = spec.selector.as_ref().unwrap_or(&none);
    if labels.is_empty() {
        out.push(FieldError::required(PATH.field("selector"), ""));
    }
    check::not_negative(&mut out, &PATH.field("replicas"), i64::from(spec.replicas.unwrap_or(1)));
    let selector = Selector::from_labels(labels);
    let path = PATH.field("template");
    template::matching(&mut out, &path, &selector, spec.template.as_ref(), "ReplicationController");
    out
}

fn validate_update(new: &Object, old: &Object) -> Errors {
    if spec(new) == spec(old) { validate_status(new) } else { validate(new) }
}

/// Upstream: `ValidateReplicationControllerStatus`.
fn validate_status(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(status) = object.get::<ReplicationController>().and_then(|object| object.status.as_ref()) else {
        return out;
    };
    let or_none = |count: Option<i32>| i64::from(count.unwrap_or(0));
    let counts = [
        ("replicas", i64::from(status.replicas)),
        ("fullyLabeledReplicas", or_none(status.fully_labeled_replicas)),
        ("readyReplicas", or_none(status.ready_replicas)),
        ("availableReplicas", or_none(status.available_replicas)),
        ("observedGeneration", status.observed_generation.unwrap_or(0)),
    ];
    check::workload_status(&mut out, &counts);
    out
}

fn spec(object: &Object) -> Option<&ReplicationControllerSpec> {
    object.get::<ReplicationController>()?.spec.as_ref()
}

fn count(object: &Object, of: fn(&ReplicationControllerStatus) -> i32) -> i32 {
    object.get::<ReplicationController>().and_then(|controller| controller.status.as_ref()).map_or(0, of)
}

fn selector(object: &Object) -> String {
    let labels = spec(object).and_then(|spec| spec.selector.as_ref());
    labels.map(|labels| Selector::from_labels(labels).to_string()).unwrap_or_default()
}
