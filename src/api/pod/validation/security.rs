//! As whom processes run and what they may do.

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use super::windows;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext};
use serde_json::{Value, json};

/// A user or group is a non-negative number of 31 bits (`IsValidUserID`).
fn id(out: &mut Errors, path: &Path, value: Option<i64>) {
    if let Some(value) = value.filter(|value| !(0..=i64::from(i32::MAX)).contains(value)) {
        out.push(FieldError::invalid(path, value, names::out_of_range(0, i64::from(i32::MAX))));
    }
}

fn known(out: &mut Errors, path: &Path, value: Option<&str>, known: &[&str]) {
    if let Some(value) = value.filter(|value| !known.contains(value)) {
        out.push(FieldError::not_supported(path, value, known));
    }
}

/// The security context of the pod (`validatePodSpecSecurityContext`).
pub fn of_pod(out: &mut Errors, path: &Path, spec: &PodSpec) {
    let Some(context) = &spec.security_context else { return };
    id(out, &path.field("fsGroup"), context.fs_group);
    id(out, &path.field("runAsUser"), context.run_as_user);
    id(out, &path.field("runAsGroup"), context.run_as_group);
    let groups = path.field("supplementalGroups");
    for (index, group) in context.supplemental_groups.iter().flatten().enumerate() {
        id(out, &groups.index(index), Some(*group));
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        out.push(FieldError::invalid(path.field("shareProcessNamespace"), true, detail));
    }
    if context.sysctls.is_some() {
        sysctls(out, &path.field("sysctls"), context, spec);
    }
    let policy = context.fs_group_change_policy.as_deref();
    known(out, &path.field("fsGroupChangePolicy"), policy, &["Always", "OnRootMismatch"]);
    seccomp(out, &path.field("seccompProfile"), context.seccomp_profile.as_ref());
    if let Some(options) = &context.windows_options {
        windows::options(out, &path.field("windowsOptions"), options);
    }
    if let Some(profile) = &context.app_armor_profile {
        app_armor(out, &path.field("appArmorProfile"), profile);
    }
    let policy = context.supplemental_groups_policy.as_deref();
    known(out, &path.field("supplementalGroupsPolicy"), policy, &["Merge", "Strict"]);
    let policy = context.se_linux_change_policy.as_deref();
    known(out, &path.field("seLinuxChangePolicy"), policy, &["MountOption", "Recursive"]);
}

/// The security context of a container (`ValidateSecurityContext`); privileged ones are allowed, as in kubeadm's
/// clusters.
pub fn of_container(out: &mut Errors, path: &Path, context: &SecurityContext, host_users: bool) {
    id(out, &path.field("runAsUser"), context.run_as_user);
    id(out, &path.field("runAsGroup"), context.run_as_group);
    let mount = context.proc_mount.as_deref();
    known(out, &path.field("procMount"), mount, &["Default", "Unmasked"]);
    if host_users && mount == Some("Unmasked") {
        let detail = "`hostUsers` must be false to use `Unmasked`";
        out.push(FieldError::invalid(path.field("procMount"), "Unmasked", detail));
    }
    seccomp(out, &path.field("seccompProfile"), context.seccomp_profile.as_ref());
    if context.allow_privilege_escalation == Some(false) {
        if context.privileged == Some(true) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            out.push(check::invalid_as(path, shown(context), detail));
        }
        let added = context.capabilities.iter().flat_map(|capabilities| capabilities.add.iter().flatten());
        for _ in added.filter(|capability| *capability == "CAP_SYS_ADMIN") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            out.push(check::invalid_as(path, shown(context), detail));
        }
    }
    if let Some(options) = &context.windows_options {
        windows::options(out, &path.field("windowsOptions"), options);
    }
    if let Some(profile) = &context.app_armor_profile {
        app_armor(out, &path.field("appArmorProfile"), profile);
    }
}

/// A context as the JSON of the server's own Go struct, with every field and in its order.
fn shown(context: &SecurityContext) -> String {
    let capabilities = context
        .capabilities
        .as_ref()
        .map_or(Value::Null, |capabilities| json!({"Add": capabilities.add, "Drop": capabilities.drop}));
    let profile = |kind: &str, profile: Option<&str>| {
        format!("{{\"Type\":{},\"LocalhostProfile\":{}}}", json!(kind), json!(profile))
    };
    let seccomp = context.seccomp_profile.as_ref();
    let seccomp = seccomp.map(|found| profile(&found.type_, found.localhost_profile.as_deref()));
    let app_armor = context.app_armor_profile.as_ref();
    let app_armor = app_armor.map(|found| profile(&found.type_, found.localhost_profile.as_deref()));
    let selinux = context.se_linux_options.as_ref().map(|options| {
        let text = |text: &Option<String>| json!(text.as_deref().unwrap_or_default()).to_string();
        let [user, role, kind, level] = [&options.user, &options.role, &options.type_, &options.level].map(text);
        format!("{{\"User\":{user},\"Role\":{role},\"Type\":{kind},\"Level\":{level}}}")
    });
    let windows = context.windows_options.as_ref().map(|options| {
        let [name, spec, user] =
            [&options.gmsa_credential_spec_name, &options.gmsa_credential_spec, &options.run_as_user_name]
                .map(|text| json!(text).to_string());
        let host = json!(options.host_process);
        format!(
            "{{\"GMSACredentialSpecName\":{name},\"GMSACredentialSpec\":{spec},\"RunAsUserName\":{user},\"HostProcess\":{host}}}"
        )
    });
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
    let fields = [
        ("Capabilities", capabilities.to_string()),
        ("Privileged", json!(context.privileged).to_string()),
        ("SELinuxOptions", or_null(selinux)),
        ("WindowsOptions", or_null(windows)),
        ("RunAsUser", json!(context.run_as_user).to_string()),
        ("RunAsGroup", json!(context.run_as_group).to_string()),
        ("RunAsNonRoot", json!(context.run_as_non_root).to_string()),
        ("ReadOnlyRootFilesystem", json!(context.read_only_root_filesystem).to_string()),
        ("AllowPrivilegeEscalation", json!(context.allow_privilege_escalation).to_string()),
        ("ProcMount", json!(context.proc_mount).to_string()),
        ("SeccompProfile", or_null(seccomp)),
        ("AppArmorProfile", or_null(app_armor)),
    ];
    let fields = fields.map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", fields.join(","))
}

/// Upstream: `validateSeccompProfileField`.
fn seccomp(out: &mut Errors, path: &Path, profile: Option<&SeccompProfile>) {
    let Some(profile) = profile else { return };
    match profile.type_.as_str() {
        "Localhost" | "RuntimeDefault" | "Unconfined" => {}
        "" => out.push(FieldError::required(path.field("type"), "type is required when seccompProfile is set")),
        other => {
            let known = ["Localhost", "RuntimeDefault", "Unconfined"];
            out.push(FieldError::not_supported(path.field("type"), other, &known));
        }
    }
    let file = path.field("localhostProfile");
    match (profile.type_ == "Localhost", profile.localhost_profile.as_deref()) {
        (true, None) => out.push(FieldError::required(file, "must be set when seccomp type is Localhost")),
        (true, Some(name)) => check::descending_path(out, &file, name),
        (false, None) => {}
        (false, Some(name)) => {
            let shown = format!("{{\"Type\":{},\"LocalhostProfile\":{}}}", json!(profile.type_), json!(name));
            out.push(check::invalid_as(&file, shown, "can only be set when seccomp type is Localhost"));
        }
    }
}

/// Upstream: `ValidateAppArmorProfileField`.
#[inline(never)]
fn app_armor(out: &mut Errors, path: &Path, profile: &AppArmorProfile) {
    const MAX: usize = 4095;
    let file = path.field("localhostProfile");
    let missing = "must be set when AppArmor type is Localhost";
    match (profile.type_.as_str(), profile.localhost_profile.as_deref()) {
        ("Localhost", None) => out.push(FieldError::required(file, missing)),
        ("Localhost", Some(name)) => {
            if name.trim() != name {
                out.push(FieldError::invalid(file, name, "must not be padded with whitespace"));
            } else if name.is_empty() {
                out.push(FieldError::required(file, missing));
            }
            if name.len() > MAX {
                out.push(FieldError::too_long(file, MAX));
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(name)) => {
            out.push(FieldError::invalid(file, name, "can only be set when AppArmor type is Localhost"));
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => out.push(FieldError::required(path.field("type"), "type is required when appArmorProfile is set")),
        (other, _) => {
            let known = ["Localhost", "RuntimeDefault", "Unconfined"];
            out.push(FieldError::not_supported(path.field("type"), other, &known));
        }
    }
}

/// Upstream: `validateSysctls`.
#[inline(never)]
fn sysctls(out: &mut Errors, path: &Path, context: &PodSecurityContext, spec: &PodSpec) {
    const SEGMENT: &str = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
    let mut seen = SortedSet::new();
    for (index, sysctl) in context.sysctls.iter().flatten().enumerate() {
        let path = path.index(index);
        let path = path.field("name");
        let name = sysctl.name.as_str();
        let fresh = seen.insert(name);
        if name.is_empty() {
            out.push(FieldError::required(path, ""));
        } else if !is_sysctl(name) {
            let detail = format!("must have at most 253 characters and match regex ^({SEGMENT}[\\./])*{SEGMENT}$");
            out.push(FieldError::invalid(path, name, detail));
        } else if !fresh {
            out.push(FieldError::duplicate(path, name));
        }
        let dotted = name.replace('/', ".");
        let of_ipc = dotted == "kernel.sem"
            || ["kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|prefix| dotted.starts_with(prefix));
        if spec.host_network == Some(true) && dotted.starts_with("net.") {
            out.push(FieldError::invalid(path, name, "may not be specified when 'hostNetwork' is true"));
        } else if spec.host_ipc == Some(true) && of_ipc {
            out.push(FieldError::invalid(path, name, "may not be specified when 'hostIPC' is true"));
        }
    }
}

fn is_sysctl(name: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_segment = |segment: &str| {
        let bytes = segment.as_bytes();
        is_end(bytes.first())
            && is_end(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(byte))
    };
    name.len() <= 253 && name.split(['.', '/']).all(is_segment)
}
