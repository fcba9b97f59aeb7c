//! A world, watched event by event: all that etcd knows now and has known lately, and what is true on the ships.

use bottle::api::kinds::pod::{self, Pod};
use bottle::api::meta::controller_of;
use bottle::api::object::{Key, Object};
use bottle::cluster::World;
use bottle::cluster::boot::{Scenario, boot};
use bottle::cluster::fact::Fact;
use bottle::cluster::input::Input;
use bottle::cluster::wire::{Address, Change};
use bottle::sim::trace::Record;
use bottle::sim::{Duration, Simulation, Time, Trace};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// So long after a controller has heard of a change it may still write what it decided before: a slow line delays each
/// request of one look.
pub const LAG: Duration = Duration::from_secs(10);

/// An object as it was written.
#[derive(Clone)]
pub struct Version {
    pub object: Object,
    /// Its JSON form; of pods nothing.
    pub value: Value,
}

impl Version {
    fn new(object: Object) -> Self {
        let value = if object.kind() == &pod::KIND { Value::Null } else { object.to_value() };
        Self { object, value }
    }

    pub fn pod(&self) -> &Pod {
        self.object.get::<Pod>().expect("a pod")
    }

    pub fn number(&self, pointer: &str) -> i64 {
        self.value.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
    }

    pub fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The uid of its controller.
    pub fn owner_uid(&self) -> &str {
        controller_of(self.object.meta()).map_or("", |owner| owner.uid.as_str())
    }

    pub fn label(&self, key: &str) -> &str {
        self.object.meta().labels.as_ref().and_then(|labels| labels.get(key)).map_or("", String::as_str)
    }

    /// The number at the end of its name.
    pub fn ordinal(&self) -> i64 {
        self.object.name().rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(-1)
    }

    /// A pod that is ready and stays.
    pub fn is_ready(&self) -> bool {
        self.pod().is_ready() && !self.object.is_terminating()
    }

    pub fn has_finalizer(&self, name: &str) -> bool {
        self.object.meta().finalizers.iter().flatten().any(|finalizer| finalizer == name)
    }
}

/// A write that etcd has made.
pub struct Write {
    pub by: Address,
    pub kind: &'static str,
    pub before: Option<Version>,
    pub after: Option<Version>,
}

/// What an object was, what came after it, and when the controllers heard of that.
struct Past {
    version: Version,
    next: u64,
    heard: Option<Time>,
}

impl Past {
    /// Whether somebody may still go by it.
    fn counts(&self, at: Time) -> bool {
        self.heard.is_none_or(|heard| at.since(heard) <= LAG)
    }
}

/// What etcd knows, and what it has known lately.
#[derive(Default)]
pub struct Known {
    now: BTreeMap<(&'static str, Key), Version>,
    past: BTreeMap<(&'static str, Key), Vec<Past>>,
    /// When the last of it was written.
    pub at: Time,
    /// Whether nothing breaks in this run.
    pub calm: bool,
    /// Pods that have been seen to succeed and to fail (or to be told to go), by the uid of their Job.
    pub succeeded: BTreeMap<String, BTreeSet<String>>,
    pub ended: BTreeMap<String, BTreeSet<String>>,
    /// Those that have succeeded after they were told to go: a Job that looks in between has counted them as failed.
    pub undecided: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    pub fn all(&self, kind: &'static str) -> impl Iterator<Item = &Version> {
        self.now.range((kind, Key::new("", ""))..).take_while(move |((k, _), _)| *k == kind).map(|(_, version)| version)
    }

    pub fn one<'a>(&'a self, kind: &'a str, namespace: &str, name: &str) -> Option<&'a Version> {
        let now: &BTreeMap<(&'a str, Key), Version> = &self.now;
        now.get(&(kind, Key::new(namespace, name)))
    }

    /// The controller of an object, if it is still there.
    pub fn owner<'a>(&'a self, of: &'a Version) -> Option<&'a Version> {
        let owner = controller_of(of.object.meta())?;
        self.one(&owner.kind, of.object.namespace(), &owner.name).filter(|found| found.object.uid() == owner.uid)
    }

    pub fn owned<'a>(&'a self, kind: &'static str, owner: &'a str) -> impl Iterator<Item = &'a Version> {
        self.all(kind).filter(move |version| version.owner_uid() == owner)
    }

    /// What an object is, was lately, or still is for the controllers, who have not heard what came after.
    pub fn lately<'a>(&'a self, of: &'a Version) -> impl Iterator<Item = &'a Version> {
        let past: &BTreeMap<(&'a str, Key), Vec<Past>> = &self.past;
        let past = past.get(&(of.object.kind().kind, of.object.key())).into_iter().flatten();
        let past = past.filter(|past| past.counts(self.at)).map(|past| &past.version);
        past.filter(move |version| version.object.uid() == of.object.uid()).chain([of])
    }

    /// What is, was lately, or still is for the controllers under a name, whether it is gone or not.
    pub fn believed<'a>(&'a self, kind: &'a str, namespace: &str, name: &str) -> impl Iterator<Item = &'a Version> {
        let past: &BTreeMap<(&'a str, Key), Vec<Past>> = &self.past;
        let past = past.get(&(kind, Key::new(namespace, name))).into_iter().flatten();
        past.filter(|past| past.counts(self.at)).map(|past| &past.version).chain(self.one(kind, namespace, name))
    }

    /// Whether a pod is ready or was so lately, and nobody has told it to go.
    pub fn was_ready(&self, pod: &Version) -> bool {
        !pod.object.is_terminating() && self.lately(pod).any(Version::is_ready)
    }

    /// Whether an object's namespace is there.
    pub fn has_namespace_of(&self, version: &Version) -> bool {
        self.now.contains_key(&("Namespace", Key::new("", version.object.namespace())))
    }

    /// The controllers have heard of the revisions up to this one of an object, or of all objects of a kind.
    fn heard(&mut self, at: Time, revision: u64, kind: &'static str, key: Option<&Key>) {
        let heard = |past: &mut Past| {
            if past.next <= revision {
                past.heard.get_or_insert(at);
            }
        };
        if let Some(key) = key {
            self.past.get_mut(&(kind, key.clone())).into_iter().flatten().for_each(heard);
        } else {
            self.past.iter_mut().filter(|((of, _), _)| *of == kind).flat_map(|(_, past)| past).for_each(heard);
        }
    }

    fn put(
        &mut self,
        kind: &'static str,
        key: Key,
        at: Time,
        (after, revision): (Option<Object>, u64),
    ) -> Option<Version> {
        self.at = at;
        let after = after.map(Version::new);
        if let Some(pod) = after.as_ref().filter(|_| kind == "Pod") {
            let (owner, uid) = (pod.owner_uid().to_owned(), pod.object.uid().to_owned());
            if pod.pod().phase() == "Succeeded" {
                let new = self.succeeded.entry(owner.clone()).or_default().insert(uid.clone());
                if new && pod.object.is_terminating() {
                    self.undecided.entry(owner).or_default().insert(uid);
                }
            } else if pod.pod().phase() == "Failed" || pod.object.is_terminating() {
                self.ended.entry(owner).or_default().insert(uid);
            }
        }
        let past = self.past.entry((kind, key.clone())).or_default();
        past.retain(|past| past.counts(at));
        let before = match after {
            Some(after) => self.now.insert((kind, key), after),
            None => self.now.remove(&(kind, key)),
        };
        if let Some(before) = &before {
            past.push(Past { version: before.clone(), next: revision, heard: None });
        }
        before
    }
}

/// What is checked at each write and each other fact; an answer says what is wrong.
pub type Rule = fn(&Known, &Write) -> Option<String>;

/// A world that is looked at after each event.
pub struct Watch {
    pub world: World,
    pub known: Known,
    trace: Trace<Fact>,
    seen: u64,
    revision: u64,
    rules: &'static [(&'static str, Rule)],
    /// Containers that run, by node.
    running: BTreeMap<Key, BTreeSet<(String, String)>>,
    /// Who leads, by lease.
    leaders: BTreeMap<&'static str, BTreeSet<Address>>,
    /// What [`Self::tell`] tells of.
    shown: Vec<String>,
}

impl Watch {
    pub fn new(seed: u64, (workers, calm): (usize, bool), rules: &'static [(&'static str, Rule)]) -> Self {
        let scenario = Scenario::named("three-ships").expect("the scenario").with_workers(workers);
        let history = boot(&scenario, seed);
        let mut known = Known { calm, ..Known::default() };
        let world = history.world().clone();
        for kind in bottle::api::kinds::KINDS {
            for object in world.objects(kind) {
                known.put(kind.kind, object.key(), Time::ZERO, (Some(object.clone()), 0));
            }
        }
        let leaders = [("kube-scheduler", Address::Scheduler), ("kube-controller-manager", Address::ControllerManager)];
        let leaders = leaders.map(|(lease, leader)| (lease, BTreeSet::from([leader]))).into();
        let revision = world.revision();
        let shown = std::env::var("SOAK_SHOW").unwrap_or_default();
        let shown = shown.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self {
            world,
            known,
            trace: Trace::default(),
            seen: 0,
            revision,
            rules,
            running: BTreeMap::new(),
            leaders,
            shown,
        }
    }

    pub fn now(&self) -> Time {
        self.world.now()
    }

    pub fn input(&mut self, input: &Input) -> Result<(), String> {
        self.world.input(input, &mut self.trace);
        self.until(self.now())
    }

    /// Runs on, and looks after each event.
    pub fn until(&mut self, to: Time) -> Result<(), String> {
        self.look()?;
        while self.world.next_at().is_some_and(|at| at <= to) {
            self.world.step(&mut self.trace);
            self.look()?;
        }
        self.world.advance(to);
        Ok(())
    }

    fn look(&mut self) -> Result<(), String> {
        let records: Vec<_> = self.trace.range(self.seen, self.trace.head()).cloned().collect();
        self.seen = self.trace.head();
        for Record { at, fact, .. } in records {
            self.tell(at, &fact);
            match &fact {
                Fact::Watched { to: Address::ControllerManager, object, revision, .. } => {
                    self.known.heard(at, *revision, object.kind.kind, Some(&object.key));
                }
                Fact::WatchOpened { by: Address::ControllerManager, resource, .. } => {
                    let kinds = bottle::api::kinds::KINDS.iter().filter(|kind| kind.plural == *resource);
                    kinds.for_each(|kind| self.known.heard(at, self.revision, kind.kind, None));
                }
                _ => {}
            }
            let wrong = match &fact {
                Fact::Committed { call, object, change, revision, .. } => {
                    let versions = self.world.versions(object.kind, &object.key);
                    let written = versions.into_iter().find(|(at, _)| at == revision).and_then(|(_, object)| object);
                    let grows = *revision > std::mem::replace(&mut self.revision, *revision);
                    let after = written.filter(|_| *change != Change::Deleted);
                    let kind = object.kind.kind;
                    let wrong = self.written(kind, &object.key, at, (call.from.clone(), after));
                    if grows { wrong } else { Some(format!("{object} is written at {revision} again")) }
                }
                fact => self.happened(fact),
            };
            if let Some(wrong) = wrong {
                return Err(format!("at {:?}: {wrong}", at.since(Time::ZERO)));
            }
        }
        Ok(())
    }

    /// `SOAK_SHOW=name[,name]` tells all that happens to what has such a name in it: to see why a seed fails.
    fn tell(&self, at: Time, fact: &Fact) {
        if self.shown.is_empty() {
            return;
        }
        let text = format!("{fact:?}");
        if self.shown.iter().any(|name| text.contains(name.as_str())) {
            eprintln!("{:?} {text}", at.since(Time::ZERO));
        }
    }

    /// The same names, as they are in the end.
    pub fn tell_all(&self) {
        for ((kind, key), version) in &self.known.now {
            if self.shown.iter().any(|name| key.to_string().contains(name.as_str())) {
                eprintln!("{kind} {key}: {}", version.object.to_value());
            }
        }
    }

    fn written(
        &mut self,
        kind: &'static str,
        key: &Key,
        at: Time,
        (by, after): (Address, Option<Object>),
    ) -> Option<String> {
        if matches!(kind, "Event" | "Lease") {
            return None;
        }
        let before = self.known.put(kind, key.clone(), at, (after.clone(), self.revision));
        let write = Write { by, kind, before, after: after.map(Version::new) };
        if self.shown.iter().any(|name| key.name.contains(name.as_str())) {
            let value = write.after.as_ref().map(|after| after.object.to_value());
            eprintln!("  {kind} {key} is {}", value.unwrap_or_default());
        }
        let broken =
            |(name, rule): &(&str, Rule)| rule(&self.known, &write).map(|why| format!("{name}: {kind} {key}: {why}"));
        self.rules.iter().find_map(broken)
    }

    /// What is true on the ships: a pod runs only where it is bound to and on one of them, and one of each sort leads.
    fn happened(&mut self, fact: &Fact) -> Option<String> {
        match fact {
            Fact::ContainerStarted { node, pod, container, .. } => {
                let running = self.running.entry(pod.key.clone()).or_default();
                running.insert((node.to_string(), container.to_string()));
                if running.iter().any(|(other, _)| **other != **node) {
                    return Some(format!("{pod} runs on two nodes: {running:?}"));
                }
                let bound = self.known.now.get(&("Pod", pod.key.clone()));
                let here = bound.is_none_or(|bound| bound.pod().node() == Some(&**node));
                return (!here).then(|| format!("{pod} runs on {node}, to which it is not bound"));
            }
            Fact::ContainerExited { node, pod, container, .. } => {
                if let Some(running) = self.running.get_mut(&pod.key) {
                    running.remove(&(node.to_string(), container.to_string()));
                }
            }
            // One that ended in the moment in which it started is told of in the other order.
            Fact::PodStopped { node, pod } => {
                if let Some(running) = self.running.get_mut(&pod.key) {
                    running.retain(|(other, _)| **other != **node);
                }
            }
            Fact::Fault { fault: "power", of, on: true } => {
                for running in self.running.values_mut() {
                    running.retain(|(node, _)| **node != **of);
                }
            }
            Fact::LeaderChanged { by, lease, leads } => {
                let leaders = self.leaders.entry(lease).or_default();
                if *leads {
                    leaders.insert(by.clone());
                } else {
                    leaders.remove(by);
                }
                return (leaders.len() > 1).then(|| format!("{leaders:?} lead by {lease}"));
            }
            Fact::ProcessStopped { process, stopped: true } => {
                for leaders in self.leaders.values_mut() {
                    leaders.remove(process);
                }
            }
            _ => {}
        }
        None
    }

    /// Pods that run on a ship and that the API does not know.
    pub fn leaked(&self) -> Option<String> {
        let leaked = self
            .running
            .iter()
            .find(|(key, containers)| !containers.is_empty() && !self.known.now.contains_key(&("Pod", (*key).clone())));
        leaked.map(|(key, containers)| format!("{key} still runs: {containers:?}"))
    }
}
