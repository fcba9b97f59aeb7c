//! Other resources for a pod that runs: may it have them, and who gets them how.
//!
//! Upstream: `pkg/kubelet/allocation` (`allocation_manager.go`), `lifecycle/predicate.go` and
//! `kuberuntime/kuberuntime_manager.go` (`computePodResizeAction`, `doPodResizeAction`). What a pod asks for is *desired*;
//! when the node has it, it is *allocated*, and until then the pod counts with what it had (the resize is deferred, and
//! tried again when something ends and every three minutes; one that this node could never have is infeasible, and is not). What is allocated is *actuated* container by container: at once,
//! or by starting the container again where its `resizePolicy` says so. A memory limit does not go below what is used.
//!
//! A worker's pod has the allocated resources in its spec; what it wishes beside that is its [`Resize`]. Left out: resources of
//! the whole pod, the CPU manager, swap.

use super::admit::{Amounts, allocatable};
use super::report::{normal, warning};
use super::restart::Doom;
use super::worker::{Stage, Worker, container};
use super::{Asked, Kubelet, usage};
use crate::api::Object;
use crate::api::kinds::pod::Pod;
use crate::api::meta::moment;
use crate::api::pod::status::qos_class;
use crate::api::quantity::Quantity;
use crate::cluster::fact::Fact;
use crate::cluster::wire::{CriCall, CriError, CriReply, Event, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::{Order, Time};
use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::rc::Rc;

/// Resizes that wait are tried again.
pub const RETRY: &str = "resizes";

/// What stands between a pod and the resources that it asks for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Resize {
    /// What it asks for, if that is not what it has been given.
    pub desired: Option<Rc<PodSpec>>,
    /// Why it has to wait: what `PodResizePending` says.
    pub deferred: Option<Rc<str>>,
    /// Whether it waits for nothing: the node will never have so much.
    pub infeasible: bool,
    /// The generation whose wish waits.
    pub waits: Option<i64>,
    /// Whether what it has been given is being carried out; a text: why that fails.
    pub progress: Option<Rc<str>>,
    /// The generation of what is being carried out.
    pub given: Option<i64>,
}

impl Eq for Resize {}

impl std::hash::Hash for Resize {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // What is desired is in the API's pod.
        let what = (self.desired.is_some(), self.infeasible, self.waits, self.given);
        (what, &self.deferred, &self.progress).hash(state);
    }
}

/// The resources of a container.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Given(pub ResourceRequirements);

impl Eq for Given {}

impl std::hash::Hash for Given {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        for (name, amount) in [&self.0.requests, &self.0.limits].into_iter().flatten().flatten() {
            (name, &amount.0).hash(state);
        }
    }
}

/// The containers of a pod that have resources of their own.
fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.init_containers.iter().flatten().chain(&spec.containers)
}

/// Whether two specs ask for the same.
fn same(a: &PodSpec, b: &PodSpec) -> bool {
    let of = |one: &Container| one.resources.clone().unwrap_or_default();
    std::ptr::eq(a, b) || containers(a).map(of).eq(containers(b).map(of))
}

/// A spec with the resources of another.
fn with_resources(spec: &PodSpec, of: &PodSpec) -> Rc<PodSpec> {
    let mut spec = spec.clone();
    let inits = spec.init_containers.iter_mut().flatten();
    for (own, given) in inits.chain(&mut spec.containers).zip(containers(of)) {
        own.resources.clone_from(&given.resources);
    }
    Rc::new(spec)
}

/// A pod's resources as events tell them. Upstream: `pkg/kubelet/events/resize.go`.
fn summary(spec: &PodSpec, generation: Option<i64>, error: &str) -> String {
    let list = |containers: &[Container]| -> Vec<Value> {
        let one = |container: &Container| {
            let resources = container.resources.as_ref().map_or(json!({}), crate::api::json::encode);
            json!({ "name": container.name, "resources": resources })
        };
        containers.iter().map(one).collect()
    };
    // In the order of the fields upstream.
    let mut fields: Vec<(&str, Value)> = Vec::new();
    if let Some(inits) = spec.init_containers.as_deref().filter(|inits| !inits.is_empty()) {
        fields.push(("initContainers", list(inits).into()));
    }
    fields.extend([("containers", list(&spec.containers).into()), ("generation", generation.unwrap_or(0).into())]);
    if !error.is_empty() {
        fields.push(("error", error.into()));
    }
    let text: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", text.join(","))
}

fn amount(resources: &ResourceRequirements, limit: bool, name: &str) -> Option<Quantity> {
    let list = if limit { resources.limits.as_ref() } else { resources.requests.as_ref() };
    Quantity::parse(&list?.get(name)?.0).ok()
}

/// Whether a container has to be started again to be given other resources.
fn restarts(container: &Container, before: &ResourceRequirements, after: &ResourceRequirements) -> bool {
    let changed =
        |name: &str| [true, false].iter().any(|limit| amount(before, *limit, name) != amount(after, *limit, name));
    let policies = container.resize_policy.iter().flatten();
    policies.filter(|policy| policy.restart_policy == "RestartContainer").any(|policy| changed(&policy.resource_name))
}

impl Kubelet {
    /// The pod as the API shows it, with the resources that it has been given; what it wishes beside is remembered.
    pub(super) fn allocated(&mut self, uid: &Rc<str>, pod: &Object) -> Object {
        let mut pod = pod.clone();
        let Some(worker) = self.workers.get_mut(uid) else { return pod };
        let (own, desired) = (worker.spec(), pod.get::<Pod>().map(|pod| pod.spec.clone()).unwrap_or_default());
        if same(&own, &desired) || worker.stage != Stage::Syncing {
            if let Some(resize) = &mut worker.resize {
                (resize.desired, resize.deferred, resize.infeasible) = (None, None, false);
            }
            return pod;
        }
        if let Some(pod) = pod.get_mut::<Pod>() {
            pod.spec = with_resources(&desired, &own);
        }
        worker.resize.get_or_insert_default().desired = Some(desired);
        pod
    }

    /// Gives a pod what it asks for, if the node has it. Upstream: `handlePodResourcesResize`.
    pub(super) fn allocate(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get(uid).filter(|worker| worker.stage == Stage::Syncing) else { return };
        let Some(desired) = worker.resize.as_ref().and_then(|resize| resize.desired.clone()) else { return };
        let generation = worker.pod.meta().generation;
        let (wants, had, mut used, offers) =
            (Amounts::of(&desired), Amounts::of(&worker.spec()), self.pulls.used, allocatable(&self.machine));
        used.change(had, false);
        let resources = [
            ("cpu", wants.cpu_milli, used.cpu_milli, offers.cpu_milli),
            ("memory", wants.memory, used.memory, offers.memory),
        ];
        // Upstream: `canResizePod`, which looks at memory first, then at all that is used.
        let never = resources.iter().rev().find(|(_, wants, _, offers)| wants > offers);
        let never =
            never.map(|(name, wants, _, offers)| format!("capacity: {name}, requested: {wants}, capacity: {offers}"));
        let lack = resources.iter().find(|(_, wants, used, offers)| *wants > 0 && used + wants > *offers);
        let lack = lack.map(|(name, wants, used, offers)| {
            format!("resource: {name}, requested: {wants}, used: {used}, capacity: {offers}")
        });
        let infeasible = never.is_some();
        if let Some(what) = never.or(lack) {
            return self.put_off(cx, uid, (&desired, infeasible), &format!("Node didn't have enough {what}").into());
        }
        let Some(worker) = self.workers.get_mut(uid) else { return };
        for slot in 0..worker.mains().end {
            let had = container(&worker.spec(), slot).resources.clone().unwrap_or_default();
            // Upstream: the back-off's key has the resources in it: with others a container does not wait.
            if container(&desired, slot).resources.clone().unwrap_or_default() != had {
                worker.slots[slot].crash = None;
            }
            worker.slots[slot].actuated.get_or_insert(Rc::new(Given(had)));
        }
        self.pulls.used.change(had, false);
        self.pulls.used.change(wants, true);
        if let Some(pod) = worker.pod.get_mut::<Pod>() {
            pod.spec = desired.clone();
        }
        worker.resize = Some(Resize { progress: Some(Rc::default()), given: generation, ..Resize::default() });
        let text = format!("Pod resize started: {}", summary(&desired, generation, ""));
        self.say(cx, uid, None, &normal("ResizeStarted", &text));
        self.resized(cx, uid, "Started", "");
        self.sync(cx, uid);
    }

    /// The node has not got what a pod asks for.
    fn put_off(&mut self, cx: &mut Cx, uid: &Rc<str>, (desired, infeasible): (&PodSpec, bool), why: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let generation = worker.pod.meta().generation;
        let resize = worker.resize.get_or_insert_default();
        let before = (resize.infeasible, resize.waits, resize.deferred.replace(why.clone()));
        (resize.infeasible, resize.waits) = (infeasible, generation);
        if before != (infeasible, generation, Some(why.clone())) {
            let (word, reason) =
                if infeasible { ("Infeasible", "ResizeInfeasible") } else { ("Deferred", "ResizeDeferred") };
            let text = format!("Pod resize {word}: {}", summary(desired, generation, why));
            self.say(cx, uid, None, &warning(reason, &text));
            self.resized(cx, uid, word, why);
            if before.2.is_none() {
                cx.after(timing::RESIZE_RETRY, Event::Timer(Timer::new(RETRY)));
            }
        }
        self.report(cx, uid);
    }

    /// Something has ended, or time has passed: whoever waits may have what it asks for now.
    pub(super) fn allocate_again(&mut self, cx: &mut Cx) {
        let waiting = self.workers.iter().filter(|(_, worker)| worker.waits_for_resources());
        let mut waiting: Vec<(Turn, Rc<str>)> = waiting.map(|(uid, worker)| (turn(worker), uid.clone())).collect();
        waiting.order();
        for (_, uid) in waiting {
            self.allocate(cx, &uid);
        }
    }

    /// The timer for that.
    pub(super) fn retry_resizes(&mut self, cx: &mut Cx) {
        self.allocate_again(cx);
        if self.workers.values().any(Worker::waits_for_resources) {
            cx.after(timing::RESIZE_RETRY, Event::Timer(Timer::new(RETRY)));
        }
    }

    /// Carries out what has been given: containers whose policy says so are condemned, the others get it as they run.
    pub(super) fn actuate(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get(uid) else { return };
        if worker.resize.as_ref().is_none_or(|resize| resize.progress.is_none()) {
            return;
        }
        let spec = worker.spec();
        let todo: Vec<usize> = (0..worker.mains().end).filter(|slot| worker.lags(*slot)).collect();
        if todo.is_empty() {
            return self.resize_done(cx, uid);
        }
        if let Some(why) = too_small(worker, &todo, cx.now()) {
            let fresh =
                self.resize_of(uid).is_some_and(|resize| resize.progress.replace(why.clone()).as_ref() != Some(&why));
            if fresh {
                let generation = self.resize_of(uid).and_then(|resize| resize.given);
                let text = format!("Pod resize error: {}", summary(&spec, generation, &why));
                self.say(cx, uid, None, &warning("ResizeError", &text));
                self.resized(cx, uid, "Error", &why);
            }
            let wait = super::sync::jitter(cx, timing::POD_SYNC);
            return self.sync_after(cx, uid, wait);
        }
        for slot in todo {
            let Some(worker) = self.workers.get_mut(uid) else { return };
            let container = container(&spec, slot);
            let after = container.resources.clone().unwrap_or_default();
            let at = &mut worker.slots[slot];
            let (Some(before), Some(id)) = (at.actuated.clone(), at.id.clone()) else { continue };
            if restarts(&container, &before.0, &after) {
                at.doomed = Some(Doom::Resize);
                continue;
            }
            let memory_limit = limit(&after);
            at.actuated = Some(Rc::new(Given(after)));
            self.call(cx, CriCall::UpdateContainer { id, memory_limit }, Asked::Resize(uid.clone()));
        }
    }

    /// The runtime has changed what a container may have: the next look finds it.
    pub(super) fn updated(&mut self, cx: &mut Cx, uid: &Rc<str>, outcome: &Result<CriReply, CriError>) {
        if outcome.is_ok() {
            self.look_soon(cx, uid);
        }
    }

    fn resize_done(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let given = worker.resize.as_mut().and_then(|resize| {
            resize.progress = None;
            resize.given.take()
        });
        let text = format!("Pod resize completed: {}", summary(&worker.spec(), given, ""));
        self.say(cx, uid, None, &normal("ResizeCompleted", &text));
        self.resized(cx, uid, "Completed", "");
    }

    fn resize_of(&mut self, uid: &Rc<str>) -> Option<&mut Resize> {
        self.workers.get_mut(uid)?.resize.as_mut()
    }

    fn resized(&mut self, cx: &mut Cx, uid: &Rc<str>, step: &'static str, message: &str) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let (node, pod) = (self.machine.name.clone(), worker.what.clone());
        worker.cause = Some(cx.note(Fact::Resized { node, pod, step, message: message.into() }));
    }
}

/// When it is the turn of a pod that waits: first those that want no more than they have, then by priority, by quality of
/// service, and those that have waited longest. Upstream: `sortPendingResizes`.
type Turn = (bool, Reverse<i32>, bool, (bool, Option<Time>));

fn turn(worker: &Worker) -> Turn {
    let has = worker.spec();
    let wants = worker.resize.as_ref().and_then(|resize| resize.desired.clone()).unwrap_or_default();
    let (had, asked) = (Amounts::of(&has), Amounts::of(&wants));
    let more = asked.cpu_milli > had.cpu_milli || asked.memory > had.memory;
    let shown = worker.typed().condition("PodResizePending");
    let since = shown.and_then(|pending| pending.last_transition_time.as_ref()).map(moment);
    let order = (since.is_none(), since);
    (more, Reverse(has.priority.unwrap_or(0)), qos_class(&wants) != "Guaranteed", order)
}

fn limit(resources: &ResourceRequirements) -> Option<u64> {
    amount(resources, true, "memory").and_then(|limit| u64::try_from(limit.value()).ok())
}

impl Worker {
    /// Whether it may have what it asks for some day.
    fn waits_for_resources(&self) -> bool {
        self.resize.as_ref().is_some_and(|resize| resize.deferred.is_some() && !resize.infeasible)
    }

    /// Whether a container that runs has other resources than it has been given.
    fn lags(&self, slot: usize) -> bool {
        let at = &self.slots[slot];
        let given = container(&self.spec(), slot).resources.clone().unwrap_or_default();
        at.running().is_some() && at.actuated.as_ref().is_some_and(|has| has.0 != given)
    }
}

/// Why memory limits cannot be lowered: a pod, or a container, uses more. Upstream: `validateMemoryResizeAction`.
fn too_small(worker: &Worker, todo: &[usize], now: crate::sim::Time) -> Option<Rc<str>> {
    let spec = worker.spec();
    let usage = usage::of(worker, now);
    let mut lacks = Vec::new();
    let limits: Option<u64> = containers(&spec)
        .map(|one| one.resources.as_ref().and_then(limit))
        .try_fold(0, |sum, limit| Some(sum + limit?));
    let total: i64 = usage.iter().map(|amount| amount.memory_bytes).sum();
    if let Some(limit) = limits.filter(|limit| i64::try_from(*limit).is_ok_and(|limit| limit < total)) {
        lacks.push(format!("attempting to set pod memory limit ({limit}) below current usage ({total})"));
    }
    for slot in todo {
        let one = container(&spec, *slot);
        let after = one.resources.clone().unwrap_or_default();
        let before = worker.slots[*slot].actuated.as_ref()?;
        let uses = usage.iter().find(|amount| *amount.container == *one.name).map_or(0, |amount| amount.memory_bytes);
        let lowered = limit(&after).filter(|limit| i64::try_from(*limit).is_ok_and(|limit| limit < uses));
        if let Some(limit) = lowered.filter(|_| !restarts(&one, &before.0, &after)) {
            lacks.push(format!(
                "attempting to set container \"{}\" memory limit ({limit}) below current usage ({uses})",
                one.name
            ));
        }
    }
    let text = match lacks.as_slice() {
        [] => return None,
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    Some(format!("cannot decrease memory limits: {text}").into())
}
