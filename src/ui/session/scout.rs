//! Looks ahead: when will the story go on?
//!
//! A quiet time is shown shorter than it is, so its length must be known before it is over. The scout is a copy of the
//! world (cheap: worlds share their structure) that runs ahead of the real one. It has a trace of its own, which is
//! thrown away; the same seed and inputs make the same future, so the real world will find what the scout has found.

use super::work::Slice;
use crate::cluster::World;
use crate::cluster::fact::Fact;
use crate::scene::motion::{Motion, Role};
use crate::sim::{Duration, Simulation, Time, Trace};

/// The scout looks at most so far ahead: longer than the longest wait of Kubernetes that is worth skipping (an eviction
/// after five minutes).
const HORIZON: Duration = Duration::from_secs(400);

/// The copy that runs ahead, and how far it has come.
#[derive(Default)]
pub struct Scout {
    ahead: Option<Box<(World, Trace<Fact>)>>,
    found: Option<Time>,
}

impl Scout {
    /// When the story will go on after the world's present moment, as far as can be found in the slice.
    pub fn look(&mut self, world: &World, slice: &mut Slice) -> Option<Time> {
        let now = world.now();
        if self.found.is_some_and(|found| found > now) {
            return self.found;
        }
        self.found = None;
        if self.ahead.as_ref().is_none_or(|ahead| ahead.0.now() < now) {
            self.ahead = Some(Box::new((world.clone(), Trace::default())));
        }
        let (scout, trace) = &mut **self.ahead.as_mut()?;
        while scout.next_at().is_some_and(|at| at <= now + HORIZON) {
            if slice.is_over() {
                return None;
            }
            let before = trace.head();
            scout.step(trace);
            if scout.now() > now && trace.range(before, trace.head()).any(|record| is_story(&record.fact)) {
                self.found = Some(scout.now());
                return self.found;
            }
        }
        None
    }
}

/// Whether the story goes on with a fact. The later facts of a request weigh as its first one does, so they say nothing.
fn is_story(fact: &Fact) -> bool {
    let follows =
        matches!(fact, Fact::Gate { .. } | Fact::Committed { .. } | Fact::Answered { .. } | Fact::Watched { .. });
    !follows && Motion::of(fact).is_some_and(|motion| motion.role == Role::Lead)
}
