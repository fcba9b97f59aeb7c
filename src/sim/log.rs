//! A sequence that grows at its end and is forgotten from its beginning, such as a log.

use super::map::Map;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A sequence whose clones share their items: items under running numbers.
#[derive(Clone)]
pub struct Log<T> {
    items: Map<u64, T>,
    /// The number of the next item.
    next: u64,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { items: Map::new(), next: 0 }
    }
}

impl<T> Log<T> {
    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item at a place, counted from the first that is kept.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&T> {
        self.items.get(&self.number(place))
    }

    /// The first item.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.items.first().map(|(_, item)| item)
    }

    /// The last item.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.items.last().map(|(_, item)| item)
    }

    /// The items in order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + use<'_, T> {
        self.items.values()
    }

    /// The items from a place up to, not including, another; places past the end are left out.
    #[must_use]
    pub fn range(&self, from: usize, to: usize) -> impl DoubleEndedIterator<Item = &T> + use<'_, T> {
        self.items.range(self.number(from)..self.number(to)).map(|(_, item)| item)
    }

    /// The first place whose item is not `before`, where all that are come first.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(&before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn number(&self, place: usize) -> u64 {
        (self.next - self.items.len() as u64).saturating_add(place as u64)
    }
}

impl<T: Clone> Log<T> {
    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.items.insert(self.next, item);
        self.next += 1;
    }

    /// Forgets the first item.
    pub fn pop_first(&mut self) -> Option<T> {
        self.items.pop_first().map(|(_, item)| item)
    }

    /// Forgets the last item.
    pub fn pop_last(&mut self) -> Option<T> {
        let (number, item) = self.items.pop_last()?;
        self.next = number;
        Some(item)
    }

    /// Forgets the last items until there are no more than `len`.
    pub fn truncate(&mut self, len: usize) {
        while self.len() > len {
            self.pop_last();
        }
    }
}

impl<T: Clone> FromIterator<T> for Log<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut log = Self::default();
        for item in items {
            log.push(item);
        }
        log
    }
}

impl<T: PartialEq> PartialEq for Log<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for Log<T> {}

impl<T: Hash> Hash for Log<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for item in self.iter() {
            item.hash(state);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Log<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_the_first_that_is_kept() {
        let mut log: Log<u64> = (0..100).collect();
        for _ in 0..40 {
            log.pop_first();
        }
        log.truncate(50);
        assert_eq!((log.first(), log.last(), log.len()), (Some(&40), Some(&89), 50));
        assert_eq!((log.get(49), log.get(50)), (Some(&89), None));
        assert!(log.range(45, 99).eq([85, 86, 87, 88, 89].iter()));
        assert_eq!(log.partition_point(|n| *n < 60), 20);
        log.push(7);
        assert_eq!(log.pop_last(), Some(7));
        // Where its numbers begin is nobody's business.
        assert_eq!(log, (40..90).collect());
    }
}
