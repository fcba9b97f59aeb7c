//! A pod's status, field for field, from what the kubelet knows.
//!
//! Upstream: `pkg/kubelet/kubelet_pods.go` (`generateAPIPodStatus`, `getPhase`, `convertToAPIContainerStatuses`) and
//! `pkg/kubelet/status/generate.go`. Left out: `user`, `allocatedResourcesStatus`.

use super::worker::{Slot, Stage, Worker, container, ended, is_sidecar, restarts};
use crate::api::kinds::pod::{Pod, TOKEN_VOLUME};
use crate::api::meta::timestamp;
use crate::cluster::machine::Engine;
use crate::cluster::machine::Machine;
use crate::cluster::runtime::images::{familiar, full_reference};
use crate::cluster::wire::ContainerState as Seen;
use crate::sim::Time;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    HostIP, PodCondition, PodIP, PodSpec, PodStatus, ResourceRequirements, VolumeMountStatus,
};

/// The conditions that the kubelet owns.
pub const OWN: [&str; 5] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// The status that the API should show.
#[must_use]
pub fn generate(worker: &Worker, machine: &Machine, now: Time) -> PodStatus {
    let pod = worker.typed();
    let spec = &*pod.spec;
    let nothing = PodStatus::default();
    let before = worker.wanted.get::<Pod>().map_or(&nothing, |pod| &pod.status);
    let mut status = PodStatus {
        qos_class: pod.status.qos_class.clone(),
        observed_generation: pod.metadata.generation,
        start_time: Some(timestamp(worker.started)),
        host_ip: Some(machine.ip.to_string()),
        host_ips: Some(vec![HostIP { ip: machine.ip.to_string() }]),
        nominated_node_name: pod.status.nominated_node_name.clone(),
        ..PodStatus::default()
    };
    if let Some((reason, message)) = &worker.failed {
        status.reason = Some(reason.to_string());
        status.message = Some(message.to_string());
    }
    if worker.refused() {
        return refused(worker, status, before, now);
    }
    if let Some(ip) = &worker.ip {
        status.pod_ip = Some(ip.to_string());
        status.pod_ips = Some(vec![PodIP { ip: ip.to_string() }]);
    }
    let all: Vec<ContainerStatus> =
        (0..worker.slots.len()).map(|slot| container_status(worker, spec, slot, machine.engine)).collect();
    // What ephemeral containers do says nothing about the pod.
    let own = &all[..worker.mains().end];
    let phase = phase(worker, spec, own);
    status.conditions = Some(conditions(worker, own, phase, before, now));
    if matches!(phase, "Succeeded" | "Failed") && worker.stage != Stage::Stopped {
        // The API may call a pod ended only when nothing of it is left, for then its resources are given to others.
        // Upstream: `status_manager.go`, `mergePodStatus` with `couldHaveRunningContainers`.
        status.phase.clone_from(&before.phase);
        (status.reason, status.message) = (before.reason.clone(), before.message.clone());
    } else {
        status.phase = Some(phase.to_owned());
    }
    let mut inits = all;
    let mut mains = inits.split_off(worker.inits);
    let debuggers = mains.split_off(worker.mains().len());
    status.ephemeral_container_statuses = (!debuggers.is_empty()).then_some(debuggers);
    status.container_statuses = Some(mains);
    status.init_container_statuses = (!inits.is_empty()).then_some(inits);
    status
}

/// A pod that was never taken on keeps what the API knows of it.
fn refused(worker: &Worker, mut status: PodStatus, before: &PodStatus, now: Time) -> PodStatus {
    status.phase = Some("Failed".to_owned());
    status.host_ip = None;
    status.host_ips = None;
    let scheduled = condition(worker, before, now, "PodScheduled", None);
    status.conditions = Some(vec![scheduled]);
    status
}

/// The pod's phase. Upstream: `getPhase`.
fn phase(worker: &Worker, spec: &PodSpec, statuses: &[ContainerStatus]) -> &'static str {
    if worker.failed.is_some() {
        return "Failed";
    }
    let over = worker.stage == Stage::Stopped;
    let (inits, mains) = statuses.split_at(worker.inits);
    let fatal = |index: usize, status: &ContainerStatus| {
        let container = container(spec, index);
        let code = terminated(status).map(|end| end.exit_code);
        !is_sidecar(&container) && code.is_some_and(|code| code != 0 && !restarts_init(spec, &container, code))
    };
    if inits.iter().enumerate().any(|(index, status)| fatal(index, status)) {
        return "Failed";
    }
    let (mut running, mut waiting, mut stopped, mut succeeded) = (0, 0, 0, 0);
    for status in mains {
        let state = status.state.as_ref();
        if state.is_some_and(|state| state.running.is_some()) {
            running += 1;
        } else if let Some(end) = terminated(status) {
            stopped += 1;
            succeeded += usize::from(end.exit_code == 0);
        } else if status.last_state.as_ref().is_some_and(|state| state.terminated.is_some()) {
            stopped += 1;
        } else {
            waiting += 1;
        }
    }
    if !worker.initialized() && !over {
        return "Pending";
    }
    match () {
        () if waiting > 0 && over => "Failed",
        () if waiting > 0 => "Pending",
        () if running > 0 => "Running",
        () if over && stopped == succeeded => "Succeeded",
        () if over => "Failed",
        () => {
            let mut codes =
                mains.iter().enumerate().map(|(index, status)| (index, terminated(status).map(|end| end.exit_code)));
            let again = |(index, code): (usize, Option<i32>)| {
                code.is_none_or(|code| restarts(spec, &spec.containers[index], code))
            };
            match codes.any(again) {
                true => "Running",
                false if stopped == succeeded => "Succeeded",
                false => "Failed",
            }
        }
    }
}

fn terminated(status: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    status.state.as_ref()?.terminated.as_ref()
}

/// Init containers of a pod that always restarts are repeated on failure only.
#[must_use]
pub fn restarts_init(spec: &PodSpec, container: &Container, code: i32) -> bool {
    is_sidecar(container) || code != 0 && restarts(spec, container, code)
}

fn container_status(worker: &Worker, spec: &PodSpec, index: usize, engine: Engine) -> ContainerStatus {
    let (slot, container) = (&worker.slots[index], container(spec, index));
    let init = index < worker.inits && !is_sidecar(&container);
    let debug = index >= worker.mains().end;
    let (state, last_state) = states(worker, spec, index, engine);
    let existed = slot.state.is_some();
    let running = state.running.is_some();
    let ready = if init {
        terminated_well(&state)
    } else {
        !debug && running && slot.is_ready() && worker.stage != Stage::Stopped
    };
    let image = container.image.as_deref().unwrap_or("");
    ContainerStatus {
        container_id: slot.id.as_ref().map(|id| format!("{}://{id}", engine.scheme())),
        image: if existed { shown_image(engine, image) } else { image.to_owned() },
        image_id: shown_id(engine, &slot.image_id),
        last_state: Some(last_state.unwrap_or_default()),
        name: slot.name.to_string(),
        ready,
        restart_count: i32::try_from(slot.attempt).unwrap_or(i32::MAX),
        started: (!debug).then_some(running && (init || slot.is_started())),
        state: Some(state),
        resources: existed.then(|| resources(slot, &container)),
        allocated_resources: container
            .resources
            .as_ref()
            .filter(|_| existed)
            .and_then(|resources| resources.requests.clone()),
        volume_mounts: mounts(worker, &container),
        ..ContainerStatus::default()
    }
}

fn terminated_well(state: &ContainerState) -> bool {
    state.terminated.as_ref().is_some_and(|end| end.exit_code == 0)
}

fn resources(slot: &Slot, container: &Container) -> ResourceRequirements {
    let has = slot.actuated.as_ref().map(|has| has.0.clone());
    let given = has.or_else(|| container.resources.clone()).unwrap_or_default();
    ResourceRequirements { claims: None, ..given }
}

fn mounts(worker: &Worker, container: &Container) -> Option<Vec<VolumeMountStatus>> {
    let suffix = worker.typed().token_suffix.as_deref().unwrap_or("");
    let mounts = container.volume_mounts.as_ref()?.iter().map(|mount| VolumeMountStatus {
        mount_path: mount.mount_path.clone(),
        name: if mount.name == TOKEN_VOLUME { format!("{TOKEN_VOLUME}{suffix}") } else { mount.name.clone() },
        read_only: mount.read_only,
        recursive_read_only: mount.read_only.filter(|only| *only).map(|_| "Disabled".to_owned()),
        ..VolumeMountStatus::default()
    });
    Some(mounts.collect())
}

/// Docker leaves out of a name what it adds by itself, and says where an image can be had.
fn shown_image(engine: Engine, image: &str) -> String {
    let full = full_reference(image);
    if engine == Engine::CriDockerd { familiar(&full).to_owned() } else { full.to_string() }
}

fn shown_id(engine: Engine, id: &str) -> String {
    if engine == Engine::CriDockerd && !id.is_empty() {
        return format!("docker-pullable://{}", familiar(id));
    }
    id.to_owned()
}

/// The present and the last state of a container.
fn states(worker: &Worker, spec: &PodSpec, index: usize, engine: Engine) -> (ContainerState, Option<ContainerState>) {
    let slot = &worker.slots[index];
    let last = slot.last.as_ref().and_then(|(id, state)| terminated_state(engine, id, state));
    let Some(seen) = &slot.state else {
        if worker.stage == Stage::Stopped && worker.mains().contains(&index) && worker.initialized() {
            return (lost(), last);
        }
        let default = if worker.inits > 0 { "PodInitializing" } else { "ContainerCreating" };
        return (waiting(slot, default), last);
    };
    match seen {
        Seen::Created => (waiting(slot, "ContainerCreating"), last),
        Seen::Running { since } => {
            let running = Some(ContainerStateRunning { started_at: Some(timestamp(*since)) });
            (ContainerState { running, ..ContainerState::default() }, last)
        }
        Seen::Exited { code, .. } => {
            let container = container(spec, index);
            let again = if index < worker.inits {
                restarts_init(spec, &container, *code)
            } else {
                restarts(spec, &container, *code)
            };
            let state = slot.id.as_ref().and_then(|id| terminated_state(engine, id, seen)).unwrap_or_default();
            if again && slot.held.is_some() && worker.stage == Stage::Syncing {
                return (waiting(slot, "CrashLoopBackOff"), Some(state));
            }
            (state, last)
        }
    }
}

/// A container that was never found when its pod was ended. Upstream: `status_manager.go`, `TerminatePod`.
fn lost() -> ContainerState {
    let terminated = Some(ContainerStateTerminated {
        exit_code: 137,
        reason: Some("ContainerStatusUnknown".to_owned()),
        message: Some("The container could not be located when the pod was terminated".to_owned()),
        ..ContainerStateTerminated::default()
    });
    ContainerState { terminated, ..ContainerState::default() }
}

fn waiting(slot: &Slot, default: &str) -> ContainerState {
    let (reason, message) = slot.held.as_ref().map_or((default, None), |(reason, message)| (*reason, Some(message)));
    let message = message.filter(|message| !message.is_empty()).map(ToString::to_string);
    let waiting = Some(ContainerStateWaiting { reason: Some(reason.to_owned()), message });
    ContainerState { waiting, ..ContainerState::default() }
}

fn terminated_state(engine: Engine, id: &str, state: &Seen) -> Option<ContainerState> {
    let end = ended(state)?;
    let terminated = Some(ContainerStateTerminated {
        container_id: Some(format!("{}://{id}", engine.scheme())),
        exit_code: end.code,
        finished_at: Some(timestamp(end.at)),
        started_at: Some(timestamp(end.since)),
        reason: Some(end.reason.to_owned()),
        message: (!end.message.is_empty()).then(|| end.message.to_owned()),
        ..ContainerStateTerminated::default()
    });
    Some(ContainerState { terminated, ..ContainerState::default() })
}

/// Why a condition is not true: reason and message.
type Lack = Option<(&'static str, String)>;

fn conditions(
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
    let initialized: Lack = (!worker.initialized()).then(|| {
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
    // A pod that has succeeded was initialized, and says that it is complete.
    let mut list = resizing(worker, before, now);
    let first = list.len();
    list.extend([
        condition(worker, before, now, OWN[0], sandbox),
        condition(worker, before, now, OWN[1], initialized),
        condition(worker, before, now, OWN[2], ready),
        condition(worker, before, now, OWN[3], containers),
        condition(worker, before, now, OWN[4], None),
    ]);
    if let Some((_, message)) =
        worker.failed.as_ref().filter(|(reason, _)| &**reason == "Evicted" && worker.hurry.is_some())
    {
        let mut target = condition(worker, before, now, "DisruptionTarget", None);
        target.reason = Some("TerminationByKubelet".to_owned());
        target.message = Some(message.to_string());
        list.push(target);
    }
    if phase == "Succeeded" {
        list[first + 1].reason = Some("PodCompleted".to_owned());
    }
    list
}

/// What stands between a pod and its resources. Upstream: `determinePodResizeStatus`.
fn resizing(worker: &Worker, before: &PodStatus, now: Time) -> Vec<PodCondition> {
    let Some(resize) = &worker.resize else { return Vec::new() };
    let one = |kind: &str, reason: &str, message: &str| PodCondition {
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        message: Some(message.to_owned()).filter(|message| !message.is_empty()),
        ..condition(worker, before, now, kind, None)
    };
    let pending = resize.deferred.as_ref().map(|why| one("PodResizePending", "Deferred", why));
    let reason = |why: &str| if why.is_empty() { "" } else { "Error" };
    let progress = resize.progress.as_ref().map(|why| one("PodResizeInProgress", reason(why), why));
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
