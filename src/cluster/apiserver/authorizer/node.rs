//! A kubelet sees and changes what concerns its own node: itself, its lease, its pods and what they name.
//!
//! Upstream: `plugin/pkg/auth/authorizer/node/{node_authorizer,graph}.go`. Where upstream keeps a graph, the pods on the
//! node are looked through; there are few.

use super::Attributes;
use crate::api::kinds::pod::{self, Pod};
use crate::api::kinds::{persistent_volume_claim, volume_attachment};
use crate::api::object::{Key, Object};
use crate::cluster::apiserver::watch_cache::WatchCache;
use crate::cluster::wire::User;
use k8s_openapi::api::core::v1::{PodSpec, Volume};

const READ: [&str; 3] = ["get", "list", "watch"];
const LEASES: &str = "kube-node-lease";

/// The node whose kubelet asks.
#[must_use]
pub fn name(user: &User) -> Option<&str> {
    let node = user.name.strip_prefix("system:node:")?;
    user.groups.iter().any(|group| &**group == "system:nodes").then_some(node)
}

/// Yes, or what there is to say about a no.
pub fn decide(node: &str, what: &Attributes, cache: &WatchCache) -> Result<(), String> {
    let of_own_pods = |kind: &str| {
        let related = cache.on_node(&pod::KIND, node).any(|pod| names(pod, kind, what, cache));
        let unrelated = format!("no relationship found between node '{node}' and this object");
        if what.name.is_empty() {
            Err("No Object name found".to_owned())
        } else if related {
            Ok(())
        } else {
            Err(unrelated)
        }
    };
    let only_get = || match (what.verb, what.subresource) {
        ("get", "") => Ok(()),
        ("get", _) => Err("cannot get subresource".to_owned()),
        _ => Err("can only get individual resources of this type".to_owned()),
    };
    match (what.group, what.resource) {
        _ if what.path.is_some() => Err(String::new()),
        ("", "secrets" | "configmaps") => {
            if !READ.contains(&what.verb) {
                return Err("can only read resources of this type".to_owned());
            }
            if what.namespace.is_empty() {
                return Err("can only read namespaced object of this type".to_owned());
            }
            of_own_pods(what.resource)
        }
        ("", "persistentvolumeclaims") if what.subresource == "status" => match what.verb {
            "get" | "update" | "patch" => of_own_pods(what.resource),
            _ => Err("can only get, update, or patch status of this type".to_owned()),
        },
        ("", "persistentvolumeclaims" | "persistentvolumes") => only_get().and_then(|()| of_own_pods(what.resource)),
        ("storage.k8s.io", "volumeattachments") => only_get().and_then(|()| attached(node, what, cache)),
        ("", "serviceaccounts") => match (what.verb, what.subresource) {
            ("create", "token") => of_own_pods(what.resource),
            _ => Err("can only create tokens for individual service accounts".to_owned()),
        },
        ("coordination.k8s.io", "leases") => lease(node, what),
        ("storage.k8s.io", "csinodes") if what.name != node && what.verb != "create" => {
            Err("can only access CSINode with the same name as the requesting node".to_owned())
        }
        ("", "nodes") => own_node(node, what),
        ("", "pods") => pods(node, what, cache),
        _ => by_rule(what),
    }
}

fn lease(node: &str, what: &Attributes) -> Result<(), String> {
    let known = ["get", "create", "update", "patch", "delete"].contains(&what.verb);
    if !known {
        return Err("can only get, create, update, patch, or delete a node lease".to_owned());
    }
    if what.namespace != LEASES {
        return Err(format!("can only access leases in the \"{LEASES}\" system namespace"));
    }
    if what.verb != "create" && what.name != node {
        return Err("can only access node lease with the same name as the requesting node".to_owned());
    }
    Ok(())
}

fn own_node(node: &str, what: &Attributes) -> Result<(), String> {
    match (what.verb, what.subresource) {
        ("create" | "update" | "patch", "") | ("update" | "patch", "status") => Ok(()),
        ("get" | "list" | "watch", "") if what.name == node => Ok(()),
        ("get" | "list" | "watch", "") if what.name.is_empty() => {
            Err(format!("node '{node}' cannot read all nodes, only its own Node object"))
        }
        ("get" | "list" | "watch", "") => {
            Err(format!("node '{node}' cannot read '{}', only its own Node object", what.name))
        }
        _ => Err(String::new()),
    }
}

fn pods(node: &str, what: &Attributes, cache: &WatchCache) -> Result<(), String> {
    match (what.verb, what.subresource) {
        ("list" | "watch", "") => {
            let selected = what
                .fields
                .split(',')
                .any(|term| term.strip_prefix("spec.nodeName=").map(|of| of.trim_start_matches('=')) == Some(node));
            if selected { Ok(()) } else { Err("can only list/watch pods with spec.nodeName field selector".to_owned()) }
        }
        ("get", "") => {
            let pod = cache.get(&pod::KIND, &Key::new(what.namespace, what.name));
            let own = pod.and_then(|pod| pod.get::<Pod>()).is_some_and(|pod| pod.node() == Some(node));
            if own { Ok(()) } else { Err(format!("no relationship found between node '{node}' and this object")) }
        }
        _ => by_rule(what),
    }
}

/// What a kubelet may do wherever it is (upstream: `bootstrappolicy.NodeRules`); admission narrows it down.
fn by_rule(what: &Attributes) -> Result<(), String> {
    const RULES: [(&str, &str, &[&str]); 11] = [
        ("authentication.k8s.io", "tokenreviews", &["create"]),
        ("authorization.k8s.io", "subjectaccessreviews", &["create"]),
        ("", "services", &READ),
        ("", "events", &["create", "patch", "update"]),
        ("", "pods", &["create", "delete"]),
        ("", "pods/status", &["patch", "update"]),
        ("", "pods/eviction", &["create"]),
        ("certificates.k8s.io", "certificatesigningrequests", &["create", "get", "list", "watch"]),
        ("storage.k8s.io", "csidrivers", &READ),
        ("storage.k8s.io", "csinodes", &["create", "delete", "get", "patch", "update"]),
        ("node.k8s.io", "runtimeclasses", &READ),
    ];
    let resource = if what.subresource.is_empty() {
        what.resource.to_owned()
    } else {
        format!("{}/{}", what.resource, what.subresource)
    };
    let fits = RULES
        .iter()
        .any(|(group, known, verbs)| *group == what.group && *known == resource && verbs.contains(&what.verb));
    if fits { Ok(()) } else { Err(String::new()) }
}

/// Whether a pod names the object.
fn names(object: &Object, kind: &str, what: &Attributes, cache: &WatchCache) -> bool {
    let Some(pod) = object.get::<Pod>() else { return false };
    let volumes = pod.spec.volumes.as_deref().unwrap_or_default();
    let claims = || volumes.iter().filter_map(|volume| claim(volume, object.name()));
    if kind == "persistentvolumes" {
        let bound = |claim: String| {
            let claim = cache.get(&persistent_volume_claim::KIND, &Key::new(object.namespace(), &claim));
            claim.and_then(Object::document).is_some_and(|claim| claim.text("spec.volumeName") == what.name)
        };
        return claims().any(bound);
    }
    if object.namespace() != what.namespace {
        return false;
    }
    match kind {
        "serviceaccounts" => pod.spec.service_account_name.as_deref() == Some(what.name),
        "persistentvolumeclaims" => claims().any(|claim| claim == what.name),
        "secrets" => mentions(&pod.spec, volumes, what.name, true),
        _ => mentions(&pod.spec, volumes, what.name, false),
    }
}

fn claim(volume: &Volume, pod: &str) -> Option<String> {
    match (&volume.persistent_volume_claim, &volume.ephemeral) {
        (Some(source), _) => Some(source.claim_name.clone()),
        (None, Some(_)) => Some(format!("{pod}-{}", volume.name)),
        _ => None,
    }
}

/// Whether a pod's containers or volumes name a secret or a config map.
fn mentions(spec: &PodSpec, volumes: &[Volume], name: &str, secret: bool) -> bool {
    let pulls = spec.image_pull_secrets.iter().flatten().any(|pull| secret && pull.name == name);
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let used = |container: &k8s_openapi::api::core::v1::Container| {
        let from = container.env_from.iter().flatten().any(|from| {
            let config = from.config_map_ref.as_ref().map(|of| of.name.as_str());
            let own = from.secret_ref.as_ref().map(|of| of.name.as_str());
            (if secret { own } else { config }) == Some(name)
        });
        let sources = container.env.iter().flatten().filter_map(|env| env.value_from.as_ref());
        from || sources.into_iter().any(|source| {
            let config = source.config_map_key_ref.as_ref().map(|of| of.name.as_str());
            let own = source.secret_key_ref.as_ref().map(|of| of.name.as_str());
            (if secret { own } else { config }) == Some(name)
        })
    };
    let mounted = |volume: &Volume| {
        let config = volume.config_map.as_ref().map(|of| of.name.as_str());
        let own = volume.secret.as_ref().and_then(|of| of.secret_name.as_deref());
        let projected = volume.projected.iter().flat_map(|of| of.sources.iter().flatten()).any(|source| {
            let config = source.config_map.as_ref().map(|of| of.name.as_str());
            let own = source.secret.as_ref().map(|of| of.name.as_str());
            (if secret { own } else { config }) == Some(name)
        });
        (if secret { own } else { config }) == Some(name) || projected
    };
    pulls || containers.into_iter().any(used) || volumes.iter().any(mounted)
}

fn attached(node: &str, what: &Attributes, cache: &WatchCache) -> Result<(), String> {
    let attachment = cache.get(&volume_attachment::KIND, &Key::new("", what.name)).and_then(Object::document);
    let own = attachment.is_some_and(|attachment| attachment.text("spec.nodeName") == node);
    if own { Ok(()) } else { Err(format!("no relationship found between node '{node}' and this object")) }
}
