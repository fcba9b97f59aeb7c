//! The node itself: registration, status, lease.
//!
//! Upstream: `pkg/kubelet/kubelet_node_status.go`, `nodestatus/setters.go` and `component-helpers/apimachinery/lease`.
//! The status is looked at every ten seconds and written when it has changed, at least every five minutes; the Lease is
//! renewed every ten seconds. A node that has just started is not ready until its kubelet has heard from its runtime.

mod abilities;
mod conditions;

use self::abilities::{declared, features, handlers};
use self::conditions::{agrees, conditions, keep_transitions, turn};
use super::admit::allocatable;
use super::host::NO_NETWORK;
use super::{Asked, Kubelet, Sent};
use crate::api::kinds::{self, named};
use crate::api::meta::micro_time;
use crate::api::{Key, Object, Request, Status};
use crate::cluster::client::Client;
use crate::cluster::machine::Engine;
use crate::cluster::machine::Machine;
use crate::cluster::runtime::images::familiar;
use crate::cluster::wire::{CriCall, Event, ImageStatus, Reply, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::hash::stable_hash;
use crate::sim::{Duration, Time};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{
    ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeSpec, NodeStatus,
    NodeSystemInfo, Taint,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The node's status is looked at.
const CHECK: &str = "node";
/// The lease is renewed.
const RENEW: &str = "lease";
/// Registration is tried again.
const REGISTER: &str = "register";

/// The version of everything here.
pub const VERSION: &str = "v1.36.2";

/// How far the node's affairs have come.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct NodeAgent {
    /// The node as the API last gave it.
    node: Option<Object>,
    /// The lease as the API last gave it.
    lease: Option<Object>,
    /// When the status was last written.
    reported: Option<Time>,
    /// Whether something has changed that the status should show.
    stale: bool,
    /// Whether the node has been ready since this kubelet started.
    ready: bool,
    /// The next wait before registration is tried again.
    wait: Duration,
    /// Since when the conditions hold.
    since: Option<Time>,
}

/// A request about the node, under way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    Register,
    Find,
    Report,
    FindLease,
    MakeLease,
    Renew,
}

/// The node's status, as its kubelet last saw it.
pub fn status_of<'a>(client: &'a Client, name: &str) -> Option<&'a NodeStatus> {
    client.lookup(&kinds::node::KIND, &Key::new("", name))?.get::<Node>()?.status.as_ref()
}

/// The labels that a node has from its kubelet.
#[must_use]
pub fn labels(machine: &Machine) -> BTreeMap<String, String> {
    let own = [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", &*machine.name),
        ("kubernetes.io/os", "linux"),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut labels = BTreeMap::new();
    labels.extend(own.chain(machine.labels.iter().map(|(name, value)| (name.to_string(), value.to_string()))));
    labels
}

/// The status of a machine's node.
fn status(machine: &Machine, images: &[&ImageStatus], conditions: Vec<NodeCondition>, boots: u32) -> NodeStatus {
    let offers = allocatable(machine);
    let quantity = |text: String| Quantity(text);
    let resources = |memory: i64, disk: String| -> BTreeMap<String, Quantity> {
        let cpu = if machine.cpu_milli % 1000 == 0 {
            (machine.cpu_milli / 1000).to_string()
        } else {
            format!("{}m", machine.cpu_milli)
        };
        let amounts = [
            ("cpu", cpu),
            ("ephemeral-storage", disk),
            ("hugepages-1Gi", "0".to_owned()),
            ("hugepages-2Mi", "0".to_owned()),
            ("memory", format!("{}Ki", memory >> 10)),
            ("pods", machine.max_pods.to_string()),
        ];
        let mut resources = BTreeMap::new();
        resources.extend(amounts.into_iter().map(|(name, amount)| (name.to_owned(), quantity(amount))));
        resources
    };
    let address = |kind: &str, address: &str| NodeAddress { type_: kind.to_owned(), address: address.to_owned() };
    NodeStatus {
        addresses: Some(vec![address("InternalIP", &machine.ip), address("Hostname", &machine.name)]),
        allocatable: Some(resources(offers.memory, (machine.disk / 10 * 9).to_string())),
        capacity: Some(resources(machine.memory, format!("{}Ki", machine.disk >> 10))),
        conditions: Some(conditions),
        daemon_endpoints: Some(NodeDaemonEndpoints { kubelet_endpoint: Some(DaemonEndpoint { port: 10250 }) }),
        declared_features: Some(declared()),
        features: features(machine.engine),
        // Upstream: `nodeStatusMaxImages`.
        images: Some(images.iter().take(50).map(|image| container_image(image, machine.engine)).collect::<Vec<_>>())
            .filter(|images| !images.is_empty()),
        node_info: Some(system_info(machine, boots)),
        runtime_handlers: handlers(machine.engine),
        ..NodeStatus::default()
    }
}

fn container_image(image: &ImageStatus, engine: Engine) -> ContainerImage {
    let shown = |name: &str| if engine == Engine::CriDockerd { familiar(name).to_owned() } else { name.to_owned() };
    let names = vec![shown(&image.id), shown(&image.name)];
    ContainerImage { names: Some(names), size_bytes: i64::try_from(image.bytes).ok() }
}

fn system_info(machine: &Machine, boots: u32) -> NodeSystemInfo {
    let part = |n: u8| stable_hash(&(&*machine.name, n));
    let uuid = |n: u8| {
        let (a, b) = (part(n), part(n + 1));
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 48 & 0xfff,
            b & 0xffff_ffff_ffff
        )
    };
    NodeSystemInfo {
        architecture: "amd64".to_owned(),
        boot_id: uuid(if boots == 0 { 0 } else { u8::try_from(4 + 2 * boots).unwrap_or(6) }),
        container_runtime_version: machine.engine.version().to_owned(),
        kernel_version: "6.12.57+deb13-amd64".to_owned(),
        kubelet_version: VERSION.to_owned(),
        machine_id: uuid(2).replace('-', ""),
        operating_system: "linux".to_owned(),
        os_image: "Debian GNU/Linux 13 (trixie)".to_owned(),
        system_uuid: uuid(4),
        ..NodeSystemInfo::default()
    }
}

fn node(machine: &Machine, status: NodeStatus) -> Node {
    let taint = |(key, value, effect): &(Rc<str>, Rc<str>, Rc<str>)| Taint {
        key: key.to_string(),
        value: (!value.is_empty()).then(|| value.to_string()),
        effect: effect.to_string(),
        time_added: None,
    };
    let taints: Vec<Taint> = machine.taints.iter().map(taint).collect();
    let attach = ("volumes.kubernetes.io/controller-managed-attach-detach".to_owned(), "true".to_owned());
    Node {
        metadata: ObjectMeta {
            labels: Some(labels(machine)),
            annotations: Some([attach].into()),
            ..named("", &machine.name)
        },
        spec: Some(NodeSpec { taints: (!taints.is_empty()).then_some(taints), ..NodeSpec::default() }),
        status: Some(status),
    }
}

impl Kubelet {
    /// Registers the node, and watches what becomes of it.
    pub(super) fn register(&mut self, cx: &mut Cx) {
        self.node.wait = timing::REGISTER_RETRY;
        self.node.since = Some(cx.now());
        let fields = format!("metadata.name={}", self.machine.name);
        self.client.inform(cx, &kinds::node::KIND, &fields);
        self.post_node(cx);
    }

    fn post_node(&mut self, cx: &mut Cx) {
        let status = self.status(cx.now());
        let request = Request::create(Object::new(node(&self.machine, status)));
        self.ask(cx, Step::Register, request);
    }

    fn status(&self, now: Time) -> NodeStatus {
        let since = self.node.since.unwrap_or(now);
        let trouble = self.runtime_trouble(now);
        let ready = match &trouble {
            Some(why) => Err(why.as_str()),
            None if self.node.ready => Ok(()),
            None if self.found.is_some() && self.host.pod_cidr.is_empty() => Err(NO_NETWORK),
            None => Err("container runtime status check may not have completed yet"),
        };
        let short = [self.pressure.memory.is_some(), self.pressure.disk.is_some()];
        let conditions = conditions(short, ready, (self.clock(since), self.clock(now)));
        let used = Some(self.volumes_in_use()).filter(|used| !used.is_empty());
        NodeStatus { volumes_in_use: used, ..status(&self.machine, &self.pulls.by_size(), conditions, self.host.boots) }
    }

    fn ask(&mut self, cx: &mut Cx, step: Step, request: Request) {
        let id = self.client.request(cx, request);
        self.requests.insert(id, Sent::Node(step));
    }

    pub(super) fn node_due(&mut self, cx: &mut Cx, timer: &Timer) {
        cx.because(None);
        match timer.what {
            REGISTER => self.post_node(cx),
            RENEW => self.renew(cx),
            CHECK => {
                if self.found.is_some() {
                    self.synchronize(cx);
                    self.call(cx, CriCall::Status, Asked::Runtime);
                }
                self.check(cx);
                let wait = if self.node.ready { timing::NODE_STATUS } else { timing::NODE_STATUS_FAST };
                cx.after(wait, Event::Timer(Timer::new(CHECK)));
            }
            _ => {}
        }
    }

    /// Writes the node's status if it has changed, or if it was written long ago.
    fn check(&mut self, cx: &mut Cx) {
        let now = cx.now();
        self.take_network(cx);
        if !self.node.ready && self.found.is_some() && !self.host.pod_cidr.is_empty() {
            self.node.ready = true;
            self.node.since = Some(now);
        }
        let key = Key::new("", &self.machine.name);
        let believed = self.client.lookup(&kinds::node::KIND, &key).cloned().or_else(|| self.node.node.clone());
        let Some(mut object) = believed else { return };
        let wanted = self.status(now);
        if let Some(reason) = turn(object.get::<Node>().and_then(|node| node.status.as_ref()), &wanted) {
            self.say_node(cx, reason, &format!("Node {} status is now: {reason}", self.machine.name));
        }
        let same =
            object.get::<Node>().and_then(|node| node.status.as_ref()).is_some_and(|status| agrees(status, &wanted));
        let recent = self.node.reported.is_some_and(|at| now.since(at) < timing::NODE_STATUS_REPORT);
        if same && recent {
            return;
        }
        let Some(node) = object.get_mut::<Node>() else { return };
        node.status = Some(keep_transitions(node.status.as_ref(), wanted));
        self.node.reported = Some(now);
        self.ask(cx, Step::Report, Request::patch_status(object));
    }

    /// The node has been given its part of the pod network: the runtime is told (upstream: `updatePodCIDR`).
    fn take_network(&mut self, cx: &mut Cx) {
        let key = Key::new("", &self.machine.name);
        let node = self.client.lookup(&kinds::node::KIND, &key).and_then(Object::get::<Node>);
        let given = node.and_then(|node| node.spec.as_ref()?.pod_cidr.as_deref()).unwrap_or_default();
        if !given.is_empty() && given != &*self.host.pod_cidr {
            self.host.pod_cidr = given.into();
            let pod_cidr = self.host.pod_cidr.clone();
            self.call(cx, CriCall::UpdateRuntimeConfig { pod_cidr }, Asked::Nothing);
        }
    }

    fn say_node(&mut self, cx: &mut Cx, reason: &str, message: &str) {
        self.say_of_node(cx, false, reason, message);
    }

    /// Writes an event about the node.
    pub(super) fn say_of_node(&mut self, cx: &mut Cx, warning: bool, reason: &str, message: &str) {
        let Some(node) = self.node.node.clone() else { return };
        self.recorder.record(cx, &mut self.client, &node, warning, reason, message);
    }

    pub(super) fn node_replied(&mut self, cx: &mut Cx, step: Step, outcome: &Result<Reply, Rc<Status>>) {
        let object = match outcome {
            Ok(Reply::Object { object, .. }) => Some(object.clone()),
            _ => None,
        };
        let code = outcome.as_ref().err().map(|status| status.code);
        match (step, object) {
            (Step::Register | Step::Find, Some(node)) => self.registered(cx, node),
            (Step::Register, None) if code == Some(409) => {
                let key = Key::new("", &self.machine.name);
                self.ask(cx, Step::Find, Request::get(&kinds::node::KIND, &key));
            }
            (Step::Register | Step::Find, None) => {
                let wait = self.node.wait;
                self.node.wait = (wait * 2).min(timing::REGISTER_RETRY_MAX);
                cx.after(wait, Event::Timer(Timer::new(REGISTER)));
            }
            (Step::Report, Some(node)) => self.node.node = Some(node),
            (Step::Report, None) => self.node.reported = None,
            (Step::FindLease, None) if code == Some(404) => {
                let lease = self.lease(cx.now());
                self.ask(cx, Step::MakeLease, Request::create(Object::new(lease)));
            }
            (Step::MakeLease | Step::Renew, Some(lease)) => self.node.lease = Some(lease),
            (Step::FindLease, Some(lease)) => {
                self.node.lease = Some(lease);
                self.renew_now(cx);
            }
            // What is not known is read again at the next renewal.
            (Step::FindLease | Step::MakeLease | Step::Renew, None) => self.node.lease = None,
        }
    }

    fn registered(&mut self, cx: &mut Cx, node: Object) {
        self.node.node = Some(node);
        let name = self.machine.name.clone();
        self.say_node(cx, "Starting", "Starting kubelet.");
        for reason in ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"] {
            self.say_node(cx, reason, &format!("Node {name} status is now: {reason}"));
        }
        self.say_node(cx, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods");
        if std::mem::take(&mut self.host.rebooted) {
            let boot = system_info(&self.machine, self.host.boots).boot_id;
            self.say_of_node(cx, true, "Rebooted", &format!("Node {name} has been rebooted, boot id: {boot}"));
        }
        self.reconcile_mirrors(cx);
        self.check(cx);
        let wait = if self.node.ready { timing::NODE_STATUS } else { timing::NODE_STATUS_FAST };
        cx.after(wait, Event::Timer(Timer::new(CHECK)));
        self.renew(cx);
    }

    /// The node's uid, once it is registered.
    pub(super) fn registered_uid(&self) -> Option<String> {
        self.node.node.as_ref().map(|node| node.uid().to_owned())
    }

    fn lease(&self, now: Time) -> Lease {
        let owner = self.node.node.as_ref().map(|node| OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Node".to_owned(),
            name: self.machine.name.to_string(),
            uid: node.uid().to_owned(),
            ..OwnerReference::default()
        });
        let metadata = ObjectMeta {
            owner_references: owner.map(|owner| vec![owner]),
            ..named("kube-node-lease", &self.machine.name)
        };
        let spec = LeaseSpec {
            holder_identity: Some(self.machine.name.to_string()),
            lease_duration_seconds: i32::try_from(timing::LEASE_DURATION.as_secs()).ok(),
            renew_time: Some(micro_time(now)),
            ..LeaseSpec::default()
        };
        Lease { metadata, spec: Some(spec) }
    }

    /// Renews the lease, and plans the next time. Upstream adds up to 4 % to the interval.
    fn renew(&mut self, cx: &mut Cx) {
        let spread = u64::try_from(timing::LEASE_RENEW.as_micros() / 25).unwrap_or(0);
        let wait = timing::LEASE_RENEW + Duration::from_micros(cx.rng().below(spread));
        cx.after(wait, Event::Timer(Timer::new(RENEW)));
        self.renew_now(cx);
    }

    fn renew_now(&mut self, cx: &mut Cx) {
        let now = cx.now();
        let Some(mut object) = self.node.lease.clone() else {
            let key = Key::new("kube-node-lease", &self.machine.name);
            return self.ask(cx, Step::FindLease, Request::get(&kinds::lease::KIND, &key));
        };
        let now = self.clock(now);
        if let Some(lease) = object.get_mut::<Lease>() {
            lease.spec.get_or_insert_default().renew_time = Some(micro_time(now));
        }
        self.ask(cx, Step::Renew, Request::update(object));
    }
}
