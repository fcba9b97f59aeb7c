//! The engine's thread: simulated time passes with real time, requests go in, answers come out.

use super::cluster::Cluster;
use super::logs;
use crate::api::Status;
use crate::cluster::outside::Said;
use crate::cluster::wire::{Message, OUTSIDE, Reply, User};
use crate::http::{self, Answer, Asked, Begun, Call};
use crate::sim::Time;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Nobody waits longer than this for the engine to look whether somebody has hung up.
const LONGEST_NAP: Duration = Duration::from_millis(200);
/// The engine works so long before it looks at the door again.
const LONGEST_WORK: Duration = Duration::from_millis(50);
/// A machine that is so far behind the clock gives up catching up.
const LONGEST_LAG: Duration = Duration::from_secs(2);
/// So much simulated time passes while a client starts: what a kubectl needs on an idle machine.
const START: Duration = Duration::from_millis(50);
/// So much slower than the clock on the wall simulated time passes while it works.
const WORK: f64 = 0.4;

/// A piece of an answer. The answer is over when no more can come.
#[derive(Debug)]
pub enum Part {
    /// Code, headers, and the whole body or nothing of it yet; whether more follows.
    Head(Answer, bool),
    /// More of the body.
    Chunk(Vec<u8>),
}

/// Somebody at the door.
#[derive(Debug)]
pub struct Visit {
    asked: Asked,
    credentials: Credentials,
    to: UnboundedSender<Part>,
}

/// A name and its groups, as they may cross from one thread to another.
pub type Named = (String, Vec<String>);

/// Who somebody says he is.
#[derive(Debug)]
pub struct Credentials {
    /// Whose name he is lent.
    pub lent: Named,
    /// His bearer token: it counts more than what is lent.
    pub token: Option<String>,
    /// In whose name he asks.
    pub acts_as: Option<Named>,
}

/// The way to the engine, for those who carry the bytes.
#[derive(Clone)]
pub struct Door(Sender<Visit>);

impl Door {
    /// A door, and where the engine finds who came through it.
    pub fn open() -> (Self, Receiver<Visit>) {
        let (sender, receiver) = channel();
        (Self(sender), receiver)
    }

    /// Asks; the parts of the answer come through what is given back.
    pub fn ask(&self, asked: Asked, credentials: Credentials) -> UnboundedReceiver<Part> {
        let (to, parts) = unbounded_channel();
        // Without an engine nobody answers: the caller sees the end of the channel.
        let _ = self.0.send(Visit { asked, credentials, to });
        parts
    }
}

/// A request that is under way, or a watch that is open.
struct Client {
    call: Box<Call>,
    to: UnboundedSender<Part>,
    /// The stream has begun and this is how many events it has had.
    events: Option<u64>,
    /// When the watch ends.
    until: Option<Time>,
}

struct Engine {
    cluster: Box<dyn Cluster>,
    clients: BTreeMap<u64, Client>,
    next: u64,
}

/// How simulated time passes for somebody who repeats what was recorded on a machine that had nothing else to do: a client
/// starts and works as fast as there, however slow it is here.
#[derive(Clone, Debug, Default)]
pub struct Pace(Arc<AtomicU8>);

impl Pace {
    const FREE: u8 = 0;
    const STARTING: u8 = 1;
    const WORKING: u8 = 2;

    /// A client is starting.
    pub fn starts(&self) {
        self.0.store(Self::STARTING, Ordering::Relaxed);
    }

    /// Nobody is: time passes as it does.
    pub fn free(&self) {
        self.0.store(Self::FREE, Ordering::Relaxed);
    }

    /// It has come.
    fn comes(&self) {
        // Only a start ends so.
        let _ = self.0.compare_exchange(Self::STARTING, Self::WORKING, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn now(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs until nobody can come any more.
pub fn run(cluster: Box<dyn Cluster>, speed: f64, pace: &Pace, door: &Receiver<Visit>) {
    let mut clock = Clock::new(speed, cluster.now());
    let mut engine = Engine { cluster, clients: BTreeMap::new(), next: OUTSIDE };
    loop {
        clock.follow(pace.now());
        let due = clock.now();
        let worked = engine.work(due);
        if !worked {
            clock.fall_behind(engine.cluster.now());
        }
        engine.hang_up();
        let nap = if worked { engine.nap(&clock) } else { Duration::ZERO };
        match door.recv_timeout(nap) {
            Ok(visit) => {
                pace.comes();
                clock.follow(pace.now());
                // What has happened until now comes before what is asked now.
                engine.work(clock.now());
                engine.welcome(visit);
                while let Ok(visit) = door.try_recv() {
                    engine.welcome(visit);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Which simulated moment it is.
struct Clock {
    speed: f64,
    pace: u8,
    base: Time,
    since: Instant,
}

impl Clock {
    fn new(speed: f64, base: Time) -> Self {
        Self { speed, pace: Pace::FREE, base, since: Instant::now() }
    }

    fn now(&self) -> Time {
        let passed = self.since.elapsed().mul_f64(self.speed());
        self.base + if self.pace == Pace::STARTING { passed.min(START.mul_f64(self.speed)) } else { passed }
    }

    fn speed(&self) -> f64 {
        if self.pace == Pace::WORKING { self.speed * WORK } else { self.speed }
    }

    fn follow(&mut self, pace: u8) {
        if pace != self.pace {
            (self.base, self.since) = (self.now(), Instant::now());
            self.pace = pace;
        }
    }

    /// How long until a simulated moment.
    fn until(&self, at: Time) -> Duration {
        at.since(self.now()).div_f64(self.speed())
    }

    /// Forgets what cannot be caught up with.
    fn fall_behind(&mut self, reached: Time) {
        if self.now().since(reached).div_f64(self.speed()) > LONGEST_LAG {
            self.base = reached;
            self.since = Instant::now();
        }
    }
}

impl Engine {
    /// Lets time pass until `due`; false if there was too much to do.
    fn work(&mut self, due: Time) -> bool {
        let begun = Instant::now();
        while self.cluster.next_at().is_some_and(|at| at <= due) {
            if let Said::Outside(id, message) = self.cluster.step() {
                self.said(id, message);
            }
            if begun.elapsed() > LONGEST_WORK {
                return false;
            }
        }
        self.cluster.advance(due);
        true
    }

    fn nap(&self, clock: &Clock) -> Duration {
        self.cluster.next_at().map_or(LONGEST_NAP, |at| clock.until(at).min(LONGEST_NAP))
    }

    fn welcome(&mut self, Visit { asked, credentials, to }: Visit) {
        let custom = self.cluster.custom_kinds();
        let begun = self.user(&credentials).map(|user| {
            if let Some(answer) = logs::answer(&asked, &*self.cluster) {
                return (user, Begun::Answer(answer));
            }
            let mut may = |verb: &str, path: &str| self.may(&user, verb, path);
            let begun = http::begin(&asked, &mut may, &custom);
            (user, begun)
        });
        let (user, call) = match begun {
            Ok((user, Begun::Ask(call))) => (user, call),
            // Who has hung up is told nothing.
            Ok((_, Begun::Answer(answer))) => return drop(to.send(Part::Head(answer, false))),
            Err(status) => return drop(to.send(Part::Head(Answer::status(&status), false))),
        };
        let id = self.next;
        self.next += 1;
        self.cluster.send(Message::Request { id, user, request: call.request.clone() });
        self.clients.insert(id, Client { call, to, events: None, until: None });
    }

    /// Whom the credentials name.
    fn user(&mut self, Credentials { lent, token, acts_as }: &Credentials) -> Result<User, Status> {
        let user = |(name, groups): &Named| User::new(name, &groups.iter().map(String::as_str).collect::<Vec<_>>());
        let mut known = Ok(user(lent));
        if let Some(token) = token {
            self.cluster.with_server(&mut |server, now| known = server.authenticate(token, now));
        }
        let known = known?;
        Ok(match acts_as {
            Some(other) => known.acting_as(user(other)),
            None => known,
        })
    }

    fn may(&mut self, user: &User, verb: &str, path: &str) -> Result<(), Status> {
        let mut answer = Ok(());
        self.cluster.with_server(&mut |server, _| answer = server.authorize_path(user, verb, path));
        answer
    }

    fn said(&mut self, id: u64, message: Message) {
        let now = self.cluster.now();
        let Some(client) = self.clients.get_mut(&id) else { return };
        match message {
            Message::Response { outcome, .. } => {
                let watching = matches!(outcome, Ok(Reply::Watching));
                let _ = client.to.send(Part::Head(client.call.answer(&outcome, now), watching));
                if watching {
                    client.events = Some(0);
                    client.until = client.call.timeout.map(|seconds| now + Duration::from_secs(seconds));
                } else {
                    self.clients.remove(&id);
                }
            }
            Message::Watch { events, .. } => {
                let Some(sent) = &mut client.events else { return };
                for event in events.iter() {
                    let line = client.call.event(event, *sent == 0, now);
                    *sent += 1;
                    let _ = client.to.send(Part::Chunk(line));
                }
            }
            Message::WatchEnded { status, .. } => {
                let _ = client.to.send(Part::Chunk(client.call.ended(&status)));
                self.clients.remove(&id);
            }
            _ => {}
        }
    }

    /// Closes the watches whose time is over, or to which nobody listens any more.
    fn hang_up(&mut self) {
        let now = self.cluster.now();
        let over = |client: &Client| {
            client.events.is_some() && (client.to.is_closed() || client.until.is_some_and(|until| until <= now))
        };
        let over: Vec<u64> = self.clients.iter().filter(|(_, client)| over(client)).map(|(id, _)| *id).collect();
        for id in over {
            self.clients.remove(&id);
            self.cluster.send(Message::StopWatch { id });
        }
    }
}
