//! One request's way through the gates, looked at closely: in a copy of the world that does it again.

use super::fact::{Call, Fact};
use super::{Process, World};
use crate::cluster::wire::Address;
use crate::sim::{Duration, Simulation, Trace};
use std::rc::Rc;

/// Whoever has no answer after so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

impl World {
    /// What each gate finds of a request that is on its way, until it is answered: facts [`Fact::Gate`] with all details.
    /// For a copy of a world, which is used up.
    #[must_use]
    pub fn passage(mut self, call: &Call) -> Vec<Fact> {
        if let Some(Process::ApiServer(server)) = self.processes.get_mut(&Address::ApiServer).map(Rc::make_mut) {
            server.explain();
        }
        let (mut trace, end) = (Trace::default(), self.now() + PATIENCE);
        let mut found = Vec::new();
        while self.next_at().is_some_and(|at| at <= end) {
            let before = trace.head();
            self.step(&mut trace);
            for record in trace.range(before, trace.head()) {
                match &record.fact {
                    Fact::Gate { call: of, .. } if of == call => found.push(record.fact.clone()),
                    Fact::Answered { call: of, .. } if of == call => return found,
                    _ => {}
                }
            }
        }
        found
    }
}
