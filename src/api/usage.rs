//! What an object counts against quotas, and which quotas mind it.
//!
//! Upstream: `pkg/quota/v1/evaluator/core`, `apiserver/pkg/quota/v1/generic`. The server refuses by this what would go
//! beyond a quota; the quota controller counts by it what there is.

use super::document::Document;
use super::kinds::pod::Pod;
use super::kinds::{Kind, persistent_volume_claim, pod};
use super::meta;
use super::object::Object;
use super::pod::amounts::{self, Amounts};
use super::pod::resized;
use super::pod::status::qos_class;
use super::pod::validation::resources::is_extended;
use super::quantity::{Format, Quantity};
use crate::sim::{Duration, Sorted, SortedSet, Time};
use k8s_openapi::api::core::v1::{Container, ContainerStatus, PodSpec, Service};
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

/// Whether a pod takes anything up still: it has not ended, and is not stuck in its deletion (`QuotaV1Pod`).
#[must_use]
pub fn is_charged(pod: &Pod, now: Time) -> bool {
    let metadata = &pod.metadata;
    let stuck = metadata.deletion_timestamp.as_ref().zip(metadata.deletion_grace_period_seconds).is_some_and(
        |(time, grace)| now > meta::moment(time) + Duration::from_secs(u64::try_from(grace).unwrap_or_default()),
    );
    !pod.is_terminal() && !stuck
}

/// What the object counts at this moment (`Evaluator.Usage`).
#[must_use]
pub fn of(object: &Object, now: Time) -> Amounts {
    let kind = object.kind();
    let mut usage = Amounts::from([(format!("count/{}", kind.resource()), one())]);
    if let Some(pod) = object.get::<Pod>() {
        if is_charged(pod, now) {
            usage.insert("pods".to_owned(), one());
            let resizing = resized::is_resizing(pod).then(|| resized::counted(pod));
            let spec = resizing.as_ref().unwrap_or(&pod.spec);
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
            // Where no ports are given out only those count that are asked for.
            let asked = spec.ports.iter().flatten().filter(|port| port.node_port.is_some_and(|port| port != 0));
            let given = spec.allocate_load_balancer_node_ports != Some(false);
            usage.insert("services.nodeports".to_owned(), if given { ports } else { number(asked.count()) });
            usage.insert("services.loadbalancers".to_owned(), one());
        }
        _ => {}
    }
}

fn count_claim(usage: &mut Amounts, claim: &Object) {
    let class = persistent_volume_claim::class(claim);
    let amount = |path: &str| Quantity::parse(super::kinds::document_text(claim, path)).ok();
    let given = amount("status.allocatedResources.storage");
    // A claim that could not grow has been given more than it asks for.
    let size = amount("spec.resources.requests.storage").map(|size| match given {
        Some(given) if given.compare(&size).is_gt() => whole(given),
        _ => whole(size),
    });
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

/// Bytes are counted whole (`getStorageUsage`).
fn whole(size: Quantity) -> Quantity {
    if size.is_integer() { size } else { Quantity::from_units(size.value(), size.format()) }
}

/// Whether a change of an object may give back what it took up, so that quotas are counted anew (upstream:
/// `pkg/quota/v1/install/update_filter.go`).
#[must_use]
pub fn gives_back(old: &Object, new: &Object, now: Time) -> bool {
    if let (Some(before), Some(after)) = (old.get::<Pod>(), new.get::<Pod>()) {
        return has_resized(before, after) || (is_charged(before, now) && !is_charged(after, now));
    }
    if let (Some(before), Some(after)) = (old.get::<Service>(), new.get::<Service>()) {
        let sort = |service: &Service| {
            let sort = service.spec.as_ref().and_then(|spec| spec.type_.clone()).unwrap_or_default();
            matches!(&*sort, "NodePort" | "LoadBalancer").then_some(sort)
        };
        return sort(before) != sort(after);
    }
    new.kind() == &persistent_volume_claim::KIND && of(old, now) != of(new, now)
}

/// Whether a container really has something else than before (`hasResourcesChanged`).
fn has_resized(old: &Pod, new: &Pod) -> bool {
    statuses(old).any(|before| {
        let after = statuses(new).find(|after| after.name == before.name);
        after.is_some_and(|after| after.resources != before.resources)
    })
}

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.container_statuses.iter().flatten().chain(pod.status.init_container_statuses.iter().flatten())
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

/// What the object adds: its usage, less what it used before. What it gives back is not counted here
/// (`SubtractWithNonNegativeResult`).
#[must_use]
pub fn added(object: &Object, old: Option<&Object>, now: Time) -> Amounts {
    let (mut usage, before) = (of(object, now), old.map(|old| of(old, now)).unwrap_or_default());
    for (name, amount) in &before {
        if let Some(usage) = usage.get_mut(name) {
            usage.subtract(amount);
        }
    }
    usage.retain(|_, amount| amount.sign() > 0);
    usage
}

/// Of amounts what a quota counts.
#[must_use]
pub fn masked(amounts: &Amounts, by: &Amounts) -> Amounts {
    amounts.iter().filter(|(name, _)| by.contains_key(name)).map(|(name, amount)| (name.clone(), *amount)).collect()
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
        let usage = shown(&of(&pod, Time::ZERO));
        assert_eq!(
            usage,
            "count/pods=1,cpu=600m,limits.memory=1Gi,pods=1,requests.cpu=600m,requests.example.com/gpu=1"
        );
        let quota = quota(&json!({}), &json!({"requests.cpu": "1", "requests.memory": "1Gi", "services": "1"}));
        assert!(minds(&quota, &pod));
        assert_eq!(unsaid(&quota, &pod).as_deref(), Some("must specify requests.memory for: c"));
        let hard = amounts(&quota, "status.hard");
        let added = masked(&super::added(&pod, None, Time::ZERO), &hard);
        assert_eq!(shown(&added), "requests.cpu=600m");
        assert_eq!(exceeded(&added, &added, &hard).len(), 1);
        assert!(super::added(&pod, Some(&pod), Time::ZERO).is_empty());
    }

    #[test]
    fn a_pod_stuck_in_its_deletion_is_not_charged() {
        let pod = (pod::KIND.decode)(json!({"metadata": {"name": "p", "deletionTimestamp": "2026-01-05T09:00:30Z",
            "deletionGracePeriodSeconds": 30}, "spec": {"containers": []}}))
        .expect("a pod");
        let usage = |seconds| shown(&of(&pod, Time::from_secs(seconds)));
        assert_eq!(usage(60), "count/pods=1,pods=1");
        assert_eq!(usage(61), "count/pods=1");
    }

    #[test]
    fn services_count_the_ports_that_they_get() {
        let service = |spec: &Value| {
            let document = json!({"metadata": {"name": "s"}, "spec": spec});
            (crate::api::kinds::service::KIND.decode)(document).expect("a Service")
        };
        let usage = |spec: &Value| shown(&of(&service(spec), Time::ZERO));
        let ports = json!([{"port": 80}, {"port": 81, "nodePort": 30081}]);
        let balancer = |given: bool, ports: &Value| json!({"type": "LoadBalancer", "ports": ports, "allocateLoadBalancerNodePorts": given});
        let (all, plain) = (balancer(true, &ports), json!({"type": "ClusterIP", "ports": ports}));
        assert_eq!(usage(&all), "count/services=1,services=1,services.loadbalancers=1,services.nodeports=2");
        let asked = usage(&balancer(false, &ports));
        assert_eq!(asked, "count/services=1,services=1,services.loadbalancers=1,services.nodeports=1");
        assert_eq!(usage(&plain), "count/services=1,services=1");
        // What is given back the controller counts.
        let (all, plain) = (service(&all), service(&plain));
        assert!(added(&plain, Some(&all), Time::ZERO).is_empty());
        assert!(gives_back(&all, &plain, Time::ZERO));
        let fewer = service(&balancer(true, &json!([{"port": 80}])));
        assert!(!gives_back(&all, &fewer, Time::ZERO));
    }

    #[test]
    fn claims_count_whole_bytes_and_what_they_have_been_given() {
        let usage = |size: &str, given: &str| {
            let document = json!({"metadata": {"name": "c"}, "spec": {"resources": {"requests": {"storage": size}}},
                "status": {"allocatedResources": {"storage": given}}});
            let claim = (persistent_volume_claim::KIND.decode)(document).expect("a claim");
            of(&claim, Time::ZERO).get("requests.storage").map(Quantity::to_string)
        };
        assert_eq!(usage("1500m", "1").as_deref(), Some("2"));
        assert_eq!(usage("1Gi", "2Gi").as_deref(), Some("2Gi"));
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
