//! `ServiceCIDR`: a range from which Services get their addresses.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::services;
use crate::api::table;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    generation: false,
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    validate: services::validate_cidr,
    validate_update: services::update_cidr,
    prepare_create: |object, _| super::reset_status(object, json!({})),
    columns: &[Column::NAME, Column::text("CIDRs", |object, _| table::texts(object, "spec.cidrs")), Column::AGE],
    ..Kind::tree("networking.k8s.io", "ServiceCIDR", "servicecidrs", "servicecidr").cluster().with_status()
};
