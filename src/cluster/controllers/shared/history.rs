//! The past templates of a StatefulSet or DaemonSet, kept as ControllerRevisions.
//!
//! Upstream: `pkg/controller/history/controller_history.go`. A revision's `data` is a patch that puts the template back;
//! two templates are the same if their patches are. A template that was there before gets its old revision back with a
//! new, highest number. A name that is taken by something else counts as a collision and is drawn again.

use super::claim::{claim_if, is_controlled};
use super::hash::text_hash;
use super::labels;
use crate::api::document::Document;
use crate::api::json;
use crate::api::kinds::controller_revision;
use crate::api::meta::controller_ref;
use crate::api::request::DeleteOptions;
use crate::api::selector::Selector;
use crate::api::{Key, Object, Request};
use crate::cluster::client::controller::{Reconcile, Tolerate, Write};
use crate::sim::Order;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

/// The label of pods that names the revision that they were made from.
pub const REVISION: &str = "controller-revision-hash";
/// The label of a StatefulSet's revisions that holds their hash.
pub const HASH: &str = "controller.kubernetes.io/hash";

/// The revision of an owner's present template.
pub struct Present {
    /// Its name.
    pub name: String,
    /// The hash in its name.
    pub hash: String,
    /// What is to be written: it is new, or a former one again.
    pub write: Option<Write>,
    /// How often a name was taken.
    pub collisions: i32,
}

/// The revisions of an owner from the oldest to the newest; orphans are adopted. `None`: a question is open, look again.
///
/// # Errors
/// When the owner is gone or going although revisions should be adopted.
pub fn of<'a>(
    reconcile: &mut Reconcile<'a>,
    owner: &'a Object,
    selector: &Selector,
) -> Result<Option<Vec<&'a Object>>, String> {
    let fits = |object: &Object| selector.matches(labels(object.meta()));
    // A revision whose labels no longer match is not released, only left alone.
    let belongs = |object: &Object| is_controlled(object) || fits(object);
    let Some(mut past) = claim_if(reconcile, owner, &controller_revision::KIND, &belongs)? else { return Ok(None) };
    past.retain(|revision| fits(revision));
    past.order_by_key(|revision| (number(revision), revision.meta().creation_timestamp.clone(), revision.name()));
    Ok(Some(past))
}

/// The number of a revision.
#[must_use]
pub fn number(revision: &Object) -> i64 {
    revision.document().and_then(|revision| revision.at("revision")?.as_i64()).unwrap_or(0)
}

/// The template that a revision puts back.
#[must_use]
pub fn template(revision: &Object) -> Option<PodTemplateSpec> {
    json::decode_part(revision.document()?.at("data.spec.template")?).ok()
}

/// Finds or makes the revision of the present template. `label`: under which the revision shows its hash.
#[must_use]
pub fn present(reconcile: &Reconcile, owner: &Object, past: &[&Object], label: &str) -> Present {
    let data = patch(owner);
    let newest = past.last().map_or(0, |last| number(last));
    let mut collisions = collisions(owner);
    let same = past.iter().rev().find(|revision| is_data(revision, &data));
    if let Some(same) = same {
        let write = (number(same) < newest).then(|| Write::new(Request::update(numbered(same, newest + 1))));
        return Present { name: same.name().to_owned(), hash: hash_of(same, label), write, collisions };
    }
    let text = data.to_string();
    let cache = reconcile.cache(&controller_revision::KIND);
    loop {
        let hash = text_hash(&text, Some(collisions));
        let name = format!("{}-{hash}", owner.name());
        match cache.get(&Key::new(owner.namespace(), &name)) {
            Some(other) if !is_data(other, &data) => collisions += 1,
            Some(_) => return Present { name, hash, write: None, collisions },
            None => {
                let revision = made(owner, &name, (label, &hash), (newest + 1, &data));
                let write = Some(Write::new(Request::create(revision)));
                return Present { name, hash, write, collisions };
            }
        }
    }
}

/// The hash that a revision shows.
#[must_use]
pub fn hash_of(revision: &Object, label: &str) -> String {
    labels(revision.meta()).get(label).cloned().unwrap_or_default()
}

/// Deletes the oldest revisions beyond the limit of the owner. `live`: whether a revision is still needed.
pub fn truncate(reconcile: &mut Reconcile, owner: &Object, past: &[&Object], live: impl Fn(&Object) -> bool) {
    let limit = owner.document().and_then(|owner| owner.at("spec.revisionHistoryLimit")?.as_u64());
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10);
    let idle: Vec<&Object> = past.iter().copied().filter(|revision| !live(revision)).collect();
    for revision in idle.iter().take(idle.len().saturating_sub(limit)) {
        let request = Request::delete(&controller_revision::KIND, &revision.key(), DeleteOptions::default());
        reconcile.write(Write::new(request).tolerating(Tolerate::NotFound));
    }
}

fn is_data(revision: &Object, data: &Value) -> bool {
    revision.document().and_then(|revision| revision.at("data")) == Some(data)
}

fn collisions(owner: &Object) -> i32 {
    let count = owner.document().and_then(|owner| owner.at("status.collisionCount")?.as_i64());
    count.and_then(|count| i32::try_from(count).ok()).unwrap_or(0)
}

/// The patch that puts the owner's template back (upstream: `getPatch`).
fn patch(owner: &Object) -> Value {
    let mut template = owner.document().and_then(|owner| owner.at("spec.template")).cloned().unwrap_or_default();
    if let Value::Object(fields) = &mut template {
        fields.insert("$patch".to_owned(), "replace".into());
    }
    json!({"spec": {"template": template}})
}

fn numbered(revision: &Object, number: i64) -> Object {
    let mut revision = revision.clone();
    if let Some(document) = revision.document_mut() {
        document.set("revision", number.into());
    }
    revision
}

fn made(owner: &Object, name: &str, (label, hash): (&str, &str), (number, data): (i64, &Value)) -> Object {
    let template: Option<PodTemplateSpec> = owner.document().and_then(|owner| owner.part("spec.template"));
    let mut labels = template.and_then(|template| template.metadata?.labels).unwrap_or_default();
    labels.insert(label.to_owned(), hash.to_owned());
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        namespace: owner.meta().namespace.clone(),
        labels: Some(labels),
        annotations: owner.meta().annotations.clone(),
        owner_references: Some(vec![controller_ref(owner)]),
        ..ObjectMeta::default()
    };
    let mut revision = Document::new(&controller_revision::KIND, metadata);
    revision.set("data", data.clone());
    revision.set("revision", number.into());
    Object::from_document(revision)
}
