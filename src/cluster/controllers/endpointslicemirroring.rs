//! The EndpointSlice mirroring controller: Endpoints that somebody has written by hand, for a Service without a selector,
//! as the EndpointSlices that everybody reads.
//!
//! Upstream: `pkg/controller/endpointslicemirroring`. Each subset becomes one slice for each family of addresses, of at
//! most 1,000 endpoints; labels and annotations go along. Endpoints that say so (`skip-mirror`) are left alone, as are
//! those that are an old kind of leader's lock. What is mirrored goes with its Endpoints, with the Service, and when the
//! Service gets a selector.
//!
//! Upstream takes a slice's endpoints out of a hash map, in any order; here they are in order of their addresses.

use super::shared::labels;
use super::shared::serving::{MANAGED_BY, SERVICE, TRIGGER};
use crate::api::kinds::{endpoint_slice, endpoints, service};
use crate::api::meta::controller_ref;
use crate::api::patch::apply::LAST_APPLIED;
use crate::api::request::DeleteOptions;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::sim::Sorted;
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort as SubsetPort, EndpointSubset, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;
use std::net::IpAddr;

const ME: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// Upstream: `--mirroring-max-endpoints-per-subset`.
const MOST: usize = 1000;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "endpoint-slice-mirroring-controller",
    account: "endpointslicemirroring-controller",
    workers: 5,
    watches: &[
        Watch::mapped(&endpoints::KIND, wake_by_endpoints),
        Watch::mapped(&endpoint_slice::KIND, wake_by_slice),
        Watch::mapped(&service::KIND, wake_by_service),
    ],
    period: None,
    retries: 15,
    reconcile,
    failed: None,
};

/// Upstream looks at the Endpoints of every Service and lists its slices each time. Those that a selector keeps have none
/// of ours: when a Service gets its selector, that is what wakes.
fn wake_by_endpoints(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new.or(old) else { return };
    let kept = wake.cache(&service::KIND).get(&object.key()).is_some_and(has_selector);
    if !kept && [old, new].into_iter().flatten().any(is_for_all) {
        wake.object(object);
    }
}

/// Slices of ours that come, change hands or go.
fn wake_by_slice(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let both = || [old, new].into_iter().flatten();
    if both().any(is_mine) {
        for slice in both() {
            if let Some(name) = labels(slice.meta()).get(SERVICE) {
                wake.named(&endpoints::KIND, slice.namespace(), name);
            }
        }
    }
}

/// Services without a selector that come and go, and those that get or lose theirs.
fn wake_by_service(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let (before, after) = (old.map(has_selector), new.map(has_selector));
    if let Some(service) = new.or(old).filter(|_| before != after && [before, after].contains(&Some(false))) {
        wake.named(&endpoints::KIND, service.namespace(), service.name());
    }
}

fn has_selector(object: &Object) -> bool {
    let spec = object.get().and_then(|service: &Service| service.spec.as_ref());
    spec.and_then(|spec| spec.selector.as_ref()).is_some_and(|selector| !selector.is_empty())
}

fn is_mine(slice: &Object) -> bool {
    labels(slice.meta()).get(MANAGED_BY).is_some_and(|by| by == ME)
}

/// Upstream: `shouldMirror`.
fn is_for_all(endpoints: &Object) -> bool {
    let is_lock = endpoints.meta().annotations.as_ref().is_some_and(|annotations| annotations.contains_key(LEADER));
    !is_lock && labels(endpoints.meta()).get(SKIP).is_none_or(|skip| skip != "true")
}

/// Upstream: `syncEndpoints`.
fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let service = reconcile.lookup(&service::KIND, &key.key).filter(|service| !has_selector(service));
    let source = reconcile.lookup(&endpoints::KIND, &key.key).filter(|source| is_for_all(source) && service.is_some());
    let is_of = |slice: &&Object| labels(slice.meta()).get(SERVICE).is_some_and(|name| **name == *key.key.name);
    let slices = reconcile.cache(&endpoint_slice::KIND).in_namespace(&key.key.namespace);
    let mirrored: Vec<&Object> = slices.filter(|slice| is_mine(slice) && is_of(slice)).collect();
    match source {
        Some(source) => mirror(reconcile, source, mirrored),
        None if mirrored.is_empty() => {}
        None => remove(reconcile, mirrored),
    }
    Ok(())
}

#[inline(never)]
fn remove(reconcile: &mut Reconcile, slices: Vec<&Object>) {
    for slice in slices {
        let request = Request::delete(&endpoint_slice::KIND, &slice.key(), DeleteOptions::default());
        reconcile.write(Write::new(request).tolerating(Tolerate::NotFound));
    }
}

/// What makes an endpoint the same one (upstream: `hashEndpoint`): address, host name, and what it belongs to.
type Identity = (Option<String>, Option<String>, Option<(Option<String>, Option<String>)>);

/// Endpoints with the same ports and the same family of addresses.
struct Group {
    ports: Vec<EndpointPort>,
    family: &'static str,
    endpoints: Sorted<Identity, Endpoint>,
}

/// Upstream: `reconciler.reconcile`.
#[inline(never)]
fn mirror(reconcile: &mut Reconcile, source: &Object, mut rest: Vec<&Object>) {
    let (mut create, mut update, mut delete) = (Vec::new(), Vec::new(), Vec::new());
    for group in groups(reconcile, source) {
        let (mut mine, others): (Vec<&Object>, _) = rest.into_iter().partition(|slice| group.fits(slice));
        rest = others;
        if mine.is_empty() {
            create.push(group);
            continue;
        }
        let first = mine.remove(0);
        delete.append(&mut mine);
        if !group.is_in(first, source) {
            update.push((group, first.name()));
        }
    }
    delete.append(&mut rest);
    // A slice that would go makes room for one of its family that would come: its name lives on.
    create.retain_mut(|group| {
        let Some(place) = delete.iter().position(|slice| family(slice) == Some(group.family)) else { return true };
        let ports = std::mem::take(&mut group.ports);
        let endpoints = std::mem::take(&mut group.endpoints);
        update.push((Group { ports, family: group.family, endpoints }, delete.remove(place).name()));
        false
    });
    for group in create {
        if !source.is_terminating() {
            let write = Write::new(Request::create(Object::new(group.slice(source, None))));
            reconcile.write(write.tolerating(Tolerate::NamespaceTerminating));
        }
    }
    for (group, name) in update {
        reconcile.request(Request::update(Object::new(group.slice(source, Some(name)))));
    }
    remove(reconcile, delete);
}

/// The endpoints by their ports and families; says what cannot be mirrored.
fn groups(reconcile: &mut Reconcile, source: &Object) -> Vec<Group> {
    let subsets: Vec<EndpointSubset> = source.document().and_then(|it| it.part("subsets")).unwrap_or_default();
    let mut groups: Vec<Group> = Vec::new();
    let (mut invalid, mut skipped) = (0, 0);
    for subset in subsets {
        let ports: Vec<EndpointPort> = subset.ports.into_iter().flatten().map(port).collect();
        let ready = subset.addresses.into_iter().flatten().map(|address| (address, true));
        let addresses = ready.chain(subset.not_ready_addresses.into_iter().flatten().map(|address| (address, false)));
        let mut added = 0;
        for (address, ready) in addresses {
            if added == MOST {
                skipped += 1;
                continue;
            }
            let Ok(ip) = address.ip.parse::<IpAddr>() else {
                invalid += 1;
                continue;
            };
            added += 1;
            let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
            let endpoint = endpoint(address, ip, ready);
            let fits = |group: &Group| group.family == family && same(&group.ports, &ports);
            let place = groups.iter().position(fits).unwrap_or(groups.len());
            if place == groups.len() {
                groups.push(Group { ports: ports.clone(), family, endpoints: Sorted::new() });
            }
            groups[place].endpoints.insert(identity(&endpoint), endpoint);
        }
    }
    if invalid > 0 {
        let message = format!("Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
        reconcile.say(Saying::warning(source, "InvalidIPAddress", message));
    }
    if skipped > 0 {
        let message = format!(
            "A max of {MOST} addresses can be mirrored to EndpointSlices per Endpoints subset. {} addresses were skipped",
            skipped + invalid
        );
        reconcile.say(Saying::warning(source, "TooManyAddressesToMirror", message));
    }
    groups
}

fn port(port: SubsetPort) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.unwrap_or_default()),
        port: Some(port.port),
        protocol: port.protocol,
        app_protocol: port.app_protocol,
    }
}

/// Upstream: `addressToEndpoint`.
fn endpoint(address: EndpointAddress, ip: IpAddr, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![ip.to_string()],
        conditions: Some(EndpointConditions { ready: Some(ready), ..EndpointConditions::default() }),
        hostname: address.hostname.filter(|name| !name.is_empty()),
        node_name: address.node_name,
        target_ref: address.target_ref,
        ..Endpoint::default()
    }
}

fn identity(endpoint: &Endpoint) -> Identity {
    let target = endpoint.target_ref.as_ref().map(|target| (target.namespace.clone(), target.name.clone()));
    (endpoint.addresses.first().cloned(), endpoint.hostname.clone(), target)
}

/// Whether two lists of ports are the same whatever their order (upstream: `NewPortMapKey`).
fn same(a: &[EndpointPort], b: &[EndpointPort]) -> bool {
    a.len() == b.len() && a.iter().all(|port| b.contains(port))
}

fn family(slice: &Object) -> Option<&str> {
    slice.get().map(|slice: &EndpointSlice| slice.address_type.as_str())
}

impl Group {
    fn fits(&self, slice: &Object) -> bool {
        let ports = slice.get().and_then(|slice: &EndpointSlice| slice.ports.as_deref()).unwrap_or_default();
        family(slice) == Some(self.family) && same(ports, &self.ports)
    }

    /// Whether a slice says just this (upstream: `totalChanges`, and what goes along).
    fn is_in(&self, slice: &Object, source: &Object) -> bool {
        let present = slice.get().and_then(|slice: &EndpointSlice| slice.endpoints.as_deref()).unwrap_or_default();
        let meta = slice.meta();
        present.len() == self.endpoints.len().min(MOST)
            && present.iter().all(|endpoint| self.endpoints.get(&identity(endpoint)) == Some(endpoint))
            && meta.labels.as_ref() == Some(&slice_labels(source))
            && meta.annotations.clone().unwrap_or_default() == slice_annotations(source)
    }

    /// Upstream: `newEndpointSlice`.
    fn slice(self, source: &Object, name: Option<&str>) -> EndpointSlice {
        let endpoints: Vec<Endpoint> = self.endpoints.into_iter().map(|(_, endpoint)| endpoint).take(MOST).collect();
        EndpointSlice {
            metadata: ObjectMeta {
                name: name.map(str::to_owned),
                generate_name: name.is_none().then(|| format!("{}-", source.name())),
                namespace: source.meta().namespace.clone(),
                labels: Some(slice_labels(source)),
                annotations: Some(slice_annotations(source)).filter(|annotations| !annotations.is_empty()),
                owner_references: Some(vec![controller_ref(source)]),
                ..ObjectMeta::default()
            },
            address_type: self.family.to_owned(),
            endpoints: Some(endpoints),
            ports: Some(self.ports).filter(|ports| !ports.is_empty()),
        }
    }
}

fn slice_labels(source: &Object) -> BTreeMap<String, String> {
    let mut own = labels(source.meta()).clone();
    own.insert(SERVICE.to_owned(), source.name().to_owned());
    own.insert(MANAGED_BY.to_owned(), ME.to_owned());
    own
}

fn slice_annotations(source: &Object) -> BTreeMap<String, String> {
    let mut own = source.meta().annotations.clone().unwrap_or_default();
    own.retain(|name, _| name != TRIGGER && name != LAST_APPLIED);
    own
}
