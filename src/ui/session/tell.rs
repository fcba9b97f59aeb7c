//! Stepping by beats: one beat is told from its beginning to the beginning of the next.
//!
//! Between two steps the run stands one microsecond before a beat, so that the next step tells that beat from its
//! beginning.

use super::Session;
use super::work::Slice;
use crate::scene::motion::Motion;
use crate::sim::{Duration, FactId, Time};

/// A step on its way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Step {
    /// Running on quickly until a beat begins after this moment.
    Search(Time),
    /// Telling the beat that began at this moment.
    Tell(Time),
}

/// Where nothing happens for so long, there is no next beat.
const PATIENCE: Duration = Duration::from_mins(10);
/// A beat whose successor is not known is over when its last fact has been shown for so long.
const LINGER_MS: f64 = 1800.0;
/// The same in simulated time, where nothing is told.
const LINGER: Duration = Duration::from_secs(2);
/// The part of a motion after which all of it can be seen.
const NEARLY: f64 = 0.95;

impl Session {
    /// One beat forward. A second call while a beat is being told goes to its end at once.
    pub fn step(&mut self) {
        let telling = self.step.take();
        self.play(false);
        match telling {
            Some(Step::Tell(beat)) => self.finish(beat),
            _ => self.step = Some(Step::Search(self.now())),
        }
    }

    /// Back to the beginning of the beat before.
    pub fn step_back(&mut self) {
        self.play(false);
        let beat = self.pace().previous_beat(self.now());
        self.show(beat.map_or(self.start(), before).max(self.start()));
    }

    /// Shows something that happened as it stands at the end of its motion; time stands still.
    pub fn show_fact(&mut self, place: u64) {
        let Some(record) = self.trace().get(FactId(place)) else { return };
        let (at, motion) = (record.at, Motion::of(&record.fact));
        self.play(false);
        self.seek(at);
        self.pres_ms += motion.map_or(0.0, |motion| motion.takes_ms * NEARLY);
    }

    /// A frame of a step.
    pub(super) fn tell(&mut self, step: Step, elapsed: f64, slice: &mut Slice) {
        match step {
            Step::Search(from) => self.search(from, slice),
            Step::Tell(beat) => {
                self.advance(elapsed, slice);
                self.look_ahead(slice);
                if self.is_told(beat) {
                    self.finish(beat);
                }
            }
        }
    }

    fn search(&mut self, from: Time, slice: &mut Slice) {
        loop {
            if let Some(beat) = self.pace().next_beat(from) {
                self.show(beat);
                self.step = Some(Step::Tell(beat));
                if self.reduced {
                    self.finish(beat);
                }
                return;
            }
            if self.now().since(from) > PATIENCE || self.history.next_at().is_none() {
                self.step = None;
                self.catch_up();
                return;
            }
            if slice.is_over() {
                self.behind = true;
                self.catch_up();
                return;
            }
            self.history.step();
            self.script.extend(self.history.trace());
        }
    }

    fn is_told(&self, beat: Time) -> bool {
        let pace = self.pace();
        if let Some(next) = pace.next_beat(beat) {
            return self.presented() >= pace.to_pres(next, self.speed());
        }
        let last = pace.beats().last().and_then(|beat| self.trace().get(FactId(beat.last)));
        last.is_none_or(|record| self.presented() > pace.to_pres(record.at, self.speed()) + LINGER_MS)
    }

    /// Goes to the end of a beat.
    fn finish(&mut self, beat: Time) {
        self.step = None;
        while self.pace().next_beat(beat).is_none() && self.now().since(beat) < LINGER {
            if self.history.next_at().is_none() {
                break;
            }
            self.history.step();
            self.script.extend(self.history.trace());
        }
        let next = self.pace().next_beat(beat).map(before);
        self.show(next.unwrap_or(self.now()).max(self.now().min(beat)));
    }
}

fn before(beat: Time) -> Time {
    Time::from_micros(beat.as_micros() - 1)
}
