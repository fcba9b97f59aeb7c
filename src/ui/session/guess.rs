//! Guess first: time stops when the crane is about to decide.

use super::Session;
use crate::api::object::Ref;
use crate::cluster::World;
use crate::cluster::input::Input;
use crate::cluster::what_if::{Edit, Thought};
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

    /// What gives other weights to a profile's plugins.
    #[must_use]
    pub fn weighed(&self, profile: &str, edits: &[Edit]) -> Option<Input> {
        let weights = edits.iter().filter_map(|edit| match edit {
            Edit::Weight { plugin, weight } => Some((plugin.as_str(), *weight)),
            _ => None,
        });
        let weights: Vec<_> = weights.collect();
        if weights.is_empty() { None } else { self.history.world().weighed(profile, &weights) }
    }

    /// The names of the schedulers (that of the cluster's own is empty), and the file of one: what it was started with, or
    /// one that says what holds without.
    #[must_use]
    pub fn schedulers(&self, name: &str) -> (Vec<String>, String) {
        let world = self.history.world();
        let text = world.scheduler_configuration(name).filter(|text| !text.is_empty());
        (world.scheduler_names(), text.map_or_else(World::default_scheduler_configuration, ToOwned::to_owned))
    }

    /// What a scheduler would say to such a file, if it would not start with it.
    #[must_use]
    pub fn refusal(text: &str) -> Option<String> {
        World::check_scheduler_configuration(text).err()
    }

    /// The attempt at a place of the trace, to be thought through again on a copy of the world of that moment.
    #[must_use]
    pub fn thought(&self, place: u64) -> Option<Thought> {
        let at = self.history.trace().get(FactId(place))?.at;
        self.history.fork(at).thought(&attempts::at(self.history.trace(), place)?)
    }
}
