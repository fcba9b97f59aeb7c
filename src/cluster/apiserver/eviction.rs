//! `POST pods/<name>/eviction`: a deletion that asks the disruption budgets first.
//!
//! Upstream: `pkg/registry/core/pod/storage/eviction.go`. Up to three writes, one after the other: the budget's status
//! (one disruption less, the pod announced), the pod's condition `DisruptionTarget`, and the deletion itself. Pods that
//! have ended, have not begun or are going already need no budget; pods that are not ready need none if the budget's
//! policy says so.

use super::admission::namespace_lifecycle::takes;
use super::deletion;
use super::stages::{Plan, Refused, Review, admission, at};
use crate::api::kinds::pod::Pod;
use crate::api::kinds::pod_disruption_budget::{self as budget, set_allowed};
use crate::api::meta::timestamp;
use crate::api::request::{DeleteOptions, Propagation};
use crate::api::selector::Selector;
use crate::api::status::Cause;
use crate::api::{Body, Object, Status};
use crate::cluster::fact::Gate;
use crate::sim::Time;
use k8s_openapi::api::core::v1::PodCondition;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Upstream: `MaxDisruptedPodSize`.
const ANNOUNCED_MAX: usize = 2000;
/// What a refused client is to wait, in seconds.
const RETRY_AFTER: u32 = 10;

/// What an eviction begins with: the budget's status, or the pod's condition where no budget is asked.
///
/// # Errors
/// The gate that refuses: 404 without such a pod, 429 when a budget has nothing left, 500 when there are two budgets.
pub fn evict(review: &mut Review, stored: Option<&Object>) -> Result<Plan, Refused> {
    let target = review.request.target.object.clone();
    let body = body(review)?;
    takes(review, &target.key.name).map_err(at(Gate::Mutating))?;
    let name = body["metadata"]["name"].as_str().unwrap_or_default();
    if name != &*target.key.name {
        let text = "name in URL does not match name in Eviction object";
        return Err(at(Gate::Decoding)(Status::bad_request(text)));
    }
    let missing = || at(Gate::Storage)(Status::not_found(target.kind, &target.key.name));
    let old = stored.ok_or_else(missing)?;
    admission::validate(review, None, Some(old)).map_err(at(Gate::Validating))?;
    deletion::preconditions(&options(&body), old).map_err(at(Gate::Storage))?;
    if ignores_budgets(old) {
        return Ok(mark(old, review.now));
    }
    let budgets: Vec<&Object> =
        review.cache.in_namespace(&budget::KIND, &target.key.namespace).filter(|budget| covers(budget, old)).collect();
    let [budget] = budgets.as_slice() else {
        return if budgets.is_empty() { Ok(mark(old, review.now)) } else { Err(at(Gate::Storage)(too_many_budgets())) };
    };
    if is_free(budget, old) {
        return Ok(mark(old, review.now));
    }
    take(budget, old.name(), review.now).map(Plan::Budget).map_err(at(Gate::Storage))
}

fn body(review: &Review) -> Result<Value, Refused> {
    match &review.request.body {
        Body::Document(document) => Ok((**document).clone()),
        _ => Err(at(Gate::Decoding)(Status::bad_request("the body of the request is not an Eviction"))),
    }
}

/// The `deleteOptions` of an Eviction.
fn options(body: &Value) -> DeleteOptions {
    let options = &body["deleteOptions"];
    let conditions = &options["preconditions"];
    DeleteOptions {
        grace_period_seconds: options["gracePeriodSeconds"].as_i64(),
        uid: conditions["uid"].as_str().map(Into::into),
        resource_version: conditions["resourceVersion"].as_str().and_then(|text| text.parse().ok()),
        propagation: match options["propagationPolicy"].as_str() {
            Some("Orphan") => Some(Propagation::Orphan),
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Background") => Some(Propagation::Background),
            _ => None,
        },
    }
}

/// Upstream: `canIgnorePDB`.
fn ignores_budgets(object: &Object) -> bool {
    let over = |pod: &Pod| pod.is_terminal() || pod.phase() == "Pending";
    object.is_terminating() || object.get::<Pod>().is_some_and(over)
}

fn covers(budget: &Object, pod: &Object) -> bool {
    let selector = budget.document().and_then(|budget| budget.at("spec.selector"));
    let none = BTreeMap::new();
    let labels = pod.meta().labels.as_ref().unwrap_or(&none);
    selector.is_some_and(|selector| Selector::from_value(selector).is_ok_and(|selector| selector.matches(labels)))
}

/// Whether a pod that is not ready may go whatever is left of the budget.
fn is_free(budget: &Object, pod: &Object) -> bool {
    let Some(document) = budget.document().filter(|_| !pod.get().is_some_and(Pod::is_ready)) else { return false };
    let number = |path: &str| document.at(path).and_then(Value::as_i64).unwrap_or(0);
    let wanted = number("status.desiredHealthy");
    document.text("spec.unhealthyPodEvictionPolicy") == "AlwaysAllow"
        || wanted > 0 && number("status.currentHealthy") >= wanted
}

fn too_many_budgets() -> Status {
    let text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    Status { code: 500, reason: "", message: text.to_owned(), details: None }
}

/// The budget with one disruption less (upstream: `checkAndDecrement`).
fn take(budget: &Object, pod: &str, now: Time) -> Result<Object, Status> {
    let Some(document) = budget.document() else { return Err(Status::internal("a budget is kept as a tree")) };
    let number = |path: &str| document.at(path).and_then(Value::as_i64).unwrap_or(0);
    let name = budget.name();
    if number("status.observedGeneration") < budget.meta().generation.unwrap_or(0) {
        return Err(refusal(
            RETRY_AFTER,
            format!("The disruption budget {name} is still being processed by the server."),
        ));
    }
    let allowed = number("status.disruptionsAllowed");
    let announced = document.at("status.disruptedPods").and_then(Value::as_object).map_or(0, serde_json::Map::len);
    if allowed < 0 {
        return Err(Status::forbidden(budget.kind(), name, "pdb disruptions allowed is negative"));
    }
    if announced > ANNOUNCED_MAX {
        let text = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(Status::forbidden(budget.kind(), name, text));
    }
    if allowed == 0 {
        let (wants, has) = (number("status.desiredHealthy"), number("status.currentHealthy"));
        let failed = document.list("status.conditions").iter().find(|condition| condition["reason"] == "SyncFailed");
        let text = match failed.and_then(|condition| condition["message"].as_str()) {
            Some(why) => format!(
                "The disruption budget {name} does not allow evicting pods currently because it failed sync: {why}"
            ),
            None => format!("The disruption budget {name} needs {wants} healthy pods and has {has} currently"),
        };
        return Err(refusal(0, text));
    }
    let mut status = document.at("status").cloned().unwrap_or_else(|| json!({}));
    status["disruptionsAllowed"] = (allowed - 1).into();
    status["disruptedPods"][pod] = timestamp(now).0.to_string().into();
    if allowed == 1 {
        set_allowed(&mut status, now);
    }
    let mut taken = budget.clone();
    if let Some(document) = taken.document_mut() {
        document.set("status", status);
    }
    Ok(taken)
}

fn refusal(retry_after: u32, cause: String) -> Status {
    let text = "Cannot evict pod as it would violate the pod's disruption budget.";
    let mut status = Status::too_many_requests(text, retry_after);
    let cause = Cause { reason: "DisruptionBudget", message: cause, field: String::new() };
    status.details.get_or_insert_default().causes.push(cause);
    status
}

/// The next step after the budget, on the pod as it is stored now: the deletion once it is announced.
///
/// # Errors
/// 404 when it is gone meanwhile.
pub fn go_on(review: &Review, stored: Option<&Object>, announced: bool) -> Result<Plan, Refused> {
    let target = &review.request.target.object;
    let old = stored.ok_or_else(|| at(Gate::Storage)(Status::not_found(target.kind, &target.key.name)))?;
    if announced { Ok(deletion::plan(&options(&body(review)?), old, review.now)) } else { Ok(mark(old, review.now)) }
}

/// The pod, announced to be disrupted (upstream: `addConditionAndDeletePod`).
fn mark(old: &Object, now: Time) -> Plan {
    let mut new = old.clone();
    if let Some(pod) = new.get_mut::<Pod>() {
        let conditions = pod.status.conditions.get_or_insert_default();
        let holds = |condition: &PodCondition| condition.type_ == "DisruptionTarget" && condition.status == "True";
        let since = conditions.iter().find(|condition| holds(condition)).and_then(|c| c.last_transition_time.clone());
        conditions.retain(|condition| condition.type_ != "DisruptionTarget");
        conditions.push(PodCondition {
            type_: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
            reason: Some("EvictionByEvictionAPI".to_owned()),
            message: Some("Eviction API: evicting".to_owned()),
            last_transition_time: Some(since.unwrap_or_else(|| timestamp(now))),
            ..PodCondition::default()
        });
    }
    Plan::MarkThenEvict(new)
}
