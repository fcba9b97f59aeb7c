//! How `kubectl get pods` sums up a pod (upstream: `pkg/printers/internalversion/printers.go`, `printPod`).

use super::status::is_sidecar;
use crate::api::kinds::pod::Pod;
use crate::api::table::since;
use crate::api::{Object, meta};
use crate::sim::Time;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus};

/// What the columns `Ready`, `Status` and `Restarts` say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Containers that are ready (sidecars included).
    pub ready: usize,
    /// Containers in all (sidecars included, other init containers not).
    pub total: usize,
    /// One or two words: `Running`, `CrashLoopBackOff`, `Init:0/1`, `Terminating` …
    pub status: String,
    /// How often containers have been restarted.
    pub restarts: i32,
    /// When the last of them had ended.
    pub last_restart: Option<Time>,
}

/// Sums up a pod.
#[must_use]
pub fn summary(pod: &Pod) -> Summary {
    let inits = pod.spec.init_containers.as_deref().unwrap_or_default();
    let sidecars = inits.iter().filter(|container| is_sidecar(container)).count();
    let reason = pod.status.reason.as_deref().filter(|reason| !reason.is_empty());
    let gated = pod.condition("PodScheduled").is_some_and(|c| c.reason.as_deref() == Some("SchedulingGated"));
    let word = if gated { "SchedulingGated" } else { reason.unwrap_or_else(|| pod.phase()) };
    let mut summary =
        Summary { total: pod.spec.containers.len() + sidecars, status: word.to_owned(), ..Summary::default() };
    let mut of_sidecars = Summary::default();
    let initializing = sum_up_inits(pod, &mut summary, &mut of_sidecars);
    let initialized = pod.condition("Initialized").is_some_and(|condition| condition.status == "True");
    if !initializing || initialized {
        (summary.restarts, summary.last_restart) = (of_sidecars.restarts, of_sidecars.last_restart);
        sum_up_containers(pod, &mut summary);
    }
    if pod.metadata.deletion_timestamp.is_some() {
        if reason == Some("NodeLost") {
            "Unknown".clone_into(&mut summary.status);
        } else if !pod.is_terminal() {
            "Terminating".clone_into(&mut summary.status);
        }
    }
    summary
}

fn count_restarts(summary: &mut Summary, container: &ContainerStatus) {
    summary.restarts += container.restart_count;
    let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let ended = last.and_then(|terminated| terminated.finished_at.as_ref()).map(meta::moment);
    summary.last_restart = summary.last_restart.max(ended);
}

/// Whether the pod is still in its init containers; the status then says in which and how it fares.
fn sum_up_inits(pod: &Pod, summary: &mut Summary, of_sidecars: &mut Summary) -> bool {
    let inits = pod.spec.init_containers.as_deref().unwrap_or_default();
    for (index, status) in pod.status.init_container_statuses.iter().flatten().enumerate() {
        let sidecar = inits.iter().any(|container| container.name == status.name && is_sidecar(container));
        count_restarts(summary, status);
        if sidecar {
            count_restarts(of_sidecars, status);
        }
        let terminated = status.state.as_ref().and_then(|state| state.terminated.as_ref());
        if terminated.is_some_and(|terminated| terminated.exit_code == 0) {
            continue;
        }
        if sidecar && status.started == Some(true) {
            summary.ready += usize::from(status.ready);
            continue;
        }
        let waiting = waiting_reason(status).filter(|reason| *reason != "PodInitializing");
        summary.status = match (terminated, waiting) {
            (Some(terminated), _) => format!("Init:{}", ended_because(terminated)),
            (None, Some(reason)) => format!("Init:{reason}"),
            (None, None) => format!("Init:{index}/{}", inits.len()),
        };
        return true;
    }
    false
}

fn waiting_reason(status: &ContainerStatus) -> Option<&str> {
    status.state.as_ref()?.waiting.as_ref()?.reason.as_deref().filter(|reason| !reason.is_empty())
}

fn ended_because(terminated: &ContainerStateTerminated) -> String {
    let signal = terminated.signal.filter(|&signal| signal != 0);
    match terminated.reason.as_deref().filter(|reason| !reason.is_empty()) {
        Some(reason) => reason.to_owned(),
        None => signal.map_or_else(|| format!("ExitCode:{}", terminated.exit_code), |s| format!("Signal:{s}")),
    }
}

fn sum_up_containers(pod: &Pod, summary: &mut Summary) {
    let mut running = false;
    for status in pod.status.container_statuses.iter().flatten().rev() {
        count_restarts(summary, status);
        let state = status.state.clone().unwrap_or_default();
        if let Some(reason) = waiting_reason(status) {
            reason.clone_into(&mut summary.status);
        } else if let Some(terminated) = &state.terminated {
            summary.status = ended_because(terminated);
        } else if status.ready && state.running.is_some() {
            running = true;
            summary.ready += 1;
        }
    }
    if summary.status == "Completed" && running {
        let word = if pod.is_ready() { "Running" } else { "NotReady" };
        word.clone_into(&mut summary.status);
    }
}

/// The cell `Ready`: `1/2`.
#[must_use]
pub fn ready(object: &Object, _: Time) -> String {
    let summary = object.get::<Pod>().map(summary).unwrap_or_default();
    format!("{}/{}", summary.ready, summary.total)
}

/// The cell `Status`.
#[must_use]
pub fn status(object: &Object, _: Time) -> String {
    object.get::<Pod>().map(|pod| summary(pod).status).unwrap_or_default()
}

/// The cell `Restarts`: `3 (10s ago)`.
#[must_use]
pub fn restarts(object: &Object, now: Time) -> String {
    let summary = object.get::<Pod>().map(summary).unwrap_or_default();
    match summary.last_restart.map(meta::timestamp) {
        Some(last) if summary.restarts != 0 => format!("{} ({} ago)", summary.restarts, since(Some(&last), now)),
        _ => summary.restarts.to_string(),
    }
}

/// The cell `Readiness Gates`: `1/2`.
#[must_use]
pub fn gates(object: &Object, _: Time) -> String {
    let Some(pod) = object.get::<Pod>() else { return String::new() };
    let gates = pod.spec.readiness_gates.as_deref().unwrap_or_default();
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let open = |kind: &str| pod.condition(kind).is_some_and(|condition| condition.status == "True");
    format!("{}/{}", gates.iter().filter(|gate| open(&gate.condition_type)).count(), gates.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::pod::KIND;
    use serde_json::{Value, json};

    fn pod(spec: &Value, status: &Value) -> Object {
        let document =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec, "status": status});
        (KIND.decode)(document).expect("a pod")
    }

    fn words(object: &Object) -> String {
        let now = Time::from_secs(60);
        [ready(object, now), status(object, now), restarts(object, now)].join(" ")
    }

    #[test]
    fn init_containers_come_first() {
        let spec = json!({"initContainers": [{"name": "a"}, {"name": "b"}], "containers": [{"name": "c"}]});
        let status = |a: Value, b: Value| {
            json!({"phase": "Pending", "initContainerStatuses": [
                {"name": "a", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": a},
                {"name": "b", "image": "", "imageID": "", "ready": false, "restartCount": 2, "state": b}]})
        };
        let done = json!({"terminated": {"exitCode": 0, "reason": "Completed"}});
        let waits = json!({"waiting": {"reason": "PodInitializing"}});
        assert_eq!(words(&pod(&spec, &status(json!({"running": {}}), waits.clone()))), "0/1 Init:0/2 0");
        assert_eq!(words(&pod(&spec, &status(done.clone(), waits))), "0/1 Init:1/2 2");
        let backs_off = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        assert_eq!(words(&pod(&spec, &status(done.clone(), backs_off))), "0/1 Init:CrashLoopBackOff 2");
        let failed = json!({"terminated": {"exitCode": 3}});
        assert_eq!(words(&pod(&spec, &status(done, failed))), "0/1 Init:ExitCode:3 2");
    }

    #[test]
    fn restarts_say_how_long_ago() {
        let spec = json!({"containers": [{"name": "c"}]});
        let status = json!({"phase": "Running", "containerStatuses": [{"name": "c", "image": "", "imageID": "",
            "ready": false, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-01-05T09:00:50Z"}}}]});
        let mut object = pod(&spec, &status);
        assert_eq!(words(&object), "0/1 CrashLoopBackOff 3 (10s ago)");
        object.meta_mut().deletion_timestamp = Some(meta::timestamp(Time::ZERO));
        assert_eq!(words(&object), "0/1 Terminating 3 (10s ago)");
    }
}
