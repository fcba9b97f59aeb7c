//! All that a person can do. The only thing saved: a link or a file is scenario + seed + inputs.

use crate::api::json::decode_part;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// One thing that a person did.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Input {
    /// `kubectl apply -f`: the text as written, one or more documents.
    Apply {
        /// The manifest's text.
        text: String,
        /// `--dry-run=server`: through all gates, nothing is stored.
        dry_run: bool,
        /// Creates the namespaces that the documents name and that do not exist.
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
    /// `kubectl patch --subresource resize`: other resources for a container of a pod that runs.
    Resize {
        /// The pod.
        object: Name,
        /// Which container.
        container: String,
        /// The resources, in JSON: `{"requests": {"cpu": "200m"}}`.
        patch: String,
    },
    /// `kubectl debug`: an ephemeral container in a pod that runs.
    Debug {
        /// The pod.
        object: Name,
        /// The ephemeral container's name (`-c`).
        name: String,
        /// Its image.
        image: String,
        /// The container whose processes it is to see (`--target`); may be empty.
        container: String,
        /// Its command line (behind `--`), words apart by spaces; empty: that of the image.
        text: String,
    },
    /// `kubectl rollout undo`: a Deployment, StatefulSet or DaemonSet back to a former revision.
    Undo {
        /// What.
        object: Name,
        /// Which (`--to-revision`); 0: the one before.
        revision: i64,
    },
    /// `kubectl rollout restart`: all pods of a Deployment, StatefulSet or DaemonSet anew.
    Restart {
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
    /// `kubectl drain --ignore-daemonsets --force`: cordons a node and evicts its pods.
    Drain {
        /// Which node.
        node: String,
    },
    /// Stops or starts a node's kubelet; its containers run on.
    Kubelet {
        /// Which node.
        node: String,
        /// Stop or start.
        stop: bool,
    },
    /// Writes a file into a node's folder of static pods (`/etc/kubernetes/manifests`), or removes it.
    Manifest {
        /// Which node.
        node: String,
        /// The file's name.
        name: String,
        /// What it holds; empty: it is removed.
        text: String,
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
        name: String,
        /// The file: a `KubeSchedulerConfiguration`, or nothing for the default.
        config: String,
    },
    /// Lets a fault begin, or repairs it. What is not known, or is so already, changes nothing.
    Fault {
        /// Which of [`FAULTS`].
        fault: String,
        /// What it befalls: a process by its name (`kube-apiserver`, `containerd/node-1`), a node, a controller, an image or
        /// a registry.
        of: String,
        /// Begin or repair.
        on: bool,
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

/// What can go wrong beside [`Input::Kubelet`], [`Input::Network`] and [`Input::Crash`].
pub const FAULTS: [&str; 12] = [
    "stop",
    "crash",
    "slow",
    "cut",
    "certificate",
    "power",
    "disk",
    "memory",
    "clock",
    "controller",
    "image",
    "registry",
];

/// Names an object in an input.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Name {
    /// `v1`, `apps/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// `Pod`, `Deployment`.
    pub kind: String,
    /// Empty for cluster-scoped kinds.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// All that an input can hold: one shape for all kinds of them, which a reader of each kind's own would be six times the
/// size of. What is missing is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of a file, not states")]
struct Form {
    r#do: String,
    text: String,
    dry_run: bool,
    create_namespaces: bool,
    object: Name,
    replicas: i32,
    revision: i64,
    container: String,
    image: String,
    patch: String,
    node: String,
    on: bool,
    stop: bool,
    cut: bool,
    name: String,
    config: String,
    namespace: String,
    pod: String,
    fault: String,
    of: String,
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        decode_part(&value).and_then(Self::of).map_err(Error::custom)
    }
}

impl Input {
    fn of(form: Form) -> Result<Self, String> {
        let Form { text, dry_run, create_namespaces, object, replicas, revision, container, .. } = form;
        let Form { image, patch, node, on, stop, cut, name, config, namespace, pod, fault, of, .. } = form;
        Ok(match form.r#do.as_str() {
            "apply" => Self::Apply { text, dry_run, create_namespaces },
            "delete" => Self::Delete { object },
            "scale" => Self::Scale { object, replicas },
            "set-image" => Self::SetImage { object, container, image },
            "patch" => Self::Patch { object, patch },
            "resize" => Self::Resize { object, container, patch },
            "debug" => Self::Debug { object, name, image, container, text },
            "undo" => Self::Undo { object, revision },
            "restart" => Self::Restart { object },
            "cordon" => Self::Cordon { node, on },
            "drain" => Self::Drain { node },
            "kubelet" => Self::Kubelet { node, stop },
            "manifest" => Self::Manifest { node, name, text },
            "network" => Self::Network { node, cut },
            "scheduler" => Self::Scheduler { name, config },
            "fault" => Self::Fault { fault, of, on },
            "crash" => Self::Crash { namespace, pod, container },
            other => return Err(format!("nobody can do \"{other}\"")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = || "a".to_owned();
        let object = || Name { api_version: text(), kind: text(), namespace: text(), name: text() };
        let inputs = [
            Input::Apply { text: text(), dry_run: true, create_namespaces: true },
            Input::Delete { object: object() },
            Input::Scale { object: object(), replicas: 3 },
            Input::SetImage { object: object(), container: text(), image: text() },
            Input::Patch { object: object(), patch: text() },
            Input::Resize { object: object(), container: text(), patch: text() },
            Input::Debug { object: object(), name: text(), image: text(), container: text(), text: text() },
            Input::Undo { object: object(), revision: 2 },
            Input::Restart { object: object() },
            Input::Cordon { node: text(), on: true },
            Input::Drain { node: text() },
            Input::Kubelet { node: text(), stop: true },
            Input::Manifest { node: text(), name: text(), text: text() },
            Input::Network { node: text(), cut: true },
            Input::Scheduler { name: text(), config: text() },
            Input::Fault { fault: text(), of: text(), on: true },
            Input::Crash { namespace: text(), pod: text(), container: text() },
        ];
        for input in inputs {
            let written = serde_json::to_string(&input).unwrap();
            assert_eq!(serde_json::from_str::<Input>(&written).unwrap(), input, "{written}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_sentence() {
        for text in [
            "{}",
            "[]",
            "3",
            "null",
            r#"{"do":"fly"}"#,
            r#"{"do":"scale","replicas":"x"}"#,
            r#"{"do":"undo","object":[]}"#,
        ] {
            assert!(serde_json::from_str::<Input>(text).is_err(), "{text}");
        }
    }
}
