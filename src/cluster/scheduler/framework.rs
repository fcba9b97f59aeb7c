//! The scheduling framework: the extension points, and what runs the plugins through them.
//!
//! A plugin is a unit struct that implements [`Plugin`] and overrides the points that it cares about. What it computes
//! once for a pod is the value that its `pre_filter` or `pre_score` returns: a [`Filter`] or a [`Scorer`] that is then
//! asked about one node after the other. (Upstream keeps such state in a `CycleState` map; here its type says who may
//! read it.) The framework wraps every call and keeps every answer: plugins never trace.
//!
//! Upstream: `pkg/scheduler/framework/interface.go` and `runtime/framework.go`.

use super::args::Args;
use super::events::Interest;
use super::nodes::{NodeInfo, Snapshot};
use super::pod::PodInfo;
use super::surroundings::Surroundings;
use crate::api::{Object, Request};
use crate::sim::SortedSet;
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// The highest normalised score.
pub const MAX_NODE_SCORE: i64 = 100;

/// A plugin's no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// `Unschedulable`: removing pods could help. Otherwise `UnschedulableAndUnresolvable`.
    pub resolvable: bool,
    /// Why.
    pub reasons: Vec<Cow<'static, str>>,
}

impl Refused {
    /// A no that pods' going could turn into a yes.
    #[must_use]
    pub fn unschedulable(reason: &'static str) -> Self {
        Self { resolvable: true, reasons: vec![Cow::Borrowed(reason)] }
    }

    /// A no whatever pods go.
    #[must_use]
    pub fn unresolvable(reason: &'static str) -> Self {
        Self { resolvable: false, reasons: vec![Cow::Borrowed(reason)] }
    }
}

/// A plugin's answer.
pub type Verdict = Result<(), Refused>;

/// What plugins see of the cluster while one pod is tried.
#[derive(Clone, Copy, Debug)]
pub struct Cycle<'a> {
    /// The pod.
    pub pod: &'a PodInfo,
    /// All nodes with their pods.
    pub snapshot: &'a Snapshot,
    /// The plugins' arguments.
    pub args: &'a Args,
    /// Where in a list of nodes a search that need not see all of them begins.
    pub start: usize,
}

/// An extension point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "they are upstream's names and stand with the methods of `Plugin`")]
pub enum Point {
    PreEnqueue,
    QueueSort,
    PreFilter,
    Filter,
    PostFilter,
    PreScore,
    Score,
    Reserve,
    Permit,
    PreBind,
    Bind,
    PostBind,
}

impl Point {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::PreEnqueue,
        Self::QueueSort,
        Self::PreFilter,
        Self::Filter,
        Self::PostFilter,
        Self::PreScore,
        Self::Score,
        Self::Reserve,
        Self::Permit,
        Self::PreBind,
        Self::Bind,
        Self::PostBind,
    ];
}

/// Asks for each node whether the pod can run there.
pub trait Filter {
    /// Whether the pod can run on the node.
    ///
    /// # Errors
    /// Why not.
    fn filter(&self, node: &NodeInfo) -> Verdict;

    /// What if this pod were (also) on this node? Called by preemption on a [`Filter::copy`].
    fn add_pod(&mut self, _pod: &PodInfo, _node: &NodeInfo) {}

    /// What if this pod were not on this node?
    fn remove_pod(&mut self, _pod: &PodInfo, _node: &NodeInfo) {}

    /// A copy that may be asked what-ifs; `None`: the filter keeps nothing about other pods, the original will do.
    fn copy<'a>(&'a self) -> Option<Box<dyn Filter + 'a>> {
        None
    }
}

/// What a plugin has to say about nodes for one pod.
pub enum PreFilter<'a> {
    /// The plugin does not filter at all.
    None,
    /// Not for this pod.
    Skip,
    /// Each node is to be asked about.
    Run(Box<dyn Filter + 'a>),
    /// Only these nodes are worth asking about.
    Only(Box<dyn Filter + 'a>, SortedSet<&'a str>),
    /// The pod can run nowhere.
    Refuse(Refused),
}

/// Rates nodes that passed all filters.
pub trait Scorer {
    /// The raw score.
    fn score(&self, node: &NodeInfo) -> i64;

    /// Brings raw scores into 0–[`MAX_NODE_SCORE`], all nodes at once.
    fn normalize(&self, _scores: &mut [i64]) {}
}

/// How a plugin rates nodes for one pod.
pub enum PreScore<'a> {
    /// The plugin does not score at all.
    None,
    /// Not for this pod.
    Skip,
    /// Each feasible node is to be rated.
    Run(Box<dyn Scorer + 'a>),
}

/// A plugin. Every point has a default that says nothing.
pub trait Plugin: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// `EnqueueExtensions`: after what events a pod that it has refused is worth another try.
    fn interests(&self) -> &'static [Interest] {
        &[]
    }

    /// `PreEnqueue`: whether the pod may enter the active queue at all.
    ///
    /// # Errors
    /// Why not.
    fn pre_enqueue(&self, _pod: &PodInfo) -> Verdict {
        Ok(())
    }

    /// `QueueSort`: pods with a smaller number are tried first, those with equal ones in the order of their times.
    fn sort_key(&self, _pod: &PodInfo) -> Option<i64> {
        None
    }

    /// `PreFilter` and `Filter`.
    fn pre_filter<'a>(&self, _cycle: &Cycle<'a>) -> PreFilter<'a> {
        PreFilter::None
    }

    /// `PostFilter`: called when no node is feasible.
    fn post_filter(&self, _cycle: &Cycle, _failure: &super::preemption::Failure) -> Option<PostFilter> {
        None
    }

    /// `PreScore`, `Score` and `NormalizeScore`. `nodes`: those that passed all filters.
    fn pre_score<'a>(&self, _cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        PreScore::None
    }

    /// `Reserve`: the pod is about to go to the node: what must be written for it before it is bound. Until then the
    /// scheduler assumes that it is so.
    fn reserve(&self, _cycle: &Cycle, _node: &NodeInfo) -> Vec<Object> {
        Vec::new()
    }

    /// `PreBind`, asked again and again once that is written: whether the pod can be bound.
    ///
    /// # Errors
    /// Why it will not come to that.
    fn pre_bind(&self, _pod: &PodInfo, _node: &NodeInfo, _now: &Surroundings) -> Result<bool, String> {
        Ok(true)
    }

    /// `Bind`: the request that binds the pod. The first plugin with one decides.
    fn bind(&self, _pod: &PodInfo, _node: &str) -> Option<Request> {
        None
    }
}

/// What a post-filter plugin found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PostFilter {
    /// Nothing is done; the text goes into the event.
    Unschedulable(String),
    /// The plugin itself fails: no other one is asked.
    Failed(&'static str),
    /// Nothing helps, not even waiting for a node that the pod was nominated for; the text goes into the event.
    Hopeless(String),
    /// The pod may not make others go; the text goes into the event.
    NotEligible(&'static str),
    /// If these pods go, the pod fits there. Elsewhere it would help, too, but not as well.
    Nominated(super::preemption::Candidate, Vec<super::preemption::Candidate>),
}

/// A plugin with its extension points and the weight of its scores.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The plugin.
    pub plugin: &'static dyn Plugin,
    /// Where it has something to say.
    pub points: &'static [Point],
    /// Weight of its normalised scores.
    pub weight: i64,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.plugin.name(), self.weight) == (other.plugin.name(), other.weight)
    }
}
impl Eq for Entry {}
impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.plugin.name(), self.weight).hash(state);
    }
}
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.plugin.name(), self.weight)
    }
}

/// Which plugins decide about the pods of one `schedulerName`, in which order and with which weights.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Profile {
    /// `spec.schedulerName` of the pods that it is for.
    pub scheduler_name: Rc<str>,
    /// All its plugins.
    pub plugins: Rc<[Entry]>,
    /// For each of [`Point::ALL`] those that are called there, in their order.
    pub points: Rc<[Vec<Entry>]>,
    /// What its plugins are told.
    pub args: Rc<Args>,
    /// What part of the nodes must be found feasible, in percent; 0: upstream's adaptive rule.
    pub percentage_of_nodes_to_score: u32,
}

impl Default for Profile {
    fn default() -> Self {
        let plugins = super::plugins::PLUGINS;
        let at = |point: &Point| plugins.iter().filter(|entry| entry.points.contains(point)).copied().collect();
        Self {
            scheduler_name: "default-scheduler".into(),
            plugins: plugins.into(),
            points: Point::ALL.iter().map(at).collect(),
            args: Rc::default(),
            percentage_of_nodes_to_score: 0,
        }
    }
}

impl Profile {
    /// The plugin of this name.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<&'static dyn Plugin> {
        self.plugins.iter().map(|entry| entry.plugin).find(|plugin| plugin.name() == name)
    }

    /// Gives a plugin another weight.
    pub fn weigh(&mut self, plugin: &str, weight: i64) {
        let weigh = |entry: &Entry| {
            let weight = if entry.plugin.name() == plugin { weight } else { entry.weight };
            Entry { weight, ..*entry }
        };
        self.plugins = self.plugins.iter().map(weigh).collect();
        self.points = self.points.iter().map(|list| list.iter().map(weigh).collect()).collect();
    }

    /// The plugins that are called at a point.
    #[must_use]
    pub fn at(&self, point: Point) -> &[Entry] {
        self.points.get(point as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// Runs `PreEnqueue`: the plugin that keeps the pod out of the active queue.
    #[must_use]
    pub fn gate(&self, pod: &PodInfo) -> Option<&'static str> {
        let mut asked = self.at(Point::PreEnqueue).iter().map(|entry| entry.plugin);
        asked.find(|plugin| plugin.pre_enqueue(pod).is_err()).map(Plugin::name)
    }

    /// Runs `QueueSort`.
    #[must_use]
    pub fn sort_key(&self, pod: &PodInfo) -> i64 {
        self.at(Point::QueueSort).iter().find_map(|entry| entry.plugin.sort_key(pod)).unwrap_or(0)
    }

    /// Runs `Reserve`.
    #[must_use]
    pub fn reserve(&self, cycle: &Cycle, node: &NodeInfo) -> Vec<Object> {
        self.at(Point::Reserve).iter().flat_map(|entry| entry.plugin.reserve(cycle, node)).collect()
    }

    /// Runs `PreBind` on what `Reserve` has assumed: whether the pod can be bound now.
    ///
    /// # Errors
    /// Why not, and which plugin says so.
    pub fn pre_bind(&self, pod: &PodInfo, node: &NodeInfo, now: &Surroundings) -> Result<bool, (&'static str, String)> {
        let mut ready = true;
        for entry in self.at(Point::PreBind) {
            ready &= entry.plugin.pre_bind(pod, node, now).map_err(|why| (entry.plugin.name(), why))?;
        }
        Ok(ready)
    }

    /// Runs `Bind`: the plugin that binds, and its request.
    #[must_use]
    pub fn bind(&self, pod: &PodInfo, node: &str) -> Option<(&'static str, Request)> {
        let mut binders = self.at(Point::Bind).iter().map(|entry| entry.plugin);
        binders.find_map(|plugin| Some((plugin.name(), plugin.bind(pod, node)?)))
    }
}

/// Upstream: `plugins/helper/normalize_score.go`, `DefaultNormalizeScore`.
pub fn default_normalize(scores: &mut [i64], reverse: bool) {
    let highest = scores.iter().copied().max().unwrap_or(0);
    if highest == 0 {
        if reverse {
            scores.fill(MAX_NODE_SCORE);
        }
        return;
    }
    for score in scores {
        *score = MAX_NODE_SCORE * *score / highest;
        if reverse {
            *score = MAX_NODE_SCORE - *score;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalising_scales_to_the_highest_and_may_turn_round() {
        let mut scores = [0, 5, 18];
        default_normalize(&mut scores, false);
        assert_eq!(scores, [0, 27, 100]);
        let mut scores = [0, 1];
        default_normalize(&mut scores, true);
        assert_eq!(scores, [100, 0]);
        let mut scores = [0, 0];
        default_normalize(&mut scores, true);
        assert_eq!(scores, [100, 100]);
    }

    #[test]
    fn each_plugin_is_there_once() {
        let profile = Profile::default();
        let names: SortedSet<_> = profile.plugins.iter().map(|entry| entry.plugin.name()).collect();
        assert_eq!(names.len(), profile.plugins.len());
        assert!(names.iter().all(|name| profile.plugin(name).is_some()));
    }
}
