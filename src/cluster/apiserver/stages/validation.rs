//! Are the values possible?

use super::Review;
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::pod::{resize, update};
use crate::api::rules::events;
use crate::api::{FieldError, Kind, Status, faces, meta_validation};
use k8s_openapi::api::core::v1::Event;

/// All errors of a new object at once.
///
/// # Errors
/// 422 with every error.
pub fn create(review: &mut Review, object: &Object) -> Result<(), Status> {
    let object = &judged(review.face, object);
    let kind = object.kind();
    let mut errors = meta_validation::create(object);
    errors.extend((kind.validate)(object));
    // The newer form of events is held to more than the older one.
    if review.face.is_some_and(|face| face.group == "events.k8s.io")
        && let Some(event) = object.get::<Event>()
    {
        errors.extend(events::check(event));
    }
    verdict(object, &errors)?;
    review.warnings.extend((kind.warnings)(object).into_iter().map(Into::into));
    Ok(())
}

/// All errors of an update at once.
///
/// # Errors
/// 422 with every error.
pub fn update(face: Option<&'static Kind>, object: &Object, old: &Object) -> Result<(), Status> {
    let (object, old) = (&judged(face, object), &judged(face, old));
    let kind = object.kind();
    let mut errors = meta_validation::update(object, old);
    errors.extend((kind.validate_update)(object, old));
    verdict(object, &errors)
}

/// All errors of ephemeral containers that are added to a pod.
///
/// # Errors
/// 422 with every error.
pub fn debug(object: &Object, old: &Object) -> Result<(), Status> {
    let mut errors = meta_validation::update(object, old);
    if let (Some(new), Some(old)) = (object.get::<Pod>(), old.get::<Pod>()) {
        errors.extend(update::ephemeral(new, old));
    }
    verdict(object, &errors)
}

/// Whether a pod may be given other resources.
///
/// # Errors
/// 422 with every error.
pub fn resize(object: &Object, old: &Object) -> Result<(), Status> {
    let mut errors = meta_validation::update(object, old);
    if let (Some(new), Some(old)) = (object.get::<Pod>(), old.get::<Pod>()) {
        errors.extend(resize::validate(new, old));
    }
    verdict(object, &errors)
}

/// An object of a custom kind is judged by the schema of the version in which it is asked.
fn judged(face: Option<&'static Kind>, object: &Object) -> Object {
    match face.filter(|face| face.custom.is_some()) {
        Some(face) => faces::outward(object, face),
        None => object.clone(),
    }
}

fn verdict(object: &Object, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(object.kind(), object.name(), errors)) }
}
