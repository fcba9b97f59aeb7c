//! What holds an autoscaler back: stabilization over a window, policies of so much in so much time, the two bounds.
//!
//! Upstream: `horizontal.go`, `normalizeDesiredReplicas…`, `stabilizeRecommendation…`, `convertDesiredReplicas…`.

use super::Look;
use crate::api::Key;
use crate::cluster::client::controller::{Memory, Note};
use crate::cluster::timing;
use crate::sim::{Duration, Time};
use serde_json::Value;
use std::rc::Rc;

const RECOMMENDED: &str = "recommended";
const UP: &str = "up";
const DOWN: &str = "down";

const WITHIN: (&str, &str) = ("DesiredWithinRange", "the desired count is within the acceptable range");
const TOO_FEW: (&str, &str) = ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
const TOO_MANY: (&str, &str) = ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const UP_LIMIT: (&str, &str) =
    ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const DOWN_LIMIT: (&str, &str) =
    ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

/// Numbers with their moments are kept under `namespace/name what moment`.
fn prefix(key: &Key, what: &str) -> Rc<str> {
    format!("{key} {what} ").into()
}

fn series(memory: &Memory, key: &Key, what: &str) -> Vec<(Time, i64)> {
    let prefix = prefix(key, what);
    let ours = memory.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&*prefix));
    let entry = |(name, note): (&Rc<str>, &Note)| match note {
        Note::Number(number) => Some((Time::from_micros(name[prefix.len()..].parse().ok()?), *number)),
        _ => None,
    };
    ours.filter_map(entry).collect()
}

fn note(memory: &mut Memory, key: &Key, what: &str, (at, number): (Time, i64)) {
    let name = format!("{}{:020}", prefix(key, what), at.as_micros());
    memory.insert(name.into(), Note::Number(number));
}

/// Forgets what is older than a time.
fn prune(memory: &mut Memory, key: &Key, what: &str, before: Time) {
    for (at, _) in series(memory, key, what).into_iter().filter(|(at, _)| *at < before) {
        memory.remove(&*format!("{}{:020}", prefix(key, what), at.as_micros()));
    }
}

/// Forgets an autoscaler.
pub(super) fn forget(memory: &mut Memory, key: &Key) {
    for what in [RECOMMENDED, UP, DOWN] {
        prune(memory, key, what, Time::from_micros(i64::MAX));
    }
}

/// The first size seen is the first recommendation.
pub(super) fn begin(memory: &mut Memory, key: &Key, current: i64, now: Time) {
    if series(memory, key, RECOMMENDED).is_empty() {
        note(memory, key, RECOMMENDED, (now, current));
    }
}

/// Remembers that the size was changed, for the policies.
pub(super) fn remember_scaling(memory: &mut Memory, look: &Look, from: i64, to: i64) {
    if look.document.at("spec.behavior").is_some() {
        let (what, number) = if to > from { (UP, to - from) } else { (DOWN, from - to) };
        note(memory, &look.key, what, (look.now, number));
    }
}

/// What becomes of what the metrics want; the conditions say why.
pub(super) fn normalize(
    memory: &mut Memory,
    look: &mut Look,
    (current, wanted): (i64, i64),
    (least, most): (i64, i64),
) -> i64 {
    let ruled = look.document.at("spec.behavior").is_some();
    let stable = stabilized(memory, look, current, wanted);
    if stable == wanted {
        look.set("AbleToScale", true, "ReadyForNewScale", "recommended size matches current size");
    } else if ruled && wanted >= current {
        let text = "recent recommendations were lower than current one, applying the lowest recent recommendation";
        look.set("AbleToScale", true, "ScaleUpStabilized", text);
    } else {
        let text = "recent recommendations were higher than current one, applying the highest recent recommendation";
        look.set("AbleToScale", true, "ScaleDownStabilized", text);
    }
    let (desired, (reason, message)) = if ruled {
        by_rules(memory, look, (current, stable), (least, most))
    } else {
        let limit = (2 * current).max(4);
        match stable {
            few if few < least => (least, TOO_FEW),
            many if many > most.min(limit) => (most.min(limit), if most > limit { UP_LIMIT } else { TOO_MANY }),
            within => (within, WITHIN),
        }
    };
    look.set("ScalingLimited", desired != stable, reason, message);
    desired
}

fn window(look: &Look, path: &str, default: u64) -> Duration {
    Duration::from_secs(look.document.at(path).and_then(Value::as_u64).unwrap_or(default))
}

/// The recommendation within what was recommended during the windows; then it is remembered itself.
fn stabilized(memory: &mut Memory, look: &Look, current: i64, wanted: i64) -> i64 {
    let ruled = look.document.at("spec.behavior").is_some();
    let down = window(look, "spec.behavior.scaleDown.stabilizationWindowSeconds", timing::AUTOSCALE_WINDOW.as_secs());
    let up = window(look, "spec.behavior.scaleUp.stabilizationWindowSeconds", 0);
    let past = series(memory, &look.key, RECOMMENDED);
    let within =
        |window: Duration| past.iter().filter(move |(at, _)| *at > look.now - window).map(|(_, number)| *number);
    let highest = within(down).chain([wanted]).max().unwrap_or(wanted);
    let lowest = within(up).chain([wanted]).min().unwrap_or(wanted);
    note(memory, &look.key, RECOMMENDED, (look.now, wanted));
    prune(memory, &look.key, RECOMMENDED, look.now - up.max(down) - timing::AUTOSCALE);
    if ruled { current.max(lowest).min(highest) } else { highest }
}

/// Upstream: `convertDesiredReplicasWithBehaviorRate`.
fn by_rules(
    memory: &Memory,
    look: &Look,
    (current, stable): (i64, i64),
    (least, most): (i64, i64),
) -> (i64, (&'static str, &'static str)) {
    if stable > current {
        let limit = limit(memory, look, current, true).max(current);
        let allowed = most.min(limit);
        if stable > allowed {
            return (allowed, if most > limit { UP_LIMIT } else { TOO_MANY });
        }
    } else if stable < current {
        let limit = limit(memory, look, current, false).min(current);
        let allowed = least.max(limit);
        if stable < allowed {
            return (allowed, if least < limit { DOWN_LIMIT } else { TOO_FEW });
        }
    }
    (stable, WITHIN)
}

/// How far the policies let it go (upstream: `calculateScaleUpLimitWithScalingRules` and its twin).
fn limit(memory: &Memory, look: &Look, current: i64, up: bool) -> i64 {
    let rules = if up { "spec.behavior.scaleUp" } else { "spec.behavior.scaleDown" };
    let choice = look.document.text(&format!("{rules}.selectPolicy"));
    if choice == "Disabled" {
        return current;
    }
    let changed = |what: &str, seconds: u64| -> i64 {
        let since = look.now - Duration::from_secs(seconds);
        series(memory, &look.key, what).into_iter().filter(|(at, _)| *at > since).map(|(_, number)| number).sum()
    };
    let proposals = look.document.list(&format!("{rules}.policies")).iter().map(|policy| {
        let value = policy["value"].as_i64().unwrap_or(0);
        let seconds = policy["periodSeconds"].as_u64().unwrap_or(0);
        let before = current - changed(UP, seconds) + changed(DOWN, seconds);
        match (policy["type"].as_str(), up) {
            (Some("Pods"), true) => before + value,
            (Some("Pods"), false) => before - value,
            // A part of a pod is a whole one, so that it can grow at all.
            (_, true) => (before * (100 + value) + 99).div_euclid(100),
            (_, false) => (before * (100 - value)).div_euclid(100),
        }
    });
    let all: Vec<i64> = proposals.collect();
    // The largest change is the largest size on the way up, and the smallest on the way down.
    let largest = up != (choice == "Min");
    let chosen = if largest { all.iter().max() } else { all.iter().min() };
    chosen.copied().unwrap_or(current)
}
