//! Beats of the past as pictures, without going there.

use super::Session;
use crate::cluster::view::View;
use crate::scene::motion::Motion;
use crate::scene::pace::{Beat, Speed};
use crate::sim::FactId;

/// How far a beat's last motion has come in its picture: all of the beat can be seen.
const SHARE: f64 = 0.5;

impl Session {
    /// What the cluster looked like at the end of a beat, and when that is on the screen at adaptive speed.
    #[must_use]
    pub fn scene(&self, beat: &Beat) -> Option<(View, f64)> {
        let last = self.trace().get(FactId(beat.last.min(self.trace().head().checked_sub(1)?)))?;
        let takes = Motion::of(&last.fact).map_or(0.0, |motion| motion.takes_ms) / self.pace().tempo(last.at);
        let shown = self.pace().to_pres(last.at, Speed::Adaptive) + SHARE * takes;
        Some((self.history.fork(last.at).view(), shown))
    }
}
