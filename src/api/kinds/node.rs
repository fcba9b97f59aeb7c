//! `Node`: a machine that runs pods.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::check;
use crate::api::json::encode;
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::{Fault, FieldError};
use crate::api::table::{joined, none_if_empty};
use crate::sim::{Order, Time};
use k8s_openapi::api::core::v1::{Node, NodeSpec, NodeSystemInfo, Taint};
use serde_json::json;

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
        Column::text("Kernel-Version", kernel).wide(),
        Column::text("Container-Runtime", |object, _| {
            info(object, |info| &info.container_runtime_version, "<unknown>")
        })
        .wide(),
    ],
    default,
    prepare_create,
    prepare_update,
    prepare_status,
    validate,
    validate_update,
    ..Kind::plain()
};

/// A node's status always has its nested structures, empty ones too (Go writes structs without `omitempty`).
fn prepare_create(object: &mut Object, _now: Time) {
    let Some(node) = object.get_mut::<Node>() else { return };
    let status = node.status.get_or_insert_default();
    status.node_info.get_or_insert_default();
    status.daemon_endpoints.get_or_insert_default().kubelet_endpoint.get_or_insert_default();
    node.spec.get_or_insert_with(NodeSpec::default);
}

/// What nobody has set aside can be allotted (`SetDefaults_NodeStatus`).
fn default(object: &mut Object) {
    if let Some(status) = object.get_mut::<Node>().and_then(|node| node.status.as_mut())
        && status.allocatable.is_none()
    {
        status.allocatable.clone_from(&status.capacity);
    }
}

/// Upstream: `pkg/registry/core/node/strategy.go`.
fn prepare_update(new: &mut Object, old: &Object) {
    if let (Some(new), Some(old)) = (new.get_mut::<Node>(), old.get::<Node>()) {
        new.status.clone_from(&old.status);
    }
}

fn prepare_status(new: &mut Object, old: &Object) {
    if let (Some(new), Some(old)) = (new.get_mut::<Node>(), old.get::<Node>()) {
        new.spec.clone_from(&old.spec);
    }
}

/// Upstream: `ValidateNode`; taints are reported below `metadata`, as upstream does.
fn validate(object: &Object) -> Vec<FieldError> {
    let spec = object.get::<Node>().and_then(|node| node.spec.as_ref());
    let taints = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let mut errors = Vec::new();
    let path = Path::new("spec.podCIDRs");
    for (index, network) in spec.map(networks).unwrap_or_default().iter().enumerate() {
        check::cidr(&mut errors, &path.index(index), network);
    }
    for (index, taint) in taints.iter().enumerate() {
        let path = format!("metadata.taints[{index}]");
        errors.extend(taint_errors(&path, taint));
        if taints[..index].iter().any(|other| other.key == taint.key && other.effect == taint.effect) {
            let fault = Fault::Duplicate(go_taint(taint));
            let detail = "taints must be unique by key and effect pair".to_owned();
            errors.push(FieldError { field: path, fault, detail });
        }
    }
    errors
}

/// A taint as Go prints the internal struct: fields in the order of their declaration.
fn go_taint(taint: &Taint) -> String {
    let (value, added) = (json!(taint.value.as_deref().unwrap_or_default()), encode(&taint.time_added));
    let (key, effect) = (json!(taint.key), json!(taint.effect));
    format!("{{\"Key\":{key},\"Value\":{value},\"Effect\":{effect},\"TimeAdded\":{added}}}")
}

/// Upstream: `ValidateNodeTaints`, `validateTaintEffect`.
fn taint_errors(path: &str, taint: &Taint) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for text in names::qualified_name(&taint.key) {
        errors.push(FieldError::invalid(format!("{path}.key"), taint.key.as_str(), text));
    }
    if let Some(value) = &taint.value {
        for text in names::label_value(value) {
            errors.push(FieldError::invalid(format!("{path}.value"), value.as_str(), text));
        }
    }
    let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    if taint.effect.is_empty() {
        errors.push(FieldError::required(format!("{path}.effect"), ""));
    } else if !effects.contains(&taint.effect.as_str()) {
        errors.push(FieldError::not_supported(format!("{path}.effect"), taint.effect.as_str(), &effects));
    }
    errors
}

/// Upstream: `ValidateNodeUpdate`.
fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = |object: &Object| object.get::<Node>().and_then(|node| node.spec.clone()).unwrap_or_default();
    let (after, before) = (spec(new), spec(old));
    let had = networks(&before);
    let fixed = [
        ("podCIDRs", "podCIDR", !had.is_empty() && had != networks(&after)),
        (
            "providerID",
            "providerID",
            before.provider_id.as_ref().is_some_and(|id| !id.is_empty()) && before.provider_id != after.provider_id,
        ),
    ];
    for (field, name, _) in fixed.into_iter().filter(|(.., changed)| *changed) {
        let text = format!("node updates may not change {name} except from \"\" to valid");
        errors.push(FieldError::forbidden(format!("spec.{field}"), text));
    }
    errors.extend(validate(new));
    errors
}

/// The networks of its pods, which are said in two fields (`Convert_v1_NodeSpec_To_core_NodeSpec`).
fn networks(spec: &NodeSpec) -> Vec<String> {
    let all = spec.pod_cidrs.clone().unwrap_or_default();
    match spec.pod_cidr.as_ref().filter(|first| !first.is_empty() && all.first() != Some(first)) {
        Some(first) => vec![first.clone()],
        None => all,
    }
}

fn cell(object: &Object, of: fn(&Node) -> String) -> String {
    object.get::<Node>().map(of).unwrap_or_default()
}

fn info(object: &Object, of: fn(&NodeSystemInfo) -> &String, unknown: &str) -> String {
    let info = object.get::<Node>().and_then(|node| node.status.as_ref()?.node_info.as_ref());
    info.map(of).filter(|text| !text.is_empty()).map_or_else(|| unknown.to_owned(), String::clone)
}

/// With the architecture that it runs on.
fn kernel(object: &Object, _: Time) -> String {
    let version = info(object, |info| &info.kernel_version, "<unknown>");
    match info(object, |info| &info.architecture, "").as_str() {
        "" => version,
        architecture => format!("{version} ({architecture})"),
    }
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
    roles.order();
    roles.dedup();
    joined(roles)
}

fn address(node: &Node, kind: &str) -> String {
    let addresses = node.status.as_ref().and_then(|status| status.addresses.as_deref()).unwrap_or_default();
    let found = addresses.iter().find(|address| address.type_ == kind);
    none_if_empty(found.map(|address| address.address.clone()).unwrap_or_default())
}
