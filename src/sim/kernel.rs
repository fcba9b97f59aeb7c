//! The queue of events, and what a handler may do.

use super::link::{Links, Verdict};
use super::map::Map;
use super::rng::Rng;
use super::time::Time;
use super::trace::{FactId, Trace};
use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

/// An event on its way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Scheduled<A, E> {
    /// Who will handle it.
    pub to: A,
    /// What it is.
    pub event: E,
    /// The fact because of which it was scheduled.
    pub cause: Option<FactId>,
    /// The life of the receiver that it is meant for: what was on its way to a crashed process is lost.
    life: u32,
}

/// Time, the queue, the links and the random streams: all that a world has besides its processes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Kernel<A: Ord + Clone + Hash, E: Clone> {
    now: Time,
    seed: u64,
    next_id: u64,
    handled: u64,
    queue: Map<(Time, u64), Scheduled<A, E>>,
    rngs: Map<A, Rng>,
    lives: Map<A, u32>,
    /// What lies between the processes.
    pub links: Links<A>,
}

impl<A: Ord + Clone + Hash + Debug, E: Clone> Kernel<A, E> {
    /// An empty kernel whose clock stands at `now`.
    #[must_use]
    pub fn new(seed: u64, now: Time, latency: Duration) -> Self {
        Self {
            now,
            seed,
            next_id: 0,
            handled: 0,
            queue: Map::new(),
            rngs: Map::new(),
            lives: Map::new(),
            links: Links::new(latency),
        }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The seed of all random streams.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many events have been handled.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.handled
    }

    /// When the next event is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.queue.first().map(|((at, _), _)| *at)
    }

    /// Takes the next event and moves the clock to it. `None` for one whose receiver has died since.
    pub fn pop(&mut self) -> Option<Scheduled<A, E>> {
        let ((at, _), scheduled) = self.queue.pop_first()?;
        self.now = self.now.max(at);
        self.handled += 1;
        (scheduled.life == self.life(&scheduled.to)).then_some(scheduled)
    }

    /// Moves the clock forward without handling anything. The caller has handled all that is due before.
    pub fn advance(&mut self, to: Time) {
        self.now = self.now.max(to);
    }

    /// Ends the present life of `address`: everything on its way to it is lost.
    pub fn kill(&mut self, address: &A) {
        let life = self.life(address);
        self.lives.insert(address.clone(), life + 1);
    }

    fn life(&self, address: &A) -> u32 {
        self.lives.get(address).copied().unwrap_or(0)
    }

    /// Puts an event into the queue.
    pub fn schedule(&mut self, at: Time, to: A, event: E, cause: Option<FactId>) {
        let id = self.next_id;
        self.next_id += 1;
        let life = self.life(&to);
        self.queue.insert((at.max(self.now), id), Scheduled { to, event, cause, life });
    }

    /// The random stream of `address`.
    pub fn rng(&mut self, address: &A) -> &mut Rng {
        let seed = self.seed;
        self.rngs.get_or_insert_with(address.clone(), || Rng::fork(seed, address))
    }
}

/// What a handler gets: it may look at the clock, draw, send, set a timer and note facts.
pub struct Cx<'a, A: Ord + Clone + Hash, E: Clone, F: Clone> {
    kernel: &'a mut Kernel<A, E>,
    trace: &'a mut Trace<F>,
    me: A,
    cause: Option<FactId>,
}

impl<'a, A: Ord + Clone + Hash + Debug, E: Clone, F: Clone> Cx<'a, A, E, F> {
    /// The context in which `me` handles something that `cause` led to.
    pub fn new(kernel: &'a mut Kernel<A, E>, trace: &'a mut Trace<F>, me: A, cause: Option<FactId>) -> Self {
        Self { kernel, trace, me, cause }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Time {
        self.kernel.now()
    }

    /// Who is handling.
    #[must_use]
    pub fn me(&self) -> &A {
        &self.me
    }

    /// The handler's own random stream.
    pub fn rng(&mut self) -> &mut Rng {
        self.kernel.rng(&self.me)
    }

    /// The fact that stands for "because of this" at the moment: what is sent, set and noted now is caused by it.
    #[must_use]
    pub fn cause(&self) -> Option<FactId> {
        self.cause
    }

    /// Continues on behalf of another cause (a work item remembers the one it was queued for).
    pub fn because(&mut self, cause: Option<FactId>) {
        self.cause = cause;
    }

    /// Notes a fact caused by the present cause; from here on the fact itself is the cause.
    pub fn note(&mut self, fact: F) -> FactId {
        let id = self.trace.note(self.kernel.now(), self.cause, fact);
        self.cause = Some(id);
        id
    }

    /// Notes a fact to the side: the present cause stays.
    pub fn note_aside(&mut self, fact: F) -> FactId {
        self.trace.note(self.kernel.now(), self.cause, fact)
    }

    /// Sends an event to another process over the link between the two. False when the link drops it.
    pub fn send(&mut self, to: A, event: E) -> bool {
        let now = self.kernel.now();
        let seed = self.kernel.seed;
        let me = &self.me;
        let rng = self.kernel.rngs.get_or_insert_with(me.clone(), || Rng::fork(seed, me));
        match self.kernel.links.verdict(&self.me, &to, now, rng) {
            Verdict::Deliver(at) => {
                self.kernel.schedule(at, to, event, self.cause);
                true
            }
            Verdict::Drop => false,
        }
    }

    /// Wakes the handler itself after `delay` (at least one microsecond).
    pub fn after(&mut self, delay: Duration, event: E) {
        let at = self.now() + delay.max(Duration::from_micros(1));
        let me = self.me.clone();
        self.kernel.schedule(at, me, event, self.cause);
    }

    /// Hands an event to a process on the same machine: no link lies between.
    pub fn hand(&mut self, to: A, delay: Duration, event: E) {
        let at = self.now() + delay;
        self.kernel.schedule(at, to, event, self.cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_of_time_then_of_scheduling() {
        let mut kernel = Kernel::<&str, &str>::new(1, Time::ZERO, Duration::ZERO);
        kernel.schedule(Time::from_millis(2), "p", "late", None);
        kernel.schedule(Time::from_millis(1), "p", "first", None);
        kernel.schedule(Time::from_millis(1), "p", "second", None);
        let order: Vec<_> = std::iter::from_fn(|| kernel.pop().map(|s| s.event)).collect();
        assert_eq!(order, ["first", "second", "late"]);
        assert_eq!(kernel.now(), Time::from_millis(2));
    }

    #[test]
    fn what_was_on_its_way_to_a_dead_process_is_lost() {
        let mut kernel = Kernel::<&str, &str>::new(1, Time::ZERO, Duration::ZERO);
        kernel.schedule(Time::from_millis(1), "p", "lost", None);
        kernel.kill(&"p");
        kernel.schedule(Time::from_millis(2), "p", "found", None);
        assert_eq!(kernel.pop(), None);
        assert_eq!(kernel.pop().map(|s| s.event), Some("found"));
    }

    #[test]
    fn noting_makes_the_fact_the_cause_of_what_follows() {
        let mut kernel = Kernel::<&str, &str>::new(1, Time::ZERO, Duration::ZERO);
        let mut trace = Trace::default();
        let mut cx = Cx::new(&mut kernel, &mut trace, "p", None);
        let fact = cx.note("something");
        cx.after(Duration::from_millis(1), "wake");
        assert_eq!(kernel.pop().and_then(|s| s.cause), Some(fact));
    }
}
