//! `Deployment`: keeps pods of the newest template running and replaces those of older ones step by step.

use super::{Column, Kind, Object, Scale, given_selector, parse_with_selector, plain_kind, spec_and_status};
use crate::api::check::{self, Errors};
use crate::api::count;
use crate::api::path::Path;
use crate::api::pod::{defaults, template};
use crate::api::status::{Fault, FieldError};
use crate::api::table::{containers, images, none_if_empty, selector_text};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStatus, DeploymentStrategy};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

plain_kind!(Deployment);
spec_and_status!(Deployment);

/// The kind.
pub static KIND: Kind = Kind {
    group: "apps",
    kind: "Deployment",
    plural: "deployments",
    singular: "deployment",
    short_names: &["deploy"],
    categories: &["all"],
    storage: "deployments",
    subresources: &["scale", "status"],
    generation: true,
    decode: |document| {
        parse_with_selector::<Deployment>(document, |object| &mut object.spec.get_or_insert_default().selector)
    },
    default,
    prepare_create: without_status,
    prepare_update: with_old_status,
    prepare_status: |new, old| {
        with_old_spec(new, old);
        new.meta_mut().labels.clone_from(&old.meta().labels);
    },
    validate,
    validate_update,
    warnings: |object| template::warnings(object.name(), spec(object).map(|spec| &spec.template)),
    spec_changed: |new, old| another_spec(new, old) || new.meta().annotations != old.meta().annotations,
    scale: Some(Scale {
        replicas: |object| spec(object).and_then(|spec| spec.replicas).unwrap_or(1),
        set_replicas,
        current: |object| counted(object, |status| status.replicas),
        selector: |object| spec(object).map(|spec| selector_text(Some(&spec.selector))).unwrap_or_default(),
    }),
    columns: &[
        Column::NAME,
        Column::text("Ready", |object, _| {
            let desired = spec(object).and_then(|spec| spec.replicas).unwrap_or(0);
            format!("{}/{desired}", counted(object, |status| status.ready_replicas))
        }),
        Column::text("Up-to-date", |object, _| counted(object, |status| status.updated_replicas).to_string()),
        Column::text("Available", |object, _| counted(object, |status| status.available_replicas).to_string()),
        Column::AGE,
        Column::text("Containers", |object, _| containers(spec(object).map(|spec| &spec.template))).wide(),
        Column::text("Images", |object, _| images(spec(object).map(|spec| &spec.template))).wide(),
        Column::text("Selector", |object, _| {
            let selector = selector_text(spec(object).map(|spec| &spec.selector));
            none_if_empty(selector)
        })
        .wide(),
    ],
    ..Kind::plain()
};

/// Upstream: `pkg/apis/apps/v1/defaults.go`, `SetDefaults_Deployment`.
fn default(object: &mut Object) {
    let Some(deployment) = object.get_mut::<Deployment>() else { return };
    let spec = deployment.spec.get_or_insert_default();
    spec.replicas.get_or_insert(1);
    let strategy = spec.strategy.get_or_insert_default();
    if strategy.type_.as_deref().unwrap_or_default().is_empty() {
        strategy.type_ = Some("RollingUpdate".to_owned());
    }
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_default();
        for bound in [&mut rolling.max_unavailable, &mut rolling.max_surge] {
            bound.get_or_insert_with(|| IntOrString::String("25%".to_owned()));
        }
    }
    spec.revision_history_limit.get_or_insert(10);
    spec.progress_deadline_seconds.get_or_insert(600);
    defaults::spec(spec.template.spec.get_or_insert_default());
}

/// Upstream: `ValidateDeploymentSpec`.
fn validate(object: &Object) -> Errors {
    const PATH: Path = Path::new("spec");
    let mut out = Vec::new();
    let Some(spec) = spec(object) else { return out };
    check::not_negative(&mut out, &PATH.field("replicas"), i64::from(spec.replicas.unwrap_or(1)));
    template::selected(&mut out, &PATH, given_selector(&spec.selector), Some(&spec.template));
    if let Some(found) = &spec.strategy {
        strategy(&mut out, &PATH.field("strategy"), found);
    }
    let ready = spec.min_ready_seconds.unwrap_or(0);
    check::not_negative(&mut out, &PATH.field("minReadySeconds"), i64::from(ready));
    let history = spec.revision_history_limit.unwrap_or(0);
    check::not_negative(&mut out, &PATH.field("revisionHistoryLimit"), i64::from(history));
    if let Some(deadline) = spec.progress_deadline_seconds {
        let path = PATH.field("progressDeadlineSeconds");
        check::not_negative(&mut out, &path, i64::from(deadline));
        if deadline <= ready {
            out.push(FieldError::invalid(path, deadline, "must be greater than minReadySeconds"));
        }
    }
    out
}

/// Upstream: `ValidateDeploymentUpdate` and the strategy's `ValidateUpdate`.
fn validate_update(new: &Object, old: &Object) -> Errors {
    let (Some(after), Some(before)) = (spec(new), spec(old)) else { return Vec::new() };
    if after == before {
        return validate_status(new, old);
    }
    let mut out = validate(new);
    let same = after.selector == before.selector;
    check::immutable(&mut out, &Path::new("spec.selector"), same, || check::shown_selector(&after.selector));
    out
}

/// Upstream: `ValidateDeploymentStrategy`, `ValidateRollingUpdateDeployment`.
fn strategy(out: &mut Errors, path: &Path, strategy: &DeploymentStrategy) {
    let rolling = strategy.rolling_update.as_ref();
    let rolling_path = path.field("rollingUpdate");
    match (strategy.type_.as_deref().unwrap_or_default(), rolling) {
        ("Recreate", Some(_)) => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            out.push(FieldError::forbidden(rolling_path, detail));
        }
        ("Recreate", None) => {}
        ("RollingUpdate", Some(rolling)) => {
            let value = |value: &Option<IntOrString>| value.as_ref().map_or_else(|| json!(0), |value| json!(value));
            let (unavailable, surge) = (value(&rolling.max_unavailable), value(&rolling.max_surge));
            let path = rolling_path.field("maxUnavailable");
            count::check(out, &path, &unavailable);
            count::check(out, &rolling_path.field("maxSurge"), &surge);
            if count::number(&unavailable) == 0 && count::number(&surge) == 0 {
                out.push(FieldError::invalid(path, unavailable.clone(), "may not be 0 when `maxSurge` is 0"));
            }
            count::at_most_all(out, &path, &unavailable);
        }
        ("RollingUpdate", None) => {
            out.push(FieldError::required(rolling_path, "this should be defaulted and never be nil"));
        }
        (kind, _) => {
            let mut error = FieldError::not_supported(path, kind, &["Recreate", "RollingUpdate"]);
            let rolling = rolling.map_or_else(
                || "null".to_owned(),
                |rolling| {
                    let (unavailable, surge) = (json!(rolling.max_unavailable), json!(rolling.max_surge));
                    format!("{{\"MaxUnavailable\":{unavailable},\"MaxSurge\":{surge}}}")
                },
            );
            error.fault = Fault::NotSupported(format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", json!(kind)));
            out.push(error);
        }
    }
}

/// Upstream: `ValidateDeploymentStatusUpdate`.
fn validate_status(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    let status = |object: &Object| object.get::<Deployment>().and_then(|object| object.status.clone());
    let (Some(status), before) = (status(new), status(old).unwrap_or_default()) else { return out };
    let or_none = |count: Option<i32>| i64::from(count.unwrap_or(0));
    let counts = [
        ("observedGeneration", status.observed_generation.unwrap_or(0)),
        ("replicas", or_none(status.replicas)),
        ("updatedReplicas", or_none(status.updated_replicas)),
        ("readyReplicas", or_none(status.ready_replicas)),
        ("availableReplicas", or_none(status.available_replicas)),
        ("unavailableReplicas", or_none(status.unavailable_replicas)),
        ("collisionCount", or_none(status.collision_count)),
    ];
    check::workload_status(&mut out, &counts);
    if or_none(status.collision_count) < or_none(before.collision_count) {
        let status_path = Path::new("status");
        let path = status_path.field("collisionCount");
        out.push(FieldError::invalid(path, or_none(status.collision_count), "cannot be decremented"));
    }
    out
}

fn spec(object: &Object) -> Option<&DeploymentSpec> {
    object.get::<Deployment>()?.spec.as_ref()
}

fn counted(object: &Object, of: fn(&DeploymentStatus) -> Option<i32>) -> i32 {
    object.get::<Deployment>().and_then(|deployment| deployment.status.as_ref()).and_then(of).unwrap_or(0)
}
