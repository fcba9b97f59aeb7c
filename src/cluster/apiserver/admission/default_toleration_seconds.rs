//! `DefaultTolerationSeconds`: a pod stays five minutes on a node that is not ready or out of reach, unless it says
//! otherwise (upstream: `plugin/pkg/admission/defaulttolerationseconds`).

use super::{Attributes, Plugin};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::cluster::timing;
use k8s_openapi::api::core::v1::Toleration;
use std::rc::Rc;

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    mutate: |request, object| {
        tolerate(request, object);
        Ok(())
    },
    ..Plugin::named("DefaultTolerationSeconds")
};

fn tolerate(request: &Attributes, object: &mut Object) {
    if !request.review.request.target.subresource.is_empty() {
        return;
    }
    let Some(pod) = object.get::<Pod>() else { return };
    let taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
    let missing: Vec<&str> = taints.into_iter().filter(|taint| !tolerates(pod, taint)).collect();
    if missing.is_empty() {
        return;
    }
    let Some(pod) = object.get_mut::<Pod>() else { return };
    let tolerations = Rc::make_mut(&mut pod.spec).tolerations.get_or_insert_default();
    tolerations.extend(missing.into_iter().map(|taint| Toleration {
        key: Some(taint.to_owned()),
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        toleration_seconds: i64::try_from(timing::DEFAULT_TOLERATION.as_secs()).ok(),
        ..Toleration::default()
    }));
}

fn tolerates(pod: &Pod, taint: &str) -> bool {
    pod.spec.tolerations.iter().flatten().any(|toleration| {
        let key = toleration.key.as_deref().unwrap_or_default();
        let effect = toleration.effect.as_deref().unwrap_or_default();
        (key.is_empty() || key == taint) && (effect.is_empty() || effect == "NoExecute")
    })
}
