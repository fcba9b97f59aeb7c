//! `Deployment`: keeps pods of the newest template running and replaces those of older ones step by step.

use super::{Column, Kind, Object, Scale, decode, plain_kind};
use crate::api::pod::defaults;
use crate::api::table::{containers, images, none_if_empty, selector_text};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStatus};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

plain_kind!(Deployment);

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
    decode: decode::<Deployment>,
    default,
    prepare_create: |object, _| {
        if let Some(object) = object.get_mut::<Deployment>() {
            object.status = Some(DeploymentStatus::default());
        }
    },
    prepare_update: |new, old| {
        if let (Some(new), Some(old)) = (new.get_mut::<Deployment>(), old.get::<Deployment>()) {
            new.status.clone_from(&old.status);
        }
    },
    prepare_status: |new, old| {
        if let (Some(new), Some(old)) = (new.get_mut::<Deployment>(), old.get::<Deployment>()) {
            new.spec.clone_from(&old.spec);
            new.metadata.labels.clone_from(&old.metadata.labels);
        }
    },
    spec_changed: |new, old| match (new.get::<Deployment>(), old.get::<Deployment>()) {
        (Some(new), Some(old)) => new.spec != old.spec || new.metadata.annotations != old.metadata.annotations,
        _ => false,
    },
    scale: Some(Scale {
        replicas: |object| spec(object).and_then(|spec| spec.replicas).unwrap_or(1),
        set_replicas: |object, replicas| {
            if let Some(deployment) = object.get_mut::<Deployment>() {
                deployment.spec.get_or_insert_default().replicas = Some(replicas);
            }
        },
        current: |object| count(object, |status| status.replicas),
        selector: |object| spec(object).map(|spec| selector_text(Some(&spec.selector))).unwrap_or_default(),
    }),
    columns: &[
        Column::NAME,
        Column::text("Ready", |object, _| {
            let desired = spec(object).and_then(|spec| spec.replicas).unwrap_or(0);
            format!("{}/{desired}", count(object, |status| status.ready_replicas))
        }),
        Column::text("Up-to-date", |object, _| count(object, |status| status.updated_replicas).to_string()),
        Column::text("Available", |object, _| count(object, |status| status.available_replicas).to_string()),
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

fn spec(object: &Object) -> Option<&DeploymentSpec> {
    object.get::<Deployment>()?.spec.as_ref()
}

fn count(object: &Object, of: fn(&DeploymentStatus) -> Option<i32>) -> i32 {
    object.get::<Deployment>().and_then(|deployment| deployment.status.as_ref()).and_then(of).unwrap_or(0)
}
