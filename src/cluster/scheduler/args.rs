//! What a profile tells its plugins: their arguments, read and defaulted.
//!
//! Upstream: `pkg/scheduler/apis/config/types_pluginargs.go`, defaults in `v1/defaults.go`.

use super::framework::MAX_NODE_SCORE;
use super::pod::Resource;
use crate::sim::Duration;
use k8s_openapi::api::core::v1 as core;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// The arguments of all plugins.
#[derive(Clone, Debug)]
pub struct Args {
    /// `NodeResourcesFit`: how nodes are rated.
    pub strategy: Strategy,
    /// `NodeResourcesFit`: resources of which it does not matter whether the node has enough.
    pub ignored_resources: Vec<String>,
    /// The same by what stands before the `/` of their names.
    pub ignored_groups: Vec<String>,
    /// `NodeResourcesBalancedAllocation`: the resources whose use is to be even.
    pub balanced: Vec<Resource>,
    /// `PodTopologySpread`: the constraints of pods that have none of their own; `None`: the system's.
    pub default_constraints: Option<Rc<[core::TopologySpreadConstraint]>>,
    /// `InterPodAffinity`: what a required affinity of another pod is worth to a node.
    pub hard_pod_affinity_weight: i64,
    /// `InterPodAffinity`: whether others' preferences do not count for pods that have none.
    pub ignore_others_preferences: bool,
    /// `NodeAffinity`: what all pods need or prefer besides their own.
    pub added_affinity: Option<Rc<core::NodeAffinity>>,
    /// `DefaultPreemption`: on how many nodes room is looked for: percent, and at least.
    pub min_candidates: (usize, usize),
    /// `VolumeBinding`: how long claims may take to be bound.
    pub bind_timeout: Duration,
    /// The text that all this was read from.
    source: Rc<str>,
}

/// All follows from the source.
impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}
impl Eq for Args {}
impl Hash for Args {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.hash(state);
    }
}

/// How `NodeResourcesFit` rates a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strategy {
    /// What is better.
    pub kind: StrategyKind,
    /// Which resources count, and how much.
    pub resources: Vec<(Resource, i64)>,
}

/// What is better.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StrategyKind {
    /// Nodes with more left.
    LeastAllocated,
    /// Nodes with less left.
    MostAllocated,
    /// As these points say: used percent, and score (0–100); between them lines are drawn.
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

impl Default for Args {
    fn default() -> Self {
        Self::read(&Value::Object(serde_json::Map::new()))
    }
}

/// Upstream: `MaxCustomPriorityScore`.
const MAX_CUSTOM_SCORE: i64 = 10;

impl Args {
    /// Reads a map from the plugins' names to their arguments, which have been checked; what is left out gets its default.
    #[must_use]
    pub fn read(args: &Value) -> Self {
        let (fit, spread) = (&args["NodeResourcesFit"], &args["PodTopologySpread"]);
        let (affinity, preemption) = (&args["InterPodAffinity"], &args["DefaultPreemption"]);
        let number = |value: &Value, default: u64| value.as_u64().unwrap_or(default);
        let count = |value: &Value, default: u64| usize::try_from(number(value, default)).unwrap_or(usize::MAX);
        Self {
            strategy: strategy(&fit["scoringStrategy"]),
            ignored_resources: part(&fit["ignoredResources"]).unwrap_or_default(),
            ignored_groups: part(&fit["ignoredResourceGroups"]).unwrap_or_default(),
            balanced: resources(&args["NodeResourcesBalancedAllocation"]["resources"])
                .into_iter()
                .map(|r| r.0)
                .collect(),
            default_constraints: (spread["defaultingType"] == "List")
                .then(|| part::<Vec<_>>(&spread["defaultConstraints"]).unwrap_or_default().into()),
            hard_pod_affinity_weight: affinity["hardPodAffinityWeight"].as_i64().unwrap_or(1),
            ignore_others_preferences: affinity["ignorePreferredTermsOfExistingPods"].as_bool().unwrap_or(false),
            added_affinity: part(&args["NodeAffinity"]["addedAffinity"]).map(Rc::new),
            min_candidates: (
                count(&preemption["minCandidateNodesPercentage"], 10),
                count(&preemption["minCandidateNodesAbsolute"], 100),
            ),
            bind_timeout: Duration::from_secs(number(&args["VolumeBinding"]["bindTimeoutSeconds"], 600)),
            source: args.to_string().into(),
        }
    }
}

fn part<T: DeserializeOwned>(value: &Value) -> Option<T> {
    crate::api::json::decode_part(value).ok()
}

fn strategy(value: &Value) -> Strategy {
    let kind = match value["type"].as_str() {
        Some("MostAllocated") => StrategyKind::MostAllocated,
        Some("RequestedToCapacityRatio") => {
            let points = value["requestedToCapacityRatio"]["shape"].as_array().into_iter().flatten();
            let scale = MAX_NODE_SCORE / MAX_CUSTOM_SCORE;
            let point = |point: &Value| {
                (point["utilization"].as_i64().unwrap_or(0), point["score"].as_i64().unwrap_or(0) * scale)
            };
            StrategyKind::RequestedToCapacityRatio(points.map(point).collect())
        }
        _ => StrategyKind::LeastAllocated,
    };
    Strategy { kind, resources: resources(&value["resources"]) }
}

/// CPU and memory, weight 1 each, if nothing is said.
fn resources(value: &Value) -> Vec<(Resource, i64)> {
    let given = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if given.is_empty() {
        return vec![(Resource::Cpu, 1), (Resource::Memory, 1)];
    }
    let weight = |resource: &Value| resource["weight"].as_i64().filter(|weight| *weight != 0).unwrap_or(1);
    given.iter().map(|resource| (resource["name"].as_str().unwrap_or_default().into(), weight(resource))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_left_out_has_upstreams_default() {
        let args = Args::default();
        assert_eq!(args.strategy.kind, StrategyKind::LeastAllocated);
        assert_eq!(args.strategy.resources, [(Resource::Cpu, 1), (Resource::Memory, 1)]);
        assert_eq!((args.hard_pod_affinity_weight, args.min_candidates), (1, (10, 100)));
        assert_eq!((args.default_constraints, args.bind_timeout), (None, Duration::from_mins(10)));
    }

    #[test]
    fn what_is_said_counts() {
        let args = Args::read(&json!({
            "NodeResourcesFit": {"scoringStrategy": {"type": "RequestedToCapacityRatio", "resources": [{"name": "cpu"}],
                "requestedToCapacityRatio": {"shape": [{"utilization": 0, "score": 0}, {"utilization": 100, "score": 10}]}}},
            "PodTopologySpread": {"defaultingType": "List", "defaultConstraints":
                [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]},
            "InterPodAffinity": {"hardPodAffinityWeight": 0}}));
        assert_eq!(args.strategy.kind, StrategyKind::RequestedToCapacityRatio(vec![(0, 0), (100, 100)]));
        assert_eq!(args.strategy.resources, [(Resource::Cpu, 1)]);
        assert_eq!(args.default_constraints.map(|constraints| constraints.len()), Some(1));
        assert_eq!(args.hard_pod_affinity_weight, 0);
    }
}
