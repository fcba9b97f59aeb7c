//! The one ordered map of the engine, of which a clone is a snapshot.
//!
//! A world is cloned every few seconds, and most of what a large cluster holds has not changed since: clones therefore
//! share their entries and copy what they change. The structure is as plain as that allows, a sorted list of sorted
//! chunks: a lookup is two binary searches, a change copies one chunk of at most [`CHUNK`] entries, and the first
//! change after a clone also copies the list of chunks (150,000 entries: some 6,000 pointers).
//!
//! It is our own because every pair of key and value types compiles to code of its own, which a first visitor
//! downloads: this one is a sixth of what a general persistent tree needs. For the same reason the engine uses it for
//! small maps too. What lives only inside one function may well be a `BTreeMap`.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Bound, RangeBounds};
use std::rc::Rc;

/// The most entries of a chunk.
const CHUNK: usize = 32;

type Chunk<K, V> = Rc<Vec<(K, V)>>;

/// An ordered map whose clones share their entries.
pub struct Map<K, V> {
    /// None is empty, and each begins after the end of the one before.
    chunks: Rc<Vec<Chunk<K, V>>>,
    len: usize,
}

/// Where an entry is, or would be: the chunk and the place in it.
type Place = (usize, usize);

impl<K, V> Map<K, V> {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self { chunks: Rc::default(), len: 0 }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entry with the smallest key.
    #[must_use]
    pub fn first(&self) -> Option<&(K, V)> {
        self.chunks.first()?.first()
    }

    /// The entry with the greatest key.
    #[must_use]
    pub fn last(&self) -> Option<&(K, V)> {
        self.chunks.last()?.last()
    }

    /// The entries in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { front: [].iter(), chunks: self.chunks.iter(), back: [].iter() }
    }

    /// The keys in order.
    #[must_use]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + use<'_, K, V> {
        self.iter().map(|(key, _)| key)
    }

    /// The values in order of their keys.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + use<'_, K, V> {
        self.iter().map(|(_, value)| value)
    }

    /// `Ok`: the place of `key`; `Err`: the place where it would stand.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        // Written out, because this is where much of the time goes: compiled for size, std's searches would call a closure
        // for every comparison.
        let (mut low, mut high) = (0, self.chunks.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.chunks[middle][0].0.borrow().cmp(key) {
                Ordering::Greater => high = middle,
                _ => low = middle + 1,
            }
        }
        let number = low.saturating_sub(1);
        let Some(chunk) = self.chunks.get(number) else { return Err((0, 0)) };
        let (mut low, mut high) = (0, chunk.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match chunk[middle].0.borrow().cmp(key) {
                Ordering::Greater => high = middle,
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok((number, middle)),
            }
        }
        Err((number, low))
    }

    /// The value of a key.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (chunk, at) = self.place(key).ok()?;
        Some(&self.chunks[chunk][at].1)
    }

    /// Whether a key is there.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// The entries whose keys are in a range, in order.
    pub fn range(&self, range: impl RangeBounds<K>) -> Iter<'_, K, V>
    where
        K: Ord,
    {
        let from = match range.start_bound() {
            Bound::Included(key) => self.place(key).unwrap_or_else(|place| place),
            Bound::Excluded(key) => self.place(key).map_or_else(|place| place, |(chunk, at)| (chunk, at + 1)),
            Bound::Unbounded => (0, 0),
        };
        let to = match range.end_bound() {
            Bound::Included(key) => self.place(key).map_or_else(|place| place, |(chunk, at)| (chunk, at + 1)),
            Bound::Excluded(key) => self.place(key).unwrap_or_else(|place| place),
            Bound::Unbounded => (self.chunks.len(), 0),
        };
        self.between(from, to)
    }

    fn between(&self, from: Place, to: Place) -> Iter<'_, K, V> {
        let part = |chunk: usize| self.chunks.get(chunk).map_or(&[][..], |chunk| chunk);
        if from.0 >= to.0 {
            let end = if from.0 == to.0 { to.1 } else { 0 };
            let front = part(from.0).get(from.1..end).unwrap_or_default();
            return Iter { front: front.iter(), chunks: [].iter(), back: [].iter() };
        }
        Iter {
            front: part(from.0)[from.1..].iter(),
            chunks: self.chunks[from.0 + 1..to.0].iter(),
            back: part(to.0)[..to.1].iter(),
        }
    }
}

/// As `Rc::make_mut`, without the code for weak references, of which there are none.
fn own<T: Clone>(shared: &mut Rc<T>) -> &mut T {
    if Rc::get_mut(shared).is_none() {
        *shared = Rc::new(T::clone(shared));
    }
    match Rc::get_mut(shared) {
        Some(own) => own,
        None => unreachable!("a fresh copy is not shared"),
    }
}

impl<K: Ord + Clone, V: Clone> Map<K, V> {
    fn chunk_mut(&mut self, number: usize) -> &mut Vec<(K, V)> {
        own(&mut own(&mut self.chunks)[number])
    }

    /// The value of a key, to change.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (chunk, at) = self.place(key).ok()?;
        Some(&mut self.chunk_mut(chunk)[at].1)
    }

    /// The value of a key, to change; one that is not there is made first.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let (chunk, at) = match self.place(&key) {
            Ok(place) => place,
            Err(place) => self.insert_at(place, (key, make())),
        };
        &mut self.chunk_mut(chunk)[at].1
    }

    /// The value of a key, to change; one that is not there is made first.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }

    /// Sets the value of a key and gives the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok((chunk, at)) => Some(std::mem::replace(&mut self.chunk_mut(chunk)[at].1, value)),
            Err(place) => {
                self.insert_at(place, (key, value));
                None
            }
        }
    }

    /// Puts a new entry where it belongs and tells where it has come to stand.
    fn insert_at(&mut self, (number, at): Place, entry: (K, V)) -> Place {
        self.len += 1;
        let chunks = own(&mut self.chunks);
        let Some(chunk) = chunks.get_mut(number) else {
            chunks.push(Rc::new(vec![entry]));
            return (0, 0);
        };
        let chunk = own(chunk);
        if chunk.len() < CHUNK {
            chunk.insert(at, entry);
            return (number, at);
        }
        // Keys that only grow fill their chunks; others find room in both halves.
        let middle = if at == CHUNK { CHUNK } else { CHUNK / 2 };
        let mut rest = chunk.split_off(middle);
        let place = if at < middle {
            chunk.insert(at, entry);
            (number, at)
        } else {
            rest.insert(at - middle, entry);
            (number + 1, at - middle)
        };
        chunks.insert(number + 1, Rc::new(rest));
        place
    }

    /// Removes a key and gives its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(self.remove_at(place).1)
    }

    /// Removes the entry with the smallest key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.is_empty()).then(|| self.remove_at((0, 0)))
    }

    /// Removes the entry with the greatest key.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        let last = self.chunks.last()?.len() - 1;
        Some(self.remove_at((self.chunks.len() - 1, last)))
    }

    fn remove_at(&mut self, (number, at): Place) -> (K, V) {
        self.len -= 1;
        let chunks = own(&mut self.chunks);
        let entry = own(&mut chunks[number]).remove(at);
        let left = chunks[number].len();
        // A chunk joins the next when both together are half full, so that they do not become many and small.
        if left == 0 {
            chunks.remove(number);
        } else if chunks.get(number + 1).is_some_and(|next| left + next.len() <= CHUNK / 2) {
            let mut next = chunks.remove(number + 1);
            own(&mut chunks[number]).append(own(&mut next));
        }
        entry
    }
}

/// Entries in order.
pub struct Iter<'a, K, V> {
    front: std::slice::Iter<'a, (K, V)>,
    chunks: std::slice::Iter<'a, Chunk<K, V>>,
    back: std::slice::Iter<'a, (K, V)>,
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.front.next() {
                return Some((key, value));
            }
            self.front = match self.chunks.next() {
                Some(chunk) => chunk.iter(),
                None if self.back.as_slice().is_empty() => return None,
                None => std::mem::take(&mut self.back),
            };
        }
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.back.next_back() {
                return Some((key, value));
            }
            self.back = match self.chunks.next_back() {
                Some(chunk) => chunk.iter(),
                None if self.front.as_slice().is_empty() => return None,
                None => std::mem::take(&mut self.front),
            };
        }
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Clone for Map<K, V> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone(), len: self.len }
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Map<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && (Rc::ptr_eq(&self.chunks, &other.chunks) || self.iter().eq(other.iter()))
    }
}

impl<K: Eq, V: Eq> Eq for Map<K, V> {}

impl<K: Hash, V: Hash> Hash for Map<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for entry in self {
            entry.hash(state);
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::rng::Rng;
    use std::collections::BTreeMap;

    fn check(map: &Map<u64, u64>, model: &BTreeMap<u64, u64>, rng: &mut Rng) {
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model), "{map:?} {model:?}");
        assert!(map.iter().rev().eq(model.iter().rev()));
        assert_eq!(map.first().map(|(key, _)| key), model.keys().next());
        assert_eq!(map.last().map(|(key, _)| key), model.keys().next_back());
        let (low, high) = (rng.below(500), rng.below(500));
        let (low, high) = (low.min(high), low.max(high));
        assert!(map.range(low..high).eq(model.range(low..high)));
        assert!(map.range(low..=high).rev().eq(model.range(low..=high).rev()));
        assert!(map.range(high..).eq(model.range(high..)));
        assert_eq!(map.range(high + 1..low).next(), None);
        assert!(map.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
    }

    /// Random operations against std's map; clones made on the way keep what they had.
    #[test]
    fn it_behaves_like_a_naive_model() {
        for seed in 0..20 {
            let mut rng = Rng::fork(seed, &"map");
            let (mut map, mut model) = (Map::new(), BTreeMap::new());
            let mut kept = Vec::new();
            for step in 0..3000 {
                let key = rng.below(500);
                match rng.below(if step < 1500 { 6 } else { 9 }) {
                    0..4 => assert_eq!(map.insert(key, step), model.insert(key, step)),
                    4 => {
                        *map.get_or_default(key) += 1;
                        *model.entry(key).or_default() += 1;
                    }
                    5 => assert_eq!(map.get(&key), model.get(&key)),
                    6 => assert_eq!(map.pop_first(), model.pop_first()),
                    7 => assert_eq!(map.pop_last(), model.pop_last()),
                    _ => assert_eq!(map.remove(&key), model.remove(&key)),
                }
                if step % 100 == 0 {
                    check(&map, &model, &mut rng);
                    kept.push((map.clone(), model.clone()));
                }
            }
            for (map, model) in &kept {
                check(map, model, &mut rng);
            }
        }
    }

    #[test]
    fn a_clone_shares_all_chunks_but_those_that_change() {
        let mut map: Map<u64, u64> = (0..1000).map(|n| (n, n)).collect();
        let kept = map.clone();
        assert_eq!(map, kept);
        map.insert(500, 0);
        let shared = |number: usize| Rc::ptr_eq(&map.chunks[number], &kept.chunks[number]);
        assert_eq!((0..map.chunks.len()).filter(|number| !shared(*number)).count(), 1);
        assert_ne!(map, kept);
    }

    #[test]
    fn keys_that_only_grow_fill_their_chunks() {
        let map: Map<u64, ()> = (0..320).map(|n| (n, ())).collect();
        assert_eq!(map.chunks.len(), 320 / CHUNK);
    }
}
