//! `Scale`: how many replicas an object wants and has. Nobody stores it: it is how the subresource `scale` of
//! Deployments and the like is read and written, so it is not among [`super::KINDS`].

use super::{Kind, Object, decode, plain_kind};
use k8s_openapi::api::autoscaling::v1::{Scale, ScaleSpec, ScaleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

plain_kind!(Scale);

/// The kind.
pub static KIND: Kind = Kind {
    group: "autoscaling",
    kind: "Scale",
    plural: "scales",
    singular: "scale",
    verbs: &[],
    storage: "scales",
    decode: decode::<Scale>,
    ..Kind::plain()
};

/// The scale of an object; `None`: its kind has none.
#[must_use]
pub fn of(object: &Object) -> Option<Object> {
    let scale = object.kind().scale.as_ref()?;
    let from = object.meta();
    Some(Object::new(Scale {
        metadata: ObjectMeta {
            name: from.name.clone(),
            namespace: from.namespace.clone(),
            uid: from.uid.clone(),
            resource_version: from.resource_version.clone(),
            creation_timestamp: from.creation_timestamp.clone(),
            ..ObjectMeta::default()
        },
        spec: Some(ScaleSpec { replicas: Some((scale.replicas)(object)) }),
        status: Some(ScaleStatus {
            replicas: (scale.current)(object),
            selector: Some((scale.selector)(object)).filter(|selector| !selector.is_empty()),
        }),
    }))
}
