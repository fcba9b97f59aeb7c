//! From text to a tree that has the right fields of the right types.
//! Upstream: `cmd/kube-scheduler/app/options/configfile.go`, `pkg/scheduler/apis/config/v1`, `DecodeNestedObjects`.

use crate::api::manifest;
use crate::api::schema::{check, schema};
use serde_json::Value;

const GROUP: &str = "kubescheduler.config.k8s.io";
pub(super) const VERSION: &str = "kubescheduler.config.k8s.io/v1";
pub(super) const KIND: &str = "KubeSchedulerConfiguration";
const SCHEME: &str = "pkg/scheduler/apis/config/scheme/scheme.go:30";

/// Decodes a file strictly.
///
/// # Errors
/// The decoder's words.
pub fn decode(text: &str) -> Result<Value, String> {
    let read = manifest::read(text);
    let Some(document) = read.documents.into_iter().next() else {
        let missing = || format!("Object 'Kind' is missing in '{text}'");
        return Err(read.error.map_or_else(missing, |error| {
            let message = error.message;
            message.strip_prefix("error converting YAML to JSON: ").unwrap_or(&message).to_owned()
        }));
    };
    let said = |name: &str| document.value[name].as_str().unwrap_or_default();
    for (name, shown) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
        if said(name).is_empty() {
            return Err(format!("Object '{shown}' is missing in '{text}'"));
        }
    }
    let (kind, version) = (said("kind"), said("apiVersion"));
    if (version, kind) != (VERSION, KIND) {
        return Err(format!("no kind {kind:?} is registered for version {version:?} in scheme {SCHEME:?}"));
    }
    let checked = check("scheduler.v1.KubeSchedulerConfiguration", &document.value);
    if let Some(problem) = checked.fatal {
        return Err(problem.message);
    }
    if let Some(duplicates) = document.strict_error() {
        return Err(format!("strict decoding error: {duplicates}"));
    }
    match checked.strict_message().map_or_else(|| arguments(&document.value), Err) {
        Ok(()) => Ok(document.value),
        Err(message) => Err(message),
    }
}

/// Decodes the arguments of the plugins. Those of unknown plugins are not looked at.
fn arguments(file: &Value) -> Result<(), String> {
    let mut strict = Vec::new();
    for (i, profile) in file["profiles"].as_array().into_iter().flatten().enumerate() {
        for (j, config) in profile["pluginConfig"].as_array().into_iter().flatten().enumerate() {
            let name = config["name"].as_str().unwrap_or_default();
            let wanted = format!("{name}Args");
            let Some(kind) = schema().kind(GROUP, "v1", &wanted) else { continue };
            let place = format!("decoding .profiles[{i}].pluginConfig[{j}]");
            let given = config["args"]["kind"].as_str().unwrap_or(&wanted);
            if given != wanted {
                return Err(format!(
                    "{place}: args for plugin {name} were not of type {wanted}.{GROUP}, got {given}.{GROUP}"
                ));
            }
            let checked = check(kind, &config["args"]);
            if let Some(problem) = checked.fatal {
                return Err(format!("{place}: decoding args for plugin {name}: {}", problem.message));
            }
            if let Some(message) = checked.strict_message() {
                strict.push(format!("{place}: strict decoding error: decoding args for plugin {name}: {message}"));
            }
        }
    }
    if strict.is_empty() { Ok(()) } else { Err(format!("strict decoding error: {}", strict.join(", "))) }
}
