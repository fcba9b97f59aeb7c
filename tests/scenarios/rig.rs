//! A settled cluster, and a client of its API server who speaks HTTP and waits for each answer.

use bottle::cluster::World;
use bottle::cluster::boot::{Scenario, settle};
use bottle::cluster::fact::Fact;
use bottle::cluster::outside::Said;
use bottle::cluster::wire::{Message, OUTSIDE, User};
use bottle::http::{self, Asked, Begun, Call};
use bottle::sim::history::Simulation;
use bottle::sim::{Duration, Time, Trace};
use serde_json::Value;
use std::collections::BTreeMap;

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub code: u16,
    pub body: Value,
}

impl Answer {
    /// The server's words.
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

/// A watch: what has come so far.
struct Stream {
    call: Box<Call>,
    events: Vec<Value>,
}

/// The cluster and its client.
pub struct Rig {
    pub world: World,
    pub trace: Trace<Fact>,
    next: u64,
    streams: BTreeMap<u64, Stream>,
    answers: BTreeMap<u64, (Box<Call>, Option<Answer>)>,
}

impl Rig {
    /// Three ships, settled.
    pub fn settled() -> (World, Trace<Fact>) {
        settle(&Scenario::named("three-ships").expect("the scenario"), 1)
    }

    pub fn new((world, trace): (World, Trace<Fact>)) -> Self {
        Self { world, trace, next: OUTSIDE, streams: BTreeMap::new(), answers: BTreeMap::new() }
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.world.now()
    }

    fn begin(method: &str, path: &str, content_type: &str, body: &Value) -> Begun {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let asked = Asked {
            method: method.to_owned(),
            path: path.to_owned(),
            content_type: content_type.to_owned(),
            body,
            ..Asked::default()
        };
        http::begin(&asked, &mut |_, _| Ok(()), &[])
    }

    fn send(&mut self, call: &Call) -> u64 {
        let id = self.next;
        self.next += 1;
        let user = User::new("kubernetes-admin", &["system:masters", "system:authenticated"]);
        self.world.send_from_outside(Message::Request { id, user, request: call.request.clone() }, &mut self.trace);
        id
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask_as(method, path, "application/json", body)
    }

    /// The same with a content type.
    pub fn ask_as(&mut self, method: &str, path: &str, content_type: &str, body: &Value) -> Answer {
        let read = |answer: http::Answer| Answer {
            code: answer.code,
            body: serde_json::from_slice(&answer.body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&answer.body).into_owned())),
        };
        let call = match Self::begin(method, path, content_type, body) {
            Begun::Answer(answer) => return read(answer),
            Begun::Ask(call) => call,
        };
        let id = self.send(&call);
        self.answers.insert(id, (call, None));
        for _ in 0..1_000_000 {
            if self.answers.get(&id).is_some_and(|(_, answer)| answer.is_some()) {
                break;
            }
            self.step();
        }
        let answer = self.answers.remove(&id).and_then(|(_, answer)| answer);
        answer.expect("the server answers every request")
    }

    /// Opens a watch; gives its number, or why it was refused.
    pub fn watch(&mut self, path: &str) -> Result<u64, Answer> {
        match Self::begin("GET", path, "", &Value::Null) {
            Begun::Answer(answer) => {
                Err(Answer { code: answer.code, body: serde_json::from_slice(&answer.body).unwrap_or_default() })
            }
            Begun::Ask(call) => {
                let id = self.send(&call);
                self.streams.insert(id, Stream { call, events: Vec::new() });
                Ok(id)
            }
        }
    }

    /// What a watch has brought, bookmarks left out.
    pub fn events(&self, watch: u64) -> &[Value] {
        self.streams.get(&watch).map_or(&[], |stream| &stream.events)
    }

    fn step(&mut self) {
        let now = self.world.now();
        let Said::Outside(id, message) = self.world.step_outside(&mut self.trace) else { return };
        match message {
            Message::Response { outcome, .. } => {
                if let Some((call, answer)) = self.answers.get_mut(&id) {
                    let said = call.answer(&outcome, now);
                    let body = serde_json::from_slice(&said.body).unwrap_or_default();
                    *answer = Some(Answer { code: said.code, body });
                } else if let (Some(stream), Err(status)) = (self.streams.get_mut(&id), outcome) {
                    stream.events.push(serde_json::json!({"type": "ERROR", "object": status.to_value()}));
                }
            }
            Message::Watch { events, .. } => {
                let Some(stream) = self.streams.get_mut(&id) else { return };
                for event in events.iter() {
                    let line = stream.call.event(event, stream.events.is_empty(), now);
                    let value: Value = serde_json::from_slice(&line).expect("a line of JSON");
                    if value["type"] != "BOOKMARK" {
                        stream.events.push(value);
                    }
                }
            }
            Message::WatchEnded { status, .. } => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.events.push(serde_json::json!({"type": "ERROR", "object": status.to_value()}));
                }
            }
            _ => {}
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let to = self.world.now() + time;
        while self.world.next_at().is_some_and(|at| at <= to) {
            self.step();
        }
        self.world.advance(to);
    }
}
