//! The scheduler's own memory of nodes and of the pods on them, and the snapshot that one cycle works with.
//!
//! The cache is fed by the informers and may be behind the cluster. It is also ahead of it: a pod for which a node was
//! chosen is *assumed* to be there until the API server's answer comes back through the watch, so that the next pod
//! does not take the same room. Upstream: `pkg/scheduler/backend/cache`.

use super::pod::{HostPort, PodInfo, Resources, labels_of};
use super::surroundings::Surroundings;
use super::zones::{Zones, zone_of};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::quantity::Quantity;
use crate::sim::{Map, Set};
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// A node with the sum of what its pods have asked for. Upstream: `framework.NodeInfo`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeInfo {
    /// Its name.
    pub name: Rc<str>,
    node: Option<Object>,
    /// What it offers.
    pub allocatable: Resources,
    /// How many pods it takes.
    pub allowed_pods: i64,
    /// Names of the images that it has.
    pub images: Rc<BTreeSet<Rc<str>>>,
    /// Its pods (assumed ones included) by uid.
    pub pods: Map<Rc<str>, Rc<PodInfo>>,
    /// How many of them have the same namespace and labels and are (or are not) ending, with one of each: what spreads
    /// pods asks this of every node for every pod.
    pub alike: Vec<(Rc<PodInfo>, usize)>,
    /// Those of them that have affinity to other pods.
    pub with_affinity: Map<Rc<str>, Rc<PodInfo>>,
    /// Sum of their requests.
    pub requested: Resources,
    /// Sum of their requests with defaults: CPU (thousandths), memory (bytes).
    pub non_zero: (i64, i64),
    /// Host ports that are taken.
    pub used_ports: BTreeSet<HostPort>,
}

/// The sums follow from node and pods.
impl Hash for NodeInfo {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.node.as_ref().map(Object::revision), &self.pods).hash(state);
    }
}

impl NodeInfo {
    /// A node of which nothing is known but the name.
    #[must_use]
    pub fn new(name: Rc<str>) -> Self {
        Self {
            name,
            node: None,
            allocatable: Resources::default(),
            allowed_pods: 0,
            images: Rc::default(),
            pods: Map::new(),
            alike: Vec::new(),
            with_affinity: Map::new(),
            requested: Resources::default(),
            non_zero: (0, 0),
            used_ports: BTreeSet::new(),
        }
    }

    /// Takes the node as the API has it.
    pub fn set_node(&mut self, object: &Object) {
        let status = object.get::<core::Node>().and_then(|node| node.status.as_ref());
        let list = status.and_then(|status| status.allocatable.as_ref());
        self.allocatable = Resources::from_list(list);
        let places = list.and_then(|list| list.get("pods")).and_then(|text| Quantity::try_from(text).ok());
        self.allowed_pods = places.map_or(0, |places| places.value());
        let images = status.and_then(|status| status.images.as_deref()).unwrap_or_default();
        self.images = Rc::new(names(images).map(|(name, _)| name.into()).collect());
        self.node = Some(object.clone());
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> Option<&core::Node> {
        self.node.as_ref()?.get()
    }

    /// The node as an object.
    #[must_use]
    pub fn object(&self) -> Option<&Object> {
        self.node.as_ref()
    }

    /// Its labels.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.node.as_ref()?.meta().labels.as_ref()?.get(name).map(String::as_str)
    }

    /// Its taints.
    #[must_use]
    pub fn taints(&self) -> &[core::Taint] {
        let spec = self.node().and_then(|node| node.spec.as_ref());
        spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default()
    }

    /// `spec.unschedulable`.
    #[must_use]
    pub fn is_unschedulable(&self) -> bool {
        self.node().and_then(|node| node.spec.as_ref()).and_then(|spec| spec.unschedulable).unwrap_or(false)
    }

    /// Adds a pod, or replaces what was known of it.
    pub fn add_pod(&mut self, pod: &Rc<PodInfo>) {
        self.remove_pod(&pod.uid);
        self.requested.add(&pod.requests);
        self.non_zero.0 += pod.non_zero.0;
        self.non_zero.1 += pod.non_zero.1;
        self.used_ports.extend(pod.ports.iter().cloned());
        if pod.terms.is_some() {
            self.with_affinity.insert(pod.uid.clone(), pod.clone());
        }
        match self.alike.iter_mut().find(|(other, _)| are_alike(other, pod)) {
            Some((_, count)) => *count += 1,
            None => self.alike.push((pod.clone(), 1)),
        }
        self.pods.insert(pod.uid.clone(), pod.clone());
    }

    /// Removes a pod, if it is there.
    pub fn remove_pod(&mut self, uid: &str) {
        let Some(pod) = self.pods.remove(uid) else { return };
        if let Some(place) = self.alike.iter().position(|(other, _)| are_alike(other, &pod)) {
            self.alike[place].1 -= 1;
            if self.alike[place].1 == 0 {
                self.alike.swap_remove(place);
            }
        }
        self.with_affinity.remove(uid);
        self.requested.subtract(&pod.requests);
        self.non_zero.0 -= pod.non_zero.0;
        self.non_zero.1 -= pod.non_zero.1;
        for port in &pod.ports {
            self.used_ports.remove(port);
        }
    }
}

fn are_alike(a: &PodInfo, b: &PodInfo) -> bool {
    let (a, b) = (&a.object, &b.object);
    a.is_terminating() == b.is_terminating() && a.namespace() == b.namespace() && labels_of(a) == labels_of(b)
}

fn names(images: &[core::ContainerImage]) -> impl Iterator<Item = (&str, i64)> {
    images.iter().flat_map(|image| {
        image.names.iter().flatten().map(|name| (name.as_str(), image.size_bytes.unwrap_or_default()))
    })
}

/// An image as far as its place matters.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Image {
    /// Bytes, as the first node that had it said.
    pub size: i64,
    /// On which nodes it is.
    pub nodes: Set<Rc<str>>,
}

/// What one cycle sees: all nodes at one moment, in the order in which they are examined.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Snapshot {
    /// The nodes: one of each zone in turn.
    pub nodes: Rc<Vec<Rc<NodeInfo>>>,
    places: Map<Rc<str>, usize>,
    /// Images by name.
    pub images: Map<Rc<str>, Image>,
    /// What else plugins look at.
    pub surroundings: Surroundings,
    nominated: Map<Rc<str>, (Rc<PodInfo>, Rc<str>)>,
}

impl Snapshot {
    /// The pods that are nominated for a node and matter as much as the given one, or more: it must leave them room.
    /// Upstream: `addGENominatedPods`.
    pub fn nominated_on<'a>(&'a self, node: &'a str, pod: &'a PodInfo) -> impl Iterator<Item = &'a Rc<PodInfo>> {
        let here = self.nominated.values().filter(move |(_, on)| **on == *node).map(|(other, _)| other);
        here.filter(|other| other.priority() >= pod.priority() && other.uid != pod.uid)
    }

    /// What if the node were so? It keeps its place and its pods.
    pub fn set_node(&mut self, object: &Object) {
        if let Some(node) = self.node_mut(object.name()) {
            node.set_node(object);
        }
    }

    /// What if this pod were not on this node?
    pub fn remove_pod(&mut self, node: &str, uid: &str) {
        if let Some(node) = self.node_mut(node) {
            node.remove_pod(uid);
        }
    }

    fn node_mut(&mut self, name: &str) -> Option<&mut NodeInfo> {
        let place = *self.places.get(name)?;
        Rc::make_mut(&mut self.nodes).get_mut(place).map(Rc::make_mut)
    }

    /// The node of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Rc<NodeInfo>> {
        self.nodes.get(*self.places.get(name)?)
    }
}

/// Where a pod is, as the scheduler believes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Placed {
    pod: Rc<PodInfo>,
    node: Rc<str>,
    /// Chosen, but not yet seen to be bound.
    assumed: bool,
}

/// The cache.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Nodes {
    infos: Map<Rc<str>, Rc<NodeInfo>>,
    pods: Map<Rc<str>, Placed>,
    images: Map<Rc<str>, Image>,
    /// What else plugins look at.
    pub surroundings: Surroundings,
    /// Pods without a node for which room is being made, by uid: upstream's nominator.
    nominated: Map<Rc<str>, (Rc<PodInfo>, Rc<str>)>,
    zones: Zones,
    snapshot: Snapshot,
    /// Nodes that differ from the snapshot.
    changed: BTreeSet<Rc<str>>,
    /// Whether nodes have come, gone or moved to another zone since the snapshot.
    reordered: bool,
}

impl Nodes {
    /// A node is new or has changed.
    pub fn set_node(&mut self, object: &Object) {
        let name: Rc<str> = object.name().into();
        let zone = zone_of(object);
        self.reordered |= self.zones.put(&zone, &name);
        let info = self.info(&name);
        let before = info.images.clone();
        info.set_node(object);
        if *before != *info.images {
            let after = info.images.clone();
            self.move_images(object, &name, &before, &after);
        }
    }

    /// A node is gone. Pods that are still on it stay known.
    pub fn remove_node(&mut self, name: &str) {
        let Some(info) = self.infos.remove(name) else { return };
        let name = info.name.clone();
        for image in info.images.iter() {
            self.take_image(image, &name);
        }
        if !info.pods.is_empty() {
            let mut left = NodeInfo::new(name.clone());
            info.pods.values().for_each(|pod| left.add_pod(pod));
            self.infos.insert(name.clone(), Rc::new(left));
        }
        self.zones.remove(&name);
        self.reordered = true;
    }

    /// A pod was seen on a node (or has changed there).
    pub fn set_pod(&mut self, object: &Object) {
        let Some(node) = object.get::<Pod>().and_then(|pod| pod.node_name.clone()) else { return };
        let known = self.pods.get(object.uid());
        let pod = match known {
            Some(placed) => placed.pod.updated(object),
            None => PodInfo::new(object),
        };
        let Some(pod) = pod.map(Rc::new) else { return };
        if let Some(elsewhere) = known.filter(|placed| placed.node != node).map(|placed| placed.node.clone()) {
            self.info(&elsewhere).remove_pod(&pod.uid);
        }
        self.withdraw(&pod.uid);
        self.info(&node).add_pod(&pod);
        self.pods.insert(pod.uid.clone(), Placed { pod, node, assumed: false });
    }

    /// A pod is gone.
    pub fn remove_pod(&mut self, uid: &str) {
        self.withdraw(uid);
        let Some(placed) = self.pods.remove(uid) else { return };
        let info = self.info(&placed.node);
        info.remove_pod(uid);
        let forgotten = info.pods.is_empty() && info.node.is_none();
        if forgotten {
            self.infos.remove(&placed.node);
        }
    }

    /// Notes for which node a pod is nominated.
    pub fn nominate(&mut self, pod: &Rc<PodInfo>, node: &str) {
        self.nominated.insert(pod.uid.clone(), (pod.clone(), node.into()));
    }

    /// Forgets for which node a pod was nominated.
    pub fn withdraw(&mut self, uid: &str) {
        self.nominated.remove(uid);
    }

    /// Counts a pod on a node before it is bound there.
    pub fn assume(&mut self, pod: &Rc<PodInfo>, node: &Rc<str>) {
        self.withdraw(&pod.uid);
        self.info(node).add_pod(pod);
        let placed = Placed { pod: pod.clone(), node: node.clone(), assumed: true };
        self.pods.insert(pod.uid.clone(), placed);
    }

    /// Takes an assumption back, unless it has come true. Says whether anything was taken back.
    pub fn forget(&mut self, uid: &str) -> bool {
        let assumed = self.is_assumed(uid);
        if assumed {
            self.remove_pod(uid);
        }
        assumed
    }

    /// Whether the pod is assumed to be on a node.
    #[must_use]
    pub fn is_assumed(&self, uid: &str) -> bool {
        self.pods.get(uid).is_some_and(|placed| placed.assumed)
    }

    /// Brings the snapshot up to date: only nodes that have changed are touched.
    pub fn update_snapshot(&mut self) -> &Snapshot {
        if self.reordered {
            let order = self.zones.order();
            let nodes: Vec<_> = order.iter().filter_map(|name| self.infos.get(name).cloned()).collect();
            self.snapshot.places = nodes.iter().enumerate().map(|(place, info)| (info.name.clone(), place)).collect();
            self.snapshot.nodes = Rc::new(nodes);
        } else {
            let nodes = Rc::make_mut(&mut self.snapshot.nodes);
            for name in &self.changed {
                if let (Some(place), Some(info)) = (self.snapshot.places.get(name), self.infos.get(name)) {
                    nodes[*place] = info.clone();
                }
            }
        }
        self.changed.clear();
        self.reordered = false;
        self.snapshot.images = self.images.clone();
        self.snapshot.surroundings = self.surroundings.clone();
        self.snapshot.nominated = self.nominated.clone();
        &self.snapshot
    }

    /// The snapshot as it was last made.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn info(&mut self, name: &Rc<str>) -> &mut NodeInfo {
        self.changed.insert(name.clone());
        let info = self.infos.get_or_insert_with(name.clone(), || Rc::new(NodeInfo::new(name.clone())));
        Rc::make_mut(info)
    }

    fn move_images(&mut self, object: &Object, node: &Rc<str>, before: &BTreeSet<Rc<str>>, after: &BTreeSet<Rc<str>>) {
        for image in before.difference(after) {
            self.take_image(image, node);
        }
        let status = object.get::<core::Node>().and_then(|node| node.status.as_ref());
        let images = status.and_then(|status| status.images.as_deref()).unwrap_or_default();
        for (name, size) in names(images).filter(|(name, _)| !before.contains(*name)) {
            let image = self.images.get_or_insert_with(name.into(), || Image { size, nodes: Set::new() });
            image.nodes.insert(node.clone());
        }
    }

    fn take_image(&mut self, image: &Rc<str>, node: &Rc<str>) {
        let Some(known) = self.images.get_mut(image) else { return };
        known.nodes.remove(node);
        if known.nodes.is_empty() {
            self.images.remove(image);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::object;
    use super::*;
    use serde_json::json;

    fn node(name: &str, zone: &str) -> Object {
        object(
            "Node",
            json!({"metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                       "images": [{"names": ["nginx:1"], "sizeBytes": 100}]}}),
        )
    }

    fn pod(uid: &str, node: Option<&str>, cpu: &str) -> Object {
        object(
            "Pod",
            json!({"metadata": {"name": uid, "namespace": "default", "uid": uid}, "spec": {"nodeName": node,
            "containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}}),
        )
    }

    fn cpu(nodes: &mut Nodes, name: &str) -> Option<i64> {
        nodes.update_snapshot().get(name).map(|info| info.requested.milli_cpu)
    }

    #[test]
    fn zones_take_turns() {
        let mut nodes = Nodes::default();
        for (name, zone) in [("a", "1"), ("b", "1"), ("c", "2"), ("d", "1")] {
            nodes.set_node(&node(name, zone));
        }
        let order = |nodes: &mut Nodes| -> Vec<String> {
            nodes.update_snapshot().nodes.iter().map(|info| info.name.to_string()).collect()
        };
        assert_eq!(order(&mut nodes), ["a", "c", "b", "d"]);
        nodes.remove_node("a");
        nodes.set_node(&node("d", "2"));
        assert_eq!(order(&mut nodes), ["b", "c", "d"]);
    }

    #[test]
    fn an_assumed_pod_takes_room_until_it_is_forgotten_or_seen() {
        let mut nodes = Nodes::default();
        nodes.set_node(&node("a", ""));
        nodes.set_node(&node("b", ""));
        let info = Rc::new(PodInfo::new(&pod("u", None, "1")).expect("a pod"));
        nodes.assume(&info, &"a".into());
        assert_eq!(cpu(&mut nodes, "a"), Some(1000));
        assert!(nodes.forget("u"));
        assert_eq!(cpu(&mut nodes, "a"), Some(0));
        nodes.assume(&info, &"a".into());
        nodes.set_pod(&pod("u", Some("b"), "1"));
        assert!(!nodes.forget("u"), "it is really bound, though elsewhere");
        assert_eq!((cpu(&mut nodes, "a"), cpu(&mut nodes, "b")), (Some(0), Some(1000)));
    }

    #[test]
    fn images_know_their_nodes_and_pods_outlive_their_node() {
        let mut nodes = Nodes::default();
        nodes.set_node(&node("a", ""));
        nodes.set_node(&node("b", ""));
        nodes.set_pod(&pod("u", Some("a"), "1"));
        assert_eq!(nodes.update_snapshot().images.get("nginx:1").map(|image| image.nodes.len()), Some(2));
        nodes.remove_node("a");
        assert_eq!(nodes.update_snapshot().images.get("nginx:1").map(|image| image.nodes.len()), Some(1));
        assert_eq!(cpu(&mut nodes, "a"), None);
        nodes.set_node(&node("a", ""));
        assert_eq!(cpu(&mut nodes, "a"), Some(1000));
    }
}
