//! What pods once said in annotations and some still say (upstream: `ValidatePodSpecificAnnotations`).
//!
//! Left out: tolerations as an annotation.

use super::super::super::check::{self, Errors};
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// Marks pods that a kubelet mirrors from its own files.
pub const MIRROR: &str = "kubernetes.io/config.mirror";
/// What it costs to delete a pod, a 32-bit number.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
/// Seccomp profile of the pod.
pub const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// Seccomp profile of a container: the prefix before its name.
pub const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// `AppArmor` profile of a container: the prefix before its name.
pub const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The containers that a spec may run, with their paths: init containers first.
pub fn for_each_container<'a>(path: &Path, spec: &'a PodSpec, mut visit: impl FnMut(&Path, &'a Container)) {
    let init = spec.init_containers.as_deref().unwrap_or_default();
    for (field, containers) in [("initContainers", init), ("containers", spec.containers.as_slice())] {
        let path = path.field(field);
        for (index, container) in containers.iter().enumerate() {
            visit(&path.index(index), container);
        }
    }
}

/// The annotations by themselves.
pub fn check(out: &mut Errors, path: &Path, metadata: &ObjectMeta, spec: &PodSpec, has_node: bool) {
    let Some(annotations) = &metadata.annotations else { return };
    if let Some(value) = annotations.get(MIRROR).filter(|_| !has_node) {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        out.push(FieldError::invalid(path.key(MIRROR), value.as_str(), detail));
    }
    if let Some(cost) = annotations.get(DELETION_COST).filter(|cost| !is_cost(cost)) {
        out.push(FieldError::invalid(path.key(DELETION_COST), cost.as_str(), "must be a 32bit integer"));
    }
    for (key, value) in annotations.iter().filter(|(key, _)| *key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER))
    {
        seccomp(out, &path.field(key), value);
    }
    for (key, value) in annotations {
        let Some(name) = key.strip_prefix(APP_ARMOR) else { continue };
        let mut found = false;
        for_each_container(path, spec, |_, container| found |= container.name == name);
        if !found {
            out.push(FieldError::invalid(path.key(key), name, "container not found"));
        }
        if !matches!(value.as_str(), "" | "runtime/default" | "unconfined") && !value.starts_with("localhost/") {
            let detail = format!("invalid AppArmor profile name: {value:?}");
            out.push(FieldError::invalid(path.key(key), value.as_str(), detail));
        }
    }
}

/// No plus sign and no leading zeros.
fn is_cost(text: &str) -> bool {
    let begins = text == "0" || text.starts_with(|first: char| first == '-' || ('1'..='9').contains(&first));
    begins && text.parse::<i32>().is_ok()
}

fn seccomp(out: &mut Errors, path: &Path, profile: &str) {
    if matches!(profile, "runtime/default" | "docker/default" | "unconfined") {
        return;
    }
    match profile.strip_prefix("localhost/") {
        Some(file) => check::descending_path(out, path, file),
        None => out.push(FieldError::invalid(path, profile, "must be a valid seccomp profile")),
    }
}

/// Where annotation and field say both something, they must say the same (`validateSeccompAnnotationsAndFields`,
/// `validateAppArmorAnnotationsAndFieldsMatchOnCreate`). `path` is that of the spec.
pub fn profiles_match(out: &mut Errors, path: &Path, metadata: &ObjectMeta, spec: &PodSpec) {
    let Some(annotations) = metadata.annotations.as_ref().filter(|annotations| !annotations.is_empty()) else {
        return;
    };
    let of_pod = spec.security_context.as_ref();
    let seccomp_of_pod = of_pod.and_then(|context| context.seccomp_profile.as_ref());
    if let (Some(profile), Some(annotation)) = (seccomp_of_pod, annotations.get(SECCOMP_POD)) {
        let found = (profile.type_.as_str(), profile.localhost_profile.as_deref());
        matches(out, &path.field("securityContext.seccompProfile"), "seccomp", annotation, found);
    }
    for_each_container(path, spec, |path, container| {
        let context = container.security_context.as_ref();
        let profile = context.and_then(|context| context.seccomp_profile.as_ref());
        if let (Some(profile), Some(annotation)) = (profile, get(annotations, SECCOMP_CONTAINER, container)) {
            let found = (profile.type_.as_str(), profile.localhost_profile.as_deref());
            matches(out, &path.field("securityContext.seccompProfile"), "seccomp", annotation, found);
        }
    });
    if spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        return;
    }
    let of_pod = of_pod.and_then(|context| context.app_armor_profile.as_ref());
    for_each_container(path, spec, |path, container| {
        let context = container.security_context.as_ref();
        let profile = context.and_then(|context| context.app_armor_profile.as_ref()).or(of_pod);
        if let (Some(profile), Some(annotation)) = (profile, get(annotations, APP_ARMOR, container)) {
            let found = (profile.type_.as_str(), profile.localhost_profile.as_deref());
            matches(out, &path.field("securityContext.appArmorProfile"), "apparmor", annotation, found);
        }
    });
}

fn get<'a>(annotations: &'a BTreeMap<String, String>, prefix: &str, container: &Container) -> Option<&'a String> {
    annotations.get(&format!("{prefix}{}", container.name))
}

fn matches(out: &mut Errors, path: &Path, what: &str, annotation: &str, (kind, file): (&str, Option<&str>)) {
    let same_type = match kind {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => annotation == "runtime/default" || (what == "seccomp" && annotation == "docker/default"),
        "Localhost" => annotation.starts_with("localhost/"),
        _ => true,
    };
    if !same_type {
        let detail = format!("{what} type in annotation and field must match");
        out.push(FieldError::forbidden(path.field("type"), detail));
    } else if kind == "Localhost" && annotation.strip_prefix("localhost/") != file {
        let detail = format!("{what} profile in annotation and field must match");
        out.push(FieldError::forbidden(path.field("localhostProfile"), detail));
    }
}
