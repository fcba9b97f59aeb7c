//! `ConfigMap`: configuration as keys and texts.

use super::{Column, Kind, decode, plain_kind};
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
    columns: &[Column { name: "Data", wide: false, cell: data }],
    ..Kind::plain()
};

fn data(object: &super::Object) -> String {
    let Some(map) = object.get::<ConfigMap>() else { return String::new() };
    (map.data.as_ref().map_or(0, |d| d.len()) + map.binary_data.as_ref().map_or(0, |d| d.len())).to_string()
}
