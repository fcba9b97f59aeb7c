//! What an update of a Service may change, and what it need not say again.

use super::{has_node_ports, is_external, is_headless, is_type, needs_health_port};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{LoadBalancerIngress, Service, ServicePort, ServiceSpec};
use serde_json::json;

const SPEC: Path = Path::new("spec");
const ONCE: &str = "may not change once set";

/// What an update may not change (`ValidateServiceUpdate` before `validateService`).
pub fn refuse(out: &mut Errors, new: &Service, old: &Service) {
    let none = ServiceSpec::default();
    let (after, before) = (new.spec.as_ref().unwrap_or(&none), old.spec.as_ref().unwrap_or(&none));
    if !is_type(after, "ExternalName") && !is_type(before, "ExternalName") {
        ips_stay(out, after, before);
    }
    let both = |test: fn(&ServiceSpec) -> bool| test(after) && test(before);
    if both(|spec| is_type(spec, "LoadBalancer")) && after.load_balancer_class != before.load_balancer_class {
        let class = json!(after.load_balancer_class);
        out.push(FieldError::invalid(SPEC.field("loadBalancerClass"), class, ONCE));
    }
    if both(needs_health_port) && after.health_check_node_port != before.health_check_node_port {
        out.push(FieldError::forbidden(SPEC.field("healthCheckNodePort"), "field is immutable"));
    }
    if new.status != old.status {
        let ingress = new.status.as_ref().and_then(|status| status.load_balancer.as_ref()?.ingress.as_deref());
        balancer_status(out, after, ingress.unwrap_or_default());
    }
}

/// Upstream: `validateUpgradeDowngradeClusterIPs`, `validateUpgradeDowngradeIPFamilies`.
fn ips_stay(out: &mut Errors, after: &ServiceSpec, before: &ServiceSpec) {
    let path = SPEC.field("clusterIPs");
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let (new, old) = (list(&after.cluster_ips), list(&before.cluster_ips));
    if !(is_headless(after) && is_headless(before)) {
        if old.len() == new.len() {
            for (index, _) in old.iter().zip(&new).enumerate().filter(|(_, (old, new))| old != new) {
                out.push(FieldError::invalid(path.index(index), json!(new), ONCE));
            }
        } else if new.is_empty() {
            out.push(FieldError::invalid(path.index(0), json!(new), "primary clusterIP can not be unset"));
        } else if old.first().is_some_and(|first| *first != new[0]) {
            out.push(FieldError::invalid(path.index(0), json!(new), ONCE));
        }
    }
    if is_headless(after) || is_headless(before) {
        return;
    }
    let (new, old) = (list(&after.ip_families), list(&before.ip_families));
    let changed = old.iter().zip(&new).filter(|(old, new)| old != new).count();
    for _ in 0..changed {
        out.push(FieldError::invalid(SPEC.field("ipFamilies").index(0), json!(new), ONCE));
    }
}

/// Upstream: `ValidateLoadBalancerStatus`.
fn balancer_status(out: &mut Errors, spec: &ServiceSpec, points: &[LoadBalancerIngress]) {
    let list = Path::new("status.loadBalancer.ingress");
    if !is_type(spec, "LoadBalancer") && !points.is_empty() {
        out.push(FieldError::forbidden(list, "may only be used when `spec.type` is \"LoadBalancer\""));
        return;
    }
    for (index, point) in points.iter().enumerate() {
        let path = list.index(index);
        let mode = path.field("ipMode");
        match (point.ip.as_deref().filter(|ip| !ip.is_empty()), point.ip_mode.as_deref()) {
            (Some(_), None) => out.push(FieldError::required(mode, "must be specified when `ip` is set")),
            (None, Some(_)) => out.push(FieldError::forbidden(mode, "may not be specified when `ip` is not set")),
            (Some(ip), Some(found)) => {
                check::ip(out, &path.field("ip"), ip);
                if !["Proxy", "VIP"].contains(&found) {
                    out.push(FieldError::not_supported(mode, found, &["Proxy", "VIP"]));
                }
            }
            (None, None) => {}
        }
        if let Some(name) = point.hostname.as_deref().filter(|name| !name.is_empty()) {
            check::complain(out, &path.field("hostname"), name, names::dns1123_subdomain(name));
            if check::parse_ip(name).is_some() {
                let detail = "must be a DNS name, not an IP address";
                out.push(FieldError::invalid(path.field("hostname"), name, detail));
            }
        }
    }
}

/// What the server had given stays where the new Service says nothing of it (`patchAllocatedValues`,
/// `normalizeClusterIPs`), and what belongs to another type goes with it (`dropTypeDependentFields`).
pub fn keep(spec: &mut ServiceSpec, before: &ServiceSpec) {
    let has_ip = |spec: &ServiceSpec| !is_type(spec, "ExternalName");
    if has_ip(spec) && has_ip(before) {
        keep_ips(spec, before);
    } else if has_ip(before) {
        if spec.cluster_ip == before.cluster_ip && spec.cluster_ips == before.cluster_ips {
            (spec.cluster_ip, spec.cluster_ips) = (None, None);
        }
        spec.ip_families.take_if(|families| Some(&*families) == before.ip_families.as_ref());
        spec.ip_family_policy.take_if(|policy| Some(&*policy) == before.ip_family_policy.as_ref());
    }
    keep_node_ports(spec, before);
    let needs = [needs_health_port(before), needs_health_port(spec)];
    match needs {
        [true, true] if spec.health_check_node_port.unwrap_or(0) == 0 => {
            spec.health_check_node_port = before.health_check_node_port;
        }
        [true, false] if spec.health_check_node_port == before.health_check_node_port => {
            spec.health_check_node_port = None;
        }
        _ => {}
    }
    if is_type(before, "LoadBalancer") && !is_type(spec, "LoadBalancer") {
        let had = before.allocate_load_balancer_node_ports;
        spec.allocate_load_balancer_node_ports.take_if(|automatic| Some(*automatic) == had);
        spec.load_balancer_class.take_if(|class| Some(&*class) == before.load_balancer_class.as_ref());
    }
    if is_external(before) && !is_external(spec) {
        spec.external_traffic_policy.take_if(|policy| Some(&*policy) == before.external_traffic_policy.as_ref());
    }
}

fn keep_ips(spec: &mut ServiceSpec, before: &ServiceSpec) {
    let text = |ip: &Option<String>| ip.clone().unwrap_or_default();
    let (ip, had) = (text(&spec.cluster_ip), text(&before.cluster_ip));
    if ip.is_empty() {
        spec.cluster_ip.clone_from(&before.cluster_ip);
    }
    if spec.cluster_ips.as_ref().is_none_or(Vec::is_empty) && (ip.is_empty() || ip == had) {
        spec.cluster_ips.clone_from(&before.cluster_ips);
    } else if ip != had && !ip.is_empty() && spec.cluster_ips == before.cluster_ips {
        spec.cluster_ips = Some(vec![ip]);
    }
    if spec.ip_family_policy.is_none() {
        spec.ip_family_policy.clone_from(&before.ip_family_policy);
    }
    if spec.ip_families.is_none() {
        spec.ip_families.clone_from(&before.ip_families);
    }
}

fn keep_node_ports(spec: &mut ServiceSpec, before: &ServiceSpec) {
    let used = |spec: &ServiceSpec| -> SortedSet<i32> {
        spec.ports.iter().flatten().filter_map(|port| port.node_port.filter(|port| *port != 0)).collect()
    };
    let (had, has) = (used(before), used(spec));
    let mut taken: SortedSet<i32> = has.iter().filter(|port| had.contains(port)).copied().collect();
    match [has_node_ports(before), has_node_ports(spec)] {
        [true, true] => {
            // Ports are known by their names: whatever else of them has changed.
            for port in spec.ports.iter_mut().flatten().filter(|port| port.node_port.unwrap_or(0) == 0) {
                let same = |old: &&ServicePort| old.name == port.name;
                let kept = before.ports.iter().flatten().rfind(same).and_then(|old| old.node_port).unwrap_or(0);
                if kept != 0 && taken.insert(kept) {
                    port.node_port = Some(kept);
                }
            }
        }
        [true, false] if has.iter().all(|port| had.contains(port)) => {
            spec.ports.iter_mut().flatten().for_each(|port| port.node_port = None);
        }
        _ => {}
    }
}
