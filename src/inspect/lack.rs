//! What a thing lacks, and whose move it is: the "why not" of the inspector.

use super::story::{Actor, actor};
use super::{Shown, link};
use crate::api::age;
use crate::api::object::{Object, ObjectRef};
use crate::cluster::fact::{Attempt, Fact};
use crate::cluster::view::{ContainerLook, NodeView, PodView, Readiness};
use crate::cluster::why::{self, Missing};
use crate::cluster::wire::Address;
use crate::i18n::Arg;
use crate::sim::{Sorted, Time};
use serde_json::Value;

/// What is missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lack {
    /// Sentences, the most important first.
    pub sentences: Vec<String>,
    /// The words of the cluster itself about it; may be empty.
    pub quote: String,
    /// What the scheduler's last attempt found.
    pub verdicts: Option<Verdicts>,
    /// The object where the explanation goes on.
    pub culprit: Option<Culprit>,
    /// Who has to act next; `None`: nobody does by itself.
    pub turn: Option<Actor>,
}

/// An object that explains more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Culprit {
    /// Its name.
    pub name: String,
    /// Its name in links.
    pub link: String,
}

/// An attempt of the scheduler, node by node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdicts {
    /// Which attempt of this pod, from 1.
    pub attempt: u32,
    /// When it began.
    pub at: Time,
    /// Nodes with the reasons against them.
    pub rows: Vec<(String, String)>,
    /// So many nodes more.
    pub more: usize,
}

/// So many nodes are shown.
const NODES: usize = 12;

/// What part of the manifest an object suffers from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The image of a container.
    Image(String),
    /// What a container runs.
    Program(String),
    /// A container's readiness or liveness probe.
    Probe(String),
    /// The node selector or affinity.
    Selector,
    /// The requests.
    Requests,
    /// Tolerations that are not there.
    Tolerations,
}

impl Trouble {
    /// The path of the field in a document, as the API writes it.
    #[must_use]
    pub fn path(&self, document: &Value) -> String {
        let template = document.pointer("/spec/template/spec").is_some();
        let base = if template { "spec.template.spec" } else { "spec" };
        let container = |name: &str| {
            let pointer = format!("/{}", base.replace('.', "/"));
            let find = |list: &str| {
                let containers = document.pointer(&pointer)?.get(list)?.as_array()?;
                let index = containers.iter().position(|c| c.get("name").and_then(Value::as_str) == Some(name))?;
                Some((format!("{base}.{list}[{index}]"), containers[index].clone()))
            };
            find("containers").or_else(|| find("initContainers")).unwrap_or_default()
        };
        let first_of = |(path, value): (String, Value), fields: &[&str]| {
            let field = fields.iter().find(|field| value.get(**field).is_some()).or(fields.last());
            field.map_or(path.clone(), |field| format!("{path}.{field}"))
        };
        match self {
            Self::Image(name) => container(name).0 + ".image",
            Self::Program(name) => first_of(container(name), &["command", "args", "image"]),
            Self::Probe(name) => {
                first_of(container(name), &["readinessProbe", "livenessProbe", "startupProbe", "image"])
            }
            Self::Selector if document.pointer(&format!("/{}/nodeSelector", base.replace('.', "/"))).is_some() => {
                format!("{base}.nodeSelector")
            }
            Self::Selector => format!("{base}.affinity"),
            Self::Requests => format!("{base}.containers[0].resources.requests"),
            Self::Tolerations => format!("{base}.tolerations"),
        }
    }
}

/// What an object lacks; nothing if all is as it should be.
#[must_use]
pub fn of_object(shown: &Shown, object: &ObjectRef) -> Option<Lack> {
    match object.kind.kind {
        "Pod" => {
            let (pod, node) = shown.pod(object)?;
            of_pod(shown, pod, node)
        }
        "Node" => of_node(shown, shown.node(&object.key.name)?),
        _ => of_workload(shown, shown.objects.object(object)?),
    }
}

/// What part of the manifest an object suffers from, if it does.
#[must_use]
pub fn trouble(shown: &Shown, object: &ObjectRef) -> Option<Trouble> {
    if object.kind.kind == "Pod" {
        let (pod, _) = shown.pod(object)?;
        return pod_trouble(&why::missing(shown.trace, pod));
    }
    let owner = shown.objects.object(object)?;
    super::identity::replicas(owner)?;
    let mut unwell = shown.pods_of(owner).into_iter().filter_map(|pod| shown.pod(&pod.reference()));
    unwell.find_map(|(pod, _)| pod_trouble(&why::missing(shown.trace, pod)))
}

fn pod_trouble(missing: &Missing) -> Option<Trouble> {
    match missing {
        Missing::Container { name, reason } if is_image(reason) => Some(Trouble::Image(name.to_string())),
        Missing::Container { name, reason } if is_crash(reason) => Some(Trouble::Program(name.to_string())),
        Missing::Readiness(name) => Some(Trouble::Probe(name.to_string())),
        Missing::Node(attempt) => {
            let reasons = tally(attempt);
            let (most, _) = reasons.iter().max_by_key(|(_, count)| *count)?;
            match () {
                () if most.starts_with("Insufficient") => Some(Trouble::Requests),
                () if most.contains("affinity/selector") => Some(Trouble::Selector),
                () if most.contains("taint") => Some(Trouble::Tolerations),
                () => None,
            }
        }
        _ => None,
    }
}

fn is_image(reason: &str) -> bool {
    matches!(reason, "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull")
}

fn is_crash(reason: &str) -> bool {
    matches!(reason, "CrashLoopBackOff" | "Error" | "Completed" | "OOMKilled" | "RunContainerError" | "StartError")
}

fn of_pod(shown: &Shown, pod: &PodView, node: Option<&NodeView>) -> Option<Lack> {
    if let Some(node) = node.filter(|node| node.readiness == Readiness::Unknown && pod.deadline.is_none()) {
        return of_node(shown, node).map(|lack| Lack { culprit: Some(culprit_node(node)), ..lack });
    }
    let say =
        |key: &str, args: &[(&str, Arg)]| Some(Lack { sentences: vec![shown.text(key, args)], ..Lack::default() });
    let missing = why::missing(shown.trace, pod);
    let turn = turn(&missing, node).map(|who| actor(shown, &who));
    let lack = match missing {
        Missing::Nothing => None,
        Missing::Attempt => say("lack-attempt", &[]),
        Missing::Node(attempt) => Some(of_attempt(shown, &attempt)),
        Missing::Kubelet(node) => say("lack-kubelet", &[("node", (&*node).into())]),
        Missing::Container { name, reason } => Some(of_container(shown, pod, &name, &reason)),
        Missing::Readiness(name) => say("lack-readiness", &[("container", (&*name).into())]),
        Missing::Terminating => {
            let left = pod.deadline.map_or(0, |deadline| deadline.since(shown.now).as_secs());
            say("lack-terminating", &[("seconds", i64::try_from(left).unwrap_or(0).into())])
        }
        Missing::Failed(reason) => say("lack-failed", &[("reason", (&*reason).into())]),
    };
    lack.map(|lack| Lack { turn, ..lack })
}

/// Whose move it is.
fn turn(missing: &Missing, node: Option<&NodeView>) -> Option<Address> {
    match missing {
        Missing::Attempt | Missing::Node(_) => Some(Address::Scheduler),
        Missing::Nothing | Missing::Failed(_) => None,
        _ => Some(Address::Kubelet(node?.name.clone())),
    }
}

fn culprit_node(node: &NodeView) -> Culprit {
    Culprit { name: node.name.to_string(), link: format!("nodes/{}", node.name) }
}

/// The reasons of an attempt with the number of nodes for each.
fn tally(attempt: &Attempt) -> Sorted<&str, usize> {
    let mut reasons = Sorted::new();
    let refused = attempt.nodes.iter().filter_map(|node| node.refused.as_ref());
    for reason in refused.flat_map(|refused| refused.reasons.iter()) {
        *reasons.get_or_default(&**reason) += 1;
    }
    reasons
}

fn of_attempt(shown: &Shown, attempt: &Attempt) -> Lack {
    let mut lack = Lack { quote: attempt.message.to_string(), ..Lack::default() };
    if let Some(refusal) = &attempt.pre_filter {
        let reasons: Vec<String> = refusal.reasons.iter().map(|reason| in_words(shown, reason)).collect();
        lack.sentences.push(shown.text("lack-refused-before", &[("reasons", reasons.join(", ").into())]));
        return lack;
    }
    let reasons: Vec<String> =
        tally(attempt).into_iter().map(|(reason, count)| format!("{} {count}", in_words(shown, reason))).collect();
    let feasible = attempt.nodes.iter().filter(|node| node.refused.is_none()).count();
    let args =
        [("count", feasible.into()), ("all", attempt.nodes.len().into()), ("reasons", reasons.join(", ").into())];
    lack.sentences.push(shown.text("lack-no-node", &args));
    let rows = attempt.nodes.iter().take(NODES).map(|answer| {
        let reasons = answer.refused.iter().flat_map(|refused| refused.reasons.iter());
        (answer.node.to_string(), reasons.map(|reason| in_words(shown, reason)).collect::<Vec<_>>().join(", "))
    });
    let more = attempt.nodes.len().saturating_sub(NODES);
    lack.verdicts = Some(Verdicts { attempt: attempt.number, at: attempt.at, rows: rows.collect(), more });
    lack
}

/// A reason of a filter in a few words; unknown ones as the scheduler says them.
pub(super) fn in_words(shown: &Shown, reason: &str) -> String {
    if let Some(resource) = reason.strip_prefix("Insufficient ") {
        return shown.text("reason-insufficient", &[("resource", resource.into())]);
    }
    if let Some((_, taint)) = reason.split_once("untolerated taint") {
        // The message for all nodes leaves the taint out; then there is nothing to name.
        let taint = taint.trim_start_matches("(s)").trim().trim_matches(['{', '}']);
        let key = taint.split(':').next().unwrap_or_default().trim();
        return shown.text("reason-taint", &[("taint", key.into())]).trim_end().to_owned();
    }
    match reason {
        "Too many pods" => shown.text("reason-too-many-pods", &[]),
        "node(s) didn't match Pod's node affinity/selector" => shown.text("reason-selector", &[]),
        "node(s) didn't match the requested node name" => shown.text("reason-node-name", &[]),
        "node(s) were unschedulable" => shown.text("reason-cordoned", &[]),
        "node(s) didn't have free ports for the requested pod ports" => shown.text("reason-ports", &[]),
        other => other.to_owned(),
    }
}

fn of_container(shown: &Shown, pod: &PodView, name: &str, reason: &str) -> Lack {
    let container = pod.containers.iter().find(|container| &*container.name == name);
    let image = container.map_or("", |container| &*container.image);
    let args = [("container", Arg::from(name)), ("image", image.into()), ("reason", reason.into())];
    let key = match reason {
        "ErrImagePull" => "lack-image",
        "ImagePullBackOff" => "lack-image-back-off",
        "InvalidImageName" => "lack-image-name",
        "CrashLoopBackOff" => "lack-crash-loop",
        "" | "ContainerCreating" => "lack-creating",
        "PodInitializing" => "lack-initializing",
        "Completed" => "lack-completed",
        _ => "lack-container",
    };
    let mut lack = Lack { sentences: vec![shown.text(key, &args)], ..Lack::default() };
    if let Some(container) = container {
        if let ContainerLook::Terminated(code, _) = container.state {
            lack.sentences.push(shown.text("lack-exit-code", &[("code", code.to_string().into())]));
        }
        if container.restarts > 0 {
            let count = i64::from(container.restarts);
            lack.sentences.push(shown.text("lack-restarts", &[("count", count.into())]));
        }
    }
    if let Some(until) = back_off_until(shown, pod, name) {
        let wait = age::human(until.since(shown.now));
        lack.sentences.push(shown.text("lack-next-try", &[("wait", wait.into())]));
    }
    lack.quote = waiting_message(shown, pod, name);
    lack
}

/// When a container's back-off ends, as its kubelet said last.
fn back_off_until(shown: &Shown, pod: &PodView, name: &str) -> Option<Time> {
    let known = pod.containers.iter().find(|container| &*container.name == name)?.backoff_until;
    let told = || {
        let begin = shown.trace.place_at(pod.created);
        shown.trace.range(begin, shown.trace.head()).rev().find_map(|record| match &record.fact {
            Fact::BackOff { pod: of, container, until, .. } if **of == *pod.object && &**container == name => {
                Some(*until)
            }
            _ => None,
        })
    };
    known.or_else(told).filter(|until| *until > shown.now)
}

/// The kubelet's words about a container that waits.
fn waiting_message(shown: &Shown, pod: &PodView, name: &str) -> String {
    let object = shown.objects.object(&pod.object).and_then(Object::get::<crate::api::kinds::pod::Pod>);
    let Some(object) = object else { return String::new() };
    let status = &object.status;
    let mut all = status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten());
    let state = all.find(|status| status.name == name).and_then(|status| status.state.as_ref());
    let waiting = state.and_then(|state| state.waiting.as_ref());
    waiting.and_then(|waiting| waiting.message.clone()).unwrap_or_default()
}

fn of_node(shown: &Shown, node: &NodeView) -> Option<Lack> {
    let mut lack = Lack::default();
    let name = || ("node", Arg::from(&*node.name));
    match node.readiness {
        Readiness::Ready if !node.kubelet_runs || node.cut_off => {
            lack.sentences.push(shown.text("lack-node-unnoticed", &[name()]));
        }
        Readiness::Ready => {}
        Readiness::NotReady => lack.sentences.push(shown.text("lack-node-not-ready", &[name()])),
        Readiness::Unknown => {
            let silent = node.lease.map_or_else(String::new, |lease| age::human(shown.now.since(lease)));
            lack.sentences.push(shown.text("lack-node-silent", &[name(), ("silent", silent.into())]));
        }
    }
    let is_off = shown.view.faults.iter().any(|(fault, of)| *fault == "power" && *of == node.name);
    if is_off {
        lack.sentences.push(shown.text("lack-node-power", &[]));
    } else if !node.kubelet_runs {
        lack.sentences.push(shown.text("lack-node-kubelet", &[]));
    }
    if node.cut_off {
        lack.sentences.push(shown.text("lack-node-network", &[]));
    }
    if node.cordoned {
        lack.sentences.push(shown.text("lack-node-cordoned", &[]));
    }
    (!lack.sentences.is_empty()).then_some(lack)
}

/// A workload lacks what the first of its pods lacks that is not ready.
fn of_workload(shown: &Shown, object: &Object) -> Option<Lack> {
    let (wanted, ready, _) = super::identity::replicas(object)?;
    if ready >= wanted {
        return None;
    }
    let args = [("ready", i64::from(ready).into()), ("wanted", i64::from(wanted).into())];
    let mut lack = Lack { sentences: vec![shown.text("lack-replicas", &args)], ..Lack::default() };
    let pods = shown.pods_of(object);
    let unwell = pods.iter().filter_map(|pod| shown.pod(&pod.reference())).find(|(pod, _)| !pod.ready);
    if let Some((pod, node)) = unwell {
        let more = of_pod(shown, pod, node).unwrap_or_default();
        lack.sentences.extend(more.sentences);
        (lack.quote, lack.turn) = (more.quote, more.turn);
        lack.culprit = Some(Culprit { name: pod.object.key.name.to_string(), link: link(&pod.object) });
    } else if pods.len() < usize::try_from(wanted).unwrap_or(0) {
        lack.sentences.push(shown.text("lack-no-pods", &[]));
        lack.turn = Some(actor(shown, &Address::ControllerManager));
    }
    Some(lack)
}
