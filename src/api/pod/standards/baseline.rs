//! The checks of `baseline`.

use super::{Look, Violation, named, plural, quoted, set, setters};
use crate::sim::Order;
use k8s_openapi::api::core::v1::{Container, SELinuxOptions, SecurityContext};

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Kernel parameters that are a pod's own, with the version since when that is minded.
const SYSCTLS: [(&str, u32); 12] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.tcp_wmem", 32),
];
const SELINUX_TYPES: [(&str, u32); 5] =
    [("", 0), ("container_t", 0), ("container_init_t", 0), ("container_kvm_t", 0), ("container_engine_t", 31)];

fn is_safe(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

pub(super) fn app_armor(look: &Look) -> Option<Violation> {
    let own = look.spec.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
    let own = own.map(|profile| profile.type_.as_str()).filter(|kind| !is_safe(kind));
    let profile =
        |context: &SecurityContext| context.app_armor_profile.as_ref().is_some_and(|profile| !is_safe(&profile.type_));
    let containers = look.those(&profile);
    let kinds = look.contexts().filter_map(|(_, context)| Some(context?.app_armor_profile.as_ref()?.type_.as_str()));
    let mut values: Vec<String> =
        set(own.into_iter().chain(kinds.filter(|kind| !is_safe(kind)))).into_iter().map(str::to_owned).collect();
    let mut who = setters(own.is_some(), &containers);
    let allowed = |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let annotations = look.metadata.annotations.iter().flatten();
    let bad: Vec<String> = annotations
        .filter(|(key, value)| key.starts_with(APP_ARMOR) && !allowed(value))
        .map(|(key, value)| format!("{key}=\"{value}\""))
        .collect();
    if !bad.is_empty() {
        let word = format!("annotation{}", plural(bad.len()));
        who = if who.is_empty() { word } else { format!("{who} and {word}") };
        values.extend(bad);
    }
    if who.is_empty() {
        return None;
    }
    let reason = format!("forbidden AppArmor profile{}", plural(values.len()));
    let values = quoted(values.iter().map(String::as_str));
    Some(Violation::new(&reason, format!("{who} must not set AppArmor profile type to {values}")))
}

pub(super) fn capabilities(look: &Look) -> Option<Violation> {
    let added = |context: &SecurityContext| -> Vec<String> {
        let added = context.capabilities.as_ref().and_then(|capabilities| capabilities.add.as_ref());
        added.into_iter().flatten().filter(|name| !CAPABILITIES.contains(&name.as_str())).cloned().collect()
    };
    let bad = look.those(&|context| !added(context).is_empty());
    let names: Vec<String> = look.contexts().filter_map(|(_, context)| context).flat_map(added).collect();
    let names = quoted(set(names.iter().map(String::as_str)));
    if bad.is_empty() {
        return None;
    }
    let who = named("container", &bad);
    let detail = format!("{who} must not include {names} in securityContext.capabilities.add");
    Some(Violation::new("non-default capabilities", detail))
}

pub(super) fn host_namespaces(look: &Look) -> Option<Violation> {
    let spec = look.spec;
    let of = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
    let used: Vec<String> =
        of.iter().filter(|(_, used)| *used == Some(true)).map(|(name, _)| format!("{name}=true")).collect();
    if used.is_empty() { None } else { Some(Violation::new("host namespaces", used.join(", "))) }
}

pub(super) fn host_path_volumes(look: &Look) -> Option<Violation> {
    let volumes = look.spec.volumes.iter().flatten();
    let bad: Vec<&str> =
        volumes.filter(|volume| volume.host_path.is_some()).map(|volume| volume.name.as_str()).collect();
    if bad.is_empty() { None } else { Some(Violation::new("hostPath volumes", named("volume", &bad))) }
}

pub(super) fn host_ports(look: &Look) -> Option<Violation> {
    let ports = |container: &Container| -> Vec<String> {
        let ports = container.ports.iter().flatten().filter_map(|port| port.host_port);
        ports.filter(|port| *port != 0).map(|port| port.to_string()).collect()
    };
    let bad: Vec<&Container> = look.containers().filter(|container| !ports(container).is_empty()).collect();
    let all: Vec<String> = bad.iter().copied().flat_map(ports).collect();
    let all = set(all.iter().map(String::as_str));
    uses(&bad, "hostPort", "hostPort", &all, &all.join(", "))
}

/// `containers "a", "b" use hostPorts 80, 81`.
fn uses(bad: &[&Container], reason: &str, word: &str, values: &[&str], shown: &str) -> Option<Violation> {
    if bad.is_empty() {
        return None;
    }
    let names: Vec<&str> = bad.iter().map(|container| container.name.as_str()).collect();
    let verb = if bad.len() == 1 { "uses" } else { "use" };
    let detail = format!("{} {verb} {word}{} {shown}", named("container", &names), plural(values.len()));
    Some(Violation::new(reason, detail))
}

pub(super) fn probe_hosts(look: &Look) -> Option<Violation> {
    let hosts = |container: &Container| -> Vec<String> {
        let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
        let probes = probes.into_iter().flatten().map(|probe| (probe.http_get.as_ref(), probe.tcp_socket.as_ref()));
        let lifecycle = container.lifecycle.as_ref();
        let handlers = lifecycle.map(|own| [own.post_start.as_ref(), own.pre_stop.as_ref()]);
        let handlers = handlers.into_iter().flatten().flatten();
        let handlers = handlers.map(|handler| (handler.http_get.as_ref(), handler.tcp_socket.as_ref()));
        let hosts = probes
            .chain(handlers)
            .flat_map(|(http, tcp)| [http.and_then(|http| http.host.clone()), tcp.and_then(|tcp| tcp.host.clone())]);
        hosts.flatten().filter(|host| !host.is_empty()).collect()
    };
    if look.minor < 34 {
        return None;
    }
    let mut bad: Vec<&Container> = look.containers().filter(|container| !hosts(container).is_empty()).collect();
    let all: Vec<String> = bad.iter().copied().flat_map(hosts).collect();
    let all = set(all.iter().map(String::as_str));
    bad.order_by(|a, b| a.name.cmp(&b.name));
    uses(&bad, "probe or lifecycle host", "probe or lifecycle host", &all, &quoted(all.iter().copied()))
}

pub(super) fn privileged(look: &Look) -> Option<Violation> {
    let bad = look.those(&|context| context.privileged == Some(true));
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set securityContext.privileged=true", named("container", &bad));
    Some(Violation::new("privileged", detail))
}

pub(super) fn proc_mount(look: &Look) -> Option<Violation> {
    let bad = look.those(&|context| context.proc_mount.as_ref().is_some_and(|mount| mount != "Default"));
    if bad.is_empty() || look.has_own_users() {
        return None;
    }
    let kinds = look.contexts().filter_map(|(_, context)| context?.proc_mount.as_deref());
    let kinds = quoted(set(kinds.filter(|kind| *kind != "Default")));
    let detail = format!("{} must not set securityContext.procMount to {kinds}", named("container", &bad));
    Some(Violation::new("procMount", detail))
}

pub(super) fn selinux(look: &Look) -> Option<Violation> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let wrong = |options: &SELinuxOptions| {
        let kind = text(&options.type_);
        !SELINUX_TYPES.iter().any(|(known, since)| *known == kind && look.minor >= *since)
    };
    let set_by =
        |options: &SELinuxOptions| wrong(options) || !text(&options.user).is_empty() || !text(&options.role).is_empty();
    let own = look.spec.security_context.as_ref().and_then(|context| context.se_linux_options.as_ref());
    let own = own.filter(|options| set_by(options));
    let containers = look.those(&|context| context.se_linux_options.as_ref().is_some_and(set_by));
    let who = setters(own.is_some(), &containers);
    if who.is_empty() {
        return None;
    }
    let all: Vec<&SELinuxOptions> =
        own.into_iter().chain(look.contexts().filter_map(|(_, context)| context?.se_linux_options.as_ref())).collect();
    let kinds: Vec<String> = all.iter().filter(|options| wrong(options)).map(|options| text(&options.type_)).collect();
    let kinds = set(kinds.iter().map(String::as_str));
    let mut data: Vec<String> = Vec::new();
    if !kinds.is_empty() {
        data.push(named("type", &kinds));
    }
    if all.iter().any(|options| !text(&options.user).is_empty()) {
        data.push("user may not be set".to_owned());
    }
    if all.iter().any(|options| !text(&options.role).is_empty()) {
        data.push("role may not be set".to_owned());
    }
    let detail = format!("{who} set forbidden securityContext.seLinuxOptions: {}", data.join("; "));
    Some(Violation::new("seLinuxOptions", detail))
}

/// Whoever sets a profile that is not safe.
pub(super) fn seccomp(look: &Look) -> Option<Violation> {
    let own = look.spec.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    let own = own.map(|profile| profile.type_.as_str()).filter(|kind| !is_safe(kind));
    let containers =
        look.those(&|context| context.seccomp_profile.as_ref().is_some_and(|profile| !is_safe(&profile.type_)));
    let who = setters(own.is_some(), &containers);
    if who.is_empty() {
        return None;
    }
    let kinds = look.contexts().filter_map(|(_, context)| Some(context?.seccomp_profile.as_ref()?.type_.as_str()));
    let kinds = quoted(set(own.into_iter().chain(kinds.filter(|kind| !is_safe(kind)))));
    Some(Violation::new("seccompProfile", format!("{who} must not set securityContext.seccompProfile.type to {kinds}")))
}

pub(super) fn sysctls(look: &Look) -> Option<Violation> {
    let context = look.spec.security_context.as_ref();
    let all = context.and_then(|context| context.sysctls.as_ref()).into_iter().flatten();
    let safe = |name: &str| SYSCTLS.iter().any(|(known, since)| *known == name && look.minor >= *since);
    let bad: Vec<&str> = all.map(|sysctl| sysctl.name.as_str()).filter(|name| !safe(name)).collect();
    if bad.is_empty() { None } else { Some(Violation::new("forbidden sysctls", bad.join(", "))) }
}

pub(super) fn windows_host_process(look: &Look) -> Option<Violation> {
    let context = look.spec.security_context.as_ref();
    let own = context.and_then(|context| context.windows_options.as_ref()?.host_process) == Some(true);
    let bad = look
        .those(&|context| context.windows_options.as_ref().is_some_and(|options| options.host_process == Some(true)));
    let who = setters(own, &bad);
    if who.is_empty() {
        return None;
    }
    Some(Violation::new("hostProcess", format!("{who} must not set securityContext.windowsOptions.hostProcess=true")))
}
