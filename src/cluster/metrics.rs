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

use super::Cx;
use super::client::{Client, TIMER_PREFIX};
use super::timing;
use super::wire::{Address, Amount, Event, Message, Reply, Timer, Usage, User};
use crate::api::kinds::node;
use crate::api::kinds::pod::{self, Pod};
use crate::api::meta::timestamp;
use crate::api::selector::{FieldSelector, Selector};
use crate::api::{Key, Object, Request, Status, Verb, metrics};
use crate::sim::{Duration, Sorted, Time};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;
use std::rc::Rc;

const TICK: &str = "metrics/tick";
static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

/// What one scrape has brought, by node.
type Batch = Sorted<Rc<str>, Rc<Usage>>;

/// The metrics server's process.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MetricsServer {
    client: Client,
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

impl MetricsServer {
    /// A server in a namespace, under the account that its manifest gives it.
    pub fn new(namespace: &str, trusting: bool, resolution: &str) -> Self {
        let account = format!("system:serviceaccount:{namespace}:metrics-server");
        let of_namespace = format!("system:serviceaccounts:{namespace}");
        let groups = ["system:serviceaccounts", &of_namespace, "system:authenticated"];
        let seconds = resolution.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
        Self {
            client: Client::new(User::new(&account, &groups)),
            trusting,
            resolution: seconds.map_or(timing::SCRAPE_DEFAULT, Duration::from_secs),
            ticking: false,
            asked: None,
            coming: Batch::new(),
            last: Batch::new(),
            before: Batch::new(),
        }
    }

    /// Whether a timer is its own.
    pub fn owns(timer: &Timer) -> bool {
        timer.what == TICK || timer.what.starts_with(TIMER_PREFIX)
    }

    /// Begins to follow nodes and pods; it scrapes when it knows them.
    pub fn start(&mut self, cx: &mut Cx) {
        self.client.inform(cx, &node::KIND, "");
        self.client.inform(cx, &pod::KIND, "");
    }

    /// Closes its watches.
    pub fn stop(&mut self, cx: &mut Cx) {
        self.client.forget(cx, &node::KIND);
        self.client.forget(cx, &pod::KIND);
    }

    /// Whether it has something to serve (upstream: `nodeStorage.Ready`).
    pub fn is_ready(&self) -> bool {
        !self.before.is_empty()
    }

    /// Takes a message: an answer, news, what a kubelet tells, or a request that the API server hands on.
    pub fn handle(&mut self, cx: &mut Cx, from: Address, message: Message) {
        match message {
            Message::Usage(usage) => {
                self.coming.insert(usage.node.clone(), usage);
                if self.asked == Some(self.coming.len()) {
                    self.store();
                }
            }
            Message::Request { id, request, .. } => answer(cx, from, id, self.serve(&request, cx.now())),
            message => {
                self.client.handle(cx, message);
                if !self.ticking && self.client.is_synced() {
                    self.ticking = true;
                    self.scrape(cx);
                }
            }
        }
    }

    /// Nobody listens at its port.
    pub fn refuse(cx: &mut Cx, from: Address, message: &Message) {
        if let Message::Request { id, .. } = message {
            answer(cx, from, *id, Err(Status::unavailable()));
        }
    }

    /// Takes one of its timers; gives what it prints.
    pub fn timer(&mut self, cx: &mut Cx, timer: &Timer) -> Vec<String> {
        if timer.what != TICK {
            self.client.timer(cx, timer);
            return Vec::new();
        }
        if self.asked.is_some() {
            self.store();
        }
        self.scrape(cx)
    }

    /// Asks every kubelet (upstream: `scraper.go`, `Scrape`).
    fn scrape(&mut self, cx: &mut Cx) -> Vec<String> {
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
        cx.because(cause);
        lines
    }

    /// Upstream: `storage/{node,pod}.go`, `Store`.
    fn store(&mut self) {
        self.asked = None;
        let last = std::mem::take(&mut self.last);
        self.last = std::mem::take(&mut self.coming);
        self.before = last.into_iter().filter(|(node, _)| self.last.contains_key(node)).collect();
    }

    fn serve(&self, request: &Request, now: Time) -> Result<Reply, Status> {
        let target = &request.target.object;
        let (kind, key) = (target.kind, &target.key);
        if kind.group != metrics::GROUP {
            return Err(Status::no_such_path());
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

fn answer(cx: &mut Cx, to: Address, id: u64, outcome: Result<Reply, Status>) {
    let from = cx.me().clone();
    cx.send(to, Event::Message { from, message: Message::Response { id, outcome: outcome.map_err(Rc::new) } });
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
