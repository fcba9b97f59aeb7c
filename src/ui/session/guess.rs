//! Guess first: time stops when the crane is about to decide.

use super::Session;
use crate::api::object::Ref;
use crate::cluster::what_if::Thought;
use crate::inspect::scheduling::attempts;
use crate::sim::FactId;

/// A pod that is about to be tried, and which attempt that is.
pub type Question = (Ref, u32);

/// Whether time stops before the crane decides, and for which attempt it did last.
#[derive(Clone, Default, Debug)]
pub struct Guessing {
    on: bool,
    asked: Option<Question>,
}

impl Session {
    /// Lets time stop before the crane decides, or no longer.
    pub fn guess_first(&mut self, on: bool) {
        self.guessing = Guessing { on, asked: None };
    }

    /// The attempt before which time stands still.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        let waits = self.guessing.on && !self.is_moving() && self.guessing.asked.is_some();
        self.history.world().trying().filter(|trying| waits && self.guessing.asked.as_ref() == Some(trying))
    }

    /// Whether time has to stop now.
    pub(super) fn asks(&mut self) -> bool {
        if !self.guessing.on {
            return false;
        }
        let trying = self.history.world().trying();
        let new = trying.is_some() && trying != self.guessing.asked;
        if new {
            self.guessing.asked = trying;
            self.play(false);
        }
        new
    }

    /// The attempt at a place of the trace, to be thought through again on a copy of the world of that moment.
    #[must_use]
    pub fn thought(&self, place: u64) -> Option<Thought> {
        let at = self.history.trace().get(FactId(place))?.at;
        self.history.fork(at).thought(&attempts::at(self.history.trace(), place)?)
    }
}
