//! How many pods match in which domain.

use super::{Constraint, Required, has_all};
use crate::cluster::scheduler::framework::Cycle;
use crate::cluster::scheduler::nodes::NodeInfo;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The domains of a constraint with the number of pods that match.
#[derive(Default)]
pub(super) struct Domains<'a> {
    pub counts: BTreeMap<&'a str, i64>,
    /// How many domains are not named there: no pod of theirs matches.
    pub empty: usize,
    /// The two smallest numbers, with a domain that has the first.
    lowest: Option<(&'a str, i64)>,
    second: Option<i64>,
}

impl<'a> Domains<'a> {
    /// All nodes count, and they are in so many domains.
    pub fn known(cycle: &Cycle<'a>, constraint: &Constraint, number: usize) -> Self {
        let mut counts = BTreeMap::new();
        for alike in constraint.counted(cycle) {
            for (value, count) in alike.values_of(constraint.key) {
                *counts.entry(value).or_default() += count;
            }
        }
        Self::ranked(Self { empty: number - counts.len(), counts, ..Self::default() })
    }

    /// Each node is asked whether it counts.
    pub fn asked(cycle: &Cycle<'a>, constraints: &[Constraint], required: &Required) -> Vec<Self> {
        let matching: Vec<Matching> = constraints.iter().map(|c| Matching::new(cycle, c)).collect();
        let mut all: Vec<Self> = constraints.iter().map(|_| Self::default()).collect();
        for node in cycle.snapshot.nodes.iter().filter(|node| has_all(constraints, node)) {
            for ((constraint, domains), matching) in constraints.iter().zip(&mut all).zip(&matching) {
                if let Some(value) =
                    node.label(constraint.key).filter(|_| constraint.includes(cycle.pod, required, node))
                {
                    *domains.counts.entry(value).or_default() += matching.on(node);
                }
            }
        }
        all.into_iter().map(Self::ranked).collect()
    }

    fn ranked(mut self) -> Self {
        for (value, count) in &self.counts {
            if self.lowest.is_none_or(|(_, least)| *count < least) {
                self.second = self.lowest.map(|(_, least)| least);
                self.lowest = Some((value, *count));
            } else if self.second.is_none_or(|second| *count < second) {
                self.second = Some(*count);
            }
        }
        self
    }

    /// How many pods match in a domain, and in the one with the fewest, if there were so many more in the first.
    pub fn here_and_least(&self, value: &str, more: i64) -> (i64, i64) {
        let known = self.counts.get(value);
        let here = known.copied().unwrap_or(0) + more;
        let own = known.is_some() || self.empty > 0;
        let empty = self.empty - usize::from(known.is_none() && own);
        let others = match self.lowest {
            Some((lowest, _)) if lowest == value => self.second,
            lowest => lowest.map(|(_, count)| count),
        };
        let least = others.into_iter().chain((empty > 0).then_some(0)).chain(own.then_some(here)).min();
        (here, least.unwrap_or(i64::from(i32::MAX)))
    }
}

/// The pods that match, as nodes know them.
#[derive(Default)]
pub(super) struct Matching<'a>(Vec<&'a Rc<str>>);

impl<'a> Matching<'a> {
    pub fn new(cycle: &Cycle<'a>, constraint: &Constraint) -> Self {
        Self(constraint.counted(cycle).map(|alike| &alike.one.likeness).collect())
    }

    pub fn on(&self, node: &NodeInfo) -> i64 {
        let matches = |likeness: &Rc<str>| self.0.binary_search(&likeness).is_ok();
        node.alike.iter().filter(|(likeness, _)| matches(likeness)).map(|(_, count)| count).sum()
    }
}
