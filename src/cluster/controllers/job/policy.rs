//! What a Job's policies say: `podFailurePolicy` of one failed pod, `successPolicy` of all indexes.
//!
//! Upstream: `pkg/controller/job/pod_failure_policy.go` and `success_policy.go`.

use super::indexes::Indexes;
use super::spec::Job;
use crate::api::Object;
use crate::api::kinds::pod::Pod;
use k8s_openapi::api::core::v1::ContainerStatus;
use serde_json::Value;

/// What the failure policy says of a pod.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// Why the whole Job fails, if it does.
    pub fails: Option<String>,
    /// Whether the failure counts.
    pub counts: bool,
    /// Whether the pod's index fails at once.
    pub fails_index: bool,
}

/// What the policy, if any, says of a failed pod: the first rule that matches.
#[must_use]
pub fn verdict(job: &Job, object: &Object) -> Verdict {
    let plain = Verdict { fails: None, counts: true, fails_index: false };
    let (Some(policy), Some(pod)) = (job.failure_policy(), object.get::<Pod>()) else { return plain };
    for (number, rule) in policy["rules"].as_array().into_iter().flatten().enumerate() {
        let action = rule["action"].as_str().unwrap_or_default();
        let place = object.key();
        let told = if rule["onExitCodes"].is_object() {
            matching_exit(pod, &rule["onExitCodes"]).map(|(container, code)| {
                format!("Container {container} for pod {place} failed with exit code {code} matching {action} rule at index {number}")
            })
        } else {
            matching_condition(pod, &rule["onPodConditions"])
                .map(|kind| format!("Pod {place} has condition {kind} matching {action} rule at index {number}"))
        };
        if let Some(told) = told {
            let fails = (action == "FailJob").then_some(told);
            return Verdict { fails, counts: action != "Ignore", fails_index: action == "FailIndex" };
        }
    }
    plain
}

fn matching_exit<'a>(pod: &'a Pod, rule: &Value) -> Option<(&'a str, i32)> {
    let all = |statuses: &'a Option<Vec<ContainerStatus>>| statuses.iter().flatten();
    all(&pod.status.container_statuses).chain(all(&pod.status.init_container_statuses)).find_map(|status| {
        let code = status.state.as_ref()?.terminated.as_ref()?.exit_code;
        let named = rule["containerName"].as_str().is_none_or(|name| name == status.name);
        let listed = rule["values"].as_array().into_iter().flatten().any(|value| *value == code);
        let matches = match rule["operator"].as_str() {
            Some("In") => listed,
            Some("NotIn") => !listed,
            _ => false,
        };
        (code != 0 && named && matches).then_some((status.name.as_str(), code))
    })
}

fn matching_condition<'a>(pod: &'a Pod, patterns: &Value) -> Option<&'a str> {
    let patterns = || patterns.as_array().into_iter().flatten();
    let mut conditions = pod.status.conditions.iter().flatten();
    let matches = |kind: &str, status: &str| {
        patterns().any(|pattern| pattern["type"] == kind && pattern["status"].as_str().unwrap_or("True") == status)
    };
    conditions.find(|condition| matches(&condition.type_, &condition.status)).map(|condition| condition.type_.as_str())
}

/// Whether enough indexes have succeeded: which rule says so.
#[must_use]
pub fn success(job: &Job, succeeded: &Indexes) -> Option<String> {
    if succeeded.total() == 0 {
        return None;
    }
    let enough = |rule: &Value| {
        let count = rule["succeededCount"].as_i64();
        match rule["succeededIndexes"].as_str() {
            None => count.is_some_and(|count| succeeded.total() >= count),
            Some(text) => {
                let wanted = Indexes::parse(text, job.completions().unwrap_or(0));
                let have = wanted.overlap(succeeded);
                wanted.total() > 0 && (have == wanted.total() || count.is_some_and(|count| have >= count))
            }
        }
    };
    let number = job.document.list("spec.successPolicy.rules").iter().position(enough)?;
    Some(format!("Matched rules at index {number}"))
}
