//! `NodeResourcesFit`: what the pod requests must still be free; nodes with more left over get more points
//! (`LeastAllocated` with CPU and memory of weight 1 each).
//! Upstream: `plugins/noderesources/fit.go`, `least_allocated.go`, `resource_allocation.go`.

use crate::api::object::Object;
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{
    Cycle, Filter, MAX_NODE_SCORE, Plugin, PreFilter, PreScore, Refused, Scorer, Verdict,
};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::{PodInfo, Resources};
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
        PreFilter::Run(Box::new(Requests(&cycle.pod.requests)))
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        PreScore::Run(Box::new(LeastAllocated(cycle.pod.containers_non_zero)))
    }
}

struct Requests<'a>(&'a Resources);

impl Filter for Requests<'_> {
    /// Upstream: `fitsRequest`. What the node could not offer even if it were empty cannot be resolved.
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let mut reasons: Vec<Cow<'static, str>> = Vec::new();
        let mut resolvable = true;
        if i64::try_from(node.pods.len()).unwrap_or(i64::MAX) >= node.allowed_pods {
            reasons.push("Too many pods".into());
        }
        let (wanted, offered, taken) = (self.0, &node.allocatable, &node.requested);
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
        for (name, wanted) in wanted.scalar.iter().filter(|(_, wanted)| **wanted != 0) {
            if *wanted > offered.scalar(name) - taken.scalar(name) {
                reasons.push(format!("Insufficient {name}").into());
                resolvable &= *wanted <= offered.scalar(name);
            }
        }
        if reasons.is_empty() { Ok(()) } else { Err(Refused { resolvable, reasons }) }
    }
}

/// CPU and memory that the pod counts with.
struct LeastAllocated((i64, i64));

impl Scorer for LeastAllocated {
    fn score(&self, node: &NodeInfo) -> i64 {
        let (cpu, memory) = (node.allocatable.milli_cpu, node.allocatable.memory);
        let parts = [(cpu, node.non_zero.0 + self.0.0), (memory, node.non_zero.1 + self.0.1)];
        let offered = parts.into_iter().filter(|(capacity, _)| *capacity != 0);
        let (sum, count) =
            offered.fold((0, 0), |(sum, count), (capacity, used)| (sum + free(capacity, used), count + 1));
        if count == 0 { 0 } else { sum / count }
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
    more && Requests(&pod.requests).filter(&new).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, pod};
    use serde_json::json;
    use std::rc::Rc;

    fn small() -> NodeInfo {
        let allocatable = json!({"cpu": "1", "memory": "1Gi", "pods": "1", "ephemeral-storage": "1Gi"});
        node(&json!({}), &json!({}), &json!({"allocatable": allocatable}))
    }

    fn wants(cpu: &str, memory: &str) -> PodInfo {
        pod(&json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]}))
    }

    #[test]
    fn all_reasons_are_given_in_upstreams_order() {
        let mut node = small();
        node.add_pod(&Rc::new(wants("600m", "512Mi")));
        let refused = Requests(&wants("500m", "600Mi").requests).filter(&node).expect_err("too much");
        assert_eq!(refused.reasons, ["Too many pods", "Insufficient cpu", "Insufficient memory"]);
        assert!(refused.resolvable);
        assert!(!Requests(&wants("2", "0").requests).filter(&node).expect_err("too much").resolvable);
        assert!(Requests(&wants("1", "1Gi").requests).filter(&small()).is_ok());
    }

    #[test]
    fn scores_are_the_mean_of_what_is_left() {
        assert_eq!(LeastAllocated(wants("250m", "256Mi").non_zero).score(&small()), 75);
        assert_eq!(LeastAllocated(wants("2", "512Mi").non_zero).score(&small()), 25);
    }
}
