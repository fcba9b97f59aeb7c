//! `DynamicResources`: devices that pods claim. No claims are modelled, so it skips every pod, gives no points, and when
//! nothing fits it says what it always says then. Upstream: `plugins/dynamicresources/dynamicresources.go`.

use crate::cluster::scheduler::framework::{Cycle, Plugin, PostFilter, PreFilter, PreScore, Scorer};
use crate::cluster::scheduler::nodes::NodeInfo;
use crate::cluster::scheduler::preemption::Failure;

/// The plugin.
#[derive(Debug)]
pub struct DynamicResources;

impl Plugin for DynamicResources {
    fn name(&self) -> &'static str {
        "DynamicResources"
    }

    fn pre_filter<'a>(&self, _cycle: &Cycle<'a>) -> PreFilter<'a> {
        PreFilter::Skip
    }

    /// When another plugin has refused the pod before any node was asked, this one's `PreFilter` never ran, and what it
    /// would have kept is missing (`getStateData`): the real one fails, too.
    fn post_filter(&self, _cycle: &Cycle, failure: &Failure) -> Option<PostFilter> {
        let unprepared = failure.pre_filter.is_some_and(|refusal| !refusal.reasons.is_empty());
        Some(if unprepared {
            PostFilter::Failed("not found")
        } else {
            PostFilter::Unschedulable("no new claims to deallocate".to_owned())
        })
    }

    fn pre_score<'a>(&self, _cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        PreScore::Run(Box::new(NoPoints))
    }
}

struct NoPoints;

impl Scorer for NoPoints {
    fn score(&self, _node: &NodeInfo) -> i64 {
        0
    }
}
