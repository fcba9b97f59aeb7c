//! Programs in containers that are clients of the API server: a process of the world for each, as long as its container
//! runs.
//!
//! The runtime says when one begins and ends. What is known here are the sidecars of storage drivers
//! ([`storage`](super::storage)) and servers of metrics ([`metrics`](super::metrics)); all other containers talk to nobody.

use super::fact::Fact;
use super::wire::{Address, Program};
use super::{Cx, Process, World, metrics, storage};
use crate::sim::{FactId, Simulation, Time, Trace};
use std::rc::Rc;

/// Starts a program, or (`None`) ends it.
pub(super) fn run(
    world: &mut World,
    (address, program): (&Address, Option<&Program>),
    cause: Option<FactId>,
    trace: &mut Trace<Fact>,
) {
    // Its machine closes its connections.
    let old = world.processes.remove(address).map(Rc::unwrap_or_clone);
    let cx = &mut Cx::new(&mut world.kernel, trace, address.clone(), cause);
    match old {
        Some(Process::Sidecar(mut old)) => old.close(cx),
        Some(Process::Metrics(mut old)) => old.close(cx),
        _ => {}
    }
    world.kernel.kill(address);
    world.stopped.remove(address);
    let Some(mut process) = program.and_then(|program| process(program, world.now())) else { return };
    let kubelet = address.node().cloned().map(Address::Kubelet);
    let cut = kubelet.is_some_and(|kubelet| world.kernel.links.is_isolated(&kubelet));
    world.kernel.links.isolate(address.clone(), cut);
    process.start(&mut Cx::new(&mut world.kernel, trace, address.clone(), cause));
    world.processes.insert(address.clone(), Rc::new(process));
}

fn process(program: &Program, now: Time) -> Option<Process> {
    if let Some(server) = metrics::server(program) {
        return Some(Process::Metrics(Box::new(server)));
    }
    storage::sidecar(program, now).map(|runner| Process::Sidecar(Box::new(runner)))
}

/// The programs in the containers of a node.
pub(super) fn on_node(world: &World, node: &str) -> Vec<Address> {
    let here = |address: &&Address| matches!(address, Address::Sidecar(on, _) if **on == *node);
    world.processes.keys().filter(here).cloned().collect()
}
