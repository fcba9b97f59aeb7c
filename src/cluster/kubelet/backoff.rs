//! Exponential back-off as the kubelet keeps it for containers and images.
//!
//! Upstream: `client-go/util/flowcontrol/backoff.go`.

use crate::sim::{Duration, Time};

/// How long something waits, and since when that is so.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Backoff {
    /// The present wait.
    pub wait: Duration,
    /// When it was set.
    pub updated: Time,
}

impl Backoff {
    /// Whether `event` is so long after the last failure that all is forgiven: twice the longest wait.
    fn expired(self, event: Time, max: Duration) -> bool {
        event.since(self.updated) > max * 2
    }

    /// When the wait that counts from `event` is over, if it is not over yet.
    #[must_use]
    pub fn until(self, event: Time, now: Time, max: Duration) -> Option<Time> {
        let end = event + self.wait;
        (!self.expired(event, max) && now < end).then_some(end)
    }

    /// The back-off after one more failure.
    #[must_use]
    pub fn next(before: Option<Self>, event: Time, now: Time, (first, max): (Duration, Duration)) -> Self {
        let wait =
            before.filter(|before| !before.expired(event, max)).map_or(first, |before| (before.wait * 2).min(max));
        Self { wait, updated: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::timing::{CRASH_BACKOFF, CRASH_BACKOFF_MAX};

    #[test]
    fn waits_double_up_to_five_minutes_and_are_forgotten_after_ten() {
        let limits = (CRASH_BACKOFF, CRASH_BACKOFF_MAX);
        let mut now = Time::ZERO;
        let mut backoff = None;
        let mut waits = Vec::new();
        for _ in 0..7 {
            let next = Backoff::next(backoff, now, now, limits);
            waits.push(next.wait.as_secs());
            backoff = Some(next);
            now = now + next.wait;
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
        let later = now + Duration::from_secs(601);
        assert_eq!(Backoff::next(backoff, later, later, limits).wait, CRASH_BACKOFF);
    }
}
