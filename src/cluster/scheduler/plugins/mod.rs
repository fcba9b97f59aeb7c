//! The plugins: one file for each, one line here. The order is that in which each extension point calls them, unless a
//! configuration says otherwise.
//!
//! Upstream: `pkg/scheduler/apis/config/v1/default_plugins.go`.

use super::framework::Entry;
use super::framework::Point::{
    self, Bind, Filter, PostFilter, PreBind, PreEnqueue, PreFilter, PreScore, QueueSort, Reserve, Score,
};

pub mod default_binder;
pub mod default_preemption;
pub mod dynamic_resources;
pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_declared_features;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_balanced_allocation;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod node_volume_limits;
pub mod pod_topology_spread;
pub mod priority_sort;
pub mod scheduling_gates;
pub mod taint_toleration;
pub mod volume_binding;
pub mod volume_restrictions;
pub mod volume_zone;

/// The four points of most plugins.
const FILTER_AND_SCORE: &[Point] = &[PreFilter, Filter, PreScore, Score];

/// All plugins with their default weights.
pub static PLUGINS: &[Entry] = &[
    Entry { plugin: &scheduling_gates::SchedulingGates, points: &[PreEnqueue], weight: 0 },
    Entry { plugin: &priority_sort::PrioritySort, points: &[QueueSort], weight: 0 },
    Entry { plugin: &node_unschedulable::NodeUnschedulable, points: &[Filter], weight: 0 },
    Entry { plugin: &node_name::NodeName, points: &[Filter], weight: 0 },
    Entry { plugin: &taint_toleration::TaintToleration, points: &[Filter, PreScore, Score], weight: 3 },
    Entry { plugin: &node_affinity::NodeAffinity, points: FILTER_AND_SCORE, weight: 2 },
    Entry { plugin: &node_ports::NodePorts, points: &[PreFilter, Filter], weight: 0 },
    Entry { plugin: &node_resources_fit::NodeResourcesFit, points: FILTER_AND_SCORE, weight: 1 },
    Entry { plugin: &volume_restrictions::VolumeRestrictions, points: &[PreFilter, Filter], weight: 0 },
    Entry { plugin: &node_volume_limits::NodeVolumeLimits, points: &[PreFilter, Filter], weight: 0 },
    Entry {
        plugin: &volume_binding::VolumeBinding,
        points: &[PreFilter, Filter, PreScore, Score, Reserve, PreBind],
        weight: 1,
    },
    Entry { plugin: &volume_zone::VolumeZone, points: &[PreFilter, Filter], weight: 0 },
    Entry { plugin: &pod_topology_spread::PodTopologySpread, points: FILTER_AND_SCORE, weight: 2 },
    Entry { plugin: &inter_pod_affinity::InterPodAffinity, points: FILTER_AND_SCORE, weight: 2 },
    Entry {
        plugin: &dynamic_resources::DynamicResources,
        points: &[PreEnqueue, PreFilter, Filter, PostFilter, PreScore, Score, Reserve, PreBind],
        weight: 2,
    },
    Entry { plugin: &node_declared_features::NodeDeclaredFeatures, points: &[PreFilter, Filter], weight: 0 },
    Entry { plugin: &default_preemption::DefaultPreemption, points: &[PreEnqueue, PostFilter], weight: 0 },
    Entry {
        plugin: &node_resources_balanced_allocation::NodeResourcesBalancedAllocation,
        points: &[PreScore, Score],
        weight: 1,
    },
    Entry { plugin: &image_locality::ImageLocality, points: &[Score], weight: 1 },
    Entry { plugin: &default_binder::DefaultBinder, points: &[Bind], weight: 0 },
];
