//! One attempt and what follows: assume and bind, or say why not. Upstream: `pkg/scheduler/schedule_one.go`.

use super::cycle::{Decision, Rate, decide};
use super::events::{Action, Change, Resource};
use super::queue::Queued;
use super::{Binding, Scheduler, message};
use crate::api::kinds::pod::{KIND as PODS, Pod};
use crate::api::object::Object;
use crate::api::{Request, Status, meta};
use crate::cluster::Cx;
use crate::cluster::fact::{Attempt, AttemptResult, Fact};
use crate::cluster::wire::Reply;
use crate::sim::{FactId, Time};
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How an attempt failed.
struct Failed<'a> {
    /// The plugins that refused; none: something else went wrong.
    rejectors: BTreeSet<&'static str>,
    /// Reason of the condition `PodScheduled`.
    reason: &'static str,
    /// The event's message.
    text: &'a str,
}

impl Scheduler {
    pub(super) fn attempt(&mut self, cx: &mut Cx, queued: Queued, since: Time) {
        cx.because(queued.cause);
        let key = queued.info.reference.key.clone();
        let current = self.client.lookup(&PODS, &key).filter(|object| object.uid() == &*queued.info.uid);
        let Some(current) = current.cloned() else { return };
        if current.is_terminating() {
            let text = format!("skip schedule deleting pod: {key}");
            self.recorder.record(cx, &mut self.client, &current, true, "FailedScheduling", &text);
            return;
        }
        let snapshot = self.nodes.update_snapshot();
        let mut decision = decide(&self.profile, &queued.info, snapshot, self.next_start, Rate::Choices);
        let all = snapshot.nodes.len();
        if all > 0 {
            self.next_start = (self.next_start + decision.examined) % all;
        }
        let chosen = pick(cx, &decision.best);
        let attempt = self.record(&queued, since, &mut decision, chosen.as_ref());
        cx.note(Fact::Attempted(Rc::new(attempt)));
        if let Some(node) = chosen {
            self.bind(cx, queued, node);
        } else {
            let Decision { rejectors, message, .. } = decision;
            self.failed(cx, queued, Failed { rejectors, reason: "Unschedulable", text: &message });
        }
    }

    fn record(&self, queued: &Queued, at: Time, decision: &mut Decision, chosen: Option<&Rc<str>>) -> Attempt {
        Attempt {
            pod: queued.info.reference.clone(),
            number: queued.attempts,
            profile: self.profile.scheduler_name.clone(),
            at,
            woken_by: queued.woken_by.clone(),
            pre_filter: decision.pre_filter.take(),
            filters: decision.filters.as_slice().into(),
            nodes: std::mem::take(&mut decision.nodes),
            scorers: decision.scorers.as_slice().into(),
            result: chosen.map_or(AttemptResult::Unschedulable, |node| AttemptResult::Chosen(node.clone())),
            message: decision.message.as_str().into(),
        }
    }

    /// The binding cycle begins: the pod is counted on its node, and the API server is asked to make it true.
    fn bind(&mut self, cx: &mut Cx, queued: Queued, node: Rc<str>) {
        self.nodes.assume(&queued.info, &node);
        match self.profile.before_bind(&queued.info, &node) {
            Ok(request) => {
                let id = self.client.request(cx, request);
                self.binding.insert(id, Binding { queued, node });
            }
            Err((plugin, refused)) => {
                self.release(cx, &queued, &node);
                let text = &refused.reasons.join(", ");
                self.failed(cx, queued, Failed { rejectors: BTreeSet::from([plugin]), reason: "Unschedulable", text });
            }
        }
    }

    /// The pod does not go to the node after all: its room is free again.
    fn release(&mut self, cx: &mut Cx, queued: &Queued, node: &str) {
        self.profile.unreserve(&queued.info, node);
        if self.nodes.forget(&queued.info.uid) {
            self.happened(cx, Change::new(Resource::AssignedPod, Action::DELETE, Some(&queued.info.object), None));
        }
    }

    pub(super) fn answered(&mut self, cx: &mut Cx, id: u64, outcome: Result<Reply, Rc<Status>>, cause: Option<FactId>) {
        let Some(Binding { queued, node }) = self.binding.remove(&id) else { return };
        let before = cx.cause();
        cx.because(cause);
        match outcome {
            Ok(_) => {
                self.profile.post_bind(&queued.info, &node);
                let text = format!("Successfully assigned {} to {node}", queued.info.reference.key);
                let pod = &queued.info.object;
                self.recorder.record(cx, &mut self.client, pod, false, "Scheduled", &text);
            }
            // Upstream: `handleBindingCycleError`.
            Err(status) => {
                self.release(cx, &queued, &node);
                let text = format!("running Bind plugin \"{}\": {status}", self.profile.binder());
                let failed = Failed { rejectors: BTreeSet::new(), reason: "SchedulerError", text: &text };
                self.failed(cx, queued, failed);
            }
        }
        cx.because(before);
    }

    /// Upstream: `handleSchedulingFailure`.
    fn failed(&mut self, cx: &mut Cx, mut queued: Queued, failed: Failed) {
        let key = queued.info.reference.key.clone();
        let pod = queued.info.object.clone();
        let current = self.client.lookup(&PODS, &key).filter(|object| object.uid() == &*queued.info.uid).cloned();
        let unbound = current.as_ref().and_then(|object| object.get::<Pod>()).filter(|pod| pod.node().is_none());
        if unbound.is_some() {
            if let Some(info) = current.as_ref().and_then(|object| queued.info.updated(object)) {
                queued.info = Rc::new(info);
            }
            let moved = self.queue.failed(&self.profile, queued, failed.rejectors, cx.now());
            self.note_moves(cx, Some(moved));
        }
        let text = message::truncated(failed.text);
        self.recorder.record(cx, &mut self.client, &pod, true, "FailedScheduling", &text);
        if let Some(patched) = current.and_then(|object| with_condition(object, failed.reason, &text, cx.now())) {
            self.client.request(cx, Request::patch_status(patched));
        }
    }
}

/// Upstream draws uniformly among the best. A single one needs no lot.
fn pick(cx: &mut Cx, best: &[Rc<str>]) -> Option<Rc<str>> {
    match best {
        [] | [_] => best.first().cloned(),
        many => {
            let index = cx.rng().below(many.len() as u64);
            usize::try_from(index).ok().and_then(|index| many.get(index)).cloned()
        }
    }
}

/// The pod with `PodScheduled=False`; `None` if it says so already. Upstream: `podutil.UpdatePodCondition`.
fn with_condition(mut object: Object, reason: &str, message: &str, now: Time) -> Option<Object> {
    let observed_generation = object.meta().generation;
    let pod = object.get_mut::<Pod>()?;
    let conditions = pod.status.conditions.get_or_insert_default();
    let mut condition = core::PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "False".to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        observed_generation,
        last_transition_time: Some(meta::timestamp(now)),
        last_probe_time: None,
    };
    match conditions.iter_mut().find(|known| known.type_ == condition.type_) {
        Some(known) => {
            if known.status == condition.status {
                condition.last_transition_time.clone_from(&known.last_transition_time);
            }
            if *known == condition {
                return None;
            }
            *known = condition;
        }
        None => conditions.push(condition),
    }
    Some(object)
}
