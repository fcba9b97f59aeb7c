//! What the API server answers over the HTTP reader to the recorded creations of a real v1.36.2 server
//! (`tests/oracle/api-cases.json.gz`): code, message and causes of a refusal, the object as it is stored.

mod bench;

use bench::Bench;
use bottle::api::{Request, Status, manifest};
use bottle::cluster::wire::Reply;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

fn cases() -> Vec<Value> {
    let file =
        File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/api-cases.json.gz")).expect("recordings");
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("compressed text");
    serde_json::from_str(&text).expect("a list")
}

/// Cases about what is not modelled yet, by words of their names.
const LATER: &[(&str, &str)] = &[
    ("psa-", "the PodSecurity admission plugin"),
    ("quota", "ResourceQuota"),
    ("limitrange", "LimitRange"),
    ("lr-", "LimitRange"),
];

#[test]
fn creations_are_answered_as_by_the_real_server() {
    let (mut compared, mut differences) = (0, Vec::new());
    for case in cases() {
        let name = case["name"].as_str().expect("a name");
        let http = &case["http"];
        let (Some(path), Some(manifest)) = (http["path"].as_str(), case["manifest"].as_str()) else { continue };
        if LATER.iter().any(|(word, _)| name.contains(word)) {
            continue;
        }
        let parsed = Request::parse("POST", path, "application/yaml", manifest);
        if parsed.as_ref().is_err_and(|status| status.code == 404) {
            continue; // A kind of a later issue.
        }
        let mut bench = Bench::golden();
        let mut setup = case["setup"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if !setup.all(|text| bench.apply(text)) {
            continue;
        }
        compared += 1;
        let dry = parsed.clone().map_err(Rc::new).and_then(|request| bench.ask(request));
        // kubectl sends what it has read as JSON, and not as a dry run.
        let document = manifest::read(manifest).documents.into_iter().next().map(|document| document.value);
        let text = document.unwrap_or_default().to_string();
        let path = path.replace("&dryRun=All", "");
        let stored = Request::parse("POST", &path, "application/json", &text).map_err(Rc::new);
        let stored = stored.and_then(|request| bench.ask(request));
        if let Some(difference) = compare_answer(&case, &dry).or_else(|| compare_stored(&case, &stored)) {
            differences.push(format!("{name}: {difference}"));
        }
    }
    assert!(compared > 150, "only {compared} cases were comparable");
    assert!(differences.is_empty(), "{} of {compared} differ:\n{}", differences.len(), differences.join("\n"));
}

/// The answer to the dry run.
fn compare_answer(case: &Value, answer: &Result<Reply, Rc<Status>>) -> Option<String> {
    let (expected, theirs) = (case["http"]["code"].as_u64().unwrap_or_default(), &case["http"]["status"]);
    let Err(status) = answer else {
        return (expected != 201).then(|| format!("accepted instead of {expected}: {}", theirs["message"]));
    };
    if u64::from(status.code) != expected {
        return Some(format!(
            "{} instead of {expected}: {}\n   real: {}",
            status.code, status.message, theirs["message"]
        ));
    }
    let (ours, theirs) = (sentences(&status.to_value()), sentences(theirs));
    (ours != theirs).then(|| format!("\n   here: {ours:?}\n   real: {theirs:?}"))
}

/// The object that was really created, if kubectl had created it.
fn compare_stored(case: &Value, answer: &Result<Reply, Rc<Status>>) -> Option<String> {
    let created = case["results"][0]["exit"] == 0;
    match answer {
        Err(status) if created => Some(format!("refused instead of stored: {}", status.message)),
        Ok(_) if !created => Some(format!("stored instead of refused: {}", case["results"][0]["stderr"])),
        Ok(Reply::Object { object, .. }) => {
            let theirs = case["stored"].as_array().and_then(|stored| stored.first())?;
            let mut ours = object.to_value();
            normalise(&mut ours, theirs);
            difference("", &ours, theirs)
        }
        _ => None,
    }
}

/// What a status says, with its causes as a set.
fn sentences(status: &Value) -> BTreeSet<String> {
    let causes: BTreeSet<String> = status["details"]["causes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|cause| format!("{} {}: {}", cause["reason"], cause["field"], cause["message"]))
        .collect();
    if causes.len() > 1 { causes } else { [status["message"].to_string(), status["reason"].to_string()].into() }
}

/// Replaces what is different each time by the recording's placeholders.
fn normalise(ours: &mut Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in ours.iter_mut() {
                normalise(value, theirs.get(key).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            for (value, theirs) in ours.iter_mut().zip(theirs) {
                normalise(value, theirs);
            }
        }
        (ours, Value::String(theirs)) if theirs.starts_with('<') && theirs.ends_with('>') => *ours = json!(theirs),
        (Value::String(ours), Value::String(theirs)) => {
            if let Some(at) = theirs.find("<sfx>").filter(|at| ours.len() > *at && ours[..*at] == theirs[..*at]) {
                ours.truncate(at);
                ours.push_str("<sfx>");
            }
        }
        _ => {}
    }
}

/// The first place where two values differ.
fn difference(path: &str, ours: &Value, theirs: &Value) -> Option<String> {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| {
                difference(
                    &format!("{path}.{key}"),
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                )
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(n, (a, b))| difference(&format!("{path}[{n}]"), a, b))
        }
        _ if ours == theirs => None,
        _ => Some(format!("{path}\n   here: {ours}\n   real: {theirs}")),
    }
}
