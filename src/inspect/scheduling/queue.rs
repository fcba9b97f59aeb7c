//! The queues that a pod went through before an attempt, and why it was woken.

use crate::cluster::fact::{Attempt, Fact, Queue};
use crate::inspect::Shown;
use crate::sim::{FactId, Time};

/// So far back (facts) the way is followed.
const REACH: u64 = 50_000;
/// The last so many steps are told.
const STEPS: usize = 6;

/// A pod comes into a queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// When.
    pub at: Time,
    /// The queue.
    pub queue: String,
    /// The event that brought it there, as the scheduler calls it.
    pub event: String,
    /// What that means.
    pub meaning: String,
}

/// The way of a pod through the queues, from the attempt before up to this one.
#[must_use]
pub fn way(shown: &Shown, place: u64, attempt: &Attempt) -> Vec<Step> {
    let mut steps = Vec::new();
    for record in shown.trace.range(place.saturating_sub(REACH), place).rev() {
        match &record.fact {
            Fact::Attempted(before) if before.pod == attempt.pod => break,
            Fact::PodQueued { pod, queue, because } if *pod == attempt.pod => {
                steps.push(step(shown, record.at, *queue, because));
                if steps.len() == STEPS {
                    break;
                }
            }
            _ => {}
        }
    }
    steps.reverse();
    steps
}

/// Where the pod is now, if it waits: after its last attempt.
#[must_use]
pub fn after(shown: &Shown, place: u64, attempt: &Attempt) -> Option<Step> {
    let later = shown.trace.range(FactId(place).0 + 1, shown.trace.head().min(place + REACH));
    let mut found = None;
    for record in later {
        match &record.fact {
            Fact::Attempted(next) if next.pod == attempt.pod => break,
            Fact::PodQueued { pod, queue, because } if *pod == attempt.pod => {
                found = Some(step(shown, record.at, *queue, because));
            }
            _ => {}
        }
    }
    found
}

fn step(shown: &Shown, at: Time, queue: Queue, event: &str) -> Step {
    let queue = match queue {
        Queue::Active => "card-fact-active",
        Queue::Backoff => "card-fact-backoff",
        Queue::Unschedulable => "card-fact-unschedulable",
        Queue::Gated => "card-fact-gated",
    };
    Step { at, queue: shown.text(queue, &[]), event: event.to_owned(), meaning: shown.text(meaning(event), &[]) }
}

/// The sentence for an event of the scheduler's queue.
fn meaning(event: &str) -> &'static str {
    match event {
        "UnschedulablePodAdd" => "woken-new",
        "ScheduleAttemptFailure" => "woken-failed",
        "BackoffComplete" => "woken-backoff",
        "UnschedulableTimeout" => "woken-timeout",
        "NodeAdd" => "woken-node-add",
        "NodeUpdateNodeTaint" => "woken-node-taint",
        "NodeUpdateNodeLabel" => "woken-node-label",
        "NodeUpdateNodeAllocatable" => "woken-node-room",
        "AssignedPodDelete" => "woken-pod-gone",
        other if other.starts_with("AssignedPod") => "woken-pod-placed",
        other if other.starts_with("UnschedulablePod") => "woken-pod-changed",
        _ => "woken-other",
    }
}
