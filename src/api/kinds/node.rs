//! `Node`: a machine that runs pods.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::table::{joined, none_if_empty};
use k8s_openapi::api::core::v1::{Node, NodeSystemInfo};

plain_kind!(Node);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    namespaced: false,
    storage: "minions",
    subresources: &["proxy", "status"],
    decode: decode::<Node>,
    field: |object, path| {
        let unschedulable = || object.get::<Node>()?.spec.as_ref()?.unschedulable;
        (path == "spec.unschedulable").then(|| unschedulable().unwrap_or(false).to_string())
    },
    columns: &[
        Column::NAME,
        Column::text("Status", |object, _| cell(object, status)),
        Column::text("Roles", |object, _| cell(object, roles)),
        Column::AGE,
        Column::text("Version", |object, _| info(object, |info| &info.kubelet_version, "")),
        Column::text("Internal-IP", |object, _| cell(object, |node| address(node, "InternalIP"))).wide(),
        Column::text("External-IP", |object, _| cell(object, |node| address(node, "ExternalIP"))).wide(),
        Column::text("OS-Image", |object, _| info(object, |info| &info.os_image, "<unknown>")).wide(),
        Column::text("Kernel-Version", |object, _| info(object, |info| &info.kernel_version, "<unknown>")).wide(),
        Column::text("Container-Runtime", |object, _| {
            info(object, |info| &info.container_runtime_version, "<unknown>")
        })
        .wide(),
    ],
    ..Kind::plain()
};

fn cell(object: &Object, of: fn(&Node) -> String) -> String {
    object.get::<Node>().map(of).unwrap_or_default()
}

fn info(object: &Object, of: fn(&NodeSystemInfo) -> &String, unknown: &str) -> String {
    let info = object.get::<Node>().and_then(|node| node.status.as_ref()?.node_info.as_ref());
    info.map(of).filter(|text| !text.is_empty()).map_or_else(|| unknown.to_owned(), String::clone)
}

fn status(node: &Node) -> String {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
    let word = match ready.map(|condition| condition.status == "True") {
        Some(true) => "Ready",
        Some(false) => "NotReady",
        None => "Unknown",
    };
    let cordoned = node.spec.as_ref().is_some_and(|spec| spec.unschedulable == Some(true));
    if cordoned { format!("{word},SchedulingDisabled") } else { word.to_owned() }
}

/// Upstream: `findNodeRoles`: from the labels `node-role.kubernetes.io/…` and `kubernetes.io/role`.
fn roles(node: &Node) -> String {
    let labels = node.metadata.labels.iter().flatten();
    let mut roles: Vec<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role).filter(|role| !role.is_empty()),
            None if key == "kubernetes.io/role" => Some(value.as_str()).filter(|role| !role.is_empty()),
            None => None,
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    joined(roles)
}

fn address(node: &Node, kind: &str) -> String {
    let addresses = node.status.as_ref().and_then(|status| status.addresses.as_deref()).unwrap_or_default();
    let found = addresses.iter().find(|address| address.type_ == kind);
    none_if_empty(found.map(|address| address.address.clone()).unwrap_or_default())
}
