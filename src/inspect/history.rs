//! What became of an object from revision to revision, and who wrote each of its fields.
//!
//! etcd keeps every version; the trace tells whose request made it. A field belongs to whoever changed it last. What a
//! person has not written although he created the object was filled in by the API server (defaults, admission); of what a
//! component created, the gates tell what they added.

use super::Shown;
use super::story::{Actor, actor};
use crate::api::manifest;
use crate::api::object::{Object, ObjectRef};
use crate::cluster::fact::{Call, Fact, Gate};
use crate::cluster::input::Input;
use crate::cluster::wire::Address;
use crate::sim::{FactId, Record, Sorted, SortedSet, Time};
use serde_json::Value;

/// A field that changed: `spec.replicas`, before and after (empty: not there).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldChange {
    /// Its path.
    pub path: String,
    /// Its value before.
    pub before: String,
    /// Its value after.
    pub after: String,
}

/// One version of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revision {
    /// etcd's revision.
    pub revision: u64,
    /// When it was written; `None`: before the trace begins.
    pub at: Option<Time>,
    /// Who asked for it.
    pub actor: Actor,
    /// Whether the object came with it.
    pub first: bool,
    /// Whether the object went with it.
    pub deleted: bool,
    /// What changed.
    pub changes: Vec<FieldChange>,
}

/// A line of an object's text, and who wrote its field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The text, with its blanks.
    pub text: String,
    /// The path of its field: no other line has the same.
    pub path: String,
    /// Whose it is; `None` for a line that only opens a part.
    pub actor: Option<Actor>,
    /// At which revision it was written.
    pub revision: u64,
    /// When it was written; `None`: before the trace begins.
    pub at: Option<Time>,
}

/// Versions of an object with their revisions; `None`: deleted.
pub type Versions = Vec<(u64, Option<Object>)>;

/// Fields that change with every write and tell nothing.
const NOISE: [&str; 3] = ["metadata.resourceVersion", "metadata.generation", "metadata.managedFields"];

/// What kubectl itself adds to a manifest that it applies.
const APPLIED: &str = "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration";

/// What an item of a list is called in a path: its type or name, when each item has one of its own, or else its number.
/// Lists like `conditions` are merged by it: an item keeps its path when another comes before it.
fn item_name(items: &[Value], index: usize) -> String {
    for field in ["type", "name"] {
        let names: Vec<&str> = items.iter().filter_map(|item| item.get(field)?.as_str()).collect();
        if names.len() == items.len() && names.iter().collect::<SortedSet<_>>().len() == items.len() {
            return names[index].to_owned();
        }
    }
    index.to_string()
}

/// Whether nothing lies below a value.
fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    }
}

/// Calls back for each node of a tree but its root: its path, the same with numbers only, and its value.
pub(super) fn walk(value: &Value, (path, plain): (&str, &str), each: &mut dyn FnMut(&str, &str, &Value)) {
    if !path.is_empty() {
        each(path, plain, value);
    }
    let below = |path: &str, name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                walk(value, (&below(path, name), &below(plain, name)), each);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = item_name(items, index);
                walk(item, (&format!("{path}[{name}]"), &format!("{plain}[{index}]")), each);
            }
        }
        _ => {}
    }
}

/// Leaves of a tree with their paths, in order.
pub(super) fn leaves(value: &Value) -> Sorted<String, String> {
    let mut out = Sorted::new();
    walk(value, ("", ""), &mut |path, _, leaf| {
        if is_leaf(leaf) {
            let text = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
            drop(out.insert(path.to_owned(), text));
        }
    });
    out
}

/// Those that tell something.
fn leaves_of(object: &Object) -> Sorted<String, String> {
    let mut out = leaves(&object.to_value());
    out.retain(|path, _| !NOISE.iter().any(|noise| path.starts_with(noise)));
    out
}

/// Who wrote a revision, when, and if it was a person's manifest its text.
struct Writer {
    call: Call,
    at: Time,
    text: Option<String>,
}

/// The writers of an object's revisions.
fn writers(shown: &Shown, object: &ObjectRef) -> Sorted<u64, Writer> {
    let mut found = Sorted::new();
    for record in shown.trace.range(0, shown.trace.head()) {
        let Fact::Committed { object: other, revision, call, .. } = &record.fact else { continue };
        if **other != *object {
            continue;
        }
        let applied = |record: &Record<Fact>| match &record.fact {
            Fact::Input(input) => match &**input {
                Input::Apply { text, .. } => Some(text.clone()),
                _ => None,
            },
            _ => None,
        };
        let text = shown.trace.causes(FactId(record.id.0)).find_map(applied);
        found.insert(*revision, Writer { call: call.clone(), at: record.at, text });
    }
    found
}

/// The history of an object, the latest version first.
#[must_use]
pub fn revisions(shown: &Shown, object: &ObjectRef) -> Vec<Revision> {
    let writers = writers(shown, object);
    let mut before = Sorted::new();
    let mut all = Vec::new();
    for (revision, version) in shown.objects.versions(object) {
        let after = version.as_ref().map(leaves_of).unwrap_or_default();
        let mut changes: Vec<FieldChange> = Vec::new();
        let paths: SortedSet<&String> = before.keys().chain(after.keys()).collect();
        for path in paths {
            let (old, new) = (before.get(path), after.get(path));
            if old != new {
                let text = |value: Option<&String>| value.cloned().unwrap_or_default();
                changes.push(FieldChange { path: path.clone(), before: text(old), after: text(new) });
            }
        }
        let writer = writers.get(&revision);
        let who = writer.map_or(Address::ApiServer, |writer| writer.call.from.clone());
        let at = writer.map(|writer| writer.at);
        let first = before.is_empty();
        all.push(Revision { revision, at, actor: actor(shown, &who), first, deleted: version.is_none(), changes });
        before = after;
    }
    all.reverse();
    all
}

/// What the server added to what components created, by their calls: each is made again in a copy of the world.
#[derive(Clone, Default)]
pub struct Additions(Vec<(Call, Time, SortedSet<String>)>);

impl Additions {
    fn of(&mut self, shown: &Shown, writer: &Writer, tree: &Value) -> SortedSet<String> {
        if let Some((.., known)) = self.0.iter().find(|(call, at, _)| *call == writer.call && *at == writer.at) {
            return known.clone();
        }
        let found = added(shown, writer, tree);
        self.0.push((writer.call.clone(), writer.at, found.clone()));
        found
    }
}

/// The object's text line by line, each with whoever wrote it. `known` is kept by whoever asks again and again.
#[must_use]
pub fn lines(shown: &Shown, object: &ObjectRef, known: &mut Additions) -> Vec<Line> {
    let Some(now) = shown.objects.object(object) else { return Vec::new() };
    let writers = writers(shown, object);
    let mut owners: Sorted<String, (u64, Address)> = Sorted::new();
    let mut before = Sorted::new();
    for (revision, version) in shown.objects.versions(object) {
        let tree = version.map(|version| version.to_value()).unwrap_or_default();
        let after = leaves(&tree);
        let writer = writers.get(&revision);
        let person = writer.filter(|writer| writer.call.from == Address::User);
        let source = person.and_then(|writer| written(writer, object));
        let added = match writer {
            Some(writer) if before.is_empty() && person.is_none() => known.of(shown, writer, &tree),
            _ => SortedSet::new(),
        };
        for (path, value) in &after {
            if before.get(path) == Some(value) {
                continue;
            }
            let by_server = is_servers(path) || added.contains(path);
            let who = match writer {
                Some(_)
                    if by_server || path != APPLIED && source.as_ref().is_some_and(|own| !own.contains_key(path)) =>
                {
                    Address::ApiServer
                }
                Some(writer) => writer.call.from.clone(),
                None => Address::ApiServer,
            };
            owners.insert(path.clone(), (revision, who));
        }
        before = after;
    }
    let mut value = now.to_value();
    if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
    let mut out = Vec::new();
    print(&value, ("", 0, ""), &mut |text, path| {
        let owner = owners.get(path);
        let revision = owner.map_or(0, |(revision, _)| *revision);
        let at = writers.get(&revision).map(|writer| writer.at);
        let actor = owner.map(|(_, who)| actor(shown, who));
        out.push(Line { text, path: path.to_owned(), actor, revision, at });
    });
    out
}

/// What only the server can write.
pub(super) fn is_servers(path: &str) -> bool {
    let own = ["uid", "creationTimestamp", "deletionTimestamp", "resourceVersion", "generation"];
    path.strip_prefix("metadata.").is_some_and(|field| own.contains(&field))
}

/// What the API server added to an object when it was created: names, defaults, what admission plugins filled in.
fn added(shown: &Shown, writer: &Writer, tree: &Value) -> SortedSet<String> {
    let set = filled(shown, &writer.call, shown.trace.head());
    let mut out = SortedSet::new();
    walk(tree, ("", ""), &mut |path, plain, leaf| {
        if is_leaf(leaf) && (set.iter().any(|one| one.is(plain)) || is_made_name(tree, plain)) {
            out.insert(path.to_owned());
        }
    });
    out
}

/// Whether a field is a name that the server made.
pub(super) fn is_made_name(tree: &Value, plain: &str) -> bool {
    plain == "metadata.name" && tree.pointer("/metadata/generateName").is_some()
}

/// A field that a gate of the API server has set.
pub(super) struct Filled {
    pub gate: Gate,
    /// The admission plugin; may be empty.
    pub plugin: String,
    /// Its path, with numbers only.
    path: String,
}

impl Filled {
    /// Whether a field is it, or lies in it.
    pub fn is(&self, plain: &str) -> bool {
        plain.strip_prefix(self.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }
}

/// What the gates set in a request whose write has this place in the trace, or comes before it. The request is sent again
/// in a copy, and each gate asked what it did.
pub(super) fn filled(shown: &Shown, call: &Call, place: u64) -> Vec<Filled> {
    let asked = |record: &&Record<Fact>| matches!(&record.fact, Fact::Requested { call: other, .. } if other == call);
    let Some(at) = shown.trace.range(0, place).rev().find(asked).map(|record| record.at) else { return Vec::new() };
    let mut found = Vec::new();
    for fact in shown.objects.passage(call, at) {
        let Fact::Gate { gate, decision, .. } = fact else { continue };
        if matches!(gate, Gate::Authentication | Gate::Authorization) {
            continue;
        }
        found.extend(decision.lines().filter_map(|line| {
            let mut parts = line.split('\t').map(str::to_owned);
            let (plugin, path) = (parts.next()?, parts.next()?);
            (!path.is_empty()).then_some(Filled { gate, plugin, path })
        }));
    }
    found
}

/// The fields of an object that a person's manifest writes.
fn written(writer: &Writer, object: &ObjectRef) -> Option<Sorted<String, String>> {
    let read = manifest::read(writer.text.as_ref()?);
    let is_it = |value: &&Value| {
        let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default();
        text("/kind") == object.kind.kind && text("/metadata/name") == &*object.key.name
    };
    let value = read.documents.iter().map(|document| &document.value).find(is_it)?;
    Some(leaves(value))
}

/// Writes a tree as YAML, line by line with the path of the field that stands there or begins there.
fn print(value: &Value, (path, depth, lead): (&str, usize, &str), line: &mut dyn FnMut(String, &str)) {
    let indent = "  ".repeat(depth);
    let scalar = |value: &Value| -> String {
        match value {
            Value::Array(_) => "[]".to_owned(),
            Value::Object(_) => "{}".to_owned(),
            // Several lines stay one.
            Value::String(text) if text.contains('\n') => Value::from(text.as_str()).to_string(),
            scalar => manifest::write(scalar).trim_end().to_owned(),
        }
    };
    match value {
        Value::Object(fields) => {
            for (number, (name, value)) in fields.iter().enumerate() {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                // The first field of an item stands behind its dash.
                let lead = if number == 0 { lead } else { "" };
                let start = if lead.is_empty() { indent.clone() } else { lead.to_owned() };
                if is_leaf(value) {
                    line(format!("{start}{}: {}", scalar(&Value::from(name.as_str())), scalar(value)), &path);
                } else {
                    line(format!("{start}{}:", scalar(&Value::from(name.as_str()))), &path);
                    let deeper = if matches!(value, Value::Array(_)) { depth } else { depth + 1 };
                    print(value, (&path, deeper, ""), line);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{}]", item_name(items, index));
                if is_leaf(item) {
                    line(format!("{indent}- {}", scalar(item)), &path);
                } else {
                    print(item, (&path, depth + 1, &format!("{indent}- ")), line);
                }
            }
        }
        scalar_value => line(format!("{indent}{}", scalar(scalar_value)), path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_written_line_by_line_as_yaml_that_reads_the_same() {
        let value = serde_json::json!({
            "kind": "Pod", "metadata": {"name": "a", "labels": {}},
            "spec": {"containers": [{"name": "main", "args": ["x: y", "2"]}, {"name": "b"}], "n": 3, "on": true},
        });
        let (mut text, mut paths) = (String::new(), Vec::new());
        print(&value, ("", 0, ""), &mut |line, path| {
            text += &(line + "\n");
            paths.push(path.to_owned());
        });
        let read = manifest::read(&text);
        assert_eq!(read.documents[0].value, value, "{text}");
        let flat = leaves(&value);
        for (path, line) in paths.iter().zip(text.lines()) {
            assert_eq!(flat.contains_key(path), !line.ends_with(':'), "{path}");
        }
        assert_eq!(paths.iter().collect::<SortedSet<_>>().len(), paths.len(), "each line has a path of its own");
        assert!(paths.contains(&"spec.containers[main].args[1]".to_owned()));
    }

    #[test]
    fn an_item_is_called_by_its_type_or_name_where_each_has_its_own() {
        let value = serde_json::json!({
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "True"}],
            "tolerations": [{"key": "a"}, {"key": "b"}], "mounts": [{"name": "v"}, {"name": "v"}],
        });
        let paths: Vec<String> = leaves(&value).keys().cloned().collect();
        for path in ["conditions[Ready].status", "tolerations[1].key", "mounts[0].name", "mounts[1].name"] {
            assert!(paths.contains(&path.to_owned()), "{path} is not in {paths:?}");
        }
    }
}
