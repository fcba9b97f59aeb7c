//! Leases: keys that disappear by themselves (upstream: `server/lease/lessor.go`).

use crate::sim::{Duration, Time};
use crate::sim::{Map, Set};
use std::rc::Rc;

/// All leases.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Leases {
    last: u64,
    granted: Map<u64, Lease>,
    /// By the moment at which they run out.
    ends: Set<(Time, u64)>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Lease {
    ttl: Duration,
    ends: Time,
    keys: Set<Rc<str>>,
}

impl Leases {
    /// Grants a lease for `ttl` from `now`; gives its id, from 1.
    pub fn grant(&mut self, ttl: Duration, now: Time) -> u64 {
        self.last += 1;
        self.granted.insert(self.last, Lease { ttl, ends: now + ttl, keys: Set::new() });
        self.ends.insert((now + ttl, self.last));
        self.last
    }

    /// Whether there is such a lease.
    #[must_use]
    pub fn exists(&self, lease: u64) -> bool {
        self.granted.contains_key(&lease)
    }

    /// Lets a key hang on a lease (0: on none) instead of the one before.
    pub fn attach(&mut self, key: &Rc<str>, before: u64, lease: u64) {
        if before == lease {
            return;
        }
        if let Some(old) = self.granted.get_mut(&before) {
            old.keys.remove(key);
        }
        if let Some(new) = self.granted.get_mut(&lease) {
            new.keys.insert(key.clone());
        }
    }

    /// Takes a lease away and gives the keys that hung on it; `None`: there is no such lease.
    pub fn revoke(&mut self, lease: u64) -> Option<Vec<Rc<str>>> {
        let gone = self.granted.remove(&lease)?;
        self.ends.remove(&(gone.ends, lease));
        Some(gone.keys.iter().cloned().collect())
    }

    /// When the next lease runs out.
    #[must_use]
    pub fn next_end(&self) -> Option<Time> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// The leases that have run out by `now`.
    #[must_use]
    pub fn expired(&self, now: Time) -> Vec<u64> {
        self.ends.iter().take_while(|(at, _)| *at <= now).map(|(_, lease)| *lease).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_with_the_keys_that_hang_on_it_at_that_moment() {
        let mut leases = Leases::default();
        let first = leases.grant(Duration::from_secs(5), Time::ZERO);
        let second = leases.grant(Duration::from_secs(9), Time::ZERO);
        let (a, b): (Rc<str>, Rc<str>) = ("a".into(), "b".into());
        leases.attach(&a, 0, first);
        leases.attach(&b, 0, first);
        leases.attach(&a, first, second);
        assert_eq!(leases.next_end(), Some(Time::from_secs(5)));
        assert_eq!(leases.expired(Time::from_secs(5)), [first]);
        assert_eq!(leases.revoke(first), Some(vec![b]));
        assert_eq!(leases.revoke(first), None);
        assert!(!leases.exists(first) && leases.exists(second));
    }
}
