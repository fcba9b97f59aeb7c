//! What is not known: a program of which nothing is known but its name.
//!
//! It runs for ever, answers every connection on every port and every HTTP path with 200, and ends 143 on SIGTERM as a
//! process without a handler would under an init. In an init container, where a program that never ends would mean that
//! the pod never starts, it works for two seconds and succeeds; run beside a container's process (a probe, a hook) it
//! succeeds at once.

use crate::cluster::runtime::process::{Flow, Listen, Process, Site};
use crate::sim::Duration;

/// Runs a program of which nothing is known.
pub fn unknown(process: &mut Process) -> Flow {
    if process.beside {
        return Flow::Next(0);
    }
    if process.around.init {
        process.pass(Duration::from_secs(2));
        return Flow::Next(0);
    }
    let from = process.clock;
    process.course.listens.push(Listen { port: 0, from, site: Site::Everything });
    Flow::Forever
}
