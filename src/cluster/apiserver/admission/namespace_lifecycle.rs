//! `NamespaceLifecycle`: nothing is created in a namespace that does not exist or is going, and four namespaces stay
//! (upstream: `apiserver/pkg/admission/plugin/namespace/lifecycle`).

use super::{Attributes, Plugin, attempted};
use crate::api::object::Object;
use crate::api::{Status, Typed, Verb};
use crate::cluster::apiserver::stages::Review;
use k8s_openapi::api::core::v1::Namespace;

/// The plugin.
pub const PLUGIN: Plugin =
    Plugin { mutate: |request, object| check(request, object), validate, ..Plugin::named("NamespaceLifecycle") };

const IMMORTAL: &[&str] = &["default", "kube-system", "kube-public"];

fn validate(request: &mut Attributes, _object: Option<&Object>) -> Result<(), Status> {
    let target = &request.review.request.target.object;
    let goes = request.review.request.verb == Verb::Delete && target.kind.kind == "Namespace";
    if goes && IMMORTAL.contains(&&*target.key.name) {
        return Err(Status::forbidden(target.kind, &target.key.name, "this namespace may not be deleted"));
    }
    Ok(())
}

fn check(request: &mut Attributes, object: &Object) -> Result<(), Status> {
    let target = &request.review.request.target.object;
    // What exists may be changed and deleted: a namespace that goes must become empty.
    if target.key.namespace.is_empty() || request.old.is_some() {
        return Ok(());
    }
    takes(request.review, attempted(object))
}

/// Whether the namespace of the request takes something new: an object, or a subresource that is created, such as the
/// eviction or the binding of a pod; `name` is that of the object.
///
/// # Errors
/// 404 or 403.
pub fn takes(review: &Review, name: &str) -> Result<(), Status> {
    let target = &review.request.target.object;
    let namespace = &*target.key.namespace;
    let namespaces = <Namespace as Typed>::kind();
    let Some(found) = review.cache.typed::<Namespace>("", namespace) else {
        return Err(Status::not_found(namespaces, namespace));
    };
    let phase = found.status.as_ref().and_then(|status| status.phase.as_deref());
    if phase != Some("Terminating") && found.metadata.deletion_timestamp.is_none() {
        return Ok(());
    }
    let text = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut status = Status::forbidden(target.kind, name, &text);
    if let Some(details) = &mut status.details {
        details.causes.push(crate::api::status::Cause {
            reason: "NamespaceTerminating",
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".to_owned(),
        });
    }
    Err(status)
}
