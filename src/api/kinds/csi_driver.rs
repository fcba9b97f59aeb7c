//! `CSIDriver`: what a storage driver is able to do.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::storage;
use crate::api::table;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: storage::default_driver,
    validate: storage::validate_driver,
    validate_update: storage::update_driver,
    columns: &[
        Column::NAME,
        Column::flag("AttachRequired", "spec.attachRequired"),
        Column::flag("PodInfoOnMount", "spec.podInfoOnMount"),
        Column::flag("StorageCapacity", "spec.storageCapacity"),
        Column::text("TokenRequests", |object, _| audiences(object)),
        Column::flag("RequiresRepublish", "spec.requiresRepublish"),
        Column::text("Modes", |object, _| table::none_if_empty(table::texts(object, "spec.volumeLifecycleModes"))),
        Column::AGE,
    ],
    ..Kind::tree("storage.k8s.io", "CSIDriver", "csidrivers", "csidriver").cluster()
};

fn audiences(object: &Object) -> String {
    let requests = object.document().map(|driver| driver.list("spec.tokenRequests")).unwrap_or_default();
    if requests.is_empty() {
        return "<unset>".to_owned();
    }
    requests.iter().map(|request| request["audience"].as_str().unwrap_or_default()).collect::<Vec<_>>().join(",")
}
