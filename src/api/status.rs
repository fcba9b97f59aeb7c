//! The one error type of the API: the same reason, code and text as the real server.
//!
//! Upstream: `k8s.io/apimachinery/pkg/api/errors` (the constructors) and `pkg/util/validation/field` (the causes).

use super::kinds::Kind;
use crate::sim::SortedSet;
pub use field::*;
use serde_json::{Value, json};
use std::fmt;

mod field;

/// A failure as the API server reports it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// `reason`, such as `NotFound`.
    pub reason: &'static str,
    /// The sentence that kubectl prints.
    pub message: String,
    /// `details`, if any; boxed, because a `Status` is the error of many small functions.
    pub details: Option<Box<Details>>,
}

/// What a [`Status`] is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Details {
    /// The object's name.
    pub name: String,
    /// The API group, empty for core.
    pub group: String,
    /// The resource's plural, or for `Invalid` the kind.
    pub kind: String,
    /// Single causes.
    pub causes: Vec<Cause>,
    /// Seconds after which a retry makes sense.
    pub retry_after_seconds: Option<u32>,
}

/// One cause of a failure.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cause {
    /// `reason`, such as `FieldValueRequired`.
    pub reason: &'static str,
    /// What is wrong.
    pub message: String,
    /// The field's path.
    pub field: String,
}

impl Status {
    fn new(code: u16, reason: &'static str, message: String, details: Option<Details>) -> Self {
        Self { code, reason, message, details: details.map(Box::new) }
    }

    fn about(kind: &Kind, name: &str) -> Details {
        Details {
            name: name.to_owned(),
            group: kind.group.to_owned(),
            kind: kind.plural.to_owned(),
            ..Details::default()
        }
    }

    /// 404: no such object.
    #[must_use]
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", kind.resource()), Some(Self::about(kind, name)))
    }

    /// 404: no such path.
    #[must_use]
    pub fn no_such_path() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource".to_owned(),
            Some(Details::default()),
        )
    }

    /// 404 in other words.
    #[must_use]
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(404, "NotFound", message.into(), None)
    }

    /// 503: the server behind does not answer (the words are client-go's, for an answer without words of its own).
    #[must_use]
    pub fn unavailable() -> Self {
        let message = "the server is currently unable to handle the request".to_owned();
        Self::new(503, "ServiceUnavailable", message, Some(Details::default()))
    }

    /// 409: the name is taken.
    #[must_use]
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} \"{name}\" already exists", kind.resource()),
            Some(Self::about(kind, name)),
        )
    }

    /// 409: `why` the operation cannot be carried out on the object as it is.
    #[must_use]
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.resource());
        Self::new(409, "Conflict", message, Some(Self::about(kind, name)))
    }

    /// 409: somebody else has written since (upstream: `registry.OptimisticLockErrorMsg`).
    #[must_use]
    pub fn modified(kind: &Kind, name: &str) -> Self {
        Self::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 403: refused by authorization or admission for the reason `why`.
    #[must_use]
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", kind.resource())
        } else {
            format!("{} \"{name}\" is forbidden: {why}", kind.resource())
        };
        Self::new(403, "Forbidden", message, Some(Self::about(kind, name)))
    }

    /// 403 about a resource, or about a path if there is none.
    #[must_use]
    pub fn forbidden_resource(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let qualified = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let message = match (resource.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {why}"),
            (_, true) => format!("{qualified} is forbidden: {why}"),
            _ => format!("{qualified} \"{name}\" is forbidden: {why}"),
        };
        let details =
            Details { name: name.to_owned(), group: group.to_owned(), kind: resource.to_owned(), ..Details::default() };
        Self::new(403, "Forbidden", message, Some(details))
    }

    /// 401.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".to_owned(), None)
    }

    /// 400.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into(), None)
    }

    /// 405: the path does not take this method.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource".to_owned();
        Self::new(405, "MethodNotAllowed", message, Some(Details::default()))
    }

    /// 410: the revision asked for has been compacted away.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message.into(), None)
    }

    /// 415.
    #[must_use]
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message.into(), None)
    }

    /// 406: the client takes none of the forms that there are.
    #[must_use]
    pub fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(406, "NotAcceptable", message.into(), None)
    }

    /// 504: a revision that is still to come (upstream: `storage.NewTooLargeResourceVersionError`).
    #[must_use]
    pub fn too_large_version(asked: u64, current: u64) -> Self {
        let message = "Too large resource version".to_owned();
        let cause = Cause { reason: "ResourceVersionTooLarge", message, field: String::new() };
        let details = Details { causes: vec![cause], retry_after_seconds: Some(1), ..Details::default() };
        let message = format!("Too large resource version: {asked}, current: {current}");
        Self::new(504, "Timeout", message, Some(details))
    }

    /// 413: a body of more than `limit` bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {limit}"), None)
    }

    /// 429: try again later.
    #[must_use]
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: u32) -> Self {
        let details = Details { retry_after_seconds: Some(retry_after_seconds), ..Details::default() };
        Self::new(429, "TooManyRequests", message.into(), Some(details))
    }

    /// 500.
    #[must_use]
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"), None)
    }

    /// 504: no answer in time. Also what a client reports when the server does not answer at all.
    #[must_use]
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(504, "Timeout", message.into(), None)
    }

    /// 422: the object's content is wrong; all errors at once (upstream: `errors.NewInvalid`).
    #[must_use]
    pub fn invalid(kind: &Kind, name: &str, errors: &[FieldError]) -> Self {
        let mut seen = SortedSet::new();
        let texts: Vec<String> =
            errors.iter().map(FieldError::to_string).filter(|text| seen.insert(text.clone())).collect();
        let list = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes = errors.iter().map(FieldError::cause).collect();
        let details = Details {
            name: name.to_owned(),
            group: kind.group.to_owned(),
            kind: kind.kind.to_owned(),
            causes,
            retry_after_seconds: None,
        };
        let message = format!("{} \"{name}\" is invalid: {list}", kind.qualified());
        Self::new(422, "Invalid", message, Some(details))
    }

    /// The JSON form, as the server sends it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if let Some(details) = &self.details {
            value["details"] = details.to_value();
        }
        value
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut value = json!({});
        for (name, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                value[name] = json!(text);
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter();
            value["causes"] = causes.map(Cause::to_value).collect();
        }
        if let Some(seconds) = self.retry_after_seconds {
            value["retryAfterSeconds"] = json!(seconds);
        }
        value
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let mut value = json!({"message": self.message});
        for (name, text) in [("reason", self.reason), ("field", &self.field)] {
            if !text.is_empty() {
                value[name] = text.into();
            }
        }
        value
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;

    #[test]
    fn the_texts_are_those_of_the_real_server() {
        let pods = &kinds::pod::KIND;
        assert_eq!(Status::not_found(pods, "x").message, "pods \"x\" not found");
        let one = [FieldError::required("spec.containers", "")];
        assert_eq!(Status::invalid(pods, "x", &one).message, "Pod \"x\" is invalid: spec.containers: Required value");
        let two = [one[0].clone(), FieldError::invalid("spec.replicas", -1, "must be greater than or equal to 0")];
        assert_eq!(
            Status::invalid(pods, "x", &two).message,
            "Pod \"x\" is invalid: [spec.containers: Required value, spec.replicas: Invalid value: -1: must be greater than or equal to 0]"
        );
    }
}
