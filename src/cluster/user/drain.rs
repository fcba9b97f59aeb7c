//! `kubectl drain --ignore-daemonsets --force --delete-emptydir-data`: the node is cordoned, then its pods are evicted.
//!
//! Upstream: `kubectl/pkg/drain/drain.go`. Pods of DaemonSets and mirror pods stay. An eviction that a disruption budget
//! refuses is tried again every five seconds; meanwhile the user can do other things, as in another terminal.

use super::{Action, Job, Next, Reply};
use crate::api::kinds::pod;
use crate::api::meta::controller_of;
use crate::api::{Body, Key, Object, Options, Request, Status, Target, Verb};
use serde_json::json;
use std::rc::Rc;

/// How often a refused eviction is tried: for half an hour.
const TRIES: u8 = 250;

/// Which pods are on the node?
pub(super) fn list(node: &str) -> Next {
    let fields = format!("spec.nodeName={node}");
    Next::Ask(Request::list(&pod::KIND, "").with(Options { field_selector: fields.into(), ..Options::default() }))
}

/// An eviction of each that has to go.
pub(super) fn evictions(reply: &Reply) -> Next {
    let Reply::List { items, .. } = reply else { return Next::Refused(Rc::new(Status::no_such_path())) };
    let going = items.iter().filter(|object| !stays(object));
    Next::Jobs(going.map(|object| Job { index: 0, action: Action::Evict(object.key()), step: 0 }).collect())
}

fn stays(object: &Object) -> bool {
    let mirror = object.meta().annotations.as_ref().is_some_and(|map| map.contains_key("kubernetes.io/config.mirror"));
    mirror || object.is_terminating() || controller_of(object.meta()).is_some_and(|owner| owner.kind == "DaemonSet")
}

/// `POST pods/<name>/eviction`.
pub(super) fn eviction(key: &Key) -> Next {
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": &*key.name, "namespace": &*key.namespace}});
    Next::Ask(Request {
        verb: Verb::Create,
        target: Target::sub(&pod::KIND, key, "eviction"),
        options: Options::default(),
        body: Body::Document(Rc::new(body)),
    })
}

/// What follows an eviction.
pub(super) fn evicted(key: &Key, step: u8, outcome: Result<Reply, Rc<Status>>) -> Next {
    match outcome {
        Ok(_) => Next::Done(format!("pod/{} evicted", key.name)),
        Err(status) if status.code == 404 => Next::Done(String::new()),
        Err(status) if status.code == 429 && step < TRIES => Next::Later,
        Err(status) => Next::Refused(status),
    }
}
