//! What a Service must be: defaults and validation. The allocation of cluster IPs and node ports is the server's.
//!
//! Upstream: `pkg/apis/core/v1/defaults.go` (`SetDefaults_Service`), `pkg/apis/core/validation/validation.go`
//! (`ValidateService`, `ValidateServiceUpdate`), `pkg/registry/core/service/strategy.go`.
//!
//! What plain Services have none of is checked elsewhere: [`rare`]; [`change`]: what an update may do; [`warnings`].
//!
//! Left out: dual stack (the cluster has IPv4 only).

use super::check;
use super::names;
use super::object::Object;
use super::path::Path;
use super::status::{Fault, FieldError};
use k8s_openapi::api::core::v1::{
    ClientIPConfig, LoadBalancerStatus, Service, ServicePort, ServiceSpec, ServiceStatus, SessionAffinityConfig,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub mod change;
pub mod rare;
pub mod warnings;

const SPEC: Path = Path::new("spec");
const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
/// How long a client sticks to its endpoint if nothing is said (upstream: `DefaultClientIPServiceAffinitySeconds`).
const AFFINITY_SECONDS: i32 = 10_800;
/// The most that may be said (upstream: `MaxClientIPServiceAffinitySeconds`).
const AFFINITY_SECONDS_MAX: i32 = 86_400;

fn is_type(spec: &ServiceSpec, name: &str) -> bool {
    spec.type_.as_deref() == Some(name)
}

fn is_external(spec: &ServiceSpec) -> bool {
    let has_ips = spec.external_ips.as_ref().is_some_and(|ips| !ips.is_empty());
    has_node_ports(spec) || (is_type(spec, "ClusterIP") && has_ips)
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
        // Whoever is no load balancer any more has no addresses of one.
        if !new.spec.as_ref().is_some_and(|spec| is_type(spec, "LoadBalancer")) {
            new.status.get_or_insert_default().load_balancer = Some(LoadBalancerStatus::default());
        }
    }
}

/// An update of a Service's status touches nothing else: new, old.
pub fn keep_spec(new: &mut Object, old: &Object) {
    if let (Some(new), Some(old)) = (new.get_mut::<Service>(), old.get::<Service>()) {
        new.spec.clone_from(&old.spec);
    }
}

/// All errors of a Service (`validateService`).
#[must_use]
pub fn validate(object: &Object) -> Vec<FieldError> {
    let Some(service) = object.get::<Service>() else { return Vec::new() };
    let Some(spec) = service.spec.as_ref() else { return Vec::new() };
    let mut errors = Vec::new();
    let annotated = is_annotated(service);
    if annotated {
        rare::annotations(&mut errors, service);
    }
    ports(spec, &mut errors);
    for (key, value) in spec.selector.iter().flatten() {
        let texts = names::qualified_name(key);
        errors.extend(texts.into_iter().map(|text| FieldError::invalid("spec.selector", key.as_str(), text)));
        let texts = names::label_value(value);
        errors.extend(texts.into_iter().map(|text| FieldError::invalid("spec.selector", value.as_str(), text)));
    }
    check::one_of(
        &mut errors,
        &SPEC.field("sessionAffinity"),
        text(spec.session_affinity.as_ref()),
        &["ClientIP", "None"],
    );
    if spec.session_affinity_config.is_some() {
        rare::client_affinity(&mut errors, spec);
    }
    if !is_type(spec, "ExternalName") && !rare::has_plain_ips(spec) {
        errors.extend(rare::cluster_ips(spec));
    }
    if spec.external_ips.is_some() {
        rare::external_ips(&mut errors, spec);
    }
    check::one_of(&mut errors, &SPEC.field("type"), text(spec.type_.as_ref()), &TYPES);
    ports_again(spec, &mut errors);
    if annotated
        || is_type(spec, "LoadBalancer")
        || spec.load_balancer_source_ranges.is_some()
        || spec.load_balancer_class.is_some()
        || spec.allocate_load_balancer_node_ports.is_some()
    {
        rare::balancer(&mut errors, service, spec);
    }
    policies(spec, &mut errors);
    errors
}

/// Whether annotations that mean something to the server may be there.
fn is_annotated(service: &Service) -> bool {
    service.metadata.annotations.as_ref().is_some_and(|map| map.keys().any(|key| key.starts_with("service.")))
}

fn text(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

fn is_headless(spec: &ServiceSpec) -> bool {
    spec.cluster_ip.as_deref() == Some("None")
}

/// Whether nodes have ports for it.
#[must_use]
pub fn has_node_ports(spec: &ServiceSpec) -> bool {
    is_type(spec, "NodePort") || is_type(spec, "LoadBalancer")
}

/// Whether load balancers ask nodes for its endpoints (upstream: `NeedsHealthCheck`).
#[must_use]
pub fn needs_health_port(spec: &ServiceSpec) -> bool {
    is_type(spec, "LoadBalancer") && spec.external_traffic_policy.as_deref() == Some("Local")
}

fn ports(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let ports = spec.ports.as_deref().unwrap_or_default();
    if ports.is_empty() && !is_headless(spec) && !is_type(spec, "ExternalName") {
        errors.push(FieldError::required("spec.ports", ""));
    }
    if is_headless(spec) && has_node_ports(spec) {
        let detail = format!("may not be set to 'None' for {} services", text(spec.type_.as_ref()));
        errors.push(FieldError::invalid("spec.clusterIPs[0]", "None", detail));
    }
    if is_type(spec, "ExternalName") {
        rare::external_name(errors, spec);
    }
    let list = SPEC.field("ports");
    for (index, port) in ports.iter().enumerate() {
        let path = list.index(index);
        let name = text(port.name.as_ref());
        if !name.is_empty() {
            check::complain(errors, &path.field("name"), name, names::dns1123_label(name));
            if ports[..index].iter().any(|other| text(other.name.as_ref()) == name) {
                errors.push(FieldError::duplicate(path.field("name"), name));
            }
        } else if ports.len() > 1 {
            errors.push(FieldError::required(path.field("name"), ""));
        }
        check::port(errors, &path.field("port"), &IntOrString::Int(port.port));
        check::one_of(errors, &path.field("protocol"), text(port.protocol.as_ref()), &PROTOCOLS);
        if let Some(target) = &port.target_port {
            check::port(errors, &path.field("targetPort"), target);
        }
        if let Some(protocol) = port.app_protocol.as_deref() {
            check::complain(errors, &path.field("appProtocol"), protocol, names::qualified_name(protocol));
        }
    }
}

/// No node port without nodes, and nothing twice.
fn ports_again(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let list = SPEC.field("ports");
    for (index, port) in ports.iter().enumerate() {
        if is_type(spec, "ClusterIP") && port.node_port.unwrap_or(0) != 0 {
            let detail = "may not be used when `type` is 'ClusterIP'";
            errors.push(FieldError::forbidden(list.index(index).field("nodePort"), detail));
        }
    }
    if ports.len() > 1 && has_node_ports(spec) {
        rare::node_ports(errors, ports);
    }
    for (index, port) in ports.iter().enumerate() {
        if ports[..index].iter().any(|other| other.protocol == port.protocol && other.port == port.port) {
            let shown = format!("{{\"protocol\":{},\"port\":{}}}", serde_json::json!(port.protocol), port.port);
            let field = list.index(index).to_string();
            errors.push(FieldError { field, fault: Fault::Duplicate(shown), detail: String::new() });
        }
    }
}

fn policies(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let known = ["Cluster", "Local"];
    let path = SPEC.field("externalTrafficPolicy");
    let policy = text(spec.external_traffic_policy.as_ref());
    if is_external(spec) {
        check::one_of(errors, &path, policy, &known);
    } else if !policy.is_empty() {
        errors.push(FieldError::invalid(path, policy, "may only be set for externally-accessible services"));
    }
    if needs_health_port(spec) || spec.health_check_node_port.is_some() {
        rare::health_port(errors, spec);
    }
    if let Some(policy) = spec.internal_traffic_policy.as_deref().filter(|policy| !known.contains(policy)) {
        errors.push(FieldError::not_supported("spec.internalTrafficPolicy", policy, &known));
    }
    if spec.traffic_distribution.is_some() {
        rare::distribution(errors, spec);
    }
}

/// All errors of an update: new, old.
#[must_use]
pub fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let (Some(new), Some(old)) = (new.get::<Service>(), old.get::<Service>()) {
        change::refuse(&mut errors, new, old);
    }
    errors.extend(validate(new));
    errors
}

/// What the server accepts with a warning.
#[must_use]
pub fn warn(object: &Object) -> Vec<String> {
    let Some(service) = object.get::<Service>() else { return Vec::new() };
    match service.spec.as_ref().filter(|spec| warnings::may_be(service, spec)) {
        Some(spec) => warnings::all(service, spec),
        None => Vec::new(),
    }
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
            errors(&json!({"type": "NodePort", "clusterIP": "None", "clusterIPs": ["None"], "ports": [{"port": 80}]})),
            ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]
        );
        assert_eq!(
            errors(&json!({"externalTrafficPolicy": "Local", "ports": [{"port": 80}]})),
            [
                "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services"
            ]
        );
    }

    #[test]
    fn rare_fields_are_looked_at() {
        let cases = [
            (
                json!({"appProtocol": "a b"}),
                json!({}),
                "spec.ports[0].appProtocol: Invalid value: \"a b\": name part must",
            ),
            (
                json!({"nodePort": 30080}),
                json!({}),
                "spec.ports[0].nodePort: Forbidden: may not be used when `type` is",
            ),
            (
                json!({}),
                json!({"trafficDistribution": "Near"}),
                "spec.trafficDistribution: Unsupported value: \"Near\"",
            ),
            (
                json!({}),
                json!({"externalIPs": ["::1"]}),
                "spec.externalIPs[0]: Invalid value: \"::1\": may not be in the lo",
            ),
            (
                json!({}),
                json!({"loadBalancerClass": "x"}),
                "spec.loadBalancerClass: Forbidden: may only be used when `t",
            ),
            (
                json!({}),
                json!({"healthCheckNodePort": 1}),
                "spec.healthCheckNodePort: Invalid value: 1: may only be set",
            ),
            (
                json!({}),
                json!({"ipFamilies": ["IPv5"]}),
                "spec.ipFamilies[0]: Unsupported value: \"IPv5\": supported val",
            ),
            (
                json!({}),
                json!({"clusterIPs": ["None"]}),
                "spec.clusterIPs: Invalid value: [\"None\"]: must be empty when",
            ),
            (
                json!({}),
                json!({"type": "ExternalName", "externalName": "A", "ipFamilies": ["IPv4"]}),
                "spec.ipFamilies: Forbidden: may not be set for Ext",
            ),
        ];
        for (port, spec, begins) in cases {
            let mut whole = json!({"ports": [{"port": 80}]});
            for (into, from) in [("", spec), ("port", port)] {
                let target = if into.is_empty() { &mut whole } else { &mut whole["ports"][0] };
                target.as_object_mut().expect("a map").extend(from.as_object().expect("a map").clone());
            }
            let found = errors(&whole);
            assert!(found.first().is_some_and(|text| text.starts_with(begins)), "{begins}: {found:?}");
        }
    }

    #[test]
    fn a_change_of_type_takes_with_it_what_belonged_to_the_old_one() {
        let stored =
            |spec: &serde_json::Value| service(spec).get::<Service>().and_then(|s| s.spec.clone()).expect("a spec");
        let before = stored(
            &json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30001,
            "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "ports": [{"name": "a", "port": 80, "nodePort": 30080}]}),
        );
        let mut plain = ServiceSpec { type_: Some("ClusterIP".to_owned()), ..before.clone() };
        change::keep(&mut plain, &before);
        assert_eq!((plain.external_traffic_policy, plain.health_check_node_port), (None, None));
        assert_eq!((plain.allocate_load_balancer_node_ports, plain.cluster_ip.as_deref()), (None, Some("10.96.0.9")));
        assert_eq!(plain.ports.expect("ports")[0].node_port, None);
        // A port keeps its node port by its name, whatever else has changed.
        let mut moved =
            stored(&json!({"type": "NodePort", "ports": [{"name": "a", "port": 8080}, {"name": "b", "port": 80}]}));
        change::keep(&mut moved, &before);
        let ports: Vec<_> = moved.ports.iter().flatten().map(|port| port.node_port).collect();
        assert_eq!((ports, moved.cluster_ip.as_deref()), (vec![Some(30080), None], Some("10.96.0.9")));
        let mut outside = stored(&json!({"type": "ExternalName", "externalName": "a.b"}));
        (outside.cluster_ip, outside.cluster_ips) = (before.cluster_ip.clone(), before.cluster_ips.clone());
        change::keep(&mut outside, &before);
        assert_eq!((outside.cluster_ip, outside.cluster_ips), (None, None));
    }

    #[test]
    fn what_a_service_does_not_use_is_warned_of() {
        let said = |spec: serde_json::Value| warn(&service(&spec));
        assert_eq!(said(json!({"ports": [{"port": 80}]})), [""; 0]);
        assert_eq!(
            said(json!({"clusterIP": "None", "sessionAffinity": "ClientIP", "externalName": "x"})),
            [
                "spec.SessionAffinity is ignored for headless services",
                "spec.externalName is ignored when spec.type is not \"ExternalName\"",
            ]
        );
        assert_eq!(
            said(json!({"externalIPs": ["010.0.0.1"]}))[0],
            "spec.externalIPs[0]: non-standard IP address \"010.0.0.1\" will be considered invalid in a future Kubernetes \
             release: use \"10.0.0.1\""
        );
    }
}
