//! When a node runs short of memory or disk: images that nothing uses go, then pods, one at a time.
//!
//! Upstream: `pkg/kubelet/eviction` (`eviction_manager.go`, `helpers.go`) and `pkg/kubelet/images/image_gc_manager.go`. The
//! thresholds are the hard ones that every kubelet has: `memory.available<100Mi`, `nodefs.available<10%`,
//! `imagefs.available<15%` (one disk is both). They are looked at with the node's status, every ten seconds. Left out: soft
//! thresholds, inodes, process ids, limits of `ephemeral-storage`.

use super::report::warning;
use super::worker::{Stage, Worker, container};
use super::{Asked, Kubelet, usage};
use crate::api::quantity::{Format, Quantity};
use crate::cluster::fact::Fact;
use crate::cluster::runtime::images::full_reference;
use crate::cluster::wire::CriCall;
use crate::cluster::{Cx, timing};
use crate::sim::hash::stable_hash;
use crate::sim::{Order, Time};
use std::rc::Rc;

/// `memory.available<100Mi`.
const MEMORY_THRESHOLD: i64 = 100 << 20;
/// What the system itself needs.
const SYSTEM_MEMORY: i64 = 400 << 20;
/// What the system itself has on the disk.
const SYSTEM_DISK: i64 = 8 << 30;
/// Pods of this priority and above are critical. Upstream: `scheduling.SystemCriticalPriority`.
const CRITICAL: i32 = 2_000_000_000;

/// What a node runs short of.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Pressure {
    /// When the memory's threshold was last met.
    pub memory: Option<Time>,
    /// When the disk's threshold was last met.
    pub disk: Option<Time>,
    /// What takes the memory or fills the disk beside the pods: bytes.
    taken: (i64, i64),
    /// When images that nothing uses were last looked for.
    collected: Option<Time>,
}

/// A signal: what is watched.
struct Signal {
    /// `memory` or `ephemeral-storage`.
    resource: &'static str,
    threshold: i64,
    available: i64,
}

impl Kubelet {
    /// Looks whether the node runs short of something, and acts. Upstream: `synchronize`.
    pub(super) fn synchronize(&mut self, cx: &mut Cx) {
        let now = cx.now();
        self.take_burden(now);
        let signals = [self.memory(now), self.disk()];
        let short = |signal: &Signal| signal.available < signal.threshold;
        self.mark(cx, [short(&signals[0]), short(&signals[1])]);
        let due = self.pressure.collected.is_none_or(|at| now.since(at) >= timing::IMAGE_GC);
        // Upstream: `imageGCHighThresholdPercent` 85.
        let full = self.disk().available * 100 < self.machine.disk * 15;
        if short(&signals[1]) || due && full {
            self.pressure.collected = Some(now);
            if self.remove_images(cx) {
                return;
            }
        }
        if let Some(signal) = signals.iter().find(|signal| short(signal)) {
            let text = format!("Attempting to reclaim {}", signal.resource);
            self.say_of_node(cx, true, "EvictionThresholdMet", &text);
            self.evict_one(cx, signal);
        }
    }

    /// Whether a pod may not come now because the node runs short of something; the message. Upstream: `Admit`.
    pub(super) fn too_tight(&self, worker: &Worker) -> Option<String> {
        if self.pressure.memory.is_none() && self.pressure.disk.is_none() || is_critical(worker) {
            return None;
        }
        let best_effort = worker.typed().status.qos_class.as_deref() == Some("BestEffort");
        let spec = worker.spec();
        let tolerates = spec.tolerations.iter().flatten().any(|toleration| {
            let key = toleration.key.as_deref().unwrap_or_default();
            key == "node.kubernetes.io/memory-pressure"
                || key.is_empty() && toleration.operator.as_deref() == Some("Exists")
        });
        // Memory alone is enough for those that have asked for some.
        if self.pressure.disk.is_none() && (!best_effort || tolerates) {
            return None;
        }
        let conditions = [("MemoryPressure", self.pressure.memory), ("DiskPressure", self.pressure.disk)];
        let met: Vec<&str> = conditions.into_iter().filter_map(|(name, since)| since.map(|_| name)).collect();
        Some(format!("The node had condition: [{}]. ", met.join(" ")))
    }

    /// What something else than pods takes is fixed when it begins: what pods give back helps.
    fn take_burden(&mut self, now: Time) {
        if !self.host.memory_taken && !self.host.disk_filled {
            self.pressure.taken = (0, 0);
            return;
        }
        let (memory, disk) = (self.memory(now).available, self.disk().available);
        let (taken_memory, taken_disk) = self.pressure.taken;
        let take = |burdened: bool, taken: i64, most: i64| match (burdened, taken) {
            (true, 0) => most.max(1),
            (true, taken) => taken,
            (false, _) => 0,
        };
        self.pressure.taken = (
            take(self.host.memory_taken, taken_memory, memory - MEMORY_THRESHOLD * 6 / 10),
            take(self.host.disk_filled, taken_disk, disk - self.machine.disk * 8 / 100),
        );
    }

    /// What the whole machine uses.
    pub(super) fn memory_used(&self, now: Time) -> i64 {
        let pods: i64 = self.workers.values().map(|worker| memory_of(worker, now)).sum();
        SYSTEM_MEMORY + self.pressure.taken.0 + pods
    }

    fn memory(&self, now: Time) -> Signal {
        let available = self.machine.memory - self.memory_used(now);
        Signal { resource: "memory", threshold: MEMORY_THRESHOLD, available }
    }

    fn disk(&self) -> Signal {
        let images: i64 = self.pulls.by_size().iter().map(|image| i64::try_from(image.bytes).unwrap_or(0)).sum();
        let used: i64 = self.workers.values().map(disk_of).sum();
        let available = self.machine.disk - SYSTEM_DISK - self.pressure.taken.1 - images - used;
        Signal { resource: "ephemeral-storage", threshold: self.machine.disk / 10, available }
    }

    /// The node's conditions begin at once and end five minutes after the last time.
    fn mark(&mut self, cx: &mut Cx, short: [bool; 2]) {
        let now = cx.now();
        let node = self.machine.name.clone();
        let words = [
            ("MemoryPressure", "NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
            ("DiskPressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"),
        ];
        for (index, (condition, begins, ends)) in words.into_iter().enumerate() {
            let met = if index == 0 { &mut self.pressure.memory } else { &mut self.pressure.disk };
            let before = met.is_some();
            if short[index] {
                *met = Some(now);
            } else if met.is_some_and(|at| now.since(at) >= timing::PRESSURE_TRANSITION) {
                *met = None;
            }
            let on = met.is_some();
            if on != before {
                cx.note(Fact::Pressure { node: node.clone(), condition, on });
                let reason = if on { begins } else { ends };
                self.say_of_node(cx, false, reason, &format!("Node {node} status is now: {reason}"));
            }
        }
    }

    /// Removes images that no container uses; whether that was enough. Upstream: `DeleteUnusedImages`.
    fn remove_images(&mut self, cx: &mut Cx) -> bool {
        let mut used = crate::sim::Set::new();
        for worker in self.workers.values() {
            let spec = worker.spec();
            for slot in 0..worker.slots.len() {
                used.insert(full_reference(container(&spec, slot).image.as_deref().unwrap_or_default()));
            }
        }
        let images: Vec<Rc<str>> = self.pulls.by_size().iter().map(|image| image.name.clone()).collect();
        for image in images.into_iter().filter(|image| !used.contains(image)) {
            self.pulls.forget(&image);
            self.call(cx, CriCall::RemoveImage { image }, Asked::Nothing);
        }
        let disk = self.disk();
        disk.available >= disk.threshold
    }

    /// Ends the pod that can be missed most. Upstream: `rankMemoryPressure`, `rankDiskPressureFunc`.
    fn evict_one(&mut self, cx: &mut Cx, signal: &Signal) {
        let now = cx.now();
        let memory = signal.resource == "memory";
        let used = |worker: &Worker| if memory { memory_of(worker, now) } else { disk_of(worker) };
        let alive = |worker: &&Worker| worker.stage == Stage::Syncing && !is_critical(worker);
        let mut candidates: Vec<&Worker> = self.workers.values().filter(alive).collect();
        candidates.order_by(|a, b| {
            let over = |worker: &Worker| used(worker) - requested(worker, signal.resource);
            let priority = |worker: &Worker| worker.spec().priority.unwrap_or(0);
            (over(b) > 0).cmp(&(over(a) > 0)).then(priority(a).cmp(&priority(b))).then(over(b).cmp(&over(a)))
        });
        let Some(uid) = candidates.first().map(|worker| Rc::<str>::from(worker.pod.uid())) else { return };
        let message = self.workers.get(&uid).map(|worker| message(worker, signal, now)).unwrap_or_default();
        self.evict(cx, &uid, signal.resource, &message);
    }

    fn evict(&mut self, cx: &mut Cx, uid: &Rc<str>, resource: &'static str, message: &str) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let fact = Fact::PodEvicted { node: self.machine.name.clone(), pod: worker.what.clone(), resource };
        worker.cause = Some(cx.note(fact));
        worker.failed = Some(("Evicted".into(), message.into()));
        worker.hurry = Some(timing::EVICTION_GRACE);
        self.say(cx, uid, None, &warning("Evicted", message));
        self.stop(cx, uid);
    }
}

/// Upstream: `IsCriticalPod`.
fn is_critical(worker: &Worker) -> bool {
    worker.mirror.is_some() || worker.spec().priority.is_some_and(|priority| priority >= CRITICAL)
}

fn memory_of(worker: &Worker, now: Time) -> i64 {
    usage::of(worker, now).iter().map(|amount| amount.memory_bytes).sum()
}

/// What a pod's containers have written: logs and layers.
fn disk_of(worker: &Worker) -> i64 {
    let written = |id: &Rc<str>| 1_000_000 + i64::try_from(stable_hash(id) % 20_000_000).unwrap_or(0);
    worker.slots.iter().filter_map(|slot| slot.id.as_ref()).map(written).sum()
}

fn requested(worker: &Worker, resource: &str) -> i64 {
    let spec = worker.spec();
    spec.containers.iter().map(|one| request(one, resource)).sum()
}

fn request(container: &k8s_openapi::api::core::v1::Container, resource: &str) -> i64 {
    let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let text = requests.and_then(|requests| requests.get(resource));
    text.and_then(|text| Quantity::parse(&text.0).ok()).map_or(0, |quantity| quantity.value())
}

/// Upstream: `evictionMessage`.
fn message(worker: &Worker, signal: &Signal, now: Time) -> String {
    let bytes = |bytes: i64| Quantity::from_units(bytes, Format::BinarySi).to_string();
    let Signal { resource, threshold, available } = signal;
    let mut text = format!(
        "The node was low on resource: {resource}. Threshold quantity: {}, available: {}. ",
        bytes(*threshold),
        bytes((*available).max(0) >> 10 << 10)
    );
    let spec = worker.spec();
    let shares = usage::of(worker, now);
    for one in &spec.containers {
        let share = shares.iter().find(|amount| *amount.container == *one.name);
        let disk = disk_of(worker) / i64::try_from(spec.containers.len().max(1)).unwrap_or(1);
        let used = if *resource == "memory" { share.map_or(0, |amount| amount.memory_bytes) } else { disk };
        let asked = request(one, resource);
        if used > asked {
            let asked = if asked == 0 { "0".to_owned() } else { bytes(asked) };
            let used = bytes(used >> 10 << 10);
            let name = &one.name;
            text.extend([
                format!("Container {name} was using {used}, request is {asked}, "),
                format!("has larger consumption of {resource}. "),
            ]);
        }
    }
    text
}
