//! What a node tells of its runtime's and its kubelet's abilities.
//!
//! Upstream: `nodestatus/setters.go` (`RuntimeHandlers`, `Features`, `DeclaredFeatures`) and
//! `component-helpers/nodedeclaredfeatures`.

use crate::cluster::machine::Engine;
use k8s_openapi::api::core::v1::{NodeFeatures, NodeRuntimeHandler, NodeRuntimeHandlerFeatures};

/// What schedulers may look for: the gates that are open and that a kubelet declares.
pub fn declared() -> Vec<String> {
    let all = [
        "GuaranteedQoSPodCPUResize",
        "InPlacePodLevelResourcesVerticalScaling",
        "RestartAllContainersOnContainerExits",
    ];
    all.map(str::to_owned).into()
}

/// cri-dockerd tells of nothing.
pub fn features(engine: Engine) -> Option<NodeFeatures> {
    (engine != Engine::CriDockerd).then_some(NodeFeatures { supplemental_groups_policy: Some(true) })
}

/// What runs containers, by the names that a `RuntimeClass` can ask for; no name is the usual one.
pub fn handlers(engine: Engine) -> Option<Vec<NodeRuntimeHandler>> {
    let names = match engine {
        Engine::Containerd => ["", "runc"],
        Engine::CriO => ["", "crun"],
        Engine::CriDockerd => return None,
    };
    let features = NodeRuntimeHandlerFeatures { recursive_read_only_mounts: Some(true), user_namespaces: Some(true) };
    let one = |name: &str| NodeRuntimeHandler { features: Some(features.clone()), name: Some(name.to_owned()) };
    Some(names.map(one).into())
}
