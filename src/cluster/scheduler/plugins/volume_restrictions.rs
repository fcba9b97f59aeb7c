//! `VolumeRestrictions`: some disks can be used by one pod of a node only, and a claim with the access mode
//! `ReadWriteOncePod` by one pod at all. Upstream: `plugins/volumerestrictions/volume_restrictions.go`.

use super::volume_binding::is_claim_of;
use crate::api::kinds::persistent_volume_claim;
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{Cycle, Filter, Plugin, PreFilter, Refused, Verdict};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::PodInfo;
use k8s_openapi::api::core::v1::Volume;

const DISK: &str = "node(s) had no available disk";
const ONCE: &str =
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";

/// The plugin.
#[derive(Debug)]
pub struct VolumeRestrictions;

impl Plugin for VolumeRestrictions {
    fn name(&self) -> &'static str {
        "VolumeRestrictions"
    }

    fn interests(&self) -> &'static [Interest] {
        const {
            &[
                Interest { of: Of::Pods, actions: Action::DELETE, hint: freed },
                Interest::always(Of::Nodes, Action::ADD),
                Interest { of: Of::Other(&persistent_volume_claim::KIND), actions: Action::ADD, hint: is_claim_of },
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        let (pod, around) = (cycle.pod, &cycle.snapshot.surroundings);
        let mut once = Vec::new();
        for name in claim_names(pod) {
            let Some(claim) = around.get(&persistent_volume_claim::KIND, pod.object.namespace(), name) else {
                let reason = format!("persistentvolumeclaim {name:?} not found");
                return PreFilter::Refuse(Refused { resolvable: false, reasons: vec![reason.into()] });
            };
            if claim.document().is_some_and(|claim| claim.texts("spec.accessModes").contains(&"ReadWriteOncePod")) {
                once.push(name);
            }
        }
        let mut wanted = Wanted { pod, once, users: 0 };
        if !wanted.once.is_empty() {
            let others = cycle.snapshot.nodes.iter().flat_map(|node| node.pods.values());
            wanted.users = others.map(|other| wanted.uses(other)).sum();
        }
        let disks = pod.spec().volumes.iter().flatten().any(|volume| disk(volume).is_some());
        if disks || wanted.users > 0 { PreFilter::Run(Box::new(wanted)) } else { PreFilter::Skip }
    }
}

fn claim_names(pod: &PodInfo) -> impl Iterator<Item = &str> {
    let volumes = pod.spec().volumes.iter().flatten();
    volumes.filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()))
}

/// What a volume is as far as two of the same can conflict: sort, names of which one in common is enough, whether
/// reading only is no conflict, and whether it only reads.
type Disk<'a> = (&'static str, Vec<&'a str>, bool, bool);

fn disk(volume: &Volume) -> Option<(Disk<'_>, [&str; 2])> {
    let reads = |read_only: Option<bool>| read_only.unwrap_or(false);
    if let Some(disk) = &volume.gce_persistent_disk {
        return Some((("gce", vec![&disk.pd_name], true, reads(disk.read_only)), [""; 2]));
    }
    if let Some(disk) = &volume.aws_elastic_block_store {
        return Some((("aws", vec![&disk.volume_id], false, false), [""; 2]));
    }
    if let Some(disk) = &volume.iscsi {
        return Some((("iscsi", vec![&disk.iqn], true, reads(disk.read_only)), [""; 2]));
    }
    let disk = volume.rbd.as_ref()?;
    let monitors = disk.monitors.iter().map(String::as_str).collect();
    let pool = disk.pool.as_deref().unwrap_or("rbd");
    Some((("rbd", monitors, true, reads(disk.read_only)), [pool, &disk.image]))
}

/// Upstream: `isVolumeConflict`.
fn conflicts(a: &Volume, b: &Volume) -> bool {
    let (Some((a, a_place)), Some((b, b_place))) = (disk(a), disk(b)) else { return false };
    a.0 == b.0 && a_place == b_place && a.1.iter().any(|name| b.1.contains(name)) && !(a.2 && a.3 && b.3)
}

fn any_conflict(a: &PodInfo, b: &PodInfo) -> bool {
    let volumes = |pod: &'_ PodInfo| pod.spec().volumes.clone().unwrap_or_default();
    let theirs = volumes(b);
    volumes(a).iter().any(|mine| theirs.iter().any(|other| conflicts(mine, other)))
}

#[derive(Clone)]
struct Wanted<'a> {
    pod: &'a PodInfo,
    /// Claims that only one pod may use.
    once: Vec<&'a str>,
    /// How often others use them.
    users: i64,
}

impl Wanted<'_> {
    fn uses(&self, other: &PodInfo) -> i64 {
        if other.object.namespace() != self.pod.object.namespace() {
            return 0;
        }
        i64::try_from(claim_names(other).filter(|name| self.once.contains(name)).count()).unwrap_or(i64::MAX)
    }
}

impl Filter for Wanted<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let disks = self.pod.spec().volumes.iter().flatten().any(|volume| disk(volume).is_some());
        if disks && node.pods.values().any(|other| any_conflict(self.pod, other)) {
            return Err(Refused::unschedulable(DISK));
        }
        if self.users > 0 { Err(Refused::unschedulable(ONCE)) } else { Ok(()) }
    }

    fn add_pod(&mut self, pod: &PodInfo, _: &NodeInfo) {
        self.users += self.uses(pod);
    }

    fn remove_pod(&mut self, pod: &PodInfo, _: &NodeInfo) {
        self.users -= self.uses(pod);
    }

    fn copy<'b>(&'b self) -> Option<Box<dyn Filter + 'b>> {
        Some(Box::new(self.clone()))
    }
}

/// Whether a pod that has gone had a disk or a claim of this one.
fn freed(pod: &PodInfo, change: &Change) -> bool {
    let Some(gone) = change.old.and_then(PodInfo::new) else { return false };
    gone.object.namespace() == pod.object.namespace()
        && (any_conflict(pod, &gone) || claim_names(&gone).any(|name| claim_names(pod).any(|mine| mine == name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, pod};
    use serde_json::{Value, json};
    use std::rc::Rc;

    fn with(volume: &Value) -> PodInfo {
        let mut volume = volume.clone();
        volume["name"] = "v".into();
        pod(&json!({"containers": [], "volumes": [volume]}))
    }

    #[test]
    fn a_disk_is_shared_by_readers_only() {
        let gce = |read_only: bool| with(&json!({"gcePersistentDisk": {"pdName": "d", "readOnly": read_only}}));
        let fits = |mine: &PodInfo, other: PodInfo| {
            let mut node = node(&json!({}), &json!({}), &json!({}));
            node.add_pod(&Rc::new(other));
            Wanted { pod: mine, once: Vec::new(), users: 0 }.filter(&node).is_ok()
        };
        assert!(fits(&gce(true), gce(true)));
        assert!(!fits(&gce(true), gce(false)));
        let aws = || with(&json!({"awsElasticBlockStore": {"volumeID": "d", "readOnly": true}}));
        assert!(!fits(&aws(), aws()));
        assert!(fits(&aws(), gce(false)));
        let rbd = |monitor: &str| with(&json!({"rbd": {"monitors": ["x", monitor], "image": "i"}}));
        assert!(!fits(&rbd("a"), rbd("b")));
    }

    #[test]
    fn whose_going_would_free_the_claim_is_known() {
        let claim = with(&json!({"persistentVolumeClaim": {"claimName": "c"}}));
        let mut wanted = Wanted { pod: &claim, once: vec!["c"], users: 1 };
        let node = node(&json!({}), &json!({}), &json!({}));
        assert_eq!(wanted.filter(&node), Err(Refused::unschedulable(ONCE)));
        wanted.remove_pod(&claim, &node);
        assert_eq!(wanted.filter(&node), Ok(()));
    }
}
