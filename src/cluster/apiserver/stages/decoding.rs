//! Can it be read, and what do the blanks mean?
//!
//! A document as a person wrote it is checked against what the path expects and decoded; an object that a component
//! built with types cannot be malformed. Both get the defaults of their kind.

use super::Review;
use crate::api::object::Object;
use crate::api::{Body, Kind, Status};
use serde_json::Value;

/// The object of a creation or a replacement.
///
/// # Errors
/// 400 when the body is not an object of the kind that the path expects.
pub fn object(review: &mut Review) -> Result<Object, Status> {
    let kind = review.request.target.object.kind;
    match &review.request.body {
        Body::Object(object) if object.kind() == kind => Ok(object.clone()),
        Body::Object(object) => Err(wrong_kind(object.kind().kind, object.kind().version, kind)),
        Body::Document(document) => decode(document, kind),
        _ => Err(Status::bad_request("the body of the request is not an object")),
    }
}

/// Decodes a document into a kind, with defaults.
///
/// # Errors
/// 400 when it is of another kind or cannot be decoded.
pub fn decode(document: &Value, kind: &'static Kind) -> Result<Object, Status> {
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
    (kind.decode)(document.clone()).map_err(|error| {
        let (kind, version) = (kind.kind, kind.version);
        Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}"))
    })
}

fn wrong_kind(found: &str, version: &str, expected: &Kind) -> Status {
    let version = version.rsplit('/').next().unwrap_or_default();
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
