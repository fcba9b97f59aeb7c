//! "Why?": from any object or fact back to what a person did, nearest cause first.

use super::fact::{Attempt, AttemptResult, Fact};
use super::view::{ContainerLook, PodView};
use super::wire::{Address, Change};
use crate::api::object::ObjectRef;
use crate::sim::{FactId, Record, Trace};
use std::rc::Rc;

/// The steps that led to the last change of an object, nearest first, ending with what a person did (or with the
/// boot). Only steps that mean something to a person: writes, decisions, starts, inputs; not each gate and pulse.
#[must_use]
pub fn why(trace: &Trace<Fact>, object: &ObjectRef) -> Vec<FactId> {
    last_change(trace, object, 0).map_or_else(Vec::new, |id| chain(trace, id))
}

/// The same for one fact, itself first.
#[must_use]
pub fn chain(trace: &Trace<Fact>, id: FactId) -> Vec<FactId> {
    let mut found = Vec::new();
    let mut next = trace.get(id);
    while let Some(record) = next {
        if is_step(&record.fact) {
            found.push(record.id);
        }
        next = latest_on_ship(trace, record).or_else(|| trace.get(record.cause?));
    }
    found
}

/// A kubelet looks at its pods in rounds: what it reports, or waits for, follows from the latest thing that happened to
/// the pod, also when the round itself began because of an earlier one.
fn latest_on_ship<'a>(trace: &'a Trace<Fact>, record: &Record<Fact>) -> Option<&'a Record<Fact>> {
    let pod = match &record.fact {
        Fact::Committed { call, object, .. } if matches!(call.from, Address::Kubelet(_)) => object,
        Fact::BackOff { pod, .. } => pod,
        _ => return None,
    };
    let begun = trace.causes(record.id).find(|cause| is_step(&cause.fact))?.id;
    let mut since = trace.range(begun.0 + 1, record.id.0).rev();
    since.find(|other| is_step(&other.fact) && pod_on_ship(&other.fact).is_some_and(|other| *other == **pod))
}

/// The last change of an object at place `from` or later, up to the present moment: what was written of it, and of a pod
/// also what happened to it on its ship. Routine (leases, heartbeats) does not count.
#[must_use]
pub fn last_change(trace: &Trace<Fact>, object: &ObjectRef, from: u64) -> Option<FactId> {
    let changes = |record: &&Record<Fact>| match &record.fact {
        Fact::Committed { object: other, ambient, .. } => !ambient && **other == *object,
        fact => is_step(fact) && pod_on_ship(fact).is_some_and(|pod| *pod == *object),
    };
    trace.range(from, trace.head()).rev().find(changes).map(|record| record.id)
}

/// The pod to which something has happened on a ship.
#[must_use]
pub fn pod_on_ship(fact: &Fact) -> Option<&ObjectRef> {
    match fact {
        Fact::PodAccepted { pod, .. }
        | Fact::PodRefused { pod, .. }
        | Fact::SandboxReady { pod, .. }
        | Fact::Pulling { pod, .. }
        | Fact::Pulled { pod, .. }
        | Fact::PullFailed { pod, .. }
        | Fact::ContainerStarted { pod, .. }
        | Fact::StartFailed { pod, .. }
        | Fact::ContainerExited { pod, .. }
        | Fact::BackOff { pod, .. }
        | Fact::Probed { pod, .. }
        | Fact::PodStopping { pod, .. }
        | Fact::ContainerKilled { pod, .. }
        | Fact::VolumeWritten { pod, .. }
        | Fact::Resized { pod, .. }
        | Fact::PodStopped { pod, .. } => Some(pod),
        _ => None,
    }
}

/// The creation of an object, the latest if it was created several times.
#[must_use]
pub fn creation(trace: &Trace<Fact>, object: &ObjectRef) -> Option<FactId> {
    let created = |record: &&Record<Fact>| matches!(&record.fact, Fact::Committed { object: o, change: Change::Created, .. } if **o == *object);
    trace.range(0, trace.head()).rev().find(created).map(|record| record.id)
}

/// The last attempt to schedule a pod.
#[must_use]
pub fn last_attempt(trace: &Trace<Fact>, pod: &ObjectRef) -> Option<Rc<Attempt>> {
    trace.range(0, trace.head()).rev().find_map(|record| match &record.fact {
        Fact::Attempted(attempt) if *attempt.pod == *pod => Some(attempt.clone()),
        _ => None,
    })
}

/// Whether a fact is a step of an explanation.
fn is_step(fact: &Fact) -> bool {
    match fact {
        Fact::Gate { refused, .. } => refused.is_some(),
        Fact::Reconciled { writes, .. } => *writes > 0,
        Fact::Requested { .. }
        | Fact::Answered { .. }
        | Fact::Watched { .. }
        | Fact::WatchOpened { .. }
        | Fact::WatchLost { .. }
        | Fact::Answer { .. }
        | Fact::PodQueued { .. } => false,
        Fact::Probed { turned, .. } => *turned,
        _ => true,
    }
}

/// What a pod lacks to be Running and Ready, and whose move it is.
#[derive(Clone, PartialEq, Debug)]
pub enum Missing {
    /// Nothing: it is Ready, or it has ended as it should.
    Nothing,
    /// A node. The scheduler has not looked at it yet.
    Attempt,
    /// A node. The scheduler's last attempt found none.
    Node(Rc<Attempt>),
    /// Its kubelet has not taken it on: the node does not answer.
    Kubelet(Rc<str>),
    /// A container waits, for the reason given (may be empty: it is being created).
    Container {
        /// Its name.
        name: Rc<str>,
        /// `ContainerCreating`, `ImagePullBackOff`, `CrashLoopBackOff` …
        reason: Rc<str>,
    },
    /// A container runs but is not ready: its readiness probe has not succeeded.
    Readiness(Rc<str>),
    /// It is being deleted.
    Terminating,
    /// It has failed for good.
    Failed(Rc<str>),
}

/// What a pod lacks.
#[must_use]
pub fn missing(trace: &Trace<Fact>, pod: &PodView) -> Missing {
    if pod.deadline.is_some() {
        return Missing::Terminating;
    }
    if pod.ready || &*pod.phase == "Succeeded" {
        return Missing::Nothing;
    }
    if &*pod.phase == "Failed" {
        return Missing::Failed(pod.reason.clone());
    }
    if pod.node.is_empty() {
        return match last_attempt(trace, &pod.object) {
            Some(attempt) if !matches!(attempt.result, AttemptResult::Chosen(_)) => Missing::Node(attempt),
            _ => Missing::Attempt,
        };
    }
    for container in &pod.containers {
        match &container.state {
            ContainerLook::Waiting(reason) => {
                return Missing::Container { name: container.name.clone(), reason: reason.clone() };
            }
            ContainerLook::Running if !container.init && !container.ready => {
                return Missing::Readiness(container.name.clone());
            }
            ContainerLook::Terminated(code, reason) if !container.init || *code != 0 => {
                return Missing::Container { name: container.name.clone(), reason: reason.clone() };
            }
            _ => {}
        }
    }
    Missing::Kubelet(pod.node.clone())
}
