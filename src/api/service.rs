//! What a Service must be: defaults and validation. The allocation of cluster IPs and node ports is the server's.
//!
//! Upstream: `pkg/apis/core/v1/defaults.go` (`SetDefaults_Service`), `pkg/apis/core/validation/validation.go`
//! (`ValidateService`, `ValidateServiceUpdate`), `pkg/registry/core/service/strategy.go`.
//!
//! Left out: dual stack (the cluster has IPv4 only) and topology hints.

use super::names;
use super::object::Object;
use super::status::FieldError;
use k8s_openapi::api::core::v1::{
    ClientIPConfig, LoadBalancerStatus, Service, ServicePort, ServiceSpec, ServiceStatus, SessionAffinityConfig,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::net::{IpAddr, Ipv4Addr};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
/// How long a client sticks to its endpoint if nothing is said (upstream: `DefaultClientIPServiceAffinitySeconds`).
const AFFINITY_SECONDS: i32 = 10_800;
/// The most that may be said (upstream: `MaxClientIPServiceAffinitySeconds`).
const AFFINITY_SECONDS_MAX: i32 = 86_400;

fn spec_of(object: &Object) -> Option<&ServiceSpec> {
    object.get::<Service>()?.spec.as_ref()
}

fn is_type(spec: &ServiceSpec, name: &str) -> bool {
    spec.type_.as_deref() == Some(name)
}

fn is_external(spec: &ServiceSpec) -> bool {
    is_type(spec, "NodePort") || is_type(spec, "LoadBalancer") || !spec.external_ips.iter().flatten().count().eq(&0)
}

/// Fills in what was not said.
pub fn default(object: &mut Object) {
    let Some(service) = object.get_mut::<Service>() else { return };
    let spec = service.spec.get_or_insert_default();
    let affinity = spec.session_affinity.get_or_insert_with(|| "None".to_owned());
    if affinity == "ClientIP" {
        let config = spec.session_affinity_config.get_or_insert_with(SessionAffinityConfig::default);
        let client = config.client_ip.get_or_insert_with(ClientIPConfig::default);
        client.timeout_seconds.get_or_insert(AFFINITY_SECONDS);
    } else if affinity == "None" {
        spec.session_affinity_config = None;
    }
    spec.type_.get_or_insert_with(|| "ClusterIP".to_owned());
    for port in spec.ports.iter_mut().flatten() {
        default_port(port);
    }
    if is_external(spec) {
        spec.external_traffic_policy.get_or_insert_with(|| "Cluster".to_owned());
    }
    if !is_type(spec, "ExternalName") {
        spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".to_owned());
    }
    if is_type(spec, "LoadBalancer") {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
    }
}

fn default_port(port: &mut ServicePort) {
    port.protocol.get_or_insert_with(|| "TCP".to_owned());
    let unset = match &port.target_port {
        None | Some(IntOrString::Int(0)) => true,
        Some(IntOrString::String(name)) => name.is_empty(),
        Some(IntOrString::Int(_)) => false,
    };
    if unset {
        port.target_port = Some(IntOrString::Int(port.port));
    }
}

/// A new Service has an empty status.
pub fn reset_status(object: &mut Object) {
    if let Some(service) = object.get_mut::<Service>() {
        let load_balancer = Some(LoadBalancerStatus::default());
        service.status = Some(ServiceStatus { conditions: None, load_balancer });
    }
}

/// An update of a Service does not touch its status: new, old.
pub fn keep_status(new: &mut Object, old: &Object) {
    if let (Some(new), Some(old)) = (new.get_mut::<Service>(), old.get::<Service>()) {
        new.status.clone_from(&old.status);
    }
}

/// An update of a Service's status touches nothing else: new, old.
pub fn keep_spec(new: &mut Object, old: &Object) {
    if let (Some(new), Some(old)) = (new.get_mut::<Service>(), old.get::<Service>()) {
        new.spec.clone_from(&old.spec);
    }
}

/// All errors of a Service.
#[must_use]
pub fn validate(object: &Object) -> Vec<FieldError> {
    let Some(spec) = spec_of(object) else { return Vec::new() };
    let mut errors = Vec::new();
    by_type(spec, &mut errors);
    ports(spec, &mut errors);
    for (key, value) in spec.selector.iter().flatten() {
        let texts = names::qualified_name(key);
        errors.extend(texts.into_iter().map(|text| FieldError::invalid("spec.selector", key.as_str(), text)));
        let texts = names::label_value(value);
        errors.extend(texts.into_iter().map(|text| FieldError::invalid("spec.selector", value.as_str(), text)));
    }
    affinity(spec, &mut errors);
    cluster_ips(spec, &mut errors);
    addresses(spec, &mut errors);
    policies(spec, &mut errors);
    errors
}

fn by_type(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let kind = spec.type_.as_deref().unwrap_or_default();
    match kind {
        "" => errors.push(FieldError::required("spec.type", "")),
        kind if !TYPES.contains(&kind) => errors.push(FieldError::not_supported("spec.type", kind, &TYPES)),
        _ => {}
    }
    let headless = spec.cluster_ip.as_deref() == Some("None");
    if headless && matches!(kind, "NodePort" | "LoadBalancer") {
        let text = format!("may not be set to 'None' for {kind} services");
        errors.push(FieldError::invalid("spec.clusterIPs[0]", "None", text));
    }
    if kind == "ExternalName" {
        let name = spec.external_name.as_deref().unwrap_or_default();
        if spec.cluster_ip.as_deref().is_some_and(|ip| !ip.is_empty()) {
            errors.push(FieldError::forbidden("spec.clusterIPs", "may not be set for ExternalName services"));
        }
        let host = name.trim_end_matches('.');
        if host.is_empty() {
            errors.push(FieldError::required("spec.externalName", ""));
        } else {
            let texts = names::dns1123_subdomain(host);
            errors.extend(texts.into_iter().map(|text| FieldError::invalid("spec.externalName", host, text)));
        }
    }
}

fn ports(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let headless = spec.cluster_ip.as_deref() == Some("None");
    if ports.is_empty() && !headless && !is_type(spec, "ExternalName") {
        errors.push(FieldError::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        one_port(&path, port, ports.len() > 1, errors);
        let earlier = &ports[..index];
        let name = port.name.as_deref().unwrap_or_default();
        if !name.is_empty() && earlier.iter().any(|other| other.name.as_deref() == Some(name)) {
            errors.push(FieldError::duplicate(format!("{path}.name"), name));
        }
        let node_port = port.node_port.unwrap_or(0);
        if is_type(spec, "ClusterIP") && node_port != 0 {
            let text = "may not be used when `type` is 'ClusterIP'";
            errors.push(FieldError::forbidden(format!("{path}.nodePort"), text));
        }
        if earlier.iter().any(|other| other.protocol == port.protocol && other.port == port.port) {
            let value = serde_json::json!({"protocol": port.protocol, "port": port.port});
            let shown = format!("{{\"protocol\":{},\"port\":{}}}", value["protocol"], value["port"]);
            let fault = super::status::Fault::Duplicate(shown);
            errors.push(FieldError { field: path, fault, detail: String::new() });
        }
    }
}

fn one_port(path: &str, port: &ServicePort, named: bool, errors: &mut Vec<FieldError>) {
    let name = port.name.as_deref().unwrap_or_default();
    if name.is_empty() {
        if named {
            errors.push(FieldError::required(format!("{path}.name"), ""));
        }
    } else {
        let texts = names::dns1123_label(name);
        errors.extend(texts.into_iter().map(|text| FieldError::invalid(format!("{path}.name"), name, text)));
    }
    let texts = names::port_number(i64::from(port.port));
    errors.extend(texts.into_iter().map(|text| FieldError::invalid(format!("{path}.port"), port.port, text)));
    let protocol = port.protocol.as_deref().unwrap_or_default();
    if protocol.is_empty() {
        errors.push(FieldError::required(format!("{path}.protocol"), ""));
    } else if !PROTOCOLS.contains(&protocol) {
        errors.push(FieldError::not_supported(format!("{path}.protocol"), protocol, &PROTOCOLS));
    }
    let target = format!("{path}.targetPort");
    match &port.target_port {
        Some(IntOrString::Int(number)) => {
            let texts = names::port_number(i64::from(*number));
            errors.extend(texts.into_iter().map(|text| FieldError::invalid(target.clone(), *number, text)));
        }
        Some(IntOrString::String(name)) => {
            let texts = names::port_name(name);
            errors.extend(texts.into_iter().map(|text| FieldError::invalid(target.clone(), name.as_str(), text)));
        }
        None => {}
    }
}

fn affinity(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let affinity = spec.session_affinity.as_deref().unwrap_or_default();
    if affinity.is_empty() {
        errors.push(FieldError::required("spec.sessionAffinity", ""));
    } else if !["ClientIP", "None"].contains(&affinity) {
        errors.push(FieldError::not_supported("spec.sessionAffinity", affinity, &["ClientIP", "None"]));
    }
    let seconds = spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref()?.timeout_seconds);
    if let Some(seconds) = seconds.filter(|seconds| !(1..=AFFINITY_SECONDS_MAX).contains(seconds)) {
        let path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
        let text = format!("must be greater than 0 and less than {AFFINITY_SECONDS_MAX}");
        errors.push(FieldError::invalid(path, seconds, text));
    }
}

fn cluster_ips(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let ip = spec.cluster_ip.as_deref().unwrap_or_default();
    if !ip.is_empty() && ip != "None" {
        errors.extend(bad_ip("spec.clusterIPs[0]", ip));
    }
    for (index, family) in spec.ip_families.iter().flatten().enumerate() {
        let path = format!("spec.ipFamilies[{index}]");
        match family.as_str() {
            "IPv4" => {}
            "IPv6" => errors.push(FieldError::invalid(path, "IPv6", "not configured on this cluster")),
            other => errors.push(FieldError::not_supported(path, other, &["IPv4", "IPv6"])),
        }
    }
    if spec.ip_family_policy.as_deref() == Some("RequireDualStack") {
        let text = "this cluster is not configured for dual-stack services";
        errors.push(FieldError::invalid("spec.ipFamilyPolicy", "RequireDualStack", text));
    }
}

fn bad_ip(path: &str, ip: &str) -> Option<FieldError> {
    let text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    ip.parse::<IpAddr>().is_err().then(|| FieldError::invalid(path, ip, text))
}

fn addresses(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    for (index, ip) in spec.external_ips.iter().flatten().enumerate() {
        let path = format!("spec.externalIPs[{index}]");
        if let Some(error) = bad_ip(&path, ip) {
            errors.push(error);
        } else if ip.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_unspecified()) {
            errors.push(FieldError::invalid(path, ip.as_str(), format!("may not be unspecified ({ip})")));
        } else if ip.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()) {
            errors.push(FieldError::invalid(
                path,
                ip.as_str(),
                "may not be in the loopback range (127.0.0.0/8, ::1/128)",
            ));
        }
    }
    for (index, range) in spec.load_balancer_source_ranges.iter().flatten().enumerate() {
        if !is_cidr(range.trim()) {
            let text = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
            let path = format!("spec.LoadBalancerSourceRanges[{index}]");
            errors.push(FieldError::invalid(path, range.as_str(), text));
        }
    }
    if spec.load_balancer_source_ranges.as_ref().is_some_and(|ranges| !ranges.is_empty())
        && !is_type(spec, "LoadBalancer")
    {
        let text = "may only be used when `type` is 'LoadBalancer'";
        errors.push(FieldError::forbidden("spec.LoadBalancerSourceRanges", text));
    }
    if spec.load_balancer_class.is_some() && !is_type(spec, "LoadBalancer") {
        errors.push(FieldError::forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"));
    }
}

/// Whether a text is an address and the length of its prefix.
fn is_cidr(text: &str) -> bool {
    let Some((ip, bits)) = text.split_once('/') else { return false };
    let most = match ip.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn policies(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let known = ["Cluster", "Local"];
    if let Some(policy) = spec.external_traffic_policy.as_deref() {
        let path = "spec.externalTrafficPolicy";
        if !is_external(spec) {
            let text = "may only be set for externally-accessible services";
            errors.push(FieldError::invalid(path, policy, text));
        } else if !known.contains(&policy) {
            errors.push(FieldError::not_supported(path, policy, &known));
        }
    } else if is_external(spec) {
        errors.push(FieldError::required("spec.externalTrafficPolicy", ""));
    }
    if let Some(policy) = spec.internal_traffic_policy.as_deref().filter(|policy| !known.contains(policy)) {
        errors.push(FieldError::not_supported("spec.internalTrafficPolicy", policy, &known));
    }
    if spec.allocate_load_balancer_node_ports.is_some() && !is_type(spec, "LoadBalancer") {
        let text = "may only be used when `type` is 'LoadBalancer'";
        errors.push(FieldError::forbidden("spec.allocateLoadBalancerNodePorts", text));
    }
}

/// All errors of an update: new, old.
#[must_use]
pub fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let (Some(new), Some(old)) = (spec_of(new), spec_of(old)) {
        let before = old.cluster_ip.as_deref().unwrap_or_default();
        let after = new.cluster_ip.as_deref().unwrap_or_default();
        let kept = is_type(new, "ExternalName") || is_type(old, "ExternalName") || before.is_empty();
        if !kept && before != after {
            let value = serde_json::json!([after]);
            errors.push(FieldError::invalid("spec.clusterIPs[0]", value, "may not change once set"));
        }
    }
    errors.extend(validate(new));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(spec: &serde_json::Value) -> Object {
        let service = serde_json::from_value::<Service>(json!({"metadata": {"name": "s"}, "spec": spec}));
        let mut object = Object::new(service.expect("a service"));
        default(&mut object);
        object
    }

    fn errors(spec: &serde_json::Value) -> Vec<String> {
        validate(&service(spec)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_plain_service_gets_its_defaults() {
        let object = service(&json!({"ports": [{"port": 80}]}));
        let value = object.to_value();
        assert_eq!(value["spec"]["ports"][0]["targetPort"], 80);
        assert_eq!(value["spec"]["type"], "ClusterIP");
        assert!(validate(&object).is_empty());
    }

    #[test]
    fn errors_are_worded_as_upstream() {
        assert_eq!(errors(&json!({})), ["spec.ports: Required value"]);
        assert_eq!(
            errors(&json!({"ports": [{"port": 0}]})),
            [
                "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
            ]
        );
        assert_eq!(
            errors(&json!({"type": "NodePort", "clusterIP": "None", "ports": [{"port": 80}]})),
            ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]
        );
        assert_eq!(
            errors(&json!({"externalTrafficPolicy": "Local", "ports": [{"port": 80}]})),
            [
                "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services"
            ]
        );
    }
}
