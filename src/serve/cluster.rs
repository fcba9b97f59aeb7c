//! The clusters that can be served: a scenario's, and the one of the recordings.

use super::oracle::Oracle;
use crate::api::Key;
use crate::api::Kind;
use crate::cluster::World;
use crate::cluster::apiserver::ApiServer;
use crate::cluster::boot::{Scenario, settle};
use crate::cluster::fact::Fact;
use crate::cluster::logs::Lines;
use crate::cluster::outside::Said;
use crate::cluster::wire::Message;
use crate::sim::{Simulation, Time, Trace};

/// The scenario of the recordings of kubectl's sessions.
const ORACLE: &str = "oracle";
/// The trace begins anew when it is so long: nobody looks at it here.
const LONGEST_TRACE: u64 = 200_000;

/// A cluster with somebody outside.
pub trait Cluster {
    /// The present moment.
    fn now(&self) -> Time;
    /// When something is due.
    fn next_at(&self) -> Option<Time>;
    /// Does the next thing.
    fn step(&mut self) -> Said;
    /// Moves the clock.
    fn advance(&mut self, to: Time);
    /// Sends something to the API server.
    fn send(&mut self, message: Message);
    /// The kinds that somebody has added.
    fn custom_kinds(&self) -> Vec<&'static Kind>;
    /// What a container has printed.
    ///
    /// # Errors
    /// The server's sentence.
    fn logs(&self, pod: &Key, container: &str, previous: bool) -> Result<Lines, String>;
    /// What does not go through the simulation: the server's word on tokens, and on paths that are about no resource.
    fn with_server(&mut self, look: &mut dyn FnMut(&mut ApiServer, Time));
}

/// Whether there is such a scenario.
///
/// # Errors
/// A sentence, if there is none.
pub fn check(scenario: &str) -> Result<(), String> {
    if scenario == ORACLE { Ok(()) } else { Scenario::named(scenario).map(|_| ()) }
}

/// The settled cluster of a scenario that there is.
pub fn boot(scenario: &str, seed: u64) -> Box<dyn Cluster> {
    match Scenario::named(scenario) {
        Ok(scenario) => {
            let (world, trace) = settle(&scenario, seed);
            Box::new(Served { world, trace })
        }
        Err(_) => Box::new(Oracle::boot(seed)),
    }
}

/// A scenario's cluster.
struct Served {
    world: World,
    trace: Trace<Fact>,
}

impl Cluster for Served {
    fn now(&self) -> Time {
        self.world.now()
    }

    fn next_at(&self) -> Option<Time> {
        self.world.next_at()
    }

    fn step(&mut self) -> Said {
        if self.trace.head() > LONGEST_TRACE {
            self.trace = Trace::default();
        }
        self.world.step_outside(&mut self.trace)
    }

    fn advance(&mut self, to: Time) {
        self.world.advance(to);
    }

    fn send(&mut self, message: Message) {
        self.world.send_from_outside(message, &mut self.trace);
    }

    fn custom_kinds(&self) -> Vec<&'static Kind> {
        self.world.custom_kinds()
    }

    fn logs(&self, pod: &Key, container: &str, previous: bool) -> Result<Lines, String> {
        self.world.logs(pod, container, previous)
    }

    fn with_server(&mut self, look: &mut dyn FnMut(&mut ApiServer, Time)) {
        self.world.with_server(look);
    }
}
