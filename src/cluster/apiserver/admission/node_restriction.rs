//! `NodeRestriction`: a kubelet writes only its own node, its own lease, and the pods that are bound to it
//! (upstream: `plugin/pkg/admission/noderestriction`).
//!
//! Left out: labels that a kubelet may not give itself, eviction, service account tokens, and kinds not modelled here.

use super::{Attributes, Plugin};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::{Status, Verb};

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("NodeRestriction") };

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let user = request.review.user;
    let Some(node) = user.name.strip_prefix("system:node:") else { return Ok(()) };
    if !user.groups.iter().any(|group| &**group == "system:nodes") {
        return Ok(());
    }
    let target = &request.review.request.target;
    let name = object.or(request.old).map_or(&*target.object.key.name, Object::name);
    let refusal = match target.object.kind.kind {
        "Node" if name != node => Some(format!("node \"{node}\" is not allowed to modify node \"{name}\"")),
        "Lease" if target.object.key.namespace.as_ref() != "kube-node-lease" => {
            Some("can only access leases in the \"kube-node-lease\" system namespace".to_owned())
        }
        "Lease" if name != node => {
            Some("can only access node lease with the same name as the requesting node".to_owned())
        }
        "Pod" => pod(request, node),
        _ => None,
    };
    match refusal {
        Some(text) => Err(Status::forbidden(target.object.kind, name, &text)),
        None => Ok(()),
    }
}

fn pod(request: &Attributes, node: &str) -> Option<String> {
    let own = request.old.and_then(|old| old.get::<Pod>()).is_some_and(|pod| pod.node() == Some(node));
    let target = &request.review.request.target;
    match (request.review.request.verb, target.subresource) {
        (Verb::Delete, _) if !own => {
            Some(format!("node \"{node}\" can only delete pods with spec.nodeName set to itself"))
        }
        (Verb::Update | Verb::Patch, "status") if !own => {
            Some(format!("node \"{node}\" can only update pod status for pods with spec.nodeName set to itself"))
        }
        (Verb::Update | Verb::Patch, "") => {
            let operation = target.object.kind.resource();
            Some(format!("unexpected operation \"UPDATE\" on {operation}"))
        }
        _ => None,
    }
}
