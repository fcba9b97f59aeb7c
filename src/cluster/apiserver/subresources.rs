//! Subresources with ways of their own: `binding`, `scale`, `finalize`, and patches.

use super::admission::{namespace_lifecycle, pod_topology_labels};
use super::stages::{Plan, Refused, Review, admission, at, decoding, ownership};
use crate::api::faces;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::{binding, scale};
use crate::api::managed;
use crate::api::object::Object;
use crate::api::patch::{self, PatchFault};
use crate::api::pod::resize;
use crate::api::request::PatchType;
use crate::api::schema::schema;
use crate::api::{Body, FieldError, Kind, ObjectRef, Request, Status, Target, Typed, Verb, meta};
use crate::cluster::fact::Gate;
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::core::v1::{Namespace, PodCondition};
use serde_json::Value;
use std::rc::Rc;

/// `POST pods/<name>/binding`: the only way to a node (upstream: `registry/core/pod/storage`, `BindingREST`).
///
/// # Errors
/// The gate that refuses.
pub fn bind(review: &mut Review, stored: Option<&Object>) -> Result<Plan, Refused> {
    let target = review.request.target.object.clone();
    let binding = match &review.request.body {
        Body::Object(object) => object.clone(),
        Body::Document(document) => decoding::decode(document, &binding::KIND, review).map_err(at(Gate::Decoding))?,
        _ => return Err(at(Gate::Decoding)(Status::bad_request("the body of the request is not a Binding"))),
    };
    namespace_lifecycle::takes(review, &target.key.name).map_err(at(Gate::Mutating))?;
    let errors = (binding.kind().validate)(&binding);
    if !errors.is_empty() {
        return Err(at(Gate::Validation)(Status::invalid(binding.kind(), &target.key.name, &errors)));
    }
    let node = binding::node(&binding).to_owned();
    let missing = || at(Gate::Storage)(Status::not_found(target.kind, &target.key.name));
    let old = stored.ok_or_else(missing)?;
    admission::validate(review, Some(old), Some(old)).map_err(at(Gate::Validating))?;
    let uid = binding.uid();
    let refusal = match old.get::<Pod>() {
        Some(_) if !uid.is_empty() && uid != old.uid() => {
            Some(format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid()))
        }
        Some(pod) => cannot_bind(pod),
        None => return Err(missing()),
    };
    if let Some(text) = refusal {
        return Err(at(Gate::Storage)(binding_conflict(&target.key.name, &text)));
    }
    let mut new = old.clone();
    if let Some(pod) = new.get_mut::<Pod>() {
        pod.node_name = Some(node.into());
        if let Some(annotations) = binding.meta().annotations.clone() {
            pod.metadata.annotations.get_or_insert_default().extend(annotations);
        }
        set_scheduled(pod, review.now);
        // Where it was to go says nothing any more (`ClearingNominatedNodeNameAfterBinding`).
        pod.status.nominated_node_name = None;
    }
    pod_topology_labels::copy(&mut new, review.cache);
    Ok(Plan::Update(new))
}

fn cannot_bind(pod: &Pod) -> Option<String> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    if pod.metadata.deletion_timestamp.is_some() {
        return Some(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    if let Some(node) = pod.node() {
        return Some(format!("pod {name} is already assigned to node \"{node}\""));
    }
    let gated = pod.spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    gated.then(|| format!("pod {name} has non-empty .spec.schedulingGates"))
}

/// A conflict is told of the subresource.
fn binding_conflict(name: &str, text: &str) -> Status {
    let mut status = Status::conflict(<Pod as Typed>::kind(), name, text);
    status.message = format!("Operation cannot be fulfilled on pods/binding \"{name}\": {text}");
    if let Some(details) = &mut status.details {
        "pods/binding".clone_into(&mut details.kind);
    }
    status
}

fn set_scheduled(pod: &mut Pod, now: crate::sim::Time) {
    let conditions = pod.status.conditions.get_or_insert_default();
    conditions.retain(|condition| condition.type_ != "PodScheduled");
    conditions.push(PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "True".to_owned(),
        last_transition_time: Some(meta::timestamp(now)),
        ..PodCondition::default()
    });
}

/// `PUT namespaces/<name>/finalize`: only the list of finalizers in the spec is taken over.
pub fn finalize(new: &mut Object, old: &Object) {
    let finalizers = new.get::<Namespace>().and_then(|namespace| namespace.spec.clone());
    let mut object = old.clone();
    if let Some(namespace) = object.get_mut::<Namespace>() {
        namespace.spec = finalizers;
    }
    *new = object;
}

/// `pods/<name>/ephemeralcontainers`: nothing else is taken over (upstream: `podEphemeralContainersStrategy`).
pub fn debug(new: &mut Object, old: &Object) {
    let wanted = new.get::<Pod>().and_then(|pod| pod.spec.ephemeral_containers.clone());
    let mut object = old.clone();
    if let Some(pod) = object.get_mut::<Pod>() {
        Rc::make_mut(&mut pod.spec).ephemeral_containers = wanted;
    }
    *new = object;
}

/// `pods/<name>/resize`: only resources of containers are taken over (upstream: `podResizeStrategy`).
pub fn resize(new: &mut Object, old: &Object) {
    let spec = new.get::<Pod>().zip(old.get::<Pod>()).map(|(new, old)| resize::taken_over(new, old));
    let mut object = old.clone();
    if let (Some(pod), Some(spec)) = (object.get_mut::<Pod>(), spec) {
        pod.spec = spec;
    }
    *new = object;
}

/// What `old` becomes by a PUT or PATCH of its `Scale`.
///
/// # Errors
/// 404 if the kind has none, 400 if the body is no scale, 409 on another revision, 422 for less than none.
pub fn scaled(body: &Body, old: &Object, review: &mut Review) -> Result<Object, Status> {
    let (Some(scale), Some(current)) = (old.kind().scale.as_ref(), scale::of(old)) else {
        return Err(Status::no_such_path());
    };
    let wanted = match body {
        Body::Patch(PatchType::Apply, config) => ownership::apply_scale(review, config, old)?,
        Body::Object(object) => object.clone(),
        Body::Document(document) => decoding::decode(document, &scale::KIND, review)?,
        Body::Patch(format, patch) => patched(*format, patch, &current, review)?,
        _ => return Err(Status::bad_request("the body of the request is not a Scale")),
    };
    if wanted.revision() != 0 && wanted.revision() != old.revision() {
        return Err(Status::modified(old.kind(), old.name()));
    }
    let spec = wanted.get::<Scale>().and_then(|scale| scale.spec.as_ref());
    let replicas = spec.and_then(|spec| spec.replicas).unwrap_or(0);
    if replicas < 0 {
        let error = FieldError::invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        return Err(Status::invalid(&scale::KIND, old.name(), &[error]));
    }
    let mut new = old.clone();
    (scale.set_replicas)(&mut new, replicas);
    Ok(new)
}

/// What `old` becomes by a patch.
///
/// # Errors
/// The patch cannot be applied, or its result is no object of the kind.
pub fn patched(format: PatchType, patch: &Value, old: &Object, review: &mut Review) -> Result<Object, Status> {
    if format == PatchType::Strategic && old.kind().custom.is_some() {
        return Err(Status::unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        ));
    }
    let kind = review.face.unwrap_or(old.kind());
    let seen = faces::outward(old, kind);
    // Only a patch that names them needs to see whose the fields are.
    let owners = format == PatchType::Json && patch.to_string().contains("managedFields");
    let current = if owners { managed::to_value(&seen) } else { seen.to_value() };
    let value = patch_value(format, patch, &current, kind)?;
    ownership::given(review, &value, old);
    faces::inward(decoding::patched(value, patch, kind, review)?).map_err(Status::bad_request)
}

fn patch_value(format: PatchType, patch: &Value, current: &Value, kind: &'static Kind) -> Result<Value, Status> {
    let patched = match format {
        PatchType::Json => patch::json_patch(current, patch),
        PatchType::Merge => Ok(patch::merge_patch(current, patch)),
        PatchType::Strategic => {
            let name = schema().kind(kind.group, kind.version, kind.kind).unwrap_or_default();
            patch::strategic(name, current, patch)
        }
        // Only objects themselves are applied.
        PatchType::Apply => return Err(Status::unsupported_media_type("server-side apply of this subresource")),
    };
    patched.map_err(|error| match error.fault {
        PatchFault::BadRequest => Status::bad_request(error.message),
        PatchFault::Internal => Status { code: 500, reason: "", message: error.message, details: None },
        PatchFault::Unprocessable => Status {
            code: 422,
            reason: "Invalid",
            message: "the server rejected our request due to an error in our request".to_owned(),
            details: None,
        },
    })
}

/// A request as it is carried out, and the version of the kind in which it is answered if that is not the stored one.
/// A `Binding` that is created on its own means the pod of its name (upstream: `LegacyBindingREST`).
pub fn meant(request: Rc<Request>) -> (Rc<Request>, Option<&'static Kind>) {
    let target = &request.target.object;
    if let Some(face) = target.kind.face {
        let object = ObjectRef::new(face.of, &target.key.namespace, &target.key.name);
        let target = Target { object, subresource: request.target.subresource };
        let shown = request.target.object.kind;
        return (Rc::new(Request { target, ..(*request).clone() }), Some(shown));
    }
    if target.kind != &binding::KIND || request.verb != Verb::Create {
        return (request, None);
    }
    let name = match &request.body {
        Body::Document(document) => document["metadata"]["name"].as_str().unwrap_or_default(),
        Body::Object(object) => object.name(),
        _ => "",
    };
    let object = ObjectRef::new(<Pod as Typed>::kind(), &target.key.namespace, name);
    (Rc::new(Request { target: Target { object, subresource: "binding" }, ..(*request).clone() }), None)
}
