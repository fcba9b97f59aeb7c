//! `bottle serve`: the simulated API server for any kubectl.
//!
//! ```text
//!   kubectl ──HTTP/1.1──▶ connection (tokio, one thread) ──▶ engine (a thread of its own)
//!           ◀──────────── answers, streams of watches ◀──── simulated time = real time × speed
//! ```
//!
//! The engine lives on one thread and lets simulated time pass with the clock on the wall. A request is sent into the
//! simulation at the moment at which it comes, and its answer leaves when the simulated server has answered, some
//! simulated milliseconds later. Nothing else of the cluster knows that anybody looks in from outside.
//!
//! Callers are whom the command line says (`kubectl proxy` lends its own name in the same way), or whom they
//! impersonate. The server listens on loopback unless told otherwise, because it asks nobody for a password.
//!
//! Left out: TLS, HTTP/2, `exec` and its kin, and the wall clock's date: the cluster's clock begins on 2026-01-05.

mod cluster;
mod connection;
mod engine;
mod oracle;

use crate::cluster::wire::User;
use std::net::SocketAddr;

/// What `bottle serve` is asked to do.
#[derive(Clone, Debug)]
pub struct Serve {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Name of the scenario.
    pub scenario: String,
    /// The seed of all chance.
    pub seed: u64,
    /// Simulated seconds for each real one.
    pub speed: f64,
    /// Who callers are unless they say otherwise.
    pub user: String,
    /// His groups.
    pub groups: Vec<String>,
}

/// Serves until the process ends.
///
/// # Errors
/// A sentence, when there is no such scenario or the address cannot be had.
pub fn serve(options: &Serve) -> Result<bool, String> {
    let lent = lent(&options.user, &options.groups);
    let (engine, asked) = engine::Door::open();
    let Serve { scenario, seed, speed: pace, .. } = options.clone();
    cluster::check(&scenario)?;
    let thread = std::thread::Builder::new().name("engine".to_owned());
    // A snapshot's ordered maps are freed recursively; a cluster's are deep enough for more than the default stack.
    let thread = thread.stack_size(64 << 20);
    thread
        .spawn(move || engine::run(cluster::boot(&scenario, seed), pace, &asked))
        .map_err(|error| format!("the engine's thread: {error}"))?;
    connection::listen(options.listen, engine, &lent)?;
    Ok(true)
}

/// The identity that is lent to callers: everybody who is somebody is authenticated.
fn lent(user: &str, groups: &[String]) -> User {
    let mut groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let own = if user == "system:anonymous" { "system:unauthenticated" } else { "system:authenticated" };
    if !groups.contains(&own) {
        groups.push(own);
    }
    User::new(user, &groups)
}
