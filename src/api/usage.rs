//! What an object counts against quotas, and which quotas mind it.
//!
//! Upstream: `pkg/quota/v1/evaluator/core`, `apiserver/pkg/quota/v1/generic`. The server refuses by this what would go
//! beyond a quota; the quota controller counts by it what there is.

use super::document::Document;
use super::kinds::pod::Pod;
use super::kinds::{Kind, persistent_volume_claim, pod};
use super::object::Object;
use super::pod::amounts::{self, Amounts};
use super::pod::status::qos_class;
use super::pod::validation::resources::is_extended;
use super::quantity::{Format, Quantity};
use crate::sim::{Sorted, SortedSet};
use k8s_openapi::api::core::v1::{Container, PodSpec, Service};
use serde_json::Value;
use std::cmp::Ordering;

/// Behind the name of a storage class.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";
/// What containers must say if a quota counts it.
const MUST_SAY: [&str; 6] = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

fn one() -> Quantity {
    Quantity::from_units(1, Format::DecimalSi)
}

fn number(count: usize) -> Quantity {
    Quantity::from_units(i64::try_from(count).unwrap_or(i64::MAX), Format::DecimalSi)
}

/// What the object counts (`Evaluator.Usage`).
#[must_use]
pub fn of(object: &Object) -> Amounts {
    let kind = object.kind();
    let mut usage = Amounts::from([(format!("count/{}", kind.resource()), one())]);
    if let Some(pod) = object.get::<Pod>() {
        if !pod.is_terminal() {
            usage.insert("pods".to_owned(), one());
            let spec = &pod.spec;
            compute(&mut usage, &amounts::requests(spec, true), &amounts::limits(spec, true));
        }
        return usage;
    }
    if kind.group.is_empty() {
        usage.insert(kind.plural.to_owned(), one());
    }
    if let Some(service) = object.get::<Service>() {
        count_service(&mut usage, service);
    }
    if kind == &persistent_volume_claim::KIND {
        count_claim(&mut usage, object);
    }
    usage
}

/// Requests and limits under the names of quotas (`podComputeUsageHelper`).
fn compute(usage: &mut Amounts, requests: &Amounts, limits: &Amounts) {
    for (name, amount) in requests {
        if matches!(&**name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-") {
            usage.insert(name.clone(), *amount);
            usage.insert(format!("requests.{name}"), *amount);
        } else if is_extended(name) {
            usage.insert(format!("requests.{name}"), *amount);
        }
    }
    for (name, amount) in limits {
        if matches!(&**name, "cpu" | "memory" | "ephemeral-storage") {
            usage.insert(format!("limits.{name}"), *amount);
        }
    }
}

fn count_service(usage: &mut Amounts, service: &Service) {
    let Some(spec) = &service.spec else { return };
    let ports = number(spec.ports.as_ref().map_or(0, Vec::len));
    match spec.type_.as_deref() {
        Some("NodePort") => {
            usage.insert("services.nodeports".to_owned(), ports);
        }
        Some("LoadBalancer") => {
            if spec.allocate_load_balancer_node_ports != Some(false) {
                usage.insert("services.nodeports".to_owned(), ports);
            }
            usage.insert("services.loadbalancers".to_owned(), one());
        }
        _ => {}
    }
}

fn count_claim(usage: &mut Amounts, claim: &Object) {
    let class = persistent_volume_claim::class(claim);
    let size = super::kinds::document_text(claim, "spec.resources.requests.storage");
    let size = Quantity::parse(size).ok();
    if let Some(size) = size {
        usage.insert("requests.storage".to_owned(), size);
    }
    if !class.is_empty() {
        usage.insert(format!("{class}{OF_CLASS}persistentvolumeclaims"), one());
        if let Some(size) = size {
            usage.insert(format!("{class}{OF_CLASS}requests.storage"), size);
        }
    }
}

/// Whether objects of a kind can count against a resource of a quota (`MatchingResources`).
#[must_use]
pub fn counts(kind: &Kind, name: &str) -> bool {
    if name.strip_prefix("count/").is_some_and(|resource| *resource == kind.resource()) {
        return true;
    }
    match kind.kind {
        "Pod" if kind == &pod::KIND => {
            let bare = name.strip_prefix("requests.").unwrap_or(name);
            let basic = |name: &str| matches!(name, "cpu" | "memory" | "ephemeral-storage");
            name == "pods"
                || basic(bare)
                || name.strip_prefix("limits.").is_some_and(basic)
                || bare.starts_with("hugepages-")
                || (bare != name && is_extended(bare))
        }
        "Service" => matches!(name, "services" | "services.nodeports" | "services.loadbalancers"),
        "PersistentVolumeClaim" => {
            let of_class = name.split_once(OF_CLASS).map(|(_, rest)| rest).unwrap_or_default();
            matches!(name, "persistentvolumeclaims" | "requests.storage")
                || matches!(of_class, "persistentvolumeclaims" | "requests.storage")
        }
        _ => kind.group.is_empty() && name == kind.plural,
    }
}

/// Whether a quota minds the object: it counts something of it, and its scopes fit (`Evaluator.Matches`).
#[must_use]
pub fn minds(quota: &Document, object: &Object) -> bool {
    let hard = quota.at("status.hard").and_then(Value::as_object).into_iter().flatten();
    let any = hard.into_iter().any(|(name, _)| counts(object.kind(), name));
    any && scopes(quota).iter().all(|scope| fits(scope, object))
}

/// The scopes of a quota: name, operator, values.
fn scopes(quota: &Document) -> Vec<(&str, &str, Vec<&str>)> {
    let plain = quota.texts("spec.scopes").into_iter().map(|scope| (scope, "Exists", Vec::new()));
    let selected = quota.list("spec.scopeSelector.matchExpressions").iter().map(|expression| {
        let text = |name: &str| expression[name].as_str().unwrap_or_default();
        let values = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        (text("scopeName"), text("operator"), values)
    });
    plain.chain(selected).collect()
}

/// Upstream: `podMatchesScopeFunc`, `pvcMatchesScopeFunc`.
fn fits((scope, operator, values): &(&str, &str, Vec<&str>), object: &Object) -> bool {
    let named = |name: &str| match *operator {
        "In" => values.contains(&name),
        "NotIn" => !values.contains(&name),
        "DoesNotExist" => name.is_empty(),
        _ => !name.is_empty(),
    };
    let Some(pod) = object.get::<Pod>() else {
        let class = super::kinds::document_text(object, "spec.volumeAttributesClassName");
        return *scope == "VolumeAttributesClass" && named(class);
    };
    let ends = pod.spec.active_deadline_seconds.is_some_and(|seconds| seconds >= 0);
    match *scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        "BestEffort" => qos_class(&pod.spec) == "BestEffort",
        "NotBestEffort" => qos_class(&pod.spec) != "BestEffort",
        "PriorityClass" => named(pod.spec.priority_class_name.as_deref().unwrap_or_default()),
        "CrossNamespacePodAffinity" => crosses(&pod.spec),
        _ => false,
    }
}

/// Whether the pod looks at pods of other namespaces (`usesCrossNamespacePodAffinity`).
fn crosses(spec: &PodSpec) -> bool {
    let affinity = spec.affinity.as_ref();
    let near = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
    let far = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    let hard = near.map(|near| &near.required_during_scheduling_ignored_during_execution);
    let hard = hard.into_iter().chain(far.map(|far| &far.required_during_scheduling_ignored_during_execution));
    let soft = near.map(|near| &near.preferred_during_scheduling_ignored_during_execution);
    let soft = soft.into_iter().chain(far.map(|far| &far.preferred_during_scheduling_ignored_during_execution));
    let terms = hard.flatten().flatten().chain(soft.flatten().flatten().map(|weighted| &weighted.pod_affinity_term));
    terms.into_iter().any(|term| {
        term.namespaces.as_ref().is_some_and(|names| !names.is_empty()) || term.namespace_selector.is_some()
    })
}

/// What containers of the object leave out although a quota counts it (`Evaluator.Constraints`).
#[must_use]
pub fn unsaid(quota: &Document, object: &Object) -> Option<String> {
    let pod = object.get::<Pod>()?;
    let hard = quota.at("status.hard").and_then(Value::as_object)?;
    let required: Vec<&str> = MUST_SAY.into_iter().filter(|name| hard.contains_key(*name)).collect();
    let whole = pod.spec.resources.as_ref();
    if required.is_empty() || whole.is_some_and(|own| own.requests.is_some() || own.limits.is_some()) {
        return None;
    }
    let mut missing: Sorted<&str, SortedSet<&str>> = Sorted::new();
    let containers = pod.spec.containers.iter().chain(pod.spec.init_containers.iter().flatten());
    for Container { name, resources, .. } in containers {
        let own = resources.as_ref();
        let requests = amounts::read(own.and_then(|own| own.requests.as_ref()));
        let limits = amounts::read(own.and_then(|own| own.limits.as_ref()));
        let mut said = Amounts::new();
        compute(&mut said, &requests, &limits);
        for resource in required.iter().filter(|resource| !said.contains_key(**resource)) {
            missing.get_or_default(resource).insert(name);
        }
    }
    let told: Vec<String> = missing
        .into_iter()
        .map(|(resource, names)| format!("{resource} for: {}", names.into_iter().collect::<Vec<_>>().join(",")))
        .collect();
    (!told.is_empty()).then(|| format!("must specify {}", told.join("; ")))
}

/// Amounts of a quota's status.
#[must_use]
pub fn amounts(quota: &Document, path: &str) -> Amounts {
    let texts = quota.at(path).and_then(Value::as_object).into_iter().flatten();
    texts.filter_map(|(name, text)| Some((name.clone(), Quantity::parse(text.as_str()?).ok()?))).collect()
}

/// What the object adds to a quota: its usage, less what it used before, of what the quota counts.
#[must_use]
pub fn added(quota: &Document, object: &Object, old: Option<&Object>) -> Amounts {
    let hard = amounts(quota, "status.hard");
    let (mut usage, before) = (of(object), old.map(of).unwrap_or_default());
    for (name, amount) in &before {
        usage.get_or_insert_with(name.clone(), || Quantity::from_units(0, Format::DecimalSi)).subtract(amount);
    }
    usage.retain(|name, amount| !amount.is_zero() && hard.contains_key(name));
    usage
}

/// `cpu=1,pods=2` (`prettyPrint`).
#[must_use]
pub fn shown(amounts: &Amounts) -> String {
    amounts.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(",")
}

/// The resources of which `used` with `added` is more than `hard`.
#[must_use]
pub fn exceeded(added: &Amounts, used: &Amounts, hard: &Amounts) -> SortedSet<String> {
    let exceeds = |name: &String| {
        let mut sum = added.get(name).copied()?;
        if let Some(used) = used.get(name) {
            sum.add(used);
        }
        Some(sum.compare(hard.get(name)?) == Ordering::Greater)
    };
    added.keys().filter(|name| exceeds(name) == Some(true)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::resource_quota;
    use serde_json::json;

    fn quota(spec: &Value, hard: &Value) -> Document {
        let value = json!({"metadata": {"name": "q"}, "spec": spec, "status": {"hard": hard}});
        Document::read(&resource_quota::KIND, value).expect("a quota")
    }

    fn pod(spec: &Value) -> Object {
        (pod::KIND.decode)(json!({"metadata": {"name": "p"}, "spec": spec})).expect("a pod")
    }

    #[test]
    fn a_pod_counts_what_it_requests() {
        let pod = pod(&json!({"containers": [{"name": "c",
            "resources": {"requests": {"cpu": "600m", "example.com/gpu": "1"}, "limits": {"memory": "1Gi"}}}]}));
        let usage = shown(&of(&pod));
        assert_eq!(
            usage,
            "count/pods=1,cpu=600m,limits.memory=1Gi,pods=1,requests.cpu=600m,requests.example.com/gpu=1"
        );
        let quota = quota(&json!({}), &json!({"requests.cpu": "1", "requests.memory": "1Gi", "services": "1"}));
        assert!(minds(&quota, &pod));
        assert_eq!(unsaid(&quota, &pod).as_deref(), Some("must specify requests.memory for: c"));
        let added = added(&quota, &pod, None);
        assert_eq!(shown(&added), "requests.cpu=600m");
        assert_eq!(exceeded(&added, &added, &amounts(&quota, "status.hard")).len(), 1);
        assert!(super::added(&quota, &pod, Some(&pod)).is_empty());
    }

    #[test]
    fn scopes_choose_pods() {
        let plain = pod(&json!({"containers": [{"name": "c"}], "priorityClassName": "high"}));
        let of = |spec: Value| minds(&quota(&spec, &json!({"pods": "1"})), &plain);
        assert!(of(json!({"scopes": ["BestEffort", "NotTerminating"]})) && !of(json!({"scopes": ["Terminating"]})));
        let classes = |operator: &str| {
            of(json!({"scopeSelector": {"matchExpressions":
                [{"scopeName": "PriorityClass", "operator": operator, "values": ["high"]}]}}))
        };
        assert!(classes("In") && !classes("NotIn"));
    }
}
