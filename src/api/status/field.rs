//! What is wrong with a single field, in upstream's words (`pkg/util/validation/field`).

use super::Cause;
use serde_json::Value;
use std::fmt;

/// What is wrong with a field (upstream: `field.Error`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FieldError {
    /// Path such as `spec.containers[0].image`.
    pub field: String,
    /// What sort of error.
    pub fault: Fault,
    /// What should be instead; may be empty.
    pub detail: String,
}

/// The sorts of field errors. Values are kept as upstream prints them (strings in quotes, see [`go_value`]).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// The field must be set.
    Required,
    /// The value given is wrong.
    Invalid(String),
    /// The value given is of a wrong type.
    TypeInvalid(String),
    /// The value given is none of those known.
    NotSupported(String),
    /// What the value refers to does not exist.
    NotFound(String),
    /// The value stands there twice.
    Duplicate(String),
    /// The field must not be set here.
    Forbidden,
    /// Longer than allowed (bytes).
    TooLong,
    /// More items than allowed.
    TooMany(usize),
}

impl FieldError {
    /// The field must be set.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), fault: Fault::Required, detail: detail.into() }
    }

    /// The value is wrong.
    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), fault: Fault::Invalid(go_value(&value.into())), detail: detail.into() }
    }

    /// What is here is wrong, and too much to show (`field.OmitValueType`).
    pub fn wrong(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), fault: Fault::Invalid(String::new()), detail: detail.into() }
    }

    /// The value is none of `known`.
    pub fn not_supported(field: impl Into<String>, value: impl Into<Value>, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
        let detail = if known.is_empty() { String::new() } else { format!("supported values: {}", known.join(", ")) };
        Self { field: field.into(), fault: Fault::NotSupported(go_value(&value.into())), detail }
    }

    /// What the value refers to does not exist.
    pub fn not_found(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { field: field.into(), fault: Fault::NotFound(go_value(&value.into())), detail: String::new() }
    }

    /// The value stands there twice.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { field: field.into(), fault: Fault::Duplicate(go_value(&value.into())), detail: String::new() }
    }

    /// The field must not be set here.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), fault: Fault::Forbidden, detail: detail.into() }
    }

    /// The text is longer than `max` bytes.
    pub fn too_long(field: impl Into<String>, max: usize) -> Self {
        Self { field: field.into(), fault: Fault::TooLong, detail: format!("may not be more than {max} bytes") }
    }

    /// There are `actual` items, more than `max`.
    pub fn too_many(field: impl Into<String>, actual: usize, max: usize) -> Self {
        Self { field: field.into(), fault: Fault::TooMany(actual), detail: format!("must have at most {max} items") }
    }

    /// The text without the path.
    #[must_use]
    pub fn body(&self) -> String {
        let head = match &self.fault {
            Fault::Required => "Required value".to_owned(),
            // A rule's own message comes without the value.
            Fault::Invalid(value) if value.is_empty() => "Invalid value".to_owned(),
            Fault::Invalid(value) | Fault::TypeInvalid(value) => format!("Invalid value: {value}"),
            Fault::NotSupported(value) => format!("Unsupported value: {value}"),
            Fault::NotFound(value) => format!("Not found: {value}"),
            Fault::Duplicate(value) => format!("Duplicate value: {value}"),
            Fault::Forbidden => "Forbidden".to_owned(),
            Fault::TooLong => "Too long".to_owned(),
            Fault::TooMany(actual) => format!("Too many: {actual}"),
        };
        if self.detail.is_empty() { head } else { format!("{head}: {}", self.detail) }
    }

    pub(super) fn cause(&self) -> Cause {
        let reason = match self.fault {
            Fault::Required => "FieldValueRequired",
            Fault::Invalid(_) => "FieldValueInvalid",
            Fault::TypeInvalid(_) => "FieldValueTypeInvalid",
            Fault::NotSupported(_) => "FieldValueNotSupported",
            Fault::NotFound(_) => "FieldValueNotFound",
            Fault::Duplicate(_) => "FieldValueDuplicate",
            Fault::Forbidden => "FieldValueForbidden",
            Fault::TooLong => "FieldValueTooLong",
            Fault::TooMany(_) => "FieldValueTooMany",
        };
        Cause { reason, message: self.body(), field: self.field.clone() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// A value as `field.Error` prints it: strings quoted, structs as JSON, numbers and booleans bare, nil as `null`.
#[must_use]
pub fn go_value(value: &Value) -> String {
    value.to_string()
}
