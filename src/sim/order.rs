//! Sorting that is compiled once.
//!
//! `slice::sort` is among the largest functions of the standard library, and each type of element and each key brings a
//! copy of its own into what a first visitor downloads. Here only the *places* of the elements are sorted, which are
//! numbers whatever the elements are; then the elements move to their places.

use std::cmp::Ordering;

/// Stable sorting of slices.
pub trait Order<T> {
    /// Sorts by a comparison; what is equal keeps its order.
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering);

    /// Sorts by a key.
    fn order_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }

    /// Sorts.
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }
}

impl<T> Order<T> for [T] {
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering) {
        let mut places = sorted(self.len(), &|a, b| compare(&self[a], &self[b]));
        // Along each cycle of places.
        for start in 0..self.len() {
            let mut at = start;
            loop {
                let from = std::mem::replace(&mut places[at], at);
                if from == start {
                    break;
                }
                self.swap(at, from);
                at = from;
            }
        }
    }
}

/// For each place the place where its element is now.
fn sorted(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|a, b| compare(*a, *b));
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::rng::Rng;

    #[test]
    fn it_sorts_as_std_does() {
        let mut rng = Rng::fork(1, &"order");
        for len in 0..60 {
            let items: Vec<(u64, usize)> = (0..len).map(|n| (rng.below(9), n)).collect();
            let (mut ours, mut theirs) = (items.clone(), items.clone());
            ours.order_by_key(|(key, _)| *key);
            theirs.sort_by_key(|(key, _)| *key);
            assert_eq!(ours, theirs);
            ours.order_by(|a, b| b.cmp(a));
            theirs.sort_by(|a, b| b.cmp(a));
            assert_eq!(ours, theirs);
            ours.order();
            assert_eq!(
                ours,
                items.iter().copied().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
            );
        }
    }
}
