//! What facts are made of: requests, gates, queues, probes.

use crate::cluster::wire::Address;

/// A request on its way, from its first to its last fact.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Call {
    /// Who asks.
    pub from: Address,
    /// The client's number for it.
    pub id: u64,
}

/// The gates of the API server, in the real order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Gate {
    /// Who are you?
    Authentication,
    /// May you?
    Authorization,
    /// Can it be read, and what do the blanks mean?
    Decoding,
    /// Admission that may change the object.
    Mutating,
    /// Are the values possible?
    Validation,
    /// Admission that may only refuse.
    Validating,
    /// The write to etcd.
    Storage,
}

impl Gate {
    /// All gates in their order.
    pub const ALL: [Self; 7] = [
        Self::Authentication,
        Self::Authorization,
        Self::Decoding,
        Self::Mutating,
        Self::Validation,
        Self::Validating,
        Self::Storage,
    ];
}

/// The scheduler's queues.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Queue {
    /// Will be tried next, by priority.
    Active,
    /// Waits out its back-off.
    Backoff,
    /// Waits for something in the cluster to change.
    Unschedulable,
    /// Waits for its scheduling gates to be removed.
    Gated,
}

/// Why a container is probed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProbeKind {
    /// Has it started?
    Startup,
    /// Is it alive?
    Liveness,
    /// May it get traffic?
    Readiness,
}
