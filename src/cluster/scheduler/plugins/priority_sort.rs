//! `PrioritySort`: pods of higher priority first. Upstream: `plugins/queuesort/priority_sort.go`.

use crate::cluster::scheduler::framework::Plugin;
use crate::cluster::scheduler::pod::PodInfo;

/// The plugin.
#[derive(Debug)]
pub struct PrioritySort;

impl Plugin for PrioritySort {
    fn name(&self) -> &'static str {
        "PrioritySort"
    }

    fn sort_key(&self, pod: &PodInfo) -> Option<i64> {
        Some(-i64::from(pod.priority()))
    }
}
