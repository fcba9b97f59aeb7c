//! YAML in: reads every manifest of the public corpus that may lie beside the checkout and compares with what the real
//! kubectl said about it (says so and passes when the corpus is absent). YAML out: writes again what the real
//! `kubectl -o yaml` printed (`tests/oracle/kubectl-yaml.json.gz`).

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bottle::api::manifest;
use flate2::read::GzDecoder;
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    beside.join("verdicts.jsonl").exists().then_some(beside)
}

#[test]
fn the_corpus_is_read_as_by_kubectl() {
    let Some(corpus) = corpus() else {
        println!("skipped: ../shared/corpus is not beside this checkout");
        return;
    };
    let verdicts = fs::read_to_string(corpus.join("verdicts.jsonl")).unwrap();
    let (mut files, mut documents, mut refused, mut differences) = (0, 0, 0, Vec::new());
    for line in verdicts.lines() {
        let verdict: Value = serde_json::from_str(line).unwrap();
        let file = verdict["file"].as_str().unwrap();
        let Ok(bytes) = fs::read(corpus.join(file)) else { continue };
        let read = manifest::read(&String::from_utf8_lossy(&bytes));
        files += 1;
        documents += read.documents.len();
        let said = |start: &str| {
            let lines = verdict["stderr"].as_array().unwrap().iter().filter_map(Value::as_str);
            lines.map(|line| line.trim_start_matches("error: ")).find(|line| line.starts_with(start)).map(str::to_owned)
        };
        let expected = said("error parsing").or_else(|| said("error validating"));
        let untyped = || read.documents.iter().find_map(|document| document.check_type().err());
        let ours = read.error.clone().or_else(untyped).map(|error| error.in_file("m.yaml"));
        refused += usize::from(expected.is_some());
        if ours != expected {
            differences.push(format!("{file}\n  kubectl: {expected:?}\n  here:    {ours:?}"));
        }
    }
    println!("{files} files, {documents} documents, {refused} refused by kubectl");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn recorded_outputs_are_written_again() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/kubectl-yaml.json.gz");
    let mut text = String::new();
    GzDecoder::new(fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    let outputs: Vec<Value> = serde_json::from_str(&text).unwrap();
    for output in &outputs {
        let printed = output["stdout"].as_str().unwrap();
        let printed = &printed[printed.find("apiVersion:").unwrap()..];
        // Under another name a list is read as one document.
        let read = manifest::read(&printed.replace("kind: List\n", "kind: Whole\n"));
        let written = manifest::write(&read.documents[0].value).replace("kind: Whole\n", "kind: List\n");
        assert_eq!(written, printed, "{}", output["cmd"]);
    }
    assert!(outputs.len() > 40);
}
