//! `NodeName`: a pod that already names its node fits no other. Upstream: `plugins/nodename/node_name.go`.

use crate::cluster::scheduler::events::{Action, Interest, Of};
use crate::cluster::scheduler::framework::{Cycle, Filter, Plugin, PreFilter, Refused, Verdict};
use crate::cluster::scheduler::nodes::NodeInfo;

/// The plugin.
#[derive(Debug)]
pub struct NodeName;

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn interests(&self) -> &'static [Interest] {
        const { &[Interest::always(Of::Nodes, Action::ADD)] }
    }

    fn pre_filter<'a>(&self, cycle: &Cycle<'a>) -> PreFilter<'a> {
        PreFilter::Run(Box::new(Named(cycle.pod.pod().node().unwrap_or_default())))
    }
}

/// The name that the pod gives, or nothing.
struct Named<'a>(&'a str);

impl Filter for Named<'_> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if self.0.is_empty() || *self.0 == *node.name {
            Ok(())
        } else {
            Err(Refused::unresolvable("node(s) didn't match the requested node name"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_node_fits() {
        let node = NodeInfo::new("a".into());
        assert_eq!(Named("").filter(&node), Ok(()));
        assert_eq!(Named("a").filter(&node), Ok(()));
        assert!(Named("b").filter(&node).is_err());
    }
}
