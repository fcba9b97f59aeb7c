//! `Endpoints`: the addresses behind a service, all in one object. `EndpointSlice` replaced it; it still exists.

use super::{Column, Kind, Object};
use crate::api::document::Document;
use crate::api::rules::endpoints as rules;
use serde_json::Value;

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    storage: "services/endpoints",
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default,
    validate: |object| if is_kept(object) { Vec::new() } else { rules::validate(object) },
    validate_update: |new, old| {
        let same = new.document().map(|new| new.at("subsets")) == old.document().map(|old| old.at("subsets"));
        if same || is_kept(new) { Vec::new() } else { rules::validate(new) }
    },
    columns: &[Column::NAME, Column::text("Endpoints", |object, _| addresses(object)), Column::AGE],
    ..Kind::plain()
};

/// Whether a controller or the server itself keeps it: what they write is in order.
fn is_kept(object: &Object) -> bool {
    const KEEPERS: [&str; 2] = ["endpoints.kubernetes.io/managed-by", "endpointslice.kubernetes.io/skip-mirror"];
    object.meta().labels.as_ref().is_some_and(|labels| KEEPERS.iter().any(|keeper| labels.contains_key(*keeper)))
}

/// Upstream: `pkg/apis/core/v1/defaults.go`, `SetDefaults_Endpoints`.
fn default(object: &mut Object) {
    let Some(endpoints) = object.document_mut() else { return };
    let Some(mut subsets) = endpoints.at("subsets").cloned() else { return };
    for subset in subsets.as_array_mut().into_iter().flatten() {
        for port in subset.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(port) = port.as_object_mut().filter(|port| !port.contains_key("protocol")) {
                port.insert("protocol".to_owned(), "TCP".into());
            }
        }
    }
    endpoints.set("subsets", subsets);
}

/// Upstream: `formatEndpoints`: the first three, then how many more.
fn addresses(object: &Object) -> String {
    let Some(endpoints) = object.document() else { return String::new() };
    let subsets = endpoints.list("subsets");
    if subsets.is_empty() {
        return "<none>".to_owned();
    }
    let all: Vec<String> = subsets.iter().flat_map(listed).collect();
    let shown = all.iter().take(3).cloned().collect::<Vec<_>>().join(",");
    match all.len() {
        count @ 4.. => format!("{shown} + {} more...", count - 3),
        _ => shown,
    }
}

fn listed(subset: &Value) -> Vec<String> {
    let list = |name: &str| subset[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let ips = || list("addresses").iter().filter_map(|address| address["ip"].as_str());
    match list("ports") {
        [] => ips().map(str::to_owned).collect(),
        ports => ports.iter().flat_map(|port| ips().map(move |ip| with_port(ip, &port["port"]))).collect(),
    }
}

/// Upstream: `net.JoinHostPort`.
fn with_port(ip: &str, port: &Value) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_subset_in_which_nobody_is_ready_is_not_nothing() {
        let cell = |subsets: Value| {
            let endpoints = json!({"metadata": {"name": "e"}, "subsets": subsets});
            addresses(&(KIND.decode)(endpoints).expect("Endpoints"))
        };
        assert_eq!(cell(json!([])), "<none>");
        assert_eq!(cell(json!([{"notReadyAddresses": [{"ip": "1.1.1.1"}], "ports": [{"port": 80}]}])), "");
        assert_eq!(cell(json!([{"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 80}]}])), "[fd00::1]:80");
    }
}
