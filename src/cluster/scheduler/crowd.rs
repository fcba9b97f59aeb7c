//! Who is where: pods that are alike with the nodes that they are on, and which labels the nodes have.
//!
//! Plugins that look at other pods ask for namespace, labels, terms and whether the pod is ending. Pods of one template
//! have all that in common; they are looked at once, and then only the nodes on which some of them are, or the zones. So
//! the work for a pod grows with what concerns it, not with all that is in the cluster.

use super::nodes::NodeInfo;
use super::pod::{PodInfo, labels_of};
use crate::api::object::Object;
use crate::sim::Map;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Pods that are alike ([`PodInfo::likeness`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alike {
    /// One of them.
    pub one: Rc<PodInfo>,
    /// How many of them are on which node.
    pub nodes: Map<Rc<str>, i64>,
    /// For each label of those nodes, how many of them are on nodes with which value.
    by_label: Map<Rc<str>, Map<Rc<str>, i64>>,
}

impl Alike {
    /// The values of a label with how many of the pods are on nodes that have them.
    pub fn values_of(&self, label: &str) -> impl Iterator<Item = (&str, i64)> {
        self.by_label.get(label).into_iter().flat_map(Map::iter).map(|(value, count)| (&**value, *count))
    }

    fn count(&mut self, node: Option<&Object>, by: i64) {
        for (key, value) in node.into_iter().flat_map(labels_of) {
            count(&mut self.by_label, key, value, by);
        }
    }
}

/// Adds to the number of a label's value; what becomes nothing is forgotten.
fn count(labels: &mut Map<Rc<str>, Map<Rc<str>, i64>>, key: &str, value: &str, by: i64) {
    if !labels.contains_key(key) {
        labels.insert(key.into(), Map::new());
    }
    let Some(values) = labels.get_mut(key) else { return };
    let Some(number) = values.get_mut(value) else {
        values.insert(value.into(), by);
        return;
    };
    *number += by;
    if *number == 0 {
        values.remove(value);
    }
    if values.is_empty() {
        labels.remove(key);
    }
}

/// All pods that are on nodes, and all labels of nodes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Crowd {
    /// By their likeness: those with affinity to others come first.
    alike: Map<Rc<str>, Alike>,
    /// For each label its values, and how many nodes have them.
    labels: Map<Rc<str>, Map<Rc<str>, i64>>,
    nodes: i64,
}

/// It follows from nodes and pods.
impl Hash for Crowd {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Crowd {
    /// A pod is on a node. `node`: the node, if it is known.
    pub fn add(&mut self, pod: &Rc<PodInfo>, name: &Rc<str>, node: Option<&Object>) {
        let new = || Alike { one: pod.clone(), nodes: Map::new(), by_label: Map::new() };
        let alike = self.alike.get_or_insert_with(pod.likeness.clone(), new);
        *alike.nodes.get_or_default(name.clone()) += 1;
        alike.count(node, 1);
    }

    /// A pod is no longer on a node.
    pub fn remove(&mut self, pod: &PodInfo, name: &str, node: Option<&Object>) {
        let Some(alike) = self.alike.get_mut(&*pod.likeness) else { return };
        alike.count(node, -1);
        let Some(count) = alike.nodes.get_mut(name) else { return };
        *count -= 1;
        if *count == 0 {
            alike.nodes.remove(name);
        }
        if alike.nodes.is_empty() {
            self.alike.remove(&*pod.likeness);
        }
    }

    /// A node is new, gone, or has become another.
    pub fn relabel(&mut self, name: &str, old: Option<&Object>, new: Option<&Object>) {
        if old.map(labels_of) == new.map(labels_of) {
            return;
        }
        for (node, by) in [(old, -1), (new, 1)] {
            self.nodes += if node.is_some() { by } else { 0 };
            for (key, value) in node.into_iter().flat_map(labels_of) {
                count(&mut self.labels, key, value, by);
            }
        }
        let there = |(key, alike): (&Rc<str>, &Alike)| Some((key.clone(), *alike.nodes.get(name)?));
        let concerned: Vec<(Rc<str>, i64)> = self.alike.iter().filter_map(there).collect();
        for (key, number) in concerned {
            if let Some(alike) = self.alike.get_mut(&key) {
                alike.count(old, -number);
                alike.count(new, number);
            }
        }
    }

    /// All pods, those that are alike together.
    pub fn all(&self) -> impl Iterator<Item = &Alike> {
        self.alike.values()
    }

    /// Whether any node has the label.
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.contains_key(label)
    }

    /// How many values a label has, if every node has it.
    #[must_use]
    pub fn values_everywhere(&self, label: &str) -> Option<usize> {
        let values = self.labels.get(label)?;
        (values.values().sum::<i64>() == self.nodes).then_some(values.len())
    }
}

/// The nodes of pods that are alike, as far as they are known, with the number of those pods.
pub fn nodes_of<'s>(
    alike: &'s Alike,
    snapshot: &'s super::nodes::Snapshot,
) -> impl Iterator<Item = (&'s NodeInfo, i64)> {
    alike.nodes.iter().filter_map(|(name, count)| Some((&**snapshot.get(name)?, *count)))
}
