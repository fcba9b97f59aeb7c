//! The status of `ValidatingAdmissionPolicy`s: whether their expressions fit the kinds that they are for.
//!
//! Upstream: `pkg/controller/validatingadmissionpolicystatus/controller.go` with `policy/validating/typechecking.go`
//! (`TypeChecker.Check`, `typesToCheck`): each validation and its message is checked against every kind that the
//! constraints name without wildcards, at most ten; a complaint is only a warning, the policy still decides.
//!
//! Left out: the types of parameters and of variables (they fit everything), kinds that somebody has added.

use super::shared::subject;
use crate::api::cel::rules::program;
use crate::api::cel::types::{Type, complaints};
use crate::api::kinds::{KINDS, validating_admission_policy};
use crate::api::request::PatchType;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Wake, Watch};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Upstream: `maxTypesToCheck`.
const MOST_TYPES: usize = 10;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "validatingadmissionpolicy-status-controller",
    account: "validatingadmissionpolicy-status-controller",
    workers: 5,
    watches: &[Watch::mapped(&validating_admission_policy::KIND, wake)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn wake(wake: &mut Wake, _: Option<&Object>, new: Option<&Object>) {
    wake.objects(new);
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    let Some(policy) = object.document() else { return Ok(()) };
    let generation = object.meta().generation;
    let observed = policy.at("status.observedGeneration").and_then(Value::as_i64);
    if observed >= generation {
        return Ok(());
    }
    let types = types(policy.list("spec.matchConstraints.resourceRules"));
    let mut warnings = Vec::new();
    for (number, validation) in policy.list("spec.validations").iter().enumerate() {
        for field in ["expression", "messageExpression"] {
            let warning = validation[field].as_str().map(|text| check(text, &types)).unwrap_or_default();
            if !warning.is_empty() {
                let place = format!("spec.validations[{number}].{field}");
                warnings.push(json!({"fieldRef": place, "warning": warning}));
            }
        }
    }
    let checked = if warnings.is_empty() { json!({}) } else { json!({"expressionWarnings": warnings}) };
    let patch = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": object.name()},
        "status": {"observedGeneration": generation, "typeChecking": checked},
    });
    let mut apply = Request::patch(key.kind, &object.key(), PatchType::Apply, patch);
    (apply.options.field_manager, apply.options.force) = (CONTROLLER.name.into(), true);
    apply.target.subresource = "status";
    reconcile.request(apply);
    Ok(())
}

/// The kinds that the rules name: group, version, kind.
fn types(rules: &[Value]) -> Vec<(&'static str, &'static str, &'static str)> {
    let list = |rule: &Value, name: &str| -> Vec<String> {
        let items = rule[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        items.map(str::to_owned).collect()
    };
    let mut found = BTreeSet::new();
    for rule in rules {
        let [groups, versions, resources] = ["apiGroups", "apiVersions", "resources"].map(|name| list(rule, name));
        // A rule for all of something says nothing about types.
        if [&groups, &versions, &resources].iter().any(|names| names.iter().any(|name| name.contains('*'))) {
            continue;
        }
        let named = |names: &[String], name: &str| names.iter().any(|one| one == name);
        let kinds = KINDS.iter().filter(|kind| {
            named(&groups, kind.group) && named(&versions, kind.version) && named(&resources, kind.plural)
        });
        found.extend(kinds.map(|kind| (kind.group, kind.version, kind.kind)));
    }
    found.into_iter().take(MOST_TYPES).collect()
}

/// What is wrong with an expression, one complaint for each kind that it does not fit.
fn check(text: &str, types: &[(&'static str, &'static str, &'static str)]) -> String {
    let Ok(program) = program(text) else { return String::new() };
    let mut out = String::new();
    for (group, version, kind) in types {
        let Some(of) = Type::of_kind(group, version, kind) else { continue };
        let told = complaints(&program, text, &[("object", of.clone()), ("oldObject", of)]);
        if !told.is_empty() {
            out += &[group, "/", version, ", Kind=", kind, ": ", told.as_str(), "\n"].concat();
        }
    }
    out
}
