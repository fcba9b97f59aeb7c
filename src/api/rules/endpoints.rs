//! `Endpoints`, and `Event`s in their newer form.
//!
//! Upstream: `pkg/apis/core/validation/validation.go`, `ValidateEndpoints`; `events.go`, `legacyValidateEvent`.

use super::field;
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::path::Path;
use crate::api::service::rare::endpoint_ip;
use crate::api::status::FieldError;
use crate::api::tree::At;
use k8s_openapi::api::core::v1::Event;

/// All errors of `Endpoints`.
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    for subset in field(object, "subsets").items() {
        let lists = [subset.field("addresses"), subset.field("notReadyAddresses")];
        if lists.iter().all(At::is_empty) {
            out.push(subset.required("must specify `addresses` or `notReadyAddresses`"));
        }
        for list in &lists {
            list.items().for_each(|address| check_address(&mut out, &address));
        }
        let ports = subset.field("ports");
        let named = ports.len() > 1;
        ports.items().for_each(|port| check_port(&mut out, &port, named));
    }
    out
}

fn check_address(out: &mut Errors, address: &At) {
    let ip = address.field("ip");
    check::ip(out, &ip.path, ip.text());
    let host = address.field("hostname");
    if !host.is_empty() {
        host.complain(out, names::dns1123_label(host.text()));
    }
    let node = address.field("nodeName");
    if node.given() {
        node.complain(out, names::dns1123_subdomain(node.text()));
    }
    endpoint_ip(out, &ip.path, ip.text());
}

fn check_port(out: &mut Errors, port: &At, named: bool) {
    let name = port.field("name");
    if !name.is_empty() {
        name.complain(out, names::dns1123_label(name.text()));
    } else if named {
        out.push(name.required(""));
    }
    let number = port.field("port");
    let complaints = names::port_number(number.number()).into_iter();
    out.extend(complaints.map(|complaint| FieldError::invalid(number.path, number.number(), complaint)));
    let protocol = port.field("protocol");
    check::one_of(out, &protocol.path, protocol.text(), &["SCTP", "TCP", "UDP"]);
    let application = port.field("appProtocol");
    if application.given() {
        application.complain(out, names::qualified_name(application.text()));
    }
}

/// All errors of an event, which may be one of the newer sort: of those the time is exact.
#[must_use]
pub fn validate_event(event: &Event) -> Errors {
    let mut out = Vec::new();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (own, other) = (text(&event.metadata.namespace), text(&event.involved_object.namespace));
    let newer = event.event_time.is_some();
    let fits = match (other.is_empty(), newer) {
        (true, true) => own == "default" || own == "kube-system",
        (true, false) => own.is_empty() || own == "default",
        (false, true) => true,
        (false, false) => own == other,
    };
    if !fits {
        out.push(FieldError::invalid("involvedObject.namespace", other, "does not match event.namespace"));
    }
    if !newer {
        return out;
    }
    let reporter = text(&event.reporting_component);
    check::required(&mut out, &Path::new("reportingController"), &reporter);
    check::complain(&mut out, &Path::new("reportingController"), &reporter, names::qualified_name(&reporter));
    let texts = [
        ("reportingInstance", text(&event.reporting_instance)),
        ("action", text(&event.action)),
        ("reason", text(&event.reason)),
    ];
    for (name, text) in &texts {
        check::required(&mut out, &Path::new(name), text);
        if text.len() > 128 {
            out.push(FieldError::invalid(*name, "", "can have at most 128 characters"));
        }
    }
    if text(&event.message).len() > 1024 {
        out.push(FieldError::invalid("message", "", "can have at most 1024 characters"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn endpoints_are_addresses_and_ports() {
        let said = |subset: Value| complaints(validate, &json!({"subsets": [subset]}));
        assert_eq!(
            said(json!({"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80, "protocol": "TCP"}]})),
            [""; 0]
        );
        assert_eq!(said(json!({})), ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]);
        assert_eq!(
            said(json!({"addresses": [{"ip": "127.0.0.1"}]})),
            [
                "subsets[0].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, \
             ::1/128)"
            ]
        );
        assert_eq!(said(json!({"addresses": [{"ip": "x"}]})).len(), 2);
        let ports = json!([{"port": 0, "protocol": "TCP"}, {"name": "a", "port": 1, "protocol": "ICMP"}]);
        assert_eq!(
            said(json!({"notReadyAddresses": [{"ip": "10.0.0.1"}], "ports": ports})),
            [
                "subsets[0].ports[0].name: Required value",
                "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "subsets[0].ports[1].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            ]
        );
    }

    #[test]
    fn an_event_is_where_its_object_is() {
        let said = |value: Value| -> Vec<String> {
            let event: Event = crate::api::json::decode_part(&value).expect("an event");
            validate_event(&event).iter().map(ToString::to_string).collect()
        };
        let meta = json!({"name": "e", "namespace": "a"});
        assert_eq!(
            said(json!({"metadata": meta, "involvedObject": {"namespace": "b"}})),
            ["involvedObject.namespace: Invalid value: \"b\": does not match event.namespace"]
        );
        assert_eq!(said(json!({"metadata": meta, "involvedObject": {"namespace": "a"}})), [""; 0]);
    }
}
