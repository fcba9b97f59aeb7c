//! Mutating and validating admission: the plugins of [`crate::cluster::apiserver::admission`], in their order.

use super::Review;
use crate::api::Status;
use crate::api::object::Object;
use crate::cluster::apiserver::admission::{Attributes, PLUGINS};

/// Lets every plugin change the object or refuse.
///
/// # Errors
/// The refusal of the first plugin that does not agree.
pub fn mutate(review: &mut Review, object: &mut Object, old: Option<&Object>) -> Result<(), Status> {
    for plugin in PLUGINS {
        (plugin.mutate)(&mut Attributes { review, old }, object)?;
    }
    Ok(())
}

/// Lets every plugin refuse; `object` is `None` for deletions.
///
/// # Errors
/// The refusal of the first plugin that does not agree.
pub fn validate(review: &mut Review, object: Option<&Object>, old: Option<&Object>) -> Result<(), Status> {
    for plugin in PLUGINS {
        (plugin.validate)(&mut Attributes { review, old }, object)?;
    }
    Ok(())
}
