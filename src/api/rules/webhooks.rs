//! `MutatingWebhookConfiguration` and `ValidatingWebhookConfiguration`, and the rules that policies share with them.
//!
//! Upstream: `pkg/apis/admissionregistration/validation/validation.go`, `.../v1/defaults.go`,
//! `k8s.io/apiserver/pkg/util/webhook/validation.go`.

use super::{default_field, field, items_mut, policies, selector};
use crate::api::check::Errors;
use crate::api::names;
use crate::api::object::Object;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::SortedSet;
use serde_json::{Value, json};

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const URL_FORM: &str = "; desired format: https://host[/path]";

/// What the server adds to each webhook.
pub fn default(object: &mut Object) {
    let mutating = object.kind().kind == "MutatingWebhookConfiguration";
    let Some(hooks) = object.document_mut().and_then(|document| document.field_mut("webhooks")) else { return };
    for hook in hooks.as_array_mut().into_iter().flatten() {
        default_field(hook, "failurePolicy", "Fail");
        default_match(hook);
        default_field(hook, "timeoutSeconds", 10);
        if mutating {
            default_field(hook, "reinvocationPolicy", "Never");
        }
        items_mut(hook, "rules").for_each(|rule| default_field(rule, "scope", "*"));
        if let Some(service) = hook.get_mut("clientConfig").and_then(|client| client.get_mut("service")) {
            default_field(service, "port", 443);
        }
    }
}

/// What is matched if nothing is said: all equivalents, everywhere.
pub fn default_match(matching: &mut Value) {
    default_field(matching, "matchPolicy", "Equivalent");
    default_field(matching, "namespaceSelector", json!({}));
    default_field(matching, "objectSelector", json!({}));
}

/// All errors of either configuration.
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let mutating = object.kind().kind == "MutatingWebhookConfiguration";
    let mut seen = SortedSet::new();
    for hook in field(object, "webhooks").items() {
        webhook(&mut out, &hook, mutating);
        review_versions(&mut out, &hook.field("admissionReviewVersions"));
        let name = hook.field("name");
        if !name.is_empty() && !seen.insert(name.text()) {
            out.push(name.duplicate());
        }
    }
    out
}

fn webhook(out: &mut Errors, hook: &At, mutating: bool) {
    let name = hook.field("name");
    fully_qualified(out, &name);
    hook.field("rules").items().for_each(|one| rule(out, &one));
    one_of(out, &hook.field("failurePolicy"), &["Fail", "Ignore"]);
    one_of(out, &hook.field("matchPolicy"), &["Equivalent", "Exact"]);
    let effects = hook.field("sideEffects");
    if !effects.given() {
        out.push(effects.required("must specify one of None, NoneOnDryRun"));
    }
    one_of(out, &effects, &["None", "NoneOnDryRun"]);
    let timeout = hook.field("timeoutSeconds");
    if timeout.given() && !(1..=30).contains(&timeout.number()) {
        out.push(timeout.invalid("the timeout value must be between 1 and 30 seconds"));
    }
    selector(out, &hook.field("namespaceSelector"));
    selector(out, &hook.field("objectSelector"));
    if mutating {
        one_of(out, &hook.field("reinvocationPolicy"), &["IfNeeded", "Never"]);
    }
    client(out, &hook.field("clientConfig"));
    policies::match_conditions(out, &hook.field("matchConditions"), false);
}

/// Where to reach a webhook.
pub fn client(out: &mut Errors, client: &At) {
    let (address, service) = (client.field("url"), client.field("service"));
    match (address.given(), service.given()) {
        (true, false) => url(out, &address),
        (false, true) => webhook_service(out, &service),
        _ => out.push(client.required("exactly one of url or service is required")),
    }
}

/// If it is given it must be one of these, which are shown in this order.
pub fn one_of(out: &mut Errors, at: &At, known: &[&str]) {
    if at.given() && !known.contains(&at.text()) {
        out.push(at.not_supported(known));
    }
}

/// Upstream: `IsFullyQualifiedName`.
fn fully_qualified(out: &mut Errors, name: &At) {
    let complaints = names::dns1123_subdomain(name.text());
    if name.is_empty() {
        out.push(name.required(""));
    } else if !complaints.is_empty() {
        out.push(name.invalid(complaints.join(",")));
    } else if name.text().split('.').count() < 3 {
        out.push(name.invalid("should be a domain with at least three segments separated by dots"));
    }
}

/// Upstream: `ValidateWebhookURL`.
fn url(out: &mut Errors, at: &At) {
    let text = at.text();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let wrong = |value: &str, detail: &str, form: &str| FieldError::invalid(at.path, value, format!("{detail}{form}"));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = if scheme.is_empty() { "" } else { rest.split('/').next().unwrap_or_default() };
    let (user, host) = host.rsplit_once('@').map_or((None, host), |(user, host)| (Some(user), host));
    if scheme != "https" {
        out.push(wrong(scheme, "'https' is the only allowed URL scheme", URL_FORM));
    }
    if host.is_empty() {
        out.push(wrong(host, "host must be specified", URL_FORM));
    }
    if let Some(user) = user {
        out.push(wrong(user, "user information is not permitted in the URL", ""));
    }
    if !fragment.is_empty() {
        out.push(wrong(fragment, "fragments are not permitted in the URL", ""));
    }
    if !query.is_empty() {
        out.push(wrong(query, "query parameters are not permitted in the URL", ""));
    }
}

/// Upstream: `ValidateWebhookService`.
fn webhook_service(out: &mut Errors, service: &At) {
    let (name, namespace, port, path) =
        (service.field("name"), service.field("namespace"), service.field("port"), service.field("path"));
    if name.is_empty() {
        out.push(name.required("service name is required"));
    }
    if namespace.is_empty() {
        out.push(namespace.required("service namespace is required"));
    }
    port_number(out, &port);
    if matches!(path.text(), "" | "/") {
        return;
    }
    if path.text() == "//" {
        out.push(path.invalid("segment[0] may not be empty"));
    }
    if !path.text().starts_with('/') {
        out.push(path.invalid("must start with a '/'"));
    }
    let steps = path.text().get(1..).unwrap_or_default();
    for (index, step) in steps.strip_suffix('/').unwrap_or(steps).split('/').enumerate() {
        if step.is_empty() {
            out.push(path.invalid(format!("segment[{index}] may not be empty")));
            continue;
        }
        let complaints = names::dns1123_subdomain(step);
        path.complain(out, complaints.iter().map(|one| format!("segment[{index}]: {one}")).collect());
    }
}

/// A port of a service that a server calls.
pub fn port_number(out: &mut Errors, port: &At) {
    let complaints = names::port_number(port.number());
    if !complaints.is_empty() {
        out.push(FieldError::invalid(
            port.path,
            port.number(),
            format!("port is not valid: {}", complaints.join(", ")),
        ));
    }
}

fn review_versions(out: &mut Errors, versions: &At) {
    if versions.is_empty() {
        out.push(versions.required("must specify one of v1, v1beta1"));
        return;
    }
    let mut seen = SortedSet::new();
    for version in versions.items() {
        if seen.insert(version.text()) {
            version.complain(out, names::dns1035_label(version.text()));
        } else {
            out.push(version.invalid("duplicate version"));
        }
    }
    if !seen.contains("v1") && !seen.contains("v1beta1") {
        out.push(versions.invalid("must include at least one of v1, v1beta1"));
    }
}

fn has_wildcard(at: &At) -> bool {
    at.len() > 1 && at.texts().contains(&"*")
}

/// Upstream: `validateRuleWithOperations`, `validateRule`.
pub fn rule(out: &mut Errors, rule: &At) {
    let (operations, groups, versions) = (rule.field("operations"), rule.field("apiGroups"), rule.field("apiVersions"));
    if operations.is_empty() {
        out.push(operations.required(""));
    }
    if has_wildcard(&operations) {
        out.push(operations.invalid("if '*' is present, must not specify other operations"));
    }
    operations.items().for_each(|operation| one_of(out, &operation, &OPERATIONS));
    if groups.is_empty() {
        out.push(groups.required(""));
    }
    if has_wildcard(&groups) {
        out.push(groups.invalid("if '*' is present, must not specify other API groups"));
    }
    if versions.is_empty() {
        out.push(versions.required(""));
    }
    if has_wildcard(&versions) {
        out.push(versions.invalid("if '*' is present, must not specify other API versions"));
    }
    let empty = |version: &At| version.is_empty().then(|| version.required(""));
    out.extend(versions.items().filter_map(|version| empty(&version)));
    resources(out, &rule.field("resources"));
    one_of(out, &rule.field("scope"), &["*", "Cluster", "Namespaced"]);
}

/// Upstream: `validateResources`.
fn resources(out: &mut Errors, resources: &At) {
    if resources.is_empty() {
        out.push(resources.required(""));
    }
    let (mut all_of, mut of_all) = (SortedSet::new(), SortedSet::new());
    let mut plain = false;
    for one in resources.items() {
        let text = one.text();
        if text.is_empty() {
            out.push(one.required(""));
            continue;
        }
        let Some((resource, sub)) = text.split_once('/') else {
            plain = text != "*";
            continue;
        };
        if all_of.contains(resource) {
            out.push(one.invalid(format!("if '{resource}/*' is present, must not specify {text}")));
        }
        if of_all.contains(sub) {
            out.push(one.invalid(format!("if '*/{sub}' is present, must not specify {text}")));
        }
        if sub == "*" {
            all_of.insert(resource);
        }
        if resource == "*" {
            of_all.insert(sub);
        }
    }
    let texts = resources.texts();
    if texts.len() > 1 && texts.contains(&"*/*") {
        out.push(resources.invalid("if '*/*' is present, must not specify other resources"));
    }
    if plain && texts.contains(&"*") {
        out.push(resources.invalid("if '*' is present, must not specify other resources without subresources"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn a_webhook_says_what_it_wants_and_where_it_is() {
        let found = complaints(
            validate,
            &json!({"webhooks": [{"name": "a.b", "timeoutSeconds": 31, "admissionReviewVersions": ["v2"],
                "rules": [{"operations": ["*", "READ"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["*", "pods"]}],
                "clientConfig": {"url": "http://me@x/y?z"}}]}),
        );
        assert_eq!(
            found,
            [
                "webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots",
                "webhooks[0].rules[0].operations: Invalid value: [\"*\",\"READ\"]: if '*' is present, must not specify other operations",
                "webhooks[0].rules[0].operations[1]: Unsupported value: \"READ\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"",
                "webhooks[0].rules[0].resources: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other resources without subresources",
                "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
                "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
                "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
                "webhooks[0].clientConfig.url: Invalid value: \"me\": user information is not permitted in the URL",
                "webhooks[0].clientConfig.url: Invalid value: \"z\": query parameters are not permitted in the URL",
                "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1",
            ]
        );
    }
}
