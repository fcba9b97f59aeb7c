//! `APIService`: which server answers for a group and version.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::names;
use crate::api::object::Object;
use crate::api::rules::api_services;
use crate::api::table;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    categories: &["api-extensions"],
    storage: "apiregistration.k8s.io/apiservices",
    generation: false,
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    name_errors: names::path_segment,
    default: api_services::default,
    validate: api_services::validate,
    validate_update: |new, _| api_services::validate(new),
    prepare_create: |object, _| super::reset_status(object, json!({})),
    columns: &[
        Column::NAME,
        Column::text("Service", |object, _| service(object)),
        Column::text("Available", |object, _| available(object)),
        Column::AGE,
    ],
    ..Kind::tree("apiregistration.k8s.io", "APIService", "apiservices", "apiservice").cluster().with_status()
};

fn service(object: &Object) -> String {
    match super::document_text(object, "spec.service.name") {
        "" => "Local".to_owned(),
        name => format!("{}/{name}", super::document_text(object, "spec.service.namespace")),
    }
}

/// Upstream: `kube-aggregator/pkg/registry/apiservice/etcd`, `getCondition`.
fn available(object: &Object) -> String {
    let Some(condition) = table::condition(object, "Available") else { return "Unknown".to_owned() };
    let text = |field: &str| condition[field].as_str().unwrap_or_default();
    match text("status") {
        "True" => "True".to_owned(),
        status if text("reason").is_empty() => status.to_owned(),
        status => format!("{status} ({})", text("reason")),
    }
}
