//! `VolumeBinding`: a pod's volumes must be usable on the node; claims that waited for a pod are bound with it.
//! Upstream: `plugins/volumebinding/volume_binding.go`. The search itself is in
//! [`volumes`](crate::cluster::scheduler::volumes).

use crate::api::Kind;
use crate::api::kinds::{csi_node, persistent_volume, persistent_volume_claim, storage_class};
use crate::api::object::Object;
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{Cycle, Filter, Plugin, PreFilter, PreScore, Refused, Verdict};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::PodInfo;
use crate::cluster::scheduler::surroundings::Surroundings;
use crate::cluster::scheduler::volumes::{Claims, Plan, all_bound, volume_name};

const UNBOUND: &str = "pod has unbound immediate PersistentVolumeClaims";

/// The plugin.
#[derive(Debug)]
pub struct VolumeBinding;

impl Plugin for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
    }

    fn interests(&self) -> &'static [Interest] {
        const CHANGED: Action = Action::ADD.or(Action::UPDATE);
        const fn of(kind: &'static Kind, hint: fn(&PodInfo, &Change) -> bool) -> Interest {
            Interest { of: Of::Other(kind), actions: CHANGED, hint }
        }
        const {
            &[
                of(&storage_class::KIND, |_, change| differ(change, "allowedTopologies")),
                of(&persistent_volume_claim::KIND, is_claim_of),
                of(&persistent_volume::KIND, |_, _| true),
                Interest::always(Of::Nodes, Action::ADD.or(Action::NODE_LABEL)),
                of(&csi_node::KIND, |_, change| change.old.is_none()),
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        let (pod, around) = (cycle.pod, &cycle.snapshot.surroundings);
        let mut names = pod.pod().claims(pod.object.name()).peekable();
        if names.peek().is_none() {
            return PreFilter::Skip;
        }
        if let Some(reason) = names.find_map(|name| unusable(pod, &name, around)) {
            return PreFilter::Refuse(Refused { resolvable: false, reasons: vec![reason.into()] });
        }
        match Claims::of(pod, around) {
            claims if claims.immediate => PreFilter::Refuse(Refused::unresolvable(UNBOUND)),
            claims => PreFilter::Run(Box::new(Volumes { claims, around })),
        }
    }

    /// The volumes' use of space counts only with a feature that is off.
    fn pre_score<'a>(&self, _cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        PreScore::Skip
    }

    fn reserve(&self, cycle: &Cycle, node: &NodeInfo) -> Vec<Object> {
        let around = &cycle.snapshot.surroundings;
        Plan::find(&Claims::of(cycle.pod, around), node, around).map(|plan| plan.writes(&node.name)).unwrap_or_default()
    }

    fn pre_bind(&self, pod: &PodInfo, node: &NodeInfo, now: &Surroundings) -> Result<bool, String> {
        all_bound(pod, node, now)
    }
}

/// Upstream: `podHasPVCs`.
fn unusable(pod: &PodInfo, name: &str, around: &Surroundings) -> Option<String> {
    let ephemeral = pod.spec().volumes.iter().flatten().any(|volume| {
        volume.ephemeral.is_some() && name.strip_suffix(&volume.name) == Some(&format!("{}-", pod.object.name()))
    });
    let Some(claim) = around.get(&persistent_volume_claim::KIND, pod.object.namespace(), name) else {
        return Some(if ephemeral {
            format!("waiting for ephemeral volume controller to create the persistentvolumeclaim {name:?}")
        } else {
            format!("persistentvolumeclaim {name:?} not found")
        });
    };
    if claim.document().is_some_and(|claim| claim.text("status.phase") == "Lost") {
        let volume = volume_name(claim);
        return Some(format!("persistentvolumeclaim {name:?} bound to non-existent persistentvolume {volume:?}"));
    }
    claim.is_terminating().then(|| format!("persistentvolumeclaim {name:?} is being deleted"))
}

struct Volumes<'a> {
    claims: Claims<'a>,
    around: &'a Surroundings,
}

impl Filter for Volumes<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let refused = |reasons: Vec<&'static str>| Refused {
            resolvable: false,
            reasons: reasons.into_iter().map(Into::into).collect(),
        };
        Plan::find(&self.claims, node, self.around).map(|_| ()).map_err(refused)
    }
}

/// Whether the changed claim is one of the pod's.
#[must_use]
pub fn is_claim_of(pod: &PodInfo, change: &Change) -> bool {
    change.new.or(change.old).is_some_and(|claim| {
        claim.namespace() == pod.object.namespace()
            && pod.pod().claims(pod.object.name()).any(|name| name == claim.name())
    })
}

/// Whether an object is new or differs at a path.
fn differ(change: &Change, path: &str) -> bool {
    let at = |object: Option<&Object>| object.and_then(Object::document).and_then(|o| o.at(path)).cloned();
    change.old.is_none() || at(change.old) != at(change.new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::args::Args;
    use crate::cluster::scheduler::nodes::Nodes;
    use crate::cluster::scheduler::testing::{object_of, pod};
    use crate::cluster::scheduler::volumes::{SELECTED_NODE, annotation};
    use serde_json::{Value, json};

    fn class(provisioner: &str) -> Object {
        let value = json!({"metadata": {"name": "local"}, "provisioner": provisioner,
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["b"]}]}]});
        object_of("storage.k8s.io/v1", "StorageClass", value)
    }

    fn claim(annotations: &Value, volume: &str) -> Object {
        let value = json!({"metadata": {"name": "c", "namespace": "default", "uid": "claim", "annotations": annotations},
            "spec": {"storageClassName": "local", "volumeName": volume, "accessModes": ["ReadWriteOnce"],
                "volumeMode": "Filesystem", "resources": {"requests": {"storage": "2Gi"}}}});
        object_of("v1", "PersistentVolumeClaim", value)
    }

    fn volume(name: &str, size: &str, zone: &str) -> Object {
        let expression = json!({"key": "zone", "operator": "In", "values": [zone]});
        let value = json!({"metadata": {"name": name}, "status": {"phase": "Available"},
            "spec": {"storageClassName": "local", "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"],
                "volumeMode": "Filesystem", "hostPath": {"path": "/x"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}});
        object_of("v1", "PersistentVolume", value)
    }

    /// What the plugin says of nodes `a` and `b` in zones `a` and `b`, and what it would write for the latter.
    fn asked(objects: &[Object]) -> (Vec<String>, Vec<Object>) {
        let mut nodes = Nodes::default();
        for name in ["a", "b"] {
            let value = json!({"metadata": {"name": name, "labels": {"zone": name}}, "spec": {}});
            nodes.set_node(&object_of("v1", "Node", value));
        }
        for object in objects {
            nodes.surroundings.set(object);
        }
        let pod =
            pod(&json!({"containers": [], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]}));
        let (snapshot, args) = (nodes.update_snapshot(), Args::default());
        let cycle = Cycle { pod: &pod, snapshot, args: &args, start: 0 };
        match VolumeBinding.pre_filter(&cycle) {
            PreFilter::Refuse(refused) => (refused.reasons.iter().map(ToString::to_string).collect(), Vec::new()),
            PreFilter::Run(filter) => {
                let say = |node: &NodeInfo| filter.filter(node).err().map_or("fits".into(), |no| no.reasons.join("; "));
                let writes = VolumeBinding.reserve(&cycle, &snapshot.nodes[1]);
                (snapshot.nodes.iter().map(|node| say(node)).collect(), writes)
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    const NONE: &str = "node(s) didn't find available persistent volumes to bind";

    #[test]
    fn a_claim_must_exist_and_be_bound_or_wait_for_a_pod() {
        assert_eq!(asked(&[]).0, ["persistentvolumeclaim \"c\" not found"]);
        assert_eq!(asked(&[claim(&json!({}), "")]).0, [UNBOUND]);
    }

    #[test]
    fn the_smallest_volume_that_fits_is_taken() {
        let none = class("kubernetes.io/no-provisioner");
        let offered = [volume("big", "5Gi", "b"), volume("fit", "3Gi", "b"), volume("small", "1Gi", "b")];
        let (answers, writes) = asked(&[&[none, claim(&json!({}), "")], &offered[..]].concat());
        assert_eq!(answers, [NONE, "fits"]);
        assert_eq!((writes.len(), writes[0].name()), (1, "fit"));
        assert_eq!(writes[0].document().map(|volume| volume.text("spec.claimRef.name").to_owned()), Some("c".into()));
    }

    #[test]
    fn what_is_not_there_is_made_where_the_class_may() {
        let (answers, writes) = asked(&[class("example.com/disks"), claim(&json!({}), "")]);
        assert_eq!(answers, [NONE, "fits"]);
        assert_eq!(annotation(&writes[0], SELECTED_NODE), Some("b"));
        let elsewhere = json!({"volume.kubernetes.io/selected-node": "a"});
        assert_eq!(asked(&[class("example.com/disks"), claim(&elsewhere, "")]).0, [NONE, NONE]);
    }

    #[test]
    fn a_bound_volume_must_reach_the_node() {
        let done = json!({"pv.kubernetes.io/bind-completed": "yes"});
        let bound = [class("x"), claim(&done, "far"), volume("far", "2Gi", "a")];
        assert_eq!(asked(&bound).0, ["fits", "node(s) didn't match PersistentVolume's node affinity"]);
        let gone = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
        assert_eq!(asked(&bound[..2]).0, [gone, gone]);
    }
}
