//! Where the pods of a DaemonSet belong, and which are there.
//!
//! Upstream: `daemon_controller.go` (`NodeShouldRunDaemonPod`, `podsShouldBeOnNode`) and `util/daemonset_util.go`.

use super::{Wish, generation, may_replace};
use crate::api::kinds::{node, pod::Pod};
use crate::api::pod::placing::{Required, tolerates, untolerated, value};
use crate::api::{Object, json};
use crate::cluster::client::controller::{Reconcile, Saying};
use crate::cluster::controllers::shared::history::REVISION;
use crate::cluster::controllers::shared::pods::{from_template, until_available};
use crate::cluster::controllers::shared::{integer, labels};
use crate::sim::{Duration, Order, Sorted, Time};
use k8s_openapi::api::core::v1::{
    Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, PodTemplateSpec, Taint, Toleration,
};
use std::rc::Rc;

const GENERATION: &str = "pod-template-generation";
const NAME: &str = "metadata.name";
/// What every pod of a DaemonSet tolerates: taint and effect.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// A DaemonSet.
pub struct Set<'a> {
    /// The object.
    pub object: &'a Object,
    /// What its pods look like, with the tolerations that all such pods have.
    pub template: PodTemplateSpec,
    /// Whether an update replaces pods by itself.
    pub rolling: bool,
    /// How long a pod must be ready to be available.
    pub min_ready: Duration,
}

impl<'a> Set<'a> {
    /// Reads a DaemonSet.
    #[must_use]
    pub fn read(object: &'a Object) -> Option<Self> {
        let tree = object.document()?;
        let mut template: PodTemplateSpec = json::decode_part(tree.at("spec.template")?).ok()?;
        tolerate(template.spec.get_or_insert_default());
        let min_ready = integer(tree, "spec.minReadySeconds").unwrap_or(0);
        Some(Self {
            object,
            template,
            rolling: tree.text("spec.updateStrategy.type") != "OnDelete",
            min_ready: Duration::from_secs(u64::try_from(min_ready).unwrap_or(0)),
        })
    }

    fn spec(&self) -> &PodSpec {
        self.template.spec.as_ref().expect("reading it has made one")
    }

    /// Whether a pod should come to a node, and whether one that is there may stay.
    #[must_use]
    pub fn belongs_on(&self, node: &Object) -> (bool, bool) {
        let spec = self.spec();
        let named = spec.node_name.as_deref().is_none_or(|name| name.is_empty() || name == node.name());
        if !named || !Required::of(spec).matches(node) {
            return (false, false);
        }
        let tolerations = spec.tolerations.as_deref().unwrap_or_default();
        let taints = taints(node);
        let stays = |taint: &Taint| {
            taint.effect != "NoExecute" || tolerates(tolerations, &taint.key, value(taint), &taint.effect)
        };
        (!untolerated(tolerations, taints), taints.iter().all(stays))
    }
}

fn taints(node: &Object) -> &[Taint] {
    let spec = node.get::<Node>().and_then(|node| node.spec.as_ref());
    spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default()
}

/// Whether two states of a node can differ for a DaemonSet.
#[must_use]
pub fn looks_other(old: &Object, new: &Object) -> bool {
    taints(old) != taints(new) || labels(old.meta()) != labels(new.meta())
}

/// Upstream: `AddOrUpdateDaemonPodTolerations`.
fn tolerate(spec: &mut PodSpec) {
    let network = ("node.kubernetes.io/network-unavailable", "NoSchedule");
    let more = (spec.host_network == Some(true)).then_some(network);
    let all = spec.tolerations.get_or_insert_default();
    for (key, effect) in TOLERATED.into_iter().chain(more) {
        let wanted = Toleration {
            key: Some(key.to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        };
        let same = |other: &&mut Toleration| {
            other.key == wanted.key
                && other.effect == wanted.effect
                && other.operator == wanted.operator
                && other.value.as_deref().unwrap_or_default().is_empty()
        };
        match all.iter_mut().find(same) {
            Some(present) => *present = wanted,
            None => all.push(wanted),
        }
    }
}

/// A DaemonSet, the nodes, and its pods by the node that they are on or meant for.
pub struct Family<'f, 'a> {
    /// The set.
    pub set: &'f Set<'a>,
    /// The hash of the present revision.
    pub hash: &'f str,
    /// All nodes: whether a pod should come, whether one may stay.
    pub nodes: Sorted<&'a str, (bool, bool)>,
    /// The pods by node, the oldest first. Also of nodes that are gone.
    pub pods: Sorted<&'a str, Vec<&'a Object>>,
    /// The present moment.
    pub now: Time,
}

impl<'f, 'a> Family<'f, 'a> {
    /// Sorts the pods of a set by nodes.
    #[must_use]
    pub fn new(reconcile: &Reconcile<'a>, set: &'f Set<'a>, hash: &'f str, all: &[&'a Object]) -> Self {
        let nodes = reconcile.cache(&node::KIND).iter().map(|node| (node.name(), set.belongs_on(node))).collect();
        let mut pods: Sorted<&str, Vec<&Object>> = Sorted::new();
        for object in all {
            let Some(pod) = object.get::<Pod>() else { continue };
            if pod.is_terminal() && object.is_terminating() {
                continue;
            }
            if let Some(node) = target(pod) {
                pods.get_or_default(node).push(object);
            }
        }
        for pods in pods.values_mut() {
            pods.order_by_key(|pod| {
                let bound = pod.get::<Pod>().is_some_and(|pod| pod.node().is_some());
                (!bound, pod.meta().creation_timestamp.clone(), pod.name())
            });
        }
        Self { set, hash, nodes, pods, now: reconcile.now() }
    }

    /// The pods on a node.
    #[must_use]
    pub fn on(&self, node: &str) -> &[&'a Object] {
        self.pods.get(node).map_or(&[], Vec::as_slice)
    }

    /// Whether a pod is of the present template (upstream: `IsPodUpdated`).
    #[must_use]
    pub fn is_updated(&self, pod: &Object) -> bool {
        let labels = labels(pod.meta());
        let of_generation =
            || generation(self.set.object).is_some_and(|now| labels.get(GENERATION).is_some_and(|then| then == now));
        labels.get(REVISION).is_some_and(|hash| hash == self.hash) || of_generation()
    }

    /// Whether a pod has been ready for long enough.
    #[must_use]
    pub fn is_available(&self, pod: &Object) -> bool {
        let left = pod.get::<Pod>().and_then(|pod| until_available(pod, self.set.min_ready, self.now));
        left.is_some_and(|left| left.is_zero())
    }

    /// The pod for a node, which its affinity names (upstream: `ReplaceDaemonSetPodNodeNameNodeAffinity`).
    #[must_use]
    pub fn pod(&self, node: &str) -> Object {
        let mut object = from_template(Some(&self.set.template), self.set.object);
        let labels = object.meta_mut().labels.get_or_insert_default();
        labels.insert(REVISION.to_owned(), self.hash.to_owned());
        if let Some(generation) = generation(self.set.object) {
            labels.insert(GENERATION.to_owned(), generation.to_owned());
        }
        let here = NodeSelectorRequirement {
            key: NAME.to_owned(),
            operator: "In".to_owned(),
            values: Some(vec![node.to_owned()]),
        };
        if let Some(pod) = object.get_mut::<Pod>() {
            let affinity = Rc::make_mut(&mut pod.spec).affinity.get_or_insert_default();
            let required = affinity.node_affinity.get_or_insert_default();
            let terms = &mut required
                .required_during_scheduling_ignored_during_execution
                .get_or_insert_with(|| NodeSelector { node_selector_terms: Vec::new() })
                .node_selector_terms;
            if terms.is_empty() {
                terms.push(NodeSelectorTerm::default());
            }
            for term in terms {
                term.match_fields = Some(vec![here.clone()]);
            }
        }
        object
    }

    /// What is to be created and deleted so that each node has its pod (upstream: `manage`).
    pub fn manage(&self, reconcile: &mut Reconcile) -> Wish<'a> {
        let mut wish = Wish::default();
        let surges = super::update::surge(self) > 0;
        for (node, (should, may_stay)) in &self.nodes {
            let pods = self.on(node);
            if *should && pods.is_empty() {
                wish.create.push(node);
            } else if *may_stay {
                let alive = self.alive(reconcile, node, &mut wish);
                if surges && *should && alive.is_empty() {
                    wish.create.push(node);
                }
                self.thin_out(&alive, surges, &mut wish);
            } else {
                wish.delete.extend(pods.iter().copied().filter(|pod| !pod.is_terminating()));
            }
        }
        let unbound = |pod: &&Object| pod.get::<Pod>().is_some_and(|pod| pod.node().is_none());
        let lost = self.pods.iter().filter(|(node, _)| !self.nodes.contains_key(*node));
        wish.delete.extend(lost.flat_map(|(_, pods)| pods.iter().copied()).filter(unbound));
        wish
    }

    /// The pods of a node that neither have ended nor are ending; those that have are wished away.
    fn alive(&self, reconcile: &mut Reconcile, node: &str, wish: &mut Wish<'a>) -> Vec<&'a Object> {
        let set = self.set.object;
        let mut alive = Vec::new();
        for object in self.on(node).iter().copied().filter(|pod| !pod.is_terminating()) {
            let phase = object.get::<Pod>().map_or("", Pod::phase);
            match phase {
                "Failed" => {
                    if may_replace(reconcile, set, node) {
                        let message =
                            format!("Found failed daemon pod {} on node {node}, will try to kill it", object.key());
                        reconcile.say(Saying::warning(set, "FailedDaemonPod", message));
                        wish.delete.push(object);
                    }
                }
                "Succeeded" => {
                    let message =
                        format!("Found succeeded daemon pod {} on node {node}, will try to delete it", object.key());
                    reconcile.say(Saying::normal(set, "SucceededDaemonPod", message));
                    wish.delete.push(object);
                }
                _ => alive.push(object),
            }
        }
        alive
    }

    /// More than one pod on a node: the oldest stays; with a surge an old and a new one until the new one is available.
    fn thin_out(&self, alive: &[&'a Object], surges: bool, wish: &mut Wish<'a>) {
        if !surges || alive.len() <= 1 {
            wish.delete.extend(alive.iter().skip(1));
            return;
        }
        let of_hash = |pod: &Object| labels(pod.meta()).get(REVISION).is_some_and(|hash| hash == self.hash);
        let (new, old): (Vec<&Object>, Vec<&Object>) = alive.iter().copied().partition(|pod| of_hash(pod));
        wish.delete.extend(new.iter().skip(1).chain(old.iter().skip(1)));
        if let (Some(new), Some(old)) = (new.first(), old.first()) {
            let lame = !old.get::<Pod>().is_some_and(Pod::is_ready);
            if lame || self.is_available(new) {
                wish.delete.push(old);
            }
        }
    }
}

/// The node that a pod is on or meant for (upstream: `GetTargetNodeName`).
fn target(pod: &Pod) -> Option<&str> {
    if let Some(node) = pod.node() {
        return Some(node);
    }
    let affinity = pod.spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms;
    let fields = terms.iter().flat_map(|term| term.match_fields.iter().flatten());
    let mut named = fields.filter(|field| field.key == NAME && field.operator == "In");
    named.find_map(|field| field.values.as_ref()?.first().map(String::as_str))
}
