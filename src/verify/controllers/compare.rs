//! What of a run is compared with the recording: Events, bounds, and the objects at the end.

use super::world::World;
use crate::api::Object;
use crate::api::kinds;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Differences in events, scaling and final objects.
pub fn compare(recording: &Value, world: &World) -> Vec<String> {
    let expected = &recording["expect"];
    let mut problems = Vec::new();
    let repeats = |what: &str| recording["repeat"][what] != false;
    // Two pods that become ready in the same moment may be seen one by one or together.
    let coalesced = recording["name"] == "deploy-rolling-s100p-u0-r3";
    // A namespace takes its events with it: at the end there are none to compare.
    let emptied = loses_namespace(recording);
    if repeats("same_events") && !coalesced && !emptied {
        let told = expected["events"].as_array().into_iter().flatten().filter(|event| counts(event));
        let expected: BTreeSet<String> = told.map(|event| collapse(&event_line(event))).collect();
        differ("events", &expected, &our_events(world), &mut problems);
    }
    // A Deployment that goes, or that lives in another namespace, is not followed here.
    let name = recording["name"].as_str().unwrap_or_default();
    let followed = !name.starts_with("deploy-delete") && !name.starts_with("ns-");
    if repeats("same_measures") && followed {
        problems.extend(measured(&recording["measures"]["Deployment/web"], world));
    }
    if repeats("same_final") {
        let expected: Vec<String> = expected["final"].as_array().into_iter().flatten().flat_map(project).collect();
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

fn loses_namespace(recording: &Value) -> bool {
    let all = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let stays = |name: &Value| {
        all(&recording["expect"]["final"]).iter().any(|o| o["kind"] == "Namespace" && o["metadata"]["name"] == *name)
    };
    let deletions = all(&recording["steps"]).into_iter().map(|step| step["action"]["delete"].clone());
    deletions.into_iter().any(|deleted| deleted["kind"] == "Namespace" && !stays(&deleted["name"]))
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
    let tell = |(name, ours): (&str, Value)| format!("measures.{name}: expected {} got {ours}", recorded[name]);
    pairs.into_iter().filter(differs).map(tell).collect()
}

/// Lines that may come several times, with how often.
fn counted(lines: &[String]) -> BTreeSet<String> {
    lines.iter().map(|line| format!("{line} x{}", lines.iter().filter(|other| *other == line).count())).collect()
}

fn differ(what: &str, expected: &BTreeSet<String>, ours: &BTreeSet<String>, problems: &mut Vec<String>) {
    problems.extend(expected.difference(ours).map(|line| format!("{what}: expected {line} got nothing like it")));
    problems.extend(ours.difference(expected).map(|line| format!("{what}: expected nothing like it got {line}")));
}

fn belongs(object: &Object, recording: &Value) -> bool {
    let place = |value: &Value| {
        (value["kind"].clone(), value["metadata"]["namespace"].clone(), value["metadata"]["name"].clone())
    };
    let listed =
        |kind: &str| recording["expect"]["final"].as_array().into_iter().flatten().any(|value| value["kind"] == kind);
    match object.kind().kind {
        "Event" => false,
        "Lease" => listed("Lease"),
        _ if !object.kind().namespaced => {
            let own = (json!(object.kind().kind), Value::Null, json!(object.name()));
            recording["expect"]["final"].as_array().into_iter().flatten().any(|value| place(value) == own)
        }
        "ConfigMap" | "ServiceAccount" if matches!(object.name(), "kube-root-ca.crt" | "default") => {
            listed("ServiceAccount")
                && !matches!(object.namespace(), "default" | "kube-system" | "kube-public" | "kube-node-lease")
        }
        kind => object.namespace() == "demo" && (listed(kind) || matches!(kind, "Pod" | "ReplicaSet" | "Deployment")),
    }
}

/// Events of the nodes' coming and going were left out of the recordings; where a pod goes is free; whether a disruption
/// budget is looked at before its first pods are there is chance.
fn counts(event: &Value) -> bool {
    let source = event["source"].as_str().unwrap_or_default();
    !source.contains("scheduler") && event["reason"] != "RegisteredNode" && event["reason"] != "NoPods"
}

fn event_line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    format!("{} {} {} {}", text("involvedObject"), text("type"), text("reason"), text("message"))
}

fn our_events(world: &World) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for event in world.api.objects(&kinds::event::KIND) {
        let value = event.to_value();
        let source = value["source"]["component"].as_str().unwrap_or_default();
        let passing = ["RegisteredNode", "NoPods"].iter().any(|reason| value["reason"] == *reason);
        if source.is_empty() || source.contains("scheduler") || passing {
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
        lines.insert(collapse(&unborn(replace(world, &line))));
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

/// A pod that was refused has a name that nobody has ever seen: its random letters are `<new>` in the recordings.
fn unborn(line: String) -> String {
    let Some((head, rest)) = line.split_once("pods \"") else { return line };
    let Some((name, tail)) = rest.split_once("\" is forbidden") else { return line };
    let Some((prefix, _)) = name.rsplit_once('-') else { return line };
    format!("{head}pods \"{prefix}-<new>\" is forbidden{tail}")
}

/// A text with the placeholders of the recordings instead of our names and uids.
pub fn replace(world: &World, text: &str) -> String {
    let mut names: Vec<(&String, &String)> = world.ships.names.replaced.iter().collect();
    names.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
    names.into_iter().fold(text.to_owned(), |text, (real, placeholder)| text.replace(real.as_str(), placeholder))
}

fn placeholders(world: &World, value: &Value) -> Value {
    serde_json::from_str(&replace(world, &value.to_string())).unwrap_or_default()
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
        put(field, if matches!(kind, "Node" | "Lease") { &Value::Null } else { &meta[field] });
    }
    particulars(kind, value, &mut put);
    lines
}

/// What is particular to a kind.
fn particulars(kind: &str, value: &Value, put: &mut impl FnMut(&str, &Value)) {
    let meta = &value["metadata"];
    let status = &value["status"];
    match kind {
        "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet" | "DaemonSet" => {
            workload(kind, value, put);
        }
        "Pod" => pod(status, put),
        "ControllerRevision" => {
            put("annotations", &meta["annotations"]);
            put("revision", &value["revision"]);
        }
        "PersistentVolumeClaim" => {
            put("annotations", &meta["annotations"]);
            put("spec.volumeName", &value["spec"]["volumeName"]);
            put("spec.storageClassName", &value["spec"]["storageClassName"]);
            put("status", status);
        }
        "PersistentVolume" => {
            put("annotations", &meta["annotations"]);
            let claim = &value["spec"]["claimRef"];
            put("spec.claimRef", &json!([claim["namespace"], claim["name"], claim["uid"]]));
            put("status", &json!([status["phase"], status["message"], status["reason"]]));
        }
        "Lease" => {
            for field in ["leaseDurationSeconds", "leaseTransitions"] {
                put(&format!("spec.{field}"), &value["spec"][field]);
            }
        }
        "Namespace" => {
            put("phase", &status["phase"]);
            conditions(status, put);
        }
        "Node" => {
            for taint in value["spec"]["taints"].as_array().into_iter().flatten() {
                put("taint", &json!([taint["key"], taint["effect"]]));
            }
        }
        "Endpoints" | "EndpointSlice" => endpoints(value, put),
        kind if WHOLE.contains(&kind) => whole(value, put),
        _ => {}
    }
}

fn workload(kind: &str, value: &Value, put: &mut impl FnMut(&str, &Value)) {
    let (meta, status) = (&value["metadata"], &value["status"]);
    put("annotations", &meta["annotations"]);
    put("spec.replicas", &value["spec"]["replicas"]);
    let observed = status["observedGeneration"] == meta["generation"];
    put("observed", &json!(observed));
    if !kind.starts_with("Replica") {
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
    conditions(status, put);
}

/// Kinds of which all is compared but times.
const WHOLE: [&str; 9] = [
    "Job",
    "CronJob",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "ResourceQuota",
    "LimitRange",
    "ClusterRole",
    "CertificateSigningRequest",
    "ValidatingAdmissionPolicy",
];

/// Spec, rules and status.
fn whole(value: &Value, put: &mut impl FnMut(&str, &Value)) {
    for field in ["spec", "rules"] {
        put(field, &masked(&value[field]));
    }
    for (field, value) in value["status"].as_object().into_iter().flatten() {
        let value = if field == "certificate" { "<hidden>".into() } else { masked(value) };
        put(&format!("status.{field}"), &value);
    }
}

/// The value without times and certificates.
fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) if is_time(text) => "<time>".into(),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(fields) => {
            let hidden = |name: &str| matches!(name, "certificate" | "request");
            let field = |(name, field): (&String, &Value)| {
                (name.clone(), if hidden(name) { "<hidden>".into() } else { masked(field) })
            };
            let shown = fields.iter().filter(|(name, _)| !["resourceVersion", "extra"].contains(&name.as_str()));
            Value::Object(shown.map(field).collect())
        }
        other => other.clone(),
    }
}

fn is_time(text: &str) -> bool {
    let relative = text.strip_prefix('T').and_then(|text| text.strip_suffix('s'));
    let digits = relative.map(|text| text.trim_start_matches(['+', '-']));
    let clock = text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
    clock || digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn pod(status: &Value, put: &mut impl FnMut(&str, &Value)) {
    put("phase", &status["phase"]);
    for condition in status["conditions"].as_array().into_iter().flatten() {
        if ["Ready", "DisruptionTarget"].iter().any(|type_| condition["type"] == *type_) {
            put(&format!("condition {}", condition["type"]), &json!([condition["status"], condition["reason"]]));
        }
    }
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
