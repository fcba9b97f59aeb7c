//! The course of a process: what is known of it once its command has been thought through.

use crate::cluster::wire::File;
use crate::sim::Duration;
use std::rc::Rc;

/// What a process will do.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Course {
    /// When it ends (after its start) and with which code; `None`: it runs for ever.
    pub ends: Option<(Duration, i32)>,
    /// Whether it ends because it needs more memory than it may have.
    pub out_of_memory: bool,
    /// The ports that it opens, and when.
    pub listens: Vec<Listen>,
    /// Files that it writes and removes, and when; after [`MOST_FILES`] of them no more.
    pub files: Vec<Change<Duration>>,
    /// What it does on SIGTERM.
    pub on_term: OnTerm,
    /// What it writes into its termination log.
    pub message: Rc<str>,
    /// What it prints, line by line, and when; after [`LONGEST_LOG`] lines it is silent.
    pub log: Vec<(Duration, Rc<str>)>,
}

/// A file is written, or removed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Change<T> {
    /// When.
    pub at: T,
    /// Its path.
    pub path: Rc<str>,
    /// What it is from then on; `None`: it is gone.
    pub file: Option<File>,
}

/// So many changes of files by one process are kept.
pub const MOST_FILES: usize = 128;

/// So many lines of what a process prints are kept.
pub const LONGEST_LOG: usize = 256;

/// A port that is open from a moment on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Listen {
    /// The port; 0: whatever port is asked.
    pub port: u16,
    /// From when on.
    pub from: Duration,
    /// What answers there.
    pub site: Site,
}

/// What answers on a port.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Site {
    /// Connections are taken; it does not speak HTTP.
    Raw,
    /// HTTP: every path is there.
    Everything,
    /// HTTP: only these paths are there.
    Pages(&'static [&'static str]),
    /// agnhost's `netexec`: `/echo?code=`.
    Netexec,
    /// agnhost's `liveness`: fine for ten seconds, then an error.
    Failing,
    /// A server behind the API server, for these groups: `/readyz` is what it says itself.
    Groups(&'static [&'static str]),
}

impl Site {
    /// Whether it speaks TLS on a port that it has opened by its number; `None`: nothing is known of it. Ours: programs
    /// that are known serve in the clear but on the ports where TLS is customary.
    #[must_use]
    pub fn speaks_tls(self, port: Option<u16>) -> Option<bool> {
        match self {
            Self::Groups(_) => Some(true),
            _ => port.map(|port| matches!(port, 443 | 2379 | 2380 | 6443 | 8443 | 9443 | 10257 | 10259)),
        }
    }

    /// The HTTP status of a path after the process has run for `age`.
    #[must_use]
    pub fn status(self, path: &str, age: Duration) -> u16 {
        let plain = path.split(['?', '#']).next().unwrap_or("");
        match self {
            Self::Raw => 0,
            // What such a server is asked, its process answers.
            Self::Everything | Self::Groups(_) => 200,
            Self::Pages(pages) => {
                if pages.contains(&plain) {
                    200
                } else {
                    404
                }
            }
            Self::Netexec => path.split_once("code=").and_then(|(_, code)| code.parse().ok()).unwrap_or(200),
            Self::Failing => {
                if age <= Duration::from_secs(10) {
                    200
                } else {
                    500
                }
            }
        }
    }
}

/// What a process does on SIGTERM.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OnTerm {
    /// It ends after a while with this code.
    Exit(Duration, i32),
    /// Nothing: a process with number 1 that has no handler.
    Ignore,
}

impl Default for OnTerm {
    fn default() -> Self {
        Self::Exit(Duration::from_millis(50), 143)
    }
}
