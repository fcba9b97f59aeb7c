//! `ValidatingAdmissionPolicy` and its bindings.
//!
//! Upstream: `pkg/apis/admissionregistration/validation/validation.go`, `.../v1/defaults.go`.

use super::policy_expressions::{self as expressions, Names};
use super::webhooks::{default_match, one_of, rule};
use super::{default_field, field, items_mut, selector};
use crate::api::cel::RESERVED;
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::SortedSet;
use serde_json::{Value, json};

const MOST_CONDITIONS: usize = 64;
const MOST_ANNOTATIONS: usize = 20;
const LONGEST_ANNOTATION: usize = 5 * 1024;

/// What the server adds to a policy.
pub fn default(object: &mut Object) {
    let Some(policy) = object.document_mut() else { return };
    policy.set_default("status", json!({}));
    let Some(spec) = policy.field_mut("spec") else { return };
    default_field(spec, "failurePolicy", "Fail");
    if let Some(matching) = spec.get_mut("matchConstraints") {
        default_resources(matching);
    }
}

/// What the server adds to a binding.
pub fn default_binding(object: &mut Object) {
    let spec = object.document_mut().and_then(|binding| binding.field_mut("spec"));
    if let Some(matching) = spec.and_then(|spec| spec.get_mut("matchResources")) {
        default_resources(matching);
    }
}

fn default_resources(matching: &mut Value) {
    default_match(matching);
    for rules in ["resourceRules", "excludeResourceRules"] {
        items_mut(matching, rules).for_each(|rule| default_field(rule, "scope", "*"));
    }
}

/// All errors of a policy (`validateValidatingAdmissionPolicySpec`).
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let (failure, matching, param) =
        (spec.field("failurePolicy"), spec.field("matchConstraints"), spec.field("paramKind"));
    if failure.given() {
        one_of(&mut out, &failure, &["Fail", "Ignore"]);
    } else {
        out.push(failure.required(""));
    }
    if param.given() {
        param_kind(&mut out, &param);
    }
    if matching.given() {
        match_resources(&mut out, &matching);
        let rules = matching.field("resourceRules");
        if rules.is_empty() {
            out.push(rules.required(""));
        }
    } else {
        out.push(matching.required(""));
    }
    match_conditions(&mut out, &spec.field("matchConditions"), param.given());
    let mut names = Names { params: param.given(), authorizer: true, variables: Some(Vec::new()) };
    spec.field("variables").items().for_each(|one| variable(&mut out, &one, &mut names));
    let (validations, annotations) = (spec.field("validations"), spec.field("auditAnnotations"));
    if validations.is_empty() && annotations.is_empty() {
        let detail = "validations or auditAnnotations must contain at least one item";
        out.extend([validations.required(detail), annotations.required(detail)]);
        return out;
    }
    validations.items().for_each(|one| validation(&mut out, &one, &names));
    audit_annotations(&mut out, &annotations, object.name(), &names);
    out
}

fn audit_annotations(out: &mut Errors, annotations: &At, policy: &str, names: &Names) {
    if annotations.len() > MOST_ANNOTATIONS {
        out.push(annotations.invalid(format!("must not have more than {MOST_ANNOTATIONS} auditAnnotations")));
    }
    let mut seen = SortedSet::new();
    for annotation in annotations.items() {
        let (key, value) = (annotation.field("key"), annotation.field("valueExpression"));
        let full = format!("{policy}/{}", key.text());
        check::complain(out, &key.path, &full, names::qualified_name(&full));
        if value.text().trim().is_empty() {
            out.push(value.required("valueExpression is not specified"));
        } else if value.text().trim().len() > LONGEST_ANNOTATION {
            out.push(value.required(&format!("must not exceed {LONGEST_ANNOTATION} bytes in length")));
        } else {
            expressions::check(out, &value, value.text().trim(), names, expressions::STRING_OR_NULL);
        }
        if !seen.insert(key.text()) {
            out.push(key.duplicate());
        }
    }
}

fn param_kind(out: &mut Errors, at: &At) {
    let (version, kind) = (at.field("apiVersion"), at.field("kind"));
    let parts: Vec<&str> = version.text().split('/').collect();
    let parts = match parts[..] {
        [version] => Some(("", version)),
        [group, version] => Some((group, version)),
        _ => None,
    };
    match parts {
        _ if version.is_empty() => out.push(version.required("")),
        None => out.push(version.invalid(format!("unexpected GroupVersion string: {}", version.text()))),
        Some((group, number)) => {
            let complaints = names::dns1123_subdomain(group);
            if !group.is_empty() && !complaints.is_empty() {
                out.push(FieldError::invalid(version.path, group, complaints.join(",")));
            }
            let complaints = names::dns1035_label(number);
            if number.is_empty() {
                out.push(version.invalid("version must be specified"));
            } else if !complaints.is_empty() {
                out.push(FieldError::invalid(version.path, number, complaints.join(",")));
            }
        }
    }
    mixed_case_label(out, &kind, true);
}

/// A kind: a label in any case.
pub fn mixed_case_label(out: &mut Errors, kind: &At, required: bool) {
    let complaints = names::dns1035_label(&kind.text().to_ascii_lowercase());
    if kind.is_empty() {
        out.extend(required.then(|| kind.required("")));
    } else if !complaints.is_empty() {
        out.push(kind.invalid(format!("may have mixed case, but should otherwise match: {}", complaints.join(","))));
    }
}

fn match_resources(out: &mut Errors, at: &At) {
    let policy = at.field("matchPolicy");
    if policy.given() {
        one_of(out, &policy, &["Equivalent", "Exact"]);
    } else {
        out.push(policy.required(""));
    }
    selector(out, &at.field("namespaceSelector"));
    selector(out, &at.field("objectSelector"));
    for rules in ["resourceRules", "excludeResourceRules"] {
        for one in at.field(rules).items() {
            let mut seen = SortedSet::new();
            for name in one.field("resourceNames").items() {
                name.complain(out, names::path_segment(name.text()));
                if !seen.insert(name.text()) {
                    out.push(name.duplicate());
                }
            }
            rule(out, &one);
        }
    }
}

/// Upstream: `validateMatchConditions`.
pub fn match_conditions(out: &mut Errors, conditions: &At, params: bool) {
    let names = Names { params, authorizer: true, variables: None };
    if conditions.len() > MOST_CONDITIONS {
        out.push(FieldError::too_many(conditions.path, conditions.len(), MOST_CONDITIONS));
    }
    let mut seen = SortedSet::new();
    for condition in conditions.items() {
        let (expression, name) = (condition.field("expression"), condition.field("name"));
        if expression.text().trim().is_empty() {
            out.push(expression.required(""));
        } else {
            expressions::check(out, &expression, expression.text().trim(), &names, expressions::BOOL);
        }
        if name.is_empty() {
            out.push(name.required(""));
            continue;
        }
        name.complain(out, names::qualified_name(name.text()));
        if !seen.insert(name.text()) {
            out.push(name.duplicate());
        }
    }
}

fn variable(out: &mut Errors, variable: &At, names: &mut Names) {
    let (name, expression) = (variable.field("name"), variable.field("expression"));
    let text = name.text();
    let identifier = !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
        && !RESERVED.contains(&text);
    if text.trim().is_empty() {
        out.push(name.required("name is not specified"));
    } else if !identifier {
        out.push(name.invalid("name is not a valid CEL identifier"));
    }
    if expression.text().trim().is_empty() {
        out.push(expression.required("expression is not specified"));
        return;
    }
    let of = expressions::check(out, &expression, expression.text(), names, &[]);
    names.variables.get_or_insert_default().push((text.to_owned(), of));
}

fn validation(out: &mut Errors, validation: &At, names: &Names) {
    let (expression, message, message_expression) =
        (validation.field("expression"), validation.field("message"), validation.field("messageExpression"));
    if expression.text().trim().is_empty() {
        out.push(expression.required("expression is not specified"));
    } else {
        expressions::check(out, &expression, expression.text(), names, expressions::BOOL);
    }
    if !message_expression.is_empty() && message_expression.text().trim().is_empty() {
        out.push(message_expression.invalid("must be non-empty if specified"));
    } else if !message_expression.is_empty() {
        let text = message_expression.text();
        expressions::check(out, &message_expression, text, &names.of_messages(), expressions::STRING);
    }
    if !message.is_empty() && message.text().trim().is_empty() {
        out.push(message.invalid("message must be non-empty if specified"));
    } else if message.text().trim().contains(['\n', '\r']) {
        out.push(message.invalid("message must not contain line breaks"));
    }
    one_of(out, &validation.field("reason"), &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
}

/// All errors of a binding (`validateValidatingAdmissionPolicyBindingSpec`).
#[must_use]
pub fn validate_binding(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let (policy, param, matching, actions) = (
        spec.field("policyName"),
        spec.field("paramRef"),
        spec.field("matchResources"),
        spec.field("validationActions"),
    );
    if policy.is_empty() {
        out.push(policy.required(""));
    } else {
        policy.complain(&mut out, names::dns1123_subdomain(policy.text()));
    }
    if param.given() {
        param_ref(&mut out, &param);
    }
    if matching.given() {
        match_resources(&mut out, &matching);
    }
    let mut seen = SortedSet::new();
    for action in actions.items() {
        one_of(&mut out, &action, &["Audit", "Deny", "Warn"]);
        if !seen.insert(action.text()) {
            out.push(action.duplicate());
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        out.push(actions.invalid(
            "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
        ));
    }
    if seen.is_empty() {
        out.push(actions.required("at least one validation action is required"));
    }
    out
}

fn param_ref(out: &mut Errors, at: &At) {
    let (name, select, action) = (at.field("name"), at.field("selector"), at.field("parameterNotFoundAction"));
    let exclusive = "name and selector are mutually exclusive";
    if !name.is_empty() {
        name.complain(out, names::path_segment(name.text()));
        out.extend(select.given().then(|| name.forbidden(exclusive)));
    }
    selector(out, &select);
    match (name.is_empty(), select.given()) {
        (false, true) => out.push(select.forbidden(exclusive)),
        (true, false) => out.push(at.required("one of name or selector must be specified")),
        _ => {}
    }
    if action.is_empty() {
        out.push(action.required(""));
    } else {
        one_of(out, &action, &["Deny", "Allow"]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn a_policy_matches_something_and_says_what_must_hold() {
        let found = complaints(validate, &json!({"metadata": {"name": "p"}, "spec": {"failurePolicy": "Maybe"}}));
        assert_eq!(
            found,
            [
                "spec.failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", \"Ignore\"",
                "spec.matchConstraints: Required value",
                "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
                "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
            ]
        );
        let found = complaints(
            validate,
            &json!({"metadata": {"name": "p"}, "spec": {"failurePolicy": "Fail",
                "paramKind": {"apiVersion": "a/b/c"}, "matchConstraints": {"matchPolicy": "Exact"},
                "variables": [{"name": "in"}], "validations": [{"message": "a\nb", "reason": "Why"}]}}),
        );
        assert_eq!(
            found,
            [
                "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
                "spec.paramKind.kind: Required value",
                "spec.matchConstraints.resourceRules: Required value",
                "spec.variables[0].name: Invalid value: \"in\": name is not a valid CEL identifier",
                "spec.variables[0].expression: Required value: expression is not specified",
                "spec.validations[0].expression: Required value: expression is not specified",
                "spec.validations[0].message: Invalid value: \"a\\nb\": message must not contain line breaks",
                "spec.validations[0].reason: Unsupported value: \"Why\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"",
            ]
        );
    }

    #[test]
    fn a_binding_names_a_policy_and_acts() {
        let found = complaints(
            validate_binding,
            &json!({"spec": {"validationActions": ["Deny", "Warn", "Deny"], "paramRef": {"parameterNotFoundAction": "Deny"}}}),
        );
        assert_eq!(found[0], "spec.policyName: Required value");
        assert_eq!(found[1], "spec.paramRef: Required value: one of name or selector must be specified");
        assert_eq!(found[2], "spec.validationActions[2]: Duplicate value: \"Deny\"");
        assert!(found[3].contains("must not contain both Deny and Warn"));
    }
}
