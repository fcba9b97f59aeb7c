//! The smallest single changes that would let a pod fit that fits nowhere. What could help is read off the nodes'
//! refusals; what does help is found out by thinking the attempt through with it. What does not help is not said.

use super::natural;
use super::what_if::{knobs, sentence};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::quantity::{Format, Quantity};
use crate::cluster::fact::{Attempt, AttemptResult, NodeAnswer, Refusal};
use crate::cluster::what_if::{Edit, Thought, taint_text};
use crate::inspect::Shown;
use crate::sim::{Order, SortedSet};
use k8s_openapi::api::core::v1 as core;
use std::rc::Rc;

/// At most so many are offered,
const OFFERED: usize = 6;
/// of one sort at most so many.
const OF_ONE_SORT: usize = 2;
/// Of nodes that refuse alike, so many are looked at.
const NODES_ALIKE: usize = 4;
/// At most so many changes are tried out.
const TRIED: usize = 120;

/// A single change that would help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suggestion {
    /// The change.
    pub edit: Edit,
    /// In words.
    pub sentence: String,
}

/// A change that could help.
struct Idea {
    /// What kind of change, the gentlest first.
    sort: u8,
    edit: Edit,
    sentence: String,
}

/// The single changes that would let the pod fit, the gentlest first. None if it fits.
#[must_use]
pub fn of(shown: &Shown, thought: &Thought) -> Vec<Suggestion> {
    let attempt = thought.attempt();
    if attempt.result != AttemptResult::Unschedulable {
        return Vec::new();
    }
    let mut offered: Vec<(u8, Suggestion)> = Vec::new();
    let mut tried = 0;
    for idea in ideas(shown, thought, &attempt) {
        let enough = offered.iter().filter(|(sort, _)| *sort == idea.sort).count() == OF_ONE_SORT;
        let known = offered.iter().any(|(_, other)| other.edit == idea.edit || asks_for_same(&other.edit, &idea.edit));
        if enough || known {
            continue;
        }
        tried += 1;
        if tried > TRIED || offered.len() == OFFERED {
            break;
        }
        if thought.clone().with(&idea.edit).is_ok_and(|thought| thought.fits()) {
            offered.push((idea.sort, Suggestion { edit: idea.edit, sentence: idea.sentence }));
        }
    }
    offered.into_iter().map(|(_, suggestion)| suggestion).collect()
}

/// Of amounts the largest that fits is enough.
fn asks_for_same(one: &Edit, other: &Edit) -> bool {
    match (one, other) {
        (Edit::Request { resource: a, .. }, Edit::Request { resource: b, .. }) => a == b,
        _ => false,
    }
}

/// What could help, the gentlest first.
fn ideas(shown: &Shown, thought: &Thought, attempt: &Attempt) -> Vec<Idea> {
    let mut ideas = requests(shown, thought, attempt);
    let mut idea = |sort: u8, edit: Edit| ideas.push(Idea { sort, sentence: sentence(shown, &edit), edit });
    for name in examples(attempt) {
        let Some(node) = thought.node(&name) else { continue };
        let spec = node.get::<core::Node>().and_then(|node| node.spec.as_ref());
        if spec.and_then(|spec| spec.unschedulable) == Some(true) {
            idea(1, Edit::Uncordon(name.to_string()));
        }
        let taints = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
        // Cordoning sets this one itself.
        let own = |taint: &&core::Taint| {
            taint.effect != "PreferNoSchedule" && taint.key != "node.kubernetes.io/unschedulable"
        };
        for taint in taints.iter().filter(own).map(taint_text) {
            // What keeps the control plane for itself does so for a reason.
            let sort = if taint.starts_with("node-role.kubernetes.io/") { 6 } else { 2 };
            idea(sort, Edit::Taint { node: name.to_string(), taint: taint.clone(), on: false });
            idea(4, Edit::Toleration(taint));
        }
        for (key, value) in wanted(thought.pod()) {
            idea(3, Edit::Label { node: name.to_string(), key, value: Some(value) });
        }
        let mut pods: Vec<&Object> = thought.pods_on(&name).filter(|pod| pod.namespace() != "kube-system").collect();
        pods.order_by_key(|pod| pod.get::<Pod>().and_then(|pod| pod.spec.priority));
        for pod in pods {
            idea(7, Edit::Leave { node: name.to_string(), pod: pod.reference() });
        }
    }
    let pod = thought.pod().get::<Pod>();
    for key in pod.iter().flat_map(|pod| pod.spec.node_selector.iter().flatten()).map(|(key, _)| key) {
        idea(5, Edit::Selector(key.clone()));
    }
    ideas.order_by_key(|idea| idea.sort);
    ideas
}

/// Some nodes of each refusal, in the order of their names.
fn examples(attempt: &Attempt) -> Vec<Rc<str>> {
    let mut refused: Vec<(&NodeAnswer, &Rc<Refusal>)> =
        attempt.nodes.iter().filter_map(|node| Some((node, node.refused.as_ref()?))).collect();
    refused.order_by_key(|(node, _)| natural(&node.node));
    let mut seen: Vec<(&Rc<Refusal>, usize)> = Vec::new();
    let mut found = Vec::new();
    for (node, refusal) in refused {
        let place = seen.iter().position(|(known, _)| *known == refusal).unwrap_or_else(|| {
            seen.push((refusal, 0));
            seen.len() - 1
        });
        seen[place].1 += 1;
        if seen[place].1 <= NODES_ALIKE {
            found.push(node.node.clone());
        }
    }
    found
}

/// Labels that the pod wants a node to have: its node selector, and what the first term of its affinity asks for.
fn wanted(pod: &Object) -> Vec<(String, String)> {
    let Some(spec) = pod.get::<Pod>().map(|pod| &pod.spec) else { return Vec::new() };
    let selector = spec.node_selector.iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
    let term = required.and_then(|required| required.node_selector_terms.first());
    let expressions = term.into_iter().flat_map(|term| term.match_expressions.iter().flatten());
    let labels = expressions.filter_map(|expression| match expression.operator.as_str() {
        "In" => Some((expression.key.clone(), expression.values.as_ref()?.first()?.clone())),
        "Exists" => Some((expression.key.clone(), String::new())),
        _ => None,
    });
    selector.chain(labels).collect()
}

/// For each resource that is short somewhere: asking for so much less that it is enough on the node where least is
/// missing.
fn requests(shown: &Shown, thought: &Thought, attempt: &Attempt) -> Vec<Idea> {
    let reasons = attempt.nodes.iter().filter_map(|node| node.refused.as_ref()).flat_map(|no| no.reasons.iter());
    let short: SortedSet<&str> = reasons.filter_map(|reason| reason.strip_prefix("Insufficient ")).collect();
    let mut ideas = Vec::new();
    for resource in short {
        let amounts = attempt.nodes.iter().filter_map(|node| thought.amounts(&node.node, resource));
        let mut missing: Vec<i64> = amounts.map(|(asked, free)| asked - free).filter(|missing| *missing > 0).collect();
        missing.order();
        missing.dedup();
        ideas.extend(missing.into_iter().filter_map(|missing| less(shown, thought, resource, missing)));
    }
    ideas
}

/// So much less of a resource, by the container that asks for most of it.
fn less(shown: &Shown, thought: &Thought, resource: &str, missing: i64) -> Option<Idea> {
    let (scale, format) = match resource {
        "memory" | "ephemeral-storage" => (1 << 20, Format::BinarySi),
        _ => (1, Format::DecimalSi),
    };
    let quantity = |amount: i64| match resource {
        "cpu" => Quantity::from_milli(amount).to_string(),
        _ => Quantity::from_units(amount, format).to_string(),
    };
    // Bytes in whole mebibytes: nobody writes them otherwise.
    let missing = (missing + scale - 1) / scale * scale;
    let (container, asked) = largest(thought.pod(), resource)?;
    let amount = quantity(asked.checked_sub(missing).filter(|left| *left >= 0)?);
    let key = if knobs(thought).len() > 2 { "edit-less-in" } else { "edit-less" };
    let args = [
        ("less", quantity(missing).into()),
        ("resource", resource.into()),
        ("amount", amount.as_str().into()),
        ("container", container.as_str().into()),
    ];
    let sentence = shown.text(key, &args);
    let edit = Edit::Request { container, resource: resource.to_owned(), amount };
    Some(Idea { sort: 0, edit, sentence })
}

fn largest(pod: &Object, resource: &str) -> Option<(String, i64)> {
    let containers = &pod.get::<Pod>()?.spec.containers;
    let asked = containers.iter().filter_map(|container| {
        let text = container.resources.as_ref()?.requests.as_ref()?.get(resource)?;
        let quantity = Quantity::try_from(text).ok()?;
        let amount = if resource == "cpu" { quantity.milli_value() } else { quantity.value() };
        Some((container.name.clone(), amount))
    });
    asked.max_by_key(|(_, amount)| *amount)
}
