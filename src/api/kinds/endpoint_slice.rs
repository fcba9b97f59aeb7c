//! `EndpointSlice`: some of the addresses behind a service, with what is known of each.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::table::none_if_empty;
use k8s_openapi::api::discovery::v1::EndpointSlice;

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
    ..Kind::plain()
};

fn cell(object: &Object, of: fn(&EndpointSlice) -> String) -> String {
    object.get::<EndpointSlice>().map(of).unwrap_or_default()
}

/// Upstream: `formatDiscoveryPorts`: the first three; a port without a number is any port.
fn ports(slice: &EndpointSlice) -> String {
    let ports = slice.ports.as_deref().unwrap_or_default();
    some_of(
        ports.iter().map(|port| port.port.map_or_else(|| "*".to_owned(), |number| number.to_string())).collect(),
        "<unset>",
    )
}

/// Upstream: `formatDiscoveryEndpoints`.
fn addresses(slice: &EndpointSlice) -> String {
    let all = slice.endpoints.iter().flatten().flat_map(|endpoint| endpoint.addresses.clone()).collect();
    some_of(all, "<unset>")
}

fn some_of(all: Vec<String>, nothing: &str) -> String {
    let shown = all.iter().take(3).cloned().collect::<Vec<_>>().join(",");
    match all.len() {
        0 => nothing.to_owned(),
        count @ 4.. => format!("{shown} + {} more...", count - 3),
        _ => none_if_empty(shown),
    }
}
