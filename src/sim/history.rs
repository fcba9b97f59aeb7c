//! Memory: what people did, and snapshots from which any moment can be reached again.

use super::time::Time;
use super::trace::Trace;
use std::time::Duration;

/// A world that the history can run.
pub trait Simulation: Clone {
    /// What a person can do.
    type Input: Clone + PartialEq;
    /// What happens.
    type Fact: Clone;

    /// The present moment.
    fn now(&self) -> Time;
    /// When the next event is due.
    fn next_at(&self) -> Option<Time>;
    /// How many events have been handled.
    fn handled(&self) -> u64;
    /// Handles the next event.
    fn step(&mut self, trace: &mut Trace<Self::Fact>);
    /// Moves the clock to `to`, before which nothing is due any more.
    fn advance(&mut self, to: Time);
    /// Carries out what a person did.
    fn input(&mut self, input: &Self::Input, trace: &mut Trace<Self::Fact>);
    /// How many processes it has: each copies what it changes after a snapshot.
    fn size(&self) -> usize;
}

/// A moment kept.
#[derive(Clone, Debug)]
struct Snapshot<S> {
    world: S,
    /// Inputs that it has seen: one that falls exactly on the snapshot is neither lost nor done twice.
    inputs: usize,
    /// Facts that it has seen.
    facts: u64,
}

/// A run with its past (exact, at every moment) and, after a rewind, its known future.
#[derive(Clone, Debug)]
pub struct History<S: Simulation> {
    world: S,
    trace: Trace<S::Fact>,
    inputs: Vec<(Time, S::Input)>,
    done: usize,
    snapshots: Vec<Snapshot<S>>,
    end: Time,
}

/// A snapshot is taken after so many events,
const SNAPSHOT_EVENTS: u64 = 4096;
/// in a large world after so many for each of its processes, which all copy what they change after it,
const SNAPSHOT_EVENTS_EACH: u64 = 16;
/// or after so much time with at least one in so many of these events in it,
const SNAPSHOT_SPAN: Duration = Duration::from_secs(2);
const SNAPSHOT_PART: u64 = 64;
/// and every second one is dropped when there are so many.
const SNAPSHOTS: usize = 400;

impl<S: Simulation> History<S> {
    /// A history that begins with `world` as it stands.
    #[must_use]
    pub fn new(world: S, trace: Trace<S::Fact>) -> Self {
        let first = Snapshot { world: world.clone(), inputs: 0, facts: trace.head() };
        let end = world.now();
        Self { world, trace, inputs: Vec::new(), done: 0, snapshots: vec![first], end }
    }

    /// The world at the present moment.
    #[must_use]
    pub fn world(&self) -> &S {
        &self.world
    }

    /// What has happened, and after a rewind what will.
    #[must_use]
    pub fn trace(&self) -> &Trace<S::Fact> {
        &self.trace
    }

    /// All inputs in order, those of the known future included.
    #[must_use]
    pub fn inputs(&self) -> &[(Time, S::Input)] {
        &self.inputs
    }

    /// The first moment that can be reached.
    #[must_use]
    pub fn start(&self) -> Time {
        self.snapshots.first().map_or(self.end, |snapshot| snapshot.world.now())
    }

    /// The last moment that has been reached.
    #[must_use]
    pub fn end(&self) -> Time {
        self.end
    }

    /// When the next thing (event or known input) is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        let input = self.inputs.get(self.done).map(|(at, _)| *at);
        match (input, self.world.next_at()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Does the next thing. An input waits until all events of its moment have been handled.
    pub fn step(&mut self) {
        let event = self.world.next_at();
        match self.inputs.get(self.done) {
            Some((at, input)) if event.is_none_or(|event| event > *at) => {
                self.world.advance(*at);
                self.world.input(input, &mut self.trace);
                self.done += 1;
            }
            _ => self.world.step(&mut self.trace),
        }
        self.end = self.end.max(self.world.now());
        self.remember();
    }

    /// Runs until `to`, all that is due at `to` included.
    pub fn run_until(&mut self, to: Time) {
        while self.next_at().is_some_and(|at| at <= to) {
            self.step();
        }
        self.world.advance(to);
        self.end = self.end.max(self.world.now());
    }

    /// Does something now. What was known of the future is forgotten; keep a [`Clone`] to keep it as a branch.
    pub fn input(&mut self, input: S::Input) {
        let now = self.world.now();
        self.forget_future();
        self.inputs.push((now, input));
        // A moment is over when all that is due in it has happened: what the input leads to without delay included.
        self.run_until(now);
    }

    /// Whether acting now would forget a known future that holds inputs.
    #[must_use]
    pub fn has_future_inputs(&self) -> bool {
        self.done < self.inputs.len()
    }

    /// The next input of the known future, or if there is none the last one: what tells this run from others.
    #[must_use]
    pub fn telling_input(&self) -> Option<&S::Input> {
        self.inputs.get(self.done).or(self.inputs.last()).map(|(_, input)| input)
    }

    /// Forgets what was known of the future.
    pub fn forget_future(&mut self) {
        let now = self.world.now();
        self.inputs.truncate(self.done);
        self.snapshots.retain(|snapshot| snapshot.facts <= self.trace.head() && snapshot.world.now() <= now);
        self.trace.truncate();
        self.end = now;
    }

    /// Adds an input at a later moment, as a link or a save file brings them. Order of calls is order of time.
    pub fn enter(&mut self, at: Time, input: S::Input) {
        self.inputs.push((at.max(self.world.now()), input));
    }

    /// Goes to `to`, back or forth. Exactly the state that the first run had at that moment.
    pub fn seek(&mut self, to: Time) {
        self.approach(to);
        self.run_until(to.max(self.start()));
    }

    /// To the nearest known state at or before a moment.
    fn approach(&mut self, to: Time) {
        let index = self.snapshots.partition_point(|snapshot| snapshot.world.now() <= to);
        let snapshot = &self.snapshots[index.saturating_sub(1)];
        // A snapshot on the way to a later moment that is known saves the way to it.
        if to < self.world.now() || self.world.now() < snapshot.world.now() {
            self.world = snapshot.world.clone();
            self.done = snapshot.inputs;
            self.trace.rewind(snapshot.facts);
        }
    }

    /// The same, but at most so many events: whether it has arrived. What is left is run by [`History::step`] or
    /// [`History::run_until`].
    pub fn seek_within(&mut self, to: Time, events: u64) -> bool {
        let to = to.max(self.start());
        self.approach(to);
        let last = self.world.handled() + events;
        while self.next_at().is_some_and(|at| at <= to) {
            if self.world.handled() >= last {
                return false;
            }
            self.step();
        }
        self.world.advance(to);
        self.end = self.end.max(self.world.now());
        true
    }

    /// A copy of the world as it is, was or will be at a moment: something to try things out on.
    #[must_use]
    pub fn fork(&self, at: Time) -> S {
        let index = self.snapshots.partition_point(|snapshot| snapshot.world.now() <= at).saturating_sub(1);
        let mut fork = Self {
            world: self.world.clone(),
            trace: self.trace.clone(),
            inputs: self.inputs.clone(),
            done: self.done,
            snapshots: vec![self.snapshots[index].clone()],
            end: self.end,
        };
        fork.seek(at);
        fork.world
    }

    fn remember(&mut self) {
        let Some(last) = self.snapshots.last() else { return };
        let events = self.world.handled().saturating_sub(last.world.handled());
        let span = self.world.now().since(last.world.now());
        let enough = SNAPSHOT_EVENTS.max(SNAPSHOT_EVENTS_EACH * self.world.size() as u64);
        if events < enough && (span < SNAPSHOT_SPAN || events < enough / SNAPSHOT_PART) {
            return;
        }
        if self.world.now() < last.world.now() {
            return;
        }
        let snapshot = Snapshot { world: self.world.clone(), inputs: self.done, facts: self.trace.head() };
        self.snapshots.push(snapshot);
        if self.snapshots.len() > SNAPSHOTS {
            let mut index = 0;
            self.snapshots.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::hash::stable_hash;
    use crate::sim::{Cx, Kernel};

    /// Counters that pass numbers to each other, with chance.
    #[derive(Clone, Hash)]
    struct Toy {
        kernel: Kernel<u8, u64>,
        sums: [u64; 3],
    }

    impl Toy {
        fn new(seed: u64) -> Self {
            let mut kernel = Kernel::new(seed, Time::ZERO, Duration::from_millis(3));
            kernel.schedule(Time::from_millis(1), 0, 1, None);
            Self { kernel, sums: [0; 3] }
        }
    }

    impl Simulation for Toy {
        type Input = u64;
        type Fact = u64;
        fn now(&self) -> Time {
            self.kernel.now()
        }
        fn next_at(&self) -> Option<Time> {
            self.kernel.next_at()
        }
        fn handled(&self) -> u64 {
            self.kernel.handled()
        }
        fn step(&mut self, trace: &mut Trace<u64>) {
            let Some(event) = self.kernel.pop() else { return };
            let me = event.to;
            self.sums[usize::from(me)] += event.event;
            let mut cx = Cx::new(&mut self.kernel, trace, me, event.cause);
            let draw = cx.rng().below(100);
            cx.note(draw);
            cx.send((me + 1) % 3, draw);
        }
        fn advance(&mut self, to: Time) {
            self.kernel.advance(to);
        }
        fn input(&mut self, input: &u64, trace: &mut Trace<u64>) {
            let mut cx = Cx::new(&mut self.kernel, trace, 0, None);
            cx.note(*input);
            cx.send(0, *input);
        }
        fn size(&self) -> usize {
            self.sums.len()
        }
    }

    #[test]
    fn any_moment_is_the_same_forward_after_rewind_and_after_replay() {
        for seed in 0..50 {
            let mut history = History::new(Toy::new(seed), Trace::default());
            let mut hashes = Vec::new();
            for second in 0..20 {
                history.run_until(Time::from_secs(second));
                if second % 5 == 2 {
                    history.input(seed + 7);
                }
                hashes.push(stable_hash(history.world()));
            }
            let facts = history.trace().len();
            for second in [3, 17, 2, 0, 12, 19] {
                history.seek(Time::from_secs(second));
                assert_eq!(
                    stable_hash(history.world()),
                    hashes[usize::try_from(second).expect("small")],
                    "seed {seed}"
                );
            }
            assert_eq!(history.trace().len(), facts);
            // In pieces it is the same.
            assert!(!history.seek_within(Time::from_secs(9), 1));
            assert!(history.world().now() < Time::from_secs(9));
            history.run_until(Time::from_secs(9));
            assert_eq!(stable_hash(history.world()), hashes[9]);
            assert!(history.seek_within(Time::from_secs(9), 1));
            let mut replay = History::new(Toy::new(seed), Trace::default());
            for (at, input) in history.inputs() {
                replay.enter(*at, *input);
            }
            replay.run_until(Time::from_secs(19));
            assert_eq!(Some(&stable_hash(replay.world())), hashes.last());
        }
    }

    #[test]
    fn acting_in_the_past_forgets_the_future() {
        let mut history = History::new(Toy::new(1), Trace::default());
        history.run_until(Time::from_secs(5));
        history.input(1);
        history.run_until(Time::from_secs(9));
        let branch = history.clone();
        history.seek(Time::from_secs(4));
        assert!(history.has_future_inputs());
        history.input(2);
        assert_eq!(history.inputs().len(), 1);
        assert_eq!(history.end(), Time::from_secs(4));
        history.seek(Time::from_secs(2));
        history.run_until(Time::from_secs(9));
        assert_ne!(stable_hash(history.world()), stable_hash(branch.world()));
    }
}
