//! `DeviceClass`: a sort of devices that claims can name.

use super::Kind;
use crate::api::document::Document;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    generation: true,
    spec_changed: |new, old| super::differs(new, old, "spec"),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    ..Kind::tree("resource.k8s.io", "DeviceClass", "deviceclasses", "deviceclass").cluster()
};
