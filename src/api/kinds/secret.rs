//! `Secret`: what should not stand in a `ConfigMap`. Its values travel as base64, which hides nothing.

use super::{Column, Kind, Object, decode, plain_kind};
use k8s_openapi::api::core::v1::Secret;

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
    ..Kind::plain()
};

fn type_of(object: &Object) -> String {
    object.get::<Secret>().and_then(|secret| secret.type_.clone()).unwrap_or_default()
}

fn entries(object: &Object) -> usize {
    object.get::<Secret>().and_then(|secret| secret.data.as_ref()).map_or(0, |data| data.len())
}
