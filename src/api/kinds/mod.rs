//! The kinds: one file for each, one line in [`KINDS`].
//!
//! A kind's file says what is particular to it: defaults, validation, what an update may change, subresources, table
//! columns, fields that selectors may name. Everything else is the same for all and lives in the API server.
//!
//! In which order the server calls the functions of a kind for a creation (upstream: `rest.BeforeCreate`): `decode`,
//! `default`, admission, `prepare_create`, `meta_validation` and `validate`, `warnings`. For an update
//! (`rest.BeforeUpdate`): `decode`, `default`, admission, `prepare_update` (or `prepare_status`), then
//! `meta_validation` and `validate_update`.

use super::document::Document;
use super::json;
pub use super::kind::{ALL_VERBS, Column, Kind, Scale};
use super::object::{Object, Typed};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde_json::Value;

pub mod api_service;
pub mod binding;
pub mod certificate_signing_request;
pub mod cluster_role;
pub mod cluster_role_binding;
pub mod component_status;
pub mod config_map;
pub mod controller_revision;
pub mod cron_job;
pub mod csi_driver;
pub mod csi_node;
pub mod csi_storage_capacity;
pub mod custom_resource_definition;
pub mod daemon_set;
pub mod deployment;
pub mod device_class;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event;
pub mod event_v1;
pub mod flow_schema;
pub mod horizontal_pod_autoscaler;
pub mod horizontal_pod_autoscaler_v1;
pub mod ingress;
pub mod ingress_class;
pub mod ip_address;
pub mod job;
pub mod lease;
pub mod limit_range;
pub mod mutating_admission_policy;
pub mod mutating_admission_policy_binding;
pub mod mutating_webhook_configuration;
pub mod namespace;
pub mod network_policy;
pub mod node;
pub mod persistent_volume;
pub mod persistent_volume_claim;
pub mod pod;
pub mod pod_disruption_budget;
pub mod pod_template;
pub mod priority_class;
pub mod priority_level_configuration;
pub mod replica_set;
pub mod replication_controller;
pub mod resource_claim;
pub mod resource_claim_template;
pub mod resource_quota;
pub mod resource_slice;
pub mod reviews;
pub mod role;
pub mod role_binding;
pub mod runtime_class;
pub mod scale;
pub mod secret;
pub mod service;
pub mod service_account;
pub mod service_cidr;
pub mod stateful_set;
pub mod storage_class;
pub mod validating_admission_policy;
pub mod validating_admission_policy_binding;
pub mod validating_webhook_configuration;
pub mod volume_attachment;
pub mod volume_attributes_class;

/// All kinds, in the order in which discovery names them.
pub static KINDS: &[&Kind] = &[
    &binding::KIND,
    &component_status::KIND,
    &config_map::KIND,
    &endpoints::KIND,
    &event::KIND,
    &limit_range::KIND,
    &namespace::KIND,
    &node::KIND,
    &persistent_volume_claim::KIND,
    &persistent_volume::KIND,
    &pod::KIND,
    &pod_template::KIND,
    &replication_controller::KIND,
    &resource_quota::KIND,
    &secret::KIND,
    &service_account::KIND,
    &service::KIND,
    &api_service::KIND,
    &controller_revision::KIND,
    &daemon_set::KIND,
    &deployment::KIND,
    &replica_set::KIND,
    &stateful_set::KIND,
    &event_v1::KIND,
    &reviews::SELF_SUBJECT,
    &reviews::TOKEN,
    &reviews::LOCAL_ACCESS,
    &reviews::SELF_ACCESS,
    &reviews::SELF_RULES,
    &reviews::ACCESS,
    &horizontal_pod_autoscaler::KIND,
    &horizontal_pod_autoscaler_v1::KIND,
    &cron_job::KIND,
    &job::KIND,
    &certificate_signing_request::KIND,
    &ingress_class::KIND,
    &ingress::KIND,
    &ip_address::KIND,
    &network_policy::KIND,
    &service_cidr::KIND,
    &pod_disruption_budget::KIND,
    &cluster_role_binding::KIND,
    &cluster_role::KIND,
    &role_binding::KIND,
    &role::KIND,
    &csi_driver::KIND,
    &csi_node::KIND,
    &csi_storage_capacity::KIND,
    &storage_class::KIND,
    &volume_attachment::KIND,
    &volume_attributes_class::KIND,
    &mutating_admission_policy::KIND,
    &mutating_admission_policy_binding::KIND,
    &mutating_webhook_configuration::KIND,
    &validating_admission_policy::KIND,
    &validating_admission_policy_binding::KIND,
    &validating_webhook_configuration::KIND,
    &custom_resource_definition::KIND,
    &priority_class::KIND,
    &lease::KIND,
    &runtime_class::KIND,
    &endpoint_slice::KIND,
    &device_class::KIND,
    &resource_claim::KIND,
    &resource_claim_template::KIND,
    &resource_slice::KIND,
    &flow_schema::KIND,
    &priority_level_configuration::KIND,
];

/// The JSON form of a `k8s-openapi` object. Empty optional parts are left out as Go's `omitempty` does.
pub fn serialize<T: serde::Serialize>(typed: &T) -> Value {
    let mut value = json::encode(typed);
    json::omit(&mut value);
    value
}

/// Reads a document into any type as Go would.
///
/// # Errors
/// Go's sentence about the first bad quantity or field.
pub fn parse<T: serde::de::DeserializeOwned>(document: Value) -> Result<T, String> {
    json::decode(&json::read(document)?)
}

/// Decodes a `k8s-openapi` type that is stored as it is.
///
/// # Errors
/// As [`parse`].
pub fn decode<T: Typed + serde::de::DeserializeOwned>(document: Value) -> Result<Object, String> {
    parse::<T>(document).map(Object::new)
}

/// Decodes a workload whose type cannot tell an absent selector from an empty one: an empty one gets an empty map of
/// labels, see [`given_selector`]. Neither is ever stored.
fn parse_with_selector<T: Typed + serde::de::DeserializeOwned>(
    document: Value,
    selector: fn(&mut T) -> &mut LabelSelector,
) -> Result<Object, String> {
    let given = document["spec"]["selector"].is_object();
    let mut typed: T = parse(document)?;
    if given {
        let selector = selector(&mut typed);
        if selector.match_expressions.is_none() {
            selector.match_labels.get_or_insert_default();
        }
    }
    Ok(Object::new(typed))
}

/// The selector, unless none was given.
fn given_selector(selector: &LabelSelector) -> Option<&LabelSelector> {
    (*selector != LabelSelector::default()).then_some(selector)
}

/// Changes an object that is kept as a tree.
fn with_document(object: &mut Object, change: impl FnOnce(&mut Document)) {
    if let Some(document) = object.document_mut() {
        change(document);
    }
}

/// What a new object's status is.
fn reset_status(object: &mut Object, status: Value) {
    with_document(object, |document| document.set("status", status));
}

/// Takes `spec` or `status` from the old object.
pub(super) fn keep(new: &mut Object, old: &Object, field: &str) {
    if let (Some(new), Some(old)) = (new.document_mut(), old.document()) {
        new.keep(field, old);
    }
}

/// Whether two objects that are kept as trees differ at a path.
pub(super) fn differs(new: &Object, old: &Object, path: &str) -> bool {
    let at = |object: &Object| object.document().and_then(|document| document.at(path)).cloned();
    at(new) != at(old)
}

/// The text at a path of an object that is kept as a tree; empty if there is none.
#[must_use]
pub fn document_text<'a>(object: &'a Object, path: &str) -> &'a str {
    object.document().map(|document| document.text(path)).unwrap_or_default()
}

/// Implements [`Typed`] for a `k8s-openapi` type whose kind is `KIND` in the same file.
macro_rules! plain_kind {
    ($type:ty) => {
        impl crate::api::object::Typed for $type {
            fn kind() -> &'static crate::api::kinds::Kind {
                &KIND
            }
            fn meta(&self) -> &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &self.metadata
            }
            fn meta_mut(&mut self) -> &mut k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &mut self.metadata
            }
            fn to_value(&self) -> serde_json::Value {
                crate::api::kinds::serialize(self)
            }
        }
    };
}
use plain_kind;

/// The functions of a kind whose spec people write and whose status only its controller writes.
macro_rules! spec_and_status {
    ($type:ty) => {
        fn without_status(object: &mut crate::api::Object, _: crate::sim::Time) {
            if let Some(object) = object.get_mut::<$type>() {
                object.status = Some(Default::default());
            }
        }

        fn with_old_status(new: &mut crate::api::Object, old: &crate::api::Object) {
            if let (Some(new), Some(old)) = (new.get_mut::<$type>(), old.get::<$type>()) {
                new.status.clone_from(&old.status);
            }
        }

        fn with_old_spec(new: &mut crate::api::Object, old: &crate::api::Object) {
            if let (Some(new), Some(old)) = (new.get_mut::<$type>(), old.get::<$type>()) {
                new.spec.clone_from(&old.spec);
            }
        }

        fn another_spec(new: &crate::api::Object, old: &crate::api::Object) -> bool {
            matches!((new.get::<$type>(), old.get::<$type>()), (Some(new), Some(old)) if new.spec != old.spec)
        }

        fn set_replicas(object: &mut crate::api::Object, replicas: i32) {
            if let Some(object) = object.get_mut::<$type>() {
                object.spec.get_or_insert_default().replicas = Some(replicas);
            }
        }
    };
}
use spec_and_status;

/// The metadata of an object given its parts, for tests and for components that build objects.
#[must_use]
pub fn named(namespace: &str, name: &str) -> ObjectMeta {
    let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
    ObjectMeta { name: Some(name.to_owned()), namespace, ..ObjectMeta::default() }
}
