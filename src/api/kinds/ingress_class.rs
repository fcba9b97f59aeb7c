//! `IngressClass`: which controller carries out an Ingress.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::ingresses;

/// The kind.
pub static KIND: Kind = Kind {
    generation: true,
    spec_changed: |new, old| super::differs(new, old, "spec"),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: ingresses::default_class,
    validate: ingresses::validate_class,
    validate_update: ingresses::update_class,
    columns: &[
        Column::NAME,
        Column::at("Controller", "spec.controller"),
        Column::text("Parameters", |object, _| parameters(object)),
        Column::AGE,
    ],
    ..Kind::tree("networking.k8s.io", "IngressClass", "ingressclasses", "ingressclass").cluster()
};

fn parameters(object: &Object) -> String {
    let text = |name: &str| super::document_text(object, name);
    match (text("spec.parameters.kind"), text("spec.parameters.apiGroup"), text("spec.parameters.name")) {
        ("", ..) => "<none>".to_owned(),
        (kind, "", name) => format!("{kind}/{name}"),
        (kind, group, name) => format!("{kind}.{group}/{name}"),
    }
}
