//! `Secret`: what should not stand in a `ConfigMap`. Its values travel as base64, which hides nothing.

use super::config_map::{MOST_BYTES, immutable_errors, key_errors};
use super::{Column, Kind, Object, decode, plain_kind};
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

fn type_of(object: &Object) -> String {
    object.get::<Secret>().and_then(|secret| secret.type_.clone()).unwrap_or_default()
}

fn entries(object: &Object) -> usize {
    object.get::<Secret>().and_then(|secret| secret.data.as_ref()).map_or(0, BTreeMap::len)
}
