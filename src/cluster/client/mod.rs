//! How every component talks to the API server: requests with answers, and shared informers.
//!
//! In Kubernetes this is `client-go`. An *informer* lists a kind once, then watches from the list's revision, and keeps
//! a [`cache::Cache`] that its component reads instead of asking again. When the watch breaks it lists again.
//!
//! ```text
//!   component ── request ──▶ API server            Notice::Reply
//!             ◀─ response ──
//!   informer  ── list ─────▶                       Notice::Synced (first time), Notice::Changed for each difference
//!             ── watch ────▶
//!             ◀─ events ····  ····  ····           Notice::Changed { old, new }
//! ```
//!
//! Left out: paging of lists, client-side rate limits, and protobuf.

pub mod cache;
pub mod controller;
pub mod election;
pub mod events;
mod round;
pub mod runner;
mod silence;
pub mod step;
#[cfg(test)]
pub(crate) mod testing;
pub mod workqueue;

use self::cache::Cache;
use super::Cx;
use super::fact::{Call, Fact};
use super::timing;
use super::wire::{Address, Change, Event, Message, Reply, Scope, Timer, User, WatchEvent};
use crate::api::request::PatchType;
use crate::api::{Kind, Object, Options, Request, Status};
use crate::sim::Map;
use crate::sim::{Duration, FactId, Time};
use k8s_openapi::api::core::v1 as core;
use serde_json::Value;
use std::rc::Rc;

/// What the client tells its component.
#[derive(Clone, PartialEq, Debug)]
pub enum Notice {
    /// An answer to a request that the component made.
    Reply {
        /// The number that [`Client::request`] gave.
        id: u64,
        /// What came of it.
        outcome: Result<Reply, Rc<Status>>,
        /// The fact because of which the request was made.
        cause: Option<FactId>,
    },
    /// An informer's cache has all objects for the first time.
    Synced(&'static Kind),
    /// An object in a cache has changed. The cache already shows `new`.
    Changed {
        /// Before; `None`: it is new here.
        old: Option<Object>,
        /// After; `None`: it is gone.
        new: Option<Object>,
        /// The fact that brought the news; what is done about it is done because of it.
        cause: Option<FactId>,
    },
}

const SWEEP: &str = "client/sweep";
const REOPEN: &str = "client/reopen";
/// All timers of the client begin so; a component hands them to [`Client::timer`].
pub const TIMER_PREFIX: &str = "client/";

/// A component's connection to the API server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Client {
    user: User,
    next_id: u64,
    pending: Map<u64, Pending>,
    informers: Map<&'static Kind, Informer>,
    sweeping: bool,
    /// Whether its certificate has expired.
    expired: bool,
    /// The cache of all kinds without an informer.
    nothing: Cache,
}

/// A request without an answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Pending {
    since: Time,
    cause: Option<FactId>,
    purpose: Purpose,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Purpose {
    Component,
    /// An `Event`, which nobody waits for: the object in case it must be created, and how often it was tried.
    Event(Object, Option<User>, u32),
    List(&'static Kind),
    Watch(&'static Kind),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Informer {
    scope: Scope,
    cache: Cache,
    synced: bool,
    /// The id of the open watch, and how many of its messages have come.
    watch: Option<(u64, u64)>,
    heard: Time,
    backoff: Duration,
    reopening: bool,
}

impl Client {
    /// A client that presents itself as `user`.
    #[must_use]
    pub fn new(user: User) -> Self {
        Self {
            user,
            next_id: 1,
            pending: Map::new(),
            informers: Map::new(),
            sweeping: false,
            expired: false,
            nothing: Cache::default(),
        }
    }

    /// The client of the same process's next life. It begins with nothing, and numbers its requests on: an answer to the old
    /// process, whose connection is gone, must not be taken for one to the new.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self { next_id: self.next_id, expired: self.expired, ..Self::new(self.user.clone()) }
    }

    /// Whom it presents itself as.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Sends a request; the answer comes as [`Notice::Reply`] with the number given back here.
    pub fn request(&mut self, cx: &mut Cx, request: Request) -> u64 {
        self.send(cx, None, request, Purpose::Component)
    }

    /// The same with other credentials (each controller has a service account of its own).
    pub fn request_as(&mut self, cx: &mut Cx, user: &User, request: Request) -> u64 {
        self.send(cx, Some(user), request, Purpose::Component)
    }

    /// Writes an event: patches the one that it repeats, or creates it. Nobody is told what came of it.
    fn write_event(&mut self, cx: &mut Cx, user: Option<&User>, event: core::Event, patch: Option<Value>) {
        let event = Object::new(event);
        let request = match patch {
            Some(patch) => Request::patch(event.kind(), &event.key(), PatchType::Strategic, patch),
            None => Request::create(event.clone()),
        };
        self.send(cx, user, request, Purpose::Event(event, user.cloned(), 1));
    }

    /// Upstream: `client-go/tools/record/event.go`, `recordEvent`: an event to repeat may be gone, the server may be
    /// silent; whatever else it answers is final.
    fn event_written(
        &mut self,
        cx: &mut Cx,
        purpose: (Object, Option<User>, u32),
        outcome: &Result<Reply, Rc<Status>>,
    ) {
        let (event, user, tries) = purpose;
        let Err(status) = outcome else { return };
        let again = match status.code {
            404 => tries == 1,
            504 => tries < timing::EVENT_TRIES,
            _ => false,
        };
        if again {
            let purpose = Purpose::Event(event.clone(), user.clone(), tries + 1);
            self.send(cx, user.as_ref(), Request::create(event), purpose);
        }
    }

    /// Starts an informer for a kind, restricted by a field selector (empty: all).
    pub fn inform(&mut self, cx: &mut Cx, kind: &'static Kind, fields: &str) {
        let informer = Informer {
            scope: Scope { kind, fields: fields.into() },
            cache: Cache::default(),
            synced: false,
            watch: None,
            heard: cx.now(),
            backoff: timing::REFLECTOR_BACKOFF,
            reopening: false,
        };
        self.informers.insert(kind, informer);
        self.list(cx, kind);
    }

    /// Ends the informer of a kind.
    pub fn forget(&mut self, cx: &mut Cx, kind: &'static Kind) {
        let watch = self.informers.remove(&kind).and_then(|informer| informer.watch);
        if let Some((id, _)) = watch {
            let from = cx.me().clone();
            cx.send(Address::ApiServer, Event::Message { from, message: Message::StopWatch { id } });
        }
    }

    /// The cache of a kind; empty if there is no informer for it.
    #[must_use]
    pub fn cache(&self, kind: &'static Kind) -> &Cache {
        self.informers.get(&kind).map_or(&self.nothing, |informer| &informer.cache)
    }

    /// The object of a kind at a place, from the cache.
    #[must_use]
    pub fn lookup(&self, kind: &'static Kind, key: &crate::api::Key) -> Option<&Object> {
        self.informers.get(&kind)?.cache.get(key)
    }

    /// Whether all informers have listed.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.informers.values().all(|informer| informer.synced)
    }

    /// Whether there is an informer for the kind.
    #[must_use]
    pub fn informs(&self, kind: &'static Kind) -> bool {
        self.informers.contains_key(&kind)
    }

    /// The kinds that have an informer.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> + use<'_> {
        self.informers.keys().copied()
    }

    /// The kinds that are being watched at the moment.
    pub fn watching(&self) -> impl Iterator<Item = &'static Kind> + '_ {
        self.informers.iter().filter(|(_, informer)| informer.watch.is_some()).map(|(kind, _)| *kind)
    }

    /// Hands a message to the client. What the component must know comes back in order.
    pub fn handle(&mut self, cx: &mut Cx, message: Message) -> Vec<Notice> {
        match message {
            Message::Response { id, outcome } => self.response(cx, id, outcome),
            Message::Watch { id, sequence, events } => self.events(cx, id, sequence, &events),
            Message::WatchEnded { id, .. } => {
                if let Some(kind) = self.kind_of_watch(id) {
                    self.lose(cx, kind);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Hands a timer to the client whose name begins with [`TIMER_PREFIX`].
    pub fn timer(&mut self, cx: &mut Cx, timer: &Timer) -> Vec<Notice> {
        match timer.what {
            SWEEP => self.sweep(cx),
            REOPEN => {
                let named = |kind: &&'static Kind| kind.resource() == *timer.key;
                let kind = self.informers.keys().copied().find(named);
                if let Some(kind) = kind {
                    self.list(cx, kind);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn send(&mut self, cx: &mut Cx, user: Option<&User>, request: Request, purpose: Purpose) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let before = cx.cause();
        if matches!(purpose, Purpose::Component | Purpose::Event(..)) {
            let call = Call { from: cx.me().clone(), id };
            let ambient = is_ambient(&request);
            cx.note(Fact::Requested { call, verb: request.verb, target: request.target.clone(), ambient });
        }
        let nobody = || User::new("", &[]);
        let user = if self.expired { nobody() } else { user.unwrap_or(&self.user).clone() };
        let message = Message::Request { id, user, request: Rc::new(request) };
        let from = cx.me().clone();
        cx.send(Address::ApiServer, Event::Message { from, message });
        cx.because(before);
        self.pending.insert(id, Pending { since: cx.now(), cause: before, purpose });
        self.arm(cx);
        id
    }

    fn arm(&mut self, cx: &mut Cx) {
        if !self.sweeping {
            self.sweeping = true;
            cx.after(timing::REQUEST_TIMEOUT, Event::Timer(Timer::new(SWEEP)));
        }
    }

    fn list(&mut self, cx: &mut Cx, kind: &'static Kind) {
        let Some(informer) = self.informers.get_mut(&kind) else { return };
        informer.reopening = false;
        let options = Options { field_selector: informer.scope.fields.clone(), ..Options::default() };
        self.send(cx, None, Request::list(kind, "").with(options), Purpose::List(kind));
    }

    fn response(&mut self, cx: &mut Cx, id: u64, outcome: Result<Reply, Rc<Status>>) -> Vec<Notice> {
        let Some(pending) = self.pending.remove(&id) else { return Vec::new() };
        match (pending.purpose, outcome) {
            (Purpose::Component, outcome) => vec![Notice::Reply { id, outcome, cause: pending.cause }],
            (Purpose::Event(event, user, tries), outcome) => {
                self.event_written(cx, (event, user, tries), &outcome);
                Vec::new()
            }
            (Purpose::List(kind), Ok(Reply::List { items, revision, .. })) => self.listed(cx, kind, &items, revision),
            (Purpose::Watch(_), Ok(_)) => Vec::new(),
            (Purpose::List(kind) | Purpose::Watch(kind), _) => {
                self.lose(cx, kind);
                Vec::new()
            }
        }
    }

    fn listed(&mut self, cx: &mut Cx, kind: &'static Kind, items: &[Object], revision: u64) -> Vec<Notice> {
        let Some(informer) = self.informers.get_mut(&kind) else { return Vec::new() };
        let mut notices = informer.cache.replace(items, revision, cx.cause());
        if !informer.synced {
            informer.synced = true;
            notices.push(Notice::Synced(kind));
        }
        informer.backoff = timing::REFLECTOR_BACKOFF;
        informer.heard = cx.now();
        let fields = informer.scope.fields.clone();
        cx.note_aside(Fact::WatchOpened { by: cx.me().clone(), resource: kind.plural, listed: items.len() });
        let mut request = Request::watch(kind, revision);
        request.options.field_selector = fields;
        let id = self.send(cx, None, request, Purpose::Watch(kind));
        if let Some(informer) = self.informers.get_mut(&kind) {
            informer.watch = Some((id, 0));
        }
        notices
    }

    fn events(&mut self, cx: &mut Cx, id: u64, sequence: u64, events: &[WatchEvent]) -> Vec<Notice> {
        let Some(kind) = self.kind_of_watch(id) else { return Vec::new() };
        let Some(informer) = self.informers.get_mut(&kind) else { return Vec::new() };
        if informer.watch != Some((id, sequence - 1)) {
            self.lose(cx, kind);
            return Vec::new();
        }
        informer.watch = Some((id, sequence));
        informer.heard = cx.now();
        let mut notices = Vec::new();
        for event in events {
            match event {
                WatchEvent::Bookmark(revision) | WatchEvent::InitialEventsEnd(revision) => {
                    informer.cache.reached(*revision);
                }
                WatchEvent::Change(change, object) => {
                    let to = cx.me().clone();
                    let ambient = matches!(kind.kind, "Lease" | "Event");
                    let revision = object.revision();
                    let watched = Fact::Watched { to, object: object.reference(), change: *change, revision, ambient };
                    let cause = Some(cx.note_aside(watched));
                    let new = (*change != Change::Deleted).then(|| object.clone());
                    notices.push(informer.cache.change(object, new, cause));
                }
            }
        }
        notices
    }

    fn kind_of_watch(&self, id: u64) -> Option<&'static Kind> {
        let open = |informer: &Informer| informer.watch.is_some_and(|(watch, _)| watch == id);
        self.informers.iter().find(|(_, informer)| open(informer)).map(|(kind, _)| *kind)
    }
}

/// Whether a request is routine that never slows time: leases, events, reads.
fn is_ambient(request: &Request) -> bool {
    !request.verb.writes() || matches!(request.target.object.kind.kind, "Lease" | "Event")
}
