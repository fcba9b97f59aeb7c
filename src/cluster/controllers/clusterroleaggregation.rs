//! Aggregated roles: a `ClusterRole` with an `aggregationRule` has the rules of all roles that it selects.
//!
//! Upstream: `pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go`: in the order of the roles'
//! names, each rule once, never its own.

use super::shared::{labels, subject};
use crate::api::kinds::cluster_role;
use crate::api::request::PatchType;
use crate::api::selector::Selector;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Wake, Watch};
use serde_json::{Value, json};

const SELECTORS: &str = "aggregationRule.clusterRoleSelectors";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "clusterrole-aggregation-controller",
    account: "clusterrole-aggregation-controller",
    workers: 5,
    watches: &[Watch::mapped(&cluster_role::KIND, wake)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

/// Whatever changes, every role that aggregates may be concerned.
fn wake(wake: &mut Wake, _: Option<&Object>, _: Option<&Object>) {
    let aggregates = |role: &&Object| role.document().is_some_and(|role| role.at("aggregationRule").is_some());
    let roles: Vec<&Object> = wake.cache(&cluster_role::KIND).iter().filter(aggregates).collect();
    wake.objects(roles);
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    let Some(role) = object.document().filter(|role| role.at("aggregationRule").is_some()) else { return Ok(()) };
    let mut rules: Vec<Value> = Vec::new();
    for selector in role.list(SELECTORS) {
        let selector = Selector::from_value(selector)?;
        let others = reconcile.cache(&cluster_role::KIND).iter();
        let selected = others.filter(|other| other.name() != object.name() && selector.matches(labels(other.meta())));
        for rule in selected.filter_map(Object::document).flat_map(|other| other.list("rules")) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    if rules != role.list("rules") {
        let mut patch = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": object.name()}});
        // No rules are not applied as an empty list: then the controller has no say in them.
        if !rules.is_empty() {
            patch["rules"] = Value::Array(rules);
        }
        let mut apply = Request::patch(&cluster_role::KIND, &object.key(), PatchType::Apply, patch);
        (apply.options.field_manager, apply.options.force) = (CONTROLLER.name.into(), true);
        reconcile.request(apply);
    }
    Ok(())
}
