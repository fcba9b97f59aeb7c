//! Claims and volumes: which belong together, which could.
//!
//! The scheduler asks it for claims that wait for a pod, the volume controller for all others.
//! Upstream: `component-helpers/storage/volume/pv_helpers.go`.

use super::kinds::persistent_volume_claim as claims;
use super::object::Object;
use super::pod::placing::any_term_matches;
use super::selector::Selector;
use crate::sim::{Sorted, SortedSet};
use k8s_openapi::api::core::v1::NodeSelector;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use std::collections::BTreeMap;

/// The annotation of a claim whose volume is to be made for a node.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The annotations of a claim that name the provisioner of its class, the old one first.
pub const PROVISIONER: [&str; 2] =
    ["volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"];
/// The annotation of a volume that was made for a claim: by whom.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// The annotation of a claim that has its volume for good.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// The annotation of a volume or claim whose other half the cluster has chosen.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";

/// The storage of clouds that once was the cluster's own is their drivers' today: the field of a volume, the plugin of old,
/// the driver. Upstream: `csi-translation-lib/plugins`.
pub const MIGRATED: [(&str, &str, &str); 7] = [
    ("awsElasticBlockStore", "kubernetes.io/aws-ebs", "ebs.csi.aws.com"),
    ("azureDisk", "kubernetes.io/azure-disk", "disk.csi.azure.com"),
    ("azureFile", "kubernetes.io/azure-file", "file.csi.azure.com"),
    ("cinder", "kubernetes.io/cinder", "cinder.csi.openstack.org"),
    ("gcePersistentDisk", "kubernetes.io/gce-pd", "pd.csi.storage.gke.io"),
    ("portworxVolume", "kubernetes.io/portworx-volume", "pxd.portworx.com"),
    ("vsphereVolume", "kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"),
];

/// Where a claim or volume names its class of attributes.
pub const ATTRIBUTES_CLASS: &str = "spec.volumeAttributesClassName";

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

/// How much a claim asks for, in bytes.
#[must_use]
pub fn wanted(claim: &Object) -> i64 {
    claim.document().map_or(0, |claim| claim.amount("spec.resources.requests.storage"))
}

/// Whether the volume is kept for the claim. Upstream: `IsVolumeBoundToClaim`.
#[must_use]
pub fn belongs(volume: &Object, claim: &Object) -> bool {
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

/// What a claim is matched with: all volumes, and where it is to be used.
pub struct Search<'s> {
    /// The node; `None`: anywhere.
    pub node: Option<&'s Object>,
    /// Whether only a volume that names the claim will do, since a pod decides about the others.
    pub waits: bool,
    /// Volumes that are given away already.
    pub taken: &'s SortedSet<&'s str>,
}

/// The volume that names the claim, or else the smallest that it could have. Where a pod's node does not matter, volumes
/// that can be used in the fewest ways come first, whatever their size. Upstream: `FindMatchingVolume`, and for the
/// controller `persistentvolume/index.go`, `findByClaim`.
#[must_use]
pub fn matching<'a>(claim: &Object, volumes: impl Iterator<Item = &'a Object>, search: &Search) -> Option<&'a Object> {
    if search.node.is_some() {
        return smallest(claim, volumes, search);
    }
    let mut by_modes: Sorted<(usize, Vec<&str>), Vec<&'a Object>> = Sorted::new();
    for volume in volumes.filter(|volume| has_modes(volume, claim)) {
        let modes: SortedSet<&str> = volume.document()?.texts("spec.accessModes").into_iter().collect();
        by_modes.get_or_default((modes.len(), modes.iter().copied().collect())).push(volume);
    }
    by_modes.values().find_map(|alike| smallest(claim, alike.iter().copied(), search))
}

/// Upstream: `FindMatchingVolume`. The scheduler offers only volumes of the claim's class.
fn smallest<'a>(claim: &Object, volumes: impl Iterator<Item = &'a Object>, search: &Search) -> Option<&'a Object> {
    let wish = claim.document()?;
    let class = claims::class(claim);
    let selector: Option<LabelSelector> = wish.part("spec.selector");
    let selector = selector.map(|selector| Selector::from_object(Some(&selector)).unwrap_or(Selector::Nothing));
    let none = BTreeMap::new();
    let is_near = |volume: &Object| search.node.is_none_or(|node| reaches(volume, node));
    let mut smallest: Option<(i64, &Object)> = None;
    for volume in volumes.filter(|volume| !search.taken.contains(volume.name())) {
        let Some(document) = volume.document() else { continue };
        let kept = document.at("spec.claimRef").is_some();
        let of_class = class_of(volume) == class;
        let fits = (!kept || belongs(volume, claim))
            && size(volume) >= wanted(claim)
            && document.text("spec.volumeMode") == wish.text("spec.volumeMode")
            && document.text(ATTRIBUTES_CLASS) == wish.text(ATTRIBUTES_CLASS)
            && !volume.is_terminating();
        if fits && kept && (of_class || search.node.is_none()) {
            return Some(volume).filter(|volume| is_near(volume));
        }
        let labels = volume.meta().labels.as_ref().unwrap_or(&none);
        let free = !kept
            && of_class
            && !search.waits
            && document.text("status.phase") == "Available"
            && selector.as_ref().is_none_or(|selector| selector.matches(labels))
            && has_modes(volume, claim);
        if fits && free && is_near(volume) && smallest.is_none_or(|(least, _)| size(volume) < least) {
            smallest = Some((size(volume), volume));
        }
    }
    smallest.map(|(_, volume)| volume)
}

/// The class of a volume. Upstream: `GetPersistentVolumeClass`.
#[must_use]
pub fn class_of(volume: &Object) -> &str {
    let old = annotation(volume, "volume.beta.kubernetes.io/storage-class");
    old.or_else(|| Some(volume.document()?.text("spec.storageClassName"))).unwrap_or_default()
}

/// Whether a volume can be used in all ways that a claim asks for. Upstream: `CheckAccessModes`.
#[must_use]
pub fn has_modes(volume: &Object, claim: &Object) -> bool {
    let modes = |object: &Object| -> Vec<String> {
        let modes = object.document().map(|document| document.texts("spec.accessModes")).unwrap_or_default();
        modes.into_iter().map(str::to_owned).collect()
    };
    let offered = modes(volume);
    modes(claim).iter().all(|mode| offered.contains(mode))
}

/// How much a volume holds, in bytes.
#[must_use]
pub fn size(volume: &Object) -> i64 {
    volume.document().map_or(0, |volume| volume.amount("spec.capacity.storage"))
}

/// The storage driver that a volume belongs to; empty: none.
#[must_use]
pub fn csi_driver(volume: &Object) -> &str {
    volume.document().map(|volume| volume.text("spec.csi.driver")).unwrap_or_default()
}

/// A driver's volume as nodes name it. Upstream: `pkg/volume/util`, `GetUniqueVolumeName`.
#[must_use]
pub fn csi_name(volume: &Object) -> String {
    let handle = volume.document().map(|volume| volume.text("spec.csi.volumeHandle")).unwrap_or_default();
    format!("kubernetes.io/csi/{}^{handle}", csi_driver(volume))
}

/// Whether a driver's volumes have to be attached; `driver`: its `CSIDriver`, if there is one. Upstream: `CanAttach`.
#[must_use]
pub fn attaches(driver: Option<&Object>) -> bool {
    let required = driver.and_then(Object::document).and_then(|driver| driver.at("spec.attachRequired")?.as_bool());
    required.unwrap_or(true)
}

/// Whether a node has a driver, as its `CSINode` says.
#[must_use]
pub fn has_driver(node: &Object, driver: &str) -> bool {
    let drivers = node.document().map(|node| node.list("spec.drivers")).unwrap_or_default();
    drivers.iter().any(|entry| entry["name"] == driver)
}

#[cfg(test)]
mod tests {
    use super::super::kinds::persistent_volume as volumes;
    use super::*;
    use serde_json::{Value, json};

    fn claim(spec: Value) -> Object {
        let mut value = json!({"metadata": {"name": "c", "namespace": "n", "uid": "u"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}}});
        merge(&mut value["spec"], spec);
        (claims::KIND.decode)(value).expect("a claim")
    }

    fn volume(name: &str, size: &str, spec: Value) -> Object {
        let mut value = json!({"metadata": {"name": name}, "status": {"phase": "Available"},
            "spec": {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"]}});
        merge(&mut value["spec"], spec);
        (volumes::KIND.decode)(value).expect("a volume")
    }

    fn merge(into: &mut Value, from: Value) {
        let (Value::Object(into), Value::Object(from)) = (into, from) else { return };
        into.extend(from);
    }

    fn found<'a>(claim: &Object, volumes: &'a [Object]) -> Option<&'a str> {
        let search = Search { node: None, waits: false, taken: &SortedSet::new() };
        matching(claim, volumes.iter(), &search).map(Object::name)
    }

    #[test]
    fn the_fewest_ways_of_use_count_more_than_the_size() {
        let both = json!({"accessModes": ["ReadWriteOnce", "ReadOnlyMany"]});
        let offered = [volume("a", "5Gi", both), volume("b", "10Gi", json!({})), volume("c", "20Gi", json!({}))];
        assert_eq!(found(&claim(json!({})), &offered), Some("b"));
        let many = claim(json!({"accessModes": ["ReadOnlyMany"]}));
        assert_eq!(found(&many, &offered), Some("a"));
    }

    #[test]
    fn a_volume_that_names_the_claim_may_be_of_another_class_but_not_of_other_attributes() {
        let kept = |attributes: &str| {
            json!({"storageClassName": "fast", "volumeAttributesClassName": attributes,
                "claimRef": {"name": "c", "namespace": "n"}})
        };
        assert_eq!(found(&claim(json!({})), &[volume("a", "5Gi", kept(""))]), Some("a"));
        assert_eq!(found(&claim(json!({})), &[volume("a", "5Gi", kept("gold"))]), None);
        assert_eq!(found(&claim(json!({})), &[volume("a", "5Gi", json!({"storageClassName": "fast"}))]), None);
    }
}
