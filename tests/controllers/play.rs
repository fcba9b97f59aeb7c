//! Plays one recording and tells what is different.

use crate::world::World;
use bottle::api::kinds::{self, KINDS};
use bottle::api::object::Key;
use bottle::api::request::{Body, DeleteOptions, PatchType, Propagation};
use bottle::api::{Kind, Object, Options, Request, Target, Verb};
use bottle::sim::{Duration, Time};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;

pub fn play(recording: &Value) -> Vec<String> {
    let mut world = World::new(recording["nodes"].as_array().cloned().unwrap_or_default());
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}});
    world.send(create(&namespace));
    world.run_to(Time::ZERO);
    let mut problems = world.take_refused();
    for step in recording["steps"].as_array().into_iter().flatten() {
        world.run_to(Time::from_millis(step["t_ms"].as_i64().expect("a time")));
        for (action, what) in step["action"].as_object().expect("an action") {
            if !act(&mut world, action, what) {
                problems.push(format!("cannot play {action} {what}"));
            }
        }
    }
    world.run_to(Time::from_millis(recording["clock"]["duration_ms"].as_i64().unwrap_or(0)));
    world.after(Duration::from_millis(500));
    let expected = |text: &String| !text.contains("because it is being terminated");
    problems.extend(world.take_refused().into_iter().filter(expected).map(|text| format!("refused: {text}")));
    if std::env::var("TRACE").is_ok() {
        trace(&world);
    }
    problems.extend(compare(recording, &world));
    problems
}

fn create(document: &Value) -> Request {
    let kind = kind_of(document["apiVersion"].as_str().unwrap_or("v1"), document["kind"].as_str().unwrap_or(""));
    let namespace = document["metadata"]["namespace"].as_str().unwrap_or(if kind.namespaced { "demo" } else { "" });
    let name = document["metadata"]["name"].as_str().unwrap_or("");
    Request {
        verb: Verb::Create,
        target: Target::new(kind, namespace, name),
        options: Options::default(),
        body: Body::Document(Rc::new(document.clone())),
    }
}

fn kind_of(api_version: &str, kind: &str) -> &'static Kind {
    Kind::find(api_version, kind).unwrap_or_else(|| panic!("no kind {api_version} {kind}"))
}

fn by_kind(kind: &Value) -> &'static Kind {
    KINDS.iter().find(|known| Some(known.kind) == kind.as_str()).unwrap_or_else(|| panic!("no kind {kind}"))
}

/// The real name of a placeholder.
fn real(world: &World, name: &str) -> String {
    world.ships.names.real.get(name).cloned().unwrap_or_else(|| name.to_owned())
}

fn place(world: &World, what: &Value) -> (&'static Kind, Key) {
    let kind = by_kind(&what["kind"]);
    let namespace = what["namespace"].as_str().unwrap_or(if kind.namespaced { "demo" } else { "" });
    (kind, Key::new(namespace, &real(world, what["name"].as_str().unwrap_or(""))))
}

fn act(world: &mut World, action: &str, what: &Value) -> bool {
    match action {
        "create" => {
            let text = what.to_string().replace("$NS", "demo");
            let document = with_uids(world, serde_json::from_str(&text).expect("JSON"));
            world.send(create(&document));
        }
        "patch" => {
            let (kind, key) = place(world, what);
            let format = match what["type"].as_str() {
                Some("json") => PatchType::Json,
                Some("strategic") => PatchType::Strategic,
                _ => PatchType::Merge,
            };
            let mut request = Request::patch(kind, &key, format, what["patch"].clone());
            request.target.subresource = match what["sub"].as_str() {
                Some("scale") => "scale",
                Some("status") => "status",
                _ => "",
            };
            world.send(request);
        }
        "delete" => delete(world, what),
        "pod_ready" => {
            let key = Key::new("demo", &real(world, what["pod"].as_str().unwrap_or("")));
            let Some(pod) = world.ships.pod(&key) else { return false };
            let ready = what["ready"] == true;
            world.with_ships(|ships, cx| ships.set_ready(cx, &pod, ready));
        }
        "node_down" => world.ships.node_down(what.as_str().unwrap_or("")),
        "node_up" => world.with_ships(|ships, cx| ships.node_up(cx, what.as_str().unwrap_or(""))),
        "node_delete" => {
            world.ships.node_down(what.as_str().unwrap_or(""));
            let key = Key::new("", what.as_str().unwrap_or(""));
            world.send(Request::delete(&kinds::node::KIND, &key, DeleteOptions::default()));
        }
        "kubectl" => return kubectl(world, what.as_str().or(what["cmd"].as_str()).unwrap_or("")),
        "note" => {}
        _ => return false,
    }
    true
}

fn with_uids(world: &World, value: Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("@uid:") {
            Some(place) => {
                let (kind, name) = place.split_once('/').expect("kind/name");
                let kind = by_kind(&json!(kind));
                let namespace = if kind.namespaced { "demo" } else { "" };
                let found = world.ships.lookup(kind, &Key::new(namespace, &real(world, name)));
                json!(found.map(|object| object.uid().to_owned()))
            }
            None => json!(text),
        },
        Value::Array(items) => items.into_iter().map(|item| with_uids(world, item)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (name, with_uids(world, field))).collect(),
        other => other,
    }
}

fn delete(world: &mut World, what: &Value) {
    let (kind, key) = place(world, what);
    let propagation = match what["propagation"].as_str() {
        Some("Orphan") => Some(Propagation::Orphan),
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Background") => Some(Propagation::Background),
        _ => None,
    };
    let options =
        DeleteOptions { propagation, grace_period_seconds: what["grace"].as_i64(), ..DeleteOptions::default() };
    world.send(Request::delete(kind, &key, options));
}

/// The few commands that the recordings use.
fn kubectl(world: &mut World, line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let deployment = |name: &str| (&kinds::deployment::KIND, Key::new("demo", name.trim_start_matches("deploy/")));
    let merge = |(kind, key): (&'static Kind, Key), patch| Request::patch(kind, &key, PatchType::Merge, patch);
    let node = |name: &str| (&kinds::node::KIND, Key::new("", name));
    let request = match words.as_slice() {
        ["rollout", "status" | "history", ..] => return true,
        ["rollout", "pause", name] => merge(deployment(name), json!({"spec": {"paused": true}})),
        ["rollout", "resume", name] => merge(deployment(name), json!({"spec": {"paused": null}})),
        ["rollout", "restart", name] => {
            let annotations = json!({"kubectl.kubernetes.io/restartedAt": "2026-01-05T09:00:07Z"});
            merge(deployment(name), json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}))
        }
        ["rollout", "undo", name, rest @ ..] => {
            let to = rest.first().and_then(|to| to.strip_prefix("--to-revision=")).and_then(|n| n.parse().ok());
            return undo(world, &deployment(name).1, to);
        }
        ["annotate", "deploy/web", pair, ..] => {
            let (name, value) = pair.split_once('=').expect("name=value");
            merge(deployment("web"), json!({"metadata": {"annotations": {name: value}}}))
        }
        ["annotate", "pod", pod, pair] => {
            let (name, value) = pair.split_once('=').expect("name=value");
            let key = Key::new("demo", &real(world, pod));
            merge((&kinds::pod::KIND, key), json!({"metadata": {"annotations": {name: value}}}))
        }
        ["cordon", name] => merge(node(name), json!({"spec": {"unschedulable": true}})),
        ["uncordon", name] => merge(node(name), json!({"spec": {"unschedulable": null}})),
        ["taint", "nodes", name, taint] => return set_taint(world, name, taint),
        _ => return false,
    };
    world.send(request);
    true
}

fn set_taint(world: &mut World, name: &str, taint: &str) -> bool {
    let key = Key::new("", name);
    let Some(node) = world.ships.lookup(&kinds::node::KIND, &key) else { return false };
    let mut taints = node.to_value()["spec"]["taints"].as_array().cloned().unwrap_or_default();
    if let Some(gone) = taint.strip_suffix('-') {
        taints.retain(|taint| taint["key"] != gone);
    } else {
        let (pair, effect) = taint.split_once(':').expect("key=value:effect");
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        taints.insert(0, json!({"key": key, "value": value, "effect": effect}));
    }
    world.send(Request::patch(&kinds::node::KIND, &key, PatchType::Merge, json!({"spec": {"taints": taints}})));
    true
}

fn undo(world: &mut World, key: &Key, to: Option<i64>) -> bool {
    let Some(deployment) = world.ships.lookup(&kinds::deployment::KIND, key) else { return false };
    if deployment.to_value()["spec"]["paused"] == true {
        return true; // kubectl refuses.
    }
    let mut sets: Vec<(i64, Object)> = world
        .ships
        .owned(&kinds::replica_set::KIND, deployment.uid())
        .into_iter()
        .map(|set| (revision(&set), set))
        .collect();
    sets.sort_by_key(|(revision, _)| *revision);
    let now = revision(&deployment);
    let found = match to {
        Some(to) => sets.iter().find(|(revision, _)| *revision == to),
        None => sets.iter().rev().find(|(revision, _)| *revision < now),
    };
    let Some((_, set)) = found else { return false };
    let mut template = set.to_value()["spec"]["template"].clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove("pod-template-hash");
    }
    let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    world.send(Request::patch(&kinds::deployment::KIND, key, PatchType::Json, patch));
    true
}

fn revision(object: &Object) -> i64 {
    let annotations = object.meta().annotations.as_ref();
    let text = annotations.and_then(|annotations| annotations.get("deployment.kubernetes.io/revision"));
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Differences in events, scaling and final objects.
fn compare(recording: &Value, world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let repeats = |what: &str| recording["repeat"][what] != false;
    // Two pods that become ready in the same moment may be seen one by one or together.
    let coalesced = recording["name"] == "deploy-rolling-s100p-u0-r3";
    // A namespace takes its events with it: at the end there are none to compare.
    let emptied = recording["name"] == "ns-delete-content";
    if repeats("same_events") && !coalesced && !emptied {
        let expected: BTreeSet<String> =
            recording["events"].as_array().into_iter().flatten().map(|event| collapse(&event_line(event))).collect();
        differ("event", &expected, &our_events(world), &mut problems);
    }
    // A Deployment that goes, or that lives in another namespace, is not followed here.
    let name = recording["name"].as_str().unwrap_or_default();
    let followed = !name.starts_with("deploy-delete") && !name.starts_with("ns-");
    if repeats("same_measures") && followed {
        problems.extend(measured(&recording["measures"]["Deployment/web"], world));
    }
    if repeats("same_final") {
        let expected: Vec<String> = recording["final"].as_array().into_iter().flatten().flat_map(project).collect();
        let ours: Vec<String> = world
            .objects()
            .iter()
            .filter(|object| belongs(object, recording))
            .flat_map(|object| project(&placeholders(world, &object.to_value())))
            .collect();
        differ("final", &counted(&expected), &counted(&ours), &mut problems);
    }
    problems
}

/// The bounds of a rollout, as they were measured in the recording.
fn measured(recorded: &Value, world: &World) -> Vec<String> {
    let ours = &world.measures;
    let pairs = [
        ("max_alive", json!(ours.max_alive)),
        ("max_sum_of_rs_spec_replicas", json!(ours.max_wanted)),
        ("min_ready_after_first_full", json!(ours.min_ready)),
    ];
    let differs = |(name, ours): &(&str, Value)| !recorded[name].is_null() && recorded[name] != *ours;
    let tell = |(name, ours): (&str, Value)| format!("measure {name} recorded {} ours {ours}", recorded[name]);
    pairs.into_iter().filter(differs).map(tell).collect()
}

/// Lines that may come several times, with how often.
fn counted(lines: &[String]) -> BTreeSet<String> {
    lines.iter().map(|line| format!("{line} x{}", lines.iter().filter(|other| *other == line).count())).collect()
}

fn differ(what: &str, expected: &BTreeSet<String>, ours: &BTreeSet<String>, problems: &mut Vec<String>) {
    problems.extend(expected.difference(ours).map(|line| format!("{what} recorded: {line}")));
    problems.extend(ours.difference(expected).map(|line| format!("{what} ours:     {line}")));
}

fn belongs(object: &Object, recording: &Value) -> bool {
    let place = |value: &Value| {
        (value["kind"].clone(), value["metadata"]["namespace"].clone(), value["metadata"]["name"].clone())
    };
    let listed = |kind: &str| recording["final"].as_array().into_iter().flatten().any(|value| value["kind"] == kind);
    match object.kind().kind {
        "Event" | "Lease" | "PriorityClass" => false,
        "Node" | "Namespace" => {
            let own = (json!(object.kind().kind), Value::Null, json!(object.name()));
            recording["final"].as_array().into_iter().flatten().any(|value| place(value) == own)
        }
        "ConfigMap" | "ServiceAccount" if matches!(object.name(), "kube-root-ca.crt" | "default") => {
            listed("ServiceAccount")
                && !matches!(object.namespace(), "default" | "kube-system" | "kube-public" | "kube-node-lease")
        }
        kind => object.namespace() == "demo" && (listed(kind) || matches!(kind, "Pod" | "ReplicaSet" | "Deployment")),
    }
}

fn event_line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    format!("{} {} {} {}", text("involvedObject"), text("type"), text("reason"), text("message"))
}

fn our_events(world: &World) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for event in world.server.objects(&kinds::event::KIND) {
        let value = event.to_value();
        let source = value["source"]["component"].as_str().unwrap_or_default();
        if source.is_empty() || source.contains("scheduler") || value["reason"] == "RegisteredNode" {
            continue;
        }
        let about = &value["involvedObject"];
        let line = format!(
            "{}/{} {} {} {}",
            about["kind"].as_str().unwrap_or_default(),
            about["name"].as_str().unwrap_or_default(),
            value["type"].as_str().unwrap_or_default(),
            value["reason"].as_str().unwrap_or_default(),
            value["message"].as_str().unwrap_or_default()
        );
        lines.insert(collapse(&replace(world, &line)));
    }
    lines
}

/// `web-<rs1>-<p3>` becomes `web-<rs1>-<p>`; the text of addresses goes, too.
fn collapse(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("<p") {
        let digits = rest[at + 2..].chars().take_while(char::is_ascii_digit).count();
        out += &rest[..at + 2];
        rest = &rest[at + 2 + digits..];
    }
    out + rest
}

fn replace(world: &World, text: &str) -> String {
    let mut names: Vec<(&String, &String)> = world.ships.names.replaced.iter().collect();
    names.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
    names.into_iter().fold(text.to_owned(), |text, (real, placeholder)| text.replace(real.as_str(), placeholder))
}

fn placeholders(world: &World, value: &Value) -> Value {
    serde_json::from_str(&replace(world, &value.to_string())).expect("still JSON")
}

/// What of an object is compared, as lines.
fn project(value: &Value) -> Vec<String> {
    let kind = value["kind"].as_str().unwrap_or_default();
    let name = value["metadata"]["name"].as_str().unwrap_or_default();
    let mut lines = Vec::new();
    let mut put = |path: &str, value: &Value| {
        if !value.is_null() {
            lines.push(collapse(&format!("{kind}/{name} {path} {value}")));
        }
    };
    let meta = &value["metadata"];
    put("deleted", &json!(!meta["deletionTimestamp"].is_null()));
    for field in ["labels", "ownerReferences", "finalizers"] {
        put(field, if kind == "Node" { &Value::Null } else { &meta[field] });
    }
    let status = &value["status"];
    match kind {
        "Deployment" | "ReplicaSet" | "ReplicationController" => {
            put("annotations", &meta["annotations"]);
            put("spec.replicas", &value["spec"]["replicas"]);
            let observed = status["observedGeneration"] == meta["generation"];
            put("observed", &json!(observed));
            if kind == "Deployment" {
                put("generation", &meta["generation"]);
            }
            put("spec.selector", &value["spec"]["selector"]);
            for (field, number) in status
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(field, _)| *field != "conditions" && *field != "observedGeneration")
            {
                put(&format!("status.{field}"), number);
            }
            conditions(status, &mut put);
        }
        "Pod" => {
            put("phase", &status["phase"]);
            let interesting = ["Ready", "DisruptionTarget"];
            for condition in status["conditions"].as_array().into_iter().flatten() {
                if interesting.iter().any(|type_| condition["type"] == *type_) {
                    put(
                        &format!("condition {}", condition["type"]),
                        &json!([condition["status"], condition["reason"]]),
                    );
                }
            }
        }
        "Namespace" => {
            put("phase", &status["phase"]);
            conditions(status, &mut put);
        }
        "Node" => {
            for taint in value["spec"]["taints"].as_array().into_iter().flatten() {
                put("taint", &json!([taint["key"], taint["effect"]]));
            }
        }
        "Endpoints" | "EndpointSlice" => endpoints(value, &mut put),
        _ => {}
    }
    lines
}

fn endpoints(value: &Value, put: &mut impl FnMut(&str, &Value)) {
    put("ports", &value["ports"]);
    for endpoint in value["endpoints"].as_array().into_iter().flatten() {
        put("endpoint", &json!([endpoint["conditions"], endpoint["targetRef"], endpoint["hostname"]]));
    }
    for subset in value["subsets"].as_array().into_iter().flatten() {
        put("ports", &subset["ports"]);
        for list in ["addresses", "notReadyAddresses"] {
            for address in subset[list].as_array().into_iter().flatten() {
                put(list, &json!([address["targetRef"], address["hostname"]]));
            }
        }
    }
}

fn conditions(status: &Value, put: &mut impl FnMut(&str, &Value)) {
    for condition in status["conditions"].as_array().into_iter().flatten() {
        let shown = json!([condition["status"], condition["reason"], condition["message"]]);
        put(&format!("condition {}", condition["type"]), &shown);
    }
}

/// Prints what the controllers wrote: for a look at one recording (`ONLY=name TRACE=1`).
pub fn trace(world: &World) {
    use bottle::cluster::fact::Fact;
    for record in world.trace.range(0, world.trace.len()) {
        match &record.fact {
            Fact::Committed { call, object, change, revision, ambient: false } => {
                println!("{:>8} {} {object} {change:?} {revision}", record.at.as_millis(), call.from);
            }
            Fact::Retried { controller, object, error, .. } => {
                println!("{:>8} {controller} {object} retried: {error}", record.at.as_millis());
            }
            _ => {}
        }
    }
}
