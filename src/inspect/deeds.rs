//! What a person can do with a thing, and what came of it.
//!
//! Nothing is asked twice: whoever regrets a deed goes back in time.

use super::Shown;
use crate::api::kinds::pod::Pod;
use crate::api::object::{Object, ObjectRef};
use crate::api::pod::validation::annotations::MIRROR;
use crate::cluster::fact::Fact;
use crate::cluster::input::{Input, Name};
use crate::cluster::view::ContainerLook;
use crate::cluster::wire::Address;
use crate::scene::caption;
use crate::sim::{FactId, Trace};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};
use serde_json::Value;

/// What can be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// `kubectl scale`, from so many.
    Scale(i32),
    /// `kubectl set image` of one of these containers (name, image).
    SetImage(Vec<(String, String)>),
    /// `kubectl rollout undo` and `restart`.
    Undo,
    /// `kubectl cordon` (true) or `uncordon`.
    Cordon(bool),
    /// Crash one of these containers.
    Crash(Vec<String>),
    /// `kubectl debug`: an ephemeral container of this name, for one of these.
    Debug(String, Vec<String>),
    /// Resize one of these containers while it runs: its name and its requests and limits (see [`AMOUNTS`]).
    Resize(Vec<(String, [String; 4])>),
    /// Write a file into the node's folder of static pods, or remove it.
    Manifest,
    /// Let a fault begin (true) or repair it: which, of what, and how a button calls it.
    Fault(&'static str, String, bool, String),
    /// `kubectl delete`.
    Delete,
}

/// What can be done with an object.
#[must_use]
pub fn of_object(shown: &Shown, object: &ObjectRef) -> Vec<Deed> {
    let Some(found) = shown.objects.object(object) else { return Vec::new() };
    let mut deeds = Vec::new();
    match object.kind.kind {
        "Pod" => {
            let running = shown.pod(object).map(|(pod, _)| pod.containers.iter());
            let running = running.into_iter().flatten().filter(|c| !c.init && c.state == ContainerLook::Running);
            let running: Vec<String> = running.map(|container| container.name.to_string()).collect();
            deeds.extend(found.get::<Pod>().map(|pod| images(&pod.spec.containers)));
            if !running.is_empty() {
                if !is_mirror(found) {
                    deeds.extend(found.get::<Pod>().map(|pod| resize(pod, &running)));
                    deeds.extend(found.get::<Pod>().map(|pod| debug(pod, running.clone())));
                }
                deeds.push(Deed::Crash(running));
            }
            let statuses = found.get::<Pod>().and_then(|pod| pod.status.container_statuses.as_deref());
            if let Some((image, host)) = statuses.and_then(|all| all.first()).and_then(|first| origin(&first.image)) {
                deeds.extend([fault(shown, "image", image), fault(shown, "registry", host)]);
            }
        }
        "Node" => return of_ship(shown, &object.key.name),
        _ => {
            deeds.extend(object.kind.scale.as_ref().map(|scale| Deed::Scale((scale.replicas)(found))));
            deeds.extend(images_of(found));
            if matches!(object.kind.kind, "Deployment" | "StatefulSet" | "DaemonSet") {
                deeds.push(Deed::Undo);
            }
            let controller = CONTROLLERS.iter().find(|(kind, _)| *kind == object.kind.kind);
            deeds.extend(controller.map(|(_, controller)| fault(shown, "controller", controller)));
        }
    }
    if !found.is_terminating() {
        deeds.push(Deed::Delete);
    }
    deeds
}

/// What can be done with a ship, or with the kubelet on it.
#[must_use]
pub fn of_ship(shown: &Shown, node: &str) -> Vec<Deed> {
    let Some(node) = shown.node(node) else { return Vec::new() };
    let off = shown.view.faults.iter().any(|(fault, of)| *fault == "power" && **of == *node.name);
    let label = shown.text(if node.cut_off { "fault-network-ends" } else { "fault-network" }, &[]);
    let mut deeds = vec![
        Deed::Cordon(!node.cordoned),
        Deed::Manifest,
        Deed::Fault(NETWORK, node.name.to_string(), !node.cut_off, label),
    ];
    deeds.extend(["power", "disk", "memory", "clock"].map(|name| fault(shown, name, &node.name)));
    // Without power nothing runs on it that could be stopped, or started.
    if off {
        return deeds;
    }
    let (kubelet, runtime) = (format!("kubelet/{}", node.name), format!("containerd/{}", node.name));
    deeds.extend(["stop", "crash", "slow", "certificate"].map(|name| fault(shown, name, &kubelet)));
    deeds.extend(["stop", "crash"].map(|name| fault(shown, name, &runtime)));
    deeds
}

/// What can be done with a process of the control plane, or with a node's runtime.
#[must_use]
pub fn of_process(shown: &Shown, who: &Address) -> Vec<Deed> {
    let faults: &[&'static str] = match who {
        Address::User | Address::Kubelet(_) => &[],
        Address::Etcd(_) | Address::Runtime(_) => &["stop", "crash"],
        Address::ApiServer => &["stop", "crash", "slow", "cut"],
        _ => &["stop", "crash", "slow", "cut", "certificate"],
    };
    faults.iter().map(|name| fault(shown, name, &who.to_string())).collect()
}

/// An image by its full name, and its registry.
fn origin(image: &str) -> Option<(&str, &str)> {
    image.split_once('/').map(|(host, _)| (image, host))
}

/// The controllers that can be paused at what they look after.
const CONTROLLERS: &[(&str, &str)] = &[
    ("Deployment", "deployment-controller"),
    ("ReplicaSet", "replicaset-controller"),
    ("StatefulSet", "statefulset-controller"),
    ("DaemonSet", "daemonset-controller"),
    ("Job", "job-controller"),
    ("CronJob", "cronjob-controller"),
    ("Service", "endpoint-slice-controller"),
];

/// Cutting a node off is an input of its own.
pub const NETWORK: &str = "network";

/// A fault as it can be begun now, or repaired.
fn fault(shown: &Shown, name: &'static str, of: &str) -> Deed {
    let stopped = name == "stop" && shown.view.stopped.iter().any(|process| process.to_string() == of);
    let on = !stopped && !shown.view.faults.iter().any(|(known, what)| *known == name && **what == *of);
    Deed::Fault(name, of.to_owned(), on, caption::fault_sentence("fault", name, of, (on, shown.language)))
}

/// A static pod is changed by its file only.
fn is_mirror(object: &Object) -> bool {
    object.meta().annotations.as_ref().is_some_and(|all| all.contains_key(MIRROR))
}

/// The next ephemeral container. kubectl draws five letters for its name; here it is numbered.
fn debug(pod: &Pod, targets: Vec<String>) -> Deed {
    let known = pod.spec.ephemeral_containers.as_ref().map_or(0, Vec::len);
    Deed::Debug(format!("debugger-{}", known + 1), targets)
}

/// What a resize may change of a container, in the order of [`Deed::Resize`].
pub const AMOUNTS: [(&str, &str); 4] =
    [("requests", "cpu"), ("requests", "memory"), ("limits", "cpu"), ("limits", "memory")];

fn resize(pod: &Pod, running: &[String]) -> Deed {
    let amounts = |container: &Container| {
        let all = container.resources.as_ref();
        AMOUNTS.map(|(list, what)| {
            let list = all.and_then(|all| if list == "requests" { all.requests.as_ref() } else { all.limits.as_ref() });
            list.and_then(|list| list.get(what)).map_or_else(String::new, |amount| amount.0.clone())
        })
    };
    let running = pod.spec.containers.iter().filter(|container| running.contains(&container.name));
    Deed::Resize(running.map(|container| (container.name.clone(), amounts(container))).collect())
}

fn images(containers: &[Container]) -> Deed {
    let of = |container: &Container| (container.name.clone(), container.image.clone().unwrap_or_default());
    Deed::SetImage(containers.iter().map(of).collect())
}

fn images_of(object: &Object) -> Option<Deed> {
    if let Some(template) = template(object) {
        return template.spec.as_ref().map(|spec| images(&spec.containers));
    }
    let containers = object.document()?.at("spec.template.spec.containers")?.as_array()?;
    let text = |container: &Value, field: &str| container[field].as_str().unwrap_or_default().to_owned();
    Some(Deed::SetImage(containers.iter().map(|of| (text(of, "name"), text(of, "image"))).collect()))
}

fn template(object: &Object) -> Option<&PodTemplateSpec> {
    use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
    use k8s_openapi::api::core::v1::ReplicationController;
    if let Some(deployment) = object.get::<Deployment>() {
        return deployment.spec.as_ref().map(|spec| &spec.template);
    }
    if let Some(set) = object.get::<ReplicaSet>() {
        return set.spec.as_ref()?.template.as_ref();
    }
    object.get::<ReplicationController>()?.spec.as_ref()?.template.as_ref()
}

/// How an input names an object.
#[must_use]
pub fn name(object: &ObjectRef) -> Name {
    Name {
        api_version: object.kind.api_version(),
        kind: object.kind.kind.to_owned(),
        namespace: object.key.namespace.to_string(),
        name: object.key.name.to_string(),
    }
}

/// What came of a deed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// kubectl's lines, the server's refusal, or what happened to a ship.
    pub lines: Vec<String>,
    /// Whether it was refused.
    pub refused: bool,
}

/// What came of the input whose fact is at `place`; nothing yet: still under way.
#[must_use]
pub fn outcome(shown: &Shown, place: u64) -> Option<Outcome> {
    let id = FactId(place);
    let Fact::Input(input) = &shown.trace.get(id).filter(|_| place < shown.trace.head())?.fact else { return None };
    let is_answer: fn(&Fact) -> bool = |fact| matches!(fact, Fact::Answer { .. });
    // A scheduler answers only when it does not start.
    if is_fault(input) && followed(shown.trace, id, is_answer).is_none() {
        let consequence = followed(shown.trace, id, |fact| !matches!(fact, Fact::Input(_)));
        let lines = match consequence {
            Some(fact) => vec![caption::of_fact(fact, shown.language).unwrap_or_default()],
            None if matches!(**input, Input::Crash { .. }) => return None,
            None => vec![shown.text("deed-nothing", &[])],
        };
        return Some(Outcome { lines, refused: false });
    }
    match followed(shown.trace, id, is_answer)? {
        Fact::Answer { lines, refused, .. } => {
            let said = lines.iter().map(ToString::to_string);
            let refusals = refused.iter().map(|(_, status)| status.message.clone());
            Some(Outcome { lines: said.chain(refusals).collect(), refused: !refused.is_empty() })
        }
        _ => None,
    }
}

fn is_fault(input: &Input) -> bool {
    matches!(
        input,
        Input::Kubelet { .. }
            | Input::Manifest { .. }
            | Input::Network { .. }
            | Input::Scheduler { .. }
            | Input::Fault { .. }
            | Input::Crash { .. }
    )
}

/// The first fact of a sort that was caused by `cause` directly.
fn followed(trace: &Trace<Fact>, cause: FactId, is: fn(&Fact) -> bool) -> Option<&Fact> {
    let mut after = trace.range(cause.0 + 1, trace.head());
    after.find(|record| record.cause == Some(cause) && is(&record.fact)).map(|record| &record.fact)
}
