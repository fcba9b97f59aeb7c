//! `VolumeZone`: a volume that is labelled with a zone or region is used there only.
//! Upstream: `plugins/volumezone/volume_zone.go`.

use super::volume_binding::is_claim_of;
use crate::api::kinds::{persistent_volume, persistent_volume_claim, storage_class};
use crate::api::object::Object;
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{Cycle, Filter, Plugin, PreFilter, Refused, Verdict};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::{PodInfo, labels_of};
use crate::cluster::scheduler::volumes::{volume_name, waits};
use crate::sim::SortedSet;

const REASON: &str = "node(s) had no available volume zone";
/// The labels that count, the older ones with their newer names.
const LABELS: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// The plugin.
#[derive(Debug)]
pub struct VolumeZone;

impl Plugin for VolumeZone {
    fn name(&self) -> &'static str {
        "VolumeZone"
    }

    fn interests(&self) -> &'static [Interest] {
        const CHANGED: Action = Action::ADD.or(Action::UPDATE);
        const {
            &[
                Interest {
                    of: Of::Other(&storage_class::KIND),
                    actions: Action::ADD,
                    hint: |_, change| change.new.is_some_and(waits),
                },
                Interest::always(Of::Nodes, Action::ADD.or(Action::NODE_LABEL)),
                Interest { of: Of::Other(&persistent_volume_claim::KIND), actions: CHANGED, hint: is_claim_of },
                Interest { of: Of::Other(&persistent_volume::KIND), actions: CHANGED, hint: moved },
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        match places(cycle) {
            Ok(places) if places.is_empty() => PreFilter::Skip,
            Ok(places) => PreFilter::Run(Box::new(Places(places))),
            Err(reason) => PreFilter::Refuse(Refused { resolvable: false, reasons: vec![reason.into()] }),
        }
    }
}

/// A label and the values that will do.
type Place<'a> = (usize, SortedSet<&'a str>);

fn places_of(volume: &Object) -> impl Iterator<Item = Place<'_>> {
    let value = |place: usize| Some((place, labels_of(volume).get(LABELS[place].0)?.split("__").collect()));
    (0..LABELS.len()).filter_map(value)
}

/// The places of all volumes that the pod's claims have. Upstream: `getPVbyPod`.
fn places<'a>(cycle: &Cycle<'a>) -> Result<Vec<Place<'a>>, String> {
    let (pod, around) = (cycle.pod, &cycle.snapshot.surroundings);
    let mut places = Vec::new();
    for source in pod.spec().volumes.iter().flatten().filter_map(|volume| volume.persistent_volume_claim.as_ref()) {
        let name = &source.claim_name;
        let claim = around.get(&persistent_volume_claim::KIND, pod.object.namespace(), name);
        let claim = claim.ok_or_else(|| format!("persistentvolumeclaim {name:?} not found"))?;
        let volume = volume_name(claim);
        if volume.is_empty() {
            let class = persistent_volume_claim::class(claim);
            if class.is_empty() {
                return Err("PersistentVolumeClaim had no pv name and storageClass name".to_owned());
            }
            let found = around.get(&storage_class::KIND, "", class);
            let found = found.ok_or_else(|| format!("storageclass.storage.k8s.io {class:?} not found"))?;
            if waits(found) {
                continue;
            }
            return Err("PersistentVolume had no name".to_owned());
        }
        let found = around.get(&persistent_volume::KIND, "", volume);
        places.extend(places_of(found.ok_or_else(|| format!("persistentvolume {volume:?} not found"))?));
    }
    Ok(places)
}

struct Places<'a>(Vec<Place<'a>>);

impl Filter for Places<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if LABELS.iter().all(|(label, _)| node.label(label).is_none()) {
            return Ok(());
        }
        let lies_in = |(place, values): &Place| {
            let (old, new) = LABELS[*place];
            node.label(old).or_else(|| node.label(new)).is_some_and(|value| values.contains(value))
        };
        if self.0.iter().all(lies_in) { Ok(()) } else { Err(Refused::unresolvable(REASON)) }
    }
}

/// Whether a volume is new or lies elsewhere now.
fn moved(_: &PodInfo, change: &Change) -> bool {
    let place = |object: Option<&'_ Object>| -> Vec<(usize, SortedSet<String>)> {
        let owned = |(place, values): Place| (place, values.into_iter().map(str::to_owned).collect());
        object.into_iter().flat_map(places_of).map(owned).collect()
    };
    change.old.is_none() || place(change.old) != place(change.new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, object_of};
    use serde_json::json;

    #[test]
    fn a_volume_may_lie_in_several_zones() {
        let labels = json!({"failure-domain.beta.kubernetes.io/zone": "a__b"});
        let volume = object_of("v1", "PersistentVolume", json!({"metadata": {"name": "v", "labels": labels}}));
        let fits = |zone: &str| {
            let labels = json!({"topology.kubernetes.io/zone": zone});
            Places(places_of(&volume).collect()).filter(&node(&json!({"labels": labels}), &json!({}), &json!({})))
        };
        assert_eq!(fits("b"), Ok(()));
        assert_eq!(fits("c"), Err(Refused::unresolvable(REASON)));
        let anywhere = node(&json!({}), &json!({}), &json!({}));
        assert_eq!(Places(places_of(&volume).collect()).filter(&anywhere), Ok(()));
    }
}
