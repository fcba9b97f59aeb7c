//! Recordings of the real scheduler's framework: one pod against a small cluster, and pods one after the other.
//!
//! No world runs here: the pure functions that decide in the cluster are asked directly, and every answer must be equal.

use super::difference::{check, line};
use super::{Case, Recognised, Source, Verdict};
use crate::api::{Kind, Object};
use crate::cluster::fact::Refusal;
use crate::cluster::scheduler::cycle::{Decision, Rate, decide};
use crate::cluster::scheduler::framework::{Profile, Refused};
use crate::cluster::scheduler::nodes::Nodes;
use crate::cluster::scheduler::pod::PodInfo;
use crate::cluster::scheduler::preemption::Candidate;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What marks the pod that is to be scheduled.
const INCOMING: &str = "golden/incoming";

/// One pod against a small cluster: a line of `scheduler/cases.jsonl`.
pub fn case<'a>(value: &'a Value, _: Source<'a>) -> Option<Recognised<'a>> {
    value["input"]["items"].as_array()?;
    value["expected"]["result"].as_str()?;
    let run = Box::new(|| run_case(value).unwrap_or_else(Verdict::Failed));
    Some(Recognised::Cases(vec![Case { name: name(value), run }]))
}

/// Pods one after the other: a line of `scheduler/sequences.jsonl`.
pub fn sequence<'a>(value: &'a Value, _: Source<'a>) -> Option<Recognised<'a>> {
    value["items"].as_array()?;
    value["steps"].as_array()?.first().is_none_or(|step| step["pod"].is_object()).then_some(())?;
    let run = Box::new(|| run_sequence(value).unwrap_or_else(Verdict::Failed));
    Some(Recognised::Cases(vec![Case { name: name(value), run }]))
}

fn name(value: &Value) -> String {
    value["name"].as_str().unwrap_or("(without a name)").to_owned()
}

/// The object as the API server would store it.
fn stored(value: &Value, number: usize) -> Result<Object, String> {
    let word = |name: &str| value[name].as_str().unwrap_or_default();
    let place = format!("input.{} {}", word("kind"), value["metadata"]["name"].as_str().unwrap_or_default());
    let Some(kind) = Kind::find(word("apiVersion"), word("kind")) else {
        return Err(format!("{place}: expected an object of a known kind got {}/{}", word("apiVersion"), word("kind")));
    };
    let mut object = (kind.decode)(value.clone())
        .map_err(|error| format!("{place}: expected an object that can be decoded got {error:?}"))?;
    (kind.default)(&mut object);
    object.meta_mut().uid.get_or_insert_with(|| format!("uid-{number:04}"));
    if kind.namespaced {
        object.meta_mut().namespace.get_or_insert_with(|| "default".to_owned());
    }
    Ok(object)
}

/// A cluster with all objects of a list, and the pod that is to be scheduled.
fn cluster(items: &[Value]) -> Result<(Nodes, Option<PodInfo>), String> {
    let mut nodes = Nodes::default();
    let labels = json!({"kubernetes.io/metadata.name": "default"});
    let default = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": labels}});
    let mut incoming = None;
    for (number, item) in [&default].into_iter().chain(items).enumerate() {
        let object = stored(item, number)?;
        match item["kind"].as_str().unwrap_or_default() {
            "Node" => nodes.set_node(&object),
            "Pod" if !item["metadata"]["annotations"][INCOMING].is_null() => incoming = PodInfo::new(&object),
            "Pod" if matches!(item["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) => {}
            "Pod" => nodes.set_pod(&object),
            _ => nodes.surroundings.set(&object),
        }
    }
    Ok((nodes, incoming))
}

fn run_case(case: &Value) -> Result<Verdict, String> {
    let (expected, items) = (&case["expected"], case["input"]["items"].as_array().map_or(&[][..], Vec::as_slice));
    let (mut nodes, incoming) = cluster(items)?;
    let pod = incoming.ok_or_else(|| format!("input: expected a pod annotated {INCOMING} got none"))?;
    let profile = Profile::default();
    let gate =
        profile.plugins.iter().find_map(|entry| Some((entry.plugin.name(), entry.plugin.pre_enqueue(&pod).err()?)));
    let gated = gate.map_or(Value::Null, |(plugin, no)| refused(plugin, &no));
    let (result, decision) = if gated.is_null() {
        let decision = decide(&profile, &pod, nodes.update_snapshot(), 0, Rate::Always);
        (if decision.best.is_empty() { "unschedulable" } else { "scheduled" }, decision)
    } else {
        ("gated", Decision::default())
    };
    let difference = check("result", &expected["result"], &result.into())
        .or_else(|| check("gated", &expected["gated"], &gated))
        .or_else(|| (result != "gated").then(|| differs(expected, &decision)).flatten());
    Ok(difference.into())
}

fn differs(expected: &Value, decision: &Decision) -> Option<String> {
    let pre_filter = decision.pre_filter.as_ref().map_or(Value::Null, refusal);
    let nodes = || {
        let known = expected["nodes"].as_object().into_iter().flatten();
        known.into_iter().find_map(|(name, node)| node_differs(&format!("nodes[{name}]"), name, node, decision))
    };
    check("preFilter", &expected["preFilter"], &pre_filter)
        .or_else(nodes)
        .or_else(|| outcome_differs(expected, decision))
        .or_else(|| preemption_differs(&expected["preemption"], decision))
}

fn node_differs(at: &str, name: &str, expected: &Value, decision: &Decision) -> Option<String> {
    if let Some(refusal) = &decision.pre_filter {
        return check(&format!("{at}.firstFailure"), &expected["firstFailure"], &self::refusal(refusal));
    }
    let Some(answer) = decision.nodes.iter().find(|answer| *answer.node == *name) else {
        return Some(format!("{at}: expected an answer got none: the node was not examined"));
    };
    let failure = answer.refused.as_deref().map_or(Value::Null, refusal);
    let fits = answer.refused.is_none();
    let scores: Map<String, Value> = (answer.rating.scores.iter().zip(&decision.scorers))
        .map(|((raw, normalized), (scorer, weight))| {
            let weighted = normalized * weight;
            let score = json!({"raw": raw, "normalized": normalized, "weight": weight, "weighted": weighted});
            ((*scorer).to_owned(), score)
        })
        .collect();
    let recorded = if expected["scores"].is_null() { &json!({}) } else { &expected["scores"] };
    check(&format!("{at}.fits"), &expected["fits"], &fits.into())
        .or_else(|| check(&format!("{at}.firstFailure"), &expected["firstFailure"], &failure))
        .or_else(|| fits.then(|| check(&format!("{at}.scores"), recorded, &scores.into())).flatten())
        .or_else(|| {
            fits.then(|| check(&format!("{at}.total"), &expected["total"], &answer.rating.total.into())).flatten()
        })
}

/// The best nodes, the texts, and who refused.
fn outcome_differs(expected: &Value, decision: &Decision) -> Option<String> {
    let text = |name: &str, ours: &str| {
        let recorded = expected[name].as_str().unwrap_or_default();
        (recorded != ours).then(|| super::difference::texts(name, recorded, ours))
    };
    let rejectors = || {
        let recorded = texts(&expected["unschedulablePlugins"]);
        let ours = decision.rejectors.iter().map(|name| (*name).to_owned()).collect();
        sets_differ("unschedulablePlugins", &recorded, &ours)
    };
    sets_differ("bestNodes", &texts(&expected["bestNodes"]), &best(decision))
        .or_else(|| text("filterMessage", &decision.filter_message))
        .or_else(|| text("finalMessage", &decision.message))
        .or_else(|| decision.best.is_empty().then(rejectors).flatten())
}

fn preemption_differs(expected: &Value, decision: &Decision) -> Option<String> {
    if expected.is_null() {
        return None;
    }
    let reason = decision.not_eligible.map_or(Value::Null, Value::from);
    let (mut recorded, mut ours) = (Map::new(), Map::new());
    for (name, candidate) in expected["candidates"].as_object().into_iter().flatten() {
        recorded.insert(
            name.clone(),
            json!({"victims": candidate["victims"], "pdbViolations": candidate["pdbViolations"]}),
        );
    }
    ours.extend(
        decision
            .candidate
            .iter()
            .chain(&decision.others)
            .map(|candidate| (candidate.node.to_string(), told(candidate))),
    );
    let selected = || {
        let recorded = texts(&expected["selected"]);
        let ours: BTreeSet<String> = decision.candidate.iter().map(|candidate| candidate.node.to_string()).collect();
        // Of several true ties any will do.
        let fine = ours.is_subset(&recorded) && ours.is_empty() == recorded.is_empty();
        if fine { None } else { sets_differ("preemption.selected", &recorded, &ours) }
    };
    check("preemption.eligible", &expected["eligible"], &decision.not_eligible.is_none().into())
        .or_else(|| check("preemption.notEligibleReason", &expected["notEligibleReason"], &reason))
        .or_else(|| check("preemption.candidates", &recorded.into(), &ours.into()))
        .or_else(selected)
}

fn told(candidate: &Candidate) -> Value {
    let victims: Vec<String> = candidate.victims.iter().map(|pod| pod.reference.key.to_string()).collect();
    json!({"victims": victims, "pdbViolations": candidate.violations})
}

fn run_sequence(sequence: &Value) -> Result<Verdict, String> {
    let (mut nodes, _) = cluster(sequence["items"].as_array().map_or(&[][..], Vec::as_slice))?;
    for (number, step) in sequence["steps"].as_array().into_iter().flatten().enumerate() {
        let pod = PodInfo::new(&stored(&step["pod"], 1000 + number)?);
        let pod = pod.ok_or_else(|| format!("steps[{number}].pod: expected a pod got another kind"))?;
        let decision = decide(&Profile::default(), &pod, nodes.update_snapshot(), 0, Rate::Always);
        if let Some(difference) = step_differs(step, &decision) {
            return Err(format!("steps[{number}].{difference}"));
        }
        if let Some(chosen) = step["chosen"].as_str() {
            let mut placed = step["pod"].clone();
            placed["spec"]["nodeName"] = chosen.into();
            nodes.set_pod(&stored(&placed, 1000 + number)?);
        }
    }
    Ok(Verdict::Passed)
}

fn step_differs(step: &Value, decision: &Decision) -> Option<String> {
    let result = if decision.best.is_empty() { "unschedulable" } else { "scheduled" };
    let (mut totals, mut reasons) = (Map::new(), Map::new());
    for answer in &decision.nodes {
        match answer.refused.as_deref() {
            None => totals.insert(answer.node.to_string(), answer.rating.total.into()),
            Some(no) => reasons.insert(answer.node.to_string(), refusal(no)),
        };
    }
    let or_empty = |name: &str| if step[name].is_null() { json!({}) } else { step[name].clone() };
    let chosen = best(decision).into_iter().next().map_or(Value::Null, Value::from);
    check("result", &step["result"], &result.into())
        .or_else(|| check("reasons", &or_empty("reasons"), &reasons.into()))
        .or_else(|| check("totals", &or_empty("totals"), &totals.into()))
        .or_else(|| outcome_differs(step, &Decision { rejectors: crate::sim::SortedSet::new(), ..decision.clone() }))
        .or_else(|| check("chosen", &step["chosen"], &chosen))
}

fn best(decision: &Decision) -> BTreeSet<String> {
    decision.best.iter().map(ToString::to_string).collect()
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn sets_differ(at: &str, recorded: &BTreeSet<String>, ours: &BTreeSet<String>) -> Option<String> {
    (recorded != ours).then(|| line(at, &json!(recorded), &json!(ours)))
}

fn refused(plugin: &str, no: &Refused) -> Value {
    let code = if no.resolvable { "Unschedulable" } else { "UnschedulableAndUnresolvable" };
    json!({"plugin": plugin, "code": code, "reasons": no.reasons})
}

fn refusal(no: &Refusal) -> Value {
    let code = if no.resolvable { "Unschedulable" } else { "UnschedulableAndUnresolvable" };
    let reasons: Vec<&str> = no.reasons.iter().map(|reason| &**reason).collect();
    json!({"plugin": no.plugin, "code": code, "reasons": reasons})
}
