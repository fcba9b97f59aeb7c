//! Values as they are compared: as paths, without what two runs of the real thing do not share.
//!
//! Rules about the kind of value, the same for both sides and for every recording:
//!
//! | Value | Becomes | Because |
//! | --- | --- | --- |
//! | a moment | `<time>`; not looked at where only the moment says something (`lastUpdateTime` and its like) | times are compared as the times of the writes |
//! | the number of a pod in its batch, `<p3>` | `<p>` | the order within a parallel batch is free |
//! | the name of a node, its address | `<node>` | where a pod goes is free |
//! | addresses of pods and Services | `<ip>` | given out in the order in which they were asked for |
//! | a certificate, its request, a token, who holds a lease | `<made>` | the recorder kept none of them |
//! | `resourceVersion`, `uid`, `managedFields` | nothing | not recorded (an owner's uid is: by its name) |
//! | lists of endpoints, their ports, and of uids | sorted | sorted by address, or made from a set |

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Values by path, as in the recordings: `status.conditions[Ready].status`, `metadata.annotations['a/b']`.
pub type Flat = BTreeMap<String, Value>;

/// What the recorder left out everywhere, and what names the object itself.
const NOT_RECORDED: [&str; 8] =
    ["creationTimestamp", "uid", "name", "namespace", "resourceVersion", "managedFields", "selfLink", "self"];
/// Fields that say only when something was.
const MOMENTS: [&str; 9] = [
    "lastUpdateTime",
    "lastTransitionTime",
    "lastHeartbeatTime",
    "lastProbeTime",
    "lastPhaseTransitionTime",
    "renewTime",
    "acquireTime",
    "timeAdded",
    "last-change-trigger-time",
];
/// Fields whose content is made up anew in each run.
const MADE: [&str; 4] = ["certificate", "request", "holderIdentity", "caBundle"];

/// All paths of an object.
pub fn flat(value: &Value) -> Flat {
    let mut out = Flat::new();
    for (name, field) in value.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "kind" | "apiVersion") {
            walk(field, name.clone(), &mut out);
        }
    }
    out
}

fn walk(value: &Value, at: String, out: &mut Flat) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, field) in fields {
                if at != "metadata" || !NOT_RECORDED.contains(&name.as_str()) {
                    walk(field, join(&at, name), out);
                }
            }
        }
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) => match keys(&at) {
            Some((naming, hidden)) => {
                for item in items {
                    for (name, field) in item.as_object().into_iter().flatten().filter(|(name, _)| *name != hidden) {
                        walk(field, join(&format!("{at}[{}]", naming(item)), name), out);
                    }
                }
            }
            None => {
                out.insert(at, value.clone());
            }
        },
        other => {
            out.insert(at, other.clone());
        }
    }
}

type Naming = fn(&Value) -> String;

/// Lists that the recordings key: by what, and which field then is not repeated.
fn keys(at: &str) -> Option<(Naming, &'static str)> {
    if at == "metadata.ownerReferences" {
        return Some((|item| format!("{}/{}", text(&item["kind"]), text(&item["name"])), "name"));
    }
    if at == "status.conditions" {
        return Some((|item| text(&item["type"]).to_owned(), "type"));
    }
    let statuses = at.starts_with("status.") && at.to_lowercase().ends_with("containerstatuses");
    statuses.then_some((|item| text(&item["name"]).to_owned(), "name"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn join(at: &str, name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { format!("{at}.{name}") } else { format!("{at}['{name}']") }
}

/// A path and its value as they are compared; `None`: they are not. A removed field is `null`.
pub fn canonical(kind: &str, path: &str, value: &Value) -> Option<(String, Value)> {
    let last = path.trim_end_matches("']").rsplit(['.', '\'', '/']).next().unwrap_or_default();
    if MOMENTS.contains(&last) || last == "resourceVersion" {
        return None;
    }
    let path = collapse(path);
    if value.is_null() {
        return Some((path, Value::Null));
    }
    let made = MADE.contains(&last)
        || kind == "Secret" && path.starts_with("data")
        || kind == "ConfigMap" && path == "data['ca.crt']"
        || kind == "Lease" && ["peer-advertise-address", "hostname"].contains(&last);
    let value = if made && value.is_string() { "<made>".into() } else { plain(last, value) };
    let value = if is_empty(&value) { Value::Null } else { value };
    Some((path, value))
}

/// A value without what differs between two runs.
pub fn plain(name: &str, value: &Value) -> Value {
    match value {
        Value::String(_) if matches!(name, "nodeName" | "nominatedNodeName" | "hostIP") => "<node>".into(),
        Value::String(text) if name == "ip" && text.starts_with("10.0.0.") => "<node>".into(),
        Value::String(text) => plain_text(text).into(),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| plain(name, item)).collect();
            if matches!(name, "endpoints" | "subsets" | "addresses" | "notReadyAddresses" | "succeeded" | "failed") {
                items.sort_by_key(Value::to_string);
            }
            Value::Array(items)
        }
        Value::Object(fields) => {
            let kept =
                fields.iter().filter(|(name, _)| *name != "resourceVersion" && !MOMENTS.contains(&name.as_str()));
            let kept = kept.map(|(name, field)| (collapse(name), plain(name, field)));
            Value::Object(kept.filter(|(_, field)| !is_empty(field)).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A text without what differs between two runs.
pub fn plain_text(text: &str) -> String {
    if is_time(text) {
        return "<time>".to_owned();
    }
    if is_address(text) || text.starts_with("<ip:") || text.starts_with("<clusterIP:") {
        return "<ip>".to_owned();
    }
    if let Some(hash) = text.strip_prefix("X509SHA256=") {
        return format!("X509SHA256=<{} hex digits>", hash.len());
    }
    let text = volume(text);
    unborn(&collapse(&text))
}

/// The projected volume of a service account has a random end.
fn volume(text: &str) -> String {
    match text.strip_prefix("kube-api-access-") {
        Some(end) if !end.contains([' ', '/']) => "kube-api-access-<r>".to_owned(),
        _ => text.to_owned(),
    }
}

/// An address from the ranges of pods (10.244.0.0/16) or Services (10.96.0.0/12).
fn is_address(text: &str) -> bool {
    let parts: Vec<u8> = text.split('.').filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [10, 244, _, _] => text.split('.').count() == 4,
        [10, second, _, _] => (96..112).contains(second) && text.split('.').count() == 4,
        _ => false,
    }
}

fn is_time(text: &str) -> bool {
    let relative = text.strip_prefix('T').and_then(|text| text.strip_suffix('s'));
    let digits = relative.map(|text| text.trim_start_matches(['+', '-']));
    let clock = text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
    clock || digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `web-<rs1>-<p3>` becomes `web-<rs1>-<p>`.
pub fn collapse(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("<p") {
        let digits = rest[at + 2..].bytes().take_while(u8::is_ascii_digit).count();
        out += &rest[..at + 2];
        rest = &rest[at + 2 + digits..];
    }
    out + rest
}

/// A pod that was refused has a name that nobody has ever seen: its random letters are `<new>` in the recordings.
pub fn unborn(text: &str) -> String {
    let Some((head, rest)) = text.split_once("pods \"") else { return text.to_owned() };
    let Some((name, tail)) = rest.split_once("\" is forbidden") else { return text.to_owned() };
    let Some((prefix, _)) = name.rsplit_once('-') else { return text.to_owned() };
    format!("{head}pods \"{prefix}-<new>\" is forbidden{tail}")
}

/// A pod's specification as the timeline has it: the interesting fields where they are not the default.
pub fn reduced(spec: &Value) -> Value {
    let mut out = Map::new();
    for name in ["hostname", "subdomain", "affinity", "priorityClassName", "nodeSelector", "nodeName"] {
        out.insert(name.to_owned(), spec[name].clone());
    }
    let unusual = |name: &str, usual: Value| if spec[name] == usual { Value::Null } else { spec[name].clone() };
    out.insert("restartPolicy".to_owned(), unusual("restartPolicy", "Always".into()));
    out.insert("preemptionPolicy".to_owned(), unusual("preemptionPolicy", "PreemptLowerPriority".into()));
    out.insert("priority".to_owned(), unusual("priority", 0.into()));
    let list = |name: &str| spec[name].as_array().into_iter().flatten();
    out.insert("tolerations".to_owned(), list("tolerations").map(toleration).collect());
    let own = |volume: &&Value| !volume["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-"));
    out.insert("volumes".to_owned(), list("volumes").filter(own).cloned().collect());
    let container = |container: &Value| {
        let shown = ["name", "image", "resources", "env", "ports"].into_iter();
        let fields = shown.map(|name| (name.to_owned(), container[name].clone()));
        Value::Object(fields.filter(|(_, field)| !is_empty(field)).collect())
    };
    out.insert("containers".to_owned(), list("containers").map(container).collect());
    out.retain(|_, field| !is_empty(field));
    Value::Object(out)
}

/// `key:op[=value]:effect[:seconds]`.
fn toleration(value: &Value) -> Value {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let operator = if text("operator").is_empty() { "Equal" } else { text("operator") };
    let effect = if text("effect").is_empty() { "*" } else { text("effect") };
    let value_part = if text("value").is_empty() { String::new() } else { format!("={}", text("value")) };
    let seconds = value["tolerationSeconds"].as_i64().map(|seconds| format!(":{seconds}s")).unwrap_or_default();
    format!("{}:{operator}{value_part}:{effect}{seconds}", text("key")).into()
}
