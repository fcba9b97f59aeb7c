//! What befalls a machine: its power, its disk, its memory, its clock.

use super::stop_process;
use crate::cluster::fact::Fact;
use crate::cluster::wire::Address;
use crate::cluster::{Cx, Process, World, sidecars};
use crate::sim::{FactId, Simulation, Trace};
use std::rc::Rc;

/// Carries a fault of a machine out, or repairs it; false if there is no such machine.
pub(super) fn befall(
    world: &mut World,
    (fault, node): (&'static str, &str),
    on: bool,
    cause: FactId,
    trace: &mut Trace<Fact>,
) -> bool {
    let kubelet = Address::Kubelet(node.into());
    if !world.processes.contains_key(&kubelet) {
        return false;
    }
    if fault == "power" {
        power(world, node, on, cause, trace);
        return true;
    }
    if let Some(Process::Kubelet(kubelet)) = world.processes.get_mut(&kubelet).map(Rc::make_mut) {
        kubelet.burden(fault, on);
    }
    true
}

/// Somebody writes into the folder of a machine's static pods; whether its kubelet runs does not matter.
pub(super) fn place(world: &mut World, node: &str, (file, text): (&str, &str), cause: FactId, trace: &mut Trace<Fact>) {
    let address = Address::Kubelet(node.into());
    let runs = !world.stopped.contains(&address);
    world.with(&address, trace, |process, cx: &mut Cx| {
        cx.because(Some(cause));
        if let Process::Kubelet(kubelet) = process {
            kubelet.place(file, text);
            if runs {
                kubelet.file_changed(cx, file);
            }
        }
    });
}

/// Everything on the machine ends; with the power its kubelet and its runtime come back, and find what was on disk.
fn power(world: &mut World, node: &str, off: bool, cause: FactId, trace: &mut Trace<Fact>) {
    let (kubelet, runtime) = (Address::Kubelet(node.into()), Address::Runtime(node.into()));
    let carries = matches!(world.process(&kubelet), Some(Process::Kubelet(kubelet)) if kubelet.is_control_plane());
    // What the machine carries beside: all of the control plane, or nothing.
    let plane = [Address::Etcd(0), Address::ApiServer, Address::ControllerManager, Address::Scheduler];
    let all = plane.into_iter().filter(|_| carries).chain([runtime.clone(), kubelet.clone()]);
    for address in all {
        stop_process(world, &address, off, Some(cause), trace);
    }
    let now = world.now();
    if !off {
        return;
    }
    for program in sidecars::on_node(world, node) {
        world.kernel.kill(&program);
        world.processes.remove(&program);
        world.stopped.remove(&program);
    }
    if let Some(Process::Runtime(runtime)) = world.processes.get_mut(&runtime).map(Rc::make_mut) {
        runtime.lose_power(now);
    }
    if let Some(Process::Kubelet(kubelet)) = world.processes.get_mut(&kubelet).map(Rc::make_mut) {
        kubelet.burden("power", true);
    }
}
