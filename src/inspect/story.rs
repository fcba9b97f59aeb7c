//! Why a thing is as it is: its last change, and back along the causes to what a person did.
//!
//! A step that leads to a write and the write itself are one link: the link tells the step and bears the revision.

use super::Shown;
use super::lack::Trouble;
use crate::api::manifest;
use crate::api::object::{ObjectRef, Ref};
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::cluster::why;
use crate::cluster::wire::{Address, Change};
use crate::scene::caption;
use crate::sim::{FactId, Record, Time, Trace};

/// Who acts: the letter and the colour that stand for a component everywhere.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Actor {
    /// `A` API server, `E` etcd, `S` scheduler, `C` controllers, `K` kubelet, `R` runtime, `U` user.
    pub letter: &'static str,
    /// The name of its colour in the style sheet, without the dashes.
    pub colour: &'static str,
    /// Its name.
    pub name: String,
}

/// A line of a manifest that somebody applied.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Source {
    /// The line, from 1.
    pub line: usize,
    /// What stands there, without the blanks around it.
    pub text: String,
}

/// One step of the explanation.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Link {
    /// The fact.
    pub fact: u64,
    /// When it happened.
    pub at: Time,
    /// The revision that came of it.
    pub revision: Option<u64>,
    /// Who acted.
    pub actor: Actor,
    /// What happened, in one sentence.
    pub sentence: String,
    /// If a person applied a manifest: the line that asks for this.
    pub source: Option<Source>,
}

/// Where an explanation ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// At what a person did.
    Person,
    /// At the start of the cluster.
    Boot,
    /// At a clock: a period that had passed.
    Clock,
}

/// An explanation, nearest cause first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Story {
    /// Its steps.
    pub links: Vec<Link>,
    /// Where it ends.
    pub end: End,
}

/// Finds the last change of an object without reading the whole trace again each time.
#[derive(Clone, Default, Debug)]
pub struct Search {
    object: Option<Ref>,
    seen: u64,
    /// The record before `seen`: if it is another one now, the trace has forked.
    mark: Option<(FactId, Time)>,
    found: Option<FactId>,
}

impl Search {
    /// The last change of an object up to the shown moment.
    pub fn last_change(&mut self, trace: &Trace<Fact>, object: &Ref) -> Option<FactId> {
        let mark = |place: u64| place.checked_sub(1).and_then(|last| trace.get(FactId(last))).map(|r| (r.id, r.at));
        let head = trace.head();
        let known = self.object.as_ref() == Some(object) && self.seen <= head && self.mark == mark(self.seen);
        let from = if known { self.seen } else { 0 };
        let newer = why::last_change(trace, object, from);
        self.found = newer.or(if known { self.found } else { None });
        (self.object, self.seen, self.mark) = (Some(object.clone()), head, mark(head));
        self.found
    }
}

/// The explanation of a fact: of an object's last change, or of what a component did. `trouble` is what the thing in
/// question suffers from: then the line of the manifest is that one.
#[must_use]
pub fn story(shown: &Shown, last: FactId, trouble: Option<&Trouble>) -> Story {
    story_of(shown, last, &|text, written| find_line(text, written, trouble))
}

/// The same; `line` finds in an applied manifest the line that is meant, given the object that was written because of it.
pub(super) fn story_of(shown: &Shown, last: FactId, line: &dyn Fn(&str, &ObjectRef) -> Option<Source>) -> Story {
    let chain: Vec<&Record<Fact>> =
        why::chain(shown.trace, last).into_iter().filter_map(|id| shown.trace.get(id)).collect();
    let mut links: Vec<Link> = Vec::new();
    let mut written = None;
    let source = |fact: &Fact, written: Option<&Ref>| line(applied(fact)?, written?);
    let mut steps = chain.iter().copied().peekable();
    while let Some(record) = steps.next() {
        let Fact::Committed { object, change, revision, call, .. } = &record.fact else {
            links.push(Link { source: source(&record.fact, written), ..link(shown, record, None) });
            continue;
        };
        written = Some(object);
        let revision = Some(*revision);
        if let Some(step) = steps.next_if(|step| leads_to_write(&step.fact, &call.from)) {
            let source = source(&step.fact, written);
            links.push(Link { revision, source, ..link(shown, step, Some((object, *change))) });
        } else {
            let sentence = written_sentence(shown, &call.from, object, *change);
            links.push(Link { revision, sentence, ..link(shown, record, None) });
        }
    }
    let end = match chain.last() {
        Some(record) if matches!(record.fact, Fact::Input(_)) => End::Person,
        Some(record) if record.at >= Time::ZERO => End::Clock,
        _ => End::Boot,
    };
    Story { links, end }
}

/// Whether a fact is the step because of which somebody wrote.
fn leads_to_write(fact: &Fact, writer: &Address) -> bool {
    let actor = actor_of(fact);
    let same_ship = actor.node().is_some() && actor.node() == writer.node();
    !matches!(fact, Fact::Committed { .. } | Fact::Gate { .. }) && (actor == *writer || same_ship)
}

/// Who has done what a fact tells.
#[must_use]
pub fn actor_of(fact: &Fact) -> Address {
    match fact {
        Fact::Input(_) | Fact::Answer { .. } | Fact::Fault { .. } => Address::User,
        Fact::Requested { call, .. } | Fact::Committed { call, .. } => call.from.clone(),
        Fact::Gate { .. } | Fact::Answered { .. } => Address::ApiServer,
        Fact::WatchOpened { by, .. }
        | Fact::WatchLost { by, .. }
        | Fact::LeaderChanged { by, .. }
        | Fact::Reconciled { by, .. }
        | Fact::Retried { by, .. } => by.clone(),
        Fact::Watched { to, .. } => to.clone(),
        Fact::PodQueued { .. } | Fact::Attempted(_) => Address::Scheduler,
        Fact::ManifestRead { node, .. }
        | Fact::PodAccepted { node, .. }
        | Fact::PodRefused { node, .. }
        | Fact::BackOff { node, .. }
        | Fact::Probed { node, .. }
        | Fact::PodStopping { node, .. }
        | Fact::Pressure { node, .. }
        | Fact::VolumeWritten { node, .. }
        | Fact::Resized { node, .. }
        | Fact::PodEvicted { node, .. }
        | Fact::NetworkCut { node, .. } => Address::Kubelet(node.clone()),
        Fact::SandboxReady { node, .. }
        | Fact::Pulling { node, .. }
        | Fact::Pulled { node, .. }
        | Fact::PullFailed { node, .. }
        | Fact::ContainerStarted { node, .. }
        | Fact::StartFailed { node, .. }
        | Fact::ContainerExited { node, .. }
        | Fact::ContainerKilled { node, .. }
        | Fact::ImageRemoved { node, .. }
        | Fact::PodStopped { node, .. } => Address::Runtime(node.clone()),
        Fact::ProcessStopped { process, .. } => process.clone(),
    }
}

/// The letter and the colour of a component.
#[must_use]
pub fn actor(shown: &Shown, who: &Address) -> Actor {
    let (letter, colour) = match who {
        Address::User => ("U", "ink-2"),
        Address::ApiServer => ("A", "api"),
        Address::Etcd(_) => ("E", "etcd"),
        Address::Scheduler | Address::OtherScheduler(_) => ("S", "scheduler"),
        Address::ControllerManager => ("C", "controllers"),
        Address::Kubelet(_) => ("K", "kubelet"),
        Address::Runtime(_) | Address::Sidecar(..) => ("R", "runtime"),
    };
    Actor { letter, colour, name: caption::actor(who, shown.language) }
}

/// Something that happened up to the shown moment, and the object that it is about, for links (may be empty). What only carries a request is told as
/// that request.
#[must_use]
pub fn happening(shown: &Shown, place: u64) -> Option<(Link, String)> {
    let itself = shown.trace.get(FactId(place)).filter(|record| record.id.0 < shown.trace.head())?;
    std::iter::once(itself).chain(shown.trace.causes(itself.id)).find_map(|record| {
        let mut told = link(shown, record, None);
        if let Fact::Committed { object, change, revision, call, .. } = &record.fact {
            (told.revision, told.sentence) = (Some(*revision), written_sentence(shown, &call.from, object, *change));
        }
        let about = about(&record.fact).filter(|object| !object.key.name.is_empty());
        (!told.sentence.is_empty()).then(|| (told, about.map(super::link).unwrap_or_default()))
    })
}

/// The object that a fact is about.
fn about(fact: &Fact) -> Option<&ObjectRef> {
    Some(match fact {
        Fact::Committed { object, .. } | Fact::Watched { object, .. } | Fact::Reconciled { object, .. } => object,
        Fact::Requested { target, .. } => &target.object,
        Fact::PodQueued { pod, .. } | Fact::ManifestRead { pod: Some(pod), .. } => pod,
        Fact::Attempted(attempt) => &attempt.pod,
        fact => return why::pod_on_ship(fact),
    })
}

/// A fact as a link; `wrote` is what was written because of it.
pub(super) fn link(shown: &Shown, record: &Record<Fact>, wrote: Option<(&Ref, Change)>) -> Link {
    Link {
        fact: record.id.0,
        at: record.at,
        revision: None,
        actor: actor(shown, &actor_of(&record.fact)),
        sentence: sentence(shown, &record.fact, wrote),
        source: None,
    }
}

fn named(shown: &Shown, object: &ObjectRef) -> String {
    format!("{} {}", caption::kind(object.kind.kind, shown.language), object.key.name)
}

fn sentence(shown: &Shown, fact: &Fact, wrote: Option<(&Ref, Change)>) -> String {
    match (fact, wrote) {
        (Fact::Gate { refused: Some(status), .. }, _) => {
            let args = [("message", status.message.as_str().into()), ("code", status.code.to_string().into())];
            shown.text("caption-refused", &args)
        }
        (Fact::Reconciled { by, controller, object, .. }, Some((written, change))) => {
            let actor = caption::controller(by, controller, shown.language);
            if **object == **written {
                let args = [("actor", actor.into()), ("object", named(shown, object).into())];
                return shown.text("why-reconciled-itself", &args);
            }
            let owner = named(shown, object).into();
            let args = [("actor", actor.into()), ("owner", owner), ("object", named(shown, written).into())];
            match change {
                Change::Created => shown.text("why-reconciled-created", &args),
                Change::Updated => shown.text("why-reconciled-updated", &args),
                Change::Deleted => shown.text("why-reconciled-deleted", &args),
            }
        }
        _ => caption::of_fact(fact, shown.language).unwrap_or_default(),
    }
}

/// A write without a step of its own before it.
fn written_sentence(shown: &Shown, by: &Address, object: &ObjectRef, change: Change) -> String {
    let args = [("actor", caption::actor(by, shown.language).into()), ("object", named(shown, object).into())];
    match change {
        Change::Created => shown.text("why-created", &args),
        Change::Updated => shown.text("why-updated", &args),
        Change::Deleted => shown.text("why-deleted", &args),
    }
}

/// The manifest that somebody applied.
pub(super) fn applied(fact: &Fact) -> Option<&str> {
    let Fact::Input(input) = fact else { return None };
    if let Input::Apply { text, .. } = &**input { Some(text) } else { None }
}

/// The line in a manifest that asked for an object, or for what troubles it.
#[must_use]
pub fn find_line(text: &str, object: &ObjectRef, trouble: Option<&Trouble>) -> Option<Source> {
    let read = manifest::read(text);
    let document = document_of(&read.documents, object)?;
    let path = match trouble {
        Some(trouble) => trouble.path(&document.value),
        None if document.value.pointer("/spec/replicas").is_some() => "spec.replicas".to_owned(),
        None => "metadata.name".to_owned(),
    };
    line_at(text, document.index, &path)
}

/// The document of an object.
pub(super) fn document_of<'a>(
    documents: &'a [manifest::Document],
    object: &ObjectRef,
) -> Option<&'a manifest::Document> {
    let is_it = |document: &&manifest::Document| {
        let field = |path: &str| document.value.pointer(path).and_then(serde_json::Value::as_str).unwrap_or_default();
        let namespace = field("/metadata/namespace");
        let namespace = if namespace.is_empty() && object.kind.namespaced { "default" } else { namespace };
        field("/kind") == object.kind.kind
            && field("/metadata/name") == &*object.key.name
            && namespace == &*object.key.namespace
    };
    documents.iter().find(is_it)
}

/// The line of a field, of which the path has numbers only.
pub(super) fn line_at(text: &str, document: usize, path: &str) -> Option<Source> {
    let line = manifest::locate(text, document, path)?.line;
    let text = text.lines().nth(line.checked_sub(1)?).unwrap_or_default().trim().to_owned();
    Some(Source { line, text })
}
