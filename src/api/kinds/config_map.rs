//! `ConfigMap`: configuration as keys and texts.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::names;
use crate::api::status::FieldError;
use k8s_openapi::api::core::v1::ConfigMap;
use std::collections::BTreeMap;

plain_kind!(ConfigMap);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    storage: "configmaps",
    decode: decode::<ConfigMap>,
    columns: &[Column::NAME, Column::text("Data", |object, _| entries(object).to_string()), Column::AGE],
    validate,
    validate_update,
    ..Kind::plain()
};

/// The most that the values of a ConfigMap or a Secret may come to, in bytes (upstream: `MaxSecretSize`).
pub const MOST_BYTES: usize = 1 << 20;

/// Upstream: `ValidateConfigMap`.
fn validate(object: &Object) -> Vec<FieldError> {
    let Some(map) = object.get::<ConfigMap>() else { return Vec::new() };
    let mut errors = Vec::new();
    let mut total = 0;
    for (key, text) in map.data.iter().flatten() {
        errors.extend(key_errors("data", key));
        if map.binary_data.as_ref().is_some_and(|binary| binary.contains_key(key)) {
            let text = "duplicate of key present in binaryData";
            errors.push(FieldError::invalid(format!("data[{key}]"), key.as_str(), text));
        }
        total += text.len();
    }
    for (key, bytes) in map.binary_data.iter().flatten() {
        errors.extend(key_errors("binaryData", key));
        total += bytes.0.len();
    }
    if total > MOST_BYTES {
        errors.push(FieldError::too_long("[]", MOST_BYTES));
    }
    errors
}

/// What is wrong with a key of a ConfigMap or a Secret.
pub fn key_errors(field: &str, key: &str) -> impl Iterator<Item = FieldError> {
    let path = format!("{field}[{key}]");
    names::config_key(key).into_iter().map(move |text| FieldError::invalid(path.clone(), key, text))
}

/// What an update may no longer change once `immutable` is set: which fields differ.
pub fn immutable_errors(changed: &[(&str, bool)]) -> impl Iterator<Item = FieldError> {
    let text = "field is immutable when `immutable` is set";
    changed.iter().filter(|(_, changed)| *changed).map(move |(field, _)| FieldError::forbidden(*field, text))
}

/// Upstream: `ValidateConfigMapUpdate`.
fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = validate(new);
    let (Some(new), Some(old)) = (new.get::<ConfigMap>(), old.get::<ConfigMap>()) else { return errors };
    if old.immutable == Some(true) {
        errors.extend(immutable_errors(&[
            ("immutable", new.immutable != Some(true)),
            ("data", new.data != old.data),
            ("binaryData", new.binary_data != old.binary_data),
        ]));
    }
    errors
}

fn entries(object: &Object) -> usize {
    let Some(map) = object.get::<ConfigMap>() else { return 0 };
    map.data.as_ref().map_or(0, BTreeMap::len) + map.binary_data.as_ref().map_or(0, BTreeMap::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_map_holds_no_more_than_a_mebibyte() {
        let of = |bytes: usize| {
            let document = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "a"},
                "data": {"k": "x".repeat(bytes)}});
            let object = (KIND.decode)(document).expect("a map");
            validate(&object).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of(MOST_BYTES), Vec::<String>::new());
        assert_eq!(of(MOST_BYTES + 1), ["[]: Too long: may not be more than 1048576 bytes"]);
    }
}
