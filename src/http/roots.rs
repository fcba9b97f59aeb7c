//! What the server says of itself: its paths, version, health, discovery and schemas.

use super::{Answer, Asked, discovery, negotiation, openapi};
use crate::api::Status;
use serde_json::{Value, json};

/// The answer, unless the path leads to a resource.
pub fn answer(asked: &Asked, path: &str, may: &mut dyn FnMut(&str, &str) -> Result<(), Status>) -> Option<Answer> {
    if discovery::is_below_a_version(path) {
        return None;
    }
    if let Err(status) = may(&asked.method.to_lowercase(), path) {
        return Some(Answer::status(&status));
    }
    if asked.method != "GET" && asked.method != "HEAD" {
        let known = known(asked, path);
        return Some(known.map_or_else(Answer::not_found, |_| Answer::status(&Status::method_not_allowed())));
    }
    Some(known(asked, path).unwrap_or_else(Answer::not_found))
}

fn known(asked: &Asked, path: &str) -> Option<Answer> {
    let aggregated = negotiation::wanted_as(&asked.accept, "APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2");
    let trimmed = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    let value = match trimmed {
        "/" => discovery::paths(),
        "/version" => version(),
        "/healthz" | "/livez" | "/readyz" => return Some(health(asked, &trimmed[1..])),
        "/api" if aggregated => return Some(aggregate(&discovery::core_aggregated())),
        "/apis" if aggregated => return Some(aggregate(&discovery::groups_aggregated())),
        "/api" => discovery::versions(),
        "/apis" => discovery::groups(),
        "/openapi/v2" => return Some(openapi::v2(&asked.accept)),
        "/openapi/v3" => openapi::index(),
        _ => match trimmed.strip_prefix("/openapi/v3/") {
            Some(rest) => return openapi::document(rest),
            None => return one(trimmed),
        },
    };
    Some(Answer::json(200, &value))
}

/// `/healthz/ping`, `/apis/apps`, `/api/v1`.
fn one(path: &str) -> Option<Answer> {
    let asked = path.trim_start_matches('/').split_once('/');
    if asked.is_some_and(|(what, check)| discovery::checks().any(|known| known.0 == check && within(known.1, what))) {
        return Some(Answer::text(200, "ok"));
    }
    discovery::resources(path).or_else(|| discovery::group(path)).map(|value| Answer::json(200, &value))
}

fn aggregate(value: &Value) -> Answer {
    let content_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    Answer { content_type, ..Answer::json(200, value) }
}

fn health(asked: &Asked, what: &str) -> Answer {
    if super::parameter(&asked.path, "verbose").is_none() {
        return Answer::text(200, "ok");
    }
    let checks = discovery::checks().filter(|(_, words)| within(words, what));
    let mut lines: Vec<String> = checks.map(|(check, _)| format!("[+]{check} ok")).collect();
    lines.push(format!("{what} check passed\n"));
    Answer::text(200, &lines.join("\n"))
}

fn within(words: &str, word: &str) -> bool {
    words.split(',').any(|known| known == word)
}

/// The server's version: that of the recordings.
fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.2",
        "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406", "gitTreeState": "clean",
        "buildDate": "2026-07-23T00:00:00Z", "goVersion": "go1.26.10", "compiler": "gc", "platform": "linux/amd64",
    })
}
