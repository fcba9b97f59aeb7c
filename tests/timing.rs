//! Durations and limits against the defaults of the real binaries (`tests/oracle/defaults.json.gz`).
//!
//! `tests/oracle/defaults.txt` says for each of them what holds here, or why nothing does; [`ELSEWHERE`] names the
//! constants of `src/cluster/timing.rs` that have no counterpart among them. Neither side can gain one silently.

use bottle::cluster::controllers::CONTROLLERS;
use flate2::read::GzDecoder;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Constants whose source, named at each, is not among the recorded defaults: ours, or a constant inside a library.
const ELSEWHERE: &str = "LINK API_GATES ETCD_COMMIT ETCD_TIMEOUT WATCH_HISTORY RECONCILE SCHEDULE VOLUME_BINDING_POLL \
    FLUSH_UNSCHEDULABLE REQUEST_TIMEOUT REFLECTOR_BACKOFF REFLECTOR_BACKOFF_MAX WATCH_IDLE BOOKMARK EVENT_TRIES \
    NAMESPACE_FINALIZERS IDENTITY_LEASE_RENEW MOUNT_RETRY MOUNT_RETRY_MAX MINIMUM_GRACE REGISTER_RETRY \
    REGISTER_RETRY_MAX NODE_STATUS_FAST SANDBOX SANDBOX_SPREAD SANDBOX_STOP CONTAINER_CREATE CONTAINER_START \
    REGISTRY_ANSWER PULL_OVERHEAD PULL_BYTES_PER_SECOND PROBE_ANSWER SLOW_LINK SLOW_IMAGE STATIC_POD_RESTART \
    KUBELET_RESTART RUNTIME_RESTART RUNTIME_RETRY EVICTION_GRACE CLOCK_SKEW HOOK SCRAPE_DEFAULT SCRAPE_FRESH \
    API_SERVICE_RESYNC API_SERVICE_TIMEOUT CSI_CREATE CSI_DELETE CSI_ATTACH CSI_DETACH CSI_EXPAND CSI_MOUNT CSI_TIMEOUT \
    CSI_RETRY CSI_RETRY_MAX RESTART_GRACE DETACH_TIMEOUT RESIZE_RETRY AUTOSCALE_METRIC_WINDOW PROMETHEUS_SCRAPE \
    RECYCLE_HOST_PATH RECYCLE_NFS RECYCLE_INCREMENT";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The real defaults by name.
fn defaults() -> Map<String, Value> {
    let file = std::fs::File::open(root().join("tests/oracle/defaults.json.gz")).expect("the defaults");
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    serde_json::from_str(&text).expect("JSON")
}

/// What each line of `defaults.txt` says.
fn lines() -> BTreeMap<String, String> {
    let text = read(&root().join("tests/oracle/defaults.txt"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(" | ").expect("a bar")).map(|(key, ours)| (key.into(), ours.into())).collect()
}

/// The constants of a file: durations in seconds, other numbers as they are.
fn constants(file: &str) -> BTreeMap<String, f64> {
    let text = read(&root().join("src/cluster").join(file));
    let mut found: BTreeMap<String, f64> = BTreeMap::new();
    for line in text.lines() {
        let Some((name, rest)) = line
            .trim_start_matches("pub ")
            .strip_prefix("const ")
            .filter(|it| !it.starts_with("fn "))
            .and_then(|l| l.split_once(": "))
        else {
            continue;
        };
        let value = rest.split_once(" = ").map_or("", |(_, value)| value.trim_end_matches(';')).replace('_', "");
        let factor = |unit: &str| match unit {
            "secs" => Some(1.0),
            "ms" => Some(1e-3),
            "micros" => Some(1e-6),
            _ => None,
        };
        let call = value.split_once('(').and_then(|(unit, inner)| Some((factor(unit)?, inner.trim_end_matches(')'))));
        let (factor, inner) = call.unwrap_or((1.0, &value));
        let product: Option<f64> = inner.split(" * ").map(|number| number.parse::<f64>().ok()).product();
        if let Some(number) = product {
            found.insert(name.to_owned(), number * factor);
        } else if call.is_none() && file == "timing.rs" {
            // Another name of a constant: `STATIC_POD_RESTART: Duration = PLEG_RELIST`.
            found.insert(name.to_owned(), f64::NAN);
        }
    }
    found
}

/// The numbers of a real default: `10s`, `8760h0m0s`, `1s..15m`, `10s/300s`, `5ms`, `500`, `0.1`, `1. / 300.`.
fn numbers(value: &Value) -> Vec<f64> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some((one, other)) = text.split_once(". / ") {
        let of = |text: &str| text.trim_end_matches('.').parse::<f64>().expect("a number");
        return vec![of(one) / of(other)];
    }
    text.split("..").flat_map(|part| part.split('/')).map(seconds).collect()
}

/// A duration as Go writes it, or a plain number.
fn seconds(text: &str) -> f64 {
    let (mut total, mut digits, mut rest) = (0.0, String::new(), text.trim());
    if let Ok(number) = rest.parse() {
        return number;
    }
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_digit() || first == '.' {
            digits.push(first);
            rest = &rest[1..];
            continue;
        }
        let units = [("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
        let (unit, factor) = units.into_iter().find(|(unit, _)| rest.starts_with(unit)).expect(text);
        total += digits.parse::<f64>().expect(text) * factor;
        digits.clear();
        rest = &rest[unit.len()..];
    }
    total
}

/// What stands here for one word of a line.
fn ours(word: &str, timing: &BTreeMap<String, f64>) -> f64 {
    let of = |name: &str| *timing.get(name).unwrap_or_else(|| panic!("timing.rs has no {name}"));
    if let Some(name) = word.strip_prefix("1/") {
        return 1.0 / of(name);
    }
    let Some((place, name)) = word.split_once(':') else {
        return word.split_once('/').map_or_else(|| of(word), |(one, other)| of(one) / of(other));
    };
    let controller = || CONTROLLERS.iter().find(|known| known.name == name).unwrap_or_else(|| panic!("no {name}"));
    match place {
        "workers" => f64::from(u32::try_from(controller().workers).expect("few")),
        "retries" => f64::from(controller().retries),
        file => *constants(file).get(name).unwrap_or_else(|| panic!("{file} has no {name}")),
    }
}

#[test]
fn durations_and_limits_are_those_of_the_real_binaries() {
    let (defaults, lines, timing) = (defaults(), lines(), constants("timing.rs"));
    let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<BTreeSet<String>>();
    assert_eq!(names(defaults.keys().collect()), names(lines.keys().collect()), "each default has its line");
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (key, line) in lines.iter().filter(|(_, line)| !line.starts_with("- ")) {
        let theirs = numbers(&defaults[key]);
        let here: Vec<f64> = line.split(' ').map(|word| ours(word, &timing)).collect();
        let same = theirs.len() == here.len() && theirs.iter().zip(&here).all(|(a, b)| (a - b).abs() < 1e-9);
        compared += 1;
        if !same {
            wrong.push(format!("{key}: {} there, {line} = {here:?} here", defaults[key]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared >= 120, "only {compared} are compared");
}

#[test]
fn no_constant_stands_beside_the_list() {
    let timing: BTreeSet<String> = constants("timing.rs").into_keys().collect();
    let text = read(&root().join("src/cluster/timing.rs"));
    assert_eq!(timing.len(), text.matches("pub const ").count(), "each constant is read");
    let lines = lines();
    let words = lines.values().filter(|line| !line.starts_with("- ")).flat_map(|line| line.split([' ', '/']));
    let compared: BTreeSet<String> = words.filter(|word| timing.contains(*word)).map(str::to_owned).collect();
    let elsewhere: BTreeSet<String> = ELSEWHERE.split_whitespace().map(str::to_owned).collect();
    assert_eq!(&timing - &compared, elsewhere);
}
