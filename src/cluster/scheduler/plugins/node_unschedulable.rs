//! `NodeUnschedulable`: cordoned nodes take no pods but those that tolerate it.
//! Upstream: `plugins/nodeunschedulable/node_unschedulable.go`.

use crate::api::object::Object;
use crate::api::pod::placing::tolerates;
use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{Cycle, Filter, Plugin, PreFilter, Refused, Verdict};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::PodInfo;
use k8s_openapi::api::core::v1 as core;

const REASON: &str = "node(s) were unschedulable";

/// The plugin.
#[derive(Debug)]
pub struct NodeUnschedulable;

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn interests(&self) -> &'static [Interest] {
        const {
            &[
                Interest { of: Of::Nodes, actions: Action::ADD.or(Action::NODE_TAINT), hint: uncordoned },
                Interest {
                    of: Of::Pods,
                    actions: Action::POD_TOLERATIONS,
                    hint: |pod, change| change.is_about(pod) && tolerates_cordon(pod.tolerations()),
                },
            ]
        }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        PreFilter::Run(Box::new(Cordon { tolerated: tolerates_cordon(cycle.pod.tolerations()) }))
    }
}

struct Cordon {
    tolerated: bool,
}

impl Filter for Cordon {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if node.unschedulable && !self.tolerated { Err(Refused::unresolvable(REASON)) } else { Ok(()) }
    }
}

fn tolerates_cordon(tolerations: &[core::Toleration]) -> bool {
    tolerates(tolerations, "node.kubernetes.io/unschedulable", "", "NoSchedule")
}

fn uncordoned(_: &PodInfo, change: &Change) -> bool {
    let cordoned = |object: Option<&Object>| {
        let spec = object.and_then(|object| object.get::<core::Node>()).and_then(|node| node.spec.as_ref());
        spec.and_then(|spec| spec.unschedulable).unwrap_or(false)
    };
    !cordoned(change.new) && (change.old.is_none() || cordoned(change.old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, pod};
    use serde_json::json;

    #[test]
    fn a_cordoned_node_takes_only_pods_that_tolerate_it() {
        let cordoned = node(&json!({}), &json!({"unschedulable": true}), &json!({}));
        let filter = |pod: &PodInfo| Cordon { tolerated: tolerates_cordon(pod.tolerations()) }.filter(&cordoned);
        assert_eq!(filter(&pod(&json!({"containers": []}))), Err(Refused::unresolvable(REASON)));
        let tolerant = json!({"containers": [], "tolerations": [{"operator": "Exists"}]});
        assert_eq!(filter(&pod(&tolerant)), Ok(()));
    }
}
