//! What a write comes to: the way of a creation and of an update through the stages
//! (upstream: `k8s.io/apiserver/pkg/registry/rest/{create,update}.go` and `registry/generic/registry/store.go`).

use super::{Plan, Refused, Review, admission, at, decoding, ownership, validation};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::request::PatchType;
use crate::api::{Body, FieldError, Status, Verb, meta};
use crate::cluster::apiserver::authorizer::escalation;
use crate::cluster::apiserver::{allocation, subresources};
use crate::cluster::fact::Gate;
use crate::sim::hash::stable_hash;
use k8s_openapi::api::core::v1::{Namespace, Node};
use serde_json::json;
use std::rc::Rc;

/// The longest name that a generated suffix is put behind (upstream: `storage/names/generate.go`).
const LONGEST_PREFIX: usize = 58;

/// A creation.
///
/// # Errors
/// The gate that refuses.
pub fn create(review: &mut Review) -> Result<Plan, Refused> {
    let mut object = decoding::object(review).map_err(at(Gate::Decoding))?;
    decoding::place(&mut object, review).map_err(at(Gate::Decoding))?;
    let kind = object.kind();
    let before = review.before(&object);
    (kind.default)(&mut object);
    review.changed((Gate::Decoding, ""), before, &object);
    let unnamed = object.name().is_empty();
    if unnamed {
        generate_name(review, &mut object);
    }
    object.meta_mut().managed_fields = None;
    let asked = ownership::asked(review, &object);
    // Upstream makes a name up behind mutating admission, whose refusals do not know it.
    let made_up = if unnamed { object.meta_mut().name.take() } else { None };
    admission::mutate(review, &mut object, None).map_err(at(Gate::Mutating))?;
    if unnamed {
        object.meta_mut().name = made_up;
    }
    escalation::check(review.user, &object, None, review.cache).map_err(at(Gate::Validation))?;
    let before = review.before(&object);
    share_spec(review, &mut object, None);
    allocation::create(review, &mut object).map_err(at(Gate::Validation))?;
    object.meta_mut().uid = Some(meta::uid(review.rng));
    (kind.prepare_create)(&mut object, review.now);
    sign_request(review, &mut object);
    let metadata = object.meta_mut();
    metadata.creation_timestamp = Some(meta::timestamp(review.now));
    metadata.resource_version = None;
    metadata.deletion_timestamp = None;
    metadata.deletion_grace_period_seconds = None;
    metadata.self_link = None;
    metadata.generation = kind.generation.then_some(1);
    review.changed((Gate::Validation, ""), before, &object);
    validation::create(review, &object).map_err(at(Gate::Validation))?;
    admission::validate(review, Some(&object), None).map_err(at(Gate::Validating))?;
    ownership::created(review, &mut object, asked);
    Ok(Plan::Create(object))
}

/// Who asks for a certificate stands in the request, whatever the client writes (upstream: `csrStrategy`).
fn sign_request(review: &Review, object: &mut Object) {
    let Some(document) = object.document_mut().filter(|_| review.request.target.object.kind.kind == CERTIFICATE) else {
        return;
    };
    let mut groups: Vec<&str> = review.user.groups.iter().map(|group| &**group).collect();
    if !groups.contains(&"system:authenticated") {
        groups.push("system:authenticated");
    }
    document.set("spec.username", (*review.user.name).into());
    document.set("spec.groups", groups.into());
    if !review.user.name.starts_with("system:serviceaccount:") {
        document.set("spec.extra", json!({CREDENTIAL: [credential(&review.user.name)]}));
    }
}

const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";

/// Which certificate a user has shown: the digest of one that nobody made (upstream: `request/x509`, `CommonNameUserConversion`).
fn credential(user: &str) -> String {
    let [a, b, c, d] = [0u8, 1, 2, 3].map(|part| stable_hash(&(user, part)));
    format!("X509SHA256={a:016x}{b:016x}{c:016x}{d:016x}")
}

const CERTIFICATE: &str = "CertificateSigningRequest";

/// All pods of one template share one spec, and a pod keeps the one that it has.
fn share_spec(review: &Review, object: &mut Object, old: Option<&Object>) {
    let Some(pod) = object.get::<Pod>() else { return };
    let known = match old {
        Some(old) => old.get::<Pod>().map(|old| &old.spec),
        None => meta::controller_of(&pod.metadata).and_then(|owner| review.cache.spec_of(&owner.uid)),
    };
    let Some(known) = known.filter(|known| !Rc::ptr_eq(known, &pod.spec) && **known == pod.spec).cloned() else {
        return;
    };
    if let Some(pod) = object.get_mut::<Pod>() {
        pod.spec = known;
    }
}

/// Five letters behind `generateName`.
fn generate_name(review: &mut Review, object: &mut Object) {
    let Some(prefix) = object.meta().generate_name.clone().filter(|prefix| !prefix.is_empty()) else { return };
    let prefix: String = prefix.chars().take(LONGEST_PREFIX).collect();
    let name = format!("{prefix}{}", meta::suffix(review.rng, 5));
    object.meta_mut().name = Some(name);
}

/// A replacement or a patch of the stored object.
///
/// # Errors
/// The gate that refuses.
pub fn update(review: &mut Review, stored: Option<&Object>) -> Result<Plan, Refused> {
    let target = review.request.target.clone();
    let (kind, name) = (target.object.kind, &target.object.key.name);
    let Some(old) = stored else {
        // An apply makes what is not there.
        if ownership::is_apply(review) && target.subresource.is_empty() {
            ownership::begin_apply(review, None).map_err(at(Gate::Decoding))?;
            return create(review);
        }
        // A few kinds may be created by PUT (upstream: `AllowCreateOnUpdate`).
        let creates = matches!(kind.kind, "Lease" | "Endpoints" | "Event") && review.request.verb == Verb::Update;
        if creates && target.subresource.is_empty() {
            return create(review);
        }
        // A document is read before anybody looks whether what it is to replace is there.
        if review.request.verb == Verb::Update && target.subresource.is_empty() {
            let mut object = decoding::object(review).map_err(at(Gate::Decoding))?;
            decoding::place(&mut object, review).map_err(at(Gate::Decoding))?;
        }
        return Err(at(Gate::Storage)(Status::not_found(kind, name)));
    };
    let mut new = next(review, old).map_err(at(Gate::Decoding))?;
    // A patch has no precondition: a uid in it is a change like any other.
    if matches!(review.request.body, Body::Patch(..)) && !new.uid().is_empty() && new.uid() != old.uid() {
        let error = FieldError::invalid("metadata.uid", new.uid(), "field is immutable");
        return Err(at(Gate::Validation)(Status::invalid(kind, name, &[error])));
    }
    identity(&new, old).map_err(at(Gate::Storage))?;
    admission::mutate(review, &mut new, Some(old)).map_err(at(Gate::Mutating))?;
    escalation::check(review.user, &new, Some(old), review.cache).map_err(at(Gate::Validation))?;
    share_spec(review, &mut new, Some(old));
    keep_system_fields(&mut new, old);
    match target.subresource {
        "status" | "approval" => (kind.prepare_status)(&mut new, old),
        "finalize" => subresources::finalize(&mut new, old),
        "ephemeralcontainers" => subresources::debug(&mut new, old),
        "resize" => subresources::resize(&mut new, old),
        _ => (kind.prepare_update)(&mut new, old),
    }
    if target.subresource.is_empty() {
        allocation::update(review, &mut new, old).map_err(at(Gate::Validation))?;
    }
    // A status may bring annotations with it (Deployments' do); that is no change of the spec.
    if kind.generation && target.subresource != "status" && (kind.spec_changed)(&new, old) {
        let generation = old.meta().generation.unwrap_or(0) + 1;
        new.meta_mut().generation = Some(generation);
    }
    // A status that a component built is taken as it is: everything else in the object is the stored one's.
    let written = matches!(review.request.body, Body::Document(_) | Body::Patch(..));
    if target.subresource != "status" || written {
        let judged = match target.subresource {
            "ephemeralcontainers" => validation::debug(&new, old),
            "resize" => validation::resize(&new, old),
            _ => validation::update(review.face, &new, old),
        };
        judged.map_err(at(Gate::Validation))?;
    }
    // Of a spec that has changed the server warns again, of the name only once, and of pods never.
    let another = if kind.generation { new.meta().generation != old.meta().generation } else { written };
    if target.subresource.is_empty() && another && kind.kind != "Pod" {
        let texts = (kind.warnings)(&new).into_iter().filter(|text| !text.starts_with("metadata.name: "));
        review.warnings.extend(texts.map(Into::into));
    }
    admission::validate(review, Some(&new), Some(old)).map_err(at(Gate::Validating))?;
    if may_go(&new, old) {
        return Ok(Plan::Delete);
    }
    Ok(ownership::update(review, new, old))
}

/// What the stored object is to become, by the request's body.
fn next(review: &mut Review, old: &Object) -> Result<Object, Status> {
    let request = review.request;
    let kind = request.target.object.kind;
    let mut new = match (&request.body, request.target.subresource) {
        (body, "scale") => return subresources::scaled(body, old, review),
        (Body::StatusPatch(body), _) => {
            let mut new = body.clone();
            if !new.uid().is_empty() && new.uid() != old.uid() {
                return Err(uid_changed(&new, old));
            }
            new.meta_mut().clone_from(old.meta());
            keep_attached(&mut new, old);
            return Ok(new);
        }
        (Body::Patch(PatchType::Apply, _), _) => {
            let value = ownership::begin_apply(review, Some(old))?;
            decoding::patched(value, &serde_json::Value::Null, kind, review)?
        }
        (Body::Patch(format, patch), _) => subresources::patched(*format, patch, old, review)?,
        (Body::Document(document), _) => {
            ownership::given(review, document, old);
            decoding::object(review)?
        }
        _ => decoding::object(review)?,
    };
    decoding::place(&mut new, review)?;
    let before = review.before(&new);
    (kind.default)(&mut new);
    review.changed((Gate::Decoding, ""), before, &new);
    Ok(new)
}

/// Which volumes a node has attached is not its kubelet's to say: its patch leaves that out.
fn keep_attached(new: &mut Object, old: &Object) {
    let attached = |node: &Node| node.status.as_ref().and_then(|status| status.volumes_attached.clone());
    if let (Some(new), Some(old)) = (new.get_mut::<Node>(), old.get::<Node>()) {
        new.status.get_or_insert_default().volumes_attached = attached(old);
    }
}

/// The object meant must be the one stored, and at the revision that the client has seen, if it says so.
fn identity(new: &Object, old: &Object) -> Result<(), Status> {
    let version = new.meta().resource_version.as_deref().unwrap_or_default();
    if !version.is_empty() && version.parse::<u64>().is_err() {
        let message = format!("strconv.ParseUint: parsing {version:?}: invalid syntax");
        return Err(Status { code: 500, reason: "", message, details: None });
    }
    if new.revision() != 0 && new.revision() != old.revision() {
        return Err(Status::modified(old.kind(), old.name()));
    }
    if !new.uid().is_empty() && new.uid() != old.uid() {
        return Err(uid_changed(new, old));
    }
    Ok(())
}

fn uid_changed(new: &Object, old: &Object) -> Status {
    let text = format!(
        "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: \
         UID in precondition: {}, UID in object meta: {}",
        old.kind().etcd_key(old.namespace(), old.name()),
        new.uid(),
        old.uid()
    );
    Status::conflict(old.kind(), old.name(), &text)
}

/// What no client may change (upstream: `rest.BeforeUpdate`, `ValidateObjectMetaUpdate`).
fn keep_system_fields(new: &mut Object, old: &Object) {
    let from = old.meta();
    let metadata = new.meta_mut();
    metadata.uid.clone_from(&from.uid);
    metadata.creation_timestamp.clone_from(&from.creation_timestamp);
    metadata.deletion_timestamp.clone_from(&from.deletion_timestamp);
    metadata.deletion_grace_period_seconds = from.deletion_grace_period_seconds;
    metadata.generation = from.generation;
    metadata.resource_version.clone_from(&from.resource_version);
    metadata.self_link = None;
    metadata.managed_fields = None;
}

/// Whether the update has taken away the last reason to keep an object whose deletion was asked for
/// (upstream: `store.go`, `ShouldDeleteDuringUpdate`, and for namespaces `ShouldDeleteNamespaceDuringUpdate`).
fn may_go(new: &Object, old: &Object) -> bool {
    let none_left = new.meta().finalizers.as_deref().unwrap_or_default().is_empty();
    if let Some(namespace) = new.get::<Namespace>() {
        let spec = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_deref()).unwrap_or_default();
        return old.is_terminating() && none_left && spec.is_empty();
    }
    none_left && old.is_terminating() && old.meta().deletion_grace_period_seconds.unwrap_or(0) == 0
}
