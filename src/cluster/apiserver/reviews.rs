//! Requests that are only questions: who is it, may he, what may he; and tokens. Nothing is stored.
//!
//! Upstream: `pkg/registry/{authentication,authorization}`, `pkg/registry/core/serviceaccount/storage/token.go`,
//! `pkg/apis/authorization/validation`.

use super::admission::namespace_lifecycle::takes;
use super::authorizer::{Access, Attributes, ask};
use super::stages::{Refused, Review, at, decoding};
use super::tokens::{self, Claims};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::kinds::reviews;
use crate::api::object::Object;
use crate::api::rules::{field, shown_struct};
use crate::api::tree::At;
use crate::api::{Body, Kind, Status, meta};
use crate::cluster::fact::Gate;
use crate::cluster::wire::User;
use crate::sim::{Duration, Order};
use serde_json::{Value, json};

/// How long a token lives if nobody says, and at least.
const TOKEN_SECONDS: i64 = 3600;
const SHORTEST_TOKEN_SECONDS: i64 = 600;

/// Whether objects of the kind are questions.
#[must_use]
pub fn is_review(kind: &Kind) -> bool {
    kind.storage.is_empty() && kind.group.starts_with("auth")
}

/// The object that was sent, with the answer in it.
///
/// # Errors
/// The gate that refuses.
pub fn answer(review: &mut Review) -> Result<Object, Refused> {
    let mut object = decoding::object(review).map_err(at(Gate::Decoding))?;
    decoding::place(&mut object, review).map_err(at(Gate::Decoding))?;
    let errors = validate(&object);
    if !errors.is_empty() {
        return Err(at(Gate::Validation)(Status::invalid(object.kind(), object.name(), &errors)));
    }
    let status = match object.kind().kind {
        "SelfSubjectReview" => json!({"userInfo": user_info(review.user)}),
        "TokenReview" if text(&object, "spec.token").is_empty() => {
            let status = Status::bad_request("token is required for TokenReview in authentication");
            return Err(at(Gate::Validation)(status));
        }
        "TokenReview" => token_status(&object, review),
        "SelfSubjectRulesReview" => {
            let namespace = text(&object, "spec.namespace");
            if namespace.is_empty() {
                return Err(at(Gate::Validation)(Status::bad_request("no namespace on request")));
            }
            rules(review, &namespace)
        }
        "SelfSubjectAccessReview" => access(&object, review.user, review),
        _ => {
            let spec = field(&object, "spec");
            let groups = spec.field("groups").texts();
            let user = User::new(spec.field("user").text(), &groups);
            access(&object, &user, review)
        }
    };
    if let Some(document) = object.document_mut() {
        document.set("status", status);
    }
    Ok(object)
}

fn text(object: &Object, path: &str) -> String {
    object.document().map(|document| document.text(path).to_owned()).unwrap_or_default()
}

fn user_info(user: &User) -> Value {
    let groups: Vec<&str> = user.groups.iter().map(|group| &**group).collect();
    json!({"username": &*user.name, "groups": groups})
}

fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let kind = object.kind().kind;
    if !kind.ends_with("AccessReview") {
        return out;
    }
    let spec = field(object, "spec");
    let (resource, other) = (spec.field("resourceAttributes"), spec.field("nonResourceAttributes"));
    if resource.given() && other.given() {
        out.push(check::invalid_as(
            &other.path,
            shown(&other),
            "cannot be specified in combination with resourceAttributes",
        ));
    }
    if !resource.given() && !other.given() {
        let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        // Upstream shows the other field, which is nothing.
        out.push(crate::api::FieldError::invalid(resource.path, "null", detail));
    }
    let user = spec.field("user");
    if kind != "SelfSubjectAccessReview" && user.is_empty() && spec.field("groups").is_empty() {
        out.push(crate::api::FieldError::invalid(user.path, "", "at least one of user or group must be specified"));
    }
    if kind == "LocalSubjectAccessReview" {
        let namespace = resource.field("namespace");
        if resource.given() && namespace.text() != object.namespace() {
            out.push(crate::api::FieldError::invalid(
                namespace.path,
                namespace.text(),
                "must match metadata.namespace",
            ));
        }
        if other.given() {
            out.push(check::invalid_as(&other.path, shown(&other), "disallowed on this kind of request"));
        }
    }
    out
}

/// As Go prints the struct, which has no JSON names.
fn shown(paths: &At) -> String {
    shown_struct(paths.value, &[("path", "Path", "\"\""), ("verb", "Verb", "\"\"")])
}

fn access(object: &Object, user: &User, review: &Review) -> Value {
    let spec = field(object, "spec");
    let (resource, other) = (spec.field("resourceAttributes"), spec.field("nonResourceAttributes"));
    let what = if resource.given() {
        Attributes {
            verb: resource.field("verb").text(),
            group: resource.field("group").text(),
            resource: resource.field("resource").text(),
            subresource: resource.field("subresource").text(),
            namespace: resource.field("namespace").text(),
            name: resource.field("name").text(),
            path: None,
            fields: "",
        }
    } else {
        Attributes::path(other.field("verb").text(), other.field("path").text())
    };
    let (allowed, reason) = match ask(user, &what, review.cache) {
        Ok(source) if source.is_empty() || &*source == "Node" => (true, String::new()),
        Ok(source) => (true, format!("RBAC: allowed by {source}")),
        Err(reason) => (false, reason),
    };
    let mut status = json!({"allowed": allowed});
    if !reason.is_empty() {
        status["reason"] = reason.into();
    }
    status
}

fn rules(review: &Review, namespace: &str) -> Value {
    let everything = Access::everything();
    let access =
        if super::authorizer::is_master(review.user) { everything } else { Access::of(review.user, review.cache) };
    let (paths, resources): (Vec<_>, Vec<_>) = access.rules(namespace).partition(|rule| !rule.urls.is_empty());
    let trees = |rules: Vec<&super::authorizer::Rule>| -> Vec<Value> {
        rules.into_iter().map(super::authorizer::Rule::to_value).collect()
    };
    json!({"resourceRules": trees(resources), "nonResourceRules": trees(paths), "incomplete": false})
}

fn token_status(object: &Object, review: &Review) -> Value {
    match tokens::user(&text(object, "spec.token"), review.cache, review.now) {
        Ok(user) => json!({"authenticated": true, "user": user_info(&user), "audiences": [tokens::ISSUER]}),
        Err(error) => json!({"user": {}, "error": error}),
    }
}

/// `POST serviceaccounts/NAME/token`.
///
/// # Errors
/// The gate that refuses.
pub fn token(review: &mut Review, stored: Option<&Object>) -> Result<Object, Refused> {
    let target = review.request.target.object.clone();
    let mut request = match &review.request.body {
        Body::Document(document) => {
            decoding::decode(document, &reviews::TOKEN_REQUEST, review).map_err(at(Gate::Decoding))?
        }
        Body::Object(object) => object.clone(),
        _ => Object::from_document(Document::new(&reviews::TOKEN_REQUEST, crate::api::kinds::named("", ""))),
    };
    let missing = || at(Gate::Storage)(Status::not_found(target.kind, &target.key.name));
    takes(review, &review.request.target.object.key.name).map_err(at(Gate::Mutating))?;
    let account = stored.ok_or_else(missing)?;
    let (seconds, mut audiences) = {
        let spec = field(&request, "spec");
        let seconds = spec.field("expirationSeconds");
        let mut errors = Vec::new();
        if seconds.given() && seconds.number() < SHORTEST_TOKEN_SECONDS {
            errors.push(seconds.invalid("may not specify a duration less than 10 minutes"));
        }
        if seconds.number() > 1 << 32 {
            errors.push(seconds.invalid("may not specify a duration larger than 2^32 seconds"));
        }
        if !errors.is_empty() {
            let status = Status::invalid(&reviews::TOKEN_REQUEST, "", &errors);
            return Err(at(Gate::Validation)(status));
        }
        let audiences: Vec<String> = spec.field("audiences").texts().into_iter().map(str::to_owned).collect();
        super::admission::node_restriction::token(review, &spec).map_err(at(Gate::Validating))?;
        (if seconds.given() { seconds.number() } else { TOKEN_SECONDS }, audiences)
    };
    if audiences.is_empty() {
        audiences.push(tokens::ISSUER.to_owned());
    }
    audiences.order();
    let id = meta::uid(review.rng);
    let token = tokens::issue(&Claims { account, audiences: &audiences, now: review.now, seconds, id: &id });
    let until = review.now + Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let metadata = request.meta_mut();
    metadata.name = Some(account.name().to_owned());
    metadata.namespace = Some(account.namespace().to_owned());
    metadata.creation_timestamp = Some(meta::timestamp(review.now));
    if let Some(document) = request.document_mut() {
        document.set("spec.audiences", json!(audiences));
        document.set("spec.expirationSeconds", seconds.into());
        document.set_default("spec.boundObjectRef", Value::Null);
        document.set(
            "status",
            json!({"token": token, "expirationTimestamp": crate::api::json::encode(&meta::timestamp(until))}),
        );
    }
    Ok(request)
}
