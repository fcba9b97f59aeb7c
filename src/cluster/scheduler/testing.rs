//! Pods and nodes written as JSON, for the tests of the scheduler's parts.

use super::nodes::NodeInfo;
use super::pod::PodInfo;
use crate::api::object::Object;
use serde_json::Value;

/// A pod named `p` with the given spec.
pub(crate) fn pod(spec: &Value) -> PodInfo {
    let value = serde_json::json!({"metadata": {"name": "p", "namespace": "default", "uid": "u"}, "spec": spec});
    PodInfo::new(&object("Pod", value)).expect("a pod")
}

/// A node named `n` with the given metadata, spec and status.
pub(crate) fn node(metadata: &Value, spec: &Value, status: &Value) -> NodeInfo {
    let mut value = serde_json::json!({"metadata": metadata, "spec": spec, "status": status});
    value["metadata"]["name"] = "n".into();
    let mut info = NodeInfo::new("n".into());
    info.set_node(&object("Node", value));
    info
}

/// An object of the core group.
pub(crate) fn object(kind: &str, value: Value) -> Object {
    object_of("v1", kind, value)
}

/// An object of any group.
pub(crate) fn object_of(api_version: &str, kind: &str, value: Value) -> Object {
    let kind = crate::api::Kind::find(api_version, kind).expect("a kind");
    (kind.decode)(value).expect("a valid object")
}
