//! A node's conditions, and when they have changed.

use crate::api::meta::timestamp;
use crate::sim::Time;
use k8s_openapi::api::core::v1::{NodeCondition, NodeStatus};

/// The node's conditions: whether it runs short of something, and whether it is ready (or why not).
pub fn conditions(short: [bool; 2], ready: Result<(), &str>, (since, now): (Time, Time)) -> Vec<NodeCondition> {
    let condition = |kind: &str, status: bool, reason: &str, message: &str| NodeCondition {
        type_: kind.to_owned(),
        status: if status { "True" } else { "False" }.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_heartbeat_time: Some(timestamp(now)),
        last_transition_time: Some(timestamp(since)),
    };
    let word = |short: bool, words: [&'static str; 2]| words[usize::from(!short)];
    vec![
        condition(
            "MemoryPressure",
            short[0],
            word(short[0], ["KubeletHasInsufficientMemory", "KubeletHasSufficientMemory"]),
            word(short[0], ["kubelet has insufficient memory available", "kubelet has sufficient memory available"]),
        ),
        condition(
            "DiskPressure",
            short[1],
            word(short[1], ["KubeletHasDiskPressure", "KubeletHasNoDiskPressure"]),
            word(short[1], ["kubelet has disk pressure", "kubelet has no disk pressure"]),
        ),
        condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        match ready {
            Ok(()) => condition("Ready", true, "KubeletReady", "kubelet is posting ready status"),
            Err(why) => condition("Ready", false, "KubeletNotReady", why),
        },
    ]
}

/// What of two statuses has to agree so that nothing need be written: everything but the heartbeats.
pub fn agrees(a: &NodeStatus, b: &NodeStatus) -> bool {
    let of = |status: &NodeStatus| -> Vec<(String, String, Option<String>)> {
        let all = status.conditions.iter().flatten();
        all.map(|one| (one.type_.clone(), one.status.clone(), one.message.clone())).collect()
    };
    of(a) == of(b)
        && a.images == b.images
        && a.capacity == b.capacity
        && a.allocatable == b.allocatable
        && a.addresses == b.addresses
        && a.volumes_in_use == b.volumes_in_use
}

/// Conditions that have not changed keep the time of their last transition.
pub fn keep_transitions(before: Option<&NodeStatus>, mut wanted: NodeStatus) -> NodeStatus {
    let old = before.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    for condition in wanted.conditions.iter_mut().flatten() {
        if let Some(old) = old.iter().find(|old| old.type_ == condition.type_ && old.status == condition.status) {
            condition.last_transition_time.clone_from(&old.last_transition_time);
        }
    }
    wanted
}

/// What is said when a node becomes ready, or no longer is. Upstream: `ReadyCondition`.
pub fn turn(before: Option<&NodeStatus>, now: &NodeStatus) -> Option<&'static str> {
    let ready = |status: &NodeStatus| {
        let ready = status.conditions.iter().flatten().find(|condition| condition.type_ == "Ready");
        ready.map(|condition| condition.status == "True")
    };
    let (before, now) = (ready(before?)?, ready(now)?);
    (before != now).then_some(if now { "NodeReady" } else { "NodeNotReady" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Time;

    #[test]
    fn what_turns_is_said_and_nothing_else() {
        let status = |ready: Result<(), &str>| NodeStatus {
            conditions: Some(conditions([false, false], ready, (Time::ZERO, Time::ZERO))),
            ..NodeStatus::default()
        };
        let (well, ill) = (status(Ok(())), status(Err("container runtime is down")));
        assert_eq!(turn(Some(&well), &ill), Some("NodeNotReady"));
        assert_eq!(turn(Some(&ill), &well), Some("NodeReady"));
        assert_eq!((turn(Some(&well), &well), turn(None, &well)), (None, None));
    }
}
