//! The claims of a StatefulSet's pods: made before the pod, and kept or given an owner with whom they go.
//!
//! Upstream: `stateful_pod_control.go` (`createPersistentVolumeClaims`, `PodClaimIsStale`) and `stateful_set_utils.go`
//! (`claimOwnerMatchesSetAndPod`, `updateClaimOwnerRefForSetAndPod`).

use super::set::Set;
use crate::api::document::Document;
use crate::api::kinds::persistent_volume_claim as claim;
use crate::api::meta::controller_ref;
use crate::api::{Key, Object, Request};
use crate::cluster::client::cache::Cache;
use crate::cluster::client::controller::{Saying, Write};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Value, json};

/// What must be written so that a pod has its claims. `pod`: its name.
///
/// # Errors
/// When a claim with the name is going.
pub fn missing(set: &Set, cache: &Cache, ordinal: i64) -> Result<Vec<Write>, String> {
    let pod = set.pod_name(ordinal);
    let mut writes = Vec::new();
    for (template, document) in set.claim_templates() {
        let name = set.claim_name(template, ordinal);
        match cache.get(&Key::new(set.object.namespace(), &name)) {
            Some(found) if found.is_terminating() => return Err(format!("pvc {name} is being deleted")),
            Some(_) => {}
            None => writes.extend(create(set, document, &name, &pod)),
        }
    }
    Ok(writes)
}

fn create(set: &Set, template: &Value, name: &str, pod: &str) -> Option<Write> {
    let mut value = template.clone();
    let mut labels = value["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    let selected = set.tree.at("spec.selector.matchLabels").and_then(Value::as_object);
    labels.extend(selected.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    let mut metadata = json!({"name": name, "namespace": set.object.namespace(), "labels": labels});
    if let Some(annotations) = template["metadata"].get("annotations") {
        metadata["annotations"] = annotations.clone();
    }
    value["metadata"] = metadata;
    let object = Object::from_document(Document::read(&claim::KIND, value).ok()?);
    let owner = set.object;
    let said = |result: &str| format!("Create Claim {name} Pod {pod} in StatefulSet {} {result}", owner.name());
    let failed = format!("Create Claim {name} for Pod {pod} in StatefulSet {} failed error: {{error}}", owner.name());
    let of_pod = format!(
        "Create Pod {pod} in StatefulSet {} failed error: failed to create PVC {name}: {{error}}",
        owner.name()
    );
    let write = Write::new(Request::create(object))
        .saying(Saying::normal(owner, "SuccessfulCreate", said("success")))
        .failing(Saying::warning(owner, "FailedCreate", failed))
        .failing(Saying::warning(owner, "FailedCreate", of_pod))
        .silent_if_exists();
    Some(write)
}

/// Whether a claim still belongs to a former pod of the same name, with whom it must go first.
#[must_use]
pub fn is_stale(set: &Set, cache: &Cache, ordinal: i64, uid: &str) -> bool {
    let pod = set.pod_name(ordinal);
    let stale = |owner: &OwnerReference| owner.kind == "Pod" && owner.name == pod && owner.uid != uid;
    set.deletes_when_scaled && present(set, cache, ordinal).any(|claim| owners(claim).iter().any(stale))
}

/// The updates that give the claims of a pod the owners that the retention policy wants.
#[must_use]
pub fn retention(set: &Set, cache: &Cache, pod: &Object) -> Vec<Write> {
    let Some(ordinal) = set.ordinal(pod) else { return Vec::new() };
    let scaled_away = !set.wants(ordinal);
    let of_pod = set.deletes_when_scaled && scaled_away;
    let of_set = set.deletes_with_set && !of_pod;
    let wrong = |claim: &&Object| {
        let foreign = |owner: &OwnerReference| {
            owner.controller == Some(true) && owner.uid != set.object.uid() && owner.uid != pod.uid()
        };
        let has = |object: &Object| owners(claim).iter().any(|owner| owner.uid == object.uid());
        !owners(claim).iter().any(foreign) && (has(set.object) != of_set || has(pod) != of_pod)
    };
    let update = |claim: &Object| {
        let mut claim = claim.clone();
        let owners = claim.meta_mut().owner_references.get_or_insert_default();
        owners.retain(|owner| owner.uid != set.object.uid() && owner.uid != pod.uid());
        owners.extend(of_set.then(|| controller_ref(set.object)));
        owners.extend(of_pod.then(|| controller_ref(pod)));
        let message = format!(
            "Update Pod {} in StatefulSet {} failed error: could not update claim {} for delete policy ownerRefs: \
             {{error}}",
            pod.name(),
            set.object.name(),
            claim.name()
        );
        Write::new(Request::update(claim)).failing(Saying::warning(set.object, "FailedUpdate", message))
    };
    present(set, cache, ordinal).filter(wrong).map(update).collect()
}

/// The claims of a pod that there are.
fn present<'a>(set: &Set<'a>, cache: &'a Cache, ordinal: i64) -> impl Iterator<Item = &'a Object> {
    let (set, namespace) = (*set, set.object.namespace());
    set.claim_templates()
        .filter_map(move |(template, _)| cache.get(&Key::new(namespace, &set.claim_name(template, ordinal))))
}

fn owners(object: &Object) -> &[OwnerReference] {
    object.meta().owner_references.as_deref().unwrap_or_default()
}
