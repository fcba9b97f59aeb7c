//! Small ordered maps: sorted vectors.
//!
//! A `BTreeMap` is code for splitting, merging and rebalancing nodes, once more for every pair of key and value types: five
//! to eight kilobytes of what a first visitor downloads, where most of the engine's maps hold a handful of entries and live
//! inside one function. These are a binary search and a `Vec`. An insertion moves what comes after it, which is cheaper
//! than a tree's nodes up to some thousands of entries; what grows without bound or is cloned with the world is a
//! [`Map`](super::Map).

use super::order::Order;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// An ordered map of few entries.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sorted<K, V>(Vec<(K, V)>);

impl<K, V> Sorted<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry with the smallest key.
    #[must_use]
    pub fn first(&self) -> Option<&(K, V)> {
        self.0.first()
    }

    /// The entry with the greatest key.
    #[must_use]
    pub fn last(&self) -> Option<&(K, V)> {
        self.0.last()
    }

    /// The entries in order.
    pub fn iter(&self) -> std::slice::Iter<'_, (K, V)> {
        self.0.iter()
    }

    /// The entries in order, with values to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The keys in order.
    #[must_use]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + use<'_, K, V> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values in order of their keys.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + use<'_, K, V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The values in order of their keys, to change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// The keys in order, without the map.
    #[must_use]
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> {
        self.0.into_iter().map(|(key, _)| key)
    }

    /// The values in order of their keys, without the map.
    #[must_use]
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }

    /// Keeps the entries for which something holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// `Ok`: the place of `key`; `Err`: the place where it would stand.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        let (mut low, mut high) = (0, self.0.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.0[middle].0.borrow().cmp(key) {
                Ordering::Greater => high = middle,
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// The value of a key.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        Some(&self.0[self.place(key).ok()?].1)
    }

    /// The value of a key, to change.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(&mut self.0[place].1)
    }

    /// A key as it stands in the map, with its value.
    #[must_use]
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let (key, value) = &self.0[self.place(key).ok()?];
        Some((key, value))
    }

    /// Whether a key is there.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Removes a key and gives its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(self.0.remove(place).1)
    }
}

impl<K: Ord, V> Sorted<K, V> {
    /// Sets the value of a key and gives the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    /// The value of a key, to change; one that is not there is made first.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = self.place(&key).unwrap_or_else(|place| {
            self.0.insert(place, (key, make()));
            place
        });
        &mut self.0[place].1
    }

    /// The value of a key, to change; one that is not there is made first.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Sorted<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(key, value)| (key, value))).finish()
    }
}

/// As a `BTreeMap` does it.
impl<K: Hash, V: Hash> Hash for Sorted<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.0.len());
        for entry in &self.0 {
            entry.hash(state);
        }
    }
}

impl<K: Ord, V> Extend<(K, V)> for Sorted<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

/// Of equal keys the last one counts.
impl<K: Ord, V> FromIterator<(K, V)> for Sorted<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut entries: Vec<(K, V)> = entries.into_iter().collect();
        entries.reverse();
        entries.order_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|(a, _), (b, _)| a == b);
        Self(entries)
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Sorted<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V> IntoIterator for Sorted<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a Sorted<K, V> {
    type Item = &'a (K, V);
    type IntoIter = std::slice::Iter<'a, (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::SortedSet;
    use crate::sim::hash::stable_hash;
    use crate::sim::rng::Rng;
    use std::collections::{BTreeMap, BTreeSet};

    /// Random operations against std's collections.
    #[test]
    fn they_behave_and_hash_as_those_of_std() {
        for seed in 0..20 {
            let mut rng = Rng::fork(seed, &"sorted");
            let (mut map, mut model) = (Sorted::new(), BTreeMap::new());
            let (mut set, mut model_set) = (SortedSet::new(), BTreeSet::new());
            for step in 0..500 {
                let key = rng.below(60);
                match rng.below(5) {
                    0 | 1 => assert_eq!(map.insert(key, step), model.insert(key, step)),
                    2 => {
                        *map.get_or_default(key) += 1;
                        *model.entry(key).or_default() += 1;
                    }
                    3 => assert_eq!(map.remove(&key), model.remove(&key)),
                    _ => assert_eq!(map.get(&key), model.get(&key)),
                }
                if rng.below(3) > 0 {
                    assert_eq!(set.insert(key), model_set.insert(key));
                } else {
                    assert_eq!(set.remove(&key), model_set.remove(&key));
                }
                assert!(map.keys().eq(model.keys()) && map.values().eq(model.values()) && set.iter().eq(&model_set));
            }
            assert_eq!(stable_hash(&map), stable_hash(&model));
            assert_eq!(stable_hash(&set), stable_hash(&model_set));
            let pairs: Vec<(u64, u64)> = (0..90).map(|n| (rng.below(40), n)).collect();
            assert!(Sorted::from_iter(pairs.clone()).into_iter().eq(BTreeMap::from_iter(pairs.clone())));
            assert!(SortedSet::from_iter(pairs.clone()).iter().eq(&BTreeSet::from_iter(pairs)));
        }
    }
}
