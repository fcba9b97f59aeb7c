//! The single changes that can be thought through, as changes of an object's JSON form: what is thought is then also
//! what is sent when somebody wants it to be so.

use crate::api::object::Ref;
use k8s_openapi::api::core::v1 as core;
use serde_json::{Map, Value, json};

/// One change of the pod, of a node or of the scheduler.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edit {
    /// A container asks for another amount; empty: it does not ask for the resource.
    Request {
        /// Its name.
        container: String,
        /// `cpu`, `memory` …
        resource: String,
        /// As in a manifest.
        amount: String,
    },
    /// The pod tolerates a taint (`key=value:Effect`).
    Toleration(String),
    /// The pod no longer asks for this label of a node.
    Selector(String),
    /// A node gets a taint (`key=value:Effect`) or loses it.
    Taint {
        /// The node.
        node: String,
        /// The taint.
        taint: String,
        /// It gets it.
        on: bool,
    },
    /// A node gets a label, or loses it.
    Label {
        /// The node.
        node: String,
        /// The label's key.
        key: String,
        /// Its value; `None`: it goes.
        value: Option<String>,
    },
    /// A node is opened for pods again.
    Uncordon(String),
    /// A pod leaves a node.
    Leave {
        /// The node.
        node: String,
        /// The pod.
        pod: Ref,
    },
    /// A plugin's points weigh more or less.
    Weight {
        /// The plugin.
        plugin: String,
        /// The weight.
        weight: i64,
    },
}

impl Edit {
    /// The node that it changes.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::Taint { node, .. } | Self::Label { node, .. } | Self::Uncordon(node) | Self::Leave { node, .. } => {
                Some(node)
            }
            Self::Request { .. } | Self::Toleration(_) | Self::Selector(_) | Self::Weight { .. } => None,
        }
    }

    /// Whether it changes the pod.
    #[must_use]
    pub const fn is_of_pod(&self) -> bool {
        matches!(self, Self::Request { .. } | Self::Toleration(_) | Self::Selector(_))
    }

    /// Changes a pod (or what has a pod's `spec`) or a node. What the document lacks is made.
    pub fn change(&self, document: &mut Value) {
        match self {
            Self::Request { container, resource, amount } => {
                let lists = ["containers", "initContainers"].map(|list| format!("/spec/{list}"));
                for list in lists {
                    let containers = document.pointer_mut(&list).and_then(Value::as_array_mut).into_iter().flatten();
                    for found in containers.filter(|found| found["name"] == **container) {
                        let requests = child(child(found, "resources"), "requests");
                        set(requests, resource, (!amount.is_empty()).then(|| json!(amount)));
                    }
                }
            }
            Self::Toleration(taint) => {
                let taint = parsed(taint);
                let mut toleration = json!({"key": taint["key"], "operator": "Exists", "effect": taint["effect"]});
                if !taint["value"].is_null() {
                    (toleration["operator"], toleration["value"]) = (json!("Equal"), taint["value"].clone());
                }
                list(document, "tolerations").push(toleration);
            }
            Self::Selector(key) => set(child(child(document, "spec"), "nodeSelector"), key, None),
            Self::Taint { taint, on, .. } => {
                let taints = list(document, "taints");
                let taint = parsed(taint);
                taints.retain(|other| other["key"] != taint["key"] || other["effect"] != taint["effect"]);
                if *on {
                    taints.push(taint);
                }
            }
            Self::Label { key, value, .. } => {
                let value = value.as_ref().map(|value| json!(value));
                set(child(child(document, "metadata"), "labels"), key, value);
            }
            Self::Uncordon(_) => {
                set(child(document, "spec"), "unschedulable", None);
                // The node lifecycle controller does that when it sees it.
                list(document, "taints").retain(|taint| taint["key"] != "node.kubernetes.io/unschedulable");
            }
            Self::Leave { .. } | Self::Weight { .. } => {}
        }
    }
}

/// A taint as `kubectl taint` writes it: `key=value:Effect`, or `key:Effect` without a value.
#[must_use]
pub fn taint_text(taint: &core::Taint) -> String {
    match taint.value.as_deref() {
        None | Some("") => format!("{}:{}", taint.key, taint.effect),
        Some(value) => format!("{}={value}:{}", taint.key, taint.effect),
    }
}

fn parsed(taint: &str) -> Value {
    let (head, effect) = taint.rsplit_once(':').unwrap_or((taint, ""));
    match head.split_once('=') {
        Some((key, value)) if !value.is_empty() => json!({"key": key, "value": value, "effect": effect}),
        other => json!({"key": other.map_or(head, |(key, _)| key), "effect": effect}),
    }
}

/// A field of an object, made if it is not there.
fn child<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    &mut value[name]
}

fn set(value: &mut Value, name: &str, to: Option<Value>) {
    if let Some(to) = to {
        *child(value, name) = to;
    } else if let Some(fields) = value.as_object_mut() {
        fields.remove(name);
    }
}

/// A list below `spec`, made if it is not there.
fn list<'a>(document: &'a mut Value, name: &str) -> &'a mut Vec<Value> {
    let list = child(child(document, "spec"), name);
    if !list.is_array() {
        *list = json!([]);
    }
    // It has just been made one.
    list.as_array_mut().expect("a list")
}
