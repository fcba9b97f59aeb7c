//! `NodeDeclaredFeatures`: a pod that needs a feature of the kubelet goes to nodes that declare it. No feature that a pod
//! could need is modelled, so it skips every pod. Upstream: `plugins/nodedeclaredfeatures/nodedeclaredfeatures.go`.

use crate::cluster::scheduler::framework::{Cycle, Plugin, PreFilter};

/// The plugin.
#[derive(Debug)]
pub struct NodeDeclaredFeatures;

impl Plugin for NodeDeclaredFeatures {
    fn name(&self) -> &'static str {
        "NodeDeclaredFeatures"
    }

    fn pre_filter<'a>(&self, _cycle: &Cycle<'a>) -> PreFilter<'a> {
        PreFilter::Skip
    }
}
