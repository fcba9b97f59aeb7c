//! What the server makes sure of when it starts (upstream: `pkg/controlplane/controller/{systemnamespaces,
//! kubernetesservice}`, `pkg/registry/scheduling/rest`): the system namespaces, the two system priority classes, and
//! the Service `default/kubernetes` by which pods find the server, and the roles without which nobody may do anything.

mod roles;

use super::ApiServer;
use crate::api::Request;
use crate::api::document::Document;
use crate::api::json::encode;
use crate::api::kinds::{endpoints, named, priority_class};
use crate::api::object::Object;
use crate::cluster::Cx;
use crate::cluster::fact::Call;
use crate::cluster::wire::User;
use crate::sim::Log;
use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Namespace, Service, ServicePort, ServiceSpec,
};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort as SlicePort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The cluster IP of `default/kubernetes`: the first of the service network.
const KUBERNETES_IP: &str = "10.96.0.1";
/// Where the server listens. Ours: the control-plane machine's address in the scenario.
const SERVER_IP: &str = "192.168.0.10";
const SERVER_PORT: i32 = 6443;

impl ApiServer {
    /// Asks itself for what is missing; called again when something of it is there. Others wait until all is.
    pub(super) fn bootstrap(&mut self, cx: &mut Cx) {
        while let Some(object) = self.missing.pop_last() {
            if self.cache.get(object.kind(), &object.key()).is_some() {
                continue;
            }
            let user = User::new("system:apiserver", &["system:masters"]);
            let call = Call { from: cx.me().clone(), id: self.next };
            let one_by_one = object.kind().kind == "Namespace";
            self.accept(cx, call, user, Rc::new(Request::create(object)));
            // What lives in them must find them.
            if one_by_one {
                return;
            }
        }
        self.settled = !self.flights.values().any(|flight| flight.call.from == *cx.me());
        if !self.settled {
            return;
        }
        for number in std::mem::take(&mut self.early) {
            self.gates(cx, number);
        }
    }
}

/// What there is to make sure of, the first at the end.
pub fn missing() -> Log<Object> {
    objects().into_iter().rev().collect()
}

fn objects() -> Vec<Object> {
    let namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];
    let mut objects: Vec<Object> = namespaces
        .iter()
        .map(|name| Object::new(Namespace { metadata: named("", name), ..Namespace::default() }))
        .collect();
    objects.extend([
        priority_class("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
        priority_class("system-cluster-critical", 2_000_000_000, "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
    ]);
    objects.extend(roles::objects());
    objects.extend([Object::new(service()), endpoints(), Object::new(endpoint_slice())]);
    objects
}

fn priority_class(name: &str, value: i32, description: &str) -> Object {
    let mut class = Document::new(&priority_class::KIND, named("", name));
    class.set("value", value.into());
    class.set("description", description.into());
    class.set("preemptionPolicy", "PreemptLowerPriority".into());
    Object::from_document(class)
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    labels.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    labels
}

fn service() -> Service {
    let mut metadata = named("default", "kubernetes");
    metadata.labels = Some(labels(&[("component", "apiserver"), ("provider", "kubernetes")]));
    Service {
        metadata,
        spec: Some(ServiceSpec {
            cluster_ip: Some(KUBERNETES_IP.to_owned()),
            cluster_ips: Some(vec![KUBERNETES_IP.to_owned()]),
            internal_traffic_policy: Some("Cluster".to_owned()),
            ip_families: Some(vec!["IPv4".to_owned()]),
            ip_family_policy: Some("SingleStack".to_owned()),
            ports: Some(vec![ServicePort {
                name: Some("https".to_owned()),
                port: 443,
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::Int(SERVER_PORT)),
                ..ServicePort::default()
            }]),
            session_affinity: Some("None".to_owned()),
            type_: Some("ClusterIP".to_owned()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn endpoints() -> Object {
    let mut metadata = named("default", "kubernetes");
    metadata.labels = Some(labels(&[("endpointslice.kubernetes.io/skip-mirror", "true")]));
    let subset = EndpointSubset {
        addresses: Some(vec![EndpointAddress { ip: SERVER_IP.to_owned(), ..EndpointAddress::default() }]),
        ports: Some(vec![EndpointPort {
            name: Some("https".to_owned()),
            port: SERVER_PORT,
            protocol: Some("TCP".to_owned()),
            ..EndpointPort::default()
        }]),
        ..EndpointSubset::default()
    };
    let mut endpoints = Document::new(&endpoints::KIND, metadata);
    endpoints.set("subsets", encode(&vec![subset]));
    Object::from_document(endpoints)
}

fn endpoint_slice() -> EndpointSlice {
    let mut metadata = named("default", "kubernetes");
    metadata.labels = Some(labels(&[("kubernetes.io/service-name", "kubernetes")]));
    EndpointSlice {
        metadata,
        address_type: "IPv4".to_owned(),
        endpoints: Some(vec![Endpoint {
            addresses: vec![SERVER_IP.to_owned()],
            conditions: Some(EndpointConditions { ready: Some(true), ..EndpointConditions::default() }),
            ..Endpoint::default()
        }]),
        ports: Some(vec![SlicePort {
            name: Some("https".to_owned()),
            port: Some(SERVER_PORT),
            protocol: Some("TCP".to_owned()),
            ..SlicePort::default()
        }]),
    }
}
