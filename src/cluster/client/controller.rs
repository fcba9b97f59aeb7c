//! What a controller is: a descriptor, and a pure function that looks at caches and records what it wants.
//!
//! ```text
//!   informer ─ change ─▶ watch.map ─ key ─▶ work queue ─▶ reconcile(key, caches) ─ steps ─▶ runner ─▶ API server
//!                  ▲                                                                            │
//!                  └──────────────── the key is held until its own writes have come back ◀──────┘
//! ```
//!
//! A controller performs nothing itself. It says which requests it wants, in order; the [runner](super::runner) sends
//! them, each after the one before has succeeded, a [`Batch`] in parallel. What it cannot know from the caches it asks
//! for ([`Reconcile::ask`]) and is called again with the answer.

use super::Client;
use super::cache::Cache;
pub use super::step::{Batch, Question, Saying, Step, Tolerate, Write, in_ending_namespace};
use crate::api::meta::controller_of;
use crate::api::{Key, Kind, Object, ObjectRef, Ref, Request, Status, Target};
use crate::sim::Map;
use crate::sim::{Duration, Time};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// A controller, as it stands in the registry.
#[derive(Debug)]
pub struct Controller {
    /// As upstream calls it, such as `replicaset-controller`: the source of its events.
    pub name: &'static str,
    /// The name of its service account in `kube-system`, mostly the same; empty: it asks as the process itself.
    pub account: &'static str,
    /// How many keys it works on at the same time (upstream: `--concurrent-…-syncs`).
    pub workers: usize,
    /// What wakes it.
    pub watches: &'static [Watch],
    /// What it does from time to time.
    pub period: Option<Period>,
    /// After how many failures in a row a key is given up until something changes; 0: never.
    pub retries: u32,
    /// Looks at one key and records what it wants. An error is tried again, after the recorded steps.
    pub reconcile: fn(&Ref, &mut Reconcile) -> Result<(), String>,
    /// Called when a recorded request has failed: what is to be written before the key waits for its next try.
    pub failed: Option<fn(&Ref, &mut Reconcile, Failed)>,
}

/// A request that has failed: the first of a look, and the answer.
pub type Failed<'a> = (&'a Request, &'a Status);

/// How often a controller looks around, and what it then wants to look at.
pub type Period = (Duration, fn(&mut Wake));

impl PartialEq for Controller {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Controller {}
impl Hash for Controller {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Which kinds a controller follows.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// One kind.
    Kind(&'static Kind),
    /// All kinds that can be owned or own something: all but events.
    Every,
}

/// What wakes a controller: a change of an object, and the keys that it concerns.
#[derive(Debug)]
pub struct Watch {
    /// Which objects.
    pub of: Of,
    /// Which keys a change (old, new) concerns.
    pub map: fn(&mut Wake, Option<&Object>, Option<&Object>),
}

impl Watch {
    /// Every change of an object concerns the object itself.
    #[must_use]
    pub const fn of(kind: &'static Kind) -> Self {
        Self { of: Of::Kind(kind), map: |wake, old, new| wake.objects(new.or(old)) }
    }

    /// Changes of a kind concern the keys that `map` names.
    #[must_use]
    pub const fn mapped(kind: &'static Kind, map: fn(&mut Wake, Option<&Object>, Option<&Object>)) -> Self {
        Self { of: Of::Kind(kind), map }
    }

    /// Whether it follows the kind.
    #[must_use]
    pub fn follows(&self, kind: &'static Kind) -> bool {
        match self.of {
            Of::Kind(own) => own == kind,
            Of::Every => kind.kind != "Event",
        }
    }
}

/// What the process was started with: `--name=value`.
pub type Flags = Map<Rc<str>, Rc<str>>;

/// Collects keys to look at.
pub struct Wake<'a> {
    client: &'a Client,
    flags: &'a Flags,
    now: Time,
    memory: &'a mut Memory,
    pub(super) keys: Vec<(Ref, Duration)>,
}

impl<'a> Wake<'a> {
    /// An empty collection.
    pub(super) fn new((client, flags): (&'a Client, &'a Flags), now: Time, memory: &'a mut Memory) -> Self {
        Self { client, flags, now, memory, keys: Vec::new() }
    }

    /// The value of a flag that the process was started with.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&'a str> {
        self.flags.get(name).map(|value| &**value)
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// What the controller remembers.
    pub fn memory(&mut self) -> &mut Memory {
        self.memory
    }

    /// The kinds whose objects are known.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> + use<'a> {
        self.client.kinds()
    }

    /// The cache of a kind.
    #[must_use]
    pub fn cache(&self, kind: &'static Kind) -> &'a Cache {
        self.client.cache(kind)
    }

    /// Several objects are to be looked at.
    pub fn objects<'b>(&mut self, objects: impl IntoIterator<Item = &'b Object>) {
        self.keys.extend(objects.into_iter().map(|object| (object.reference(), Duration::ZERO)));
    }

    /// The object itself is to be looked at.
    pub fn object(&mut self, object: &Object) {
        self.key(object.reference());
    }

    /// A key is to be looked at.
    pub fn key(&mut self, key: Ref) {
        self.keys.push((key, Duration::ZERO));
    }

    /// A key is to be looked at after a while.
    pub fn key_after(&mut self, key: Ref, delay: Duration) {
        self.keys.push((key, delay));
    }

    /// The controller of an object, if it is of the given kind and still the same object.
    #[must_use]
    pub fn owner_of(&self, object: &Object, kind: &'static Kind) -> Option<Ref> {
        let owner = controller_of(object.meta()).filter(|owner| owner.kind == kind.kind)?;
        let key = ObjectRef::new(kind, object.namespace(), &owner.name);
        self.cache(kind).get(&key.key).filter(|found| found.uid() == owner.uid).map(|_| key)
    }

    /// The same is to be looked at.
    pub fn owner(&mut self, object: &Object, kind: &'static Kind) {
        let owner = self.owner_of(object, kind);
        self.keys.extend(owner.map(|key| (key, Duration::ZERO)));
    }

    /// Something of a kind is to be looked at.
    pub fn named(&mut self, kind: &'static Kind, namespace: &str, name: &str) {
        self.key(ObjectRef::new(kind, namespace, name));
    }
}

/// What a controller remembers between two looks, as plain data. It dies with the process.
pub type Memory = Map<Rc<str>, Note>;

/// One thing remembered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Note {
    /// A moment.
    Moment(Time),
    /// A number.
    Number(i64),
    /// An object as it was.
    Object(Object),
}

/// The answer to a question: the object, or all that were selected.
pub type Answer = (Question, Result<Rc<[Object]>, Rc<Status>>);

/// What a controller sees while it looks at a key, and where it records what it wants.
pub struct Reconcile<'a> {
    client: &'a Client,
    flags: &'a Flags,
    now: Time,
    answers: &'a [Answer],
    /// What the controller remembers.
    pub memory: &'a mut Memory,
    pub(super) steps: Vec<Step>,
    pub(super) again: Option<Duration>,
}

impl<'a> Reconcile<'a> {
    /// A look at a moment.
    pub(super) fn new(
        (client, flags): (&'a Client, &'a Flags),
        now: Time,
        memory: &'a mut Memory,
        answers: &'a [Answer],
    ) -> Self {
        Self { client, flags, now, answers, memory, steps: Vec::new(), again: None }
    }

    /// The value of a flag that the process was started with.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&'a str> {
        self.flags.get(name).map(|value| &**value)
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The cache of a kind.
    #[must_use]
    pub fn cache(&self, kind: &'static Kind) -> &'a Cache {
        self.client.cache(kind)
    }

    /// An object of a kind from the cache.
    #[must_use]
    pub fn lookup(&self, kind: &'static Kind, key: &Key) -> Option<&'a Object> {
        self.client.lookup(kind, key)
    }

    /// The kinds whose objects are known.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> + use<'a> {
        self.client.kinds()
    }

    /// Reads an object from the API server itself. `None`: the answer is not there yet; return, and be called again.
    pub fn ask(&mut self, kind: &'static Kind, key: &Key) -> Option<Result<&'a Object, &'a Status>> {
        self.ask_one(Target::sub(kind, key, ""))
    }

    /// The same of an object's scale.
    pub fn ask_scale(&mut self, kind: &'static Kind, key: &Key) -> Option<Result<&'a Object, &'a Status>> {
        self.ask_one(Target::sub(kind, key, "scale"))
    }

    /// The same of all objects of a kind in a namespace that some labels select.
    pub fn ask_all(
        &mut self,
        kind: &'static Kind,
        namespace: &str,
        labels: &str,
    ) -> Option<Result<&'a [Object], &'a Status>> {
        self.ask_for(Question { target: Target::new(kind, namespace, ""), labels: labels.into() })
    }

    /// A metric ([`crate::api::metrics::CUSTOM`]) of what some labels select.
    pub fn ask_metric(&mut self, target: &Target, labels: &str) -> Option<Result<&'a Object, &'a Status>> {
        let answer = self.ask_for(Question { target: target.clone(), labels: labels.into() })?;
        answer.map(<[Object]>::first).transpose()
    }

    fn ask_one(&mut self, target: Target) -> Option<Result<&'a Object, &'a Status>> {
        let answer = self.ask_for(Question { target, labels: "".into() })?;
        answer.map(<[Object]>::first).transpose()
    }

    fn ask_for(&mut self, question: Question) -> Option<Result<&'a [Object], &'a Status>> {
        if let Some((_, answer)) = self.answers.iter().find(|(asked, _)| *asked == question) {
            return Some(answer.as_deref().map_err(|status| &**status));
        }
        self.steps.push(Step::Ask(question));
        None
    }

    /// Wants a request.
    pub fn request(&mut self, request: Request) {
        self.write(Write::new(request));
    }

    /// Wants a request, with what is to be said about it.
    pub fn write(&mut self, write: Write) {
        self.steps.push(Step::Write(Box::new(write)));
    }

    /// Wants requests in growing parallel groups (upstream: `slowStartBatch`).
    pub fn batch(&mut self, writes: Vec<Write>) {
        self.parallel(1, writes);
    }

    /// Wants requests all at once.
    pub fn together(&mut self, writes: Vec<Write>) {
        self.parallel(writes.len(), writes);
    }

    fn parallel(&mut self, first: usize, writes: Vec<Write>) {
        if !writes.is_empty() {
            self.steps.push(Step::Batch(Batch { first, writes }));
        }
    }

    /// Wants to say something.
    pub fn say(&mut self, saying: Saying) {
        self.steps.push(Step::Say(saying));
    }

    /// Wants to look again after a while (the earliest wish counts).
    pub fn again_after(&mut self, delay: Duration) {
        self.again = Some(self.again.map_or(delay, |before| before.min(delay)));
    }

    /// How many requests it wants.
    #[must_use]
    pub fn writes(&self) -> usize {
        let count = |step: &Step| match step {
            Step::Write(_) => 1,
            Step::Batch(batch) => batch.writes.len(),
            Step::Say(_) | Step::Ask(_) => 0,
        };
        self.steps.iter().map(count).sum()
    }
}
