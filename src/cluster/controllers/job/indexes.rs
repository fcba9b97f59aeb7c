//! Completion indexes of an Indexed Job, as ordered intervals: `0,2-5,9`.
//!
//! Upstream: `pkg/controller/job/indexed_job_utils.go`, `orderedIntervals`.

use crate::api::Object;
use crate::cluster::controllers::shared::annotation;
use crate::sim::Order;
use std::fmt;

/// The annotation and label that carry a pod's index.
pub const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Indexes: first and last of each interval, in order, with gaps between them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Indexes(Vec<(i64, i64)>);

impl Indexes {
    /// Reads the compressed form; what lies beyond `completions` is left out, what cannot be read too.
    #[must_use]
    pub fn parse(text: &str, completions: i64) -> Self {
        let read = |interval: &str| {
            let (first, last) = interval.split_once('-').unwrap_or((interval, interval));
            let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
            (first < completions).then(|| (first, last.min(completions - 1)))
        };
        Self(merged(text.split(',').filter_map(read).collect()))
    }

    /// These and others.
    #[must_use]
    pub fn with(&self, others: impl IntoIterator<Item = i64>) -> Self {
        let mut all = self.0.clone();
        all.extend(others.into_iter().map(|index| (index, index)));
        Self(merged(all))
    }

    /// These and those of another set.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(merged(self.0.iter().chain(&other.0).copied().collect()))
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Whether an index is among them.
    #[must_use]
    pub fn has(&self, index: i64) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&index))
    }

    /// How many of them are in the other set too.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> i64 {
        let common = |(a, b): &(i64, i64)| {
            let with = |(first, last): &(i64, i64)| (b.min(last) - a.max(first) + 1).max(0);
            other.0.iter().map(with).sum::<i64>()
        };
        self.0.iter().map(common).sum()
    }

    /// The first `count` indexes below `completions` that are not among them.
    #[must_use]
    pub fn missing(&self, count: usize, completions: i64) -> Vec<i64> {
        let (mut missing, mut next) = (Vec::new(), 0);
        for (first, last) in self.0.iter().copied().chain([(completions, completions)]) {
            let room = count - missing.len();
            missing.extend((next..first.min(completions)).take(room));
            next = next.max(last + 1);
        }
        missing
    }
}

/// Sorted, and with neighbours joined.
fn merged(mut all: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    all.order();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for (first, last) in all {
        match out.last_mut() {
            Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
            _ => out.push((first, last)),
        }
    }
    out
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (first, last)) in self.0.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

/// The index of a pod, if it carries one that makes sense.
#[must_use]
pub fn index_of(pod: &Object) -> Option<i64> {
    annotation(pod.meta(), INDEX)?.parse().ok().filter(|index| *index >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_joined_and_written() {
        let indexes = Indexes::parse("0,2-5,9", 9);
        assert_eq!((indexes.to_string().as_str(), indexes.total()), ("0,2-5", 5));
        assert_eq!(indexes.with([1]).to_string(), "0-5");
        assert_eq!(indexes.with([7, 8]).to_string(), "0,2-5,7,8");
        assert!(indexes.has(4) && !indexes.has(1));
        assert_eq!(Indexes::parse("", 3), Indexes::default());
    }

    #[test]
    fn what_is_missing_comes_in_order_and_below_the_end() {
        let indexes = Indexes::parse("1,3", 6);
        assert_eq!(indexes.missing(3, 6), [0, 2, 4]);
        assert_eq!(indexes.missing(9, 6), [0, 2, 4, 5]);
        assert_eq!(Indexes::default().missing(2, 1), [0]);
    }

    #[test]
    fn sets_overlap() {
        let (a, b) = (Indexes::parse("0-3,7", 10), Indexes::parse("2-8", 10));
        assert_eq!((a.overlap(&b), a.and(&b).to_string().as_str()), (3, "0-8"));
    }
}
