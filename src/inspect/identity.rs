//! What a thing is and how it is: kind in both words, name, status as shape and word, age.

use super::Shown;
use crate::api::meta::moment;
use crate::api::object::{Object, ObjectRef};
use crate::cluster::view::Readiness;
use crate::cluster::wire::Address;
use crate::i18n::Language;
use crate::scene::sprites::crate_::Status;
use crate::scene::status;
use crate::scene::{Truth, caption};
use crate::sim::Time;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::ReplicationController;

/// A status's shape: it says the same as its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Waits.
    Clock,
    /// Is being made.
    Half,
    /// Runs, not ready.
    Sandglass,
    /// As it should be.
    Tick,
    /// Has ended well.
    Flag,
    /// Has failed.
    Triangle,
    /// Is being ended.
    Tag,
    /// Nothing is known.
    Question,
    /// Is there, and nothing more can be said.
    Dot,
}

/// A status's colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// As it should be.
    Ok,
    /// Not yet.
    Warn,
    /// Wrong.
    Error,
    /// Neither.
    Neutral,
}

/// A status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sign {
    /// Its shape.
    pub shape: Shape,
    /// Its colour.
    pub tone: Tone,
    /// Its word as kubectl shows it: `Running`, `CrashLoopBackOff`, `Ready,SchedulingDisabled`.
    pub word: String,
    /// What that means, where the word alone does not say it; may be empty.
    pub meaning: String,
}

/// What a thing is and how it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The kind as Kubernetes calls it, in the language: `파드(Pod)`.
    pub kind: String,
    /// What it is in the harbour: `배에 실린 짐 상자`.
    pub harbour: String,
    /// Its name.
    pub name: String,
    /// Its namespace; empty without one.
    pub namespace: String,
    /// How it is; nothing if it does not exist at this moment.
    pub sign: Option<Sign>,
    /// Since when it exists.
    pub since: Option<Time>,
}

/// Of an object, which may not exist (yet, or any more).
#[must_use]
pub fn of_object(shown: &Shown, object: &ObjectRef) -> Identity {
    let found = shown.objects.object(object);
    Identity {
        kind: kind(object.kind.kind, shown.language),
        harbour: harbour(shown, object),
        name: object.key.name.to_string(),
        namespace: object.key.namespace.to_string(),
        sign: found.map(|found| sign(shown, found)),
        since: found.and_then(|found| found.meta().creation_timestamp.as_ref()).map(moment),
    }
}

/// Of a component.
#[must_use]
pub fn of_component(shown: &Shown, component: &Address) -> Identity {
    let harbour = match component {
        Address::User => shown.text("harbour-user", &[]),
        Address::ApiServer => shown.text("harbour-api-server", &[]),
        Address::Etcd(_) => shown.text("harbour-etcd", &[]),
        Address::Scheduler | Address::OtherScheduler(_) => shown.text("harbour-scheduler", &[]),
        Address::ControllerManager => shown.text("harbour-controllers", &[]),
        Address::Kubelet(_) => shown.text("harbour-kubelet", &[]),
        Address::Runtime(_) => shown.text("harbour-runtime", &[]),
        Address::Sidecar(..) => shown.text("harbour-sidecar", &[]),
    };
    let stopped = shown.view.stopped.contains(component);
    let (shape, tone, key) = match component {
        Address::User => (Shape::Dot, Tone::Neutral, "process-outside"),
        _ if stopped => (Shape::Triangle, Tone::Error, "process-stopped"),
        _ => (Shape::Tick, Tone::Ok, "process-running"),
    };
    let word = shown.text(key, &[]);
    let there = component.node().is_none_or(|node| shown.view.nodes.iter().any(|known| known.name == *node));
    Identity {
        kind: shown.text("insp-component", &[]),
        harbour,
        name: caption::actor(component, shown.language),
        namespace: String::new(),
        sign: there.then(|| Sign { shape, tone, word, meaning: String::new() }),
        since: None,
    }
}

/// A kind's name; in Korean with the English one behind it.
fn kind(name: &str, language: Language) -> String {
    let own = caption::kind(name, language);
    if language == Language::Ko && own != name { format!("{own}({name})") } else { own }
}

fn harbour(shown: &Shown, object: &ObjectRef) -> String {
    let control = object.kind.kind == "Node" && shown.node(&object.key.name).is_some_and(|node| node.control_plane);
    let key = match object.kind.kind {
        "Pod" => "harbour-pod",
        "Node" if control => "harbour-control-plane",
        "Node" => "harbour-node",
        "Deployment" => "harbour-deployment",
        "ReplicaSet" | "ReplicationController" => "harbour-replica-set",
        "StatefulSet" => "harbour-stateful-set",
        "DaemonSet" => "harbour-daemon-set",
        "PersistentVolume" => "harbour-persistent-volume",
        "PersistentVolumeClaim" => "harbour-persistent-volume-claim",
        "Service" => "harbour-service",
        "Event" => "harbour-event",
        "Lease" => "harbour-lease",
        _ => "harbour-record",
    };
    shown.text(key, &[])
}

/// How an object is.
#[must_use]
pub fn sign(shown: &Shown, object: &Object) -> Sign {
    if object.kind().kind == "Pod" {
        return pod(shown, object);
    }
    if object.is_terminating() {
        return Sign { shape: Shape::Tag, tone: Tone::Warn, word: "Terminating".to_owned(), meaning: String::new() };
    }
    if object.kind().kind == "Node" {
        return node(shown, object);
    }
    if let Some((wanted, ready, stuck)) = replicas(object) {
        return workload(shown, (wanted, ready), stuck);
    }
    let column = object.kind().columns.iter().find(|column| column.name == "Status");
    match column {
        Some(column) => {
            let word = column.show(object, shown.now);
            match word.as_str() {
                "Pending" => plain(Shape::Clock, Tone::Warn, word),
                "Lost" | "Failed" => plain(Shape::Triangle, Tone::Error, word),
                _ => plain(Shape::Tick, Tone::Ok, word),
            }
        }
        None => plain(Shape::Dot, Tone::Neutral, shown.text("insp-stored", &[])),
    }
}

fn plain(shape: Shape, tone: Tone, word: String) -> Sign {
    Sign { shape, tone, word, meaning: String::new() }
}

fn pod(shown: &Shown, object: &Object) -> Sign {
    let Some((pod, node)) = shown.pod(&object.reference()) else {
        return plain(Shape::Question, Tone::Neutral, shown.text("insp-stored", &[]));
    };
    let status = status::of(pod, node, (shown.now, Truth::Believed));
    let (shape, tone) = match status {
        Status::Pending => (Shape::Clock, Tone::Warn),
        Status::Creating(_) => (Shape::Half, Tone::Warn),
        Status::Running => (Shape::Sandglass, Tone::Warn),
        Status::Ready => (Shape::Tick, Tone::Ok),
        Status::Succeeded => (Shape::Flag, Tone::Ok),
        Status::Failed | Status::Evicted => (Shape::Triangle, Tone::Error),
        Status::Terminating(_) => (Shape::Tag, Tone::Warn),
        Status::Unknown => (Shape::Question, Tone::Neutral),
    };
    Sign { shape, tone, word: pod.status.to_string(), meaning: shown.text(status.key(), &[]) }
}

fn node(shown: &Shown, object: &Object) -> Sign {
    let column = object.kind().columns.iter().find(|column| column.name == "Status");
    let word = column.map_or_else(String::new, |column| column.show(object, shown.now));
    match shown.node(object.name()).map(|node| node.readiness) {
        Some(Readiness::Ready) => plain(Shape::Tick, Tone::Ok, word),
        Some(Readiness::NotReady) => plain(Shape::Triangle, Tone::Error, word),
        _ => Sign { meaning: shown.text("insp-node-unknown", &[]), ..plain(Shape::Question, Tone::Error, word) },
    }
}

/// Wanted and ready replicas, and why it is stuck (may be empty), of kinds that have them.
#[must_use]
pub fn replicas(object: &Object) -> Option<(i32, i32, String)> {
    if let Some(deployment) = object.get::<Deployment>() {
        let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let status = deployment.status.as_ref();
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let stuck = conditions.iter().find(|c| c.type_ == "Progressing" && c.status == "False");
        let stuck = stuck.and_then(|condition| condition.reason.clone()).unwrap_or_default();
        return Some((wanted, status.and_then(|status| status.ready_replicas).unwrap_or(0), stuck));
    }
    if let Some(set) = object.get::<ReplicaSet>() {
        let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let ready = set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
        return Some((wanted, ready, String::new()));
    }
    if let Some(tree) = object.document() {
        let number = |path: &str| i32::try_from(tree.at(path)?.as_i64()?).ok();
        let (wanted, ready) = match object.kind().kind {
            "StatefulSet" => (number("spec.replicas").unwrap_or(1), number("status.readyReplicas")),
            "DaemonSet" => (number("status.desiredNumberScheduled").unwrap_or(0), number("status.numberReady")),
            _ => return None,
        };
        return Some((wanted, ready.unwrap_or(0), String::new()));
    }
    let controller = object.get::<ReplicationController>()?;
    let wanted = controller.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    Some((wanted, controller.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0), String::new()))
}

fn workload(shown: &Shown, (wanted, ready): (i32, i32), stuck: String) -> Sign {
    let word = format!("{ready}/{wanted} Ready");
    if !stuck.is_empty() {
        return Sign { meaning: stuck, ..plain(Shape::Triangle, Tone::Error, word) };
    }
    if ready == wanted {
        return plain(Shape::Tick, Tone::Ok, word);
    }
    Sign { meaning: shown.text("insp-progressing", &[]), ..plain(Shape::Half, Tone::Warn, word) }
}
