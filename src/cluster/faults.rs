//! What a person's input does to the world: commands go to the user's tool, faults are carried out here.
//!
//! A fault touches what a fault touches in the real world (a process, a way between two, a machine and its disk, memory,
//! clock or power, a certificate, a registry), never what a component believes: what follows is the components' own doing.

mod nodes;

use super::fact::Fact;
use super::input::{FAULTS, Input};
use super::runtime::Turn;
use super::scheduler::configuration::Configuration;
use super::wire::{Address, CriCall, CriError, Event, Message, START, Timer};
use super::{Cx, Process, World, sidecars, timing};
use crate::api::Status;
use crate::sim::link::Disturbance;
use crate::sim::{Duration, FactId, Simulation, Trace};
use std::rc::Rc;

/// Carries an input out.
pub(super) fn input(world: &mut World, input: &Input, trace: &mut Trace<Fact>) {
    let cause = trace.note(world.now(), None, Fact::Input(Rc::new(input.clone())));
    match input {
        Input::Kubelet { node, stop } => {
            stop_process(world, &Address::Kubelet(node.as_str().into()), *stop, Some(cause), trace);
        }
        Input::Manifest { node, name, text } => nodes::place(world, node, (name, text), cause, trace),
        Input::Network { node, cut } => cut_network(world, node, *cut, cause, trace),
        Input::Fault { fault, of, on } => begin(world, (fault, of), *on, cause, trace),
        Input::Scheduler { name, config } => start_scheduler(world, name, config, cause, trace),
        Input::Crash { namespace, pod, container } => crash(world, (namespace, pod), container, cause, trace),
        command => world.with(&Address::User, trace, |process, cx| {
            cx.because(Some(cause));
            if let Process::User(user) = process {
                user.input(cx, command);
            }
        }),
    }
}

/// Lets a fault begin, or repairs it.
fn begin(world: &mut World, (fault, of): (&str, &str), on: bool, cause: FactId, trace: &mut Trace<Fact>) {
    let Some(fault) = FAULTS.iter().copied().find(|known| *known == fault) else { return };
    let process = world.processes.keys().find(|address| address.to_string() == of).cloned();
    match (fault, process) {
        ("stop", Some(process)) => return stop_process(world, &process, on, Some(cause), trace),
        ("crash", Some(process)) if on => return crash_process(world, &process, cause, trace),
        _ => {}
    }
    let process = world.processes.keys().find(|address| address.to_string() == of).cloned();
    let key = (fault, Rc::from(of));
    if world.faults.contains(&key) == on {
        return;
    }
    let before = trace.head();
    let noted = trace.note(world.now(), Some(cause), Fact::Fault { fault, of: key.1.clone(), on });
    let done = match (fault, process) {
        ("slow" | "cut", Some(process)) => disturb(world, &process, fault, on),
        ("certificate", Some(process)) => expire(world, &process, on, trace),
        ("controller", _) => pause(world, of, on, noted, trace),
        ("image" | "registry", _) => pulls(world, fault, of, on),
        ("power" | "disk" | "memory" | "clock", _) => nodes::befall(world, (fault, of), on, noted, trace),
        _ => false,
    };
    debug_assert!(trace.head() > before, "a fault that was carried out was noted");
    if done && on {
        world.faults.insert(key);
    } else {
        world.faults.remove(&key);
    }
}

/// Stops a process, or starts it again with what survived.
pub(super) fn stop_process(
    world: &mut World,
    address: &Address,
    stop: bool,
    cause: Option<FactId>,
    trace: &mut Trace<Fact>,
) {
    if !world.processes.contains_key(address) || world.stopped.contains(address) == stop {
        return;
    }
    let fact = Fact::ProcessStopped { process: address.clone(), stopped: stop };
    let cause = trace.note(world.now(), cause, fact);
    if stop {
        hang_up(world, address, trace);
        world.kernel.kill(address);
        world.stopped.insert(address.clone());
        return;
    }
    world.stopped.remove(address);
    world.with(address, trace, |process, cx| {
        cx.because(Some(cause));
        process.restart();
        process.start(cx);
    });
}

/// A process dies, and whoever looks after it starts it again.
fn crash_process(world: &mut World, address: &Address, cause: FactId, trace: &mut Trace<Fact>) {
    if world.stopped.contains(address) {
        return;
    }
    if kill_in_container(world, address, cause, trace) {
        return;
    }
    stop_process(world, address, true, Some(cause), trace);
    let after = match address {
        Address::Kubelet(_) => timing::KUBELET_RESTART,
        Address::Runtime(_) => timing::RUNTIME_RESTART,
        _ => timing::STATIC_POD_RESTART,
    };
    let at = world.now() + after;
    world.kernel.schedule(at, address.clone(), Event::Timer(Timer::new(START)), Some(cause));
}

/// The process that runs in the container of this name, in a static pod of the control plane.
const PLANE: [(&str, Address); 4] = [
    ("etcd", Address::Etcd(0)),
    ("kube-apiserver", Address::ApiServer),
    ("kube-controller-manager", Address::ControllerManager),
    ("kube-scheduler", Address::Scheduler),
];

/// Containers of the control plane have begun to run or ended: so have the processes in them.
pub(super) fn turn(world: &mut World, turns: Vec<Turn>, trace: &mut Trace<Fact>) {
    for (program, runs, cause) in turns {
        if let Some((_, address)) = PLANE.iter().find(|(name, _)| *name == program) {
            stop_process(world, address, !runs, cause, trace);
        }
    }
}

/// A process that runs in a container dies as the container does; its kubelet starts both again.
fn kill_in_container(world: &mut World, address: &Address, cause: FactId, trace: &mut Trace<Fact>) -> bool {
    let Some((program, _)) = PLANE.iter().find(|(_, process)| process == address) else { return false };
    let found = world.processes.iter().find_map(|(at, process)| match &**process {
        Process::Runtime(runtime) if !world.stopped.contains(at) => Some((at.clone(), runtime.of_plane(program)?)),
        _ => None,
    });
    let Some((runtime, id)) = found else { return false };
    let mut cx = Cx::new(&mut world.kernel, trace, runtime.clone(), Some(cause));
    let message = Message::Cri { id: 0, call: CriCall::Kill { id, code: 2 } };
    cx.hand(runtime.clone(), Duration::ZERO, Event::Message { from: runtime, message });
    true
}

/// The connections of a process that ends are closed by its machine: those at the other end see it at once.
fn hang_up(world: &mut World, address: &Address, trace: &mut Trace<Fact>) {
    let open: Vec<(Address, Message)> = match (world.process(address), address) {
        (Some(Process::ApiServer(server)), _) => {
            let status = Rc::new(refused());
            let ended = |id| Message::WatchEnded { id, status: status.clone() };
            server.streams().map(|(who, id)| (who.clone(), ended(id))).collect()
        }
        (Some(Process::Runtime(_)), Address::Runtime(node)) => {
            let caller = Address::Kubelet(node.clone());
            let Some(Process::Kubelet(kubelet)) = world.process(&caller) else { return };
            let lost = |id| Message::CriReply { id, outcome: Err(CriError::Unavailable) };
            kubelet.calls().map(|id| (caller.clone(), lost(id))).collect()
        }
        _ => return,
    };
    let mut cx = Cx::new(&mut world.kernel, trace, address.clone(), None);
    for (to, message) in open {
        let event = Event::Message { from: address.clone(), message };
        match address {
            // On the same machine.
            Address::Runtime(_) => cx.hand(to, Duration::ZERO, event),
            _ => {
                cx.send(to, event);
            }
        }
    }
}

/// Nobody listens where the API server should.
fn refused() -> Status {
    let message = "dial tcp 172.18.0.2:6443: connect: connection refused".to_owned();
    Status { code: 503, reason: "ServiceUnavailable", message, details: None }
}

impl World {
    /// What is on its way to a process that does not run: its machine refuses the connection, or it starts again.
    pub(super) fn undelivered(
        &mut self,
        event: crate::sim::kernel::Scheduled<Address, Event>,
        trace: &mut Trace<Fact>,
    ) {
        let from_dead = match event.event {
            Event::Timer(timer) if timer.what == START => {
                return stop_process(self, &event.to, false, event.cause, trace);
            }
            Event::Timer(_) => return,
            Event::Message { from, message } => (from, message),
        };
        let (from, message) = from_dead;
        let mut cx = Cx::new(&mut self.kernel, trace, event.to.clone(), event.cause);
        match (&event.to, message) {
            (Address::ApiServer, Message::Request { id, .. }) => {
                let message = Message::Response { id, outcome: Err(Rc::new(refused())) };
                cx.send(from, Event::Message { from: event.to.clone(), message });
            }
            (Address::Runtime(_), Message::Cri { id, .. }) => {
                let outcome = Err(CriError::Unavailable);
                let message = Message::CriReply { id, outcome };
                cx.hand(from, Duration::ZERO, Event::Message { from: event.to.clone(), message });
            }
            _ => {}
        }
    }
}

/// The way of a process to the API server (the API server's to etcd) becomes slow, or ends.
fn disturb(world: &mut World, process: &Address, fault: &'static str, on: bool) -> bool {
    let other = match process {
        Address::ApiServer => Address::Etcd(0),
        Address::Runtime(_) | Address::Etcd(_) => return false,
        _ => Address::ApiServer,
    };
    let how = match fault {
        "slow" => Disturbance { delay: timing::SLOW_LINK, loss_per_mille: 0 },
        _ => Disturbance { delay: Duration::ZERO, loss_per_mille: 1000 },
    };
    world.kernel.links.disturb(process.clone(), other.clone(), on.then_some(how));
    world.kernel.links.disturb(other, process.clone(), on.then_some(how));
    true
}

/// A process' certificate, with which it asks the API server.
fn expire(world: &mut World, process: &Address, on: bool, trace: &mut Trace<Fact>) -> bool {
    let mut done = true;
    world.with(process, trace, |process, _| match process {
        Process::Kubelet(kubelet) => kubelet.expire(on),
        Process::Scheduler(scheduler) => scheduler.expire(on),
        Process::ControllerManager(manager) => manager.expire(on),
        _ => done = false,
    });
    done
}

fn pause(world: &mut World, controller: &str, on: bool, cause: FactId, trace: &mut Trace<Fact>) -> bool {
    let mut done = false;
    world.with(&Address::ControllerManager, trace, |process, cx| {
        cx.because(Some(cause));
        if let Process::ControllerManager(manager) = process {
            done = manager.pause(cx, controller, on);
        }
    });
    done
}

/// What all machines fetch from outside.
fn pulls(world: &mut World, fault: &str, of: &str, on: bool) -> bool {
    let runtimes: Vec<Address> =
        world.processes.keys().filter(|address| matches!(address, Address::Runtime(_))).cloned().collect();
    for address in runtimes {
        if let Some(Process::Runtime(runtime)) = world.processes.get_mut(&address).map(Rc::make_mut) {
            match fault {
                "image" => runtime.slow_image(of, on),
                _ => runtime.corrupt_registry(of, on),
            }
        }
    }
    !of.is_empty()
}

/// Restarts a scheduler with a configuration, or starts a further one.
fn start_scheduler(world: &mut World, name: &str, config: &str, cause: FactId, trace: &mut Trace<Fact>) {
    let configuration = match Configuration::read(config) {
        Ok(configuration) => Rc::new(configuration),
        Err(why) => {
            // Without a code: no server has said it, the program ends.
            let refused = [(0, Rc::new(Status { code: 0, ..Status::bad_request(why) }))].into();
            trace.note(
                world.now(),
                Some(cause),
                Fact::Answer { lines: Rc::default(), refused, warned: Rc::default(), dry_run: false },
            );
            return;
        }
    };
    let address = if name.is_empty() { Address::Scheduler } else { Address::OtherScheduler(name.into()) };
    if world.processes.contains_key(&address) {
        world.kernel.kill(&address);
    } else {
        world.processes.insert(address.clone(), Rc::new(Process::Scheduler(Box::default())));
    }
    world.stopped.remove(&address);
    let fact = Fact::ProcessStopped { process: address.clone(), stopped: false };
    let cause = trace.note(world.now(), Some(cause), fact);
    world.with(&address, trace, |process, cx| {
        cx.because(Some(cause));
        if let Process::Scheduler(scheduler) = process {
            **scheduler = scheduler.configured(configuration);
            scheduler.start(cx);
        }
    });
}

fn cut_network(world: &mut World, node: &str, cut: bool, cause: FactId, trace: &mut Trace<Fact>) {
    let address = Address::Kubelet(node.into());
    if !world.processes.contains_key(&address) || world.kernel.links.is_isolated(&address) == cut {
        return;
    }
    trace.note(world.now(), Some(cause), Fact::NetworkCut { node: node.into(), cut });
    for program in sidecars::on_node(world, node) {
        world.kernel.links.isolate(program, cut);
    }
    world.kernel.links.isolate(address, cut);
}

/// Ends a container's process from outside with exit code 137, as a SIGKILL does.
fn crash(world: &mut World, pod: (&str, &str), container: &str, cause: FactId, trace: &mut Trace<Fact>) {
    let Some((node, id)) = world.find_container(pod, container) else { return };
    let address = Address::Runtime(node);
    let mut cx = Cx::new(&mut world.kernel, trace, address.clone(), Some(cause));
    let message = Message::Cri { id: 0, call: CriCall::Kill { id, code: 137 } };
    cx.hand(address.clone(), crate::sim::Duration::ZERO, Event::Message { from: address, message });
}
