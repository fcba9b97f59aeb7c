//! `Namespace`: a room for names.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::sim::Time;
use k8s_openapi::api::core::v1::{Namespace, NamespaceSpec, NamespaceStatus};

plain_kind!(Namespace);

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    namespaced: false,
    verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
    name_errors: names::dns1123_label,
    storage: "namespaces",
    subresources: &["finalize", "status"],
    decode: decode::<Namespace>,
    columns: &[Column::NAME, Column::text("Status", |object, _| phase(object)), Column::AGE],
    default,
    prepare_create,
    prepare_update,
    prepare_status,
    validate: |object| finalizers(object).map(|names| unknown_finalizers(&names)).unwrap_or_default(),
    validate_update: |new, _| wrong_phase(new).into_iter().collect(),
    ..Kind::plain()
};

/// The label that names every namespace (upstream: `SetDefaults_Namespace`).
fn default(object: &mut Object) {
    let name = object.name().to_owned();
    if !name.is_empty() {
        let labels = object.meta_mut().labels.get_or_insert_default();
        labels.insert("kubernetes.io/metadata.name".to_owned(), name);
    }
}

/// Upstream: `pkg/registry/core/namespace/strategy.go`.
fn prepare_create(object: &mut Object, _now: Time) {
    let Some(namespace) = object.get_mut::<Namespace>() else { return };
    namespace.status = Some(NamespaceStatus { phase: Some("Active".to_owned()), ..NamespaceStatus::default() });
    let finalizers = namespace.spec.get_or_insert_with(NamespaceSpec::default).finalizers.get_or_insert_default();
    if !finalizers.iter().any(|finalizer| finalizer == "kubernetes") {
        finalizers.push("kubernetes".to_owned());
    }
}

fn prepare_update(new: &mut Object, old: &Object) {
    if let (Some(new), Some(old)) = (new.get_mut::<Namespace>(), old.get::<Namespace>()) {
        new.spec.clone_from(&old.spec);
        new.status.clone_from(&old.status);
    }
}

fn prepare_status(new: &mut Object, old: &Object) {
    if let (Some(new), Some(old)) = (new.get_mut::<Namespace>(), old.get::<Namespace>()) {
        new.spec.clone_from(&old.spec);
    }
}

/// Who wants to do something before it goes; `None`: only the server itself.
fn finalizers(object: &Object) -> Option<Vec<String>> {
    let names = object.get::<Namespace>()?.spec.as_ref()?.finalizers.clone()?;
    Some(names).filter(|names| names.iter().any(|name| name != "kubernetes"))
}

/// Upstream: `ValidateNamespace`, `validateFinalizerName`.
fn unknown_finalizers(finalizers: &[String]) -> Errors {
    const PATH: Path = Path::new("spec.finalizers");
    let mut out = Vec::new();
    for name in finalizers {
        check::complain(&mut out, &PATH, name, names::qualified_name(name));
        if !name.contains('/') && !["kubernetes", "orphan", "foregroundDeletion"].contains(&name.as_str()) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            out.push(FieldError::invalid(PATH, name.as_str(), detail));
        }
    }
    out
}

/// Upstream: `ValidateNamespaceStatusUpdate`.
fn wrong_phase(object: &Object) -> Option<FieldError> {
    let (needed, when) = if object.is_terminating() { ("Terminating", "not empty") } else { ("Active", "empty") };
    let found = phase(object);
    let detail = || format!("may only be '{needed}' if `deletionTimestamp` is {when}");
    (found != needed).then(|| FieldError::invalid("status.Phase", found, detail()))
}

fn phase(object: &Object) -> String {
    let status = object.get::<Namespace>().and_then(|ns| ns.status.as_ref());
    status.and_then(|status| status.phase.clone()).unwrap_or_default()
}
