//! The scheduler's framework against recordings of the real one (kube-scheduler v1.36.2, default profile): 400 random
//! clusters with one pod each. No world runs here: the same pure functions that decide in the cluster are asked directly.
//!
//! `PodTopologySpread` and `InterPodAffinity` are still missing. A case in which they refuse a node or give points can
//! only be compared plugin by plugin; all others must be equal in everything. The counts are printed.

use bottle::api::{Kind, Object};
use bottle::cluster::fact::Refusal;
use bottle::cluster::scheduler::cycle::{Decision, Rate, decide};
use bottle::cluster::scheduler::framework::Profile;
use bottle::cluster::scheduler::nodes::Nodes;
use bottle::cluster::scheduler::pod::PodInfo;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

/// Plugins of the real profile that can refuse a pod or give points, and that we lack.
const MISSING: [&str; 2] = ["PodTopologySpread", "InterPodAffinity"];

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

fn is_pod(value: &Value) -> bool {
    value["kind"] == "Pod"
}

/// A cluster with all nodes and pods of a list, but for the last pod, which is to be scheduled.
fn cluster(items: &[Value]) -> (Nodes, Option<PodInfo>) {
    let mut nodes = Nodes::default();
    let mut incoming = None;
    for (number, item) in items.iter().enumerate() {
        let Some(object) = stored(item, number) else { continue };
        if item["kind"] == "Node" {
            nodes.set_node(&object);
        } else if !item["metadata"]["annotations"]["golden/incoming"].is_null() {
            incoming = PodInfo::new(&object);
        } else if is_pod(item) && !matches!(item["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
            nodes.set_pod(&object);
        }
    }
    (nodes, incoming)
}

/// The differences of one case, and whether the missing plugins matter in it.
struct Comparison {
    differences: Vec<String>,
    beyond: bool,
}

impl Comparison {
    #[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, at: &str, expected: T, got: T) {
        if expected != got {
            self.differences.push(format!("{at}: expected {expected:?}, got {got:?}"));
        }
    }

    /// Filters: the first failure of each node, as far as our plugins go.
    fn filters(&mut self, expected: &Value, decision: &Decision) {
        let nodes = expected["nodes"].as_object().expect("nodes");
        for answer in &decision.nodes {
            let wanted = &nodes[&*answer.node];
            let first = &wanted["firstFailure"];
            let plugin = first["plugin"].as_str().unwrap_or_default();
            if MISSING.contains(&plugin) {
                self.beyond = true;
                continue;
            }
            let got = answer.refused.as_deref().map_or(Value::Null, failure);
            self.check(&format!("filters of {}", answer.node), first, &got);
        }
        self.check("number of nodes", nodes.len(), decision.nodes.len());
    }

    /// Scores of our plugins. They depend on which nodes are feasible, so only if the filters agree.
    fn scores(&mut self, expected: &Value, decision: &Decision) {
        for answer in decision.nodes.iter().filter(|answer| answer.refused.is_none()) {
            let wanted = &expected["nodes"][&*answer.node];
            let scores = wanted["scores"].as_object().expect("scores");
            for (name, score) in scores {
                let place = decision.scorers.iter().position(|(scorer, _)| scorer == name);
                let Some(place) = place else {
                    self.check(&format!("scorer {name} is missing"), true, MISSING.contains(&name.as_str()));
                    self.beyond |= score["weighted"] != 0;
                    continue;
                };
                let (raw, normalized) = answer.scores[place];
                let weight = decision.scorers[place].1;
                let got =
                    json!({"raw": raw, "normalized": normalized, "weight": weight, "weighted": normalized * weight});
                self.check(&format!("{name} of {}", answer.node), score, &got);
            }
            let ran: BTreeSet<_> = decision.scorers.iter().map(|(name, _)| (*name).to_owned()).collect();
            self.check("scorers that ran", true, ran.iter().all(|name| scores.contains_key(name)));
            if !self.beyond {
                self.check(&format!("total of {}", answer.node), wanted["total"].as_i64(), Some(answer.total));
            }
        }
    }

    fn outcome(&mut self, expected: &Value, decision: &Decision) {
        let texts = |value: &Value| -> BTreeSet<String> {
            value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let best: BTreeSet<_> = decision.best.iter().map(ToString::to_string).collect();
        self.check("best nodes", texts(&expected["bestNodes"]), best);
        let text = |name: &str| expected[name].as_str().unwrap_or_default().to_owned();
        self.check("filter message", text("filterMessage"), decision.filter_message.clone());
        self.check("final message", text("finalMessage"), decision.message.clone());
        if expected["result"] == "unschedulable" {
            let rejectors = decision.rejectors.iter().map(|name| (*name).to_owned()).collect();
            self.check("rejecting plugins", texts(&expected["unschedulablePlugins"]), rejectors);
            let selected = texts(&expected["preemption"]["selected"]);
            let nominated = decision.candidate.as_ref().map(|candidate| candidate.node.to_string());
            self.check("nominated node", true, nominated.map_or(selected.is_empty(), |node| selected.contains(&node)));
        }
    }
}

fn failure(refusal: &Refusal) -> Value {
    let code = if refusal.resolvable { "Unschedulable" } else { "UnschedulableAndUnresolvable" };
    let reasons: Vec<&str> = refusal.reasons.iter().map(|reason| &**reason).collect();
    json!({"plugin": refusal.plugin, "code": code, "reasons": reasons})
}

fn compare(case: &Value) -> Comparison {
    let expected = &case["expected"];
    let items = case["input"]["items"].as_array().expect("items");
    let (mut nodes, incoming) = cluster(items);
    let pod = incoming.expect("an incoming pod");
    let mut comparison = Comparison { differences: Vec::new(), beyond: false };
    let profile = Profile::default();
    let gate = profile.gate(&pod);
    comparison.check("gate", expected["gated"]["plugin"].as_str(), gate);
    if gate.is_some() {
        return comparison;
    }
    let decision = decide(&profile, &pod, nodes.update_snapshot(), 0, Rate::Always);
    comparison.filters(expected, &decision);
    if comparison.beyond || !comparison.differences.is_empty() {
        return comparison;
    }
    comparison.scores(expected, &decision);
    // What preemption finds depends on the filters that are missing, even where they do not come first.
    let dry_run = ["candidates", "nodeStatuses"].iter().any(|part| !expected["preemption"][*part].is_null());
    let concerned = case["features"].as_array().expect("features").iter().any(|feature| {
        matches!(feature.as_str(), Some("podAff" | "podAnti" | "existAnti" | "spread" | "nsSel" | "pdb"))
    });
    comparison.beyond |= dry_run && concerned;
    if !comparison.beyond {
        comparison.outcome(expected, &decision);
    }
    comparison
}

#[test]
fn every_recorded_answer_of_our_plugins_is_given() {
    let cases = recordings("scheduler_cases.jsonl.gz");
    let (mut equal, mut partly, mut different) = (0, 0, Vec::new());
    for case in &cases {
        let comparison = compare(case);
        match comparison.differences.first() {
            Some(first) => different.push(format!("{}: {first}", case["name"].as_str().unwrap_or_default())),
            None if comparison.beyond => partly += 1,
            None => equal += 1,
        }
    }
    println!("{} cases: {equal} equal in everything, {partly} as far as our plugins go", cases.len());
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
