//! The secrets that a pod names for registries. Whether a registry asks for one is not modelled: pulls go on without.
//!
//! Upstream: `pkg/kubelet/kubelet_pods.go`, `getPullSecretsForPod`.

use super::Source;
use crate::cluster::Cx;
use crate::cluster::kubelet::Kubelet;
use crate::cluster::kubelet::report::warning;
use k8s_openapi::api::core::v1::PodSpec;
use std::rc::Rc;

/// The secrets for registries.
pub fn named(spec: &PodSpec) -> impl Iterator<Item = &str> {
    spec.image_pull_secrets.iter().flatten().map(|secret| secret.name.as_str()).filter(|name| !name.is_empty())
}

impl Kubelet {
    /// Says which of them are not there.
    pub(in crate::cluster::kubelet) fn name_missing_secrets(&mut self, cx: &mut Cx, uid: &Rc<str>, spec: &PodSpec) {
        let Some(worker) = self.workers.get(uid).filter(|_| spec.image_pull_secrets.is_some()) else { return };
        let there = |name: &str| self.objects.get(&Source::of(true, worker.pod.namespace(), name)).is_some();
        let missing: Vec<&str> = named(spec).filter(|name| !there(name)).collect();
        if !missing.is_empty() {
            let text = format!(
                "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
                missing.join(", ")
            );
            self.say(cx, uid, None, &warning("FailedToRetrieveImagePullSecret", &text));
        }
    }
}
