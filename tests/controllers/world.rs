//! A small world: API server, etcd, controllers, scheduler, and one process that plays all kubelets.

use crate::sim::Ships;
use bottle::api::{Object, Request};
use bottle::cluster::apiserver::ApiServer;
use bottle::cluster::client::runner::Runner;
use bottle::cluster::controllers::{CONTROLLERS, ControllerManager};
use bottle::cluster::etcd::Etcd;
use bottle::cluster::fact::Fact;
use bottle::cluster::scheduler::Scheduler;
use bottle::cluster::wire::{Address, Event, Message, Reply, User};
use bottle::cluster::{Cx, timing};
use bottle::sim::{Duration, Kernel, Time, Trace};
use std::rc::Rc;

pub struct World {
    pub kernel: Kernel<Address, Event>,
    pub trace: Trace<Fact>,
    pub server: ApiServer,
    pub manager: Runner,
    pub ships: Ships,
    etcd: Etcd,
    scheduler: Scheduler,
    next: u64,
    refused: Vec<String>,
}

impl World {
    /// A settled world with the given nodes at time zero.
    pub fn new(nodes: Vec<serde_json::Value>) -> Self {
        let mut world = Self {
            kernel: Kernel::new(7, Time::from_secs(-60), timing::LINK),
            trace: Trace::default(),
            server: ApiServer::new(),
            manager: ControllerManager::new(CONTROLLERS),
            ships: Ships::new(nodes),
            etcd: Etcd::new(),
            scheduler: Scheduler::new(),
            next: 1,
            refused: Vec::new(),
        };
        world.etcd.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::Etcd(0), None));
        world.server.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::ApiServer, None));
        world.run_to(Time::from_secs(-50));
        world.manager.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::ControllerManager, None));
        world.scheduler.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::Scheduler, None));
        world.ships.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::Kubelet("all".into()), None));
        world.run_to(Time::from_secs(-20));
        world
    }

    pub fn run_to(&mut self, until: Time) {
        while self.kernel.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.kernel.advance(until);
    }

    fn step(&mut self) {
        let Some(next) = self.kernel.pop() else { return };
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, next.to.clone(), next.cause);
        match next.to {
            Address::ApiServer => self.server.handle(&mut cx, next.event),
            Address::Etcd(_) => self.etcd.handle(&mut cx, next.event),
            Address::ControllerManager => self.manager.handle(&mut cx, next.event),
            Address::Scheduler => self.scheduler.handle(&mut cx, next.event),
            Address::Kubelet(_) => self.ships.handle(&mut cx, next.event),
            Address::User => {
                if let Event::Message { message: Message::Response { outcome: Err(status), .. }, .. } = next.event {
                    self.refused.push(status.message.clone());
                }
            }
            Address::Runtime(_) => {}
        }
    }

    /// Sends a request as the administrator.
    pub fn send(&mut self, request: Request) {
        let id = self.next;
        self.next += 1;
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, Address::User, None);
        let user = User::new("kubernetes-admin", &["system:masters"]);
        let message = Message::Request { id, user, request: Rc::new(request) };
        cx.send(Address::ApiServer, Event::Message { from: Address::User, message });
    }

    /// What the server has refused the administrator since the last time.
    pub fn take_refused(&mut self) -> Vec<String> {
        std::mem::take(&mut self.refused)
    }

    /// Lets the ships do something.
    pub fn with_ships<T>(&mut self, act: impl FnOnce(&mut Ships, &mut Cx) -> T) -> T {
        let World { kernel, trace, ships, .. } = self;
        act(ships, &mut Cx::new(kernel, trace, Address::Kubelet("all".into()), None))
    }

    pub fn after(&mut self, time: Duration) {
        let until = self.kernel.now() + time;
        self.run_to(until);
    }

    /// All objects of all kinds in a namespace, and the nodes and namespaces.
    pub fn objects(&self) -> Vec<Object> {
        bottle::api::kinds::KINDS.iter().flat_map(|kind| self.server.objects(kind)).cloned().collect()
    }
}

/// The reply's object, for those who ask in tests.
#[allow(dead_code, reason = "kept beside its counterpart")]
pub fn object(reply: Reply) -> Option<Object> {
    match reply {
        Reply::Object { object, .. } => Some(object),
        _ => None,
    }
}
