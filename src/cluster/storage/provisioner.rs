//! `csi-provisioner`: makes the volumes that claims of its driver's classes ask for, and removes those that nobody claims.
//!
//! Upstream: `kubernetes-csi/external-provisioner`, `pkg/controller/controller.go` (`Provision`, `Delete`) and `topology.go`;
//! `sig-storage-lib-external-provisioner`, `controller/controller.go` (`syncClaim`, `syncVolume`).

use super::{called, is_calling, uuid, within_limits};
use crate::api::document::Document;
use crate::api::kinds::{
    csi_node, node, persistent_volume as volumes, persistent_volume_claim as claims, storage_class as classes,
    volume_attachment as attachments,
};
use crate::api::request::{DeleteOptions, PatchType};
use crate::api::volumes::{
    ATTRIBUTES_CLASS, PROVISIONED_BY, PROVISIONER, SELECTED_NODE, annotation, volume_name, waits, wanted,
};
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::hash::stable_hash;
use serde_json::{Value, json};

/// The finalizer of a volume that the driver has to remove. Upstream: `finalizerPV`.
const FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "external-provisioner",
    account: "",
    workers: 100,
    watches: &[
        Watch::of(&claims::KIND),
        Watch::of(&volumes::KIND),
        // Read, but their changes wake nobody.
        Watch::mapped(&classes::KIND, |_, _, _| {}),
        Watch::mapped(&csi_node::KIND, |_, _, _| {}),
        Watch::mapped(&node::KIND, |_, _, _| {}),
        Watch::mapped(&attachments::KIND, |_: &mut Wake, _, _| {}),
    ],
    period: None,
    retries: 0,
    reconcile: |key, reconcile| match reconcile.lookup(key.kind, &key.key) {
        Some(claim) if key.kind == &claims::KIND => provision(claim, reconcile),
        Some(volume) => remove(key, volume, reconcile),
        None => Ok(()),
    },
    failed: None,
};

/// Makes a volume for a claim (upstream: `shouldProvision`, `provisionClaimOperation`).
fn provision(claim: &Object, reconcile: &mut Reconcile) -> Result<(), String> {
    let driver = reconcile.flag("driver").unwrap_or_default();
    let mine = PROVISIONER.iter().any(|name| annotation(claim, name) == Some(driver));
    if !mine || !volume_name(claim).is_empty() {
        return Ok(());
    }
    let class_name = claims::class(claim);
    let class = reconcile.lookup(&classes::KIND, &Key::new("", class_name));
    let class = class.ok_or_else(|| format!("storageclass.storage.k8s.io {class_name:?} not found"))?;
    let selected = annotation(claim, SELECTED_NODE);
    let name = format!("pvc-{}", claim.uid());
    let made = reconcile.lookup(&volumes::KIND, &Key::new("", &name)).is_some();
    if made || (waits(class) && selected.is_none()) {
        return Ok(());
    }
    let call = format!("create {name}");
    if !is_calling(reconcile, &call) {
        let text = format!("External provisioner is provisioning volume for claim \"{}\"", claim.key());
        reconcile.say(Saying::normal(claim, "Provisioning", text));
    }
    let place = place(claim, selected, reconcile).and_then(|place| within_limits(wanted(claim)).map(|()| place));
    let place = place.map_err(|why| {
        let text = format!("failed to provision volume with StorageClass {class_name:?}: {why}");
        reconcile.say(Saying::warning(claim, "ProvisioningFailed", text.clone()));
        text
    })?;
    if called(reconcile, call, timing::CSI_CREATE)
        && let Some(volume) =
            volume((claim, class), &name, place, (driver, reconcile.flag("identity").unwrap_or_default()))
    {
        let said = format!("Successfully provisioned volume {name}");
        let write = Write::new(Request::create(volume)).saying(Saying::normal(claim, "ProvisioningSucceeded", said));
        reconcile.write(write.tolerating(Tolerate::AlreadyExists));
    }
    Ok(())
}

/// Where the volume is to be: key and value of its topology. Upstream: `topology.go`, `GenerateAccessibilityRequirements`.
fn place(claim: &Object, selected: Option<&str>, reconcile: &Reconcile) -> Result<Option<(String, String)>, String> {
    if reconcile.flag("topology") != Some("true") {
        return Ok(None);
    }
    let driver = reconcile.flag("driver").unwrap_or_default();
    let key_on = |node: &Object| {
        let drivers = node.document().map(|node| node.list("spec.drivers")).unwrap_or_default();
        let entry = drivers.iter().find(|entry| entry["name"] == driver)?;
        entry["topologyKeys"][0].as_str().map(str::to_owned)
    };
    let found = if let Some(selected) = selected {
        let node = reconcile.lookup(&csi_node::KIND, &Key::new("", selected));
        let key = node.and_then(key_on);
        let lacks = || format!("no topology key found on CSINode {selected}");
        Ok((selected.to_owned(), key.ok_or_else(lacks).map_err(|why| requirement(&why))?))
    } else {
        let nodes = reconcile.cache(&csi_node::KIND).iter();
        let all: Vec<_> = nodes.filter_map(|node| Some((node.name().to_owned(), key_on(node)?))).collect();
        // Upstream spreads a StatefulSet's claims by the hash of their names, too.
        let chosen = usize::try_from(stable_hash(claim.name())).ok().and_then(|hash| hash.checked_rem(all.len()));
        chosen.map(|index| all[index].clone()).ok_or_else(|| requirement("no available topology found"))
    };
    let (node, key) = found?;
    let labels = reconcile.lookup(&node::KIND, &Key::new("", &node)).and_then(|node| node.meta().labels.as_ref());
    let value = labels.and_then(|labels| labels.get(&key)).cloned();
    Ok(Some((key, value.ok_or_else(|| requirement(&format!("node {node} lacks the topology label")))?)))
}

fn requirement(why: &str) -> String {
    format!("error generating accessibility requirements: {why}")
}

/// The volume as it is written down. Upstream: `controller.go`, `Provision`.
fn volume(
    (claim, class): (&Object, &Object),
    name: &str,
    place: Option<(String, String)>,
    (driver, identity): (&str, &str),
) -> Option<Object> {
    let (wish, class_tree) = (claim.document()?, class.document()?);
    let parameters = class_tree.at("parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut attributes = serde_json::Map::new();
    attributes.extend(parameters.iter().filter(|(key, _)| !key.starts_with("csi.storage.k8s.io/")).map(own));
    attributes.insert("storage.kubernetes.io/csiProvisionerIdentity".to_owned(), identity.into());
    let policy = class_tree.text("reclaimPolicy");
    let mut spec = json!({
        "accessModes": wish.at("spec.accessModes"),
        "capacity": {"storage": in_bytes(wanted(claim))},
        "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
            "name": claim.name(), "uid": claim.uid(), "resourceVersion": claim.meta().resource_version},
        "csi": {"driver": driver, "volumeAttributes": attributes, "volumeHandle": uuid(name)},
        "persistentVolumeReclaimPolicy": policy,
        "storageClassName": class.name(),
        "volumeMode": wish.at("spec.volumeMode"),
    });
    if let Some(kind) = parameters.get("csi.storage.k8s.io/fstype") {
        spec["csi"]["fsType"] = kind.clone();
    }
    if let Some(options) = class_tree.at("mountOptions") {
        spec["mountOptions"] = options.clone();
    }
    if let Some(class) = wish.at(ATTRIBUTES_CLASS) {
        spec["volumeAttributesClassName"] = class.clone();
    }
    if let Some((key, value)) = place {
        let expression = json!({"key": key, "operator": "In", "values": [value]});
        spec["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}});
    }
    let annotations = json!({PROVISIONED_BY: driver, "volume.kubernetes.io/provisioner-deletion-secret-name": "",
        "volume.kubernetes.io/provisioner-deletion-secret-namespace": ""});
    let mut metadata = json!({"name": name, "annotations": annotations});
    if policy == "Delete" {
        metadata["finalizers"] = json!([FINALIZER]);
    }
    let value = json!({"metadata": metadata, "spec": spec});
    Some(Object::from_document(Document::read(&volumes::KIND, value).ok()?))
}

/// A number of bytes as a binary quantity. Upstream: `bytesToQuantity`.
fn in_bytes(bytes: i64) -> String {
    const UNITS: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let whole = usize::try_from(bytes.trailing_zeros() / 10).unwrap_or(0).min(UNITS.len() - 1);
    if bytes == 0 { "0".to_owned() } else { format!("{}{}", bytes >> (10 * whole), UNITS[whole]) }
}

fn own((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// Removes a volume whose claim is gone, if its policy says so (upstream: `shouldDelete`, `deleteVolumeOperation`).
fn remove(key: &Ref, volume: &Object, reconcile: &mut Reconcile) -> Result<(), String> {
    let driver = reconcile.flag("driver").unwrap_or_default();
    let Some(tree) = volume.document() else { return Ok(()) };
    let doomed = annotation(volume, PROVISIONED_BY) == Some(driver)
        && tree.text("status.phase") == "Released"
        && tree.text("spec.persistentVolumeReclaimPolicy") == "Delete";
    if !doomed {
        return Ok(());
    }
    let of_it = |wish: &&Object| {
        wish.document().is_some_and(|wish| wish.text("spec.source.persistentVolumeName") == volume.name())
    };
    if let Some(wish) = reconcile.cache(&attachments::KIND).iter().find(of_it).and_then(Object::document) {
        let node = wish.text("spec.nodeName");
        let text = format!("persistentvolume {} is still attached to node {node}", volume.name());
        reconcile.say(Saying::warning(volume, "VolumeFailedDelete", text.clone()));
        return Err(text);
    }
    if called(reconcile, format!("delete {}", volume.name()), timing::CSI_DELETE) {
        if !volume.is_terminating() {
            let delete = Request::delete(&volumes::KIND, &key.key, DeleteOptions::default());
            reconcile.write(Write::new(delete).tolerating(Tolerate::NotFound));
        }
        let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}});
        let free = Request::patch(&volumes::KIND, &key.key, PatchType::Strategic, patch);
        reconcile.write(Write::new(free).tolerating(Tolerate::NotFound));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::wire::Driver;

    #[test]
    fn a_volume_says_whose_it_is_where_it_is_and_who_has_to_remove_it() {
        let claim = json!({"metadata": {"name": "data", "namespace": "shop", "uid": "u1"}, "spec": {"volumeMode": "Filesystem",
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}});
        let class = |policy: &str| {
            let parameters = json!({"type": "fast", "csi.storage.k8s.io/fstype": "xfs"});
            let value = json!({"metadata": {"name": "csi"}, "parameters": parameters, "reclaimPolicy": policy});
            (classes::KIND.decode)(value).expect("a class")
        };
        let claim = (claims::KIND.decode)(claim).expect("a claim");
        let made = |policy: &str, place| {
            let volume = volume((&claim, &class(policy)), "pvc-u1", place, ("disk.example.org", "1-2-disk"));
            volume.expect("a volume").to_value()
        };
        let place = Some((Driver::TOPOLOGY.to_owned(), "node-2".to_owned()));
        let volume = made("Delete", place);
        assert_eq!(volume["metadata"]["finalizers"], json!([FINALIZER]));
        assert_eq!(volume["metadata"]["annotations"][PROVISIONED_BY], "disk.example.org");
        assert_eq!(volume["spec"]["capacity"]["storage"], "1Gi");
        assert_eq!(volume["spec"]["claimRef"]["uid"], "u1");
        let csi = &volume["spec"]["csi"];
        assert_eq!((csi["fsType"].as_str(), csi["volumeAttributes"]["type"].as_str()), (Some("xfs"), Some("fast")));
        let terms = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
        assert_eq!(terms[0]["matchExpressions"][0]["values"], json!(["node-2"]));
        let kept = made("Retain", None);
        assert!(kept["metadata"].get("finalizers").is_none() && kept["spec"].get("nodeAffinity").is_none());
    }

    #[test]
    fn a_volumes_size_is_written_in_binary_units() {
        let texts = [0, 1, 1 << 30, 3 << 29, 1_000_000_000, 5 << 40].map(in_bytes);
        assert_eq!(texts, ["0", "1", "1Gi", "1536Mi", "1000000000", "5Ti"]);
    }

    #[test]
    fn requirements_are_told_in_the_provisioners_words() {
        let why = requirement("no available topology found");
        assert_eq!(why, "error generating accessibility requirements: no available topology found");
        let too_much = within_limits(2 << 40).expect_err("too much");
        assert!(too_much.ends_with("Requested capacity 2199023255552 exceeds maximum allowed 1099511627776"));
    }
}
