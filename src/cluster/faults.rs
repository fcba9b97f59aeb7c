//! What a person's input does to the world: commands go to the user's tool, faults are carried out here.

use super::fact::Fact;
use super::input::Input;
use super::scheduler::configuration::Configuration;
use super::wire::{Address, CriCall, Event, Message};
use super::{Cx, Process, World};
use crate::api::Status;
use crate::sim::{FactId, Simulation, Trace};
use std::rc::Rc;

/// Carries an input out.
pub(super) fn input(world: &mut World, input: &Input, trace: &mut Trace<Fact>) {
    let cause = trace.note(world.now(), None, Fact::Input(Rc::new(input.clone())));
    match input {
        Input::Kubelet { node, stop } => {
            stop_process(world, &Address::Kubelet(node.as_str().into()), *stop, cause, trace);
        }
        Input::Network { node, cut } => cut_network(world, node, *cut, cause, trace),
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

/// Stops a process, or starts it again with what survived.
fn stop_process(world: &mut World, address: &Address, stop: bool, cause: FactId, trace: &mut Trace<Fact>) {
    if !world.processes.contains_key(address) || world.stopped.contains(address) == stop {
        return;
    }
    let fact = Fact::ProcessStopped { process: address.clone(), stopped: stop };
    let cause = trace.note(world.now(), Some(cause), fact);
    if stop {
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
