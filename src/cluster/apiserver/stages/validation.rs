//! Are the values possible?

use super::Review;
use crate::api::object::Object;
use crate::api::{FieldError, Status, meta_validation};

/// All errors of a new object at once.
///
/// # Errors
/// 422 with every error.
pub fn create(review: &mut Review, object: &Object) -> Result<(), Status> {
    let kind = object.kind();
    let mut errors = meta_validation::create(object);
    errors.extend((kind.validate)(object));
    verdict(object, &errors)?;
    review.warnings.extend((kind.warnings)(object).into_iter().map(Into::into));
    Ok(())
}

/// All errors of an update at once.
///
/// # Errors
/// 422 with every error.
pub fn update(object: &Object, old: &Object) -> Result<(), Status> {
    let kind = object.kind();
    let mut errors = meta_validation::update(object, old);
    errors.extend((kind.validate_update)(object, old));
    verdict(object, &errors)
}

fn verdict(object: &Object, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(object.kind(), object.name(), errors)) }
}
