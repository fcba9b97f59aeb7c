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
use crate::sim::{Duration, Order, Time};
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

/// A DaemonSet with all places: every change of a pod looks at all of them once, so they are kept in order and beside each
/// other, not looked up.
pub struct Family<'f, 'a> {
    /// The set.
    pub set: &'f Set<'a>,
    /// The hash of the present revision.
    pub hash: &'f str,
    /// The nodes, and the names of those that are gone but still have pods, in their order.
    pub places: Vec<Place<'a>>,
    /// The present moment.
    pub now: Time,
}

/// A node as a place for pods.
pub struct Place<'a> {
    /// Its name.
    pub node: &'a str,
    /// Whether a pod should come, and whether one may stay; `None`: there is no such node.
    pub fits: Option<(bool, bool)>,
    /// The pods that are on it or meant for it, the oldest first.
    pub pods: Vec<&'a Object>,
}

impl Place<'_> {
    /// Whether a pod should come.
    #[must_use]
    pub fn should(&self) -> bool {
        self.fits.is_some_and(|(should, _)| should)
    }
}

impl<'f, 'a> Family<'f, 'a> {
    /// Sorts the pods of a set by nodes.
    #[must_use]
    pub fn new(reconcile: &Reconcile<'a>, set: &'f Set<'a>, hash: &'f str, all: &[&'a Object]) -> Self {
        let whose = |object: &&'a Object| {
            let pod = object.get::<Pod>().filter(|pod| !(pod.is_terminal() && object.is_terminating()))?;
            Some((target(pod)?, *object))
        };
        let mut pods: Vec<(&str, &Object)> = all.iter().filter_map(whose).collect();
        pods.order_by(|(a, one), (b, other)| {
            let age = |object: &&'a Object| {
                let bound = object.get::<Pod>().is_some_and(|pod| pod.node().is_some());
                (!bound, object.meta().creation_timestamp.as_ref(), object.name())
            };
            a.cmp(b).then_with(|| age(one).cmp(&age(other)))
        });
        let mut pods = pods.into_iter().peekable();
        let nodes = reconcile.cache(&node::KIND);
        let mut places = Vec::with_capacity(nodes.len());
        for node in nodes {
            let name = node.name();
            while let Some(gone) = pods.next_if(|(node, _)| *node < name) {
                push(&mut places, gone);
            }
            let pods = std::iter::from_fn(|| Some(pods.next_if(|(node, _)| *node == name)?.1)).collect();
            places.push(Place { node: name, fits: Some(set.belongs_on(node)), pods });
        }
        pods.for_each(|gone| push(&mut places, gone));
        Self { set, hash, places, now: reconcile.now() }
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
        let (mut wish, mut lost) = (Wish::default(), Vec::new());
        let surges = super::update::surge(self) > 0;
        let unbound = |pod: &&Object| pod.get::<Pod>().is_some_and(|pod| pod.node().is_none());
        for place in &self.places {
            match place.fits {
                Some((true, _)) if place.pods.is_empty() => wish.create.push(place.node),
                Some((should, true)) => {
                    let alive = self.alive(reconcile, place, &mut wish);
                    if surges && should && alive.is_empty() {
                        wish.create.push(place.node);
                    }
                    self.thin_out(&alive, surges, &mut wish);
                }
                Some((_, false)) => wish.delete.extend(place.pods.iter().copied().filter(|pod| !pod.is_terminating())),
                None => lost.extend(place.pods.iter().copied().filter(unbound)),
            }
        }
        wish.delete.extend(lost);
        wish
    }

    /// The pods of a node that neither have ended nor are ending; those that have are wished away.
    fn alive(&self, reconcile: &mut Reconcile, place: &Place<'a>, wish: &mut Wish<'a>) -> Vec<&'a Object> {
        let (set, node) = (self.set.object, place.node);
        let mut alive = Vec::new();
        for object in place.pods.iter().copied().filter(|pod| !pod.is_terminating()) {
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

/// A pod on a node that is gone.
fn push<'a>(places: &mut Vec<Place<'a>>, (node, pod): (&'a str, &'a Object)) {
    match places.last_mut().filter(|place| place.node == node) {
        Some(place) => place.pods.push(pod),
        None => places.push(Place { node, fits: None, pods: vec![pod] }),
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
