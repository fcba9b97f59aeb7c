//! Which pods there are: they come, change and go in the API, and some were here before this kubelet started.
//!
//! Upstream: `pkg/kubelet/kubelet.go` (`HandlePodAdditions` …) and `kubelet_pods.go` (`HandlePodCleanups`).

use super::worker::{Stage, Worker};
use super::{Asked, Found, Kubelet, mirror};
use crate::api::{Object, kinds};
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use crate::cluster::wire::{ContainerStatus, CriCall, ImageStatus};
use crate::sim::{Map, Order};
use std::rc::Rc;

impl Kubelet {
    /// The runtime has told what it has: workers can begin.
    pub(super) fn listed(
        &mut self,
        cx: &mut Cx,
        sandboxes: &[(Rc<str>, Rc<str>)],
        containers: &[ContainerStatus],
        images: &[ImageStatus],
    ) {
        let mut found = Found { sandboxes: sandboxes.iter().cloned().collect(), containers: Map::new() };
        for status in containers {
            found.containers.get_or_default(status.pod.clone()).push(status.clone());
        }
        self.pulls.have(images);
        if self.found.is_some() {
            return self.found_again(cx, &mut found);
        }
        self.found = Some(found);
        self.read_manifests(cx, true);
        if self.client.is_synced() {
            self.take_over(cx);
        }
    }

    /// The runtime is back: what has ended meanwhile is taken in, and every pod is looked at again.
    fn found_again(&mut self, cx: &mut Cx, found: &mut Found) {
        let uids: Vec<Rc<str>> = self.workers.keys().cloned().collect();
        for uid in uids {
            let containers = found.containers.remove(&uid).unwrap_or_default();
            let stands = found.sandboxes.contains_key(&uid);
            let Some(worker) = self.workers.get_mut(&uid) else { continue };
            worker.sandbox &= stands;
            for status in &containers {
                if let Some(slot) = worker.slots.iter_mut().find(|slot| slot.id.as_ref() == Some(&status.id)) {
                    slot.learn(status);
                }
            }
            self.sync(cx, &uid);
        }
    }

    /// Both the runtime and the API have answered: every pod gets its worker, and what nobody wants is ended.
    pub(super) fn take_over(&mut self, cx: &mut Cx) {
        let pods: Vec<Object> = self.client.cache(&kinds::pod::KIND).iter().cloned().collect();
        for pod in pods {
            if mirror::is_mirror(&pod) {
                self.mirror_changed(cx, None, Some(&pod));
            } else {
                self.add(cx, &pod);
            }
        }
        self.reconcile_mirrors(cx);
        self.look_for_drivers(cx);
        let orphans: Vec<Rc<str>> = self
            .found
            .iter()
            .flat_map(|found| found.sandboxes.keys())
            .filter(|uid| !self.workers.contains_key(*uid))
            .cloned()
            .collect();
        for uid in orphans {
            self.call(cx, CriCall::RemovePodSandbox { pod: uid }, Asked::Nothing);
        }
    }

    pub(super) fn pod_changed(&mut self, cx: &mut Cx, old: Option<Object>, new: Option<Object>) {
        if new.as_ref().or(old.as_ref()).is_none_or(|object| object.kind() != &kinds::pod::KIND) {
            return;
        }
        if new.as_ref().or(old.as_ref()).is_some_and(mirror::is_mirror) {
            return self.mirror_changed(cx, old.as_ref(), new.as_ref());
        }
        // Another pod under the same name means that the old one is gone.
        let same = old.as_ref().zip(new.as_ref()).is_some_and(|(old, new)| old.uid() == new.uid());
        if let Some(old) = old.filter(|_| !same) {
            self.gone(cx, &old);
        }
        match new {
            Some(new) if self.workers.contains_key(new.uid()) => self.update(cx, &new),
            Some(new) => self.add(cx, &new),
            None => {}
        }
    }

    /// A pod is new here.
    pub(super) fn add(&mut self, cx: &mut Cx, pod: &Object) {
        let uid: Rc<str> = pod.uid().into();
        if self.workers.contains_key(&uid) {
            return;
        }
        let mut worker = Worker::new(pod, cx.now());
        let found = self.adopt(&mut worker, &uid);
        if worker.typed().is_terminal() {
            worker.stage = Stage::Stopped;
            worker.sandbox = false;
            let pod = worker.pod.is_terminating();
            self.workers.insert(uid.clone(), worker);
            if pod {
                self.delete(cx, &uid);
            }
            return;
        }
        self.take_on(cx, &uid, worker, found);
    }

    /// Works on a pod from now on, unless it has to be refused; `found`: the runtime had something of it.
    pub(super) fn take_on(&mut self, cx: &mut Cx, uid: &Rc<str>, mut worker: Worker, found: bool) {
        if !found && !worker.pod.is_terminating() {
            if let Err((reason, message)) = self.admit(&worker) {
                return self.refuse(cx, uid, worker, (&reason, &message));
            }
            worker.cause =
                Some(cx.note(Fact::PodAccepted { node: self.machine.name.clone(), pod: worker.what.clone() }));
        }
        worker.cause = worker.cause.or(cx.cause());
        self.pulls.reserve(&worker, true);
        let running: Vec<usize> =
            (0..worker.slots.len()).filter(|slot| worker.slots[*slot].running().is_some()).collect();
        self.workers.insert(uid.clone(), worker);
        for slot in running {
            self.resume_probes(cx, uid, slot);
        }
        self.sync(cx, uid);
    }

    /// Gives a worker what the runtime had of its pod when the kubelet started; whether there was anything.
    pub(super) fn adopt(&mut self, worker: &mut Worker, uid: &Rc<str>) -> bool {
        let Some(found) = &mut self.found else { return false };
        let sandbox = found.sandboxes.remove(uid);
        worker.sandbox = sandbox.is_some();
        worker.ip = sandbox.or_else(|| worker.typed().status.pod_ip.as_deref().map(Rc::from));
        let mut containers = found.containers.remove(uid).unwrap_or_default();
        containers.order_by_key(|status| status.attempt);
        for status in &containers {
            if let Some(slot) = worker.slots.iter_mut().find(|slot| slot.name == status.name) {
                slot.learn(status);
                slot.image_id = self.pulls.id_of(&status.image);
            }
        }
        worker.sandbox || !containers.is_empty()
    }

    pub(super) fn update(&mut self, cx: &mut Cx, pod: &Object) {
        let uid: Rc<str> = pod.uid().into();
        let Some(worker) = self.workers.get_mut(&uid) else { return };
        let asked_to_end = pod.is_terminating() && !worker.pod.is_terminating();
        let grace = |pod: &Object| pod.meta().deletion_grace_period_seconds;
        let sooner = pod.is_terminating() && grace(pod) < grace(&worker.pod);
        let respecified =
            !Rc::ptr_eq(&pod.get::<kinds::pod::Pod>().map(|p| p.spec.clone()).unwrap_or_default(), &worker.spec());
        let shown = |pod: &Object| (pod.meta().labels.clone(), pod.meta().annotations.clone());
        let relabelled = shown(pod) != shown(&worker.pod);
        let pod = &self.allocated(&uid, pod);
        let Some(worker) = self.workers.get_mut(&uid) else { return };
        worker.pod = pod.clone();
        worker.add_debuggers();
        if asked_to_end {
            worker.cause = cx.cause();
        }
        let wishes = worker.resize.as_ref().is_some_and(|resize| resize.desired.is_some());
        if wishes && !asked_to_end {
            self.allocate(cx, &uid);
        }
        if asked_to_end || sooner || respecified {
            return self.sync(cx, &uid);
        }
        if relabelled {
            self.renew_volumes(cx, &uid);
        }
        let Some(worker) = self.workers.get_mut(&uid) else { return };
        // Somebody else may have written into what is the kubelet's (the node controller marks pods not ready), and
        // readiness gates are met by others.
        let gated = !worker.spec().readiness_gates.as_deref().unwrap_or_default().is_empty();
        if gated {
            return self.sync(cx, &uid);
        }
        if !worker.writing && !worker.dirty && worker.disagrees() {
            worker.dirty = true;
            self.plan_retry(cx);
        }
    }

    /// A pod's object is gone from the API.
    pub(super) fn gone(&mut self, cx: &mut Cx, pod: &Object) {
        let uid: Rc<str> = pod.uid().into();
        let Some(worker) = self.workers.get_mut(&uid) else { return };
        worker.pod = pod.clone();
        match worker.stage {
            Stage::Stopped => self.forget(cx, &uid),
            Stage::Stopping { .. } => {}
            Stage::Syncing => {
                // Deleted without a grace period: its containers have to end now.
                worker.cause = cx.cause();
                worker.pod.meta_mut().deletion_grace_period_seconds = Some(0);
                self.stop(cx, &uid);
            }
        }
    }

    pub(super) fn forget(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        if self.workers.remove(uid).is_some() {
            self.call(cx, CriCall::RemovePodSandbox { pod: uid.clone() }, Asked::Nothing);
        }
    }
}
