//! The node lifecycle controller: notices that a node is silent, says so, and lets its pods be evicted.
//!
//! Upstream: `pkg/controller/nodelifecycle/node_lifecycle_controller.go`. Every five seconds it looks at every node. A sign
//! of life is a renewed lease or a new heartbeat in the status. After 50 seconds without one (60 for a node that has never
//! reported):
//!
//! 1. all conditions become `Unknown` (`NodeStatusUnknown`, "Kubelet stopped posting node status."),
//! 2. the pods there lose `Ready` (so that no Service sends them traffic), with the event `NodeNotReady`,
//! 3. the node gets the taint `unreachable:NoSchedule`, and a moment later, as [`zones`] allow, `unreachable:NoExecute`;
//!    what follows from that is the taint eviction controller's business.
//!
//! A node that says itself that it is not ready gets `not-ready` taints instead. The taints follow the conditions
//! ([`taints`]); the `NoExecute` taint goes at the next look after the node is ready again.
//!
//! Left out: the labels `beta.kubernetes.io/*`.

pub mod taints;
pub mod zones;

use self::taints::{NOT_READY, UNREACHABLE, condition};
use self::zones::{Zone, Zones, zone};
use super::shared::subject;
use crate::api::json::encode;
use crate::api::kinds::{lease, node, pod, pod::Pod};
use crate::api::meta::{moment, timestamp};
use crate::api::request::PatchType;
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{
    Controller, Failed, Memory, Note, Reconcile, Saying, Tolerate, Wake, Watch, Write,
};
use crate::cluster::timing;
use crate::sim::Time;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, NodeCondition, Taint};
use serde_json::{Value, json};
use std::rc::Rc;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "node-controller",
    account: "node-controller",
    workers: 8,
    watches: &[
        Watch::of(&node::KIND),
        Watch::mapped(&lease::KIND, |_, _, _| {}),
        Watch::mapped(&pod::KIND, |_, _, _| {}),
    ],
    period: Some((timing::NODE_MONITOR_PERIOD, monitor)),
    retries: 0,
    reconcile,
    failed: Some(failed),
};

/// What is remembered of a node, by the first part of the memory's key.
mod memo {
    /// The node as it was when it last gave a sign of life in its status.
    pub const SEEN: &str = "seen";
    /// When it gave its last sign of life.
    pub const PROBE: &str = "probe";
    /// The lease that was last seen, as its renew time.
    pub const LEASE: &str = "lease";
    /// It is to be looked at because of the clock.
    pub const DUE: &str = "due";
    /// Its pods are to lose `Ready`.
    pub const MARK: &str = "mark";
    /// It has been welcomed.
    pub const REGISTERED: &str = "registered";
    /// It waits for its `NoExecute` taint.
    pub const TAINT: &str = "taint";
    /// When the next node of a zone may get its taint.
    pub const ZONE: &str = "zone";
    /// All nodes are lost.
    pub const ALL: &str = "all";
}

fn memo(what: &str, name: &str) -> Rc<str> {
    format!("{what}/{name}").into()
}

/// When the next node of a zone may get its taint.
fn turn_of((region, zone): Zone) -> Rc<str> {
    memo(memo::ZONE, &format!("{region}:{zone}"))
}

/// Every five seconds (upstream: `monitorNodeHealth`).
fn monitor(wake: &mut Wake) {
    let nodes = wake.cache(&node::KIND);
    let now = wake.now();
    let prefix = memo(memo::SEEN, "");
    let known: Vec<Object> = wake
        .memory()
        .range(prefix.clone()..)
        .take_while(|(name, _)| name.starts_with(&*prefix))
        .filter_map(|(_, note)| if let Note::Object(node) = note { Some(node.clone()) } else { None })
        .collect();
    for gone in known.iter().filter(|node| nodes.get(&node.key()).is_none()) {
        wake.memory().insert(memo(memo::DUE, gone.name()), Note::Number(0));
        wake.object(gone);
    }
    let lost = zones::all_lost(nodes.iter());
    let was_lost = wake.memory().contains_key(&memo(memo::ALL, ""));
    if lost {
        wake.memory().insert(memo(memo::ALL, ""), Note::Moment(now));
    } else {
        wake.memory().remove(&memo(memo::ALL, ""));
    }
    for object in nodes {
        let lease = wake.cache(&lease::KIND).get(&Key::new("kube-node-lease", object.name()));
        let silent = observe(wake.memory(), object, lease, now);
        if was_lost && !lost {
            // Nobody could be heard; now everybody gets a new chance, and evictions begin slowly again.
            wake.memory().insert(memo(memo::PROBE, object.name()), Note::Moment(now));
            let turn = Note::Moment(now + timing::NODE_EVICTION_PAUSE);
            wake.memory().insert(turn_of(zone(object)), turn);
        }
        let new = !wake.memory().contains_key(&memo(memo::REGISTERED, object.name()));
        if silent || new || !is_settled(object, lost) {
            wake.memory().insert(memo(memo::DUE, object.name()), Note::Number(i64::from(silent)));
            wake.object(object);
        }
    }
}

/// Whether the `NoExecute` taints say what the node's condition says.
fn is_settled(object: &Object, all_lost: bool) -> bool {
    taints::no_execute(object, wanted_taint(object).filter(|_| !all_lost), Time::ZERO).is_empty()
}

fn wanted_taint(object: &Object) -> Option<&'static str> {
    match condition(object, "Ready")?.status.as_str() {
        "False" => Some(NOT_READY),
        "Unknown" => Some(UNREACHABLE),
        _ => None,
    }
}

/// Takes note of signs of life; tells whether there has been none for too long and the conditions do not say so yet
/// (upstream: `tryUpdateNodeHealth`, first half).
fn observe(memory: &mut Memory, object: &Object, lease: Option<&Object>, now: Time) -> bool {
    let name = object.name();
    let (seen, probe) = (memo(memo::SEEN, name), memo(memo::PROBE, name));
    let ready = condition(object, "Ready");
    let heartbeat = |node: &Object| condition(node, "Ready").map(|ready| ready.last_heartbeat_time.clone());
    let before = match memory.get(&seen) {
        Some(Note::Object(before)) => Some(before.clone()),
        _ => None,
    };
    match (&before, ready) {
        // It has never reported: its creation is the last that is known.
        (None, None) => {
            let created = object.meta().creation_timestamp.as_ref().map_or(now, moment);
            memory.insert(probe.clone(), Note::Moment(created));
            memory.insert(seen, Note::Object(object.clone()));
        }
        (Some(before), _) if heartbeat(before) == heartbeat(object) => {}
        _ => {
            memory.insert(probe.clone(), Note::Moment(now));
            memory.insert(seen, Note::Object(object.clone()));
        }
    }
    let renewed = lease.and_then(|lease| lease.get::<Lease>()?.spec.as_ref()?.renew_time.as_ref());
    if let Some(renewed) = renewed {
        let at = Note::Number(renewed.0.as_microsecond());
        if memory.insert(memo(memo::LEASE, name), at.clone()) != Some(at) {
            memory.insert(probe.clone(), Note::Moment(now));
        }
    }
    let grace = if ready.is_some() { timing::NODE_MONITOR_GRACE } else { timing::NODE_STARTUP_GRACE };
    let Some(Note::Moment(last)) = memory.get(&probe) else { return false };
    now > *last + grace && ready.is_none_or(|ready| ready.status != "Unknown")
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let name = &key.key.name;
    let due = reconcile.memory.remove(&memo(memo::DUE, name));
    let Some(object) = subject(reconcile, key) else {
        if due.is_some() {
            forget(reconcile, name);
        }
        return Ok(());
    };
    if due.is_some() && reconcile.memory.insert(memo(memo::REGISTERED, name), Note::Number(1)).is_none() {
        let message = format!("Node {name} event: Registered Node {name} in Controller");
        reconcile.say(Saying::normal(object, "RegisteredNode", message));
    }
    if due == Some(Note::Number(1)) {
        write_unknown(reconcile, object);
        return Ok(());
    }
    if reconcile.memory.contains_key(&memo(memo::MARK, name)) {
        mark_pods(reconcile, object);
    }
    let now = reconcile.now();
    let mut lists = taints::no_schedule(object, now);
    if lists.is_empty() && (due.is_some() || reconcile.memory.contains_key(&memo(memo::TAINT, name))) {
        lists = execute(reconcile, object);
    }
    for list in lists {
        write_taints(reconcile, object, &list);
    }
    Ok(())
}

/// The node is gone.
fn forget(reconcile: &mut Reconcile, name: &str) {
    if let Some(Note::Object(gone)) = reconcile.memory.remove(&memo(memo::SEEN, name)) {
        let message = format!("Node {name} event: Removing Node {name} from Controller");
        reconcile.say(Saying::normal(&gone, "RemovingNode", message));
    }
    for what in [memo::REGISTERED, memo::PROBE, memo::LEASE, memo::MARK, memo::TAINT] {
        reconcile.memory.remove(&memo(what, name));
    }
}

/// Upstream: `tryUpdateNodeHealth`, second half: all conditions are unknown.
fn write_unknown(reconcile: &mut Reconcile, object: &Object) {
    let now = timestamp(reconcile.now());
    let was_ready = condition(object, "Ready").is_some_and(|ready| ready.status == "True");
    let mut new = object.clone();
    let created = object.meta().creation_timestamp.clone();
    let Some(node) = new.get_mut::<Node>() else { return };
    let conditions = node.status.get_or_insert_default().conditions.get_or_insert_default();
    for type_ in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
        match conditions.iter_mut().find(|condition| condition.type_ == type_) {
            None => conditions.push(NodeCondition {
                type_: type_.to_owned(),
                status: "Unknown".to_owned(),
                reason: Some("NodeStatusNeverUpdated".to_owned()),
                message: Some("Kubelet never posted node status.".to_owned()),
                last_heartbeat_time: created.clone(),
                last_transition_time: Some(now.clone()),
            }),
            Some(condition) if condition.status != "Unknown" => {
                "Unknown".clone_into(&mut condition.status);
                condition.reason = Some("NodeStatusUnknown".to_owned());
                condition.message = Some("Kubelet stopped posting node status.".to_owned());
                condition.last_transition_time = Some(now.clone());
            }
            Some(_) => {}
        }
    }
    let mut write = Write::new(Request::update_status(new));
    if was_ready {
        let message = format!("Node {} status is now: NodeNotReady", object.name());
        write = write.saying(Saying::normal(object, "NodeNotReady", message));
        reconcile.memory.insert(memo(memo::MARK, object.name()), Note::Number(1));
    }
    reconcile.memory.insert(memo(memo::TAINT, object.name()), Note::Number(1));
    reconcile.write(write);
}

/// Upstream: `MarkPodsNotReady`.
fn mark_pods(reconcile: &mut Reconcile, object: &Object) {
    reconcile.memory.remove(&memo(memo::MARK, object.name()));
    if condition(object, "Ready").is_some_and(|ready| ready.status == "True") {
        return;
    }
    let now = timestamp(reconcile.now());
    let pods: Vec<&Object> = reconcile.cache(&pod::KIND).on_node(object.name()).collect();
    for pod in pods.into_iter().filter(|pod| pod.get().is_some_and(Pod::is_ready)) {
        let mut new = pod.clone();
        let conditions = new.get_mut::<Pod>().and_then(|pod| pod.status.conditions.as_mut());
        for ready in conditions.into_iter().flatten().filter(|condition| condition.type_ == "Ready") {
            "False".clone_into(&mut ready.status);
            ready.last_transition_time = Some(now.clone());
        }
        let saying = Saying::warning(pod, "NodeNotReady", "Node is not ready");
        reconcile.write(Write::new(Request::update_status(new)).saying(saying).tolerating(Tolerate::NotFound));
    }
}

/// A pod could not be marked: all are looked at again with the next try.
fn failed(key: &Ref, reconcile: &mut Reconcile, _: Failed) {
    let lost = subject(reconcile, key).is_some_and(|node| wanted_taint(node).is_some());
    if lost {
        reconcile.memory.insert(memo(memo::MARK, &key.key.name), Note::Number(1));
    }
}

/// The `NoExecute` taint: what the condition calls for, when the zone's turn has come (upstream:
/// `processTaintBaseEviction`, `doNoExecuteTaintingPass`).
fn execute(reconcile: &mut Reconcile, object: &Object) -> Vec<Vec<Taint>> {
    let now = reconcile.now();
    let present = taints::of(object);
    let wanted = wanted_taint(object);
    let nodes = reconcile.cache(&node::KIND);
    if wanted.is_none() || zones::all_lost(nodes.iter()) {
        reconcile.memory.remove(&memo(memo::TAINT, object.name()));
        return taints::no_execute(object, None, now);
    }
    let queued = memo(memo::TAINT, object.name());
    let other = if wanted == Some(NOT_READY) { UNREACHABLE } else { NOT_READY };
    if taints::has(present, other, "NoExecute") || wanted.is_some_and(|key| taints::has(present, key, "NoExecute")) {
        reconcile.memory.remove(&queued);
        return taints::no_execute(object, wanted, now);
    }
    let zone = zone(object);
    let turn = turn_of(zone);
    let Some(pause) = Zones::of(nodes.iter()).pause(zone) else {
        // Upstream: `SwapLimiter` empties the bucket of a zone in which nothing was allowed.
        reconcile.memory.insert(turn, Note::Moment(now + timing::NODE_EVICTION_PAUSE));
        return Vec::new();
    };
    if let Some(Note::Moment(next)) = reconcile.memory.get(&turn)
        && *next > now
    {
        reconcile.again_after(next.since(now));
        reconcile.memory.insert(queued, Note::Number(1));
        return Vec::new();
    }
    reconcile.memory.insert(turn, Note::Moment(now + pause));
    reconcile.memory.remove(&queued);
    taints::no_execute(object, wanted, now)
}

fn write_taints(reconcile: &mut Reconcile, object: &Object, list: &[Taint]) {
    let taints = if list.is_empty() { Value::Null } else { encode(list) };
    let patch = json!({"spec": {"taints": taints}});
    let request = Request::patch(&node::KIND, &object.key(), PatchType::Strategic, patch);
    reconcile.write(Write::new(request).tolerating(Tolerate::NotFound));
}
