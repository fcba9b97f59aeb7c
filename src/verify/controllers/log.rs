//! Who wrote what in a run, in the order of the revisions: what the recorder read from watches and the audit log.

use crate::api::object::Ref;
use crate::api::{Object, Request};
use crate::cluster::fact::Fact;
use crate::cluster::wire::{Address, Change, EtcdEvent, Event, Message, User};
use crate::sim::{Time, Trace};
use std::collections::BTreeMap;
use std::rc::Rc;

/// One write.
pub struct Wrote {
    /// When.
    pub at: Time,
    /// Of what.
    pub object: Ref,
    /// What it became; `None`: it is gone.
    pub after: Option<Object>,
    /// What it was; `None`: it is new.
    pub before: Option<Object>,
    /// Who, by the recordings' words.
    pub by: String,
    /// How: `update/status`, `create/binding`, `delete`.
    pub verb: String,
}

/// All writes.
#[derive(Default)]
pub struct Log {
    pub wrote: Vec<Wrote>,
    /// Requests that change something, by who sent them and his number.
    asked: BTreeMap<(Address, u64), (User, Rc<Request>)>,
    /// Up to which fact the trace was read.
    read: u64,
    /// Which request made a revision.
    made: BTreeMap<(u64, Ref), (Address, u64)>,
}

impl Log {
    /// Takes notice of what comes to the API server.
    pub fn hear(&mut self, at: Time, event: &Event, trace: &Trace<Fact>) {
        match event {
            Event::Message { from, message: Message::Request { id, user, request } } if request.verb.writes() => {
                self.asked.insert((from.clone(), *id), (user.clone(), request.clone()));
            }
            Event::Message { message: Message::EtcdWatch { events, .. }, .. } => {
                for record in trace.range(self.read, trace.head()) {
                    if let Fact::Committed { call, object, revision, .. } = &record.fact {
                        self.made.insert((*revision, object.clone()), (call.from.clone(), call.id));
                    }
                }
                self.read = trace.head();
                for event in events {
                    self.note(at, event);
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, at: Time, event: &EtcdEvent) {
        let object = event.kv.value.reference();
        let call = self.made.remove(&(event.kv.mod_revision, object.clone()));
        let asked = call.and_then(|call| self.asked.get(&call));
        let (by, verb) = asked.map_or_else(Default::default, |(user, request)| attribution(user, request, &object));
        let gone = event.change == Change::Deleted;
        let after = (!gone).then(|| event.kv.value.clone());
        let before = event.previous.clone().filter(|_| event.change != Change::Created);
        self.wrote.push(Wrote { at, object, after, before, by, verb });
    }
}

/// Who, and how, in the words of the recordings. What the server writes besides (quotas, budgets) is its own.
fn attribution(user: &User, request: &Request, object: &Ref) -> (String, String) {
    if request.target.object.kind != object.kind {
        return ("kube-apiserver".to_owned(), "update/status".to_owned());
    }
    let name = &*user.name;
    let by = match name {
        "kubernetes-admin" => "user",
        "system:kube-scheduler" => "kube-scheduler",
        "system:kube-controller-manager" => "kube-controller-manager",
        _ if name.starts_with("system:node:") => "kubelet",
        _ => name.rsplit(':').next().unwrap_or(name),
    };
    let verb = format!("{:?}", request.verb).to_lowercase();
    let sub = request.target.subresource;
    (by.to_owned(), if sub.is_empty() { verb } else { format!("{verb}/{sub}") })
}
