//! A pod's phase, from what its containers do.
//!
//! Upstream: `pkg/kubelet/kubelet_pods.go`, `getPhase`.

use super::restart::{self, restarts};
use super::status::terminated;
use super::worker::{Stage, Worker, container, is_sidecar};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, PodSpec};

/// What the containers of a pod do, counted.
#[derive(Default)]
struct Count {
    /// Whether an init container still has to do its part.
    pending: bool,
    /// Whether a sidecar has not started yet.
    starting: bool,
    /// Whether an init container has failed for good.
    failed: bool,
    running: usize,
    waiting: usize,
    stopped: usize,
    /// Of those that have stopped: for good.
    over: usize,
    /// Of those: well.
    succeeded: usize,
}

/// How a container that does not run has ended the last time.
fn end(status: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    terminated(status).or_else(|| status.last_state.as_ref()?.terminated.as_ref())
}

impl Count {
    fn init(&mut self, status: &ContainerStatus, sidecar: bool, again: impl Fn(&ContainerStateTerminated) -> bool) {
        let running = status.state.as_ref().is_some_and(|state| state.running.is_some());
        match (end(status).filter(|_| !running), sidecar) {
            (None, true) => {
                self.starting |= !running || status.started != Some(true);
                self.running += usize::from(running);
                self.waiting += usize::from(!running);
            }
            (None, false) => self.pending = true,
            (Some(end), false) => self.failed |= end.exit_code != 0 && !again(end),
            (Some(_), true) => {}
        }
    }

    fn main(&mut self, status: &ContainerStatus, again: impl Fn(&ContainerStateTerminated) -> bool) {
        if status.state.as_ref().is_some_and(|state| state.running.is_some()) {
            self.running += 1;
        } else if let Some(end) = end(status) {
            self.stopped += 1;
            self.over += usize::from(!again(end));
            self.succeeded += usize::from(terminated(status).is_some_and(|end| end.exit_code == 0));
        } else {
            self.waiting += 1;
        }
    }
}

/// The phase of a pod with these statuses, those of init containers first.
pub fn phase(worker: &Worker, spec: &PodSpec, statuses: &[ContainerStatus]) -> &'static str {
    if worker.failed.is_some() {
        return "Failed";
    }
    let mut count = Count::default();
    for (index, status) in statuses.iter().enumerate() {
        let container = container(spec, index);
        let again = |end: &ContainerStateTerminated| {
            end.reason.as_deref() == Some(restart::ALL) || restarts(spec, &container, end.exit_code)
        };
        if index < worker.inits {
            count.init(status, is_sidecar(&container), again);
        } else {
            count.main(status, again);
        }
    }
    let begun = worker.slots[worker.mains()].iter().any(|slot| slot.state.is_some());
    let over = worker.stage == Stage::Stopped && worker.mirror.is_none();
    match count {
        Count { failed: true, .. } => "Failed",
        Count { pending: true, .. } => "Pending",
        Count { starting: true, .. } if !begun => "Pending",
        Count { waiting: 1.., .. } => "Pending",
        Count { running: 1.., .. } => "Running",
        Count { stopped, over: ended, .. } if !over && stopped != ended => "Running",
        Count { stopped, succeeded, .. } if stopped == succeeded => "Succeeded",
        Count { .. } => "Failed",
    }
}
