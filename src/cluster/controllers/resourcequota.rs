//! The quota controller: what a namespace uses of each quota, counted anew.
//!
//! Upstream: `pkg/controller/resourcequota/resource_quota_controller.go`. What is made is charged by the server's
//! admission; what goes is given back here: a quota is counted anew when something that it counts is deleted or a pod
//! has ended, when its limits change, and every five minutes.

use super::shared::subject;
use crate::api::document::Document;
use crate::api::kinds::resource_quota;
use crate::api::quantity::{Format, Quantity};
use crate::api::{Object, Ref, Request, usage};
use crate::cluster::client::controller::{Controller, Of, Reconcile, Wake, Watch};
use crate::cluster::timing;
use serde_json::{Map, Value, json};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "resourcequota-controller",
    account: "resourcequota-controller",
    workers: 5,
    watches: &[Watch { of: Of::Every, map: wake }],
    period: Some((timing::QUOTA_SYNC, |wake| {
        let quotas: Vec<&Object> = wake.cache(&resource_quota::KIND).iter().collect();
        wake.objects(quotas);
    })),
    retries: 0,
    reconcile,
    failed: None,
};

fn wake(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new.or(old).filter(|object| object.kind().namespaced) else { return };
    if object.kind() == &resource_quota::KIND {
        return wake.object(object);
    }
    let quotas = wake.cache(&resource_quota::KIND);
    let given_back = || new.is_none() || old.zip(new).is_some_and(|(old, new)| usage::gives_back(old, new, wake.now()));
    if !quotas.is_empty() && given_back() {
        let here: Vec<&Object> = quotas.in_namespace(object.namespace()).collect();
        wake.objects(here);
    }
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    let Some(quota) = object.document() else { return Ok(()) };
    let hard = quota.at("spec.hard").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut counted = object.clone();
    let Some(document) = counted.document_mut() else { return Ok(()) };
    document.set("status.hard", Value::Object(hard.clone()));
    let used = used(reconcile, document, object.namespace(), &hard);
    document.set("status", json!({"hard": hard, "used": used}));
    if document.at("status") != quota.at("status") {
        reconcile.request(Request::update_status(counted));
    }
    Ok(())
}

/// What all objects of a namespace together use of what the quota counts.
fn used(reconcile: &Reconcile, quota: &Document, namespace: &str, hard: &Map<String, Value>) -> Map<String, Value> {
    let zero = || Quantity::from_units(0, Format::DecimalSi);
    // What nothing counts is not told of.
    let known = |name: &&String| reconcile.kinds().any(|kind| kind.namespaced && usage::counts(kind, name));
    let mut sums: Vec<(&String, Option<Quantity>)> = hard.keys().filter(known).map(|name| (name, None)).collect();
    let counted = reconcile.kinds().filter(|kind| kind.namespaced && hard.keys().any(|name| usage::counts(kind, name)));
    for object in counted.flat_map(|kind| reconcile.cache(kind).in_namespace(namespace)) {
        if usage::minds(quota, object) {
            let amounts = usage::of(object, reconcile.now());
            for (name, sum) in &mut sums {
                match (amounts.get(*name), sum) {
                    (Some(amount), Some(sum)) => sum.add(amount),
                    (Some(amount), empty) => *empty = Some(*amount),
                    (None, _) => {}
                }
            }
        }
    }
    crate::api::json::fields(sums.into_iter().map(|(name, sum)| (name, sum.unwrap_or_else(zero).to_string().into())))
}
