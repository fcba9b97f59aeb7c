//! `NodeResourcesBalancedAllocation`: nodes whose CPU and memory would be used more evenly than before get more points.
//! Upstream: `plugins/noderesources/balanced_allocation.go`.
//!
//! Balance is 100 × (1 − standard deviation of the used fractions). Since v1.36 the score is not the balance itself but
//! how much the pod changes it, around 75.

use crate::cluster::scheduler::framework::{Cycle, Plugin, PreScore, Scorer};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::Resources;
use std::rc::Rc;

/// The plugin.
#[derive(Debug)]
pub struct NodeResourcesBalancedAllocation;

impl Plugin for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        let wanted = |name: &Rc<str>| (name.clone(), amount(&cycle.pod.requests, name));
        let wanted: Vec<_> = cycle.args.balanced.iter().map(wanted).collect();
        if wanted.iter().all(|(_, amount)| *amount == 0) {
            return PreScore::Skip;
        }
        PreScore::Run(Box::new(Balance(wanted)))
    }
}

fn amount(resources: &Resources, name: &str) -> i64 {
    match name {
        "cpu" => resources.milli_cpu,
        "memory" => resources.memory,
        "ephemeral-storage" => resources.ephemeral_storage,
        name => resources.scalar(name),
    }
}

/// What the pod requests of each resource.
struct Balance(Vec<(Rc<str>, i64)>);

impl Balance {
    /// `more`: with the pod. The float arithmetic is upstream's, operation by operation.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as upstream")]
    fn of(&self, node: &NodeInfo, more: bool) -> i64 {
        let fraction = |(name, wanted): &(Rc<str>, i64)| {
            // Of an extended resource that the pod does not want it does not matter how it is used.
            let counts = *wanted != 0 || matches!(&**name, "cpu" | "memory" | "ephemeral-storage");
            let offered = amount(&node.allocatable, name);
            let used = amount(&node.requested, name) + if more { *wanted } else { 0 };
            (counts && offered != 0).then(|| (used as f64 / offered as f64).min(1.0))
        };
        let fractions: Vec<f64> = self.0.iter().filter_map(fraction).collect();
        let deviation = match fractions[..] {
            [] | [_] => 0.0,
            [a, b] => ((a - b) / 2.0).abs(),
            _ => {
                let count = fractions.len() as f64;
                let mean = fractions.iter().sum::<f64>() / count;
                let squares: f64 = fractions.iter().map(|part| (part - mean) * (part - mean)).sum();
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
        let balanced = Balance(vec![("cpu".into(), 250), ("memory".into(), 1 << 30)]);
        assert_eq!(balanced.score(&node), 75);
        let lopsided = Balance(vec![("cpu".into(), 250), ("memory".into(), 200 << 20)]);
        assert_eq!(lopsided.score(&node), 69);
        let allocatable = json!({"cpu": "1", "memory": "4Gi", "example.com/gpu": "4"});
        let node = super::super::super::testing::node(&json!({}), &json!({}), &json!({"allocatable": allocatable}));
        let three = [("cpu", 500), ("memory", 1 << 30), ("example.com/gpu", 3)];
        let three = Balance(three.map(|(name, amount)| (name.into(), amount)).to_vec());
        // Fractions 0.5, 0.25, 0.75: the deviation is 0.204.
        assert_eq!(three.of(&node, true), 79);
    }
}
