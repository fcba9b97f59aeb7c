//! What the containers of this node use.
//!
//! In a cluster the kubelet reads the kernel's accounting. Here each program has a curve of its own: what it needs when
//! it is idle, a little more and less as time goes on, and what it was told to burn (`stress --cpu 2`). The processor is
//! throttled at the container's limit.

use super::Kubelet;
use super::worker::{Slot, Worker};
use crate::api::quantity::Quantity;
use crate::cluster::wire::{Address, Amount, Event, Message, Sample};
use crate::cluster::{Cx, timing};
use crate::sim::Time;
use crate::sim::hash::stable_hash;
use k8s_openapi::api::core::v1::Container;
use std::rc::Rc;

/// What well-known images need when nobody asks anything of them: thousandths of a processor, MiB.
const IDLE: &[(&str, i64, i64)] = &[
    ("pause", 0, 1),
    ("nginx", 1, 8),
    ("httpd", 1, 12),
    ("redis", 2, 10),
    ("postgres", 3, 40),
    ("mysql", 6, 420),
    ("mariadb", 4, 110),
    ("mongo", 8, 150),
    ("busybox", 1, 1),
    ("alpine", 1, 1),
    ("php", 1, 16),
    ("java", 5, 180),
    ("tomcat", 5, 180),
    ("rabbitmq", 10, 120),
    ("elasticsearch", 20, 900),
];

impl Kubelet {
    /// Tells the metrics server what its pods use.
    pub(super) fn report_usage(&self, cx: &mut Cx) {
        let now = cx.now();
        let samples: Vec<_> = self.workers.values().filter_map(|worker| sample(worker, now)).collect();
        let from = cx.me().clone();
        let message = Message::Usage(samples.into());
        cx.send(Address::ControllerManager, Event::Message { from, message });
    }
}

/// What a pod's containers use.
pub fn of(worker: &Worker, now: Time) -> Vec<Amount> {
    let pod = worker.spec();
    let containers = pod.init_containers.iter().flatten().chain(&pod.containers);
    let running = containers.zip(&worker.slots).filter(|(_, slot)| slot.running().is_some());
    running.map(|(container, slot)| amount(container, slot, now)).collect()
}

fn sample(worker: &Worker, now: Time) -> Option<(crate::api::Key, Sample)> {
    let amounts = of(worker, now);
    let sample = Sample { at: now, window: timing::SCRAPE, amounts: amounts.into() };
    (!sample.amounts.is_empty()).then(|| (worker.what.key.clone(), sample))
}

fn amount(container: &Container, slot: &Slot, now: Time) -> Amount {
    let argv: Vec<&str> =
        container.command.iter().flatten().chain(container.args.iter().flatten()).map(String::as_str).collect();
    let image = container.image.as_deref().unwrap_or_default();
    let base = image.rsplit('/').next().unwrap_or_default();
    let idle =
        IDLE.iter().find(|(name, ..)| base.starts_with(name)).map_or((2, 16), |(_, cpu, memory)| (*cpu, *memory));
    let option = |names: &[&str]| {
        let at = argv.iter().position(|word| names.contains(word))?;
        argv.get(at + 1).copied()
    };
    let burnt = option(&["--cpu", "-c", "-cpus"]).and_then(|n| n.parse::<i64>().ok()).map(|n| n.saturating_mul(1000));
    let held = option(&["--vm-bytes", "-mem-total"]).and_then(|text| {
        let text = text.replace('M', "Mi").replace('G', "Gi").replace("ii", "i");
        Quantity::parse(&text).ok().map(|quantity| quantity.value())
    });
    // A tenth more or less, another each minute and for each container.
    let part = now.as_secs().div_euclid(60);
    let wave = i64::try_from(stable_hash(&(&slot.id, part)) % 21).unwrap_or(10) - 10;
    let cpu = burnt.unwrap_or(idle.0 + idle.0 * wave / 100);
    let memory = held.unwrap_or((idle.1 << 20) + (idle.1 << 20) * wave / 200);
    let limit = |name: &str| {
        let limits = container.resources.as_ref()?.limits.as_ref()?;
        Quantity::parse(&limits.get(name)?.0).ok()
    };
    Amount {
        container: Rc::clone(&slot.name),
        cpu_milli: limit("cpu").map_or(cpu, |most| cpu.min(most.milli_value())),
        memory_bytes: limit("memory").map_or(memory, |most| memory.min(most.value())),
    }
}
