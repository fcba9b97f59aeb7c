//! What pods' claims mean for nodes: which are bound, which volumes would fit, what would have to be made.
//!
//! Upstream: `plugins/volumebinding/binder.go`, `component-helpers/storage/volume/pv_helpers.go`. Left out: how much space
//! drivers have left (`CSIStorageCapacity`), and volumes of the old in-tree sorts as if they were CSI's.

use super::nodes::NodeInfo;
use super::plugins::node_affinity::any_term_matches;
use super::pod::{PodInfo, labels_of};
use super::surroundings::Surroundings;
use crate::api::document::Document;
use crate::api::kinds::{persistent_volume as volumes, persistent_volume_claim as claims, storage_class as classes};
use crate::api::object::Object;
use crate::api::selector::Selector;
use crate::sim::Order;
use k8s_openapi::api::core::v1::{NodeSelector, TopologySelectorTerm};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::json;
use std::collections::BTreeSet;

/// The annotation of a claim whose volume is to be made for a node.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";

/// The annotation of an object.
#[must_use]
pub fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.meta().annotations.as_ref()?.get(name).map(String::as_str)
}

/// Whether claim and volume know each other for good. Upstream: `isPVCFullyBound`.
#[must_use]
pub fn is_bound(claim: &Object) -> bool {
    !volume_name(claim).is_empty() && annotation(claim, BIND_COMPLETED).is_some()
}

/// The name of the claim's volume; empty: it has none yet.
#[must_use]
pub fn volume_name(claim: &Object) -> &str {
    claim.document().map(|claim| claim.text("spec.volumeName")).unwrap_or_default()
}

/// Whether the class has its volumes bound only when a pod needs them.
#[must_use]
pub fn waits(class: &Object) -> bool {
    class.document().is_some_and(|class| class.text("volumeBindingMode") == "WaitForFirstConsumer")
}

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

fn wanted(claim: &Object) -> i64 {
    claim.document().map_or(0, |claim| claim.amount("spec.resources.requests.storage"))
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
        let mut taken = BTreeSet::new();
        for claim in claims {
            match annotation(claim, SELECTED_NODE) {
                Some(selected) if selected != node.name() => return false,
                Some(_) => self.provisions.push(claim),
                None => match matching_volume(claim, node, around, &taken) {
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

/// Whether the volume is kept for the claim. Upstream: `IsVolumeBoundToClaim`.
fn belongs(volume: &Object, claim: &Object) -> bool {
    let Some(document) = volume.document() else { return false };
    let uid = document.text("spec.claimRef.uid");
    document.text("spec.claimRef.name") == claim.name()
        && document.text("spec.claimRef.namespace") == claim.namespace()
        && (uid.is_empty() || uid == claim.uid())
}

/// Whether pods on the node can use the volume. Upstream: `CheckNodeAffinity`.
#[must_use]
pub fn reaches(volume: &Object, node: &Object) -> bool {
    let required: Option<NodeSelector> = volume.document().and_then(|volume| volume.part("spec.nodeAffinity.required"));
    required.is_none_or(|selector| any_term_matches(&selector.node_selector_terms, node))
}

/// The smallest volume that the claim could have on the node. Upstream: `FindMatchingVolume`.
fn matching_volume<'a>(
    claim: &Object,
    node: &Object,
    around: &'a Surroundings,
    taken: &BTreeSet<&str>,
) -> Option<&'a Object> {
    let wish = claim.document()?;
    let class = claims::class(claim);
    let size = |volume: &Document| volume.amount("spec.capacity.storage");
    let selector: Option<LabelSelector> = wish.part("spec.selector");
    let selector = selector.map(|selector| Selector::from_object(Some(&selector)).unwrap_or(Selector::Nothing));
    let modes = wish.texts("spec.accessModes");
    let mut smallest: Option<(i64, &Object)> = None;
    for volume in around.all(&volumes::KIND).filter(|volume| !taken.contains(volume.name())) {
        let Some(document) = volume.document() else { continue };
        let kept = document.at("spec.claimRef").is_some();
        let mode = |document: &Document| document.text("spec.volumeMode").to_owned();
        let fits = document.text("spec.storageClassName") == class
            && (!kept || belongs(volume, claim))
            && size(document) >= wanted(claim)
            && mode(document) == mode(wish)
            && !volume.is_terminating();
        if fits && kept {
            return Some(volume).filter(|volume| reaches(volume, node));
        }
        let free = document.text("status.phase") == "Available"
            && selector.as_ref().is_none_or(|selector| selector.matches(labels_of(volume)))
            && modes.iter().all(|mode| document.texts("spec.accessModes").contains(mode));
        if fits && free && reaches(volume, node) && smallest.is_none_or(|(least, _)| size(document) < least) {
            smallest = Some((size(document), volume));
        }
    }
    smallest.map(|(_, volume)| volume)
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
            _ if annotation(claim, SELECTED_NODE).is_some_and(|selected| *selected != *node.name) => {
                return Err(format!("binding volumes: provisioning failed for PVC {name:?}"));
            }
            Some(_) if is_bound(claim) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}
