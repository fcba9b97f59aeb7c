//! `PodSecurity`: the labels of a namespace say what its pods may do
//! (upstream: `k8s.io/pod-security-admission/admission/admission.go`).
//!
//! Left out: audit annotations, since no audit log is kept; exemptions, of which there are none by default.

use super::{Attributes, Plugin};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::pod::standards::{Level, Policy, reasons, told, violations};
use crate::api::{FieldError, Status, Typed, Verb, json};
use crate::sim::{Order, Sorted};
use k8s_openapi::api::core::v1::{Namespace, PodTemplateSpec};
use serde_json::Value;
use std::collections::BTreeMap;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("PodSecurity") };

const PREFIX: &str = "pod-security.kubernetes.io/";
/// More existing pods are not looked at.
const MOST_PODS: usize = 3000;

type Labels = BTreeMap<String, String>;

/// What a namespace asks for: what refuses, what warns; and what is wrong with its labels.
struct Wanted {
    enforce: Policy,
    warn: Policy,
    errors: Vec<FieldError>,
}

/// Upstream: `PolicyToEvaluate`.
fn wanted(labels: Option<&Labels>) -> Wanted {
    let mut errors = Vec::new();
    let mut read = |mode: &str| {
        let mut policy = Policy::default();
        let label = |name: &str| labels.and_then(|labels| labels.get(&format!("{PREFIX}{name}"))).map(String::as_str);
        let version = format!("{mode}-version");
        let mut wrong = |name: &str, value: &str, detail: &str| {
            errors.push(FieldError::invalid(format!("metadata.labels[{PREFIX}{name}]"), value, detail));
        };
        let level = label(mode);
        policy.level = match level {
            None | Some("privileged") => Level::Privileged,
            Some("baseline") => Level::Baseline,
            Some("restricted") => Level::Restricted,
            Some(other) => {
                wrong(mode, other, "must be one of privileged, baseline, restricted");
                Level::Restricted
            }
        };
        if let Some(text) = label(&version).filter(|text| *text != "latest") {
            policy.minor = text.strip_prefix("v1.").and_then(|minor| minor.parse().ok());
            if policy.minor.is_none() {
                wrong(&version, text, "must be \"latest\" or \"v1.x\"");
            }
        }
        (policy, level.is_some())
    };
    let (enforce, _) = read("enforce");
    let _ = read("audit");
    let (mut warn, says) = read("warn");
    // Whoever refuses pods warns of templates, unless he says otherwise.
    if !says && enforce.level > warn.level {
        warn = enforce;
    }
    Wanted { enforce, warn, errors }
}

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let Some(object) = object else { return Ok(()) };
    let subresource = request.review.request.target.subresource;
    if object.kind() == Namespace::kind() {
        return if subresource.is_empty() { namespace(request, object) } else { Ok(()) };
    }
    let is_pod = object.get::<Pod>().is_some();
    let skipped =
        if is_pod { !matches!(subresource, "" | "resize" | "ephemeralcontainers") } else { !subresource.is_empty() };
    if skipped || !object.kind().namespaced {
        return Ok(());
    }
    let namespace = request.review.cache.typed::<Namespace>("", object.namespace());
    let labels = namespace.and_then(|namespace| namespace.metadata.labels.as_ref());
    if labels.is_none_or(|labels| !labels.keys().any(|label| label.starts_with(PREFIX))) {
        return Ok(());
    }
    let wanted = wanted(labels);
    if let Some(pod) = object.get::<Pod>() {
        return judge(request, object, pod, &wanted);
    }
    if let Some(template) = template(object) {
        let (metadata, spec) = (template.metadata.unwrap_or_default(), template.spec.unwrap_or_default());
        warn(request, wanted.warn, &told(&violations(wanted.warn, &metadata, &spec)));
    }
    Ok(())
}

fn warn(request: &mut Attributes, policy: Policy, told: &str) {
    if !told.is_empty() {
        request.review.warnings.push(format!("would violate PodSecurity \"{policy}\": {told}").into());
    }
}

fn judge(request: &mut Attributes, object: &Object, pod: &Pod, wanted: &Wanted) -> Result<(), Status> {
    let old = request.old.filter(|_| request.review.request.verb != Verb::Create);
    if old.and_then(|old| old.get::<Pod>()).is_some_and(|old| !is_significant(pod, old)) {
        return Ok(());
    }
    let of = |policy: Policy| told(&violations(policy, &pod.metadata, &pod.spec));
    let refused = of(wanted.enforce);
    if !refused.is_empty() {
        let text = format!("violates PodSecurity \"{}\": {refused}", wanted.enforce);
        return Err(Status::forbidden(object.kind(), object.name(), &text));
    }
    warn(request, wanted.warn, &of(wanted.warn));
    Ok(())
}

/// Whether an update of a pod changes what the checks look at (`isSignificantPodUpdate`).
fn is_significant(pod: &Pod, old: &Pod) -> bool {
    let images = |pod: &Pod| {
        let spec = &pod.spec;
        let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
        let debug = spec.ephemeral_containers.iter().flatten().map(|container| container.image.clone());
        containers.map(|container| container.image.clone()).chain(debug).collect::<Vec<_>>()
    };
    images(pod) != images(old)
}

/// The template from which an object makes pods.
fn template(object: &Object) -> Option<PodTemplateSpec> {
    let path = match object.kind().kind {
        "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet" | "DaemonSet" | "Job" => "/spec/template",
        "CronJob" => "/spec/jobTemplate/spec/template",
        "PodTemplate" => "/template",
        _ => return None,
    };
    let value: Value = object.to_value();
    json::decode_part(value.pointer(path)?).ok()
}

/// The labels themselves, and what a stricter policy would have refused.
fn namespace(request: &mut Attributes, object: &Object) -> Result<(), Status> {
    let new = wanted(object.meta().labels.as_ref());
    let old = request.old.filter(|_| request.review.request.verb != Verb::Create);
    let Some(old) = old.map(|old| wanted(old.meta().labels.as_ref())) else {
        return invalid(object, &new.errors);
    };
    if new.errors != old.errors {
        invalid(object, &new.errors)?;
    }
    let relaxed = new.enforce.minor == old.enforce.minor && new.enforce.level <= old.enforce.level;
    if new.enforce == old.enforce || new.enforce.level == Level::Privileged || relaxed {
        return Ok(());
    }
    let texts = existing(request, object.name(), new.enforce);
    request.review.warnings.extend(texts.into_iter().map(Into::into));
    Ok(())
}

fn invalid(namespace: &Object, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(namespace.kind(), namespace.name(), errors)) }
}

/// Upstream: `EvaluatePodsInNamespace`. Pods that break the same rules are counted, the first is named.
fn existing(request: &Attributes, namespace: &str, policy: Policy) -> Vec<String> {
    let pods: Vec<&Object> = request.review.cache.in_namespace(Pod::kind(), namespace).collect();
    let mut found: Sorted<String, (&str, usize)> = Sorted::new();
    for object in pods.iter().take(MOST_PODS) {
        let Some(pod) = object.get::<Pod>() else { continue };
        let reasons = reasons(&violations(policy, &pod.metadata, &pod.spec));
        if !reasons.is_empty() {
            found.get_or_insert_with(reasons, || (object.name(), 0)).1 += 1;
        }
    }
    let mut texts = Vec::new();
    if pods.len() > MOST_PODS {
        let all = pods.len();
        texts.push(format!(
            "new PodSecurity enforce level only checked against the first {MOST_PODS} of {all} existing pods"
        ));
    }
    if !found.is_empty() {
        texts.push(format!(
            "existing pods in namespace \"{namespace}\" violate the new PodSecurity enforce level \"{policy}\""
        ));
    }
    let mut told: Vec<String> = found
        .into_iter()
        .map(|(reasons, (name, count))| match count {
            1 => format!("{name}: {reasons}"),
            2 => format!("{name} (and 1 other pod): {reasons}"),
            many => format!("{name} (and {} other pods): {reasons}", many - 1),
        })
        .collect();
    told.order_by(String::cmp);
    texts.extend(told);
    texts
}
