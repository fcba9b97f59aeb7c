//! What a node refuses although it was told to run it: there is no room, or the pod does not belong here.
//!
//! Upstream: `pkg/kubelet/lifecycle/predicate.go`. The scheduler has looked at all this before; it matters for pods that
//! name their node themselves, and when two bindings cross. Left out: taints (only `NoExecute` would count), devices,
//! operating systems.

use super::Kubelet;
use super::report::warning;
use super::worker::{Stage, Worker};
use crate::api::quantity::{MOST, Quantity};
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use crate::cluster::machine::Machine;
use k8s_openapi::api::core::v1::{Container, NodeSelectorRequirement, PodSpec};
use std::rc::Rc;

/// What pods ask of a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Amounts {
    /// Thousandths of a core.
    pub cpu_milli: i64,
    /// Bytes.
    pub memory: i64,
    /// Pods.
    pub pods: i64,
}

impl Amounts {
    /// What one pod asks for: the sum of its containers or its greediest init container, plus its overhead.
    #[must_use]
    pub fn of(spec: &PodSpec) -> Self {
        let (mut sum, mut peak) = (Self::default(), Self::default());
        for container in &spec.containers {
            sum.add(Self::requested(container));
        }
        for container in spec.init_containers.as_deref().unwrap_or_default() {
            let own = Self::requested(container);
            if super::worker::is_sidecar(container) {
                sum.add(own);
                peak.add(own);
            } else {
                peak =
                    Self { cpu_milli: peak.cpu_milli.max(own.cpu_milli), memory: peak.memory.max(own.memory), pods: 0 };
            }
        }
        let overhead = spec.overhead.as_ref();
        let extra = |name: &str| {
            overhead.and_then(|overhead| overhead.get(name)).and_then(|quantity| Quantity::parse(&quantity.0).ok())
        };
        Self {
            cpu_milli: sum.cpu_milli.max(peak.cpu_milli) + extra("cpu").map_or(0, |cpu| cpu.milli_value().min(MOST)),
            memory: sum.memory.max(peak.memory) + extra("memory").map_or(0, |memory| memory.value().min(MOST)),
            pods: 1,
        }
    }

    fn requested(container: &Container) -> Self {
        let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
        let amount = |name: &str| {
            requests.and_then(|requests| requests.get(name)).and_then(|quantity| Quantity::parse(&quantity.0).ok())
        };
        Self {
            cpu_milli: amount("cpu").map_or(0, |cpu| cpu.milli_value().min(MOST)),
            memory: amount("memory").map_or(0, |memory| memory.value().min(MOST)),
            pods: 0,
        }
    }

    fn add(&mut self, other: Self) {
        self.change(other, true);
    }

    /// Adds, or takes away.
    pub fn change(&mut self, other: Self, add: bool) {
        let sign = if add { 1 } else { -1 };
        self.cpu_milli += sign * other.cpu_milli;
        self.memory += sign * other.memory;
        self.pods += sign * other.pods;
    }
}

/// What a machine offers to pods: all but what the eviction threshold keeps back.
#[must_use]
pub fn allocatable(machine: &Machine) -> Amounts {
    Amounts { cpu_milli: machine.cpu_milli, memory: machine.memory - (100 << 20), pods: machine.max_pods }
}

impl Kubelet {
    /// Whether a pod may run here; if not, reason and message.
    pub(super) fn admit(&self, worker: &Worker) -> Result<(), (String, String)> {
        let spec = worker.spec();
        if !self.matches(&spec) {
            let message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector".to_owned();
            return Err(("NodeAffinity".to_owned(), message));
        }
        if let Some(message) = self.too_tight(worker) {
            return Err(("Evicted".to_owned(), message));
        }
        let (wants, used, offers) = (Amounts::of(&spec), self.pulls.used, allocatable(&self.machine));
        let resources = [
            ("pods", 1, used.pods, offers.pods),
            ("cpu", wants.cpu_milli, used.cpu_milli, offers.cpu_milli),
            ("memory", wants.memory, used.memory, offers.memory),
        ];
        let lack = resources.into_iter().find(|(_, wants, used, offers)| *wants > 0 && used + wants > *offers);
        let Some((name, wants, used, offers)) = lack else { return Ok(()) };
        let message =
            format!("Node didn't have enough resource: {name}, requested: {wants}, used: {used}, capacity: {offers}");
        Err((format!("OutOf{name}"), message))
    }

    /// Says no to a pod.
    pub(super) fn refuse(&mut self, cx: &mut Cx, uid: &Rc<str>, mut worker: Worker, (reason, message): (&str, &str)) {
        let fact =
            Fact::PodRefused { node: self.machine.name.clone(), pod: worker.what.clone(), reason: reason.into() };
        worker.cause = Some(cx.note(fact));
        worker.failed = Some((reason.into(), format!("Pod was rejected: {message}").into()));
        worker.stage = Stage::Stopped;
        self.workers.insert(uid.clone(), worker);
        self.say(cx, uid, None, &warning(reason, message));
        self.report(cx, uid);
    }

    fn matches(&self, spec: &PodSpec) -> bool {
        let labels = super::node::labels(&self.machine);
        let selected = spec.node_selector.iter().flatten().all(|(name, value)| labels.get(name) == Some(value));
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let Some(required) =
            affinity.and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref())
        else {
            return selected;
        };
        let term = |term: &k8s_openapi::api::core::v1::NodeSelectorTerm| {
            let by_label = term.match_expressions.as_deref().unwrap_or_default();
            let by_field = term.match_fields.as_deref().unwrap_or_default();
            let some = !by_label.is_empty() || !by_field.is_empty();
            some && by_label.iter().all(|wanted| holds(wanted, labels.get(&wanted.key).map(String::as_str)))
                && by_field.iter().all(|wanted| holds(wanted, Some(&self.machine.name)))
        };
        selected && required.node_selector_terms.iter().any(term)
    }
}

fn holds(wanted: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = wanted.values.as_deref().unwrap_or_default();
    let listed = value.is_some_and(|value| values.iter().any(|wanted| wanted == value));
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    let pair = number(value).zip(number(values.first().map(String::as_str)));
    match wanted.operator.as_str() {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => pair.is_some_and(|(value, bound)| value > bound),
        _ => pair.is_some_and(|(value, bound)| value < bound),
    }
}
