//! The process: speaks the wire's words, waits for the disk, notes what was written.

use super::mvcc::{self, Span, Txn, Write};
use super::replica::{Answer, Input, Output, Proposal, Ready, Refusal, Replica};
use crate::api::Object;
use crate::cluster::fact::Fact;
use crate::cluster::wire::{
    Address, Behalf, Change, EtcdError, EtcdEvent, EtcdOp, EtcdReply, EtcdWrite, Event, KeyValue, Message, Timer,
};
use crate::cluster::{Cx, timing};
use crate::sim::Map;
use crate::sim::{FactId, Time};

/// The value is told its revision here, so that nobody who reads it has to copy it (see the module's text).
impl mvcc::Value for Object {
    fn stamp(&mut self, revision: u64) {
        self.meta_mut().resource_version = Some(revision.to_string());
    }
}

const PERSISTED: &str = "persisted";
const TICK: &str = "tick";

/// Who waits for an answer, or watches.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Caller {
    address: Address,
    id: u64,
    behalf: Option<Behalf>,
    cause: Option<FactId>,
}

/// A member of etcd.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Etcd {
    replica: Replica<Object>,
    callers: Map<u64, Caller>,
    watchers: Map<u64, Caller>,
    next: u64,
    waking: Option<Time>,
}

impl Etcd {
    /// An empty member.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a new process of it begins with: what is on disk.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self { replica: self.replica.restarted(), ..Self::default() }
    }

    /// Begins to work.
    pub fn start(&mut self, cx: &mut Cx) {
        self.replica.tick(cx.now());
        self.carry_out(cx);
    }

    /// The store's revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.replica.store().revision()
    }

    /// The present value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Object> {
        self.replica.store().get(key).map(|kv| &kv.value)
    }

    /// All versions of a key, the oldest first; `None`: deleted.
    #[must_use]
    pub fn versions(&self, key: &str) -> Vec<(u64, Option<Object>)> {
        self.replica.store().versions(key)
    }

    /// How many keys there are, and the oldest revision that can be read.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        (self.replica.store().len(), self.replica.store().compacted())
    }

    /// Handles a message or one of its own timers.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        self.replica.tick(cx.now());
        match event {
            Event::Message { from, message: Message::Etcd { id, op, behalf } } => {
                let caller = Caller { address: from, id, behalf, cause: cx.cause() };
                self.asked(caller, op);
            }
            Event::Timer(Timer { what: PERSISTED, .. }) => self.replica.step(Input::Persisted),
            Event::Timer(_) => self.waking = None,
            Event::Message { .. } => {}
        }
        self.carry_out(cx);
    }

    fn asked(&mut self, caller: Caller, op: EtcdOp) {
        self.next += 1;
        let number = self.next;
        let input = match op {
            EtcdOp::Range { key, end, revision, limit } => Input::Range(number, Span { key, end }, revision, limit),
            EtcdOp::Txn { compare, then, otherwise } => {
                let then = then.into_iter().map(write).collect();
                Input::Propose(number, Proposal::Txn(Txn { compare, then, otherwise }))
            }
            EtcdOp::Watch { key, end, from } => {
                self.replace_watch(&caller);
                self.watchers.insert(number, caller.clone());
                Input::Watch(number, Span { key, end }, from)
            }
            EtcdOp::Compact { revision } => Input::Propose(number, Proposal::Compact(revision)),
            EtcdOp::LeaseGrant { ttl } => Input::Propose(number, Proposal::Grant(ttl)),
            EtcdOp::LeaseRevoke { lease } => Input::Propose(number, Proposal::Revoke(lease)),
        };
        self.callers.insert(number, caller);
        self.replica.step(input);
    }

    /// A client that opens a watch under the same number again has lost the old one.
    fn replace_watch(&mut self, caller: &Caller) {
        let same = |old: &Caller| old.address == caller.address && old.id == caller.id;
        let old = self.watchers.iter().find(|(_, old)| same(old)).map(|(number, _)| *number);
        if let Some(number) = old {
            self.watchers.remove(&number);
            self.replica.step(Input::Cancel(number));
        }
    }

    fn carry_out(&mut self, cx: &mut Cx) {
        let Ready { outputs, persist, wake } = self.replica.ready();
        let cause = cx.cause();
        for output in outputs {
            self.put_out(cx, output);
        }
        cx.because(cause);
        if persist {
            cx.after(timing::ETCD_COMMIT, Event::Timer(Timer::new(PERSISTED)));
        }
        if let Some(at) = wake.filter(|at| self.waking.is_none_or(|set| *at < set)) {
            self.waking = Some(at);
            cx.because(None);
            cx.after(at.since(cx.now()), Event::Timer(Timer::new(TICK)));
            cx.because(cause);
        }
    }

    fn put_out(&mut self, cx: &mut Cx, output: Output<Object>) {
        match output {
            Output::Committed(by, events) => self.committed(cx, by, &events),
            Output::Events(watch, events) => {
                let Some(watcher) = self.watchers.get(&watch) else { return };
                let events = events.into_iter().map(event).collect();
                let message = Message::EtcdWatch { id: watcher.id, events };
                let from = cx.me().clone();
                cx.send(watcher.address.clone(), Event::Message { from, message });
            }
            Output::Reply(number, revision, outcome) => {
                let Some(caller) = self.callers.remove(&number) else { return };
                let wrote = matches!(outcome, Ok(Answer::Txn(true, _)));
                if !wrote {
                    cx.because(caller.cause);
                }
                let outcome = outcome.map(|answer| reply(answer, revision)).map_err(refusal);
                let from = cx.me().clone();
                let message = Message::EtcdReply { id: caller.id, outcome };
                cx.send(caller.address, Event::Message { from, message });
            }
        }
    }

    /// The ink dries: what follows (the watch's events, the answer) is caused by it.
    fn committed(&self, cx: &mut Cx, by: Option<u64>, events: &[mvcc::Event<Object>]) {
        let caller = by.and_then(|number| self.callers.get(&number));
        cx.because(caller.and_then(|caller| caller.cause));
        let Some(Behalf { call, ambient }) = caller.and_then(|caller| caller.behalf.as_ref()) else { return };
        for event in events {
            let object = event.kv.value.reference();
            let revision = event.kv.mod_revision;
            let (call, ambient) = (call.clone(), *ambient);
            cx.note(Fact::Committed { call, object, change: change(event), revision, ambient });
        }
    }
}

fn write(write: EtcdWrite) -> Write<Object> {
    match write {
        EtcdWrite::Put(key, value, lease) => Write::Put(key, value, lease.unwrap_or(0)),
        EtcdWrite::Delete(key) => Write::Delete(key),
    }
}

fn change(event: &mvcc::Event<Object>) -> Change {
    match (event.deleted, &event.previous) {
        (true, _) => Change::Deleted,
        (false, None) => Change::Created,
        (false, Some(_)) => Change::Updated,
    }
}

fn event(event: mvcc::Event<Object>) -> EtcdEvent {
    EtcdEvent { change: change(&event), previous: event.previous.map(|kv| kv.value), kv: key_value(event.kv) }
}

fn key_value(kv: mvcc::KeyValue<Object>) -> KeyValue {
    let mvcc::KeyValue { key, value, create_revision, mod_revision, version, lease } = kv;
    KeyValue { key, value, create_revision, mod_revision, version, lease }
}

fn reply(answer: Answer<Object>, revision: u64) -> EtcdReply {
    match answer {
        Answer::Range(found) => {
            EtcdReply::Range { kvs: found.kvs.into_iter().map(key_value).collect(), revision, count: found.count }
        }
        Answer::Txn(succeeded, found) => {
            EtcdReply::Txn { succeeded, revision, found: found.into_iter().map(key_value).collect() }
        }
        Answer::Watching => EtcdReply::Watching(revision),
        Answer::Compacted(revision) => EtcdReply::Compacted(revision),
        Answer::Granted(lease) => EtcdReply::Lease(lease),
        Answer::Revoked => EtcdReply::Txn { succeeded: true, revision, found: Vec::new() },
    }
}

fn refusal(refusal: Refusal) -> EtcdError {
    match refusal {
        Refusal::Store(mvcc::Error::Compacted(revision)) => EtcdError::Compacted(revision),
        Refusal::Store(mvcc::Error::Future) => EtcdError::FutureRevision,
        Refusal::NoLease => EtcdError::LeaseNotFound,
    }
}
