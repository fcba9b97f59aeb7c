//! All attempts of a pod, or of the scheduler; what came of one.

use super::matrix::FEW;
use crate::api::object::{ObjectRef, Ref};
use crate::cluster::fact::{Attempt, AttemptResult, Fact};
use crate::inspect::Shown;
use crate::sim::{FactId, Order, Sorted, Time, Trace};
use std::rc::Rc;

/// The scheduler's own list goes so many attempts back.
const KEPT: usize = 200;

/// Finds attempts in the trace; asked again, it reads only what is new.
#[derive(Clone, Default, Debug)]
pub struct Search {
    pod: Option<Ref>,
    seen: u64,
    /// The record before `seen`: if it is another one now, the trace has forked.
    mark: Option<(FactId, Time)>,
    found: Vec<FactId>,
}

impl Search {
    /// The attempts of a pod (of all pods: the latest of them) up to the shown moment.
    pub fn attempts(&mut self, trace: &Trace<Fact>, pod: Option<&Ref>) -> &[FactId] {
        let mark = |place: u64| place.checked_sub(1).and_then(|last| trace.get(FactId(last))).map(|r| (r.id, r.at));
        let head = trace.head();
        if self.pod.as_ref() != pod || self.seen > head || self.mark != mark(self.seen) {
            *self = Self { pod: pod.cloned(), ..Self::default() };
        }
        let new = trace.range(self.seen, head).filter(|record| match &record.fact {
            Fact::Attempted(attempt) => pod.is_none_or(|pod| attempt.pod == *pod),
            _ => false,
        });
        self.found.extend(new.map(|record| record.id));
        let many = self.found.len().saturating_sub(KEPT);
        self.found.drain(..many);
        (self.seen, self.mark) = (head, mark(head));
        &self.found
    }
}

/// The attempt at a place of the trace.
#[must_use]
pub fn at(trace: &Trace<Fact>, place: u64) -> Option<Rc<Attempt>> {
    match &trace.get(FactId(place))?.fact {
        Fact::Attempted(attempt) => Some(attempt.clone()),
        _ => None,
    }
}

/// An attempt in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its place in the trace.
    pub fact: u64,
    /// When it began.
    pub at: Time,
    /// Which attempt of its pod, the pod's name, what came of it.
    pub text: String,
}

/// The line of an attempt; `named`: with the pod.
#[must_use]
pub fn line(shown: &Shown, place: FactId, named: bool) -> Option<Line> {
    let attempt = at(shown.trace, place.0)?;
    let outcome = match &attempt.result {
        AttemptResult::Chosen(node) => format!("→ {node}"),
        _ => shown.text("sched-none", &[]),
    };
    let number = shown.text("sched-number", &[("number", i64::from(attempt.number).into())]);
    // Which scheduler's rules they were, if not those that most pods go by.
    let number =
        if *attempt.profile == *"default-scheduler" { number } else { format!("{number} · {}", attempt.profile) };
    let text = if named { format!("{} · {number} {outcome}", attempt.pod.key) } else { format!("{number} {outcome}") };
    Some(Line { fact: place.0, at: attempt.at, text })
}

/// What came of an attempt.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Whether a node was chosen.
    pub chosen: bool,
    /// In one or two sentences.
    pub sentences: Vec<String>,
    /// The words of the event; empty on success.
    pub event: String,
    /// In a large cluster: how many nodes gave which reason, the most frequent first, in the words of the event.
    pub reasons: Vec<(usize, String)>,
    /// The nodes on which less important pods would have to go, and which; the chosen one first.
    pub candidates: Vec<(String, Vec<String>)>,
}

/// What came of an attempt.
#[must_use]
pub fn outcome(shown: &Shown, attempt: &Attempt) -> Outcome {
    let feasible = attempt.nodes.iter().filter(|answer| answer.refused.is_none()).count();
    let counts = [("count", feasible.into()), ("all", attempt.nodes.len().into())];
    let mut outcome = Outcome { event: attempt.message.to_string(), ..Outcome::default() };
    match &attempt.result {
        AttemptResult::Chosen(node) => {
            outcome.chosen = true;
            let own = attempt.nodes.iter().find(|answer| answer.node == *node);
            let total = own.map_or(0, |answer| answer.rating.total);
            let [count, all] = counts;
            let args = [("node", (&**node).into()), ("total", total.into()), count, all];
            let best =
                attempt.nodes.iter().filter(|answer| answer.refused.is_none() && answer.rating.total == total).count();
            let scored = own.is_some_and(|answer| !answer.rating.scores.is_empty());
            outcome.sentences.push(shown.text(if scored { "sched-chosen" } else { "sched-chosen-only" }, &args));
            if scored && best > 1 {
                outcome.sentences.push(shown.text("sched-lot", &[("count", best.into()), ("node", (&**node).into())]));
            }
        }
        AttemptResult::Unschedulable => {
            let key = if attempt.pre_filter.is_some() { "sched-refused-before" } else { "sched-no-node" };
            outcome.sentences.push(shown.text(key, &counts));
        }
        AttemptResult::Error(error) => outcome.sentences.push(error.to_string()),
    }
    if attempt.nodes.len() > FEW {
        outcome.reasons = reasons(attempt);
    }
    outcome.candidates = attempt
        .candidates
        .iter()
        .map(|candidate| {
            let victims = candidate.victims.iter().map(|victim| victim.key.to_string());
            (candidate.node.to_string(), victims.collect())
        })
        .collect();
    outcome
}

/// How many nodes gave which reason, as the event counts them.
fn reasons(attempt: &Attempt) -> Vec<(usize, String)> {
    let mut counts: Sorted<&str, usize> = Sorted::new();
    let refused = attempt.nodes.iter().filter_map(|node| node.refused.as_ref());
    for reason in refused.flat_map(|refused| refused.reasons.iter()) {
        *counts.get_or_default(&**reason) += 1;
    }
    let mut reasons: Vec<(usize, String)> = counts.into_iter().map(|(text, count)| (count, text.to_owned())).collect();
    reasons.order_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    reasons
}

/// Whether a thing has attempts of its own to show.
#[must_use]
pub fn has_some(object: &ObjectRef) -> bool {
    object.kind.kind == "Pod"
}
