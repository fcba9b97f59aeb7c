//! `kubectl apply`: the manifest's documents, and for each GET, then POST or PATCH.
//!
//! Upstream: `kubectl/pkg/cmd/apply/apply.go` (`applyOneObject`), `patcher.go`, `kubectl/pkg/util/apply.go`.

use super::{Action, Document, Job, Next, Written, label, no_match};
use crate::api::custom;
use crate::api::manifest;
use crate::api::object::{Key, Object};
use crate::api::patch::apply::{last_applied, with_last_applied};
use crate::api::patch::three_way;
use crate::api::request::{Body, FieldValidation, Options, PatchType, Request, Target, Verb};
use crate::api::rules::definitions::is_established;
use crate::api::schema::schema;
use crate::api::{Kind, Status, kinds};
use crate::cluster::wire::Reply;
use crate::sim::SortedSet;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::rc::Rc;

/// The jobs of a manifest. What cannot be read becomes a job that fails, at its place.
pub(super) fn jobs(text: &str, create_namespaces: bool) -> VecDeque<Job> {
    let read = manifest::read(text);
    let mut jobs = VecDeque::new();
    let mut namespaces = SortedSet::new();
    let mut last = 0;
    for document in read.documents {
        last = document.index + 1;
        let action = action(document.value);
        if let (true, Action::Apply(document)) = (create_namespaces, &action)
            && document.kind.namespaced
            && namespaces.insert(document.namespace.clone())
        {
            let action = Action::CreateNamespace(document.namespace.clone());
            jobs.push_back(Job { index: last - 1, action, step: 0 });
        }
        jobs.push_back(Job { index: document.index, action, step: 0 });
    }
    if let Some(error) = read.error {
        let status = Rc::new(Status::bad_request(error.message));
        jobs.push_back(Job { index: last, action: Action::Fail(status), step: 0 });
    } else if jobs.is_empty() {
        let status = Rc::new(Status::bad_request("no objects passed to apply"));
        jobs.push_back(Job { index: 0, action: Action::Fail(status), step: 0 });
    }
    jobs
}

fn action(value: Value) -> Action {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if kind.is_empty() {
        return fail(Status::bad_request("Object 'Kind' is missing"));
    }
    if api_version.is_empty() {
        return fail(Status::bad_request("Object 'apiVersion' is missing"));
    }
    match Kind::find(&api_version, &kind) {
        Some(kind) => placed(kind, value),
        None => Action::Discover(api_version.into(), kind.into(), Written(Rc::new(value))),
    }
}

/// A document of a known kind, with its place.
fn placed(kind: &'static Kind, value: Value) -> Action {
    let meta = |name: &str| value.pointer(&format!("/metadata/{name}")).and_then(Value::as_str).unwrap_or_default();
    let namespace = match meta("namespace") {
        _ if !kind.namespaced => "",
        "" => "default",
        given => given,
    };
    Action::Apply(Document { kind, namespace: namespace.into(), name: meta("name").into(), value: Rc::new(value) })
}

/// What is to be done with a document now that the definitions are known.
pub(super) fn discovered(version: &str, kind: &str, value: &Value, reply: &Reply) -> Next {
    let Reply::List { items, .. } = reply else { return Next::Done(String::new()) };
    let mut kinds = items.iter().filter(|definition| is_established(definition)).flat_map(custom::kinds);
    match kinds.find(|known| known.kind == kind && known.api_version() == version) {
        Some(kind) => Next::Instead(placed(kind, value.clone())),
        None => Next::Refused(Rc::new(no_match(kind, version))),
    }
}

fn fail(status: Status) -> Action {
    Action::Fail(Rc::new(status))
}

/// Creates a namespace.
pub(super) fn namespace(name: &str) -> Request {
    let value = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let target = Target::new(&kinds::namespace::KIND, "", name);
    Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(value)) }
}

/// Asks whether the object is there; one without a name is created at once.
pub(super) fn first(document: &Document, dry_run: bool) -> Next {
    if document.name.is_empty() {
        return Next::Ask(create(document, (*document.value).clone(), dry_run));
    }
    Next::Ask(Request::get(document.kind, &Key { namespace: document.namespace.clone(), name: document.name.clone() }))
}

/// What follows: creation, patch, or the end.
pub(super) fn follow(document: &Document, step: u8, dry_run: bool, outcome: Result<Reply, Rc<Status>>) -> Next {
    let suffix = if dry_run { " (server dry run)" } else { "" };
    let named = step == 1 && !document.name.is_empty();
    match outcome {
        Err(status) if named && status.code == 404 => Next::Ask(create(document, modified(document), dry_run)),
        Err(status) => Next::Refused(status),
        Ok(Reply::Object { object, .. }) if named => patch(document, &object, dry_run),
        Ok(Reply::Object { object, created, .. }) => {
            let word = if created { "created" } else { "configured" };
            Next::Done(format!("{} {word}{suffix}", label(document.kind, object.name())))
        }
        Ok(_) => Next::Done(format!("{} configured{suffix}", label(document.kind, &document.name))),
    }
}

fn options(dry_run: bool) -> Options {
    let field_manager = "kubectl-client-side-apply".into();
    Options { dry_run, field_validation: FieldValidation::Strict, field_manager, ..Options::default() }
}

fn create(document: &Document, value: Value, dry_run: bool) -> Request {
    let target = Target::new(document.kind, &document.namespace, "");
    Request { verb: Verb::Create, target, options: options(dry_run), body: Body::Document(Rc::new(value)) }
}

fn patch(document: &Document, current: &Object, dry_run: bool) -> Next {
    let kind = document.kind;
    let current = current.to_value();
    let original = last_applied(&current).unwrap_or(Value::Null);
    let schema = schema().kind(kind.group, kind.version, kind.kind).unwrap_or_default();
    match three_way(schema, &original, &modified(document), &current) {
        Err(error) => Next::Refused(Rc::new(Status::bad_request(error.to_string()))),
        Ok(patch) if patch.as_object().is_some_and(serde_json::Map::is_empty) => {
            Next::Done(format!("{} unchanged", label(document.kind, &document.name)))
        }
        Ok(patch) => {
            let key = Key { namespace: document.namespace.clone(), name: document.name.clone() };
            // kubectl knows how to merge built-in kinds only.
            let format = if kind.custom.is_some() { PatchType::Merge } else { PatchType::Strategic };
            Next::Ask(Request::patch(document.kind, &key, format, patch).with(options(dry_run)))
        }
    }
}

/// The document with its namespace and the annotation that remembers it.
fn modified(document: &Document) -> Value {
    let mut wanted = (*document.value).clone();
    if let (false, Some(meta)) =
        (document.namespace.is_empty(), wanted.get_mut("metadata").and_then(Value::as_object_mut))
    {
        meta.insert("namespace".into(), json!(&*document.namespace));
    }
    with_last_applied(&wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::patch::apply::LAST_APPLIED;

    #[test]
    fn the_annotation_remembers_the_document_without_itself() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";
        let jobs = jobs(text, false);
        let Action::Apply(document) = &jobs[0].action else { panic!("a document") };
        let value = modified(document);
        let remembered = value["metadata"]["annotations"][LAST_APPLIED].as_str().expect("text");
        assert_eq!(
            remembered,
            "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"b\"},\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"c\",\"namespace\":\"default\"}}\n"
        );
    }

    #[test]
    fn unknown_kinds_and_broken_documents_fail_at_their_place() {
        let jobs = jobs("apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n---\na: [\n", false);
        assert_eq!(jobs.len(), 2);
        let Action::Discover(version, kind, document) = &jobs[0].action else {
            panic!("it may be somebody's own kind")
        };
        let nothing = Reply::List { items: [].into(), revision: 1, continue_token: "".into(), remaining: None };
        let Next::Refused(status) = discovered(version, kind, &document.0, &nothing) else {
            panic!("nobody defined it")
        };
        assert_eq!(status.message, "no matches for kind \"Nonsense\" in version \"v1\"");
        assert!(matches!(&jobs[1], Job { index: 1, action: Action::Fail(_), .. }));
    }
}
