//! What the colours of crates stand for: workloads, or something else that a person wants to see at a glance.
//!
//! Each group has a colour *and* a pattern (the same as the workload of that number), so nothing hangs on hue alone.

use super::Truth;
use super::layout::load;
use super::sprites::crate_::Status;
use super::status;
use crate::cluster::view::{NodeView, PodView, View};
use crate::sim::Order;
use std::rc::Rc;

/// What colours stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Colours {
    /// The workload that a pod belongs to.
    #[default]
    Workload,
    /// Its namespace.
    Namespace,
    /// The pool of its node, or without pools its zone.
    Pool,
    /// How it is.
    Status,
    /// How much is asked of its node.
    Load,
}

impl Colours {
    /// All, with their names in addresses and in the catalogue (`colours-…`).
    pub const ALL: [(&'static str, Self); 5] = [
        ("workload", Self::Workload),
        ("namespace", Self::Namespace),
        ("pool", Self::Pool),
        ("status", Self::Status),
        ("load", Self::Load),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }
}

/// The groups of states, with their colours.
const STATES: [(&str, usize); 5] =
    [("colours-ready", 2), ("colours-waiting", 5), ("colours-failed", 7), ("colours-done", 3), ("colours-unknown", 6)];
/// The groups of loads: up to which share, and their colours.
const LOADS: [(&str, f64, usize); 4] =
    [("colours-light", 0.5, 0), ("colours-half", 0.75, 2), ("colours-full", 0.9, 1), ("colours-laden", 2.0, 7)];

/// Which group each pod belongs to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Groups {
    colours: Colours,
    names: Vec<Rc<str>>,
}

impl Groups {
    /// The groups of a view.
    #[must_use]
    pub fn of(view: &View, colours: Colours) -> Self {
        let mut names: Vec<Rc<str>> = match colours {
            Colours::Namespace => {
                let pods = view.nodes.iter().flat_map(|node| &node.pods).chain(&view.pending);
                // Neighbours are often of one namespace.
                let mut names: Vec<Rc<str>> = Vec::new();
                for pod in pods {
                    if names.last().is_none_or(|last| **last != *pod.object.key.namespace) {
                        names.push((&*pod.object.key.namespace).into());
                    }
                    if names.len() > 1000 {
                        names.order();
                        names.dedup();
                    }
                }
                names
            }
            Colours::Pool => view.nodes.iter().map(pool).collect(),
            _ => Vec::new(),
        };
        names.order();
        names.dedup();
        Self { colours, names }
    }

    /// The number of a pod's group: decides colour and pattern.
    #[must_use]
    pub fn hue(&self, pod: &PodView, node: Option<&NodeView>, now: (crate::sim::Time, Truth)) -> Option<usize> {
        let named = |name: &str| self.names.binary_search_by(|known| (**known).cmp(name)).ok();
        match self.colours {
            Colours::Workload => pod.workload,
            Colours::Namespace => named(&pod.object.key.namespace),
            Colours::Pool => node.and_then(|node| named(&pool(node))),
            Colours::Status => Some(STATES[state(status::of(pod, node, now))].1),
            Colours::Load => node.map(|node| LOADS[loaded(node)].2),
        }
    }

    /// The number of a workload's group, where workloads are what is told apart.
    #[must_use]
    pub fn of_workload(&self, index: usize) -> Option<usize> {
        (self.colours == Colours::Workload).then_some(index)
    }

    /// What the colours mean: numbers of groups, and their names or keys of the catalogue.
    #[must_use]
    pub fn legend(&self, view: &View) -> Vec<(usize, String)> {
        match self.colours {
            Colours::Workload => {
                view.workloads.iter().enumerate().map(|(i, object)| (i, object.key.name.to_string())).collect()
            }
            Colours::Status => STATES.iter().map(|(key, hue)| (*hue, (*key).to_owned())).collect(),
            Colours::Load => LOADS.iter().map(|(key, _, hue)| (*hue, (*key).to_owned())).collect(),
            // What belongs to no pool is told by its colour alone.
            _ => {
                let named = self.names.iter().enumerate().filter(|(_, name)| !name.is_empty());
                named.map(|(i, name)| (i, name.to_string())).collect()
            }
        }
    }
}

fn pool(node: &NodeView) -> Rc<str> {
    if node.pool.is_empty() { node.zone.clone() } else { node.pool.clone() }
}

fn loaded(node: &NodeView) -> usize {
    let load = load(node);
    LOADS.iter().position(|(_, up_to, _)| load < *up_to).unwrap_or(LOADS.len() - 1)
}

fn state(status: Status) -> usize {
    match status {
        Status::Ready => 0,
        Status::Pending | Status::Creating(_) | Status::Running | Status::Terminating(_) => 1,
        Status::Failed | Status::Evicted => 2,
        Status::Succeeded => 3,
        Status::Unknown => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing;
    use crate::sim::Time;

    #[test]
    fn each_way_to_colour_tells_its_groups_apart_and_names_them() {
        let mut view = testing::harbour(3, 8);
        testing::decorate(&mut view);
        for (place, node) in view.nodes.iter_mut().enumerate() {
            node.pool = if place < 2 { "small".into() } else { "large".into() };
        }
        for (name, colours) in Colours::ALL {
            let groups = Groups::of(&view, colours);
            let hue =
                |node: &NodeView, pod: usize| groups.hue(&node.pods[pod], Some(node), (Time::ZERO, Truth::Believed));
            let (first, last) = (&view.nodes[1], &view.nodes[3]);
            let all: Vec<_> = (0..8).map(|pod| hue(first, pod)).chain((0..8).map(|pod| hue(last, pod))).collect();
            let differ = all.iter().any(|one| *one != all[0]);
            // All pods are in one namespace, and as much is asked of each ship.
            assert_eq!(differ, !matches!(colours, Colours::Namespace | Colours::Load), "{name}: {all:?}");
            if colours != Colours::Workload {
                let legend = groups.legend(&view);
                assert!(
                    all.iter().all(|hue| legend.iter().any(|(known, _)| Some(*known) == *hue)),
                    "{name}: {legend:?}"
                );
            }
        }
    }
}
