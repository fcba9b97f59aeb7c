//! `NodeResourcesBalancedAllocation`: nodes whose CPU and memory would be used more evenly than before get more points.
//! Upstream: `plugins/noderesources/balanced_allocation.go`.
//!
//! Balance is 100 × (1 − standard deviation of the used fractions). Since v1.36 the score is not the balance itself but
//! how much the pod changes it, around 75.

use crate::cluster::scheduler::framework::{Cycle, Plugin, PreScore, Scorer};
use crate::cluster::scheduler::nodes::NodeInfo;

/// The plugin.
#[derive(Debug)]
pub struct NodeResourcesBalancedAllocation;

impl Plugin for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        let requests = &cycle.pod.requests;
        if requests.milli_cpu == 0 && requests.memory == 0 {
            return PreScore::Skip;
        }
        PreScore::Run(Box::new(Balance { milli_cpu: requests.milli_cpu, memory: requests.memory }))
    }
}

struct Balance {
    milli_cpu: i64,
    memory: i64,
}

impl Scorer for Balance {
    fn score(&self, node: &NodeInfo) -> i64 {
        let (cpu, memory) = (node.requested.milli_cpu, node.requested.memory);
        let offered = [node.allocatable.milli_cpu, node.allocatable.memory];
        let before = balance([cpu, memory], offered);
        let after = balance([cpu + self.milli_cpu, memory + self.memory], offered);
        i64::midpoint(after - before, 150)
    }
}

/// The float arithmetic is upstream's, operation by operation.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as upstream")]
fn balance(used: [i64; 2], offered: [i64; 2]) -> i64 {
    let fraction = |place: usize| {
        let known = offered[place] != 0;
        known.then(|| (used[place] as f64 / offered[place] as f64).min(1.0))
    };
    let deviation = match (fraction(0), fraction(1)) {
        (Some(a), Some(b)) => ((a - b) / 2.0).abs(),
        _ => 0.0,
    };
    ((1.0 - deviation) * 100.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::node;
    use serde_json::json;

    #[test]
    fn a_pod_that_unbalances_an_empty_node_costs_it_points() {
        let node = node(&json!({}), &json!({}), &json!({"allocatable": {"cpu": "1", "memory": "4Gi", "pods": "110"}}));
        let balanced = Balance { milli_cpu: 250, memory: 1 << 30 };
        assert_eq!(balanced.score(&node), 75);
        let lopsided = Balance { milli_cpu: 250, memory: 200 << 20 };
        assert_eq!(lopsided.score(&node), 69);
    }
}
