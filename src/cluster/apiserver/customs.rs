//! Kinds that somebody has added: which are served, and what becomes of their definitions.
//!
//! A definition is *established* once its names are found to be nobody else's; from then on its kinds are served. Objects
//! are stored in one version; who asks for another gets the same object under the other name.
//!
//! Upstream: `apiextensions-apiserver/pkg/{apiserver/customresource_handler.go,controller/{status,establish,finalizer}}`,
//! which run in the server's own process, too. Left out: conversion by webhooks.

use super::ApiServer;
use super::stages::{Refused, at};
use super::watch_cache::Changed;
use crate::api::custom::kinds;
use crate::api::document::Document;
use crate::api::json::encode;
use crate::api::kinds::custom_resource_definition::KIND;
use crate::api::object::{Key, Object, ObjectRef};
use crate::api::request::DeleteOptions;
use crate::api::rules::definitions::is_established;
use crate::api::{Kind, Request, Status, Verb, meta};
use crate::cluster::Cx;
use crate::cluster::fact::{Call, Gate};
use crate::cluster::wire::{Change, User};
use crate::sim::Time;
use serde_json::{Value, json};
use std::rc::Rc;

impl ApiServer {
    /// The kinds that somebody has added, as far as they are served, in the order of their definitions' names, and those
    /// that servers behind this one answer for.
    pub fn custom_kinds(&self) -> impl Iterator<Item = &'static Kind> {
        self.customs.values().flat_map(|kinds| kinds.iter().copied()).chain(self.aggregated_kinds())
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
            return self.ask_itself(cx, Request::update_status(object));
        }
        self.clean_up(cx, &changed.object);
    }

    /// An object that is gone may have been the last of a definition that is to go.
    pub(super) fn instance_gone(&mut self, cx: &mut Cx, changed: &Changed) {
        let kind = changed.object.kind();
        if changed.change != Change::Deleted || kind.custom.is_none() {
            return;
        }
        if let Some(definition) = self.cache.get(&KIND, &definition_of(kind)).cloned() {
            self.clean_up(cx, &definition);
        }
    }

    /// The next step of a definition that is to go: its objects, then itself (upstream: `finalizer/crd_finalizer.go`).
    fn clean_up(&mut self, cx: &mut Cx, definition: &Object) {
        let held = definition.meta().finalizers.iter().flatten().any(|name| name == CLEANUP);
        if !definition.is_terminating() || !held {
            return;
        }
        let stored = kinds(definition).first().map(|kind| kind.custom.and_then(|custom| custom.stored).unwrap_or(kind));
        let left: Vec<Object> = stored.into_iter().flat_map(|kind| self.cache.iter(kind)).cloned().collect();
        let next = match terminating(definition) {
            "InstanceDeletionPending" if !is_established(definition) => {
                condition(definition, false, ("NeverEstablished", "resource was never established"), cx.now())
            }
            "InstanceDeletionPending" => {
                for object in left.iter().filter(|object| !object.is_terminating()) {
                    self.ask_itself(cx, Request::delete(object.kind(), &object.key(), DeleteOptions::default()));
                }
                let text = ("InstanceDeletionInProgress", "CustomResource deletion is in progress");
                condition(definition, true, text, cx.now())
            }
            "InstanceDeletionInProgress" if left.is_empty() => {
                condition(definition, false, ("InstanceDeletionCompleted", "removed all instances"), cx.now())
            }
            "InstanceDeletionCompleted" | "NeverEstablished" => {
                let mut free = definition.clone();
                let metadata = free.meta_mut();
                metadata.finalizers.iter_mut().for_each(|names| names.retain(|name| name != CLEANUP));
                metadata.finalizers.take_if(|names| names.is_empty());
                return self.ask_itself(cx, Request::update(free));
            }
            _ => return,
        };
        self.ask_itself(cx, Request::update_status(next));
    }

    pub(super) fn ask_itself(&mut self, cx: &mut Cx, request: Request) {
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
        let going = self.cache.get(&KIND, &definition_of(kind)).is_some_and(Object::is_terminating);
        if going && flight.request.verb == Verb::Create {
            let message = "create not allowed while custom resource definition is terminating".to_owned();
            return Err(at(Gate::Decoding)(Status { message, ..Status::method_not_allowed() }));
        }
        let stored = kind.custom.and_then(|custom| custom.stored);
        if stored.is_none() && std::ptr::eq(kind, asked) {
            return Ok(());
        }
        let mut request = (*flight.request).clone();
        let key = request.target.object.key.clone();
        request.target.object = Rc::new(ObjectRef { kind: stored.unwrap_or(kind), key });
        flight.face = stored.map(|_| kind);
        flight.request = Rc::new(request);
        Ok(())
    }
}

/// The kinds of a definition that is established.
fn served(definition: &Object) -> Vec<&'static Kind> {
    if is_established(definition) { kinds(definition) } else { Vec::new() }
}

/// Where the definition of a kind is.
fn definition_of(kind: &Kind) -> Key {
    Key::new("", &format!("{}.{}", kind.plural, kind.group))
}

/// Holds a definition until its objects are gone.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// How far the deletion of a definition is: the reason of its condition.
fn terminating(definition: &Object) -> &str {
    let conditions = definition.document().map(|document| document.list("status.conditions")).unwrap_or_default();
    let found = conditions.iter().find(|condition| condition["type"] == "Terminating");
    found.and_then(|condition| condition["reason"].as_str()).unwrap_or_default()
}

fn condition(definition: &Object, status: bool, text: (&str, &str), now: Time) -> Object {
    let mut definition = definition.clone();
    if let Some(document) = definition.document_mut() {
        let mut conditions = document.list("status.conditions").to_vec();
        set(&mut conditions, "Terminating", status, text, &encode(&meta::timestamp(now)));
        document.set("status.conditions", conditions.into());
    }
    definition
}

/// A definition whose deletion was asked for: its objects go before it (upstream:
/// `registry/customresourcedefinition/etcd.go`, `Delete`).
pub fn to_go(definition: &Object, now: Time) -> Object {
    let text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    let mut marked = condition(definition, true, ("InstanceDeletionPending", text), now);
    let metadata = marked.meta_mut();
    metadata.deletion_timestamp = Some(meta::timestamp(now));
    let finalizers = metadata.finalizers.get_or_insert_default();
    if !finalizers.iter().any(|name| name == CLEANUP) {
        finalizers.push(CLEANUP.to_owned());
    }
    marked
}

/// What the status of a definition is to be (upstream: `naming_controller.go`, `calculateNamesAndConditions`).
fn status<'a>(
    definition: &Object,
    others: impl Iterator<Item = &'a Object>,
    now: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time,
) -> Value {
    let Some(document) = definition.document() else { return Value::Null };
    let now = encode(now);
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
