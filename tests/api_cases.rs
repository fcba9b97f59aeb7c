//! Manifests applied to the whole cluster, against what a real API server made of them
//! (`tests/oracle/api-cases.json.gz`): the code, the message, every single cause, the warnings and the stored object.
//!
//! The recordings were made with `kubectl create` in a namespace `golden`; here everything is applied in `default`, so
//! the annotation of `kubectl apply` is not compared. Cases of `kubectl replace` are left out.

use bottle::api::kinds;
use bottle::api::manifest;
use bottle::api::object::Key;
use bottle::api::status::Status;
use bottle::api::{Kind, Object};
use bottle::cluster::History;
use bottle::cluster::boot::{Scenario, boot};
use bottle::cluster::fact::Fact;
use bottle::cluster::input::Input;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

/// Cases that differ, with the reason.
const DIFFER: &[(&str, &str)] = &[
    ("psa-restricted", "the admission plugin PodSecurity is not modelled"),
    ("psa-baseline-priv", "the admission plugin PodSecurity is not modelled"),
    ("upd-cm-immutable-yaml11bool", "the message contains the namespace"),
];

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn cases() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/api-cases.json.gz");
    let mut text = String::new();
    GzDecoder::new(File::open(path).expect("the recording")).read_to_string(&mut text).expect("gzip");
    serde_json::from_str(&text).expect("JSON")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn kind_of(document: &Value) -> Option<&'static Kind> {
    Kind::find(text(document, "apiVersion"), text(document, "kind"))
}

/// The documents of a manifest, if it can be read and all are of kinds that we have.
fn documents(manifest: &str) -> Option<Vec<Value>> {
    let read = manifest::read(manifest);
    let values: Vec<Value> = read.documents.into_iter().map(|document| document.value).collect();
    (read.error.is_none() && !values.is_empty() && values.iter().all(|value| kind_of(value).is_some()))
        .then_some(values)
}

/// Applies a manifest; gives what was refused.
fn apply(history: &mut History, manifest: &str) -> Vec<Rc<Status>> {
    let before = history.trace().head();
    let text = manifest.to_owned();
    history.input(Input::Apply { text, dry_run: false, create_namespaces: false });
    while !history.world().is_answered() && history.next_at().is_some() {
        history.step();
    }
    let mut refused = Vec::new();
    for record in history.trace().range(before, history.trace().head()) {
        if let Fact::Answer { refused: found, .. } = &record.fact {
            refused.extend(found.iter().map(|(_, status)| Rc::clone(status)));
        }
    }
    refused
}

/// Single complaints, without the difference that some of them print behind a line break.
fn complaints(status: &Status) -> BTreeSet<String> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| first_line(&format!("{}: {}", cause.field, cause.message))).collect()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// What kubectl printed of an Invalid error: one line, or a list of them.
fn printed_complaints(stderr: &str) -> BTreeSet<String> {
    let Some((_, rest)) = stderr.split_once("is invalid: ") else { return BTreeSet::new() };
    if let Some(list) = rest.strip_prefix('\n') {
        return list.lines().filter_map(|line| line.strip_prefix("* ")).map(str::to_owned).collect();
    }
    BTreeSet::from([first_line(rest)])
}

/// What `kubectl apply` said, or the only verb that was tried.
fn result(case: &Value) -> &Value {
    let results = case["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    results.iter().find(|result| text(result, "cmd").contains(" apply ")).unwrap_or(&case["results"][0])
}

/// What differs between the recorded and our answer. What was recorded of a dry run over HTTP counts only where kubectl
/// was refused, too: it reads YAML more leniently, and a dry run allocates nothing.
fn compare_answer(case: &Value, refused: &[Rc<Status>]) -> Option<String> {
    let http = &case["http"];
    if result(case)["exit"] == 0 {
        return refused.first().map(|status| format!("refused: {}", status.message));
    }
    let Some(code) = http["code"].as_i64().filter(|code| *code >= 300) else { return compare_printed(case, refused) };
    let Some(status) = refused.first() else { return Some(format!("accepted, not {code}")) };
    let recorded = &http["status"];
    if i64::from(status.code) != code || status.reason != text(recorded, "reason") {
        return Some(format!("{} {}: {}", status.code, status.reason, status.message));
    }
    let causes = recorded["details"]["causes"].as_array().into_iter().flatten();
    let expected: BTreeSet<String> =
        causes.map(|cause| first_line(&format!("{}: {}", text(cause, "field"), text(cause, "message")))).collect();
    let ours = complaints(status);
    if expected != ours && printed_complaints(text(result(case), "stderr")) != ours {
        return Some(format!("causes\n    recorded {expected:#?}\n    here {ours:#?}"));
    }
    // The order of several causes is that of Go's maps: any.
    let message = text(recorded, "message");
    (expected == ours && expected.len() < 2 && status.message != message)
        .then(|| format!("message\n    recorded {message}\n    here     {}", status.message))
}

fn compare_printed(case: &Value, refused: &[Rc<Status>]) -> Option<String> {
    let stderr = text(result(case), "stderr");
    let Some(status) = refused.first() else { return Some(format!("accepted, not: {stderr}")) };
    let (expected, ours) = (printed_complaints(stderr), complaints(status));
    let same = if expected.is_empty() { stderr.contains(&status.message) } else { expected == ours };
    (!same).then(|| format!("printed\n    recorded {stderr}\n    here     {}", status.message))
}

/// Whether our value is the recorded one; `<…>` in a recording stands for anything.
fn fits(recorded: &Value, ours: &Value, path: &str, out: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            let names: BTreeSet<&String> = recorded.keys().chain(ours.keys()).collect();
            for name in names {
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
                fits(&of(recorded), &of(ours), &format!("{path}.{name}"), out);
            }
        }
        (Value::Array(recorded), Value::Array(ours)) if recorded.len() == ours.len() => {
            for (index, (recorded, ours)) in recorded.iter().zip(ours).enumerate() {
                fits(recorded, ours, &format!("{path}[{index}]"), out);
            }
        }
        (Value::String(recorded), Value::String(ours)) => {
            let same = match recorded.split_once('<') {
                Some((prefix, _)) if recorded.ends_with('>') => ours.starts_with(prefix),
                _ => recorded == ours || (recorded == "golden" && ours == "default"),
            };
            if !same {
                out.push(format!("{path}: recorded {recorded:?}, here {ours:?}"));
            }
        }
        (Value::String(recorded), ours) if recorded.starts_with('<') && !ours.is_null() => {}
        (recorded, ours) if recorded == ours => {}
        (recorded, ours) => out.push(format!("{path}: recorded {recorded}, here {ours}")),
    }
}

/// What is compared of a stored object. No scheduler ran when the recordings were made, here it does: a pod of the set-up
/// may have a node already.
fn comparable(value: &Value, has_setup: bool) -> Value {
    let mut value = value.clone();
    if has_setup && value["kind"] == "Pod" {
        value["status"] = Value::Null;
        value["spec"]["nodeName"] = Value::Null;
    }
    if let Some(metadata) = value["metadata"].as_object_mut()
        && let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
    {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    value
}

fn stored(history: &History, recorded: &Value) -> Option<Object> {
    let kind = kind_of(recorded)?;
    let name = text(&recorded["metadata"], "name");
    let namespace = if kind.namespaced { text(&recorded["metadata"], "namespace") } else { "" };
    let namespace = if namespace == "golden" { "default" } else { namespace };
    history.world().object(kind, &Key::new(namespace, name)).cloned()
}

fn compare_stored(case: &Value, history: &History) -> Vec<String> {
    let mut out = Vec::new();
    let has_setup = case["setup"].as_array().is_some_and(|setup| !setup.is_empty());
    for recorded in case["stored"].as_array().into_iter().flatten() {
        match stored(history, recorded) {
            None => out.push(format!("{} is not stored", text(&recorded["metadata"], "name"))),
            Some(object) => {
                fits(&comparable(recorded, has_setup), &comparable(&object.to_value(), has_setup), "", &mut out);
            }
        }
    }
    out
}

/// The warnings that the kind gives for a document.
fn warnings(document: &Value) -> BTreeSet<String> {
    let Some(kind) = kind_of(document) else { return BTreeSet::new() };
    let Ok(mut object) = (kind.decode)(document.clone()) else { return BTreeSet::new() };
    (kind.default)(&mut object);
    (kind.warnings)(&object).into_iter().collect()
}

fn compare_warnings(case: &Value, documents: &[Value]) -> Option<String> {
    let headers = case["http"]["warnings"].as_array()?;
    let unquoted = |header: &Value| {
        let quoted = header.as_str().unwrap_or_default().trim_start_matches("299 - ");
        serde_json::from_str::<String>(quoted).unwrap_or_default()
    };
    let expected: BTreeSet<String> = headers.iter().map(unquoted).collect();
    let ours: BTreeSet<String> = documents.iter().flat_map(warnings).collect();
    (case["http"]["code"] == 201 && expected != ours).then(|| format!("warnings: recorded {expected:?}, here {ours:?}"))
}

fn run(booted: &History, case: &Value) -> Option<Vec<String>> {
    let documents = documents(text(case, "manifest"))?;
    if text(&case["results"][0], "cmd").contains(" replace ") {
        return None;
    }
    let setup: Vec<&str> = case["setup"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if setup.iter().any(|manifest| self::documents(manifest).is_none()) {
        return None;
    }
    let mut history = booted.clone();
    let mut differences = Vec::new();
    for manifest in setup {
        for status in apply(&mut history, manifest) {
            differences.push(format!("setup refused: {}", status.message));
        }
    }
    let refused = apply(&mut history, text(case, "manifest"));
    differences.extend(compare_answer(case, &refused));
    differences.extend(compare_warnings(case, &documents));
    if refused.is_empty() {
        differences.extend(compare_stored(case, &history));
    }
    Some(differences)
}

#[test]
fn the_server_answers_as_the_real_one() {
    let booted = boot(&Scenario::named("three-ships").expect("the scenario"), 42);
    let (mut same, mut compared) = (0, 0);
    let mut surprises = Vec::new();
    for case in cases() {
        let name = text(&case, "name").to_owned();
        let Some(differences) = run(&booted, &case) else { continue };
        compared += 1;
        let known = DIFFER.iter().any(|(known, _)| *known == name);
        match (differences.is_empty(), known) {
            (true, false) => same += 1,
            (true, true) => surprises.push(format!("{name}: listed as different, but is the same")),
            (false, true) => {}
            (false, false) => surprises.push(format!("{name}:\n  {}", differences.join("\n  "))),
        }
    }
    println!("{same} of {compared} cases of our {} kinds are as recorded", kinds::KINDS.len());
    for (name, reason) in DIFFER {
        println!("  {name}: {reason}");
    }
    assert!(compared > 100, "only {compared} cases");
    assert!(surprises.is_empty(), "{} surprises:\n{}", surprises.len(), surprises.join("\n"));
}

/// Every public manifest of our kinds is accepted or refused as by the real server.
#[test]
fn the_corpus_is_judged_as_by_the_real_server() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(verdicts) = std::fs::read_to_string(corpus.join("verdicts.jsonl")) else {
        println!("skipped: ../shared/corpus is not beside this checkout");
        return;
    };
    let booted = boot(&Scenario::named("three-ships").expect("the scenario"), 42);
    let (mut compared, mut differences) = (0, Vec::new());
    for line in verdicts.lines() {
        let verdict: Value = serde_json::from_str(line).expect("JSON");
        let Ok(bytes) = std::fs::read(corpus.join(text(&verdict, "file"))) else { continue };
        let manifest = String::from_utf8_lossy(&bytes).into_owned();
        if documents(&manifest).is_none() {
            continue;
        }
        let mut history = booted.clone();
        let before = history.trace().head();
        history.input(Input::Apply { text: manifest, dry_run: false, create_namespaces: true });
        while !history.world().is_answered() && history.next_at().is_some() {
            history.step();
        }
        let mut refused = Vec::new();
        for record in history.trace().range(before, history.trace().head()) {
            if let Fact::Answer { refused: found, .. } = &record.fact {
                refused.extend(found.iter().map(|(_, status)| status.message.clone()));
            }
        }
        compared += 1;
        // The namespaces that manifests name were made beforehand, which `kubectl create` minds.
        let complaints = verdict["stderr"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let minds = complaints.filter(|line| !line.contains("AlreadyExists") && !line.starts_with("Warning"));
        if (minds.count() == 0) != refused.is_empty() {
            differences.push(format!("{}\n  recorded {}\n  here {refused:?}", verdict["file"], verdict["stderr"]));
        }
    }
    println!("{} of {compared} manifests are judged as recorded", compared - differences.len());
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
