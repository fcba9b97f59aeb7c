//! `EndpointSlice`s that somebody has written himself.
//!
//! Upstream: `pkg/apis/discovery/validation/validation.go`, `ValidateEndpointIP` of `pkg/apis/core/validation`.

use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::sim::SortedSet;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use std::net::IpAddr;

/// The most endpoints of a slice (upstream: `maxEndpoints`).
pub const MOST_ENDPOINTS: usize = 1000;
const MOST_PORTS: usize = 20_000;
const MOST_ADDRESSES: usize = 100;
const MOST_LABELS: usize = 16;
const MOST_ZONES: usize = 8;
const FAMILIES: [&str; 3] = ["FQDN", "IPv4", "IPv6"];
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// All errors of a slice but those of its metadata.
#[must_use]
pub fn check(slice: &EndpointSlice) -> Errors {
    let mut out = Vec::new();
    let family = slice.address_type.as_str();
    if family.is_empty() {
        out.push(FieldError::required("addressType", ""));
    } else if !FAMILIES.contains(&family) {
        out.push(FieldError::not_supported("addressType", family, &FAMILIES));
    }
    let all = slice.endpoints.as_deref().unwrap_or_default();
    let path = Path::new("endpoints");
    if all.len() > MOST_ENDPOINTS {
        out.push(FieldError::too_many(path, all.len(), MOST_ENDPOINTS));
    } else {
        all.iter().enumerate().for_each(|(index, one)| endpoint(&mut out, &path.index(index), one, family));
    }
    let all = slice.ports.as_deref().unwrap_or_default();
    let path = Path::new("ports");
    if all.len() > MOST_PORTS {
        out.push(FieldError::too_many(path, all.len(), MOST_PORTS));
        return out;
    }
    let mut seen = SortedSet::new();
    for (index, one) in all.iter().enumerate() {
        port(&mut out, &path.index(index), one, &mut seen);
    }
    out
}

fn endpoint(out: &mut Errors, path: &Path, endpoint: &Endpoint, family: &str) {
    let addresses = path.field("addresses");
    match endpoint.addresses.len() {
        0 => out.push(FieldError::required(addresses, "must contain at least 1 address")),
        many if many > MOST_ADDRESSES => out.push(FieldError::too_many(addresses, many, MOST_ADDRESSES)),
        _ => {}
    }
    for (index, one) in endpoint.addresses.iter().enumerate() {
        address(out, &addresses.index(index), one, family);
    }
    if let Some(name) = &endpoint.node_name {
        check::complain(out, &path.field("nodeName"), name, names::dns1123_subdomain(name));
    }
    let topology = path.field("deprecatedTopology");
    let count = endpoint.deprecated_topology.as_ref().map_or(0, std::collections::BTreeMap::len);
    if count > MOST_LABELS {
        out.push(FieldError::too_many(topology, count, MOST_LABELS));
    }
    check::labels(out, &topology, endpoint.deprecated_topology.as_ref());
    if let Some(name) = &endpoint.hostname {
        check::complain(out, &path.field("hostname"), name, names::dns1123_label(name));
    }
    let zones = endpoint.hints.as_ref().and_then(|hints| hints.for_zones.as_deref()).unwrap_or_default();
    let hints = path.field("hints");
    let path = hints.field("forZones");
    if zones.len() > MOST_ZONES {
        out.push(FieldError::too_many(path, zones.len(), MOST_ZONES));
        return;
    }
    let mut seen = SortedSet::new();
    for (index, zone) in zones.iter().enumerate() {
        let at = path.index(index);
        if !seen.insert(zone.name.as_str()) {
            out.push(FieldError::duplicate(at.field("name"), zone.name.as_str()));
        }
        check::complain(out, &at.field("name"), &zone.name, names::label_value(&zone.name));
    }
}

fn address(out: &mut Errors, path: &Path, address: &str, family: &str) {
    let mut wrong = |detail: &str| out.push(FieldError::invalid(path, address, detail));
    match (family, check::parse_ip(address)) {
        ("FQDN", _) => check::complain(out, path, address, domain(address)),
        ("IPv4" | "IPv6", None) => check::ip(out, path, address),
        ("IPv4", Some(IpAddr::V6(_))) => wrong("must be an IPv4 address"),
        ("IPv6", Some(IpAddr::V4(_))) => wrong("must be an IPv6 address"),
        ("IPv4" | "IPv6", Some(ip)) => out.extend(special(ip).map(|why| FieldError::invalid(path, address, why))),
        _ => {}
    }
}

/// Why nobody can be reached at an address (`ValidateEndpointIP`).
fn special(ip: IpAddr) -> Option<&'static str> {
    let (local, cast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(ip) => (ip.segments()[0] & 0xffc0 == 0xfe80, ip.segments()[0] & 0xff0f == 0xff02),
    };
    match ip {
        _ if ip.is_unspecified() => Some("may not be unspecified (0.0.0.0 or ::)"),
        _ if ip.is_loopback() => Some("may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        _ if local => Some("may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        _ if cast => Some("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
        _ => None,
    }
}

/// Upstream: `IsFullyQualifiedDomainName`.
fn domain(name: &str) -> Vec<String> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    match names::dns1123_subdomain(bare) {
        wrong if !wrong.is_empty() => wrong,
        _ if !bare.contains('.') => vec!["should be a domain with at least two segments separated by dots".to_owned()],
        fine => fine,
    }
}

fn port<'a>(out: &mut Errors, path: &Path, port: &'a EndpointPort, seen: &mut SortedSet<&'a str>) {
    let name = port.name.as_deref().unwrap_or_default();
    if !name.is_empty() {
        check::complain(out, &path.field("name"), name, names::dns1123_label(name));
    }
    if !seen.insert(name) {
        out.push(FieldError::duplicate(path.field("name"), name));
    }
    let protocol = port.protocol.as_deref().unwrap_or_default();
    if !PROTOCOLS.contains(&protocol) {
        out.push(FieldError::not_supported(path.field("protocol"), protocol, &PROTOCOLS));
    }
    if let Some(protocol) = &port.app_protocol {
        check::complain(out, &path.field("appProtocol"), protocol, names::qualified_name(protocol));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_and_ports_are_checked() {
        let said = |slice: serde_json::Value| -> Vec<String> {
            let slice: EndpointSlice = serde_json::from_value(slice).expect("a slice");
            check(&slice).iter().map(|error| error.to_string().chars().take(80).collect()).collect()
        };
        assert_eq!(
            said(json!({"metadata": {}, "addressType": "IPv4", "endpoints": [
                {"addresses": ["10.0.0.1", "::1", "x", "127.0.0.1", "169.254.1.1"], "hostname": "A"}, {"addresses": []}],
                "ports": [{"name": "", "protocol": "TCP"}, {"name": "", "protocol": "ICMP"}]})),
            [
                "endpoints[0].addresses[1]: Invalid value: \"::1\": must be an IPv4 address",
                "endpoints[0].addresses[2]: Invalid value: \"x\": must be a valid IP address, (e.g.",
                "endpoints[0].addresses[3]: Invalid value: \"127.0.0.1\": may not be in the loopbac",
                "endpoints[0].addresses[4]: Invalid value: \"169.254.1.1\": may not be in the link-",
                "endpoints[0].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must consi",
                "endpoints[1].addresses: Required value: must contain at least 1 address",
                "ports[1].name: Duplicate value: \"\"",
                "ports[1].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"",
            ]
        );
        assert_eq!(
            said(json!({"metadata": {}, "addressType": "FQDN", "endpoints": [{"addresses": ["a.b.", "a"]}]})).len(),
            1
        );
    }
}
