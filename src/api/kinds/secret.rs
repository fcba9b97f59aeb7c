//! `Secret`: what should not stand in a `ConfigMap`. Its values travel as base64, which hides nothing.

use super::config_map::{MOST_BYTES, immutable_errors, key_errors};
use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::base64;
use crate::api::manifest::json_error;
use crate::api::status::{Fault, FieldError};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use std::collections::BTreeMap;

plain_kind!(Secret);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    storage: "secrets",
    decode: decode::<Secret>,
    field: |object, path| (path == "type").then(|| type_of(object)),
    columns: &[
        Column::NAME,
        Column::text("Type", |object, _| type_of(object)),
        Column::text("Data", |object, _| entries(object).to_string()),
        Column::AGE,
    ],
    default,
    validate,
    validate_update,
    warnings: |object| {
        let secret = object.get::<Secret>().filter(|secret| secret.type_.as_deref() == Some("kubernetes.io/tls"));
        secret.and_then(|secret| pair_warning(secret.data.as_ref()?)).into_iter().collect()
    },
    ..Kind::plain()
};

/// Upstream: `SetDefaults_Secret`; `stringData` is written into `data` by the conversion before it.
fn default(object: &mut Object) {
    let Some(secret) = object.get_mut::<Secret>() else { return };
    for (key, text) in secret.string_data.take().into_iter().flatten() {
        secret.data.get_or_insert_default().insert(key, ByteString(text.into_bytes()));
    }
    if secret.type_.as_deref().is_none_or(str::is_empty) {
        secret.type_ = Some("Opaque".to_owned());
    }
}

/// The keys that a type of Secret must have (upstream: `ValidateSecret`).
const REQUIRED: &[(&str, &[&str])] = &[
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
];

/// Upstream: `ValidateSecret`.
fn validate(object: &Object) -> Vec<FieldError> {
    let Some(secret) = object.get::<Secret>() else { return Vec::new() };
    let mut errors = Vec::new();
    let has = |key: &str| secret.data.as_ref().is_some_and(|data| data.contains_key(key));
    for key in secret.data.iter().flatten().map(|(key, _)| key) {
        errors.extend(key_errors("data", key));
    }
    if secret.data.iter().flatten().map(|(_, bytes)| bytes.0.len()).sum::<usize>() > MOST_BYTES {
        errors.push(FieldError::too_long("data", MOST_BYTES));
    }
    let kind = secret.type_.as_deref().unwrap_or_default();
    for key in REQUIRED.iter().filter(|(known, _)| *known == kind).flat_map(|(_, keys)| keys.iter()) {
        if !has(key) {
            errors.push(FieldError::required(format!("data[{key}]"), ""));
        } else if kind.starts_with("kubernetes.io/docker") {
            errors.extend(broken_json(secret, key));
        }
    }
    if kind == "kubernetes.io/basic-auth" && !has("username") && !has("password") {
        errors.push(FieldError::required("data[username]", ""));
        errors.push(FieldError::required("data[password]", ""));
    }
    if kind == "kubernetes.io/service-account-token" {
        let annotations = secret.metadata.annotations.as_ref();
        let account = annotations.and_then(|map| map.get("kubernetes.io/service-account.name"));
        if account.is_none_or(String::is_empty) {
            errors.push(FieldError::required("metadata.annotations[kubernetes.io/service-account.name]", ""));
        }
    }
    errors
}

/// What Go's JSON parser says of a registry's credentials. The credentials themselves are not repeated.
fn broken_json(secret: &Secret, key: &str) -> Option<FieldError> {
    let text = String::from_utf8_lossy(&secret.data.as_ref()?.get(key)?.0);
    let detail = json_error(&text)?;
    let fault = Fault::Invalid("\"<secret contents redacted>\"".to_owned());
    Some(FieldError { field: format!("data[{key}]"), fault, detail })
}

/// Upstream: `ValidateSecretUpdate`.
fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (Some(secret), Some(old)) = (new.get::<Secret>(), old.get::<Secret>()) else { return errors };
    if secret.type_ != old.type_ {
        errors.push(FieldError::invalid("type", type_of(new), "field is immutable"));
    }
    if old.immutable == Some(true) {
        let changed = [("immutable", secret.immutable != Some(true)), ("data", secret.data != old.data)];
        errors.extend(immutable_errors(&changed));
    }
    errors.extend(validate(new));
    errors
}

/// What Go says of a certificate and a key that are none (upstream: `warningsForSecret`, `crypto/tls`, `X509KeyPair`).
/// Left out: what is inside of them.
fn pair_warning(data: &BTreeMap<String, ByteString>) -> Option<String> {
    let blocks = |key: &str| pem_blocks(&String::from_utf8_lossy(data.get(key).map_or(&[][..], |bytes| &bytes.0)));
    let certificates = blocks("tls.crt");
    let is_key = |block: &String| block.ends_with("PRIVATE KEY");
    if !certificates.iter().any(|block| block == "CERTIFICATE") {
        return Some(match &certificates[..] {
            [] => "tls: failed to find any PEM data in certificate input".to_owned(),
            [block] if is_key(block) => {
                "tls: failed to find certificate PEM data in certificate input, but did find a \
                                         private key; PEM inputs may have been switched"
                    .to_owned()
            }
            blocks => format!(
                "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the \
                 following types: [{}]",
                blocks.join(" ")
            ),
        });
    }
    let keys = blocks("tls.key");
    if keys.iter().any(is_key) {
        return None;
    }
    Some(match &keys[..] {
        [] => "tls: failed to find any PEM data in key input".to_owned(),
        [block] if block == "CERTIFICATE" => {
            "tls: found a certificate rather than a key in the PEM for the private key".to_owned()
        }
        blocks => format!(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of \
             the following types: [{}]",
            blocks.join(" ")
        ),
    })
}

/// What the blocks of a text are (upstream: `encoding/pem`, `Decode`).
fn pem_blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let label = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.trim_end().strip_suffix("-----"));
        let Some(label) = label else { continue };
        let mut rest = lines.clone();
        let mut body = String::new();
        let ends = format!("-----END {label}-----");
        let closed = rest.by_ref().any(|line| {
            let last = line.trim_end() == ends;
            body.extend((!last && !line.contains(':')).then_some(line.trim()));
            last
        });
        if closed && base64::decode(&body).is_some() {
            blocks.push(label.to_owned());
            lines = rest;
        }
    }
    blocks
}

fn type_of(object: &Object) -> String {
    object.get::<Secret>().and_then(|secret| secret.type_.clone()).unwrap_or_default()
}

fn entries(object: &Object) -> usize {
    object.get::<Secret>().and_then(|secret| secret.data.as_ref()).map_or(0, BTreeMap::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_a_certificate_and_its_key() {
        let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        let said = |certificate: &str, key: &str| {
            let bytes = |text: &str| ByteString(text.as_bytes().to_vec());
            let data = [("tls.crt".to_owned(), bytes(certificate)), ("tls.key".to_owned(), bytes(key))].into();
            pair_warning(&data).unwrap_or_default()
        };
        let (certificate, key) = (block("CERTIFICATE"), block("RSA PRIVATE KEY"));
        assert_eq!(said(&certificate, &key), "");
        assert_eq!(said("x", &key), "tls: failed to find any PEM data in certificate input");
        assert!(said(&key, &certificate).ends_with("PEM inputs may have been switched"));
        assert_eq!(said(&certificate, "-----BEGIN KEY-----"), "tls: failed to find any PEM data in key input");
        assert!(said(&certificate, &certificate).starts_with("tls: found a certificate rather than a key"));
        assert!(said(&block("A"), &key).ends_with("following types: [A]"));
    }
}
