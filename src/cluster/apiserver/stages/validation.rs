//! Are the values possible?

use super::Review;
use crate::api::object::Object;
use crate::api::{FieldError, Status};

/// All errors of a new object at once.
///
/// # Errors
/// 422 with every error.
pub fn create(review: &mut Review, object: &Object) -> Result<(), Status> {
    let kind = object.kind();
    let errors = (kind.validate)(object);
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
    let mut errors = finalizers(object, old);
    errors.extend((kind.validate_update)(object, old));
    verdict(object, &errors)
}

fn verdict(object: &Object, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(object.kind(), object.name(), errors)) }
}

/// Upstream: `apimachinery/pkg/api/validation/objectmeta.go`, `ValidateNoNewFinalizers`.
fn finalizers(object: &Object, old: &Object) -> Vec<FieldError> {
    let of = |object: &Object| object.meta().finalizers.clone().unwrap_or_default();
    let before = of(old);
    let new: Vec<String> = of(object).into_iter().filter(|name| !before.contains(name)).collect();
    if !old.is_terminating() || new.is_empty() {
        return Vec::new();
    }
    let list: Vec<String> = new.iter().map(|name| format!("{name:?}")).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        list.join(", ")
    );
    vec![FieldError::forbidden("metadata.finalizers", detail)]
}
