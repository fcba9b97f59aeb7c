//! Can it be read, and what do the blanks mean?
//!
//! A document as a person wrote it is checked against what the path expects and decoded; an object that a component
//! built with types cannot be malformed. Both get the defaults of their kind.

use super::Review;
use crate::api::faces;
use crate::api::object::Object;
use crate::api::patch::go_print;
use crate::api::request::{FieldValidation, PatchType};
use crate::api::schema::{Checked, check, schema};
use crate::api::{Body, FieldError, Kind, Status};
use serde_json::Value;
use std::rc::Rc;

/// The object of a creation or a replacement.
///
/// # Errors
/// 400 when the body is not an object of the kind that the path expects, or has fields that do not exist.
pub fn object(review: &mut Review) -> Result<Object, Status> {
    let request = review.request;
    let kind = request.target.object.kind;
    match &request.body {
        Body::Object(object) if object.kind() == kind => Ok(object.clone()),
        Body::Object(object) => Err(wrong_kind(object.kind().kind, object.kind().version, kind)),
        Body::Document(document) | Body::Patch(PatchType::Apply, document) => {
            let asked = review.face.unwrap_or(kind);
            let mut object = decode(document, asked, review)?;
            if asked.custom.is_some() {
                // Versions have defaults of their own.
                (asked.default)(&mut object);
            }
            faces::inward(object).map_err(Status::bad_request)
        }
        _ => Err(Status::bad_request("the body of the request is not an object")),
    }
}

/// Decodes a document into a kind.
///
/// # Errors
/// 400 when it is of another kind or cannot be decoded.
pub fn decode(document: &Value, kind: &'static Kind, review: &mut Review) -> Result<Object, Status> {
    let text = |field: &str| document[field].as_str().unwrap_or_default();
    let (version, name) = (text("apiVersion"), text("kind"));
    if !version.is_empty() && version != kind.api_version() {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            kind.api_version()
        )));
    }
    if !name.is_empty() && name != kind.kind {
        return Err(wrong_kind(name, version, kind));
    }
    let cannot = |error: &str| {
        let (kind, version) = (kind.kind, kind.version);
        Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}"))
    };
    let checked = checked(document, kind);
    let strict = review.request.options.field_validation == FieldValidation::Strict;
    match checked.strict_message() {
        Some(message) if strict || checked.fatal.is_some() => return Err(cannot(&message)),
        _ => warn(review, &checked),
    }
    kind.read(document.clone()).map_err(|error| cannot(&error))
}

/// The result of a patch.
///
/// # Errors
/// 422 about the patch when its result is no object of the kind.
pub fn patched(value: Value, patch: &Value, kind: &'static Kind, review: &mut Review) -> Result<Object, Status> {
    let checked = checked(&value, kind);
    let strict = review.request.options.field_validation == FieldValidation::Strict;
    let typed = matches!(review.request.body, Body::Patch(PatchType::Merge | PatchType::Json, _));
    let shown = if typed { value.to_string() } else { go_print(patch) };
    let error = match (&checked.fatal, checked.strict_message()) {
        (Some(problem), _) if typed => Some(problem.message.clone()),
        // Upstream converts a patched map in another way than it decodes JSON, with other words.
        (Some(problem), _) => {
            let wanted = problem.message.rsplit("of type ").next().unwrap_or_default();
            Some(format!("unrecognized type: {wanted}"))
        }
        (None, message) => message.filter(|_| strict),
    };
    let error = error.map_or_else(|| kind.read(value), Err);
    warn(review, &checked);
    error.map_err(|error| {
        let field = FieldError::invalid("patch", shown, error);
        let mut status = Status::invalid(kind, "", std::slice::from_ref(&field));
        status.message = format!(" \"\" is invalid: {field}");
        if let Some(details) = &mut status.details {
            (details.group, details.kind) = (String::new(), String::new());
        }
        status
    })
}

fn checked(document: &Value, kind: &Kind) -> Checked {
    if let Some(custom) = kind.custom {
        return Checked { fatal: None, unknown: crate::api::custom::unknown(document, &custom.schema) };
    }
    schema().kind(kind.group, kind.version, kind.kind).map(|name| check(name, document)).unwrap_or_default()
}

/// Unknown fields are dropped with a warning, unless the client wants not to be told.
fn warn(review: &mut Review, checked: &Checked) {
    if review.request.options.field_validation == FieldValidation::Warn {
        review.warnings.extend(checked.unknown.iter().map(|problem| Rc::from(problem.message.as_str())));
    }
}

fn wrong_kind(found: &str, version: &str, expected: &Kind) -> Status {
    let (group, short) = version.rsplit_once('/').unwrap_or(("", version));
    if schema().kind(group, short, found).is_none() {
        return Status::bad_request(format!(
            "{found} in version \"{version}\" cannot be handled as a {}: no kind \"{found}\" is registered for version \
             \"{version}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
            expected.kind
        ));
    }
    let version = short;
    Status::bad_request(format!(
        "{found} in version \"{version}\" cannot be handled as a {}: converting ({found}) to ({}): unknown conversion",
        expected.kind, expected.kind
    ))
}

/// Name and namespace come from the path where the body leaves them out, and must agree where it does not.
///
/// # Errors
/// 400 when they differ.
pub fn place(object: &mut Object, review: &Review) -> Result<(), Status> {
    let target = &review.request.target.object;
    let (namespace, name) = (&target.key.namespace, &target.key.name);
    if !name.is_empty() && review.request.verb != crate::api::Verb::Create && object.name() != &**name {
        if object.name().is_empty() {
            return Err(Status::bad_request("name must be provided"));
        }
        let text = format!("the name of the object ({}) does not match the name on the URL ({name})", object.name());
        return Err(Status::bad_request(text));
    }
    if !target.kind.namespaced {
        // Upstream: `EnsureObjectNamespaceMatchesRequestNamespace`.
        object.meta_mut().namespace = None;
        return Ok(());
    }
    if object.namespace().is_empty() {
        object.meta_mut().namespace = Some(namespace.to_string());
    } else if object.namespace() != &**namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}
