//! A pod's conditions: those that the kubelet owns, and why one is not true.
//!
//! Upstream: `pkg/kubelet/status/generate.go`; the order is that of `kubelet_pods.go`, `generateAPIPodStatus`.

use super::restart::{may_restart_all, restarts_all};
use super::worker::{Worker, container, is_sidecar};
use crate::api::meta::timestamp;
use crate::sim::Time;
use k8s_openapi::api::core::v1::{ContainerStatus, PodCondition, PodStatus};

/// The conditions that the kubelet owns.
pub const OWN: [&str; 5] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// Why a condition is not true: reason and message.
type Lack = Option<(&'static str, String)>;

/// The conditions of a pod in this phase, but for those that others write.
pub fn conditions(
    worker: &Worker,
    all: &[ContainerStatus],
    phase: &str,
    before: &PodStatus,
    now: Time,
) -> Vec<PodCondition> {
    let (inits, mains) = all.split_at(worker.inits);
    let spec = worker.spec();
    let sandbox: Lack = (!worker.sandbox).then(|| ("", String::new()));
    let incomplete: Vec<&str> = inits
        .iter()
        .enumerate()
        .filter(|(index, _)| !worker.init_done(&spec, *index))
        .map(|(_, status)| status.name.as_str())
        .collect();
    let done = before.conditions.iter().flatten().any(|one| one.type_ == OWN[1] && one.status == "True");
    let initialized: Lack = (!done && !worker.initialized() && phase != "Succeeded").then(|| {
        ("ContainersNotInitialized", format!("containers with incomplete status: [{}]", incomplete.join(" ")))
    });
    let sidecars =
        inits.iter().enumerate().filter(|(index, _)| is_sidecar(&container(&spec, *index))).map(|(_, status)| status);
    let unready: Vec<&str> =
        sidecars.chain(mains).filter(|status| !status.ready).map(|status| status.name.as_str()).collect();
    let containers: Lack = match phase {
        "Succeeded" => Some(("PodCompleted", String::new())),
        "Failed" => Some(("PodFailed", String::new())),
        _ if unready.is_empty() => None,
        _ => Some(("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))),
    };
    let ready = containers.clone().or_else(|| gates(worker));
    let mut list = resizing(worker, before, now);
    if let Some((_, message)) =
        worker.failed.as_ref().filter(|(reason, _)| &**reason == "Evicted" && worker.hurry.is_some())
    {
        let mut target = condition(worker, before, now, "DisruptionTarget", None);
        target.reason = Some("TerminationByKubelet".to_owned());
        target.message = Some(message.to_string());
        list.push(target);
    }
    let mut begun = condition(worker, before, now, OWN[1], initialized);
    // A pod that has succeeded was initialized, and says that it is complete.
    if phase == "Succeeded" {
        begun.reason = Some("PodCompleted".to_owned());
    }
    list.extend([
        condition(worker, before, now, OWN[0], sandbox),
        begun,
        condition(worker, before, now, OWN[2], ready),
        condition(worker, before, now, OWN[3], containers),
        condition(worker, before, now, OWN[4], None),
    ]);
    if may_restart_all(&spec) {
        list.push(restarting(worker, before, now, phase));
    }
    list
}

/// Whether all containers are being started again. Upstream: `GenerateAllContainersRestartingCondition`.
fn restarting(worker: &Worker, before: &PodStatus, now: Time, phase: &str) -> PodCondition {
    let lack = match phase {
        "Succeeded" => Some(("PodCompleted", String::new())),
        "Failed" => Some(("PodFailed", String::new())),
        _ if restarts_all(worker) => None,
        _ => Some(("", String::new())),
    };
    let on = lack.is_none();
    let text = |text: &str| on.then(|| text.to_owned());
    let mut one = condition(worker, before, now, "AllContainersRestarting", lack);
    one.observed_generation = None;
    one.reason = one.reason.or_else(|| text("RestartAllContainersStarted"));
    one.message = text("container exited with restart policy rule");
    one
}

/// What stands between a pod and its resources. Upstream: `determinePodResizeStatus`.
fn resizing(worker: &Worker, before: &PodStatus, now: Time) -> Vec<PodCondition> {
    let Some(resize) = &worker.resize else { return Vec::new() };
    let one = |kind: &str, generation: Option<i64>, reason: &str, message: &str| PodCondition {
        observed_generation: generation,
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        message: Some(message.to_owned()).filter(|message| !message.is_empty()),
        ..condition(worker, before, now, kind, None)
    };
    let word = if resize.infeasible { "Infeasible" } else { "Deferred" };
    let pending = resize.deferred.as_ref().map(|why| one("PodResizePending", resize.waits, word, why));
    let reason = |why: &str| if why.is_empty() { "" } else { "Error" };
    let progress = resize.progress.as_ref().map(|why| one("PodResizeInProgress", resize.given, reason(why), why));
    pending.into_iter().chain(progress).collect()
}

/// What the pod's readiness gates lack.
fn gates(worker: &Worker) -> Lack {
    let pod = worker.typed();
    let mut lacks = Vec::new();
    for gate in pod.spec.readiness_gates.as_deref().unwrap_or_default() {
        match pod.condition(&gate.condition_type) {
            None => lacks.push(format!(
                "corresponding condition of pod readiness gate \"{}\" does not exist.",
                gate.condition_type
            )),
            Some(condition) if condition.status != "True" => lacks.push(format!(
                "the status of pod readiness gate \"{}\" is not \"True\", but {}",
                gate.condition_type, condition.status
            )),
            Some(_) => {}
        }
    }
    (!lacks.is_empty()).then(|| ("ReadinessGatesNotReady", lacks.join(", ")))
}

fn condition(worker: &Worker, before: &PodStatus, now: Time, kind: &str, lack: Lack) -> PodCondition {
    let status = if lack.is_none() { "True" } else { "False" };
    let old = before.conditions.as_deref().unwrap_or_default().iter().find(|condition| condition.type_ == kind);
    let kept = old.filter(|old| old.status == status).and_then(|old| old.last_transition_time.clone());
    let text = |text: String| (!text.is_empty()).then_some(text);
    let (reason, message) = lack.map_or((None, None), |(reason, message)| (text(reason.to_owned()), text(message)));
    PodCondition {
        last_transition_time: Some(kept.unwrap_or_else(|| timestamp(now))),
        message,
        observed_generation: worker.typed().metadata.generation,
        reason,
        status: status.to_owned(),
        type_: kind.to_owned(),
        ..PodCondition::default()
    }
}
