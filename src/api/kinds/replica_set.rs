//! `ReplicaSet`: keeps so many pods of one template running.

use super::{Column, Kind, Object, Scale, given_selector, parse_with_selector, plain_kind, spec_and_status};
use crate::api::check::{self, Errors};
use crate::api::path::Path;
use crate::api::pod::{defaults, template};
use crate::api::table::{containers, images, none_if_empty, selector_text};
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetSpec, ReplicaSetStatus};

plain_kind!(ReplicaSet);
spec_and_status!(ReplicaSet);

/// The kind.
pub static KIND: Kind = Kind {
    group: "apps",
    kind: "ReplicaSet",
    plural: "replicasets",
    singular: "replicaset",
    short_names: &["rs"],
    categories: &["all"],
    storage: "replicasets",
    subresources: &["scale", "status"],
    generation: true,
    decode: |document| {
        parse_with_selector::<ReplicaSet>(document, |object| &mut object.spec.get_or_insert_default().selector)
    },
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
        selector: |object| spec(object).map(|spec| selector_text(Some(&spec.selector))).unwrap_or_default(),
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
            let selector = selector_text(spec(object).map(|spec| &spec.selector));
            none_if_empty(selector)
        })
        .wide(),
    ],
    ..Kind::plain()
};

/// Upstream: `pkg/apis/apps/v1/defaults.go`, `SetDefaults_ReplicaSet`.
fn default(object: &mut Object) {
    let Some(set) = object.get_mut::<ReplicaSet>() else { return };
    let spec = set.spec.get_or_insert_default();
    spec.replicas.get_or_insert(1);
    defaults::spec(spec.template.get_or_insert_default().spec.get_or_insert_default());
}

/// Upstream: `ValidateReplicaSetSpec`.
fn validate(object: &Object) -> Errors {
    const PATH: Path = Path::new("spec");
    let mut out = Vec::new();
    let Some(spec) = spec(object) else { return out };
    check::not_negative(&mut out, &PATH.field("replicas"), i64::from(spec.replicas.unwrap_or(1)));
    check::not_negative(&mut out, &PATH.field("minReadySeconds"), i64::from(spec.min_ready_seconds.unwrap_or(0)));
    template::selected(&mut out, &PATH, given_selector(&spec.selector), spec.template.as_ref());
    out
}

/// Upstream: `rsStrategy.ValidateUpdate`, and `ValidateReplicaSetStatus` for the status.
fn validate_update(new: &Object, old: &Object) -> Errors {
    let (Some(after), Some(before)) = (spec(new), spec(old)) else { return Vec::new() };
    if after == before {
        return validate_status(new);
    }
    let mut out = validate(new);
    let same = after.selector == before.selector;
    check::immutable(&mut out, &Path::new("spec.selector"), same, || check::shown_selector(&after.selector));
    out
}

/// Upstream: `ValidateReplicaSetStatus`.
fn validate_status(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(status) = object.get::<ReplicaSet>().and_then(|object| object.status.as_ref()) else { return out };
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

fn spec(object: &Object) -> Option<&ReplicaSetSpec> {
    object.get::<ReplicaSet>()?.spec.as_ref()
}

fn count(object: &Object, of: fn(&ReplicaSetStatus) -> i32) -> i32 {
    object.get::<ReplicaSet>().and_then(|set| set.status.as_ref()).map_or(0, of)
}
