//! What all versions have in common stands beside them in the server's own type, and so in its errors.
//!
//! Upstream: `Convert_v1_CustomResourceDefinitionSpec_To_apiextensions_CustomResourceDefinitionSpec`.

use serde_json::Value;

/// Which fields all versions have in common.
#[derive(Clone, Copy)]
pub struct Shared {
    pub schema: bool,
    pub subresources: bool,
    pub columns: bool,
}

impl Shared {
    /// Of a list of versions.
    pub fn of(versions: &Value) -> Self {
        let versions = versions.as_array().map(Vec::as_slice).unwrap_or_default();
        let same = |name: &str| versions.windows(2).all(|pair| pair[0].get(name) == pair[1].get(name));
        Self { schema: same("schema"), subresources: same("subresources"), columns: same("additionalPrinterColumns") }
    }

    /// The versions without it.
    pub fn taken_out(self, versions: &Value) -> Value {
        let mut versions = versions.clone();
        let names =
            [(self.schema, "schema"), (self.subresources, "subresources"), (self.columns, "additionalPrinterColumns")];
        for version in versions.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            names.iter().filter(|(shared, _)| *shared).for_each(|(_, name)| drop(version.remove(*name)));
        }
        versions
    }
}
