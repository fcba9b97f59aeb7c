//! For tests of controllers: one look with given caches, without a cluster around it.

use super::cache::Cache;
use super::controller::{Controller, Flags, Memory, Question, Reconcile, Step, Wake};
use super::{Client, Informer, Scope};
use crate::api::{Object, Ref, Request, Status, Target};
use crate::cluster::timing;
use crate::cluster::wire::User;
use crate::sim::Time;
use std::rc::Rc;

/// A client whose caches hold these objects.
fn client(objects: &[Object]) -> Client {
    let mut client = Client::new(User::new("test", &[]));
    for kind in objects.iter().map(Object::kind) {
        let mut cache = Cache::default();
        let of_kind: Vec<Object> = objects.iter().filter(|object| object.kind() == kind).cloned().collect();
        cache.replace(&of_kind, 1, None);
        let informer = Informer {
            scope: Scope { kind, fields: "".into() },
            cache,
            synced: true,
            watch: None,
            heard: Time::ZERO,
            backoff: timing::REFLECTOR_BACKOFF,
            reopening: false,
        };
        client.informers.insert(kind, informer);
    }
    client
}

/// The steps of a look at a moment.
fn steps(objects: &[Object], now: Time, look: impl FnOnce(&mut Reconcile)) -> Vec<Step> {
    let (client, flags, mut memory) = (client(objects), Flags::new(), Memory::new());
    let mut reconcile = Reconcile::new((&client, &flags), now, &mut memory, &[]);
    look(&mut reconcile);
    reconcile.steps
}

/// The requests that are wanted in a look at a moment.
pub(crate) fn look(objects: &[Object], now: Time, look: impl FnOnce(&mut Reconcile)) -> Vec<Request> {
    let requests = steps(objects, now, look).into_iter().filter_map(|step| match step {
        Step::Write(write) => Some(write.request),
        _ => None,
    });
    requests.collect()
}

/// The requests that a controller wants to send, one after the other, when it looks at a key.
pub(crate) fn wants(controller: &Controller, objects: &[Object], key: &Ref) -> Vec<Request> {
    look(objects, Time::from_secs(60), |reconcile| (controller.reconcile)(key, reconcile).expect("no error"))
}

/// What it wants when a request of its own has been answered with an error.
///
/// # Panics
/// Where the controller does not care.
pub(crate) fn wants_after(
    controller: &Controller,
    objects: &[Object],
    key: &Ref,
    failed: (&Request, &Status),
) -> Vec<Request> {
    look(objects, Time::from_secs(60), |reconcile| controller.failed.expect("it cares")(key, reconcile, failed))
}

/// What it says when a request of its own has been answered with an error: reason and message.
///
/// # Panics
/// Where the controller does not care.
pub(crate) fn told_after(
    controller: &Controller,
    objects: &[Object],
    key: &Ref,
    failed: (&Request, &Status),
) -> Vec<String> {
    let after = |reconcile: &mut Reconcile| controller.failed.expect("it cares")(key, reconcile, failed);
    let sayings = steps(objects, Time::from_secs(60), after).into_iter().filter_map(|step| match step {
        Step::Say(saying) => Some(format!("{}: {}", saying.reason, saying.message)),
        _ => None,
    });
    sayings.collect()
}

/// What has become of one look: what it says (reason and message), the requests that it wants, its result.
pub(crate) struct Heard {
    pub(crate) said: Vec<String>,
    pub(crate) requests: Vec<Request>,
    pub(crate) result: Result<(), String>,
}

/// A look at a key with the API server's answer to the one question that is asked of an object.
pub(crate) fn asked(controller: &Controller, objects: &[Object], key: &Ref, answer: &Object) -> Heard {
    let (client, flags, mut memory) = (client(objects), Flags::new(), Memory::new());
    let target = Target::sub(answer.kind(), &answer.key(), "");
    let answers = [(Question { target, labels: "".into() }, Ok(Rc::from([answer.clone()])))];
    let mut reconcile = Reconcile::new((&client, &flags), Time::from_secs(60), &mut memory, &answers);
    let result = (controller.reconcile)(key, &mut reconcile);
    let (mut said, mut requests) = (Vec::new(), Vec::new());
    for step in reconcile.steps {
        match step {
            Step::Say(saying) => said.push(format!("{}: {}", saying.reason, saying.message)),
            Step::Write(write) => requests.push(write.request),
            other => panic!("{other:?}"),
        }
    }
    Heard { said, requests, result }
}

/// The keys that a change of an object wakes.
pub(crate) fn wakes(
    controller: &Controller,
    objects: &[Object],
    change: (Option<&Object>, Option<&Object>),
) -> Vec<Ref> {
    let (client, flags, mut memory) = (client(objects), Flags::new(), Memory::new());
    let mut wake = Wake::new((&client, &flags), Time::from_secs(60), &mut memory);
    let kind = change.1.or(change.0).expect("an object").kind();
    for watch in controller.watches.iter().filter(|watch| watch.follows(kind)) {
        (watch.map)(&mut wake, change.0, change.1);
    }
    wake.keys.into_iter().map(|(key, _)| key).collect()
}
