//! Who is started again.
//!
//! Upstream: `kubelet/container/helpers.go` (`ShouldContainerBeRestarted`), `pkg/api/v1/pod/util.go` (`ContainerShouldRestart`).

use super::worker::is_sidecar;
use k8s_openapi::api::core::v1::{Container, PodSpec};

/// Whether a container that ended with this code is started again.
#[must_use]
pub fn restarts(spec: &PodSpec, container: &Container, code: i32) -> bool {
    for rule in container.restart_policy_rules.as_deref().unwrap_or_default() {
        let Some(codes) = &rule.exit_codes else { continue };
        let listed = codes.values.as_deref().unwrap_or_default().contains(&code);
        if listed == (codes.operator == "In") {
            return rule.action == "Restart";
        }
    }
    let policy = container.restart_policy.as_deref().or(spec.restart_policy.as_deref());
    match policy {
        Some("Never") => false,
        Some("OnFailure") => code != 0,
        _ => true,
    }
}

/// Init containers of a pod that always restarts are repeated on failure only.
#[must_use]
pub fn restarts_init(spec: &PodSpec, container: &Container, code: i32) -> bool {
    is_sidecar(container) || code != 0 && restarts(spec, container, code)
}

/// Whether a container that a probe has condemned is started again.
pub fn survives(spec: &PodSpec, container: &Container) -> bool {
    container.restart_policy.as_deref().or(spec.restart_policy.as_deref()) != Some("Never")
}
