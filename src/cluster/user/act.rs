//! The single commands: delete, scale, set image, cordon, rollout undo.
//!
//! Upstream: `kubectl/pkg/cmd/{delete,scale,set,drain,rollout}`, `polymorphichelpers/rollback.go`.

use super::{Action, Job, Next, kind_of, label};
use crate::api::kinds;
use crate::api::meta::controller_of;
use crate::api::object::{Key, Object};
use crate::api::request::{DeleteOptions, PatchType, Propagation, Request, Target};
use crate::api::{Kind, Status};
use crate::cluster::input::{Input, Name};
use crate::cluster::wire::Reply;
use crate::sim::Order;
use k8s_openapi::api::apps::v1::ReplicaSet;
use serde_json::json;
use std::collections::VecDeque;
use std::rc::Rc;

/// The jobs of a single command.
pub(super) fn jobs(input: &Input) -> VecDeque<Job> {
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
        Input::Patch { object, patch } => match serde_json::from_str(patch) {
            Ok(patch) => on(object, |kind, key| {
                let request = Request::patch(kind, key, PatchType::Merge, serde_json::Value::clone(&patch));
                Action::Send(Rc::new(request), "patched")
            }),
            Err(error) => Action::Fail(Rc::new(Status::bad_request(format!("unable to parse {patch:?}: {error}")))),
        },
        Input::Cordon { node, on } => {
            let patch = json!({"spec": {"unschedulable": if *on { json!(true) } else { json!(null) }}});
            let request = Request::patch(&kinds::node::KIND, &Key::new("", node), PatchType::Strategic, patch);
            Action::Send(Rc::new(request), if *on { "cordoned" } else { "uncordoned" })
        }
        Input::Undo { object } => on(object, |_, key| Action::Undo(key.clone())),
        Input::Apply { .. }
        | Input::Kubelet { .. }
        | Input::Network { .. }
        | Input::Scheduler { .. }
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

/// An undo reads the ReplicaSets of the namespace first.
pub(super) fn undo_first(key: &Key) -> Next {
    Next::Ask(Request::list(&kinds::replica_set::KIND, &key.namespace))
}

/// … then puts the template of the second newest revision back.
pub(super) fn undo_follow(key: &Key, step: u8, reply: &Reply) -> Next {
    let deployments = &kinds::deployment::KIND;
    if step > 1 {
        return Next::Done(format!("{} rolled back", label(deployments, &key.name)));
    }
    let Reply::List { items, .. } = reply else { return Next::Refused(Rc::new(Status::no_such_path())) };
    let mut sets: Vec<(u64, &Object)> =
        items.iter().filter(|set| is_owned_by(set, &key.name)).map(|set| (revision(set), set)).collect();
    sets.order_by_key(|(revision, _)| *revision);
    let Some((_, previous)) = sets.iter().rev().nth(1) else {
        let message = format!("no rollout history found for deployment \"{}\"", key.name);
        return Next::Refused(Rc::new(Status::bad_request(message)));
    };
    let template = previous.get::<ReplicaSet>().and_then(|set| set.spec.as_ref()?.template.clone());
    let mut template = kinds::serialize(&template);
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(|labels| labels.as_object_mut()) {
        labels.remove("pod-template-hash");
    }
    let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    Next::Ask(Request::patch(deployments, key, PatchType::Json, patch))
}

fn is_owned_by(set: &Object, deployment: &str) -> bool {
    controller_of(set.meta()).is_some_and(|owner| owner.kind == "Deployment" && owner.name == deployment)
}

fn revision(set: &Object) -> u64 {
    let annotations = set.meta().annotations.as_ref();
    let text = annotations.and_then(|map| map.get("deployment.kubernetes.io/revision"));
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
