//! The scheduling queue: which pod is tried next, and which wait for what.
//!
//! | Queue | Who is in it | Who leaves it |
//! | --- | --- | --- |
//! | active | pods to be tried, by priority, then by time | the first, when the scheduler is free |
//! | backoff | pods that failed and were woken before their back-off (1 s, 2 s … 10 s) is over | those whose back-off is over, once a second; the first, when there is nothing else to do |
//! | unschedulable | pods that failed; each knows which plugins refused it | those that an event may help (the refusing plugins are asked), and all after 5 minutes |
//! | gated | pods that a `PreEnqueue` plugin keeps out | those whose gate an event may have opened |
//!
//! Upstream: `pkg/scheduler/backend/queue`. The queue holds no clock: it is told what time it is.

use super::configuration::Configuration;
use super::events::{self, Change, ClusterEvent, Resource};
use super::framework::{Plugin, Profile};
use super::pod::PodInfo;
use crate::api::Key;
use crate::cluster::fact::Queue as Place;
use crate::cluster::timing;
use crate::sim::{Duration, FactId, SortedSet, Time};
use crate::sim::{Map, Set};
use std::rc::Rc;

/// A pod in the queue. Upstream: `framework.QueuedPodInfo`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Queued {
    /// The pod.
    pub info: Rc<PodInfo>,
    /// When it was last put into the queue.
    pub since: Time,
    /// How often it has been tried.
    pub attempts: u32,
    /// How often no node was found.
    pub failures: u32,
    /// How often in a row something else went wrong.
    pub errors: u32,
    /// The plugins that refused it last time.
    pub rejectors: SortedSet<&'static str>,
    /// The plugin that keeps it out.
    pub gate: Option<&'static str>,
    /// What brought it where it is.
    pub because: Rc<str>,
    /// Why it is tried (again): the event that made it worth it, whatever queues it went through since.
    pub woken_by: Rc<str>,
    /// The fact behind that.
    pub cause: Option<FactId>,
    /// Where it is.
    pub place: Place,
    /// What `QueueSort` said of it when it was put there.
    sort: i64,
    /// How long it backs off after its last failure.
    backoff: Duration,
}

impl Queued {
    fn new(info: Rc<PodInfo>, now: Time) -> Self {
        Self {
            info,
            since: now,
            attempts: 0,
            failures: 0,
            errors: 0,
            rejectors: SortedSet::new(),
            gate: None,
            because: "".into(),
            woken_by: "".into(),
            cause: None,
            place: Place::Active,
            sort: 0,
            backoff: Duration::ZERO,
        }
    }

    fn order(&self) -> Order {
        (self.sort, self.since, self.info.reference.key.clone())
    }

    fn backoff_order(&self) -> (i64, Order) {
        (self.backoff_second().unwrap_or(i64::MIN), self.order())
    }

    /// Whether it failed for another reason than a plugin's no.
    fn is_error(&self) -> bool {
        self.rejectors.is_empty()
    }

    /// The second in which its back-off ends; `None`: it has none. Upstream: `getBackoffTime`.
    fn backoff_second(&self) -> Option<i64> {
        (self.errors + self.failures > 0).then(|| (self.since + self.backoff).as_secs())
    }

    /// Upstream: `isPodBackingoff`: until its second is over.
    fn backs_off(&self, now: Time) -> bool {
        self.backoff_second().is_some_and(|second| second >= now.as_secs())
    }
}

/// Upstream: `calculateBackoffDuration`.
fn backoff(configuration: &Configuration, count: u32) -> Duration {
    let doubled = configuration.initial_backoff.checked_mul(1 << count.saturating_sub(1).min(20));
    doubled.map_or(configuration.max_backoff, |duration| duration.min(configuration.max_backoff))
}

/// The plugin that keeps the pod out of the active queue.
fn gate(configuration: &Configuration, info: &PodInfo) -> Option<&'static str> {
    configuration.of(info.spec()).and_then(|profile: &Profile| profile.gate(info))
}

/// A move that is to be noted: the pod's key (its entry says the rest).
pub type Moved = Key;

/// What `QueueSort` says, time, and the pod.
type Order = (i64, Time, Key);

/// The queue.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct SchedulingQueue {
    pods: Map<Key, Queued>,
    active: Set<Order>,
    /// By the second in which the back-off ends, then as in the active queue.
    backoff: Set<(i64, Order)>,
    /// The same for pods that failed with an error: these are never tried before their time.
    error_backoff: Set<(i64, Order)>,
    waiting: Set<Key>,
}

impl SchedulingQueue {
    /// The entry of a pod.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Queued> {
        self.pods.get(key)
    }

    /// Sets the fact behind a pod's last move.
    pub fn set_cause(&mut self, key: &Key, cause: Option<FactId>) {
        if let Some(queued) = self.pods.get_mut(key) {
            queued.cause = cause;
        }
    }

    /// Pods with their queues, in the order in which they would be tried; those that wait come last.
    pub fn iter(&self) -> impl Iterator<Item = &Queued> {
        let active = self.active.iter().map(|(_, _, key)| key);
        let backoff = self.backoff.iter().chain(self.error_backoff.iter()).map(|(_, (_, _, key))| key);
        active.chain(backoff).chain(self.waiting.iter()).filter_map(|key| self.pods.get(key))
    }

    /// Whether there is a pod to be tried now.
    #[must_use]
    pub fn has_next(&self) -> bool {
        !self.active.is_empty() || !self.backoff.is_empty()
    }

    /// Whether any pod waits for something to happen.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A new pod without a node.
    pub fn add(&mut self, configuration: &Configuration, info: Rc<PodInfo>, now: Time) -> Moved {
        let event = ClusterEvent::new(Resource::UnschedulablePod, events::Action::ADD);
        self.delete(&info.reference.key);
        let mut queued = Queued::new(info, now);
        queued.woken_by = event.label();
        queued.because = queued.woken_by.clone();
        self.activate(configuration, queued)
    }

    /// A pod is gone, or was bound.
    pub fn delete(&mut self, key: &Key) {
        if let Some(queued) = self.pods.remove(key) {
            self.unlink(&queued);
        }
    }

    /// A waiting pod has changed. `Some`: that moved it.
    pub fn update(&mut self, configuration: &Configuration, info: &Rc<PodInfo>, now: Time) -> Option<Moved> {
        let key = &info.reference.key;
        let old = self.pods.get(key)?.clone();
        if matches!(old.place, Place::Active | Place::Backoff) {
            self.unlink(&old);
            let queued = Queued { info: info.clone(), ..old };
            self.link(configuration, queued);
            return None;
        }
        if let Some(queued) = self.pods.get_mut(key) {
            queued.info = info.clone();
        }
        let (before, after) = (Some(&old.info.object), Some(&info.object));
        let mut events = events::pod_changes(&old.info, info).into_iter();
        events
            .find_map(|event| self.wake(configuration, key, Change { event, old: before, new: after, args: None }, now))
    }

    /// Something has happened: moves the pods that it may help. Upstream: `MoveAllToActiveOrBackoffQueue`.
    pub fn happened(&mut self, configuration: &Configuration, change: Change, now: Time) -> Vec<Moved> {
        self.happened_up_to(i32::MAX, configuration, change, now)
    }

    /// The same for pods that are not more important than `priority`: they alone can use room that was kept for a pod
    /// of that priority. Upstream: `getLEPriorityPreCheck`.
    pub fn happened_up_to(
        &mut self,
        priority: i32,
        configuration: &Configuration,
        change: Change,
        now: Time,
    ) -> Vec<Moved> {
        let waiting = self.waiting.clone();
        let concerned = |key: &&Key| self.pods.get(*key).is_some_and(|queued| queued.info.priority() <= priority);
        let keys: Vec<&Key> = waiting.iter().filter(concerned).collect();
        keys.into_iter().filter_map(|key| self.wake(configuration, key, change, now)).collect()
    }

    /// Takes the pod to be tried next. Upstream: `activeQueue.pop`.
    pub fn pop(&mut self) -> Option<Queued> {
        let first = self.active.first().map(|(_, _, key)| key.clone());
        let key = first.or_else(|| self.backoff.first().map(|(_, (_, _, key))| key.clone()))?;
        let mut queued = self.pods.remove(&key)?;
        self.unlink(&queued);
        queued.attempts += 1;
        Some(queued)
    }

    /// Takes a pod back that could not be scheduled. Upstream: `AddUnschedulableIfNotPresent`.
    pub fn failed(
        &mut self,
        configuration: &Configuration,
        mut queued: Queued,
        rejectors: SortedSet<&'static str>,
        now: Time,
    ) -> Moved {
        let key = queued.info.reference.key.clone();
        self.delete(&key);
        queued.since = now;
        queued.rejectors = rejectors;
        queued.because = events::SCHEDULE_ATTEMPT_FAILURE.into();
        queued.woken_by = queued.because.clone();
        if queued.is_error() {
            queued.errors += 1;
            queued.place = Place::Backoff;
        } else {
            queued.errors = 0;
            queued.failures += 1;
            queued.place = Place::Unschedulable;
        }
        let count = if queued.errors > 0 { queued.errors } else { queued.failures };
        queued.backoff = backoff(configuration, count);
        self.link(configuration, queued);
        key
    }

    /// Moves the pods whose back-off is over. Upstream: `flushBackoffQCompleted`.
    pub fn flush_backoff(&mut self, configuration: &Configuration, now: Time) -> Vec<Moved> {
        let over = |(second, _): &&(i64, Order)| *second < now.as_secs();
        let done = self.backoff.iter().take_while(over).chain(self.error_backoff.iter().take_while(over));
        let keys: Vec<Key> = done.map(|(_, (_, _, key))| key.clone()).collect();
        let mut moved = Vec::new();
        for key in keys {
            let Some(mut queued) = self.pods.remove(&key) else { continue };
            self.unlink(&queued);
            queued.because = events::BACKOFF_COMPLETE.into();
            moved.push(self.activate(configuration, queued));
        }
        moved
    }

    /// When the next back-off is over: flushes happen at whole seconds.
    #[must_use]
    pub fn next_flush(&self) -> Option<Time> {
        let first = self.backoff.first().into_iter().chain(self.error_backoff.first());
        first.map(|(second, _)| Time::from_secs(second + 1)).min()
    }

    /// Moves the pods that have waited too long. Upstream: `flushUnschedulablePodsLeftover`.
    pub fn flush_unschedulable(&mut self, configuration: &Configuration, now: Time) -> Vec<Moved> {
        let late = |key: &&Key| {
            let queued = self.pods.get(*key);
            queued.is_some_and(|queued| now.since(queued.since) > timing::POD_MAX_UNSCHEDULABLE)
        };
        let keys: Vec<Key> = self.waiting.iter().filter(late).cloned().collect();
        let change = Change { event: ClusterEvent::UNSCHEDULABLE_TIMEOUT, old: None, new: None, args: None };
        keys.iter().filter_map(|key| self.wake(configuration, key, change, now)).collect()
    }

    /// Moves one waiting pod if the event may help it. Upstream: `isPodWorthRequeuing`, `requeuePodWithQueueingStrategy`.
    fn wake(&mut self, configuration: &Configuration, key: &Key, change: Change, now: Time) -> Option<Moved> {
        let queued = self.pods.get(key)?;
        let profile = configuration.of(queued.info.spec());
        let change = Change { args: profile.map(|profile| &*profile.args), ..change };
        let asked = |name: &&str| {
            let plugin = profile.and_then(|profile| profile.plugin(name));
            let interests = plugin.map(Plugin::interests).unwrap_or_default();
            interests.iter().any(|interest| interest.covers(change.event) && (interest.hint)(&queued.info, &change))
        };
        let worth = match queued.gate {
            Some(gate) => asked(&gate),
            None => change.event.resource == Resource::Any || queued.rejectors.iter().any(asked),
        };
        if !worth {
            return None;
        }
        let mut queued = self.pods.remove(key)?;
        self.unlink(&queued);
        queued.woken_by = change.event.label();
        queued.because = queued.woken_by.clone();
        if !queued.backs_off(now) {
            return Some(self.activate(configuration, queued));
        }
        queued.gate = gate(configuration, &queued.info);
        queued.place = if queued.gate.is_some() { Place::Gated } else { Place::Backoff };
        self.link(configuration, queued);
        Some(key.clone())
    }

    /// Into the active queue, if no plugin is against it. Upstream: `moveToActiveQ`.
    fn activate(&mut self, configuration: &Configuration, mut queued: Queued) -> Moved {
        let key = queued.info.reference.key.clone();
        queued.gate = gate(configuration, &queued.info);
        queued.rejectors.extend(queued.gate);
        queued.place = if queued.gate.is_some() { Place::Gated } else { Place::Active };
        self.link(configuration, queued);
        key
    }

    fn link(&mut self, configuration: &Configuration, mut queued: Queued) {
        queued.sort = configuration.of(queued.info.spec()).map_or(0, |profile| profile.sort_key(&queued.info));
        let key = queued.info.reference.key.clone();
        match queued.place {
            Place::Active => {
                self.active.insert(queued.order());
            }
            Place::Backoff => {
                let queue = if queued.is_error() { &mut self.error_backoff } else { &mut self.backoff };
                queue.insert(queued.backoff_order());
            }
            Place::Unschedulable | Place::Gated => {
                self.waiting.insert(key.clone());
            }
        }
        self.pods.insert(key, queued);
    }

    fn unlink(&mut self, queued: &Queued) {
        match queued.place {
            Place::Active => {
                self.active.remove(&queued.order());
            }
            Place::Backoff => {
                let queue = if queued.is_error() { &mut self.error_backoff } else { &mut self.backoff };
                queue.remove(&queued.backoff_order());
            }
            Place::Unschedulable | Place::Gated => {
                self.waiting.remove(&queued.info.reference.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::object;
    use super::*;
    use serde_json::{Value, json};

    fn pod(name: &str, spec: &Value) -> Rc<PodInfo> {
        let mut spec = spec.clone();
        spec["containers"] = json!([]);
        let value = json!({"metadata": {"name": name, "namespace": "default", "uid": name}, "spec": spec});
        Rc::new(PodInfo::new(&object("Pod", value)).expect("a pod"))
    }

    fn popped(queue: &mut SchedulingQueue) -> Option<String> {
        queue.pop().map(|queued| queued.info.object.name().to_owned())
    }

    #[test]
    fn priority_comes_before_time() {
        let (profile, mut queue) = (Configuration::default(), SchedulingQueue::default());
        queue.add(&profile, pod("first", &json!({})), Time::from_secs(1));
        queue.add(&profile, pod("second", &json!({})), Time::from_secs(2));
        queue.add(&profile, pod("important", &json!({"priority": 10})), Time::from_secs(3));
        let order: Vec<_> = std::iter::from_fn(|| popped(&mut queue)).collect();
        assert_eq!(order, ["important", "first", "second"]);
    }

    #[test]
    fn a_refused_pod_is_woken_only_by_what_may_help_it() {
        let (profile, mut queue) = (Configuration::default(), SchedulingQueue::default());
        queue.add(&profile, pod("p", &json!({"nodeSelector": {"disk": "ssd"}})), Time::ZERO);
        let queued = queue.pop().expect("a pod");
        queue.failed(&profile, queued, SortedSet::from(["NodeAffinity"]), Time::from_millis(1));
        let node = |disk: &str| object("Node", json!({"metadata": {"name": "n", "labels": {"disk": disk}}}));
        let hdd = node("hdd");
        let seen = |new| Change::new(Resource::Node, events::Action::ADD, None, Some(new));
        assert!(queue.happened(&profile, seen(&hdd), Time::from_secs(2)).is_empty());
        assert!(!queue.has_next());
        // Within the back-off it goes to the back-off queue, from which it is taken when nothing else is to be done.
        let ssd = node("ssd");
        let moved = queue.happened(&profile, seen(&ssd), Time::from_millis(500));
        let queued = queue.get(&moved[0]).expect("queued");
        assert_eq!((queued.place, &*queued.because), (Place::Backoff, "NodeAdd"));
        assert_eq!(queue.next_flush(), Some(Time::from_secs(2)));
        let queued = queue.pop().expect("taken early");
        assert_eq!((queued.attempts, &*queued.woken_by), (2, "NodeAdd"));
    }

    #[test]
    fn errors_wait_out_their_back_off_and_it_doubles() {
        let (profile, mut queue) = (Configuration::default(), SchedulingQueue::default());
        queue.add(&profile, pod("p", &json!({})), Time::ZERO);
        for (tried, over) in [(0, 2), (2, 5), (5, 10), (10, 19), (19, 30), (30, 41)] {
            let queued = queue.pop().expect("a pod");
            queue.failed(&profile, queued, SortedSet::new(), Time::from_secs(tried));
            assert!(!queue.has_next());
            assert_eq!(queue.next_flush(), Some(Time::from_secs(over)));
            assert!(queue.flush_backoff(&profile, Time::from_secs(over - 1)).is_empty());
            assert_eq!(queue.flush_backoff(&profile, Time::from_secs(over)).len(), 1);
        }
    }

    #[test]
    fn a_gated_pod_enters_when_its_gates_are_gone() {
        let (profile, mut queue) = (Configuration::default(), SchedulingQueue::default());
        let key = queue.add(&profile, pod("p", &json!({"schedulingGates": [{"name": "a"}]})), Time::ZERO);
        assert_eq!(queue.get(&key).map(|queued| queued.place), Some(Place::Gated));
        assert!(queue.flush_unschedulable(&profile, Time::from_secs(3600)).is_empty());
        let moved = queue.update(&profile, &pod("p", &json!({})), Time::from_secs(1)).expect("moved");
        let queued = queue.get(&moved).expect("queued");
        assert_eq!(
            (queued.place, &*queued.because),
            (Place::Active, "UnschedulablePodUpdatePodSchedulingGatesEliminated")
        );
    }

    #[test]
    fn after_five_minutes_every_pod_is_tried_again() {
        let (profile, mut queue) = (Configuration::default(), SchedulingQueue::default());
        queue.add(&profile, pod("p", &json!({})), Time::ZERO);
        let queued = queue.pop().expect("a pod");
        queue.failed(&profile, queued, SortedSet::from(["NodeName"]), Time::ZERO);
        assert!(queue.flush_unschedulable(&profile, Time::from_secs(300)).is_empty());
        assert_eq!(queue.flush_unschedulable(&profile, Time::from_secs(301)).len(), 1);
        assert_eq!(popped(&mut queue).as_deref(), Some("p"));
    }
}
