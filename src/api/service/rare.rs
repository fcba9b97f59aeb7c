//! What only some Services have: a plain one is checked by the parent alone.

use super::{AFFINITY_SECONDS_MAX, is_headless, is_type};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use serde_json::json;
use std::net::IpAddr;

const SPEC: Path = Path::new("spec");
const BALANCER_ONLY: &str = "may only be used when `type` is 'LoadBalancer'";
/// The annotation with the ranges that a load balancer lets in; the field has replaced it.
const RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
pub(super) const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
pub(super) const MODE: &str = "service.kubernetes.io/topology-mode";

/// A Service outside of the cluster's network.
pub fn external_name(out: &mut Errors, spec: &ServiceSpec) {
    let text = "may not be set for ExternalName services";
    let has_ip = spec.cluster_ip.as_deref().is_some_and(|ip| !ip.is_empty());
    let given = [
        ("clusterIPs", has_ip || spec.cluster_ips.as_ref().is_some_and(|ips| !ips.is_empty())),
        ("ipFamilies", spec.ip_families.as_ref().is_some_and(|families| !families.is_empty())),
        ("ipFamilyPolicy", spec.ip_family_policy.is_some()),
    ];
    for (field, _) in given.into_iter().filter(|(_, given)| *given) {
        out.push(FieldError::forbidden(SPEC.field(field), text));
    }
    let name = spec.external_name.as_deref().unwrap_or_default();
    let name = name.strip_suffix('.').unwrap_or(name);
    let path = SPEC.field("externalName");
    if name.is_empty() {
        out.push(FieldError::required(path, ""));
    } else {
        check::complain(out, &path, name, names::dns1123_subdomain(name));
    }
}

/// Upstream: `validateClientIPAffinityConfig`.
pub fn client_affinity(out: &mut Errors, spec: &ServiceSpec) {
    let config = spec.session_affinity_config.as_ref();
    let seconds = config.and_then(|config| config.client_ip.as_ref()?.timeout_seconds);
    if let Some(seconds) = seconds.filter(|seconds| !(1..=AFFINITY_SECONDS_MAX).contains(seconds)) {
        let detail = format!("must be greater than 0 and less than {AFFINITY_SECONDS_MAX}");
        out.push(FieldError::invalid(SPEC.field("sessionAffinityConfig.clientIP.timeoutSeconds"), seconds, detail));
    }
}

/// Whether [`cluster_ips`] has nothing to say.
#[must_use]
pub fn has_plain_ips(spec: &ServiceSpec) -> bool {
    let ip = spec.cluster_ip.as_deref().unwrap_or_default();
    let ips = spec.cluster_ips.as_deref().unwrap_or_default();
    let families = spec.ip_families.as_deref().unwrap_or_default();
    let known = |family: &String| family == "IPv4" || family == "IPv6";
    ips.len() == usize::from(!ip.is_empty())
        && ips
            .first()
            .is_none_or(|first| first == ip && (ip == "None" || ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4())))
        && families.iter().all(known)
        && (families.len() < 2 || families[0] != families[1])
        && (is_headless(spec) || families.len() < 2)
        && families.first().is_none_or(|first| first == "IPv4" || is_headless(spec))
        && spec.ip_family_policy.as_deref().is_none_or(|policy| POLICIES.contains(&policy))
}

const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];

/// Addresses and their families (`ValidateServiceClusterIPsRelatedFields`).
#[must_use]
pub fn cluster_ips(spec: &ServiceSpec) -> Errors {
    let mut out = Vec::new();
    let ip = spec.cluster_ip.as_deref().unwrap_or_default();
    let ips = spec.cluster_ips.as_deref().unwrap_or_default();
    let path = SPEC.field("clusterIPs");
    let wrong = |detail: &str| FieldError::invalid(path, json!(ips), detail);
    match ips.first() {
        None if !ip.is_empty() => out.push(FieldError::required(path, "")),
        Some(_) if ip.is_empty() => out.push(wrong("must be empty when `clusterIP` is not specified")),
        Some(first) if first != ip => out.push(wrong("first value must match `clusterIP`")),
        _ => {}
    }
    let families = spec.ip_families.as_deref().unwrap_or_default();
    let list = SPEC.field("ipFamilies");
    for (index, family) in families.iter().enumerate() {
        if !["IPv4", "IPv6"].contains(&family.as_str()) {
            out.push(FieldError::not_supported(list.index(index), family.as_str(), &["IPv4", "IPv6"]));
        }
        if families[..index].contains(family) {
            out.push(FieldError::duplicate(list.index(index), family.as_str()));
        }
    }
    if let Some(policy) = spec.ip_family_policy.as_deref().filter(|policy| !POLICIES.contains(policy)) {
        out.push(FieldError::not_supported(SPEC.field("ipFamilyPolicy"), policy, &POLICIES));
    }
    let mut bad = false;
    for (index, ip) in ips.iter().enumerate() {
        if index == 0 && ip == "None" {
            if ips.len() > 1 {
                bad = true;
                out.push(wrong("'None' must be the first and only value"));
            }
            continue;
        }
        bad |= check::parse_ip(ip).is_none();
        check::ip(&mut out, &path.index(index), ip);
    }
    if ips.len() > 2 {
        out.push(wrong("may only hold up to 2 values"));
    }
    if bad {
        return out;
    }
    let of_six: Vec<bool> = ips.iter().map(|ip| check::parse_ip(ip).is_some_and(|ip| ip.is_ipv6())).collect();
    if ips.len() > 1 && (of_six.iter().all(|six| *six) || !of_six.contains(&true)) {
        out.push(wrong("may specify no more than one IP for each IP family"));
    }
    if !is_headless(spec) {
        for (index, (ip, family)) in ips.iter().zip(families).enumerate() {
            if (family == "IPv6") != of_six[index] && (family == "IPv4" || family == "IPv6") {
                let detail = format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
                out.push(FieldError::invalid(path.index(index), ip.as_str(), detail));
            }
        }
    }
    out
}

/// Addresses that the cluster does not give (`ValidateEndpointIP`).
pub fn external_ips(out: &mut Errors, spec: &ServiceSpec) {
    let list = SPEC.field("externalIPs");
    for (index, ip) in spec.external_ips.iter().flatten().enumerate() {
        let path = list.index(index);
        if check::parse_ip(ip).is_none() {
            check::ip(out, &path, ip);
        } else {
            endpoint_ip(out, &path, ip);
        }
    }
}

/// An address that something outside of this machine can be reached at (`ValidateEndpointIP`).
pub fn endpoint_ip(out: &mut Errors, path: &Path, text: &str) {
    let Some(ip) = check::parse_ip(text) else {
        out.push(FieldError::invalid(path, text, "must be a valid IP address"));
        return;
    };
    let ip = ip.to_canonical();
    let (link, group) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(ip) => (ip.is_unicast_link_local(), ip.segments()[0] & 0xff0f == 0xff02),
    };
    let wrong = [
        (ip.is_unspecified(), format!("may not be unspecified ({text})")),
        (ip.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()),
        (link, "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()),
        (group, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()),
    ];
    out.extend(wrong.into_iter().filter(|(is, _)| *is).map(|(_, detail)| FieldError::invalid(path, text, detail)));
}

/// No node port twice.
pub fn node_ports(out: &mut Errors, ports: &[ServicePort]) {
    let mut seen = SortedSet::new();
    let list = SPEC.field("ports");
    for (index, port) in ports.iter().enumerate() {
        let number = port.node_port.unwrap_or(0);
        if number != 0 && !seen.insert((port.protocol.as_deref().unwrap_or_default(), number)) {
            out.push(FieldError::duplicate(list.index(index).field("nodePort"), number));
        }
    }
}

/// What belongs to load balancers: whom they let in, how they are made, how they tell who is well.
pub fn balancer(out: &mut Errors, service: &Service, spec: &ServiceSpec) {
    let is_balancer = is_type(spec, "LoadBalancer");
    let ranges = spec.load_balancer_source_ranges.as_deref().unwrap_or_default();
    let path = SPEC.field("LoadBalancerSourceRanges");
    if !ranges.is_empty() && !is_balancer {
        out.push(FieldError::forbidden(path, BALANCER_ONLY));
    }
    for (index, range) in ranges.iter().enumerate() {
        check::cidr(out, &path.index(index), range.trim());
    }
    let annotations = service.metadata.annotations.as_ref();
    if let Some(ranges_annotated) = annotations.and_then(|map| map.get(RANGES)).filter(|_| ranges.is_empty()) {
        let path = Path::new("metadata.annotations");
        let path = path.key(RANGES);
        if !is_balancer {
            out.push(FieldError::forbidden(path, BALANCER_ONLY));
        }
        for range in ranges_annotated.trim().split(',').filter(|_| !ranges_annotated.trim().is_empty()) {
            check::cidr(out, &path, range.trim());
        }
    }
    if spec.allocate_load_balancer_node_ports.is_some() && !is_balancer {
        out.push(FieldError::forbidden(SPEC.field("allocateLoadBalancerNodePorts"), BALANCER_ONLY));
    }
    if let Some(class) = spec.load_balancer_class.as_deref() {
        let path = SPEC.field("loadBalancerClass");
        if is_balancer {
            check::complain(out, &path, class, names::qualified_name(class));
        } else {
            out.push(FieldError::forbidden(path, BALANCER_ONLY));
        }
    }
}

/// The port at which a load balancer asks whether a node has endpoints.
pub fn health_port(out: &mut Errors, spec: &ServiceSpec) {
    let path = SPEC.field("healthCheckNodePort");
    let port = spec.health_check_node_port.unwrap_or(0);
    if !super::needs_health_port(spec) {
        let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        out.extend((port != 0).then(|| FieldError::invalid(path, port, detail)));
    } else if port == 0 {
        out.push(FieldError::required(path, ""));
    } else {
        let complaints = names::port_number(i64::from(port)).into_iter();
        out.extend(complaints.map(|complaint| FieldError::invalid(path, port, complaint)));
    }
}

/// Upstream: `validateServiceTrafficDistribution`.
pub fn distribution(out: &mut Errors, spec: &ServiceSpec) {
    let known = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    if let Some(wish) = spec.traffic_distribution.as_deref().filter(|wish| !known.contains(wish)) {
        out.push(FieldError::not_supported(SPEC.field("trafficDistribution"), wish, &known));
    }
}

/// Two annotations that mean the same.
pub fn annotations(out: &mut Errors, service: &Service) {
    let get = |name: &str| service.metadata.annotations.as_ref()?.get(name);
    if let (Some(hints), Some(mode)) = (get(HINTS), get(MODE))
        && hints != mode
    {
        let path = Path::new("metadata.annotations");
        let detail = format!("must match annotations[{HINTS}] when both are specified");
        out.push(FieldError::invalid(path.key(MODE), mode.as_str(), detail));
    }
}
