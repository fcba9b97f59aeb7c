//! Patches between the objects that a real server stored (`tests/oracle/api-cases.json.gz`): what [`diff`] makes of two of
//! one kind, [`strategic`] must turn into the second; what `kubectl apply` would send must keep what only the server has.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use bottle::api::patch::{diff, merge_diff, merge_patch, strategic, three_way};
use bottle::api::schema::schema;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

/// The stored objects by their type.
fn stored() -> BTreeMap<&'static str, Vec<Value>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/api-cases.json.gz");
    let mut text = String::new();
    let file = fs::File::open(file).expect("the recording is part of the checkout");
    GzDecoder::new(file).read_to_string(&mut text).expect("it is compressed text");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("it is JSON");
    let mut stored: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    for object in cases.iter().flat_map(|case| case["stored"].as_array().into_iter().flatten()) {
        let (Some(version), Some(kind)) = (object["apiVersion"].as_str(), object["kind"].as_str()) else { continue };
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        // A null in an object would mean "delete" in a patch; two items with one key are beyond what patches can say.
        if let Some(name) = schema().kind(group, version, kind).filter(|_| !has_null(object) && !has_twins(object)) {
            stored.entry(name).or_default().push(object.clone());
        }
    }
    stored
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

fn has_twins(value: &Value) -> bool {
    match value {
        Value::Array(items) => {
            let twins = |key: &str| {
                let mut keys: Vec<String> =
                    items.iter().filter_map(|item| item.get(key)).map(Value::to_string).collect();
                keys.sort();
                keys.windows(2).any(|pair| pair[0] == pair[1])
            };
            ["name", "port", "containerPort", "mountPath"].into_iter().any(twins) || items.iter().any(has_twins)
        }
        Value::Object(map) => map.values().any(has_twins),
        _ => false,
    }
}

/// Each object with the five after it.
fn pairs(objects: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    (0..objects.len()).flat_map(move |at| objects[at + 1..].iter().take(5).map(move |other| (&objects[at], other)))
}

#[test]
fn there_and_back() {
    let mut compared = 0;
    for (kind, objects) in stored() {
        for (old, new) in pairs(&objects) {
            let patch = diff(kind, old, new).unwrap();
            assert_eq!(strategic(kind, old, &patch).as_ref(), Ok(new), "{kind}: {patch}");
            let merge = merge_diff(old, new);
            assert_eq!(&merge_patch(old, &merge), new, "{kind}: {merge}");
            assert_eq!(diff(kind, new, new), Ok(json!({})));
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} pairs");
}

#[test]
fn applying_keeps_what_only_the_server_has() {
    for (kind, objects) in stored() {
        for (old, new) in pairs(&objects) {
            let mut current = old.clone();
            current["metadata"]["labels"]["server"] = json!("only");
            let patch = three_way(kind, old, new, &current).unwrap();
            let applied = strategic(kind, &current, &patch).unwrap();
            let mut expected = new.clone();
            // Labels that the user removes as a whole take the server's with them.
            if !patch["metadata"]["labels"].is_null() || patch["metadata"].get("labels").is_none() {
                expected["metadata"]["labels"]["server"] = json!("only");
            }
            assert_eq!(applied, expected, "{kind}: {patch}");
        }
    }
}
