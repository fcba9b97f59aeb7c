//! `Service`: one stable name and address for pods that come and go.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::table::{joined, label_text, none_if_empty};
use crate::api::{names, service};
use crate::sim::Order;
use k8s_openapi::api::core::v1::{Service, ServicePort};

plain_kind!(Service);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Service",
    plural: "services",
    singular: "service",
    short_names: &["svc"],
    categories: &["all"],
    name_errors: names::dns1123_label,
    storage: "services/specs",
    subresources: &["proxy", "status"],
    decode: decode::<Service>,
    field,
    columns: &[
        Column::NAME,
        Column::text("Type", |object, _| cell(object, |service| type_of(service).to_owned())),
        Column::text("Cluster-IP", |object, _| cell(object, cluster_ip)),
        Column::text("External-IP", |object, _| cell(object, external_ip)),
        Column::text("Port(s)", |object, _| cell(object, ports)),
        Column::AGE,
        Column::text("Selector", |object, _| cell(object, selector)).wide(),
    ],
    default: service::default,
    prepare_create: |object, _| service::reset_status(object),
    prepare_update: service::keep_status,
    prepare_status: service::keep_spec,
    validate: service::validate,
    validate_update: service::validate_update,
    warnings: service::warn,
    ..Kind::plain()
};

fn cell(object: &Object, of: fn(&Service) -> String) -> String {
    object.get::<Service>().map(of).unwrap_or_default()
}

/// Upstream: `pkg/registry/core/service/strategy.go`, `SelectableFields`.
fn field(object: &Object, path: &str) -> Option<String> {
    let service = object.get::<Service>()?;
    match path {
        "spec.clusterIP" => Some(service.spec.as_ref().and_then(|spec| spec.cluster_ip.clone()).unwrap_or_default()),
        "spec.type" => Some(type_of(service).to_owned()),
        _ => None,
    }
}

fn type_of(service: &Service) -> &str {
    service.spec.as_ref().and_then(|spec| spec.type_.as_deref()).unwrap_or_default()
}

fn cluster_ip(service: &Service) -> String {
    let spec = service.spec.as_ref();
    let first = spec.and_then(|spec| spec.cluster_ips.as_ref()?.first());
    none_if_empty(first.or_else(|| spec?.cluster_ip.as_ref()).cloned().unwrap_or_default())
}

/// Upstream: `getServiceExternalIP`.
fn external_ip(service: &Service) -> String {
    let spec = service.spec.clone().unwrap_or_default();
    let external = spec.external_ips.unwrap_or_default();
    match spec.type_.as_deref().unwrap_or_default() {
        "LoadBalancer" => {
            let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
            let ingress = status.and_then(|balancer| balancer.ingress.as_deref()).unwrap_or_default();
            let mut addresses: Vec<String> =
                ingress.iter().filter_map(|point| point.ip.clone().or_else(|| point.hostname.clone())).collect();
            addresses.order();
            addresses.dedup();
            addresses.extend(external);
            if addresses.is_empty() { "<pending>".to_owned() } else { addresses.join(",") }
        }
        "ExternalName" => spec.external_name.unwrap_or_default(),
        _ => joined(external.iter().map(String::as_str)),
    }
}

/// Upstream: `makePortString`: `80/TCP`, or `80:30080/TCP` with a node port.
fn ports(service: &Service) -> String {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
    none_if_empty(ports.iter().map(port).collect::<Vec<_>>().join(","))
}

fn port(port: &ServicePort) -> String {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match port.node_port {
        Some(node_port @ 1..) => format!("{}:{node_port}/{protocol}", port.port),
        _ => format!("{}/{protocol}", port.port),
    }
}

fn selector(service: &Service) -> String {
    let labels = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    label_text(labels.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str())))
}
