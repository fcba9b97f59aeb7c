//! The metrics server: what pods and nodes use, as `metrics.k8s.io/v1beta1` behind the API server.
//!
//! An add-on, as on a cluster that kubeadm made: it exists when somebody applies its manifest, and only then do
//! autoscalers and `kubectl top` learn something. Every fifteen seconds it asks each node's kubelet and keeps the last
//! two answers; what it serves is of both, so it is ready after the second, and a container counts from its second on.
//!
//! ```text
//!   kubelet ◀─ /metrics/resource ── metrics server ◀─ (aggregation) ── API server ◀─ kubectl top, autoscalers
//! ```
//!
//! Upstream: `kubernetes-sigs/metrics-server`, `pkg/{server,scraper,storage,api}`. Kubelets' certificates are signed by
//! themselves, as kubeadm leaves them: without `--kubelet-insecure-tls` every scrape fails. Left out: usage between two
//! scrapes (a sample stands for the time since the one before), `--node-selector`, failures to connect in its log.
//!
//! An adapter of Prometheus (`kubernetes-sigs/prometheus-adapter`, `pkg/{custom,external}-provider`) is the other program
//! of this kind. Prometheus itself is not simulated: the adapter scrapes the kubelets in its place, once in its interval,
//! and knows the two series of containers that are true here, by the rules that its chart has for them.

use super::Cx;
use super::client::Client;
use super::timing;
use super::wire::{Address, Amount, Event, Message, Program, Reply, Timer, Told, Usage};
use crate::api::json;
use crate::api::kinds::node;
use crate::api::kinds::pod::{self, Pod};
use crate::api::meta::timestamp;
use crate::api::quantity::{Format, Quantity};
use crate::api::selector::{FieldSelector, Selector};
use crate::api::{Key, Kind, Object, Request, Status, Verb, metrics};
use crate::sim::{Duration, Sorted, Time};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

const TICK: &str = "metrics/tick";
static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

/// What one scrape has brought, by node.
type Batch = Sorted<Rc<str>, Rc<Usage>>;

/// The process of a server of metrics.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MetricsServer {
    client: Client,
    /// Its container's id.
    container: Rc<str>,
    /// Whether it is an adapter: of other metrics than `metrics.k8s.io`.
    adapts: bool,
    /// `--kubelet-insecure-tls`.
    trusting: bool,
    resolution: Duration,
    ticking: bool,
    /// How many nodes the scrape under way has asked, if one is.
    asked: Option<usize>,
    /// What it has brought so far.
    coming: Batch,
    last: Batch,
    /// Of the nodes in `last`, what came before.
    before: Batch,
}

/// The server that a program is, if it is one.
pub fn server(program: &Program) -> Option<MetricsServer> {
    let adapts = match &*program.name {
        "metrics-server" => false,
        "prometheus-adapter" => true,
        _ => return None,
    };
    let word = |name: &str| program.words.iter().find_map(|word| word.strip_prefix("--")?.strip_prefix(name));
    let resolution = word("metric-resolution=").and_then(|text| text.strip_suffix('s')?.parse().ok());
    let default = if adapts { timing::PROMETHEUS_SCRAPE } else { timing::SCRAPE_DEFAULT };
    Some(MetricsServer {
        client: Client::new(program.user.clone()),
        container: program.id.clone(),
        adapts,
        trusting: adapts || word("kubelet-insecure-tls").is_some_and(|value| value != "=false"),
        resolution: resolution.map_or(default, Duration::from_secs),
        ticking: false,
        asked: None,
        coming: Batch::new(),
        last: Batch::new(),
        before: Batch::new(),
    })
}

impl MetricsServer {
    /// As it is after a crash of its process.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let (client, none) = (self.client.restarted(), Batch::new);
        Self { client, ticking: false, asked: None, coming: none(), last: none(), before: none(), ..self.clone() }
    }

    /// Begins to follow nodes and pods; it scrapes when it knows them.
    pub fn start(&mut self, cx: &mut Cx) {
        self.client.inform(cx, &node::KIND, "");
        self.client.inform(cx, &pod::KIND, "");
    }

    /// Closes its watches.
    pub fn close(&mut self, cx: &mut Cx) {
        self.client.forget(cx, &node::KIND);
        self.client.forget(cx, &pod::KIND);
    }

    /// Takes an answer, news, what a kubelet tells, a request that the API server hands on, or one of its timers.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        match event {
            Event::Message { message: Message::Usage(usage), .. } => {
                self.coming.insert(usage.node.clone(), usage);
                if self.asked == Some(self.coming.len()) {
                    self.store(cx);
                }
            }
            Event::Message { from, message: Message::Request { id, request, .. } } => {
                let (me, outcome) = (cx.me().clone(), self.serve(&request, cx.now()).map_err(Rc::new));
                cx.send(from, Event::Message { from: me, message: Message::Response { id, outcome } });
            }
            Event::Message { message, .. } => {
                self.client.handle(cx, message);
                if !self.ticking && self.client.is_synced() {
                    self.ticking = true;
                    self.scrape(cx);
                }
            }
            Event::Timer(timer) if timer.what == TICK => {
                if self.asked.is_some() {
                    self.store(cx);
                }
                self.scrape(cx);
            }
            Event::Timer(timer) => {
                self.client.timer(cx, &timer);
            }
        }
    }

    /// Whether it has something to serve (upstream: `nodeStorage.Ready`).
    fn is_ready(&self) -> bool {
        !self.before.is_empty()
    }

    /// Lets its container's runtime know how it is.
    fn tell(&self, cx: &mut Cx, lines: Vec<String>) {
        let (from, Some(node)) = (cx.me().clone(), cx.me().node().cloned()) else { return };
        let lines = lines.into_iter().map(Rc::from).collect();
        let told = Told { container: self.container.clone(), lines, ready: self.is_ready() };
        let message = Message::Told(Rc::new(told));
        cx.hand(Address::Runtime(node), Duration::ZERO, Event::Message { from, message });
    }

    /// Asks every kubelet (upstream: `scraper.go`, `Scrape`).
    fn scrape(&mut self, cx: &mut Cx) {
        let cause = cx.cause();
        cx.because(None);
        cx.after(self.resolution, Event::Timer(Timer::new(TICK)));
        let nodes = self.client.cache(&node::KIND);
        self.asked = Some(nodes.len());
        let mut lines = Vec::new();
        for node in nodes {
            if self.trusting {
                let from = cx.me().clone();
                cx.send(Address::Kubelet(node.name().into()), Event::Message { from, message: Message::Scrape });
            } else {
                lines.push(untrusted(node, cx.now()));
            }
        }
        if !lines.is_empty() {
            self.tell(cx, lines);
        }
        cx.because(cause);
    }

    /// Upstream: `storage/{node,pod}.go`, `Store`.
    fn store(&mut self, cx: &mut Cx) {
        let ready = self.is_ready();
        self.asked = None;
        let last = std::mem::take(&mut self.last);
        self.last = std::mem::take(&mut self.coming);
        self.before = last.into_iter().filter(|(node, _)| self.last.contains_key(node)).collect();
        if self.is_ready() != ready {
            self.tell(cx, Vec::new());
        }
    }

    fn serve(&self, request: &Request, now: Time) -> Result<Reply, Status> {
        let target = &request.target.object;
        let (kind, key) = (target.kind, &target.key);
        if self.adapts {
            let labels = Selector::parse(&request.options.label_selector).map_err(Status::bad_request)?;
            let object = metrics::values(kind, self.values(kind, key, &labels, now)?);
            return Ok(Reply::Object { object, created: false, warnings: Rc::from([]) });
        }
        let of = if *kind == metrics::NODE { &node::KIND } else { &pod::KIND };
        match request.verb {
            Verb::Get => {
                let object = self.client.lookup(of, key).ok_or_else(|| Status::not_found(of, &key.name))?;
                let shown = if key.namespace.is_empty() { key.name.to_string() } else { key.to_string() };
                let object = self.of(object, now).ok_or_else(|| Status::not_found(kind, &shown))?;
                Ok(Reply::Object { object, created: false, warnings: Rc::from([]) })
            }
            Verb::List => {
                let labels = Selector::parse(&request.options.label_selector).map_err(Status::bad_request)?;
                let fields = FieldSelector::parse(&request.options.field_selector).map_err(Status::bad_request)?;
                let selected = |object: &&Object| {
                    let own = object.meta().labels.as_ref();
                    (key.namespace.is_empty() || *object.namespace() == *key.namespace)
                        && labels.matches(own.unwrap_or(&NO_LABELS))
                        && fields.matches(|field| field_of(object, field))
                };
                let objects = self.client.cache(of).iter().filter(selected);
                let items: Vec<Object> = objects.filter_map(|object| self.of(object, now)).collect();
                Ok(Reply::List { items: items.into(), revision: 0, continue_token: "".into(), remaining: None })
            }
            _ => Err(Status::method_not_allowed()),
        }
    }

    /// What is known of a node or a pod.
    fn of<'a>(&'a self, object: &Object, now: Time) -> Option<Object> {
        let metadata = ObjectMeta {
            name: Some(object.name().to_owned()),
            namespace: object.meta().namespace.clone(),
            labels: object.meta().labels.clone(),
            creation_timestamp: Some(timestamp(now)),
            ..ObjectMeta::default()
        };
        if object.kind() == &node::KIND {
            let (last, before) = (self.last.get(object.name())?, self.before.get(object.name())?);
            return Some(metrics::of_node(metadata, (last.at, last.at.since(before.at)), last.whole));
        }
        let node = object.get::<Pod>().and_then(Pod::node)?;
        let of = |batch: &'a Batch| batch.get(node).and_then(|usage| amounts(usage, &object.key()));
        let (last, before) = (of(&self.last)?, of(&self.before));
        let windows: Option<Vec<Duration>> = last.1.iter().map(|amount| self.window(last.0, amount, before)).collect();
        let window = windows?.into_iter().next()?;
        let containers = last.1.iter().map(|a| (&*a.container, (a.cpu_milli, a.memory_bytes)));
        Some(metrics::of_pod(metadata, (last.0, window), containers))
    }

    /// What an adapter knows of a metric. Who only wants to know whether somebody is there names none.
    fn values(&self, kind: &Kind, key: &Key, labels: &Selector, now: Time) -> Result<Vec<Value>, Status> {
        let at = json::encode(&timestamp(now));
        match metrics::asked(kind, &key.name) {
            (_, "", ..) => Ok(Vec::new()),
            (_, metric, ..) if *kind == metrics::EXTERNAL => self.outer(&key.namespace, metric, labels, &at),
            (_, "metrics", metric, _) => self.of_namespace(&key.namespace, metric, &at),
            (_, "namespaces", namespace, metric) => self.of_namespace(namespace, metric, &at),
            (_, "pods", name, metric) => self.of_pods((&key.namespace, name, metric), labels, &at),
            (_, resource, name, metric) => Err(unknown(metric, resource, name)),
        }
    }

    /// Upstream: `external-provider/provider.go`, `GetExternalMetric`: the series of a namespace, by pod.
    fn outer(&self, namespace: &str, metric: &str, labels: &Selector, at: &Value) -> Result<Vec<Value>, Status> {
        let all = self.measured(namespace, metric).ok_or_else(|| unknown(metric, "namespaces", ""))?;
        let of = |(pod, value): (&Object, Quantity)| {
            let own = [("namespace", pod.namespace()), ("pod", pod.name())];
            let own: BTreeMap<String, String> =
                own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            labels.matches(&own).then(
                || json!({"metricName": metric, "metricLabels": own, "timestamp": at, "value": value.to_string()}),
            )
        };
        Ok(all.into_iter().filter_map(of).collect())
    }

    /// Upstream: `custom-provider/provider.go`, `GetMetricByName`.
    fn of_namespace(&self, namespace: &str, metric: &str, at: &Value) -> Result<Vec<Value>, Status> {
        let known = self.measured(namespace, metric).ok_or_else(|| unknown(metric, "namespaces", namespace))?;
        let mut sum = Quantity::from_milli(0);
        for (_, amount) in &known {
            sum.add(amount);
        }
        let object = json!({"kind": "Namespace", "name": namespace, "apiVersion": "/v1"});
        Ok(vec![value(&object, metric, &sum, at)])
    }

    /// Upstream: `custom-provider/provider.go`, `GetMetricBySelector`; with a name `GetMetricByName`.
    fn of_pods(
        &self,
        (namespace, name, metric): (&str, &str, &str),
        labels: &Selector,
        at: &Value,
    ) -> Result<Vec<Value>, Status> {
        let missing = || unknown(metric, "pods", if name == "*" { "" } else { name });
        let known = self.measured(namespace, metric).ok_or_else(missing)?;
        let wanted = |pod: &Object| match name {
            "*" => labels.matches(pod.meta().labels.as_ref().unwrap_or(&NO_LABELS)),
            name => pod.name() == name,
        };
        let told = known.iter().filter(|(pod, _)| wanted(pod)).map(|(pod, amount)| {
            let object = json!({"kind": "Pod", "namespace": namespace, "name": pod.name(), "apiVersion": "/v1"});
            value(&object, metric, amount, at)
        });
        let told: Vec<Value> = told.collect();
        if told.is_empty() && name != "*" { Err(missing()) } else { Ok(told) }
    }

    /// What each pod of a namespace is measured by; `None`: there is no such series.
    fn measured(&self, namespace: &str, metric: &str) -> Option<Vec<(&Object, Quantity)>> {
        let of: fn(&Amount) -> Quantity = match metric {
            "cpu_usage" => |amount| Quantity::from_milli(amount.cpu_milli),
            "memory_working_set_bytes" => |amount| Quantity::from_units(amount.memory_bytes, Format::DecimalSi),
            _ => return None,
        };
        let pods = self.client.cache(&pod::KIND).iter().filter(|pod| pod.namespace() == namespace);
        let sum = |pod: &Object| {
            let node = pod.get::<Pod>().and_then(Pod::node)?;
            let (_, amounts) = amounts(self.last.get(node)?, &pod.key())?;
            amounts.iter().map(of).reduce(|mut sum, next| {
                sum.add(&next);
                sum
            })
        };
        Some(pods.filter_map(|pod| Some((pod, sum(pod)?))).collect())
    }

    /// Over which time a container's sample is known, if it is (upstream: `storage/pod.go`, `Store`): since the sample
    /// before it, or if it is young, but not too young, since its start.
    fn window(&self, at: Time, amount: &Amount, before: Option<(Time, &[Amount])>) -> Option<Duration> {
        let age = at.since(amount.since);
        if age >= timing::SCRAPE_FRESH && age < self.resolution {
            return Some(age);
        }
        let (then, others) = before?;
        let same = others.iter().any(|other| other.container == amount.container) && amount.since < then;
        same.then(|| at.since(then))
    }
}

fn amounts<'a>(usage: &'a Usage, pod: &Key) -> Option<(Time, &'a [Amount])> {
    usage.pods.iter().find(|(key, _)| key == pod).map(|(_, amounts)| (usage.at, &**amounts))
}

fn field_of<'a>(object: &'a Object, field: &str) -> Option<&'a str> {
    match field {
        "metadata.name" => Some(object.name()),
        "metadata.namespace" => Some(object.namespace()),
        _ => None,
    }
}

/// Upstream: `custom-metrics-apiserver/pkg/provider/errors.go`.
fn unknown(metric: &str, resource: &str, name: &str) -> Status {
    let of = format!("{resource} {name}");
    Status::missing(format!("the server could not find the metric {metric} for {}", of.trim_end()))
}

fn value(object: &Value, metric: &str, amount: &Quantity, at: &Value) -> Value {
    json!({"describedObject": object, "metric": {"name": metric, "selector": null}, "timestamp": at,
        "value": amount.to_string()})
}

/// What it prints of a kubelet whose certificate it cannot check.
fn untrusted(node: &Object, now: Time) -> String {
    let addresses = node.get::<Node>().and_then(|node| node.status.as_ref()?.addresses.as_ref());
    let ip = addresses.into_iter().flatten().find(|address| address.type_ == "InternalIP");
    let ip = ip.map_or("", |address| &*address.address);
    let text = timestamp(now).0.to_string();
    let (month, day, time) = (&text[5..7], &text[8..10], &text[11..19]);
    format!(
        "E{month}{day} {time}.000000       1 scraper.go:149] \"Failed to scrape node\" err=\"Get \
         \\\"https://{ip}:10250/metrics/resource\\\": tls: failed to verify certificate: x509: cannot validate certificate \
         for {ip} because it doesn't contain any IP SANs\" node=\"{}\"",
        node.name()
    )
}
