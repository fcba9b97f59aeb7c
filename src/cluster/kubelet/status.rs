//! A pod's status, field for field, from what the kubelet knows.
//!
//! Upstream: `pkg/kubelet/kubelet_pods.go` (`generateAPIPodStatus`, `getPhase`, `convertToAPIContainerStatuses`) and
//! `pkg/kubelet/status/status_manager.go` (`TerminatePod`). Left out: `allocatedResourcesStatus`; that the pod's `resources`
//! are read back from its control group once it runs, whose weights round a request of 100m down to 79m.

use super::conditions::conditions;
use super::phase::phase;
use super::restart::{self, restarts, restarts_init};
use super::user;
use super::worker::{Slot, Stage, Worker, container, ended, is_sidecar};
use crate::api::kinds::pod::{Pod, TOKEN_VOLUME};
use crate::api::meta::timestamp;
use crate::api::pod::amounts;
use crate::cluster::machine::Engine;
use crate::cluster::machine::Machine;
use crate::cluster::runtime::images::{familiar, full_reference};
use crate::cluster::wire::ContainerState as Seen;
use crate::sim::{Order, Time};
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    HostIP, PodIP, PodSpec, PodStatus, ResourceRequirements, VolumeMountStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;

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
        status.phase = Some("Failed".to_owned());
        (status.host_ip, status.host_ips) = (None, None);
        return status;
    }
    if let Some(ip) = &worker.ip {
        status.pod_ip = Some(ip.to_string());
        status.pod_ips = Some(vec![PodIP { ip: ip.to_string() }]);
    }
    (status.resources, status.allocated_resources) = whole(spec);
    let mut all: Vec<ContainerStatus> =
        (0..worker.slots.len()).map(|slot| container_status(worker, spec, slot, machine.engine)).collect();
    // What ephemeral containers do says nothing about the pod.
    let own = &all[..worker.mains().end];
    let phase = phase(worker, spec, own);
    status.conditions = Some(conditions(worker, own, phase, before, now));
    let over = worker.stage == Stage::Stopped;
    if matches!(phase, "Succeeded" | "Failed") && !over {
        // The API may call a pod ended only when nothing of it is left, for then its resources are given to others.
        // Upstream: `status_manager.go`, `mergePodStatus` with `couldHaveRunningContainers`.
        status.phase.clone_from(&before.phase);
        (status.reason, status.message) = (before.reason.clone(), before.message.clone());
    } else {
        let phase = if over && worker.mirror.is_none() && phase != "Succeeded" { "Failed" } else { phase };
        status.phase = Some(phase.to_owned());
    }
    if over {
        lose(worker, &mut all);
    }
    let mut inits = all;
    let mut mains = inits.split_off(worker.inits);
    let mut debuggers = mains.split_off(worker.mains().len());
    // Upstream: `SortedContainerStatuses`; those of init containers stay as in the spec.
    mains.order_by(|a, b| a.name.cmp(&b.name));
    debuggers.order_by(|a, b| a.name.cmp(&b.name));
    status.ephemeral_container_statuses = (!debuggers.is_empty()).then_some(debuggers);
    status.container_statuses = Some(mains);
    status.init_container_statuses = (!inits.is_empty()).then_some(inits);
    status
}

/// The resources of the whole pod, and of them what its node has set aside. Upstream: `convertToAPIPodLevelResourcesStatus`.
fn whole(spec: &PodSpec) -> (Option<ResourceRequirements>, Option<BTreeMap<String, Quantity>>) {
    let requests = amounts::write(amounts::requests(spec, true));
    let limits = amounts::write(amounts::limits(spec, true));
    (Some(ResourceRequirements { claims: None, limits, requests: requests.clone() }), requests)
}

/// Containers of a pod that has ended and of whose end nothing is known. Upstream: `TerminatePod`.
fn lose(worker: &Worker, all: &mut [ContainerStatus]) {
    let (inits, rest) = all.split_at_mut(worker.inits);
    let began = |status: &ContainerStatus| {
        let last = status.last_state.as_ref().is_some_and(|state| state.terminated.is_some());
        last || status.state.as_ref().is_some_and(|state| state.waiting.is_none())
    };
    // Of those that never began only the first counts as tried.
    let tried = inits.iter().rposition(began).map_or(usize::from(worker.inits > 0), |last| last + 1);
    let mains = if worker.initialized() { worker.mains().len() } else { 0 };
    for status in inits[..tried].iter_mut().chain(&mut rest[..mains]) {
        if terminated(status).is_none() {
            let message = "The container could not be located when the pod was terminated";
            status.state = Some(unknown("ContainerStatusUnknown", message));
        }
    }
}

/// How a container has ended.
pub fn terminated(status: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    status.state.as_ref()?.terminated.as_ref()
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
        image: if existed { shown_image(engine, &slot.image) } else { image.to_owned() },
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
        user: existed.then(|| user::of(spec, &container, engine)).flatten(),
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
    let last = last.or_else(|| slot.reset.then(|| unknown(restart::ALL, restart::REMOVED)));
    let Some(seen) = &slot.state else {
        let default = if worker.inits > 0 { "PodInitializing" } else { "ContainerCreating" };
        return (waiting(slot, default), last);
    };
    match seen {
        Seen::Created => (waiting(slot, ""), last),
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

/// The end of a container of which nothing is known but this.
fn unknown(reason: &str, message: &str) -> ContainerState {
    let terminated = Some(ContainerStateTerminated {
        exit_code: 137,
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        ..ContainerStateTerminated::default()
    });
    ContainerState { terminated, ..ContainerState::default() }
}

fn waiting(slot: &Slot, default: &str) -> ContainerState {
    let (reason, message) = slot.held.as_ref().map_or((default, None), |(reason, message)| (*reason, Some(message)));
    let message = message.filter(|message| !message.is_empty()).map(ToString::to_string);
    let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
    let waiting = Some(ContainerStateWaiting { reason, message });
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
