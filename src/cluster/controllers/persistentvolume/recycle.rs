//! Recycling: a pod empties the volume, which then can be had again.
//!
//! Upstream: `pv_controller.go` (`recycleVolumeOperation`, `isVolumeUsed`), `pkg/volume/util/recyclerclient`, `pkg/volume/plugins.go`
//! (`NewPersistentVolumeRecyclerPodTemplate`) and the plugins `hostpath` and `nfs`. The pod is `recycler-for-<volume>` in
//! the namespace `default`; when it has ended it is deleted, well or not. Left out: its events are not repeated at the
//! volume.

use super::bind::{set_volume_phase, unbind};
use super::volume::has;
use crate::api::kinds::{persistent_volume_claim as claims, pod, pod::Pod};
use crate::api::request::DeleteOptions;
use crate::api::{Key, Object, Request};
use crate::cluster::client::controller::{Note, Reconcile, Saying, Tolerate, Write};
use crate::cluster::controllers::shared::pods::has_ended;
use crate::cluster::timing;
use crate::sim::{Duration, Order};
use serde_json::json;
use std::rc::Rc;

/// What the name of such a pod begins with.
pub(super) const PREFIX: &str = "recycler-for-";
/// Where it runs.
pub(super) const NAMESPACE: &str = "default";
const IMAGE: &str = "registry.k8s.io/build-image/debian-base:bookworm-v1.0.6";
const SCRIPT: &str = "test -e /scrub && find /scrub -mindepth 1 -delete && test -z \"$(ls -A /scrub)\" || exit 1";

/// Where it is remembered that a volume's pod is at work.
fn at_work(volume: &Object) -> Rc<str> {
    format!("recycle/{}", volume.name()).into()
}

/// Looks how far a volume's recycling is.
pub(super) fn recycle(volume: &Object, reconcile: &mut Reconcile) {
    let key = at_work(volume);
    let place = Key::new(NAMESPACE, &format!("{PREFIX}{}", volume.name()));
    let present = reconcile.lookup(&pod::KIND, &place);
    if reconcile.memory.contains_key(&key) {
        return follow(volume, (&place, present), reconcile);
    }
    if let Some(users) = users(volume, reconcile) {
        let text = format!("Volume is used by pods: {users}");
        return reconcile.say(Saying::normal(volume, "VolumeFailedRecycle", text));
    }
    let Some(pod) = pod_of(volume, &place) else {
        return failed(volume, "No recycler plugin found for the volume!", reconcile);
    };
    if present.is_some() {
        delete(&place, reconcile);
        return failed(volume, "Recycle failed: old recycler pod found, will retry later", reconcile);
    }
    reconcile.memory.insert(key, Note::Number(1));
    reconcile.request(Request::create(pod));
}

/// The pod is at work, or was.
fn follow(volume: &Object, (place, present): (&Key, Option<&Object>), reconcile: &mut Reconcile) {
    let pod = present.and_then(Object::get::<Pod>);
    let why = match pod.map(|pod| (pod.phase(), pod.status.message.as_deref())) {
        Some(("Succeeded", _)) => None,
        Some(("Failed", message)) => Some(message.unwrap_or("pod failed, pod.Status.Message unknown").to_owned()),
        Some(_) => return,
        None => Some("recycler pod was deleted".to_owned()),
    };
    reconcile.memory.remove(&at_work(volume));
    delete(place, reconcile);
    if let Some(why) = why {
        return failed(volume, &format!("Recycle failed: failed to recycle volume: {why}"), reconcile);
    }
    reconcile.say(Saying::normal(volume, "VolumeRecycled", "Volume recycled"));
    unbind(volume, reconcile);
}

/// A pod could not be made: nothing is at work.
pub(super) fn refused(volume: &Object, why: &str, reconcile: &mut Reconcile) {
    reconcile.memory.remove(&at_work(volume));
    let text = format!("Recycle failed: unexpected error creating recycler pod:  {why}");
    failed(volume, &text, reconcile);
}

fn failed(volume: &Object, why: &str, reconcile: &mut Reconcile) {
    set_volume_phase(volume, "Failed", Some(("VolumeFailedRecycle", why)), reconcile);
}

fn delete(place: &Key, reconcile: &mut Reconcile) {
    let deletion = Request::delete(&pod::KIND, place, DeleteOptions::default());
    reconcile.write(Write::new(deletion).tolerating(Tolerate::NotFound));
}

/// The pods that still use the volume, unless its claim's name is another claim's already.
fn users(volume: &Object, reconcile: &Reconcile) -> Option<String> {
    let tree = volume.document()?;
    let (namespace, claim) = (tree.text("spec.claimRef.namespace"), tree.text("spec.claimRef.name"));
    if reconcile.lookup(&claims::KIND, &Key::new(namespace, claim)).is_some() {
        return None;
    }
    let uses = |object: &&Object| {
        let pod: Option<&Pod> = object.get();
        pod.is_some_and(|pod| !has_ended(pod) && pod.claims(object.name()).any(|name| name == claim))
    };
    let pods = reconcile.cache(&pod::KIND).in_namespace(namespace).filter(uses);
    let mut names: Vec<String> = pods.map(|pod| pod.key().to_string()).collect();
    names.order();
    (!names.is_empty()).then(|| names.join(","))
}

/// The pod that empties a volume, if it is of a sort that can be emptied so.
fn pod_of(volume: &Object, place: &Key) -> Option<Object> {
    let spec = volume.document()?.at("spec")?;
    let (source, least) = if has(volume, "hostPath") {
        (json!({"hostPath": {"path": spec["hostPath"]["path"]}}), timing::RECYCLE_HOST_PATH)
    } else if has(volume, "nfs") {
        let nfs = &spec["nfs"];
        (json!({"nfs": {"server": nfs["server"], "path": nfs["path"]}}), timing::RECYCLE_NFS)
    } else {
        return None;
    };
    let mut vol = json!({"name": "vol"});
    vol.as_object_mut()?.extend(source.as_object()?.clone());
    let container = json!({"name": "pv-recycler", "image": IMAGE, "command": ["/bin/sh"], "args": ["-c", SCRIPT],
        "volumeMounts": [{"name": "vol", "mountPath": "/scrub"}]});
    let value = json!({"metadata": {"name": &*place.name, "namespace": &*place.namespace}, "spec": {
        "activeDeadlineSeconds": deadline(volume, least).as_secs(), "restartPolicy": "Never",
        "volumes": [vol], "containers": [container]}});
    (pod::KIND.decode)(value).ok()
}

/// How long it may take: more for a larger volume (upstream: `CalculateTimeoutForVolume`).
fn deadline(volume: &Object, least: Duration) -> Duration {
    let size = volume.document().map_or(0, |volume| volume.amount("spec.capacity.storage"));
    let gibibytes = u32::try_from(size >> 30).unwrap_or(0);
    (timing::RECYCLE_INCREMENT * gibibytes).max(least)
}

#[cfg(test)]
mod tests {
    use super::super::CONTROLLER;
    use super::*;
    use crate::api::kinds::persistent_volume;
    use crate::api::request::Body;
    use crate::cluster::client::testing::look;
    use crate::sim::Time;
    use serde_json::Value;

    fn volume(source: &Value, size: &str) -> Object {
        let mut spec = json!({"persistentVolumeReclaimPolicy": "Recycle", "capacity": {"storage": size},
            "claimRef": {"name": "c", "namespace": "n", "uid": "u"}});
        spec.as_object_mut().expect("a map").extend(source.as_object().expect("a map").clone());
        let value = json!({"metadata": {"name": "v"}, "spec": spec, "status": {"phase": "Released"}});
        (persistent_volume::KIND.decode)(value).expect("a volume")
    }

    fn pod(name: &str, namespace: &str, phase: &str) -> Object {
        let claim = json!({"name": "d", "persistentVolumeClaim": {"claimName": "c"}});
        let value = json!({"metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [], "volumes": [claim]}, "status": {"phase": phase}});
        (pod::KIND.decode)(value).expect("a pod")
    }

    /// What is wanted in a look at the volume, which comes last: verbs and what is written.
    fn wanted(objects: &[Object], at_work: bool) -> Vec<(String, Value)> {
        let volume = objects.last().expect("one");
        let requests = look(objects, Time::from_secs(60), |reconcile| {
            if at_work {
                reconcile.memory.insert(super::at_work(volume), Note::Number(1));
            }
            (CONTROLLER.reconcile)(&volume.reference(), reconcile).expect("no error");
        });
        let of = |request: Request| match request.body {
            Body::Object(object) => (format!("{:?}", request.verb), object.to_value()),
            _ => (format!("{:?}", request.verb), Value::Null),
        };
        requests.into_iter().map(of).collect()
    }

    #[test]
    fn a_pod_empties_the_volume_and_goes() {
        let host = json!({"hostPath": {"path": "/data"}});
        let begun = wanted(&[volume(&host, "10Gi")], false);
        assert_eq!(begun.len(), 1);
        let spec = &begun[0].1["spec"];
        assert_eq!(begun[0].1["metadata"]["name"], "recycler-for-v");
        assert_eq!((&spec["activeDeadlineSeconds"], &spec["restartPolicy"]), (&json!(300), &json!("Never")));
        assert_eq!(spec["volumes"][0], json!({"name": "vol", "hostPath": {"path": "/data"}}));
        assert_eq!(wanted(&[volume(&host, "1Gi")], false)[0].1["spec"]["activeDeadlineSeconds"], 60);
        let nfs = json!({"nfs": {"server": "s", "path": "/x"}});
        assert_eq!(wanted(&[volume(&nfs, "1Gi")], false)[0].1["spec"]["activeDeadlineSeconds"], 300);
        let done = wanted(&[pod("recycler-for-v", "default", "Succeeded"), volume(&host, "1Gi")], true);
        assert_eq!(done.iter().map(|(verb, _)| verb.as_str()).collect::<Vec<_>>(), ["Delete", "Update"]);
        assert_eq!(done[1].1["spec"]["claimRef"]["uid"], Value::Null);
        assert!(wanted(&[pod("recycler-for-v", "default", "Running"), volume(&host, "1Gi")], true).is_empty());
    }

    #[test]
    fn what_goes_wrong_is_said_at_the_volume() {
        let host = json!({"hostPath": {"path": "/data"}});
        let message = |objects: &[Object], at_work: bool| {
            let all = wanted(objects, at_work);
            all.last().map(|(_, volume)| volume["status"]["message"].clone()).unwrap_or_default()
        };
        let old = [pod("recycler-for-v", "default", "Running"), volume(&host, "1Gi")];
        assert_eq!(message(&old, false), "Recycle failed: old recycler pod found, will retry later");
        let gone = message(&[volume(&host, "1Gi")], true);
        assert_eq!(gone, "Recycle failed: failed to recycle volume: recycler pod was deleted");
        let broken = [pod("recycler-for-v", "default", "Failed"), volume(&host, "1Gi")];
        let text = "Recycle failed: failed to recycle volume: pod failed, pod.Status.Message unknown";
        assert_eq!(message(&broken, true), text);
        assert_eq!(message(&[volume(&json!({"rbd": {}}), "1Gi")], false), "No recycler plugin found for the volume!");
        assert!(wanted(&[pod("user", "n", "Running"), volume(&host, "1Gi")], false).is_empty(), "somebody uses it");
    }
}
