//! Containers: regular ones, init containers (sidecars among them) and ephemeral ones.

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use super::{env, mounts, network, probe, resources, security};
use crate::api::pod::status::is_sidecar;
use crate::sim::{Sorted, SortedSet};
use k8s_openapi::api::core::v1::{Container, ContainerPort, EphemeralContainer, PodSpec, ResourceRequirements, Volume};

/// What the checks of a container must know of the pod around it.
pub struct Surroundings<'a> {
    /// The whole spec.
    pub spec: &'a PodSpec,
    /// The volumes that are in order, by name.
    pub volumes: Sorted<&'a str, &'a Volume>,
    /// Names of the pod's resource claims.
    pub claims: SortedSet<&'a str>,
}

impl<'a> Surroundings<'a> {
    /// The surroundings that a spec makes.
    #[must_use]
    pub fn new(spec: &'a PodSpec, volumes: Sorted<&'a str, &'a Volume>) -> Self {
        let claims = spec.resource_claims.iter().flatten().map(|claim| claim.name.as_str());
        Self { spec, volumes, claims: claims.filter(|name| !name.is_empty()).collect() }
    }

    fn grace(&self) -> Option<i64> {
        self.spec.termination_grace_period_seconds
    }

    fn os(&self) -> Option<&str> {
        self.spec.os.as_ref().map(|os| os.name.as_str())
    }
}

/// Regular containers (`validateContainers`).
pub fn regular(out: &mut Errors, path: &Path, around: &Surroundings) {
    if around.spec.containers.is_empty() {
        out.push(FieldError::required(path, ""));
        return;
    }
    let mut names = SortedSet::new();
    for (index, container) in around.spec.containers.iter().enumerate() {
        let path = path.index(index);
        common(out, &path, container, around);
        if !names.insert(container.name.as_str()) {
            out.push(FieldError::duplicate(path.field("name"), container.name.as_str()));
        }
        lifecycle_and_probes(out, &path, container, around);
        if restarts_itself(container) {
            restart_policy(out, &path, container);
        }
    }
    network::unique_host_ports(out, path, &around.spec.containers);
}

fn lifecycle_and_probes(out: &mut Errors, path: &Path, container: &Container, around: &Surroundings) {
    if let Some(lifecycle) = &container.lifecycle {
        probe::lifecycle(out, &path.field("lifecycle"), lifecycle, around.grace(), around.os());
    }
    if let Some(probe) = &container.liveness_probe {
        probe::once(out, &path.field("livenessProbe"), probe);
    }
    if let Some(probe) = &container.readiness_probe {
        probe::readiness(out, &path.field("readinessProbe"), probe);
    }
    if let Some(probe) = &container.startup_probe {
        probe::once(out, &path.field("startupProbe"), probe);
    }
}

/// Init containers (`validateInitContainers`).
pub fn init(out: &mut Errors, path: &Path, around: &Surroundings) {
    let mut names: SortedSet<&str> = around.spec.containers.iter().map(|container| container.name.as_str()).collect();
    for (index, container) in around.spec.init_containers.iter().flatten().enumerate() {
        let item = path.index(index);
        common(out, &item, container, around);
        if is_sidecar(container) && container.restart_policy_rules.as_ref().is_some_and(|rules| !rules.is_empty()) {
            let detail = "restartPolicyRules are not allowed for init containers with restart policy Always";
            out.push(FieldError::forbidden(item.field("restartPolicyRules"), detail));
        } else if restarts_itself(container) {
            restart_policy(out, &item, container);
        }
        if names.contains(container.name.as_str()) {
            out.push(FieldError::duplicate(item.field("name"), container.name.as_str()));
        } else if !container.name.is_empty() {
            names.insert(&container.name);
        }
        // They run one after another, so each has the ports for itself; the path is that of the first in any case.
        network::unique_host_ports(out, path, std::slice::from_ref(container));
        if is_sidecar(container) {
            lifecycle_and_probes(out, &item, container, around);
        } else {
            init_only(out, &item, container);
        }
    }
}

fn init_only(out: &mut Errors, path: &Path, container: &Container) {
    let detail = "may not be set for init containers without restartPolicy=Always";
    let set = [
        ("lifecycle", container.lifecycle.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
    ];
    for (field, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
        out.push(FieldError::forbidden(path.field(field), detail));
    }
    let policies = path.field("resizePolicy");
    for (index, policy) in container.resize_policy.iter().flatten().enumerate() {
        if policy.restart_policy == "RestartContainer" {
            let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
            let path = policies.index(index);
            out.push(FieldError::invalid(path.field("restartPolicy"), policy.restart_policy.as_str(), detail));
        }
    }
}

/// What holds for all sorts (`validateContainerCommon`).
fn common(out: &mut Errors, path: &Path, container: &Container, around: &Surroundings) {
    let name = path.field("name");
    if container.name.is_empty() {
        out.push(FieldError::required(name, ""));
    } else {
        check::complain(out, &name, &container.name, names::dns1123_label(&container.name));
    }
    check::required(out, &path.field("image"), container.image.as_deref().unwrap_or_default());
    let policy = container.termination_message_policy.as_deref().unwrap_or_default();
    check::one_of(out, &path.field("terminationMessagePolicy"), policy, &["File", "FallbackToLogsOnError"]);
    ports(out, &path.field("ports"), container.ports.as_deref().unwrap_or_default());
    env::variables(out, &path.field("env"), container.env.as_deref().unwrap_or_default());
    if let Some(sources) = &container.env_from {
        env::from(out, &path.field("envFrom"), sources);
    }
    mounts::mounts(out, &path.field("volumeMounts"), container, around);
    if container.volume_devices.is_some() {
        mounts::devices(out, &path.field("volumeDevices"), container, around);
    }
    let policy = container.image_pull_policy.as_deref().unwrap_or_default();
    check::one_of(out, &path.field("imagePullPolicy"), policy, &["Always", "IfNotPresent", "Never"]);
    if let Some(requirements) = &container.resources {
        resources::requirements(out, &path.field("resources"), requirements, &around.claims);
    }
    if container.resize_policy.is_some() {
        resize_policy(out, &path.field("resizePolicy"), container, around);
    }
    if let Some(context) = &container.security_context {
        let host_users = around.spec.host_users != Some(false);
        security::of_container(out, &path.field("securityContext"), context, host_users);
    }
}

fn ports(out: &mut Errors, path: &Path, ports: &[ContainerPort]) {
    let mut names_seen = SortedSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            let complaints = names::port_name(name);
            if complaints.is_empty() && !names_seen.insert(name) {
                out.push(FieldError::duplicate(path.field("name"), name));
            }
            check::complain(out, &path.field("name"), name, complaints);
        }
        if port.container_port == 0 {
            out.push(FieldError::required(path.field("containerPort"), ""));
        }
        let numbers = [("containerPort", port.container_port), ("hostPort", port.host_port.unwrap_or(0))];
        for (field, number) in numbers.into_iter().filter(|(_, number)| *number != 0) {
            for complaint in names::port_number(i64::from(number)) {
                out.push(FieldError::invalid(path.field(field), number, complaint));
            }
        }
        let protocol = port.protocol.as_deref().unwrap_or_default();
        check::one_of(out, &path.field("protocol"), protocol, &["SCTP", "TCP", "UDP"]);
    }
}

/// Upstream: `validateResizePolicy`.
#[inline(never)]
fn resize_policy(out: &mut Errors, path: &Path, container: &Container, around: &Surroundings) {
    let mut seen = SortedSet::new();
    for (index, policy) in container.resize_policy.iter().flatten().enumerate() {
        if !seen.insert(policy.resource_name.as_str()) {
            out.push(FieldError::duplicate(path.index(index), policy.resource_name.as_str()));
        }
        check::one_of(out, path, &policy.resource_name, &["cpu", "memory"]);
        check::one_of(out, path, &policy.restart_policy, &["NotRequired", "RestartContainer"]);
        if around.spec.restart_policy.as_deref() == Some("Never") && policy.restart_policy != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            out.push(FieldError::invalid(path, policy.restart_policy.as_str(), detail));
        }
    }
}

fn restarts_itself(container: &Container) -> bool {
    container.restart_policy.is_some() || container.restart_policy_rules.is_some()
}

/// Upstream: `validateContainerRestartPolicy`, with the rules by exit code that are on since v1.35.
#[inline(never)]
fn restart_policy(out: &mut Errors, path: &Path, container: &Container) {
    let rules = container.restart_policy_rules.as_deref().unwrap_or_default();
    let field = path.field("restartPolicy");
    match container.restart_policy.as_deref() {
        None if rules.is_empty() => return,
        None => out.push(FieldError::required(field, "must specify restartPolicy when restart rules are used")),
        Some("Always" | "Never" | "OnFailure") => {}
        Some(other) => out.push(FieldError::not_supported(field, other, &["Always", "Never", "OnFailure"])),
    }
    let field = path.field("restartPolicyRules");
    if rules.len() > 20 {
        out.push(FieldError::too_many(field, rules.len(), 20));
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = field.index(index);
        let actions = ["Restart", "RestartAllContainers"];
        if !actions.contains(&rule.action.as_str()) {
            out.push(FieldError::not_supported(path.field("action"), rule.action.as_str(), &actions));
        }
        let codes_path = path.field("exitCodes");
        let Some(codes) = &rule.exit_codes else {
            out.push(FieldError::required(codes_path, "must be specified"));
            continue;
        };
        if !["In", "NotIn"].contains(&codes.operator.as_str()) {
            let path = codes_path.field("operator");
            out.push(FieldError::not_supported(path, codes.operator.as_str(), &["In", "NotIn"]));
        }
        let count = codes.values.as_ref().map_or(0, Vec::len);
        if count > 255 {
            out.push(FieldError::too_many(codes_path.field("values"), count, 255));
        }
    }
}

/// Only pods refuse white space around an image; templates once could not (`validateContainerOnlyForPod`).
pub fn trimmed_image(out: &mut Errors, path: &Path, image: Option<&str>) {
    let image = image.unwrap_or_default();
    if image.trim().len() != image.len() {
        out.push(FieldError::invalid(path.field("image"), image, "must not have leading or trailing whitespace"));
    }
}

/// Ephemeral containers (`validateEphemeralContainers`).
#[inline(never)]
pub fn ephemeral(out: &mut Errors, path: &Path, around: &Surroundings) {
    let Some(containers) = around.spec.ephemeral_containers.as_ref().filter(|list| !list.is_empty()) else { return };
    let others = around.spec.containers.iter().chain(around.spec.init_containers.iter().flatten());
    let others: SortedSet<&str> = others.map(|container| container.name.as_str()).collect();
    let mut seen = others.clone();
    for (index, container) in containers.iter().enumerate() {
        let path = path.index(index);
        common(out, &path, &as_container(container), around);
        trimmed_image(out, &path, container.image.as_deref());
        if !seen.insert(&container.name) {
            out.push(FieldError::duplicate(path.field("name"), container.name.as_str()));
        }
        let target = container.target_container_name.as_deref().unwrap_or_default();
        if !target.is_empty() && !others.contains(target) {
            out.push(FieldError::not_found(path.field("targetContainerName"), target));
        }
        ephemeral_only(out, &path, container);
    }
}

fn ephemeral_only(out: &mut Errors, path: &Path, container: &EphemeralContainer) {
    const DETAIL: &str = "cannot be set for an Ephemeral Container";
    let resources = container.resources.as_ref();
    let set = [
        ("ports", container.ports.is_some()),
        ("resources", resources.is_some_and(|resources| *resources != ResourceRequirements::default())),
        ("resizePolicy", container.resize_policy.is_some()),
        ("restartPolicy", container.restart_policy.is_some()),
        ("restartPolicyRules", container.restart_policy_rules.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
        ("lifecycle", container.lifecycle.is_some()),
    ];
    for (field, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
        out.push(FieldError::forbidden(path.field(field), DETAIL));
    }
    let mounts = path.field("volumeMounts");
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let path = mounts.index(index);
        for (field, value) in [("subPath", &mount.sub_path), ("subPathExpr", &mount.sub_path_expr)] {
            if value.as_ref().is_some_and(|value| !value.is_empty()) {
                out.push(FieldError::forbidden(path.field(field), DETAIL));
            }
        }
    }
}

/// The parts that all containers have.
fn as_container(ephemeral: &EphemeralContainer) -> Container {
    Container {
        name: ephemeral.name.clone(),
        image: ephemeral.image.clone(),
        termination_message_policy: ephemeral.termination_message_policy.clone(),
        ports: ephemeral.ports.clone(),
        env: ephemeral.env.clone(),
        env_from: ephemeral.env_from.clone(),
        volume_mounts: ephemeral.volume_mounts.clone(),
        volume_devices: ephemeral.volume_devices.clone(),
        image_pull_policy: ephemeral.image_pull_policy.clone(),
        resources: ephemeral.resources.clone(),
        resize_policy: ephemeral.resize_policy.clone(),
        security_context: ephemeral.security_context.clone(),
        ..Container::default()
    }
}

/// The pod's resource claims (`validatePodResourceClaims`).
#[inline(never)]
pub fn claims(out: &mut Errors, path: &Path, spec: &PodSpec) {
    let mut seen = SortedSet::new();
    for (index, claim) in spec.resource_claims.iter().flatten().enumerate() {
        let path = path.index(index);
        let name = path.field("name");
        if claim.name.is_empty() {
            out.push(FieldError::required(name, ""));
        } else if seen.insert(claim.name.as_str()) {
            check::complain(out, &name, &claim.name, names::dns1123_label(&claim.name));
        } else {
            out.push(FieldError::duplicate(name, claim.name.as_str()));
        }
        let sources = [
            ("resourceClaimName", claim.resource_claim_name.as_deref()),
            ("resourceClaimTemplateName", claim.resource_claim_template_name.as_deref()),
        ];
        let shown = || {
            let [first, second] = sources.map(|(_, name)| serde_json::json!(name).to_string());
            let name = serde_json::json!(claim.name);
            format!("{{\"Name\":{name},\"ResourceClaimName\":{first},\"ResourceClaimTemplateName\":{second}}}")
        };
        match sources.iter().filter(|(_, name)| name.is_some()).count() {
            0 => {
                let detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                out.push(check::invalid_as(&path, shown(), detail));
            }
            2 => {
                let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
                out.push(check::invalid_as(&path, shown(), detail));
            }
            _ => {}
        }
        for (field, name) in sources {
            if let Some(name) = name {
                check::complain(out, &path.field(field), name, names::dns1123_subdomain(name));
            }
        }
    }
}
