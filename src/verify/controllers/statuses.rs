//! The statuses that the recordings' kubelets write.

use crate::api::kinds::pod::Pod;
use crate::api::meta::timestamp;
use crate::sim::Time;
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus, HostIP,
    PodCondition, PodIP,
};

/// What a pod has when it begins.
pub(super) struct Begin {
    /// Its address.
    pub ip: String,
    /// The node's.
    pub host: String,
    /// Whether its image cannot be pulled.
    pub bad: bool,
    /// Whether it is ready at once.
    pub ready: bool,
}

/// The first status: it runs, or waits for its image.
pub(super) fn begin(pod: &mut Pod, now: Time, begin: Begin) {
    let Begin { ip, host, bad, ready } = begin;
    let containers = pod.spec.containers.iter();
    let statuses =
        containers.map(|c| container(c.name.clone(), c.image.clone().unwrap_or_default(), bad, ready, now)).collect();
    let status = &mut pod.status;
    status.observed_generation = pod.metadata.generation;
    status.phase = Some(if bad { "Pending" } else { "Running" }.to_owned());
    status.host_ips = Some(vec![HostIP { ip: host.clone() }]);
    status.host_ip = Some(host);
    status.pod_ips = Some(vec![PodIP { ip: ip.clone() }]);
    status.pod_ip = Some(ip);
    status.start_time = Some(timestamp(now));
    status.container_statuses = Some(statuses);
    set(pod, "PodReadyToStartContainers", "True", None, now);
    set(pod, "Initialized", "True", None, now);
    set_ready(pod, ready, now);
}

/// The pod turns ready or not.
pub(super) fn set_ready(pod: &mut Pod, ready: bool, now: Time) {
    let names: Vec<&str> = pod.spec.containers.iter().map(|container| container.name.as_str()).collect();
    let lack = ("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" ")));
    let status = if ready { "True" } else { "False" };
    for type_ in ["Ready", "ContainersReady"] {
        set(pod, type_, status, (!ready).then(|| (lack.0, lack.1.clone())), now);
    }
    for status in pod.status.container_statuses.iter_mut().flatten() {
        status.ready = ready && status.state.as_ref().is_some_and(|state| state.running.is_some());
    }
}

/// The pod has ended with its containers.
pub(super) fn finish(pod: &mut Pod, code: i32, now: Time) {
    pod.status.phase = Some(if code == 0 { "Succeeded" } else { "Failed" }.to_owned());
    pod.status.observed_generation = pod.metadata.generation;
    for status in pod.status.container_statuses.iter_mut().flatten() {
        let ended = terminated(status.state.as_ref(), code, now);
        status.state = Some(ContainerState { terminated: Some(ended), ..ContainerState::default() });
        (status.ready, status.started) = (false, Some(false));
    }
    let reason = if code == 0 { "PodCompleted" } else { "PodFailed" };
    set(pod, "PodReadyToStartContainers", "False", None, now);
    set(pod, "Initialized", "True", (code == 0).then(|| (reason, String::new())), now);
    for type_ in ["Ready", "ContainersReady"] {
        set(pod, type_, "False", Some((reason, String::new())), now);
    }
}

/// A condition as the kubelet has it; its time moves only with its status.
fn set(pod: &mut Pod, type_: &str, status: &str, lack: Option<(&str, String)>, now: Time) {
    let generation = pod.metadata.generation;
    let conditions = pod.status.conditions.get_or_insert_default();
    let place = conditions.iter().position(|condition| condition.type_ == type_);
    let since = place.map(|place| &conditions[place]).filter(|condition| condition.status == status);
    let since = since.and_then(|condition| condition.last_transition_time.clone());
    let (reason, message) = lack.unzip();
    let condition = PodCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: reason.map(str::to_owned),
        message: message.filter(|message| !message.is_empty()),
        observed_generation: generation,
        last_transition_time: Some(since.unwrap_or_else(|| timestamp(now))),
        ..PodCondition::default()
    };
    match place {
        Some(place) => conditions[place] = condition,
        None => conditions.push(condition),
    }
}

fn container(name: String, image: String, bad: bool, ready: bool, now: Time) -> ContainerStatus {
    let running = ContainerStateRunning { started_at: Some(timestamp(now)) };
    let waiting = ContainerStateWaiting {
        reason: Some("ImagePullBackOff".into()),
        message: Some("Back-off pulling image".into()),
    };
    let state = ContainerState {
        running: (!bad).then_some(running),
        waiting: bad.then_some(waiting),
        ..ContainerState::default()
    };
    let image_id = if bad { "" } else { "sha256:sim" }.to_owned();
    let state = Some(state);
    ContainerStatus { name, image, image_id, ready, started: Some(!bad), state, ..ContainerStatus::default() }
}

pub(super) fn terminated(state: Option<&ContainerState>, code: i32, now: Time) -> ContainerStateTerminated {
    ContainerStateTerminated {
        exit_code: code,
        reason: Some(if code == 0 { "Completed" } else { "Error" }.to_owned()),
        started_at: state.and_then(|state| state.running.as_ref()?.started_at.clone()),
        finished_at: Some(timestamp(now)),
        ..ContainerStateTerminated::default()
    }
}
