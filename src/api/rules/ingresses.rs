//! `Ingress` and `IngressClass`: the way from outside to Services by host and path.
//!
//! Upstream: `pkg/apis/networking/validation/validation.go`.

use super::{default_field, field};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::api::tree::At;
use serde_json::json;

/// The older way to name a class.
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const IP_ADDRESS: &str = "must be a DNS name, not an IP address";
const PATH_TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];

/// What Go writes of a status that nobody has set.
pub fn default(object: &mut Object) {
    if let Some(ingress) = object.document_mut() {
        ingress.set_default("spec", json!({}));
        ingress.set_default("status.loadBalancer", json!({}));
    }
}

/// All errors of a new `Ingress` (`ValidateIngressCreate`).
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = validate_update(object, object);
    let class = field(object, "spec").field("ingressClassName").value.as_str();
    let annotated = annotation(object);
    if let (Some(annotated), true) = (annotated, class.is_some() && annotated != class) {
        const ANNOTATIONS: Path = Path::new("annotations");
        let detail = "must match `ingressClassName` when both are specified";
        out.push(FieldError::invalid(ANNOTATIONS.field(CLASS_ANNOTATION), annotated, detail));
    }
    out
}

/// What the server warns of.
#[must_use]
pub fn warnings(object: &Object) -> Vec<String> {
    let text =
        || format!("annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead");
    annotation(object).map(|_| text()).into_iter().collect()
}

fn annotation(object: &Object) -> Option<&str> {
    object.meta().annotations.as_ref()?.get(CLASS_ANNOTATION).map(String::as_str)
}

/// All errors of an update (`ValidateIngressUpdate`).
#[must_use]
pub fn validate_update(new: &Object, _: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(new, "spec");
    let (default_backend, rules, class) =
        (spec.field("defaultBackend"), spec.field("rules"), spec.field("ingressClassName"));
    if rules.is_empty() && !default_backend.given() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        out.push(check::invalid_as(&spec.path, "null".to_owned(), detail));
    }
    if default_backend.given() {
        backend(&mut out, &default_backend);
    }
    rules.items().for_each(|one| rule(&mut out, &one));
    for tls in spec.field("tls").items() {
        for host in tls.field("hosts").items() {
            host.complain(&mut out, host_name(host.text()));
        }
        let secret = tls.field("secretName");
        if !secret.is_empty() {
            secret.complain(&mut out, names::dns1123_subdomain(secret.text()));
        }
    }
    if class.given() {
        class.complain(&mut out, names::dns1123_subdomain(class.text()));
    }
    status(&mut out, new);
    out
}

fn status(out: &mut Errors, object: &Object) {
    let status = field(object, "status");
    for ingress in status.field("loadBalancer.ingress").items() {
        let (ip, host) = (ingress.field("ip"), ingress.field("hostname"));
        if !ip.is_empty() {
            check::ip(out, &ip.path, ip.text());
        }
        if !host.is_empty() {
            host.complain(out, names::dns1123_subdomain(host.text()));
            if check::parse_ip(host.text()).is_some() {
                out.push(host.invalid(IP_ADDRESS));
            }
        }
    }
}

fn host_name(host: &str) -> Vec<String> {
    if host.contains('*') { names::wildcard_dns1123_subdomain(host) } else { names::dns1123_subdomain(host) }
}

fn rule(out: &mut Errors, rule: &At) {
    let host = rule.field("host");
    if !host.is_empty() {
        if check::parse_ip(host.text()).is_some() {
            out.push(host.invalid(IP_ADDRESS));
        }
        host.complain(out, host_name(host.text()));
    }
    let http = rule.field("http");
    if http.given() {
        let paths = http.field("paths");
        if paths.is_empty() {
            out.push(paths.required(""));
        }
        paths.items().for_each(|one| http_path(out, &one));
    }
}

/// Upstream: `validateHTTPIngressPath`.
fn http_path(out: &mut Errors, at: &At) {
    let (path, kind) = (at.field("path"), at.field("pathType"));
    if !kind.given() {
        out.push(kind.required("pathType must be specified"));
        return;
    }
    let shown = |detail: String| FieldError::invalid(path.path, path.text(), detail);
    let absolute = path.text().starts_with('/');
    match kind.text() {
        "Exact" | "Prefix" => {
            if !absolute {
                out.push(shown("must be an absolute path".to_owned()));
            }
            let within = ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| path.text().contains(part));
            out.extend(within.map(|part| shown(format!("must not contain '{part}'"))));
            let at_end = ["/..", "/."].into_iter().filter(|part| path.text().ends_with(part));
            out.extend(at_end.map(|part| shown(format!("cannot end with '{part}'"))));
        }
        "ImplementationSpecific" if !path.is_empty() && !absolute => {
            out.push(shown("must be an absolute path".to_owned()));
        }
        "ImplementationSpecific" => {}
        _ => out.push(kind.not_supported(&PATH_TYPES)),
    }
    backend(out, &at.field("backend"));
}

/// Upstream: `validateIngressBackend`.
fn backend(out: &mut Errors, at: &At) {
    let wrong = |detail: &str| FieldError::invalid(at.path, "", detail);
    let (resource, service) = (at.field("resource"), at.field("service"));
    match (resource.given(), service.given()) {
        (true, true) => out.push(wrong("cannot set both resource and service backends")),
        (true, false) => reference(out, &resource),
        (false, true) => {
            let (name, port_name, number) =
                (service.field("name"), service.field("port.name"), service.field("port.number"));
            if name.is_empty() {
                out.push(name.required(""));
            } else {
                name.complain(out, names::dns1123_label(name.text()));
            }
            match (port_name.is_empty(), number.number() == 0) {
                (false, false) => out.push(wrong("cannot set both port name & port number")),
                (false, true) => port_name.complain(out, names::port_name(port_name.text())),
                (true, false) => number.complain(out, names::port_number(number.number())),
                (true, true) => out.push(at.required("port name or number is required")),
            }
        }
        (false, false) => out.push(wrong("resource or service backend is required")),
    }
}

/// Upstream: `validateIngressTypedLocalObjectReference`.
fn reference(out: &mut Errors, at: &At) {
    let group = at.field("apiGroup");
    if group.given() {
        group.complain(out, names::dns1123_subdomain(group.text()));
    }
    for name in ["kind", "name"] {
        let name = at.field(name);
        if name.is_empty() {
            out.push(name.required(""));
        } else {
            name.complain(out, names::path_segment(name.text()));
        }
    }
}

/// A class's parameters are the cluster's.
pub fn default_class(object: &mut Object) {
    let parameters = object.document_mut().and_then(|class| class.field_mut("spec"));
    if let Some(parameters) = parameters.and_then(|spec| spec.get_mut("parameters")) {
        default_field(parameters, "scope", "Cluster");
    }
}

/// All errors of an `IngressClass` (`ValidateIngressClass`).
#[must_use]
pub fn validate_class(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let controller = spec.field("controller");
    if controller.is_empty() {
        out.push(controller.required(""));
    } else {
        if controller.len() > 250 {
            out.push(FieldError::too_long(controller.path, 250));
        }
        domain_prefixed_path(&mut out, &controller);
    }
    let parameters = spec.field("parameters");
    if !parameters.given() {
        return out;
    }
    reference(&mut out, &parameters);
    let (scope, namespace) = (parameters.field("scope"), parameters.field("namespace"));
    match scope.text() {
        "Namespace" if !namespace.given() => {
            out.push(namespace.required("`parameters.scope` is set to 'Namespace'"));
        }
        "Namespace" => namespace.complain(&mut out, names::dns1123_label(namespace.text())),
        "Cluster" if namespace.given() => {
            out.push(namespace.forbidden("`parameters.scope` is set to 'Cluster'"));
        }
        "Cluster" => {}
        _ => out.push(scope.not_supported(&["Cluster", "Namespace"])),
    }
    out
}

/// All errors of an update (`ValidateIngressClassUpdate`).
#[must_use]
pub fn update_class(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    let (spec, before) = (field(new, "spec"), field(old, "spec"));
    let (controller, before) = (spec.field("controller"), before.field("controller"));
    check::immutable(&mut out, &controller.path, controller.value == before.value, || controller.value.to_string());
    out.extend(validate_class(new));
    out
}

/// Upstream: `IsDomainPrefixedPath`.
pub(super) fn domain_prefixed_path(out: &mut Errors, at: &At) {
    let (host, path) = at.text().split_once('/').unwrap_or_default();
    if host.is_empty() || path.is_empty() {
        out.push(at.invalid("must be a domain-prefixed path (such as \"acme.io/foo\")"));
        return;
    }
    check::complain(out, &at.path, host, names::dns1123_subdomain(host));
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    if !path.bytes().all(fits) {
        let message = names::pattern_error("Invalid path", "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+", &[]);
        out.push(FieldError::invalid(at.path, path, message));
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn paths_and_backends() {
        let path = |path: &str, kind: &str| json!({"path": path, "pathType": kind, "backend": {"service": {"name": "s", "port": {"name": "a", "number": 1}}}});
        let found = complaints(
            validate,
            &json!({"spec": {"rules": [{"http": {"paths": [path("/a//b/..", "Exact"), {"backend": {}}]}}, {"http": {}}],
                "defaultBackend": {"service": {"port": {}}}, "tls": [{"hosts": ["*.x", "A"], "secretName": "S"}]}}),
        );
        assert_eq!(found[0], "spec.defaultBackend.service.name: Required value");
        assert_eq!(found[1], "spec.defaultBackend: Required value: port name or number is required");
        assert_eq!(found[2], "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/..\": must not contain '//'");
        assert_eq!(found[3], "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/..\": cannot end with '/..'");
        assert_eq!(
            found[4],
            "spec.rules[0].http.paths[0].backend: Invalid value: \"\": cannot set both port name & port number"
        );
        assert_eq!(found[5], "spec.rules[0].http.paths[1].pathType: Required value: pathType must be specified");
        assert_eq!(found[6], "spec.rules[1].http.paths: Required value");
        assert_eq!(found.len(), 9);
    }

    #[test]
    fn a_class_names_its_controller() {
        let class = |controller: &str| complaints(validate_class, &json!({"spec": {"controller": controller}}));
        assert!(class("k8s.io/ingress-nginx").is_empty());
        assert_eq!(
            class("nginx"),
            ["spec.controller: Invalid value: \"nginx\": must be a domain-prefixed path (such as \"acme.io/foo\")"]
        );
        assert_eq!(
            class("x.io/a b"),
            [
                "spec.controller: Invalid value: \"a b\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"
            ]
        );
    }
}
