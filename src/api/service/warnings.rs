//! What the server accepts of a Service with a warning.

use super::rare::{HINTS, MODE};
use super::{is_headless, is_type};
use crate::api::check;
use crate::api::path::Path;
use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use std::net::IpAddr;

const SPEC: Path = Path::new("spec");

/// Whether [`all`] may have something to say.
#[must_use]
pub fn may_be(service: &Service, spec: &ServiceSpec) -> bool {
    let sticky = is_headless(spec) && spec.session_affinity.as_deref() != Some("None");
    super::is_annotated(service)
        || sticky
        || spec.external_ips.is_some()
        || spec.load_balancer_ip.is_some()
        || spec.load_balancer_source_ranges.is_some()
        || spec.external_name.is_some()
        || spec.traffic_distribution.is_some()
}

/// What the server accepts with a warning (upstream: `pkg/api/service/warnings.go`).
#[must_use]
pub fn all(service: &Service, spec: &ServiceSpec) -> Vec<String> {
    let mut out = Vec::new();
    if service.metadata.annotations.as_ref().is_some_and(|map| map.contains_key(HINTS)) {
        out.push(format!("annotation {HINTS} is deprecated, please use {MODE} instead"));
    }
    let ips = spec.external_ips.as_deref().unwrap_or_default();
    let balancer_ip = spec.load_balancer_ip.as_deref().unwrap_or_default();
    let (headless, external) = (is_headless(spec) && is_type(spec, "ClusterIP"), is_type(spec, "ExternalName"));
    let sticky = spec.session_affinity.as_deref() != Some("None");
    let ignored =
        [("loadBalancerIP", !balancer_ip.is_empty()), ("externalIPs", !ips.is_empty()), ("SessionAffinity", sticky)];
    for (field, _) in ignored.into_iter().filter(|(_, given)| headless && *given) {
        out.push(format!("spec.{field} is ignored for headless services"));
    }
    for (index, ip) in ips.iter().enumerate() {
        out.extend(ip_warning(&SPEC.field("externalIPs").index(index), ip));
    }
    if !ips.is_empty() && !headless && !external {
        out.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned());
    }
    out.extend(ip_warning(&SPEC.field("loadBalancerIP"), balancer_ip));
    if external && !ips.is_empty() {
        out.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".to_owned());
    }
    if !external && spec.external_name.as_ref().is_some_and(|name| !name.is_empty()) {
        out.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".to_owned());
    }
    if spec.traffic_distribution.as_deref() == Some("PreferClose") {
        out.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".to_owned());
    }
    out
}

/// An address that newer servers will refuse, or that can be written shorter (upstream: `GetWarningsForIP`).
#[must_use]
pub fn ip_warning(path: &Path, text: &str) -> Option<String> {
    let ip = check::parse_ip(text)?;
    let canonical = ip.to_canonical();
    if text.parse::<IpAddr>().is_err() || canonical != ip {
        let what = "will be considered invalid in a future Kubernetes release: use";
        return Some(format!("{path}: non-standard IP address {text:?} {what} \"{canonical}\""));
    }
    let shown = ip.to_string();
    let lengthy = ip.is_ipv6() && shown != text;
    lengthy.then(|| format!("{path}: IPv6 address {text:?} should be in RFC 5952 canonical format ({shown:?})"))
}
