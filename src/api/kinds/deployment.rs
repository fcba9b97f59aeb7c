//! `Deployment`: keeps pods of the newest template running and replaces those of older ones step by step.

use super::{Column, Kind, Object, Scale, decode, plain_kind};
use crate::api::table::{containers, images, none_if_empty, selector_text};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStatus};

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

fn spec(object: &Object) -> Option<&DeploymentSpec> {
    object.get::<Deployment>()?.spec.as_ref()
}

fn count(object: &Object, of: fn(&DeploymentStatus) -> Option<i32>) -> i32 {
    object.get::<Deployment>().and_then(|deployment| deployment.status.as_ref()).and_then(of).unwrap_or(0)
}
