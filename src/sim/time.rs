//! Simulated time in whole microseconds.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment of simulated time: whole microseconds since the moment at which the user was handed the harbour.
/// Moments before that (the boot) are negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Time(i64);

impl Time {
    /// The moment at which the user takes over.
    pub const ZERO: Self = Self(0);

    /// A moment `micros` microseconds after [`Time::ZERO`].
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A moment `millis` milliseconds after [`Time::ZERO`].
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1000)
    }

    /// A moment `secs` seconds after [`Time::ZERO`].
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000)
    }

    /// Microseconds since [`Time::ZERO`].
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since [`Time::ZERO`], rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole seconds since [`Time::ZERO`], rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        if self.0 <= earlier.0 { Duration::ZERO } else { Duration::from_micros((self.0 - earlier.0).cast_unsigned()) }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(micros(rhs)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(micros(rhs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_down_before_zero_too() {
        assert_eq!(Time::from_millis(-1).as_secs(), -1);
        assert_eq!(Time::from_millis(1999).as_secs(), 1);
    }

    #[test]
    fn since_is_never_negative() {
        let (a, b) = (Time::from_millis(1), Time::from_millis(3));
        assert_eq!(b.since(a), Duration::from_millis(2));
        assert_eq!(a.since(b), Duration::ZERO);
    }
}
