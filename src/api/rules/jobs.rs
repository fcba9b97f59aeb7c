//! `Job`, and the part of it that a `CronJob` has within.
//!
//! Upstream: `pkg/apis/batch/v1/defaults.go`, `pkg/apis/batch/validation/validation.go`, `pkg/registry/batch/job/strategy.go`.

use super::daemon_sets::{immutable_selector, labels_match};
use super::stateful_sets::not_negative;
use super::{default_field, field, items_mut, job_policies, job_status, selector};
use crate::api::check::{self, Errors};
use crate::api::kinds::job::has;
use crate::api::names;
use crate::api::object::Object;
use crate::api::pod::{go_struct, template, validation};
use crate::api::selector::Selector;
use crate::api::status::FieldError;
use crate::api::tree::At;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The labels of a Job's pods: the names of old and those with a prefix.
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

/// The defaults of a Job (`SetDefaults_Job`).
pub fn default(object: &mut Object) {
    let Some(job) = object.document_mut() else { return };
    template::default_in(job, "spec.template");
    if job.at("spec.completions").is_none() && job.at("spec.parallelism").is_none() {
        job.set("spec.completions", 1.into());
    }
    job.set_default("spec.parallelism", 1.into());
    let limit = if job.at("spec.backoffLimitPerIndex").is_some() { i32::MAX } else { 6 };
    job.set_default("spec.backoffLimit", limit.into());
    job.set_default("spec.completionMode", "NonIndexed".into());
    job.set_default("spec.suspend", false.into());
    let has_policy = job.at("spec.podFailurePolicy").is_some();
    if let Some(policy) = job.field_mut("spec").and_then(|spec| spec.get_mut("podFailurePolicy")) {
        for rule in items_mut(policy, "rules") {
            items_mut(rule, "onPodConditions").for_each(|pattern| default_field(pattern, "status", "True"));
        }
    }
    let replacement = if has_policy { "Failed" } else { "TerminatingOrFailed" };
    job.set_default("spec.podReplacementPolicy", replacement.into());
    job.set_default("spec.manualSelector", false.into());
    let labels: Option<BTreeMap<String, String>> = job.part("spec.template.metadata.labels");
    if object.meta().labels.as_ref().is_none_or(BTreeMap::is_empty) && labels.is_some() {
        object.meta_mut().labels = labels;
    }
}

/// Gives the pods of a new Job labels of their own, and the Job a selector for them (`generateSelector`).
pub fn prepare(object: &mut Object) {
    let (name, uid) = (object.name().to_owned(), object.uid().to_owned());
    let Some(job) = object.document_mut() else { return };
    job.set("status", json!({}));
    if job.at("spec.manualSelector") != Some(&Value::Bool(true)) {
        let mut labels: BTreeMap<String, String> = job.part("spec.template.metadata.labels").unwrap_or_default();
        for label in NAME_LABELS {
            labels.entry(label.to_owned()).or_insert_with(|| name.clone());
        }
        for label in UID_LABELS {
            labels.entry(label.to_owned()).or_insert_with(|| uid.clone());
        }
        job.set("spec.template.metadata.labels", json!(labels));
        let mut chosen: BTreeMap<String, String> = job.part("spec.selector.matchLabels").unwrap_or_default();
        chosen.entry(UID_LABELS[1].to_owned()).or_insert(uid);
        job.set("spec.selector.matchLabels", json!(chosen));
    }
    // What is stored is read again, with defaults.
    default(object);
}

/// All errors of a Job (`ValidateJob`).
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let job = field(object, "spec");
    generated(&mut out, object, &job);
    whole_spec(&mut out, &job);
    let last = job.field("completions").number() - 1;
    if job.field("completionMode").text() == "Indexed" && last >= 0 {
        let host = format!("{}-{last}", object.name());
        if !names::dns1123_label(&host).is_empty() {
            let detail = format!("will not able to create pod with invalid DNS label: {host}");
            out.push(FieldError::invalid("metadata.name", object.name(), detail));
        }
    }
    out
}

/// Upstream: `validateGeneratedSelector`.
fn generated(out: &mut Errors, object: &Object, job: &At) {
    let selected = job.field("selector");
    if job.field("manualSelector").flag() || !selected.given() {
        return;
    }
    let metadata = job.field("template.metadata");
    let at = metadata.field("labels");
    let labels: BTreeMap<String, String> = at.part().unwrap_or_default();
    let wanted = [
        (UID_LABELS[0], object.uid()),
        (NAME_LABELS[0], object.name()),
        (UID_LABELS[1], object.uid()),
        (NAME_LABELS[1], object.name()),
    ];
    for (label, value) in wanted {
        let path = at.path.key(label);
        match labels.get(label) {
            None => out.push(FieldError::required(path, format!("must be '{value}'"))),
            Some(found) if found != value => {
                out.push(check::invalid_as(&path, json!(labels).to_string(), &format!("must be '{value}'")));
            }
            Some(_) => {}
        }
    }
    let mut expected = BTreeMap::new();
    expected.extend(wanted.map(|(label, value)| (label.to_owned(), value.to_owned())));
    let found: Option<LabelSelector> = selected.part();
    if Selector::from_object(found.as_ref()).is_ok_and(|selector| !selector.matches(&expected)) {
        let shown = found.as_ref().map(check::shown_selector).unwrap_or_default();
        out.push(check::invalid_as(&selected.path, shown, "`selector` not auto-generated"));
    }
}

/// Upstream: `ValidateJobSpec`.
fn whole_spec(out: &mut Errors, job: &At) {
    spec(out, job);
    let at = job.field("selector");
    if at.given() {
        selector(out, &at);
    } else {
        out.push(at.required(""));
    }
    let found: Option<LabelSelector> = at.part();
    let template = job.field("template");
    labels_match(out, &template, found.as_ref(), &template.part().unwrap_or_default());
}

/// What holds within a `CronJob` too (upstream: `validateJobSpec`).
pub fn spec(out: &mut Errors, job: &At) {
    let numbers = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    not_negative(out, job, &numbers);
    let (per_index, most) = (job.field("backoffLimitPerIndex"), job.field("maxFailedIndexes"));
    if most.given() && !per_index.given() {
        out.push(per_index.required("when maxFailedIndexes is specified"));
    }
    managed_by(out, &job.field("managedBy"));
    let mode = job.field("completionMode");
    match mode.text() {
        "Indexed" => indexed(out, job),
        "NonIndexed" | "" => {
            for at in [per_index, most].iter().filter(|at| at.given()) {
                out.push(at.invalid("requires indexed completion mode"));
            }
        }
        _ => out.push(mode.not_supported(&["NonIndexed", "Indexed"])),
    }
    job_policies::check(out, job);
    let template = job.field("template");
    let pods: PodTemplateSpec = template.part().unwrap_or_default();
    validation::template(out, &template.path, &pods);
    let policy = template.field("spec.restartPolicy");
    match policy.text() {
        "Always" | "" => out.push(policy.required("valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" if job.field("podFailurePolicy").given() => {
            out.push(policy.invalid("only \"Never\" is supported when podFailurePolicy is specified"));
        }
        "Never" | "OnFailure" => {}
        _ => out.push(policy.not_supported(&["OnFailure", "Never"])),
    }
}

/// The most that the name of whoever carries the Job out may have.
const MANAGER_MAX: usize = 63;

fn managed_by(out: &mut Errors, at: &At) {
    if !at.given() {
        return;
    }
    super::ingresses::domain_prefixed_path(out, at);
    if at.text().len() > MANAGER_MAX {
        out.push(FieldError::too_long(at.path, MANAGER_MAX));
    }
}

const MOST_PARALLEL: i64 = 100_000;
const MANY: i64 = 100_000;
const MOST_OF_MANY: i64 = 10_000;

/// What Jobs whose pods are numbered must keep to.
fn indexed(out: &mut Errors, job: &At) {
    let (all, parallel, most) = (job.field("completions"), job.field("parallelism"), job.field("maxFailedIndexes"));
    if !all.given() {
        out.push(all.required("when completion mode is Indexed"));
    }
    if parallel.number() > MOST_PARALLEL {
        let detail = format!("must be less than or equal to {MOST_PARALLEL} when completion mode is Indexed");
        out.push(parallel.invalid(detail));
    }
    if all.given() && most.number() > all.number() {
        out.push(most.invalid("must be less than or equal to completions"));
    }
    if most.number() > MANY {
        out.push(most.invalid(format!("must be less than or equal to {MANY}")));
    }
    if all.number() > MANY && job.field("backoffLimitPerIndex").given() {
        if !most.given() {
            out.push(most.required(&format!("must be specified when completions is above {MANY}")));
        }
        let when = format!("when completions are above {MANY} and used with backoff limit per index");
        for at in [parallel, most].iter().filter(|at| at.number() > MOST_OF_MANY) {
            out.push(at.invalid(format!("must be less than or equal to {MOST_OF_MANY} {when}")));
        }
    }
}

/// All errors of an update of a Job (`ValidateJobUpdate`, or `ValidateJobUpdateStatus`).
#[must_use]
pub fn update(new: &Object, old: &Object) -> Errors {
    let (job, before) = (field(new, "spec"), field(old, "spec"));
    if job.value == before.value {
        return job_status::update(new, old);
    }
    let mut out = Vec::new();
    whole_spec(&mut out, &job);
    completions(&mut out, &job, &before);
    immutable_selector(&mut out, &job, &before);
    template_update(&mut out, &job, old);
    for name in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
        let (at, before) = (job.field(name), before.field(name));
        check::immutable(&mut out, &at.path, at.value == before.value, || match name {
            "podFailurePolicy" => job_policies::shown_failure(at.value),
            "successPolicy" => job_policies::shown_success(at.value),
            _ => at.value.to_string(),
        });
    }
    out
}

/// A Job whose pods are numbered may grow and shrink, with as many pods at a time.
fn completions(out: &mut Errors, job: &At, before: &At) {
    let (at, before) = (job.field("completions"), before.field("completions"));
    let indexed = job.field("completionMode").text() == "Indexed";
    if at.value == before.value || (indexed && !at.given()) {
        return;
    }
    if !indexed {
        out.push(at.invalid("field is immutable"));
    } else if at.number() != job.field("parallelism").number() {
        out.push(at.invalid("can only be modified in tandem with spec.parallelism"));
    }
}

/// The template does not change, but where its pods may run does while a Job is suspended and has not begun
/// (`validatePodTemplateUpdate`), and what they ask for.
fn template_update(out: &mut Errors, job: &At, old: &Object) {
    let before = field(old, "spec");
    let (at, was) = (job.field("template"), before.field("template"));
    if at.value == was.value {
        return;
    }
    let begun = field(old, "status").field("startTime").given() && !has(old, "Suspended");
    let mut allowed = was.value.clone();
    if before.field("suspend").flag() && !begun {
        let mut take = |pointer: [&str; 2]| {
            let Some(fields) = allowed.get_mut(pointer[0]).and_then(Value::as_object_mut) else { return };
            match at.value[pointer[0]].get(pointer[1]) {
                Some(value) => fields.insert(pointer[1].to_owned(), value.clone()),
                None => fields.remove(pointer[1]),
            };
        };
        for name in ["nodeSelector", "tolerations", "schedulingGates"] {
            take(["spec", name]);
        }
        take(["metadata", "annotations"]);
        take(["metadata", "labels"]);
        take_node_affinity(&mut allowed["spec"], &at.value["spec"]);
        for list in ["containers", "initContainers"] {
            let after = at.value["spec"][list].as_array().cloned().unwrap_or_default();
            for (container, after) in items_mut(&mut allowed["spec"], list).zip(after) {
                container["resources"] = after["resources"].clone();
            }
        }
    }
    if *at.value != allowed {
        out.push(check::invalid_as(&at.path, go_struct::template(at.value), "field is immutable"));
    }
}

fn take_node_affinity(allowed: &mut Value, after: &Value) {
    let after = after.get("affinity");
    let Some(spec) = allowed.as_object_mut() else { return };
    let mut affinity = spec.remove("affinity").and_then(|value| value.as_object().cloned()).unwrap_or_default();
    affinity.remove("nodeAffinity");
    if let Some(value) = after.and_then(|after| after.get("nodeAffinity")) {
        affinity.insert("nodeAffinity".to_owned(), value.clone());
    }
    if !affinity.is_empty() || after.is_some() {
        spec.insert("affinity".to_owned(), Value::Object(affinity));
    }
}

/// What the server warns of when a Job is made (the strategy's `WarningsOnCreate`).
#[must_use]
pub fn warn(object: &Object) -> Vec<String> {
    let mut out = template::warnings(object.name(), Some(&template::read(object, "spec.template")));
    many_numbered(&mut out, &field(object, "spec"));
    out
}

/// Upstream: `WarningsForJobSpec`.
pub fn many_numbered(out: &mut Vec<String>, job: &At) {
    let (all, parallel) = (job.field("completions").number(), job.field("parallelism").number());
    if job.field("completionMode").text() == "Indexed" && all > MANY && parallel > MOST_OF_MANY {
        out.push(format!(
            "{}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, \
             Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
            job.path
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    fn job(spec: &Value) -> Object {
        let value = json!({"kind": "Job", "metadata": {"name": "j", "uid": "u"}, "spec": spec});
        let mut object = (crate::api::kinds::job::KIND.decode)(value).expect("a job");
        default(&mut object);
        prepare(&mut object);
        object
    }

    fn pods() -> Value {
        json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}})
    }

    fn said(errors: &[FieldError]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn pods_get_labels_and_the_job_a_selector() {
        let object = job(&json!({"template": pods()}));
        assert!(said(&validate(&object)).is_empty(), "{:?}", said(&validate(&object)));
        assert_eq!(field(&object, "spec").field("selector.matchLabels").value, &json!({UID_LABELS[1]: "u"}));
        assert_eq!(object.meta().labels.as_ref().map(BTreeMap::len), Some(4));
        let spec = field(&object, "spec");
        assert_eq!((spec.field("completions").number(), spec.field("backoffLimit").number()), (1, 6));
    }

    #[test]
    fn rules_of_numbered_and_other_jobs() {
        let spec = json!({"completions": 3, "completionMode": "Indexed", "maxFailedIndexes": 4,
            "successPolicy": {"rules": [{"succeededIndexes": "0,9"}, {}]},
            "podFailurePolicy": {"rules": [{"action": "FailIndex",
                "onExitCodes": {"operator": "In", "values": [3, 0]}}]}, "template": pods()});
        let found = said(&validate(&job(&spec)));
        let expected = [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
            "spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions",
            "spec.podFailurePolicy.rules[0].action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set",
            "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,0]: must be ordered",
            "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"0,9\": error parsing succeededIndexes: too \
             large index: \"9\"",
            "spec.successPolicy.rules[1]: Required value: at least one of succeededCount or succeededIndexes must be \
             specified",
        ];
        assert_eq!(found, expected);
        let found = complaints(validate, &json!({"spec": {"backoffLimitPerIndex": 1, "template": pods()}}));
        assert!(
            found.contains(&"spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode".to_owned())
        );
    }

    #[test]
    fn hardly_anything_of_a_job_changes() {
        let (one, mut more) = (job(&json!({"template": pods()})), job(&json!({"template": pods(), "completions": 2})));
        assert_eq!(said(&update(&more, &one)), ["spec.completions: Invalid value: 2: field is immutable"]);
        more = one.clone();
        if let Some(document) = more.document_mut() {
            document.set("spec.template.spec.nodeSelector", json!({"disk": "ssd"}));
        }
        assert!(said(&update(&more, &one))[0].contains(r#""NodeSelector":{"disk":"ssd"}"#));
        let mut waits = one.clone();
        if let Some(document) = waits.document_mut() {
            document.set("spec.suspend", true.into());
        }
        assert!(update(&more, &waits).is_empty());
    }
}
