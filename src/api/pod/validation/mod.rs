//! Is a pod spec possible? (upstream: `pkg/apis/core/validation/validation.go`, from `ValidatePodSpec` on)
//!
//! The order of the checks is upstream's, and so is the path that each names, with upstream's slips: some say
//! `volumeMounts.subPath` where `volumeMounts[0].subPath` is meant.
//!
//! - [`container`]: containers of all sorts; [`env`], [`mounts`], [`probe`], [`resources`], [`security`]: their parts.
//! - [`volume`], [`projected`], [`rare`]: where data comes from.
//! - [`affinity`], [`scheduling`]: where pods may go.
//! - [`network`]: names, addresses and ports; [`annotations`]: what was once said in annotations.
//!
//! - [`whole`]: resources of the pod as a whole; [`windows`]: what belongs to one operating system.
//!
//! Left out: pod certificates, trust bundles.

use super::super::check::{self, Errors};
use super::super::names;
use super::super::path::Path;
use super::super::status::FieldError;
use crate::api::kinds::pod::Pod;
use container::Surroundings;
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub mod affinity;
pub mod annotations;
pub mod container;
pub mod env;
pub mod mounts;
pub mod network;
pub mod probe;
pub mod projected;
pub mod rare;
pub mod resources;
pub mod scheduling;
pub mod security;
pub mod volume;
pub mod whole;
pub mod windows;

const SPEC: Path = Path::new("spec");

/// All errors of a new pod (`ValidatePodCreate`), those of its metadata aside.
#[must_use]
pub fn create(pod: &Pod) -> Errors {
    let mut out = metadata_and_spec(pod);
    if pod.spec.ephemeral_containers.as_ref().is_some_and(|containers| !containers.is_empty()) {
        out.push(FieldError::forbidden("spec.ephemeralContainers", "cannot be set on create"));
    }
    let gated = pod.spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    if gated && pod.node_name.is_some() {
        out.push(FieldError::forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
    }
    annotations::profiles_match(&mut out, &SPEC, &pod.metadata, &pod.spec);
    out
}

/// What holds for new and changed pods (`validatePodMetadataAndSpec`).
#[must_use]
pub fn metadata_and_spec(pod: &Pod) -> Errors {
    let mut out = Vec::new();
    let path = Path::new("metadata.annotations");
    annotations::check(&mut out, &path, &pod.metadata, &pod.spec, pod.node_name.is_some());
    spec(&mut out, &SPEC, &pod.spec, Some(pod));
    let containers = SPEC.field("containers");
    for (index, container) in pod.spec.containers.iter().enumerate() {
        container::trimmed_image(&mut out, &containers.index(index), container.image.as_deref());
    }
    let containers = SPEC.field("initContainers");
    for (index, container) in pod.spec.init_containers.iter().flatten().enumerate() {
        container::trimmed_image(&mut out, &containers.index(index), container.image.as_deref());
    }
    if pod.spec.service_account_name.is_none() {
        projected::no_tokens(&mut out, &SPEC.field("volumes"), &pod.spec);
    }
    out
}

/// All errors of a template (`ValidatePodTemplateSpec`).
pub fn template(out: &mut Errors, path: &Path, template: &PodTemplateSpec) {
    let (no_metadata, no_spec) = (ObjectMeta::default(), PodSpec::default());
    let metadata = template.metadata.as_ref().unwrap_or(&no_metadata);
    let pod_spec = template.spec.as_ref().unwrap_or(&no_spec);
    check::labels(out, &path.field("labels"), metadata.labels.as_ref());
    check::annotations(out, &path.field("annotations"), metadata.annotations.as_ref());
    let has_node = pod_spec.node_name.as_ref().is_some_and(|name| !name.is_empty());
    annotations::check(out, &path.field("annotations"), metadata, pod_spec, has_node);
    let spec_path = path.field("spec");
    spec(out, &spec_path, pod_spec, None);
    annotations::profiles_match(out, &spec_path, metadata, pod_spec);
    if pod_spec.ephemeral_containers.as_ref().is_some_and(|containers| !containers.is_empty()) {
        let detail = "ephemeral containers not allowed in pod template";
        out.push(FieldError::forbidden(path.field("spec.ephemeralContainers"), detail));
    }
}

/// All errors of a spec (`ValidatePodSpec`); `pod` is the pod that it belongs to, unless it is a template's.
pub fn spec(out: &mut Errors, path: &Path, spec: &PodSpec, pod: Option<&Pod>) {
    if spec.termination_grace_period_seconds.is_none() {
        out.push(FieldError::required(path.field("terminationGracePeriodSeconds"), ""));
    }
    let volumes = volume::volumes(out, &path.field("volumes"), spec, pod);
    // What few pods have stands apart: it is not there when the page begins.
    if spec.resource_claims.is_some() {
        container::claims(out, &path.field("resourceClaims"), spec);
    }
    let around = Surroundings::new(spec, volumes);
    container::regular(out, &path.field("containers"), &around);
    container::init(out, &path.field("initContainers"), &around);
    if spec.ephemeral_containers.is_some() {
        container::ephemeral(out, &path.field("ephemeralContainers"), &around);
    }
    if let Some(whole) = &spec.resources {
        whole::check(out, &path.field("resources"), spec, whole);
    }
    network::host_ports(out, &path.field("containers"), spec, pod.is_some());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let policies = ["Always", "OnFailure", "Never"];
    check::one_of(out, &path.field("restartPolicy"), &text(&spec.restart_policy), &policies);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    check::one_of(out, &path.field("dnsPolicy"), &text(&spec.dns_policy), &policies);
    check::labels(out, &path.field("nodeSelector"), spec.node_selector.as_ref());
    security::of_pod(out, &path.field("securityContext"), spec);
    affinity::check(out, &path.field("affinity"), spec.affinity.as_ref());
    if spec.dns_config.is_some() || spec.dns_policy.as_deref() == Some("None") {
        network::dns_config(out, &path.field("dnsConfig"), spec);
    }
    if spec.readiness_gates.is_some() || spec.scheduling_gates.is_some() {
        scheduling::gates(out, path, spec);
    }
    if spec.topology_spread_constraints.is_some() {
        scheduling::spread(out, &path.field("topologySpreadConstraints"), spec);
    }
    if windows::mentions_host_processes(spec) {
        windows::host_processes(out, path, spec);
    }
    if spec.host_users == Some(false) {
        network::host_users(out, path, spec);
    }
    if let Some(name) = spec.hostname_override.as_deref() {
        network::hostname_override(out, &path.field("hostnameOverride"), spec, name);
    }
    names_and_numbers(out, path, spec, pod.and_then(Pod::node));
    if env::mentions_files(spec) {
        env::file_volumes(out, path, spec);
    }
}

/// The second half of `ValidatePodSpec`: fields that stand for themselves.
fn names_and_numbers(out: &mut Errors, path: &Path, spec: &PodSpec, node: Option<&str>) {
    let subdomain = |out: &mut Errors, field: &str, name: Option<&str>| {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            check::complain(out, &path.field(field), name, names::dns1123_subdomain(name));
        }
    };
    subdomain(out, "serviceAccountName", spec.service_account_name.as_deref());
    subdomain(out, "nodeName", node.or(spec.node_name.as_deref()));
    if let Some(seconds) = spec.active_deadline_seconds.filter(|seconds| !(1..=i64::from(i32::MAX)).contains(seconds)) {
        let detail = names::out_of_range(1, i64::from(i32::MAX));
        out.push(FieldError::invalid(path.field("activeDeadlineSeconds"), seconds, detail));
    }
    for (field, label) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if let Some(label) = label.as_deref().filter(|label| !label.is_empty()) {
            check::complain(out, &path.field(field), label, names::dns1123_label(label));
        }
    }
    scheduling::tolerations(out, &path.field("tolerations"), spec.tolerations.as_deref().unwrap_or_default());
    if spec.host_aliases.is_some() {
        network::host_aliases(out, &path.field("hostAliases"), spec);
    }
    subdomain(out, "priorityClassName", spec.priority_class_name.as_deref());
    if let Some(name) = spec.runtime_class_name.as_deref() {
        check::complain(out, &path.field("runtimeClassName"), name, names::dns1123_subdomain(name));
    }
    if let Some(policy) = spec.preemption_policy.as_deref() {
        check::one_of(out, &path.field("preemptionPolicy"), policy, &["PreemptLowerPriority", "Never"]);
    }
    if let Some(overhead) = &spec.overhead {
        resources::overhead(out, &path.field("overhead"), overhead);
    }
    if let Some(os) = &spec.os {
        let spec_path = path;
        let path = path.field("os");
        match os.name.as_str() {
            "" => out.push(FieldError::required(path.field("name"), "")),
            os @ ("linux" | "windows") => windows::fields(out, spec_path, spec, os),
            other => out.push(FieldError::not_supported(path, other, &["linux", "windows"])),
        }
    }
}
