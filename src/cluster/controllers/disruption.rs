//! The disruption controller: how many pods of an application may be evicted now.
//!
//! Upstream: `pkg/controller/disruption/disruption.go`. It writes the status of each PodDisruptionBudget: how many pods
//! there should be (asked of their controllers), how many are healthy, how many may go. Pods that the eviction API has
//! announced there count as gone for two minutes. A pod that was announced and stayed loses its condition
//! `DisruptionTarget` again.

use super::shared::{labels, scaled, subject};
use crate::api::document::Document;
use crate::api::kinds::{deployment, pod, pod::Pod, pod_disruption_budget, replica_set, replication_controller};
use crate::api::meta::{controller_of, moment, timestamp};
use crate::api::selector::Selector;
use crate::api::{Key, Kind, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::{Duration, Sorted, Time};
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value, json};

const KIND: &Kind = &pod_disruption_budget::KIND;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "disruption-controller",
    account: "disruption-controller",
    workers: 1,
    watches: &[
        Watch::of(KIND),
        Watch::mapped(&pod::KIND, wake_by_pod),
        Watch::mapped(&replica_set::KIND, |_, _, _| {}),
        Watch::mapped(&deployment::KIND, |_, _, _| {}),
        Watch::mapped(&replication_controller::KIND, |_, _, _| {}),
    ],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

/// The budgets that select a pod, before and after; and the pod itself while it is announced to go.
fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    for object in [old, new].into_iter().flatten() {
        let covers =
            |budget: &&Object| selector(budget).is_some_and(|selector| selector.matches(labels(object.meta())));
        let budgets: Vec<&Object> = wake.cache(KIND).in_namespace(object.namespace()).filter(covers).collect();
        wake.objects(budgets);
    }
    if let Some(pod) = new.filter(|pod| announced(pod).is_some()) {
        wake.object(pod);
    }
}

/// Nothing without a selector, everything with an empty one.
fn selector(budget: &Object) -> Option<Selector> {
    Selector::from_value(budget.document()?.at("spec.selector")?).ok()
}

/// Since when a pod is announced to be disrupted although nobody deletes it.
fn announced(object: &Object) -> Option<Time> {
    let pod = object.get::<Pod>().filter(|pod| !object.is_terminating() && !pod.is_terminal())?;
    let condition = pod.condition("DisruptionTarget").filter(|condition| condition.status == "True")?;
    condition.last_transition_time.as_ref().map(moment)
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    if key.kind == &pod::KIND {
        unannounce(reconcile, object);
        return Ok(());
    }
    let Some(budget) = object.document() else { return Ok(()) };
    let selector = selector(object);
    let pods: Vec<&Object> = match &selector {
        None => Vec::new(),
        Some(selector) => {
            let all = reconcile.cache(&pod::KIND).in_namespace(object.namespace());
            all.filter(|pod| selector.matches(labels(pod.meta()))).collect()
        }
    };
    if pods.is_empty() {
        reconcile.say(Saying::normal(object, "NoPods", "No matching pods found"));
    }
    let counts = match expected(reconcile, budget, &pods) {
        Ok(Some(counts)) => counts,
        Ok(None) => return Ok(()),
        Err(why) => {
            let message = format!("Failed to calculate the number of expected pods: {why}");
            reconcile.say(Saying::warning(object, "CalculateExpectedPodCountFailed", message));
            fail_safe(reconcile, object, budget, &why);
            return Ok(());
        }
    };
    if counts.unmanaged {
        let message = format!(
            "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the \
             status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for \
             these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
            go_selector(budget.at("spec.selector"))
        );
        reconcile.say(Saying::warning(object, "UnmanagedPods", message));
    }
    let announced = still_announced(reconcile, object, budget, &pods);
    let now = reconcile.now();
    let healthy = |pod: &&&Object| {
        let goes = announced.get(pod.name()).and_then(super::job::spec::at);
        let gone = goes.is_some_and(|at| at + timing::EVICTION_ANNOUNCED > now);
        !pod.is_terminating() && !gone && pod.get().is_some_and(Pod::is_ready)
    };
    let healthy = i32::try_from(pods.iter().filter(healthy).count()).unwrap_or(i32::MAX);
    write(reconcile, object, budget, (healthy, counts.desired, counts.expected), announced);
    Ok(())
}

struct Counts {
    expected: i32,
    desired: i32,
    unmanaged: bool,
}

/// Upstream: `getExpectedPodCount`. `None`: a question is open.
fn expected(reconcile: &mut Reconcile, budget: &Document, pods: &[&Object]) -> Result<Option<Counts>, String> {
    let given = |path: &str| match budget.at(path) {
        Some(Value::String(text)) => Some(IntOrString::String(text.clone())),
        Some(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()).map(IntOrString::Int),
        None => None,
    };
    let (most, least) = (given("spec.maxUnavailable"), given("spec.minAvailable"));
    if most.is_none()
        && let Some(IntOrString::Int(desired)) = least
    {
        let expected = i32::try_from(pods.len()).unwrap_or(i32::MAX);
        return Ok(Some(Counts { expected, desired, unmanaged: false }));
    }
    if most.is_none() && least.is_none() {
        return Ok(Some(Counts { expected: 0, desired: 0, unmanaged: false }));
    }
    let Some((expected, unmanaged)) = total_scale(reconcile, pods)? else { return Ok(None) };
    let desired = match &most {
        Some(_) => (expected - scaled(most.as_ref(), expected, true)).max(0),
        None => scaled(least.as_ref(), expected, true),
    };
    Ok(Some(Counts { expected, desired, unmanaged }))
}

/// How many pods the controllers of these pods want in all, and whether some have none (upstream: `getExpectedScale`).
fn total_scale(reconcile: &mut Reconcile, pods: &[&Object]) -> Result<Option<(i32, bool)>, String> {
    let mut scales: Sorted<String, i32> = Sorted::new();
    let (mut unmanaged, mut open) = (false, false);
    for pod in pods {
        let Some(owner) = controller_of(pod.meta()) else {
            unmanaged = true;
            continue;
        };
        if scales.contains_key(&owner.uid) {
            continue;
        }
        match scale(reconcile, owner, pod.namespace())? {
            Found::Open => open = true,
            Found::Nothing => return Err(format!("found no controllers for pod {:?}", pod.name())),
            Found::Scale(uid, scale) => drop(scales.insert(uid, scale)),
        }
    }
    Ok((!open).then(|| (scales.values().fold(0_i32, |sum, scale| sum.saturating_add(*scale)), unmanaged)))
}

enum Found {
    Open,
    Nothing,
    Scale(String, i32),
}

/// The scale of a pod's controller, or of the Deployment above it.
fn scale(reconcile: &mut Reconcile, owner: &OwnerReference, namespace: &str) -> Result<Found, String> {
    let Some(kind) = Kind::find(&owner.api_version, &owner.kind) else { return Ok(Found::Nothing) };
    let Some(scale) = kind.scale.as_ref() else {
        return Err(format!("{} does not implement the scale subresource", kind.resource()));
    };
    let replicas = |found: &Object| match found.get::<Scale>() {
        Some(scale) => scale.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0),
        None => (scale.replicas)(found),
    };
    let key = Key::new(namespace, &owner.name);
    let known = [&replica_set::KIND, &deployment::KIND, &replication_controller::KIND].contains(&kind);
    let found = if known {
        reconcile.lookup(kind, &key)
    } else {
        match reconcile.ask_scale(kind, &key) {
            None => return Ok(Found::Open),
            Some(answer) => answer.ok(),
        }
    };
    let Some(found) = found.filter(|found| found.uid() == owner.uid) else { return Ok(Found::Nothing) };
    match controller_of(found.meta()).filter(|above| above.kind == "Deployment") {
        Some(above) => self::scale(reconcile, above, namespace),
        None => Ok(Found::Scale(found.uid().to_owned(), replicas(found))),
    }
}

/// The pods that the eviction API has announced and that are still there (upstream: `buildDisruptedPodMap`).
fn still_announced(
    reconcile: &mut Reconcile,
    object: &Object,
    budget: &Document,
    pods: &[&Object],
) -> Map<String, Value> {
    let mut still = Map::new();
    let now = reconcile.now();
    let listed = budget.at("status.disruptedPods").and_then(Value::as_object);
    for (name, since) in listed.into_iter().flatten() {
        let Some(pod) = pods.iter().find(|pod| pod.name() == name && !pod.is_terminating()) else { continue };
        let Some(until) = super::job::spec::at(since).map(|at| at + timing::EVICTION_ANNOUNCED) else { continue };
        if until < now {
            // Upstream prints the namespace twice.
            let space = object.namespace();
            let message = format!("Pod was expected by PDB {space}/{space} to be deleted but it wasn't");
            reconcile.say(Saying::warning(pod, "NotDeleted", message));
        } else {
            reconcile.again_after(until.since(now));
            still.insert(name.clone(), since.clone());
        }
    }
    still
}

/// Upstream: `updatePdbStatus`.
fn write(
    reconcile: &mut Reconcile,
    object: &Object,
    budget: &Document,
    (healthy, desired, expected): (i32, i32, i32),
    announced: Map<String, Value>,
) {
    let allowed = if expected <= 0 { 0 } else { (healthy - desired).max(0) };
    let old = budget.at("status").cloned().unwrap_or_else(|| json!({}));
    let mut status = json!({
        "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected, "disruptionsAllowed": allowed,
        "observedGeneration": object.meta().generation,
    });
    if !announced.is_empty() {
        status["disruptedPods"] = Value::Object(announced);
    }
    if !old["conditions"].is_null() {
        status["conditions"] = old["conditions"].clone();
    }
    pod_disruption_budget::set_allowed(&mut status, reconcile.now());
    if status != old {
        store(reconcile, object, status);
    }
}

fn store(reconcile: &mut Reconcile, object: &Object, status: Value) {
    let mut object = object.clone();
    if let Some(document) = object.document_mut() {
        document.set("status", status);
    }
    reconcile.request(Request::update_status(object));
}

/// Nothing may go while nobody knows how many there should be.
fn fail_safe(reconcile: &mut Reconcile, object: &Object, budget: &Document, why: &str) {
    let old = budget.at("status").cloned().unwrap_or_else(|| json!({}));
    let mut status = old.clone();
    status["disruptionsAllowed"] = 0.into();
    pod_disruption_budget::set_condition(&mut status, ("False", "SyncFailed", why), reconcile.now());
    if status != old {
        store(reconcile, object, status);
    }
}

/// Two minutes after an announcement that nothing followed (upstream: `syncStalePodDisruption`).
fn unannounce(reconcile: &mut Reconcile, object: &Object) {
    let Some(since) = announced(object) else { return };
    let left = (since + timing::EVICTION_ANNOUNCED).since(reconcile.now());
    if left > Duration::ZERO {
        return reconcile.again_after(left);
    }
    let now = timestamp(reconcile.now());
    let mut object = object.clone();
    if let Some(pod) = object.get_mut::<Pod>() {
        for condition in pod.status.conditions.iter_mut().flatten().filter(|c| c.type_ == "DisruptionTarget") {
            "False".clone_into(&mut condition.status);
            (condition.reason, condition.message) = (None, None);
            condition.last_transition_time = Some(now.clone());
        }
    }
    reconcile.write(Write::new(Request::patch_status(object)).tolerating(Tolerate::NotFound));
}

/// A selector as Go prints the struct.
fn go_selector(selector: Option<&Value>) -> String {
    let Some(selector) = selector else { return "nil".to_owned() };
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let labels: Vec<String> =
        labels.map(|(name, value)| format!("{name}: {},", value.as_str().unwrap_or_default())).collect();
    let labels = labels.concat();
    let rules = selector["matchExpressions"].as_array().into_iter().flatten().map(|rule| {
        let text = |field: &str| rule[field].as_str().unwrap_or_default();
        let values: Vec<&str> = rule["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (key, operator) = (text("key"), text("operator"));
        format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{}],}},", values.join(" "))
    });
    let rules = rules.collect::<Vec<_>>().concat();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{rules}}},}}"
    )
}
