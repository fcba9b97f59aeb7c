//! The scheduler's framework against recordings of the real one (kube-scheduler v1.36.2, default profile): 400 random
//! clusters with one pod each, and 40 sequences of pods. No world runs here: the same pure functions that decide in the
//! cluster are asked directly, and every answer must be equal: verdicts with their reasons, raw, normalised and weighted
//! scores, totals, best nodes, texts, preemption's choice. The counts are printed.

use bottle::api::{Kind, Object};
use bottle::cluster::fact::Refusal;
use bottle::cluster::scheduler::cycle::{Decision, Rate, decide};
use bottle::cluster::scheduler::framework::Profile;
use bottle::cluster::scheduler::nodes::Nodes;
use bottle::cluster::scheduler::pod::PodInfo;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};

fn recordings(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/oracle/{name}", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(path).expect("a recording");
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.expect("text")).expect("JSON")).collect()
}

/// The object as the API server would store it.
fn stored(value: &Value, number: usize) -> Option<Object> {
    let kind = Kind::find(value["apiVersion"].as_str()?, value["kind"].as_str()?)?;
    let mut object = (kind.decode)(value.clone()).expect("a valid object");
    (kind.default)(&mut object);
    object.meta_mut().uid = Some(format!("uid-{number:04}"));
    if kind.namespaced {
        object.meta_mut().namespace.get_or_insert_with(|| "default".to_owned());
    }
    Some(object)
}

/// A cluster with all objects of a list, but for the pod that is to be scheduled.
fn cluster(items: &[Value]) -> (Nodes, Option<PodInfo>) {
    let mut nodes = Nodes::default();
    let labels = json!({"kubernetes.io/metadata.name": "default"});
    let default = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": labels}});
    let mut incoming = None;
    for (number, item) in [&default].into_iter().chain(items).enumerate() {
        let Some(object) = stored(item, number) else { continue };
        match item["kind"].as_str().unwrap_or_default() {
            "Node" => nodes.set_node(&object),
            "Pod" if !item["metadata"]["annotations"]["golden/incoming"].is_null() => incoming = PodInfo::new(&object),
            "Pod" if matches!(item["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) => {}
            "Pod" => nodes.set_pod(&object),
            _ => nodes.surroundings.set(&object),
        }
    }
    (nodes, incoming)
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    #[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, at: &str, expected: T, got: T) {
        if expected != got {
            self.0.push(format!("{at}: expected {expected:?}, got {got:?}"));
        }
    }

    fn node(&mut self, name: &str, expected: &Value, decision: &Decision) {
        let Some(answer) = decision.nodes.iter().find(|answer| *answer.node == *name) else {
            return self.0.push(format!("{name} was not examined"));
        };
        let got = answer.refused.as_deref().map_or(Value::Null, failure);
        self.check(&format!("filters of {name}"), &expected["firstFailure"], &got);
        if answer.refused.is_some() {
            return;
        }
        let weighted = answer.scores.iter().zip(&decision.scorers).map(|((raw, normalized), (scorer, weight))| {
            let score =
                json!({"raw": raw, "normalized": normalized, "weight": weight, "weighted": normalized * weight});
            ((*scorer).to_owned(), score)
        });
        let got: BTreeMap<String, Value> = weighted.collect();
        let wanted: BTreeMap<String, Value> = serde_json::from_value(expected["scores"].clone()).unwrap_or_default();
        self.check(&format!("scorers of {name}"), wanted.keys().collect::<Vec<_>>(), got.keys().collect());
        for (scorer, score) in &wanted {
            self.check(&format!("{scorer} of {name}"), Some(score), got.get(scorer));
        }
        self.check(&format!("total of {name}"), expected["total"].as_i64(), Some(answer.total));
    }

    fn outcome(&mut self, expected: &Value, decision: &Decision) {
        let best: BTreeSet<_> = decision.best.iter().map(ToString::to_string).collect();
        self.check("best nodes", texts(&expected["bestNodes"]), best);
        let text = |name: &str| expected[name].as_str().unwrap_or_default().to_owned();
        self.check("filter message", text("filterMessage"), decision.filter_message.clone());
        self.check("final message", text("finalMessage"), decision.message.clone());
        if expected["result"] == "unschedulable" {
            let rejectors = decision.rejectors.iter().map(|name| (*name).to_owned()).collect();
            self.check("rejecting plugins", texts(&expected["unschedulablePlugins"]), rejectors);
        }
    }

    fn preemption(&mut self, expected: &Value, decision: &Decision) {
        let selected = texts(&expected["selected"]);
        let Some(candidate) = &decision.candidate else {
            return self.check("nobody is preempted", BTreeSet::new(), selected);
        };
        self.check(&format!("{} is a good choice", candidate.node), true, selected.contains(&*candidate.node));
        let violations = expected["candidates"][&*candidate.node]["pdbViolations"].as_u64();
        self.check("violated budgets", violations, Some(candidate.violations as u64));
        let victims = |victim: &Value| victim.as_str().unwrap_or_default().to_owned();
        let wanted = expected["candidates"][&*candidate.node]["victims"].as_array().into_iter().flatten();
        let got = candidate.victims.iter().map(|pod| pod.reference.key.to_string()).collect();
        self.check("victims", wanted.map(victims).collect::<Vec<_>>(), got);
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn failure(refusal: &Refusal) -> Value {
    let code = if refusal.resolvable { "Unschedulable" } else { "UnschedulableAndUnresolvable" };
    let reasons: Vec<&str> = refusal.reasons.iter().map(|reason| &**reason).collect();
    json!({"plugin": refusal.plugin, "code": code, "reasons": reasons})
}

fn compare(case: &Value) -> Vec<String> {
    let expected = &case["expected"];
    let items = case["input"]["items"].as_array().expect("items");
    let (mut nodes, incoming) = cluster(items);
    let pod = incoming.expect("an incoming pod");
    let mut differences = Differences::default();
    let profile = Profile::default();
    let gate = profile.gate(&pod);
    differences.check("gate", expected["gated"]["plugin"].as_str(), gate);
    if gate.is_none() {
        let decision = decide(&profile, &pod, nodes.update_snapshot(), 0, Rate::Always);
        for (name, node) in expected["nodes"].as_object().expect("nodes") {
            differences.node(name, node, &decision);
        }
        differences.outcome(expected, &decision);
        differences.preemption(&expected["preemption"], &decision);
    }
    differences.0
}

#[test]
fn every_recorded_answer_is_given() {
    let cases = recordings("scheduler_cases.jsonl.gz");
    let mut different = Vec::new();
    for case in &cases {
        if let Some(first) = compare(case).first() {
            different.push(format!("{}: {first}", case["name"].as_str().unwrap_or_default()));
        }
    }
    println!("{} of {} cases are equal", cases.len() - different.len(), cases.len());
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn recorded_sequences_take_the_same_way() {
    let sequences = recordings("scheduler_sequences.jsonl.gz");
    let (mut steps, mut different) = (0, Vec::new());
    for sequence in &sequences {
        let name = sequence["name"].as_str().unwrap_or_default();
        let (mut nodes, _) = cluster(sequence["items"].as_array().expect("items"));
        for (number, step) in sequence["steps"].as_array().expect("steps").iter().enumerate() {
            steps += 1;
            let pod = stored(&step["pod"], 1000 + number).and_then(|object| PodInfo::new(&object)).expect("a pod");
            let decision = decide(&Profile::default(), &pod, nodes.update_snapshot(), 0, Rate::Always);
            let mut differences = Differences::default();
            let feasible = decision.nodes.iter().filter(|answer| answer.refused.is_none());
            let totals: BTreeMap<_, _> = feasible.map(|answer| (answer.node.to_string(), answer.total)).collect();
            let wanted = serde_json::from_value(step["totals"].clone()).unwrap_or_default();
            differences.check("totals", wanted, totals);
            let best: BTreeSet<_> = decision.best.iter().map(ToString::to_string).collect();
            differences.check("best nodes", texts(&step["bestNodes"]), best);
            let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
            differences.check("filter message", text("filterMessage"), decision.filter_message.clone());
            differences.check("final message", text("finalMessage"), decision.message.clone());
            if let Some(first) = differences.0.first() {
                different.push(format!("{name}, step {number}: {first}"));
            }
            if let Some(chosen) = step["chosen"].as_str() {
                let mut placed = step["pod"].clone();
                placed["spec"]["nodeName"] = chosen.into();
                nodes.set_pod(&stored(&placed, 1000 + number).expect("a pod"));
            }
        }
    }
    println!("{} of {steps} steps of {} sequences are equal", steps - different.len(), sequences.len());
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
