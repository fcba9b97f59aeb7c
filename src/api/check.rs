//! Checks that many fields share. Each appends what is wrong to a list, because the server reports all errors at once.
//!
//! Upstream: `pkg/apis/core/validation/validation.go`, `apimachinery/pkg/apis/meta/v1/validation/validation.go`.

use super::names;
use super::path::Path;
use super::status::{Fault, FieldError};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What is wrong with an object.
pub type Errors = Vec<FieldError>;

/// One error for every complaint about a text.
pub fn complain(out: &mut Errors, path: &Path, value: &str, complaints: Vec<String>) {
    out.extend(complaints.into_iter().map(|complaint| FieldError::invalid(path, value, complaint)));
}

/// An error that shows a value in a form of its own (`field.Invalid` of a struct).
#[must_use]
pub fn invalid_as(path: &Path, shown: String, detail: &str) -> FieldError {
    FieldError { field: path.into(), fault: Fault::Invalid(shown), detail: detail.to_owned() }
}

/// A number must not be negative.
pub fn not_negative(out: &mut Errors, path: &Path, value: i64) {
    if value < 0 {
        out.push(FieldError::invalid(path, value, "must be greater than or equal to 0"));
    }
}

/// The counts of a workload's status, each with its name: none is negative, none of pods is greater than `replicas`, and not
/// more are available than ready. Upstream: `ValidateReplicaSetStatus`, `ValidateDeploymentStatus` and their like.
pub fn workload_status(out: &mut Errors, counts: &[(&'static str, i64)]) {
    const PATH: Path = Path::new("status");
    let count = |name: &str| counts.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count);
    for (name, count) in counts {
        not_negative(out, &PATH.field(name), *count);
    }
    for name in ["fullyLabeledReplicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        let given = counts.iter().any(|(known, _)| *known == name);
        if given && count(name) > count("replicas") {
            out.push(FieldError::invalid(PATH.field(name), count(name), "cannot be greater than status.replicas"));
        }
    }
    if count("availableReplicas") > count("readyReplicas") {
        let path = PATH.field("availableReplicas");
        out.push(FieldError::invalid(path, count("availableReplicas"), "cannot be greater than readyReplicas"));
    }
}

/// A text must be one of these. The list is printed in the order given; it must be set.
pub fn one_of(out: &mut Errors, path: &Path, value: &str, known: &[&str]) {
    if value.is_empty() {
        out.push(FieldError::required(path, ""));
    } else if !known.contains(&value) {
        out.push(FieldError::not_supported(path, value, known));
    }
}

/// A text must not be empty.
pub fn required(out: &mut Errors, path: &Path, value: &str) {
    if value.is_empty() {
        out.push(FieldError::required(path, ""));
    }
}

/// Labels (`ValidateLabels`). Keys and values are reported at the same path.
pub fn labels(out: &mut Errors, path: &Path, labels: Option<&BTreeMap<String, String>>) {
    for (key, value) in labels.into_iter().flatten() {
        complain(out, path, key, names::qualified_name(key));
        complain(out, path, value, names::label_value(value));
    }
}

/// The most bytes that all annotations together may have.
const ANNOTATIONS_MAX: usize = 256 * 1024;

/// Annotations (`ValidateAnnotations`): keys are like those of labels, in any case.
pub fn annotations(out: &mut Errors, path: &Path, annotations: Option<&BTreeMap<String, String>>) {
    let Some(annotations) = annotations else { return };
    for key in annotations.keys() {
        let complaints = if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            names::qualified_name(&key.to_ascii_lowercase())
        } else {
            names::qualified_name(key)
        };
        complain(out, path, key, complaints);
    }
    if annotations.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > ANNOTATIONS_MAX {
        out.push(FieldError::too_long(path, ANNOTATIONS_MAX));
    }
}

/// A label selector (`ValidateLabelSelector`).
pub fn label_selector(out: &mut Errors, path: &Path, selector: Option<&LabelSelector>) {
    let Some(selector) = selector else { return };
    labels(out, &path.field("matchLabels"), selector.match_labels.as_ref());
    let expressions = path.field("matchExpressions");
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let path = expressions.index(index);
        let values = expression.values.as_deref().unwrap_or_default();
        match expression.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                out.push(FieldError::required(path.field("values"), detail));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                out.push(FieldError::forbidden(path.field("values"), detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => out.push(FieldError::invalid(path.field("operator"), other, "not a valid selector operator")),
        }
        complain(out, &path.field("key"), &expression.key, names::qualified_name(&expression.key));
        label_values(out, &path.field("values"), values);
    }
}

/// The values of one requirement of a selector.
pub fn label_values(out: &mut Errors, path: &Path, values: &[String]) {
    for (index, value) in values.iter().enumerate() {
        complain(out, &path.index(index), value, names::label_value(value));
    }
}

/// A selector in the JSON form in which errors show it; Go writes the fields in the order of its struct.
#[must_use]
pub fn shown_selector(selector: &LabelSelector) -> String {
    let mut parts = Vec::new();
    if let Some(labels) = selector.match_labels.as_ref().filter(|labels| !labels.is_empty()) {
        parts.push(format!("\"matchLabels\":{}", json!(labels)));
    }
    if let Some(expressions) = selector.match_expressions.as_ref().filter(|expressions| !expressions.is_empty()) {
        parts.push(format!("\"matchExpressions\":{}", json!(expressions)));
    }
    format!("{{{}}}", parts.join(","))
}

/// An address (`IsValidIPForLegacyField`). Parts with leading zeros are read as Go's older parser read them.
pub fn ip(out: &mut Errors, path: &Path, value: &str) {
    if parse_ip(value).is_none() {
        out.push(FieldError::invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
    }
}

/// An address, with leading zeros or without (`ParseIPSloppy`).
#[must_use]
pub fn parse_ip(value: &str) -> Option<IpAddr> {
    let without_zeros = |part: &str| {
        let trimmed = part.trim_start_matches('0');
        if trimmed.is_empty() && !part.is_empty() { "0".to_owned() } else { trimmed.to_owned() }
    };
    let plain = || value.split('.').map(without_zeros).collect::<Vec<_>>().join(".");
    value.parse().ok().or_else(|| plain().parse().ok())
}

/// A network such as `10.0.0.0/8` (`ParseCIDRSloppy`): its first address as bits, how many bits stand for the network,
/// and whether it is IPv4. Leading zeros are minded by nobody.
#[must_use]
pub fn parse_cidr(value: &str) -> Option<(u128, u32, bool)> {
    let (address, bits) = value.split_once('/')?;
    let plain = bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits: u32 = bits.parse().ok().filter(|_| plain)?;
    let (number, width) = match parse_ip(address)? {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    };
    let shift = u32::checked_sub(width, bits)?;
    Some((number.checked_shr(shift).unwrap_or(0).checked_shl(shift).unwrap_or(0), bits, width == 32))
}

/// A network (`IsValidCIDRForLegacyField`).
pub fn cidr(out: &mut Errors, path: &Path, value: &str) {
    if parse_cidr(value).is_none() {
        let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        out.push(FieldError::invalid(path, value, detail));
    }
}

/// A port by number or name (`ValidatePortNumOrName`).
pub fn port(out: &mut Errors, path: &Path, port: &IntOrString) {
    match port {
        IntOrString::Int(number) => {
            let complaints = names::port_number(i64::from(*number)).into_iter();
            out.extend(complaints.map(|complaint| FieldError::invalid(path, *number, complaint)));
        }
        IntOrString::String(name) => complain(out, path, name, names::port_name(name)),
    }
}

/// A relative path that does not leave its place (`validateLocalDescendingPath`).
pub fn descending_path(out: &mut Errors, path: &Path, value: &str) {
    if value.starts_with('/') {
        out.push(FieldError::invalid(path, value, "must be a relative path"));
    }
    no_backsteps(out, path, value);
}

/// A path without `..` in it (`validatePathNoBacksteps`).
pub fn no_backsteps(out: &mut Errors, path: &Path, value: &str) {
    if value.split('/').any(|part| part == "..") {
        out.push(FieldError::invalid(path, value, "must not contain '..'"));
    }
}

/// The same for files that a volume makes: no name may begin with `..` (`ValidateLocalNonReservedPath`).
pub fn file_path(out: &mut Errors, path: &Path, value: &str) {
    descending_path(out, path, value);
    if value.starts_with("..") && !value.starts_with("../") {
        out.push(FieldError::invalid(path, value, "must not start with '..'"));
    }
}

/// A field that must stay as it is (`ValidateImmutableField`).
pub fn immutable(out: &mut Errors, path: &Path, same: bool, shown: impl FnOnce() -> String) {
    if !same {
        out.push(invalid_as(path, shown(), "field is immutable"));
    }
}

/// Labels as errors show them: a JSON object, or `null`.
#[must_use]
pub fn shown_labels(labels: Option<&BTreeMap<String, String>>) -> Value {
    labels.map_or(Value::Null, |labels| json!(labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;

    #[test]
    fn addresses_are_read_leniently() {
        let complaints = |text: &str| {
            let mut out = Vec::new();
            ip(&mut out, &Path::new("ip"), text);
            out.len()
        };
        assert_eq!(["10.0.0.1", "010.000.0.1", "::1", "10.0.0", "x", ""].map(complaints), [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn a_selector_is_shown_in_the_order_of_its_struct() {
        let requirement = LabelSelectorRequirement {
            key: "a".to_owned(),
            operator: "In".to_owned(),
            values: Some(vec!["b".to_owned()]),
        };
        let selector = LabelSelector {
            match_labels: Some([("x".to_owned(), "y".to_owned())].into()),
            match_expressions: Some(vec![requirement]),
        };
        assert_eq!(
            shown_selector(&selector),
            r#"{"matchLabels":{"x":"y"},"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]}"#
        );
        assert_eq!(shown_selector(&LabelSelector::default()), "{}");
    }
}
