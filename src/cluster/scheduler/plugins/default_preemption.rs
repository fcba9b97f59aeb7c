//! `DefaultPreemption`: when no node is feasible, looks for a node on which the going of less important pods would make
//! room. Upstream: `plugins/defaultpreemption/default_preemption.go`; the search itself is in
//! [`preemption`](crate::cluster::scheduler::preemption).

use crate::cluster::scheduler::framework::{Cycle, Plugin, PostFilter};
use crate::cluster::scheduler::preemption::{self, Failure};

/// The plugin.
#[derive(Debug)]
pub struct DefaultPreemption;

impl Plugin for DefaultPreemption {
    fn name(&self) -> &'static str {
        "DefaultPreemption"
    }

    fn post_filter(&self, cycle: &Cycle, failure: &Failure) -> Option<PostFilter> {
        if let Some(reason) = preemption::not_eligible(cycle, failure) {
            return Some(PostFilter::NotEligible(reason));
        }
        Some(match preemption::search(cycle, failure) {
            Ok((best, others)) => PostFilter::Nominated(best, others),
            Err(text) => PostFilter::Hopeless(format!("preemption: {text}")),
        })
    }
}
