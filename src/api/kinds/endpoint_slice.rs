//! `EndpointSlice`: some of the addresses behind a service, with what is known of each.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::names;
use crate::api::rules::endpoint_slices;
use crate::api::status::FieldError;
use k8s_openapi::api::discovery::v1::{EndpointPort, EndpointSlice};
use std::net::Ipv4Addr;

plain_kind!(EndpointSlice);

/// The kind.
pub static KIND: Kind = Kind {
    group: "discovery.k8s.io",
    kind: "EndpointSlice",
    plural: "endpointslices",
    singular: "endpointslice",
    storage: "endpointslices",
    generation: true,
    decode: decode::<EndpointSlice>,
    columns: &[
        Column::NAME,
        Column::text("AddressType", |object, _| cell(object, |slice| slice.address_type.clone())),
        Column::text("Ports", |object, _| cell(object, ports)),
        Column::text("Endpoints", |object, _| cell(object, addresses)),
        Column::AGE,
    ],
    default,
    validate,
    validate_update,
    spec_changed,
    ..Kind::plain()
};

/// What the generation counts (upstream: `endpointSliceStrategy.PrepareForUpdate`).
fn spec_changed(new: &Object, old: &Object) -> bool {
    let (Some(new), Some(old)) = (new.get::<EndpointSlice>(), old.get::<EndpointSlice>()) else { return true };
    new.endpoints != old.endpoints || new.ports != old.ports || new.address_type != old.address_type
}

/// Upstream: `SetDefaults_EndpointPort`; conditions are a struct of their own and always written.
fn default(object: &mut Object) {
    let Some(slice) = object.get_mut::<EndpointSlice>() else { return };
    for port in slice.ports.iter_mut().flatten() {
        port.name.get_or_insert_default();
        port.protocol.get_or_insert_with(|| "TCP".to_owned());
    }
    for endpoint in slice.endpoints.iter_mut().flatten() {
        endpoint.conditions.get_or_insert_default();
    }
}

/// Upstream: `pkg/apis/discovery/validation`, `ValidateEndpointSlice`. The slices that controllers make are right at a
/// glance.
fn validate(object: &Object) -> Vec<FieldError> {
    match object.get::<EndpointSlice>() {
        Some(slice) if !is_plain(slice) => endpoint_slices::check(slice),
        _ => Vec::new(),
    }
}

fn is_plain(slice: &EndpointSlice) -> bool {
    let plain = |address: &String| {
        let ip = address.parse::<Ipv4Addr>();
        ip.is_ok_and(|ip| !(ip.is_unspecified() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()))
    };
    let endpoints = slice.endpoints.as_deref().unwrap_or_default();
    let ports = slice.ports.as_deref().unwrap_or_default();
    slice.address_type == "IPv4"
        && endpoints.len() <= endpoint_slices::MOST_ENDPOINTS
        && endpoints.iter().all(|endpoint| {
            let [address] = endpoint.addresses.as_slice() else { return false };
            plain(address)
                && endpoint.hints.is_none()
                && endpoint.hostname.is_none()
                && endpoint.deprecated_topology.is_none()
        })
        && ports.iter().enumerate().all(|(index, port)| {
            port.app_protocol.is_none()
                && matches!(port.protocol.as_deref(), Some("TCP" | "UDP"))
                && port.name.as_deref().is_none_or(|name| name.is_empty() || names::dns1123_label(name).is_empty())
                && ports[..index].iter().all(|other| other.name != port.name)
        })
}

fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = validate(new);
    let family = |object: &Object| object.get::<EndpointSlice>().map(|slice| slice.address_type.clone());
    if family(new) != family(old) {
        errors.push(FieldError::invalid("addressType", family(new).unwrap_or_default(), "field is immutable"));
    }
    errors
}

fn cell(object: &Object, of: fn(&EndpointSlice) -> String) -> String {
    object.get::<EndpointSlice>().map(of).unwrap_or_default()
}

/// Upstream: `formatDiscoveryPorts`: the first three; a port without a number goes by its name.
fn ports(slice: &EndpointSlice) -> String {
    let shown = |port: &EndpointPort| match port.port {
        Some(number) => number.to_string(),
        None => port.name.clone().unwrap_or_else(|| "*".to_owned()),
    };
    some_of(&slice.ports.iter().flatten().map(shown).collect::<Vec<_>>())
}

/// Upstream: `formatDiscoveryEndpoints`.
fn addresses(slice: &EndpointSlice) -> String {
    let all: Vec<String> = slice.endpoints.iter().flatten().flat_map(|endpoint| endpoint.addresses.clone()).collect();
    some_of(&all)
}

/// Upstream: `listWithMoreString`.
fn some_of(all: &[String]) -> String {
    let shown = all.iter().take(3).cloned().collect::<Vec<_>>().join(",");
    match all.len() {
        count @ 4.. => format!("{shown} + {} more...", count - 3),
        _ if shown.is_empty() => "<unset>".to_owned(),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_port_without_a_number_goes_by_its_name() {
        let cell = |port: serde_json::Value| {
            let slice = json!({"metadata": {"name": "e"}, "addressType": "IPv4", "endpoints": [], "ports": [port]});
            let mut object = (KIND.decode)(slice).expect("a slice");
            (KIND.default)(&mut object);
            ports(object.get().expect("a slice"))
        };
        assert_eq!(cell(json!({"name": "web"})), "web");
        assert_eq!(cell(json!({})), "<unset>");
        assert_eq!(cell(json!({"name": "web", "port": 80})), "80");
    }
}
