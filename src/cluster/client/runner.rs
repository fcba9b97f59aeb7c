//! What all controllers of a process have in common, written once.
//!
//! One connection and one set of informers serve them all, as in `kube-controller-manager`. For each controller the
//! runner keeps a [work queue](super::workqueue), gives each key to at most one worker, sends what
//! [`Controller::reconcile`] records, speaks of it in events, and tries again what has failed.
//!
//! After its writes a key is *held* until all of them have come back through the watch: a controller that looked at a
//! cache without them would ask for them again. Kubernetes' controllers do this one by one ("expectations"); here it
//! holds for all.
//!
//! With `--leader-elect=true` nothing of this begins before the process leads ([`election`](super::election)).
//!
//! Left out: the client-side rate limit (20 requests a second).

mod customs;
mod hold;
mod leading;
mod pause;
mod wake;

use super::controller::{Batch, Controller, Flags, Reconcile, Saying, Step, Write};
use super::election::{ELECT, Election};
use super::round::{Asked, Desk, Round, THINK, set_thinking};
use super::{Client, Cx, Notice, TIMER_PREFIX};
use crate::api::kinds::custom_resource_definition;
use crate::api::{Kind, Object, Status, Verb};
use crate::cluster::fact::Fact;
use crate::cluster::timing;
use crate::cluster::wire::{Event, Reply, Timer, User};
use crate::sim::{Map, Time};
use std::rc::Rc;

const DUE: &str = "run/due";
const PERIOD: &str = "run/period";

/// A process full of controllers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Runner {
    registry: &'static [&'static Controller],
    flags: Flags,
    /// `None`: it works whoever else does.
    election: Option<Election>,
    /// Whom its events name as their source; `None`: each controller itself.
    reporter: Option<Rc<str>>,
    client: Client,
    desks: Vec<Desk>,
    /// Whether all informers have listed.
    ready: bool,
    rounds: Map<u64, Round>,
    next_round: u64,
    calls: Map<u64, (u64, Asked)>,
    /// Finished rounds that wait for a revision of a kind.
    held: Map<&'static Kind, Map<(u64, u64), ()>>,
    /// Controllers that do nothing for the moment.
    paused: crate::sim::Set<&'static str>,
}

impl Runner {
    /// A process with the given controllers.
    #[must_use]
    pub fn new(registry: &'static [&'static Controller]) -> Self {
        Self::with(registry, User::new("system:kube-controller-manager", &["system:authenticated"]), None)
    }

    /// A process of somebody else's: it asks as `user`, and its events name `reporter` as their source.
    #[must_use]
    pub fn of(registry: &'static [&'static Controller], user: User, reporter: &str) -> Self {
        Self::with(registry, user, Some(reporter.into()))
    }

    fn with(registry: &'static [&'static Controller], user: User, reporter: Option<Rc<str>>) -> Self {
        Self {
            registry,
            flags: Flags::new(),
            election: None,
            desks: registry.iter().map(|controller| Desk::new(controller, &user, reporter.as_deref())).collect(),
            reporter,
            client: Client::new(user),
            ready: false,
            rounds: Map::new(),
            next_round: 0,
            calls: Map::new(),
            held: Map::new(),
            paused: crate::sim::Set::new(),
        }
    }

    /// The same with flags, each written as `--name=value`.
    #[must_use]
    pub fn with_flags<'a>(mut self, flags: impl IntoIterator<Item = &'a str>) -> Self {
        let named = flags.into_iter().filter_map(|flag| flag.trim_start_matches('-').split_once('='));
        self.flags.extend(named.map(|(name, value)| (name.into(), value.into())));
        let elected = self.flags.get("leader-elect").is_some_and(|value| &**value == "true");
        self.election = elected.then(|| Election::new("kube-controller-manager"));
        self
    }

    /// What a new process begins with: its flags.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let flags: Vec<String> = self.flags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut new = Self::with(self.registry, self.client.user().clone(), self.reporter.clone())
            .with_flags(flags.iter().map(String::as_str));
        new.paused = self.paused.clone();
        new.client = self.client.restarted();
        new
    }

    /// What it knows of the cluster.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Takes a message or one of its own timers.
    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        match event {
            Event::Message { message, .. } => {
                let notices = self.client.handle(cx, message);
                self.take_notices(cx, notices);
            }
            Event::Timer(timer) if timer.what.starts_with(TIMER_PREFIX) => {
                let notices = self.client.timer(cx, &timer);
                self.take_notices(cx, notices);
            }
            Event::Timer(timer) => self.timer(cx, &timer),
        }
        if self.ready && self.leads() {
            (0..self.desks.len()).for_each(|desk| self.work(cx, desk));
        }
    }

    fn timer(&mut self, cx: &mut Cx, timer: &Timer) {
        let desk = usize::try_from(timer.number).unwrap_or(usize::MAX);
        match timer.what {
            THINK => self.think(cx, timer.number),
            // An alarm that an earlier one has replaced is none any more: it must not set another.
            DUE if self.desks.get(desk).is_none_or(|desk| desk.alarm.is_none_or(|at| at > cx.now())) => {}
            DUE => {
                self.desks[desk].alarm = None;
                self.desks[desk].queue.tick(cx.now());
                self.set_alarm(cx, desk);
            }
            PERIOD if desk < self.desks.len() => self.periodic(cx, desk),
            ELECT => self.elect(cx),
            customs::FORGET => customs::forget(self, cx),
            _ => {}
        }
    }

    fn take_notices(&mut self, cx: &mut Cx, notices: Vec<Notice>) {
        let before = cx.cause();
        for notice in notices {
            match notice {
                Notice::Reply { id, outcome, .. } => {
                    if !self.elected(cx, id, &outcome) {
                        self.reply(cx, id, outcome);
                    }
                }
                Notice::Changed { old, new, cause } => {
                    cx.because(cause);
                    self.changed(cx, old.as_ref(), new.as_ref());
                    cx.because(before);
                }
                Notice::Synced(_) if !self.ready && self.client.is_synced() => {
                    self.ready = true;
                    (0..self.desks.len()).for_each(|desk| self.periodic(cx, desk));
                }
                Notice::Synced(_) => {}
            }
        }
        self.release();
    }

    fn changed(&mut self, cx: &mut Cx, old: Option<&Object>, new: Option<&Object>) {
        if !self.leads() {
            return;
        }
        let Some(kind) = new.or(old).map(Object::kind) else { return };
        if kind == &custom_resource_definition::KIND && self.client.informs(kind) {
            customs::follow(self, cx);
        }
        for desk in 0..self.desks.len() {
            let controller = self.desks[desk].controller;
            for watch in controller.watches.iter().filter(|watch| watch.follows(kind)) {
                self.wake(cx, desk, |wake| (watch.map)(wake, old, new));
            }
        }
    }

    /// Gives keys to workers that have nothing to do.
    fn work(&mut self, cx: &mut Cx, desk: usize) {
        if !self.paused.is_empty() && self.paused.contains(self.desks[desk].controller.name) {
            return;
        }
        while self.desks[desk].busy < self.desks[desk].controller.workers {
            let Some((key, reason)) = self.desks[desk].queue.take() else { return };
            self.desks[desk].busy += 1;
            let id = self.next_round;
            self.next_round += 1;
            self.rounds.insert(id, Round::new(desk, key, reason.cause));
            set_thinking(cx, id, reason.cause);
        }
    }

    fn think(&mut self, cx: &mut Cx, id: u64) {
        let Some(mut round) = self.rounds.remove(&id) else { return };
        let Desk { controller, memory, queue, .. } = &mut self.desks[round.desk];
        let mut reconcile = Reconcile::new((&self.client, &self.flags), cx.now(), memory, &round.answers);
        let result = (controller.reconcile)(&round.key, &mut reconcile);
        let writes = u32::try_from(reconcile.writes()).unwrap_or(u32::MAX);
        let (steps, again) = (reconcile.steps, reconcile.again);
        let questions = || steps.iter().filter(|step| matches!(step, Step::Ask(_))).cloned();
        if questions().next().is_some() {
            round.steps = questions().collect();
        } else {
            cx.because(round.cause);
            if writes > 0 || round.cause.is_some() {
                let object = round.key.clone();
                let by = cx.me().clone();
                round.cause = Some(cx.note(Fact::Reconciled { by, controller: controller.name, object, writes }));
            }
            if let Some(delay) = again {
                queue.add_at(round.key.clone(), cx.now() + delay, round.cause);
            }
            round.steps = steps.into();
            round.complaint = result.err().map(Rc::from);
        }
        self.set_alarm(cx, round.desk);
        self.advance(cx, id, round);
    }

    /// Carries on with a round until it waits for an answer or is finished.
    fn advance(&mut self, cx: &mut Cx, id: u64, mut round: Round) {
        let mut asked = false;
        while round.open == 0 {
            if round.error.is_some() && !round.told {
                self.tell(cx.now(), &mut round);
            }
            if !round.rest.is_empty() {
                self.send_group(cx, id, &mut round);
            } else if let Some(step) = round.steps.pop_front() {
                asked |= matches!(step, Step::Ask(_));
                self.step(cx, id, &mut round, step);
                // Questions are put all at once.
                while let Some(step) = round.steps.pop_front_if(|step| asked && matches!(step, Step::Ask(_))) {
                    self.step(cx, id, &mut round, step);
                }
            } else {
                self.finish(cx, id, round);
                return;
            }
        }
        self.rounds.insert(id, round);
    }

    /// Drops what a failed round still wanted, and lets the controller say what it wants instead.
    fn tell(&mut self, now: Time, round: &mut Round) {
        round.told = true;
        round.rest.clear();
        round.steps.clear();
        let Desk { controller, memory, .. } = &mut self.desks[round.desk];
        if let (Some(failed), Some((request, status))) = (controller.failed, &round.error) {
            let mut reconcile = Reconcile::new((&self.client, &self.flags), now, memory, &round.answers);
            failed(&round.key, &mut reconcile, (request, status));
            round.steps = reconcile.steps.into();
        }
    }

    fn step(&mut self, cx: &mut Cx, id: u64, round: &mut Round, step: Step) {
        match step {
            Step::Write(write) => self.send(cx, id, round, Asked::Write(write)),
            Step::Batch(Batch { first, writes }) => {
                round.next = first.max(1);
                round.rest = writes.into();
            }
            Step::Say(saying) => self.say(cx, round.desk, &saying),
            Step::Ask(question) => self.send(cx, id, round, Asked::Question(question)),
        }
    }

    fn send_group(&mut self, cx: &mut Cx, id: u64, round: &mut Round) {
        let size = round.next.min(round.rest.len());
        round.next = size * 2;
        let group: Vec<Write> = round.rest.drain(..size).collect();
        for write in group {
            self.send(cx, id, round, Asked::Write(Box::new(write)));
        }
    }

    fn send(&mut self, cx: &mut Cx, id: u64, round: &mut Round, asked: Asked) {
        let request = match &asked {
            Asked::Write(write) => write.request.clone(),
            Asked::Question(question) => question.request(),
        };
        cx.because(round.cause);
        let call = self.client.request_as(cx, &self.desks[round.desk].user, request);
        self.calls.insert(call, (id, asked));
        round.open += 1;
    }

    fn say(&mut self, cx: &mut Cx, desk: usize, saying: &Saying) {
        let Saying { about, warning, reason, message } = saying;
        self.desks[desk].recorder.record(cx, &mut self.client, about, *warning, reason, message);
    }

    fn reply(&mut self, cx: &mut Cx, call: u64, outcome: Result<Reply, Rc<Status>>) {
        let Some((id, asked)) = self.calls.remove(&call) else { return };
        let Some(mut round) = self.rounds.remove(&id) else { return };
        round.open -= 1;
        match asked {
            Asked::Question(question) => {
                let objects = outcome.and_then(|reply| match reply {
                    Reply::Object { object, .. } => Ok(Rc::from([object])),
                    Reply::List { items, .. } => Ok(items),
                    _ => Err(Rc::new(Status::internal("a read was not answered with objects"))),
                });
                round.answers.push((question, objects));
                if round.open == 0 {
                    set_thinking(cx, id, round.cause);
                    self.rounds.insert(id, round);
                    return;
                }
            }
            Asked::Write(write) => self.written(cx, &mut round, &write, outcome),
        }
        self.advance(cx, id, round);
    }

    fn written(&mut self, cx: &mut Cx, round: &mut Round, write: &Write, outcome: Result<Reply, Rc<Status>>) {
        let target = &write.request.target.object;
        match outcome {
            Ok(reply) => {
                let (name, revision) = match &reply {
                    Reply::Object { object, .. } => (object.name(), object.revision()),
                    Reply::Done { revision, .. } | Reply::Gone { revision, .. } => (&*target.key.name, *revision),
                    _ => (&*target.key.name, 0),
                };
                if self.client.informs(target.kind) && write.request.verb != Verb::Get {
                    let seen = round.wrote.get_or_default(target.kind);
                    *seen = revision.max(*seen);
                }
                if let Some(saying) = &write.success {
                    self.say(cx, round.desk, &saying.filled("{name}", name));
                }
            }
            Err(status) if write.tolerate.tolerates(&status) => {}
            Err(status) => {
                let told = !(write.silent_if_exists && status.reason == "AlreadyExists");
                for saying in write.failures.iter().filter(|_| told) {
                    self.say(cx, round.desk, &saying.filled("{error}", &status.message));
                }
                round.error.get_or_insert_with(|| (write.request.clone(), status));
            }
        }
    }

    /// A worker has ended its work on a key: success or a later try, and the hold.
    fn finish(&mut self, cx: &mut Cx, id: u64, round: Round) {
        let desk = &mut self.desks[round.desk];
        desk.busy -= 1;
        let error =
            round.error.as_ref().map(|(_, status)| Rc::from(&*status.message)).or_else(|| round.complaint.clone());
        match error {
            Some(error)
                if desk.controller.retries == 0 || desk.queue.failures(&round.key) < desk.controller.retries =>
            {
                let after = desk.queue.failed(&round.key, timing::retry(desk.controller.name));
                cx.because(round.cause);
                let (controller, object) = (desk.controller.name, round.key.clone());
                cx.note(Fact::Retried { by: cx.me().clone(), controller, object, after, error });
                desk.queue.add_at(round.key.clone(), cx.now() + after, cx.cause());
            }
            _ => desk.queue.forget(&round.key),
        }
        let index = round.desk;
        let waits = self.missing(&round);
        match waits {
            Some((kind, revision)) => {
                self.held.get_or_default(kind).insert((revision, id), ());
                self.rounds.insert(id, round);
            }
            None => self.desks[index].queue.done(&round.key),
        }
        self.set_alarm(cx, index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{config_map, named};
    use crate::api::{Key, ObjectRef, Request};
    use crate::cluster::client::controller::Watch;
    use crate::cluster::wire::{Address, Change, Message, WatchEvent};
    use crate::sim::{Duration, Kernel, Trace};
    use k8s_openapi::api::core::v1::ConfigMap;

    /// Wants a map "made" beside every map "wish".
    static MAKER: Controller = Controller {
        name: "maker",
        account: "maker",
        workers: 1,
        watches: &[Watch::mapped(&config_map::KIND, |wake, _, _| {
            wake.key(ObjectRef::new(&config_map::KIND, "default", "wish"));
        })],
        period: None,
        retries: 0,
        reconcile: |_, reconcile| {
            if reconcile.lookup(&config_map::KIND, &Key::new("default", "made")).is_none() {
                reconcile.request(Request::create(map("made", 0)));
            }
            Ok(())
        },
        failed: None,
    };

    static MAKERS: &[&Controller] = &[&MAKER];

    fn map(name: &str, revision: u64) -> Object {
        let mut metadata = named("default", name);
        metadata.resource_version = (revision > 0).then(|| revision.to_string());
        Object::new(ConfigMap { metadata, ..ConfigMap::default() })
    }

    /// A runner whose requests the test answers itself.
    struct Bench {
        kernel: Kernel<Address, Event>,
        trace: Trace<Fact>,
        runner: Runner,
        watch: u64,
        told: u64,
        creates: Vec<u64>,
    }

    impl Bench {
        fn new() -> Self {
            let kernel = Kernel::new(1, Time::ZERO, Duration::from_micros(500));
            let runner = Runner::new(MAKERS);
            let mut bench = Self { kernel, trace: Trace::default(), runner, watch: 0, told: 0, creates: Vec::new() };
            let Self { kernel, trace, runner, .. } = &mut bench;
            runner.start(&mut Cx::new(kernel, trace, Address::ControllerManager, None));
            bench.run(Duration::from_millis(10));
            bench
        }

        fn run(&mut self, time: Duration) {
            let until = self.kernel.now() + time;
            while self.kernel.next_at().is_some_and(|at| at <= until) {
                let Some(next) = self.kernel.pop() else { continue };
                match (next.to, next.event) {
                    (Address::ControllerManager, event) => self.hand(event),
                    (_, Event::Message { message: Message::Request { id, request, .. }, .. }) => {
                        self.serve(id, &request);
                    }
                    _ => {}
                }
            }
            self.kernel.advance(until);
        }

        fn hand(&mut self, event: Event) {
            let Self { kernel, trace, runner, .. } = self;
            runner.handle(&mut Cx::new(kernel, trace, Address::ControllerManager, None), event);
        }

        fn serve(&mut self, id: u64, request: &Request) {
            match request.verb {
                Verb::List => {
                    let items = [map("wish", 1)].into();
                    self.answer(id, Ok(Reply::List { items, revision: 1, continue_token: "".into(), remaining: None }));
                }
                Verb::Watch => self.watch = id,
                _ => self.creates.push(id),
            }
        }

        fn answer(&mut self, id: u64, outcome: Result<Reply, Rc<Status>>) {
            self.hand(Event::Message { from: Address::ApiServer, message: Message::Response { id, outcome } });
        }

        fn created(&mut self, id: u64) {
            self.answer(id, Ok(Reply::Object { object: map("made", 5), created: true, warnings: [].into() }));
        }

        fn tell(&mut self, change: Change, object: Object) {
            self.told += 1;
            let events = [WatchEvent::Change(change, object)].into();
            let message = Message::Watch { id: self.watch, sequence: self.told, events };
            self.hand(Event::Message { from: Address::ApiServer, message });
        }
    }

    #[test]
    fn a_key_is_held_until_its_own_write_has_come_back() {
        let mut bench = Bench::new();
        assert_eq!(bench.creates.len(), 1);
        bench.created(bench.creates[0]);
        bench.tell(Change::Updated, map("wish", 3));
        bench.run(Duration::from_millis(50));
        assert_eq!(bench.creates.len(), 1, "the cache does not show the first one yet");
        bench.tell(Change::Created, map("made", 5));
        bench.run(Duration::from_millis(50));
        assert_eq!(bench.creates.len(), 1, "now it does");
        let mut gone = map("made", 5);
        gone.meta_mut().resource_version = Some("6".to_owned());
        bench.tell(Change::Deleted, gone);
        bench.run(Duration::from_millis(50));
        assert_eq!(bench.creates.len(), 2);
    }

    #[test]
    fn a_refused_request_is_tried_again_after_the_back_off() {
        let mut bench = Bench::new();
        bench.answer(bench.creates[0], Err(Rc::new(Status::internal("no"))));
        bench.run(Duration::from_millis(4));
        assert_eq!(bench.creates.len(), 1);
        bench.run(Duration::from_millis(3));
        assert_eq!(bench.creates.len(), 2);
        let retried = |fact: &Fact| matches!(fact, Fact::Retried { controller: "maker", .. });
        assert!(bench.trace.range(0, bench.trace.len()).any(|record| retried(&record.fact)));
    }

    #[test]
    fn alarms_that_were_replaced_set_no_others() {
        let mut bench = Bench::new();
        let Bench { kernel, trace, runner, .. } = &mut bench;
        let mut cx = Cx::new(kernel, trace, Address::ControllerManager, None);
        for second in (1..=9).rev() {
            let key = ObjectRef::new(&config_map::KIND, "default", &format!("later-{second}"));
            runner.desks[0].queue.add_at(key, cx.now() + Duration::from_secs(second), None);
            runner.set_alarm(&mut cx, 0);
        }
        let before = bench.kernel.handled();
        bench.run(Duration::from_secs(9));
        let handled = bench.kernel.handled() - before;
        assert!(
            (9..=18).contains(&handled),
            "each moment has its alarm and the one that the moment before has set: {handled}"
        );
    }
}
