//! The container runtime of one machine: containerd, as far as the kubelet and a person can see it; for CRI-O and Docker
//! behind cri-dockerd what differs in names and words ([`Engine`]). Left out: that Docker's containers end with its daemon.
//!
//! In Kubernetes the kubelet runs nothing itself: it asks a runtime over the CRI for *sandboxes* (the pause container and
//! a pod's network), *images* and *containers*. What runs, runs here, whether the kubelet lives or not.
//!
//! ```text
//!   kubelet ── RunPodSandbox ──▶  sandbox (pause, an address of the node's podCIDR)
//!           ── PullImage ──────▶  image    (time by size; one that does not exist: containerd's words)
//!           ── Create, Start ──▶  container: its process follows the course that was found when it started
//!           ◀─ CriEvent ────────  it has ended
//! ```
//!
//! - [`images`]: what the world's registries have.
//! - [`process`]: what a command does, thought through once; [`shell`]: the language of scripts; [`programs`]: one file
//!   for each family of programs.
//!
//! A pod's address is the next free one of the machine's podCIDR, from `.2` on, round and round, as the host-local plugin
//! gives them.
//!
//! Left out: logs beyond the first lines of each container, resource use over time (a container that needs more memory than its limit is known by its command, see
//! [`programs::stress`]).

mod answers;
mod clients;
mod container;
pub mod course;
mod faults;
mod files;
pub mod images;
mod plane;
pub mod process;
pub mod programs;
mod sandbox;
pub mod shell;
pub mod start;

use self::container::Container;
pub use self::plane::Turn;
use self::process::OnTerm;
use super::Cx;
use super::fact::Fact;
use super::machine::Machine;
use super::timing;
use super::wire::{
    Address, ContainerSpec, ContainerState, CriCall, CriError, CriReply, Event, ImageStatus, Message, Timer,
};
use crate::cluster::machine::Engine;
use crate::sim::{Duration, Map, Time};
use sandbox::{Addresses, Sandbox};
use std::rc::Rc;

/// A container's process ends.
const ENDS: &str = "ends";
/// A container had its time after SIGTERM.
const KILL: &str = "kill";
/// An image has been fetched.
const FETCHED: &str = "fetched";

/// A machine's container runtime.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Runtime {
    machine: Rc<Machine>,
    /// By the pod's uid.
    sandboxes: Map<Rc<str>, Sandbox>,
    /// By id.
    containers: Map<Rc<str>, Container>,
    /// By full name.
    images: Map<Rc<str>, ImageStatus>,
    addresses: Addresses,
    /// What was written into volumes.
    disk: files::Disk,
    /// Pulls under way, by the kubelet's number.
    pulls: Map<u64, Pull>,
    /// Images that come slowly.
    slow: crate::sim::Set<Rc<str>>,
    /// Registries that deliver what is not what they say it is.
    corrupt: crate::sim::Set<Rc<str>>,
    /// What of the control plane has begun to run (true) or ended, and nobody has been told of yet.
    turns: Vec<Turn>,
}

/// A pull under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Pull {
    pod: Rc<str>,
    container: Rc<str>,
    image: Rc<str>,
    outcome: Result<ImageStatus, Rc<str>>,
}

impl Runtime {
    /// The runtime of a machine, with nothing in it.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        let addresses = Addresses::of("");
        Self {
            machine: Rc::new(machine),
            sandboxes: Map::new(),
            containers: Map::new(),
            images: Map::new(),
            addresses,
            disk: Map::new(),
            pulls: Map::new(),
            slow: crate::sim::Set::new(),
            corrupt: crate::sim::Set::new(),
            turns: Vec::new(),
        }
    }

    /// Handles a call of the kubelet, or one of its own timers.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        match event {
            Event::Message { message: Message::Cri { id, call }, .. } => self.call(cx, id, call),
            Event::Message { from, message } => self.outer(cx, from, message),
            Event::Timer(timer) if timer.what == FETCHED => self.fetched(cx, timer.number),
            Event::Timer(timer) => self.due(cx, &timer),
        }
    }

    /// The images that the machine has.
    pub fn images(&self) -> impl Iterator<Item = &ImageStatus> {
        self.images.values()
    }

    /// What a container has printed: when, and what. `None`: there is no such container any more.
    #[must_use]
    pub fn log(&self, id: &str, now: Time) -> Option<Vec<(Time, Rc<str>)>> {
        self.containers.get(id).map(|container| container.log(now))
    }

    /// The running container of a pod with the given name.
    #[must_use]
    pub fn running(&self, pod_uid: &str, name: &str) -> Option<Rc<str>> {
        let sandbox = self.sandboxes.get(pod_uid)?;
        let runs =
            |id: &&Rc<str>| self.containers.get(*id).is_some_and(|c| &*c.spec.name == name && c.since().is_some());
        sandbox.containers.iter().find(runs).cloned()
    }

    fn call(&mut self, cx: &mut Cx, id: u64, call: CriCall) {
        match call {
            CriCall::RunPodSandbox { pod, name, host_network } => self.run_sandbox(cx, id, pod, (&name, host_network)),
            CriCall::StopPodSandbox { pod } => {
                self.stop_sandbox(cx, &pod);
                self.reply(cx, id, timing::SANDBOX_STOP, Ok(CriReply::Done));
            }
            CriCall::RemovePodSandbox { pod } => {
                self.remove_sandbox(cx, &pod);
                self.reply(cx, id, timing::SANDBOX_STOP, Ok(CriReply::Done));
            }
            CriCall::UpdateRuntimeConfig { pod_cidr } => {
                self.addresses = Addresses::of(&pod_cidr);
                self.reply(cx, id, Duration::ZERO, Ok(CriReply::Done));
            }
            CriCall::Status => self.reply(cx, id, Duration::ZERO, Ok(CriReply::Done)),
            CriCall::RemoveImage { image } => {
                if self.images.remove(&image).is_some() {
                    cx.note(Fact::ImageRemoved { node: self.machine.name.clone(), image });
                }
                self.reply(cx, id, Duration::ZERO, Ok(CriReply::Done));
            }
            CriCall::PullImage { pod, container, image } => {
                let outcome =
                    images::resolve(&image, self.machine.engine).and_then(|found| self.intact(found)).map_err(Rc::from);
                self.pull(cx, id, Pull { pod, container, image, outcome });
            }
            CriCall::CreateContainer(spec) => self.create(cx, id, spec),
            CriCall::StartContainer { id: container } => self.start_container(cx, id, &container),
            CriCall::StopContainer { id: container, timeout } => self.stop(cx, id, &container, timeout),
            CriCall::UpdateContainer { id: container, memory_limit } => self.resize(cx, id, &container, memory_limit),
            CriCall::Write { pod, source, files } => self.write(cx, (&pod, &source), &files),
            CriCall::RemoveContainer { id: container } => {
                self.remove(&container);
                self.reply(cx, id, Duration::ZERO, Ok(CriReply::Done));
            }
            CriCall::List => self.list(cx, id),
            CriCall::ExecSync { id: container, command, timeout } => self.exec(cx, id, &container, (&command, timeout)),
            CriCall::Connect { pod, port, path, tls } => self.connect(cx, id, &pod, (port, path.as_deref(), tls)),
            CriCall::Kill { id: container, code } => self.end(cx, &container, code, "Error"),
        }
    }

    fn reply(&self, cx: &mut Cx, id: u64, delay: Duration, outcome: Result<CriReply, CriError>) {
        self.tell(cx, delay, Message::CriReply { id, outcome });
    }

    fn tell(&self, cx: &mut Cx, delay: Duration, message: Message) {
        let from = cx.me().clone();
        cx.hand(Address::Kubelet(self.machine.name.clone()), delay, Event::Message { from, message });
    }

    fn arm(&mut self, cx: &mut Cx, id: &Rc<str>, what: &'static str, delay: Duration) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.timer += 1;
        let timer = Timer::keyed(what, id.clone(), container.timer);
        cx.after(delay, Event::Timer(timer));
    }

    fn pull(&mut self, cx: &mut Cx, id: u64, pull: Pull) {
        let Pull { pod, container, image, outcome } = &pull;
        let there = outcome.as_ref().is_ok_and(|image| self.images.contains_key(&image.name));
        let bytes = outcome.as_ref().map_or(0, |image| image.bytes);
        let takes = match outcome {
            // The manifest is asked for, and is the same.
            Ok(_) if there => timing::REGISTRY_ANSWER,
            Ok(image) => {
                let micros = image.bytes.saturating_mul(1_000_000) / timing::PULL_BYTES_PER_SECOND;
                let takes = timing::PULL_OVERHEAD + Duration::from_micros(micros);
                if self.slow.contains(&image.name) { takes * timing::SLOW_IMAGE } else { takes }
            }
            Err(_) => timing::REGISTRY_ANSWER,
        };
        // No two pulls take equally long.
        let takes = takes + Duration::from_micros(cx.rng().below(100_000));
        if let Some(sandbox) = self.sandboxes.get(pod) {
            let node = self.machine.name.clone();
            let pod = sandbox.pod.clone();
            cx.note(Fact::Pulling { node, pod, container: container.clone(), image: image.clone(), bytes, takes });
        }
        self.pulls.insert(id, pull);
        cx.after(takes, Event::Timer(Timer { what: FETCHED, key: "".into(), number: id }));
    }

    fn fetched(&mut self, cx: &mut Cx, id: u64) {
        let Some(Pull { pod, container, image, outcome }) = self.pulls.remove(&id) else { return };
        let node = self.machine.name.clone();
        let whose = self.sandboxes.get(&pod).map(|sandbox| sandbox.pod.clone());
        let outcome = match outcome {
            Ok(status) => {
                self.images.insert(status.name.clone(), status.clone());
                if let Some(pod) = whose {
                    cx.note(Fact::Pulled { node, pod, container, image, cached: false });
                }
                Ok(CriReply::Image(status))
            }
            Err(text) => {
                let error: Rc<str> = format!("rpc error: code = {text}").into();
                if let Some(pod) = whose {
                    cx.note(Fact::PullFailed { node, pod, container, image, error: error.clone() });
                }
                Err(CriError::ImageNotFound(error))
            }
        };
        self.reply(cx, id, Duration::ZERO, outcome);
    }

    fn create(&mut self, cx: &mut Cx, call: u64, spec: ContainerSpec) {
        let Some(sandbox) = self.sandboxes.get_mut(&spec.pod).filter(|sandbox| sandbox.ready) else {
            let text = format!("failed to find sandbox id for pod {}: not found", spec.pod);
            return self.reply(cx, call, Duration::ZERO, Err(CriError::NotFound(text.into())));
        };
        let rng = cx.rng();
        let mut part = || format!("{:016x}", rng.next_u64());
        let id: Rc<str> = format!("{}{}{}{}", part(), part(), part(), part()).into();
        sandbox.containers.push(id.clone());
        let container = Container {
            spec: Rc::new(spec),
            state: ContainerState::Created,
            course: Rc::default(),
            touched: Vec::new(),
            timer: 0,
            stops: Vec::new(),
            works: false,
            ready: false,
        };
        self.containers.insert(id.clone(), container);
        let outcome = match self.machine.engine {
            // It makes the process's surroundings now, not when it is started.
            Engine::CriO => self.try_out(&id, cx.now()).map(|()| CriReply::Container { id }),
            _ => Ok(CriReply::Container { id }),
        };
        self.reply(cx, call, timing::CONTAINER_CREATE, outcome);
    }

    #[inline(never)]
    fn try_out(&mut self, id: &Rc<str>, now: Time) -> Result<(), CriError> {
        let seen = self.seen(id, now);
        let Some(why) = self.containers.get(id).and_then(|container| container.spec.course(seen).err()) else {
            return Ok(());
        };
        self.remove(id);
        Err(CriError::StartError(start::refused(Engine::CriO, &why).into()))
    }

    fn start_container(&mut self, cx: &mut Cx, call: u64, id: &Rc<str>) {
        let since = cx.now() + timing::CONTAINER_START;
        let seen = self.seen(id, since);
        let Some(container) = self.containers.get_mut(id) else { return self.unknown(cx, call, id) };
        match container.spec.course(seen) {
            Ok(course) => {
                container.state = ContainerState::Running { since };
                let ends = course.ends;
                container.course = Rc::new(course);
                let pod = container.spec.pod.clone();
                if let Some((after, _)) = ends {
                    self.arm(cx, id, ENDS, timing::CONTAINER_START + after);
                }
                self.think_around(cx, id);
                self.turn(id, true, cx.cause());
                self.tell_clients(cx, &pod, timing::CONTAINER_START);
                self.reply(cx, call, timing::CONTAINER_START, Ok(CriReply::Done));
            }
            Err(why) => {
                let engine = self.machine.engine;
                let text: Rc<str> = start::refused(engine, &why).into();
                container.state = start::never(engine, since, &text);
                self.reply(cx, call, timing::CONTAINER_START, Err(CriError::StartError(text)));
            }
        }
    }

    fn unknown(&self, cx: &mut Cx, call: u64, id: &str) {
        let text = format!("an error occurred when try to find container \"{id}\": not found");
        self.reply(cx, call, Duration::ZERO, Err(CriError::NotFound(text.into())));
    }

    fn stop(&mut self, cx: &mut Cx, call: u64, id: &Rc<str>, timeout: Duration) {
        let Some(container) = self.containers.get_mut(id) else { return self.unknown(cx, call, id) };
        if container.since().is_none() {
            return self.reply(cx, call, Duration::ZERO, Ok(CriReply::Done));
        }
        container.stops.push(call);
        let course = container.course.clone();
        let own = container.ends_at().map(|at| at.since(cx.now()));
        match course.on_term {
            OnTerm::Exit(after, _) if after <= timeout && own.is_none_or(|own| after < own) => {
                self.arm(cx, id, ENDS, after);
            }
            _ if own.is_some_and(|own| own <= timeout) => self.arm(cx, id, ENDS, own.unwrap_or_default()),
            _ => self.arm(cx, id, KILL, timeout),
        }
    }

    /// A timer of a container: its process ends by itself, ends because of SIGTERM, or is killed.
    fn due(&mut self, cx: &mut Cx, timer: &Timer) {
        let Some(container) = self.containers.get(&timer.key).filter(|container| container.timer == timer.number)
        else {
            return;
        };
        let course = container.course.clone();
        let own = course.ends.filter(|_| container.ends_at().is_some_and(|at| at <= cx.now()));
        if timer.what == KILL {
            if let Some(pod) = self.sandboxes.get(&container.spec.pod).map(|sandbox| sandbox.pod.clone()) {
                let (node, name) = (self.machine.name.clone(), container.spec.name.clone());
                cx.note(Fact::ContainerKilled { node, pod, container: name });
            }
            return self.end(cx, &timer.key, 137, "Error");
        }
        match (own, course.on_term) {
            (Some(_), _) if course.out_of_memory => self.end(cx, &timer.key, 137, "OOMKilled"),
            (Some((_, code)), _) | (None, OnTerm::Exit(_, code)) => self.end(cx, &timer.key, code, "Error"),
            (None, OnTerm::Ignore) => {}
        }
    }

    /// A container's process has ended.
    fn end(&mut self, cx: &mut Cx, id: &Rc<str>, code: i32, reason: &'static str) {
        let at = cx.now();
        let Some(container) = self.containers.get_mut(id) else { return };
        let Some(since) = container.since() else { return };
        let reason = if code == 0 { "Completed" } else { reason };
        let message = container.course.message.clone();
        container.state = ContainerState::Exited { since, at: at.max(since), code, reason, message };
        container.timer += 1;
        let stops = std::mem::take(&mut container.stops);
        let status = container.status(id);
        let name = container.spec.name.clone();
        self.keep_writings(cx, id);
        if let Some(pod) = self.sandboxes.get(&status.pod).map(|sandbox| sandbox.pod.clone()) {
            let node = self.machine.name.clone();
            let cause = cx.note(Fact::ContainerExited { node, pod, container: name, code, reason });
            self.turn(id, false, Some(cause));
        }
        self.tell_clients(cx, &status.pod, Duration::ZERO);
        self.tell(cx, Duration::ZERO, Message::CriEvent(status));
        for call in stops {
            self.reply(cx, call, Duration::ZERO, Ok(CriReply::Done));
        }
    }
}
