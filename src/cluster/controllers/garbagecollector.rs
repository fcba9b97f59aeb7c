//! The garbage collector: what belongs to something that is gone, goes too.
//!
//! Upstream: `pkg/controller/garbagecollector` (`garbagecollector.go`, `graph_builder.go`). It follows all kinds and knows
//! from `metadata.ownerReferences` what belongs to what. Three ways to delete an owner:
//!
//! - *Background*: the owner goes at once, then this controller deletes the dependents that have no other owner;
//! - *Foreground*: the owner stays, with the finalizer `foregroundDeletion`, until its dependents with
//!   `blockOwnerDeletion` are gone;
//! - *Orphan*: the owner stays, with the finalizer `orphan`, until all references to it have been taken out.
//!
//! An owner that the caches do not show is looked for in the API server before anything is deleted because of it.
//!
//! Owners that wait for each other's dependents in a circle would wait for ever: such a reference stops to block.

use super::shared::subject;
use crate::api::kinds::{KINDS, serialize};
use crate::api::request::{DeleteOptions, PatchType, Propagation};
use crate::api::{Key, Kind, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Of, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Value, json};

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "garbage-collector-controller",
    account: "generic-garbage-collector",
    workers: 20,
    watches: &[Watch { of: Of::Every, map: wake }],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn wake(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new else {
        let Some(gone) = old else { return };
        wake.objects(dependents_of(gone, wake.kinds(), |kind| wake.cache(kind)));
        // An owner may have waited for this one.
        let waiting = |owner: &&Object| owner.is_terminating() && has(owner, FOREGROUND);
        let owners: Vec<&Object> = owners(gone).filter_map(|owner| known(wake, gone, owner)).filter(waiting).collect();
        wake.objects(owners);
        return;
    };
    if object.is_terminating() && !old.is_some_and(Object::is_terminating) {
        if has(object, FOREGROUND) {
            wake.objects(dependents_of(object, wake.kinds(), |kind| wake.cache(kind)));
        }
        if has(object, FOREGROUND) || has(object, ORPHAN) {
            wake.object(object);
        }
    }
    let same = |old: &Object| old.meta().owner_references == object.meta().owner_references;
    if let Some(old) = old.filter(|old| !same(old)) {
        wake_unblocked(wake, old, object);
    }
    if owners(object).next().is_none() || old.is_some_and(same) {
        return;
    }
    let solid = |owner: &OwnerReference| known(wake, object, owner).is_some_and(|owner| !owner.is_terminating());
    if !owners(object).all(solid) {
        wake.object(object);
    }
}

/// Owners that wait for their dependents, and for which this one is no longer one that blocks (upstream:
/// `addUnblockedOwnersToDeleteQueue`).
#[inline(never)]
fn wake_unblocked(wake: &mut Wake, old: &Object, new: &Object) {
    let blocks = |of: &OwnerReference| of.block_owner_deletion == Some(true);
    let freed = |before: &&OwnerReference| blocks(before) && !owners(new).any(|of| of.uid == before.uid && blocks(of));
    let freed: Vec<&Object> = owners(old).filter(freed).filter_map(|owner| known(wake, old, owner)).collect();
    wake.objects(freed);
}

fn owners(object: &Object) -> impl Iterator<Item = &OwnerReference> {
    object.meta().owner_references.iter().flatten()
}

fn has(object: &Object, finalizer: &str) -> bool {
    object.meta().finalizers.iter().flatten().any(|name| name == finalizer)
}

/// The kinds of the registry, then those of `known` that somebody has added.
fn every(known: impl Iterator<Item = &'static Kind>) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().chain(known.filter(|kind| kind.custom.is_some()))
}

/// Where an owner is, if its kind is one of `known`.
fn place(
    object: &Object,
    owner: &OwnerReference,
    known: impl Iterator<Item = &'static Kind>,
) -> Option<(&'static Kind, Key)> {
    let group = owner.api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let kind = every(known).find(|kind| kind.kind == owner.kind && kind.group == group)?;
    let namespace = if kind.namespaced { object.namespace() } else { "" };
    Some((kind, Key::new(namespace, &owner.name)))
}

fn known<'a>(wake: &Wake<'a>, object: &Object, owner: &OwnerReference) -> Option<&'a Object> {
    let (kind, key) = place(object, owner, wake.kinds())?;
    wake.cache(kind).get(&key).filter(|found| found.uid() == owner.uid)
}

fn dependents_of<'a>(
    owner: &Object,
    known: impl Iterator<Item = &'static Kind>,
    cache: impl Fn(&'static Kind) -> &'a crate::cluster::client::cache::Cache,
) -> Vec<&'a Object> {
    every(known).flat_map(|kind| cache(kind).dependents(owner.uid())).collect()
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    if !object.is_terminating() {
        judge(reconcile, object);
    } else if has(object, ORPHAN) {
        let dependents = dependents_of(object, reconcile.kinds(), |kind| reconcile.cache(kind));
        let patches = dependents.into_iter().map(|dependent| disown(dependent, &[object.uid()])).collect();
        reconcile.together(patches);
        reconcile.request(without_finalizer(object, ORPHAN));
    } else if has(object, FOREGROUND) {
        let blocks = |dependent: &&Object| {
            owners(dependent).any(|owner| owner.uid == object.uid() && owner.block_owner_deletion == Some(true))
        };
        if !dependents_of(object, reconcile.kinds(), |kind| reconcile.cache(kind)).iter().any(blocks) {
            reconcile.request(without_finalizer(object, FOREGROUND));
        }
    }
    Ok(())
}

/// Upstream: `attemptToDeleteItem`: an object without a living owner goes; with one, it forgets the others.
fn judge(reconcile: &mut Reconcile, object: &Object) {
    let (mut solid, mut open) = (false, false);
    let (mut absent, mut waiting) = (Vec::new(), Vec::new());
    for owner in owners(object) {
        misplaced(reconcile, object, owner);
        match find(reconcile, object, owner) {
            Found::Open => open = true,
            Found::Nowhere => return,
            Found::Absent => absent.push(owner.uid.as_str()),
            Found::Waiting => waiting.push(owner.uid.as_str()),
            Found::Solid => solid = true,
        }
    }
    if open || (absent.is_empty() && waiting.is_empty()) {
        return;
    }
    if solid {
        absent.extend(waiting);
        reconcile.write(disown(object, &absent));
        return;
    }
    let dependents = dependents_of(object, reconcile.kinds(), |kind| reconcile.cache(kind));
    let foreground = !waiting.is_empty() && !dependents.is_empty();
    let waits = |object: &&Object| object.is_terminating() && has(object, FOREGROUND);
    if foreground && dependents.iter().any(waits) {
        reconcile.write(unblocked(object));
    }
    let propagation = if foreground || has(object, FOREGROUND) && !has(object, ORPHAN) {
        Propagation::Foreground
    } else if has(object, ORPHAN) {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    let options = DeleteOptions {
        uid: Some(object.uid().into()),
        resource_version: None,
        propagation: Some(propagation),
        grace_period_seconds: None,
    };
    let request = Request::delete(object.kind(), &object.key(), options);
    reconcile.write(Write::new(request).tolerating(Tolerate::NotFoundOrConflict));
}

/// Says that an owner is in another namespace, where it does not count (upstream: `reportInvalidNamespaceOwnerRef`).
fn misplaced(reconcile: &mut Reconcile, object: &Object, owner: &OwnerReference) {
    let Some((kind, key)) = place(object, owner, reconcile.kinds()).filter(|(kind, _)| kind.namespaced) else { return };
    let cache = reconcile.cache(kind);
    if cache.get(&key).is_some_and(|found| found.uid() == owner.uid) {
        return;
    }
    let namespace = object.namespace();
    if cache.iter().any(|found| found.uid() == owner.uid && found.namespace() != namespace) {
        let OwnerReference { api_version, kind, name, uid, .. } = owner;
        let place = format!("[{api_version}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}]");
        let message = format!("ownerRef {place} does not exist in namespace {namespace:?}");
        reconcile.say(Saying::warning(object, "OwnerRefInvalidNamespace", message));
    }
}

enum Found {
    /// Where no owner can be: nothing is decided.
    Nowhere,
    /// The question is not answered yet.
    Open,
    /// It does not exist.
    Absent,
    /// It is being deleted and waits for its dependents.
    Waiting,
    /// It lives.
    Solid,
}

fn find(reconcile: &mut Reconcile, object: &Object, owner: &OwnerReference) -> Found {
    // Kinds that we do not have cannot be looked for; what has no namespace cannot belong to what has one.
    let Some((kind, key)) = place(object, owner, reconcile.kinds()) else { return Found::Nowhere };
    if kind.namespaced && object.namespace().is_empty() {
        return Found::Nowhere;
    }
    let state = |found: &Object| {
        if found.is_terminating() && has(found, FOREGROUND) { Found::Waiting } else { Found::Solid }
    };
    if let Some(found) = reconcile.lookup(kind, &key).filter(|found| found.uid() == owner.uid) {
        return state(found);
    }
    match reconcile.ask(kind, &key) {
        None => Found::Open,
        Some(Ok(live)) if live.uid() == owner.uid => state(live),
        Some(Err(status)) if status.code != 404 => Found::Solid,
        Some(_) => Found::Absent,
    }
}

/// Takes references out of an object; of an added kind by a merge patch, which upstream sends when the strategic one is
/// refused (`patch.go`).
fn disown(object: &Object, uids: &[&str]) -> Write {
    let (format, patch) = if object.kind().custom.is_some() {
        let rest: Vec<&OwnerReference> = owners(object).filter(|owner| !uids.contains(&owner.uid.as_str())).collect();
        let version = &object.meta().resource_version;
        (PatchType::Merge, json!({"metadata": {"resourceVersion": version, "ownerReferences": rest}}))
    } else {
        let gone: Vec<Value> = uids.iter().map(|uid| json!({"$patch": "delete", "uid": uid})).collect();
        (PatchType::Strategic, json!({"metadata": {"ownerReferences": gone, "uid": object.uid()}}))
    };
    let request = Request::patch(object.kind(), &object.key(), format, patch);
    Write::new(request).tolerating(Tolerate::NotFoundOrConflict)
}

/// Lets no owner wait for an object any more (upstream: `unblockOwnerReferencesStrategicMergePatch`).
fn unblocked(object: &Object) -> Write {
    let with = |owner: &OwnerReference| OwnerReference { block_owner_deletion: Some(false), ..owner.clone() };
    let blocks = |owner: &OwnerReference| owner.block_owner_deletion == Some(true);
    let (format, metadata) = if object.kind().custom.is_some() {
        let all: Vec<Value> =
            owners(object).map(|owner| serialize(&if blocks(owner) { with(owner) } else { owner.clone() })).collect();
        (PatchType::Merge, json!({"resourceVersion": object.meta().resource_version, "ownerReferences": all}))
    } else {
        let changed: Vec<Value> =
            owners(object).filter(|owner| blocks(owner)).map(|owner| serialize(&with(owner))).collect();
        (PatchType::Strategic, json!({"ownerReferences": changed, "uid": object.uid()}))
    };
    let patch = json!({"metadata": metadata});
    Write::new(Request::patch(object.kind(), &object.key(), format, patch))
}

fn without_finalizer(object: &Object, finalizer: &str) -> Request {
    let rest: Vec<&String> = object.meta().finalizers.iter().flatten().filter(|name| *name != finalizer).collect();
    let patch = json!({"metadata": {"resourceVersion": object.meta().resource_version, "finalizers": rest}});
    Request::patch(object.kind(), &object.key(), PatchType::Merge, patch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::config_map;
    use crate::api::request::Body;
    use crate::cluster::client::testing::{wakes, wants};

    /// A map with these owners (name, whether it waits for its dependents); `waits`: it is being deleted and waits itself.
    fn map(name: &str, owners: &[(&str, bool)], waits: bool) -> Object {
        let owner = |(name, blocks): &(&str, bool)| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": name, "blockOwnerDeletion": blocks});
        let owners: Vec<Value> = owners.iter().map(owner).collect();
        let mut metadata = json!({"name": name, "namespace": "n", "uid": name, "ownerReferences": owners});
        if waits {
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
            metadata["finalizers"] = json!([FOREGROUND]);
        }
        (config_map::KIND.decode)(json!({"metadata": metadata})).expect("a map")
    }

    #[test]
    fn an_owner_that_waits_looks_again_when_a_dependent_stops_to_block() {
        let owner = map("a", &[], true);
        let before = map("c", &[("a", true), ("b", true)], false);
        let woken = |after: &Object| {
            let keys = wakes(&CONTROLLER, &[owner.clone(), map("b", &[], false)], (Some(&before), Some(after)));
            keys.contains(&owner.reference())
        };
        assert!(woken(&map("c", &[("b", true)], false)), "it belongs to another one only");
        assert!(!woken(&map("c", &[("a", true)], false)));
    }

    #[test]
    fn owners_in_a_circle_do_not_wait_for_each_other() {
        let all = [map("a", &[("b", true)], true), map("b", &[("a", true)], false)];
        let wanted = wants(&CONTROLLER, &all, &all[1].reference());
        let verbs: Vec<crate::api::Verb> = wanted.iter().map(|request| request.verb).collect();
        assert_eq!(verbs, [crate::api::Verb::Patch, crate::api::Verb::Delete]);
        let Body::Patch(_, patch) = &wanted[0].body else { panic!("{:?}", wanted[0].body) };
        assert_eq!(patch["metadata"]["ownerReferences"][0]["blockOwnerDeletion"], false);
        // Without the circle there is nothing to patch.
        let line = [map("a", &[], true), map("b", &[("a", true)], false), map("c", &[("b", true)], false)];
        assert_eq!(wants(&CONTROLLER, &line, &line[1].reference()).len(), 1);
    }
}
