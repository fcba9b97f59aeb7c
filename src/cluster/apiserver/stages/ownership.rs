//! Who owns what a write writes (`api::managed` says what is kept of it and when it is computed), and server-side apply
//! (upstream: `handlers/patch.go`, `applyPatcher`; `managedfields/internal/managedfieldsupdater.go`).

use super::{Plan, Review};
use crate::api::kinds::pod::Pod;
use crate::api::kinds::scale;
use crate::api::managed::{self, Applied, Written};
use crate::api::object::Object;
use crate::api::request::PatchType;
use crate::api::schema::check;
use crate::api::schema::schema;
use crate::api::{Body, FieldError, Kind, Status, meta};
use serde_json::Value;
use std::rc::Rc;

/// Whether the request is an apply.
pub fn is_apply(review: &Review) -> bool {
    matches!(review.request.body, Body::Patch(PatchType::Apply, _))
}

/// The object as a creation asks for it, before admission and the kind's strategy fill it in: its manager owns this much.
pub fn asked(review: &Review, object: &Object) -> Option<Object> {
    // Routine of which there is a lot, and in which the server fills nothing in.
    if matches!(object.kind().kind, "Event" | "Lease") || is_apply(review) {
        return None;
    }
    let mut asked = object.clone();
    let owner = asked.get::<Pod>().and_then(|pod| meta::controller_of(&pod.metadata)).map(|owner| owner.uid.clone());
    let sample = owner.and_then(|owner| review.cache.sample(&owner)).and_then(Object::written);
    // Pods of one template share what was asked for, as they share what became of it.
    if let Some(Written::Write { asked: Some(known), .. }) = sample
        && let (Some(known), Some(pod)) = (known.get::<Pod>(), asked.get::<Pod>())
        && !Rc::ptr_eq(&known.spec, &pod.spec)
        && known.spec == pod.spec
        && let (spec, Some(pod)) = (known.spec.clone(), asked.get_mut::<Pod>())
    {
        pod.spec = spec;
    }
    Some(asked)
}

/// Notes who has created an object.
pub fn created(review: &mut Review, object: &mut Object, asked: Option<Object>) {
    match review.owners.take() {
        Some(owners) => object.set_written(Written::Known(owners.into())),
        None => managed::note(object, None, asked, review.writer()),
    }
}

/// What an update comes to, its writer noted. Nothing is written where nothing changes, owners included.
pub fn update(review: &mut Review, mut new: Object, old: &Object) -> Plan {
    let same = new == *old;
    match review.owners.take() {
        Some(owners) if same && managed::entries_value(owners.clone()) == managed::entries_value(managed::of(old)) => {
            Plan::Nothing(old.clone())
        }
        Some(owners) if is_apply(review) => {
            new.set_written(Written::Known(owners.into()));
            Plan::Update(new)
        }
        Some(owners) => {
            let writer = review.writer();
            let owners = managed::updated(owners, Some(&old.to_value()), &new.to_value(), new.kind(), &writer);
            new.set_written(Written::Known(owners.into()));
            Plan::Update(new)
        }
        None if same => Plan::Nothing(old.clone()),
        None => {
            managed::note(&mut new, Some(old), None, review.writer());
            Plan::Update(new)
        }
    }
}

/// A client may set the owners: usually it sends back those that it has read.
pub fn given(review: &mut Review, value: &Value, old: &Object) {
    let given = managed::given(value);
    let differs =
        |given: &Vec<managed::Entry>| managed::entries_value(given.clone()) != managed::entries_value(managed::of(old));
    review.owners = given.filter(differs);
}

/// What is to be stored by an apply. Whose the fields are then is noted in the review.
///
/// # Errors
/// 422 without a manager, 400 for what cannot be applied, 409 with the fields of others.
pub fn begin_apply(review: &mut Review, live: Option<&Object>) -> Result<Value, Status> {
    let Body::Patch(PatchType::Apply, config) = &review.request.body else {
        return Err(Status::bad_request("the body of the request is not an apply"));
    };
    let kind = review.request.target.object.kind;
    manager_named(review, kind)?;
    if config["metadata"]["managedFields"].is_array() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let version = config["apiVersion"].as_str().unwrap_or_default();
    let wanted = review.face.unwrap_or(kind).api_version();
    if version != wanted {
        return Err(Status::bad_request(format!(
            "Incorrect version specified in apply patch. Specified patch version: {version}, expected: {wanted}"
        )));
    }
    declared(config, kind, review)?;
    let value = live.map(Object::to_value);
    let owners = live.map(managed::of).unwrap_or_default();
    let force = review.request.options.force;
    let applied = managed::applied(value.as_ref(), owners, config, kind, (&review.writer(), force));
    let Applied { value, entries } = applied.map_err(|conflicts| managed::conflict_status(&conflicts))?;
    review.owners = Some(entries);
    Ok(value)
}

/// The scale that an apply of `config` wants of `old`. The number is owned as the object's own field
/// (upstream: `managedfields/scalehandler.go`). Whose it is then is noted in the review.
///
/// # Errors
/// As [`begin_apply`].
pub fn apply_scale(review: &mut Review, config: &Value, old: &Object) -> Result<Object, Status> {
    manager_named(review, &scale::KIND)?;
    declared(config, &scale::KIND, review)?;
    let custom = old.kind().custom.and_then(|custom| custom.scale.as_ref());
    let path = custom.map_or("spec.replicas", |paths| &paths.spec);
    let replicas = &config["spec"]["replicas"];
    let nothing = Value::Object(serde_json::Map::new());
    let own = path.rsplit('.').fold(replicas.clone(), |inner, name| serde_json::json!({ name: inner }));
    let own = if replicas.is_null() { &nothing } else { &own };
    let force = review.request.options.force;
    let value = old.to_value();
    let applied = managed::applied(Some(&value), managed::of(old), own, old.kind(), (&review.writer(), force));
    let Applied { value, entries } = applied.map_err(|conflicts| managed::conflict_status(&conflicts))?;
    review.owners = Some(entries);
    let wanted = path.split('.').fold(&value, |value, name| &value[name]).as_i64().unwrap_or(0);
    let mut new = old.clone();
    if let Some(scale) = old.kind().scale.as_ref() {
        (scale.set_replicas)(&mut new, i32::try_from(wanted).unwrap_or(i32::MAX));
    }
    scale::of(&new).ok_or_else(Status::no_such_path)
}

fn manager_named(review: &Review, kind: &Kind) -> Result<(), Status> {
    if !review.request.options.field_manager.is_empty() {
        return Ok(());
    }
    let error = FieldError::required("fieldManager", "is required for apply patch");
    let mut status = Status::invalid(kind, "", std::slice::from_ref(&error));
    status.message = format!("PatchOptions.meta.k8s.io \"\" is invalid: {error}");
    Err(status)
}

/// Every field must be one of the schema's.
fn declared(config: &Value, kind: &Kind, review: &Review) -> Result<(), Status> {
    let Some(name) = schema().kind(kind.group, kind.version, kind.kind) else { return Ok(()) };
    let unknown = check(name, config).unknown;
    let paths = unknown.iter().filter_map(|problem| problem.message.split('"').nth(1));
    let lines: Vec<String> = paths.map(|path| format!(".{path}: field not declared in schema")).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let target = &review.request.target.object.key;
    let message = format!(
        "failed to create typed patch object ({}/{}; {}, Kind={}): {}",
        target.namespace,
        target.name,
        kind.api_version(),
        kind.kind,
        lines.join("\n")
    );
    Err(Status { code: 500, reason: "", message, details: None })
}
