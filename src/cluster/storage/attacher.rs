//! `csi-attacher`: attaches volumes to nodes and takes them off, as `VolumeAttachment`s of its driver ask for.
//!
//! Upstream: `kubernetes-csi/external-attacher`, `pkg/controller/csi_handler.go` (`syncAttach`, `csiAttach`, `syncDetach`,
//! `SyncNewOrUpdatedPersistentVolume`). Finalizers keep the attachment and its volume until the driver has let go of it.

use super::called;
use crate::api::kinds::{csi_node, persistent_volume as volumes, volume_attachment as attachments};
use crate::api::meta::timestamp;
use crate::api::request::PatchType;
use crate::api::volumes::{csi_driver, has_driver};
use crate::api::{Key, Kind, Object, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Tolerate, Watch, Write};
use crate::cluster::timing;
use serde_json::{Value, json};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "external-attacher",
    account: "",
    workers: 10,
    watches: &[
        Watch::of(&attachments::KIND),
        Watch::of(&volumes::KIND),
        // Read, but its changes wake nobody.
        Watch::mapped(&csi_node::KIND, |_, _, _| {}),
    ],
    period: None,
    retries: 0,
    reconcile: |key, reconcile| {
        let driver = reconcile.flag("driver").unwrap_or_default();
        let Some(object) = reconcile.lookup(key.kind, &key.key) else { return Ok(()) };
        if key.kind == &volumes::KIND {
            release(object, driver, reconcile);
            return Ok(());
        }
        match object.document() {
            Some(wish) if wish.text("spec.attacher") == driver && object.is_terminating() => {
                detach(object, driver, reconcile);
                Ok(())
            }
            Some(wish) if wish.text("spec.attacher") == driver => attach(object, driver, reconcile),
            _ => Ok(()),
        }
    },
    failed: None,
};

/// Upstream: `GetFinalizerName`.
fn finalizer(driver: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    format!("external-attacher/{}", driver.chars().map(plain).collect::<String>())
}

fn holds(object: &Object, finalizer: &str) -> bool {
    object.meta().finalizers.iter().flatten().any(|known| known == finalizer)
}

fn patch(kind: &'static Kind, object: &Object, patch: Value) -> Request {
    Request::patch(kind, &object.key(), PatchType::Strategic, patch)
}

fn patch_status(object: &Object, status: &Value) -> Request {
    let mut request = patch(&attachments::KIND, object, json!({"status": status}));
    request.target.subresource = "status";
    request
}

fn attach(wish: &Object, driver: &str, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(tree) = wish.document() else { return Ok(()) };
    if tree.at("status.attached") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    let (node, name) = (tree.text("spec.nodeName"), tree.text("spec.source.persistentVolumeName"));
    let Some(volume) = reconcile.lookup(&volumes::KIND, &Key::new("", name)) else {
        return refuse(wish, format!("persistentvolume {name:?} not found"), reconcile);
    };
    if volume.is_terminating() {
        return refuse(wish, format!("PersistentVolume {name:?} is marked for deletion"), reconcile);
    }
    let finalizer = finalizer(driver);
    if !holds(volume, &finalizer) {
        let held = json!({"metadata": {"finalizers": [finalizer]}});
        reconcile.request(patch(&volumes::KIND, volume, held));
    }
    // Real kubelets have a `CSINode` from the beginning; ours make it with the first driver.
    if !reconcile.lookup(&csi_node::KIND, &Key::new("", node)).is_some_and(|node| has_driver(node, driver)) {
        return refuse(wish, format!("CSINode {node} does not contain driver {driver}"), reconcile);
    }
    if !holds(wish, &finalizer) {
        let metadata = json!({"finalizers": [finalizer], "annotations": {"csi.alpha.kubernetes.io/node-id": node}});
        reconcile.request(patch(&attachments::KIND, wish, json!({"metadata": metadata})));
    }
    if called(reconcile, format!("attach {}", wish.name()), timing::CSI_ATTACH) {
        reconcile.request(patch_status(wish, &json!({"attached": true, "attachError": null})));
    }
    Ok(())
}

/// Upstream: `saveAttachError`.
fn refuse(wish: &Object, why: String, reconcile: &mut Reconcile) -> Result<(), String> {
    let time = timestamp(reconcile.now()).0.to_string();
    reconcile.request(patch_status(wish, &json!({"attachError": {"message": why, "time": time}})));
    Err(why)
}

fn detach(wish: &Object, driver: &str, reconcile: &mut Reconcile) {
    let finalizer = finalizer(driver);
    if holds(wish, &finalizer) && called(reconcile, format!("detach {}", wish.name()), timing::CSI_DETACH) {
        reconcile.request(patch_status(wish, &json!({"attached": false, "detachError": null})));
        let free = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": [finalizer]}});
        reconcile.write(Write::new(patch(&attachments::KIND, wish, free)).tolerating(Tolerate::NotFound));
    }
}

/// A volume that goes is let go when it is attached nowhere.
fn release(volume: &Object, driver: &str, reconcile: &mut Reconcile) {
    let finalizer = finalizer(driver);
    let of_it = |wish: &Object| {
        wish.document().is_some_and(|wish| wish.text("spec.source.persistentVolumeName") == volume.name())
    };
    let attached = || reconcile.cache(&attachments::KIND).iter().any(of_it);
    if volume.is_terminating() && csi_driver(volume) == driver && holds(volume, &finalizer) && !attached() {
        let free = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": [finalizer]}});
        reconcile.write(Write::new(patch(&volumes::KIND, volume, free)).tolerating(Tolerate::NotFound));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::client::testing::look;

    #[test]
    fn a_drivers_finalizer_has_no_dots() {
        assert_eq!(finalizer("hostpath.csi.k8s.io"), "external-attacher/hostpath-csi-k8s-io");
    }

    #[test]
    fn a_volume_is_held_before_its_node_is_looked_for_and_not_attached_when_it_goes() {
        let wish = json!({"metadata": {"name": "w"}, "spec": {"attacher": "", "nodeName": "n",
            "source": {"persistentVolumeName": "v"}}});
        let wish = (attachments::KIND.decode)(wish).expect("an attachment");
        let wanted = |metadata: Value| {
            let volume = (volumes::KIND.decode)(json!({"metadata": metadata})).expect("a volume");
            let mut told = Vec::new();
            let requests = look(&[volume, wish.clone()], crate::sim::Time::from_secs(9), |reconcile| {
                told.extend(attach(&wish, "disk.example.org", reconcile).err());
            });
            (requests.iter().map(|request| request.target.object.kind.kind).collect::<Vec<_>>(), told)
        };
        let missing = vec!["CSINode n does not contain driver disk.example.org".to_owned()];
        assert_eq!(wanted(json!({"name": "v"})), (vec!["PersistentVolume", "VolumeAttachment"], missing));
        let gone = vec!["PersistentVolume \"v\" is marked for deletion".to_owned()];
        let going = json!({"name": "v", "deletionTimestamp": "2026-01-01T00:00:00Z"});
        assert_eq!(wanted(going), (vec!["VolumeAttachment"], gone));
    }
}
