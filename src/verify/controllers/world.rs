//! A small world: API server, etcd, controllers, scheduler, and one process that plays all kubelets.

use super::kubelets::Ships;
use super::log::Log;
use super::pace::Pace;
use crate::api::{Object, Request, Verb};
use crate::cluster::apiserver::ApiServer;
use crate::cluster::client::runner::Runner;
use crate::cluster::controllers::{CONTROLLERS, ControllerManager};
use crate::cluster::etcd::Etcd;
use crate::cluster::fact::Fact;
use crate::cluster::scheduler::Scheduler;
use crate::cluster::wire::{Address, Event, Message, Reply, User};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Kernel, Time, Trace};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub struct World {
    pub kernel: Kernel<Address, Event>,
    pub trace: Trace<Fact>,
    pub api: ApiServer,
    manager: Option<Runner>,
    pub ships: Ships,
    etcd: Etcd,
    scheduler: Scheduler,
    next: u64,
    /// The answers to the administrator by request: code and message.
    answers: BTreeMap<u64, (i64, String)>,
    /// Which of his requests were a POST.
    posts: BTreeSet<u64>,
    /// Who wrote what.
    pub log: Log,
}

impl World {
    /// A settled world with the given nodes at time zero.
    pub fn new(nodes: Vec<Value>, flags: &Value, pace: Pace) -> Self {
        let mut world = Self {
            kernel: Kernel::new(7, Time::from_secs(-60), timing::LINK),
            trace: Trace::default(),
            api: ApiServer::new(),
            manager: None,
            ships: Ships::new(nodes, pace),
            etcd: Etcd::new(),
            scheduler: Scheduler::new(),
            next: 1,
            answers: BTreeMap::new(),
            posts: BTreeSet::new(),
            log: Log::default(),
        };
        world.etcd.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::Etcd(0), None));
        world.api.start(&mut Cx::new(&mut world.kernel, &mut world.trace, Address::ApiServer, None));
        world.run_to(Time::from_secs(-50));
        world.restart_manager(flags);
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
        if next.to == Address::ApiServer {
            self.log.hear(self.kernel.now(), &next.event, &self.trace);
        }
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, next.to.clone(), next.cause);
        match next.to {
            Address::ApiServer => self.api.handle(&mut cx, next.event),
            Address::Etcd(_) => self.etcd.handle(&mut cx, next.event),
            Address::ControllerManager => {
                if let Some(manager) = &mut self.manager {
                    manager.handle(&mut cx, next.event);
                }
            }
            Address::Scheduler => self.scheduler.handle(&mut cx, next.event),
            Address::Kubelet(_) | Address::Runtime(_) => self.ships.handle(&mut cx, next.event),
            Address::User => {
                if let Event::Message { message: Message::Response { id, outcome }, .. } = next.event {
                    let answer = match outcome {
                        Err(status) => (i64::from(status.code), status.message.clone()),
                        Ok(Reply::Object { created: true, .. }) => (201, String::new()),
                        Ok(Reply::Done { .. }) if self.posts.contains(&id) => (201, String::new()),
                        Ok(_) => (200, String::new()),
                    };
                    self.answers.insert(id, answer);
                }
            }
            Address::Sidecar(..) | Address::OtherScheduler(_) => {}
        }
    }

    /// Sends a request as the administrator.
    pub fn send(&mut self, request: Request) -> u64 {
        let id = self.next;
        self.next += 1;
        if request.verb == Verb::Create {
            self.posts.insert(id);
        }
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, Address::User, None);
        let user = User::new("kubernetes-admin", &["system:masters"]);
        let message = Message::Request { id, user, request: Rc::new(request) };
        cx.send(Address::ApiServer, Event::Message { from: Address::User, message });
        id
    }

    /// The answer to a request of the administrator: code and message.
    pub fn answer(&self, id: u64) -> Option<&(i64, String)> {
        self.answers.get(&id)
    }

    /// Stops the controllers; what they hold they do not give back.
    pub fn stop_manager(&mut self) {
        self.kernel.kill(&Address::ControllerManager);
        self.manager = None;
    }

    /// Starts them again, with other flags.
    pub fn restart_manager(&mut self, flags: &Value) {
        self.stop_manager();
        let flags = flags.as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut manager = ControllerManager::new(CONTROLLERS).with_flags(flags);
        manager.start(&mut Cx::new(&mut self.kernel, &mut self.trace, Address::ControllerManager, None));
        self.manager = Some(manager);
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
        crate::api::kinds::KINDS.iter().flat_map(|kind| self.api.objects(kind)).cloned().collect()
    }
}
