//! All that a person can do. The only thing saved: a link or a file is scenario + seed + inputs.

use serde::{Deserialize, Serialize};

/// One thing that a person did.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Input {
    /// `kubectl apply -f`: the text as written, one or more documents.
    Apply {
        /// The manifest's text.
        text: String,
        /// `--dry-run=server`: through all gates, nothing is stored.
        #[serde(default)]
        dry_run: bool,
        /// Creates the namespaces that the documents name and that do not exist.
        #[serde(default)]
        create_namespaces: bool,
    },
    /// `kubectl delete`.
    Delete {
        /// What.
        object: Name,
    },
    /// `kubectl scale`.
    Scale {
        /// What.
        object: Name,
        /// To how many.
        replicas: i32,
    },
    /// `kubectl set image`.
    SetImage {
        /// What.
        object: Name,
        /// Which container.
        container: String,
        /// To which image.
        image: String,
    },
    /// `kubectl patch --type merge`.
    Patch {
        /// What.
        object: Name,
        /// The patch, in JSON.
        patch: String,
    },
    /// `kubectl rollout undo`: a Deployment back to its previous revision.
    Undo {
        /// What.
        object: Name,
    },
    /// `kubectl cordon` and `uncordon`.
    Cordon {
        /// Which node.
        node: String,
        /// Cordon or uncordon.
        on: bool,
    },
    /// Stops or starts a node's kubelet; its containers run on.
    Kubelet {
        /// Which node.
        node: String,
        /// Stop or start.
        stop: bool,
    },
    /// Cuts a node's network or joins it again.
    Network {
        /// Which node.
        node: String,
        /// Cut or join.
        cut: bool,
    },
    /// Restarts a scheduler with another configuration, or starts one more. A configuration that the real scheduler would
    /// not start with changes nothing: the answer says what it would say.
    Scheduler {
        /// Empty: the cluster's own; otherwise one beside it.
        #[serde(default)]
        name: String,
        /// The file: a `KubeSchedulerConfiguration`, or nothing for the default.
        config: String,
    },
    /// Crashes one container's process.
    Crash {
        /// Namespace of the pod.
        namespace: String,
        /// Name of the pod.
        pod: String,
        /// Which container; empty: the first.
        container: String,
    },
}

/// Names an object in an input.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Name {
    /// `v1`, `apps/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// `Pod`, `Deployment`.
    pub kind: String,
    /// Empty for cluster-scoped kinds.
    #[serde(default)]
    pub namespace: String,
    /// The name.
    pub name: String,
}
