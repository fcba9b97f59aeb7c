//! `NodePorts`: a host port can be had once. Upstream: `plugins/nodeports/node_ports.go`.

use crate::cluster::scheduler::events::{Action, Change, Interest, Of};
use crate::cluster::scheduler::framework::{Cycle, Filter, Plugin, PreFilter, Refused, Verdict};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::pod::{HostPort, PodInfo};

const REASON: &str = "node(s) didn't have free ports for the requested pod ports";

/// The plugin.
#[derive(Debug)]
pub struct NodePorts;

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn interests(&self) -> &'static [Interest] {
        const { &[Interest { of: Of::Pods, actions: Action::DELETE, hint: freed }, Interest::always(Of::Nodes, Action::ADD)] }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        match cycle.pod.ports.as_slice() {
            [] => PreFilter::Skip,
            ports => PreFilter::Run(Box::new(Wanted(ports))),
        }
    }
}

struct Wanted<'a>(&'a [HostPort]);

impl Filter for Wanted<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let taken = |port: &HostPort| node.used_ports.iter().any(|used| used.conflicts(port));
        if self.0.iter().any(taken) { Err(Refused::unschedulable(REASON)) } else { Ok(()) }
    }
}

/// Whether a pod that has gone held a port that this one wants.
fn freed(pod: &PodInfo, change: &Change) -> bool {
    let Some(gone) = change.old.and_then(PodInfo::new) else { return false };
    gone.pod().node().is_some() && gone.ports.iter().any(|port| pod.ports.iter().any(|mine| mine.conflicts(port)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::{node, pod};
    use serde_json::json;
    use std::rc::Rc;

    #[test]
    fn a_taken_port_refuses() {
        let spec = json!({"containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 8080}]}]});
        let mut node = node(&json!({}), &json!({}), &json!({}));
        let pod = pod(&spec);
        assert_eq!(Wanted(&pod.ports).filter(&node), Ok(()));
        node.add_pod(&Rc::new(pod.clone()));
        assert_eq!(Wanted(&pod.ports).filter(&node), Err(Refused::unschedulable(REASON)));
        node.remove_pod(&pod.uid);
        assert_eq!(Wanted(&pod.ports).filter(&node), Ok(()));
    }
}
