//! What a pod asks for in all, and what it may use at most.
//!
//! Upstream: `component-helpers/resource/helpers.go`, `PodRequests`, `PodLimits`.

use super::super::quantity::Quantity;
use super::status::is_sidecar;
use crate::sim::Sorted;
use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Amounts of resources by name.
pub type Amounts = Sorted<String, Quantity>;

type Texts = BTreeMap<String, Text>;

/// Amounts as they stand in an object; what is none counts as nothing.
#[must_use]
pub fn read(texts: Option<&Texts>) -> Amounts {
    let read = |(name, text): (&String, &Text)| Some((name.clone(), Quantity::try_from(text).ok()?));
    texts.into_iter().flatten().filter_map(read).collect()
}

/// Amounts as they stand in an object.
#[must_use]
pub fn write(amounts: Amounts) -> Option<Texts> {
    let texts: Texts = amounts.into_iter().map(|(name, amount)| (name, Text(amount.to_string()))).collect();
    Some(texts).filter(|texts| !texts.is_empty())
}

/// Adds amounts to others.
pub fn add(to: &mut Amounts, amounts: &Amounts) {
    for (name, amount) in amounts {
        match to.get_mut(name) {
            Some(sum) => sum.add(amount),
            None => {
                to.insert(name.clone(), *amount);
            }
        }
    }
}

fn most(of: &mut Amounts, amounts: &Amounts) {
    for (name, amount) in amounts {
        let less = of.get(name).is_none_or(|known| known.compare(amount) == Ordering::Less);
        if less {
            of.insert(name.clone(), *amount);
        }
    }
}

/// What of a container's resources is meant.
type List = fn(&ResourceRequirements) -> Option<&Texts>;

/// All requests of a pod. `overhead`: with what its sandbox costs.
#[must_use]
pub fn requests(spec: &PodSpec, overhead: bool) -> Amounts {
    let mut total = sum(spec, |resources| resources.requests.as_ref());
    if overhead {
        add(&mut total, &read(spec.overhead.as_ref()));
    }
    total
}

/// All limits of a pod. The overhead counts where there is a limit.
#[must_use]
pub fn limits(spec: &PodSpec, overhead: bool) -> Amounts {
    let mut total = sum(spec, |resources| resources.limits.as_ref());
    if overhead {
        let mut cost = read(spec.overhead.as_ref());
        cost.retain(|name, _| total.get(name).is_some_and(|limit| !limit.is_zero()));
        add(&mut total, &cost);
    }
    total
}

/// What the containers need, and the pod as a whole if it says so.
fn sum(spec: &PodSpec, list: List) -> Amounts {
    let mut total = of_containers(spec, list);
    let own = read(spec.resources.as_ref().and_then(list));
    total.extend(own.into_iter().filter(|(name, _)| is_of_pods(name)));
    total
}

/// What a pod can ask for as a whole. Upstream: `IsSupportedPodLevelResource`.
fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// Whether a pod asks for something as a whole. Upstream: `IsPodLevelRequestsSet`.
#[must_use]
pub fn has_own_requests(spec: &PodSpec) -> bool {
    let own = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    own.is_some_and(|own| own.keys().any(|name| is_of_pods(name)))
}

/// Containers run together; init containers one after the other, each besides the sidecars that began before it
/// (upstream: `AggregateContainerRequests`, `AggregateContainerLimits`).
#[must_use]
pub fn of_containers(spec: &PodSpec, list: List) -> Amounts {
    let of = |container: &Container| read(container.resources.as_ref().and_then(list));
    let (mut total, mut sidecars, mut starting) = (Amounts::new(), Amounts::new(), Amounts::new());
    for container in &spec.containers {
        add(&mut total, &of(container));
    }
    for container in spec.init_containers.iter().flatten() {
        let mut needs = of(container);
        if is_sidecar(container) {
            add(&mut total, &needs);
            add(&mut sidecars, &needs);
            needs.clone_from(&sidecars);
        } else {
            add(&mut needs, &sidecars);
        }
        most(&mut starting, &needs);
    }
    most(&mut total, &starting);
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn init_containers_count_if_they_need_more() {
        let cpu = |amount: &str| json!({"requests": {"cpu": amount}});
        let spec = json!({"containers": [{"name": "a", "resources": cpu("100m")}, {"name": "b", "resources": cpu("1")}],
            "initContainers": [{"name": "i", "resources": cpu("2")},
                {"name": "s", "restartPolicy": "Always", "resources": cpu("300m")}],
            "overhead": {"cpu": "50m", "memory": "1Mi"}});
        let spec: PodSpec = super::super::super::json::decode_part(&spec).expect("a spec");
        assert_eq!(requests(&spec, true).get("cpu").map(Quantity::to_string).as_deref(), Some("2050m"));
        assert_eq!(requests(&spec, false).get("cpu").map(Quantity::to_string).as_deref(), Some("2"));
        assert!(limits(&spec, true).is_empty());
    }
}
