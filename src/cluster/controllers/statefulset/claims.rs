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

/// The updates that give the claims of a pod the owners that the retention policy wants (upstream: `isClaimOwnerUpToDate`,
/// `updateClaimOwnerRefForSetAndPod`).
#[must_use]
pub fn retention(set: &Set, cache: &Cache, pod: &Object) -> Vec<Write> {
    let Some(ordinal) = set.ordinal(pod) else { return Vec::new() };
    let scaled_away = !set.wants(ordinal);
    let of_pod = set.deletes_when_scaled && scaled_away;
    let of_set = set.deletes_with_set && !of_pod;
    let wrong = |claim: &&Object| {
        let has = |object: &Object| owners(claim).iter().any(|owner| owner.uid == object.uid());
        let ours = |owner: &OwnerReference| owner.uid == set.object.uid() || owner.uid == pod.uid();
        if [set.object, pod].into_iter().any(|object| is_former(claim, object)) {
            return false;
        } else if is_anothers(set, claim, pod) {
            return has(set.object) || has(pod);
        }
        let lame = owners(claim).iter().any(|owner| ours(owner) && owner.controller != Some(true));
        lame || has(set.object) != of_set || has(pod) != of_pod
    };
    let update = |claim: &Object| {
        let anothers = is_anothers(set, claim, pod);
        let mut claim = claim.clone();
        let owners = claim.meta_mut().owner_references.get_or_insert_default();
        owners.retain(|owner| !names(owner, set.object) && !names(owner, pod));
        owners.extend((of_set && !anothers).then(|| controller_ref(set.object)));
        owners.extend((of_pod && !anothers).then(|| controller_ref(pod)));
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

/// What is to be said of claims that somebody else controls (upstream: `UpdatePodClaimForRetentionPolicy`, whose words
/// these are).
#[must_use]
pub fn conflicts(set: &Set, cache: &Cache, pod: &Object) -> Vec<Saying> {
    let ordinal = set.ordinal(pod).unwrap_or(0);
    let said = |claim: &Object| {
        let message = format!(
            "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a manging controller, the \
             retention policy is ignored for this claim",
            claim.name()
        );
        Saying::warning(set.object, "ConflictingController", message)
    };
    present(set, cache, ordinal).filter(|claim| is_anothers(set, claim, pod)).map(said).collect()
}

/// Whether a reference names an object of this kind and name.
fn names(owner: &OwnerReference, object: &Object) -> bool {
    let kind = object.kind();
    owner.kind == kind.kind && owner.api_version == kind.api_version() && owner.name == object.name()
}

/// Whether a claim belongs to an object of the same name that was there before (upstream: `hasStaleOwnerRef`).
fn is_former(claim: &Object, object: &Object) -> bool {
    owners(claim).iter().find(|owner| names(owner, object)).is_some_and(|owner| owner.uid != object.uid())
}

/// Whether somebody else controls a claim that would have to go with the set or the pod (upstream:
/// `hasUnexpectedController`).
fn is_anothers(set: &Set, claim: &Object, pod: &Object) -> bool {
    let foreign = |owner: &OwnerReference| match [set.object, pod].into_iter().find(|object| names(owner, object)) {
        Some(object) => owner.uid != object.uid(),
        None => owner.controller == Some(true),
    };
    (set.deletes_with_set || set.deletes_when_scaled) && owners(claim).iter().any(foreign)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{pod, stateful_set};
    use crate::api::request::Body;
    use crate::cluster::client::testing::look;

    /// The owners that a claim gets, if it gets others, and whether a conflict is spoken of.
    fn kept(policy: &str, owners: &Value) -> (Option<Vec<String>>, bool) {
        let set = json!({"metadata": {"name": "db", "uid": "set"}, "spec": {"replicas": 1,
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": policy, "whenScaled": "Retain"},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}});
        let set = (stateful_set::KIND.decode)(set).expect("a set");
        let pod = json!({"metadata": {"name": "db-0", "uid": "pod"}, "spec": {"containers": []}});
        let pod = (pod::KIND.decode)(pod).expect("a pod");
        let claim = json!({"metadata": {"name": "data-db-0", "ownerReferences": owners}});
        let claim = (claim::KIND.decode)(claim).expect("a claim");
        let set = Set::read(&set).expect("a set");
        let (mut writes, mut told) = (Vec::new(), false);
        look(&[claim], crate::sim::Time::ZERO, |reconcile| {
            let cache = reconcile.cache(&claim::KIND);
            (writes, told) = (retention(&set, cache, &pod), !conflicts(&set, cache, &pod).is_empty());
        });
        let uids = |write: &Write| match &write.request.body {
            Body::Object(claim) => self::owners(claim).iter().map(|owner| owner.uid.clone()).collect(),
            _ => Vec::new(),
        };
        (writes.first().map(uids), told)
    }

    #[test]
    fn a_claim_that_another_controls_is_left_to_it() {
        let owner = |kind: &str, api: &str, name: &str, uid: &str| json!({"apiVersion": api, "kind": kind, "name": name, "uid": uid, "controller": true});
        let (own, other) = (owner("StatefulSet", "apps/v1", "db", "set"), owner("Disk", "example.org/v1", "d", "disk"));
        let all = |uids: &[&str]| Some(uids.iter().map(|uid| (*uid).to_owned()).collect::<Vec<_>>());
        assert_eq!(kept("Delete", &json!([])), (all(&["set"]), false));
        assert_eq!(kept("Delete", &json!([own])), (None, false));
        assert_eq!(kept("Delete", &json!([other])), (None, true));
        assert_eq!(kept("Delete", &json!([other, own])), (all(&["disk"]), true));
        assert_eq!(kept("Retain", &json!([other, own])), (all(&["disk"]), false), "nobody minds");
        let former = owner("StatefulSet", "apps/v1", "db", "old");
        assert_eq!(kept("Delete", &json!([former])), (None, true), "the garbage collector's");
        let lame = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set"});
        assert_eq!(kept("Delete", &json!([lame])), (all(&["set"]), false), "it becomes the controller");
    }
}
