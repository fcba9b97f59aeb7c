//! `TaintToleration`: `NoSchedule` and `NoExecute` taints keep pods away that do not tolerate them; `PreferNoSchedule`
//! taints only cost points. Upstream: `plugins/tainttoleration/taint_toleration.go`.

use crate::api::object::Object;
use crate::api::pod::placing::{tolerates, untolerated, value};
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{
    Cycle, Filter, Plugin, PreFilter, PreScore, Refused, Scorer, Verdict, default_normalize,
};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::PodInfo;
use k8s_openapi::api::core::v1 as core;

const REASON: &str = "node(s) had untolerated taint(s)";

/// The plugin.
#[derive(Debug)]
pub struct TaintToleration;

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn interests(&self) -> &'static [Interest] {
        const {
            &[
                Interest { of: Of::Nodes, actions: Action::ADD.or(Action::NODE_TAINT), hint: became_tolerable },
                Interest { of: Of::Pods, actions: Action::POD_TOLERATIONS, hint: |pod, change| change.is_about(pod) },
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        PreFilter::Run(Box::new(Tolerated(cycle.pod.tolerations())))
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        PreScore::Run(Box::new(Tolerated(cycle.pod.tolerations())))
    }
}

/// The pod's tolerations.
struct Tolerated<'a>(&'a [core::Toleration]);

impl Filter for Tolerated<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if untolerated(self.0, node.taints()) { Err(Refused::unresolvable(REASON)) } else { Ok(()) }
    }
}

impl Scorer for Tolerated<'_> {
    /// How many `PreferNoSchedule` taints are not tolerated.
    fn score(&self, node: &NodeInfo) -> i64 {
        let disliked = node.taints().iter().filter(|taint| taint.effect == "PreferNoSchedule");
        let count = disliked.filter(|taint| !tolerates(self.0, &taint.key, value(taint), &taint.effect)).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    fn normalize(&self, scores: &mut [i64]) {
        default_normalize(scores, true);
    }
}

fn became_tolerable(pod: &PodInfo, change: &Change) -> bool {
    let bad = |object: &Object| {
        let spec = object.get::<core::Node>().and_then(|node| node.spec.as_ref());
        untolerated(pod.tolerations(), spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default())
    };
    change.old.is_none_or(bad) && change.new.is_some_and(|new| !bad(new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, pod};
    use serde_json::json;

    #[test]
    fn hard_taints_refuse_and_soft_ones_count() {
        let tainted = node(
            &json!({}),
            &json!({"taints": [
                {"key": "gpu", "value": "true", "effect": "NoSchedule"},
                {"key": "slow", "effect": "PreferNoSchedule"}, {"key": "old", "effect": "PreferNoSchedule"}]}),
            &json!({}),
        );
        let tolerations = json!({"containers": [], "tolerations": [
            {"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}, {"key": "old", "operator": "Exists"}]});
        let tolerant = pod(&tolerations);
        assert_eq!(Tolerated(&[]).filter(&tainted), Err(Refused::unresolvable(REASON)));
        assert_eq!(Tolerated(tolerant.tolerations()).filter(&tainted), Ok(()));
        assert_eq!((Tolerated(&[]).score(&tainted), Tolerated(tolerant.tolerations()).score(&tainted)), (2, 1));
    }
}
