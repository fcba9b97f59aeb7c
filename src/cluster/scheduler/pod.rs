//! What the scheduler must know of a pod, computed once: its requests and its host ports.

use super::affinity::Terms;
use crate::api::kinds::pod::Pod;
use crate::api::object::{Object, Ref};
use crate::api::pod::resized;
use crate::api::quantity::{MOST, Quantity};
use crate::sim::Sorted;
use crate::sim::hash::stable_hash;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Thousandths of a core that a container without a request is counted with when nodes are scored.
/// Upstream: `pkg/scheduler/util/pod_resources.go`, `DefaultMilliCPURequest`.
const DEFAULT_MILLI_CPU: i64 = 100;
/// Bytes, likewise. Upstream: `DefaultMemoryRequest`.
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// Amounts of resources. Upstream: `framework.Resource`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Resources {
    /// Thousandths of a core.
    pub milli_cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral_storage: i64,
    /// Extended resources, huge pages and the like, in whole units.
    pub scalar: Sorted<Rc<str>, i64>,
}

impl Resources {
    /// The amounts of a list as the API writes it. `pods` is not among them: it is a number of places.
    #[must_use]
    pub fn from_list(list: Option<&BTreeMap<String, Text>>) -> Self {
        let mut resources = Self::default();
        for (name, text) in list.into_iter().flatten() {
            let Ok(quantity) = Quantity::try_from(text) else { continue };
            match name.as_str() {
                "cpu" => resources.milli_cpu = quantity.milli_value().min(MOST),
                "memory" => resources.memory = quantity.value().min(MOST),
                "ephemeral-storage" => resources.ephemeral_storage = quantity.value().min(MOST),
                name if is_scalar(name) => {
                    resources.scalar.insert(name.into(), quantity.value().min(MOST));
                }
                _ => {}
            }
        }
        resources
    }

    /// Adds each amount.
    pub fn add(&mut self, other: &Self) {
        self.milli_cpu += other.milli_cpu;
        self.memory += other.memory;
        self.ephemeral_storage += other.ephemeral_storage;
        for (name, amount) in &other.scalar {
            *self.scalar.get_or_default(name.clone()) += amount;
        }
    }

    /// Subtracts each amount; what becomes nothing is forgotten.
    pub fn subtract(&mut self, other: &Self) {
        self.milli_cpu -= other.milli_cpu;
        self.memory -= other.memory;
        self.ephemeral_storage -= other.ephemeral_storage;
        for (name, amount) in &other.scalar {
            let left = self.scalar.get(name).copied().unwrap_or(0) - amount;
            if left == 0 {
                self.scalar.remove(name);
            } else {
                self.scalar.insert(name.clone(), left);
            }
        }
    }

    /// The larger of each amount.
    fn max(&mut self, other: &Self) {
        self.milli_cpu = self.milli_cpu.max(other.milli_cpu);
        self.memory = self.memory.max(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.max(other.ephemeral_storage);
        for (name, amount) in &other.scalar {
            let mine = self.scalar.get_or_default(name.clone());
            *mine = (*mine).max(*amount);
        }
    }

    /// The amount of a resource.
    #[must_use]
    pub fn amount(&self, of: &Resource) -> i64 {
        match of {
            Resource::Cpu => self.milli_cpu,
            Resource::Memory => self.memory,
            Resource::EphemeralStorage => self.ephemeral_storage,
            Resource::Scalar(name) => self.scalar(name),
        }
    }

    /// The amount of a scalar resource.
    #[must_use]
    pub fn scalar(&self, name: &str) -> i64 {
        self.scalar.get(name).copied().unwrap_or(0)
    }
}

/// The name of a resource, read once: scorers ask each node for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resource {
    /// Thousandths of a core.
    Cpu,
    /// Bytes.
    Memory,
    /// Bytes.
    EphemeralStorage,
    /// Any other.
    Scalar(Rc<str>),
}

impl From<&str> for Resource {
    fn from(name: &str) -> Self {
        match name {
            "cpu" => Self::Cpu,
            "memory" => Self::Memory,
            "ephemeral-storage" => Self::EphemeralStorage,
            name => Self::Scalar(name.into()),
        }
    }
}

/// Upstream: `v1helper.IsScalarResourceName`: extended, huge pages, prefixed native, attachable volumes.
fn is_scalar(name: &str) -> bool {
    name.contains('/') || name.starts_with("hugepages-") || name.starts_with("attachable-volumes-")
}

/// A port of the node that a pod wants for itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostPort {
    /// The port.
    pub port: i32,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: Rc<str>,
    /// The address; `0.0.0.0`: all.
    pub ip: Rc<str>,
}

impl HostPort {
    /// Whether the two cannot be had together.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        let any = |port: &Self| &*port.ip == "0.0.0.0";
        self.port == other.port && self.protocol == other.protocol && (self.ip == other.ip || any(self) || any(other))
    }
}

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

/// The labels of an object.
#[must_use]
pub fn labels_of(object: &Object) -> &BTreeMap<String, String> {
    object.meta().labels.as_ref().unwrap_or(&NO_LABELS)
}

/// A pod with what the scheduler has computed from it. Upstream: `framework.PodInfo`.
#[derive(Clone, Debug)]
pub struct PodInfo {
    /// The pod.
    pub object: Object,
    /// Its name among all objects.
    pub reference: Ref,
    /// Its uid.
    pub uid: Rc<str>,
    /// What it requests: containers, init containers, sidecars, the pod's own resources, overhead.
    pub requests: Resources,
    /// CPU (thousandths) and memory (bytes) with a default for containers that request none: for scores only.
    pub non_zero: (i64, i64),
    /// The same without resources of the whole pod: what `NodeResourcesFit` rates the pod itself with. (Upstream does
    /// not tell the scorer of that plugin about them: `plugins/noderesources/fit.go`, `nodeResourceStrategyTypeMap`.)
    pub containers_non_zero: (i64, i64),
    /// Host ports of its containers.
    pub ports: Vec<HostPort>,
    /// Its affinity to other pods.
    pub terms: Option<Rc<Terms>>,
    /// Pods for which this is equal are alike to all who look at other pods: namespace, labels and terms are the same, and
    /// all or none of them are ending. Of pods with terms it is smaller than of others.
    pub likeness: Rc<str>,
}

/// What is computed follows from the object: comparing that is enough.
impl PartialEq for PodInfo {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object
    }
}
impl Eq for PodInfo {}
impl Hash for PodInfo {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.reference, &self.uid, self.object.revision()).hash(state);
    }
}

impl PodInfo {
    /// Reads a pod. `None` if the object is none.
    #[must_use]
    pub fn new(object: &Object) -> Option<Self> {
        let pod = object.get::<Pod>()?;
        let counted = resized::is_resizing(pod).then(|| resized::counted(pod));
        let (requests, non_zero) = pod_requests(counted.as_ref().unwrap_or(&pod.spec));
        let all_missing = Some((Some(DEFAULT_MILLI_CPU), Some(DEFAULT_MEMORY)));
        let containers_non_zero = match pod.spec.resources {
            None => non_zero,
            Some(_) => cpu_and_memory(&requests_with(&pod.spec, all_missing, false)),
        };
        let terms = Terms::of(object, &pod.spec).map(Rc::new);
        Some(Self {
            likeness: likeness(object, terms.as_deref()),
            reference: object.reference(),
            uid: object.uid().into(),
            requests,
            non_zero,
            containers_non_zero,
            ports: host_ports(&pod.spec),
            terms,
            object: object.clone(),
        })
    }

    /// The same pod as it has become. What follows from the spec is kept if the spec is the same.
    #[must_use]
    pub fn updated(&self, object: &Object) -> Option<Self> {
        let same = match (self.object.get::<Pod>(), object.get::<Pod>()) {
            (Some(old), Some(new)) => {
                let resizing = resized::is_resizing(old) || resized::is_resizing(new);
                Rc::ptr_eq(&old.spec, &new.spec) && self.object.uid() == object.uid() && !resizing
            }
            _ => false,
        };
        if !same {
            return Self::new(object);
        }
        let known = &self.object;
        let alike = labels_of(known) == labels_of(object) && known.is_terminating() == object.is_terminating();
        let likeness = if alike { self.likeness.clone() } else { likeness(object, self.terms.as_deref()) };
        Some(Self { object: object.clone(), likeness, ..self.clone() })
    }

    /// The pod.
    #[must_use]
    pub fn pod(&self) -> &Pod {
        match self.object.get::<Pod>() {
            Some(pod) => pod,
            None => unreachable!("only pods are read into a PodInfo"),
        }
    }

    /// Its spec.
    #[must_use]
    pub fn spec(&self) -> &core::PodSpec {
        &self.pod().spec
    }

    /// `spec.priority`, 0 when unset.
    #[must_use]
    pub fn priority(&self) -> i32 {
        self.spec().priority.unwrap_or(0)
    }

    /// The node that it is nominated for.
    #[must_use]
    pub fn nominated_node(&self) -> Option<&str> {
        self.pod().status.nominated_node_name.as_deref().filter(|name| !name.is_empty())
    }

    /// Its tolerations.
    #[must_use]
    pub fn tolerations(&self) -> &[core::Toleration] {
        self.spec().tolerations.as_deref().unwrap_or_default()
    }
}

fn likeness(object: &Object, terms: Option<&Terms>) -> Rc<str> {
    let ending = if object.is_terminating() { "!" } else { "" };
    let mut text = match terms {
        Some(terms) => format!("+{:016x}", stable_hash(terms)),
        None => String::from("-"),
    };
    text.extend([ending, "\0", object.namespace()]);
    for (key, value) in labels_of(object) {
        text.extend(["\0", key, "\0", value]);
    }
    text.into()
}

/// What a pod requests, exactly and with defaults for what its containers leave out.
/// Upstream: `component-helpers/resource/helpers.go`, `PodRequests`; `framework.PodInfo.CalculateResource`.
fn pod_requests(spec: &core::PodSpec) -> (Resources, (i64, i64)) {
    let exact = requests_with(spec, None, true);
    let own = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let own = own.filter(|own| own.keys().any(|name| is_pod_level(name)));
    // A pod with resources of its own gets a default only for what it does not name at all.
    let missing = match own {
        None => (Some(DEFAULT_MILLI_CPU), Some(DEFAULT_MEMORY)),
        Some(_) => ((exact.milli_cpu == 0).then_some(DEFAULT_MILLI_CPU), (exact.memory == 0).then_some(DEFAULT_MEMORY)),
    };
    let filled = cpu_and_memory(&requests_with(spec, Some(missing), true));
    (exact, filled)
}

fn cpu_and_memory(resources: &Resources) -> (i64, i64) {
    (resources.milli_cpu, resources.memory)
}

/// `missing`: CPU and memory for containers that name none. `own`: whether resources of the whole pod count.
fn requests_with(spec: &core::PodSpec, missing: Option<(Option<i64>, Option<i64>)>, own: bool) -> Resources {
    let mut total = Resources::default();
    for container in &spec.containers {
        total.add(&container_requests(container, missing));
    }
    let mut sidecars = Resources::default();
    let mut starting = Resources::default();
    for container in spec.init_containers.iter().flatten() {
        let mut needs = container_requests(container, missing);
        if container.restart_policy.as_deref() == Some("Always") {
            total.add(&needs);
            sidecars.add(&needs);
            needs = sidecars.clone();
        } else {
            needs.add(&sidecars);
        }
        starting.max(&needs);
    }
    total.max(&starting);
    let own = spec.resources.as_ref().filter(|_| own).and_then(|resources| resources.requests.as_ref());
    replace_own(&mut total, own);
    total.add(&Resources::from_list(spec.overhead.as_ref()));
    total
}

fn container_requests(container: &core::Container, missing: Option<(Option<i64>, Option<i64>)>) -> Resources {
    let list = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let mut requests = Resources::from_list(list);
    let Some((cpu, memory)) = missing else { return requests };
    let named = |name: &str| list.is_some_and(|list| list.contains_key(name));
    if let (Some(cpu), false) = (cpu, named("cpu")) {
        requests.milli_cpu = cpu;
    }
    if let (Some(memory), false) = (memory, named("memory")) {
        requests.memory = memory;
    }
    requests
}

/// Resources of the whole pod replace the sum over its containers.
fn replace_own(total: &mut Resources, own: Option<&BTreeMap<String, Text>>) {
    let Some(own) = own else { return };
    let amounts = Resources::from_list(Some(own));
    if own.contains_key("cpu") {
        total.milli_cpu = amounts.milli_cpu;
    }
    if own.contains_key("memory") {
        total.memory = amounts.memory;
    }
    total.scalar.extend(amounts.scalar.into_iter().filter(|(name, _)| is_pod_level(name)));
}

/// Upstream: `IsSupportedPodLevelResource`.
fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// Upstream: `pkg/scheduler/util/utils.go`, `GetHostPorts`.
fn host_ports(spec: &core::PodSpec) -> Vec<HostPort> {
    let sidecars = spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars).flat_map(|container| container.ports.iter().flatten());
    let wanted = ports.filter(|port| port.host_port.is_some_and(|number| number > 0));
    wanted
        .map(|port| HostPort {
            port: port.host_port.unwrap_or_default(),
            protocol: port.protocol.as_deref().filter(|text| !text.is_empty()).unwrap_or("TCP").into(),
            ip: port.host_ip.as_deref().filter(|text| !text.is_empty()).unwrap_or("0.0.0.0").into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::cluster::scheduler::testing::pod;
    use serde_json::json;

    #[test]
    fn init_containers_count_by_their_maximum_and_sidecars_by_their_sum() {
        let info = pod(&json!({
            "containers": [
                {"name": "a", "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}}},
                {"name": "b", "resources": {"requests": {"cpu": "200m"}}}],
            "initContainers": [
                {"name": "i", "resources": {"requests": {"cpu": "900m", "example.com/gpu": "1"}}},
                {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}}},
                {"name": "j", "resources": {"requests": {"cpu": "880m"}}}],
            "overhead": {"cpu": "10m"}}));
        // Containers 300m + sidecar 50m < last init container 880m + sidecar 50m.
        assert_eq!(info.requests.milli_cpu, 940);
        assert_eq!(info.requests.memory, 1 << 30);
        assert_eq!(info.requests.scalar("example.com/gpu"), 1);
    }

    #[test]
    fn containers_without_requests_count_for_scores_only() {
        let info = pod(&json!({"containers": [{"name": "a"}, {"name": "b", "resources": {"requests": {"cpu": "1"}}}]}));
        assert_eq!((info.requests.milli_cpu, info.requests.memory), (1000, 0));
        assert_eq!(info.non_zero, (1100, 2 * 200 * 1024 * 1024));
    }

    #[test]
    fn resources_of_the_pod_replace_those_of_its_containers() {
        let info = pod(&json!({"resources": {"requests": {"cpu": "2"}},
            "containers": [{"name": "a", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]}));
        assert_eq!((info.requests.milli_cpu, info.requests.memory), (2000, 1 << 30));
    }

    #[test]
    fn a_port_on_all_addresses_conflicts_with_the_same_port_on_one() {
        let ports = |ip: &str| {
            pod(&json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "hostPort": 80, "hostIP": ip}]}]}))
                .ports
                .remove(0)
        };
        assert!(ports("").conflicts(&ports("10.0.0.1")));
        assert!(!ports("10.0.0.2").conflicts(&ports("10.0.0.1")));
    }
}
