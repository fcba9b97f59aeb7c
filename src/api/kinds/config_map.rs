//! `ConfigMap`: configuration as keys and texts.

use super::{Column, Kind, Object, decode, plain_kind};
use k8s_openapi::api::core::v1::ConfigMap;

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
    ..Kind::plain()
};

fn entries(object: &Object) -> usize {
    let Some(map) = object.get::<ConfigMap>() else { return 0 };
    map.data.as_ref().map_or(0, |d| d.len()) + map.binary_data.as_ref().map_or(0, |d| d.len())
}
