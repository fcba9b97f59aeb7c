//! What the server itself writes into a new pod's status.

use crate::api::meta;
use crate::api::quantity::Quantity;
use crate::sim::{Sorted, Time};
use k8s_openapi::api::core::v1::{Container, PodCondition, PodSpec, PodStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use std::collections::BTreeMap;

/// The status of a pod that has just been created (upstream: `podStrategy.PrepareForCreate`).
#[must_use]
pub fn of_new(spec: &PodSpec, now: Time) -> PodStatus {
    let gated = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    PodStatus {
        phase: Some("Pending".to_owned()),
        qos_class: Some(qos_class(spec).to_owned()),
        conditions: gated.then(|| vec![gated_condition(now)]),
        ..PodStatus::default()
    }
}

/// Upstream: `applySchedulingGatedCondition`.
fn gated_condition(now: Time) -> PodCondition {
    PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "False".to_owned(),
        reason: Some("SchedulingGated".to_owned()),
        message: Some("Scheduling is blocked due to non-empty scheduling gates".to_owned()),
        last_transition_time: Some(meta::timestamp(now)),
        ..PodCondition::default()
    }
}

/// `Guaranteed`, `Burstable` or `BestEffort` (upstream: `pkg/apis/core/v1/helper/qos`, `ComputePodQOS`): whether all
/// containers have equal requests and limits of CPU and memory, at least one has some, or none has any.
#[must_use]
pub fn qos_class(spec: &PodSpec) -> &'static str {
    let (mut requests, mut limits) = (Sorted::new(), Sorted::new());
    let mut all_limited = true;
    // What the pod asks for as a whole counts instead of what its containers do.
    let whole = spec.resources.as_ref().filter(|whole| whole.requests.is_some() || whole.limits.is_some());
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let containers = containers.filter(|_| whole.is_none()).map(|container| container.resources.as_ref());
    for resources in containers.chain(whole.map(Some)) {
        sum(&mut requests, resources.and_then(|resources| resources.requests.as_ref()));
        let limited = sum(&mut limits, resources.and_then(|resources| resources.limits.as_ref()));
        all_limited &= limited == 2;
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if all_limited && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// Adds the amounts of CPU and memory that are not zero; the number of them.
fn sum(sums: &mut Sorted<&'static str, i128>, amounts: Option<&BTreeMap<String, Text>>) -> usize {
    let mut count = 0;
    for name in ["cpu", "memory"] {
        let amount = amounts.and_then(|amounts| amounts.get(name)).and_then(|text| Quantity::try_from(text).ok());
        if let Some(amount) = amount.filter(|amount| amount.sign() > 0) {
            let sum = sums.get_or_default(name);
            *sum = sum.saturating_add(amount.nano_value());
            count += 1;
        }
    }
    count
}

/// Whether the container is one that an init container can be besides: a sidecar, with `restartPolicy: Always`.
#[must_use]
pub fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}
