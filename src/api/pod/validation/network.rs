//! Ports on the host, host names and name resolution.

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde_json::json;

/// No two containers may want the same port of the host (`AccumulateUniqueHostPorts`).
pub fn unique_host_ports(out: &mut Errors, path: &Path, containers: &[Container]) {
    let mut taken = SortedSet::new();
    for (index, container) in containers.iter().enumerate() {
        let path = path.index(index);
        let path = path.field("ports");
        for (index, port) in container.ports.iter().flatten().enumerate() {
            let Some(number) = port.host_port.filter(|&number| number != 0) else { continue };
            let protocol = port.protocol.as_deref().unwrap_or_default();
            let place = format!("{protocol}/{}/{number}", port.host_ip.as_deref().unwrap_or_default());
            if taken.contains(&place) {
                let path = path.index(index);
                out.push(FieldError::duplicate(path.field("hostPort"), place));
            } else {
                taken.insert(place);
            }
        }
    }
}

/// On the host's network a port is the host's (`validatePodHostNetworkDeps`); `path` is that of the containers.
/// Templates may leave it out, for pods get it by default.
pub fn host_ports(out: &mut Errors, path: &Path, spec: &PodSpec, of_pod: bool) {
    if spec.host_network != Some(true) {
        return;
    }
    for (index, container) in spec.containers.iter().enumerate() {
        let path = path.index(index);
        let path = path.field("ports");
        for (index, port) in container.ports.iter().flatten().enumerate() {
            let number = port.host_port.unwrap_or(0);
            if (of_pod || number != 0) && number != port.container_port {
                let path = path.index(index);
                let detail = "must match `containerPort` when `hostNetwork` is true";
                out.push(FieldError::invalid(path.field("hostPort"), number, detail));
            }
        }
    }
}

/// Upstream: `validatePodDNSConfig`.
#[inline(never)]
pub fn dns_config(out: &mut Errors, path: &Path, spec: &PodSpec) {
    let config = spec.dns_config.as_ref();
    let servers = config.and_then(|config| config.nameservers.as_deref()).unwrap_or_default();
    if spec.dns_policy.as_deref() == Some("None") {
        if config.is_none() {
            out.push(FieldError::required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
            return;
        }
        if servers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            out.push(FieldError::required(path.field("nameservers"), detail));
            return;
        }
    }
    let Some(config) = config else { return };
    let list = path.field("nameservers");
    if servers.len() > 3 {
        out.push(FieldError::invalid(list, json!(servers), "must not have more than 3 nameservers"));
    }
    for (index, server) in servers.iter().enumerate() {
        check::ip(out, &list.index(index), server);
    }
    let searches = config.searches.as_deref().unwrap_or_default();
    let list = path.field("searches");
    if searches.len() > 32 {
        out.push(FieldError::invalid(list, json!(searches), "must not have more than 32 search paths"));
    }
    if searches.join(" ").len() > 2048 {
        let detail = "must not have more than 2048 characters (including spaces) in the search list";
        out.push(FieldError::invalid(list, json!(searches), detail));
    }
    for (index, search) in searches.iter().enumerate().filter(|(_, search)| *search != ".") {
        let search = search.strip_suffix('.').unwrap_or(search);
        // Underscores are as good as letters here, wherever they stand.
        let complaints = names::dns1123_subdomain(&search.replace('_', "a"));
        let underscored =
            complaints.into_iter().map(|text| text.replace("characters, '-' or", "characters, '-', '_' or"));
        check::complain(out, &list.index(index), search, underscored.collect());
    }
    let list = path.field("options");
    for (index, option) in config.options.iter().flatten().enumerate() {
        if option.name.as_deref().unwrap_or_default().is_empty() {
            out.push(FieldError::required(list.index(index), "must not be empty"));
        }
    }
}

/// Upstream: `ValidateHostAliases`.
#[inline(never)]
pub fn host_aliases(out: &mut Errors, path: &Path, spec: &PodSpec) {
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        let path = path.index(index);
        check::ip(out, &path.field("ip"), &alias.ip);
        let path = path.field("hostnames");
        for (index, name) in alias.hostnames.iter().flatten().enumerate() {
            check::complain(out, &path.index(index), name, names::dns1123_subdomain(name));
        }
    }
}

/// A pod with users of its own shares no other namespace with the host (`validateHostUsers`); `path` is the spec's.
#[inline(never)]
pub fn host_users(out: &mut Errors, path: &Path, spec: &PodSpec) {
    const DETAIL: &str = "when `hostUsers` is false";
    let shared = [("hostNetwork", spec.host_network), ("HostPID", spec.host_pid), ("HostIPC", spec.host_ipc)];
    for (field, _) in shared.into_iter().filter(|(_, flag)| *flag == Some(true)) {
        out.push(FieldError::forbidden(path.field(field), DETAIL));
    }
    let init = spec.init_containers.as_deref().unwrap_or_default();
    for (field, containers) in [("initContainers", init), ("containers", spec.containers.as_slice())] {
        let path = path.field(field);
        for (index, container) in containers.iter().enumerate() {
            if container.volume_devices.as_ref().is_some_and(|devices| !devices.is_empty()) {
                let path = path.index(index);
                out.push(FieldError::forbidden(path.field("volumeDevices"), DETAIL));
            }
        }
    }
}

/// Upstream: `validatePodHostName`.
#[inline(never)]
pub fn hostname_override(out: &mut Errors, path: &Path, spec: &PodSpec, name: &str) {
    if spec.set_hostname_as_fqdn == Some(true) {
        out.push(FieldError::forbidden(path, "may not be specified when setHostnameAsFQDN is true"));
    }
    if spec.host_network == Some(true) {
        out.push(FieldError::forbidden(path, "may not be specified when hostNetwork is true"));
    }
    if name.len() > 64 {
        out.push(FieldError::too_long(path, 64));
    }
    check::complain(out, path, name, names::dns1123_subdomain(name));
}
