//! The trace, read once for the stage: when each fact is shown, what belongs together, where each pod lies.

use super::berths::Berths;
use super::pace::Pace;
use crate::cluster::fact::Fact;
use crate::sim::Trace;

/// What the stage knows of the trace. Grows with it.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The clocks and the beats.
    pub pace: Pace,
    /// The slots of the pods.
    pub berths: Berths,
    read: u64,
}

impl Script {
    /// A script of a whole trace.
    #[must_use]
    pub fn of(trace: &Trace<Fact>) -> Self {
        let mut script = Self::default();
        script.extend(trace);
        script
    }

    /// Reads the records that are new.
    pub fn extend(&mut self, trace: &Trace<Fact>) {
        self.pace.extend(trace);
        for record in trace.range(self.read, trace.len()) {
            self.berths.read(record);
        }
        self.read = self.read.max(trace.len());
    }

    /// Forgets all from place `from` on: to be called with the trace's head before an input in the past.
    pub fn forget(&mut self, from: u64, trace: &Trace<Fact>) {
        if from >= self.read {
            return;
        }
        self.pace.forget(from, trace);
        self.berths = Berths::default();
        for record in trace.range(0, from) {
            self.berths.read(record);
        }
        self.read = from;
    }
}
