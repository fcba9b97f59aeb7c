//! How long a Job waits before it makes another pod: 10 s after a failure, doubling with each further one, at most 10
//! minutes. A success begins anew.
//!
//! Upstream: `pkg/controller/job/backoff_utils.go`. What is remembered here is not a count but which failed pods it is a
//! count of, so that a look whose writes were refused can be repeated.

use super::indexes::index_of;
use super::spec::{Job, finished_at};
use crate::api::Object;
use crate::cluster::client::controller::{Memory, Note, Reconcile};
use crate::cluster::controllers::shared::annotation;
use crate::cluster::timing;
use crate::sim::{Duration, Sorted, Time};
use std::rc::Rc;

/// How many failures of its index a pod's predecessors had.
pub const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// … that did not count.
pub const IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

fn prefix(job: &Object) -> Rc<str> {
    format!("{}/", job.key()).into()
}

fn remembered(memory: &Memory, prefix: &Rc<str>) -> Vec<(Rc<str>, Time)> {
    let ours = memory.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&**prefix));
    let moment = |(key, note): (&Rc<str>, &Note)| match note {
        Note::Moment(at) => Some((key.clone(), *at)),
        _ => None,
    };
    ours.filter_map(moment).collect()
}

/// Forgets the failures of a Job.
pub fn forget(reconcile: &mut Reconcile, key: &str) {
    let prefix: Rc<str> = format!("{key}/").into();
    for (key, _) in remembered(reconcile.memory, &prefix) {
        reconcile.memory.remove(&key);
    }
}

/// Takes what has ended since the last look, and tells how long to wait from now.
pub fn wait(reconcile: &mut Reconcile, job: &Job, succeeded: &[&Object], failed: &[&Object]) -> Duration {
    let prefix = prefix(job.object);
    for pod in failed {
        let key = format!("{prefix}{}", pod.uid());
        reconcile.memory.insert(key.into(), Note::Moment(finished_at(pod)));
    }
    if let Some(last) = succeeded.iter().map(|pod| finished_at(pod)).max() {
        for (key, _) in remembered(reconcile.memory, &prefix).into_iter().filter(|(_, at)| *at <= last) {
            reconcile.memory.remove(&key);
        }
    }
    let failures = remembered(reconcile.memory, &prefix);
    let last = failures.iter().map(|(_, at)| *at).max().unwrap_or_default();
    left(failures.len(), last, reconcile.now())
}

/// Upstream: `getRemainingTimeForFailuresCount`.
fn left(failures: usize, last: Time, now: Time) -> Duration {
    let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
    let factor = 1_u32.checked_shl(u32::try_from(doublings).unwrap_or(u32::MAX)).unwrap_or(u32::MAX);
    let wait = timing::JOB_BACKOFF.saturating_mul(factor).min(timing::JOB_BACKOFF_MAX);
    (last + wait).since(now)
}

/// How many failures an index had when the pod was made: those that count, those that do not.
#[must_use]
pub fn failures(pod: &Object) -> (i64, i64) {
    let number = |name: &str| annotation(pod.meta(), name).and_then(|text| text.parse().ok()).unwrap_or(0);
    (number(FAILURES), number(IGNORED))
}

/// Of the given indexes those whose pod may be made now; if there is none, how long to wait
/// (upstream: `getPodCreationInfoForIndependentIndexes`).
#[must_use]
pub fn due(indexes: Vec<i64>, before: &Sorted<i64, &Object>, now: Time) -> (Vec<i64>, Duration) {
    let wait = |index: &i64| {
        before.get(index).map_or(Duration::ZERO, |pod| {
            let (counted, ignored) = failures(pod);
            left(usize::try_from(counted + ignored + 1).unwrap_or(1), finished_at(pod), now)
        })
    };
    let shortest = indexes.iter().map(wait).min().unwrap_or_default();
    if shortest.is_zero() {
        (indexes.into_iter().filter(|i| wait(i).is_zero()).collect(), shortest)
    } else {
        (Vec::new(), shortest)
    }
}

/// For each index without a living pod, the failed pod whose replacement is to know how often it has failed
/// (upstream: `getPodsWithDelayedDeletionPerIndex`). Such a pod keeps its finalizer until then.
pub fn last_failed<'a>(candidates: impl Iterator<Item = &'a Object>) -> Sorted<i64, &'a Object> {
    let mut last: Sorted<i64, &Object> = Sorted::new();
    let rank = |pod: &Object| {
        let (counted, ignored) = failures(pod);
        (counted + ignored, finished_at(pod))
    };
    for pod in candidates {
        let Some(index) = index_of(pod) else { continue };
        if last.get(&index).is_none_or(|before| rank(before).0 <= rank(pod).0 && rank(before).1 <= rank(pod).1) {
            last.insert(index, pod);
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_ten_minutes() {
        let now = Time::from_secs(0);
        let waits = [0, 1, 2, 3, 7, 8, 60].map(|failures| left(failures, now, now).as_secs());
        assert_eq!(waits, [0, 10, 20, 40, 600, 600, 600]);
        assert_eq!(left(1, now, Time::from_secs(4)).as_secs(), 6);
        assert_eq!(left(1, now, Time::from_secs(40)).as_secs(), 0);
    }
}
