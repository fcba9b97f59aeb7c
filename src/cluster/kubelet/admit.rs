//! What a node refuses although it was told to run it: there is no room, or the pod does not belong here.
//!
//! Upstream: `pkg/kubelet/lifecycle/predicate.go`, `pkg/kubelet/sysctl/allowlist.go`. The scheduler has looked at most of this
//! before; it matters for pods that name their node themselves, and when two bindings cross. Left out: devices, local storage,
//! critical pods that would drive out others, sysctls that somebody has allowed beside the safe ones.

use super::Kubelet;
use super::report::warning;
use super::worker::{Stage, Worker};
use crate::api::pod::amounts;
use crate::api::pod::placing::tolerates;
use crate::api::quantity::MOST;
use crate::api::{Key, kinds};
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use crate::cluster::machine::Machine;
use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, PodSpec, Taint};
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
    /// What one pod asks for, with its overhead.
    #[must_use]
    pub fn of(spec: &PodSpec) -> Self {
        let all = amounts::requests(spec, true);
        Self {
            cpu_milli: all.get("cpu").map_or(0, |cpu| cpu.milli_value().min(MOST)),
            memory: all.get("memory").map_or(0, |memory| memory.value().min(MOST)),
            pods: 1,
        }
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
        let no = |reason: &str, message: &str| Err((reason.to_owned(), message.to_owned()));
        if let Some(message) = self.too_tight(worker) {
            return no("Evicted", &message);
        }
        if let Some(message) = forbidden(&spec) {
            return no("SysctlForbidden", &message);
        }
        let named = worker.pod.meta().labels.as_ref().and_then(|labels| labels.get("kubernetes.io/os"));
        if named.is_some_and(|os| os != "linux") {
            let message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
            return no("PodOSSelectorNodeLabelDoesNotMatch", message);
        }
        if spec.os.as_ref().is_some_and(|os| os.name != "linux") {
            return no("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS");
        }
        self.fits(&spec)?;
        if !self.matches(&spec) {
            let message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
            return no("NodeAffinity", message);
        }
        if self.lacks_ports(&spec) {
            let message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
            return no("NodePorts", message);
        }
        if worker.mirror.is_none() && self.is_driven_out(&spec) {
            let message = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate";
            return no("TaintToleration", message);
        }
        Ok(())
    }

    fn fits(&self, spec: &PodSpec) -> Result<(), (String, String)> {
        let (wants, used, offers) = (Amounts::of(spec), self.pulls.used, allocatable(&self.machine));
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

    /// Whether a port of the machine that a pod wants is another pod's.
    fn lacks_ports(&self, spec: &PodSpec) -> bool {
        let wanted: Vec<_> = ports(spec).collect();
        let alive = |worker: &&Worker| worker.stage != Stage::Stopped;
        let taken =
            |worker: &Worker| ports(&worker.typed().spec).any(|own| wanted.iter().any(|port| collide(own, *port)));
        !wanted.is_empty() && self.workers.values().filter(alive).any(taken)
    }

    /// The node as the API shows it.
    fn shown_node(&self) -> Option<&Node> {
        self.client.lookup(&kinds::node::KIND, &Key::new("", &self.machine.name))?.get::<Node>()
    }

    /// Whether the node has a taint that drives a pod out.
    fn is_driven_out(&self, spec: &PodSpec) -> bool {
        let taints = self.shown_node().and_then(|node| node.spec.as_ref()?.taints.as_deref()).unwrap_or_default();
        let tolerations = spec.tolerations.as_deref().unwrap_or_default();
        let bears =
            |taint: &Taint| tolerates(tolerations, &taint.key, taint.value.as_deref().unwrap_or(""), &taint.effect);
        taints.iter().any(|taint| taint.effect == "NoExecute" && !bears(taint))
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
        let shown = self.shown_node().and_then(|node| node.metadata.labels.clone());
        let labels = shown.unwrap_or_else(|| super::node::labels(&self.machine));
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

/// A port of the machine: its address, protocol and number.
type HostPort<'a> = (&'a str, &'a str, i32);

fn ports(spec: &PodSpec) -> impl Iterator<Item = HostPort<'_>> {
    let sidecars = spec.init_containers.iter().flatten().filter(|one| super::worker::is_sidecar(one));
    let all = sidecars.chain(&spec.containers).flat_map(|one| one.ports.iter().flatten());
    all.filter_map(|port| {
        let number = port.host_port.filter(|number| *number > 0)?;
        let ip = port.host_ip.as_deref().filter(|ip| !ip.is_empty()).unwrap_or("0.0.0.0");
        Some((ip, port.protocol.as_deref().unwrap_or("TCP"), number))
    })
}

fn collide(a: HostPort, b: HostPort) -> bool {
    (a.1, a.2) == (b.1, b.2) && (a.0 == b.0 || a.0 == "0.0.0.0" || b.0 == "0.0.0.0")
}

/// What every kubelet allows. Upstream: `pkg/kubelet/sysctl/safe_sysctls.go`.
const SAFE: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// Why a pod may not set what it wants of the kernel.
fn forbidden(spec: &PodSpec) -> Option<String> {
    let wanted = spec.security_context.as_ref()?.sysctls.as_deref()?;
    wanted.iter().find_map(|sysctl| {
        let name = sysctl.name.replace('/', ".");
        let why = match name.starts_with("net.") {
            _ if !SAFE.contains(&&*name) => "allowlisted",
            true if spec.host_network == Some(true) => "allowed with host net enabled",
            false if spec.host_ipc == Some(true) => "allowed with host ipc enabled",
            _ => return None,
        };
        Some(format!("forbidden sysctl: {name:?} not {why}"))
    })
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
