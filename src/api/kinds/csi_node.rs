//! `CSINode`: which storage drivers a node has, and how many volumes each can attach there.

use super::{Column, Kind, Object};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::sim::SortedSet;
use serde_json::Value;

/// The kind.
pub static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "CSINode",
    plural: "csinodes",
    singular: "csinode",
    namespaced: false,
    storage: "csinodes",
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    validate,
    validate_update: |new, _| validate(new),
    columns: &[
        Column::NAME,
        Column::integer("Drivers", |object, _| {
            object.document().map_or(0, |node| node.list("spec.drivers").len()).to_string()
        }),
        Column::AGE,
    ],
    ..Kind::plain()
};

fn text<'a>(driver: &'a Value, field: &str) -> &'a str {
    driver[field].as_str().unwrap_or_default()
}

/// Upstream: `pkg/apis/storage/validation`, `ValidateCSINode`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(node) = object.document() else { return out };
    let mut known = SortedSet::new();
    let path = Path::new("spec.drivers");
    for (index, driver) in node.list("spec.drivers").iter().enumerate() {
        let path = path.index(index);
        let name = text(driver, "name");
        driver_name(&mut out, &path.field("name"), name);
        if !known.insert(name) {
            out.push(FieldError::duplicate(path.field("name"), name));
        }
        check::required(&mut out, &path.field("nodeID"), text(driver, "nodeID"));
        if let Some(count) = driver["allocatable"]["count"].as_i64() {
            check::not_negative(&mut out, &path.field("allocatable.count"), count);
        }
    }
    out
}

/// Upstream: `ValidateCSIDriverName`.
pub fn driver_name(out: &mut Errors, path: &Path, name: &str) {
    check::required(out, path, name);
    if name.len() > names::LABEL_MAX {
        out.push(FieldError::too_long(path, names::LABEL_MAX));
    }
    check::complain(out, path, name, names::dns1123_subdomain(&name.to_ascii_lowercase()));
}
