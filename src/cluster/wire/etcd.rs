//! What the API server and etcd say to each other.

use super::Change;
use crate::api::Object;
use crate::sim::Duration;
use std::rc::Rc;

/// A request to etcd. Keys are byte strings in their order; `end` is exclusive, empty means the single key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum EtcdOp {
    /// Reads keys from `key` up to `end` at `revision` (`None`: now), at most `limit` (0: all).
    Range {
        /// First key.
        key: Rc<str>,
        /// Where to stop; empty: only `key`.
        end: Rc<str>,
        /// At which revision.
        revision: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// If all comparisons hold, does `then`, otherwise `otherwise`, in one revision.
    Txn {
        /// Comparisons of modification revisions (0: the key does not exist).
        compare: Vec<(Rc<str>, u64)>,
        /// If all hold.
        then: Vec<EtcdWrite>,
        /// If not: keys to read.
        otherwise: Vec<Rc<str>>,
    },
    /// Follows keys from `key` up to `end`, starting with the changes of revision `from`.
    Watch {
        /// First key.
        key: Rc<str>,
        /// Where to stop.
        end: Rc<str>,
        /// From which revision.
        from: u64,
    },
    /// Forgets everything that was overwritten before `revision`.
    Compact {
        /// The oldest revision that stays readable.
        revision: u64,
    },
    /// Grants a lease.
    LeaseGrant {
        /// Time to live.
        ttl: Duration,
    },
    /// Revokes a lease and deletes its keys.
    LeaseRevoke {
        /// Its id.
        lease: u64,
    },
}

/// One write of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum EtcdWrite {
    /// Sets a key, attached to a lease if any.
    Put(Rc<str>, Object, Option<u64>),
    /// Deletes a key.
    Delete(Rc<str>),
}

/// A key with its value and its counters.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyValue {
    /// The key.
    pub key: Rc<str>,
    /// The value.
    pub value: Object,
    /// The revision that created it.
    pub create_revision: u64,
    /// The revision that last changed it.
    pub mod_revision: u64,
    /// How often it has been written since it was created.
    pub version: u64,
    /// The lease that it hangs on, 0 for none.
    pub lease: u64,
}

/// What etcd answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum EtcdReply {
    /// To a range: the keys, the store's revision, and how many there are in all.
    Range {
        /// Those within the limit.
        kvs: Vec<KeyValue>,
        /// The store's revision.
        revision: u64,
        /// All that match.
        count: usize,
    },
    /// To a transaction.
    Txn {
        /// Whether the comparisons held.
        succeeded: bool,
        /// The store's revision afterwards.
        revision: u64,
        /// What was read, if they did not hold.
        found: Vec<KeyValue>,
    },
    /// A watch has begun, at this revision of the store.
    Watching(u64),
    /// Compacted up to this revision.
    Compacted(u64),
    /// A lease was granted under this id.
    Lease(u64),
}

/// Why etcd refuses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EtcdError {
    /// `etcdserver: mvcc: required revision has been compacted`.
    Compacted(u64),
    /// `etcdserver: mvcc: required revision is a future revision`.
    FutureRevision,
    /// `etcdserver: requested lease not found`.
    LeaseNotFound,
}

/// One change on a watch of etcd.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EtcdEvent {
    /// How it changed.
    pub change: Change,
    /// The key; of a deleted one its last value, with the revision of the deletion as `mod_revision`.
    pub kv: KeyValue,
    /// The value before, if any.
    pub previous: Option<Object>,
}
