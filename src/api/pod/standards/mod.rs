//! The Pod Security Standards: what `baseline` and `restricted` forbid.
//!
//! Upstream: `k8s.io/pod-security-admission/policy`. The checks of a level come in the order of their names, those of
//! `baseline` first; a check of `restricted` takes the place of the milder one of the same thing.

mod baseline;
mod restricted;

use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{Container, PodSpec, SecurityContext};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::fmt;

/// How strict a policy is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Level {
    /// Everything is allowed.
    #[default]
    Privileged,
    /// What is known to give rights on the node is forbidden.
    Baseline,
    /// What pods should keep to that need no special rights.
    Restricted,
}

/// A level as it was in a certain minor version of Kubernetes; `None`: the latest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    /// How strict.
    pub level: Level,
    /// The minor version.
    pub minor: Option<u32>,
}

/// `restricted:latest`, `baseline:v1.25`.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        })?;
        match self.minor {
            Some(minor) => write!(f, ":v1.{minor}"),
            None => f.write_str(":latest"),
        }
    }
}

/// Something that a policy forbids: what, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// In a few words.
    pub reason: String,
    /// With names.
    pub detail: String,
}

impl Violation {
    fn new(reason: &str, detail: String) -> Self {
        Self { reason: reason.to_owned(), detail }
    }
}

/// `reason (detail), …` (`ForbiddenDetail`).
#[must_use]
pub fn told(violations: &[Violation]) -> String {
    let told = violations.iter().map(|violation| match violation.detail.as_str() {
        "" => violation.reason.clone(),
        detail => format!("{} ({detail})", violation.reason),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The reasons alone (`ForbiddenReason`).
#[must_use]
pub fn reasons(violations: &[Violation]) -> String {
    violations.iter().map(|violation| violation.reason.as_str()).collect::<Vec<_>>().join(", ")
}

/// What a check looks at.
struct Look<'a> {
    minor: u32,
    metadata: &'a ObjectMeta,
    spec: &'a PodSpec,
}

type Check = fn(&Look) -> Option<Violation>;

/// Names of checks with the checks, in their order, and from which version on a check of `restricted` replaces it.
const BASELINE: [(Check, u32); 12] = [
    (baseline::app_armor, u32::MAX),
    (baseline::capabilities, 22),
    (baseline::host_namespaces, u32::MAX),
    (baseline::host_path_volumes, 0),
    (baseline::host_ports, u32::MAX),
    (baseline::probe_hosts, u32::MAX),
    (baseline::privileged, u32::MAX),
    (baseline::proc_mount, u32::MAX),
    (baseline::selinux, u32::MAX),
    (baseline::seccomp, 19),
    (baseline::sysctls, u32::MAX),
    (baseline::windows_host_process, u32::MAX),
];
const RESTRICTED: [Check; 6] = [
    restricted::privilege_escalation,
    restricted::capabilities,
    restricted::volumes,
    restricted::run_as_non_root,
    restricted::run_as_user,
    restricted::seccomp,
];

/// Whatever of a pod a policy forbids.
#[must_use]
pub fn violations(policy: Policy, metadata: &ObjectMeta, spec: &PodSpec) -> Vec<Violation> {
    let look = Look { minor: policy.minor.unwrap_or(u32::MAX - 1), metadata, spec };
    let strict = policy.level == Level::Restricted;
    if policy.level == Level::Privileged {
        return Vec::new();
    }
    let mild = BASELINE.iter().filter(|(_, until)| !(strict && look.minor >= *until)).map(|(check, _)| check);
    mild.chain(RESTRICTED.iter().filter(|_| strict)).filter_map(|check| check(&look)).collect()
}

impl<'a> Look<'a> {
    /// All containers of all sorts with their security contexts.
    fn contexts(&self) -> std::vec::IntoIter<(&'a str, Option<&'a SecurityContext>)> {
        let context = |container: &'a Container| (container.name.as_str(), container.security_context.as_ref());
        let spec = self.spec;
        let first = spec.init_containers.iter().flatten().chain(&spec.containers).map(context);
        let debug = spec.ephemeral_containers.iter().flatten();
        let mut all: Vec<_> = first.collect();
        all.extend(debug.map(|container| (container.name.as_str(), container.security_context.as_ref())));
        all.into_iter()
    }

    /// Containers that have ports and probes.
    fn containers(&self) -> std::vec::IntoIter<&'a Container> {
        self.spec.init_containers.iter().flatten().chain(&self.spec.containers).collect::<Vec<_>>().into_iter()
    }

    /// The containers of whose context something is true.
    fn those(&self, is: &dyn Fn(&SecurityContext) -> bool) -> Vec<&'a str> {
        let bad = self.contexts().filter(|(_, context)| context.is_some_and(is));
        bad.map(|(name, _)| name).collect()
    }

    fn on_windows(&self) -> bool {
        self.spec.os.as_ref().is_some_and(|os| os.name == "windows")
    }

    /// Whether its users are others than the node's, which lets some checks rest.
    fn has_own_users(&self) -> bool {
        self.minor >= 35 && self.spec.host_users == Some(false)
    }
}

/// `"a", "b"`.
fn quoted<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    items.into_iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
}

/// `container "a"`, `containers "a", "b"`.
fn named(word: &str, items: &[&str]) -> String {
    format!("{word}{} {}", plural(items.len()), quoted(items.iter().copied()))
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Who set something: the pod, containers, or both.
fn setters(pod: bool, containers: &[&str]) -> String {
    let containers = (!containers.is_empty()).then(|| named("container", containers));
    pod.then(|| "pod".to_owned()).into_iter().chain(containers).collect::<Vec<_>>().join(" and ")
}

/// Values without repetitions, in order.
fn set<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    values.into_iter().collect::<SortedSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(level: Level, minor: Option<u32>, metadata: &Value, spec: &Value) -> String {
        let metadata = crate::api::json::decode_part(metadata).expect("metadata");
        let spec = crate::api::json::decode_part(spec).expect("a spec");
        told(&violations(Policy { level, minor }, &metadata, &spec))
    }

    #[test]
    fn a_plain_pod_is_not_restricted_enough() {
        let spec = json!({"containers": [{"name": "a"}, {"name": "b"}], "volumes": [{"name": "v", "nfs": {}}]});
        assert_eq!(said(Level::Baseline, None, &json!({}), &spec), "");
        assert_eq!(
            said(Level::Restricted, None, &json!({}), &spec),
            "allowPrivilegeEscalation != false (containers \"a\", \"b\" must set \
             securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers \"a\", \"b\" must set \
             securityContext.capabilities.drop=[\"ALL\"]), restricted volume types (volume \"v\" uses restricted volume type \
             \"nfs\"), runAsNonRoot != true (pod or containers \"a\", \"b\" must set securityContext.runAsNonRoot=true), \
             seccompProfile (pod or containers \"a\", \"b\" must set securityContext.seccompProfile.type to \
             \"RuntimeDefault\" or \"Localhost\")"
        );
        let good = json!({"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "a", "securityContext":
                {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]});
        assert_eq!(said(Level::Restricted, None, &json!({}), &good), "");
    }

    #[test]
    fn baseline_forbids_the_rights_of_nodes() {
        let metadata = json!({"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}});
        let spec = json!({"hostNetwork": true, "hostPID": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
            "securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}],
                "seLinuxOptions": {"type": "x", "user": "u"}, "windowsOptions": {"hostProcess": true}},
            "containers": [{"name": "a", "ports": [{"containerPort": 80, "hostPort": 80}],
                "livenessProbe": {"httpGet": {"port": 80, "host": "1.2.3.4"}},
                "securityContext": {"privileged": true, "procMount": "Unmasked",
                    "seccompProfile": {"type": "Unconfined"}, "capabilities": {"add": ["SYS_ADMIN"]}}}]});
        assert_eq!(
            said(Level::Baseline, None, &metadata, &spec),
            "forbidden AppArmor profile (annotation must not set AppArmor profile type to \
             \"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\"), non-default capabilities (container \
             \"a\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add), host namespaces \
             (hostNetwork=true, hostPID=true), hostPath volumes (volume \"v\"), hostPort (container \"a\" uses hostPort 80), \
             probe or lifecycle host (container \"a\" uses probe or lifecycle host \"1.2.3.4\"), privileged (container \
             \"a\" must not set securityContext.privileged=true), procMount (container \"a\" must not set \
             securityContext.procMount to \"Unmasked\"), seLinuxOptions (pod set forbidden \
             securityContext.seLinuxOptions: type \"x\"; user may not be set), seccompProfile (container \"a\" must not \
             set securityContext.seccompProfile.type to \"Unconfined\"), forbidden sysctls (kernel.msgmax), hostProcess \
             (pod must not set securityContext.windowsOptions.hostProcess=true)"
        );
        let old = said(Level::Baseline, Some(30), &metadata, &spec);
        assert!(!old.contains("probe or lifecycle"), "{old}");
    }
}
