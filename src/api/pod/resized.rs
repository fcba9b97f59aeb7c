//! What a pod counts with while it is being resized: the most of what it asks for, what it has been given and what it really
//! has; what its node can never give does not count.
//!
//! Upstream: `component-helpers/resource/helpers.go` (`PodRequests` and `PodLimits` with `UseStatusResources`,
//! `determineContainerReqs`, `determineContainerLimits`).

use crate::api::kinds::pod::Pod;
use crate::api::quantity::Quantity;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use std::cmp::Ordering;
use std::collections::BTreeMap;

type Amounts = BTreeMap<String, Text>;

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.init_container_statuses.iter().flatten().chain(pod.status.container_statuses.iter().flatten())
}

fn has(status: &ContainerStatus) -> Option<&Amounts> {
    status.resources.as_ref().and_then(|resources| resources.requests.as_ref())
}

/// Whether a container has been given something else than it asks for.
#[must_use]
pub fn is_resizing(pod: &Pod) -> bool {
    let all = || pod.spec.init_containers.iter().flatten().chain(&pod.spec.containers);
    statuses(pod).any(|status| {
        let given = [status.allocated_resources.as_ref(), has(status)];
        given.iter().any(Option::is_some)
            && all().find(|container| container.name == status.name).is_some_and(|container| {
                let wants = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
                given.into_iter().flatten().any(|given| Some(given) != wants)
            })
    })
}

/// The spec of such a pod with what counts as its requests and limits.
#[must_use]
pub fn counted(pod: &Pod) -> PodSpec {
    let infeasible = pod.condition("PodResizePending").is_some_and(|one| one.reason.as_deref() == Some("Infeasible"));
    let mut spec = (*pod.spec).clone();
    for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        if let Some(status) = statuses(pod).find(|status| status.name == container.name) {
            count(container, status, infeasible);
        }
    }
    spec
}

fn count(container: &mut Container, status: &ContainerStatus, infeasible: bool) {
    let resources = container.resources.get_or_insert_default();
    let given = [status.allocated_resources.as_ref(), has(status)];
    most(resources.requests.get_or_insert_default(), given, infeasible);
    if let Some(limits) = status.resources.as_ref().and_then(|resources| resources.limits.as_ref()) {
        most(resources.limits.get_or_insert_default(), [None, Some(limits)], infeasible);
    }
}

fn most(amounts: &mut Amounts, given: [Option<&Amounts>; 2], infeasible: bool) {
    if infeasible {
        amounts.clear();
    }
    for (name, amount) in given.into_iter().flatten().flatten() {
        let parsed = |text: &Text| Quantity::parse(&text.0).ok();
        let known = amounts.get(name).and_then(parsed);
        let more =
            parsed(amount).is_some_and(|amount| known.is_none_or(|known| known.compare(&amount) == Ordering::Less));
        if more {
            amounts.insert(name.clone(), amount.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::pod;
    use serde_json::json;

    #[test]
    fn a_pod_counts_with_the_most_of_what_it_asks_for_and_has() {
        let of = |wants: &str, given: &str, reason: &str| {
            let object = json!({"metadata": {"name": "p"},
                "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": wants}}}]},
                "status": {"conditions": [{"type": "PodResizePending", "status": "True", "reason": reason}],
                    "containerStatuses": [{"name": "c", "ready": true, "restartCount": 0, "image": "", "imageID": "",
                        "allocatedResources": {"cpu": given}}]}});
            let object = (pod::KIND.decode)(object).expect("a pod");
            let pod = object.get::<Pod>().expect("a pod");
            let spec = counted(pod);
            let cpu = spec.containers[0].resources.clone().and_then(|all| all.requests).unwrap_or_default();
            (is_resizing(pod), cpu.get("cpu").map(|cpu| cpu.0.clone()).unwrap_or_default())
        };
        assert_eq!(of("2", "1", "Deferred"), (true, "2".to_owned()));
        assert_eq!(of("1", "2", ""), (true, "2".to_owned()));
        assert_eq!(of("8", "1", "Infeasible"), (true, "1".to_owned()));
        assert!(!of("1", "1", "").0);
    }
}
