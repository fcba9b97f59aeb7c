//! `Ingress`: which requests from outside go to which Service.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::ingresses;
use crate::api::table;
use crate::sim::SortedSet;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["ing"],
    storage: "ingress",
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: ingresses::default,
    validate: ingresses::validate,
    validate_update: ingresses::validate_update,
    warnings: ingresses::warnings,
    prepare_create: |object, _| super::reset_status(object, json!({"loadBalancer": {}})),
    columns: &[
        Column::NAME,
        Column::text("Class", |object, _| table::or(object, "spec.ingressClassName", "<none>")),
        Column::text("Hosts", |object, _| hosts(object)),
        Column::text("Address", |object, _| addresses(object)),
        Column::text("Ports", |object, _| ports(object).to_owned()),
        Column::AGE,
    ],
    ..Kind::tree("networking.k8s.io", "Ingress", "ingresses", "ingress").with_status()
};

/// How many hosts a cell names.
const SHOWN: usize = 3;

/// Upstream: `formatHosts`.
fn hosts(object: &Object) -> String {
    let rules = object.document().map(|ingress| ingress.list("spec.rules")).unwrap_or_default();
    let hosts: Vec<&str> = rules.iter().filter_map(|rule| rule["host"].as_str()).collect();
    let shown = hosts.iter().take(SHOWN).copied().collect::<Vec<_>>().join(",");
    match hosts.len() {
        0 => "*".to_owned(),
        many if many > SHOWN => format!("{shown} + {} more...", many - SHOWN),
        _ => shown,
    }
}

/// Upstream: `ingressLoadBalancerStatusStringer`.
fn addresses(object: &Object) -> String {
    let found = object.document().map(|ingress| ingress.list("status.loadBalancer.ingress")).unwrap_or_default();
    let name = |field: &'static str| found.iter().filter_map(move |point| point[field].as_str());
    name("ip").chain(name("hostname")).collect::<SortedSet<_>>().into_iter().collect::<Vec<_>>().join(",")
}

fn ports(object: &Object) -> &'static str {
    let encrypted = object.document().is_some_and(|ingress| !ingress.list("spec.tls").is_empty());
    if encrypted { "80, 443" } else { "80" }
}
