//! Mutating and validating admission: the plugins of [`crate::cluster::apiserver::admission`], in their order.

use super::Review;
use crate::api::Status;
use crate::api::object::Object;
use crate::cluster::apiserver::admission::{Attributes, PLUGINS};
use crate::cluster::fact::Gate;

/// Lets every plugin change the object or refuse.
///
/// # Errors
/// The refusal of the first plugin that does not agree.
pub fn mutate(review: &mut Review, object: &mut Object, old: Option<&Object>) -> Result<(), Status> {
    for plugin in PLUGINS {
        let before = review.before(object);
        if let Err(refused) = (plugin.mutate)(&mut Attributes { review, old }, object) {
            review.objected(Gate::Mutating, plugin.name);
            return Err(refused);
        }
        review.changed((Gate::Mutating, plugin.name), before, object);
    }
    Ok(())
}

/// Lets every plugin refuse; `object` is `None` for deletions.
///
/// # Errors
/// The refusal of the first plugin that does not agree.
pub fn validate(review: &mut Review, object: Option<&Object>, old: Option<&Object>) -> Result<(), Status> {
    for plugin in PLUGINS {
        if let Err(refused) = (plugin.validate)(&mut Attributes { review, old }, object) {
            review.objected(Gate::Validating, plugin.name);
            return Err(refused);
        }
    }
    Ok(())
}
