//! A request that is under way.

use crate::api::object::Object;
use crate::api::{Kind, Request, Status, Verb};
use crate::cluster::fact::{Call, Fact, Gate};
use crate::cluster::wire::{Behalf, Reply, User};
use crate::sim::{FactId, Log, Time};
use std::rc::Rc;

/// A request that is under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Flight {
    /// Whose, and which.
    pub call: Call,
    /// Whom its credentials name.
    pub user: User,
    /// The rule that lets it pass; empty: none is needed.
    pub rule: Rc<str>,
    /// What is asked.
    pub request: Rc<Request>,
    /// The last fact of it: what comes next is caused by that.
    pub cause: Option<FactId>,
    /// When it came.
    pub since: Time,
    /// Where it is.
    pub phase: Phase,
    /// How often a write was planned anew.
    pub tries: u32,
    /// How often it was left to wait at the gates.
    pub waits: u32,
    /// Texts for `Warning` headers.
    pub warnings: Rc<[Rc<str>]>,
    /// The version of the kind in which it is asked and answered, if not the stored one.
    pub face: Option<&'static Kind>,
    /// Other objects that the write changes with it.
    pub besides: Vec<Object>,
    /// What the gates have found, while somebody looks closely.
    pub told: Vec<(Gate, Rc<str>)>,
}

/// Where a flight is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// At the gates.
    Gates,
    /// A read has asked etcd how far it is.
    Asking,
    /// A read waits until the cache is as far.
    Waiting(u64),
    /// A list of an older revision comes from etcd itself; the revision.
    Listing(u64),
    /// An Event waits for the lease that it will hang on.
    Leasing,
    /// A transaction is under way.
    Writing(Writing),
    /// A server behind this one answers.
    HandedOn,
}

/// What becomes of a write once it has succeeded.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Writing {
    /// The object is new.
    Create,
    /// The object has changed.
    Update,
    /// The object was marked, and is now to be deleted at once: a second transaction follows.
    MarkThenDelete,
    /// A disruption budget has agreed: the pod's condition follows.
    Budget,
    /// The pod is announced to be evicted: its deletion follows.
    MarkThenEvict,
    /// The object is gone.
    Delete,
    /// The object, marked as it is here, is gone.
    DeleteMarked(Object),
    /// The objects of a collection, one after the other.
    Collection(Collection),
}

/// A collection that is being deleted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Collection {
    /// Those still to be deleted, the next at the end.
    pub rest: Log<Object>,
    /// All, as they were listed.
    pub items: Rc<[Object]>,
    /// The revision of the list.
    pub listed: u64,
    /// The revision of the last write.
    pub revision: u64,
}

impl Flight {
    /// A request that has just come.
    pub fn new(call: Call, user: User, request: Rc<Request>, cause: Option<FactId>, since: Time) -> Self {
        Self {
            call,
            user,
            rule: "".into(),
            request,
            cause,
            since,
            phase: Phase::Gates,
            tries: 0,
            waits: 0,
            warnings: Rc::from([]),
            face: None,
            besides: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Routine that never slows time: leases, events, and whatever only reads.
    pub fn is_ambient(&self) -> bool {
        !self.request.verb.writes() || matches!(self.request.target.object.kind.kind, "Lease" | "Event")
    }

    /// The trace context for etcd.
    pub fn behalf(&self) -> Behalf {
        Behalf { call: self.call.clone(), ambient: self.is_ambient() }
    }

    /// The fact that its answer leaves.
    pub fn answered(&self, outcome: &Result<Reply, Status>) -> Fact {
        let code = match outcome {
            Ok(Reply::Object { created: true, .. }) => 201,
            Ok(Reply::Done { .. }) if self.request.verb == Verb::Create => 201,
            Ok(_) => 200,
            Err(status) => status.code,
        };
        Fact::Answered { call: self.call.clone(), code, ambient: self.is_ambient() }
    }
}
