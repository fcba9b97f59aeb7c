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
        let (what, rules, number) = if to > from { (UP, "scaleUp", to - from) } else { (DOWN, "scaleDown", from - to) };
        let policies = look.document.list(&format!("spec.behavior.{rules}.policies")).iter();
        let longest = policies.filter_map(|policy| policy["periodSeconds"].as_u64()).max().unwrap_or(0);
        prune(memory, &look.key, what, look.now - Duration::from_secs(longest));
        note(memory, &look.key, what, (look.now, number));
    }
}

/// Forgets the last change of the size: it was refused.
pub(super) fn take_back(memory: &mut Memory, key: &Key) {
    let newest = |what: &&str| series(memory, key, what).last().map(|(at, _)| *at);
    let Some(what) = [UP, DOWN].into_iter().max_by_key(newest) else { return };
    if let Some((at, _)) = series(memory, key, what).pop() {
        memory.remove(&*format!("{}{:020}", prefix(key, what), at.as_micros()));
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

/// Percent more, rounded up so that it can grow at all, or less.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "upstream calculates in floating point"
)]
fn part(of: i64, percent: i64) -> i64 {
    let size = of as f64 * (1.0 + percent as f64 / 100.0);
    if percent < 0 { size as i64 } else { size.ceil() as i64 }
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
            (_, up) => part(before, if up { value } else { -value }),
        }
    });
    let all: Vec<i64> = proposals.collect();
    // The largest change is the largest size on the way up, and the smallest on the way down.
    let largest = up != (choice == "Min");
    let chosen = if largest { all.iter().max() } else { all.iter().min() };
    chosen.copied().unwrap_or(current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;
    use crate::api::document::Document;
    use crate::api::kinds::horizontal_pod_autoscaler::KIND;
    use crate::api::rules::autoscaling;
    use serde_json::{Map, json};

    const NOW: Time = Time::from_secs(1000);

    /// What becomes of `wanted` with a behaviour and what is remembered (what, seconds ago, number): the size, the reason
    /// of `AbleToScale` and of `ScalingLimited`.
    fn normalized(behavior: &Value, past: &[(&str, u64, i64)], sizes: (i64, i64)) -> (i64, String, String) {
        let mut document = Document::read(&KIND, json!({"metadata": {"name": "a", "namespace": "n"}})).expect("one");
        if !behavior.is_null() {
            document.set("spec.behavior", behavior.clone());
            autoscaling::default(&mut document);
        }
        let object = Object::from_document(document);
        let (document, key) = (object.document().expect("a tree"), object.key());
        let mut memory = Memory::new();
        for (what, ago, number) in past {
            note(&mut memory, &key, what, (NOW - Duration::from_secs(*ago), *number));
        }
        let mut look = Look { object: &object, document, key, status: Map::new(), now: NOW };
        let size = normalize(&mut memory, &mut look, sizes, (2, 200));
        let conditions = look.status["conditions"].as_array().cloned().unwrap_or_default();
        let reason = |at: usize| conditions[at]["reason"].as_str().unwrap_or_default().to_owned();
        (size, reason(0), reason(1))
    }

    fn size(behavior: &Value, past: &[(&str, u64, i64)], sizes: (i64, i64)) -> (i64, String) {
        let (size, _, limited) = normalized(behavior, past, sizes);
        (size, limited)
    }

    #[test]
    fn without_a_behaviour_it_doubles_at_most_and_falls_after_five_minutes() {
        let none = Value::Null;
        assert_eq!(size(&none, &[], (1, 10)), (4, "ScaleUpLimit".to_owned()));
        assert_eq!(size(&none, &[], (10, 50)), (20, "ScaleUpLimit".to_owned()));
        assert_eq!(size(&none, &[], (150, 250)), (200, "TooManyReplicas".to_owned()));
        assert_eq!(size(&none, &[], (3, 1)), (2, "TooFewReplicas".to_owned()));
        let held = (8, "ScaleDownStabilized".to_owned(), "DesiredWithinRange".to_owned());
        assert_eq!(normalized(&none, &[(RECOMMENDED, 299, 8)], (8, 2)), held);
        assert_eq!(normalized(&none, &[(RECOMMENDED, 301, 8)], (8, 2)).1, "ReadyForNewScale");
    }

    #[test]
    fn policies_allow_so_much_in_so_much_time() {
        // Defaults: four pods or as many again within fifteen seconds, whichever is more.
        let up = |more: Value| json!({"scaleUp": more});
        let limited = |size: i64| (size, "ScaleUpLimit".to_owned());
        assert_eq!(size(&up(json!({})), &[], (3, 20)), limited(7));
        assert_eq!(size(&up(json!({"selectPolicy": "Min"})), &[], (3, 20)), limited(6));
        assert_eq!(size(&up(json!({"selectPolicy": "Disabled"})), &[], (3, 20)), limited(3));
        // What was added within the period counts, what was taken away gives room again.
        assert_eq!(size(&up(json!({})), &[(UP, 10, 2)], (3, 20)), limited(5));
        assert_eq!(size(&up(json!({})), &[(UP, 10, 2), (DOWN, 5, 1)], (3, 20)), limited(6));
        assert_eq!(size(&up(json!({})), &[(UP, 15, 2)], (3, 20)), limited(7));
        assert_eq!(size(&up(json!({})), &[(UP, 10, 9)], (10, 20)), limited(10));
        // 100 × 1.1 is a little more than 110 in floating point, as upstream has it.
        let tenth = json!([{"type": "Percent", "value": 10, "periodSeconds": 60}]);
        assert_eq!(size(&up(json!({"policies": tenth})), &[], (100, 150)), limited(111));
        let down = |more: Value| {
            let mut more = more;
            more["stabilizationWindowSeconds"] = 0.into();
            json!({"scaleDown": more})
        };
        let policies = json!([{"type": "Pods", "value": 2, "periodSeconds": 60}, {"type": "Percent", "value": 30, "periodSeconds": 60}]);
        let limited = |size: i64| (size, "ScaleDownLimit".to_owned());
        assert_eq!(size(&down(json!({"policies": policies})), &[], (10, 2)), limited(7));
        assert_eq!(size(&down(json!({"policies": policies, "selectPolicy": "Min"})), &[], (10, 2)), limited(8));
        assert_eq!(size(&down(json!({"policies": policies, "selectPolicy": "Disabled"})), &[], (10, 2)), limited(10));
        assert_eq!(size(&down(json!({"policies": policies})), &[(DOWN, 30, 2)], (8, 2)), limited(7));
        assert_eq!(size(&down(json!({})), &[], (10, 1)), (2, "TooFewReplicas".to_owned()));
    }

    #[test]
    fn windows_take_the_mildest_recommendation() {
        let up = json!({"scaleUp": {"stabilizationWindowSeconds": 60}});
        let (held, why, _) = normalized(&up, &[(RECOMMENDED, 30, 3)], (3, 9));
        assert_eq!((held, &*why), (3, "ScaleUpStabilized"));
        assert_eq!(normalized(&up, &[(RECOMMENDED, 60, 3)], (3, 6)).0, 6);
        let down = json!({"scaleDown": {"stabilizationWindowSeconds": 20}});
        let (held, why, _) = normalized(&down, &[(RECOMMENDED, 10, 7)], (8, 2));
        assert_eq!((held, &*why), (7, "ScaleDownStabilized"));
        assert_eq!(normalized(&down, &[(RECOMMENDED, 20, 7)], (8, 2)).0, 2);
    }

    #[test]
    fn what_is_older_than_every_policy_is_forgotten() {
        let behavior = json!({"scaleUp": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}});
        let mut document = Document::read(&KIND, json!({"metadata": {"name": "a", "namespace": "n"}})).expect("one");
        document.set("spec.behavior", behavior);
        let object = Object::from_document(document);
        let (document, key) = (object.document().expect("a tree"), object.key());
        let mut memory = Memory::new();
        note(&mut memory, &key, UP, (NOW - Duration::from_secs(61), 1));
        note(&mut memory, &key, UP, (NOW - Duration::from_secs(59), 2));
        let look = Look { object: &object, document, key: key.clone(), status: Map::new(), now: NOW };
        remember_scaling(&mut memory, &look, 4, 7);
        let numbers: Vec<i64> = series(&memory, &key, UP).into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, [2, 3]);
        // A change that was refused is none.
        take_back(&mut memory, &key);
        let numbers: Vec<i64> = series(&memory, &key, UP).into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, [2]);
        forget(&mut memory, &key);
        assert!(memory.is_empty());
    }
}
