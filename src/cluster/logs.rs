//! What a container has printed, as `kubectl logs` shows it.
//!
//! The API server asks the kubelet of the pod's node, and that one reads the runtime's files; here they are read at once.
//! Upstream: `pkg/registry/core/pod/strategy.go` (`LogLocation`), `pkg/kubelet/kubelet_pods.go` (`validateContainerLogStatus`).

use super::wire::Address;
use super::{Process, World};
use crate::api::kinds::pod::{self, Pod};
use crate::api::object::Key;
use crate::sim::{Simulation, Time};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus};
use std::rc::Rc;

/// Lines with the moments at which they were printed.
pub type Lines = Vec<(Time, Rc<str>)>;

impl World {
    /// What a container of a pod has printed; with an empty name its only one. `previous`: the incarnation before.
    ///
    /// # Errors
    /// The server's sentence, which comes with code 400.
    pub fn logs(&self, key: &Key, container: &str, previous: bool) -> Result<Lines, String> {
        let missing = || format!("pods \"{}\" not found", key.name);
        let pod = self.object(&pod::KIND, key).and_then(|object| object.get::<Pod>()).ok_or_else(missing)?;
        let name = chosen(pod, &key.name, container)?;
        let waiting = |why: &str| format!("container \"{name}\" in pod \"{}\" is waiting to start: {why}", key.name);
        let statuses = pod.status.init_container_statuses.iter().flatten();
        let statuses = statuses.chain(pod.status.ephemeral_container_statuses.iter().flatten());
        let status = statuses.chain(pod.status.container_statuses.iter().flatten()).find(|status| status.name == name);
        let status = status.ok_or_else(|| waiting("ContainerCreating"))?;
        let id = if previous {
            ended(status.last_state.as_ref())
                .ok_or_else(|| format!("previous terminated container \"{name}\" in pod \"{}\" not found", key.name))?
        } else {
            present(status).map_err(waiting)?
        };
        let node = pod.node_name.clone().unwrap_or_else(|| "".into());
        let Some(Process::Runtime(runtime)) = self.process(&Address::Runtime(node)) else { return Ok(Vec::new()) };
        let gone = || format!("unable to retrieve container logs for {id}");
        runtime.log(id.rsplit('/').next().unwrap_or_default(), self.now()).ok_or_else(gone)
    }
}

/// The container that is meant.
fn chosen<'a>(pod: &'a Pod, key: &str, container: &str) -> Result<&'a str, String> {
    let inits = pod.spec.init_containers.iter().flatten();
    let added = pod.spec.ephemeral_containers.iter().flatten().map(|one| one.name.as_str());
    let all = || inits.clone().chain(&pod.spec.containers).map(|one| one.name.as_str()).chain(added.clone());
    let list = |names: &[&str]| names.join(" ");
    match pod.spec.containers.as_slice() {
        [one] if container.is_empty() => Ok(&one.name),
        many if container.is_empty() => {
            let names: Vec<&str> = many.iter().map(|one| one.name.as_str()).collect();
            let mut text =
                format!("a container name must be specified for pod {key}, choose one of: [{}]", list(&names));
            let inits: Vec<&str> = inits.clone().map(|one| one.name.as_str()).collect();
            if !inits.is_empty() {
                text = format!("{text} or one of the init containers: [{}]", list(&inits));
            }
            Err(text)
        }
        _ => {
            let invalid = || format!("container {container} is not valid for pod {key}");
            all().find(|name| *name == container).ok_or_else(invalid)
        }
    }
}

/// The id of the incarnation that there is, or why there is none.
fn present(status: &ContainerStatus) -> Result<&str, &str> {
    let state = status.state.as_ref();
    if let Some(waiting) = state.and_then(|state| state.waiting.as_ref()) {
        // One that waits to be started again has printed before.
        let why = waiting.reason.as_deref().unwrap_or("ContainerCreating");
        return ended(status.last_state.as_ref()).ok_or(why);
    }
    status.container_id.as_deref().ok_or("ContainerCreating")
}

fn ended(state: Option<&ContainerState>) -> Option<&str> {
    state?.terminated.as_ref()?.container_id.as_deref()
}
