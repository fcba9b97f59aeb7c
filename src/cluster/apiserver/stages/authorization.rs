//! May you? Whoever has a name may do everything: roles and bindings are not modelled yet, so this gate refuses only
//! `system:anonymous`, whom a kubeadm cluster lets ask for nothing but the version and the health.
//!
//! The gate stands where the real one stands, so that rules will be one function here and nothing elsewhere.

use crate::api::{Request, Status, Verb};
use crate::cluster::wire::User;

/// Lets everybody pass who is somebody.
///
/// # Errors
/// 403 in the words of the real server (upstream: `endpoints/handlers/responsewriters/errors.go`).
pub fn check(user: &User, request: &Request) -> Result<(), Status> {
    if &*user.name != "system:anonymous" {
        return Ok(());
    }
    let target = &request.target.object;
    let verb = match request.verb {
        Verb::Get => "get",
        Verb::List => "list",
        Verb::Watch => "watch",
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
        Verb::DeleteCollection => "deletecollection",
    };
    let subresource = request.target.subresource;
    let separator = if subresource.is_empty() { "" } else { "/" };
    let place = match &*target.key.namespace {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let text = format!(
        "User \"{}\" cannot {verb} resource \"{}{separator}{subresource}\" in API group \"{}\" {place}",
        user.name, target.kind.plural, target.kind.group
    );
    Err(Status::forbidden(target.kind, &target.key.name, &text))
}
