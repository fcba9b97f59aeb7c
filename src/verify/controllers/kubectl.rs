//! The few kubectl commands that the recordings use, as the requests that they make.

use super::steps::real;
use super::world::World;
use crate::api::kinds;
use crate::api::object::Key;
use crate::api::request::PatchType;
use crate::api::{Kind, Object, Request};
use serde_json::json;

type Place = (&'static Kind, Key);

/// Does what a command does; `None`: it is not known.
pub fn run(world: &mut World, line: &str) -> Option<()> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let merge = |(kind, key): Place, patch| Request::patch(kind, &key, PatchType::Merge, patch);
    let node = |name: &str| (&kinds::node::KIND, Key::new("", name));
    let request = match words.as_slice() {
        ["rollout", "status" | "history", ..] | ["get", ..] => return Some(()),
        ["rollout", "pause", name] => merge(workload(name)?, json!({"spec": {"paused": true}})),
        ["rollout", "resume", name] => merge(workload(name)?, json!({"spec": {"paused": null}})),
        ["rollout", "restart", name] => {
            let annotations = json!({"kubectl.kubernetes.io/restartedAt": "2026-01-05T09:00:07Z"});
            merge(workload(name)?, json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}))
        }
        ["rollout", "undo", name, rest @ ..] => {
            let to = rest.first().and_then(|to| to.strip_prefix("--to-revision=")).and_then(|n| n.parse().ok());
            return undo(world, workload(name)?, to);
        }
        ["annotate", "pod", pod, pair] => {
            let (name, value) = pair.split_once('=')?;
            let key = Key::new("demo", &real(world, pod));
            merge((&kinds::pod::KIND, key), json!({"metadata": {"annotations": {name: value}}}))
        }
        ["annotate", of, pair, ..] => {
            let (name, value) = pair.split_once('=')?;
            merge(workload(of)?, json!({"metadata": {"annotations": {name: value}}}))
        }
        ["cordon", name] => merge(node(name), json!({"spec": {"unschedulable": true}})),
        ["uncordon", name] => merge(node(name), json!({"spec": {"unschedulable": null}})),
        ["taint", "nodes", name, taint] => return set_taint(world, name, taint),
        ["certificate", deed, name] => return super::drain::judge(world, name, *deed == "approve"),
        ["drain", name, options @ ..] => {
            super::drain::drain(world, name, options);
            return Some(());
        }
        ["create", "job", name, from] => {
            return super::drain::job_from(world, name, from.strip_prefix("--from=cronjob/")?);
        }
        _ => return None,
    };
    world.send(request);
    Some(())
}

/// `deploy/web`, `sts/db`, `ds/agent`.
fn workload(name: &str) -> Option<Place> {
    let (kind, name) = name.split_once('/')?;
    let kind = match kind {
        "deploy" => &kinds::deployment::KIND,
        "sts" => &kinds::stateful_set::KIND,
        "ds" => &kinds::daemon_set::KIND,
        _ => return None,
    };
    Some((kind, Key::new("demo", name)))
}

fn set_taint(world: &mut World, name: &str, taint: &str) -> Option<()> {
    let key = Key::new("", name);
    let node = world.ships.lookup(&kinds::node::KIND, &key)?;
    let mut taints = node.to_value()["spec"]["taints"].as_array().cloned().unwrap_or_default();
    if let Some(gone) = taint.strip_suffix('-') {
        taints.retain(|taint| taint["key"] != gone);
    } else {
        let (pair, effect) = taint.split_once(':')?;
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        taints.insert(0, json!({"key": key, "value": value, "effect": effect}));
    }
    world.send(Request::patch(&kinds::node::KIND, &key, PatchType::Merge, json!({"spec": {"taints": taints}})));
    Some(())
}

fn undo(world: &mut World, (kind, key): Place, to: Option<i64>) -> Option<()> {
    let workload = world.ships.lookup(kind, &key)?;
    if workload.to_value()["spec"]["paused"] == true {
        return Some(()); // kubectl refuses.
    }
    let deploys = kind == &kinds::deployment::KIND;
    let kept = if deploys { &kinds::replica_set::KIND } else { &kinds::controller_revision::KIND };
    let owned = world.ships.owned(kept, workload.uid());
    let mut past: Vec<(i64, Object)> = owned.into_iter().map(|past| (revision(&past), past)).collect();
    past.sort_by_key(|(revision, _)| *revision);
    let found = match to {
        Some(to) => past.iter().find(|(revision, _)| *revision == to),
        None => past.iter().rev().nth(1),
    };
    let (_, found) = found?;
    let mut value = found.to_value();
    if !deploys {
        world.send(Request::patch(kind, &key, PatchType::Strategic, value["data"].take()));
        return Some(());
    }
    let mut template = value["spec"]["template"].take();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove("pod-template-hash");
    }
    let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    world.send(Request::patch(kind, &key, PatchType::Json, patch));
    Some(())
}

fn revision(object: &Object) -> i64 {
    let value = object.to_value();
    let text = &value["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
    value["revision"].as_i64().or_else(|| text.as_str()?.parse().ok()).unwrap_or(0)
}
