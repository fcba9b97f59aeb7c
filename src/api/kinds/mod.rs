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
use super::names;
use super::object::{Object, Typed};
use super::status::FieldError;
pub use super::table::Column;
use crate::sim::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde_json::Value;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

pub mod binding;
pub mod config_map;
pub mod csi_node;
pub mod deployment;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event;
pub mod lease;
pub mod namespace;
pub mod node;
pub mod persistent_volume;
pub mod persistent_volume_claim;
pub mod pod;
pub mod pod_disruption_budget;
pub mod priority_class;
pub mod replica_set;
pub mod replication_controller;
pub mod scale;
pub mod secret;
pub mod service;
pub mod service_account;
pub mod storage_class;
pub mod volume_attachment;

/// All kinds, in the order in which discovery names them.
pub static KINDS: &[&Kind] = &[
    &binding::KIND,
    &config_map::KIND,
    &endpoints::KIND,
    &event::KIND,
    &namespace::KIND,
    &node::KIND,
    &persistent_volume_claim::KIND,
    &persistent_volume::KIND,
    &pod::KIND,
    &replication_controller::KIND,
    &secret::KIND,
    &service_account::KIND,
    &service::KIND,
    &deployment::KIND,
    &replica_set::KIND,
    &lease::KIND,
    &endpoint_slice::KIND,
    &pod_disruption_budget::KIND,
    &priority_class::KIND,
    &csi_node::KIND,
    &storage_class::KIND,
    &volume_attachment::KIND,
];

/// The verbs of most kinds.
pub const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// What is particular to a kind.
#[derive(Debug)]
pub struct Kind {
    /// API group, empty for core.
    pub group: &'static str,
    /// Version within the group.
    pub version: &'static str,
    /// Kind, such as `Pod`.
    pub kind: &'static str,
    /// Plural, such as `pods`.
    pub plural: &'static str,
    /// Singular, such as `pod`.
    pub singular: &'static str,
    /// Short names that kubectl takes.
    pub short_names: &'static [&'static str],
    /// Categories, such as `all`.
    pub categories: &'static [&'static str],
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Verbs that the resource itself takes, as discovery names them.
    pub verbs: &'static [&'static str],
    /// What is wrong with a name of this kind (empty: nothing). Generated names are checked with
    /// [`names::as_prefix`] of it.
    pub name_errors: fn(&str) -> Vec<String>,
    /// The part of the etcd key between `/registry/` and the namespace or name.
    pub storage: &'static str,
    /// Subresources: `status`, `scale`, `binding` …
    pub subresources: &'static [&'static str],
    /// Whether `metadata.generation` counts changes of the spec.
    pub generation: bool,
    /// JSON (already checked against the schema) into the typed object. The error is serde's.
    pub decode: fn(Value) -> Result<Object, String>,
    /// Defaulting (upstream: `pkg/apis/<group>/<version>/defaults.go`).
    pub default: fn(&mut Object),
    /// What a creation resets (upstream: the strategy's `PrepareForCreate`), at this moment.
    pub prepare_create: fn(&mut Object, Time),
    /// What an update of the main resource takes from the old object (upstream: `PrepareForUpdate`): new, old.
    pub prepare_update: fn(&mut Object, &Object),
    /// What an update of the status takes from the old object (upstream: the status strategy): new, old.
    pub prepare_status: fn(&mut Object, &Object),
    /// All errors of a new object (upstream: `validation.go`). Metadata is checked for all kinds alike elsewhere.
    pub validate: fn(&Object) -> Vec<FieldError>,
    /// All errors of an update: new, old.
    pub validate_update: fn(&Object, &Object) -> Vec<FieldError>,
    /// What the server warns of although it accepts the object (upstream: `WarningsOnCreate`).
    pub warnings: fn(&Object) -> Vec<String>,
    /// Whether the spec differs, so that the generation moves: new, old.
    pub spec_changed: fn(&Object, &Object) -> bool,
    /// How long a graceful deletion lasts, in seconds; `None`: the kind is deleted at once (only pods are not).
    pub grace: fn(&Object) -> Option<i64>,
    /// The value of a field that field selectors may name; `None`: not selectable.
    pub field: fn(&Object, &str) -> Option<String>,
    /// What the subresource `scale` reads and writes, for kinds that have it.
    pub scale: Option<Scale>,
    /// All table columns in their order, `Name` and `Age` included.
    pub columns: &'static [Column],
}

/// What `autoscaling/v1 Scale` shows of an object.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// `spec.replicas`.
    pub replicas: fn(&Object) -> i32,
    /// Sets `spec.replicas`.
    pub set_replicas: fn(&mut Object, i32),
    /// `status.replicas`.
    pub current: fn(&Object) -> i32,
    /// `status.selector`: the selector in its string form.
    pub selector: fn(&Object) -> String,
}

/// A subresource's or request's payload that is no stored object is not a kind; a kind can always be decoded.
impl Kind {
    /// A namespaced kind of the core group with no particulars; kinds are written as `Kind { …, ..Kind::plain() }`.
    #[must_use]
    pub const fn plain() -> Self {
        Self {
            group: "",
            version: "v1",
            kind: "",
            plural: "",
            singular: "",
            short_names: &[],
            categories: &[],
            namespaced: true,
            verbs: ALL_VERBS,
            name_errors: names::dns1123_subdomain,
            storage: "",
            subresources: &[],
            generation: false,
            decode: |_| Err(String::new()),
            default: |_| {},
            prepare_create: |_, _| {},
            prepare_update: |_, _| {},
            prepare_status: |_, _| {},
            validate: |_| Vec::new(),
            validate_update: |_, _| Vec::new(),
            warnings: |_| Vec::new(),
            spec_changed: |_, _| false,
            grace: |_| None,
            field: |_, _| None,
            scale: None,
            columns: &[Column::NAME, Column::AGE],
        }
    }

    /// `apiVersion`: `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The resource as errors name it: `pods`, `deployments.apps`.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The kind as errors name it: `Pod`, `Deployment.apps`.
    #[must_use]
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// The etcd key of an object: `/registry/pods/default/web`.
    #[must_use]
    pub fn etcd_key(&self, namespace: &str, name: &str) -> String {
        if self.namespaced {
            format!("/registry/{}/{namespace}/{name}", self.storage)
        } else {
            format!("/registry/{}/{name}", self.storage)
        }
    }

    /// Finds a kind by `apiVersion` and `kind`.
    #[must_use]
    pub fn find(api_version: &str, kind: &str) -> Option<&'static Self> {
        KINDS.iter().copied().find(|k| k.kind == kind && k.api_version() == api_version)
    }

    /// Finds a kind by anything that kubectl takes: plural, singular, short name, kind, `deployments.apps`.
    #[must_use]
    pub fn by_name(word: &str) -> Option<&'static Self> {
        let word = word.to_ascii_lowercase();
        let (resource, group) = word.split_once('.').map_or((word.as_str(), None), |(r, g)| (r, Some(g)));
        KINDS.iter().copied().find(|k| {
            let named = k.plural == resource || k.singular == resource || k.short_names.contains(&resource);
            named && group.is_none_or(|group| k.group == group)
        })
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Kind {}
impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        // Almost always one of the registry's statics with itself or another: the first comparison decides.
        if std::ptr::eq(self, other) {
            return Ordering::Equal;
        }
        (self.kind, self.group, self.version).cmp(&(other.kind, other.group, other.version))
    }
}
impl Hash for Kind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.group, self.version, self.kind).hash(state);
    }
}

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

/// Takes `spec` or `status` from the old object.
fn keep(new: &mut Object, old: &Object, field: &str) {
    if let (Some(new), Some(old)) = (new.document_mut(), old.document()) {
        new.keep(field, old);
    }
}

/// Whether two objects that are kept as trees differ at a path.
fn differs(new: &Object, old: &Object, path: &str) -> bool {
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
