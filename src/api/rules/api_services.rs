//! `APIService`: which server answers for which group and version.
//!
//! Upstream: `kube-aggregator/pkg/apis/apiregistration/validation/validation.go`.

use super::webhooks::port_number;
use super::{default_field, field};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::path::Path;
use crate::api::status::FieldError;
use serde_json::json;

/// The usual port, and a status.
pub fn default(object: &mut Object) {
    let Some(service) = object.document_mut() else { return };
    service.set_default("status", json!({}));
    if let Some(service) = service.field_mut("spec").and_then(|spec| spec.get_mut("service")) {
        default_field(service, "port", 443);
    }
}

/// All errors (`ValidateAPIService`).
#[must_use]
pub fn validate(object: &Object) -> Errors {
    const NAME: Path = Path::new("metadata.name");
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let (group, version) = (spec.field("group"), spec.field("version"));
    let required = format!("{}.{}", version.text(), group.text());
    if object.name() != required {
        let detail = format!("must be `spec.version+\".\"+spec.group`: {required:?}");
        check::complain(&mut out, &NAME, object.name(), vec![detail]);
    }
    if group.is_empty() && version.text() != "v1" {
        out.push(group.required("only v1 may have an empty group and it better be legacy kube"));
    }
    if !group.is_empty() {
        group.complain(&mut out, names::dns1123_subdomain(group.text()));
    }
    check::complain(&mut out, &version.path, version.text(), names::dns1035_label(version.text()));
    for (name, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
        let priority = spec.field(name);
        if !(1..=most).contains(&priority.number()) {
            let detail = format!("must be positive and less than {most}");
            out.push(FieldError::invalid(priority.path, priority.number(), detail));
        }
    }
    let (service, bundle, insecure) =
        (spec.field("service"), spec.field("caBundle"), spec.field("insecureSkipTLSVerify"));
    if !service.given() {
        if !bundle.is_empty() {
            let bytes = bundle.text().trim_end_matches('=').len() * 3 / 4;
            let detail = "local APIServices may not have a caBundle";
            out.push(FieldError::invalid(bundle.path, format!("{bytes} bytes"), detail));
        }
        if insecure.flag() {
            out.push(insecure.invalid("local APIServices may not have insecureSkipTLSVerify"));
        }
        return out;
    }
    for name in ["namespace", "name"] {
        let at = service.field(name);
        if at.is_empty() {
            out.push(at.required(""));
        }
    }
    port_number(&mut out, &service.field("port"));
    if insecure.flag() && !bundle.is_empty() {
        out.push(insecure.invalid("may not be true if caBundle is present"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn a_service_is_named_after_what_it_serves() {
        let found = complaints(
            validate,
            &json!({"metadata": {"name": "x"}, "spec": {"group": "a.b", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1001,
                "insecureSkipTLSVerify": true}}),
        );
        assert_eq!(
            found,
            [
                "metadata.name: Invalid value: \"x\": must be `spec.version+\".\"+spec.group`: \"v1.a.b\"",
                "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000",
                "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify",
            ]
        );
    }
}
