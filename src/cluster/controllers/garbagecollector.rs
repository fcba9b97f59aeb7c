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
//! Left out: repairs of circular `blockOwnerDeletion`.

use super::shared::subject;
use crate::api::kinds::KINDS;
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
    if owners(object).next().is_none() || old.is_some_and(same) {
        return;
    }
    let solid = |owner: &OwnerReference| known(wake, object, owner).is_some_and(|owner| !owner.is_terminating());
    if !owners(object).all(solid) {
        wake.object(object);
    }
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
    let has_dependents = !dependents_of(object, reconcile.kinds(), |kind| reconcile.cache(kind)).is_empty();
    let propagation = match (waiting.is_empty(), has_dependents) {
        (false, true) => Propagation::Foreground,
        _ if has(object, ORPHAN) => Propagation::Orphan,
        _ if has(object, FOREGROUND) => Propagation::Foreground,
        _ => Propagation::Background,
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

fn without_finalizer(object: &Object, finalizer: &str) -> Request {
    let rest: Vec<&String> = object.meta().finalizers.iter().flatten().filter(|name| *name != finalizer).collect();
    let patch = json!({"metadata": {"resourceVersion": object.meta().resource_version, "finalizers": rest}});
    Request::patch(object.kind(), &object.key(), PatchType::Merge, patch)
}
