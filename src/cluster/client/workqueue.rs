//! What a controller still has to look at, each key once.
//!
//! Upstream: `client-go/util/workqueue`. A key that is added again while it waits stays where it is; one that is added
//! while it is worked on (or held until its own writes have come back) is queued once more afterwards. It keeps the
//! first cause of its being there and counts the others.

use crate::api::Ref;
use crate::sim::{Duration, FactId, Time};
use crate::sim::{Log, Map};

/// Keys that wait, keys that are worked on, and keys that will be added later.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct WorkQueue {
    ready: Log<Ref>,
    keys: Map<Ref, State>,
    later: Map<(Time, Ref), Option<FactId>>,
    due: Map<Ref, Time>,
    failures: Map<Ref, u32>,
}

/// Why a key is to be looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reason {
    /// The first cause.
    pub cause: Option<FactId>,
    /// How many others there were.
    pub others: u32,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum State {
    /// In `ready`.
    Waiting(Reason),
    /// Taken; with a reason if it must be looked at again.
    Taken(Option<Reason>),
}

impl WorkQueue {
    /// Adds a key.
    pub fn add(&mut self, key: Ref, cause: Option<FactId>) {
        match self.keys.get_mut(&key) {
            Some(State::Waiting(reason) | State::Taken(Some(reason))) => reason.others += 1,
            Some(State::Taken(again)) => *again = Some(Reason { cause, others: 0 }),
            None => {
                self.ready.push(key.clone());
                self.keys.insert(key, State::Waiting(Reason { cause, others: 0 }));
            }
        }
    }

    /// Adds a key at a moment; if it is to be added earlier anyway, nothing changes.
    pub fn add_at(&mut self, key: Ref, at: Time, cause: Option<FactId>) {
        if let Some(earlier) = self.due.get(&key).copied() {
            if earlier <= at {
                return;
            }
            self.later.remove(&(earlier, key.clone()));
        }
        self.due.insert(key.clone(), at);
        self.later.insert((at, key), cause);
    }

    /// The next moment at which [`Self::tick`] has something to do.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.later.first().map(|((at, _), _)| *at)
    }

    /// Adds what is due.
    pub fn tick(&mut self, now: Time) {
        while let Some(((at, key), cause)) = self.later.first().filter(|((at, _), _)| *at <= now).cloned() {
            self.later.remove(&(at, key.clone()));
            self.due.remove(&key);
            self.add(key, cause);
        }
    }

    /// Takes the next key; it is not given out again before [`Self::done`].
    pub fn take(&mut self) -> Option<(Ref, Reason)> {
        let key = self.ready.pop_first()?;
        match self.keys.insert(key.clone(), State::Taken(None)) {
            Some(State::Waiting(reason)) => Some((key, reason)),
            _ => unreachable!("a key in the line waits"),
        }
    }

    /// Gives a key back: it is queued again if it was added meanwhile.
    pub fn done(&mut self, key: &Ref) {
        if let Some(State::Taken(Some(reason))) = self.keys.remove(key) {
            self.ready.push(key.clone());
            self.keys.insert(key.clone(), State::Waiting(reason));
        }
    }

    /// Counts a failure and tells how long to wait before the next try: the first wait, doubling up to the last one
    /// (upstream: `ItemExponentialFailureRateLimiter`).
    pub fn failed(&mut self, key: &Ref, (first, last): (Duration, Duration)) -> Duration {
        let failures = self.failures.get_or_default(key.clone());
        let delay = first.saturating_mul(1_u32.checked_shl(*failures).unwrap_or(u32::MAX));
        *failures = (*failures + 1).min(30);
        delay.min(last)
    }

    /// How often in a row a key has failed.
    #[must_use]
    pub fn failures(&self, key: &Ref) -> u32 {
        self.failures.get(key).copied().unwrap_or(0)
    }

    /// Forgets a key's failures: it has succeeded, or is given up.
    pub fn forget(&mut self, key: &Ref) {
        self.failures.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ObjectRef;
    use crate::cluster::timing;

    const WAITS: (Duration, Duration) = (timing::RETRY, timing::RETRY_MAX);

    use crate::api::kinds::pod;

    fn key(name: &str) -> Ref {
        ObjectRef::new(&pod::KIND, "default", name)
    }

    #[test]
    fn a_key_waits_once_with_its_first_cause() {
        let mut queue = WorkQueue::default();
        queue.add(key("a"), Some(FactId(1)));
        queue.add(key("b"), None);
        queue.add(key("a"), Some(FactId(2)));
        assert_eq!(queue.take(), Some((key("a"), Reason { cause: Some(FactId(1)), others: 1 })));
        queue.add(key("a"), Some(FactId(3)));
        assert_eq!(queue.take().map(|(key, _)| key), Some(key("b")));
        assert_eq!(queue.take(), None);
        queue.done(&key("a"));
        assert_eq!(queue.take(), Some((key("a"), Reason { cause: Some(FactId(3)), others: 0 })));
    }

    #[test]
    fn the_earlier_of_two_delayed_adds_wins() {
        let mut queue = WorkQueue::default();
        queue.add_at(key("a"), Time::from_secs(5), None);
        queue.add_at(key("a"), Time::from_secs(3), None);
        queue.add_at(key("a"), Time::from_secs(4), None);
        assert_eq!(queue.next_at(), Some(Time::from_secs(3)));
        queue.tick(Time::from_secs(3));
        assert!(queue.take().is_some());
        assert_eq!(queue.next_at(), None);
    }

    #[test]
    fn back_off_doubles_up_to_1000_seconds() {
        let mut queue = WorkQueue::default();
        let delays: Vec<_> = (0..20).map(|_| queue.failed(&key("a"), WAITS)).collect();
        assert_eq!(delays[..3], [5, 10, 20].map(Duration::from_millis));
        assert_eq!(delays[19], Duration::from_secs(1000));
        queue.forget(&key("a"));
        assert_eq!(queue.failed(&key("a"), WAITS), Duration::from_millis(5));
    }
}
