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
        "Pod" => pod(request, object, node),
        _ => None,
    };
    match refusal {
        Some(text) => Err(Status::forbidden(target.object.kind, name, &text)),
        None => Ok(()),
    }
}

fn pod(request: &Attributes, object: Option<&Object>, node: &str) -> Option<String> {
    let own = request.old.and_then(|old| old.get::<Pod>()).is_some_and(|pod| pod.node() == Some(node));
    let target = &request.review.request.target;
    match (request.review.request.verb, target.subresource) {
        (Verb::Create, "") => object.and_then(Object::get::<Pod>).and_then(|pod| mirror(pod, node)),
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

/// A kubelet only tells of pods that it has started itself, and those stand for themselves (`admitPodCreate`).
fn mirror(pod: &Pod, node: &str) -> Option<String> {
    const MIRROR: &str = "kubernetes.io/config.mirror";
    let told = pod.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MIRROR));
    if !told {
        return Some(format!("pod does not have \"{MIRROR}\" annotation, node \"{node}\" can only create mirror pods"));
    }
    if pod.node() != Some(node) {
        return Some(format!("node \"{node}\" can only create pods with spec.nodeName set to itself"));
    }
    let volumes = || pod.spec.volumes.iter().flatten();
    let refers = [
        (pod.spec.service_account_name.as_ref().is_some_and(|name| !name.is_empty()), "a service account"),
        (volumes().any(|volume| volume.secret.is_some()), "secrets"),
        (volumes().any(|volume| volume.config_map.is_some()), "configmaps"),
        (volumes().any(|volume| volume.persistent_volume_claim.is_some()), "persistentvolumeclaims"),
    ];
    let (_, what) = refers.into_iter().find(|(refers, _)| *refers)?;
    Some(format!("node \"{node}\" can not create pods that reference {what}"))
}
