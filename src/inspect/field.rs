//! Why one field of an object has its present value: the write that last gave it this value, and back from there.
//!
//! What a controller copies from an object that it looks after (a pod's template, the number of replicas) is explained by
//! that object's field in turn, so that the chain ends at the line or command that asked for the value and not at whatever
//! made the copy necessary. Everything else follows the causes of the write, as an object's own story does.
//!
//! Left out: values that controllers compute from several fields are explained by what made the controller look.

use super::Shown;
use super::history::{Filled, filled, is_made_name, is_servers, leaves, walk};
use super::story::{Source, Story, document_of, find_line, line_at, story_of};
use crate::api::kinds::KINDS;
use crate::api::manifest;
use crate::api::meta::controller_of;
use crate::api::object::{Object, ObjectRef, Ref};
use crate::cluster::fact::{Call, Fact, Gate};
use crate::cluster::wire::Address;
use crate::scene::caption;
use crate::sim::{Record, Sorted, Time};
use serde_json::Value;

/// Why a field is as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The field's path.
    pub path: String,
    /// What it was before that write; `None`: it was not there.
    pub before: Option<String>,
    /// At which revision it got its value.
    pub revision: u64,
    /// When; `None`: before the trace begins.
    pub at: Option<Time>,
    /// The chain of causes; `None`: the trace does not know the write.
    pub story: Option<Story>,
}

/// So many letters of a value are shown.
const LETTERS: usize = 120;

/// Why a field of an object has its present value; `None` if there is no such field.
#[must_use]
pub fn origin(shown: &Shown, object: &ObjectRef, path: &str) -> Option<Origin> {
    let write = last_write(shown, object, path, u64::MAX)?;
    let record = commit(shown, object, write.revision);
    let story = record.map(|(record, call)| tell(shown, (object, path), &write, (record, call)));
    let before = write.before.map(|value| short(&value));
    let at = record.map(|(record, _)| record.at);
    Some(Origin { path: path.to_owned(), before, revision: write.revision, at, story })
}

/// The write that gave a field its value.
struct Write {
    revision: u64,
    before: Option<String>,
    value: String,
    /// The object as it was written.
    object: Object,
    tree: Value,
}

/// The last write up to a revision after which a field had another value than before.
fn last_write(shown: &Shown, object: &ObjectRef, path: &str, upto: u64) -> Option<Write> {
    let mut before: Option<String> = None;
    let mut last = None;
    for (revision, version) in shown.objects.versions(object).into_iter().filter(|(revision, _)| *revision <= upto) {
        let tree = version.as_ref().map(Object::to_value).unwrap_or_default();
        let value = leaves(&tree).get(path).cloned();
        if value != before {
            last = version.zip(value.clone()).map(|(object, value)| {
                let before = before.take();
                Write { revision, before, value, object, tree }
            });
        }
        before = value;
    }
    last
}

/// The fact that a revision of an object was written, and on whose behalf.
fn commit<'a>(shown: &Shown<'a>, object: &ObjectRef, revision: u64) -> Option<(&'a Record<Fact>, &'a Call)> {
    shown.trace.range(0, shown.trace.head()).rev().find_map(|record| match &record.fact {
        Fact::Committed { object: other, revision: at, call, .. } if *at == revision && **other == *object => {
            Some((record, call))
        }
        _ => None,
    })
}

/// The chain from a write on.
fn tell(
    shown: &Shown,
    (object, path): (&ObjectRef, &str),
    write: &Write,
    (record, call): (&Record<Fact>, &Call),
) -> Story {
    let mut story = story_of(shown, record.id, &|text, written| line(text, written, (object, path)));
    let how = how(shown, path, write, (record, call));
    let model = if how.is_some() { None } else { model(shown, path, write, call) };
    let copied = model.as_ref().map(|(owner, path, _)| {
        let owner = format!("{} {}", caption::kind(owner.kind.kind, shown.language), owner.key.name);
        shown.text("field-copied", &[("object", owner.into()), ("path", path.as_str().into())])
    });
    if let (Some(first), Some(said)) = (story.links.first_mut(), how.or(copied)) {
        first.sentence = format!("{} {said}", first.sentence);
    }
    if let Some((owner, path, write)) = model
        && let Some(record) = commit(shown, &owner, write.revision)
    {
        let further = tell(shown, (&owner, &path), &write, record);
        story.links.truncate(1);
        story.links.extend(further.links);
        story.end = further.end;
    }
    story
}

/// What the API server did to a field by itself in the request that wrote it.
fn how(shown: &Shown, path: &str, write: &Write, (record, call): (&Record<Fact>, &Call)) -> Option<String> {
    let plain = plain(&write.tree).get(path).cloned().unwrap_or_default();
    if is_servers(path) || is_made_name(&write.tree, &plain) {
        return Some(shown.text("field-server", &[]));
    }
    let set = filled(shown, call, record.id.0);
    let Filled { gate, plugin, .. } = set.iter().rfind(|one| one.is(&plain))?;
    Some(match gate {
        Gate::Decoding => shown.text("field-default", &[]),
        Gate::Mutating if !plugin.is_empty() => shown.text("field-plugin", &[("plugin", plugin.as_str().into())]),
        _ => shown.text("field-server", &[]),
    })
}

/// The field of a controller's object that has the same value at the time: a controller copies from there.
fn model(shown: &Shown, path: &str, write: &Write, call: &Call) -> Option<(Ref, String, Write)> {
    if call.from != Address::ControllerManager {
        return None;
    }
    let owner = controller_of(write.object.meta())?;
    let kind = KINDS.iter().find(|kind| kind.kind == owner.kind)?;
    let owner = ObjectRef::new(kind, write.object.namespace(), &owner.name);
    let is_spec = path.starts_with("spec.") && write.object.kind().kind != "Pod";
    let same = is_spec.then(|| path.to_owned());
    let paths = [Some(format!("spec.template.{path}")), Some(format!("spec.jobTemplate.{path}")), same];
    paths.into_iter().flatten().find_map(|path| {
        let found = last_write(shown, &owner, &path, write.revision)?;
        (found.value == write.value).then_some((owner.clone(), path, found))
    })
}

/// Paths as the page has them, each with the same in numbers only.
fn plain(tree: &Value) -> Sorted<String, String> {
    let mut all = Sorted::new();
    walk(tree, ("", ""), &mut |path, plain, _| drop(all.insert(path.to_owned(), plain.to_owned())));
    all
}

/// The line of a manifest that asks for a field of an object: its own, or that of the nearest part that is written there.
fn line(text: &str, written: &ObjectRef, (object, path): (&ObjectRef, &str)) -> Option<Source> {
    if *written != *object || path.starts_with("status.") {
        return find_line(text, written, None);
    }
    let read = manifest::read(text);
    let document = document_of(&read.documents, object)?;
    let known = plain(&document.value);
    let mut part = path;
    while let Some(end) = part.rfind(['.', '[']) {
        if let Some(plain) = known.get(part) {
            return line_at(text, document.index, plain);
        }
        part = &part[..end];
    }
    let name = if known.contains_key(path) { path } else { "metadata.name" };
    line_at(text, document.index, name)
}

/// A value that may be long.
fn short(value: &str) -> String {
    let mut letters = value.chars();
    let start: String = letters.by_ref().take(LETTERS).collect();
    if letters.next().is_some() { start + "…" } else { start }
}
