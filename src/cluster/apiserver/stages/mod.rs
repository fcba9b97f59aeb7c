//! The stages that a write passes, one file each, and what comes of it at the end.
//!
//! The stages are pure: they look at the request, the object as it is stored, and the watch cache, and they either
//! refuse or give the object on to the next. [`Review`] is what they may look at.

pub mod admission;
pub mod authentication;
pub mod authorization;
pub mod decoding;
pub mod ownership;
pub mod page;
pub mod storage;
pub mod validation;

use super::watch_cache::WatchCache;
use crate::api::managed::{Entry, Writer};
use crate::api::object::Object;
use crate::api::{Body, Kind, Request, Status};
use crate::cluster::fact::Gate;
use crate::cluster::wire::User;
use crate::sim::Map;
use crate::sim::Time;
use crate::sim::rng::Rng;
use std::rc::Rc;

/// All that the stages may look at.
pub struct Review<'a> {
    /// What is asked.
    pub request: &'a Request,
    /// By whom.
    pub user: &'a User,
    /// What is stored, as far as the server has seen it.
    pub cache: &'a WatchCache,
    /// The manager of the fields that it writes.
    pub manager: Rc<str>,
    /// The owners of the object's fields, where the request itself decides them: an apply, or a client that sets them.
    pub owners: Option<Vec<Entry>>,
    /// The moment.
    pub now: Time,
    /// Chance, for uids and generated names.
    pub rng: &'a mut Rng,
    /// Texts for `Warning` headers.
    pub warnings: Vec<Rc<str>>,
    /// Addresses and ports that requests under way have claimed, by their flights.
    pub claims: &'a Map<u64, Vec<Rc<str>>>,
    /// What this one claims.
    pub claimed: Vec<Rc<str>>,
    /// The version of the kind in which the document is written, if not the stored one.
    pub face: Option<&'static Kind>,
    /// Other objects that the write changes with it: the quotas that it counts against.
    pub besides: Vec<Object>,
    /// Set with a refusal whose reason may soon be gone: the request is tried again in a moment.
    pub wait: bool,
    /// What the gates find, while somebody looks closely.
    pub told: Option<Vec<(Gate, Rc<str>)>>,
}

impl Review<'_> {
    /// Who writes.
    pub fn writer(&self) -> Writer {
        let by_hand = matches!(self.request.body, Body::Document(_) | Body::Patch(..));
        let subresource = self.request.target.subresource;
        let manager = if subresource == "binding" { "".into() } else { self.manager.clone() };
        Writer { manager, subresource, time: self.now, by_hand }
    }
}

/// A gate has refused.
#[derive(Debug)]
pub struct Refused {
    /// Which.
    pub gate: Gate,
    /// Why.
    pub status: Status,
    /// Whether the reason may soon be gone.
    pub wait: bool,
}

/// Names the gate at which a refusal happened.
pub fn at(gate: Gate) -> impl Fn(Status) -> Refused {
    move |status| Refused { gate, status, wait: false }
}

/// What a write comes to.
#[derive(Debug)]
pub enum Plan {
    /// The object is stored as a new one.
    Create(Object),
    /// The object replaces the stored one.
    Update(Object),
    /// The object replaces the stored one and is deleted right after.
    MarkThenDelete(Object),
    /// A disruption budget's new status, before the pod that it covers is evicted.
    Budget(Object),
    /// The pod, announced to be evicted; its deletion follows.
    MarkThenEvict(Object),
    /// The stored object is deleted.
    Delete,
    /// Nothing is to be written: this is the answer.
    Nothing(Object),
    /// Nothing is to be written: this is the answer to a question, told as if it had been created.
    Answer(Object),
}
