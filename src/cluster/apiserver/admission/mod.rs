//! Admission plugins: one file each, one line in [`PLUGINS`], in the order in which the real server calls them
//! (upstream: `pkg/kubeapiserver/options/plugins.go`, `AllOrderedPlugins`).

use super::stages::Review;
use crate::api::Status;
use crate::api::object::Object;

mod account_secrets;
mod certificate_approval;
mod certificate_signing;
mod certificate_subject_restriction;
mod default_ingress_class;
mod default_storage_class;
mod default_toleration_seconds;
mod limit_ranger;
pub mod namespace_lifecycle;
pub mod node_restriction;
mod persistent_volume_claim_resize;
mod pod_resize_validator;
mod pod_security;
pub mod pod_topology_labels;
mod priority;
mod resource_quota;
mod runtime_class;
mod service_account;
mod storage_object_in_use_protection;
mod taint_nodes_by_condition;
mod validating_admission_policy;

/// All plugins.
pub static PLUGINS: &[Plugin] = &[
    namespace_lifecycle::PLUGIN,
    limit_ranger::PLUGIN,
    service_account::PLUGIN,
    node_restriction::PLUGIN,
    taint_nodes_by_condition::PLUGIN,
    pod_security::PLUGIN,
    priority::PLUGIN,
    default_toleration_seconds::PLUGIN,
    default_storage_class::PLUGIN,
    storage_object_in_use_protection::PLUGIN,
    persistent_volume_claim_resize::PLUGIN,
    runtime_class::PLUGIN,
    certificate_approval::PLUGIN,
    certificate_signing::PLUGIN,
    certificate_subject_restriction::PLUGIN,
    default_ingress_class::PLUGIN,
    pod_topology_labels::PLUGIN,
    pod_resize_validator::PLUGIN,
    validating_admission_policy::PLUGIN,
    resource_quota::PLUGIN,
];

/// A plugin.
pub struct Plugin {
    /// Its name, such as `NamespaceLifecycle`.
    pub name: &'static str,
    /// Changes the object of a creation or an update, or refuses it.
    pub mutate: fn(&mut Attributes, &mut Object) -> Result<(), Status>,
    /// Refuses a write, or not; the object is `None` for deletions.
    pub validate: fn(&mut Attributes, Option<&Object>) -> Result<(), Status>,
}

impl Plugin {
    /// A plugin that does nothing; plugins are written as `Plugin { …, ..Plugin::named("…") }`.
    pub const fn named(name: &'static str) -> Self {
        Self { name, mutate: |_, _| Ok(()), validate: |_, _| Ok(()) }
    }
}

/// What a plugin may look at.
pub struct Attributes<'a, 'b> {
    /// The request and the server's knowledge.
    pub review: &'a mut Review<'b>,
    /// The stored object, for updates and deletions.
    pub old: Option<&'a Object>,
}

/// The name by which refusals call an object. Before it is made up its beginning stands for it (upstream:
/// `apiserver/pkg/admission/errors.go`, `extractResourceName`).
pub fn attempted(object: &Object) -> &str {
    let begun = || object.meta().generate_name.as_deref().filter(|prefix| !prefix.is_empty());
    Some(object.name()).filter(|name| !name.is_empty()).or_else(begun).unwrap_or("Unknown")
}

impl Attributes<'_, '_> {
    /// Whether the request creates an object of the given kind (not one of its subresources).
    pub fn creates(&self, kind: &str) -> bool {
        let target = &self.review.request.target;
        // An apply creates too.
        self.old.is_none() && target.subresource.is_empty() && target.object.kind.kind == kind
    }
}
