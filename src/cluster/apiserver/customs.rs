//! Kinds that somebody has added: which are served, and what becomes of their definitions.
//!
//! A definition is *established* once its names are found to be nobody else's; from then on its kinds are served. Objects
//! are stored in one version; who asks for another gets the same object under the other name.
//!
//! Upstream: `apiextensions-apiserver/pkg/{apiserver/customresource_handler.go,controller/{status,establish,finalizer}}`,
//! which run in the server's own process, too. Left out: conversion by webhooks, the `Terminating` condition.

use super::ApiServer;
use super::stages::{Refused, at};
use super::watch_cache::Changed;
use crate::api::custom::kinds;
use crate::api::document::Document;
use crate::api::kinds::custom_resource_definition::KIND;
use crate::api::object::{Object, ObjectRef};
use crate::api::request::DeleteOptions;
use crate::api::rules::definitions::is_established;
use crate::api::{Body, Kind, Request, Status, meta};
use crate::cluster::Cx;
use crate::cluster::fact::{Call, Gate};
use crate::cluster::wire::{Change, Reply, User};
use serde_json::{Value, json};
use std::rc::Rc;

impl ApiServer {
    /// The kinds that somebody has added, as far as they are served, in the order of their definitions' names.
    pub fn custom_kinds(&self) -> impl Iterator<Item = &'static Kind> {
        self.customs.values().flat_map(|kinds| kinds.iter().copied())
    }

    /// Looks at all definitions anew.
    pub(super) fn learn_customs(&mut self) {
        self.customs = self.cache.iter(&KIND).map(|object| (object.name().into(), served(object))).collect();
    }

    /// A definition has changed.
    pub(super) fn definition_changed(&mut self, cx: &mut Cx, changed: &Changed) {
        let object = &changed.object;
        if changed.change == Change::Deleted {
            self.customs.remove(object.name());
            self.delete_instances(cx, object);
            return;
        }
        self.customs.insert(object.name().into(), served(object));
        let others = self.cache.iter(&KIND).filter(|other| other.name() != object.name());
        let status = status(object, others, &meta::timestamp(cx.now()));
        let current = object.document().and_then(|definition| definition.at("status"));
        if current != Some(&status) {
            let mut object = object.clone();
            if let Some(definition) = object.document_mut() {
                definition.set("status", status);
            }
            self.ask_itself(cx, Request::update_status(object));
        }
    }

    /// What was of a kind goes with it.
    fn delete_instances(&mut self, cx: &mut Cx, definition: &Object) {
        let stored = kinds(definition).first().map(|kind| kind.custom.and_then(|custom| custom.stored).unwrap_or(kind));
        let Some(kind) = stored else { return };
        let objects: Vec<Object> = self.cache.iter(kind).cloned().collect();
        for object in objects {
            self.ask_itself(cx, Request::delete(kind, &object.key(), DeleteOptions::default()));
        }
    }

    fn ask_itself(&mut self, cx: &mut Cx, request: Request) {
        let user = User::new("system:apiserver", &["system:masters"]);
        let call = Call { from: cx.me().clone(), id: self.next };
        self.accept(cx, call, user, Rc::new(request));
    }

    /// Finds the kind that a request about a custom kind means now, and in which version its objects are kept.
    pub(super) fn resolve(&mut self, number: u64) -> Result<(), Refused> {
        let Some(flight) = self.flights.get_mut(&number) else { return Ok(()) };
        let asked = flight.request.target.object.kind;
        // Instances of a definition that is gone are deleted by the server itself.
        let own = &*flight.user.name == "system:apiserver";
        if asked.custom.is_none() || own {
            return Ok(());
        }
        let current = self.customs.values().flat_map(|kinds| kinds.iter().copied()).find(|kind| *kind == asked);
        let kind = current.ok_or_else(|| at(Gate::Decoding)(Status::no_such_path()))?;
        let stored = kind.custom.and_then(|custom| custom.stored);
        if stored.is_none() && std::ptr::eq(kind, asked) {
            return Ok(());
        }
        let mut request = (*flight.request).clone();
        let key = request.target.object.key.clone();
        request.target.object = Rc::new(ObjectRef { kind: stored.unwrap_or(kind), key });
        if let (Some(stored), Body::Document(document)) = (stored, &request.body) {
            let mut document = (**document).clone();
            if document["apiVersion"] == kind.api_version() {
                document["apiVersion"] = stored.api_version().into();
            }
            request.body = Body::Document(Rc::new(document));
        }
        flight.shown_as = stored.map(|_| kind);
        flight.request = Rc::new(request);
        Ok(())
    }
}

/// The kinds of a definition that is established and stays.
fn served(definition: &Object) -> Vec<&'static Kind> {
    let stays = is_established(definition) && !definition.is_terminating();
    if stays { kinds(definition) } else { Vec::new() }
}

/// An answer in the version that was asked for.
pub fn shown_as(kind: &'static Kind, reply: Reply) -> Reply {
    let shown = |object: &Object| {
        object.document().map_or_else(|| object.clone(), |document| Object::from_document(document.as_kind(kind)))
    };
    match reply {
        Reply::Object { object, created, warnings } => Reply::Object { object: shown(&object), created, warnings },
        Reply::List { items, revision, continue_token, remaining } => {
            Reply::List { items: items.iter().map(shown).collect(), revision, continue_token, remaining }
        }
        Reply::Gone { items, listed, revision } => {
            Reply::Gone { items: items.iter().map(shown).collect(), listed, revision }
        }
        other => other,
    }
}

/// What the status of a definition is to be (upstream: `naming_controller.go`, `calculateNamesAndConditions`).
fn status<'a>(
    definition: &Object,
    others: impl Iterator<Item = &'a Object>,
    now: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time,
) -> Value {
    let Some(document) = definition.document() else { return Value::Null };
    let now = crate::api::json::encode(now);
    let others: Vec<&Document> = others
        .filter_map(Object::document)
        .filter(|other| other.text("spec.group") == document.text("spec.group"))
        .collect();
    let mut accepted = document.at("status.acceptedNames").cloned().unwrap_or_else(|| json!({}));
    let conflict = conflict(document, &others);
    if conflict.is_none() {
        accepted = document.at("spec.names").cloned().unwrap_or_default();
    }
    let mut conditions: Vec<Value> = document.list("status.conditions").to_vec();
    let (reason, message) = conflict.unwrap_or(("NoConflicts", "no conflicts found".to_owned()));
    let names = reason == "NoConflicts";
    set(&mut conditions, "NamesAccepted", names, (reason, &message), &now);
    let established = is_established(definition);
    if names && !established {
        let text = ("InitialNamesAccepted", "the initial names have been accepted");
        set(&mut conditions, "Established", true, text, &now);
    } else if !established {
        let text = ("NotAccepted", "not all names are accepted");
        set(&mut conditions, "Established", false, text, &now);
    }
    let mut stored: Vec<Value> = document.list("status.storedVersions").to_vec();
    let storage = document.list("spec.versions").iter().find(|version| version["storage"] == true);
    if let Some(name) = storage.map(|version| version["name"].clone()).filter(|name| !stored.contains(name)) {
        stored.push(name);
    }
    json!({"acceptedNames": accepted, "conditions": conditions, "storedVersions": stored})
}

fn set(conditions: &mut Vec<Value>, kind: &str, status: bool, (reason, message): (&str, &str), now: &Value) {
    let word = if status { "True" } else { "False" };
    let fresh = json!({"type": kind, "status": word, "reason": reason, "message": message, "lastTransitionTime": now});
    match conditions.iter_mut().find(|condition| condition["type"] == kind) {
        Some(known) if known["status"] == word && known["reason"] == reason => {}
        Some(known) => *known = fresh,
        None => conditions.push(fresh),
    }
}

/// The first name that another definition of the group has.
fn conflict(definition: &Document, others: &[&Document]) -> Option<(&'static str, String)> {
    let resources = |names: &Document, at: &str| -> Vec<String> {
        let one = |name: &str| names.text(&format!("{at}.{name}")).to_owned();
        let short = names.texts(&format!("{at}.shortNames")).into_iter().map(str::to_owned);
        [one("plural"), one("singular")].into_iter().chain(short).filter(|name| !name.is_empty()).collect()
    };
    let taken: Vec<String> = others.iter().flat_map(|other| resources(other, "status.acceptedNames")).collect();
    let in_use = |name: &str| format!("{name:?} is already in use");
    let (plural, singular) = (definition.text("spec.names.plural"), definition.text("spec.names.singular"));
    for (name, reason) in [(plural, "PluralConflict"), (singular, "SingularConflict")] {
        if taken.iter().any(|taken| taken == name) {
            return Some((reason, in_use(name)));
        }
    }
    for short in definition.texts("spec.names.shortNames") {
        if taken.iter().any(|taken| taken == short) {
            return Some(("ShortNamesConflict", in_use(short)));
        }
    }
    for (name, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
        let own = definition.text(&format!("spec.names.{name}"));
        let used = |other: &&&Document| {
            [other.text("status.acceptedNames.kind"), other.text("status.acceptedNames.listKind")].contains(&own)
        };
        if others.iter().any(|other| used(&other)) {
            return Some((reason, in_use(own)));
        }
    }
    None
}
