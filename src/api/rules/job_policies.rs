//! When the failures and the successes of pods decide about a Job.
//!
//! Upstream: `pkg/apis/batch/validation/validation.go`, `validatePodFailurePolicy`, `validateSuccessPolicy`.

use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::SortedSet;
use serde_json::Value;

const MOST_RULES: usize = 20;
const MOST_CODES: usize = 255;
const MOST_INDEXES: usize = 64 * 1024;
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];

/// All errors of a Job's policies.
pub(super) fn check(out: &mut Errors, job: &At) {
    let failure = job.field("podFailurePolicy");
    if failure.given() {
        failures(out, job, &failure.field("rules"));
    }
    let success = job.field("successPolicy");
    if success.given() && job.field("completionMode").text() == "Indexed" {
        successes(out, job, &success.field("rules"));
    } else if success.given() {
        out.push(check::invalid_as(&success.path, shown_success(success.value), "requires indexed completion mode"));
    }
    let replacement = job.field("podReplacementPolicy");
    let known: &[&str] = if failure.given() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    if replacement.given() && !known.contains(&replacement.text()) {
        out.push(replacement.not_supported(known));
    }
}

/// A policy about failures as Go prints it, whose types have no JSON names.
pub(super) fn shown_failure(policy: &Value) -> String {
    let list = |value: &Value, item: &dyn Fn(&Value) -> String| match value.as_array() {
        Some(items) => format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(",")),
        None => "null".to_owned(),
    };
    let codes =
        [("containerName", "ContainerName", "null"), ("operator", "Operator", "\"\""), ("values", "Values", "null")];
    let pattern = [("type", "Type", "\"\""), ("status", "Status", "\"\"")];
    let rule = |rule: &Value| {
        let of = &rule["onExitCodes"];
        let of = if of.is_null() { "null".to_owned() } else { super::shown_struct(of, &codes) };
        let conditions = list(&rule["onPodConditions"], &|one| super::shown_struct(one, &pattern));
        format!("{{\"Action\":{},\"OnExitCodes\":{of},\"OnPodConditions\":{conditions}}}", rule["action"])
    };
    if policy.is_null() { "null".to_owned() } else { format!("{{\"Rules\":{}}}", list(&policy["rules"], &rule)) }
}

/// The policy as Go prints it, whose types have no JSON names.
pub(super) fn shown_success(policy: &Value) -> String {
    if policy.is_null() {
        return "null".to_owned();
    }
    let rules = policy["rules"].as_array().into_iter().flatten();
    let fields = [("succeededIndexes", "SucceededIndexes", "null"), ("succeededCount", "SucceededCount", "null")];
    let rules: Vec<String> = rules.map(|rule| super::shown_struct(rule, &fields)).collect();
    format!("{{\"Rules\":[{}]}}", rules.join(","))
}

/// A list of words as Go's `%q` prints it.
fn quoted(known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
    format!("valid values: [{}]", known.join(" "))
}

/// A word must be one of those known; `required` where it is missing.
fn one_of(out: &mut Errors, at: &At, known: &[&str]) {
    if at.is_empty() {
        out.push(at.required(&quoted(known)));
    } else if !known.contains(&at.text()) {
        out.push(at.not_supported(known));
    }
}

fn too_many(out: &mut Errors, at: &At, most: usize) {
    if at.len() > most {
        out.push(FieldError::too_many(at.path, at.len(), most));
    }
}

fn failures(out: &mut Errors, job: &At, rules: &At) {
    too_many(out, rules, MOST_RULES);
    let pods = job.field("template.spec");
    let mut containers = SortedSet::new();
    for list in ["containers", "initContainers"] {
        let list = pods.field(list);
        containers.extend(list.items().map(|container| container.field("name").text()));
    }
    for rule in rules.items() {
        let action = rule.field("action");
        if action.text() == "FailIndex" && !job.field("backoffLimitPerIndex").given() {
            out.push(action.invalid("requires the backoffLimitPerIndex to be set"));
        }
        one_of(out, &action, &ACTIONS);
        let (codes, conditions) = (rule.field("onExitCodes"), rule.field("onPodConditions"));
        if codes.given() {
            exit_codes(out, &codes, &containers);
        }
        too_many(out, &conditions, MOST_RULES);
        for pattern in conditions.items() {
            let kind = pattern.field("type");
            check::complain(out, &kind.path, kind.text(), names::qualified_name(kind.text()));
            one_of(out, &pattern.field("status"), &STATUSES);
        }
        match (codes.given(), !conditions.is_empty()) {
            (true, true) => {
                let detail = "specifying both OnExitCodes and OnPodConditions is not supported";
                out.push(FieldError::wrong(rule.path, detail));
            }
            (false, false) => {
                let detail = "specifying one of OnExitCodes and OnPodConditions is required";
                out.push(FieldError::wrong(rule.path, detail));
            }
            _ => {}
        }
    }
}

fn exit_codes(out: &mut Errors, codes: &At, containers: &SortedSet<&str>) {
    let operator = codes.field("operator");
    one_of(out, &operator, &OPERATORS);
    let container = codes.field("containerName");
    if container.given() && !containers.contains(container.text()) {
        out.push(container.invalid("must be one of the container or initContainer names in the pod template"));
    }
    let values = codes.field("values");
    if values.is_empty() {
        out.push(values.invalid("at least one value is required"));
    }
    too_many(out, &values, MOST_CODES);
    let (mut seen, mut last, mut ordered) = (SortedSet::new(), None, true);
    for value in values.items() {
        let code = value.number();
        if operator.text() == "In" && code == 0 {
            out.push(value.invalid("must not be 0 for the In operator"));
        }
        if !seen.insert(code) {
            out.push(value.duplicate());
        }
        ordered &= last.is_none_or(|last| last <= code);
        last = Some(code);
    }
    if !ordered {
        out.push(values.invalid("must be ordered"));
    }
}

fn successes(out: &mut Errors, job: &At, rules: &At) {
    if rules.is_empty() {
        out.push(rules.required("at least one rules must be specified when the successPolicy is specified"));
    }
    too_many(out, rules, MOST_RULES);
    let all = job.field("completions").number();
    for rule in rules.items() {
        let (count, which) = (rule.field("succeededCount"), rule.field("succeededIndexes"));
        if !count.given() && !which.given() {
            out.push(rule.required("at least one of succeededCount or succeededIndexes must be specified"));
        }
        if which.len() > MOST_INDEXES {
            out.push(FieldError::too_long(which.path, MOST_INDEXES));
        }
        let named = indexes(which.text(), all);
        if let Err(error) = &named {
            out.push(which.invalid(format!("error parsing succeededIndexes: {error}")));
        }
        check::not_negative(out, &count.path, count.number());
        if count.number() > all {
            let detail = format!("must be less than or equal to {all} (the number of specified completions)");
            out.push(count.invalid(detail));
        }
        let named = named.unwrap_or(0);
        if which.given() && count.number() > named {
            let of = "the number of indexes in the specified succeededIndexes field";
            out.push(count.invalid(format!("must be less than or equal to {named} ({of})")));
        }
    }
}

/// How many numbers a text such as `0,3-5` names, of so many (`validateIndexesFormat`).
///
/// # Errors
/// Upstream's sentence.
pub(super) fn indexes(text: &str, all: i64) -> Result<i64, String> {
    let (mut total, mut last) = (0, None);
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let (first, end) = interval(part, all)?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

/// One number, or the first and the last of several (`parseIndexInterval`).
pub(super) fn interval(text: &str, all: i64) -> Result<(i64, i64), String> {
    let number = |text: &str| {
        let number: i64 =
            text.parse().map_err(|_| format!("cannot convert string to integer for index: {}", Value::from(text)))?;
        if number >= all { Err(format!("too large index: {}", Value::from(text))) } else { Ok(number) }
    };
    match text.split('-').collect::<Vec<_>>()[..] {
        [one] => number(one).map(|number| (number, number)),
        [first, last] => {
            let (first, last) = (number(first)?, number(last)?);
            if first >= last {
                return Err(format!("non-increasing order, previous: {first}, current: {last}"));
            }
            Ok((first, last))
        }
        _ => Err(format!(
            "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
            Value::from(text)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_is_shown_as_go_prints_it() {
        let policy = json!({"rules": [{"action": "Ignore", "onPodConditions": [{"type": "X", "status": "True"}]}]});
        let shown =
            r#"{"Rules":[{"Action":"Ignore","OnExitCodes":null,"OnPodConditions":[{"Type":"X","Status":"True"}]}]}"#;
        assert_eq!(shown_failure(&policy), shown);
        assert_eq!(shown_success(&Value::Null), "null");
    }

    #[test]
    fn indexes_are_counted_in_order() {
        assert_eq!(indexes("0,2-4", 5), Ok(4));
        assert_eq!(indexes("", 5), Ok(0));
        assert_eq!(indexes("2,1", 5).unwrap_err(), "non-increasing order, previous: 2, current: 1");
        assert_eq!(indexes("5", 5).unwrap_err(), "too large index: \"5\"");
        assert_eq!(indexes("a", 5).unwrap_err(), "cannot convert string to integer for index: \"a\"");
        assert!(indexes("1-2-3", 5).unwrap_err().starts_with("the fragment \"1-2-3\" violates"));
    }
}
