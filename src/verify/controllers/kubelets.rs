//! The kubelets as the recordings had them: pods become Running after `sim/start-ms`, end as their annotations say.

use super::names::Names;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::{self, named};
use crate::api::meta::timestamp;
use crate::api::request::{DeleteOptions, PatchType};
use crate::api::{Key, Object, Request};
use crate::cluster::Cx;
use crate::cluster::client::{Client, Notice, TIMER_PREFIX};
use crate::cluster::wire::{Event, Message, Timer, User};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateWaiting, ContainerStatus, PodCondition, PodIP,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const START: &str = "start";
const READY: &str = "ready";
pub(super) const EXIT: &str = "exit";
pub(super) const RESTART: &str = "restart";
const GONE: &str = "gone";
const LEASE: &str = "lease";

pub struct Ships {
    client: Client,
    nodes: Vec<Value>,
    down: BTreeSet<String>,
    begun: BTreeSet<String>,
    ips: u32,
    /// What the pods use, as the last step of that name said.
    pub(super) load: Option<Value>,
    /// Real names by placeholders, and what is counted for them.
    pub names: Names,
}

impl Ships {
    pub fn new(nodes: Vec<Value>) -> Self {
        Self {
            client: Client::new(User::new("system:node:all", &["system:masters"])),
            nodes,
            down: BTreeSet::new(),
            begun: BTreeSet::new(),
            ips: 10,
            load: None,
            names: Names::default(),
        }
    }

    pub fn start(&mut self, cx: &mut Cx) {
        for kind in kinds::KINDS
            .iter()
            .filter(|kind| kind.face.is_none() && kind.verbs.contains(&"watch") && kind.kind != "Event")
        {
            self.client.inform(cx, kind, "");
        }
        for (index, node) in self.nodes.clone().iter().enumerate() {
            self.join(cx, node, index);
        }
        // Renewed a second before time zero, as in most recordings.
        cx.after(Duration::from_secs(9), Event::Timer(Timer::new(LEASE)));
    }

    /// Another ship.
    pub fn add(&mut self, cx: &mut Cx, node: &Value) {
        self.nodes.push(node.clone());
        self.join(cx, node, self.nodes.len() - 1);
    }

    fn join(&mut self, cx: &mut Cx, node: &Value, index: usize) {
        let name = node["name"].as_str().expect("a name");
        let now = timestamp(cx.now()).0.to_string();
        let sizes = json!({
            "cpu": node["cpu"].as_str().unwrap_or("4"), "memory": node["memory"].as_str().unwrap_or("8Gi"),
            "pods": node["pods"].as_str().unwrap_or("110"),
        });
        let condition = |type_: &str, status: &str| {
            json!({"type": type_, "status": status, "reason": "x", "message": "x", "lastHeartbeatTime": now,
                   "lastTransitionTime": now})
        };
        let conditions = [
            condition("MemoryPressure", "False"),
            condition("DiskPressure", "False"),
            condition("PIDPressure", "False"),
            condition("Ready", "True"),
        ];
        let mut labels = node["labels"].as_object().cloned().unwrap_or_default();
        labels.insert("kubernetes.io/hostname".into(), name.into());
        let document = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
            "spec": {"taints": node["taints"]},
            "status": {"capacity": sizes, "allocatable": sizes, "conditions": conditions,
                       "addresses": [{"type": "InternalIP", "address": format!("10.0.0.{}", 11 + index)}]},
        });
        let object = (kinds::node::KIND.decode)(document).expect("a node");
        self.client.request(cx, Request::create(object));
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micro(cx.now())},
        });
        let lease = (kinds::lease::KIND.decode)(lease).expect("a lease");
        self.client.request(cx, Request::create(lease));
    }

    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        let notices = match event {
            Event::Message { message: Message::Scrape, .. } => Vec::new(),
            Event::Message { message, .. } => self.client.handle(cx, message),
            Event::Timer(timer) if timer.what.starts_with(TIMER_PREFIX) => self.client.timer(cx, &timer),
            Event::Timer(timer) => {
                self.timer(cx, &timer);
                Vec::new()
            }
        };
        let moved = !notices.is_empty();
        for notice in notices {
            if let Notice::Changed { old, new: Some(new), .. } = notice {
                if old.is_none() {
                    self.names.learn(&new);
                }
                if new.get::<Pod>().is_some() {
                    self.see(cx, &new);
                }
            }
        }
        if moved {
            self.report_load(cx);
        }
    }

    fn see(&mut self, cx: &mut Cx, object: &Object) {
        let Some(pod) = object.get::<Pod>() else { return };
        let Some(node) = pod.node().filter(|node| !self.down.contains(*node)) else { return };
        let key: std::rc::Rc<str> = object.key().to_string().into();
        let _ = node;
        if object.is_terminating() {
            let after = duration(object, "sim/term-ms", 1000);
            if let Some(after) = after.filter(|_| self.begun.insert(format!("end {}", object.uid()))) {
                cx.after(after, Event::Timer(Timer::keyed(GONE, key, 0)));
            }
        } else if pod.phase() == "Pending"
            && let Some(after) = duration(object, "sim/start-ms", 1000)
            && self.begun.insert(object.uid().to_owned())
        {
            // The real one wrote one status after the other.
            let after = after + Duration::from_millis(10 * (u64::from(self.ips) % 8));
            cx.after(after, Event::Timer(Timer::keyed(START, key, 0)));
        }
    }

    fn timer(&mut self, cx: &mut Cx, timer: &Timer) {
        if timer.what == LEASE {
            for node in self.nodes.iter().filter_map(|node| node["name"].as_str()) {
                if !self.down.contains(node) {
                    let patch = json!({"spec": {"renewTime": micro(cx.now())}});
                    let key = Key::new("kube-node-lease", node);
                    let request = Request::patch(&kinds::lease::KIND, &key, PatchType::Merge, patch);
                    self.client.request(cx, request);
                }
            }
            cx.after(Duration::from_secs(10), Event::Timer(Timer::new(LEASE)));
            return;
        }
        let (namespace, name) = timer.key.split_once('/').expect("a pod's key");
        let Some(object) = self.client.lookup(&kinds::pod::KIND, &Key::new(namespace, name)).cloned() else { return };
        if object.get::<Pod>().and_then(Pod::node).is_some_and(|node| self.down.contains(node)) {
            return;
        }
        match timer.what {
            START => self.run(cx, &object),
            READY => self.set_ready(cx, &object, true),
            EXIT => self.exit(cx, &object),
            RESTART => self.restart(cx, &object),
            _ => self.end(cx, &object),
        }
    }

    fn run(&mut self, cx: &mut Cx, object: &Object) {
        if object.is_terminating() {
            return;
        }
        let Some(pod) = object.get::<Pod>() else { return };
        let bad = pod.spec.containers.iter().any(|c| c.image.as_deref().is_some_and(|image| image.contains("bad")));
        let names: Vec<(String, String)> =
            pod.spec.containers.iter().map(|c| (c.name.clone(), c.image.clone().unwrap_or_default())).collect();
        let ready = duration(object, "sim/ready-ms", 0);
        let ready_now = !bad && ready == Some(Duration::ZERO);
        let ip = format!("10.244.0.{}", self.ips);
        self.ips += u32::from(!bad);
        self.patch(cx, object, |pod, now| {
            let status = &mut pod.status;
            status.observed_generation = pod.metadata.generation;
            status.phase = Some(if bad { "Pending" } else { "Running" }.to_owned());
            if !bad {
                status.pod_ip = Some(ip.clone());
                status.pod_ips = Some(vec![PodIP { ip }]);
                status.start_time = Some(timestamp(now));
            }
            status.container_statuses =
                Some(names.into_iter().map(|(name, image)| container(name, image, bad, now)).collect());
            set(pod, "Initialized", true, now);
            set(pod, "Ready", ready_now, now);
        });
        if let Some(after) = ready.filter(|after| !bad && !after.is_zero()) {
            cx.after(after, Event::Timer(Timer::keyed(READY, object.key().to_string(), 0)));
        }
        if !bad {
            self.expect_exit(cx, object);
        }
    }

    fn end(&mut self, cx: &mut Cx, object: &Object) {
        let code = annotation(object, "sim/term-code").and_then(|code| code.parse().ok()).unwrap_or(0);
        if object.get().is_some_and(|pod: &Pod| !pod.is_terminal()) {
            self.finish(cx, object, code);
        }
        let options =
            DeleteOptions { grace_period_seconds: Some(0), uid: Some(object.uid().into()), ..DeleteOptions::default() };
        self.client.request(cx, Request::delete(&kinds::pod::KIND, &object.key(), options));
    }

    pub fn set_ready(&mut self, cx: &mut Cx, object: &Object, ready: bool) {
        self.patch(cx, object, |pod, now| set(pod, "Ready", ready, now));
    }

    pub fn pod(&self, key: &Key) -> Option<Object> {
        self.client.lookup(&kinds::pod::KIND, key).cloned()
    }

    pub(super) fn cache(&self, kind: &'static crate::api::Kind) -> impl Iterator<Item = &Object> {
        self.client.cache(kind).iter()
    }

    pub fn lookup(&self, kind: &'static crate::api::Kind, key: &Key) -> Option<Object> {
        self.client.lookup(kind, key).cloned()
    }

    pub fn owned(&self, kind: &'static crate::api::Kind, uid: &str) -> Vec<Object> {
        self.client.cache(kind).owned_by(uid).cloned().collect()
    }

    pub(super) fn patch(&mut self, cx: &mut Cx, object: &Object, change: impl FnOnce(&mut Pod, Time)) {
        let mut object = object.clone();
        let now = cx.now();
        if let Some(pod) = object.get_mut::<Pod>() {
            change(pod, now);
        }
        self.client.request(cx, Request::patch_status(object));
    }

    pub fn node_down(&mut self, node: &str) {
        self.down.insert(node.to_owned());
    }

    pub fn node_up(&mut self, cx: &mut Cx, node: &str) {
        self.down.remove(node);
        let now = timestamp(cx.now()).0.to_string();
        let condition = |type_: &str, status: &str| {
            json!({"type": type_, "status": status, "reason": "x", "message": "x", "lastHeartbeatTime": now,
                   "lastTransitionTime": now})
        };
        let conditions = [
            condition("MemoryPressure", "False"),
            condition("DiskPressure", "False"),
            condition("PIDPressure", "False"),
            condition("Ready", "True"),
        ];
        let patch = json!({"spec": {"renewTime": micro(cx.now())}});
        let key = Key::new("kube-node-lease", node);
        self.client.request(cx, Request::patch(&kinds::lease::KIND, &key, PatchType::Merge, patch));
        let mut request = Request::patch(
            &kinds::node::KIND,
            &Key::new("", node),
            PatchType::Strategic,
            json!({"status": {"conditions": conditions}}),
        );
        request.target.subresource = "status";
        self.client.request(cx, request);
        let pods: Vec<Object> = self.client.cache(&kinds::pod::KIND).on_node(node).cloned().collect();
        for pod in pods {
            if pod.is_terminating() {
                self.see(cx, &pod);
            } else if pod.get::<Pod>().is_some_and(|pod| pod.phase() == "Running") {
                self.set_ready(cx, &pod, true);
            } else {
                self.see(cx, &pod);
            }
        }
    }
}

fn micro(now: Time) -> String {
    let MetaMicro(text) = MetaMicro::of(now);
    text
}

/// A timestamp with microseconds, as leases have it.
struct MetaMicro(String);

impl MetaMicro {
    fn of(now: Time) -> Self {
        let second = timestamp(now).0.to_string();
        let micros = now.as_micros().rem_euclid(1_000_000);
        Self(format!("{}.{micros:06}Z", second.trim_end_matches('Z')))
    }
}

pub(super) fn set(pod: &mut Pod, type_: &str, value: bool, now: Time) {
    let status = if value { "True" } else { "False" };
    let conditions = pod.status.conditions.get_or_insert_default();
    if conditions.iter().any(|condition| condition.type_ == type_ && condition.status == status) {
        return;
    }
    conditions.retain(|condition| condition.type_ != type_);
    conditions.push(PodCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: (!value).then(|| "ContainersNotReady".to_owned()),
        last_transition_time: Some(timestamp(now)),
        ..PodCondition::default()
    });
}

fn container(name: String, image: String, bad: bool, now: Time) -> ContainerStatus {
    let running = ContainerStateRunning { started_at: Some(timestamp(now)) };
    let waiting = ContainerStateWaiting { reason: Some("ImagePullBackOff".into()), message: None };
    let state = ContainerState {
        running: (!bad).then_some(running),
        waiting: bad.then_some(waiting),
        ..ContainerState::default()
    };
    ContainerStatus { name, image, ready: !bad, started: Some(!bad), state: Some(state), ..ContainerStatus::default() }
}

pub(super) fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.meta().annotations.as_ref()?.get(name).map(String::as_str)
}

/// A duration in an annotation; `never` and `stuck` give none.
fn duration(object: &Object, name: &str, default: u64) -> Option<Duration> {
    annotation(object, name).map_or(Some(default), |text| text.parse().ok()).map(Duration::from_millis)
}

/// Metadata for those who build objects by hand.
#[allow(dead_code, reason = "used by the scenarios")]
pub fn meta(name: &str) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
    named("demo", name)
}
