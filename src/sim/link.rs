//! What lies between two addresses: latency, loss, partition.

use super::map::Map;
use super::rng::Rng;
use super::set::Set;
use super::time::Time;
use std::hash::Hash;
use std::time::Duration;

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It arrives at this time.
    Deliver(Time),
    /// It never arrives.
    Drop,
}

/// A disturbance of one direction of one link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Disturbance {
    /// Added to the base latency.
    pub delay: Duration,
    /// Messages lost, of 1000.
    pub loss_per_mille: u16,
}

/// All links. Messages from one address to another never overtake each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Links<A: Ord + Clone + Hash> {
    base: Duration,
    disturbed: Map<(A, A), Disturbance>,
    isolated: Set<A>,
    last: Map<(A, A), Time>,
}

impl<A: Ord + Clone + Hash> Links<A> {
    /// Links that all have the latency `base`.
    #[must_use]
    pub fn new(base: Duration) -> Self {
        Self { base, disturbed: Map::new(), isolated: Set::new(), last: Map::new() }
    }

    /// Cuts `address` off from everybody, or joins it again.
    pub fn isolate(&mut self, address: A, isolated: bool) {
        if isolated {
            self.isolated.insert(address);
        } else {
            self.isolated.remove(&address);
        }
    }

    /// Whether `address` is cut off.
    pub fn is_isolated(&self, address: &A) -> bool {
        self.isolated.contains(address)
    }

    /// Disturbs the way from `from` to `to`; `None` heals it.
    pub fn disturb(&mut self, from: A, to: A, how: Option<Disturbance>) {
        match how {
            Some(how) => self.disturbed.insert((from, to), how),
            None => self.disturbed.remove(&(from, to)),
        };
    }

    /// Decides about a message sent now.
    pub fn verdict(&mut self, from: &A, to: &A, now: Time, rng: &mut Rng) -> Verdict {
        if from != to && (self.isolated.contains(from) || self.isolated.contains(to)) {
            return Verdict::Drop;
        }
        let pair = (from.clone(), to.clone());
        let how = self.disturbed.get(&pair).copied().unwrap_or_default();
        if rng.chance(how.loss_per_mille) {
            return Verdict::Drop;
        }
        let mut at = now + self.base + how.delay;
        if how.delay > Duration::ZERO {
            // Only a link whose delay was changed can reorder; it is kept in order like a TCP stream.
            if let Some(last) = self.last.get(&pair) {
                at = at.max(*last);
            }
            self.last.insert(pair, at);
        } else if let Some(last) = self.last.get(&pair) {
            // What was sent slowly is still on its way.
            if *last > at {
                at = *last;
            } else {
                self.last.remove(&pair);
            }
        }
        Verdict::Deliver(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isolated_address_neither_sends_nor_receives() {
        let mut links = Links::new(Duration::from_millis(1));
        let mut rng = Rng::fork(1, &1);
        links.isolate("b", true);
        assert_eq!(links.verdict(&"a", &"b", Time::ZERO, &mut rng), Verdict::Drop);
        assert_eq!(links.verdict(&"b", &"a", Time::ZERO, &mut rng), Verdict::Drop);
        links.isolate("b", false);
        assert_eq!(links.verdict(&"a", &"b", Time::ZERO, &mut rng), Verdict::Deliver(Time::from_millis(1)));
    }

    #[test]
    fn messages_do_not_overtake_each_other_when_a_delay_ends() {
        let mut links = Links::new(Duration::from_millis(1));
        let mut rng = Rng::fork(1, &1);
        let slow = Disturbance { delay: Duration::from_millis(9), loss_per_mille: 0 };
        links.disturb("a", "b", Some(slow));
        assert_eq!(links.verdict(&"a", &"b", Time::ZERO, &mut rng), Verdict::Deliver(Time::from_millis(10)));
        links.disturb("a", "b", None);
        for sent in [2, 3] {
            let verdict = links.verdict(&"a", &"b", Time::from_millis(sent), &mut rng);
            assert_eq!(verdict, Verdict::Deliver(Time::from_millis(10)), "sent at {sent} ms");
        }
        let verdict = links.verdict(&"a", &"b", Time::from_millis(12), &mut rng);
        assert_eq!(verdict, Verdict::Deliver(Time::from_millis(13)));
    }
}
