//! Nodes as a view has them, read anew only as far as they have changed.

use super::amounts;
use crate::api::kinds;
use crate::api::meta::moment;
use crate::api::object::{Key, Object};
use crate::cluster::World;
use crate::cluster::machine::Engine;
use crate::cluster::view::{NodeView, Readiness};
use crate::cluster::wire::Address;
use crate::sim::{Duration, Order, Time};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;
use std::rc::Rc;

/// Where nodes' leases are.
const LEASES: &str = "kube-node-lease";

/// What is remembered from one view to the next: only what has changed since is read anew.
#[derive(Default)]
pub struct Known {
    /// Nodes in order of their keys.
    nodes: Vec<KnownNode>,
    /// The same in the order of the view.
    order: Vec<usize>,
}

/// A node as it was read.
#[derive(Default)]
struct KnownNode {
    object: Option<Object>,
    lease: Option<Object>,
    /// What both say; nothing of its machine and its pods.
    view: NodeView,
    /// Its place in the view.
    place: usize,
}

impl World {
    /// All nodes without their pods. Nodes, their leases and their machines come in the order of the same names.
    pub(super) fn nodes(&self, known: &mut Known) -> Vec<NodeView> {
        let mut before = std::mem::take(&mut known.nodes).into_iter().peekable();
        let mut leases = self.objects(&kinds::lease::KIND).filter(|lease| lease.namespace() == LEASES).peekable();
        let machines = self.processes.range(Address::Kubelet("".into())..).map_while(|(address, _)| match address {
            Address::Kubelet(name) => Some(&**name),
            _ => None,
        });
        let (mut machines, mut same) = (machines.peekable(), true);
        for object in self.objects(&kinds::node::KIND) {
            let Some(node) = object.get::<Node>() else { continue };
            let name = object.name();
            while before.next_if(|old| old.name() < name).is_some() {
                same = false;
            }
            while leases.next_if(|lease| lease.name() < name).is_some() {}
            while machines.next_if(|machine| *machine < name).is_some() {}
            let lease = leases.next_if(|lease| lease.name() == name);
            let mut read = before.next_if(|old| old.name() == name).unwrap_or_default();
            same &= read.read((object, node), lease);
            read.view.kubelet_runs = machines.next_if(|machine| *machine == name).is_some();
            known.nodes.push(read);
        }
        if !same || before.next().is_some() {
            known.arrange();
        }
        known.order.iter().map(|at| self.machine(known.nodes[*at].view.clone())).collect()
    }

    /// Who leads the controllers and the schedulers.
    pub(super) fn leaders(&self) -> Vec<(Address, Time, Time)> {
        let all = [("kube-controller-manager", Address::ControllerManager), ("kube-scheduler", Address::Scheduler)];
        let held = all.into_iter().filter_map(|(name, who)| {
            let lease = self.object(&kinds::lease::KIND, &Key::new("kube-system", name))?.get::<Lease>()?;
            let spec = lease.spec.as_ref()?;
            spec.holder_identity.as_ref().filter(|holder| !holder.is_empty())?;
            let renewed = moment(&Timestamp(spec.renew_time.as_ref()?.0));
            let lasts = u64::try_from(spec.lease_duration_seconds?).ok()?;
            Some((who, renewed, renewed + Duration::from_secs(lasts)))
        });
        held.collect()
    }

    /// What is really so of a node whose machine is there.
    fn machine(&self, mut node: NodeView) -> NodeView {
        let address = Address::Kubelet(node.name.clone());
        node.kubelet_runs &= !self.stopped.contains(&address);
        node.cut_off = self.kernel.links.is_isolated(&address);
        node.dark = self.faults.contains(&("power", node.name.clone()));
        node
    }
}

impl KnownNode {
    /// Reads what has changed; whether the node keeps its place among the others.
    fn read(&mut self, (object, node): (&Object, &Node), lease: Option<&Object>) -> bool {
        let mut stays = true;
        if !is_same(self.object.as_ref(), Some(object)) {
            let view = NodeView { lease: self.view.lease, ..node_view(object, node) };
            stays = self.object.is_some() && self.view.control_plane == view.control_plane;
            (self.object, self.view) = (Some(object.clone()), view);
        }
        if !is_same(self.lease.as_ref(), lease) {
            let renewed = lease.and_then(|lease| lease.get::<Lease>()?.spec.as_ref()?.renew_time.clone());
            self.view.lease = renewed.map(|time| moment(&Timestamp(time.0)));
            self.lease = lease.cloned();
        }
        stays
    }

    fn name(&self) -> &str {
        &self.view.name
    }
}

fn is_same(one: Option<&Object>, other: Option<&Object>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl Known {
    /// Puts the nodes into the order of the view.
    fn arrange(&mut self) {
        let nodes = &self.nodes;
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.order_by(|a, b| {
            let (a, b) = (&nodes[*a].view, &nodes[*b].view);
            b.control_plane.cmp(&a.control_plane).then_with(|| natural(&a.name, &b.name))
        });
        for (place, at) in order.iter().enumerate() {
            self.nodes[*at].place = place;
        }
        self.order = order;
    }

    /// The place of a node in the view.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        let at = self.nodes.binary_search_by(|node| node.name().cmp(name)).ok()?;
        Some(self.nodes[at].place)
    }
}

/// What the API says of a node by itself.
fn node_view(object: &Object, node: &Node) -> NodeView {
    let name: Rc<str> = object.name().into();
    let spec = node.spec.as_ref();
    let status = node.status.as_ref();
    let ready = status.and_then(|s| s.conditions.as_ref()).into_iter().flatten().find(|c| c.type_ == "Ready");
    let readiness = match ready.map(|condition| condition.status.as_str()) {
        Some("True") => Readiness::Ready,
        Some("False") => Readiness::NotReady,
        _ => Readiness::Unknown,
    };
    let taints = spec.and_then(|s| s.taints.as_ref()).into_iter().flatten();
    let taints = taints.map(|t| match t.value.as_deref() {
        None | Some("") => format!("{}:{}", t.key, t.effect).into(),
        Some(value) => format!("{}={value}:{}", t.key, t.effect).into(),
    });
    let labels = object.meta().labels.as_ref();
    let label = |key| labels.and_then(|labels| labels.get(key)).map_or("", String::as_str).into();
    let info = status.and_then(|status| status.node_info.as_ref());
    NodeView {
        engine: info.map(|info| Engine::of(&info.container_runtime_version)).unwrap_or_default(),
        zone: label("topology.kubernetes.io/zone"),
        pool: label("node-pool"),
        control_plane: labels.is_some_and(|l| l.contains_key("node-role.kubernetes.io/control-plane")),
        readiness,
        cordoned: spec.and_then(|s| s.unschedulable).unwrap_or(false),
        taints: taints.collect(),
        allocatable: status.and_then(|s| s.allocatable.as_ref()).map(amounts).unwrap_or_default(),
        images: status.and_then(|s| s.images.as_ref()).map_or(0, Vec::len),
        name,
        ..NodeView::default()
    }
}

/// Names with numbers in the order of the numbers: `node-2` before `node-10`.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    fn split(text: &str) -> (&str, u64) {
        let (word, number) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_digit()).len());
        (word, number.parse().unwrap_or(0))
    }
    split(a).cmp(&split(b)).then_with(|| a.cmp(b))
}
