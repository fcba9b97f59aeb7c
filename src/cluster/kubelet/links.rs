//! The variables by which a container finds the services of its namespace (`docker links`), and the API server always.
//!
//! Upstream: `pkg/kubelet/kubelet_pods.go` (`getServiceEnvVarMap`) and `pkg/kubelet/envvars/envvars.go` (`FromServices`).

use super::env::Variable;
use crate::api::Object;
use k8s_openapi::api::core::v1::{PodSpec, Service};
use std::rc::Rc;

/// The variables that services give to a pod.
pub fn variables<'a>(services: impl Iterator<Item = &'a Object>, namespace: &str, spec: &PodSpec) -> Vec<Variable> {
    let all = spec.enable_service_links.unwrap_or(true);
    let mut variables = Vec::new();
    for object in services {
        // Upstream: `masterServices`: wherever the pod is, it is told of the API server.
        let master = object.namespace() == "default" && object.name() == "kubernetes";
        if !(master || all && object.namespace() == namespace) {
            continue;
        }
        let Some(spec) = object.get::<Service>().and_then(|service| service.spec.as_ref()) else { continue };
        let address = spec.cluster_ip.as_deref().unwrap_or_default();
        if !address.is_empty() && address != "None" {
            of_service(&name(object.name()), address, spec, &mut variables);
        }
    }
    variables
}

fn of_service(
    prefix: &str,
    address: &str,
    spec: &k8s_openapi::api::core::v1::ServiceSpec,
    variables: &mut Vec<Variable>,
) {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let mut set = |key: String, value: String| variables.push((Rc::from(key), Rc::from(value)));
    set(format!("{prefix}_SERVICE_HOST"), address.to_owned());
    if let Some(first) = ports.first() {
        set(format!("{prefix}_SERVICE_PORT"), first.port.to_string());
    }
    for port in ports {
        if let Some(own) = port.name.as_deref().filter(|own| !own.is_empty()) {
            set(format!("{prefix}_SERVICE_PORT_{}", name(own)), port.port.to_string());
        }
    }
    for (index, port) in ports.iter().enumerate() {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let url = format!("{}://{address}:{}", protocol.to_ascii_lowercase(), port.port);
        if index == 0 {
            set(format!("{prefix}_PORT"), url.clone());
        }
        let own = format!("{prefix}_PORT_{}_{protocol}", port.port);
        set(own.clone(), url);
        set(format!("{own}_PROTO"), protocol.to_ascii_lowercase());
        set(format!("{own}_PORT"), port.port.to_string());
        set(format!("{own}_ADDR"), address.to_owned());
    }
}

/// Upstream: `makeEnvVariableName`.
fn name(of: &str) -> String {
    of.replace('-', "_").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::service;
    use serde_json::json;

    #[test]
    fn a_service_gives_seven_variables_unless_the_pod_wants_none() {
        let service = json!({"metadata": {"name": "env-link", "namespace": "n"},
            "spec": {"clusterIP": "10.96.0.7", "ports": [{"port": 8084}]}});
        let service = (service::KIND.decode)(service).expect("a service");
        let of = |namespace: &str, links: bool| {
            let spec = PodSpec { enable_service_links: Some(links), ..PodSpec::default() };
            let found = variables(std::iter::once(&service), namespace, &spec);
            found.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
        };
        let wanted = [
            "ENV_LINK_SERVICE_HOST=10.96.0.7",
            "ENV_LINK_SERVICE_PORT=8084",
            "ENV_LINK_PORT=tcp://10.96.0.7:8084",
            "ENV_LINK_PORT_8084_TCP=tcp://10.96.0.7:8084",
            "ENV_LINK_PORT_8084_TCP_PROTO=tcp",
            "ENV_LINK_PORT_8084_TCP_PORT=8084",
            "ENV_LINK_PORT_8084_TCP_ADDR=10.96.0.7",
        ];
        assert_eq!(of("n", true), wanted);
        assert!(of("n", false).is_empty() && of("other", true).is_empty());
    }
}
