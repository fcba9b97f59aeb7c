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
mod logs;
mod oracle;

use crate::cluster::wire::User;
pub use engine::Pace;
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
    /// How time passes while recordings are repeated.
    pub pace: Pace,
}

impl Serve {
    /// The cluster of the recorded sessions, at a free port.
    #[must_use]
    pub fn oracle() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            scenario: "oracle".to_owned(),
            seed: 42,
            speed: 1.0,
            user: "kubernetes-admin".to_owned(),
            groups: vec!["system:masters".to_owned()],
            pace: Pace::default(),
        }
    }
}

/// Serves until the process ends.
///
/// # Errors
/// A sentence, when there is no such scenario or the address cannot be had.
pub fn serve(options: &Serve) -> Result<bool, String> {
    let (engine, lent) = engine(options)?;
    connection::listen(options.listen, engine, &lent, |address| println!("listening on http://{address}"))?;
    Ok(true)
}

/// Serves until the process ends, on a thread of its own; gives the address.
///
/// # Errors
/// As [`serve`].
pub fn start(options: &Serve) -> Result<SocketAddr, String> {
    let options = options.clone();
    let (sender, address) = std::sync::mpsc::channel();
    let serve = move || {
        let told = sender.clone();
        let listened = engine(&options).and_then(|(engine, lent)| {
            connection::listen(options.listen, engine, &lent, |address| {
                // Who does not wait for it does not need it.
                let _ = told.send(Ok(address));
            })
        });
        let _ = listened.map_err(|why| sender.send(Err(why)));
    };
    std::thread::Builder::new().name("server".to_owned()).spawn(serve).map_err(|error| error.to_string())?;
    address.recv().map_err(|_| "the server's thread has ended".to_owned())?
}

/// The engine, at work on a thread of its own, and the identity that callers are lent.
fn engine(options: &Serve) -> Result<(engine::Door, User), String> {
    let (door, asked) = engine::Door::open();
    let Serve { scenario, seed, speed, pace, .. } = options.clone();
    cluster::check(&scenario)?;
    let thread = std::thread::Builder::new().name("engine".to_owned());
    // A snapshot's ordered maps are freed recursively; a cluster's are deep enough for more than the default stack.
    let thread = thread.stack_size(64 << 20);
    thread
        .spawn(move || engine::run(cluster::boot(&scenario, seed), speed, &pace, &asked))
        .map_err(|error| format!("the engine's thread: {error}"))?;
    Ok((door, lent(&options.user, &options.groups)))
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
