//! The API server and etcd on a kernel of their own, and a client that writes down what it hears.
#![allow(dead_code, reason = "each test file uses its part")]

use bottle::api::manifest;
use bottle::api::object::{Key, Object};
use bottle::api::request::Body;
use bottle::api::{Kind, Options, Request, Status, Target, Verb};
use bottle::cluster::apiserver::ApiServer;
use bottle::cluster::etcd::Etcd;
use bottle::cluster::fact::Fact;
use bottle::cluster::wire::{Address, Event, Message, Reply, User, WatchEvent};
use bottle::cluster::{Cx, timing};
use bottle::sim::{Duration, Kernel, Time, Trace};
use serde_json::{Value, json};
use std::rc::Rc;

pub type Answer = Result<Reply, Rc<Status>>;

pub struct Bench {
    pub kernel: Kernel<Address, Event>,
    pub trace: Trace<Fact>,
    pub server: ApiServer,
    pub etcd: Etcd,
    pub answers: Vec<(u64, Answer)>,
    pub seen: Vec<(Address, u64, u64, WatchEvent)>,
    pub heard: Vec<Rc<[WatchEvent]>>,
    pub ended: Vec<(u64, Rc<Status>)>,
    pub next: u64,
}

impl Bench {
    pub fn new() -> Self {
        let mut bench = Self {
            kernel: Kernel::new(7, Time::from_secs(-60), timing::LINK),
            trace: Trace::default(),
            server: ApiServer::new(),
            etcd: Etcd::new(),
            answers: Vec::new(),
            seen: Vec::new(),
            heard: Vec::new(),
            ended: Vec::new(),
            next: 1,
        };
        bench.etcd.start(&mut Cx::new(&mut bench.kernel, &mut bench.trace, Address::Etcd(0), None));
        bench.server.start(&mut Cx::new(&mut bench.kernel, &mut bench.trace, Address::ApiServer, None));
        bench.run(Duration::from_secs(1));
        assert!(bench.server.is_ready());
        bench.create(service_account("default"));
        bench
    }

    /// With the namespace of the recordings.
    pub fn golden() -> Self {
        let mut bench = Self::new();
        bench.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "golden"}}));
        let mut account = create(service_account("default"));
        account.target = Target::new(account.target.object.kind, "golden", "default");
        bench.ask(account).expect("created");
        bench
    }

    /// Creates the documents of a manifest in `golden`; false if one is of a kind that is not known.
    pub fn apply(&mut self, text: &str) -> bool {
        manifest::read(text).documents.into_iter().all(|document| {
            let word = |field: &str| document.value[field].as_str().unwrap_or_default().to_owned();
            let Some(kind) = Kind::find(&word("apiVersion"), &word("kind")) else { return false };
            let name = document.value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let target = Target::new(kind, if kind.namespaced { "golden" } else { "" }, &name);
            let body = Body::Document(Rc::new(document.value));
            self.ask(Request { verb: Verb::Create, target, options: Options::default(), body }).is_ok()
        })
    }

    pub fn run(&mut self, time: Duration) {
        let until = self.kernel.now() + time;
        while self.kernel.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.kernel.advance(until);
    }

    pub fn step(&mut self) {
        let Some(scheduled) = self.kernel.pop() else { return };
        let to = scheduled.to.clone();
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, to.clone(), scheduled.cause);
        match to {
            Address::ApiServer => self.server.handle(&mut cx, scheduled.event),
            Address::Etcd(0) => self.etcd.handle(&mut cx, scheduled.event),
            client => match scheduled.event {
                Event::Message { message: Message::Response { id, outcome }, .. } => self.answers.push((id, outcome)),
                Event::Message { message: Message::Watch { id, sequence, events }, .. } => {
                    self.heard.push(events.clone());
                    self.seen.extend(events.iter().map(|event| (client.clone(), id, sequence, event.clone())));
                }
                Event::Message { message: Message::WatchEnded { id, status }, .. } => self.ended.push((id, status)),
                other => panic!("a client got {other:?}"),
            },
        }
    }

    /// The messages of watches as they came.
    pub fn batches(&mut self) -> Vec<Rc<[WatchEvent]>> {
        std::mem::take(&mut self.heard)
    }

    pub fn send_from(&mut self, from: Address, user: &User, request: Request) -> u64 {
        let id = self.next;
        self.next += 1;
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, from.clone(), None);
        let message = Message::Request { id, user: user.clone(), request: Rc::new(request) };
        cx.send(Address::ApiServer, Event::Message { from, message });
        id
    }

    pub fn send(&mut self, request: Request) -> u64 {
        self.send_from(Address::User, &User::new("kubernetes-admin", &["system:masters"]), request)
    }

    pub fn answer_to(&mut self, id: u64) -> Answer {
        for _ in 0..10_000 {
            if let Some(at) = self.answers.iter().position(|(answered, _)| *answered == id) {
                return self.answers.remove(at).1;
            }
            self.step();
        }
        panic!("no answer to {id}");
    }

    pub fn ask(&mut self, request: Request) -> Answer {
        let id = self.send(request);
        self.answer_to(id)
    }

    pub fn ask_as(&mut self, user: &User, request: Request) -> Answer {
        let id = self.send_from(Address::User, user, request);
        self.answer_to(id)
    }

    pub fn object(&mut self, request: Request) -> Object {
        match self.ask(request) {
            Ok(Reply::Object { object, .. }) => object,
            other => panic!("no object but {other:?}"),
        }
    }

    pub fn refused(&mut self, request: Request) -> Status {
        match self.ask(request) {
            Err(status) => (*status).clone(),
            other => panic!("not refused but {other:?}"),
        }
    }

    pub fn create(&mut self, document: Value) -> Object {
        self.object(create(document))
    }

    pub fn get(&mut self, kind: &'static Kind, namespace: &str, name: &str) -> Object {
        self.object(Request::get(kind, &Key::new(namespace, name)))
    }

    pub fn list(&mut self, kind: &'static Kind, options: Options) -> (Vec<String>, u64, Rc<str>) {
        match self.ask(Request::list(kind, "").with(options)) {
            Ok(Reply::List { items, revision, continue_token, .. }) => {
                (items.iter().map(|item| item.name().to_owned()).collect(), revision, continue_token)
            }
            other => panic!("no list but {other:?}"),
        }
    }

    /// What a watch has told: change, name, revision.
    pub fn told(&self, id: u64) -> Vec<String> {
        let mine = self.seen.iter().filter(|(_, watch, ..)| *watch == id);
        mine.map(|(_, _, sequence, event)| match event {
            WatchEvent::Change(change, object) => format!("{sequence} {change:?} {}", object.name()),
            _ => format!("{sequence} bookmark"),
        })
        .collect()
    }
}

pub fn create(document: Value) -> Request {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = Kind::find(&text(&document["apiVersion"]), &text(&document["kind"])).expect("a known kind");
    let namespace = if kind.namespaced { "default" } else { "" };
    let target = Target::new(kind, namespace, &text(&document["metadata"]["name"]));
    Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(document)) }
}

pub fn service_account(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
}
