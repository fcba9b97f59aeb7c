//! What only pods of one operating system may say, and Windows options.
//!
//! Upstream: `validateLinux`, `validateWindows`, `validateWindowsSecurityContextOptions`, `validateWindowsHostProcessPod`.

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use super::annotations::for_each_container;
use k8s_openapi::api::core::v1::{PodSpec, WindowsSecurityContextOptions};

/// Fields that the operating system does not know; `path` is that of the spec.
pub fn fields(out: &mut Errors, path: &Path, spec: &PodSpec, os: &str) {
    let mut refuse = |path: Path, fields: &[(&'static str, bool)], detail: &str| {
        let set = fields.iter().filter(|(_, is_set)| *is_set);
        out.extend(set.map(|(field, _)| FieldError::forbidden(path.field(field), detail)));
    };
    let detail = match os {
        "linux" => "windows options cannot be set for a linux pod",
        _ => "cannot be set for a windows pod",
    };
    let linux = os == "linux";
    if let Some(context) = &spec.security_context {
        if linux {
            refuse(path.field("securityContext"), &[("windowsOptions", context.windows_options.is_some())], detail);
        } else {
            let own = [
                ("securityContext.appArmorProfile", context.app_armor_profile.is_some()),
                ("securityContext.seLinuxOptions", context.se_linux_options.is_some()),
                ("hostUsers", spec.host_users.is_some()),
                ("hostPID", spec.host_pid == Some(true)),
                ("hostIPC", spec.host_ipc == Some(true)),
                ("securityContext.seccompProfile", context.seccomp_profile.is_some()),
                ("securityContext.fsGroup", context.fs_group.is_some()),
                ("securityContext.fsGroupChangePolicy", context.fs_group_change_policy.is_some()),
                ("securityContext.sysctls", context.sysctls.as_ref().is_some_and(|sysctls| !sysctls.is_empty())),
                ("shareProcessNamespace", spec.share_process_namespace.is_some()),
                ("securityContext.runAsUser", context.run_as_user.is_some()),
                ("securityContext.runAsGroup", context.run_as_group.is_some()),
                ("securityContext.supplementalGroups", context.supplemental_groups.is_some()),
                ("securityContext.supplementalGroupsPolicy", context.supplemental_groups_policy.is_some()),
                ("securityContext.seLinuxChangePolicy", context.se_linux_change_policy.is_some()),
            ];
            refuse(*path, &own, detail);
        }
    }
    for_each_container(path, spec, |path, container| {
        let Some(context) = &container.security_context else { return };
        let own = [
            ("appArmorProfile", context.app_armor_profile.is_some()),
            ("seLinuxOptions", context.se_linux_options.is_some()),
            ("seccompProfile", context.seccomp_profile.is_some()),
            ("capabilities", context.capabilities.is_some()),
            ("readOnlyRootFilesystem", context.read_only_root_filesystem.is_some()),
            ("privileged", context.privileged.is_some()),
            ("allowPrivilegeEscalation", context.allow_privilege_escalation.is_some()),
            ("procMount", context.proc_mount.is_some()),
            ("runAsUser", context.run_as_user.is_some()),
            ("runAsGroup", context.run_as_group.is_some()),
        ];
        let windows = [("windowsOptions", context.windows_options.is_some())];
        refuse(path.field("securityContext"), if linux { &windows } else { &own }, detail);
    });
}

/// Whether any container runs as a process of the host, so that [`host_processes`] has something to look at.
#[must_use]
pub fn mentions_host_processes(spec: &PodSpec) -> bool {
    let of_pod = spec.security_context.as_ref().and_then(|context| context.windows_options.as_ref());
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let of_containers =
        containers.filter_map(|container| container.security_context.as_ref()?.windows_options.as_ref());
    of_pod.into_iter().chain(of_containers).any(|options| options.host_process.is_some())
}

/// Either all containers are processes of the host, and then on its network, or none is.
pub fn host_processes(out: &mut Errors, path: &Path, spec: &PodSpec) {
    let of_pod = spec.security_context.as_ref().and_then(|context| context.windows_options.as_ref()?.host_process);
    let (mut all, mut of_host) = (0, 0);
    for_each_container(path, spec, |path, container| {
        all += 1;
        let own = container.security_context.as_ref();
        let own = own.and_then(|context| context.windows_options.as_ref()?.host_process);
        if let (Some(of_pod), Some(own)) = (of_pod, own)
            && of_pod != own
        {
            let detail = format!("pod hostProcess value must be identical if both are specified, was {of_pod}");
            let path = path.field("securityContext.windowsOptions.hostProcess");
            out.push(FieldError::invalid(path, own, detail));
        }
        of_host += usize::from(own.or(of_pod) == Some(true));
    });
    if of_host > 0 && of_host != all {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        out.push(FieldError::invalid(path, "", detail));
    }
    if of_host > 0 && spec.host_network != Some(true) {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        out.push(FieldError::invalid(path.field("hostNetwork"), false, detail));
    }
}

/// As whom processes run on Windows.
pub fn options(out: &mut Errors, path: &Path, options: &WindowsSecurityContextOptions) {
    if let Some(name) = options.gmsa_credential_spec_name.as_deref() {
        check::complain(out, &path.field("gmsaCredentialSpecName"), name, names::dns1123_subdomain(name));
    }
    if let Some(spec) = options.gmsa_credential_spec.as_deref() {
        let detail = match spec.len() {
            0 => "gmsaCredentialSpec cannot be an empty string",
            1..=0x1_0000 => "",
            _ => "gmsaCredentialSpec size must be under 64 KiB",
        };
        if !detail.is_empty() {
            out.push(FieldError::invalid(path.field("gmsaCredentialSpec"), spec, detail));
        }
    }
    if let Some(name) = options.run_as_user_name.as_deref() {
        let details = user_name(name).into_iter();
        out.extend(details.map(|detail| FieldError::invalid(path.field("runAsUserName"), name, detail)));
    }
}

/// `DOMAIN\USER`.
fn user_name(name: &str) -> Vec<&'static str> {
    if name.is_empty() {
        return vec!["runAsUserName cannot be an empty string"];
    }
    if name.chars().any(|letter| letter.is_ascii_control()) {
        return vec!["runAsUserName cannot contain control characters"];
    }
    let (domain, user) = match name.split('\\').collect::<Vec<_>>()[..] {
        [user] => (None, user),
        [domain, user] => (Some(domain), user),
        _ => return vec!["runAsUserName cannot contain more than one backslash"],
    };
    let said = [
        (
            domain.is_some_and(|domain| domain.len() >= 256),
            "runAsUserName's Domain length must be under 256 characters",
        ),
        (
            domain.is_some_and(|domain| !is_domain(domain)),
            "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
        ),
        (user.is_empty(), "runAsUserName's User cannot be empty"),
        (user.len() > 104, "runAsUserName's User length must not be longer than 104 characters"),
        (
            !user.is_empty() && user.chars().all(|letter| ". ".contains(letter)),
            "runAsUserName's User cannot contain only periods or spaces",
        ),
        (
            user.contains(|letter: char| "\"/\\:;|=,+*?<>@[]".contains(letter)),
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
        ),
    ];
    said.into_iter().filter(|(wrong, _)| *wrong).map(|(_, detail)| detail).collect()
}

fn is_domain(domain: &str) -> bool {
    let net_bios = (1..=15).contains(&domain.chars().count())
        && !domain.starts_with('.')
        && !domain.contains(|letter: char| "\\/:*?\"<>|".contains(letter));
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    net_bios || domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn spec(value: &Value) -> PodSpec {
        crate::api::json::decode_part(value).expect("a spec")
    }

    fn said(check: impl Fn(&mut Errors)) -> Vec<String> {
        let mut out = Vec::new();
        check(&mut out);
        out.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_system_has_its_own_fields() {
        let path = Path::new("spec");
        let spec =
            spec(&json!({"hostPID": true, "securityContext": {"fsGroup": 1, "windowsOptions": {}}, "containers": [
            {"name": "c", "securityContext": {"privileged": false, "windowsOptions": {}}}]}));
        assert_eq!(
            said(|out| fields(out, &path, &spec, "windows")),
            ["hostPID", "securityContext.fsGroup", "containers[0].securityContext.privileged"]
                .map(|field| format!("spec.{field}: Forbidden: cannot be set for a windows pod"))
        );
        assert_eq!(
            said(|out| fields(out, &path, &spec, "linux")),
            ["securityContext", "containers[0].securityContext"].map(|field| format!(
                "spec.{field}.windowsOptions: Forbidden: windows options cannot be set for a linux pod"
            ))
        );
    }

    #[test]
    fn processes_of_the_host_are_all_or_none() {
        let path = Path::new("spec");
        let spec =
            spec(&json!({"containers": [{"name": "a", "securityContext": {"windowsOptions": {"hostProcess": true}}},
            {"name": "b"}]}));
        assert!(mentions_host_processes(&spec));
        assert_eq!(
            said(|out| host_processes(out, &path, &spec)),
            [
                "spec: Invalid value: \"\": If pod contains any hostProcess containers then all containers must be HostProcess \
             containers",
                "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
            ]
        );
    }

    #[test]
    fn users_have_names() {
        for good in ["ContainerUser", "NT AUTHORITY\\SYSTEM", "a.example.com\\bob"] {
            assert_eq!(user_name(good), [""; 0], "{good}");
        }
        for (bad, count) in [("", 1), ("a\\b\\c", 1), ("a\\", 1), ("..", 1), ("x@y", 1), ("/\\a", 1)] {
            assert_eq!(user_name(bad).len(), count, "{bad}");
        }
    }
}
