//! Pods for which room is being made on a node. Upstream: `pkg/scheduler/backend/queue/nominator.go`.

use super::pod::PodInfo;
use crate::sim::Map;
use std::rc::Rc;

/// The pods without a node that are nominated for one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Nominations {
    /// The node of each, by the pod's uid.
    nodes: Map<Rc<str>, Rc<str>>,
    /// With their priorities, so that those that do not matter need not be looked at.
    on: Map<Rc<str>, Vec<(i32, Rc<PodInfo>)>>,
}

impl Nominations {
    /// Notes for which node a pod is nominated.
    pub fn add(&mut self, pod: &Rc<PodInfo>, node: &str) {
        self.remove(&pod.uid);
        self.nodes.insert(pod.uid.clone(), node.into());
        self.on.get_or_default(node.into()).push((pod.priority(), pod.clone()));
    }

    /// Forgets for which node a pod was nominated.
    pub fn remove(&mut self, uid: &str) {
        let Some(node) = self.nodes.remove(uid) else { return };
        let Some(pods) = self.on.get_mut(&*node) else { return };
        pods.retain(|(_, pod)| *pod.uid != *uid);
        if pods.is_empty() {
            self.on.remove(&*node);
        }
    }

    /// The pods that are nominated for a node, with their priorities.
    #[must_use]
    pub fn on(&self, node: &str) -> &[(i32, Rc<PodInfo>)] {
        // Each node is asked for, and mostly there are none at all.
        if self.on.is_empty() {
            return &[];
        }
        self.on.get(node).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::pod;
    use super::*;

    #[test]
    fn a_pod_is_nominated_for_one_node_only() {
        let (mut nominations, pod) = (Nominations::default(), Rc::new(pod(&serde_json::json!({"containers": []}))));
        nominations.add(&pod, "a");
        nominations.add(&pod, "b");
        assert_eq!((nominations.on("a").len(), nominations.on("b").len()), (0, 1));
        nominations.remove(&pod.uid);
        assert_eq!(nominations, Nominations::default());
    }
}
