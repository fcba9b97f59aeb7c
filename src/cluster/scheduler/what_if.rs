//! What if? An attempt thought through again with something changed: by the same code, on a copy of what the scheduler
//! knew when it made the attempt. Nothing is written anywhere.
//!
//! A changed pod or node goes the way that it would go in the API server, as far as one object alone can say: it is
//! decoded, defaulted and validated, and a bad change is refused with the server's words.

mod edit;

pub use self::edit::{Edit, taint_text};

use super::Scheduler;
use super::attempt::recorded;
use super::cycle::{Rate, decide};
use super::framework::Profile;
use super::nodes::Snapshot;
use super::pod::PodInfo;
use crate::api::kinds::{node as nodes, pod as pods};
use crate::api::object::Object;
use crate::api::status::Status;
use crate::api::{Kind, meta_validation};
use crate::cluster::fact::{Attempt, AttemptResult};
use serde_json::Value;
use std::rc::Rc;

/// An attempt that can be thought through again: the pod, and what the scheduler knew.
#[derive(Clone, PartialEq, Debug)]
pub struct Thought {
    was: Rc<Attempt>,
    pod: Object,
    snapshot: Snapshot,
    profile: Profile,
    start: usize,
}

impl Scheduler {
    /// The attempt that it has just made, to be thought through again. `pod`: as it was tried.
    #[must_use]
    pub fn thought(&self, attempt: &Rc<Attempt>, pod: &Object) -> Thought {
        let snapshot = self.nodes.snapshot().clone();
        let first = attempt.nodes.first().and_then(|answer| snapshot.nodes.iter().position(|n| n.name == answer.node));
        Thought {
            was: attempt.clone(),
            pod: pod.clone(),
            profile: self.configuration.named(&attempt.profile).cloned().unwrap_or_default(),
            start: first.unwrap_or(0),
            snapshot,
        }
    }
}

impl Thought {
    /// The attempt as it really was.
    #[must_use]
    pub fn was(&self) -> &Attempt {
        &self.was
    }

    /// The pod as it would be.
    #[must_use]
    pub fn pod(&self) -> &Object {
        &self.pod
    }

    /// The nodes as they would be, in the order in which the scheduler keeps them.
    pub fn nodes(&self) -> impl Iterator<Item = &Object> {
        self.snapshot.nodes.iter().filter_map(|node| node.object())
    }

    /// A node as it would be.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Object> {
        self.snapshot.get(name)?.object()
    }

    /// The pods that the scheduler counts on a node.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &Object> {
        let node = self.snapshot.get(node);
        node.into_iter().flat_map(|node| node.pods.values()).map(|pod| &pod.object)
    }

    /// How much of a resource (thousandths of a core, bytes, whole units) the pod asks for in all, and is free on a node.
    #[must_use]
    pub fn amounts(&self, node: &str, resource: &str) -> Option<(i64, i64)> {
        let (pod, node) = (PodInfo::new(&self.pod)?, self.snapshot.get(node)?);
        let (asked, offered, taken) = (&pod.requests, &node.allocatable, &node.requested);
        Some(match resource {
            "cpu" => (asked.milli_cpu, offered.milli_cpu - taken.milli_cpu),
            "memory" => (asked.memory, offered.memory - taken.memory),
            "ephemeral-storage" => (asked.ephemeral_storage, offered.ephemeral_storage - taken.ephemeral_storage),
            other => (asked.scalar(other), offered.scalar(other) - taken.scalar(other)),
        })
    }

    /// With something changed.
    ///
    /// # Errors
    /// What the API server would say to such an object.
    pub fn with(mut self, edit: &Edit) -> Result<Self, String> {
        if let Edit::Weight { plugin, weight } = edit {
            self.profile.weigh(plugin, *weight);
        } else if let Edit::Leave { node, pod } = edit {
            let uid = self.pods_on(node).find(|other| other.reference() == *pod).map(|pod| pod.uid().to_owned());
            self.snapshot.remove_pod(node, &uid.unwrap_or_default());
        } else if let Some(name) = edit.node() {
            if let Some(node) = self.node(name) {
                let node = changed(&nodes::KIND, node, edit)?;
                self.snapshot.set_node(&node);
            }
        } else {
            self.pod = changed(&pods::KIND, &self.pod, edit)?;
        }
        Ok(self)
    }

    /// What the attempt would be. Of several best nodes the one that was really chosen is said to be chosen: the lot
    /// is not drawn.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        let was = &self.was;
        let Some(pod) = PodInfo::new(&self.pod) else { return (**was).clone() };
        let mut decision = decide(&self.profile, &pod, &self.snapshot, self.start, Rate::Choices);
        let same = |node: &&Rc<str>| matches!(&was.result, AttemptResult::Chosen(chosen) if *chosen == **node);
        let chosen = decision.best.iter().find(same).or(decision.best.first()).cloned();
        let attempt = recorded(&mut decision, &pod, chosen.as_ref());
        let (profile, woken_by) = (was.profile.clone(), was.woken_by.clone());
        Attempt { number: was.number, profile, at: was.at, woken_by, ..attempt }
    }

    /// Whether any node would take the pod.
    #[must_use]
    pub fn fits(&self) -> bool {
        matches!(self.attempt().result, AttemptResult::Chosen(_))
    }
}

fn changed(kind: &'static Kind, old: &Object, edit: &Edit) -> Result<Object, String> {
    let mut value = old.to_value();
    edit.change(&mut value);
    object(kind, old, value)
}

/// A document as the API server would store it in place of the old one, if it would.
fn object(kind: &'static Kind, old: &Object, value: Value) -> Result<Object, String> {
    let mut new = (kind.decode)(value)?;
    (kind.default)(&mut new);
    let mut errors = meta_validation::update(&new, old);
    errors.extend((kind.validate)(&new));
    if errors.is_empty() { Ok(new) } else { Err(Status::invalid(kind, old.name(), &errors).message) }
}
