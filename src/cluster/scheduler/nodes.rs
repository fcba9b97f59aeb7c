//! The scheduler's own memory of nodes and of the pods on them, and the snapshot that one cycle works with.
//!
//! The cache is fed by the informers and may be behind the cluster. It is also ahead of it: a pod for which a node was
//! chosen is *assumed* to be there until the API server's answer comes back through the watch, so that the next pod
//! does not take the same room. Upstream: `pkg/scheduler/backend/cache`.

use super::crowd::Crowd;
use super::images::{self, Image, names};
use super::nominations::Nominations;
use super::pod::{HostPort, PodInfo, Resources};
use super::surroundings::Surroundings;
use super::zones::{Zones, zone_of};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::quantity::Quantity;
use crate::sim::Map;
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
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    tainted: bool,
    /// What it offers.
    pub allocatable: Resources,
    /// How many pods it takes.
    pub allowed_pods: i64,
    /// Names of the images that it has.
    pub images: Rc<BTreeSet<Rc<str>>>,
    /// Its pods (assumed ones included) by uid.
    pub pods: Map<Rc<str>, Rc<PodInfo>>,
    /// How many of them are alike ([`PodInfo::likeness`]).
    pub alike: Vec<(Rc<str>, i64)>,
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
            unschedulable: false,
            tainted: false,
            allocatable: Resources::default(),
            allowed_pods: 0,
            images: Rc::default(),
            pods: Map::new(),
            alike: Vec::new(),
            requested: Resources::default(),
            non_zero: (0, 0),
            used_ports: BTreeSet::new(),
        }
    }

    /// Takes the node as the API has it.
    pub fn set_node(&mut self, object: &Object) {
        let node = object.get::<core::Node>();
        let spec = node.and_then(|node| node.spec.as_ref());
        self.unschedulable = spec.and_then(|spec| spec.unschedulable).unwrap_or(false);
        self.tainted = spec.and_then(|spec| spec.taints.as_ref()).is_some_and(|taints| !taints.is_empty());
        let status = node.and_then(|node| node.status.as_ref());
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
        if !self.tainted {
            return &[];
        }
        let spec = self.node().and_then(|node| node.spec.as_ref());
        spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default()
    }

    /// Adds a pod, or replaces what was known of it.
    pub fn add_pod(&mut self, pod: &Rc<PodInfo>) {
        self.remove_pod(&pod.uid);
        self.requested.add(&pod.requests);
        self.non_zero.0 += pod.non_zero.0;
        self.non_zero.1 += pod.non_zero.1;
        self.used_ports.extend(pod.ports.iter().cloned());
        match self.alike.iter_mut().find(|(likeness, _)| *likeness == pod.likeness) {
            Some((_, count)) => *count += 1,
            None => self.alike.push((pod.likeness.clone(), 1)),
        }
        self.pods.insert(pod.uid.clone(), pod.clone());
    }

    /// Removes a pod, if it is there.
    pub fn remove_pod(&mut self, uid: &str) -> Option<Rc<PodInfo>> {
        let pod = self.pods.remove(uid)?;
        if let Some(place) = self.alike.iter().position(|(likeness, _)| *likeness == pod.likeness) {
            self.alike[place].1 -= 1;
            if self.alike[place].1 == 0 {
                self.alike.swap_remove(place);
            }
        }
        self.requested.subtract(&pod.requests);
        self.non_zero.0 -= pod.non_zero.0;
        self.non_zero.1 -= pod.non_zero.1;
        for port in &pod.ports {
            self.used_ports.remove(port);
        }
        Some(pod)
    }
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
    /// Who is where.
    pub crowd: Crowd,
    nominated: Nominations,
}

impl Snapshot {
    /// The pods that are nominated for a node and matter as much as the given one, or more: it must leave them room.
    /// Upstream: `addGENominatedPods`.
    pub fn nominated_on<'a>(&'a self, node: &'a str, pod: &'a PodInfo) -> impl Iterator<Item = &'a Rc<PodInfo>> {
        let matters = |(priority, other): &&(i32, Rc<PodInfo>)| *priority >= pod.priority() && other.uid != pod.uid;
        self.nominated.on(node).iter().filter(matters).map(|(_, other)| other)
    }

    /// What if the node were so? It keeps its place and its pods.
    pub fn set_node(&mut self, object: &Object) {
        let old = self.get(object.name()).and_then(|node| node.object()).cloned();
        if let Some(node) = self.node_mut(object.name()) {
            node.set_node(object);
            self.crowd.relabel(object.name(), old.as_ref(), Some(object));
        }
    }

    /// What if this pod were not on this node?
    pub fn remove_pod(&mut self, node: &str, uid: &str) {
        let gone = self.node_mut(node).and_then(|info| Some((info.remove_pod(uid)?, info.node.clone())));
        if let Some((pod, object)) = gone {
            self.crowd.remove(&pod, node, object.as_ref());
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
    nominated: Nominations,
    crowd: Crowd,
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
        let (old, before) = (info.node.clone(), info.images.clone());
        info.set_node(object);
        self.crowd.relabel(&name, old.as_ref(), Some(object));
        let after = self.info(&name).images.clone();
        if *before != *after {
            images::moved(&mut self.images, object, &before, &after);
        }
    }

    /// A node is gone. Pods that are still on it stay known.
    pub fn remove_node(&mut self, name: &str) {
        let Some(info) = self.infos.remove(name) else { return };
        let name = info.name.clone();
        self.crowd.relabel(&name, info.object(), None);
        for image in info.images.iter() {
            images::gone(&mut self.images, image, &name);
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
            self.take(&pod.uid, &elsewhere);
        }
        self.withdraw(&pod.uid);
        self.put(&pod, &node);
        self.pods.insert(pod.uid.clone(), Placed { pod, node, assumed: false });
    }

    /// A pod is gone.
    pub fn remove_pod(&mut self, uid: &str) {
        self.withdraw(uid);
        let Some(placed) = self.pods.remove(uid) else { return };
        let info = self.take(uid, &placed.node);
        let forgotten = info.pods.is_empty() && info.node.is_none();
        if forgotten {
            self.infos.remove(&placed.node);
        }
    }

    /// Notes for which node a pod is nominated.
    pub fn nominate(&mut self, pod: &Rc<PodInfo>, node: &str) {
        self.nominated.add(pod, node);
    }

    /// The pods nominated for a node that matter less than this. Upstream: `getLowerPriorityNominatedPods`.
    #[must_use]
    pub fn nominated_below(&self, node: &str, priority: i32) -> Vec<Rc<PodInfo>> {
        let less = self.nominated.on(node).iter().filter(|(other, _)| *other < priority);
        less.map(|(_, pod)| pod.clone()).collect()
    }

    /// Forgets for which node a pod was nominated.
    pub fn withdraw(&mut self, uid: &str) {
        self.nominated.remove(uid);
    }

    /// Counts a pod on a node before it is bound there.
    pub fn assume(&mut self, pod: &Rc<PodInfo>, node: &Rc<str>) {
        self.withdraw(&pod.uid);
        self.put(pod, node);
        let placed = Placed { pod: pod.clone(), node: node.clone(), assumed: true };
        self.pods.insert(pod.uid.clone(), placed);
    }

    /// Takes an assumption back, unless it has come true. Gives the pod as it would have been on its node.
    pub fn forget(&mut self, uid: &str) -> Option<Object> {
        let placed = self.pods.get(uid).filter(|placed| placed.assumed)?;
        let mut object = placed.pod.object.clone();
        if let Some(pod) = object.get_mut::<Pod>() {
            pod.node_name = Some(placed.node.clone());
        }
        self.remove_pod(uid);
        Some(object)
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
        self.snapshot.crowd = self.crowd.clone();
        &self.snapshot
    }

    /// The snapshot as it was last made.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn put(&mut self, pod: &Rc<PodInfo>, node: &Rc<str>) {
        let info = self.info(node);
        let old = info.remove_pod(&pod.uid);
        info.add_pod(pod);
        // An assumed pod that is bound is counted already.
        if old.as_ref().is_some_and(|old| old.likeness == pod.likeness) {
            return;
        }
        let object = info.node.clone();
        if let Some(old) = old {
            self.crowd.remove(&old, node, object.as_ref());
        }
        self.crowd.add(pod, node, object.as_ref());
    }

    fn take(&mut self, uid: &str, node: &Rc<str>) -> &NodeInfo {
        let info = self.info(node);
        if let (Some(pod), object) = (info.remove_pod(uid), info.node.clone()) {
            self.crowd.remove(&pod, node, object.as_ref());
        }
        self.info(node)
    }

    fn info(&mut self, name: &Rc<str>) -> &mut NodeInfo {
        self.changed.insert(name.clone());
        let info = self.infos.get_or_insert_with(name.clone(), || Rc::new(NodeInfo::new(name.clone())));
        Rc::make_mut(info)
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
        assert!(nodes.forget("u").is_some());
        assert_eq!(cpu(&mut nodes, "a"), Some(0));
        nodes.assume(&info, &"a".into());
        nodes.set_pod(&pod("u", Some("b"), "1"));
        assert_eq!(nodes.forget("u"), None, "it is really bound, though elsewhere");
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
