//! `Ingress`: which requests from outside go to which Service.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::ingresses;
use crate::api::table;
use crate::sim::SortedSet;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    short_names: &["ing"],
    storage: "ingress",
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: ingresses::default,
    validate: ingresses::validate,
    validate_update: ingresses::validate_update,
    warnings: ingresses::warnings,
    prepare_create: |object, _| super::reset_status(object, json!({"loadBalancer": {}})),
    columns: &[
        Column::NAME,
        Column::text("Class", |object, _| table::or(object, "spec.ingressClassName", "<none>")),
        Column::text("Hosts", |object, _| hosts(object)),
        Column::text("Address", |object, _| addresses(object)),
        Column::text("Ports", |object, _| ports(object).to_owned()),
        Column::AGE,
    ],
    ..Kind::tree("networking.k8s.io", "Ingress", "ingresses", "ingress").with_status()
};

/// How many hosts a cell names.
const SHOWN: usize = 3;

/// Upstream: `formatHosts`. Whatever rule follows the third host is more, and rules are counted, not hosts.
fn hosts(object: &Object) -> String {
    let rules = object.document().map(|ingress| ingress.list("spec.rules")).unwrap_or_default();
    let named = rules.iter().enumerate().filter_map(|(at, rule)| Some((at, rule["host"].as_str()?)));
    let hosts: Vec<(usize, &str)> = named.filter(|(_, host)| !host.is_empty()).take(SHOWN).collect();
    let shown = hosts.iter().map(|(_, host)| *host).collect::<Vec<_>>().join(",");
    match hosts.as_slice() {
        [] => "*".to_owned(),
        [.., (last, _)] if hosts.len() == SHOWN && last + 1 < rules.len() => {
            format!("{shown} + {} more...", rules.len() - SHOWN)
        }
        _ => shown,
    }
}

/// Upstream: `ingressLoadBalancerStatusStringer`.
fn addresses(object: &Object) -> String {
    let found = object.document().map(|ingress| ingress.list("status.loadBalancer.ingress")).unwrap_or_default();
    let names = found.iter().filter_map(|point| given(point, "ip").or_else(|| given(point, "hostname")));
    names.collect::<SortedSet<_>>().into_iter().collect::<Vec<_>>().join(",")
}

fn given<'a>(point: &'a Value, field: &str) -> Option<&'a str> {
    point[field].as_str().filter(|text| !text.is_empty())
}

fn ports(object: &Object) -> &'static str {
    let encrypted = object.document().is_some_and(|ingress| !ingress.list("spec.tls").is_empty());
    if encrypted { "80, 443" } else { "80" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(ingress: Value) -> [String; 2] {
        let object = (KIND.decode)(ingress).expect("an Ingress");
        [hosts(&object), addresses(&object)]
    }

    #[test]
    fn rules_are_counted_and_each_point_has_one_address() {
        let rules = |hosts: &[&str]| -> Value { hosts.iter().map(|host| json!({ "host": host })).collect() };
        let with =
            |hosts: &[&str]| cells(json!({"metadata": {"name": "i"}, "spec": {"rules": rules(hosts)}}))[0].clone();
        assert_eq!(with(&["", ""]), "*");
        assert_eq!(with(&["a", "b", "c"]), "a,b,c");
        assert_eq!(with(&["a", "b", "c", ""]), "a,b,c + 1 more...");
        assert_eq!(with(&["", "a", "b", "c", "d"]), "a,b,c + 2 more...");
        let points = json!([{"ip": "9.9.9.9", "hostname": "x"}, {"ip": "", "hostname": "b"}, {"ip": "1.1.1.1"}]);
        let ingress = json!({"metadata": {"name": "i"}, "status": {"loadBalancer": {"ingress": points}}});
        assert_eq!(cells(ingress)[1], "1.1.1.1,9.9.9.9,b");
    }
}
