//! `CertificateSigningRequest`.
//!
//! Upstream: `pkg/apis/certificates/validation/validation.go`, `pkg/registry/certificates/certificates/strategy.go`.
//! Left out: a request's own signature is not verified.

use super::field;
use crate::api::base64;
use crate::api::check::Errors;
use crate::api::names;
use crate::api::object::Object;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::SortedSet;
use serde_json::{Value, json};

/// What a certificate may be used for, in the order in which errors name it.
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
/// Decisions, which stay once they are made.
pub const DECISIONS: [&str; 3] = ["Approved", "Denied", "Failed"];
const SHORTEST_SECONDS: i64 = 600;

/// What Go writes of a status that nobody has set.
pub fn default(object: &mut Object) {
    if let Some(request) = object.document_mut() {
        request.set_default("status", json!({}));
    }
}

/// All errors (`validateCertificateSigningRequest`).
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let (request, usages, signer, expiry) =
        (spec.field("request"), spec.field("usages"), spec.field("signerName"), spec.field("expirationSeconds"));
    if pem(request.text(), "CERTIFICATE REQUEST").is_none() {
        out.push(FieldError::invalid(request.path, request.text(), "PEM block type must be CERTIFICATE REQUEST"));
    }
    if usages.is_empty() {
        out.push(usages.required(""));
    }
    for usage in usages.items().filter(|usage| !USAGES.contains(&usage.text())) {
        out.push(usage.not_supported(&USAGES));
    }
    let mut seen = SortedSet::new();
    for usage in usages.items() {
        if !seen.insert(usage.text()) {
            out.push(usage.duplicate());
        }
    }
    if signer.text() == "kubernetes.io/legacy-unknown" {
        out.push(signer.invalid("the legacy signerName is not allowed via this API version"));
    } else {
        signer_name(&mut out, &signer);
    }
    if expiry.given() && expiry.number() < SHORTEST_SECONDS {
        out.push(expiry.invalid("may not specify a duration less than 600 seconds (10 minutes)"));
    }
    let status = field(object, "status");
    conditions(&mut out, &status.field("conditions"));
    let certificate = status.field("certificate");
    if !certificate.is_empty() && pem(certificate.text(), "CERTIFICATE").is_none() {
        let detail = "must contain at least one CERTIFICATE PEM block";
        out.push(FieldError::invalid(certificate.path, "<certificate data>", detail));
    }
    out
}

/// All errors of an update: decisions stay (`validateCertificateSigningRequestUpdate`).
#[must_use]
pub fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut out = validate(new);
    let (status, before) = (field(new, "status"), field(old, "status"));
    let (now, before) = (status.field("conditions"), before.field("conditions"));
    let of = |conditions: &At, kind: &str| -> Vec<Value> {
        conditions.items().filter(|one| one.value["type"] == kind).map(|one| one.value.clone()).collect()
    };
    for kind in DECISIONS {
        let (new, old) = (of(&now, kind), of(&before, kind));
        if new.len() < old.len() {
            out.push(now.forbidden(&format!("updates may not remove a condition of type \"{kind}\"")));
        }
    }
    out
}

fn conditions(out: &mut Errors, conditions: &At) {
    let mut seen = SortedSet::new();
    for condition in conditions.items() {
        let (kind, status) = (condition.field("type"), condition.field("status"));
        if kind.is_empty() {
            out.push(kind.required(""));
        }
        let decision = DECISIONS.contains(&kind.text());
        let known: &[&str] = if decision { &["True"] } else { &["False", "True", "Unknown"] };
        if status.is_empty() {
            out.push(status.required(""));
        } else if !known.contains(&status.text()) {
            out.push(status.not_supported(known));
        }
        let opposite = match kind.text() {
            "Approved" => "Denied",
            "Denied" => "Approved",
            _ => "",
        };
        if seen.contains(opposite) {
            out.push(kind.invalid("Approved and Denied conditions are mutually exclusive"));
        }
        if !seen.insert(kind.text()) {
            out.push(kind.duplicate());
        }
    }
}

/// Upstream: `pkg/apis/core/validation`, `ValidateSignerName`.
fn signer_name(out: &mut Errors, signer: &At) {
    if signer.is_empty() {
        out.push(signer.required(""));
        return;
    }
    let segments: Vec<&str> = signer.text().split('/').collect();
    let (domain, path) = match segments[..] {
        [domain, path] if !domain.is_empty() && !path.is_empty() => (domain, path),
        _ => {
            let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
            out.push(signer.invalid(detail));
            return;
        }
    };
    if domain.len() > names::SUBDOMAIN_MAX {
        out.push(FieldError::too_long(signer.path, names::SUBDOMAIN_MAX));
    }
    let mut labels = |whole: &str, rule: fn(&str) -> Vec<String>| {
        for label in whole.split('.') {
            let complaints = rule(label).into_iter();
            let detail = |one: String| format!("validating label {label:?}: {one}");
            out.extend(complaints.map(|one| FieldError::invalid(signer.path, whole, detail(one))));
        }
    };
    labels(domain, names::dns1123_label);
    labels(path, names::dns1123_subdomain);
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        out.push(FieldError::invalid(signer.path, domain, detail));
    }
}

/// Whom a certificate is for.
#[derive(Default)]
pub struct Names {
    /// `CN`.
    pub common: String,
    /// `O`.
    pub organizations: Vec<String>,
    /// The sorts of its subject alternative names, by their tags in DER: `0x81` email, `0x82` DNS, `0x86` URI, `0x87` IP.
    pub alternatives: Vec<u8>,
}

impl Names {
    /// Those in a request (`spec.request`).
    #[must_use]
    pub fn read(request: &str) -> Self {
        let bytes = pem(request, "CERTIFICATE REQUEST").unwrap_or_default();
        let mut names = Self::default();
        // In DER each part of a name is its object identifier (2.5.4.x), then a string with its length.
        for place in 0..bytes.len().saturating_sub(7) {
            if let [6, 3, 0x55, 4, part, _, length, rest @ ..] = &bytes[place..] {
                let text = rest.get(..usize::from(*length)).map(|text| String::from_utf8_lossy(text).into_owned());
                match (part, text) {
                    (3, Some(text)) => names.common = text,
                    (10, Some(text)) => names.organizations.push(text),
                    _ => {}
                }
            }
            if let [6, 3, 0x55, 0x1d, 0x11, rest @ ..] = &bytes[place..] {
                names.alternatives = sorts(rest.strip_prefix(&[1, 1, 0xff]).unwrap_or(rest));
            }
        }
        names
    }
}

/// The tags of a short list of general names, within a string of bytes.
fn sorts(bytes: &[u8]) -> Vec<u8> {
    let [4, _, 0x30, length, list @ ..] = bytes else { return Vec::new() };
    let mut list = list.get(..usize::from(*length)).unwrap_or(list);
    let mut sorts = Vec::new();
    while let [tag, length, rest @ ..] = list {
        sorts.push(*tag);
        list = rest.get(usize::from(*length)..).unwrap_or_default();
    }
    sorts
}

/// The contents of the PEM block of this type that a base64 text begins with, if it does.
#[must_use]
pub fn pem(text: &str, kind: &str) -> Option<Vec<u8>> {
    let text = String::from_utf8(base64::decode(text)?).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {kind}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {kind}-----"))?;
    let body: String = body.lines().filter(|line| !line.contains(':')).map(str::trim).collect();
    base64::decode(&body)
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn the_block_of_a_type_is_found() {
        // -----BEGIN CERTIFICATE REQUEST-----\naGk=\n-----END CERTIFICATE REQUEST-----
        let text =
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KYUdrPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K";
        assert_eq!(pem(text, "CERTIFICATE REQUEST"), Some(b"hi".to_vec()));
        assert_eq!(pem(text, "CERTIFICATE"), None);
    }

    #[test]
    fn alternative_names_are_told_apart() {
        assert_eq!(sorts(&[4, 11, 0x30, 9, 0x82, 1, b'a', 0x87, 4, 10, 0, 0, 1]), [0x82, 0x87]);
        assert!(sorts(&[4, 0]).is_empty());
    }

    #[test]
    fn a_request_names_its_signer_and_usages() {
        let found = complaints(
            validate,
            &json!({"spec": {"request": "aGVsbG8=", "signerName": "me", "usages": ["fun", "any", "any"], "expirationSeconds": 10},
                "status": {"conditions": [{"type": "Approved", "status": "False"}, {"type": "Denied", "status": "True"}]}}),
        );
        assert_eq!(found[0], "spec.request: Invalid value: \"aGVsbG8=\": PEM block type must be CERTIFICATE REQUEST");
        assert!(
            found[1]
                .starts_with("spec.usages[0]: Unsupported value: \"fun\": supported values: \"any\", \"cert sign\",")
        );
        assert_eq!(found[2], "spec.usages[2]: Duplicate value: \"any\"");
        assert_eq!(
            found[3],
            "spec.signerName: Invalid value: \"me\": must be a fully qualified domain and path of the form 'example.com/signer-name'"
        );
        assert_eq!(
            found[4],
            "spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 600 seconds (10 minutes)"
        );
        assert_eq!(found[5], "status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\"");
        assert_eq!(
            found[6],
            "status.conditions[1].type: Invalid value: \"Denied\": Approved and Denied conditions are mutually exclusive"
        );
    }
}
