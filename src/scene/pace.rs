//! The two clocks: simulated time (what Kubernetes sees) and screen time (what the eye sees).
//!
//! At adaptive speed the map between them is computed from the trace alone. Each instant at which something visible
//! happens is held for as long as its longest motion takes; between two such instants a gap of `g` seconds is shown as
//! `P(g) = min(g, 0.25 + 0.35·log10(1 + g/0.1), 1.5)` seconds. Motions that happen at once share the time, and a
//! cascade that lasts long is told ever faster, so that a thousand pods do not take an hour. Routine never slows time.
//!
//! The map is monotone and grows at its end only: [`Pace::extend`] reads new records, [`Pace::forget`] drops those that
//! a new input has made untrue. After the last visible instant time runs as it does for Kubernetes.

use super::motion::{Act, Motion, Role};
use crate::cluster::fact::{Call, Fact};
use crate::sim::{Record, Sorted, Time, Trace};

/// How fast time is shown.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Speed {
    /// Slow where something happens, quick where nothing does.
    #[default]
    Adaptive,
    /// So many times as fast as Kubernetes; 0.1 to 1000.
    Times(f64),
}

/// A moment at which something visible happens.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Held {
    at: Time,
    /// When it begins on the screen.
    from_ms: f64,
    /// How long it is held.
    hold_ms: f64,
    /// How many times faster than usual it is told.
    tempo: f64,
}

/// A mechanism at work: one request from its first to its last fact, one round of watch pulses, one attempt …
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beat {
    /// When it begins.
    pub at: Time,
    /// The place of its first fact in the trace: what it is about.
    pub head: u64,
    /// The place of its last known fact.
    pub last: u64,
    /// Whether it carries the story (has a caption).
    pub lead: bool,
}

/// A request that is being told.
#[derive(Clone, Copy, Debug)]
struct Told {
    role: Role,
    beat: usize,
    open: bool,
}

/// Facts of one beat lie at most so far from its beginning (5 ms).
const BEAT_MICROS: i64 = 5_000;
/// A beat of the story has at least so much screen time.
const LEAST_MS: f64 = 400.0;
/// After so much uninterrupted telling it becomes faster,
const PATIENCE_MS: f64 = 45_000.0;
/// twice as fast after each of these.
const DOUBLING_MS: f64 = 15_000.0;
/// Side motions take this share of a lead's time.
const SIDE: f64 = 0.2;

/// The map between the clocks, and the beats.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    instants: Vec<Held>,
    /// Places of the visible facts with their roles, in order.
    shown: Vec<(u64, Role)>,
    beats: Vec<Beat>,
    calls: Sorted<Call, Told>,
    /// For the latest commits: their place, how their watch events weigh, and the beat of these.
    commits: Vec<(u64, Role, Option<usize>)>,
    open: u32,
    read: u64,
    /// Where the present cascade began on the screen.
    cascade_ms: f64,
    /// When the story will go on, if somebody has looked ahead.
    expected: Option<Time>,
}

impl Pace {
    /// Reads the records that are new.
    pub fn extend(&mut self, trace: &Trace<Fact>) {
        let end = trace.len();
        for record in trace.range(self.read, end) {
            self.read_one(record, trace);
        }
        self.read = end.max(self.read);
    }

    /// Says when the story will go on after its last known instant, so that the quiet until then can be shown shorter.
    pub fn expect_next(&mut self, at: Option<Time>) {
        self.expected = at;
    }

    /// The instant with this index; after the last known one, the one that is expected.
    fn instant(&self, index: usize) -> Option<Held> {
        let expected = || {
            let at = self.expected.filter(|at| self.instants.last().map_or(Time::ZERO, |last| last.at) < *at)?;
            Some(Held { at, from_ms: self.after_last(at), hold_ms: 0.0, tempo: 1.0 })
        };
        self.instants.get(index).copied().or_else(expected)
    }

    /// Forgets all from place `from` on. To be called with [`Trace::head`] before an input in the past.
    pub fn forget(&mut self, from: u64, trace: &Trace<Fact>) {
        if from >= self.read {
            return;
        }
        // An input in the past is rare and reading is quick: begin again.
        *self = Self::default();
        for record in trace.range(0, from) {
            self.read_one(record, trace);
        }
        self.read = from;
    }

    fn read_one(&mut self, record: &Record<Fact>, trace: &Trace<Fact>) {
        let Some(motion) = Motion::of(&record.fact) else { return };
        // The boot is over when the user comes: it is not told.
        if record.at < Time::ZERO || motion.role == Role::Ambient {
            return;
        }
        let role = self.enter(record, motion, trace);
        self.shown.push((record.id.0, role));
        self.hold(record.at, motion, role);
    }

    /// Finds the beat of a fact, or begins one; says how the fact weighs.
    fn enter(&mut self, record: &Record<Fact>, motion: Motion, trace: &Trace<Fact>) -> Role {
        let call = match &record.fact {
            Fact::Requested { call, .. } => {
                let beat = self.begin(record, motion.role);
                self.calls.insert(call.clone(), Told { role: motion.role, beat, open: true });
                self.open += u32::from(motion.role == Role::Lead);
                return motion.role;
            }
            Fact::Gate { call, .. } | Fact::Committed { call, .. } | Fact::Answered { call, .. } => call,
            Fact::Watched { .. } => return self.enter_watched(record, trace),
            _ => {
                self.begin(record, motion.role);
                return motion.role;
            }
        };
        let Some(told) = self.calls.get_mut(call) else {
            self.begin(record, Role::Side);
            return Role::Side;
        };
        let ends = told.open && matches!(record.fact, Fact::Answered { .. });
        told.open &= !ends;
        self.open -= u32::from(ends && told.role == Role::Lead && self.open > 0);
        let (role, beat) = (told.role, told.beat);
        if let Fact::Committed { .. } = record.fact {
            self.commits.push((record.id.0, role, None));
            if self.commits.len() > 64 {
                self.commits.remove(0);
            }
        }
        self.join(beat, record);
        // A refusal is always worth telling.
        if matches!(&record.fact, Fact::Gate { refused: Some(_), .. }) { Role::Lead } else { role }
    }

    fn enter_watched(&mut self, record: &Record<Fact>, trace: &Trace<Fact>) -> Role {
        let commit = trace.causes(record.id).take(4).find(|cause| matches!(cause.fact, Fact::Committed { .. }));
        let known = commit.and_then(|commit| self.commits.iter().position(|(place, ..)| *place == commit.id.0));
        let Some(index) = known else {
            self.begin(record, Role::Side);
            return Role::Side;
        };
        let (place, role, beat) = self.commits[index];
        let young = |beat: &usize| record.at.as_micros() - self.beats[*beat].at.as_micros() <= BEAT_MICROS;
        if let Some(beat) = beat.filter(young) {
            self.join(beat, record);
        } else {
            let beat = self.begin(record, role);
            self.commits[index] = (place, role, Some(beat));
        }
        role
    }

    fn begin(&mut self, record: &Record<Fact>, role: Role) -> usize {
        let id = record.id.0;
        self.beats.push(Beat { at: record.at, head: id, last: id, lead: role == Role::Lead });
        self.beats.len() - 1
    }

    fn join(&mut self, beat: usize, record: &Record<Fact>) {
        self.beats[beat].last = record.id.0;
    }

    fn hold(&mut self, at: Time, motion: Motion, role: Role) {
        if self.instants.last().is_none_or(|last| last.at < at) {
            let from_ms = self.after_last(at);
            let idle = self.instants.last().is_none_or(|last| at.since(last.at).as_micros() > 500_000);
            if idle {
                self.cascade_ms = from_ms;
            }
            let hurry = ((from_ms - self.cascade_ms - PATIENCE_MS) / DOUBLING_MS).max(0.0).exp2();
            let tempo = f64::from(self.open.max(1)) * hurry;
            self.instants.push(Held { at, from_ms, hold_ms: 0.0, tempo });
        }
        let Some(instant) = self.instants.last_mut() else { return };
        let share = if role == Role::Lead { 1.0 } else { SIDE };
        // A request's parts add up to more than the least; what stands alone is held for it.
        let alone = !matches!(motion.act, Act::Travel | Act::Gate | Act::Ink | Act::Return | Act::Pulse);
        let takes = if alone { motion.takes_ms.max(LEAST_MS) } else { motion.takes_ms };
        instant.hold_ms = instant.hold_ms.max(takes * share / instant.tempo);
    }

    /// When an instant later than all others would begin on the screen.
    fn after_last(&self, at: Time) -> f64 {
        match self.instants.last() {
            Some(last) => last.from_ms + last.hold_ms + 1000.0 * quiet(seconds(at) - seconds(last.at)),
            None if at < Time::ZERO => 1000.0 * seconds(at),
            None => 1000.0 * quiet(seconds(at)),
        }
    }

    /// When a moment begins on the screen, in milliseconds.
    #[must_use]
    pub fn to_pres(&self, t: Time, speed: Speed) -> f64 {
        if let Speed::Times(times) = speed {
            return 1000.0 * seconds(t) / times;
        }
        let index = self.instants.partition_point(|instant| instant.at <= t);
        let Some(before) = index.checked_sub(1).map(|i| self.instants[i]) else {
            let Some(first) = self.instant(0).filter(|_| t > Time::ZERO) else { return 1000.0 * seconds(t) };
            return first.from_ms * seconds(t) / seconds(first.at);
        };
        if before.at == t {
            return before.from_ms;
        }
        let since = seconds(t) - seconds(before.at);
        let held = before.from_ms + before.hold_ms;
        match self.instant(index) {
            Some(next) => held + (next.from_ms - held) * since / (seconds(next.at) - seconds(before.at)),
            None => held + 1000.0 * since,
        }
    }

    /// The moment that is shown at a screen time.
    #[must_use]
    pub fn to_sim(&self, pres_ms: f64, speed: Speed) -> Time {
        if let Speed::Times(times) = speed {
            return from_seconds(pres_ms * times / 1000.0);
        }
        let index = self.instants.partition_point(|instant| instant.from_ms <= pres_ms);
        let Some(before) = index.checked_sub(1).map(|i| self.instants[i]) else {
            let first = self.instant(0).filter(|first| pres_ms > 0.0 && first.from_ms > 0.0);
            let Some(first) = first else { return from_seconds(pres_ms / 1000.0) };
            return from_seconds(seconds(first.at) * pres_ms / first.from_ms);
        };
        let since = pres_ms - before.from_ms - before.hold_ms;
        if since <= 0.0 {
            return before.at;
        }
        match self.instant(index) {
            Some(next) => {
                let share = since / (next.from_ms - before.from_ms - before.hold_ms);
                let at = seconds(before.at) + (seconds(next.at) - seconds(before.at)) * share;
                from_seconds(at).min(next.at)
            }
            None => before.at.max(from_seconds(seconds(before.at) + since / 1000.0)),
        }
    }

    /// How much faster than usual the motions of a moment are told.
    #[must_use]
    pub fn tempo(&self, t: Time) -> f64 {
        let index = self.instants.partition_point(|instant| instant.at <= t);
        index.checked_sub(1).map_or(1.0, |i| self.instants[i].tempo)
    }

    /// How a fact weighs; `None`: it is not told (routine, or before the user came).
    #[must_use]
    pub fn role(&self, place: u64) -> Option<Role> {
        let index = self.shown.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        Some(self.shown[index].1)
    }

    /// All beats in the order of their beginnings.
    #[must_use]
    pub fn beats(&self) -> &[Beat] {
        &self.beats
    }

    /// When the next beat of the story after a moment begins, as far as it is known.
    #[must_use]
    pub fn next_beat(&self, t: Time) -> Option<Time> {
        let from = self.beats.partition_point(|beat| beat.at <= t);
        self.beats[from..].iter().find(|beat| beat.lead).map(|beat| beat.at)
    }

    /// When the last beat of the story before a moment began.
    #[must_use]
    pub fn previous_beat(&self, t: Time) -> Option<Time> {
        let to = self.beats.partition_point(|beat| beat.at < t);
        self.beats[..to].iter().rev().find(|beat| beat.lead).map(|beat| beat.at)
    }

    /// How much simulated time is skipped at a screen time: the length of the quiet gap that is being run through, if
    /// it is shown shorter than it is.
    #[must_use]
    pub fn skipping(&self, pres_ms: f64) -> Option<f64> {
        let index = self.instants.partition_point(|instant| instant.from_ms <= pres_ms);
        let (before, next) = (self.instants.get(index.checked_sub(1)?)?, self.instant(index)?);
        let gap = seconds(next.at) - seconds(before.at);
        (pres_ms > before.from_ms + before.hold_ms && gap > 2.0).then_some(gap)
    }
}

/// Seconds of screen time for a gap of seconds in which nothing visible happens.
fn quiet(gap: f64) -> f64 {
    gap.min(0.25 + 0.35 * (1.0 + gap / 0.1).log10()).clamp(0.0, 1.5)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a run of weeks are far below 2^52")]
fn seconds(t: Time) -> f64 {
    t.as_micros() as f64 / 1e6
}

#[expect(clippy::cast_possible_truncation, reason = "the clamp keeps it in range")]
fn from_seconds(seconds: f64) -> Time {
    Time::from_micros((seconds * 1e6).round().clamp(-9e15, 9e15) as i64)
}

#[cfg(test)]
mod tests;
