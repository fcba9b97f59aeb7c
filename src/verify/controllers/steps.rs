//! The steps of a recording, as the requests that they are.

use super::kubectl;
use super::world::World;
use crate::api::kinds::{self, KINDS};
use crate::api::object::Key;
use crate::api::request::{Body, DeleteOptions, PatchType, Propagation};
use crate::api::{Kind, Options, Request, Target, Verb};
use serde_json::{Value, json};
use std::rc::Rc;

/// The creation of a document.
pub fn create(document: &Value) -> Result<Request, Lacks> {
    let kind = kind_of(document["apiVersion"].as_str().unwrap_or("v1"), document["kind"].as_str().unwrap_or(""))?;
    let namespace = document["metadata"]["namespace"].as_str().unwrap_or(if kind.namespaced { "demo" } else { "" });
    let name = document["metadata"]["name"].as_str().unwrap_or("");
    Ok(Request {
        verb: Verb::Create,
        target: Target::new(kind, namespace, name),
        options: Options::default(),
        body: Body::Document(Rc::new(document.clone())),
    })
}

/// What a step needs and the engine lacks.
type Lacks = String;

fn kind_of(api_version: &str, kind: &str) -> Result<&'static Kind, Lacks> {
    Kind::find(api_version, kind).ok_or_else(|| format!("no kind {kind} in {api_version}"))
}

fn by_kind(kind: &Value) -> Result<&'static Kind, Lacks> {
    let found = KINDS.iter().copied().find(|known| Some(known.kind) == kind.as_str());
    found.ok_or_else(|| format!("no kind {kind}"))
}

/// The real name of a placeholder.
pub fn real(world: &World, name: &str) -> String {
    world.ships.names.real.get(name).cloned().unwrap_or_else(|| name.to_owned())
}

fn place(world: &World, what: &Value) -> Result<(&'static Kind, Key), Lacks> {
    let kind = by_kind(&what["kind"])?;
    let namespace = what["namespace"].as_str().unwrap_or(if kind.namespaced { "demo" } else { "" });
    Ok((kind, Key::new(namespace, &real(world, what["name"].as_str().unwrap_or("")))))
}

/// Does one step. Gives the request whose answer was recorded, if it is one.
pub fn act(world: &mut World, action: &str, what: &Value) -> Result<Option<u64>, Lacks> {
    let sent = match action {
        "create" => {
            let text = what.to_string().replace("$NS", "demo");
            let document = with_uids(world, serde_json::from_str(&text).map_err(|error| error.to_string())?)?;
            Some(world.send(create(&document)?))
        }
        "patch" => {
            let (kind, key) = place(world, what)?;
            let format = match what["type"].as_str() {
                Some("json") => PatchType::Json,
                Some("strategic") => PatchType::Strategic,
                _ => PatchType::Merge,
            };
            let mut request = Request::patch(kind, &key, format, what["patch"].clone());
            request.target.subresource = match what["sub"].as_str() {
                Some("scale") => "scale",
                Some("status") => "status",
                None => "",
                Some(other) => return Err(format!("a patch of the subresource {other}")),
            };
            Some(world.send(request))
        }
        "delete" => Some(delete(world, what)?),
        "metrics" => {
            world.ships.load = Some(what.clone());
            None
        }
        "csr" => Some(world.send(create(&super::drain::certificate_request(what))?)),
        "evict" => Some(evict(world, what["pod"].as_str().unwrap_or(""))),
        "node_delete" => {
            world.ships.node_down(what.as_str().unwrap_or(""));
            let key = Key::new("", what.as_str().unwrap_or(""));
            Some(world.send(Request::delete(&kinds::node::KIND, &key, DeleteOptions::default())))
        }
        "kubectl" => {
            let line = what.as_str().or(what["cmd"].as_str()).unwrap_or("");
            let done = kubectl::run(world, line).filter(|()| what["stdin"].is_null());
            done.ok_or_else(|| format!("kubectl {line}"))?;
            None
        }
        "note" => None,
        other => return happen(world, other, what).map(|()| None),
    };
    Ok(sent)
}

/// What no request does: it happens on a ship, or to a process.
fn happen(world: &mut World, action: &str, what: &Value) -> Result<(), Lacks> {
    match action {
        "pod_ready" => {
            let key = Key::new("demo", &real(world, what["pod"].as_str().unwrap_or("")));
            let Some(pod) = world.ships.pod(&key) else { return Err(format!("no pod {key}")) };
            let ready = what["ready"] == true;
            world.with_ships(|ships, cx| ships.set_ready(cx, &pod, ready));
        }
        "node_down" => {
            world.ships.node_down(what.as_str().unwrap_or(""));
        }
        "node_up" => {
            world.with_ships(|ships, cx| ships.node_up(cx, what.as_str().unwrap_or("")));
        }
        "node_add" => {
            world.with_ships(|ships, cx| ships.add(cx, what));
        }
        "kcm_stop" => {
            world.stop_manager();
        }
        "kcm_restart" => {
            world.restart_manager(what);
        }
        other => return Err(other.to_owned()),
    }
    Ok(())
}

fn with_uids(world: &World, value: Value) -> Result<Value, Lacks> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix("@uid:") {
            Some(place) => {
                let (kind, name) = place.split_once('/').unwrap_or((place, ""));
                let kind = by_kind(&json!(kind))?;
                let namespace = if kind.namespaced { "demo" } else { "" };
                let found = world.ships.lookup(kind, &Key::new(namespace, &real(world, name)));
                json!(found.map(|object| object.uid().to_owned()))
            }
            None => json!(text),
        },
        Value::Array(items) => items.into_iter().map(|item| with_uids(world, item)).collect::<Result<_, _>>()?,
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, field)| Ok((name, with_uids(world, field)?)));
            Value::Object(fields.collect::<Result<_, Lacks>>()?)
        }
        other => other,
    })
}

/// `POST pods/<name>/eviction`.
pub fn evict(world: &mut World, pod: &str) -> u64 {
    let key = Key::new("demo", &real(world, pod));
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": &*key.name, "namespace": &*key.namespace}});
    world.send(Request {
        verb: Verb::Create,
        target: Target::sub(&kinds::pod::KIND, &key, "eviction"),
        options: Options::default(),
        body: Body::Document(Rc::new(body)),
    })
}

fn delete(world: &mut World, what: &Value) -> Result<u64, Lacks> {
    let (kind, key) = place(world, what)?;
    let propagation = match what["propagation"].as_str() {
        Some("Orphan") => Some(Propagation::Orphan),
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Background") => Some(Propagation::Background),
        _ => None,
    };
    let options =
        DeleteOptions { propagation, grace_period_seconds: what["grace"].as_i64(), ..DeleteOptions::default() };
    Ok(world.send(Request::delete(kind, &key, options)))
}
