//! Behaviour that holds on real clusters (`tests/oracle/webernetes-scenarios.dev.json.gz`), tried on this one.
//!
//! A scenario is a few objects, steps and expectations in short sentences. `steps`, `changes`, `conditions` and `facts`
//! know the forms of these sentences; one that no form fits is *not understood*, and that is a failure. Left out is what
//! [`skipped`] names, with the reason.

#![allow(
    clippy::similar_names,
    clippy::unnecessary_wraps,
    clippy::assigning_clones,
    reason = "a play and its paths are named so everywhere here, and every form answers alike"
)]

mod changes;
mod conditions;
mod facts;
mod play;
mod rig;
mod steps;

use bottle::cluster::World;
use bottle::cluster::fact::Fact;
use bottle::sim::Trace;
use play::{Play, text};
use rig::Rig;
use serde_json::Value;
use std::io::Read;

/// Why a scenario is not run, if it is not.
fn skipped(scenario: &Value) -> Option<&'static str> {
    let sentences = || {
        let all = ["steps", "expect"].iter().flat_map(|part| scenario[part].as_array().into_iter().flatten());
        all.map(text)
    };
    let says = |words: &str| sentences().any(|sentence| sentence.contains(words));
    if scenario["target"] == "harness" {
        return Some("it tests the helpers of the tests it was taken from");
    }
    if says("a limit of the rival") {
        return Some("it states what the other simulator cannot do and a real server can");
    }
    if says("GET nodeport") || says("GETs") || says("wget") || says("curl") {
        return Some("packets are not simulated: nothing can be asked of a Service or a pod's port from outside");
    }
    None
}

fn scenarios() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/webernetes-scenarios.dev.json.gz");
    let file = std::fs::File::open(path).expect("the scenarios");
    let mut read = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut read).expect("a gzip file");
    let value: Value = serde_json::from_str(&read).expect("JSON");
    value["scenarios"].as_array().cloned().expect("a list of scenarios")
}

fn list(scenario: &Value, part: &str) -> Vec<String> {
    scenario[part].as_array().into_iter().flatten().map(|sentence| text(sentence).to_owned()).collect()
}

/// Whether the steps themselves say when the objects are made.
fn creates(steps: &[String]) -> bool {
    let words = ["create", "apply", "two namespaces", "one pod per node", "selected informer"];
    steps.iter().any(|step| words.iter().any(|word| step.contains(word)))
}

fn run(scenario: &Value, number: usize, settled: (World, Trace<Fact>)) -> Result<(), String> {
    let mut play = Play::new(Rig::new(settled), scenario, number);
    let steps = list(scenario, "steps");
    if !creates(&steps) {
        for thing in 0..play.things.len() {
            let answer = play.create(thing);
            if answer.code >= 300 {
                return Err(format!("the set-up was refused: {}", answer.message()));
            }
        }
        play.subject = 0;
    }
    for (number, step) in steps.iter().enumerate() {
        if number + 1 == steps.len() {
            let reasons: Vec<String> = play.events().iter().map(|event| text(&event["reason"]).to_owned()).collect();
            for reason in reasons {
                let seen = facts::seen(&mut play, &reason);
                play.counts.insert(reason, seen);
            }
        }
        steps::step(&mut play, step)?;
    }
    for sentence in list(scenario, "expect") {
        conditions::expect(&mut play, &sentence)?;
    }
    if play.later.is_empty() { Ok(()) } else { Err("not understood: when is the rest to be done?".to_owned()) }
}

#[test]
fn what_holds_on_real_clusters_holds_here() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let settled = Rig::settled();
    let (mut passed, mut left_out, mut failed) = (0, Vec::new(), Vec::new());
    for (number, scenario) in scenarios().iter().enumerate() {
        let id = text(&scenario["id"]);
        if !id.contains(&only) {
            continue;
        }
        match skipped(scenario) {
            Some(why) => left_out.push(format!("  {id}: {why}")),
            None => match run(scenario, number, settled.clone()) {
                Ok(()) => passed += 1,
                Err(why) => failed.push(format!("  {id}: {why}")),
            },
        }
    }
    println!("{passed} hold, {} do not, {} are not run:\n{}", failed.len(), left_out.len(), left_out.join("\n"));
    assert!(failed.is_empty(), "{} do not hold:\n{}", failed.len(), failed.join("\n"));
    assert!(passed >= 113 || !only.is_empty(), "scenarios have disappeared: {passed} are left");
}
