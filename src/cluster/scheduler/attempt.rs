//! One attempt and what follows: assume and bind, or say why not. Upstream: `pkg/scheduler/schedule_one.go`.

use super::cycle::{Decision, Rate, decide};
use super::pod::PodInfo;
use super::preemption::Candidate;
use super::queue::Queued;
use super::{Scheduler, message};
use crate::api::kinds::pod::{KIND as PODS, Pod};
use crate::api::object::Object;
use crate::api::request::DeleteOptions;
use crate::api::{Request, meta};
use crate::cluster::Cx;
use crate::cluster::client::events::Said;
use crate::cluster::fact::{Attempt, AttemptResult, Fact, PreemptionCandidate};
use crate::sim::{SortedSet, Time};
use k8s_openapi::api::core::v1 as core;
use std::rc::Rc;

/// Of how many nodes on which preemption would help the trace tells, the chosen one first. In large clusters there are
/// hundreds, for every attempt.
const CANDIDATES_KEPT: usize = 50;

/// How an attempt failed.
pub(super) struct Failed<'a> {
    /// The plugins that refused; none: something else went wrong.
    pub(super) rejectors: SortedSet<&'static str>,
    /// Reason of the condition `PodScheduled`.
    pub(super) reason: &'static str,
    /// The event's message.
    pub(super) text: &'a str,
    /// For which node the pod is nominated now; empty: for none any more; `None`: as before.
    pub(super) nominated: Option<Rc<str>>,
}

impl Scheduler {
    pub(super) fn attempt(&mut self, cx: &mut Cx, queued: Queued, since: Time) {
        cx.because(queued.cause);
        let key = queued.info.reference.key.clone();
        let current = self.client.lookup(&PODS, &key).filter(|object| object.uid() == &*queued.info.uid);
        let Some(current) = current.cloned() else { return };
        if current.get::<Pod>().is_some_and(|pod| pod.node().is_some()) {
            return; // Somebody else was faster.
        }
        if current.is_terminating() {
            let text = format!("skip schedule deleting pod: {key}");
            self.say(cx, &current, None, Said::warning("FailedScheduling", "Scheduling", &text));
            return;
        }
        let profile = self.profile(queued.info.spec());
        let snapshot = self.nodes.update_snapshot();
        let mut decision = decide(&profile, &queued.info, snapshot, self.next_start, Rate::Choices);
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
            let Decision { rejectors, message, candidate, hopeless, .. } = decision;
            let nominated = match candidate {
                Some(candidate) => Some(self.preempt(cx, &queued.info, candidate)),
                None => hopeless.then(|| Rc::from("")),
            };
            self.failed(cx, queued, Failed { rejectors, reason: "Unschedulable", text: &message, nominated });
        }
    }

    fn record(&self, queued: &Queued, at: Time, decision: &mut Decision, chosen: Option<&Rc<str>>) -> Attempt {
        let mut attempt = recorded(decision, &queued.info, chosen);
        attempt.number = queued.attempts;
        attempt.profile = self.profile(queued.info.spec()).scheduler_name;
        attempt.at = at;
        attempt.woken_by = queued.woken_by.clone();
        attempt
    }

    /// Asks the victims to go, and notes that the room will be the pod's. Upstream: `prepareCandidate`.
    fn preempt(&mut self, cx: &mut Cx, pod: &Rc<PodInfo>, candidate: Candidate) -> Rc<str> {
        let Candidate { node, victims, .. } = candidate;
        for victim in victims.iter().filter(|victim| !victim.object.is_terminating()) {
            let condition = core::PodCondition {
                type_: "DisruptionTarget".to_owned(),
                status: "True".to_owned(),
                reason: Some("PreemptionByScheduler".to_owned()),
                message: Some(format!(
                    "{}: preempting to accommodate a higher priority pod",
                    self.profile(pod.spec()).scheduler_name
                )),
                observed_generation: victim.object.meta().generation,
                last_transition_time: Some(meta::timestamp(cx.now())),
                last_probe_time: None,
            };
            let key = &victim.reference.key;
            let mut current = self.client.lookup(&PODS, key).unwrap_or(&victim.object).clone();
            if set_condition(&mut current, condition) {
                self.client.request(cx, Request::patch_status(current));
            }
            self.client.request(cx, Request::delete(&PODS, key, DeleteOptions::default()));
            let text = format!("Preempted by pod {} on node {node}", pod.uid);
            self.say(cx, &victim.object, Some(&pod.object), Said::normal("Preempted", "Preempting", &text));
        }
        // Less important pods for which room was being made there may not fit any more.
        for other in self.nodes.nominated_below(&node, pod.priority()) {
            self.nodes.withdraw(&other.uid);
            let current = self.client.lookup(&PODS, &other.reference.key).cloned();
            if let Some(mut current) = current.filter(|object| object.uid() == &*other.uid) {
                set_nominated(&mut current, "");
                self.client.request(cx, Request::patch_status(current));
            }
        }
        self.nodes.nominate(pod, &node);
        node
    }

    /// Upstream: `handleSchedulingFailure`.
    pub(super) fn failed(&mut self, cx: &mut Cx, mut queued: Queued, failed: Failed) {
        let key = queued.info.reference.key.clone();
        let text = message::truncated(failed.text);
        self.say(cx, &queued.info.object, None, Said::warning("FailedScheduling", "Scheduling", &text));
        let current = self.client.lookup(&PODS, &key).filter(|object| object.uid() == &*queued.info.uid).cloned();
        let unbound = |object: &Object| object.get::<Pod>().is_some_and(|pod| pod.node().is_none());
        let Some(mut current) = current.filter(unbound) else { return };
        if let Some(info) = queued.info.updated(&current) {
            queued.info = Rc::new(info);
        }
        let moved = self.queue.failed(&self.configuration, queued, failed.rejectors, cx.now());
        self.note_moves(cx, Some(moved));
        let condition = core::PodCondition {
            type_: "PodScheduled".to_owned(),
            status: "False".to_owned(),
            reason: Some(failed.reason.to_owned()),
            message: Some(text),
            observed_generation: current.meta().generation,
            last_transition_time: Some(meta::timestamp(cx.now())),
            last_probe_time: None,
        };
        let mut changed = set_condition(&mut current, condition);
        if let Some(node) = failed.nominated {
            changed |= set_nominated(&mut current, &node);
            if node.is_empty() {
                self.nodes.withdraw(current.uid());
            }
        }
        if changed {
            self.client.request(cx, Request::patch_status(current));
        }
    }
}

/// What was decided about a pod, as the trace keeps it; whose attempt it was is still to be filled in.
pub(super) fn recorded(decision: &mut Decision, pod: &PodInfo, chosen: Option<&Rc<str>>) -> Attempt {
    let candidates = decision.candidate.iter().chain(&decision.others).take(CANDIDATES_KEPT);
    let candidates = candidates.map(|candidate| PreemptionCandidate {
        node: candidate.node.clone(),
        victims: candidate.victims.iter().map(|victim| victim.reference.clone()).collect(),
    });
    Attempt {
        pod: pod.reference.clone(),
        number: 0,
        profile: "".into(),
        at: Time::ZERO,
        woken_by: "".into(),
        candidates: candidates.collect(),
        pre_filter: decision.pre_filter.take(),
        filters: decision.filters.as_slice().into(),
        nodes: std::mem::take(&mut decision.nodes),
        scorers: decision.scorers.as_slice().into(),
        result: chosen.map_or(AttemptResult::Unschedulable, |node| AttemptResult::Chosen(node.clone())),
        message: decision.message.as_str().into(),
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

/// Sets a condition of a pod. Says whether that changed anything. Upstream: `podutil.UpdatePodCondition`.
fn set_condition(object: &mut Object, mut condition: core::PodCondition) -> bool {
    let Some(pod) = object.get_mut::<Pod>() else { return false };
    let conditions = pod.status.conditions.get_or_insert_default();
    let Some(known) = conditions.iter_mut().find(|known| known.type_ == condition.type_) else {
        conditions.push(condition);
        return true;
    };
    if known.status == condition.status {
        condition.last_transition_time.clone_from(&known.last_transition_time);
    }
    let changed = *known != condition;
    *known = condition;
    changed
}

/// Sets `status.nominatedNodeName`. Says whether that changed anything.
pub(super) fn set_nominated(object: &mut Object, node: &str) -> bool {
    let Some(pod) = object.get_mut::<Pod>() else { return false };
    let wanted = (!node.is_empty()).then(|| node.to_owned());
    let changed = pod.status.nominated_node_name != wanted;
    pod.status.nominated_node_name = wanted;
    changed
}
