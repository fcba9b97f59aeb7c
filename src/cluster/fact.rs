//! What happened, one record each: the only source of motion, captions, "why" and grading.
//!
//! A fact is plain data with a cause (see [`crate::sim::trace`]). The engine emits no prose: names, codes and the
//! texts that a real cluster would show.

mod attempt;
mod parts;

use super::input::Input;
use super::wire::{Address, Change};
use crate::api::object::Ref;
use crate::api::{Status, Target, Verb};
use crate::sim::{Duration, Time};
pub use attempt::{Attempt, AttemptResult, NodeAnswer, PreemptionCandidate, Rating, Refusal};
pub use parts::{Call, Gate, ProbeKind, Queue};
use std::rc::Rc;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Fact {
    /// A person did something.
    Input(Rc<Input>),
    /// The user's tool has finished what an input asked for. `refused` carries the server's answers.
    Answer {
        /// The server's word for each document or object: kubectl's line, such as `deployment.apps/web created`.
        lines: Rc<[Rc<str>]>,
        /// Errors: the document's index (0-based), and what the server said.
        refused: Rc<[(usize, Rc<Status>)]>,
        /// Warnings: the document's index, and the server's words.
        warned: Rc<[(usize, Rc<str>)]>,
        /// Whether it was a dry run.
        dry_run: bool,
    },

    /// A request leaves its caller.
    Requested {
        /// Which.
        call: Call,
        /// What is asked.
        verb: Verb,
        /// Of what.
        target: Target,
        /// Routine that never slows time: lease renewals, event records.
        ambient: bool,
    },
    /// A request has reached a gate of the API server.
    Gate {
        /// Which request.
        call: Call,
        /// Which gate.
        gate: Gate,
        /// Why it was refused there; `None`: passed.
        refused: Option<Rc<Status>>,
        /// What it has found: the user's name, the binding that gives the right (empty: none is needed).
        decision: Rc<str>,
        /// As of its request.
        ambient: bool,
    },
    /// etcd has written something down.
    Committed {
        /// On whose behalf.
        call: Call,
        /// What.
        object: Ref,
        /// How.
        change: Change,
        /// The new revision.
        revision: u64,
        /// As of its request.
        ambient: bool,
    },
    /// The API server's answer leaves for the caller.
    Answered {
        /// Which request.
        call: Call,
        /// HTTP status code.
        code: u16,
        /// As of its request.
        ambient: bool,
    },
    /// A client has listed and now watches.
    WatchOpened {
        /// Who.
        by: Address,
        /// What: plural.
        resource: &'static str,
        /// How many objects the list held.
        listed: usize,
    },
    /// A client has found its watch broken.
    WatchLost {
        /// Who.
        by: Address,
        /// What: plural.
        resource: &'static str,
    },
    /// A change has reached a watcher.
    Watched {
        /// Whom.
        to: Address,
        /// What has changed.
        object: Ref,
        /// How.
        change: Change,
        /// Its revision.
        revision: u64,
        /// Routine: leases, events.
        ambient: bool,
    },

    /// A controller has looked at a key and recorded what it wants.
    Reconciled {
        /// The process that it works in.
        by: Address,
        /// The controller.
        controller: &'static str,
        /// The object that it looked at.
        object: Ref,
        /// How many writes it asks for; 0: all is as it should be.
        writes: u32,
    },
    /// A controller will try a key again after an error.
    Retried {
        /// The process that it works in.
        by: Address,
        /// The controller.
        controller: &'static str,
        /// The object.
        object: Ref,
        /// When.
        after: Duration,
        /// The error's text.
        error: Rc<str>,
    },

    /// A pod has entered one of the scheduler's queues.
    PodQueued {
        /// The pod.
        pod: Ref,
        /// Which queue.
        queue: Queue,
        /// The event that moved it, such as `PodAdd`, `NodeAdd`, `ScheduleAttemptFailure`.
        because: Rc<str>,
    },
    /// The scheduler has tried a pod.
    Attempted(Rc<Attempt>),

    /// A kubelet has found a file of static pods written, changed or removed.
    ManifestRead {
        /// The node.
        node: Rc<str>,
        /// The file's name.
        file: Rc<str>,
        /// The pod that it describes; `None`: the file is gone, or cannot be read.
        pod: Option<Ref>,
        /// Why it cannot be read; empty if it can.
        error: Rc<str>,
    },
    /// A kubelet has taken a pod on.
    PodAccepted {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
    },
    /// A kubelet refuses a pod that is bound to it.
    PodRefused {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// Such as `OutOfcpu`.
        reason: Rc<str>,
    },
    /// The pod's sandbox stands: the pause container runs and the pod has its address.
    SandboxReady {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// Its address.
        ip: Rc<str>,
    },
    /// An image is being fetched from the registry.
    Pulling {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
        /// The image.
        image: Rc<str>,
        /// Its size in bytes, 0 if it does not exist.
        bytes: u64,
        /// How long it will take.
        takes: Duration,
    },
    /// An image is there.
    Pulled {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
        /// The image.
        image: Rc<str>,
        /// Whether it was there before.
        cached: bool,
    },
    /// An image could not be fetched.
    PullFailed {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
        /// The image.
        image: Rc<str>,
        /// The runtime's text.
        error: Rc<str>,
    },
    /// A container runs.
    ContainerStarted {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
        /// Whether it is an init container.
        init: bool,
        /// Which attempt, from 0.
        attempt: u32,
    },
    /// A container could not be started.
    StartFailed {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
        /// `RunContainerError`, `CreateContainerConfigError` …
        reason: Rc<str>,
        /// The text.
        message: Rc<str>,
    },
    /// A container has ended.
    ContainerExited {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
        /// Its exit code.
        code: i32,
        /// `Completed`, `Error`, `OOMKilled`.
        reason: &'static str,
    },
    /// A kubelet waits before it tries a container or an image again.
    BackOff {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
        /// Whether it waits to pull (`ImagePullBackOff`) or to restart (`CrashLoopBackOff`).
        pull: bool,
        /// Until when.
        until: Time,
        /// How often the container has been restarted.
        restarts: u32,
    },
    /// A probe was answered.
    Probed {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
        /// Which probe.
        probe: ProbeKind,
        /// Whether it succeeded.
        ok: bool,
        /// Whether this answer changed the probe's verdict.
        turned: bool,
    },
    /// A kubelet has begun to end a pod: SIGTERM is sent.
    PodStopping {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// How long it may take.
        grace: Duration,
    },
    /// A container did not end in time: SIGKILL.
    ContainerKilled {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The container.
        container: Rc<str>,
    },
    /// A pod's containers and sandbox are gone from the node.
    PodStopped {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
    },

    /// A process stops (true) or starts again (false).
    ProcessStopped {
        /// Which.
        process: Address,
        /// Whether it stops.
        stopped: bool,
    },
    /// A process leads from now on (true), or no longer: the one of its sort that works.
    LeaderChanged {
        /// Which.
        by: Address,
        /// The lease that says so, in `kube-system`.
        lease: &'static str,
        /// Whether it leads.
        leads: bool,
    },
    /// A fault has begun (true) or was repaired (false).
    Fault {
        /// Which: one of [`super::input::FAULTS`].
        fault: &'static str,
        /// What it befalls.
        of: Rc<str>,
        /// Whether it begins.
        on: bool,
    },
    /// A kubelet removes an image that nothing uses.
    ImageRemoved {
        /// The node.
        node: Rc<str>,
        /// The image.
        image: Rc<str>,
    },
    /// A node begins (true) or no longer (false) runs short of something.
    Pressure {
        /// The node.
        node: Rc<str>,
        /// `MemoryPressure` or `DiskPressure`.
        condition: &'static str,
        /// Whether it begins.
        on: bool,
    },
    /// A kubelet ends a pod because its node runs short of something.
    PodEvicted {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// `memory` or `ephemeral-storage`.
        resource: &'static str,
    },
    /// A kubelet brings what containers see in a volume up to date.
    VolumeWritten {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// The volume's name in the pod.
        volume: Rc<str>,
    },
    /// A pod that runs is given other resources, or cannot be.
    Resized {
        /// The node.
        node: Rc<str>,
        /// The pod.
        pod: Ref,
        /// `Deferred`, `Infeasible`, `Started`, `Completed` or `Error`.
        step: &'static str,
        /// Why it cannot be.
        message: Rc<str>,
    },
    /// A node's network is cut (true) or joined again (false).
    NetworkCut {
        /// Which node.
        node: Rc<str>,
        /// Whether it is cut.
        cut: bool,
    },
}
