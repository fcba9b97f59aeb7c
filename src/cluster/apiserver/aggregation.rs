//! Servers behind this one: whole groups of the API that somebody else answers for, by an `APIService`.
//!
//! Whether the other one can be reached is found out by looking (its Service, the Service's endpoints) and asking, and
//! noted in the condition `Available`. A request is only handed on while that holds; before, it has passed
//! authentication and authorization here.
//!
//! Upstream: `kube-aggregator/pkg/apiserver/handler_proxy.go` and `pkg/controllers/status/remote`, in the server's own
//! process, too. Left out: groups other than those of metrics (their condition is kept, nobody answers for them and they
//! are not in discovery), the choice among several endpoints (the first that is ready counts), certificates.

use super::ApiServer;
use super::flight::{Flight, Phase};
use super::watch_cache::Changed;
use crate::api::document::Document;
use crate::api::json::encode;
use crate::api::kinds::{api_service, document_text, endpoint_slice, service};
use crate::api::{Key, Kind, Object, Request, Status, meta, metrics};
use crate::cluster::wire::{Address, Event, Message, Reply, Timer, User};
use crate::cluster::{Cx, timing};
use crate::sim::Time;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::json;
use std::rc::Rc;

/// All servers are tried again.
pub const RESYNC: &str = "aggregation/resync";
/// A server has had its time to answer.
pub const SILENT: &str = "aggregation/silent";

/// Why a server is not available, or that it is: reason and message.
type Finding = (&'static str, String);

impl ApiServer {
    /// The kinds that servers behind this one answer for.
    pub(super) fn aggregated_kinds(&self) -> impl Iterator<Item = &'static Kind> + use<> {
        let of = |(name, kinds, silent): (&str, &'static [&'static Kind], &'static [&'static Kind])| {
            let service = self.cache.get(&api_service::KIND, &Key::new("", name));
            service.map_or(&[] as &[_], |service| if is_available(service) { kinds } else { silent })
        };
        let [resource, custom, external] = metrics::SERVED.map(of);
        resource.iter().chain(custom).chain(external).copied()
    }

    /// Hands a request on, if it is about a kind of somebody else's. Tells whether it was.
    pub(super) fn hand_on(&mut self, cx: &mut Cx, number: u64) -> bool {
        let foreign = |flight: &Flight| metrics::is_elsewhere(flight.request.target.object.kind);
        let concerned = self.flights.get(&number).is_some_and(foreign);
        if concerned {
            self.hand_over(cx, number);
        }
        concerned
    }

    #[inline(never)]
    fn hand_over(&mut self, cx: &mut Cx, number: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        let (user, request) = (flight.user.clone(), flight.request.clone());
        let group = request.target.object.kind.group;
        let found = self.cache.iter(&api_service::KIND).find(|found| document_text(found, "spec.group") == group);
        let place = match found {
            None => Err(Status::no_such_path()),
            Some(found) if !is_available(found) => Err(Status::unavailable()),
            Some(found) => self.place(found).map_err(|_| Status::unavailable()),
        };
        match place {
            Ok(node) => {
                if let Some(flight) = self.flights.get_mut(&number) {
                    flight.phase = Phase::HandedOn;
                }
                ask(cx, &node, number, user, request);
            }
            Err(status) => self.answer(cx, number, Err(status)),
        }
    }

    /// A server behind this one has answered.
    #[inline(never)]
    pub(super) fn answered_behind(&mut self, cx: &mut Cx, id: u64, outcome: Result<Reply, Rc<Status>>) {
        if let Some(name) = self.tried.remove(&id) {
            let refused = outcome.is_err().then_some("connect: connection refused");
            return self.found_out(cx, &name, refused);
        }
        let handed_on = self.flights.get(&id).is_some_and(|flight| flight.phase == Phase::HandedOn);
        if handed_on {
            self.answer(cx, id, outcome.map_err(|status| (*status).clone()));
        }
    }

    /// Something has changed on which it may depend whether a server can be reached.
    pub(super) fn look_behind(&mut self, cx: &mut Cx, changed: &Changed) {
        let object = &changed.object;
        if object.kind() == &api_service::KIND {
            if self.cache.get(object.kind(), &object.key()).is_some() {
                self.try_server(cx, &object.key());
            }
            return;
        }
        let name = match object.meta().labels.as_ref() {
            _ if object.kind() == &service::KIND => object.name(),
            Some(labels) if object.kind() == &endpoint_slice::KIND => {
                labels.get(SERVICE_NAME).map_or("", String::as_str)
            }
            _ => return,
        };
        let concerned = |service: &&Object| {
            let text = |path: &str| document_text(service, path);
            text("spec.service.name") == name && text("spec.service.namespace") == object.namespace()
        };
        let keys: Vec<Key> = self.cache.iter(&api_service::KIND).filter(concerned).map(Object::key).collect();
        for key in &keys {
            self.try_server(cx, key);
        }
    }

    /// Looks at all of them.
    pub(super) fn try_servers(&mut self, cx: &mut Cx) {
        let keys: Vec<Key> = self.cache.iter(&api_service::KIND).map(Object::key).collect();
        for key in &keys {
            self.try_server(cx, key);
        }
    }

    /// The time has come to look again.
    pub(super) fn resync_servers(&mut self, cx: &mut Cx) {
        self.trying = false;
        self.try_servers(cx);
    }

    #[inline(never)]
    fn try_server(&mut self, cx: &mut Cx, key: &Key) {
        let Some(object) = self.cache.get(&api_service::KIND, key) else { return };
        if object.document().is_none_or(|document| document.at("spec.service").is_none()) {
            return;
        }
        match self.place(object) {
            Ok(node) => {
                let number = self.next;
                self.next += 1;
                self.tried.insert(number, key.name.clone());
                let user = User::new("system:kube-aggregator", &["system:masters"]);
                let kind = match document_text(object, "spec.group") {
                    metrics::GROUP => &metrics::NODE,
                    group if group == metrics::CUSTOM.group => &metrics::CUSTOM,
                    _ => &metrics::EXTERNAL,
                };
                ask(cx, &node, number, user, Rc::new(Request::list(kind, "")));
                cx.after(timing::API_SERVICE_TIMEOUT, Event::Timer(Timer::keyed(SILENT, "", number)));
            }
            Err(finding) => self.note_availability(cx, key, false, &finding),
        }
        if !self.trying {
            self.trying = true;
            cx.because(None);
            cx.after(timing::API_SERVICE_RESYNC, Event::Timer(Timer::new(RESYNC)));
        }
    }

    /// A server has not answered in time.
    #[inline(never)]
    pub(super) fn was_silent(&mut self, cx: &mut Cx, number: u64) {
        if let Some(name) = self.tried.remove(&number) {
            let why = "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)";
            self.found_out(cx, &name, Some(why));
        }
    }

    fn found_out(&mut self, cx: &mut Cx, name: &str, refused: Option<&str>) {
        let key = Key::new("", name);
        let Some(document) = self.cache.get(&api_service::KIND, &key).and_then(Object::document) else { return };
        let (group, version) = (document.text("spec.group"), document.text("spec.version"));
        let (ip, port) = self.service_of(document).map_or(("", 443), |(service, port)| (cluster_ip(service), port));
        let address = format!("{ip}:{port}");
        let url = format!("https://{address}/apis/{group}/{version}");
        let dial = if refused.is_some_and(|why| why.starts_with("connect")) {
            format!("dial tcp {address}: ")
        } else {
            String::new()
        };
        match refused {
            None => self.note_availability(cx, &key, true, &("Passed", "all checks passed".to_owned())),
            Some(why) => {
                let text = format!("failing or missing response from {url}: Get \"{url}\": {dial}{why}");
                self.note_availability(cx, &key, false, &("FailedDiscoveryCheck", text));
            }
        }
    }

    fn service_of(&self, document: &Document) -> Option<(&Service, i64)> {
        let key = Key::new(document.text("spec.service.namespace"), document.text("spec.service.name"));
        let port = document.at("spec.service.port").and_then(serde_json::Value::as_i64).unwrap_or(443);
        Some((self.cache.get(&service::KIND, &key)?.get::<Service>()?, port))
    }

    /// The node on which the server of an `APIService` runs, as far as its Service says.
    fn place(&self, object: &Object) -> Result<Rc<str>, Finding> {
        let Some(document) = object.document() else { return Err(("", String::new())) };
        let (namespace, name) = (document.text("spec.service.namespace"), document.text("spec.service.name"));
        let at = format!("service/{name} in {namespace:?}");
        let Some((service, port)) = self.service_of(document) else {
            return Err(("ServiceNotFound", format!("{at} is not present")));
        };
        let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_ref()).into_iter().flatten();
        let Some(found) = ports.into_iter().find(|known| i64::from(known.port) == port) else {
            return Err(("ServicePortError", format!("{at} is not listening on port {port}")));
        };
        let wanted = found.name.as_deref().unwrap_or_default();
        let mut slices =
            self.cache.in_namespace(&endpoint_slice::KIND, namespace).filter_map(Object::get::<EndpointSlice>);
        let of_service = |slice: &EndpointSlice| {
            slice.metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_NAME)).is_some_and(|of| of == name)
        };
        let slices: Vec<&EndpointSlice> = slices.by_ref().filter(|slice| of_service(slice)).collect();
        if slices.is_empty() {
            return Err(("EndpointsNotFound", format!("cannot find endpointslices for {at}")));
        }
        let named = |slice: &&&EndpointSlice| {
            slice.ports.iter().flatten().any(|port| port.name.as_deref() == Some(wanted) && port.port.is_some())
        };
        let mut endpoints = slices.iter().filter(named).flat_map(|slice| slice.endpoints.iter().flatten());
        let ready =
            endpoints.find(|endpoint| endpoint.conditions.as_ref().and_then(|known| known.ready).unwrap_or(true));
        let missing =
            || ("MissingEndpoints", format!("endpointslices for {at} have no addresses with port name {wanted:?}"));
        ready.map(|endpoint| endpoint.node_name.as_deref().unwrap_or_default().into()).ok_or_else(missing)
    }

    /// Upstream: `updateAPIServiceStatus`, `SetAPIServiceCondition`.
    fn note_availability(&mut self, cx: &mut Cx, key: &Key, holds: bool, (reason, message): &Finding) {
        let Some(object) = self.cache.get(&api_service::KIND, key) else { return };
        let old = condition(object).cloned().unwrap_or_default();
        let status = if holds { "True" } else { "False" };
        let since = if old["status"] == status { old["lastTransitionTime"].clone() } else { now(cx.now()) };
        let new = json!({"type": "Available", "status": status, "reason": reason, "message": message, "lastTransitionTime": since});
        if old == new {
            return;
        }
        let mut object = object.clone();
        if let Some(document) = object.document_mut() {
            document.set("status.conditions", json!([new]));
        }
        self.ask_itself(cx, Request::update_status(object));
    }
}

const SERVICE_NAME: &str = "kubernetes.io/service-name";

fn now(time: Time) -> serde_json::Value {
    encode(&meta::timestamp(time))
}

fn condition(object: &Object) -> Option<&serde_json::Value> {
    object.document()?.list("status.conditions").iter().find(|condition| condition["type"] == "Available")
}

fn is_available(object: &Object) -> bool {
    condition(object).is_some_and(|condition| condition["status"] == "True")
}

fn cluster_ip(service: &Service) -> &str {
    service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()).unwrap_or_default()
}

/// A server behind this one lives in a container of a node.
fn ask(cx: &mut Cx, node: &Rc<str>, id: u64, user: User, request: Rc<Request>) {
    let from = cx.me().clone();
    cx.send(Address::Runtime(node.clone()), Event::Message { from, message: Message::Request { id, user, request } });
}
