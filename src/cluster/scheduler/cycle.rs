//! One scheduling cycle: all filters over enough nodes, all scores over the feasible ones, and what follows.
//!
//! It is a pure function of pod, snapshot and profile; it draws no lot and writes nothing. Upstream:
//! `pkg/scheduler/schedule_one.go`.

use super::framework::{Cycle, Entry, Filter, Point, PostFilter, PreFilter, PreScore, Profile, Refused, Scorer};
use super::message::{count_reasons, no_nodes};
use super::nodes::{NodeInfo, Snapshot};
use super::pod::PodInfo;
use super::preemption::{Candidate, Failure, WhatIf};
use crate::cluster::fact::{NodeAnswer, Rating, Refusal};
use crate::sim::{Order, Sorted, SortedSet};
use std::rc::Rc;

/// Below this many nodes all are examined. Upstream: `minFeasibleNodesToFind`.
const FEASIBLE_MIN: usize = 100;
/// Upstream: `minFeasibleNodesPercentageToFind`.
const PERCENTAGE_MIN: usize = 5;

/// What one cycle found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decision {
    /// The plugin that refused the pod before any node was asked.
    pub pre_filter: Option<Refusal>,
    /// The filters that ran.
    pub filters: Vec<&'static str>,
    /// What was said of each node.
    pub nodes: Vec<NodeAnswer>,
    /// The scorers that ran, with their weights.
    pub scorers: Vec<(&'static str, i64)>,
    /// The nodes with the most points: the lot decides between them.
    pub best: Vec<Rc<str>>,
    /// If none is feasible: what each filter's refusals add up to.
    pub filter_message: String,
    /// The same with what preemption found.
    pub message: String,
    /// The plugins that refused.
    pub rejectors: SortedSet<&'static str>,
    /// How many nodes were examined, for the next cycle to start after them.
    pub examined: usize,
    /// Who would have to go for the pod to fit.
    pub candidate: Option<Candidate>,
    /// The other nodes on which that would help.
    pub others: Vec<Candidate>,
    /// Why the pod may not make others go.
    pub not_eligible: Option<&'static str>,
    /// Whether it is no use to wait for the node that the pod was nominated for.
    pub hopeless: bool,
}

/// Whether a single feasible node is rated, too. The real scheduler does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rate {
    /// Only if there is a choice.
    Choices,
    /// Always: to compare with recordings.
    Always,
}

/// Runs a cycle. `start`: the place in the snapshot at which to begin.
#[must_use]
pub fn decide(profile: &Profile, pod: &PodInfo, snapshot: &Snapshot, start: usize, rate: Rate) -> Decision {
    let cycle = Cycle { pod, snapshot, args: &profile.args, start };
    let mut decision = Decision::default();
    let mut prepared = Prepared::default();
    let mut filters = Vec::new();
    for (place, entry) in asked(profile) {
        let name = entry.plugin.name();
        match entry.plugin.pre_filter(&cycle) {
            PreFilter::None | PreFilter::Skip => {}
            PreFilter::Run(filter) => filters.push((place, name, filter)),
            PreFilter::Only(filter, names) => {
                filters.push((place, name, filter));
                if let Some(refused) = prepared.restrict(&names, name) {
                    decision.rejectors.extend(prepared.only.iter().flat_map(|(_, by)| by.iter().copied()));
                    decision.pre_filter = Some(refusal(name, refused));
                    break;
                }
            }
            PreFilter::Refuse(refused) => {
                decision.rejectors.insert(name);
                decision.pre_filter = Some(refusal(name, refused));
                break;
            }
        }
    }
    filters.order_by_key(|(place, ..)| *place);
    for (_, name, filter) in filters.into_iter().filter(|(place, ..)| place.is_some()) {
        decision.filters.push(name);
        prepared.filters.push(filter);
    }
    if decision.pre_filter.is_none() {
        let feasible = examine(&cycle, profile, &prepared, &mut decision);
        if let ([(single, _)], Rate::Choices) = (feasible.as_slice(), rate) {
            decision.best = vec![decision.nodes[*single].node.clone()];
        } else if !feasible.is_empty() {
            rate_nodes(&cycle, profile, &feasible, &mut decision);
        }
    }
    if decision.best.is_empty() {
        explain(&cycle, profile, &prepared.filters, &mut decision);
    }
    decision
}

/// The plugins to be asked what they have to say about nodes, in the order of `PreFilter`, and their places in that of
/// `Filter`. (Here one call prepares both; upstream those without a `PreFilter` prepare nothing.)
fn asked(profile: &Profile) -> impl Iterator<Item = (Option<usize>, &Entry)> {
    let (first, filters) = (profile.at(Point::PreFilter), profile.at(Point::Filter));
    let known = |list: &[Entry], entry: &Entry| list.iter().any(|other| other.plugin.name() == entry.plugin.name());
    let others = filters.iter().filter(move |entry| !known(first, entry));
    first
        .iter()
        .chain(others)
        .map(|entry| (filters.iter().position(|other| other.plugin.name() == entry.plugin.name()), entry))
}

/// What the plugins have prepared for one pod.
#[derive(Default)]
struct Prepared<'a> {
    filters: Vec<Box<dyn Filter + 'a>>,
    /// The only nodes worth asking about, and the plugins that say so.
    only: Option<(SortedSet<&'a str>, Vec<&'static str>)>,
}

impl<'a> Prepared<'a> {
    /// Gives a refusal if no node is left. Upstream: `RunPreFilterPlugins`.
    fn restrict(&mut self, names: &SortedSet<&'a str>, by: &'static str) -> Option<Refused> {
        let (before, mut plugins) = self.only.take().unwrap_or_else(|| (names.clone(), Vec::new()));
        plugins.push(by);
        let left: SortedSet<&str> = before.iter().copied().filter(|name| names.contains(name)).collect();
        let reason = match (left.is_empty(), plugins.len()) {
            (false, _) => None,
            (true, 1) => Some(format!("node(s) didn't satisfy plugin {by}")),
            (true, _) => Some(format!("node(s) didn't satisfy plugin(s) [{}] simultaneously", plugins.join(" "))),
        };
        self.only = Some((left, plugins));
        reason.map(|reason| Refused { resolvable: false, reasons: vec![reason.into()] })
    }
}

fn refusal(plugin: &'static str, refused: Refused) -> Refusal {
    let reasons = refused.reasons.into_iter().map(Rc::from).collect();
    Refusal { plugin, resolvable: refused.resolvable, reasons }
}

/// Gives the feasible nodes with their places among the answers. Upstream: `findNodesThatPassFilters`.
fn examine<'a>(
    cycle: &Cycle<'a>,
    profile: &Profile,
    prepared: &Prepared,
    decision: &mut Decision,
) -> Vec<(usize, &'a NodeInfo)> {
    let (all, snapshot) = (&cycle.snapshot.nodes, cycle.snapshot);
    let some = prepared.only.as_ref().map(|(names, _)| names.iter().filter_map(|name| snapshot.get(name)).collect());
    let some: Option<Vec<&Rc<NodeInfo>>> = some;
    let number = some.as_ref().map_or(all.len(), Vec::len);
    let enough = feasible_to_find(number, profile.percentage_of_nodes_to_score);
    let mut answers = Answers::default();
    // Upstream: `evaluateNominatedNode`: room has been made there.
    let nominated = cycle.pod.nominated_node().and_then(|name| cycle.snapshot.get(name));
    if let Some(node) = nominated.filter(|node| answers.ask(cycle, prepared, &decision.filters, node).is_none()) {
        decision.nodes.push(NodeAnswer { node: node.name.clone(), refused: None, rating: answers.nothing.clone() });
        return vec![(0, node)];
    }
    let mut feasible = Vec::with_capacity(enough);
    decision.nodes.reserve(enough);
    for step in 0..number {
        if feasible.len() == enough {
            break;
        }
        let place = (cycle.start + step) % number;
        let node: &Rc<NodeInfo> = some.as_ref().map_or_else(|| &all[place], |some| some[place]);
        let refused = answers.ask(cycle, prepared, &decision.filters, node);
        match &refused {
            None => feasible.push((step, &**node)),
            Some(refusal) => {
                decision.rejectors.insert(refusal.plugin);
            }
        }
        decision.nodes.push(NodeAnswer { node: node.name.clone(), refused, rating: answers.nothing.clone() });
    }
    decision.examined = decision.nodes.len();
    if let Some((names, by)) = &prepared.only {
        let reason = format!("node(s) didn't satisfy plugin(s) [{}]", by.join(" "));
        let refused = Refused { resolvable: false, reasons: vec![reason.into()] };
        let outside = Rc::new(refusal("PreFilterResult", refused));
        for node in all.iter().filter(|node| !names.contains(&*node.name)) {
            let (node, refused) = (node.name.clone(), Some(outside.clone()));
            decision.nodes.push(NodeAnswer { node, refused, rating: answers.nothing.clone() });
        }
        decision.rejectors.extend(by.iter().copied());
    }
    feasible
}

/// Upstream: `numFeasibleNodesToFind`.
fn feasible_to_find(all: usize, percentage: u32) -> usize {
    if all < FEASIBLE_MIN {
        return all;
    }
    let percentage = match percentage as usize {
        0 => 50_usize.saturating_sub(all / 125).max(PERCENTAGE_MIN),
        given => given.min(100),
    };
    (all * percentage / 100).max(FEASIBLE_MIN)
}

/// Shares equal answers: thousands of nodes give a handful of them.
#[derive(Default)]
struct Answers {
    refusals: Vec<Rc<Refusal>>,
    nothing: Rc<Rating>,
}

impl Answers {
    fn ask(
        &mut self,
        cycle: &Cycle,
        prepared: &Prepared,
        names: &[&'static str],
        node: &NodeInfo,
    ) -> Option<Rc<Refusal>> {
        let (place, refused) = with_nominated(cycle, prepared, node).or_else(|| {
            let asked = prepared.filters.iter().enumerate();
            asked.into_iter().find_map(|(place, filter)| filter.filter(node).err().map(|no| (place, no)))
        })?;
        let plugin = names[place];
        let same = |known: &&Rc<Refusal>| {
            known.plugin == plugin
                && known.resolvable == refused.resolvable
                && known.reasons.iter().map(|reason| &**reason).eq(refused.reasons.iter().map(|reason| &**reason))
        };
        if let Some(known) = self.refusals.iter().find(same) {
            return Some(known.clone());
        }
        let new = Rc::new(refusal(plugin, refused));
        self.refusals.push(new.clone());
        Some(new)
    }
}

/// What is said if the pods that are nominated for the node were there already.
/// Upstream: `RunFilterPluginsWithNominatedPods`.
fn with_nominated(cycle: &Cycle, prepared: &Prepared, node: &NodeInfo) -> Option<(usize, Refused)> {
    let mut nominated = cycle.snapshot.nominated_on(&node.name, cycle.pod).peekable();
    nominated.peek()?;
    let mut thought = WhatIf::new(node, &prepared.filters);
    nominated.for_each(|pod| thought.add(pod));
    thought.first_no()
}

/// Upstream: `prioritizeNodes`, `selectHost`.
fn rate_nodes(cycle: &Cycle, profile: &Profile, feasible: &[(usize, &NodeInfo)], decision: &mut Decision) {
    let infos: Vec<&NodeInfo> = feasible.iter().map(|(_, info)| *info).collect();
    let mut columns: Vec<(Vec<i64>, Vec<i64>)> = Vec::new();
    for entry in profile.at(Point::Score) {
        let PreScore::Run(scorer) = entry.plugin.pre_score(cycle, &infos) else { continue };
        decision.scorers.push((entry.plugin.name(), entry.weight));
        columns.push(column(&*scorer, &infos));
    }
    let mut rows = Rows::default();
    for (row, (place, _)) in feasible.iter().enumerate() {
        let scores = columns.iter().map(|(raw, normalized)| (raw[row], normalized[row]));
        decision.nodes[*place].rating = rows.share(scores, &decision.scorers);
    }
    let most = feasible.iter().map(|(place, _)| decision.nodes[*place].rating.total).max();
    let best = decision.nodes.iter().filter(|answer| answer.refused.is_none() && Some(answer.rating.total) == most);
    decision.best = best.map(|answer| answer.node.clone()).collect();
}

fn column(scorer: &(dyn Scorer + '_), nodes: &[&NodeInfo]) -> (Vec<i64>, Vec<i64>) {
    let raw: Vec<i64> = nodes.iter().map(|node| scorer.score(node)).collect();
    let mut normalized = raw.clone();
    scorer.normalize(&mut normalized);
    (raw, normalized)
}

/// Shares equal rows with one of the last few.
#[derive(Default)]
struct Rows {
    recent: Vec<Rc<Rating>>,
    scratch: Vec<(i64, i64)>,
}

impl Rows {
    const KEPT: usize = 8;

    fn share(&mut self, row: impl Iterator<Item = (i64, i64)>, scorers: &[(&'static str, i64)]) -> Rc<Rating> {
        self.scratch.clear();
        self.scratch.extend(row);
        if let Some(known) = self.recent.iter().find(|known| known.scores == self.scratch) {
            return known.clone();
        }
        let total = self.scratch.iter().zip(scorers).map(|((_, score), (_, weight))| score * weight).sum();
        let new = Rc::new(Rating { scores: self.scratch.clone(), total });
        if self.recent.len() == Self::KEPT {
            self.recent.remove(0);
        }
        self.recent.push(new.clone());
        new
    }
}

/// Runs `PostFilter` and words the failure.
fn explain(cycle: &Cycle, profile: &Profile, filters: &[Box<dyn Filter + '_>], decision: &mut Decision) {
    let all = cycle.snapshot.nodes.len();
    if all == 0 {
        "no nodes available to schedule pods".clone_into(&mut decision.message);
        decision.filter_message.clone_from(&decision.message);
        return;
    }
    decision.filter_message = if let Some(refusal) = &decision.pre_filter {
        format!("0/{all} nodes are available: {}.", refusal.reasons.join(", "))
    } else {
        let mut counts = Sorted::new();
        for refusal in decision.nodes.iter().filter_map(|answer| answer.refused.as_ref()) {
            count_reasons(&mut counts, &refusal.reasons);
        }
        no_nodes(all, &counts)
    };
    let failure = Failure { filters, nodes: &decision.nodes, pre_filter: decision.pre_filter.as_ref() };
    let mut found = Vec::new();
    for entry in profile.at(Point::PostFilter) {
        match entry.plugin.post_filter(cycle, &failure) {
            None => {}
            Some(PostFilter::Unschedulable(text)) => found.push(text),
            Some(PostFilter::Failed(text)) => {
                found = vec![text.to_owned()];
                break;
            }
            Some(PostFilter::Hopeless(text)) => {
                decision.hopeless = true;
                found.push(text);
            }
            Some(PostFilter::NotEligible(reason)) => {
                decision.not_eligible = Some(reason);
                found.push(format!("preemption: {reason}"));
            }
            Some(PostFilter::Nominated(candidate, others)) => {
                (decision.candidate, decision.others) = (Some(candidate), others);
                break;
            }
        }
    }
    decision.message.clone_from(&decision.filter_message);
    if decision.candidate.is_none() && !found.is_empty() {
        decision.message = format!("{} {}", decision.filter_message, found.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_clusters_are_not_searched_to_the_end() {
        assert_eq!(feasible_to_find(99, 0), 99);
        assert_eq!(feasible_to_find(100, 0), 100);
        assert_eq!(feasible_to_find(1000, 0), 420);
        assert_eq!(feasible_to_find(5000, 0), 500);
        assert_eq!(feasible_to_find(15000, 0), 750);
        assert_eq!(feasible_to_find(1000, 70), 700);
    }

    #[test]
    fn plugins_that_leave_no_node_together_are_named() {
        let set = |names: &[&'static str]| -> SortedSet<&'static str> { names.iter().copied().collect() };
        let mut prepared = Prepared::default();
        assert_eq!(prepared.restrict(&set(&["a", "b"]), "NodeAffinity"), None);
        let refused = prepared.restrict(&set(&["c"]), "VolumeBinding").expect("nothing is left");
        assert_eq!(refused.reasons, ["node(s) didn't satisfy plugin(s) [NodeAffinity VolumeBinding] simultaneously"]);
        let refused = Prepared::default().restrict(&set(&[]), "VolumeBinding").expect("nothing is left");
        assert_eq!(refused.reasons, ["node(s) didn't satisfy plugin VolumeBinding"]);
    }
}
