//! `ResourceQuota`: what all objects of a namespace together may use.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::quotas;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["quota"],
    generation: false,
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    prepare_create: |object, _| super::reset_status(object, json!({})),
    validate: quotas::validate,
    validate_update: quotas::update,
    columns: &[
        Column::NAME,
        Column::text("Request", |object, _| amounts(object, false)),
        Column::text("Limit", |object, _| amounts(object, true)),
        Column::AGE,
    ],
    ..Kind::tree("", "ResourceQuota", "resourcequotas", "resourcequota").with_status()
};

/// Used and hard of each resource; limits stand in a column of their own (upstream: `printResourceQuota`).
fn amounts(object: &Object, limits: bool) -> String {
    let Some(quota) = object.document() else { return String::new() };
    let hard = quota.at("status.hard").and_then(|hard| hard.as_object()).into_iter().flatten();
    let of = hard.filter(|(name, _)| name.starts_with("limits") == limits);
    let used = |name: &str| quota.at("status.used").and_then(|used| used.get(name)?.as_str()).unwrap_or("0");
    of.map(|(name, hard)| format!("{name}: {}/{}", used(name), hard.as_str().unwrap_or_default()))
        .collect::<Vec<_>>()
        .join(", ")
}
