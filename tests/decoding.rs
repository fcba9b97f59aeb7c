//! What the strict decoder says, against recordings of a real server (`tests/oracle/api-cases.json.gz`) and, where it lies
//! beside the checkout, against the verdicts on the public corpus.

use std::fs;
use std::io::Read;
use std::path::Path;

use bottle::api::manifest::{self, Document};
use bottle::api::schema::{check, schema};
use flate2::read::GzDecoder;
use serde_json::Value;

/// `Pod in version "v1" cannot be handled as a Pod: …` if the decoder refuses the document, empty if not; nothing if the
/// schema does not have its kind.
fn said(document: &Document, over_http: bool) -> Option<String> {
    let value = &document.value;
    let (version, kind) = (value["apiVersion"].as_str()?, value["kind"].as_str()?);
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let name = schema().kind(group, version, kind)?;
    let duplicates = document.strict_error().filter(|_| over_http).map(|text| format!("strict decoding error: {text}"));
    let Some(message) = duplicates.or_else(|| check(name, value).strict_message()) else { return Some(String::new()) };
    Some(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {message}"))
}

#[test]
fn recorded_cases() {
    let bytes = fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/api-cases.json.gz")).unwrap();
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut compared, mut differences) = (0, Vec::new());
    for case in &cases {
        let (Some(code), Some(manifest)) = (case["http"]["code"].as_i64(), case["manifest"].as_str()) else { continue };
        let read = manifest::read(manifest);
        let Some(ours) = read.documents.first().and_then(|document| said(document, true)) else { continue };
        let message = case["http"]["status"]["message"].as_str().unwrap_or_default();
        let expected = if code == 400 && message.contains("cannot be handled as") { message } else { "" };
        compared += 1;
        if ours != expected {
            differences.push(format!("{}\n  server: {expected}\n  here:   {ours}", case["name"]));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    assert!(compared > 200, "only {compared} cases were comparable");
}

#[test]
fn the_corpus_is_decoded_as_by_the_server() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(verdicts) = fs::read_to_string(corpus.join("verdicts.jsonl")) else {
        println!("skipped: ../shared/corpus is not beside this checkout");
        return;
    };
    let (mut documents, mut differences) = (0, Vec::new());
    for line in verdicts.lines() {
        let verdict: Value = serde_json::from_str(line).unwrap();
        let file = verdict["file"].as_str().unwrap();
        let Ok(bytes) = fs::read(corpus.join(file)) else { continue };
        let read = manifest::read(&String::from_utf8_lossy(&bytes));
        let lines = verdict["stderr"].as_array().unwrap().iter().filter_map(Value::as_str);
        let marker = "Error from server (BadRequest): error when creating \"m.yaml\": ";
        let mut expected: Vec<&str> = lines.filter_map(|line| line.strip_prefix(marker)).collect();
        let ours: Vec<(&Document, String)> =
            read.documents.iter().filter_map(|document| Some((document, said(document, false)?))).collect();
        documents += ours.len();
        for (document, message) in ours {
            match expected.iter().position(|line| *line == message) {
                Some(at) => drop(expected.remove(at)),
                None if message.is_empty() => {}
                None => differences.push(format!("{file}:{}\n  here only: {message}", document.line)),
            }
        }
        let ours_to_say = |line: &&&str| {
            read.documents.iter().any(|document| {
                said(document, false).is_some() && line.starts_with(document.value["kind"].as_str().unwrap_or("?"))
            })
        };
        differences.extend(expected.iter().filter(ours_to_say).map(|line| format!("{file}\n  server only: {line}")));
    }
    println!("{documents} documents of known kinds");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
