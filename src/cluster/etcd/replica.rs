//! One member's state machine: inputs in, outputs out (the shape of `go.etcd.io/raft`'s `RawNode`).
//!
//! [`Replica::step`] takes what somebody asks, [`Replica::tick`] the time, and [`Replica::ready`] gives everything
//! that it wants done. Proposals become entries of the log: first they wait, then they are being written to disk, and
//! when that is reported ([`Input::Persisted`]) they are committed and applied. With more members raft will stand
//! between "persisted" and "committed".

use super::lease::Leases;
use super::mvcc::{Error, Event, Found, Span, Store, Txn, Value, Write};
use crate::sim::Map;
use crate::sim::{Duration, Time};

/// What is put into the log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Proposal<V> {
    /// A transaction.
    Txn(Txn<V>),
    /// A compaction up to a revision.
    Compact(u64),
    /// A lease is granted.
    Grant(Duration),
    /// A lease is revoked.
    Revoke(u64),
}

/// What comes in. Numbers are the caller's: the answer to `n` goes to `n`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Input<V> {
    /// Somebody wants something written.
    Propose(u64, Proposal<V>),
    /// Somebody reads: the range, the revision (`None`: now), the limit (0: none).
    Range(u64, Span, Option<u64>, usize),
    /// Somebody watches a range from a revision.
    Watch(u64, Span, u64),
    /// A watch is closed.
    Cancel(u64),
    /// What [`Ready::persist`] asked for is on disk.
    Persisted,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Answer<V> {
    /// To a range.
    Range(Found<V>),
    /// To a transaction: whether the comparisons held, and otherwise what was read.
    Txn(bool, Vec<super::mvcc::KeyValue<V>>),
    /// A watch has begun.
    Watching,
    /// Compacted up to this revision.
    Compacted(u64),
    /// A lease was granted.
    Granted(u64),
    /// A lease was revoked.
    Revoked,
}

/// Why something is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// By the store.
    Store(Error),
    /// There is no such lease.
    NoLease,
}

/// What goes out, in this order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Output<V> {
    /// A revision was written on behalf of a proposal (`None`: of a lease that ran out).
    Committed(Option<u64>, Vec<Event<V>>),
    /// Changes for a watch.
    Events(u64, Vec<Event<V>>),
    /// An answer, with the store's revision at that moment.
    Reply(u64, u64, Result<Answer<V>, Refusal>),
}

/// What the replica wants done.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Ready<V> {
    /// Messages to send.
    pub outputs: Vec<Output<V>>,
    /// Whether a batch now waits for the disk: report [`Input::Persisted`] when it is there.
    pub persist: bool,
    /// When the next lease runs out: call [`Replica::tick`] then.
    pub wake: Option<Time>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Entry<V> {
    from: Option<u64>,
    proposal: Proposal<V>,
}

/// A member's state. Store and leases are durable, the rest dies with the process.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Replica<V: Clone> {
    store: Store<V>,
    leases: Leases,
    now: Time,
    waiting: Vec<Entry<V>>,
    writing: Vec<Entry<V>>,
    watches: Map<u64, Span>,
    outputs: Vec<Output<V>>,
}

impl<V: Value> Default for Replica<V> {
    fn default() -> Self {
        Self::from_disk(Store::default(), Leases::default())
    }
}

impl<V: Value> Replica<V> {
    fn from_disk(store: Store<V>, leases: Leases) -> Self {
        Self {
            store,
            leases,
            now: Time::from_micros(i64::MIN),
            waiting: Vec::new(),
            writing: Vec::new(),
            watches: Map::new(),
            outputs: Vec::new(),
        }
    }

    /// What a new process finds on this one's disk.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self::from_disk(self.store.clone(), self.leases.clone())
    }

    /// The store, to look at.
    #[must_use]
    pub fn store(&self) -> &Store<V> {
        &self.store
    }

    /// Takes an input.
    pub fn step(&mut self, input: Input<V>) {
        match input {
            Input::Propose(from, proposal) => self.waiting.push(Entry { from: Some(from), proposal }),
            Input::Range(from, span, revision, limit) => {
                let found = self.store.range(&span, revision, limit).map(Answer::Range).map_err(Refusal::Store);
                self.reply(Some(from), found);
            }
            Input::Watch(id, span, from) => self.watch(id, span, from),
            Input::Cancel(id) => {
                self.watches.remove(&id);
            }
            Input::Persisted => {
                for entry in std::mem::take(&mut self.writing) {
                    self.apply(entry);
                }
            }
        }
    }

    /// Tells the time: leases that have run out are revoked, through the log like any other write.
    pub fn tick(&mut self, now: Time) {
        self.now = now;
        for lease in self.leases.expired(now) {
            let under_way = self.waiting.iter().chain(&self.writing).any(|entry| match &entry.proposal {
                Proposal::Revoke(id) => *id == lease,
                _ => false,
            });
            if !under_way {
                self.waiting.push(Entry { from: None, proposal: Proposal::Revoke(lease) });
            }
        }
    }

    /// What it wants done since it was asked last.
    pub fn ready(&mut self) -> Ready<V> {
        let persist = self.writing.is_empty() && !self.waiting.is_empty();
        if persist {
            self.writing = std::mem::take(&mut self.waiting);
        }
        let wake = if self.waiting.is_empty() && self.writing.is_empty() { self.leases.next_end() } else { None };
        Ready { outputs: std::mem::take(&mut self.outputs), persist, wake }
    }

    fn reply(&mut self, to: Option<u64>, outcome: Result<Answer<V>, Refusal>) {
        if let Some(to) = to {
            self.outputs.push(Output::Reply(to, self.store.revision(), outcome));
        }
    }

    fn watch(&mut self, id: u64, span: Span, from: u64) {
        match self.store.since(&span, from) {
            Ok(events) => {
                self.reply(Some(id), Ok(Answer::Watching));
                if !events.is_empty() {
                    self.outputs.push(Output::Events(id, events));
                }
                self.watches.insert(id, span);
            }
            Err(error) => self.reply(Some(id), Err(Refusal::Store(error))),
        }
    }

    fn apply(&mut self, Entry { from, proposal }: Entry<V>) {
        let outcome = match proposal {
            Proposal::Txn(txn) => self.transact(from, txn),
            Proposal::Compact(revision) => {
                self.store.compact(revision).map(|()| Answer::Compacted(revision)).map_err(Refusal::Store)
            }
            Proposal::Grant(ttl) => Ok(Answer::Granted(self.leases.grant(ttl, self.now))),
            Proposal::Revoke(lease) => match self.leases.revoke(lease) {
                Some(keys) => {
                    self.write(from, keys.into_iter().map(Write::Delete).collect());
                    Ok(Answer::Revoked)
                }
                None => Err(Refusal::NoLease),
            },
        };
        self.reply(from, outcome);
    }

    fn transact(&mut self, from: Option<u64>, txn: Txn<V>) -> Result<Answer<V>, Refusal> {
        if !self.store.holds(&txn.compare) {
            let found = txn.otherwise.iter().filter_map(|key| self.store.get(key)).cloned().collect();
            return Ok(Answer::Txn(false, found));
        }
        let no_lease = |write: &Write<V>| matches!(write, Write::Put(_, _, id) if *id != 0 && !self.leases.exists(*id));
        if txn.then.iter().any(no_lease) {
            return Err(Refusal::NoLease);
        }
        self.write(from, txn.then);
        Ok(Answer::Txn(true, Vec::new()))
    }

    fn write(&mut self, from: Option<u64>, writes: Vec<Write<V>>) {
        let events = self.store.write(writes);
        if events.is_empty() {
            return;
        }
        for event in &events {
            let before = event.previous.as_ref().map_or(0, |kv| kv.lease);
            self.leases.attach(&event.kv.key, before, if event.deleted { 0 } else { event.kv.lease });
        }
        self.outputs.push(Output::Committed(from, events.clone()));
        for (id, span) in &self.watches {
            let seen: Vec<_> = events.iter().filter(|event| span.contains(&event.kv.key)).cloned().collect();
            if !seen.is_empty() {
                self.outputs.push(Output::Events(*id, seen));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: u64, compare: u64) -> Proposal<u64> {
        let compare = vec![(key.into(), compare)];
        Proposal::Txn(Txn { compare, then: vec![Write::Put(key.into(), value, 0)], otherwise: vec![key.into()] })
    }

    fn all() -> Span {
        Span { key: "a".into(), end: "z".into() }
    }

    fn settle(replica: &mut Replica<u64>) -> Vec<Output<u64>> {
        let mut outputs = Vec::new();
        loop {
            let ready = replica.ready();
            outputs.extend(ready.outputs);
            if !ready.persist {
                return outputs;
            }
            replica.step(Input::Persisted);
        }
    }

    #[test]
    fn writes_that_come_while_the_disk_is_busy_share_the_next_batch() {
        let mut replica = Replica::default();
        replica.step(Input::Propose(1, put("a", 1, 0)));
        assert!(replica.ready().persist);
        replica.step(Input::Propose(2, put("b", 1, 0)));
        replica.step(Input::Propose(3, put("c", 1, 0)));
        assert!(!replica.ready().persist);
        replica.step(Input::Persisted);
        assert!(replica.ready().persist);
        assert_eq!(replica.store().len(), 1);
        replica.step(Input::Persisted);
        assert_eq!(replica.store().len(), 3);
    }

    #[test]
    fn of_two_writers_that_compare_the_same_revision_one_wins() {
        let mut replica = Replica::default();
        replica.step(Input::Propose(1, put("a", 1, 0)));
        replica.step(Input::Propose(2, put("a", 2, 0)));
        let replies: Vec<_> = settle(&mut replica)
            .into_iter()
            .filter_map(|output| match output {
                Output::Reply(to, revision, Ok(Answer::Txn(held, found))) => Some((to, revision, held, found.len())),
                _ => None,
            })
            .collect();
        assert_eq!(replies, [(1, 2, true, 0), (2, 2, false, 1)]);
    }

    #[test]
    fn a_watch_replays_and_then_goes_on_with_nothing_between() {
        let mut replica = Replica::default();
        for n in 0..3 {
            replica.step(Input::Propose(
                n,
                Proposal::Txn(Txn { compare: vec![], then: vec![Write::Put("k".into(), n, 0)], otherwise: vec![] }),
            ));
            settle(&mut replica);
        }
        replica.step(Input::Watch(9, all(), 3));
        replica.step(Input::Propose(4, put("m", 7, 0)));
        let seen: Vec<u64> = settle(&mut replica)
            .into_iter()
            .filter_map(|output| match output {
                Output::Events(9, events) => Some(events),
                _ => None,
            })
            .flatten()
            .map(|event| event.kv.mod_revision)
            .collect();
        assert_eq!(seen, [3, 4, 5]);
    }

    #[test]
    fn keys_go_when_their_lease_runs_out() {
        let mut replica = Replica::default();
        replica.tick(Time::ZERO);
        replica.step(Input::Propose(1, Proposal::Grant(Duration::from_mins(1))));
        settle(&mut replica);
        replica.step(Input::Propose(
            2,
            Proposal::Txn(Txn { compare: vec![], then: vec![Write::Put("k".into(), 1, 1)], otherwise: vec![] }),
        ));
        settle(&mut replica);
        assert_eq!(replica.ready().wake, Some(Time::from_secs(60)));
        replica.tick(Time::from_secs(59));
        settle(&mut replica);
        assert_eq!(replica.store().len(), 1);
        replica.tick(Time::from_secs(60));
        settle(&mut replica);
        assert!(replica.store().is_empty());
    }

    #[test]
    fn what_was_not_on_disk_is_lost_with_the_process() {
        let mut replica = Replica::default();
        replica.step(Input::Propose(1, put("a", 1, 0)));
        replica.step(Input::Persisted);
        settle(&mut replica);
        replica.step(Input::Propose(2, put("b", 1, 0)));
        replica.ready();
        let mut again = replica.restarted();
        again.step(Input::Persisted);
        assert_eq!(again.store().len(), 1);
    }
}
