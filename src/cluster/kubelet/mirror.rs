//! Mirror pods: how a static pod is seen in the API. Whoever deletes one changes nothing: it is there again at once.
//!
//! Upstream: `pkg/kubelet/pod/mirror_client.go` and `kubelet.go` (`tryReconcileMirrorPods`, `fastStaticPodsRegistration`,
//! `deleteOrphanedMirrorPods`). A mirror pod names the static pod by its hash, belongs to the node, and has the static
//! pod's status. It is made once the node is registered, made anew when it is deleted or mirrors another content, and
//! removed when its static pod has ended.

use super::{Kubelet, Sent};
use crate::api::kinds::pod::{KIND, Pod};
use crate::api::pod::validation::annotations::MIRROR;
use crate::api::request::DeleteOptions;
use crate::api::{Key, Object, Request, Status};
use crate::cluster::wire::{Event, Reply, Timer};
use crate::cluster::{Cx, timing};
use k8s_openapi::api::core::v1::PodStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use std::rc::Rc;

/// A mirror pod that could not be made or removed is tried again.
pub const MIRROR_AGAIN: &str = "mirror";

/// What makes a pod a static one: its file, and what the API shows of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Mirror {
    /// The file that describes the pod.
    pub file: Rc<str>,
    /// The mirror pod, as the API last showed it.
    pub object: Option<Object>,
    /// Whether it is being made or removed.
    pub asked: bool,
    /// Whether the file is gone.
    pub removed: bool,
}

/// Whether an object of the API only shows a static pod.
#[must_use]
pub fn is_mirror(object: &Object) -> bool {
    mirrored(object).is_some()
}

/// Whether an object of the API shows the static pod with this uid.
#[must_use]
pub fn mirrors(object: &Object, uid: &str) -> bool {
    mirrored(object) == Some(uid)
}

fn mirrored(object: &Object) -> Option<&str> {
    object.meta().annotations.as_ref()?.get(MIRROR).map(String::as_str)
}

/// The uid under which a node runs what the API shows: a static pod has one of its own.
#[must_use]
pub fn uid_on_node(object: &Object) -> &str {
    mirrored(object).unwrap_or_else(|| object.uid())
}

impl Kubelet {
    /// The static pod of this name.
    pub(super) fn static_of(&self, key: &Key) -> Option<Rc<str>> {
        let own = |uid: &Rc<str>| self.workers.get(uid).is_some_and(|worker| worker.what.key == *key);
        let mut all = self.workers.iter().filter(|(_, worker)| worker.mirror.is_some()).map(|(uid, _)| uid.clone());
        all.find(own)
    }

    /// A mirror pod has come, has changed or is gone.
    pub(super) fn mirror_changed(&mut self, cx: &mut Cx, old: Option<&Object>, new: Option<&Object>) {
        let Some(key) = new.or(old).map(Object::key) else { return };
        let Some(uid) = self.static_of(&key) else { return self.sweep_mirrors(cx) };
        let Some(worker) = self.workers.get_mut(&uid) else { return };
        let Some(mirror) = &mut worker.mirror else { return };
        let known = mirror.object.as_ref().map(|object| object.uid().to_owned());
        let is_known = |object: &Object| known.as_deref() == Some(object.uid());
        match (old, new) {
            (_, Some(new)) => {
                let fresh = !is_known(new);
                mirror.object = Some(new.clone());
                if fresh {
                    worker.dirty = true;
                    self.write(cx, &uid);
                } else if !worker.writing && !worker.dirty && worker.disagrees() {
                    worker.dirty = true;
                    self.plan_retry(cx);
                }
            }
            (Some(old), None) if is_known(old) => mirror.object = None,
            _ => {}
        }
        self.reconcile_mirror(cx, &uid);
    }

    /// Makes a static pod's mirror, or removes one that is being deleted or shows something else.
    pub(super) fn reconcile_mirror(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let (Some(node), true) = (self.registered_uid(), self.client.is_synced()) else { return };
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let pod = worker.pod.clone();
        let Some(mirror) = worker.mirror.as_mut().filter(|mirror| !mirror.asked) else { return };
        match &mirror.object {
            Some(object) if object.is_terminating() || !mirrors(object, uid) => {
                let request = remove(object);
                mirror.asked = true;
                let id = self.client.request(cx, request);
                self.requests.insert(id, Sent::MirrorGone(uid.clone()));
            }
            None if !mirror.removed => {
                mirror.asked = true;
                let request = Request::create(self.mirror_of(pod, node));
                let id = self.client.request(cx, request);
                self.requests.insert(id, Sent::MirrorMade(uid.clone()));
            }
            _ => {}
        }
    }

    /// The node is registered: what could not be shown until now is.
    pub(super) fn reconcile_mirrors(&mut self, cx: &mut Cx) {
        let all: Vec<Rc<str>> =
            self.workers.iter().filter(|(_, worker)| worker.mirror.is_some()).map(|(uid, _)| uid.clone()).collect();
        for uid in all {
            self.reconcile_mirror(cx, &uid);
        }
    }

    /// The mirror of a static pod. Upstream: `CreateMirrorPod`.
    fn mirror_of(&self, mut object: Object, node: String) -> Object {
        let meta = object.meta_mut();
        let uid = meta.uid.take().unwrap_or_default();
        meta.annotations.get_or_insert_default().insert(MIRROR.to_owned(), uid);
        meta.owner_references = Some(vec![OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Node".to_owned(),
            name: self.machine.name.to_string(),
            uid: node,
            controller: Some(true),
            ..OwnerReference::default()
        }]);
        if let Some(pod) = object.get_mut::<Pod>() {
            pod.status = PodStatus::default();
        }
        object
    }

    pub(super) fn mirror_made(&mut self, cx: &mut Cx, uid: &Rc<str>, outcome: Result<Reply, Rc<Status>>) {
        let Some(worker) = self.workers.get_mut(uid) else { return self.sweep_mirrors(cx) };
        let Some(mirror) = &mut worker.mirror else { return };
        mirror.asked = false;
        match outcome {
            Ok(Reply::Object { object, .. }) if mirror.object.is_none() => {
                mirror.object = Some(object);
                worker.dirty = true;
                self.write(cx, uid);
            }
            Ok(_) => {}
            Err(_) => cx.after(timing::POD_SYNC, Event::Timer(Timer::keyed(MIRROR_AGAIN, uid.clone(), 0))),
        }
    }

    pub(super) fn mirror_gone(&mut self, cx: &mut Cx, uid: &Rc<str>, outcome: &Result<Reply, Rc<Status>>) {
        let Some(mirror) = self.workers.get_mut(uid).and_then(|worker| worker.mirror.as_mut()) else { return };
        mirror.asked = false;
        if outcome.as_ref().is_err_and(|status| status.code != 404 && status.code != 409) {
            cx.after(timing::POD_SYNC, Event::Timer(Timer::keyed(MIRROR_AGAIN, uid.clone(), 0)));
            return;
        }
        mirror.object = None;
        self.reconcile_mirror(cx, uid);
    }

    /// Removes mirror pods that nothing stands behind any more.
    pub(super) fn sweep_mirrors(&mut self, cx: &mut Cx) {
        let orphan = |pod: &&Object| is_mirror(pod) && self.static_of(&pod.key()).is_none();
        let orphans: Vec<Object> = self.client.cache(&KIND).iter().filter(orphan).cloned().collect();
        for pod in orphans {
            self.client.request(cx, remove(&pod));
        }
    }
}

/// The deletion of a mirror pod: at once, and of none but this one. Upstream: `DeleteMirrorPod`.
fn remove(object: &Object) -> Request {
    let options =
        DeleteOptions { grace_period_seconds: Some(0), uid: Some(object.uid().into()), ..DeleteOptions::default() };
    Request::delete(&KIND, &object.key(), options)
}
