//! The API server: the harbour office through which everybody's papers go, and the only one with a key to the log room.
//!
//! Nobody in Kubernetes calls anybody. All read, write and watch objects here, and here alone it is decided what is
//! stored. A request passes one stage after the other, and a refusal at any of them answers at once and stores nothing:
//!
//! ```text
//!   request ▸ authentication ▸ authorization ▸ decoding and defaulting ▸ mutating admission ▸ validation
//!           ▸ validating admission ▸ storage ─▶ etcd            (stages/, admission/)
//!   etcd's watch ─▶ watch cache ─▶ reads, lists, watchers       (watch_cache.rs, watches.rs)
//! ```
//!
//! - **Reads** come from the watch cache. A read that names no revision first asks etcd how far it is and waits until
//!   the cache is as far (upstream: consistent reads from the cache), so it never shows an older world than the one
//!   that stood when it was asked.
//! - **Writes** are transactions: "store this if the object is still at revision n". If it is not, the write is planned
//!   again on the newer object, unless the client named the revision that it has seen: then it gets the 409.
//! - **The answer** to a write leaves when the cache has seen it: whoever reads after it sees what he wrote.
//! - **Watchers** are found through an index by kind, node and name, so that thousands of kubelets do not cost thousands
//!   of comparisons for each pod that moves.
//!
//! Everything here but the server's own life is volatile: a new process lists etcd once and goes on.
//!
//! Left out: audit, priority and fairness, webhooks, managed fields and server-side apply, the `exec`, `log` and
//! `proxy` subresources (they answer 404 and say so).

mod admission;
mod aggregation;
mod allocation;
mod authorizer;
mod bootstrap;
mod collection;
mod customs;
mod deletion;
mod eviction;
mod flight;
mod gates;
mod identity;
mod presence;
mod reads;
mod reviews;
mod stages;
mod subresources;
mod tokens;
mod upkeep;
mod watch_cache;
mod watches;
mod writes;

use self::authorizer::Authorizer;
use self::flight::{Flight, Phase};
use self::watch_cache::WatchCache;
use self::watches::Watches;
use super::fact::Call;
use super::wire::{Address, Behalf, EtcdError, EtcdEvent, EtcdOp, EtcdReply, Event, Message, Reply, Timer, User};
use super::{Cx, timing};
use crate::api::kinds::custom_resource_definition;
use crate::api::object::Objects;
use crate::api::object::{Key, Object};
use crate::api::rules::rbac;
use crate::api::{Kind, Request, Status};
use crate::sim::Time;
use crate::sim::{Log, Map, Set};
use std::rc::Rc;

const GATES: &str = "gates";
const BOOKMARKS: &str = "bookmarks";
const COMPACT: &str = "compact";
const SWEEP: &str = "sweep";

/// The number under which the server watches etcd; its requests are numbered from 1.
const ETCD_WATCH: u64 = 0;
/// The number of the request that reads everything at the start.
const ETCD_LIST: u64 = u64::MAX;
/// The number of compactions.
const ETCD_COMPACT: u64 = u64::MAX - 1;

/// The API server's process.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub struct ApiServer {
    cache: WatchCache,
    watches: Watches,
    flights: Map<u64, Flight>,
    /// Flights that wait for the cache to reach a revision.
    waiting: Set<(u64, u64)>,
    /// What came before the cache was filled.
    early: Vec<u64>,
    /// The lease that Events written now hang on, and when it was granted.
    event_lease: Option<(u64, Time)>,
    /// Service addresses and ports that flights have claimed.
    claims: Map<u64, Vec<Rc<str>>>,
    next: u64,
    /// Who may do what, as far as it has been asked.
    authorizer: Authorizer,
    /// The kinds that somebody has added, by the names of their definitions.
    customs: Map<Rc<str>, Vec<&'static Kind>>,
    /// Whether the cache has been filled.
    ready: bool,
    /// What it has still to make sure of, the next at the end.
    missing: Log<Object>,
    /// Whether all that it makes sure of is there.
    settled: bool,
    /// The revision at the last round of compaction.
    compact_next: u64,
    sweeping: bool,
    /// Servers behind this one that have been asked whether they are there: the questions' numbers, and for which.
    tried: Map<u64, Rc<str>>,
    /// Whether they are to be asked again.
    trying: bool,
    /// Whether each gate tells all that it finds: in copies that somebody asks about a request.
    explains: bool,
}

impl ApiServer {
    /// A server that has not read anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a new process of it begins with: nothing, all that lasts is in etcd. It numbers its requests on: etcd's answers to
    /// the old process are none to the new.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self { next: self.next, ..Self::default() }
    }

    /// Begins to work: reads everything from etcd and follows it from there.
    pub fn start(&mut self, cx: &mut Cx) {
        self.next = self.next.max(1);
        self.read_everything(cx);
        cx.after(timing::BOOKMARK, Event::Timer(Timer::new(BOOKMARKS)));
        cx.after(timing::COMPACTION, Event::Timer(Timer::new(COMPACT)));
        cx.after(timing::IDENTITY_LEASE_RENEW, Event::Timer(Timer::new(presence::RENEW)));
    }

    /// The object at a place, as the cache has it.
    #[must_use]
    pub fn object(&self, kind: &'static Kind, key: &Key) -> Option<&Object> {
        self.cache.get(kind, key)
    }

    /// All objects of a kind in order of their keys, as the cache has them.
    #[must_use]
    pub fn objects(&self, kind: &'static Kind) -> Objects<'_> {
        self.cache.iter(kind)
    }

    /// How many objects of a kind there are.
    #[must_use]
    pub fn count(&self, kind: &'static Kind) -> usize {
        self.cache.count(kind)
    }

    /// The revision that the cache has reached.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.cache.revision()
    }

    /// The watches that are open: who, and of what.
    pub fn watchers(&self) -> impl Iterator<Item = (&Address, &'static Kind)> {
        self.watches.iter()
    }

    /// All watches that are open: who, and the number of the stream.
    pub fn streams(&self) -> impl Iterator<Item = (&Address, u64)> {
        self.watches.streams()
    }

    /// The names of the admission plugins in their order.
    pub fn admission_plugins() -> impl Iterator<Item = &'static str> {
        admission::PLUGINS.iter().map(|plugin| plugin.name)
    }

    /// Whether requests are being answered.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready && self.settled
    }

    /// Handles a message or one of its own timers.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        match event {
            Event::Message { from, message } => self.message(cx, from, message),
            Event::Timer(timer) => match timer.what {
                GATES => self.gates(cx, timer.number),
                BOOKMARKS => self.bookmarks(cx),
                COMPACT => self.compact(cx),
                presence::RENEW => self.renew_identity(cx),
                aggregation::RESYNC => self.resync_servers(cx),
                aggregation::SILENT => self.was_silent(cx, timer.number),
                _ => self.sweep(cx),
            },
        }
    }

    fn message(&mut self, cx: &mut Cx, from: Address, message: Message) {
        match message {
            Message::Request { id, user, request } => self.accept(cx, Call { from, id }, user, request),
            Message::Response { id, outcome } => self.answered_behind(cx, id, outcome),
            Message::StopWatch { id } => self.watches.close(&from, id),
            Message::EtcdWatch { id: ETCD_WATCH, events } => self.etcd_events(cx, events),
            Message::EtcdReply { id: ETCD_LIST, outcome } => self.etcd_listed(cx, outcome),
            Message::EtcdReply { id: ETCD_WATCH, outcome: Err(_) } => self.read_everything(cx),
            Message::EtcdReply { id, outcome } => self.etcd_reply(cx, id, outcome),
            _ => {}
        }
    }

    /// Takes a request in. It stands at the gates for a moment.
    fn accept(&mut self, cx: &mut Cx, call: Call, user: User, request: Rc<Request>) {
        let (request, face) = subresources::meant(request);
        let number = self.next;
        self.next += 1;
        self.flights.insert(number, Flight { face, ..Flight::new(call, user, request, cx.cause(), cx.now()) });
        cx.after(timing::API_GATES, Event::Timer(Timer::keyed(GATES, "", number)));
        self.arm_sweep(cx);
    }

    fn gates(&mut self, cx: &mut Cx, number: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        if !self.ready || (!self.settled && flight.call.from != *cx.me()) {
            self.early.push(number);
            return;
        }
        cx.because(flight.cause);
        let writes = flight.request.verb.writes();
        if let Err(refused) = self.pass(number).and_then(|()| self.resolve(number)) {
            if writes || self.explains {
                self.note_gates(cx, number, Some(&refused));
            }
            return self.answer(cx, number, Err(refused.status));
        }
        if self.hand_on(cx, number) {
            return;
        }
        if writes {
            self.begin_write(cx, number);
        } else {
            self.begin_read(cx, number);
        }
    }

    /// Asks etcd on behalf of a flight.
    fn ask(&self, cx: &mut Cx, number: u64, op: EtcdOp) {
        let behalf = self.flights.get(&number).filter(|flight| flight.request.verb.writes()).map(Flight::behalf);
        tell_etcd(cx, number, op, behalf);
    }

    fn etcd_reply(&mut self, cx: &mut Cx, number: u64, outcome: Result<EtcdReply, EtcdError>) {
        let Some(flight) = self.flights.get_mut(&number) else { return };
        match (&flight.phase, outcome) {
            (Phase::Asking, Ok(EtcdReply::Range { revision, .. })) => {
                flight.phase = Phase::Waiting(revision);
                self.reached(cx, number, revision);
            }
            (Phase::Listing(_), outcome) => self.listed_from_etcd(cx, number, outcome),
            (Phase::Leasing, Ok(EtcdReply::Lease(lease))) => {
                self.event_lease = Some((lease, cx.now()));
                cx.because(flight.cause);
                self.begin_write(cx, number);
            }
            (Phase::Writing(_), Ok(EtcdReply::Txn { succeeded: true, revision, .. })) => {
                flight.cause = cx.cause();
                self.reached(cx, number, revision);
            }
            (Phase::Writing(_), Ok(EtcdReply::Txn { found, .. })) => {
                let stored = found.into_iter().next().map(|kv| kv.value);
                self.write_again(cx, number, stored);
            }
            (_, Err(error)) => {
                self.answer(cx, number, Err(Status::internal(etcd_text(error))));
            }
            _ => {}
        }
    }

    /// Goes on with a flight when the cache has reached `revision`, now or later.
    fn reached(&mut self, cx: &mut Cx, number: u64, revision: u64) {
        if self.cache.revision() >= revision {
            self.resume(cx, number, revision);
        } else {
            self.waiting.insert((revision, number));
        }
    }

    fn resume(&mut self, cx: &mut Cx, number: u64, revision: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        cx.because(flight.cause);
        match flight.phase {
            Phase::Writing(_) => self.written(cx, number, revision),
            _ => self.read(cx, number),
        }
    }

    fn etcd_events(&mut self, cx: &mut Cx, events: Vec<EtcdEvent>) {
        let cause = cx.cause();
        // After the watch was opened anew, etcd may repeat what the cache has.
        let seen = self.cache.revision();
        // Every revision is a change of a key that the watch follows: one that is skipped was lost on the way.
        if events.first().is_some_and(|first| first.kv.mod_revision > seen + 1) {
            return self.follow_etcd(cx);
        }
        for event in events.into_iter().filter(|event| event.kv.mod_revision > seen) {
            let change = self.cache.take(event, cx.now());
            if change.object.kind().group == rbac::GROUP {
                self.authorizer.forget();
            }
            if change.object.kind() == &custom_resource_definition::KIND {
                self.definition_changed(cx, &change);
            }
            self.instance_gone(cx, &change);
            self.look_behind(cx, &change);
            self.watches.tell(cx, &change);
        }
        let due: Vec<_> =
            self.waiting.iter().take_while(|(revision, _)| *revision <= self.cache.revision()).copied().collect();
        for (revision, number) in due {
            self.waiting.remove(&(revision, number));
            self.resume(cx, number, revision);
        }
        cx.because(cause);
    }

    /// Reads all there is, at the start or when the thread to etcd was lost for too long.
    fn read_everything(&mut self, cx: &mut Cx) {
        self.ready = false;
        let op = EtcdOp::Range { key: "/registry/".into(), end: "/registry0".into(), revision: None, limit: 0 };
        tell_etcd(cx, ETCD_LIST, op, None);
        self.arm_sweep(cx);
    }

    fn etcd_listed(&mut self, cx: &mut Cx, outcome: Result<EtcdReply, EtcdError>) {
        let Ok(EtcdReply::Range { kvs, revision, .. }) = outcome else { return };
        self.cache = WatchCache::from_list(kvs.into_iter().map(|kv| kv.value), revision);
        self.watches.end_all(cx, &Status::expired(format!("too old resource version: {revision}")));
        self.compact_next = revision;
        self.follow_etcd(cx);
        self.ready = true;
        self.authorizer.forget();
        self.learn_customs();
        self.missing = bootstrap::missing();
        let cause = cx.cause();
        self.bootstrap(cx);
        self.try_servers(cx);
        cx.because(cause);
    }

    /// Opens the one watch on etcd, from where the cache is.
    fn follow_etcd(&self, cx: &mut Cx) {
        let from = self.cache.revision() + 1;
        tell_etcd(cx, ETCD_WATCH, EtcdOp::Watch { key: "/registry/".into(), end: "/registry0".into(), from }, None);
    }

    /// The answer leaves, and the flight is over.
    fn answer(&mut self, cx: &mut Cx, number: u64, outcome: Result<Reply, Status>) {
        let Some(flight) = self.flights.remove(&number) else { return };
        self.claims.remove(&number);
        // Whoever evicts is told that it was done, not how the pod looked.
        let outcome = match outcome {
            Ok(Reply::Object { object, .. }) if flight.request.target.subresource == "eviction" => {
                Ok(Reply::Done { revision: object.revision(), uid: object.uid().into() })
            }
            outcome => outcome,
        };
        let outcome = outcome.map(|reply| reply.in_version(flight.face));
        let own = flight.call.from == *cx.me();
        if flight.request.verb.writes() && !own {
            cx.note(flight.answered(&outcome));
        }
        if own {
            self.bootstrap(cx);
            return;
        }
        let from = cx.me().clone();
        let message = Message::Response { id: flight.call.id, outcome: outcome.map_err(Rc::new) };
        cx.send(flight.call.from, Event::Message { from, message });
    }
}

fn tell_etcd(cx: &mut Cx, id: u64, op: EtcdOp, behalf: Option<Behalf>) {
    let from = cx.me().clone();
    cx.send(Address::Etcd(0), Event::Message { from, message: Message::Etcd { id, op, behalf } });
}

fn etcd_text(error: EtcdError) -> &'static str {
    match error {
        EtcdError::Compacted(_) => "etcdserver: mvcc: required revision has been compacted",
        EtcdError::FutureRevision => "etcdserver: mvcc: required revision is a future revision",
        EtcdError::LeaseNotFound => "etcdserver: requested lease not found",
    }
}
