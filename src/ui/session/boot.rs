//! A harbour that comes up piece by piece, so that the page never stands still, and its first moments.

use super::Session;
use super::work::{Clock, Slice};
use crate::cluster::boot::{self, Scenario};
use crate::ui::browser;
use crate::ui::link::Link;

/// How long a piece takes, in milliseconds.
const SLICE_MS: f64 = 8.0;

/// Events between two looks at the clock: far less than a piece, and a look costs as much as a small event.
const STRIDE: usize = 16;

/// A harbour on its way.
pub struct Boot(boot::Boot);

impl Boot {
    /// The harbour that an address names.
    ///
    /// # Errors
    /// A sentence, when there is no such scenario.
    pub fn of(link: &Link) -> Result<Self, String> {
        let mut scenario = Scenario::named(&link.scenario)?;
        if let Some(nodes) = link.nodes {
            scenario = scenario.with_workers(nodes);
        }
        Ok(Self(boot::Boot::new(&scenario, link.seed)))
    }

    /// Comes up for a few milliseconds; true once it is settled.
    pub fn go_on(&mut self) -> bool {
        let until = browser::clock() + SLICE_MS;
        while (0..STRIDE).all(|_| self.0.step()) {
            if browser::clock() >= until {
                return false;
            }
        }
        true
    }

    /// Roughly how far it is, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.0.share()
    }

    /// The session of a settled harbour.
    #[must_use]
    pub fn session(self, link: &Link) -> Session {
        Session::open(link, self.0.history())
    }
}

/// So much of a first visit is shown before the rest of the program is here, in milliseconds: the first heartbeats. Whatever
/// they call is in the first part (`tools/split`).
const FIRST_MS: f64 = 1000.0;

impl Session {
    /// A frame of those first moments, like [`Self::frame`]; false once they are over.
    pub fn stir(&mut self, elapsed: f64, clock: Clock) -> bool {
        let left = FIRST_MS - self.pres_ms;
        if !self.playing || left <= 0.0 {
            return false;
        }
        self.behind = false;
        self.advance(elapsed.min(left), &mut Slice::begin(clock, false));
        true
    }
}
