//! The way of a write: planned by the stages, carried out by a transaction, planned again if somebody was faster.

use super::flight::{Collection, Flight, Phase, Writing};
use super::stages::{Plan, Refused, Review, at, storage};
use super::{ApiServer, deletion, eviction, reads, reviews, subresources};
use crate::api::kinds::scale;
use crate::api::object::Object;
use crate::api::{Request, Status, Verb};
use crate::cluster::fact::Gate;
use crate::cluster::wire::{Address, EtcdOp, EtcdWrite, Event, Reply, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Time};
use std::rc::Rc;

/// How often a name is generated anew when it is taken (upstream: `maxNameGenerationCreateAttempts`).
const NAME_TRIES: u32 = 8;
/// How often a patch is applied to a newer object (upstream: `handlers/patch.go`, `maxRetryWhenPatchConflicts`).
const PATCH_TRIES: u32 = 5;

impl ApiServer {
    /// A write has come to the gates.
    pub(super) fn begin_write(&mut self, cx: &mut Cx, number: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        let target = flight.request.target.object.clone();
        if flight.request.verb == Verb::DeleteCollection {
            return self.begin_collection(cx, number);
        }
        if target.kind.kind == "Event" && self.lease(cx.now()).is_none() && flight.phase != Phase::Leasing {
            return self.ask_for_lease(cx, number);
        }
        let stored = self.cache.get(target.kind, &target.key).cloned();
        let planned = self.plan(cx, number, stored.as_ref());
        if planned.as_ref().is_err_and(|refused| refused.wait) && self.wait(cx, number) {
            return;
        }
        self.note_gates(cx, number, planned.as_ref().err());
        self.carry_out(cx, number, planned, stored);
    }

    /// The lease of Events written now. Those of one minute share one (upstream: `etcd3/lease_manager.go`).
    fn lease(&self, now: Time) -> Option<u64> {
        let (lease, granted) = self.event_lease?;
        (now.since(granted) < timing::EVENT_LEASE_REUSE).then_some(lease)
    }

    fn ask_for_lease(&mut self, cx: &mut Cx, number: u64) {
        let Some(flight) = self.flights.get_mut(&number) else { return };
        flight.phase = Phase::Leasing;
        self.ask(cx, number, EtcdOp::LeaseGrant { ttl: timing::EVENT_TTL + timing::EVENT_LEASE_REUSE });
    }

    /// Lets the request wait at the gates for a moment; false if it has waited long enough.
    /// Upstream: `serviceaccount/admission.go`, `getServiceAccount`: ten attempts, 100 to 200 ms apart.
    fn wait(&mut self, cx: &mut Cx, number: u64) -> bool {
        let Some(flight) = self.flights.get_mut(&number).filter(|flight| flight.waits < 9) else { return false };
        flight.waits += 1;
        let delay = Duration::from_millis(100 + cx.rng().below(100));
        cx.after(delay, Event::Timer(Timer::keyed(super::GATES, "", number)));
        true
    }

    /// Somebody was faster: `stored` is what there is now.
    pub(super) fn write_again(&mut self, cx: &mut Cx, number: u64, stored: Option<Object>) {
        let Some(flight) = self.flights.get_mut(&number) else { return };
        flight.tries += 1;
        cx.because(flight.cause);
        let target = flight.request.target.object.clone();
        let generated = flight.request.verb == Verb::Create && target.key.name.is_empty();
        let status = match (&flight.phase, flight.request.verb) {
            (Phase::Writing(Writing::Create), _) if generated && flight.tries < NAME_TRIES => None,
            // Not the object, a quota has changed.
            (Phase::Writing(Writing::Create), _) if stored.is_none() => None,
            (Phase::Writing(Writing::Create), _) => {
                let name = stored.as_ref().map_or(&*target.key.name, Object::name);
                Some(Status::already_exists(target.kind, name))
            }
            (_, Verb::Patch) if flight.tries >= PATCH_TRIES => Some(Status::modified(target.kind, &target.key.name)),
            _ => None,
        };
        if let Some(status) = status {
            return self.answer(cx, number, Err(status));
        }
        if let (Phase::Writing(Writing::DeleteMarked(marked)), None) = (&flight.phase, &stored) {
            // Somebody else has deleted it in between, which is what was asked for (upstream: `ignoreNotFound`).
            let reply = object_reply(flight, marked.clone(), false);
            return self.answer(cx, number, Ok(reply));
        }
        if let Phase::Writing(Writing::Collection(collection)) = &flight.phase {
            let mut collection = collection.clone();
            if let Some(stored) = stored {
                collection.rest.push(stored);
            }
            return self.delete_next(cx, number, collection);
        }
        // The pod is planned for, not the budget that somebody has changed.
        let budget = flight.phase == Phase::Writing(Writing::Budget);
        let stored = if budget { self.cache.get(target.kind, &target.key).cloned() } else { stored };
        let stored = stored.filter(|_| !generated);
        let planned = self.plan(cx, number, stored.as_ref());
        self.carry_out(cx, number, planned, stored);
    }

    /// Leads the request through the stages.
    fn plan(&mut self, cx: &mut Cx, number: u64, stored: Option<&Object>) -> Result<Plan, Refused> {
        let Some(flight) = self.flights.get(&number) else {
            return Err(at(Gate::Storage)(Status::internal("the request is gone")));
        };
        let (request, user, phase) = (flight.request.clone(), flight.user.clone(), flight.phase.clone());
        let face = flight.face;
        check(&request).map_err(at(Gate::Decoding))?;
        let (now, manager) = (cx.now(), manager(&flight.call.from, &request));
        let mut review = Review {
            request: &request,
            user: &user,
            manager,
            owners: None,
            cache: &self.cache,
            now,
            rng: cx.rng(),
            warnings: Vec::new(),
            claims: &self.claims,
            claimed: Vec::new(),
            face,
            besides: Vec::new(),
            wait: false,
            told: self.explains.then(Vec::new),
        };
        let plan = match (request.verb, request.target.subresource) {
            (Verb::Create, "binding") => subresources::bind(&mut review, stored),
            (Verb::Create, "eviction") => match phase {
                Phase::Writing(Writing::MarkThenEvict) => eviction::go_on(&review, stored, false),
                Phase::Writing(writing) if writing != Writing::Budget => eviction::go_on(&review, stored, true),
                _ => eviction::evict(&mut review, stored),
            },
            (Verb::Create, "token") => reviews::token(&mut review, stored).map(Plan::Answer),
            (Verb::Create, _) if reviews::is_review(request.target.object.kind) => {
                reviews::answer(&mut review).map(Plan::Answer)
            }
            (Verb::Create, _) => storage::create(&mut review),
            (Verb::Delete, _) => deletion::delete(&mut review, stored),
            _ => storage::update(&mut review, stored),
        };
        let plan = plan.map_err(|refused| Refused { wait: review.wait, ..refused });
        let (warnings, claimed): (Rc<[Rc<str>]>, _) = (review.warnings.into(), review.claimed);
        let (besides, told) = (review.besides, review.told.unwrap_or_default());
        if !claimed.is_empty() {
            self.claims.insert(number, claimed);
        }
        if let Some(flight) = self.flights.get_mut(&number) {
            flight.warnings = warnings;
            flight.besides = besides;
            flight.told = told;
        }
        plan
    }

    /// Does what was planned.
    pub(super) fn carry_out(
        &mut self,
        cx: &mut Cx,
        number: u64,
        planned: Result<Plan, Refused>,
        stored: Option<Object>,
    ) {
        let Some(flight) = self.flights.get_mut(&number) else { return };
        flight.cause = cx.cause();
        let dry_run = flight.request.options.dry_run;
        let (object, writing) = match planned {
            Err(refused) => return self.answer(cx, number, Err(refused.status)),
            Ok(Plan::Nothing(object)) => {
                let reply = object_reply(flight, object, false);
                return self.answer(cx, number, Ok(reply));
            }
            Ok(Plan::Answer(object)) => {
                let reply = object_reply(flight, object, true);
                return self.answer(cx, number, Ok(reply));
            }
            Ok(Plan::Create(object)) => (Some(object), Writing::Create),
            Ok(Plan::Update(object)) => (Some(object), Writing::Update),
            Ok(Plan::Budget(object)) => (Some(object), Writing::Budget),
            Ok(Plan::MarkThenEvict(object)) => (Some(object), Writing::MarkThenEvict),
            Ok(Plan::MarkThenDelete(object)) => (Some(object), Writing::MarkThenDelete),
            Ok(Plan::Delete) => (None, Writing::Delete),
        };
        if dry_run {
            return self.answer_dry_run(cx, number, object.or(stored), &writing);
        }
        flight.phase = Phase::Writing(writing);
        let besides = std::mem::take(&mut flight.besides);
        let Some(subject) = object.as_ref().or(stored.as_ref()) else { return };
        let key: Rc<str> = subject.kind().etcd_key(subject.namespace(), subject.name()).into();
        let expected = match &flight.phase {
            Phase::Writing(Writing::Create) => 0,
            Phase::Writing(Writing::Budget) => subject.revision(),
            _ => stored.as_ref().map_or(0, Object::revision),
        };
        let lease = self.lease(cx.now()).filter(|_| subject.kind().kind == "Event");
        let write = match object {
            Some(object) => EtcdWrite::Put(key.clone(), object, lease),
            None => EtcdWrite::Delete(key.clone()),
        };
        let mut compare = vec![(key.clone(), expected)];
        let mut then = Vec::new();
        for quota in besides {
            let key: Rc<str> = quota.kind().etcd_key(quota.namespace(), quota.name()).into();
            compare.push((key.clone(), quota.revision()));
            then.push(EtcdWrite::Put(key, quota, None));
        }
        then.push(write);
        self.ask(cx, number, EtcdOp::Txn { compare, then, otherwise: vec![key] });
    }

    fn answer_dry_run(&mut self, cx: &mut Cx, number: u64, object: Option<Object>, writing: &Writing) {
        let Some(flight) = self.flights.get(&number) else { return };
        let target = &flight.request.target.object;
        let outcome = match object {
            Some(object) if *writing == Writing::Create && self.cache.get(target.kind, &object.key()).is_some() => {
                Err(Status::already_exists(target.kind, object.name()))
            }
            Some(object) if flight.request.verb == Verb::Delete && !returns_deleted(&object) => {
                Ok(Reply::Done { revision: 0, uid: object.uid().into() })
            }
            Some(object) => Ok(object_reply(flight, object, *writing == Writing::Create)),
            None => Ok(Reply::Done { revision: 0, uid: "".into() }),
        };
        self.answer(cx, number, outcome);
    }

    /// A transaction has been carried out, and the cache has seen it.
    pub(super) fn written(&mut self, cx: &mut Cx, number: u64, revision: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        let Phase::Writing(writing) = flight.phase.clone() else { return };
        let kind = flight.request.target.object.kind;
        let object = self.cache.at(kind, revision).map(|changed| changed.object.clone());
        let reply = match (writing, object) {
            (Writing::Collection(collection), _) => {
                return self.delete_next(cx, number, Collection { revision, ..collection });
            }
            (Writing::MarkThenDelete, Some(marked)) => return self.delete_marked(cx, number, &marked),
            (Writing::Budget, _) => return self.evict(cx, number, false),
            (Writing::MarkThenEvict, _) => return self.evict(cx, number, true),
            (Writing::Delete | Writing::DeleteMarked(_), Some(object)) if flight.request.verb != Verb::Delete => {
                object_reply(flight, object, false)
            }
            (Writing::Delete | Writing::DeleteMarked(_), Some(object)) if returns_deleted(&object) => {
                object_reply(flight, object, false)
            }
            (Writing::Create, Some(object)) => object_reply(flight, object, true),
            (Writing::Update, Some(object)) if flight.request.target.subresource != "binding" => {
                object_reply(flight, object, false)
            }
            (_, object) => {
                let uid = object.as_ref().map_or("", Object::uid).into();
                Reply::Done { revision, uid }
            }
        };
        self.answer(cx, number, Ok(reply));
    }

    /// The next step of an eviction: the pod's condition, then its deletion.
    fn evict(&mut self, cx: &mut Cx, number: u64, announced: bool) {
        let Some(flight) = self.flights.get_mut(&number) else { return };
        flight.phase = Phase::Writing(if announced { Writing::Update } else { Writing::MarkThenEvict });
        let target = flight.request.target.object.clone();
        let stored = self.cache.get(target.kind, &target.key).cloned();
        let planned = self.plan(cx, number, stored.as_ref());
        self.carry_out(cx, number, planned, stored);
    }

    /// The second step of a deletion without grace.
    fn delete_marked(&mut self, cx: &mut Cx, number: u64, marked: &Object) {
        let Some(flight) = self.flights.get_mut(&number) else { return };
        flight.phase = Phase::Writing(Writing::DeleteMarked(marked.clone()));
        let key: Rc<str> = marked.kind().etcd_key(marked.namespace(), marked.name()).into();
        let compare = vec![(key.clone(), marked.revision())];
        let op = EtcdOp::Txn { compare, then: vec![EtcdWrite::Delete(key.clone())], otherwise: vec![key] };
        self.ask(cx, number, op);
    }
}

/// Who owns what the request writes: whom it names, or the component by its binary (upstream: the first part of the
/// user agent).
fn manager(from: &Address, request: &Request) -> Rc<str> {
    if !request.options.field_manager.is_empty() {
        return request.options.field_manager.clone();
    }
    match from {
        Address::Kubelet(_) | Address::Runtime(_) => "kubelet".into(),
        Address::User => "kubectl".into(),
        other => other.to_string().into(),
    }
}

fn object_reply(flight: &Flight, object: Object, created: bool) -> Reply {
    let object = match flight.request.target.subresource {
        "scale" => scale::of(&object).unwrap_or(object),
        _ => object,
    };
    Reply::Object { object, created, warnings: flight.warnings.clone() }
}

/// Kinds whose deletion answers with the object instead of a plain success (upstream: `ReturnDeletedObject`).
fn returns_deleted(object: &Object) -> bool {
    matches!(object.kind().kind, "Pod" | "Service" | "ServiceAccount")
}

/// Whether the path takes the verb at all.
///
/// # Errors
/// 404 or 405.
pub(super) fn check(request: &Request) -> Result<(), Status> {
    let kind = request.target.object.kind;
    let verb = match request.verb {
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
        _ => "deletecollection",
    };
    let allowed = match request.target.subresource {
        "" => kind.verbs.contains(&verb),
        name if !kind.subresources.contains(&name) => return Err(Status::no_such_path()),
        "status" | "scale" | "approval" | "ephemeralcontainers" | "resize" => {
            matches!(request.verb, Verb::Update | Verb::Patch)
        }
        "binding" | "eviction" | "token" => request.verb == Verb::Create,
        "finalize" => request.verb == Verb::Update,
        other => return Err(reads::not_modelled(other)),
    };
    if allowed { Ok(()) } else { Err(Status::method_not_allowed()) }
}
