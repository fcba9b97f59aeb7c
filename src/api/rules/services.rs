//! `ServiceCIDR` and `IPAddress`, and `RuntimeClass`.
//!
//! Upstream: `pkg/apis/networking/validation/validation.go`, `pkg/apis/node/validation/validation.go`.

use super::{field, storage};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::pod::validation::{resources, scheduling};
use crate::api::status::FieldError;
use crate::api::tree::At;
use k8s_openapi::api::core::v1::Toleration;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use std::collections::BTreeMap;

const IMMUTABLE: &str = "field is immutable";

/// All errors of a `ServiceCIDR` (`ValidateServiceCIDR`).
#[must_use]
pub fn validate_cidr(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let cidrs = spec.field("cidrs");
    if cidrs.is_empty() {
        out.push(cidrs.required("at least one CIDR must be specified"));
    }
    if cidrs.len() > 2 {
        out.push(cidrs.invalid("must only contain up to 2 values"));
    }
    let families: Vec<_> = cidrs.texts().iter().map(|text| check::parse_cidr(text).map(|cidr| cidr.2)).collect();
    if let [first, second] = families[..]
        && (first.is_none() || second.is_none() || first == second)
    {
        out.push(
            cidrs.invalid("may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"),
        );
    }
    cidrs.items().for_each(|cidr| check::cidr(&mut out, &cidr.path, cidr.text()));
    out
}

/// All errors of an update (`ValidateServiceCIDRUpdate`): one of the other family may be added.
#[must_use]
pub fn update_cidr(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    let (spec, before) = (field(new, "spec"), field(old, "spec"));
    let (cidrs, before) = (spec.field("cidrs"), before.field("cidrs"));
    let old_texts = before.texts();
    match (before.len(), cidrs.len()) {
        (was, is) if was == is || (was, is) == (1, 2) => {
            let changed = cidrs.items().zip(&old_texts).filter(|(new, old)| new.text() != **old);
            out.extend(changed.map(|(new, _)| new.invalid(IMMUTABLE)));
            if was != is {
                out.extend(validate_cidr(new));
            }
        }
        _ => out.push(cidrs.invalid(IMMUTABLE)),
    }
    out
}

/// Names of `IPAddress` objects are addresses (`ValidateIPAddressName`).
#[must_use]
pub fn address_name(name: &str) -> Vec<String> {
    match name.parse::<std::net::IpAddr>() {
        Ok(ip) if ip.to_string() == name => Vec::new(),
        Ok(_) => vec!["must be a canonical form IP address".to_owned()],
        Err(_) => vec![format!("ParseAddr({name:?}): unable to parse IP")],
    }
}

/// All errors of an `IPAddress` (`ValidateIPAddress`).
#[must_use]
pub fn validate_address(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let parent = spec.field("parentRef");
    if !parent.given() {
        out.push(parent.required(""));
        return out;
    }
    let segment = |out: &mut Errors, at: &At, required: bool| {
        if at.is_empty() {
            out.extend(required.then(|| at.required("")));
        } else {
            at.complain(out, names::path_segment(at.text()));
        }
    };
    let group = parent.field("group");
    if !group.is_empty() {
        group.complain(&mut out, names::dns1123_subdomain(group.text()));
    }
    segment(&mut out, &parent.field("resource"), true);
    segment(&mut out, &parent.field("name"), true);
    segment(&mut out, &parent.field("namespace"), false);
    out
}

/// All errors of an update (`ValidateIPAddressUpdate`).
#[must_use]
pub fn update_address(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    storage::immutable(&mut out, new, old, &["spec"]);
    out
}

/// All errors of a `RuntimeClass` (`ValidateRuntimeClass`).
#[must_use]
pub fn validate_runtime(object: &Object) -> Errors {
    let mut out = Vec::new();
    let handler = field(object, "handler");
    check::complain(&mut out, &handler.path, handler.text(), names::dns1123_label(handler.text()));
    let overhead = field(object, "overhead");
    let fixed: BTreeMap<String, Amount> = overhead.field("podFixed").part().unwrap_or_default();
    resources::overhead(&mut out, &overhead.path, &fixed);
    let scheduling = field(object, "scheduling");
    let nodes = scheduling.field("nodeSelector");
    let labels: Option<BTreeMap<String, String>> = nodes.part();
    check::labels(&mut out, &nodes.path, labels.as_ref());
    let tolerations = scheduling.field("tolerations");
    let parsed: Vec<Toleration> = tolerations.part().unwrap_or_default();
    scheduling::tolerations(&mut out, &tolerations.path, &parsed);
    for (index, one) in tolerations.items().enumerate() {
        if tolerations.items().take(index).any(|other| other.value == one.value) {
            out.push(FieldError::duplicate(one.path, one.value.clone()));
        }
    }
    out
}

/// All errors of an update (`ValidateRuntimeClassUpdate`).
#[must_use]
pub fn update_runtime(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    storage::immutable(&mut out, new, old, &["handler"]);
    out
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;
    use serde_json::json;

    #[test]
    fn networks_addresses_and_runtimes() {
        let cidr = |cidrs: &[&str]| complaints(validate_cidr, &json!({"spec": {"cidrs": cidrs}}));
        assert!(cidr(&["10.0.0.0/16", "fd00::/108"]).is_empty());
        assert_eq!(cidr(&[]), ["spec.cidrs: Required value: at least one CIDR must be specified"]);
        assert_eq!(cidr(&["10.0.0.0/16", "10.1.0.0/16"]).len(), 1);
        assert_eq!(address_name("10.0.0.1"), [""; 0]);
        assert_eq!(address_name("::0001"), ["must be a canonical form IP address"]);
        let runtime = json!({"handler": "A", "overhead": {"podFixed": {"cpu": "-1"}}});
        let found = complaints(validate_runtime, &runtime);
        assert!(found[0].starts_with("handler: Invalid value: \"A\": a lowercase RFC 1123 label"));
        assert_eq!(found[1], "overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0");
    }
}
