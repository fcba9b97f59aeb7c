//! The binding cycle: the pod is counted on its node, its volumes are made ready, and the API server is asked to make it
//! true. It is asynchronous: meanwhile the next pods are tried. Upstream: `schedule_one.go`, `bindingCycle`.

use super::attempt::{Failed, set_nominated};
use super::framework::Cycle;
use super::queue::Queued;
use super::{AWAIT_VOLUMES, Binding, Scheduler};
use crate::api::kinds::pod::{KIND as PODS, Pod};
use crate::api::object::Object;
use crate::api::{Request, Status};
use crate::cluster::Cx;
use crate::cluster::client::events::Said;
use crate::cluster::timing;
use crate::cluster::wire::{Event, Reply, Timer};
use crate::sim::{FactId, SortedSet, Time};
use std::rc::Rc;

/// A binding that waits for its volumes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Preparing {
    binding: Binding,
    /// Requests without an answer.
    asked: Vec<u64>,
    /// Until when it waits.
    until: Time,
}

impl Scheduler {
    /// The binding cycle begins.
    pub(super) fn bind(&mut self, cx: &mut Cx, queued: Queued, node: Rc<str>) {
        let (profile, snapshot) = (self.profile(queued.info.spec()), self.nodes.snapshot());
        let cycle = Cycle { pod: &queued.info, snapshot, args: &profile.args, start: 0 };
        let assumed = snapshot.get(&node).map(|info| profile.reserve(&cycle, info)).unwrap_or_default();
        self.nodes.assume(&queued.info, &node);
        for object in &assumed {
            self.nodes.surroundings.set(object);
        }
        let binding = Binding { queued, node, binder: "", assumed };
        if binding.assumed.is_empty() && self.is_ready(&binding) == Ok(true) {
            return self.post(cx, binding);
        }
        let writes = binding.assumed.iter().map(|object| Request::update(object.clone()));
        let asked = writes.map(|write| self.client.request(cx, write)).collect();
        self.expect_there(cx, &binding);
        if self.preparing.is_empty() {
            cx.after(timing::VOLUME_BINDING_POLL, Event::Timer(Timer::new(AWAIT_VOLUMES)));
        }
        self.preparing.push(Preparing { binding, asked, until: cx.now() + profile.args.bind_timeout });
    }

    /// Says where the pod will be while that takes its time. Upstream: `NominatedNodeNameForExpectation`.
    fn expect_there(&mut self, cx: &mut Cx, binding: &Binding) {
        let current = self.client.lookup(&PODS, &binding.queued.info.reference.key).cloned();
        if let Some(mut current) = current
            && set_nominated(&mut current, &binding.node)
        {
            self.client.request(cx, Request::patch_status(current));
        }
    }

    fn is_ready(&self, binding: &Binding) -> Result<bool, (&'static str, String)> {
        let pod = &binding.queued.info;
        let Some(node) = self.nodes.snapshot().get(&binding.node) else { return Ok(true) };
        self.profile(pod.spec()).pre_bind(pod, node, &self.nodes.surroundings)
    }

    /// Looks after the bindings that wait, once a second.
    pub(super) fn await_volumes(&mut self, cx: &mut Cx) {
        for preparing in std::mem::take(&mut self.preparing) {
            cx.because(preparing.binding.queued.cause);
            match self.is_ready(&preparing.binding) {
                Ok(true) if preparing.asked.is_empty() => self.post(cx, preparing.binding),
                Err((plugin, why)) => self.give_up(cx, preparing.binding, ("PreBind", plugin), &why),
                _ if cx.now() >= preparing.until => {
                    let why = "binding volumes: context deadline exceeded";
                    self.give_up(cx, preparing.binding, ("PreBind", "VolumeBinding"), why);
                }
                _ => self.preparing.push(preparing),
            }
        }
        if !self.preparing.is_empty() {
            cx.after(timing::VOLUME_BINDING_POLL, Event::Timer(Timer::new(AWAIT_VOLUMES)));
        }
    }

    /// Asks the API server to bind the pod.
    fn post(&mut self, cx: &mut Cx, mut binding: Binding) {
        let pod = &binding.queued.info;
        match self.profile(pod.spec()).bind(pod, &binding.node) {
            Some((binder, request)) => {
                binding.binder = binder;
                let id = self.client.request(cx, request);
                self.binding.insert(id, binding);
            }
            None => self.give_up(cx, binding, ("Bind", ""), "no plugin binds this pod"),
        }
    }

    /// The pod does not go to the node after all: its room and its volumes are free again, and it is tried again after a
    /// back-off. Upstream: `handleBindingCycleError`.
    fn give_up(&mut self, cx: &mut Cx, binding: Binding, (point, plugin): (&str, &str), why: &str) {
        let Binding { queued, assumed, .. } = binding;
        for object in &assumed {
            match self.client.lookup(object.kind(), &object.key()) {
                Some(current) => self.nodes.surroundings.set(current),
                None => self.nodes.surroundings.remove(object),
            }
        }
        self.forget(cx, &queued.info.uid);
        let text = format!("running {point} plugin \"{plugin}\": {why}");
        let rejectors = SortedSet::new();
        self.failed(cx, queued, Failed { rejectors, reason: "SchedulerError", text: &text, nominated: None });
    }

    pub(super) fn answered(&mut self, cx: &mut Cx, id: u64, outcome: Result<Reply, Rc<Status>>, cause: Option<FactId>) {
        let before = cx.cause();
        cx.because(cause);
        if let Some(place) = self.preparing.iter().position(|preparing| preparing.asked.contains(&id)) {
            self.preparing[place].asked.retain(|asked| *asked != id);
            if let Err(status) = outcome {
                let binding = self.preparing.remove(place).binding;
                self.give_up(cx, binding, ("PreBind", "VolumeBinding"), &status.to_string());
            }
        } else if let Some(binding) = self.binding.remove(&id) {
            match outcome {
                Ok(_) => self.bound(cx, &binding),
                Err(status) => self.give_up(cx, binding.clone(), ("Bind", binding.binder), &status.to_string()),
            }
        }
        cx.because(before);
    }

    fn bound(&mut self, cx: &mut Cx, binding: &Binding) {
        let text = format!("Successfully assigned {} to {}", binding.queued.info.reference.key, binding.node);
        self.say(cx, &binding.queued.info.object, None, Said::normal("Scheduled", "Binding", &text));
    }

    /// Writes an event in the name of the pod's profile.
    pub(super) fn say(&mut self, cx: &mut Cx, about: &Object, related: Option<&Object>, said: Said) {
        let pod = related.unwrap_or(about).get::<Pod>();
        let reporter = pod.map(|pod| self.profile(&pod.spec).scheduler_name).unwrap_or_default();
        self.recorder.announce(cx, &mut self.client, &reporter, (about, related), said);
    }
}
