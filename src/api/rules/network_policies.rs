//! `NetworkPolicy`: who may talk to which pods.
//!
//! Upstream: `pkg/apis/networking/validation/validation.go`, `pkg/apis/networking/v1/defaults.go`.

use super::{default_field, field, items_mut, selector};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::status::FieldError;
use crate::api::tree::At;
use serde_json::{Value, json};

/// Ports are of TCP; a policy is about incoming traffic, and about outgoing if it has such rules.
pub fn default(object: &mut Object) {
    let Some(policy) = object.document_mut() else { return };
    policy.set_default("spec", json!({}));
    let Some(spec) = policy.field_mut("spec") else { return };
    for direction in ["ingress", "egress"] {
        for rule in items_mut(spec, direction) {
            items_mut(rule, "ports").for_each(|port| default_field(port, "protocol", "TCP"));
        }
    }
    default_field(spec, "podSelector", json!({}));
    let types = if spec["egress"].is_array() { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    default_field(spec, "policyTypes", types);
}

/// All errors (`ValidateNetworkPolicySpec`).
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    selector(&mut out, &spec.field("podSelector"));
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.field(direction).items() {
            rule.field("ports").items().for_each(|one| port(&mut out, &one));
            rule.field(peers).items().for_each(|one| peer(&mut out, &one));
        }
    }
    let types = spec.field("policyTypes");
    if types.len() > 2 {
        out.push(types.invalid("may not specify more than two policyTypes"));
        return out;
    }
    for one in types.items().filter(|one| !matches!(one.text(), "Ingress" | "Egress")) {
        out.push(one.not_supported(&["Ingress", "Egress"]));
    }
    out
}

fn port(out: &mut Errors, at: &At) {
    let (protocol, port, end) = (at.field("protocol"), at.field("port"), at.field("endPort"));
    if !matches!(protocol.value.as_str(), None | Some("TCP" | "UDP" | "SCTP")) {
        out.push(protocol.not_supported(&["TCP", "UDP", "SCTP"]));
    }
    match port.value {
        Value::Number(_) => {
            port.complain(out, names::port_number(port.number()));
            if end.given() {
                if end.number() < port.number() {
                    out.push(end.invalid("must be greater than or equal to `port`"));
                }
                end.complain(out, names::port_number(end.number()));
            }
        }
        Value::Null if end.given() => out.push(end.invalid("may not be specified when `port` is not specified")),
        Value::Null => {}
        _ => {
            if end.given() {
                out.push(end.invalid("may not be specified when `port` is non-numeric"));
            }
            port.complain(out, names::port_name(port.text()));
        }
    }
}

fn peer(out: &mut Errors, at: &At) {
    let (pods, namespaces, block) = (at.field("podSelector"), at.field("namespaceSelector"), at.field("ipBlock"));
    selector(out, &pods);
    selector(out, &namespaces);
    if block.given() {
        ip_block(out, &block);
    }
    if !pods.given() && !namespaces.given() && !block.given() {
        out.push(at.required("must specify a peer"));
    } else if block.given() && (pods.given() || namespaces.given()) {
        out.push(at.forbidden("may not specify both ipBlock and another peer"));
    }
}

/// Upstream: `ValidateIPBlock`.
fn ip_block(out: &mut Errors, block: &At) {
    let cidr = block.field("cidr");
    if cidr.is_empty() {
        out.push(cidr.required(""));
        return;
    }
    check::cidr(out, &cidr.path, cidr.text());
    let Some((outer, bits, four)) = check::parse_cidr(cidr.text()) else { return };
    for except in block.field("except").items() {
        check::cidr(out, &except.path, except.text());
        let Some((inner, inner_bits, inner_four)) = check::parse_cidr(except.text()) else { continue };
        let shift = if four { 32 } else { 128 } - bits;
        let inside = inner.checked_shr(shift).unwrap_or(0) == outer.checked_shr(shift).unwrap_or(0);
        if four != inner_four || !inside || bits >= inner_bits {
            out.push(FieldError::invalid(except.path, except.text(), "must be a strict subset of `cidr`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn blocks_ports_and_peers() {
        let found = complaints(
            validate,
            &json!({"spec": {"podSelector": {}, "policyTypes": ["Both"], "ingress": [{
                "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "11.0.0.0/16", "10.0.0.0/8", "x"]}}, {}],
                "ports": [{"port": 90, "endPort": 80}, {"endPort": 3}, {"protocol": "ICMP"}],
            }]}}),
        );
        assert_eq!(
            found,
            [
                "spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`",
                "spec.ingress[0].ports[1].endPort: Invalid value: 3: may not be specified when `port` is not specified",
                "spec.ingress[0].ports[2].protocol: Unsupported value: \"ICMP\": supported values: \"TCP\", \"UDP\", \"SCTP\"",
                "spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`",
                "spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`",
                "spec.ingress[0].from[0].ipBlock.except[3]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                "spec.ingress[0].from[1]: Required value: must specify a peer",
                "spec.policyTypes[0]: Unsupported value: \"Both\": supported values: \"Ingress\", \"Egress\"",
            ]
        );
    }
}
