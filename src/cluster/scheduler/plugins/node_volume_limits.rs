//! `NodeVolumeLimits`: a storage driver attaches only so many volumes to a node.
//! Upstream: `plugins/nodevolumelimits/csi.go`. Left out: in-tree volumes counted as their CSI drivers'.

use super::volume_binding::is_claim_of;
use crate::api::kinds::{csi_node, persistent_volume, persistent_volume_claim, storage_class, volume_attachment};
use crate::api::object::Object;
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{Cycle, Filter, Plugin, PreFilter, Refused, Verdict};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::PodInfo;
use crate::cluster::scheduler::surroundings::Surroundings;
use crate::cluster::scheduler::volumes::volume_name;
use std::collections::BTreeMap;

const REASON: &str = "node(s) exceed max volume count";

/// The plugin.
#[derive(Debug)]
pub struct NodeVolumeLimits;

impl Plugin for NodeVolumeLimits {
    fn name(&self) -> &'static str {
        "NodeVolumeLimits"
    }

    fn interests(&self) -> &'static [Interest] {
        const CHANGED: Action = Action::ADD.or(Action::UPDATE);
        const {
            &[
                Interest { of: Of::Other(&csi_node::KIND), actions: CHANGED, hint: grew },
                Interest { of: Of::Pods, actions: Action::DELETE, hint: freed },
                Interest { of: Of::Other(&persistent_volume_claim::KIND), actions: Action::ADD, hint: is_claim_of },
                Interest::always(Of::Other(&volume_attachment::KIND), Action::DELETE),
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        if cycle.pod.pod().claims(cycle.pod.object.name()).next().is_none() {
            return PreFilter::Skip;
        }
        let around = &cycle.snapshot.surroundings;
        PreFilter::Run(Box::new(Limits { wanted: attachable(cycle.pod, around), around }))
    }
}

/// Volumes by their handles, with their drivers.
type Attachable = BTreeMap<String, String>;

fn of_volume(volume: &Object) -> Option<(String, String)> {
    let document = volume.document()?;
    let driver = document.text("spec.csi.driver");
    (!driver.is_empty()).then(|| (format!("{driver}/{}", document.text("spec.csi.volumeHandle")), driver.to_owned()))
}

/// The volumes of a pod that drivers attach. Upstream: `filterAttachableVolumes`.
fn attachable(pod: &PodInfo, around: &Surroundings) -> Attachable {
    let namespace = pod.object.namespace();
    let volume = |name: std::borrow::Cow<'_, str>| {
        let claim = around.get(&persistent_volume_claim::KIND, namespace, &name)?;
        if let Some(volume) = around.get(&persistent_volume::KIND, "", volume_name(claim)) {
            return of_volume(volume);
        }
        // It is still to be made: its class says by whom.
        let class = around.get(&storage_class::KIND, "", persistent_volume_claim::class(claim))?;
        let driver = class.document()?.text("provisioner").to_owned();
        Some((format!("{driver}/unbound-{namespace}/{name}"), driver))
    };
    let mut volumes = Attachable::new();
    volumes.extend(pod.pod().claims(pod.object.name()).filter_map(volume));
    volumes
}

struct Limits<'a> {
    wanted: Attachable,
    around: &'a Surroundings,
}

fn limits(node: &Object) -> Vec<(&str, i64)> {
    let drivers = node.document().map(|node| node.list("spec.drivers")).unwrap_or_default();
    let limit = |driver: &'_ serde_json::Value| driver["allocatable"]["count"].as_i64();
    drivers.iter().filter_map(|driver| Some((driver["name"].as_str()?, limit(driver)?))).collect()
}

impl Filter for Limits<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let Some(known) = self.around.get(&csi_node::KIND, "", &node.name) else { return Ok(()) };
        let limits = limits(known);
        if self.wanted.is_empty() || limits.is_empty() {
            return Ok(());
        }
        let mut all = Attachable::new();
        all.extend(node.pods.values().flat_map(|pod| attachable(pod, self.around)));
        let here = |wish: &&Object| wish.document().is_some_and(|wish| *wish.text("spec.nodeName") == *node.name);
        for wish in self.around.all(&volume_attachment::KIND).filter(here) {
            let volume = wish.document().map(|wish| wish.text("spec.source.persistentVolumeName")).unwrap_or_default();
            all.extend(self.around.get(&persistent_volume::KIND, "", volume).and_then(of_volume));
        }
        let new: Vec<_> = self.wanted.iter().filter(|(handle, _)| !all.contains_key(*handle)).collect();
        let count = |driver: &str| {
            let old = all.values().filter(|known| *known == driver).count();
            i64::try_from(old + new.iter().filter(|(_, known)| *known == driver).count()).unwrap_or(i64::MAX)
        };
        let over = |driver: &str| limits.iter().any(|(limited, limit)| *limited == driver && count(driver) > *limit);
        if new.iter().any(|(_, driver)| over(driver)) { Err(Refused::unschedulable(REASON)) } else { Ok(()) }
    }
}

/// Whether a node is new or attaches more than before.
fn grew(_: &PodInfo, change: &Change) -> bool {
    let Some(old) = change.old.map(limits) else { return true };
    let new = change.new.map(limits).unwrap_or_default();
    old.iter().any(|(driver, limit)| new.iter().any(|(known, now)| known == driver && now > limit))
}

/// Whether a pod with claims has gone.
fn freed(_: &PodInfo, change: &Change) -> bool {
    let gone = change.old.and_then(PodInfo::new);
    gone.is_some_and(|gone| gone.pod().claims(gone.object.name()).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, object_of, pod};
    use serde_json::json;
    use std::rc::Rc;

    fn with_claim(name: &str) -> PodInfo {
        pod(&json!({"containers": [], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}))
    }

    #[test]
    fn volumes_count_once_and_attachments_count_too() {
        let mut around = Surroundings::default();
        for name in ["a", "b", "c"] {
            let claim = json!({"metadata": {"name": name, "namespace": "default"}, "spec": {"volumeName": name}});
            around.set(&object_of("v1", "PersistentVolumeClaim", claim));
            let volume = json!({"metadata": {"name": name}, "spec": {"csi": {"driver": "d", "volumeHandle": name}}});
            around.set(&object_of("v1", "PersistentVolume", volume));
        }
        let drivers = json!([{"name": "d", "nodeID": "n", "allocatable": {"count": 2}}]);
        let csi = json!({"metadata": {"name": "n"}, "spec": {"drivers": drivers}});
        around.set(&object_of("storage.k8s.io/v1", "CSINode", csi));
        let mut node = node(&json!({}), &json!({}), &json!({}));
        node.add_pod(&Rc::new(with_claim("a")));
        let fits = |name: &str, around: &Surroundings| {
            Limits { wanted: attachable(&with_claim(name), around), around }.filter(&node).is_ok()
        };
        assert!(fits("a", &around) && fits("b", &around));
        let wish = json!({"metadata": {"name": "w"}, "spec": {"attacher": "d", "nodeName": "n",
            "source": {"persistentVolumeName": "c"}}});
        around.set(&object_of("storage.k8s.io/v1", "VolumeAttachment", wish));
        assert!(fits("a", &around) && !fits("b", &around) && fits("c", &around));
    }
}
