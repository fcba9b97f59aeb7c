//! What pods' claims mean for nodes: which are bound, which volumes would fit, what would have to be made.
//!
//! Upstream: `plugins/volumebinding/binder.go`, `component-helpers/storage/volume/pv_helpers.go`. Left out: how much space
//! drivers have left (`CSIStorageCapacity`), and volumes of the old in-tree sorts as if they were CSI's.

use super::nodes::NodeInfo;
use super::pod::{PodInfo, labels_of};
use super::surroundings::Surroundings;
use crate::api::kinds::{persistent_volume as volumes, persistent_volume_claim as claims, storage_class as classes};
use crate::api::object::Object;
use crate::api::volumes::{BOUND_BY_CONTROLLER, Search, belongs, matching, wanted};
pub use crate::api::volumes::{SELECTED_NODE, annotation, is_bound, reaches, volume_name, waits};
use crate::sim::{Order, SortedSet};
use k8s_openapi::api::core::v1::TopologySelectorTerm;
use serde_json::json;

/// The claims of a pod, by what is to be done with them. Upstream: `PodVolumeClaims`.
#[derive(Debug, Default)]
pub struct Claims<'a> {
    /// They have their volumes.
    pub bound: Vec<&'a Object>,
    /// They wait for a node, the smallest first.
    pub delayed: Vec<&'a Object>,
    /// Whether there are others, which somebody else binds.
    pub immediate: bool,
}

impl<'a> Claims<'a> {
    /// Looks at all claims of the pod.
    #[must_use]
    pub fn of(pod: &PodInfo, around: &'a Surroundings) -> Self {
        let mut found = Self::default();
        let names = pod.pod().claims(pod.object.name());
        for claim in names.filter_map(|name| around.get(&claims::KIND, pod.object.namespace(), &name)) {
            let class = around.get(&classes::KIND, "", claims::class(claim));
            if is_bound(claim) {
                found.bound.push(claim);
            } else if volume_name(claim).is_empty() && class.is_some_and(waits) {
                found.delayed.push(claim);
            } else {
                found.immediate = true;
            }
        }
        found.delayed.order_by_key(|claim| wanted(claim));
        found
    }
}

/// What binding a pod's claims on a node would take. Upstream: `PodVolumes`.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// Claims and the volumes that they would get.
    bindings: Vec<(&'a Object, &'a Object)>,
    /// Claims for which volumes would have to be made.
    provisions: Vec<&'a Object>,
}

/// Why claims cannot be had on a node. Upstream: `ConflictReasons`.
pub const NODE_CONFLICT: &str = "node(s) didn't match PersistentVolume's node affinity";
/// Likewise.
pub const BIND_CONFLICT: &str = "node(s) didn't find available persistent volumes to bind";
/// Likewise.
pub const NO_VOLUME: &str = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

impl<'a> Plan<'a> {
    /// Finds volumes for the claims on a node. Upstream: `FindPodVolumes`.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn find(claims: &Claims<'a>, node: &NodeInfo, around: &'a Surroundings) -> Result<Self, Vec<&'static str>> {
        let Some(object) = node.object() else { return Ok(Self::default()) };
        let mut reasons = Vec::new();
        for claim in &claims.bound {
            match around.get(&volumes::KIND, "", volume_name(claim)) {
                None => reasons.push(NO_VOLUME),
                Some(volume) if !reaches(volume, object) => reasons.push(NODE_CONFLICT),
                Some(_) => continue,
            }
            break;
        }
        let mut plan = Self::default();
        if plan.match_all(&claims.delayed, object, around) {
            if reasons.is_empty() { Ok(plan) } else { Err(reasons) }
        } else {
            let before_missing = reasons.iter().position(|reason| *reason == NO_VOLUME).unwrap_or(reasons.len());
            reasons.insert(before_missing, BIND_CONFLICT);
            Err(reasons)
        }
    }

    fn match_all(&mut self, claims: &[&'a Object], node: &Object, around: &'a Surroundings) -> bool {
        let mut taken = SortedSet::new();
        for claim in claims {
            match annotation(claim, SELECTED_NODE) {
                Some(selected) if selected != node.name() => return false,
                Some(_) => self.provisions.push(claim),
                None => match found(claim, node, around, &taken) {
                    Some(volume) => {
                        taken.insert(volume.name());
                        self.bindings.push((claim, volume));
                    }
                    None => self.provisions.push(claim),
                },
            }
        }
        self.provisions.iter().all(|claim| can_be_made(claim, node, around))
    }

    /// The objects as they must become: volumes that name their claims, claims that name the node.
    /// Upstream: `AssumePodVolumes`.
    #[must_use]
    pub fn writes(&self, node: &str) -> Vec<Object> {
        let mut changed = Vec::new();
        for (claim, volume) in self.bindings.iter().filter(|(claim, volume)| !belongs(volume, claim)) {
            let mut volume: Object = (*volume).clone();
            let meta = claim.meta();
            let reference = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
                "name": claim.name(), "uid": meta.uid, "resourceVersion": meta.resource_version});
            let annotations = volume.meta_mut().annotations.get_or_insert_default();
            annotations.insert(BOUND_BY_CONTROLLER.to_owned(), "yes".to_owned());
            if let Some(document) = volume.document_mut() {
                document.set("spec.claimRef", reference);
            }
            changed.push(volume);
        }
        for claim in &self.provisions {
            let mut claim: Object = (*claim).clone();
            let annotations = claim.meta_mut().annotations.get_or_insert_default();
            annotations.insert(SELECTED_NODE.to_owned(), node.to_owned());
            changed.push(claim);
        }
        changed
    }
}

fn found<'a>(claim: &Object, node: &Object, around: &'a Surroundings, taken: &SortedSet<&str>) -> Option<&'a Object> {
    matching(claim, around.all(&volumes::KIND), &Search { node: Some(node), waits: false, taken })
}

/// Whether the claim's class makes volumes for this node. Upstream: `checkVolumeProvisions`.
fn can_be_made(claim: &Object, node: &Object, around: &Surroundings) -> bool {
    let class = around.get(&classes::KIND, "", claims::class(claim)).and_then(Object::document);
    let Some(class) = class else { return false };
    let provisioner = class.text("provisioner");
    let terms: Vec<TopologySelectorTerm> = class.part("allowedTopologies").unwrap_or_default();
    let lies_in = |term: &TopologySelectorTerm| {
        term.match_label_expressions.iter().flatten().all(|requirement| {
            labels_of(node).get(&requirement.key).is_some_and(|value| requirement.values.contains(value))
        })
    };
    !provisioner.is_empty()
        && provisioner != "kubernetes.io/no-provisioner"
        && (terms.is_empty() || terms.iter().any(lies_in))
}

/// Whether the pod's claims are all bound now. Upstream: `checkBindings`.
///
/// # Errors
/// Why they will not be.
pub fn all_bound(pod: &PodInfo, node: &NodeInfo, around: &Surroundings) -> Result<bool, String> {
    let Some(object) = node.object() else {
        return Err(format!("binding volumes: failed to get node \"{0}\": node \"{0}\" not found", node.name));
    };
    for name in pod.pod().claims(pod.object.name()) {
        let Some(claim) = around.get(&claims::KIND, pod.object.namespace(), &name) else {
            return Err(format!("binding volumes: failed to check binding: could not find claim {name:?}"));
        };
        match around.get(&volumes::KIND, "", volume_name(claim)) {
            Some(volume) if !reaches(volume, object) => {
                let (volume, node) = (volume.name(), &node.name);
                return Err(format!(
                    "binding volumes: pv {volume:?} node affinity doesn't match node {node:?}: no matching \
                     NodeSelectorTerms"
                ));
            }
            Some(_) if is_bound(claim) => {}
            _ if annotation(claim, SELECTED_NODE).is_some_and(|selected| *selected != *node.name) => {
                return Err(format!("binding volumes: provisioning failed for PVC {name:?}"));
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}
