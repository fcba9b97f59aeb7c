//! Query parameters, and what a deletion says in its body (upstream: `apimachinery/pkg/apis/meta/v1/types.go`, and
//! their validation in `meta/v1/validation` and `meta/internalversion/validation`).

use super::{Query, is_true, parameter};
use crate::api::manifest;
use crate::api::request::{DeleteOptions, FieldValidation, Options, Propagation, Verb, VersionMatch};
use crate::api::status::{Details, FieldError, Status};
use serde_json::Value;
use std::rc::Rc;

/// The parameters of a request.
pub fn options(query: &Query, verb: Verb) -> Result<Options, Status> {
    let text = |name: &str| Rc::from(parameter(query, name).unwrap_or_default());
    let kind = options_kind(verb);
    let mut errors = Vec::new();
    let dry_run = match parameter(query, "dryRun").unwrap_or_default() {
        "" => false,
        "All" => true,
        other => {
            errors.push(FieldError::not_supported("dryRun", other, &["All"]));
            false
        }
    };
    let field_validation = match parameter(query, "fieldValidation").unwrap_or_default() {
        "Strict" => FieldValidation::Strict,
        "Ignore" => FieldValidation::Ignore,
        "" | "Warn" => FieldValidation::Warn,
        other => {
            errors.push(FieldError::not_supported("fieldValidation", other, &["Ignore", "Strict", "Warn"]));
            FieldValidation::Warn
        }
    };
    manager(parameter(query, "fieldManager").unwrap_or_default(), &mut errors);
    let limit = number(query, "limit")?.unwrap_or(0);
    number(query, "timeoutSeconds")?;
    let resource_version = parameter(query, "resourceVersion").filter(|revision| !revision.is_empty());
    let resource_version = resource_version.map(revision).transpose()?;
    let initial = parameter(query, "sendInitialEvents").filter(|value| !value.is_empty());
    let version_match = version_match(query, verb, resource_version, initial.is_some(), &mut errors);
    if !errors.is_empty() {
        return Err(invalid(kind, &errors));
    }
    Ok(Options {
        dry_run,
        field_validation,
        field_manager: text("fieldManager"),
        label_selector: text("labelSelector"),
        field_selector: text("fieldSelector"),
        resource_version,
        version_match,
        limit: limit.try_into().unwrap_or(0),
        continue_token: text("continue"),
        bookmarks: parameter(query, "allowWatchBookmarks").is_some_and(is_true),
        initial_events: initial.is_some_and(is_true),
        force: parameter(query, "force").is_some_and(is_true),
    })
}

/// A number (upstream: `runtime.Convert_Slice_string_To_int64`).
fn number(query: &Query, name: &str) -> Result<Option<i64>, Status> {
    let text = parameter(query, name).filter(|text| !text.is_empty());
    let read = |text: &str| {
        text.parse().map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))
    };
    text.map(read).transpose()
}

/// The longest name of a field manager (`FieldManagerMaxLength`).
const MANAGER_MAX: usize = 128;

/// Upstream: `ValidateFieldManager`.
fn manager(name: &str, errors: &mut Vec<FieldError>) {
    if name.len() > MANAGER_MAX {
        errors.push(FieldError::too_long("fieldManager", MANAGER_MAX));
    }
    for (at, c) in name.char_indices().filter(|(_, c)| c.is_control()) {
        let why = format!("invalid character U+{:04X} (at position {at})", u32::from(c));
        errors.push(FieldError::invalid("fieldManager", name, why));
    }
}

fn options_kind(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "CreateOptions",
        Verb::Update => "UpdateOptions",
        Verb::Patch => "PatchOptions",
        Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
        _ => "ListOptions",
    }
}

fn invalid(kind: &str, errors: &[FieldError]) -> Status {
    let mut status = Status::invalid(&crate::api::kinds::pod::KIND, "", errors);
    status.message = status.message.replacen("Pod \"\"", &format!("{kind}.meta.k8s.io \"\""), 1);
    let group = "meta.k8s.io".to_owned();
    if let Some(details) = &mut status.details {
        **details = Details { group, kind: kind.to_owned(), ..(**details).clone() };
    }
    status
}

fn revision(text: &str) -> Result<u64, Status> {
    text.parse().map_err(|_| {
        Status::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \
             \"{text}\": invalid syntax"
        ))
    })
}

/// `resourceVersionMatch`, and whether it may stand where it stands (upstream: `ValidateListOptions`).
fn version_match(
    query: &Query,
    verb: Verb,
    revision: Option<u64>,
    initial: bool,
    errors: &mut Vec<FieldError>,
) -> VersionMatch {
    let text = parameter(query, "resourceVersionMatch").unwrap_or_default();
    let matched = match text {
        "Exact" => VersionMatch::Exact,
        "NotOlderThan" => VersionMatch::NotOlderThan,
        _ => VersionMatch::Unset,
    };
    let mut forbidden = |field: &str, why: String| errors.push(FieldError::forbidden(field, why));
    if verb == Verb::Watch || initial {
        if verb != Verb::Watch {
            forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list".to_owned());
        } else if !text.is_empty() && !initial {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            forbidden("resourceVersionMatch", why.to_owned());
        } else if initial && matched != VersionMatch::NotOlderThan {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            forbidden("resourceVersionMatch", why.to_owned());
        }
        return matched;
    }
    if text.is_empty() {
        return matched;
    }
    if revision.is_none() {
        let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        forbidden("resourceVersionMatch", why.to_owned());
    }
    if parameter(query, "continue").is_some_and(|token| !token.is_empty()) {
        let why = "resourceVersionMatch is forbidden when continue is provided";
        forbidden("resourceVersionMatch", why.to_owned());
    }
    if matched == VersionMatch::Unset {
        errors.push(FieldError::not_supported("resourceVersionMatch", text, &["Exact", "NotOlderThan", ""]));
    }
    if matched == VersionMatch::Exact && revision == Some(0) {
        let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        errors.push(FieldError::forbidden("resourceVersionMatch", why));
    }
    matched
}

/// Upstream: `apimachinery/pkg/apis/meta/v1/validation`, `ValidateDeleteOptions`.
fn propagation(policy: Option<&str>, orphan: Option<bool>) -> Result<Option<Propagation>, FieldError> {
    let known = match policy.filter(|policy| !policy.is_empty()) {
        Some("Orphan") => Propagation::Orphan,
        Some("Background") => Propagation::Background,
        Some("Foreground") => Propagation::Foreground,
        Some(other) => {
            let known = ["Foreground", "Background", "Orphan", "nil"];
            return Err(FieldError::not_supported("propagationPolicy", other, &known));
        }
        None => return Ok(orphan.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background })),
    };
    if orphan.is_some() {
        let why = "orphanDependents and deletionPropagation cannot be both set";
        return Err(FieldError::invalid("propagationPolicy", policy.unwrap_or_default(), why));
    }
    Ok(Some(known))
}

/// From the body, or from the query where the body says nothing.
pub fn delete_options(query: &Query, text: &str) -> Result<(DeleteOptions, bool), Status> {
    let body: Value = if text.trim().is_empty() {
        Value::Null
    } else {
        serde_json::from_str(text).map_err(|error| {
            let error = manifest::json_error(text).unwrap_or_else(|| error.to_string());
            Status::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
        })?
    };
    let policy = body["propagationPolicy"].as_str().or_else(|| parameter(query, "propagationPolicy"));
    let asked = || parameter(query, "orphanDependents").filter(|orphan| !orphan.is_empty()).map(is_true);
    let orphan = body["orphanDependents"].as_bool().or_else(asked);
    let propagation = propagation(policy, orphan).map_err(|error| invalid("DeleteOptions", &[error]))?;
    let seconds = number(query, "gracePeriodSeconds")?;
    let preconditions = &body["preconditions"];
    // A client says so in the body.
    let dry_run = match body["dryRun"].as_array().map(Vec::as_slice) {
        None | Some([]) => false,
        Some([Value::String(all)]) if all == "All" => true,
        Some([other, ..]) => {
            let error = FieldError::not_supported("dryRun", other.clone(), &["All"]);
            return Err(invalid("DeleteOptions", &[error]));
        }
    };
    let options = DeleteOptions {
        grace_period_seconds: body["gracePeriodSeconds"].as_i64().or(seconds),
        uid: preconditions["uid"].as_str().map(Rc::from),
        resource_version: preconditions["resourceVersion"].as_str().and_then(|revision| revision.parse().ok()),
        propagation,
    };
    Ok((options, dry_run))
}
