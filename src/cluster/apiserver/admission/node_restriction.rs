//! `NodeRestriction`: a kubelet writes only its own node and what belongs to it, and the pods that are bound to it; of its
//! node it may change neither the taints nor the labels by which work is steered
//! (upstream: `plugin/pkg/admission/noderestriction`).
//!
//! Left out: configuration sources of nodes, and slices of resources.

use super::{Attributes, Plugin};
use crate::api::kinds::pod::{self, Pod};
use crate::api::object::{Key, Object};
use crate::api::tree::At;
use crate::api::{Kind, Status, Verb};
use crate::cluster::apiserver::authorizer::node_of;
use crate::cluster::apiserver::stages::Review;
use crate::sim::Order;
use k8s_openapi::api::core::v1::{Container, Node};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use std::collections::BTreeMap;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("NodeRestriction") };

/// Labels of Kubernetes' own that a kubelet may set (upstream: `k8s.io/kubelet/pkg/apis/well_known_labels.go`).
const LABELS: [&str; 11] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
];
/// Whole domains of them.
const DOMAINS: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const RESTRICTED: &str = "node-restriction.kubernetes.io";
const MIRROR: &str = "kubernetes.io/config.mirror";

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let Some(node) = node_of(request.review.user) else { return Ok(()) };
    let target = &request.review.request.target;
    let name = object.or(request.old).map_or(&*target.object.key.name, Object::name);
    let refusal = match target.object.kind.kind {
        "Node" => own_node(request, object, node, name),
        "Lease" if target.object.key.namespace.as_ref() != "kube-node-lease" => {
            Some("can only access leases in the \"kube-node-lease\" system namespace".to_owned())
        }
        "Lease" if name != node => {
            Some("can only access node lease with the same name as the requesting node".to_owned())
        }
        "CSINode" if name != node => {
            Some("can only access CSINode with the same name as the requesting node".to_owned())
        }
        "Pod" => pod(request, object, node),
        "PersistentVolumeClaim" if target.subresource != "status" => Some("may only update PVC status".to_owned()),
        "PersistentVolumeClaim" => object.zip(request.old).and_then(|(new, old)| claim(new, old, node)),
        _ => None,
    };
    refuse(target.object.kind, name, refusal)
}

fn refuse(kind: &Kind, name: &str, refusal: Option<String>) -> Result<(), Status> {
    refusal.map_or(Ok(()), |text| Err(Status::forbidden(kind, name, &text)))
}

/// `admitNode`.
fn own_node(request: &Attributes, object: Option<&Object>, node: &str, name: &str) -> Option<String> {
    if name != node {
        return Some(format!("node \"{node}\" is not allowed to modify node \"{name}\""));
    }
    let new = object?;
    let taints = |object: &Object| object.get::<Node>().and_then(|node| node.spec.as_ref()?.taints.clone());
    let Some(old) = request.old else {
        let forbidden = forbidden_labels(new, None);
        let text = || format!("node \"{node}\" is not allowed to set the following labels: {forbidden}");
        return (!forbidden.is_empty()).then(text);
    };
    if taints(new).unwrap_or_default() != taints(old).unwrap_or_default() {
        return Some(format!("node \"{node}\" is not allowed to modify taints"));
    }
    let owners = |object: &Object| object.meta().owner_references.clone().unwrap_or_default();
    if owners(new) != owners(old) {
        return Some(format!("node \"{node}\" is not allowed to modify ownerReferences"));
    }
    let forbidden = forbidden_labels(new, Some(old));
    (!forbidden.is_empty()).then(|| format!("is not allowed to modify labels: {forbidden}"))
}

/// The labels that have changed and that a kubelet may not change, in order (`getForbiddenLabels`).
fn forbidden_labels(new: &Object, old: Option<&Object>) -> String {
    let none = BTreeMap::new();
    let new = new.meta().labels.as_ref().unwrap_or(&none);
    let old = old.and_then(|old| old.meta().labels.as_ref()).unwrap_or(&none);
    let changed = |key: &&String| new.get(*key) != old.get(*key);
    let within = |domain: &str, of: &str| {
        domain.strip_suffix(of).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let forbidden = |key: &&String| {
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        let own = within(domain, "kubernetes.io") || within(domain, "k8s.io");
        let known = LABELS.contains(&key.as_str()) || DOMAINS.iter().any(|known| within(domain, known));
        within(domain, RESTRICTED) || (own && !known)
    };
    let mut keys: Vec<&str> =
        new.keys().chain(old.keys()).filter(changed).filter(forbidden).map(String::as_str).collect();
    keys.order();
    keys.dedup();
    keys.join(", ")
}

fn pod(request: &Attributes, object: Option<&Object>, node: &str) -> Option<String> {
    let own = request.old.and_then(|old| old.get::<Pod>()).is_some_and(|pod| pod.node() == Some(node));
    let target = &request.review.request.target;
    match (request.review.request.verb, target.subresource) {
        (Verb::Create, "") => mirror(object?, node, request.review),
        (Verb::Delete, "") if !own => {
            Some(format!("node \"{node}\" can only delete pods with spec.nodeName set to itself"))
        }
        (Verb::Create, "eviction") if !own => {
            Some(format!("node {node} can only evict pods with spec.nodeName set to itself"))
        }
        (Verb::Update | Verb::Patch, "status") if !own => {
            Some(format!("node \"{node}\" can only update pod status for pods with spec.nodeName set to itself"))
        }
        (Verb::Update | Verb::Patch, "status") if request.old?.meta().labels != object?.meta().labels => {
            Some(format!("node \"{node}\" cannot update labels through pod status"))
        }
        (Verb::Update | Verb::Patch, "") => {
            Some(format!("unexpected operation \"UPDATE\", node \"{node}\" can only create and delete mirror pods"))
        }
        (_, "" | "status" | "eviction") => None,
        (_, other) => Some(format!("unexpected pod subresource \"{other}\", only 'status' and 'eviction' are allowed")),
    }
}

/// A kubelet only tells of pods that it has started itself, and those stand for themselves (`admitPodCreate`).
fn mirror(object: &Object, node: &str, review: &Review) -> Option<String> {
    let pod = object.get::<Pod>()?;
    let told = pod.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MIRROR));
    if !told {
        return Some(format!("pod does not have \"{MIRROR}\" annotation, node \"{node}\" can only create mirror pods"));
    }
    if pod.node() != Some(node) {
        return Some(format!("node \"{node}\" can only create pods with spec.nodeName set to itself"));
    }
    if let Some(complaint) = owner(pod.metadata.owner_references.as_deref().unwrap_or_default(), node, review) {
        return Some(complaint);
    }
    let volumes = || pod.spec.volumes.iter().flatten();
    let containers = || pod.spec.containers.iter().chain(pod.spec.init_containers.iter().flatten());
    let from = |secrets: bool| {
        let named = |container: &Container| {
            let whole = container.env_from.iter().flatten();
            let one = container.env.iter().flatten().filter_map(|env| env.value_from.as_ref());
            whole.clone().any(|from| if secrets { from.secret_ref.is_some() } else { from.config_map_ref.is_some() })
                || one
                    .clone()
                    .any(|from| if secrets { from.secret_key_ref.is_some() } else { from.config_map_key_ref.is_some() })
        };
        containers().any(named)
    };
    let pulls = pod.spec.image_pull_secrets.as_ref().is_some_and(|secrets| !secrets.is_empty());
    let refers = [
        (pod.spec.service_account_name.as_ref().is_some_and(|name| !name.is_empty()), "a service account"),
        (pulls || from(true) || volumes().any(|volume| volume.secret.is_some()), "secrets"),
        (from(false) || volumes().any(|volume| volume.config_map.is_some()), "configmaps"),
        (volumes().any(|volume| volume.persistent_volume_claim.is_some()), "persistentvolumeclaims"),
    ];
    let (_, what) = refers.into_iter().find(|(refers, _)| *refers)?;
    Some(format!("node \"{node}\" can not create pods that reference {what}"))
}

/// The only owner of a mirror pod is the node.
fn owner(owners: &[OwnerReference], node: &str, review: &Review) -> Option<String> {
    let only = |what: &str| Some(format!("node \"{node}\" can only create pods with {what} set to itself"));
    let owner = match owners {
        [] => return only("an owner reference"),
        [owner] => owner,
        _ => return only("a single owner reference"),
    };
    if owner.api_version != "v1" || owner.kind != "Node" || owner.name != node {
        return only("an owner reference");
    }
    if owner.controller != Some(true) {
        return only("a controller owner reference");
    }
    if owner.block_owner_deletion == Some(true) {
        return Some(format!("node \"{node}\" must not set blockOwnerDeletion on an owner reference"));
    }
    let known = review.cache.get(&crate::api::kinds::node::KIND, &Key::new("", node)).map_or("", Object::uid);
    (owner.uid != known).then(|| format!("node {node} UID mismatch: expected {} got {known}", owner.uid))
}

/// `admitPVCStatus`: the kubelet grows volumes, and changes nothing else.
fn claim(new: &Object, old: &Object, node: &str) -> Option<String> {
    let rest = |object: &Object| {
        let mut value = object.to_value();
        if let Some(status) = value["status"].as_object_mut() {
            for field in ["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"] {
                status.remove(field);
            }
        }
        value["metadata"]["resourceVersion"].take();
        value
    };
    let text =
        || format!("node \"{node}\" is not allowed to update fields other than status.capacity and status.conditions");
    (rest(new) != rest(old)).then(text)
}

/// A kubelet asks only for tokens of pods that are bound to it (`admitServiceAccount`).
///
/// # Errors
/// 403, or 404 where there is no such pod.
pub fn token(review: &Review, spec: &At) -> Result<(), Status> {
    let Some(node) = node_of(review.user) else { return Ok(()) };
    let account = &review.request.target.object;
    let bound = spec.field("boundObjectRef");
    let text = |name: &str| bound.field(name).text().to_owned();
    let refused = |text: String| refuse(account.kind, &account.key.name, Some(text));
    if text("apiVersion") != "v1" || text("kind") != "Pod" || text("name").is_empty() {
        return refused("node requested token not bound to a pod".to_owned());
    }
    if text("uid").is_empty() {
        return refused("node requested token with a pod binding without a uid".to_owned());
    }
    let pod = review.cache.get(&pod::KIND, &Key::new(&account.key.namespace, &text("name")));
    let pod = pod.ok_or_else(|| Status::not_found(&pod::KIND, &text("name")))?;
    if pod.uid() != text("uid") {
        return refused(format!(
            "the UID in the bound object reference ({}) does not match the UID in record. The object might have been \
             deleted and then recreated",
            text("uid")
        ));
    }
    if pod.get::<Pod>().and_then(Pod::node) != Some(node) {
        return refused("node requested token bound to a pod scheduled on a different node".to_owned());
    }
    Ok(())
}
