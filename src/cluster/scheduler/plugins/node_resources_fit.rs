//! `NodeResourcesFit`: what the pod requests must still be free; nodes with more left over get more points, or as the
//! profile's scoring strategy says.
//! Upstream: `plugins/noderesources/fit.go`, `{least,most}_allocated.go`, `requested_to_capacity_ratio.go`,
//! `resource_allocation.go`.

use crate::api::object::Object;
use crate::cluster::scheduler::args::{Args, Strategy, StrategyKind};
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{
    Cycle, Filter, MAX_NODE_SCORE, Plugin, PreFilter, PreScore, Refused, Scorer, Verdict,
};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::{PodInfo, Resource, Resources};
use std::borrow::Cow;

/// The plugin.
#[derive(Debug)]
pub struct NodeResourcesFit;

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn interests(&self) -> &'static [Interest] {
        const {
            &[
                Interest { of: Of::Pods, actions: Action::DELETE.or(Action::POD_SCALE_DOWN), hint: freed },
                Interest { of: Of::Nodes, actions: Action::ADD.or(Action::NODE_ALLOCATABLE), hint: grew },
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        PreFilter::Run(Box::new(Requests { wanted: &cycle.pod.requests, args: Some(cycle.args) }))
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        let (cpu, memory) = cycle.pod.containers_non_zero;
        PreScore::Run(Box::new(Allocated { pod: cycle.pod, cpu, memory, strategy: &cycle.args.strategy }))
    }
}

struct Requests<'a> {
    wanted: &'a Resources,
    args: Option<&'a Args>,
}

impl Requests<'_> {
    /// Whether it does not matter how much of an extended resource the node has.
    fn ignores(&self, name: &str) -> bool {
        let group = name.split('/').next().unwrap_or_default();
        self.args.is_some_and(|args| {
            args.ignored_resources.iter().any(|known| known == name) || args.ignored_groups.iter().any(|g| g == group)
        })
    }
}

impl Filter for Requests<'_> {
    /// Upstream: `fitsRequest`. What the node could not offer even if it were empty cannot be resolved.
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let mut reasons: Vec<Cow<'static, str>> = Vec::new();
        let mut resolvable = true;
        if i64::try_from(node.pods.len()).unwrap_or(i64::MAX) >= node.allowed_pods {
            reasons.push("Too many pods".into());
        }
        let (wanted, offered, taken) = (self.wanted, &node.allocatable, &node.requested);
        let plain = [
            ("Insufficient cpu", wanted.milli_cpu, offered.milli_cpu, taken.milli_cpu),
            ("Insufficient memory", wanted.memory, offered.memory, taken.memory),
            (
                "Insufficient ephemeral-storage",
                wanted.ephemeral_storage,
                offered.ephemeral_storage,
                taken.ephemeral_storage,
            ),
        ];
        for (reason, wanted, offered, taken) in plain {
            if wanted > 0 && wanted > offered - taken {
                reasons.push(reason.into());
                resolvable &= wanted <= offered;
            }
        }
        for (name, wanted) in wanted.scalar.iter().filter(|(name, wanted)| *wanted != 0 && !self.ignores(name)) {
            if *wanted > offered.scalar(name) - taken.scalar(name) {
                reasons.push(format!("Insufficient {name}").into());
                resolvable &= *wanted <= offered.scalar(name);
            }
        }
        if reasons.is_empty() { Ok(()) } else { Err(Refused { resolvable, reasons }) }
    }
}

/// Rates by what would be used.
struct Allocated<'a> {
    pod: &'a PodInfo,
    /// What the pod counts with: thousandths of a core, and bytes.
    cpu: i64,
    memory: i64,
    strategy: &'a Strategy,
}

impl Allocated<'_> {
    /// What the node offers of a resource, and what would be used of it; nothing offered: it does not count.
    /// Upstream: `calculateResourceAllocatableRequest`.
    fn of(&self, resource: &Resource, node: &NodeInfo) -> (i64, i64) {
        match resource {
            Resource::Cpu => (node.allocatable.milli_cpu, node.non_zero.0 + self.cpu),
            Resource::Memory => (node.allocatable.memory, node.non_zero.1 + self.memory),
            Resource::EphemeralStorage => {
                let used = node.requested.ephemeral_storage + self.pod.requests.ephemeral_storage;
                (node.allocatable.ephemeral_storage, used)
            }
            Resource::Scalar(name) => match self.pod.requests.scalar(name) {
                0 => (0, 0),
                wanted => (node.allocatable.scalar(name), node.requested.scalar(name) + wanted),
            },
        }
    }
}

impl Scorer for Allocated<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let (mut sum, mut weights) = (0, 0);
        for (resource, weight) in &self.strategy.resources {
            let (capacity, used) = self.of(resource, node);
            if capacity == 0 {
                continue;
            }
            let score = match &self.strategy.kind {
                StrategyKind::LeastAllocated => free(capacity, used),
                StrategyKind::MostAllocated => used.min(capacity) * MAX_NODE_SCORE / capacity,
                StrategyKind::RequestedToCapacityRatio(shape) => {
                    at(shape, if used > capacity { 100 } else { used * 100 / capacity })
                }
            };
            // Upstream: a ratio of no points is left out altogether.
            if score > 0 || !matches!(self.strategy.kind, StrategyKind::RequestedToCapacityRatio(_)) {
                sum += score * weight;
                weights += weight;
            }
        }
        match self.strategy.kind {
            _ if weights == 0 => 0,
            StrategyKind::RequestedToCapacityRatio(_) => (2 * sum + weights) / (2 * weights),
            _ => sum / weights,
        }
    }
}

/// The value at `x` of lines drawn between points. Upstream: `helper.BuildBrokenLinearFunction`.
fn at(shape: &[(i64, i64)], x: i64) -> i64 {
    let Some(right) = shape.iter().position(|(point, _)| x <= *point) else {
        return shape.last().map_or(0, |(_, score)| *score);
    };
    let (to, high) = shape[right];
    match right.checked_sub(1).map(|left| shape[left]) {
        None => high,
        Some((from, low)) => low + (high - low) * (x - from) / (to - from),
    }
}

/// Upstream: `leastRequestedScore`.
fn free(capacity: i64, used: i64) -> i64 {
    if used > capacity { 0 } else { (capacity - used) * MAX_NODE_SCORE / capacity }
}

/// Whether a pod has given something up: by going, or (itself or another with a node) by asking for less.
fn freed(pod: &PodInfo, change: &Change) -> bool {
    match (change.old_pod(), change.new) {
        (Some(gone), None) => {
            gone.node().is_some() || gone.status.nominated_node_name.as_deref().is_some_and(|name| !name.is_empty())
        }
        (Some(old), Some(new)) => {
            let less = || change.old.and_then(PodInfo::new).zip(PodInfo::new(new));
            (change.is_about(pod) || old.node().is_some())
                && less().is_some_and(|(old, new)| gives_what_is_wanted(&pod.requests, &old.requests, &new.requests))
        }
        _ => false,
    }
}

fn gives_what_is_wanted(wanted: &Resources, before: &Resources, after: &Resources) -> bool {
    (wanted.milli_cpu > 0 && before.milli_cpu > after.milli_cpu)
        || (wanted.memory > 0 && before.memory > after.memory)
        || (wanted.ephemeral_storage > 0 && before.ephemeral_storage > after.ephemeral_storage)
        || wanted.scalar.keys().any(|name| before.scalar(name) > after.scalar(name))
}

/// Whether a node (new, or with more than before) could take the pod if it were empty.
fn grew(pod: &PodInfo, change: &Change) -> bool {
    let empty = |object: &Object| {
        let mut node = NodeInfo::new(object.name().into());
        node.set_node(object);
        node
    };
    let Some(new) = change.new.map(empty) else { return false };
    let more = change.old.map(empty).is_none_or(|old| {
        let (before, after) = (&old.allocatable, &new.allocatable);
        new.allowed_pods > old.allowed_pods || gives_what_is_wanted(&pod.requests, after, before)
    });
    more && (Requests { wanted: &pod.requests, args: change.args }).filter(&new).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, pod};
    use serde_json::{Value, json};
    use std::rc::Rc;

    fn small() -> NodeInfo {
        let allocatable = json!({"cpu": "1", "memory": "1Gi", "pods": "1", "ephemeral-storage": "1Gi"});
        node(&json!({}), &json!({}), &json!({"allocatable": allocatable}))
    }

    fn wants(cpu: &str, memory: &str) -> PodInfo {
        pod(&json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]}))
    }

    fn asks(pod: &PodInfo, node: &NodeInfo) -> Verdict {
        Requests { wanted: &pod.requests, args: None }.filter(node)
    }

    #[test]
    fn all_reasons_are_given_in_upstreams_order() {
        let mut node = small();
        node.add_pod(&Rc::new(wants("600m", "512Mi")));
        let refused = asks(&wants("500m", "600Mi"), &node).expect_err("too much");
        assert_eq!(refused.reasons, ["Too many pods", "Insufficient cpu", "Insufficient memory"]);
        assert!(refused.resolvable);
        assert!(!asks(&wants("2", "0"), &node).expect_err("too much").resolvable);
        assert!(asks(&wants("1", "1Gi"), &small()).is_ok());
    }

    fn score(pod: &PodInfo, args: &Value) -> i64 {
        let args = Args::read(&json!({"NodeResourcesFit": {"scoringStrategy": args}}));
        let (cpu, memory) = pod.containers_non_zero;
        Allocated { pod, cpu, memory, strategy: &args.strategy }.score(&small())
    }

    #[test]
    fn scores_are_the_mean_of_what_is_left() {
        assert_eq!(score(&wants("250m", "256Mi"), &json!({})), 75);
        assert_eq!(score(&wants("2", "512Mi"), &json!({})), 25);
    }

    #[test]
    fn a_strategy_may_prefer_full_nodes_or_draw_its_own_line() {
        let resources =
            json!([{"name": "cpu", "weight": 3}, {"name": "memory", "weight": 1}, {"name": "example.com/gpu"}]);
        let most = json!({"type": "MostAllocated", "resources": resources});
        assert_eq!(score(&wants("250m", "512Mi"), &most), (25 * 3 + 50) / 4);
        assert_eq!(score(&wants("2", "2Gi"), &most), 100);
        let shape =
            json!([{"utilization": 0, "score": 10}, {"utilization": 50, "score": 0}, {"utilization": 100, "score": 5}]);
        let ratio = json!({"type": "RequestedToCapacityRatio", "resources": resources,
            "requestedToCapacityRatio": {"shape": shape}});
        // CPU at 25 % gives 50; memory at 50 % gives nothing and does not count.
        assert_eq!(score(&wants("250m", "512Mi"), &ratio), 50);
        // CPU at 75 % gives 25, memory at 25 % gives 50: 31.25.
        assert_eq!(score(&wants("750m", "256Mi"), &ratio), 31);
        assert_eq!(score(&wants("2", "2Gi"), &ratio), 50);
    }

    #[test]
    fn ignored_resources_need_not_be_there() {
        let requests = json!({"example.com/gpu": "1", "other.org/x": "1"});
        let pod = pod(&json!({"containers": [{"name": "c", "resources": {"requests": requests}}]}));
        assert_eq!(asks(&pod, &small()).expect_err("none").reasons.len(), 2);
        let args = Args::read(&json!({"NodeResourcesFit":
            {"ignoredResources": ["example.com/gpu"], "ignoredResourceGroups": ["other.org"]}}));
        assert_eq!(Requests { wanted: &pod.requests, args: Some(&args) }.filter(&small()), Ok(()));
    }
}
