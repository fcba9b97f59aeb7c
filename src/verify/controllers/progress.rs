//! What controllers observe over time: statuses and endpoints.
//!
//! How many writes it takes is free: a controller that looks a moment later sees two changes at once. Equal must be, for
//! each object and each writer,
//!
//! - the values of each field in their order: one run may leave out what the other has in between, not more;
//! - of a count, the way: from 1 to 3 leads over 2, whether it was written or not. (Pods of one batch begin and end within
//!   milliseconds, so the counts of two runs may turn back at different places, and one more may be seen for a moment;
//!   then the most may differ by one, and the end must be the same.)
//! - the order of changes of different fields: what was written before something else may be written together with it,
//!   not after it. (What exists, what is ready and what is on its way out are three things that happen to pods each in
//!   its own time: within [`RACE_MS`] their order is free.)

use super::entry::{Entry, Id};
use super::order::{counts, observes};
use serde_json::Value;
use std::collections::BTreeMap;

/// Within this time changes of different sorts may change places.
const RACE_MS: i64 = 1000;

/// The values of one field in their order, with the number of the write and its time.
type Series = Vec<((usize, i64), Value)>;
/// The fields that one writer wrote of one object.
type Fields = BTreeMap<String, Series>;

/// Where the observations differ. `decisions`: also of what is decided, in a recording of which not even the real thing
/// repeats the decisions.
pub fn differences(recorded: &[Entry], ours: &[Entry], decisions: bool) -> Vec<String> {
    let (left, right) = (fields(recorded, decisions), fields(ours, decisions));
    let nothing = Fields::new();
    let mut found = Vec::new();
    for (place, recorded) in &left {
        found.extend(differs(place, recorded, right.get(place).unwrap_or(&nothing), decisions));
    }
    for (place, ours) in right.iter().filter(|(place, _)| !left.contains_key(*place)) {
        found.extend(differs(place, &nothing, ours, decisions));
    }
    found
}

type Place = (Id, String);

fn fields(entries: &[Entry], decisions: bool) -> BTreeMap<Place, Fields> {
    let mut out = BTreeMap::<Place, Fields>::new();
    let mut writes = BTreeMap::<Place, usize>::new();
    let wanted = |entry: &&Entry| counts(entry) && (observes(entry) || decisions && entry.id.kind != "Pod");
    for entry in entries.iter().filter(wanted) {
        // The server and a controller share the counts of quotas and budgets.
        let shared = matches!(entry.id.kind.as_str(), "ResourceQuota" | "PodDisruptionBudget");
        let by = if shared { "the server and its controller" } else { &entry.by };
        let place = (entry.id.clone(), by.to_owned());
        let number = writes.entry(place.clone()).or_default();
        *number += 1;
        let fields = out.entry(place).or_default();
        for (path, value) in entry.changed.iter().filter(|(path, _)| !is_generation(path)) {
            for (path, value) in items(path, value, fields) {
                fields.entry(path).or_default().push(((*number, entry.at_ms), value));
            }
        }
    }
    out
}

/// Of a list of endpoints, how many there are now of each sort, where that has changed; of anything else the value.
fn items(path: &str, value: &Value, fields: &Fields) -> Vec<(String, Value)> {
    if !matches!(path, "endpoints" | "subsets") {
        return vec![(path.to_owned(), value.clone())];
    }
    let mut counts = BTreeMap::<String, i64>::new();
    let known = fields.keys().filter(|known| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('{')));
    counts.extend(known.map(|known| (known.clone(), 0)));
    for item in value.as_array().into_iter().flatten() {
        let lists = ["addresses", "notReadyAddresses"].into_iter().filter(|_| path == "subsets");
        let addresses = |list: &'static str| item[list].as_array().into_iter().flatten().map(move |one| (list, one));
        let inner: Vec<String> =
            lists.flat_map(addresses).map(|(list, one)| format!("{path}{{{list} {one} {}}}", item["ports"])).collect();
        let whole = if path == "endpoints" { vec![format!("{path}{{{item}}}")] } else { inner };
        for key in whole {
            *counts.entry(key).or_default() += 1;
        }
    }
    let last = |key: &str| fields.get(key).and_then(|series| series.last()).and_then(|(_, value)| value.as_i64());
    let changed = counts.into_iter().filter(|(key, count)| last(key).unwrap_or(0) != *count);
    changed.map(|(key, count)| (key, count.into())).collect()
}

/// How often a generation moves depends on how far writes were coalesced; that it was observed at the end is looked at
/// where the objects at rest are.
fn is_generation(path: &str) -> bool {
    path == "metadata.generation" || path == "metadata.annotations['deployment.kubernetes.io/revision-history']"
}

fn differs((id, writer): &Place, recorded: &Fields, ours: &Fields, free: bool) -> Option<String> {
    let nothing = Series::new();
    let paths = recorded.keys().chain(ours.keys().filter(|path| !recorded.contains_key(*path)));
    for path in paths {
        let values = |fields: &Fields| -> Vec<Value> {
            fields.get(path).unwrap_or(&nothing).iter().map(|(_, value)| value.clone()).collect()
        };
        let (left, right) = (values(recorded), values(ours));
        if !same_way(path, &left, &right, free) {
            let at = format!("{} {path} by {writer}", id.text());
            return Some(super::difference::line(&at, &Value::Array(left), &Value::Array(right)));
        }
    }
    if free { None } else { reversed(id, writer, recorded, ours) }
}

/// Whether two series of values are two views of one way.
fn same_way(path: &str, left: &[Value], right: &[Value], free: bool) -> bool {
    if path.ends_with("observedGeneration") || within(left, right) {
        return true;
    }
    let seen_less = within(right, left);
    let (Some(left), Some(right)) = (numbers(left), numbers(right)) else { return seen_less };
    if left.is_empty() || right.is_empty() {
        // It began at nothing and came back to it between two looks.
        return [&left, &right].iter().all(|side| side.last().is_none_or(|last| *last == 0));
    }
    if left.last() != right.last() || free {
        return left.last() == right.last();
    }
    let one_way = |side: &[i64]| side.is_sorted() || side.iter().rev().is_sorted();
    let most = |side: &[i64]| side.iter().max().copied().unwrap_or(0);
    let near = (most(&left) - most(&right)).abs() <= 1;
    if one_way(&right) && steps(&left, &right) || near && one_way(&left) && steps(&right, &left) {
        return true;
    }
    let turns = !one_way(&left) && !one_way(&right);
    near && (seen_less || turns)
}

/// Whether the first is some of the second, in order.
fn within<T: PartialEq>(some: &[T], all: &[T]) -> bool {
    let mut rest = all.iter();
    !some.is_empty() && some.iter().all(|one| rest.any(|other| other == one))
}

/// Whether the first lies on the way of the second.
fn steps(some: &[i64], all: &[i64]) -> bool {
    let mut way = vec![0];
    for next in all {
        let from = *way.last().unwrap_or(&0);
        let towards = |n: i64| if *next > from { from + n } else { from - n };
        way.extend((1..=(next - from).abs().min(1000)).map(towards));
    }
    some.last() == all.last() && within(some, &way)
}

/// The values as counts: nothing is none.
fn numbers(values: &[Value]) -> Option<Vec<i64>> {
    let number = |value: &Value| match value {
        Value::Null => Some(0),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        // A list of pods: which of them are in it is free.
        Value::Array(items) if items.iter().all(Value::is_string) => i64::try_from(items.len()).ok(),
        _ => None,
    };
    values.iter().map(number).collect()
}

/// Two changes of which one run wrote first what the other wrote last. Only fields that took the same values in both.
fn reversed(id: &Id, writer: &str, recorded: &Fields, ours: &Fields) -> Option<String> {
    let same = |path: &&String| {
        let of =
            |fields: &Fields| fields.get(*path).map(|series| series.iter().map(|(_, v)| v.clone()).collect::<Vec<_>>());
        of(recorded) == of(ours)
    };
    let paths: Vec<&String> = recorded.keys().filter(same).collect();
    let steps = paths.iter().flat_map(|path| {
        recorded[*path].iter().zip(&ours[*path]).map(move |((left, value), (right, _))| (*left, *right, *path, value))
    });
    let steps: Vec<_> = steps.collect();
    for (index, (left, right, path, value)) in steps.iter().enumerate() {
        for (other_left, other_right, other_path, other_value) in &steps[index + 1..] {
            let turned = left.0.cmp(&other_left.0) == right.0.cmp(&other_right.0).reverse() && left.0 != other_left.0;
            let racing = sort(path) != sort(other_path) && (left.1 - other_left.1).abs() < RACE_MS;
            if turned && !racing {
                let (first, then) = (format!("{path}={value}"), format!("{other_path}={other_value}"));
                let (first, then) = if left.0 < other_left.0 { (first, then) } else { (then, first) };
                return Some(format!(
                    "writes of {} by {writer}: expected {first} before {then} got them the other way round",
                    id.text()
                ));
            }
        }
    }
    None
}

/// What a field follows.
#[derive(PartialEq, Eq)]
enum Sort {
    /// What there is, and what was seen of the specification.
    There,
    /// What of it is ready.
    Ready,
    /// What is on its way out.
    Ending,
}

fn sort(path: &str) -> Sort {
    let ready = ["ready", "Ready", "vailable", "ealthy", "conditions", "Allowed"];
    match path {
        _ if ["terminatingReplicas", "expectedPods", "terminating"].iter().any(|name| path.ends_with(name)) => {
            Sort::Ending
        }
        _ if ready.iter().any(|part| path.contains(part)) => Sort::Ready,
        _ => Sort::There,
    }
}
