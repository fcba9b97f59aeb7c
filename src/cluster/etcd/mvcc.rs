//! The store: keys with their versions, and the log of what has changed (upstream: `server/storage/mvcc`).
//!
//! Kept are the present state and every change since the last compaction with the version that it replaced. The state
//! at an older revision is the present one with the younger changes undone.

use crate::sim::{Log, Map};
use std::ops::Bound;
use std::rc::Rc;

/// What the store asks of a value: nothing but to be kept, and to be told once under which revision it was written.
pub trait Value: Clone {
    /// The value is being written under `revision`.
    fn stamp(&mut self, revision: u64);
}

/// A key with its value and its counters.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyValue<V> {
    /// The key.
    pub key: Rc<str>,
    /// The value.
    pub value: V,
    /// The revision that created it.
    pub create_revision: u64,
    /// The revision that last changed it.
    pub mod_revision: u64,
    /// How often it has been written since it was created.
    pub version: u64,
    /// The lease that it hangs on, 0 for none.
    pub lease: u64,
}

/// One write of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Write<V> {
    /// Sets a key: key, value, lease (0 for none).
    Put(Rc<str>, V, u64),
    /// Deletes a key; nothing happens if there is none.
    Delete(Rc<str>),
}

/// Compares, and writes or reads.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Txn<V> {
    /// Modification revisions that keys must have (0: the key must not exist).
    pub compare: Vec<(Rc<str>, u64)>,
    /// What to write if all hold.
    pub then: Vec<Write<V>>,
    /// What to read if not.
    pub otherwise: Vec<Rc<str>>,
}

/// A change of one key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Event<V> {
    /// What was written; of a deletion the last version, with the deletion's revision as `mod_revision`.
    pub kv: KeyValue<V>,
    /// What was there before.
    pub previous: Option<KeyValue<V>>,
    /// Whether the key is gone.
    pub deleted: bool,
}

/// Why the store refuses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Error {
    /// The revision is older than the last compaction, which was at this one.
    Compacted(u64),
    /// The revision has not come yet.
    Future,
}

/// A range of keys: `end` is exclusive, empty means the single key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// First key.
    pub key: Rc<str>,
    /// Where to stop.
    pub end: Rc<str>,
}

impl Span {
    /// Whether it contains a key.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        if self.end.is_empty() { key == &*self.key } else { *self.key <= *key && *key < *self.end }
    }

    fn bounds(&self) -> (Bound<Rc<str>>, Bound<Rc<str>>) {
        let to = if self.end.is_empty() {
            Bound::Included(self.key.clone())
        } else {
            Bound::Excluded(self.end.clone().max(self.key.clone()))
        };
        (Bound::Included(self.key.clone()), to)
    }
}

/// What a range read found.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Found<V> {
    /// Those within the limit, in order of their keys.
    pub kvs: Vec<KeyValue<V>>,
    /// All that match.
    pub count: usize,
}

/// The store. A clone is cheap: it shares its structure.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Store<V: Clone> {
    revision: u64,
    compacted: u64,
    current: Map<Rc<str>, KeyValue<V>>,
    log: Log<Event<V>>,
}

impl<V: Clone> Default for Store<V> {
    /// Empty, at revision 1 as a new etcd is.
    fn default() -> Self {
        Self { revision: 1, compacted: 0, current: Map::new(), log: Log::default() }
    }
}

impl<V: Value> Store<V> {
    /// The revision of the last write.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The oldest revision that can be read.
    #[must_use]
    pub fn compacted(&self) -> u64 {
        self.compacted
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.current.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// The present version of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&KeyValue<V>> {
        self.current.get(key)
    }

    /// Reads a range at a revision (`None`: now), at most `limit` keys (0: all).
    ///
    /// # Errors
    /// The revision has been compacted or has not come yet.
    pub fn range(&self, span: &Span, revision: Option<u64>, limit: usize) -> Result<Found<V>, Error> {
        let revision = revision.unwrap_or(self.revision);
        if revision > self.revision {
            return Err(Error::Future);
        }
        if revision < self.compacted {
            return Err(Error::Compacted(self.compacted));
        }
        let limit = if limit == 0 { usize::MAX } else { limit };
        if revision == self.revision {
            let count = self.current.range(span.bounds()).count();
            let kvs = self.current.range(span.bounds()).take(limit).map(|(_, kv)| kv.clone()).collect();
            return Ok(Found { kvs, count });
        }
        let then = self.undone(span, revision);
        Ok(Found { count: then.len(), kvs: then.values().take(limit).cloned().collect() })
    }

    /// The range as it was at an older revision.
    fn undone(&self, span: &Span, revision: u64) -> Map<Rc<str>, KeyValue<V>> {
        let mut state: Map<_, _> =
            self.current.range(span.bounds()).map(|(key, kv)| (key.clone(), kv.clone())).collect();
        for event in self.log.iter().rev().take_while(|event| event.kv.mod_revision > revision) {
            let key = &event.kv.key;
            if !span.contains(key) {
                continue;
            }
            match &event.previous {
                Some(previous) => state.insert(key.clone(), previous.clone()),
                None => state.remove(key),
            };
        }
        state
    }

    /// All versions of a key that were not forgotten, the oldest first; `None`: deleted.
    #[must_use]
    pub fn versions(&self, key: &str) -> Vec<(u64, Option<V>)> {
        let of_key = |event: &&Event<V>| *event.kv.key == *key;
        let version = |event: &Event<V>| {
            let value = (!event.deleted).then(|| event.kv.value.clone());
            (event.kv.mod_revision, value)
        };
        self.log.iter().filter(of_key).map(version).collect()
    }

    /// Whether all comparisons hold.
    #[must_use]
    pub fn holds(&self, compare: &[(Rc<str>, u64)]) -> bool {
        compare.iter().all(|(key, revision)| self.get(key).map_or(0, |kv| kv.mod_revision) == *revision)
    }

    /// Carries writes out under one new revision, and tells what has changed. Nothing changes nothing, not even the
    /// revision.
    pub fn write(&mut self, writes: Vec<Write<V>>) -> Vec<Event<V>> {
        let revision = self.revision + 1;
        let mut events = Vec::with_capacity(writes.len());
        for write in writes {
            let event = match write {
                Write::Put(key, value, lease) => Some(self.put(key, value, lease, revision)),
                Write::Delete(key) => self.delete(&key, revision),
            };
            events.extend(event);
        }
        if !events.is_empty() {
            self.revision = revision;
            for event in &events {
                self.log.push(event.clone());
            }
        }
        events
    }

    fn put(&mut self, key: Rc<str>, mut value: V, lease: u64, revision: u64) -> Event<V> {
        value.stamp(revision);
        let previous = self.current.get(&key).cloned();
        let (create_revision, version) =
            previous.as_ref().map_or((revision, 1), |kv| (kv.create_revision, kv.version + 1));
        let kv = KeyValue { key: key.clone(), value, create_revision, mod_revision: revision, version, lease };
        self.current.insert(key, kv.clone());
        Event { kv, previous, deleted: false }
    }

    fn delete(&mut self, key: &str, revision: u64) -> Option<Event<V>> {
        let previous = self.current.remove(key)?;
        let kv = KeyValue { mod_revision: revision, ..previous.clone() };
        Some(Event { kv, previous: Some(previous), deleted: true })
    }

    /// What has changed in a range since the changes of revision `from` (they included).
    ///
    /// # Errors
    /// Changes since `from` have been compacted away.
    pub fn since(&self, span: &Span, from: u64) -> Result<Vec<Event<V>>, Error> {
        if from < self.compacted {
            return Err(Error::Compacted(self.compacted));
        }
        let start = self.log_place(from);
        let events = self.log.range(start, usize::MAX);
        Ok(events.filter(|event| span.contains(&event.kv.key)).cloned().collect())
    }

    /// Forgets what was overwritten before `revision`.
    ///
    /// # Errors
    /// That has been done already, or the revision has not come yet.
    pub fn compact(&mut self, revision: u64) -> Result<(), Error> {
        if revision <= self.compacted {
            return Err(Error::Compacted(self.compacted));
        }
        if revision > self.revision {
            return Err(Error::Future);
        }
        self.compacted = revision;
        for _ in 0..self.log_place(revision) {
            self.log.pop_first();
        }
        Ok(())
    }

    /// Where in the log the changes of `revision` begin.
    fn log_place(&self, revision: u64) -> usize {
        self.log.partition_point(|event| event.kv.mod_revision < revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::rng::Rng;
    use std::collections::BTreeMap;

    impl Value for u64 {
        fn stamp(&mut self, _revision: u64) {}
    }

    fn span(key: &str, end: &str) -> Span {
        Span { key: key.into(), end: end.into() }
    }

    fn put(key: &str, value: u64) -> Write<u64> {
        Write::Put(key.into(), value, 0)
    }

    #[test]
    fn counters_begin_anew_after_a_deletion() {
        let mut store = Store::default();
        store.write(vec![put("a", 1)]);
        store.write(vec![put("a", 2)]);
        let kv = store.get("a").cloned().expect("a");
        assert_eq!((kv.create_revision, kv.mod_revision, kv.version), (2, 3, 2));
        let events = store.write(vec![Write::Delete("a".into())]);
        assert_eq!((events[0].kv.mod_revision, events[0].kv.value), (4, 2));
        store.write(vec![put("a", 3)]);
        let kv = store.get("a").cloned().expect("a");
        assert_eq!((kv.create_revision, kv.version), (5, 1));
    }

    #[test]
    fn a_write_that_changes_nothing_takes_no_revision() {
        let mut store: Store<u64> = Store::default();
        assert!(store.write(vec![Write::Delete("a".into())]).is_empty());
        assert_eq!(store.revision(), 1);
    }

    #[test]
    fn compaction_forgets_what_was_before_and_says_so() {
        let mut store = Store::default();
        for n in 0..5 {
            store.write(vec![put("a", n)]);
        }
        store.compact(4).expect("not yet compacted");
        assert_eq!(store.range(&span("a", ""), Some(3), 0), Err(Error::Compacted(4)));
        assert_eq!(store.range(&span("a", ""), Some(4), 0).expect("kept").kvs[0].value, 2);
        assert_eq!(store.range(&span("a", ""), Some(7), 0), Err(Error::Future));
        assert_eq!(store.since(&span("a", ""), 3), Err(Error::Compacted(4)));
        assert_eq!(store.since(&span("a", ""), 4).expect("kept").len(), 3);
        assert_eq!(store.compact(4), Err(Error::Compacted(4)));
    }

    /// Random operations against a model that keeps a full copy of the state for each revision.
    #[test]
    fn it_behaves_like_a_naive_model() {
        for seed in 0..40 {
            let mut rng = Rng::fork(seed, &"mvcc");
            let mut store = Store::default();
            let mut model: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(), BTreeMap::new()];
            for step in 0..120 {
                let key = format!("k{}", rng.below(6));
                let mut state = model.last().cloned().expect("never empty");
                let write = if rng.chance(300) { Write::Delete(key.as_str().into()) } else { put(&key, step) };
                let changes = match &write {
                    Write::Put(..) => {
                        state.insert(key.clone(), step);
                        true
                    }
                    Write::Delete(_) => state.remove(&key).is_some(),
                };
                store.write(vec![write]);
                if changes {
                    model.push(state);
                }
                if rng.chance(30) {
                    let _ = store.compact(rng.below(store.revision() + 2));
                }
                check(&store, &model, &mut rng);
            }
        }
    }

    fn check(store: &Store<u64>, model: &[BTreeMap<String, u64>], rng: &mut Rng) {
        assert_eq!(store.revision() + 1, model.len() as u64);
        let revision = rng.below(store.revision() + 1);
        let all = span("k1", "k5");
        let found = store.range(&all, Some(revision), 0);
        if revision < store.compacted() {
            assert_eq!(found, Err(Error::Compacted(store.compacted())));
            return;
        }
        let state = &model[usize::try_from(revision).expect("small")];
        let then: Vec<_> = state.range("k1".to_owned().."k5".to_owned()).collect();
        let found = found.expect("readable");
        assert_eq!(found.kvs.len(), then.len());
        assert!(found.kvs.iter().zip(&then).all(|(kv, (key, value))| *kv.key == **key && kv.value == **value));
        // What a watch replays leads from the old state to the present one.
        let mut replayed = state.clone();
        for event in store.since(&span("k", "l"), revision + 1).expect("not compacted") {
            if event.deleted {
                replayed.remove(&*event.kv.key);
            } else {
                replayed.insert(event.kv.key.to_string(), event.kv.value);
            }
        }
        assert_eq!(Some(&replayed), model.last());
    }
}
