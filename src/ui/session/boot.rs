//! A harbour that comes up piece by piece, so that the page never stands still.

use super::Session;
use crate::cluster::boot::{self, Scenario};
use crate::ui::browser;
use crate::ui::link::Link;

/// How long a piece takes, in milliseconds.
const SLICE_MS: f64 = 8.0;

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
        while self.0.step() {
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
