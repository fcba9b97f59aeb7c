//! The single commands: delete, scale, set image, cordon, rollout undo and restart.
//!
//! Upstream: `kubectl/pkg/cmd/{delete,scale,set,drain,rollout}`, `polymorphichelpers/rollback.go`.

use super::{Action, Job, Next, kind_of, label};
use crate::api::kinds;
use crate::api::meta::{controller_of, timestamp};
use crate::api::object::{Key, Object, ObjectRef, Ref};
use crate::api::request::{DeleteOptions, PatchType, Propagation, Request, Target};
use crate::api::{Kind, Status};
use crate::cluster::input::{Input, Name};
use crate::cluster::wire::Reply;
use crate::sim::{Order, Time};
use k8s_openapi::api::apps::v1::ReplicaSet;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::rc::Rc;

/// The jobs of a single command.
pub(super) fn jobs(input: &Input, now: Time) -> VecDeque<Job> {
    let action = match input {
        Input::Delete { object } => on(object, |kind, key| {
            let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
            Action::Send(Rc::new(Request::delete(kind, key, options)), "deleted")
        }),
        Input::Scale { object, replicas } => on(object, |kind, key| {
            let mut request = Request::patch(kind, key, PatchType::Merge, json!({"spec": {"replicas": replicas}}));
            request.target = Target::sub(kind, key, "scale");
            Action::Send(Rc::new(request), "scaled")
        }),
        Input::SetImage { object, container, image } => on(object, |kind, key| {
            let containers = json!({"containers": [{"name": container, "image": image}]});
            let spec = if kind.kind == "Pod" { containers } else { json!({"template": {"spec": containers}}) };
            let request = Request::patch(kind, key, PatchType::Strategic, json!({"spec": spec}));
            Action::Send(Rc::new(request), "image updated")
        }),
        Input::Patch { object, patch } => {
            patched(object, patch, |kind, key, patch| Request::patch(kind, key, PatchType::Merge, patch))
        }
        Input::Resize { object, container, patch } => patched(object, patch, |kind, key, resources| {
            let containers = json!([{"name": container, "resources": resources}]);
            let patch = json!({"spec": {"containers": containers}});
            let mut request = Request::patch(kind, key, PatchType::Strategic, patch);
            request.target = Target::sub(kind, key, "resize");
            request
        }),
        Input::Cordon { node, on } => {
            let patch = json!({"spec": {"unschedulable": if *on { json!(true) } else { json!(null) }}});
            let request = Request::patch(&kinds::node::KIND, &Key::new("", node), PatchType::Strategic, patch);
            Action::Send(Rc::new(request), if *on { "cordoned" } else { "uncordoned" })
        }
        Input::Drain { node } => {
            let patch = json!({"spec": {"unschedulable": true}});
            let request = Request::patch(&kinds::node::KIND, &Key::new("", node), PatchType::Strategic, patch);
            let cordon = Job { index: 0, action: Action::Send(Rc::new(request), "cordoned"), step: 0 };
            return VecDeque::from([cordon, Job { index: 0, action: Action::Drain(node.as_str().into()), step: 0 }]);
        }
        Input::Debug { object, name, image, container, text } => {
            on(object, |kind, key| Action::Send(Rc::new(debug(kind, key, [name, image, container, text])), "debugged"))
        }
        Input::Undo { object, revision } => {
            on(object, |kind, key| Action::Undo(Rc::new(ObjectRef { kind, key: key.clone() }), *revision))
        }
        Input::Restart { object } => on(object, |kind, key| {
            let at = json!({"kubectl.kubernetes.io/restartedAt": timestamp(now).0.to_string()});
            let patch = json!({"spec": {"template": {"metadata": {"annotations": at}}}});
            Action::Send(Rc::new(Request::patch(kind, key, PatchType::Strategic, patch)), "restarted")
        }),
        Input::Apply { .. }
        | Input::Kubelet { .. }
        | Input::Manifest { .. }
        | Input::Network { .. }
        | Input::Scheduler { .. }
        | Input::Fault { .. }
        | Input::Crash { .. } => {
            return VecDeque::new();
        }
    };
    VecDeque::from([Job { index: 0, action, step: 0 }])
}

fn on(name: &Name, action: impl Fn(&'static Kind, &Key) -> Action) -> Action {
    match kind_of(name) {
        Ok(kind) => action(kind, &Key::new(&name.namespace, &name.name)),
        Err(status) => Action::Fail(status),
    }
}

/// A patch that was written as JSON.
fn patched(object: &Name, text: &str, request: impl Fn(&'static Kind, &Key, Value) -> Request) -> Action {
    match serde_json::from_str::<Value>(text) {
        Ok(patch) => on(object, |kind, key| Action::Send(Rc::new(request(kind, key, patch.clone())), "patched")),
        Err(error) => Action::Fail(Rc::new(Status::bad_request(format!("unable to parse {text:?}: {error}")))),
    }
}

/// What `kubectl debug` asks for (upstream: `kubectl/pkg/cmd/debug/debug.go`, `debugByEphemeralContainer`).
fn debug(kind: &'static Kind, key: &Key, [name, image, target, command]: [&String; 4]) -> Request {
    let mut added = json!({"name": name, "image": image, "terminationMessagePolicy": "File"});
    if !target.is_empty() {
        added["targetContainerName"] = json!(target);
    }
    if !command.is_empty() {
        added["command"] = command.split_whitespace().collect();
    }
    let patch = json!({"spec": {"ephemeralContainers": [added]}});
    let mut request = Request::patch(kind, key, PatchType::Strategic, patch);
    request.target = Target::sub(kind, key, "ephemeralcontainers");
    request
}

/// An undo reads the former templates first: ReplicaSets of a Deployment, revisions of others.
pub(super) fn undo_first(object: &Ref) -> Next {
    let past = if object.kind == &kinds::deployment::KIND { &kinds::replica_set::KIND } else { REVISIONS };
    Next::Ask(Request::list(past, &object.key.namespace))
}

const REVISIONS: &Kind = &kinds::controller_revision::KIND;

/// … then puts the template of one of them back; 0: the second newest.
pub(super) fn undo_follow(object: &Ref, to: i64, step: u8, reply: &Reply) -> Next {
    let (kind, key) = (object.kind, &object.key);
    if step > 1 {
        return Next::Done(format!("{} rolled back", label(kind, &key.name)));
    }
    let Reply::List { items, .. } = reply else { return Next::Refused(Rc::new(Status::no_such_path())) };
    let owned = items.iter().filter(|past| is_owned_by(past, object));
    let mut past: Vec<(i64, &Object)> = owned.map(|past| (revision(past), past)).collect();
    past.order_by_key(|(revision, _)| *revision);
    let found = match to {
        0 => past.iter().rev().nth(1),
        to => past.iter().find(|(revision, _)| *revision == to),
    };
    let Some((_, found)) = found else {
        let message = match to {
            0 if kind == &kinds::deployment::KIND => {
                format!("no rollout history found for deployment \"{}\"", key.name)
            }
            0 => "no last revision to roll back to".to_owned(),
            to => format!("unable to find specified revision {to} in history"),
        };
        return Next::Refused(Rc::new(Status::bad_request(message)));
    };
    Next::Ask(undo(object, found))
}

/// The patch that puts a former template back.
fn undo(object: &Ref, past: &Object) -> Request {
    let Some(set) = past.get::<ReplicaSet>() else {
        let data = past.document().and_then(|past| past.at("data")).cloned().unwrap_or_default();
        return Request::patch(object.kind, &object.key, PatchType::Strategic, data);
    };
    let mut template = kinds::serialize(&set.spec.as_ref().and_then(|spec| spec.template.clone()));
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(|labels| labels.as_object_mut()) {
        labels.remove("pod-template-hash");
    }
    let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    Request::patch(object.kind, &object.key, PatchType::Json, patch)
}

fn is_owned_by(past: &Object, owner: &Ref) -> bool {
    controller_of(past.meta()).is_some_and(|found| found.kind == owner.kind.kind && *found.name == *owner.key.name)
}

/// The number of a ReplicaSet or ControllerRevision.
fn revision(past: &Object) -> i64 {
    let annotations = past.meta().annotations.as_ref();
    let text = annotations.and_then(|map| map.get("deployment.kubernetes.io/revision"));
    let number = past.document().and_then(|past| past.at("revision")?.as_i64());
    number.or_else(|| text.and_then(|text| text.parse().ok())).unwrap_or(0)
}
