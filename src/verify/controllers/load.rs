//! The metrics API as the recorder served it: a load that is split among the ready pods, always of this moment. It stands
//! behind the API server as every such server does, by an `APIService`.

use super::kubelets::Ships;
use super::steps;
use super::world::World;
use crate::api::kinds::pod::{self, Pod};
use crate::api::selector::Selector;
use crate::api::{Object, Request, metrics};
use crate::cluster::Cx;
use crate::cluster::wire::{Address, Event, Message, Reply};
use crate::sim::Duration;
use serde_json::json;

/// Makes the recorder's server known.
pub fn register(world: &mut World) {
    let named = |name: &str| json!({"name": name, "namespace": "kube-system"});
    let mut slice = named("metrics");
    slice["labels"] = json!({"kubernetes.io/service-name": "metrics"});
    let documents = [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": named("metrics"), "spec": {"ports": [{"port": 443}]}}),
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": slice, "addressType": "IPv4",
            "ports": [{"name": "", "port": 443}],
            "endpoints": [{"addresses": ["10.0.0.9"], "nodeName": "recorder", "conditions": {"ready": true}}]}),
        json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": metrics::API_SERVICE},
            "spec": {"group": metrics::GROUP, "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
                "insecureSkipTLSVerify": true, "service": {"name": "metrics", "namespace": "kube-system"}}}),
    ];
    for document in documents {
        world.send(steps::create(&document).expect("a kind of the engine"));
    }
}

impl Ships {
    /// Answers what the API server hands on.
    pub(super) fn tell_load(&self, cx: &mut Cx, id: u64, request: &Request) {
        let items = self.samples(cx, request).into();
        let reply = Reply::List { items, revision: 0, continue_token: "".into(), remaining: None };
        let from = cx.me().clone();
        cx.send(Address::ApiServer, Event::Message { from, message: Message::Response { id, outcome: Ok(reply) } });
    }

    fn samples(&self, cx: &Cx, request: &Request) -> Vec<Object> {
        let Some(load) = &self.load else { return Vec::new() };
        let selector = Selector::parse(&request.options.label_selector).expect("the scale's selector");
        let namespace = &*request.target.object.key.namespace;
        let ready = |object: &&Object| {
            object.get().is_some_and(|pod: &Pod| pod.is_ready())
                && !object.is_terminating()
                && object.namespace() == namespace
                && object.meta().labels.as_ref().is_some_and(|labels| selector.matches(labels))
        };
        let pods: Vec<&Object> = self.cache(&pod::KIND).filter(ready).collect();
        let number = i64::try_from(pods.len()).unwrap_or(1).max(1);
        let cpu = load["each"].as_i64().or(load["total"].as_i64().map(|total| total / number));
        let Some(cpu) = cpu else { return Vec::new() };
        let memory = load["mem"].as_i64().unwrap_or(0) << 20;
        let sample = |object: &&Object| {
            let containers = object.get::<Pod>().into_iter().flat_map(|pod| &pod.spec.containers);
            let amounts = |place: usize| if place == 0 { (cpu, memory) } else { (0, 0) };
            let amounts = containers.enumerate().map(|(place, one)| (one.name.as_str(), amounts(place)));
            metrics::of_pod(object.meta().clone(), (cx.now(), Duration::from_secs(10)), amounts)
        };
        pods.iter().map(sample).collect()
    }
}
