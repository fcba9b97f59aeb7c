//! `NodeResourcesBalancedAllocation`: nodes whose CPU and memory would be used more evenly than before get more points.
//! Upstream: `plugins/noderesources/balanced_allocation.go`.
//!
//! Balance is 100 × (1 − standard deviation of the used fractions). Since v1.36 the score is not the balance itself but
//! how much the pod changes it, around 75.

use crate::cluster::scheduler::framework::{Cycle, Plugin, PreScore, Scorer};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::Resource;

/// The plugin.
#[derive(Debug)]
pub struct NodeResourcesBalancedAllocation;

impl Plugin for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        let wanted = |of: &Resource| (of.clone(), cycle.pod.requests.amount(of));
        let wanted: Vec<_> = cycle.args.balanced.iter().map(wanted).collect();
        if wanted.iter().all(|(_, amount)| *amount == 0) {
            return PreScore::Skip;
        }
        PreScore::Run(Box::new(Balance(wanted)))
    }
}

/// What the pod requests of each resource.
struct Balance(Vec<(Resource, i64)>);

impl Balance {
    /// The used parts of what the node offers. `more`: with the pod.
    #[expect(clippy::cast_precision_loss, reason = "as upstream")]
    fn parts<'a>(&'a self, node: &'a NodeInfo, more: bool) -> impl Iterator<Item = f64> + 'a {
        self.0.iter().filter_map(move |(of, wanted)| {
            // Of an extended resource that the pod does not want it does not matter how it is used.
            let counts = *wanted != 0 || !matches!(of, Resource::Scalar(_));
            let offered = node.allocatable.amount(of);
            let used = node.requested.amount(of) + if more { *wanted } else { 0 };
            (counts && offered != 0).then(|| (used as f64 / offered as f64).min(1.0))
        })
    }

    /// The float arithmetic is upstream's, operation by operation.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as upstream")]
    fn of(&self, node: &NodeInfo, more: bool) -> i64 {
        let mut parts = self.parts(node, more);
        let deviation = match (parts.next(), parts.next(), parts.next()) {
            (_, None, _) => 0.0,
            (Some(a), Some(b), None) => ((a - b) / 2.0).abs(),
            _ => {
                let count = self.parts(node, more).count() as f64;
                let mean = self.parts(node, more).sum::<f64>() / count;
                let squares: f64 = self.parts(node, more).map(|part| (part - mean) * (part - mean)).sum();
                (squares / count).sqrt()
            }
        };
        ((1.0 - deviation) * 100.0) as i64
    }
}

impl Scorer for Balance {
    fn score(&self, node: &NodeInfo) -> i64 {
        i64::midpoint(self.of(node, true) - self.of(node, false), 150)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::node;
    use serde_json::json;

    #[test]
    fn a_pod_that_unbalances_an_empty_node_costs_it_points() {
        let node = node(&json!({}), &json!({}), &json!({"allocatable": {"cpu": "1", "memory": "4Gi", "pods": "110"}}));
        let balanced = Balance(vec![(Resource::Cpu, 250), (Resource::Memory, 1 << 30)]);
        assert_eq!(balanced.score(&node), 75);
        let lopsided = Balance(vec![(Resource::Cpu, 250), (Resource::Memory, 200 << 20)]);
        assert_eq!(lopsided.score(&node), 69);
        let allocatable = json!({"cpu": "1", "memory": "4Gi", "example.com/gpu": "4"});
        let node = super::super::super::testing::node(&json!({}), &json!({}), &json!({"allocatable": allocatable}));
        let three = [("cpu", 500), ("memory", 1 << 30), ("example.com/gpu", 3)];
        let three = Balance(three.map(|(name, amount)| (Resource::from(name), amount)).to_vec());
        // Fractions 0.5, 0.25, 0.75: the deviation is 0.204.
        assert_eq!(three.of(&node, true), 79);
    }
}
