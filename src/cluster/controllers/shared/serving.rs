//! Services and the pods behind them: what the Endpoints and the EndpointSlice controller have in common.
//!
//! Upstream: `k8s.io/endpointslice/util`, `pkg/controller/endpoint/trigger_time_tracker.go`.

use super::labels;
use crate::api::kinds::{pod, pod::Pod, service};
use crate::api::meta::{moment, timestamp};
use crate::api::{Object, ObjectRef};
use crate::cluster::client::controller::{Memory, Note, Reconcile, Wake};
use crate::sim::Time;
use k8s_openapi::api::core::v1::{ObjectReference, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Annotation: when the change happened that led to the present content.
pub const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// Label of a slice: who keeps it.
pub const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// Label of a slice: the Service whose endpoints it holds.
pub const SERVICE: &str = "kubernetes.io/service-name";
/// Label of what belongs to a Service without an address of its own.
pub const HEADLESS: &str = "service.kubernetes.io/headless";

/// A Service whose endpoints are kept for it.
#[derive(Clone, Copy)]
pub struct Served<'a> {
    /// The object.
    pub object: &'a Object,
    /// Its spec.
    pub spec: &'a ServiceSpec,
    selector: &'a BTreeMap<String, String>,
}

impl<'a> Served<'a> {
    /// Reads a Service; `None` if it has no selector or is only a name for something outside.
    #[must_use]
    pub fn read(object: &'a Object) -> Option<Self> {
        let spec = object.get().and_then(|service: &Service| service.spec.as_ref())?;
        let outside = spec.type_.as_deref() == Some("ExternalName");
        let selector = spec.selector.as_ref().filter(|selector| !selector.is_empty() && !outside)?;
        Some(Self { object, spec, selector })
    }

    /// Whether it has no address of its own.
    #[must_use]
    pub fn is_headless(&self) -> bool {
        self.spec.cluster_ip.as_deref() == Some("None")
    }

    /// Whether pods count that are not ready.
    #[must_use]
    pub fn publishes_all(&self) -> bool {
        self.spec.publish_not_ready_addresses == Some(true)
    }

    /// Its ports.
    #[must_use]
    pub fn ports(&self) -> &'a [ServicePort] {
        self.spec.ports.as_deref().unwrap_or_default()
    }

    fn selects(&self, meta: &ObjectMeta) -> bool {
        let own = labels(meta);
        self.selector.iter().all(|(name, value)| own.get(name) == Some(value))
    }

    /// The pods that it selects.
    #[must_use]
    pub fn pods(&self, reconcile: &Reconcile<'a>) -> Vec<(&'a Object, &'a Pod)> {
        let all = reconcile.cache(&pod::KIND).in_namespace(self.object.namespace());
        let pods = all.filter_map(|object| Some((object, object.get::<Pod>()?)));
        pods.filter(|(object, _)| self.selects(object.meta())).collect()
    }

    /// The host name under which a pod can be asked for, if it has one.
    #[must_use]
    pub fn hostname(&self, pod: &Pod) -> Option<String> {
        let mine = pod.spec.subdomain.as_deref() == Some(self.object.name());
        pod.spec.hostname.clone().filter(|name| mine && !name.is_empty())
    }
}

/// Wakes the Services that a change of a pod concerns (upstream: `GetServicesToUpdateOnPodChange`).
pub fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let before = old.and_then(|object| object.get::<Pod>());
    let after = new.and_then(|object| object.get::<Pod>());
    if let (Some(before), Some(after)) = (before, after)
        && !has_changed(before, after)
        && labels(&before.metadata) == labels(&after.metadata)
    {
        return;
    }
    let Some(namespace) = new.or(old).map(Object::namespace) else { return };
    for object in wake.cache(&service::KIND).in_namespace(namespace) {
        let Some(served) = Served::read(object) else { continue };
        let selects = |pod: Option<&Pod>| pod.is_some_and(|pod| served.selects(&pod.metadata));
        if selects(before) || selects(after) {
            wake.key(ObjectRef::new(&service::KIND, object.namespace(), object.name()));
        }
    }
}

/// Upstream: `podEndpointsChanged`.
fn has_changed(before: &Pod, after: &Pod) -> bool {
    before.is_ready() != after.is_ready()
        || before.metadata.deletion_timestamp.is_some() != after.metadata.deletion_timestamp.is_some()
        || before.is_terminal() != after.is_terminal()
        || before.status.pod_ip != after.status.pod_ip
        || before.node_name != after.node_name
}

/// The address of a pod that can have traffic: not ended, and on the network (upstream: `ShouldPodBeInEndpoints`).
#[must_use]
pub fn address(pod: &Pod, with_ending: bool) -> Option<&str> {
    let fits = !pod.is_terminal() && (with_ending || pod.metadata.deletion_timestamp.is_none());
    pod.status.pod_ip.as_deref().filter(|ip| fits && !ip.is_empty())
}

/// The number of a Service's port on a pod (upstream: `podutil.FindPort`).
#[must_use]
pub fn port_number(pod: &Pod, port: &ServicePort) -> Option<i32> {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => {
            let sidecars = pod.spec.init_containers.iter().flatten().filter(|c| c.restart_policy.is_some());
            let ports = pod.spec.containers.iter().chain(sidecars).flat_map(|c| c.ports.iter().flatten());
            let mut named = ports.filter(|p| p.name.as_ref() == Some(name));
            named.find(|p| p.protocol.as_deref().unwrap_or("TCP") == protocol).map(|p| p.container_port)
        }
    }
}

/// What an address belongs to.
#[must_use]
pub fn target(object: &Object) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".to_owned()),
        namespace: Some(object.namespace().to_owned()),
        name: Some(object.name().to_owned()),
        uid: Some(object.uid().to_owned()),
        ..ObjectReference::default()
    }
}

/// The moment of the earliest change since the last look: a pod that became (un)ready, or the Service's creation
/// (upstream: `ComputeEndpointLastChangeTriggerTime`). Remembers what it has seen.
pub fn trigger_time(memory: &mut Memory, service: &Object, pods: &[(&Object, &Pod)]) -> Option<String> {
    let prefix = format!("{}\u{1f}", service.key());
    let name = |pod: &str| -> Rc<str> { format!("{prefix}{pod}").into() };
    let ready_at = |pod: &Pod| pod.condition("Ready").and_then(|ready| ready.last_transition_time.as_ref().map(moment));
    let own = service.meta().creation_timestamp.as_ref().map(moment);
    let mut times: Vec<(Rc<str>, Time)> =
        pods.iter().filter_map(|(object, pod)| Some((name(object.name()), ready_at(pod)?))).collect();
    times.extend(own.map(|at| (name(""), at)));
    let is_later = |name: &Rc<str>, at: Time| match memory.get(name) {
        Some(Note::Moment(before)) => at > *before,
        _ => true,
    };
    let earliest = times.iter().filter(|(name, at)| is_later(name, *at)).map(|(_, at)| *at).min();
    forget(memory, service);
    memory.extend(times.into_iter().map(|(name, at)| (name, Note::Moment(at))));
    earliest.map(|at| timestamp(at).0.to_string())
}

/// Forgets what was seen of a Service.
pub fn forget(memory: &mut Memory, service: &Object) {
    forget_key(memory, &service.key().to_string());
}

/// The same by its key's text.
pub fn forget_key(memory: &mut Memory, key: &str) {
    let prefix: Rc<str> = format!("{key}\u{1f}").into();
    let old: Vec<Rc<str>> = memory
        .range(prefix.clone()..)
        .map(|(name, _)| name.clone())
        .take_while(|name| name.starts_with(&*prefix))
        .collect();
    for name in old {
        memory.remove(&name);
    }
}

/// Sets or removes the trigger annotation.
pub fn set_trigger(meta: &mut ObjectMeta, trigger: Option<&str>) {
    let annotations = meta.annotations.get_or_insert_default();
    match trigger {
        Some(trigger) => annotations.insert(TRIGGER.to_owned(), trigger.to_owned()),
        None => annotations.remove(TRIGGER),
    };
    meta.annotations.take_if(|annotations| annotations.is_empty());
}
