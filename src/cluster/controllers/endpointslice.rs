//! The EndpointSlice controller: behind every Service with a selector, the list of its pods' addresses.
//!
//! Upstream: `pkg/controller/endpointslice`, `k8s.io/endpointslice/reconciler.go`. One slice holds up to 100 endpoints that
//! have the same ports; a Service whose pods name different numbers for a port has several. Endpoints keep their place,
//! new ones come last. A Service without pods has one empty slice, so that a reader knows that somebody looks after it.
//!
//! Each endpoint says three things: `serving` (the pod is ready), `terminating` (it is being deleted), and `ready` (both
//! are as one would like, or the Service publishes all).
//!
//! Left out: IPv6 and topology hints. Hand-made Endpoints are the [mirroring controller](super::endpointslicemirroring)'s.

use super::shared::serving::{
    HEADLESS, MANAGED_BY, SERVICE, Served, address, forget_key, port_number, set_trigger, target, trigger_time,
    wake_by_pod,
};
use super::shared::{labels, subject};
use crate::api::kinds::{endpoint_slice, node, pod, pod::Pod, service};
use crate::api::meta::controller_ref;
use crate::api::request::DeleteOptions;
use crate::api::{Key, Object, ObjectRef, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::{Order, Sorted};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::cmp::Reverse;
use std::collections::BTreeMap;

const ME: &str = "endpointslice-controller.k8s.io";
/// Upstream: `--max-endpoints-per-slice`.
const MOST: usize = 100;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "endpoint-slice-controller",
    account: "endpointslice-controller",
    workers: 5,
    watches: &[
        Watch::of(&service::KIND),
        Watch::mapped(&pod::KIND, wake_by_pod),
        Watch::mapped(&endpoint_slice::KIND, wake_by_slice),
        Watch::mapped(&node::KIND, |_, _, _| {}),
    ],
    period: None,
    retries: 15,
    reconcile,
    failed: None,
};

/// Slices that somebody else has changed or deleted, after a while (upstream: `queueServiceForEndpointSlice`).
fn wake_by_slice(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    if old.is_none() {
        return;
    }
    let Some(slice) = new.or(old).filter(|slice| is_mine(slice)) else { return };
    if let Some(name) = labels(slice.meta()).get(SERVICE) {
        wake.key_after(ObjectRef::new(&service::KIND, slice.namespace(), name), timing::SLICE_CHANGED);
    }
}

fn is_mine(slice: &Object) -> bool {
    labels(slice.meta()).get(MANAGED_BY).is_some_and(|by| by == ME)
}

/// Endpoints with the same ports.
struct Group {
    ports: Vec<EndpointPort>,
    endpoints: Vec<Endpoint>,
}

/// What is to become of the slices.
#[derive(Default)]
struct Plan {
    create: Vec<EndpointSlice>,
    update: Vec<Object>,
    delete: Vec<Object>,
    kept: usize,
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else {
        forget_key(reconcile.memory, &key.key.to_string());
        return Ok(());
    };
    let Some(served) = Served::read(object) else { return Ok(()) };
    let pods = served.pods(reconcile);
    // Before anything else: what has been seen counts as seen even if nothing comes of it.
    let trigger = trigger_time(reconcile.memory, object, &pods);
    let (groups, homeless) = groups(reconcile, &served, &pods);
    let existing: Vec<&Object> = reconcile
        .cache(&endpoint_slice::KIND)
        .owned_by(object.uid())
        .filter(|slice| !slice.is_terminating() && is_mine(slice))
        .collect();
    let plan = plan(&served, groups, &existing);
    carry_out(reconcile, &served, plan, trigger.as_deref());
    let Some(why) = told(homeless) else { return Ok(()) };
    reconcile.say(complaint(&served, &why));
    Err(why)
}

fn groups(reconcile: &Reconcile, served: &Served, pods: &[(&Object, &Pod)]) -> (Vec<Group>, Vec<String>) {
    let (mut groups, mut homeless): (Vec<Group>, Vec<String>) = (Vec::new(), Vec::new());
    for (object, pod) in pods {
        let Some(ip) = address(pod, true) else { continue };
        let node = pod.node().and_then(|name| reconcile.lookup(&node::KIND, &Key::new("", name)));
        if node.is_none() && !served.publishes_all() {
            let (service, node) = (served.object.key(), pod.node().unwrap_or_default());
            homeless.push(format!("skipping Pod {} for Service {service}: Node {node} Not Found", object.name()));
            continue;
        }
        let ports = ports(served, pod);
        let endpoint = endpoint(served, object, pod, ip, node);
        match groups.iter_mut().find(|group| group.ports == ports) {
            Some(group) => group.endpoints.push(endpoint),
            None => groups.push(Group { ports, endpoints: vec![endpoint] }),
        }
    }
    (groups, homeless)
}

/// Several errors as one (upstream: `utilerrors.NewAggregate`).
fn told(errors: Vec<String>) -> Option<String> {
    match errors.len() {
        0 | 1 => errors.into_iter().next(),
        _ => Some(format!("[{}]", errors.join(", "))),
    }
}

/// Upstream: `getEndpointPorts`.
fn ports(served: &Served, pod: &Pod) -> Vec<EndpointPort> {
    let port = |port: &k8s_openapi::api::core::v1::ServicePort| {
        Some(EndpointPort {
            name: Some(port.name.clone().unwrap_or_default()),
            port: Some(port_number(pod, port)?),
            protocol: port.protocol.clone(),
            app_protocol: port.app_protocol.clone(),
        })
    };
    served.ports().iter().filter_map(port).collect()
}

/// Upstream: `podToEndpoint`.
fn endpoint(served: &Served, object: &Object, pod: &Pod, ip: &str, node: Option<&Object>) -> Endpoint {
    let serving = pod.is_ready();
    let terminating = object.is_terminating();
    let zone = node.filter(|node| node.get::<Node>().is_some());
    Endpoint {
        addresses: vec![ip.to_owned()],
        conditions: Some(EndpointConditions {
            ready: Some(served.publishes_all() || (serving && !terminating)),
            serving: Some(serving),
            terminating: Some(terminating),
        }),
        hostname: served.hostname(pod),
        node_name: pod.node().map(str::to_owned),
        target_ref: Some(target(object)),
        zone: zone.and_then(|node| labels(node.meta()).get("topology.kubernetes.io/zone").cloned()),
        ..Endpoint::default()
    }
}

/// Upstream: `reconcileByPortMapping` for each group, and what the rest becomes.
fn plan(served: &Served, groups: Vec<Group>, existing: &[&Object]) -> Plan {
    let mut plan = Plan::default();
    let mut rest: Vec<&Object> = existing.to_vec();
    for group in groups {
        let fits = |object: &&&Object| {
            object.get::<EndpointSlice>().is_some_and(|s| s.ports.as_deref().unwrap_or_default() == group.ports)
        };
        let slices: Vec<&Object> = rest.iter().filter(fits).copied().collect();
        rest.retain(|object| !slices.iter().any(|slice| slice.is_same(object)));
        fill(served, group, &slices, &mut plan);
    }
    plan.delete.extend(rest.into_iter().cloned());
    if plan.kept + plan.update.len() + plan.create.len() == 0 {
        keep_one(served, &mut plan);
    }
    // A slice that would go makes room for one that would come: it keeps its name.
    let recycled = plan.delete.len().min(plan.create.len());
    for (mut object, new) in plan.delete.drain(..recycled).zip(plan.create.drain(..recycled)) {
        overwrite(&mut object, new);
        plan.update.push(object);
    }
    plan
}

/// A Service without endpoints has one empty slice.
fn keep_one(served: &Served, plan: &mut Plan) {
    let empty = slice(served, Group { ports: Vec::new(), endpoints: Vec::new() });
    let is_empty = |object: &Object| {
        let bare = |slice: &EndpointSlice| slice.endpoints.is_none() && slice.ports.is_none();
        object.get().is_some_and(bare) && object.meta().labels == empty.metadata.labels
    };
    match plan.delete.iter().position(is_empty) {
        Some(place) => drop(plan.delete.remove(place)),
        None => plan.create.push(empty),
    }
}

fn overwrite(object: &mut Object, new: EndpointSlice) {
    if let Some(slice) = object.get_mut::<EndpointSlice>() {
        slice.metadata.labels = new.metadata.labels;
        slice.endpoints = new.endpoints;
        slice.ports = new.ports;
    }
}
/// Puts the endpoints of one group into its slices (upstream: `reconcileByPortMapping`): what is there keeps its place;
/// new ones go into slices that change anyway, the fullest first; what is left goes into the one slice that it fills best,
/// if it fits as a whole, otherwise into new ones.
fn fill(served: &Served, group: Group, slices: &[&Object], plan: &mut Plan) {
    let uid = |endpoint: &Endpoint| endpoint.target_ref.as_ref().and_then(|target| target.uid.clone());
    let Group { ports, endpoints } = group;
    let mut wanted: Sorted<Option<String>, Endpoint> = Sorted::new();
    let mut order = Vec::new();
    for endpoint in endpoints {
        order.push(uid(&endpoint));
        wanted.insert(uid(&endpoint), endpoint);
    }
    let labels = slice_labels(served);
    let (mut changing, mut unchanged): (Vec<(&Object, Vec<Endpoint>)>, Vec<_>) = (Vec::new(), Vec::new());
    for object in slices {
        let Some(slice) = object.get::<EndpointSlice>() else { continue };
        let present = slice.endpoints.as_deref().unwrap_or_default();
        let kept: Vec<Endpoint> = present.iter().filter_map(|endpoint| wanted.remove(&uid(endpoint))).collect();
        if kept.is_empty() && !present.is_empty() {
            plan.delete.push((*object).clone());
        } else if kept == present && slice.metadata.labels.as_ref() == Some(&labels) {
            unchanged.push((*object, kept));
        } else {
            changing.push((*object, kept));
        }
    }
    let mut new: Vec<Endpoint> = order.iter().filter_map(|uid| wanted.remove(uid)).collect();
    changing.order_by_key(|(_, endpoints)| Reverse(endpoints.len()));
    for (_, endpoints) in &mut changing {
        let room = MOST.saturating_sub(endpoints.len()).min(new.len());
        endpoints.extend(new.drain(..room));
    }
    while !new.is_empty() {
        let fits = |(_, endpoints): &&(&Object, Vec<Endpoint>)| endpoints.len() + new.len() <= MOST;
        let fullest = unchanged.iter().filter(fits).map(|(_, endpoints)| endpoints.len()).max();
        let place = unchanged.iter().position(|(_, endpoints)| new.len() < MOST && Some(endpoints.len()) == fullest);
        if let Some((object, mut endpoints)) = place.map(|place| unchanged.remove(place)) {
            endpoints.append(&mut new);
            changing.push((object, endpoints));
        } else {
            let endpoints = new.drain(..new.len().min(MOST)).collect();
            plan.create.push(slice(served, Group { ports: ports.clone(), endpoints }));
        }
    }
    plan.kept += unchanged.len();
    for (object, endpoints) in changing {
        let mut object = object.clone();
        overwrite(&mut object, slice(served, Group { ports: ports.clone(), endpoints }));
        plan.update.push(object);
    }
}

fn slice_labels(served: &Served) -> BTreeMap<String, String> {
    let mut own = labels(served.object.meta()).clone();
    own.insert(MANAGED_BY.to_owned(), ME.to_owned());
    own.insert(SERVICE.to_owned(), served.object.name().to_owned());
    if served.is_headless() {
        own.insert(HEADLESS.to_owned(), String::new());
    } else {
        own.remove(HEADLESS);
    }
    own
}

fn slice(served: &Served, group: Group) -> EndpointSlice {
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", served.object.name())),
            namespace: served.object.meta().namespace.clone(),
            labels: Some(slice_labels(served)),
            owner_references: Some(vec![controller_ref(served.object)]),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".to_owned(),
        endpoints: Some(group.endpoints).filter(|list| !list.is_empty()),
        ports: Some(group.ports).filter(|list| !list.is_empty()),
    }
}
/// What is said of a Service whose slices are not as they should be.
fn complaint(served: &Served, why: &str) -> Saying {
    let message = format!("Error updating Endpoint Slices for Service {}: {why}", served.object.key());
    Saying::warning(served.object, "FailedToUpdateEndpointSlices", message)
}

fn carry_out(reconcile: &mut Reconcile, served: &Served, plan: Plan, trigger: Option<&str>) {
    let failed = |what: &str| {
        complaint(served, &format!("failed to {what} EndpointSlice for Service {}: {{error}}", served.object.key()))
    };
    if !served.object.is_terminating() {
        for mut new in plan.create {
            set_trigger(&mut new.metadata, trigger);
            let write = Write::new(Request::create(Object::new(new)));
            reconcile.write(write.failing(failed("create")).tolerating(Tolerate::NamespaceTerminating));
        }
    }
    for mut object in plan.update {
        set_trigger(object.meta_mut(), trigger);
        let failed = failed(&format!("update {}", object.name()));
        reconcile.write(Write::new(Request::update(object)).failing(failed));
    }
    for object in plan.delete {
        let request = Request::delete(&endpoint_slice::KIND, &object.key(), DeleteOptions::default());
        let failed = failed(&format!("delete {}", object.name()));
        reconcile.write(Write::new(request).failing(failed).tolerating(Tolerate::NotFound));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{ObjectReference, Service, ServiceSpec};

    fn endpoints(which: std::ops::Range<usize>) -> Vec<Endpoint> {
        let target = |n: usize| ObjectReference { uid: Some(n.to_string()), ..ObjectReference::default() };
        which.map(|n| Endpoint { target_ref: Some(target(n)), ..Endpoint::default() }).collect()
    }

    /// How full the slices are after the endpoints have become those: unchanged ones, updated, new, deleted.
    fn filled(
        before: &[std::ops::Range<usize>],
        after: std::ops::Range<usize>,
    ) -> (usize, Vec<usize>, Vec<usize>, usize) {
        let metadata = ObjectMeta { name: Some("web".to_owned()), ..ObjectMeta::default() };
        let selector = Some([("app".to_owned(), "web".to_owned())].into());
        let spec = Some(ServiceSpec { selector, ..ServiceSpec::default() });
        let service = Object::new(Service { metadata, spec, ..Service::default() });
        let served = Served::read(&service).expect("a Service with a selector");
        let group = |which| Group { ports: Vec::new(), endpoints: endpoints(which) };
        let slices: Vec<Object> =
            before.iter().map(|which| Object::new(slice(&served, group(which.clone())))).collect();
        let mut plan = Plan::default();
        fill(&served, group(after), &slices.iter().collect::<Vec<_>>(), &mut plan);
        let size = |slice: &EndpointSlice| slice.endpoints.as_ref().map_or(0, Vec::len);
        let updated = plan.update.iter().filter_map(|object| object.get().map(size)).collect();
        (plan.kept, updated, plan.create.iter().map(size).collect(), plan.delete.len())
    }

    #[test]
    fn new_endpoints_fill_a_slice_that_changes_or_one_that_holds_them_all() {
        assert_eq!(filled(&[], 0..250), (0, vec![], vec![100, 100, 50], 0));
        assert_eq!(filled(&[0..100, 100..150], 0..190), (1, vec![90], vec![], 0));
        assert_eq!(filled(&[0..100, 100..150], 0..210), (2, vec![], vec![60], 0), "they do not fit as a whole");
        assert_eq!(filled(&[0..30, 30..80, 80..100], 0..115), (2, vec![65], vec![], 0), "the fullest that holds them");
        assert_eq!(filled(&[0..100, 100..150], 1..210), (1, vec![100], vec![59], 0), "one changes anyway");
        assert_eq!(filled(&[0..100, 100..150], 0..100), (1, vec![], vec![], 1));
    }
}
