//! Adoption and release: which objects a controller may count as its own.
//!
//! Upstream: `pkg/controller/controller_ref_manager.go`. An object whose labels match and that nobody controls is
//! adopted, one whose labels no longer match is released, both by a patch. Before the first adoption the owner itself is
//! read from the API server: a cache may not know yet that it is being deleted.

use super::labels;
use crate::api::json::encode;
use crate::api::kinds::pod;
use crate::api::meta::{controller_of, controller_ref};
use crate::api::request::PatchType;
use crate::api::selector::Selector;
use crate::api::{Kind, Object, Request};
use crate::cluster::client::controller::{Reconcile, Tolerate, Write};
use serde_json::{Value, json};

/// The objects of a kind that `owner` controls or adopts. `None`: a question is open, look again.
///
/// # Errors
/// When the owner is gone or going although objects should be adopted.
pub fn claim<'a>(
    reconcile: &mut Reconcile<'a>,
    owner: &'a Object,
    selector: &Selector,
    kind: &'static Kind,
) -> Result<Option<Vec<&'a Object>>, String> {
    claim_as(reconcile, (owner, None), kind, &|object| selector.matches(labels(object.meta())))
}

/// The same for an owner that looks at more than labels.
///
/// # Errors
/// As [`claim`].
pub fn claim_if<'a>(
    reconcile: &mut Reconcile<'a>,
    owner: &'a Object,
    kind: &'static Kind,
    belongs: &dyn Fn(&Object) -> bool,
) -> Result<Option<Vec<&'a Object>>, String> {
    claim_as(reconcile, (owner, None), kind, belongs)
}

/// The pods of an owner that marks them with a finalizer: an adopted pod gets it, a released one loses it.
///
/// # Errors
/// As [`claim`].
pub fn claim_tracked<'a>(
    reconcile: &mut Reconcile<'a>,
    owner: &'a Object,
    selector: &Selector,
    finalizer: &'static str,
) -> Result<Option<Vec<&'a Object>>, String> {
    let belongs = |object: &Object| selector.matches(labels(object.meta()));
    claim_as(reconcile, (owner, Some(finalizer)), &pod::KIND, &belongs)
}

fn claim_as<'a>(
    reconcile: &mut Reconcile<'a>,
    (owner, finalizer): (&'a Object, Option<&'static str>),
    kind: &'static Kind,
    belongs: &dyn Fn(&Object) -> bool,
) -> Result<Option<Vec<&'a Object>>, String> {
    let mut mine = Vec::new();
    let mut patches = Vec::new();
    let cache = reconcile.cache(kind);
    for object in cache.owned_by(owner.uid()) {
        if belongs(object) {
            mine.push(object);
        } else if !owner.is_terminating() {
            patches.push(release(owner, object, finalizer));
        }
    }
    let wanted = |object: &&Object| !object.is_terminating() && belongs(object);
    let orphans: Vec<&Object> =
        if owner.is_terminating() { Vec::new() } else { cache.orphans(owner.namespace()).filter(wanted).collect() };
    if let Some(first) = orphans.first() {
        let Some(live) = reconcile.ask(owner.kind(), &owner.key()) else { return Ok(None) };
        may_adopt(owner, live).map_err(|why| format!("can't adopt {} {}: {why}", first.kind().kind, first.key()))?;
        patches.extend(orphans.iter().map(|orphan| adopt(owner, orphan, finalizer)));
        mine.extend(orphans);
    }
    for patch in patches {
        reconcile.write(patch);
    }
    Ok(Some(mine))
}

/// Upstream: `RecheckDeletionTimestamp`.
fn may_adopt(owner: &Object, live: Result<&Object, impl ToString>) -> Result<(), String> {
    let live = live.map_err(|error| error.to_string())?;
    let (kind, key) = (owner.kind().kind, owner.key());
    if live.uid() != owner.uid() {
        return Err(format!("original {kind} {key} is gone: got uid {}, wanted {}", live.uid(), owner.uid()));
    }
    if live.is_terminating() { Err(format!("{key} has just been deleted")) } else { Ok(()) }
}

fn adopt(owner: &Object, object: &Object, finalizer: Option<&str>) -> Write {
    let reference = encode(&controller_ref(owner));
    let mut metadata = json!({"ownerReferences": [reference], "uid": object.uid()});
    if let Some(finalizer) = finalizer {
        metadata["finalizers"] = json!([finalizer]);
    }
    patch(object, json!({"metadata": metadata}))
}

fn release(owner: &Object, object: &Object, finalizer: Option<&str>) -> Write {
    let gone = json!({"$patch": "delete", "uid": owner.uid()});
    let mut metadata = json!({"ownerReferences": [gone], "uid": object.uid()});
    if let Some(finalizer) = finalizer {
        metadata["$deleteFromPrimitiveList/finalizers"] = json!([finalizer]);
    }
    patch(object, json!({"metadata": metadata}))
}

fn patch(object: &Object, patch: Value) -> Write {
    let request = Request::patch(object.kind(), &object.key(), PatchType::Strategic, patch);
    Write::new(request).tolerating(Tolerate::NotFound)
}

/// Whether somebody controls the object.
#[must_use]
pub fn is_controlled(object: &Object) -> bool {
    controller_of(object.meta()).is_some()
}
