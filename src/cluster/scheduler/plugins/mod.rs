//! The plugins: one file for each, one line here. The order is that in which each extension point calls them.
//!
//! Upstream: `pkg/scheduler/apis/config/v1/default_plugins.go`.

use super::framework::Entry;

pub mod default_binder;
pub mod default_preemption;
pub mod dynamic_resources;
pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_balanced_allocation;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod pod_topology_spread;
pub mod priority_sort;
pub mod scheduling_gates;
pub mod taint_toleration;

/// All plugins with their default weights.
pub static PLUGINS: &[Entry] = &[
    Entry { plugin: &scheduling_gates::SchedulingGates, weight: 0 },
    Entry { plugin: &priority_sort::PrioritySort, weight: 0 },
    Entry { plugin: &node_unschedulable::NodeUnschedulable, weight: 0 },
    Entry { plugin: &node_name::NodeName, weight: 0 },
    Entry { plugin: &taint_toleration::TaintToleration, weight: 3 },
    Entry { plugin: &node_affinity::NodeAffinity, weight: 2 },
    Entry { plugin: &node_ports::NodePorts, weight: 0 },
    Entry { plugin: &node_resources_fit::NodeResourcesFit, weight: 1 },
    Entry { plugin: &pod_topology_spread::PodTopologySpread, weight: 2 },
    Entry { plugin: &inter_pod_affinity::InterPodAffinity, weight: 2 },
    Entry { plugin: &dynamic_resources::DynamicResources, weight: 2 },
    Entry { plugin: &default_preemption::DefaultPreemption, weight: 0 },
    Entry { plugin: &node_resources_balanced_allocation::NodeResourcesBalancedAllocation, weight: 1 },
    Entry { plugin: &image_locality::ImageLocality, weight: 1 },
    Entry { plugin: &default_binder::DefaultBinder, weight: 0 },
];
