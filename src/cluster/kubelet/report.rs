//! What the kubelet tells the API: events, and the statuses of its pods.
//!
//! Upstream: `pkg/kubelet/status/status_manager.go`. A status is written when it has changed, one write at a time for each
//! pod; what could not be written is written again within ten seconds. When nothing of a pod that has to end is left, its
//! object is deleted, on condition that it is still the same.

use super::worker::Stage;
use super::{Kubelet, STATUS, Sent, status};
use crate::api::request::DeleteOptions;
use crate::api::{Request, Status, kinds};
use crate::cluster::wire::{Event, Timer};
use crate::cluster::{Cx, timing};
use std::rc::Rc;

/// What an event says.
pub struct Saying<'a> {
    warning: bool,
    reason: &'a str,
    message: &'a str,
}

/// An event that all is as it should be.
pub fn normal<'a>(reason: &'a str, message: &'a str) -> Saying<'a> {
    Saying { warning: false, reason, message }
}

/// An event that somebody should look at.
pub fn warning<'a>(reason: &'a str, message: &'a str) -> Saying<'a> {
    Saying { warning: true, reason, message }
}

impl Kubelet {
    /// Writes an event about a pod, or about one of its containers.
    pub(super) fn say(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: Option<usize>, saying: &Saying) {
        let Saying { warning, reason, message } = *saying;
        let Some(worker) = self.workers.get(uid) else { return };
        let about = worker.pod.clone();
        match slot.map(|slot| worker.field_path(slot)) {
            Some(path) => self.recorder.record_at(cx, &mut self.client, &about, &path, warning, reason, message),
            None => self.recorder.record(cx, &mut self.client, &about, warning, reason, message),
        }
    }

    /// Brings the status up to date, and writes it when it has changed.
    pub(super) fn report(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = self.clock(cx.now());
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let status = status::generate(worker, &self.machine, now);
        if worker.want(status) {
            worker.dirty = true;
            self.write(cx, uid);
        }
    }

    pub(super) fn write(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if worker.writing || !worker.dirty {
            return;
        }
        // What nothing in the API shows is written when there is something.
        let Some(object) = worker.to_send() else { return };
        worker.writing = true;
        worker.dirty = false;
        let id = self.client.request(cx, Request::patch_status(object));
        self.requests.insert(id, Sent::Status(uid.clone()));
    }

    /// A status was written, or not.
    pub(super) fn written(&mut self, cx: &mut Cx, uid: &Rc<str>, outcome: Result<(), Rc<Status>>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        worker.writing = false;
        if let Err(status) = outcome {
            if status.code != 404 && status.code != 422 {
                worker.dirty = true;
            }
            if worker.dirty {
                self.plan_retry(cx);
            }
            return;
        }
        if worker.dirty {
            return self.write(cx, uid);
        }
        if worker.stage == Stage::Stopped && worker.pod.is_terminating() {
            self.delete(cx, uid);
        }
    }

    /// Everything is gone from the node: the object may go too.
    pub(super) fn delete(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get(uid) else { return };
        let options =
            DeleteOptions { grace_period_seconds: Some(0), uid: Some(uid.clone()), ..DeleteOptions::default() };
        let id = self.client.request(cx, Request::delete(&kinds::pod::KIND, &worker.pod.key(), options));
        self.requests.insert(id, Sent::Delete(uid.clone()));
    }

    pub(super) fn deleted(&mut self, cx: &mut Cx, uid: &Rc<str>, outcome: Result<(), Rc<Status>>) {
        let retry = outcome.is_err_and(|status| status.code != 404 && status.code != 409);
        if let Some(worker) = self.workers.get_mut(uid).filter(|_| retry) {
            worker.dirty = true;
            self.plan_retry(cx);
        }
    }

    pub(super) fn plan_retry(&mut self, cx: &mut Cx) {
        if !self.retrying {
            self.retrying = true;
            cx.after(timing::STATUS_SYNC, Event::Timer(Timer::new(STATUS)));
        }
    }

    pub(super) fn write_again(&mut self, cx: &mut Cx) {
        self.retrying = false;
        let dirty: Vec<Rc<str>> =
            self.workers.iter().filter(|(_, worker)| worker.dirty).map(|(uid, _)| uid.clone()).collect();
        for uid in dirty {
            self.write(cx, &uid);
        }
    }
}
