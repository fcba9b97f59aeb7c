//! Who is where: pods that are alike with the nodes that they are on, and which labels the nodes have.
//!
//! Plugins that look at other pods ask for namespace, labels, terms and whether the pod is ending. Pods of one template
//! have all that in common; they are looked at once, and then only the nodes on which some of them are, or the zones. So
//! the work for a pod grows with what concerns it, not with all that is in the cluster.

use super::nodes::NodeInfo;
use super::pod::{PodInfo, labels_of};
use crate::api::object::Object;
use crate::api::selector::Selector;
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

/// A label with its value.
fn entry(key: &str, value: &str) -> String {
    [key, "\0", value].concat()
}

/// All pods that are on nodes, and all labels of nodes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Crowd {
    /// By their likeness: those with affinity to others come first.
    alike: Map<Rc<str>, Alike>,
    /// For each label with a value the pods that have it, by their likeness.
    labelled: Map<Rc<str>, Map<Rc<str>, i64>>,
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
        if !self.alike.contains_key(&*pod.likeness) {
            self.label(pod, 1);
        }
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
            self.label(pod, -1);
        }
    }

    /// The first (1) or last (-1) of those that are alike has come or gone.
    fn label(&mut self, pod: &PodInfo, by: i64) {
        for (key, value) in labels_of(&pod.object) {
            count(&mut self.labelled, &entry(key, value), &pod.likeness, by);
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

    /// The pods among which are all that a selector selects, those that are alike together. Most selectors demand a label's
    /// value: of thousands of sets, only one is looked at.
    pub fn candidates(&self, selector: &Selector) -> Box<dyn Iterator<Item = &Alike> + '_> {
        let Some((key, value)) = selector.demands() else { return Box::new(self.all()) };
        let known = self.labelled.get(&*entry(key, value));
        Box::new(known.into_iter().flat_map(Map::keys).filter_map(|likeness| self.alike.get(likeness)))
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

#[cfg(test)]
mod tests {
    use super::super::testing::object;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selector_finds_those_that_have_its_label_while_they_are_there() {
        let pod = |uid: &str, app: &str, node: &str| {
            let metadata = json!({"name": uid, "namespace": "default", "uid": uid, "labels": {"app": app}});
            let pod = object("Pod", json!({"metadata": metadata, "spec": {"nodeName": node, "containers": []}}));
            Rc::new(PodInfo::new(&pod).expect("a pod"))
        };
        let mut crowd = Crowd::default();
        let pods = [pod("a", "web", "n1"), pod("b", "web", "n2"), pod("c", "db", "n1")];
        for pod in &pods {
            crowd.add(pod, &"n".into(), None);
        }
        let found = |crowd: &Crowd, text: &str| {
            let selector = Selector::parse(text).expect("a selector");
            crowd.candidates(&selector).map(|alike| alike.one.uid.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found(&crowd, "app=web"), ["a"], "those that are alike stand together");
        assert_eq!(found(&crowd, "app").len(), 2, "any value will do: all are candidates");
        crowd.remove(&pods[0], "n", None);
        assert_eq!(found(&crowd, "app in (web)"), ["a"]);
        crowd.remove(&pods[1], "n", None);
        assert!(found(&crowd, "app=web").is_empty());
        assert_eq!(found(&crowd, "app=db"), ["c"]);
    }
}
