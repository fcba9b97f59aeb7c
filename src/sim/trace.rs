//! What happened, and because of what.

use super::log::Log;
use super::time::Time;

/// The place of a fact in the trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FactId(pub u64);

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record<F> {
    /// Its place in the trace.
    pub id: FactId,
    /// When it happened.
    pub at: Time,
    /// The fact because of which it happened; `None` only for what nobody caused (the boot, a user's input).
    pub cause: Option<FactId>,
    /// What happened.
    pub fact: F,
}

/// All facts in order.
///
/// A run that is repeated after a rewind notes the same facts again; the trace recognises them by their place and
/// keeps the ones it has, so that the future stays known while one looks at the past.
#[derive(Clone, Debug)]
pub struct Trace<F: Clone> {
    records: Log<Record<F>>,
    head: u64,
}

impl<F: Clone> Default for Trace<F> {
    fn default() -> Self {
        Self { records: Log::default(), head: 0 }
    }
}

impl<F: Clone> Trace<F> {
    /// Notes a fact.
    pub fn note(&mut self, at: Time, cause: Option<FactId>, fact: F) -> FactId {
        let id = FactId(self.head);
        if self.head >= self.records.len() as u64 {
            self.records.push(Record { id, at, cause, fact });
        }
        self.head += 1;
        id
    }

    /// How many facts the world has seen at its present moment (those after it are its known future).
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head
    }

    /// How many facts are known, the future included.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.records.len() as u64
    }

    /// Whether nothing has happened yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record at `id`.
    #[must_use]
    pub fn get(&self, id: FactId) -> Option<&Record<F>> {
        self.records.get(usize::try_from(id.0).ok()?)
    }

    /// Records from place `from` up to, not including, place `to`; places past the end are left out.
    #[must_use]
    pub fn range(&self, from: u64, to: u64) -> impl DoubleEndedIterator<Item = &Record<F>> {
        let clamp = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(self.records.len());
        self.records.range(clamp(from), clamp(to))
    }

    /// The first place whose time is not before `at`.
    #[must_use]
    pub fn place_at(&self, at: Time) -> u64 {
        self.records.partition_point(|record| record.at < at) as u64
    }

    /// The causes of `id`, nearest first.
    pub fn causes(&self, id: FactId) -> impl Iterator<Item = &Record<F>> {
        let mut next = self.get(id).and_then(|record| record.cause);
        std::iter::from_fn(move || {
            let record = self.get(next?)?;
            next = record.cause;
            Some(record)
        })
    }

    /// Moves to the place that a snapshot had reached.
    pub(super) fn rewind(&mut self, head: u64) {
        self.head = head;
    }

    /// Forgets the future.
    pub(super) fn truncate(&mut self) {
        self.records.truncate(usize::try_from(self.head).unwrap_or(usize::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_run_adds_nothing_and_a_new_one_replaces_the_future() {
        let mut trace = Trace::default();
        let a = trace.note(Time::ZERO, None, "a");
        trace.note(Time::ZERO, Some(a), "b");
        trace.rewind(1);
        trace.note(Time::ZERO, Some(a), "b");
        assert_eq!((trace.head(), trace.len()), (2, 2));
        trace.rewind(1);
        trace.truncate();
        let c = trace.note(Time::from_millis(1), Some(a), "c");
        assert_eq!(trace.causes(c).map(|r| r.fact).collect::<Vec<_>>(), ["a"]);
        assert_eq!(trace.place_at(Time::from_micros(1)), 1);
    }
}
