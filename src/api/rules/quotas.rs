//! `ResourceQuota`.
//!
//! Upstream: `pkg/apis/core/validation/validation.go`, `ValidateResourceQuota`, and `pkg/apis/core/helper/helpers.go`.

use super::field;
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::pod::go_struct;
use crate::api::pod::validation::resources::{COUNTED, is_extended, is_huge_page, is_native, is_standard};
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::SortedSet;
use serde_json::Value;

const COMPUTE: [&str; 6] = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

/// Whether a quota can count it (`IsStandardQuotaResourceName`).
fn is_quota_resource(name: &str) -> bool {
    let storage = matches!(
        name,
        "ephemeral-storage" | "requests.storage" | "requests.ephemeral-storage" | "limits.ephemeral-storage"
    );
    let pages = is_huge_page(name) || name.strip_prefix("requests.").is_some_and(is_huge_page);
    COMPUTE.contains(&name) || COUNTED.contains(&name) || storage || pages
}

/// Whether quotas of a scope can count it (`IsResourceQuotaScopeValidForResource`).
fn fits(scope: &str, name: &str) -> bool {
    match scope {
        "BestEffort" => name == "pods",
        "VolumeAttributesClass" => matches!(name, "persistentvolumeclaims" | "storage" | "requests.storage"),
        scope if SCOPES.contains(&scope) => name == "pods" || COMPUTE.contains(&name),
        _ => true,
    }
}

/// All errors of a quota.
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let hard = spec.field("hard");
    amounts(&mut out, &hard);
    let counted: Vec<&str> = hard.entries().map(|(name, _)| name).filter(|name| is_quota_resource(name)).collect();
    scopes(&mut out, &spec.field("scopes"), &counted);
    let selector = spec.field("scopeSelector");
    if selector.given() {
        expressions(&mut out, &selector, &counted);
    }
    out
}

/// Upstream: `ValidateResourceQuotaResourceName`, `ValidateResourceQuantityValue`.
fn amounts(out: &mut Errors, amounts: &At) {
    for (name, at) in amounts.entries() {
        let complaints = names::qualified_name(name);
        let bare = !name.contains('/');
        if complaints.is_empty() && bare && !is_standard(name) {
            let detail = "must be a standard resource type or fully qualified";
            out.push(FieldError::invalid(at.path, name, detail));
        }
        check::complain(out, &at.path, name, complaints);
        if bare && !is_quota_resource(name) {
            out.push(FieldError::invalid(at.path, name, "must be a standard resource for quota"));
        }
        let Ok(amount) = Quantity::parse(at.text()) else { continue };
        if amount.sign() < 0 {
            out.push(at.invalid("must be greater than or equal to 0"));
        }
        let whole = COUNTED.contains(&name) || (!is_native(name) && is_extended(name));
        if whole && amount.milli_value() % 1000 != 0 {
            out.push(at.invalid("must be an integer"));
        }
    }
}

fn conflicting(found: &SortedSet<&str>) -> usize {
    let pairs = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
    pairs.iter().filter(|pair| pair.iter().all(|scope| found.contains(scope))).count()
}

/// Upstream: `validateResourceQuotaScopes`.
fn scopes(out: &mut Errors, at: &At, counted: &[&str]) {
    let found = at.texts();
    for scope in &found {
        if !SCOPES.contains(scope) {
            out.push(at.invalid("unsupported scope"));
        }
        for _ in counted.iter().filter(|name| !fits(scope, name)) {
            out.push(at.invalid("unsupported scope applied to resource"));
        }
    }
    for _ in 0..conflicting(&found.into_iter().collect()) {
        out.push(at.invalid("conflicting scopes"));
    }
}

/// Upstream: `validateScopedResourceSelectorRequirement`. The path does not say which expression is meant.
fn expressions(out: &mut Errors, selector: &At, counted: &[&str]) {
    const EXISTS: &str = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                          ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                          ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    let at = selector.field("matchExpressions");
    let mut found = SortedSet::new();
    for expression in at.items() {
        let text = |name: &'static str| expression.field(name).text();
        let (scope, operator, values) = (text("scopeName"), text("operator"), expression.field("values"));
        if !SCOPES.contains(&scope) {
            out.push(FieldError::invalid(at.field("scopeName").path, scope, "unsupported scope"));
        }
        for _ in counted.iter().filter(|name| !fits(scope, name)) {
            let shown = go_struct::shown(selector.value, "ScopeSelector");
            out.push(check::invalid_as(&at.path, shown, "unsupported scope applied to resource"));
        }
        let by_name = matches!(scope, "PriorityClass" | "VolumeAttributesClass");
        if SCOPES.contains(&scope) && !by_name && operator != "Exists" {
            out.push(FieldError::invalid(at.field("operator").path, operator, EXISTS));
        }
        match (operator, values.is_empty()) {
            ("In" | "NotIn", true) => out.push(FieldError::required(
                at.field("values").path,
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            )),
            ("Exists" | "DoesNotExist", false) => out.push(FieldError::invalid(
                at.field("values").path,
                values.value.clone(),
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            )),
            ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => {}
            _ => out.push(FieldError::invalid(at.field("operator").path, operator, "not a valid selector operator")),
        }
        found.insert(scope);
    }
    for _ in 0..conflicting(&found) {
        out.push(FieldError::invalid(at.path, Value::Null, "conflicting scopes"));
    }
}

/// All errors of an update of a quota or of its status.
#[must_use]
pub fn update(new: &Object, old: &Object) -> Errors {
    let (spec, before) = (field(new, "spec"), field(old, "spec"));
    if spec.value == before.value {
        let mut out = Vec::new();
        let status = field(new, "status");
        amounts(&mut out, &status.field("hard"));
        amounts(&mut out, &status.field("used"));
        return out;
    }
    let mut out = validate(new);
    let set = |of: &At| of.field("scopes").texts().into_iter().map(str::to_owned).collect::<SortedSet<_>>();
    if set(&spec) != set(&before) {
        out.push(spec.field("scopes").invalid("field is immutable"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_and_scopes_are_checked() {
        let said = |spec: Value| complaints(validate, &json!({ "spec": spec }));
        assert!(said(json!({"hard": {"pods": "4", "requests.cpu": "1", "count/jobs.batch": "3"}})).is_empty());
        assert_eq!(
            said(json!({"hard": {"pods": "-1", "boats": "1"}})),
            [
                "spec.hard[boats]: Invalid value: \"boats\": must be a standard resource type or fully qualified",
                "spec.hard[boats]: Invalid value: \"boats\": must be a standard resource for quota",
                "spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0",
            ]
        );
        assert_eq!(
            said(json!({"hard": {"cpu": "1"}, "scopes": ["BestEffort", "NotBestEffort"]})),
            [
                "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: unsupported scope applied to resource",
                "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes",
            ]
        );
        let selector = json!({"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]});
        assert_eq!(said(json!({"hard": {"pods": "1"}, "scopeSelector": selector})).len(), 1);
    }
}
