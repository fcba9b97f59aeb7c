//! What the kubelet knows of one pod: plain data, and the questions that can be answered from it alone.

use super::backoff::Backoff;
use super::conditions::OWN;
use super::debug;
use super::mirror::Mirror;
use super::probes::Probing;
use super::resize::{Given, Resize};
use super::restart::Doom;
use super::volumes::Written;
use crate::api::Object;
use crate::api::kinds::pod::Pod;
use crate::api::object::Ref;
use crate::cluster::wire::{ContainerState, ContainerStatus};
use crate::sim::{Duration, FactId, Map, Time};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodStatus};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

/// A pod on this node.
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about a pod, not a state in disguise")]
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Worker {
    /// The pod as the API last showed it; a static pod as its file describes it.
    pub pod: Object,
    /// What a static pod has beside that.
    pub mirror: Option<Mirror>,
    /// Its reference.
    pub what: Ref,
    /// The fact because of which it is worked on.
    pub cause: Option<FactId>,
    /// How far its life has come.
    pub stage: Stage,
    /// The sync under way.
    pub run: Option<Run>,
    /// Whether another one has to follow.
    pub again: bool,
    /// Its address, also when the sandbox is gone.
    pub ip: Option<Rc<str>>,
    /// Whether its sandbox stands.
    pub sandbox: bool,
    /// Init containers, then containers, then ephemeral containers, as in the spec.
    pub slots: Vec<Slot>,
    /// How many of them are init containers.
    pub inits: usize,
    /// When this kubelet took it on: `status.startTime`, unless the API knows an earlier one.
    pub started: Time,
    /// The number of the sync timer that counts.
    pub timer: u64,
    /// The pod with the status that the API should have.
    pub wanted: Object,
    /// Whether a write of the status is under way.
    pub writing: bool,
    /// Whether the status has changed since it was last sent.
    pub dirty: bool,
    /// Why it has failed as a whole: reason and message.
    pub failed: Option<(Rc<str>, Rc<str>)>,
    /// The grace period that counts instead of its own.
    pub hurry: Option<Duration>,
    /// How long the next wait for a volume lasts, and since when it is waited.
    pub mounting: Option<(Duration, Time)>,
    /// What the kubelet has written into its volumes.
    pub written: Written,
    /// Whether what is in its volumes is being brought up to date.
    pub renewing: bool,
    /// Whether the next time for that is planned.
    pub renews: bool,
    /// What it asks for beside what it has been given.
    pub resize: Option<Resize>,
    /// By their names: images that could not be pulled for it, how long they wait, and the last error.
    pub pulls: Map<Rc<str>, (Backoff, Rc<str>)>,
    /// When its claims are mounted, as far as storage drivers do that.
    pub staged: Option<Time>,
}

/// How far a pod's life has come.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// It should run.
    Syncing,
    /// Its containers are being stopped.
    Stopping {
        /// When SIGKILL comes.
        deadline: Time,
    },
    /// Containers and sandbox are gone; what is left is the object.
    Stopped,
}

/// How far a container that has to end has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Leave {
    /// Its `preStop` runs.
    Hook,
    /// It waits for its turn.
    Turn,
    /// It was its turn, and the runtime has been told.
    Told,
    /// The runtime says that it has ended.
    Gone,
    /// Its `preStop` runs, until then at most; its pod stays.
    Alone(Time),
}

/// A sync under way: steps that wait for the runtime.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Run {
    /// Slots still to be started.
    pub todo: VecDeque<usize>,
    /// Whether something was done.
    pub acted: bool,
    /// Whether something failed.
    pub failed: bool,
    /// The earliest end of a back-off.
    pub retry: Option<Time>,
    /// Containers that are being killed before they are started again.
    pub kills: usize,
    /// Whether that is done to all of the pod.
    pub all: bool,
}

/// A container of a pod.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Slot {
    /// Its name.
    pub name: Rc<str>,
    /// The id of its newest incarnation.
    pub id: Option<Rc<str>>,
    /// Which incarnation that is, from 0.
    pub attempt: u32,
    /// What it does; `None`: there has never been one.
    pub state: Option<ContainerState>,
    /// The incarnation before, which has ended.
    pub last: Option<(Rc<str>, ContainerState)>,
    /// Why it is not started: reason and message.
    pub held: Option<(&'static str, Rc<str>)>,
    /// Its wait after crashes.
    pub crash: Option<Backoff>,
    /// `imageID`.
    pub image_id: Rc<str>,
    /// Its probes.
    pub probes: Vec<Probing>,
    /// Whether all that was known of it was removed because all of its pod was started again.
    pub reset: bool,
    /// Why it has to be killed.
    pub doomed: Option<Doom>,
    /// Whether its newest incarnation is of the sandbox before this one.
    pub stale: bool,
    /// How far its end has come.
    pub leave: Option<Leave>,
    /// The image that its newest incarnation was made of.
    pub image: Rc<str>,
    /// The resources that it really has, if they have ever been changed.
    pub actuated: Option<Rc<Given>>,
}

/// How a container has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended<'a> {
    /// When it was started.
    pub since: Time,
    /// When it ended.
    pub at: Time,
    /// Its exit code.
    pub code: i32,
    /// `Completed`, `Error`, `OOMKilled`, `StartError`.
    pub reason: &'a str,
    /// What it left.
    pub message: &'a str,
}

/// The end that a state tells of.
#[must_use]
pub fn ended(state: &ContainerState) -> Option<Ended<'_>> {
    match state {
        ContainerState::Exited { since, at, code, reason, message } => {
            Some(Ended { since: *since, at: *at, code: *code, reason, message })
        }
        _ => None,
    }
}

impl Slot {
    /// Since when it runs, if it does.
    #[must_use]
    pub fn running(&self) -> Option<Time> {
        match self.state {
            Some(ContainerState::Running { since }) => Some(since),
            _ => None,
        }
    }

    /// How its newest incarnation has ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Ended<'_>> {
        self.state.as_ref().and_then(ended)
    }

    /// Takes over what the runtime says of the newest incarnation or the one before.
    pub fn learn(&mut self, status: &ContainerStatus) {
        let known = self.id.is_some();
        if self.id.as_ref() == Some(&status.id) {
            self.state = Some(status.state.clone());
        } else if !known || status.attempt >= self.attempt {
            if let (Some(id), Some(state)) = (self.id.take(), self.state.take()) {
                self.last = Some((id, state));
            }
            self.id = Some(status.id.clone());
            self.attempt = status.attempt;
            self.image = status.image.clone();
            self.state = Some(status.state.clone());
        } else if self.last.is_none() {
            self.last = Some((status.id.clone(), status.state.clone()));
        }
    }
}

impl Worker {
    /// The worker of a pod that the kubelet has just seen.
    #[must_use]
    pub fn new(pod: &Object, now: Time) -> Self {
        let typed = pod.get::<Pod>();
        let spec = typed.map(|pod| pod.spec.clone()).unwrap_or_default();
        let inits = spec.init_containers.as_deref().unwrap_or_default();
        let all = inits.iter().chain(&spec.containers);
        let slots = all.map(|container| Slot {
            name: container.name.as_str().into(),
            probes: Probing::of(container, now),
            ..Slot::default()
        });
        let started = typed.and_then(|pod| pod.status.start_time.as_ref()).map_or(now, crate::api::meta::moment);
        Self {
            pod: pod.clone(),
            mirror: None,
            what: pod.reference(),
            cause: None,
            stage: Stage::Syncing,
            run: None,
            again: false,
            ip: None,
            sandbox: false,
            slots: slots.chain(debug::added(&spec)).collect(),
            inits: inits.len(),
            started,
            timer: 0,
            wanted: pod.clone(),
            writing: false,
            dirty: false,
            failed: None,
            hurry: None,
            mounting: None,
            written: Rc::default(),
            renewing: false,
            renews: false,
            resize: None,
            pulls: Map::new(),
            staged: None,
        }
    }

    /// The pod.
    ///
    /// # Panics
    /// Never: workers are made of pods only.
    #[must_use]
    pub fn typed(&self) -> &Pod {
        self.pod.get::<Pod>().expect("a worker is made of a pod")
    }

    /// The pod's spec.
    #[must_use]
    pub fn spec(&self) -> Rc<PodSpec> {
        self.typed().spec.clone()
    }

    /// `name_namespace(uid)`, as messages name a pod.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}_{}({})", self.pod.name(), self.pod.namespace(), self.pod.uid())
    }

    /// Where in the pod a container is, for events.
    #[must_use]
    pub fn field_path(&self, slot: usize) -> String {
        let part = match slot {
            slot if slot < self.inits => "initContainers",
            slot if slot < self.mains().end => "containers",
            _ => "ephemeralContainers",
        };
        format!("spec.{part}{{{}}}", self.slots[slot].name)
    }

    /// Whether the init containers have done their part.
    #[must_use]
    pub fn initialized(&self) -> bool {
        let spec = self.typed().spec.clone();
        // A container that was started is proof that the pod had been initialized.
        self.slots[self.mains()].iter().any(|slot| slot.state.is_some() && !slot.stale)
            || (0..self.inits).all(|slot| self.init_done(&spec, slot))
    }

    /// Whether an init container has done its part: it has ended well, or as a sidecar it has started.
    #[must_use]
    pub fn init_done(&self, spec: &PodSpec, slot: usize) -> bool {
        let at = &self.slots[slot];
        if is_sidecar(&container(spec, slot)) {
            return at.running().is_some() && at.is_started();
        }
        !at.stale && at.ended().is_some_and(|end| end.code == 0)
    }

    /// Whether the pod was never taken on.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.failed.is_some() && self.slots.iter().all(|slot| slot.state.is_none()) && self.ip.is_none()
    }

    /// Takes a new status as the wanted one; whether it differs.
    pub fn want(&mut self, status: PodStatus) -> bool {
        if self.wanted.get::<Pod>().is_some_and(|pod| pod.status == status) {
            return false;
        }
        let typed = self.typed();
        self.wanted = Object::new(Pod {
            metadata: typed.metadata.clone(),
            spec: typed.spec.clone(),
            node_name: typed.node_name.clone(),
            token_suffix: typed.token_suffix.clone(),
            status,
        });
        true
    }

    /// The pod's object in the API, as last seen; a static pod may have none.
    #[must_use]
    pub fn shown(&self) -> Option<&Object> {
        self.mirror.as_ref().map_or(Some(&self.pod), |mirror| mirror.object.as_ref())
    }

    /// The pod's object with the wanted status, and with the conditions that others have written.
    #[must_use]
    pub fn to_send(&self) -> Option<Object> {
        let shown = self.shown()?;
        let conditions = shown.get::<Pod>().and_then(|pod| pod.status.conditions.as_deref()).unwrap_or_default();
        let wanted = self.wanted.get::<Pod>();
        let own = |kind: &str| {
            OWN.contains(&kind)
                || kind.starts_with("PodResize")
                || wanted.is_some_and(|pod| pod.condition(kind).is_some())
        };
        let foreign: Vec<_> = conditions.iter().filter(|condition| !own(&condition.type_)).cloned().collect();
        let mut object = self.wanted.clone();
        if let (Some(mirror), Some(wanted)) = (self.mirror.as_ref().and(shown.get::<Pod>()), wanted) {
            object = Object::new(Pod { status: wanted.status.clone(), ..mirror.clone() });
        }
        if !foreign.is_empty()
            && let Some(pod) = object.get_mut::<Pod>()
        {
            let own = pod.status.conditions.take().unwrap_or_default();
            pod.status.conditions = Some(foreign.into_iter().chain(own).collect());
        }
        Some(object)
    }

    /// Whether the API shows something else than what is wanted in what is the kubelet's to say.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        let believed = self.shown().and_then(|shown| shown.get::<Pod>());
        let (Some(wanted), Some(believed)) = (self.wanted.get::<Pod>(), believed) else { return false };
        let own = |pod: &Pod| -> Vec<String> {
            OWN.iter().map(|kind| pod.condition(kind).map(|c| c.status.clone()).unwrap_or_default()).collect()
        };
        own(wanted) != own(believed) || wanted.phase() != believed.phase()
    }
}

/// A container of a pod by its slot: init containers come first, ephemeral ones last.
#[must_use]
pub fn container(spec: &PodSpec, slot: usize) -> Cow<'_, Container> {
    let inits = spec.init_containers.as_deref().unwrap_or_default();
    if let Some(container) = inits.get(slot).or_else(|| spec.containers.get(slot - inits.len())) {
        return Cow::Borrowed(container);
    }
    let debuggers = spec.ephemeral_containers.as_deref().unwrap_or_default();
    Cow::Owned(debug::plain(&debuggers[slot - inits.len() - spec.containers.len()]))
}

/// Whether an init container runs beside the others for the pod's whole life.
#[must_use]
pub fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}
