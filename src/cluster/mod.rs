//! The verbs: one folder for each real binary, and the world that they live in.
//!
//! Components meet only in the API server: list, watch, write. Nobody calls anybody. What they say to each other is
//! in [`wire`], what happened is in [`fact`], every duration is in [`timing`]. The world routes; it decides nothing.
//!
//! ```text
//!   user ──┐                    ┌── etcd
//!   scheduler ──┤              │
//!   controllers ┼── API server ─┘         kubelet ── runtime      (on each node)
//!   kubelets ───┘
//! ```

pub mod apiserver;
pub mod boot;
pub mod client;
pub mod controllers;
pub mod etcd;
pub mod fact;
mod faults;
pub mod input;
pub mod kubelet;
pub mod logs;
mod look;
pub mod machine;
mod metrics;
#[cfg(not(target_arch = "wasm32"))]
pub mod outside;
mod passage;
pub mod runtime;
pub mod scheduler;
mod sidecars;
pub mod storage;
pub mod timing;
mod user;
pub mod view;
pub mod why;
pub mod wire;

pub use self::look::Known;
pub use self::scheduler::what_if;

use self::fact::Fact;
use self::input::Input;
use self::wire::{Address, Event, Message};
use crate::sim::Map;
use crate::sim::hash::stable_hash;
use crate::sim::history::Simulation;
use crate::sim::kernel::Scheduled;
use crate::sim::{Kernel, Time, Trace};
use std::rc::Rc;

/// What a component's handler gets.
pub type Cx<'a> = crate::sim::Cx<'a, Address, Event, Fact>;
/// A run of a cluster.
pub type History = crate::sim::history::History<World>;

/// A whole cluster at a moment. A clone is a snapshot.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct World {
    kernel: Kernel<Address, Event>,
    /// Shared with snapshots one by one: only what has changed since is copied.
    processes: Map<Address, Rc<Process>>,
    /// Processes that have been stopped and not started again.
    stopped: crate::sim::Set<Address>,
    /// Faults that have begun and not been repaired, beside stopped processes and cut networks.
    faults: crate::sim::Set<(&'static str, Rc<str>)>,
}

/// A running program.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Process {
    User(Box<user::User>),
    ApiServer(Box<apiserver::ApiServer>),
    Etcd(Box<etcd::Etcd>),
    Scheduler(Box<scheduler::Scheduler>),
    ControllerManager(Box<controllers::ControllerManager>),
    Kubelet(Box<kubelet::Kubelet>),
    Runtime(Box<runtime::Runtime>),
    Sidecar(Box<client::runner::Runner>),
    Metrics(Box<metrics::MetricsServer>),
}

/// Does the same with whatever component the process is.
macro_rules! each {
    ($process:expr, $component:ident => $result:expr) => {
        match $process {
            Process::User($component) => $result,
            Process::ApiServer($component) => $result,
            Process::Etcd($component) => $result,
            Process::Scheduler($component) => $result,
            Process::ControllerManager($component) => $result,
            Process::Kubelet($component) => $result,
            Process::Runtime($component) => $result,
            Process::Sidecar($component) => $result,
            Process::Metrics($component) => $result,
        }
    };
}

impl Process {
    fn start(&mut self, cx: &mut Cx) {
        each!(self, component => component.start(cx));
    }

    fn handle(&mut self, cx: &mut Cx, event: Event) {
        each!(self, component => component.handle(cx, event));
    }

    fn restart(&mut self) {
        each!(self, component => **component = component.restarted());
    }
}

impl World {
    /// A world without anybody, whose clock stands at `now`.
    #[must_use]
    fn empty(seed: u64, now: Time) -> Self {
        let kernel = Kernel::new(seed, now, timing::LINK);
        Self { kernel, processes: Map::new(), stopped: crate::sim::Set::new(), faults: crate::sim::Set::new() }
    }

    /// The hash of everything: equal worlds have equal hashes, natively and in Wasm.
    #[must_use]
    pub fn hash(&self) -> u64 {
        stable_hash(self)
    }

    /// Whether every input has been answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        !matches!(self.process(&Address::User), Some(Process::User(user)) if !user.is_idle())
    }

    fn process(&self, address: &Address) -> Option<&Process> {
        self.processes.get(address).map(|process| &**process)
    }

    /// Adds a process and starts it.
    fn add(&mut self, address: Address, mut process: Process, trace: &mut Trace<Fact>) {
        process.start(&mut Cx::new(&mut self.kernel, trace, address.clone(), None));
        self.processes.insert(address, Rc::new(process));
    }

    fn with(&mut self, address: &Address, trace: &mut Trace<Fact>, run: impl FnOnce(&mut Process, &mut Cx)) {
        if let Some(process) = self.processes.get_mut(address) {
            run(Rc::make_mut(process), &mut Cx::new(&mut self.kernel, trace, address.clone(), None));
        }
    }
}

impl Simulation for World {
    type Input = Input;
    type Fact = Fact;

    fn now(&self) -> Time {
        self.kernel.now()
    }

    fn next_at(&self) -> Option<Time> {
        self.kernel.next_at()
    }

    fn handled(&self) -> u64 {
        self.kernel.handled()
    }

    fn step(&mut self, trace: &mut Trace<Fact>) {
        if let Some(event) = self.kernel.pop() {
            self.deliver(event, trace);
        }
    }

    fn advance(&mut self, to: Time) {
        self.kernel.advance(to);
    }

    fn input(&mut self, input: &Input, trace: &mut Trace<Fact>) {
        faults::input(self, input, trace);
    }

    fn size(&self) -> usize {
        self.processes.len()
    }
}

impl World {
    fn deliver(&mut self, event: Scheduled<Address, Event>, trace: &mut Trace<Fact>) {
        if let Event::Message { message: Message::Program(program), .. } = &event.event {
            return sidecars::run(self, (&event.to, program.as_deref()), event.cause, trace);
        }
        if self.stopped.contains(&event.to) {
            return self.undelivered(event, trace);
        }
        if let Some(process) = self.processes.get_mut(&event.to) {
            let process = Rc::make_mut(process);
            process.handle(&mut Cx::new(&mut self.kernel, trace, event.to, event.cause), event.event);
            if let Process::Runtime(runtime) = process {
                let turns = runtime.take_turns();
                faults::turn(self, turns, trace);
            }
        }
    }
}
