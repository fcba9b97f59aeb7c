//! `ValidatingAdmissionPolicy`: what the cluster's own rules, written in CEL, say of a request.
//!
//! Upstream: `apiserver/pkg/admission/plugin/policy/validating/{dispatcher,validator}.go`. Left out: `authorizer`, audit
//! annotations, and what a policy says of `CONNECT`.

use super::{Attributes, Plugin};
use crate::api::cel::rules::{message, program};
use crate::api::cel::{Program, Scope, Val};
use crate::api::kinds::{
    custom_resource_definition, namespace, validating_admission_policy as policy,
    validating_admission_policy_binding as binding,
};
use crate::api::object::{Key, Object};
use crate::api::selector::Selector;
use crate::api::status::{Cause, Details};
use crate::api::{Kind, Status, Verb, custom};
use serde_json::{Value, json};
use std::rc::Rc;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("ValidatingAdmissionPolicy") };

/// What is looked at: the operation, the object and its place.
struct Subject<'a> {
    operation: &'static str,
    object: Option<&'a Object>,
    old: Option<&'a Object>,
    namespace: Option<&'a Object>,
}

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let cache = request.review.cache;
    let target = &request.review.request.target;
    let kind = target.object.kind;
    if cache.count(&binding::KIND) == 0 || kind.group == "admissionregistration.k8s.io" {
        return Ok(());
    }
    let operation = match (request.review.request.verb, request.old) {
        (Verb::Create, _) | (_, None) => "CREATE",
        (Verb::Update | Verb::Patch, _) => "UPDATE",
        _ => "DELETE",
    };
    let namespace = cache.get(&namespace::KIND, &Key::new("", &target.object.key.namespace));
    let subject = Subject { operation, object, old: request.old, namespace };
    let mut denials: Vec<(String, String)> = Vec::new();
    let mut warnings: Vec<Rc<str>> = Vec::new();
    for binding in cache.iter(&binding::KIND) {
        let name = crate::api::kinds::document_text(binding, "spec.policyName");
        let Some(policy) = cache.get(&policy::KIND, &Key::new("", name)) else { continue };
        let (about, place) = (policy.to_value(), binding.to_value());
        let matching = [&about["spec"]["matchConstraints"], &place["spec"]["matchResources"]];
        if !matching.iter().all(|rules| matches(rules, request, &subject)) {
            continue;
        }
        let actions = &place["spec"]["validationActions"];
        let has = |action: &str| actions.as_array().is_some_and(|actions| actions.iter().any(|one| one == action));
        for (reason, text) in judge(&about["spec"], &place["spec"], request, &subject) {
            let by = format!("ValidatingAdmissionPolicy '{name}' with binding '{}'", binding.name());
            if has("Warn") {
                warnings.push(format!("Validation failed for {by}: {text}").into());
            }
            if has("Deny") {
                denials.push((reason, format!("{by} denied request: {text}")));
            }
        }
    }
    request.review.warnings.extend(warnings);
    let name = object.or(request.old).map_or(&*target.object.key.name, Object::name);
    if denials.is_empty() { Ok(()) } else { Err(refusal(kind, name, &denials)) }
}

/// The first denial is told.
fn refusal(kind: &Kind, name: &str, denials: &[(String, String)]) -> Status {
    let (reason, text) = &denials[0];
    let mut status = Status::forbidden(kind, name, text);
    (status.code, status.reason) = match reason.as_str() {
        "Forbidden" => (403, "Forbidden"),
        "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
        "Unauthorized" => (401, "Unauthorized"),
        _ => (422, "Invalid"),
    };
    let cause = Cause { reason: "", message: text.clone(), field: String::new() };
    let details = Details {
        name: name.to_owned(),
        group: kind.group.to_owned(),
        kind: kind.plural.to_owned(),
        causes: vec![cause],
        ..Details::default()
    };
    status.details = Some(Box::new(details));
    status
}

/// Whether a policy's or binding's rules are about the request (upstream: `policy/matching`).
fn matches(rules: &Value, request: &Attributes, subject: &Subject) -> bool {
    let target = &request.review.request.target;
    let kind = target.object.kind;
    let has = |words: &Value, word: &str| {
        words.as_array().is_some_and(|words| words.iter().any(|one| one == "*" || one == word))
    };
    let resource = match target.subresource {
        "" => kind.plural.to_owned(),
        sub => format!("{}/{sub}", kind.plural),
    };
    let fits = |rule: &Value| {
        let named = rule["resources"].as_array().into_iter().flatten().filter_map(Value::as_str).any(|word| match word
            .split_once('/')
        {
            None => word == resource || (word == "*" && target.subresource.is_empty()),
            Some((of, sub)) => (of == "*" || of == kind.plural) && (sub == "*" || sub == target.subresource),
        });
        let scope = match rule["scope"].as_str() {
            Some("Cluster") => !kind.namespaced,
            Some("Namespaced") => kind.namespaced,
            _ => true,
        };
        let of_name = rule["resourceNames"]
            .as_array()
            .is_none_or(|names| names.is_empty() || names.iter().any(|name| *name == *target.object.key.name));
        has(&rule["operations"], subject.operation)
            && has(&rule["apiGroups"], kind.group)
            && has(&rule["apiVersions"], kind.version)
            && named
            && scope
            && of_name
    };
    let any = |name: &str| rules[name].as_array().map(|rules| rules.iter().any(fits));
    if any("excludeResourceRules") == Some(true) || any("resourceRules") == Some(false) {
        return false;
    }
    let selects = |selector: &Value, object: &Object| {
        let none = std::collections::BTreeMap::new();
        let labels = object.meta().labels.as_ref().unwrap_or(&none);
        selector.is_null() || Selector::from_value(selector).is_ok_and(|selector| selector.matches(labels))
    };
    let place = if kind.kind == "Namespace" { subject.object.or(subject.old) } else { subject.namespace };
    place.is_none_or(|namespace| selects(&rules["namespaceSelector"], namespace))
        && [subject.object, subject.old].into_iter().flatten().any(|object| selects(&rules["objectSelector"], object))
}

/// What a policy minds: reasons and texts.
fn judge(policy: &Value, place: &Value, request: &Attributes, subject: &Subject) -> Vec<(String, String)> {
    let fails = policy["failurePolicy"] != "Ignore";
    let read = |text: &Value| text.as_str().and_then(|text| program(text.trim()).ok());
    let variables = policy["variables"].as_array().into_iter().flatten();
    let variables: Vec<(&str, Rc<Program>)> =
        variables.filter_map(|one| Some((one["name"].as_str()?, read(&one["expression"])?))).collect();
    let params = match params(policy, place, request) {
        Ok(params) => params,
        Err(error) if fails => return vec![(String::new(), format!("failed to configure binding: {error}"))],
        Err(_) => return Vec::new(),
    };
    let mut minded = Vec::new();
    for params in params {
        let scope = scope(request, subject)
            .with("params", params)
            .composing(variables.iter().map(|(name, program)| (*name, &**program)).collect());
        minded.extend(validated(policy, scope, fails));
    }
    minded
}

/// Whether the conditions hold (upstream: `matchconditions/matcher.go`): one that does not decides, errors together speak
/// otherwise.
fn applies(policy: &Value, scope: &mut Scope) -> Result<bool, String> {
    let mut errors = Vec::new();
    for condition in policy["matchConditions"].as_array().into_iter().flatten() {
        let text = condition["expression"].as_str().unwrap_or_default().trim();
        match program(text).map_err(|error| error.to_string()).and_then(|program| scope.evaluate(&program)) {
            Ok(Val::Bool(true)) => {}
            Ok(_) => return Ok(false),
            Err(error) => errors.push(format!("expression '{text}' resulted in error: {error}")),
        }
    }
    match errors.as_slice() {
        [] => Ok(true),
        [one] => Err(one.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}

/// What the validations mind with one object of parameters.
fn validated(policy: &Value, mut scope: Scope, fails: bool) -> Vec<(String, String)> {
    match applies(policy, &mut scope) {
        Ok(true) => {}
        Err(error) if fails => return vec![(String::new(), error)],
        _ => return Vec::new(),
    }
    let mut minded = Vec::new();
    for validation in policy["validations"].as_array().into_iter().flatten() {
        let text = validation["expression"].as_str().unwrap_or_default().trim();
        let outcome = program(text).map_err(|error| error.to_string()).and_then(|program| scope.evaluate(&program));
        let reason = validation["reason"].as_str().unwrap_or_default().to_owned();
        match outcome {
            Ok(Val::Bool(true)) => {}
            Ok(_) => {
                let computed =
                    validation["messageExpression"].as_str().and_then(|expression| message(expression, &mut scope));
                let given = || validation["message"].as_str().map(|text| text.trim().to_owned());
                let detail = computed.or_else(given).unwrap_or_else(|| format!("failed expression: {text}"));
                minded.push((reason, detail));
            }
            Err(error) if fails => {
                minded.push((String::new(), format!("expression '{text}' resulted in error: {error}")));
            }
            Err(_) => {}
        }
    }
    minded
}

fn scope<'a>(request: &Attributes, subject: &Subject) -> Scope<'a> {
    let of = |object: Option<&Object>| object.map_or(Val::Null, |object| Val::of(&object.to_value(), &Value::Null));
    let (target, user) = (&request.review.request.target, request.review.user);
    let (kind, key) = (target.object.kind, &target.object.key);
    let groups: Vec<&str> = user.groups.iter().map(|group| &**group).collect();
    let name = subject.object.or(subject.old).map_or("", Object::name);
    let asked = json!({
        "kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "resource": {"group": kind.group, "version": kind.version, "resource": kind.plural},
        "subResource": target.subresource, "name": name, "namespace": &*key.namespace, "operation": subject.operation,
        "userInfo": {"username": &*user.name, "groups": groups}, "dryRun": request.review.request.options.dry_run,
    });
    Scope::default()
        .with("object", of(subject.object))
        .with("oldObject", of(subject.old))
        .with("namespaceObject", of(subject.namespace))
        .with("request", Val::of(&asked, &Value::Null))
}

/// The objects that a binding names as parameters, each of which must be content; null if the policy has none (upstream:
/// `policy/generic/policy_dispatcher.go`, `CollectParams`).
fn params(policy: &Value, place: &Value, request: &Attributes) -> Result<Vec<Val>, String> {
    let wanted = &policy["paramKind"];
    let reference = &place["paramRef"];
    if wanted.is_null() || reference.is_null() {
        return Ok(vec![Val::Null]);
    }
    let cache = request.review.cache;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, name) = (text(&wanted["apiVersion"]), text(&wanted["kind"]));
    let added = || {
        let mut kinds = cache.iter(&custom_resource_definition::KIND).flat_map(custom::kinds);
        kinds.find(|kind| kind.kind == name && kind.api_version() == version)
    };
    let kind = Kind::find(&version, &name)
        .or_else(added)
        .ok_or_else(|| format!("paramKind kind `{version}, Kind={name}` not known"))?;
    let namespace = match (kind.namespaced, reference["namespace"].as_str()) {
        (false, None) => String::new(),
        (false, Some(_)) => {
            return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned());
        }
        (true, Some(namespace)) => namespace.to_owned(),
        (true, None) => request.review.request.target.object.key.namespace.to_string(),
    };
    if kind.namespaced && namespace.is_empty() {
        return Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".to_owned());
    }
    let value = |object: &Object| Val::of(&object.to_value(), &Value::Null);
    let found: Vec<Val> = if let Some(name) = reference["name"].as_str().filter(|name| !name.is_empty()) {
        cache.get(kind, &Key::new(&namespace, name)).map(value).into_iter().collect()
    } else {
        let selector = Selector::from_value(&reference["selector"]).unwrap_or_default();
        let none = std::collections::BTreeMap::new();
        let here = cache.iter(kind).filter(|object| object.namespace() == namespace);
        here.filter(|object| selector.matches(object.meta().labels.as_ref().unwrap_or(&none))).map(value).collect()
    };
    if found.is_empty() && reference["parameterNotFoundAction"] == "Deny" {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
    }
    Ok(found)
}
