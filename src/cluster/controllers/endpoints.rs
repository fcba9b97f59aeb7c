//! The Endpoints controller: the older list of the addresses behind a Service, one object for each.
//!
//! Upstream: `pkg/controller/endpoint/endpoints_controller.go`. It says less than EndpointSlices (ready or not) and is kept
//! for those who still read it.
//!
//! One object names at most 1,000 addresses. Left out: subsets and ports are ordered by their text instead of by a hash.

use super::shared::serving::{
    HEADLESS, Served, address, forget_key, port_number, set_trigger, target, trigger_time, wake_by_pod,
};
use super::shared::{annotation, labels, subject};
use crate::api::document::Document;
use crate::api::json::encode;
use crate::api::kinds::{endpoints, named, pod, pod::Pod, service};
use crate::api::request::DeleteOptions;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::sim::{Order, Sorted};
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, ServicePort};
use serde_json::Value;
use std::collections::BTreeMap;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const ME: &str = "endpoint-controller";
/// Annotation of Endpoints that do not name all.
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// Upstream: `maxCapacity`.
const MOST: usize = 1000;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "endpoint-controller",
    account: "endpoint-controller",
    workers: 5,
    watches: &[
        Watch::of(&service::KIND),
        Watch::mapped(&pod::KIND, wake_by_pod),
        Watch::mapped(&endpoints::KIND, wake_by_endpoints),
    ],
    period: None,
    retries: 15,
    reconcile,
    failed: None,
};

/// Somebody has deleted them.
fn wake_by_endpoints(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    if let (Some(gone), None) = (old, new) {
        wake.named(&service::KIND, gone.namespace(), gone.name());
    }
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let present = reconcile.lookup(&endpoints::KIND, &key.key);
    let Some(object) = subject(reconcile, key) else {
        forget_key(reconcile.memory, &key.key.to_string());
        if present.is_some() {
            let request = Request::delete(&endpoints::KIND, &key.key, DeleteOptions::default());
            reconcile.write(Write::new(request).tolerating(Tolerate::NotFound));
        }
        return Ok(());
    };
    let Some(served) = Served::read(object) else { return Ok(()) };
    let pods = served.pods(reconcile);
    let trigger = trigger_time(reconcile.memory, object, &pods);
    let mut subsets = subsets(&served, &pods);
    let cut = subsets.iter().map(size).sum::<usize>() > MOST && truncate(&mut subsets);
    let labels = wanted_labels(&served);
    let subsets = encode(&Some(subsets).filter(|subsets| !subsets.is_empty()));
    let known = present.and_then(Object::document).and_then(|known| known.at("subsets"));
    let is_as_wanted = |present: &Object| {
        let is_marked = annotation(present.meta(), OVER_CAPACITY).is_some();
        present.meta().labels.as_ref() == Some(&labels) && is_marked == cut
    };
    if present.is_some_and(is_as_wanted) && known.unwrap_or(&Value::Null) == &subsets {
        return Ok(());
    }
    let made = || Object::from_document(Document::new(&endpoints::KIND, named(object.namespace(), object.name())));
    let mut new = present.cloned().unwrap_or_else(made);
    match new.document_mut() {
        Some(document) if subsets.is_null() => document.remove("subsets"),
        Some(document) => document.set("subsets", subsets),
        None => {}
    }
    new.meta_mut().labels = Some(labels);
    let annotations = new.meta_mut().annotations.get_or_insert_default();
    annotations.remove(OVER_CAPACITY);
    annotations.extend(cut.then(|| (OVER_CAPACITY.to_owned(), "truncated".to_owned())));
    set_trigger(new.meta_mut(), trigger.as_deref());
    let (request, reason, what) = match present {
        None => (Request::create(new), "FailedToCreateEndpoint", "create"),
        Some(_) => (Request::update(new), "FailedToUpdateEndpoint", "update"),
    };
    let message = format!("Failed to {what} endpoint {}: {{error}}", object.key());
    let write = Write::new(request).failing(Saying::warning(present.unwrap_or(object), reason, message));
    reconcile.write(write.tolerating(Tolerate::NamespaceTerminating));
    Ok(())
}

fn wanted_labels(served: &Served) -> BTreeMap<String, String> {
    let mut own = labels(served.object.meta()).clone();
    own.insert(MANAGED_BY.to_owned(), ME.to_owned());
    if served.is_headless() {
        own.insert(HEADLESS.to_owned(), String::new());
    } else {
        own.remove(HEADLESS);
    }
    own
}

type Addresses = (Vec<EndpointAddress>, Vec<EndpointAddress>);

/// Addresses by port, then ports with the same addresses together (upstream: `RepackSubsets`).
fn subsets(served: &Served, pods: &[(&Object, &Pod)]) -> Vec<EndpointSubset> {
    let mut by_port: Sorted<Option<PortKey>, Addresses> = Sorted::new();
    for (object, pod) in pods {
        let Some(ip) = address(pod, served.publishes_all()) else { continue };
        let entry = EndpointAddress {
            ip: ip.to_owned(),
            hostname: served.hostname(pod),
            node_name: pod.node().map(str::to_owned),
            target_ref: Some(target(object)),
        };
        let mut ports: Vec<Option<PortKey>> =
            served.ports().iter().filter_map(|port| port_key(pod, port)).map(Some).collect();
        if served.is_headless() && served.ports().is_empty() {
            ports.push(None);
        }
        for port in ports {
            let (ready, not_ready) = by_port.get_or_default(port);
            let list = if served.publishes_all() || pod.is_ready() { ready } else { not_ready };
            list.push(entry.clone());
        }
    }
    let mut subsets: Vec<EndpointSubset> = Vec::new();
    for (port, (ready, not_ready)) in by_port {
        let (addresses, not_ready_addresses) = (sorted(ready), sorted(not_ready));
        let port = port.map(to_port);
        let same = |subset: &&mut EndpointSubset| {
            subset.addresses == addresses && subset.not_ready_addresses == not_ready_addresses
        };
        match subsets.iter_mut().find(same) {
            Some(subset) => subset.ports.get_or_insert_default().extend(port),
            None => subsets.push(EndpointSubset { addresses, not_ready_addresses, ports: port.map(|port| vec![port]) }),
        }
    }
    subsets
}

fn size(subset: &EndpointSubset) -> usize {
    let all = [&subset.addresses, &subset.not_ready_addresses];
    all.into_iter().flatten().map(Vec::len).sum()
}

/// Leaves as many addresses as there may be: the ready ones before the others, of each subset its share (upstream:
/// `truncateEndpoints`). Tells that it has.
#[inline(never)]
fn truncate(subsets: &mut [EndpointSubset]) -> bool {
    let all: usize = subsets.iter().map(size).sum();
    let ready: usize = subsets.iter().map(|subset| subset.addresses.as_ref().map_or(0, Vec::len)).sum();
    let (room, total) = if ready > MOST { (MOST, ready) } else { (MOST - ready, all - ready) };
    let mut left = room;
    for subset in subsets {
        let list = if ready > MOST {
            subset.not_ready_addresses = None;
            &mut subset.addresses
        } else {
            &mut subset.not_ready_addresses
        };
        let Some(addresses) = list else { continue };
        addresses.truncate((addresses.len() * room).div_ceil(total).min(left));
        left -= addresses.len();
        list.take_if(|addresses| addresses.is_empty());
    }
    true
}

/// Name, number, protocol, application protocol.
type PortKey = (Option<String>, i32, Option<String>, Option<String>);

fn port_key(pod: &Pod, port: &ServicePort) -> Option<PortKey> {
    Some((port.name.clone(), port_number(pod, port)?, port.protocol.clone(), port.app_protocol.clone()))
}

fn to_port((name, port, protocol, app_protocol): PortKey) -> EndpointPort {
    EndpointPort { name, port, protocol, app_protocol }
}

fn sorted(mut addresses: Vec<EndpointAddress>) -> Option<Vec<EndpointAddress>> {
    addresses.order_by(|a, b| a.ip.cmp(&b.ip));
    Some(addresses).filter(|list| !list.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many addresses, ready and not, are left of such subsets.
    fn left(of: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let list = |count: usize| Some(vec![EndpointAddress::default(); count]).filter(|list| !list.is_empty());
        let subset = |(ready, not_ready): &(usize, usize)| EndpointSubset {
            addresses: list(*ready),
            not_ready_addresses: list(*not_ready),
            ports: None,
        };
        let mut subsets: Vec<EndpointSubset> = of.iter().map(subset).collect();
        truncate(&mut subsets);
        let count = |list: &Option<Vec<EndpointAddress>>| list.as_ref().map_or(0, Vec::len);
        subsets.iter().map(|subset| (count(&subset.addresses), count(&subset.not_ready_addresses))).collect()
    }

    #[test]
    fn a_thousand_addresses_are_left_the_ready_ones_first() {
        assert_eq!(left(&[(900, 300)]), [(900, 100)]);
        assert_eq!(left(&[(1500, 10)]), [(1000, 0)]);
        assert_eq!(left(&[(600, 50), (600, 0), (300, 0)]), [(400, 0), (400, 0), (200, 0)]);
        assert_eq!(left(&[(500, 600), (300, 300)]), [(500, 134), (300, 66)]);
    }
}
