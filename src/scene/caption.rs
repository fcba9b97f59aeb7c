//! One sentence for each beat of the story: actor, verb, object. Keys and arguments come from the facts; the words
//! come from the catalogues. Captions feed the transcript and what screen readers announce.

mod ship;

use self::ship::{ship_sentence, want_sentence};
use super::pace::{Beat, Pace};
use crate::api::object::ObjectRef;
use crate::api::{Target, Verb};
use crate::cluster::fact::{Attempt, AttemptResult, Fact, Queue};
use crate::cluster::input::Input;
use crate::cluster::wire::{Address, Change};
use crate::i18n::{Arg, Language, text};
use crate::sim::{Record, Time, Trace};

/// What is said about a beat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caption {
    /// When the beat begins.
    pub at: Time,
    /// The beat's first fact.
    pub head: u64,
    /// The sentence.
    pub text: String,
}

/// At most one announcement in this time (screen milliseconds); more are merged.
pub const ANNOUNCE_MS: f64 = 1500.0;

/// The caption of a beat; `None` for beats that do not carry the story.
#[must_use]
pub fn of(beat: &Beat, trace: &Trace<Fact>, language: Language) -> Option<Caption> {
    if !beat.lead {
        return None;
    }
    let head = trace.get(crate::sim::FactId(beat.head))?;
    let text = sentence(head, beat, trace, language)?;
    Some(Caption { at: beat.at, head: beat.head, text })
}

/// All captions of beats that begin after `from` and not after `to`.
#[must_use]
pub fn between(pace: &Pace, trace: &Trace<Fact>, (from, to): (Time, Time), language: Language) -> Vec<Caption> {
    let begin = pace.beats().partition_point(|beat| beat.at <= from);
    let end = pace.beats().partition_point(|beat| beat.at <= to);
    pace.beats()[begin..end.max(begin)].iter().filter_map(|beat| of(beat, trace, language)).collect()
}

/// Merges captions into announcements: `due` is the screen time of each caption in milliseconds.
#[must_use]
pub fn merged(captions: &[(f64, Caption)]) -> Vec<Caption> {
    let mut found: Vec<(f64, Caption)> = Vec::new();
    for (due, caption) in captions {
        match found.last_mut().filter(|(since, _)| due - since < ANNOUNCE_MS) {
            Some((_, last)) if !last.text.contains(&caption.text) => {
                last.text = format!("{} {}", last.text, caption.text);
            }
            Some(_) => {}
            None => found.push((*due, caption.clone())),
        }
    }
    found.into_iter().map(|(_, caption)| caption).collect()
}

/// The name of who acts.
#[must_use]
pub fn actor(who: &Address, language: Language) -> String {
    match who {
        Address::User => text(language, "actor-user", &[]),
        Address::ApiServer => text(language, "actor-api-server", &[]),
        Address::Etcd(_) => text(language, "actor-etcd", &[]),
        Address::Scheduler => text(language, "actor-scheduler", &[]),
        Address::OtherScheduler(name) => text(language, "actor-other-scheduler", &[("name", (&**name).into())]),
        Address::ControllerManager => text(language, "actor-controllers", &[]),
        Address::Kubelet(node) => text(language, "actor-kubelet", &[("node", (&**node).into())]),
        Address::Runtime(node) => text(language, "actor-runtime", &[("node", (&**node).into())]),
        Address::Sidecar(_, name) => text(language, "actor-sidecar", &[("name", (&**name).into())]),
    }
}

/// A controller by its upstream name; one that is a program in a container, by that.
#[must_use]
pub fn controller(by: &Address, name: &str, language: Language) -> String {
    match by {
        Address::Sidecar(..) => actor(by, language),
        _ => text(language, "actor-controller", &[("name", name.into())]),
    }
}

/// A kind's name in running text: 파드, Pod.
#[must_use]
pub fn kind(name: &str, language: Language) -> String {
    let key = match name {
        "Pod" => "kind-pod",
        "Node" => "kind-node",
        "Namespace" => "kind-namespace",
        "Deployment" => "kind-deployment",
        "ReplicaSet" => "kind-replica-set",
        "ReplicationController" => "kind-replication-controller",
        "StatefulSet" => "kind-stateful-set",
        "DaemonSet" => "kind-daemon-set",
        "ControllerRevision" => "kind-controller-revision",
        "PersistentVolume" => "kind-persistent-volume",
        "PersistentVolumeClaim" => "kind-persistent-volume-claim",
        "StorageClass" => "kind-storage-class",
        "VolumeAttachment" => "kind-volume-attachment",
        "Service" => "kind-service",
        "ServiceAccount" => "kind-service-account",
        "ConfigMap" => "kind-config-map",
        "Secret" => "kind-secret",
        "Endpoints" => "kind-endpoints",
        "EndpointSlice" => "kind-endpoint-slice",
        other => return other.to_owned(),
    };
    text(language, key, &[])
}

fn object(reference: &ObjectRef, language: Language) -> String {
    let kind = kind(reference.kind.kind, language);
    if reference.key.name.is_empty() { kind } else { format!("{kind} {}", reference.key.name) }
}

fn sentence(head: &Record<Fact>, beat: &Beat, trace: &Trace<Fact>, language: Language) -> Option<String> {
    match &head.fact {
        Fact::Requested { call, verb, target, .. } => {
            Some(request_sentence((&call.from, *verb, target), outcome(head, beat, trace), language))
        }
        fact => of_fact(fact, language),
    }
}

/// The sentence for one fact by itself; `None` for those that only make up others (gates, writes, answers).
#[must_use]
pub fn of_fact(fact: &Fact, language: Language) -> Option<String> {
    let say = |key: &str, args: &[(&str, Arg)]| Some(text(language, key, args));
    match fact {
        Fact::Input(input) => Some(input_sentence(input, language)),
        Fact::Answer { lines, refused, .. } => match refused.first() {
            Some((_, status)) => {
                let key = if status.code == 0 { "caption-scheduler-refused" } else { "caption-answer-refused" };
                say(key, &[("message", status.message.as_str().into())])
            }
            None => say("caption-answer", &[("line", lines.first().map_or("", |line| &**line).into())]),
        },
        Fact::Requested { call, verb, target, .. } => {
            Some(request_sentence((&call.from, *verb, target), Outcome::default(), language))
        }
        Fact::Watched { to, object: what, change, .. } => {
            let args = [("actor", actor(to, language).into()), ("object", object(what, language).into())];
            match change {
                Change::Created => say("caption-watched-created", &args),
                Change::Updated => say("caption-watched-updated", &args),
                Change::Deleted => say("caption-watched-deleted", &args),
            }
        }
        Fact::WatchLost { by, .. } => say("caption-watch-lost", &[("actor", actor(by, language).into())]),
        Fact::Reconciled { by, controller: name, object: what, writes } => {
            let args = [("actor", controller(by, name, language).into()), ("object", object(what, language).into())];
            let writes = i64::from(*writes);
            say("caption-reconciled", &[args[0].clone(), args[1].clone(), ("writes", writes.into())])
        }
        Fact::PodQueued { pod, queue, .. } => {
            let args = [("object", object(pod, language).into())];
            match queue {
                Queue::Active => say("caption-queued", &args),
                Queue::Backoff => say("caption-queued-backoff", &args),
                Queue::Unschedulable => say("caption-queued-unschedulable", &args),
                Queue::Gated => say("caption-queued-gated", &args),
            }
        }
        Fact::Attempted(attempt) => Some(attempt_sentence(attempt, language)),
        Fact::ProcessStopped { process, stopped } => {
            let args = [("actor", actor(process, language).into())];
            say(if *stopped { "caption-stopped" } else { "caption-started" }, &args)
        }
        Fact::LeaderChanged { by, lease, leads } => {
            let args = [("actor", actor(by, language).into()), ("lease", (*lease).into())];
            say(if *leads { "caption-leads" } else { "caption-leads-no-more" }, &args)
        }
        Fact::NetworkCut { node, cut } => {
            let args = [("node", (&**node).into())];
            say(if *cut { "caption-cut" } else { "caption-joined" }, &args)
        }
        Fact::Fault { fault, of, on } => Some(fault_sentence("caption-fault", fault, of, (*on, language))),
        other => ship_sentence(other, language).or_else(|| want_sentence(other, language)),
    }
}

/// A fault in words: its name as a deed (`fault`), or what it means (`caption-fault`).
#[must_use]
pub fn fault_sentence(what: &str, fault: &str, of: &str, (on, language): (bool, Language)) -> String {
    let end = if on { "" } else { "-ends" };
    text(language, &format!("{what}-{fault}{end}"), &[("of", of.into())])
}

/// How a request ended, as far as it is known.
#[derive(Default)]
struct Outcome {
    code: Option<u16>,
    refused: Option<String>,
    stored: Option<crate::api::object::Ref>,
}

/// How the request of a beat ended.
fn outcome(head: &Record<Fact>, beat: &Beat, trace: &Trace<Fact>) -> Outcome {
    let Fact::Requested { call, .. } = &head.fact else { return Outcome::default() };
    let mut found = Outcome::default();
    for record in trace.range(beat.head, beat.last + 1) {
        match &record.fact {
            Fact::Answered { call: other, code, .. } if other == call => found.code = Some(*code),
            Fact::Gate { call: other, refused: Some(status), .. } if other == call => {
                found.refused = Some(status.message.clone());
            }
            Fact::Committed { call: other, object, .. } if other == call => found.stored = Some(object.clone()),
            _ => {}
        }
    }
    found
}

type Asked<'a> = (&'a Address, Verb, &'a Target);

fn request_sentence((from, verb, target): Asked, ended: Outcome, language: Language) -> String {
    // A POST goes to the collection; what it makes is named by what was stored.
    let collection = verb == Verb::Create && target.subresource.is_empty();
    let address =
        if collection { Target::new(target.object.kind, &target.object.key.namespace, "") } else { target.clone() };
    let mut path = format!("{} {}", verb.method(), address.path());
    if let Some(code) = ended.code {
        path = format!("{path} → {code}");
    }
    let args = [
        ("actor", actor(from, language).into()),
        ("object", object(ended.stored.as_ref().unwrap_or(&target.object), language).into()),
        ("path", path.into()),
    ];
    let said = match (verb, target.subresource) {
        (Verb::Create, "binding") => text(language, "caption-binds", &args),
        (Verb::Create, "eviction") => text(language, "caption-evicts", &args),
        (Verb::Create, _) => text(language, "caption-creates", &args),
        (Verb::Delete | Verb::DeleteCollection, _) => text(language, "caption-deletes", &args),
        (Verb::Update | Verb::Patch, _) => text(language, "caption-changes", &args),
        (Verb::Get | Verb::List | Verb::Watch, _) => text(language, "caption-reads", &args),
    };
    match ended.refused {
        Some(message) => {
            let code = ended.code.map_or_else(String::new, |code| code.to_string());
            said + " " + &text(language, "caption-refused", &[("message", message.into()), ("code", code.into())])
        }
        None => said,
    }
}

/// What a person did, in one sentence.
#[must_use]
pub fn input_sentence(input: &Input, language: Language) -> String {
    let say = |key: &str, args: &[(&str, Arg)]| text(language, key, args);
    let named = |name: &crate::cluster::input::Name| Arg::from(format!("{} {}", kind(&name.kind, language), name.name));
    match input {
        Input::Apply { dry_run: true, .. } => say("caption-input-dry-run", &[]),
        Input::Apply { .. } => say("caption-input-apply", &[]),
        Input::Delete { object } => say("caption-input-delete", &[("object", named(object))]),
        Input::Scale { object, replicas } => {
            say("caption-input-scale", &[("object", named(object)), ("count", i64::from(*replicas).into())])
        }
        Input::SetImage { object, image, .. } => {
            say("caption-input-set-image", &[("object", named(object)), ("image", image.as_str().into())])
        }
        Input::Patch { object, .. } => say("caption-input-patch", &[("object", named(object))]),
        Input::Resize { object, container, .. } => {
            say("caption-input-resize", &[("object", named(object)), ("container", container.as_str().into())])
        }
        Input::Debug { object, name, .. } => {
            say("caption-input-debug", &[("object", named(object)), ("container", name.as_str().into())])
        }
        Input::Undo { object, .. } => say("caption-input-undo", &[("object", named(object))]),
        Input::Restart { object } => say("caption-input-restart", &[("object", named(object))]),
        Input::Cordon { node, on: true } => say("caption-input-cordon", &[("node", node.as_str().into())]),
        Input::Cordon { node, on: false } => say("caption-input-uncordon", &[("node", node.as_str().into())]),
        Input::Drain { node } => say("caption-input-drain", &[("node", node.as_str().into())]),
        Input::Kubelet { node, stop: true } => say("caption-input-kubelet-stop", &[("node", node.as_str().into())]),
        Input::Kubelet { node, stop: false } => say("caption-input-kubelet-start", &[("node", node.as_str().into())]),
        Input::Manifest { node, name, text } => {
            let key = if text.is_empty() { "caption-input-manifest-removed" } else { "caption-input-manifest" };
            say(key, &[("node", node.as_str().into()), ("file", name.as_str().into())])
        }
        Input::Network { node, cut: true } => say("caption-input-cut", &[("node", node.as_str().into())]),
        Input::Network { node, cut: false } => say("caption-input-join", &[("node", node.as_str().into())]),
        Input::Scheduler { name, .. } if name.is_empty() => say("caption-input-scheduler", &[]),
        Input::Scheduler { name, .. } => say("caption-input-other-scheduler", &[("name", name.as_str().into())]),
        Input::Fault { fault, of, on } => {
            let deed = fault_sentence("fault", fault, of, (*on, language));
            say("caption-input-fault", &[("of", of.as_str().into()), ("deed", deed.into())])
        }
        Input::Crash { pod, .. } => say("caption-input-crash", &[("pod", pod.as_str().into())]),
    }
}

fn attempt_sentence(attempt: &Attempt, language: Language) -> String {
    let pod = Arg::from(object(&attempt.pod, language));
    match &attempt.result {
        AttemptResult::Chosen(node) => {
            let answer = attempt.nodes.iter().find(|answer| answer.node == *node);
            match answer.filter(|answer| !answer.rating.scores.is_empty()) {
                Some(answer) => {
                    let args = [("object", pod), ("node", (&**node).into()), ("score", answer.rating.total.into())];
                    text(language, "caption-chosen", &args)
                }
                None => text(language, "caption-chosen-only", &[("object", pod), ("node", (&**node).into())]),
            }
        }
        AttemptResult::Unschedulable => {
            text(language, "caption-unschedulable", &[("object", pod), ("message", (&*attempt.message).into())])
        }
        AttemptResult::Error(error) => {
            text(language, "caption-unschedulable", &[("object", pod), ("message", (&**error).into())])
        }
    }
}

#[cfg(test)]
mod tests;
