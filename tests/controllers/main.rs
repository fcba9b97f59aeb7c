//! The controllers against recordings of the real ones (kube-controller-manager v1.36.2).
//!
//! Each recording is played again: the same steps at the same moments, the same simulated kubelets. Compared are the
//! events of the controllers, how each workload was scaled over time, and the objects at the end. Numbers of pods created
//! in one parallel batch, nodes and times are left out: they differ between two runs of the real thing, too.

mod play;
mod sim;
mod world;

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader};

fn recordings() -> Vec<Value> {
    let path = format!("{}/tests/oracle/controllers.jsonl.gz", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(path).expect("the recordings");
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.expect("text")).expect("JSON")).collect()
}

#[test]
fn recorded_scenarios_play_as_recorded() {
    let only = std::env::var("ONLY").ok();
    let (mut same, mut different) = (0, Vec::new());
    for recording in recordings() {
        let name = recording["name"].as_str().expect("a name").to_owned();
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let differences = play::play(&recording);
        if differences.is_empty() {
            same += 1;
        } else {
            println!("== {name}");
            for line in &differences {
                println!("   {line}");
            }
            different.push(name);
        }
    }
    println!("{same} as recorded, {} not: {different:?}", different.len());
    assert!(different.is_empty());
}
