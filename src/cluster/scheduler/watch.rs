//! What the informers say becomes cache and queue. Upstream: `pkg/scheduler/eventhandlers.go`.

use super::Scheduler;
use super::events::{self, Action, Change, Resource};
use super::pod::PodInfo;
use super::queue::Moved;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::{node, pod as pods};
use crate::api::object::Object;
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use std::rc::Rc;

impl Scheduler {
    pub(super) fn changed(&mut self, cx: &mut Cx, old: Option<&Object>, new: Option<&Object>) {
        let Some(either) = new.or(old) else { return };
        if either.kind() == &node::KIND {
            self.node_changed(cx, old, new);
        } else if either.kind() == &pods::KIND {
            self.pod_changed(cx, old, new);
        } else {
            match new {
                Some(new) => self.nodes.surroundings.set(new),
                None => self.nodes.surroundings.remove(either),
            }
            let action = match (old, new) {
                (None, _) => Action::ADD,
                (_, None) => Action::DELETE,
                _ => Action::UPDATE,
            };
            self.happened(cx, Change::new(Resource::Other(either.kind()), action, old, new));
        }
    }

    fn node_changed(&mut self, cx: &mut Cx, old: Option<&Object>, new: Option<&Object>) {
        match (old, new) {
            (None, Some(node)) => {
                self.nodes.set_node(node);
                self.happened(cx, Change::new(Resource::Node, Action::ADD, old, new));
            }
            (Some(before), Some(after)) => {
                self.nodes.set_node(after);
                for event in events::node_changes(before, after) {
                    self.happened(cx, Change { event, old, new, args: None });
                }
            }
            (Some(node), None) => {
                self.happened(cx, Change::new(Resource::Node, Action::DELETE, old, new));
                self.nodes.remove_node(node.name());
            }
            (None, None) => {}
        }
    }

    fn pod_changed(&mut self, cx: &mut Cx, old: Option<&Object>, new: Option<&Object>) {
        let bound = |object: &&Object| object.get::<Pod>().is_some_and(|pod| pod.node().is_some());
        // A pod of the same name is another pod.
        if let (Some(before), Some(after)) = (old, new)
            && before.uid() != after.uid()
        {
            self.pod_changed(cx, Some(before), None);
            return self.pod_changed(cx, None, Some(after));
        }
        match (old, new) {
            (old, Some(new)) if bound(&new) => self.assigned(cx, old, new),
            (old, Some(new)) => self.unassigned(cx, old, new),
            (Some(old), None) => {
                self.queue.delete(&old.key());
                self.forget(cx, old.uid());
                self.nodes.remove_pod(old.uid());
                if bound(&old) {
                    self.happened(cx, Change::new(Resource::AssignedPod, Action::DELETE, Some(old), None));
                } else if let Some(info) = PodInfo::new(old).filter(|info| info.nominated_node().is_some()) {
                    self.no_longer_nominated(cx, &info);
                }
            }
            (None, None) => {}
        }
    }

    /// A pod with a node is new, has changed, or has just been bound.
    fn assigned(&mut self, cx: &mut Cx, old: Option<&Object>, new: &Object) {
        self.nodes.set_pod(new);
        let before = old.filter(|old| old.get::<Pod>().is_some_and(|pod| pod.node().is_some()));
        let Some(before) = before else {
            self.queue.delete(&new.key());
            return self.happened(cx, Change::new(Resource::AssignedPod, Action::ADD, None, Some(new)));
        };
        if self.queue.is_waiting()
            && let (Some(old_info), Some(new_info)) = (PodInfo::new(before), PodInfo::new(new))
        {
            for event in events::pod_changes(&old_info, &new_info) {
                self.happened(cx, Change { event, old: Some(before), new: Some(new), args: None });
            }
        }
    }

    /// A pod without a node is new or has changed.
    fn unassigned(&mut self, cx: &mut Cx, old: Option<&Object>, new: &Object) {
        let Some(info) = PodInfo::new(new).map(Rc::new) else { return };
        if self.configuration.of(info.spec()).is_none() {
            return;
        }
        if self.nodes.is_assumed(&info.uid) {
            // Upstream: `handleAssumedPodDeletion`: it will not come to its node any more.
            if new.is_terminating() {
                self.forget(cx, &info.uid);
            }
            return;
        }
        let key = &info.reference.key;
        if let Some((trying, _)) = &mut self.trying
            && trying.info.uid == info.uid
        {
            trying.info = info;
            return;
        }
        self.follow_nomination(cx, old, &info);
        let moved = if old.is_none() || self.queue.get(key).is_none() {
            Some(self.queue.add(&self.configuration, info, cx.now()))
        } else {
            self.queue.update(&self.configuration, &info, cx.now())
        };
        self.note_moves(cx, moved);
    }

    /// A pod that others have made room for counts on that node, until it is bound or the room is needed elsewhere.
    fn follow_nomination(&mut self, cx: &mut Cx, old: Option<&Object>, info: &Rc<PodInfo>) {
        let old = old.and_then(PodInfo::new);
        let before = old.as_ref().and_then(|before| before.nominated_node());
        let now = info.nominated_node();
        match now {
            Some(node) => self.nodes.nominate(info, node),
            None if before.is_some() => self.nodes.withdraw(&info.uid),
            None => {}
        }
        if let Some(old) = old.as_ref().filter(|_| before.is_some() && before != now) {
            self.no_longer_nominated(cx, old);
        }
    }

    /// The room that was kept for a pod is free for others: for them it is as if the pod had been there.
    fn no_longer_nominated(&mut self, cx: &mut Cx, pod: &PodInfo) {
        if self.queue.is_waiting() {
            let gone = Change::new(Resource::AssignedPod, Action::DELETE, Some(&pod.object), None);
            let moved = self.queue.happened_up_to(pod.priority(), &self.configuration, gone, cx.now());
            self.note_moves(cx, moved);
        }
    }

    /// A pod will not come to the node that was chosen for it: others may have its room.
    pub(super) fn forget(&mut self, cx: &mut Cx, uid: &str) {
        if let Some(pod) = self.nodes.forget(uid) {
            self.happened(cx, Change::new(Resource::AssignedPod, Action::DELETE, Some(&pod), None));
        }
    }

    pub(super) fn happened(&mut self, cx: &mut Cx, change: Change) {
        if self.queue.is_waiting() {
            let moved = self.queue.happened(&self.configuration, change, cx.now());
            self.note_moves(cx, moved);
        }
    }

    /// Notes where pods are now; the fact is what the next attempt is caused by.
    pub(super) fn note_moves(&mut self, cx: &mut Cx, moved: impl IntoIterator<Item = Moved>) {
        for key in moved {
            let Some(queued) = self.queue.get(&key) else { continue };
            let pod = queued.info.reference.clone();
            let fact = Fact::PodQueued { pod, queue: queued.place, because: queued.because.clone() };
            let id = cx.note_aside(fact);
            self.queue.set_cause(&key, Some(id));
        }
    }
}
