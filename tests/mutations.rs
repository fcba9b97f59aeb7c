//! `bottle verify` must see when a recording of the controllers is altered: each test takes recordings, changes one thing
//! that the real ones would have done otherwise, and expects a failure. What it does not see it does not compare.

use bottle::verify::{Report, collect};
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

fn recordings() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/controllers.jsonl.gz");
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the recordings");
    MultiGzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Recordings of each sort, short ones.
const SAMPLE: [&str; 10] = [
    "deploy-rolling-s1-u0-r3",
    "deploy-scale-up-3-5",
    "sts-ordered-3",
    "sts-rolling-update",
    "ds-rolling-u1",
    "job-backofflimit-3",
    "job-indexed-3",
    "pv-smallest-fit",
    "pdb-maxunavailable-1",
    "rs-release-and-readopt",
];

fn sample() -> Vec<Value> {
    let all = recordings();
    let named = |name: &&str| all.iter().find(|value| value["name"] == **name).expect("the recording").clone();
    SAMPLE.iter().map(named).collect()
}

fn run(name: &str, recording: &Value) -> Report {
    let path: PathBuf = std::env::temp_dir().join(format!("bottle-mutation-{}-{name}.json", std::process::id()));
    std::fs::write(&path, recording.to_string()).expect("written");
    let report = collect(std::slice::from_ref(&path), None, &mut std::io::sink()).expect("a report");
    std::fs::remove_file(&path).expect("removed");
    report
}

/// Alters each recording of the sample that `alter` finds something in; every one must fail then, at least one is altered.
fn seen(what: &str, alter: impl Fn(&mut Value) -> Option<()>) {
    let mut altered = 0;
    for mut recording in sample() {
        if alter(&mut recording).is_some() {
            altered += 1;
            let name = recording["name"].as_str().expect("a name").to_owned();
            let report = run(&format!("{what}-{name}"), &recording);
            assert_eq!((report.passed, report.failed.len()), (0, 1), "{what} of {name} was not seen");
        }
    }
    assert!(altered > 0, "{what}: nothing was altered");
}

fn timeline(recording: &mut Value) -> &mut Vec<Value> {
    recording["expect"]["timeline"].as_array_mut().expect("a timeline")
}

fn by_controller(entry: &Value) -> bool {
    let by = entry["by"].as_str().unwrap_or_default();
    by.ends_with("controller") || by == "persistent-volume-binder"
}

fn is_status(entry: &Value) -> bool {
    entry["verb"].as_str().is_some_and(|verb| verb.ends_with("/status")) && entry["kind"] != "Pod"
}

/// The place of the `skip`th entry that fits.
fn place(recording: &mut Value, skip: usize, fits: impl Fn(&Value) -> bool) -> Option<usize> {
    timeline(recording).iter().enumerate().filter(|(_, entry)| fits(entry)).map(|(place, _)| place).nth(skip)
}

#[test]
fn the_sample_passes_as_it_is() {
    for recording in sample() {
        let report = run("as-it-is", &recording);
        assert_eq!(report.passed, 1, "{}: {:?}", recording["name"], report.failed);
    }
}

#[test]
fn the_message_of_an_event() {
    seen("message", |recording| {
        let events = recording["expect"]["events"].as_array_mut()?;
        let event = events.iter_mut().find(|event| event["source"] != "default-scheduler")?;
        event["message"] = format!("{}!", event["message"].as_str()?).into();
        Some(())
    });
    seen("scheduled", |recording| {
        let events = recording["expect"]["events"].as_array_mut()?;
        let event = events.iter_mut().find(|event| event["reason"] == "Scheduled")?;
        event["type"] = "Warning".into();
        Some(())
    });
    seen("no-event", |recording| {
        let events = recording["expect"]["events"].as_array_mut()?;
        let place = events.iter().position(|event| event["source"] != "default-scheduler")?;
        events.remove(place);
        Some(())
    });
}

#[test]
fn a_number_in_a_status() {
    for skip in [0, 2] {
        seen("number", |recording| {
            let number = |entry: &Value| {
                let fields = entry["changed"].as_object()?.iter();
                let mut counts = fields.filter(|(path, value)| path.starts_with("status.") && value.is_i64());
                counts.find(|(path, _)| !path.ends_with("eneration")).map(|(path, _)| path.clone())
            };
            let at =
                place(recording, skip, |entry| by_controller(entry) && is_status(entry) && number(entry).is_some())?;
            let path = number(&timeline(recording)[at])?;
            timeline(recording)[at]["changed"][path.as_str()] = 77.into();
            Some(())
        });
    }
    seen("final", |recording| {
        let objects = recording["expect"]["final"].as_array_mut()?;
        let object = objects.iter_mut().find(|object| object["status"]["replicas"].is_i64())?;
        object["status"]["replicas"] = 9.into();
        Some(())
    });
}

#[test]
fn the_reason_of_a_condition() {
    seen("reason", |recording| {
        let reason = |entry: &Value| {
            let mut paths = entry["changed"].as_object()?.keys();
            paths.find(|path| path.starts_with("status.conditions[") && path.ends_with(".reason")).cloned()
        };
        let at = place(recording, 0, |entry| by_controller(entry) && reason(entry).is_some())?;
        let path = reason(&timeline(recording)[at])?;
        timeline(recording)[at]["changed"][path.as_str()] = "Otherwise".into();
        Some(())
    });
}

#[test]
fn the_order_of_two_writes() {
    seen("decisions", |recording| {
        let decides = |entry: &Value| by_controller(entry) && !is_status(entry) && entry["type"] == "MODIFIED";
        let list = timeline(recording);
        let pair = (0..list.len()).find_map(|first| {
            let same = |other: &usize| {
                ["kind", "name", "by"].iter().all(|field| list[*other][*field] == list[first][*field])
                    && decides(&list[*other])
                    && list[*other]["changed"] != list[first]["changed"]
            };
            decides(&list[first]).then(|| (first + 1..list.len()).find(same)).flatten().map(|then| (first, then))
        })?;
        swap(list, pair);
        Some(())
    });
    seen("statuses", |recording| {
        let list = timeline(recording);
        let writes = |entry: &Value| by_controller(entry) && is_status(entry);
        let pair = (0..list.len()).find_map(|first| {
            let same = |other: &usize| {
                ["kind", "name", "by"].iter().all(|field| list[*other][*field] == list[first][*field])
                    && writes(&list[*other])
            };
            writes(&list[first]).then(|| (first + 1..list.len()).find(same)).flatten().map(|then| (first, then))
        })?;
        swap(list, pair);
        Some(())
    });
}

/// What was written first comes last; the times stay where they are.
fn swap(list: &mut [Value], (first, then): (usize, usize)) {
    let (early, late) = (list[first]["changed"].clone(), list[then]["changed"].clone());
    list[first]["changed"] = late;
    list[then]["changed"] = early;
}

#[test]
fn the_answer_to_a_step() {
    seen("code", |recording| {
        let step = recording["steps"].as_array_mut()?.iter_mut().find(|step| step["result"]["code"].is_i64())?;
        step["result"]["code"] = 409.into();
        Some(())
    });
    seen("answer", |recording| {
        let step = recording["steps"].as_array_mut()?.iter_mut().find(|step| step["result"]["code"].is_i64())?;
        step["result"]["message"] = "no".into();
        Some(())
    });
}

#[test]
fn the_gap_of_a_back_off() {
    seen("gap", |recording| {
        (recording["family"] == "job").then_some(())?;
        let at =
            place(recording, 2, |entry| by_controller(entry) && entry["type"] == "ADDED" && entry["kind"] == "Pod")?;
        for entry in &mut timeline(recording)[at..] {
            let time = entry["t_ms"].as_i64()?;
            entry["t_ms"] = (time + 3000).into();
        }
        Some(())
    });
}

#[test]
fn an_object_that_is_not_there() {
    seen("object", |recording| {
        recording["expect"]["final"].as_array_mut()?.pop()?;
        Some(())
    });
    seen("created", |recording| {
        let at = place(recording, 0, |entry| by_controller(entry) && entry["type"] == "ADDED")?;
        let name = timeline(recording)[at]["name"].clone();
        timeline(recording).retain(|entry| entry["name"] != name);
        Some(())
    });
}

#[test]
fn a_write_more_or_less() {
    seen("more", |recording| {
        let at = place(recording, 0, |entry| by_controller(entry) && !is_status(entry) && entry["type"] == "MODIFIED")?;
        let mut entry = timeline(recording)[at].clone();
        entry["changed"] = json!({"metadata.labels.more": "yes"});
        timeline(recording).insert(at + 1, entry);
        Some(())
    });
    seen("twice", |recording| {
        let at = place(recording, 0, |entry| by_controller(entry) && is_status(entry))?;
        let entry = timeline(recording)[at].clone();
        timeline(recording).insert(at + 1, entry);
        Some(())
    });
    seen("less", |recording| {
        let at = place(recording, 0, |entry| by_controller(entry) && !is_status(entry) && entry["type"] == "MODIFIED")?;
        timeline(recording).remove(at);
        Some(())
    });
    seen("no-status", |recording| {
        let last = timeline(recording).iter().rposition(|entry| by_controller(entry) && is_status(entry))?;
        timeline(recording).remove(last);
        Some(())
    });
}

#[test]
fn a_bound() {
    seen("bound", |recording| {
        let owner = recording["measures"].as_object_mut()?.values_mut().next()?;
        owner["max_alive"] = (owner["max_alive"].as_i64()? + 1).into();
        Some(())
    });
}
