//! What the values of kinds that are kept as trees must be: defaulting and validation, by API group.
//!
//! The kinds' own files (`api/kinds`) name these functions; what is here follows upstream's `pkg/apis/<group>/validation`
//! and `pkg/apis/<group>/v1/defaults.go`. All errors of an object come at once, in upstream's order and words.

pub mod api_services;
pub mod autoscaling;
pub mod certificates;
pub mod cron_jobs;
pub mod daemon_sets;
pub mod definitions;
pub mod endpoint_slices;
pub mod endpoints;
pub mod events;
pub mod ingresses;
pub mod job_policies;
pub mod job_status;
pub mod jobs;
pub mod limits;
pub mod network_policies;
pub mod policies;
mod policy_expressions;
pub mod quotas;
pub mod rbac;
pub mod services;
pub mod stateful_sets;
pub mod storage;
pub mod volume_sources;
pub mod webhooks;

use super::check::{self, Errors};
use super::object::Object;
use super::path::Path;
use super::tree::At;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Map, Value};

/// A field of an object that is kept as a tree, with its place.
#[must_use]
pub fn field<'a>(object: &'a Object, name: &'a str) -> At<'a, 'a> {
    object.document().map_or_else(|| At::new(None, Path::new(name)), |document| document.field(name))
}

/// Sets a field of a map unless there is one.
fn default_field(value: &mut Value, name: &str, default: impl Into<Value>) {
    if let Some(fields) = value.as_object_mut() {
        fields.entry(name).or_insert_with(|| default.into());
    }
}

/// The items of a list, to change.
fn items_mut<'a>(value: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

/// A label selector (`ValidateLabelSelector`).
fn selector(out: &mut Errors, at: &At) {
    let selector: Option<LabelSelector> = at.part();
    check::label_selector(out, &at.path, selector.as_ref());
}

/// The value with its fields in the order of a Go struct and under Go's names, as errors show internal types that have no
/// JSON names of their own. Fields that are absent are shown as the zero value that stands beside their name.
#[must_use]
pub fn shown_struct(value: &Value, fields: &[(&str, &str, &str)]) -> String {
    let none = Map::new();
    let map = value.as_object().unwrap_or(&none);
    let shown = |(json, go, zero): &(&str, &str, &str)| {
        let value = map.get(*json).filter(|value| !value.is_null());
        format!("\"{go}\":{}", value.map_or_else(|| (*zero).to_owned(), Value::to_string))
    };
    format!("{{{}}}", fields.iter().map(shown).collect::<Vec<_>>().join(","))
}

/// What is wrong with an object of a kind, as text: for tests.
#[cfg(test)]
fn complaints(validate: fn(&Object) -> Errors, document: &Value) -> Vec<String> {
    let document = super::document::Document::read(&super::kinds::config_map::KIND, document.clone());
    let object = Object::from_document(document.expect("a document"));
    validate(&object).iter().map(ToString::to_string).collect()
}
