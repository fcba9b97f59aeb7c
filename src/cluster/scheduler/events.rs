//! What happens in the cluster that could make a pod schedulable, under upstream's names.
//!
//! Upstream: `staging/src/k8s.io/kube-scheduler/framework/types.go` (names), `pkg/scheduler/framework/events.go`
//! (what an update means).

use super::args::Args;
use super::pod::PodInfo;
use crate::api::Kind;
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::sim::Order;
use k8s_openapi::api::core::v1 as core;
use std::rc::Rc;

/// A pod's attempt has failed.
pub const SCHEDULE_ATTEMPT_FAILURE: &str = "ScheduleAttemptFailure";
/// A pod's back-off is over.
pub const BACKOFF_COMPLETE: &str = "BackoffComplete";

/// On what something has happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Resource {
    /// A node.
    Node,
    /// A pod that has a node.
    AssignedPod,
    /// A pod without one.
    UnschedulablePod,
    /// An object of another kind.
    Other(&'static Kind),
    /// Everything: pods are moved whatever refused them.
    Any,
}

/// What has happened. A plugin registers several at once with `|`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Action(u16);

impl Action {
    /// It is new.
    pub const ADD: Self = Self(1);
    /// It is gone.
    pub const DELETE: Self = Self(1 << 1);
    /// A node offers something else.
    pub const NODE_ALLOCATABLE: Self = Self(1 << 2);
    /// A node's labels have changed.
    pub const NODE_LABEL: Self = Self(1 << 3);
    /// A node's taints have changed, or it was uncordoned.
    pub const NODE_TAINT: Self = Self(1 << 4);
    /// A node's conditions have changed.
    pub const NODE_CONDITION: Self = Self(1 << 5);
    /// A node's annotations have changed.
    pub const NODE_ANNOTATION: Self = Self(1 << 6);
    /// A pod's labels have changed.
    pub const POD_LABEL: Self = Self(1 << 7);
    /// A pod asks for less.
    pub const POD_SCALE_DOWN: Self = Self(1 << 8);
    /// A pod tolerates more.
    pub const POD_TOLERATIONS: Self = Self(1 << 9);
    /// A pod's last scheduling gate is gone.
    pub const POD_GATES_ELIMINATED: Self = Self(1 << 10);
    /// Something else about a pod has changed.
    pub const POD_OTHER: Self = Self(1 << 11);
    /// An object of another kind has changed.
    pub const UPDATE: Self = Self(1 << 12);

    /// Both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two have something in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn name(self) -> &'static str {
        match self {
            Self::ADD => "Add",
            Self::DELETE => "Delete",
            Self::NODE_ALLOCATABLE => "UpdateNodeAllocatable",
            Self::NODE_LABEL => "UpdateNodeLabel",
            Self::NODE_TAINT => "UpdateNodeTaint",
            Self::NODE_CONDITION => "UpdateNodeCondition",
            Self::NODE_ANNOTATION => "UpdateNodeAnnotation",
            Self::POD_LABEL => "UpdatePodLabel",
            Self::POD_SCALE_DOWN => "UpdatePodScaleDown",
            Self::POD_TOLERATIONS => "UpdatePodTolerations",
            Self::POD_GATES_ELIMINATED => "UpdatePodSchedulingGatesEliminated",
            _ => "Update",
        }
    }
}

/// One thing that happened. Upstream: `ClusterEvent`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ClusterEvent {
    /// On what.
    pub resource: Resource,
    /// What: exactly one action.
    pub action: Action,
}

impl ClusterEvent {
    /// A pod has waited so long that it is tried again whatever happened.
    pub const UNSCHEDULABLE_TIMEOUT: Self = Self { resource: Resource::Any, action: Action::POD_OTHER };

    /// An event.
    #[must_use]
    pub const fn new(resource: Resource, action: Action) -> Self {
        Self { resource, action }
    }

    /// Upstream's name for it, such as `NodeAdd` or `AssignedPodDelete`.
    #[must_use]
    pub fn label(&self) -> Rc<str> {
        let resource = match self.resource {
            Resource::Node => "Node",
            Resource::AssignedPod => "AssignedPod",
            Resource::UnschedulablePod => "UnschedulablePod",
            Resource::Other(kind) => kind.kind,
            Resource::Any => return "UnschedulableTimeout".into(),
        };
        format!("{resource}{}", self.action.name()).into()
    }
}

/// An event with its object before and after.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What it is.
    pub event: ClusterEvent,
    /// Before; `None`: it is new.
    pub old: Option<&'a Object>,
    /// After; `None`: it is gone.
    pub new: Option<&'a Object>,
    /// The arguments of the plugins that are asked.
    pub args: Option<&'a Args>,
}

impl<'a> Change<'a> {
    /// Something has come (no old object), gone (no new one), or become another.
    #[must_use]
    pub fn new(resource: Resource, action: Action, old: Option<&'a Object>, new: Option<&'a Object>) -> Self {
        Self { event: ClusterEvent::new(resource, action), old, new, args: None }
    }

    /// The pod before.
    #[must_use]
    pub fn old_pod(&self) -> Option<&'a Pod> {
        self.old?.get()
    }

    /// Whether it is the given pod itself that has changed.
    #[must_use]
    pub fn is_about(&self, pod: &PodInfo) -> bool {
        self.new.or(self.old).is_some_and(|object| object.uid() == &*pod.uid)
    }
}

/// What a plugin wants to hear of: a pod that it has refused may be schedulable after such an event, if the hint says
/// so. Upstream: `ClusterEventWithHint`.
#[derive(Clone, Copy, Debug)]
pub struct Interest {
    /// Nodes, or pods.
    pub of: Of,
    /// What.
    pub actions: Action,
    /// Whether this very change can help this pod.
    pub hint: fn(&PodInfo, &Change) -> bool,
}

/// What an [`Interest`] is in: plugins do not tell assigned pods from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
    /// Objects of another kind.
    Other(&'static Kind),
}

impl Interest {
    /// An interest whose every event is worth a try.
    #[must_use]
    pub const fn always(of: Of, actions: Action) -> Self {
        Self { of, actions, hint: |_, _| true }
    }

    /// Whether the event is of this kind.
    #[must_use]
    pub fn covers(&self, event: ClusterEvent) -> bool {
        let of = match event.resource {
            Resource::Node => self.of == Of::Nodes,
            Resource::AssignedPod | Resource::UnschedulablePod => self.of == Of::Pods,
            Resource::Other(kind) => self.of == Of::Other(kind),
            Resource::Any => false,
        };
        of && self.actions.meets(event.action)
    }
}

/// What an update of a node means for scheduling. Upstream: `NodeSchedulingPropertiesChange`.
#[must_use]
pub fn node_changes(old: &Object, new: &Object) -> Vec<ClusterEvent> {
    let (Some(old_node), Some(new_node)) = (old.get::<core::Node>(), new.get::<core::Node>()) else {
        return Vec::new();
    };
    let cordoned = |node: &core::Node| node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or(false);
    let taints = |node: &core::Node| node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let allocatable = |node: &core::Node| node.status.as_ref().and_then(|status| status.allocatable.clone());
    let changes = [
        (cordoned(old_node) && !cordoned(new_node), Action::NODE_TAINT),
        (allocatable(old_node) != allocatable(new_node), Action::NODE_ALLOCATABLE),
        (old.meta().labels != new.meta().labels, Action::NODE_LABEL),
        (taints(old_node) != taints(new_node), Action::NODE_TAINT),
        (conditions(old_node) != conditions(new_node), Action::NODE_CONDITION),
        (old.meta().annotations != new.meta().annotations, Action::NODE_ANNOTATION),
    ];
    let seen = changes.into_iter().filter(|(changed, _)| *changed);
    seen.map(|(_, action)| ClusterEvent::new(Resource::Node, action)).collect()
}

fn conditions(node: &core::Node) -> Vec<(&str, &str)> {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let mut pairs: Vec<_> = conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str())).collect();
    pairs.order();
    pairs
}

/// What an update of a pod means for scheduling. Upstream: `PodSchedulingPropertiesChange`.
#[must_use]
pub fn pod_changes(old: &PodInfo, new: &PodInfo) -> Vec<ClusterEvent> {
    let resource = if new.pod().node().is_some() { Resource::AssignedPod } else { Resource::UnschedulablePod };
    let gates = |pod: &PodInfo| pod.spec().scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    let changes = [
        (old.object.meta().labels != new.object.meta().labels, Action::POD_LABEL),
        (asks_less(old, new), Action::POD_SCALE_DOWN),
        (gates(old) && !gates(new), Action::POD_GATES_ELIMINATED),
        (old.tolerations().len() != new.tolerations().len(), Action::POD_TOLERATIONS),
    ];
    let mut events: Vec<_> =
        changes.into_iter().filter(|(changed, _)| *changed).map(|(_, a)| ClusterEvent::new(resource, a)).collect();
    if events.is_empty() {
        events.push(ClusterEvent::new(resource, Action::POD_OTHER));
    }
    events
}

fn asks_less(old: &PodInfo, new: &PodInfo) -> bool {
    let (before, after) = (&old.requests, &new.requests);
    before.milli_cpu > after.milli_cpu
        || before.memory > after.memory
        || before.ephemeral_storage > after.ephemeral_storage
        || before.scalar.iter().any(|(name, amount)| *amount > after.scalar(name))
}

#[cfg(test)]
mod tests {
    use super::super::testing::object;
    use super::*;
    use serde_json::json;

    #[test]
    fn updates_have_upstreams_names() {
        let node = |cpu: &str, cordoned: bool, ready: &str| {
            object(
                "Node",
                json!({"metadata": {"name": "n"}, "spec": {"unschedulable": cordoned}, "status": {
                "allocatable": {"cpu": cpu}, "conditions": [{"type": "Ready", "status": ready}]}}),
            )
        };
        let labels = |old: &Object, new: &Object| -> Vec<String> {
            node_changes(old, new).iter().map(|event| event.label().to_string()).collect()
        };
        let first = node("1", true, "False");
        assert_eq!(
            labels(&first, &node("2", false, "True")),
            ["NodeUpdateNodeTaint", "NodeUpdateNodeAllocatable", "NodeUpdateNodeCondition"]
        );
        assert!(labels(&first, &first).is_empty());
        assert_eq!(&*ClusterEvent::new(Resource::AssignedPod, Action::DELETE).label(), "AssignedPodDelete");
        assert_eq!(&*ClusterEvent::UNSCHEDULABLE_TIMEOUT.label(), "UnschedulableTimeout");
    }
}
