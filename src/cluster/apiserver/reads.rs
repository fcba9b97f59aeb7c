//! Get, list and watch.

use super::ApiServer;
use super::flight::{Flight, Phase};
use super::stages::page;
use super::watches::{Selection, selectable};
use crate::api::faces;
use crate::api::kinds::scale;
use crate::api::object::Object;
use crate::api::request::VersionMatch;
use crate::api::selector::FieldSelector;
use crate::api::selector::Selector;
use crate::api::{Kind, Request, Status, Verb};
use crate::cluster::Cx;
use crate::cluster::wire::{EtcdError, EtcdOp, EtcdReply, Reply};
use crate::sim::Order;
use std::rc::Rc;

impl ApiServer {
    /// A read is through the gates.
    pub(super) fn begin_read(&mut self, cx: &mut Cx, number: u64) {
        let Some(flight) = self.flights.get_mut(&number) else { return };
        let request = flight.request.clone();
        if let Err(status) = check(&request, flight.face) {
            return self.answer(cx, number, Err(status));
        }
        let options = &request.options;
        let exact = options.resource_version.filter(|_| options.version_match == VersionMatch::Exact);
        let page = page::Page::parse(&options.continue_token).map(|page| page.revision);
        if let Some(revision) = page.or(exact).filter(|_| request.verb == Verb::List) {
            flight.phase = Phase::Listing(revision);
            let kind = request.target.object.kind;
            let (key, end) = span(kind, &request.target.object.key.namespace);
            return self.ask(cx, number, EtcdOp::Range { key, end, revision: Some(revision), limit: 0 });
        }
        let at_once = request.verb == Verb::Watch && !options.initial_events;
        match options.resource_version {
            None if !at_once => {
                flight.phase = Phase::Asking;
                // What is read does not matter: the answer carries the store's revision.
                let op = EtcdOp::Range { key: "/registry".into(), end: "".into(), revision: None, limit: 1 };
                self.ask(cx, number, op);
            }
            Some(revision) if !at_once => {
                flight.phase = Phase::Waiting(revision);
                self.reached(cx, number, revision);
            }
            _ => self.read(cx, number),
        }
    }

    /// The cache is as far as the read needs.
    pub(super) fn read(&mut self, cx: &mut Cx, number: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        let (request, face) = (flight.request.clone(), flight.face);
        match request.verb {
            Verb::Get => {
                let outcome = self.get(&request);
                self.answer(cx, number, outcome);
            }
            Verb::List => {
                let outcome = self.list(&request, face);
                self.answer(cx, number, outcome);
            }
            _ => self.watch(cx, number, &request),
        }
    }

    fn get(&self, request: &Request) -> Result<Reply, Status> {
        let target = &request.target.object;
        let object = self.cache.get(target.kind, &target.key);
        let object = object.ok_or_else(|| Status::not_found(target.kind, &target.key.name))?;
        let object = match request.target.subresource {
            "scale" => scale::of(object).ok_or_else(Status::no_such_path)?,
            _ => object.clone(),
        };
        Ok(Reply::Object { object, created: false, warnings: Rc::from([]) })
    }

    fn list(&self, request: &Request, face: Option<&'static Kind>) -> Result<Reply, Status> {
        let selection = selection(request, face)?;
        let node = selection.fields.required("spec.nodeName").filter(|_| selection.kind.plural == "pods");
        let revision = self.cache.revision();
        if let Some(node) = node {
            return Ok(page::cut(self.cache.on_node(selection.kind, node), &selection, request, revision));
        }
        let all = self.cache.in_namespace(selection.kind, &selection.namespace);
        Ok(page::cut(all, &selection, request, revision))
    }

    /// The next page of a list comes from etcd, at the revision of the first.
    pub(super) fn listed_from_etcd(&mut self, cx: &mut Cx, number: u64, outcome: Result<EtcdReply, EtcdError>) {
        let Some(flight) = self.flights.get(&number) else { return };
        let (request, face) = (flight.request.clone(), flight.face);
        let Phase::Listing(revision) = flight.phase else { return };
        let reply = match outcome {
            Ok(EtcdReply::Range { kvs, .. }) => selection(&request, face).map(|selection| {
                let mut objects: Vec<Object> = kvs.into_iter().map(|kv| kv.value).collect();
                objects.order_by_key(Object::key);
                page::cut(objects.iter(), &selection, &request, revision)
            }),
            Err(EtcdError::FutureRevision) => Err(Status::too_large_version(revision, self.cache.revision())),
            _ if request.options.continue_token.is_empty() => Err(Status::expired(page::TOO_OLD)),
            _ => Err(Status::expired(page::EXPIRED)),
        };
        self.answer(cx, number, reply);
    }

    fn watch(&mut self, cx: &mut Cx, number: u64, request: &Request) {
        let Some(Flight { call, face, .. }) = self.flights.get(&number) else { return };
        let id = (call.from.clone(), call.id);
        let selection = match selection(request, *face) {
            Ok(selection) => selection,
            Err(status) => return self.answer(cx, number, Err(status)),
        };
        let from = request.options.resource_version.filter(|_| !request.options.initial_events).unwrap_or(0);
        let missed = if from == 0 { Ok(Vec::new()) } else { self.cache.since(selection.kind, from) };
        let missed = match missed {
            Ok(missed) => missed,
            Err(oldest) => {
                let status = Status::expired(format!("too old resource version: {from} ({oldest})"));
                return self.answer(cx, number, Err(status));
            }
        };
        let present: Vec<Object> = if from == 0 {
            let all = self.cache.in_namespace(selection.kind, &selection.namespace);
            all.filter(|object| selection.matches(object)).cloned().collect()
        } else {
            Vec::new()
        };
        self.watches.open(id.clone(), selection, request.options.bookmarks);
        self.answer(cx, number, Ok(Reply::Watching));
        self.watches.begin_with(cx, &id, present);
        self.watches.replay(cx, &id, &missed);
        if request.options.initial_events {
            self.watches.begun(cx, &id, self.cache.revision());
        }
    }
}

/// Whether the read can be understood at all.
fn check(request: &Request, face: Option<&'static Kind>) -> Result<(), Status> {
    let kind = request.target.object.kind;
    let verb = match request.verb {
        Verb::Get => "get",
        Verb::List => "list",
        _ => "watch",
    };
    let token = &request.options.continue_token;
    if !token.is_empty() {
        page::Page::parse(token).ok_or_else(|| Status::bad_request("continue key is not valid: illegal token"))?;
        if request.options.resource_version.is_some_and(|revision| revision > 0) {
            return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
        }
    }
    match request.target.subresource {
        "" if !kind.verbs.contains(&verb) => Err(Status::method_not_allowed()),
        "" => selection(request, face).map(|_| ()),
        name if !kind.subresources.contains(&name) => Err(Status::no_such_path()),
        "status" | "scale" | "ephemeralcontainers" | "resize" if request.verb == Verb::Get => Ok(()),
        "status" | "scale" | "ephemeralcontainers" | "resize" => Err(Status::method_not_allowed()),
        name => Err(not_modelled(name)),
    }
}

/// 404 for a subresource that a real server has.
pub fn not_modelled(name: &str) -> Status {
    let mut status = Status::no_such_path();
    status.message = format!("the subresource \"{name}\" is not modelled: {}", status.message);
    status
}

/// What a list, a watch or the deletion of a collection selects; `face` is the version of the kind in which it is asked.
///
/// # Errors
/// A selector cannot be read, or names a field that the kind does not offer.
pub fn selection(request: &Request, face: Option<&'static Kind>) -> Result<Selection, Status> {
    let kind = request.target.object.kind;
    let options = &request.options;
    let labels = Selector::parse(&options.label_selector).map_err(Status::bad_request)?;
    let mut fields = FieldSelector::parse(&options.field_selector).map_err(Status::bad_request)?;
    for term in &mut fields.terms {
        let stored = face.map_or(Some(&*term.field), |face| faces::field(face, &term.field)).map(str::to_owned);
        let Some(stored) = stored.filter(|path| selectable(kind, path)) else {
            return Err(Status::bad_request(format!("field label not supported: {}", term.field)));
        };
        term.field = stored;
    }
    let name = &request.target.object.key.name;
    if !name.is_empty() {
        let term = named(name);
        fields.terms.push(term);
    }
    Ok(Selection { kind, namespace: request.target.object.key.namespace.clone(), labels, fields, face })
}

/// A list or watch of one name is one of the collection with this term.
fn named(name: &str) -> crate::api::selector::FieldTerm {
    crate::api::selector::FieldTerm { field: "metadata.name".into(), equal: true, value: name.to_owned() }
}

fn span(kind: &'static Kind, namespace: &str) -> (Rc<str>, Rc<str>) {
    let prefix = format!("/registry/{}/", kind.storage);
    let prefix = if namespace.is_empty() { prefix } else { format!("{prefix}{namespace}/") };
    // The byte after '/' is '0'.
    let end = format!("{}0", &prefix[..prefix.len() - 1]);
    (prefix.into(), end.into())
}
