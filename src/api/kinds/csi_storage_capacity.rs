//! `CSIStorageCapacity`: how much a storage class can still give to which nodes.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::json;
use crate::api::object::Object;
use crate::api::rules::storage;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| {
        let mut capacity = Document::read(&KIND, value)?;
        for name in ["capacity", "maximumVolumeSize"] {
            // Elsewhere a field of this name is a number.
            capacity.field_mut(name).map_or(Ok(()), json::read_quantity)?;
        }
        Ok(Object::from_document(capacity))
    },
    validate: storage::validate_capacity,
    validate_update: storage::update_capacity,
    columns: &[Column::NAME, Column::CREATED_AT],
    ..Kind::tree("storage.k8s.io", "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity")
};

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_quantities() {
        let capacity = json!({"metadata": {"name": "c"}, "storageClassName": "s", "capacity": "1024Mi",
            "maximumVolumeSize": 5});
        let value = (KIND.decode)(capacity).expect("a capacity").to_value();
        assert_eq!((&value["capacity"], &value["maximumVolumeSize"]), (&json!("1Gi"), &json!("5")));
    }
}
