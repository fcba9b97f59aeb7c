//! The cluster of the recordings: three nodes whose kubelets are not real, and nothing in `kube-system`.
//!
//! `kubectl`'s recorded sessions (`FORMAT.md` beside them) ran against a real control plane with a small program in place
//! of the kubelets: a pod that is bound runs a moment later, a Job's pod has done its work after a second, an image whose
//! name has `bad` in it is never found, and a pod that is deleted is gone after 0.3 seconds. This is that program; the
//! control plane is our own.

use super::cluster::Cluster;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::{self};
use crate::api::meta::{controller_of, timestamp};
use crate::api::object::Object;
use crate::api::request::{DeleteOptions, PatchType};
use crate::api::{Body, Key, Kind, Options, Request, Target, Verb};
use crate::cluster::apiserver::ApiServer;
use crate::cluster::client::runner::Runner;
use crate::cluster::client::{Client, Notice, TIMER_PREFIX};
use crate::cluster::controllers::{CONTROLLERS, ControllerManager};
use crate::cluster::etcd::Etcd;
use crate::cluster::fact::Fact;
use crate::cluster::logs::Lines;
use crate::cluster::outside::{self, Said};
use crate::cluster::scheduler::Scheduler;
use crate::cluster::wire::{Address, Event, Message, Timer, User};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Kernel, Time, Trace};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;

/// As which manager of fields the recorded program wrote.
const MANAGER: &str = "fakelet";
const RUN: &str = "run";
const COMPLETE: &str = "complete";
const GONE: &str = "gone";
const LEASE: &str = "lease";
/// Where the recorded server listened.
const SERVER: (&str, i64) = ("10.0.0.1", 17443);
/// Nodes and their zones.
const NODES: &[(&str, &str)] = &[("node-1", "zone-b"), ("node-2", "zone-c"), ("node-3", "zone-a")];

/// The control plane and the ships.
pub struct Oracle {
    kernel: Kernel<Address, Event>,
    trace: Trace<Fact>,
    api: ApiServer,
    etcd: Etcd,
    manager: Runner,
    scheduler: Scheduler,
    ships: Ships,
}

impl Oracle {
    /// The settled cluster at time zero.
    pub fn boot(seed: u64) -> Self {
        let mut world = Self {
            kernel: Kernel::new(seed, Time::from_secs(-30), timing::LINK),
            trace: Trace::default(),
            api: ApiServer::new(),
            etcd: Etcd::new(),
            manager: ControllerManager::new(CONTROLLERS),
            scheduler: Scheduler::new(),
            ships: Ships::new(),
        };
        world.etcd.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::Etcd(0), None));
        world.api.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::ApiServer, None));
        world.run_to(Time::from_secs(-25));
        world.manager.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::ControllerManager, None));
        world.scheduler.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::Scheduler, None));
        world.ships.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::Kubelet("all".into()), None));
        world.run_to(Time::ZERO);
        world
    }

    fn run_to(&mut self, until: Time) {
        while self.kernel.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.kernel.advance(until);
    }
}

impl Cluster for Oracle {
    fn now(&self) -> Time {
        self.kernel.now()
    }

    fn next_at(&self) -> Option<Time> {
        self.kernel.next_at()
    }

    fn step(&mut self) -> Said {
        let Some(next) = self.kernel.pop() else { return Said::Inside };
        let caller = outside::caller(&next.to, &next.event);
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, next.to.clone(), next.cause);
        match next.to {
            Address::ApiServer => self.api.handle(&mut cx, next.event),
            Address::Etcd(_) => self.etcd.handle(&mut cx, next.event),
            Address::ControllerManager => self.manager.handle(&mut cx, next.event),
            Address::Scheduler => self.scheduler.handle(&mut cx, next.event),
            Address::Kubelet(_) => self.ships.handle(&mut cx, next.event),
            _ => {
                if let (Some(id), Event::Message { message, .. }) = (caller, next.event) {
                    return Said::Outside(id, message);
                }
            }
        }
        Said::Inside
    }

    fn advance(&mut self, to: Time) {
        self.kernel.advance(to);
        if self.trace.head() > 200_000 {
            self.trace = Trace::default();
        }
    }

    fn custom_kinds(&self) -> Vec<&'static Kind> {
        self.api.custom_kinds().collect()
    }

    fn logs(&self, _: &Key, _: &str, _: bool) -> Result<Lines, String> {
        // Its kubelets run nothing.
        Ok(Lines::new())
    }

    fn with_server(&mut self, look: &mut dyn FnMut(&mut ApiServer, Time)) {
        look(&mut self.api, self.kernel.now());
    }

    fn send(&mut self, message: Message) {
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, Address::User, None);
        cx.send(Address::ApiServer, Event::Message { from: Address::User, message });
    }
}

/// One process that plays all kubelets.
struct Ships {
    client: Client,
    begun: BTreeSet<String>,
    addresses: u32,
}

impl Ships {
    fn new() -> Self {
        let user = User::new("kubernetes-admin", &["system:masters", "system:authenticated"]);
        Self { client: Client::new(user), begun: BTreeSet::new(), addresses: 3 }
    }

    fn start(&mut self, cx: &mut Cx) {
        self.client.inform(cx, &kinds::pod::KIND, "");
        for (index, (name, zone)) in NODES.iter().enumerate() {
            self.create(cx, &node(name, zone, index, cx.now()), "");
            self.create(cx, &lease(name, cx.now()), "kube-node-lease");
        }
        self.correct_the_address(cx);
        self.create(cx, &ready_event(cx.now()), "default");
        cx.after(Duration::from_secs(10), Event::Timer(Timer::new(LEASE)));
    }

    /// The server publishes the address at which the recorded one listened.
    fn correct_the_address(&mut self, cx: &mut Cx) {
        let key = Key::new("default", "kubernetes");
        let port = |name: &str| json!({"name": name, "port": SERVER.1, "protocol": "TCP"});
        let service =
            json!({"spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": SERVER.1}]}});
        let endpoints = json!({"subsets": [{"addresses": [{"ip": SERVER.0}], "ports": [port("https")]}]});
        let slice =
            json!({"endpoints": [{"addresses": [SERVER.0], "conditions": {"ready": true}}], "ports": [port("https")]});
        for (kind, patch) in [
            (&kinds::service::KIND, service),
            (&kinds::endpoints::KIND, endpoints),
            (&kinds::endpoint_slice::KIND, slice),
        ] {
            self.client.request(cx, Request::patch(kind, &key, PatchType::Merge, patch));
        }
    }

    fn create(&mut self, cx: &mut Cx, document: &Value, namespace: &str) {
        let text = |name: &str| document[name].as_str().unwrap_or_default();
        let Some(kind) = crate::api::Kind::find(text("apiVersion"), text("kind")) else { return };
        let target = Target::new(kind, namespace, document["metadata"]["name"].as_str().unwrap_or_default());
        let body = Body::Document(Rc::new(document.clone()));
        let options = Options { field_manager: MANAGER.into(), ..Options::default() };
        self.client.request(cx, Request { verb: Verb::Create, target, options, body });
    }

    fn handle(&mut self, cx: &mut Cx, event: Event) {
        let notices = match event {
            Event::Message { message, .. } => self.client.handle(cx, message),
            Event::Timer(timer) if timer.what.starts_with(TIMER_PREFIX) => self.client.timer(cx, &timer),
            Event::Timer(timer) => {
                self.timer(cx, &timer);
                Vec::new()
            }
        };
        for notice in notices {
            if let Notice::Changed { new: Some(new), .. } = notice {
                self.see(cx, &new);
            }
        }
    }

    fn see(&mut self, cx: &mut Cx, object: &Object) {
        let Some(pod) = object.get::<Pod>().filter(|pod| pod.node().is_some()) else { return };
        let key: Rc<str> = object.key().to_string().into();
        if object.is_terminating() {
            if self.begun.insert(format!("end {}", object.uid())) {
                cx.after(Duration::from_millis(300), Event::Timer(Timer::keyed(GONE, key, 0)));
            }
        } else if pod.phase() == "Pending" && self.begun.insert(object.uid().to_owned()) {
            cx.after(Duration::from_millis(100), Event::Timer(Timer::keyed(RUN, key, 0)));
        }
    }

    fn timer(&mut self, cx: &mut Cx, timer: &Timer) {
        if timer.what == LEASE {
            for (name, _) in NODES {
                let patch = json!({"spec": {"renewTime": micro_time(cx.now())}});
                let key = Key::new("kube-node-lease", name);
                self.client.request(cx, Request::patch(&kinds::lease::KIND, &key, PatchType::Merge, patch));
            }
            cx.after(Duration::from_secs(10), Event::Timer(Timer::new(LEASE)));
            return;
        }
        let (namespace, name) = timer.key.split_once('/').unwrap_or_default();
        let Some(object) = self.client.lookup(&kinds::pod::KIND, &Key::new(namespace, name)).cloned() else { return };
        match timer.what {
            RUN if !object.is_terminating() => self.run(cx, &object),
            COMPLETE if !object.is_terminating() => self.patch(cx, &object, &completed(&object, cx.now())),
            GONE => {
                let uid = Some(object.uid().into());
                let options = DeleteOptions { grace_period_seconds: Some(0), uid, ..DeleteOptions::default() };
                self.client.request(cx, Request::delete(&kinds::pod::KIND, &object.key(), options));
            }
            _ => {}
        }
    }

    fn run(&mut self, cx: &mut Cx, object: &Object) {
        let address = format!("10.244.{}.{}", self.addresses / 250, self.addresses % 250);
        self.addresses += 1;
        self.patch(cx, object, &running(object, &address, cx.now()));
        if controller_of(object.meta()).is_some_and(|owner| owner.kind == "Job") {
            let key = object.key().to_string();
            cx.after(Duration::from_secs(1), Event::Timer(Timer::keyed(COMPLETE, key, 0)));
        }
    }

    fn patch(&mut self, cx: &mut Cx, object: &Object, status: &Value) {
        let patch = json!({"status": status});
        let mut request = Request::patch(object.kind(), &object.key(), PatchType::Strategic, patch);
        request.target.subresource = "status";
        request.options.field_manager = MANAGER.into();
        self.client.request(cx, request);
    }
}

fn time(now: Time) -> String {
    timestamp(now).0.to_string()
}

fn micro_time(now: Time) -> String {
    format!("{}.{:06}Z", time(now).trim_end_matches('Z'), now.as_micros().rem_euclid(1_000_000))
}

fn condition(kind: &str, status: bool, now: Time) -> Value {
    let word = if status { "True" } else { "False" };
    json!({"type": kind, "status": word, "lastProbeTime": null, "lastTransitionTime": time(now)})
}

/// The status of a pod that has been started.
fn running(object: &Object, address: &str, now: Time) -> Value {
    let value = object.to_value();
    let containers = value["spec"]["containers"].as_array().cloned().unwrap_or_default();
    let is_bad = |container: &Value| container["image"].as_str().is_some_and(|image| image.contains("bad"));
    let bad = containers.iter().any(is_bad);
    let status = |container: &Value| {
        let (name, image) = (container["name"].as_str().unwrap_or_default(), &container["image"]);
        let common = json!({"name": name, "image": image, "restartCount": 0, "lastState": {}});
        let own = if is_bad(container) {
            json!({"ready": false, "started": false, "imageID": "",
                   "state": {"waiting": {"reason": "ImagePullBackOff"}}})
        } else {
            json!({"ready": true, "started": true, "imageID": "sha256:fake",
                   "containerID": format!("fake://{}/{name}", object.uid()),
                   "state": {"running": {"startedAt": time(now)}}})
        };
        merged(common, own)
    };
    let init = |container: &Value| {
        json!({"name": container["name"], "image": container["image"], "imageID": "sha256:fake", "lastState": {},
               "ready": true, "restartCount": 0, "started": false, "state": {"terminated": {
                   "exitCode": 0, "reason": "Completed", "startedAt": time(now), "finishedAt": time(now)}}})
    };
    let inits: Vec<Value> = value["spec"]["initContainers"].as_array().into_iter().flatten().map(init).collect();
    let mut result = json!({
        "phase": if bad { "Pending" } else { "Running" }, "observedGeneration": object.meta().generation,
        "hostIP": SERVER.0, "hostIPs": [{"ip": SERVER.0}], "podIP": address, "podIPs": [{"ip": address}],
        "startTime": time(now), "containerStatuses": containers.iter().map(status).collect::<Vec<_>>(),
        "conditions": [
            condition("PodReadyToStartContainers", true, now), condition("Initialized", true, now),
            condition("Ready", !bad, now), condition("ContainersReady", !bad, now),
        ],
    });
    if !inits.is_empty() {
        result["initContainerStatuses"] = inits.into();
    }
    result
}

/// The status of a pod that has done its work.
fn completed(object: &Object, now: Time) -> Value {
    let value = object.to_value();
    let mut containers = value["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
    for container in &mut containers {
        let begun = container["state"]["running"]["startedAt"].take();
        container["ready"] = false.into();
        container["started"] = false.into();
        container["state"] = json!({"terminated": {
            "exitCode": 0, "reason": "Completed", "startedAt": begun, "finishedAt": time(now)}});
    }
    json!({"phase": "Succeeded", "containerStatuses": containers,
           "conditions": [condition("Ready", false, now), condition("ContainersReady", false, now)]})
}

fn merged(mut value: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), more) {
        fields.extend(more);
    }
    value
}

fn node(name: &str, zone: &str, index: usize, now: Time) -> Value {
    let sizes = json!({"cpu": "4", "ephemeral-storage": "100Gi", "memory": "8Gi", "pods": "110"});
    let condition = |kind: &str, status: bool, reason: &str, message: &str| {
        json!({"type": kind, "status": if status { "True" } else { "False" }, "reason": reason, "message": message,
               "lastHeartbeatTime": time(now), "lastTransitionTime": time(now)})
    };
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "annotations": {"node.alpha.kubernetes.io/ttl": "0"}, "labels": {
            "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "topology.kubernetes.io/zone": zone,
        }},
        "status": {
            "capacity": sizes, "allocatable": sizes,
            "addresses": [{"type": "InternalIP", "address": format!("10.0.0.{}", index + 2)},
                          {"type": "Hostname", "address": name}],
            "conditions": [
                condition("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", true, "KubeletReady", "kubelet is posting ready status"),
            ],
            "nodeInfo": {
                "machineID": format!("m{name}"), "systemUUID": format!("s{name}"), "bootID": format!("b{name}"),
                "kernelVersion": "6.1.0-32-amd64", "osImage": "Debian GNU/Linux 12 (bookworm)",
                "operatingSystem": "linux", "architecture": "amd64", "containerRuntimeVersion": "containerd://2.0.5",
                "kubeletVersion": "v1.36.2", "kubeProxyVersion": "",
            },
        },
    })
}

/// What the recorded server said of itself when it was ready.
fn ready_event(now: Time) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "openshift-kube-apiserver.18a6", "namespace": "default"},
           "involvedObject": {"apiVersion": "v1", "kind": "Namespace", "name": "openshift-kube-apiserver"},
           "type": "Warning", "reason": "KubeAPIReadyz", "message": "readyz=true", "count": 1,
           "firstTimestamp": time(now), "lastTimestamp": time(now), "source": {"component": "apiserver"}})
}

fn lease(name: &str, now: Time) -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
           "metadata": {"name": name, "namespace": "kube-node-lease"},
           "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micro_time(now)}})
}
