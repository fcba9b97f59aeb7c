//! What the status of a Job may be and become.
//!
//! Upstream: `pkg/apis/batch/validation/validation.go`, `ValidateJobStatusUpdate`, and `getStatusValidationOptions` in
//! `pkg/registry/batch/job/strategy.go`, by which most rules mind only what has changed.

use super::field;
use super::job_policies::{indexes, interval};
use super::stateful_sets::not_negative;
use crate::api::check::Errors;
use crate::api::kinds::job::has;
use crate::api::object::Object;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::SortedSet;

/// All errors of an update of the status.
pub(super) fn update(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    let (status, before) = (field(new, "status"), field(old, "status"));
    if status.value == before.value {
        return out;
    }
    not_negative(&mut out, &status, &["active", "succeeded", "failed", "ready", "terminating"]);
    uncounted(&mut out, &status.field("uncountedTerminatedPods"));
    conditions(&mut out, new, old);
    times(&mut out, [new, old]);
    finished(&mut out, new, old);
    numbers(&mut out, new);
    counters(&mut out, new, old);
    out
}

fn wrong(out: &mut Errors, of: &At, detail: &str) {
    out.push(FieldError::wrong(of.field("conditions").path, detail));
}

fn uncounted(out: &mut Errors, pods: &At) {
    let mut seen = SortedSet::new();
    for list in ["succeeded", "failed"] {
        for uid in pods.field(list).items() {
            if uid.is_empty() {
                out.push(uid.invalid("must not be empty"));
            } else if !seen.insert(uid.text()) {
                out.push(uid.duplicate());
            }
        }
    }
}

/// Which conditions exclude each other, and which need others.
fn conditions(out: &mut Errors, new: &Object, old: &Object) {
    let status = field(new, "status");
    let is = |name: &str| has(new, name);
    let becomes = |name: &str| is(name) && !has(old, name);
    let rules = [
        (becomes("Complete") && is("Failed"), "cannot set Complete=True and Failed=true conditions"),
        (becomes("Complete") && is("FailureTarget"), "cannot set Complete=True and FailureTarget=true conditions"),
        (
            becomes("Failed") && !is("FailureTarget"),
            "cannot set Failed=True condition without the FailureTarget=true condition",
        ),
        (
            becomes("Complete") && !is("SuccessCriteriaMet"),
            "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
        ),
        (is("SuccessCriteriaMet") && is("Failed"), "cannot set SuccessCriteriaMet=True and Failed=true conditions"),
        (
            is("SuccessCriteriaMet") && is("FailureTarget"),
            "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions",
        ),
    ];
    for (_, detail) in rules.into_iter().filter(|(broken, _)| *broken) {
        wrong(out, &status, detail);
    }
}

fn times(out: &mut Errors, [new, old]: [&Object; 2]) {
    let (status, before) = (field(new, "status"), field(old, "status"));
    let (start, end) = (status.field("startTime"), status.field("completionTime"));
    let was = before.field("completionTime");
    let complete = has(new, "Complete");
    if end.given() && !complete {
        out.push(end.invalid("cannot set completionTime when there is no Complete=True condition"));
    }
    if complete && !end.given() {
        out.push(end.required("completionTime is required for Complete jobs"));
    }
    if start.given() && end.given() && end.text() < start.text() {
        out.push(end.invalid("completionTime cannot be set before startTime"));
    }
    if end.given() && was.given() && end.value != was.value {
        out.push(end.invalid("completionTime cannot be mutated"));
    }
    let began = before.field("startTime");
    if began.given() && began.value != start.value && !field(new, "spec").field("suspend").flag() {
        out.push(start.required("startTime cannot be removed for unsuspended job"));
    }
}

fn finished(out: &mut Errors, new: &Object, old: &Object) {
    let done = |object: &Object| has(object, "Complete") || has(object, "Failed");
    if !done(new) || done(old) {
        return;
    }
    let status = field(new, "status");
    let (active, start) = (status.field("active"), status.field("startTime"));
    if active.number() > 0 {
        out.push(active.invalid("active>0 is invalid for finished job"));
    }
    if !start.given() {
        out.push(start.required("startTime is required for finished job"));
    }
    let pods = status.field("uncountedTerminatedPods");
    if !pods.field("failed").is_empty() || !pods.field("succeeded").is_empty() {
        out.push(pods.invalid("uncountedTerminatedPods needs to be empty for finished job"));
    }
    let terminating = status.field("terminating");
    if terminating.number() > 0 {
        out.push(terminating.invalid("terminating>0 is invalid for finished job"));
    }
}

/// The numbers of pods that have succeeded and failed.
fn numbers(out: &mut Errors, new: &Object) {
    let (status, job) = (field(new, "status"), field(new, "spec"));
    let (completed, failed) = (status.field("completedIndexes"), status.field("failedIndexes"));
    let all = job.field("completions");
    let per_index = job.field("backoffLimitPerIndex").given();
    for (at, name, minded) in [(completed, "completedIndexes", true), (failed, "failedIndexes", per_index)] {
        if let (true, Err(error)) = (all.given() && minded, indexes(at.text(), all.number())) {
            out.push(at.invalid(format!("error parsing {name}: {error}")));
        }
    }
    if !completed.is_empty() && job.field("completionMode").text() != "Indexed" {
        out.push(completed.invalid("cannot set non-empty completedIndexes when non-indexed completion mode"));
    }
    if failed.given() && !per_index {
        out.push(failed.invalid("cannot set non-null failedIndexes when backoffLimitPerIndex is null"));
    }
    let parts = |at: &At| -> Vec<(i64, i64)> {
        let parts = at.text().split(',').filter(|part| !part.is_empty());
        parts.filter_map(|part| interval(part, all.number()).ok()).collect()
    };
    let failures = parts(&failed);
    let overlap = parts(&completed).into_iter().find_map(|(first, last)| {
        let other = failures.iter().find(|(begin, end)| first <= *end && *begin <= last);
        other.map(|(begin, _)| first.max(*begin))
    });
    if let Some(index) = overlap {
        out.push(failed.invalid(format!("failedIndexes and completedIndexes overlap at index: {index}")));
    }
    let ready = status.field("ready");
    if ready.number() > status.field("active").number() {
        out.push(ready.invalid("cannot set more ready pods than active"));
    }
}

/// What was reached stays reached.
fn counters(out: &mut Errors, new: &Object, old: &Object) {
    let (status, before) = (field(new, "status"), field(old, "status"));
    for name in ["Failed", "Complete", "FailureTarget"] {
        if has(old, name) && !has(new, name) {
            wrong(out, &status, &format!("cannot disable the terminal {name}=True condition"));
        }
    }
    for name in ["failed", "succeeded"] {
        let at = status.field(name);
        if at.number() < before.field(name).number() {
            out.push(FieldError::invalid(at.path, at.number(), format!("cannot decrease the {name} counter")));
        }
    }
    if has(old, "SuccessCriteriaMet") && !has(new, "SuccessCriteriaMet") {
        wrong(out, &status, "cannot disable the SuccessCriteriaMet=True condition");
    }
}
