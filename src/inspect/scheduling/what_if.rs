//! What can be changed in thought, in words; and what is to be done to make it so.

use crate::api::kinds::pod::Pod;
use crate::api::kinds::{self, Kind};
use crate::api::manifest;
use crate::api::meta::controller_of;
use crate::api::object::{Key, Object};
use crate::cluster::fact::{Attempt, AttemptResult};
use crate::cluster::input::Input;
use crate::cluster::what_if::{Edit, Thought, taint_text};
use crate::inspect::Shown;
use crate::inspect::deeds;
use k8s_openapi::api::core::v1 as core;
use serde_json::{Map, Value, json};

/// Something that can be written into: an amount of a container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Knob {
    /// The container.
    pub container: String,
    /// `cpu` or `memory`.
    pub resource: &'static str,
    /// What is there now.
    pub value: String,
}

/// The amounts that the pod's containers ask for.
#[must_use]
pub fn knobs(thought: &Thought) -> Vec<Knob> {
    let Some(pod) = thought.pod().get::<Pod>() else { return Vec::new() };
    let of = |container: &core::Container, resource: &'static str| {
        let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
        let value = requests.and_then(|requests| requests.get(resource)).map(|quantity| quantity.0.clone());
        Knob { container: container.name.clone(), resource, value: value.unwrap_or_default() }
    };
    pod.spec.containers.iter().flat_map(|container| ["cpu", "memory"].map(|resource| of(container, resource))).collect()
}

/// Something that a node has, and the change that takes it away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// As kubectl writes it.
    pub text: String,
    /// Without it.
    pub without: Edit,
}

/// Taints of a node, and labels that somebody may have given to it.
#[must_use]
pub fn parts(thought: &Thought, node: &str) -> Vec<Part> {
    let Some(object) = thought.node(node) else { return Vec::new() };
    let node = || object.name().to_owned();
    let spec = object.get::<core::Node>().and_then(|node| node.spec.as_ref());
    let taints = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let taints = taints.iter().map(|taint| {
        let taint = taint_text(taint);
        Part { text: taint.clone(), without: Edit::Taint { node: node(), taint, on: false } }
    });
    // Those of the system tell nothing about the machine that one would want to change.
    let given = |key: &&String| !key.contains("kubernetes.io/") || key.starts_with("topology.");
    let labels = object.meta().labels.iter().flatten().filter(|(key, _)| given(key));
    let labels = labels.map(|(key, value)| Part {
        text: format!("{key}={value}"),
        without: Edit::Label { node: node(), key: key.clone(), value: None },
    });
    taints.chain(labels).collect()
}

/// A taint or a label as somebody writes it: `gpu=true:NoSchedule`, `disktype=ssd`, with `-` at its end to take it away.
#[must_use]
pub fn read(node: &str, text: &str) -> Option<Edit> {
    let text = text.trim();
    let (text, on) = text.strip_suffix('-').map_or((text, true), |text| (text, false));
    let node = node.to_owned();
    if text.contains(':') {
        return Some(Edit::Taint { node, taint: text.to_owned(), on });
    }
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    let value = on.then(|| value.to_owned());
    (!key.is_empty()).then(|| Edit::Label { node, key: key.to_owned(), value })
}

/// A change in words.
#[must_use]
pub fn sentence(shown: &Shown, edit: &Edit) -> String {
    let say = |key: &str, args: &[(&str, &str)]| {
        let args: Vec<_> = args.iter().map(|(name, value)| (*name, (*value).into())).collect();
        shown.text(key, &args)
    };
    match edit {
        Edit::Request { container, resource, amount } => {
            let amount = if amount.is_empty() { "0" } else { amount };
            say("edit-request", &[("container", container), ("resource", resource), ("amount", amount)])
        }
        Edit::Toleration(taint) => say("edit-toleration", &[("taint", taint)]),
        Edit::Selector(key) => say("edit-selector", &[("key", key)]),
        Edit::Taint { node, taint, on } => {
            say(if *on { "edit-taint" } else { "edit-untaint" }, &[("node", node), ("taint", taint)])
        }
        Edit::Label { node, key, value: Some(value) } => {
            say("edit-label", &[("node", node), ("label", &format!("{key}={value}"))])
        }
        Edit::Label { node, key, value: None } => say("edit-unlabel", &[("node", node), ("label", key)]),
        Edit::Uncordon(node) => say("edit-uncordon", &[("node", node)]),
        Edit::Leave { node, pod } => say("edit-leave", &[("node", node), ("pod", &pod.key.to_string())]),
        Edit::Weight { plugin, weight } => say("edit-weight", &[("plugin", plugin), ("weight", &weight.to_string())]),
    }
}

/// What would come of an attempt that is only thought.
#[must_use]
pub fn verdict(shown: &Shown, attempt: &Attempt) -> String {
    let AttemptResult::Chosen(node) = &attempt.result else { return shown.text("what-if-none", &[]) };
    let count = attempt.nodes.iter().filter(|answer| answer.refused.is_none()).count();
    let args = [("node", (&**node).into()), ("count", count.into()), ("all", attempt.nodes.len().into())];
    shown.text("what-if-chosen", &args)
}

/// What is to be done to make it so.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// What a person would do.
    pub inputs: Vec<Input>,
    /// What happens then, or why something cannot be done.
    pub notes: Vec<String>,
}

/// What is to be done so that changes that were thought become real. `thought`: with the changes; `weighed`: what gives
/// the changed weights to the scheduler.
#[must_use]
pub fn plan(shown: &Shown, thought: &Thought, edits: &[Edit], weighed: Option<Input>) -> Plan {
    let mut plan = Plan::default();
    if let Some(weighed) = weighed {
        plan.inputs.push(weighed);
        plan.notes.push(shown.text("plan-weight", &[]));
    }
    let mut names: Vec<&str> =
        edits.iter().filter(|edit| !matches!(edit, Edit::Leave { .. })).filter_map(Edit::node).collect();
    names.dedup();
    for (place, name) in names.iter().enumerate() {
        if !names[..place].contains(name) {
            plan.inputs.extend(node_input(shown, name, edits));
        }
    }
    for edit in edits {
        if let Edit::Leave { pod, .. } = edit {
            plan.inputs.push(Input::Delete { object: deeds::name(pod) });
        }
    }
    if edits.iter().any(Edit::is_of_pod) {
        pod_inputs(shown, thought, edits, &mut plan);
    }
    plan.notes.dedup();
    plan
}

/// A patch of what differs in the node as it is now.
fn node_input(shown: &Shown, name: &str, edits: &[Edit]) -> Option<Input> {
    let reference = crate::api::object::ObjectRef::new(&kinds::node::KIND, "", name);
    let old = shown.objects.object(&reference)?.to_value();
    let mut new = old.clone();
    edits.iter().filter(|edit| edit.node() == Some(name)).for_each(|edit| edit.change(&mut new));
    let patch = difference(&old, &new);
    (!patch.is_null()).then(|| Input::Patch { object: deeds::name(&reference), patch: patch.to_string() })
}

/// A merge patch from one document to another; `null`: they are equal.
fn difference(old: &Value, new: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        return if old == new { Value::Null } else { new.clone() };
    };
    let mut patch = Map::new();
    for (key, value) in after {
        let part = difference(before.get(key).unwrap_or(&Value::Null), value);
        if !part.is_null() {
            patch.insert(key.clone(), part);
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    if patch.is_empty() { Value::Null } else { Value::Object(patch) }
}

/// What a pod asks for cannot be changed any more: its owner's template can be, and a pod without an owner is made
/// anew.
fn pod_inputs(shown: &Shown, thought: &Thought, edits: &[Edit], plan: &mut Plan) {
    let own = edits.iter().filter(|edit| edit.is_of_pod());
    let now = shown.objects.object(&thought.pod().reference());
    if let Some(owner) = owner(shown, now.unwrap_or(thought.pod())) {
        let old = owner.to_value();
        let Some(template) = old.pointer("/spec/template").cloned() else {
            return plan.notes.push(shown.text("plan-owner", &[("owner", owner.name().into())]));
        };
        let mut new = old.clone();
        let mut changed = template;
        own.for_each(|edit| edit.change(&mut changed));
        new["spec"]["template"] = changed;
        let object = deeds::name(&owner.reference());
        let patch = difference(&old, &new).to_string();
        plan.inputs.push(Input::Patch { object, patch });
        return plan.notes.push(shown.text("plan-template", &[("owner", owner.name().into())]));
    }
    let Some(now) = now else { return plan.notes.push(shown.text("insp-gone", &[])) };
    if now.get::<Pod>().is_some_and(|pod| pod.node().is_some()) {
        return plan.notes.push(shown.text("plan-bound", &[]));
    }
    let mut document = written(now);
    own.for_each(|edit| edit.change(&mut document));
    plan.inputs.push(Input::Delete { object: deeds::name(&now.reference()) });
    plan.inputs.push(Input::Apply { text: manifest::write(&document), dry_run: false, create_namespaces: false });
    plan.notes.push(shown.text("plan-anew", &[]));
}

/// What a person wrote of a pod; of one that was not applied, what is in it.
fn written(pod: &Object) -> Value {
    let annotations = pod.meta().annotations.as_ref();
    let applied = annotations.and_then(|all| all.get(crate::api::patch::apply::LAST_APPLIED));
    if let Some(document) = applied.and_then(|text| serde_json::from_str(text).ok()) {
        return document;
    }
    let value = pod.to_value();
    let meta = json!({"name": pod.name(), "namespace": pod.namespace(), "labels": value["metadata"]["labels"]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": value["spec"]})
}

/// The topmost owner that has a template, as the API has it.
fn owner<'a>(shown: &Shown<'a>, pod: &Object) -> Option<&'a Object> {
    let mut found: Option<&'a Object> = None;
    loop {
        let reference = controller_of(found.unwrap_or(pod).meta())?.clone();
        let kind = Kind::find(&reference.api_version, &reference.kind)?;
        let key = Key::new(pod.namespace(), &reference.name);
        let Some(object) = shown.objects.object(&crate::api::object::ObjectRef { kind, key }) else { return found };
        found = Some(object);
        if controller_of(object.meta()).is_none() {
            return found;
        }
    }
}
