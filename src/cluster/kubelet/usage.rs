//! What the containers of this node use.
//!
//! In a cluster the kubelet reads the kernel's accounting. Here each program has a curve of its own: what it needs when
//! it is idle, a little more and less as time goes on, and what it was told to burn (`stress --cpu 2`). The processor is
//! throttled at the container's limit.

use super::Kubelet;
use super::worker::{Slot, Worker};
use crate::api::Key;
use crate::api::quantity::Quantity;
use crate::cluster::Cx;
use crate::cluster::wire::{Address, Amount, Event, Message, Usage};
use crate::sim::Time;
use crate::sim::hash::stable_hash;
use k8s_openapi::api::core::v1::Container;
use std::rc::Rc;

/// What the kubelet, the runtime and the operating system themselves need of the processor, in thousandths.
const SYSTEM_CPU_MILLI: i64 = 60;
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
    /// Tells whoever asks what the node and its pods use (in a cluster: `/metrics/resource`).
    #[inline(never)]
    pub(super) fn report_usage(&self, cx: &mut Cx, to: Address) {
        let at = cx.now();
        let pods = self.workers.values().map(|worker| (worker.what.key.clone(), Rc::from(of(worker, at))));
        let pods: Rc<[(Key, Rc<[Amount]>)]> = pods.filter(|(_, amounts): &(_, Rc<[_]>)| !amounts.is_empty()).collect();
        let amounts = pods.iter().flat_map(|(_, amounts)| amounts.iter());
        let cpu = SYSTEM_CPU_MILLI + amounts.map(|amount| amount.cpu_milli).sum::<i64>();
        let whole = (cpu, self.memory_used(at));
        let usage = Usage { node: self.machine.name.clone(), at, whole, pods: pods.clone() };
        let (from, message) = (cx.me().clone(), Message::Usage(Rc::new(usage)));
        cx.send(to, Event::Message { from, message });
    }
}

/// What a pod's containers use.
pub fn of(worker: &Worker, now: Time) -> Vec<Amount> {
    let pod = worker.spec();
    let containers = pod.init_containers.iter().flatten().chain(&pod.containers);
    let running = containers.zip(&worker.slots).filter(|(_, slot)| slot.running().is_some());
    running.map(|(container, slot)| amount(container, slot, now)).collect()
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
        let given = slot.actuated.as_ref().map(|has| &has.0).or(container.resources.as_ref());
        let limits = given?.limits.as_ref()?;
        Quantity::parse(&limits.get(name)?.0).ok()
    };
    Amount {
        container: Rc::clone(&slot.name),
        since: slot.running().unwrap_or(now),
        cpu_milli: limit("cpu").map_or(cpu, |most| cpu.min(most.milli_value())),
        memory_bytes: limit("memory").map_or(memory, |most| memory.min(most.value())),
    }
}
