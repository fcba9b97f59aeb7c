//! `Endpoints`: the addresses behind a service, all in one object. `EndpointSlice` replaced it; it still exists.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::table::none_if_empty;
use k8s_openapi::api::core::v1::{EndpointSubset, Endpoints};

plain_kind!(Endpoints);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    storage: "services/endpoints",
    decode: decode::<Endpoints>,
    columns: &[Column::NAME, Column::text("Endpoints", |object, _| addresses(object)), Column::AGE],
    ..Kind::plain()
};

/// Upstream: `formatEndpoints`: the first three, then how many more.
fn addresses(object: &Object) -> String {
    let Some(endpoints) = object.get::<Endpoints>() else { return String::new() };
    let all: Vec<String> = endpoints.subsets.iter().flatten().flat_map(listed).collect();
    let shown = all.iter().take(3).cloned().collect::<Vec<_>>().join(",");
    match all.len() {
        count @ 4.. => format!("{shown} + {} more...", count - 3),
        _ => none_if_empty(shown),
    }
}

fn listed(subset: &EndpointSubset) -> Vec<String> {
    let addresses = subset.addresses.as_deref().unwrap_or_default();
    match subset.ports.as_deref().unwrap_or_default() {
        [] => addresses.iter().map(|address| address.ip.clone()).collect(),
        ports => ports
            .iter()
            .flat_map(|port| addresses.iter().map(move |address| format!("{}:{}", address.ip, port.port)))
            .collect(),
    }
}
