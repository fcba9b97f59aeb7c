//! Field ownership.

use super::object::Object;
use serde_json::Value;

/// The object's JSON form.
#[must_use]
pub fn to_value(object: &Object) -> Value {
    object.to_value()
}
