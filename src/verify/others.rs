//! Recordings that are known and not run, and why.

use super::{Recognised, Source};
use serde_json::Value;

/// What a value is recognised by, and why it is not run.
type Known = (fn(&Value) -> bool, &'static str);

const OTHERS: &[Known] = &[
    (
        |value| value["session"].is_string() && value["steps"].is_array(),
        "a session with kubectl: a real kubectl replays it against the server over HTTP, which there is not yet",
    ),
    (|value| value["scenario"].is_string() && value["events"].is_array(), "a trace, to read: not run"),
    (|value| value["curated"].is_object() || value["feature_gates"].is_object(), "defaults of the real binaries"),
    (|value| value["about"].is_string(), "told in words: not run"),
    (|value| value["pods_per_s"].is_number() || value["sched_pods_per_s"].is_number(), "figures of performance"),
];

/// One of them.
pub fn known<'a>(value: &'a Value, _: Source<'a>) -> Option<Recognised<'a>> {
    let (_, reason) = OTHERS.iter().find(|(is, _)| is(value))?;
    Some(Recognised::NotRun(reason))
}
