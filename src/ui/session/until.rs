//! Running on until something happens: any event, one of a thing that is selected, or until all is settled. Also what is
//! read of a run beyond the shown moment: versions, other branches, and a run that is done again.

use super::Session;
use super::work::Slice;
use crate::api::Kind;
use crate::api::object::{Object, ObjectRef};
use crate::cluster::History;
use crate::cluster::fact::{Call, Fact};
use crate::cluster::input::Input;
use crate::cluster::view::View;
use crate::cluster::wire::Address;
use crate::inspect::Objects;
use crate::inspect::story::actor_of;
use crate::scene::motion::{Motion, Role};
use crate::sim::{Duration, FactId, Record, Time, Trace};
use crate::ui::select::{Selection, component_id};

/// What the run goes on until.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// The next thing that tells something.
    Event,
    /// Something of what is selected changes.
    Selected,
    /// Nothing has happened for a while.
    Settled,
}

/// Another run, to be compared with.
pub struct Run(History);

impl Run {
    /// What was done in it.
    #[must_use]
    pub fn inputs(&self) -> &[(Time, Input)] {
        self.0.inputs()
    }

    /// Where it ends: there it was left.
    #[must_use]
    pub fn end(&self) -> Time {
        self.0.end()
    }

    /// What it looks like.
    #[must_use]
    pub fn view(&self) -> View {
        self.0.world().view()
    }

    /// What happened in it.
    #[must_use]
    pub fn trace(&self) -> &Trace<Fact> {
        self.0.trace()
    }
}

impl Objects for Run {
    fn object(&self, object: &ObjectRef) -> Option<&Object> {
        self.0.world().object(object.kind, &object.key)
    }

    fn objects(&self, kind: &'static Kind) -> Vec<&Object> {
        self.0.world().objects(kind).collect()
    }
}

/// A run on its way there.
#[derive(Clone, Debug)]
pub struct Search {
    what: Until,
    /// What is selected.
    of: Option<Selection>,
    from: Time,
    read: u64,
    /// When the last thing happened.
    last: Time,
}

/// It does not go on longer than so much simulated time.
const PATIENCE: Duration = Duration::from_mins(10);
/// So long without anything that tells something is settled.
const QUIET: Duration = Duration::from_secs(12);

impl Session {
    /// The last lines that a pod's container has printed.
    #[must_use]
    pub fn log(&self, pod: &ObjectRef, container: &str) -> Vec<std::rc::Rc<str>> {
        let lines = self.history.world().logs(&pod.key, container, false).unwrap_or_default();
        lines[lines.len().saturating_sub(20)..].iter().map(|(_, line)| line.clone()).collect()
    }

    /// All versions of an object that etcd has.
    #[must_use]
    pub fn versions(&self, object: &ObjectRef) -> Vec<(u64, Option<Object>)> {
        self.history.world().versions(object.kind, &object.key)
    }

    /// What each gate of the API server found of a request that was sent at a moment: it is sent again in a copy.
    #[must_use]
    pub fn passage(&self, call: &Call, at: Time) -> Vec<Fact> {
        // Of what was before the run began there is nothing to try it out on.
        if at < self.history.start() { Vec::new() } else { self.history.fork(at).passage(call) }
    }

    /// How many keys etcd has, and the oldest revision that it can read.
    #[must_use]
    pub fn etcd_size(&self) -> (usize, u64) {
        self.history.world().etcd_size()
    }

    /// A run that was left, as it was at the shown moment or when it was left.
    #[must_use]
    pub fn branch(&self, branch: usize) -> Option<Run> {
        let mut run = self.branches.get(branch)?.clone();
        let now = self.now().min(run.end());
        run.seek(now);
        Some(Run(run))
    }

    /// Does again what was done in an earlier life of the page, and goes to a moment of it.
    pub fn replay(&mut self, inputs: Vec<(Time, Input)>, to: Time) {
        self.history.seek(Time::ZERO);
        // What was simulated without these inputs is another future.
        self.script.forget(self.history.trace().head(), self.history.trace());
        self.history.forget_future();
        self.scout = super::scout::Scout::default();
        for (at, input) in inputs.into_iter().filter(|(at, _)| *at <= to) {
            self.history.enter(at, input);
        }
        self.play(false);
        self.seek(to);
    }

    /// Runs on until something happens; `of` is what is selected.
    pub fn until(&mut self, what: Until, of: Option<Selection>) {
        self.play(false);
        let (from, read) = (self.now(), self.history.trace().head());
        self.until = Some(Search { what, of, from, read, last: from });
    }

    /// As far as this slice allows.
    pub(super) fn go_on(&mut self, mut search: Search, slice: &mut Slice) {
        loop {
            let head = self.history.trace().head();
            for place in search.read..head {
                let Some(record) = self.history.trace().get(FactId(place)) else { continue };
                let tells = tells(record);
                if tells {
                    search.last = record.at;
                }
                if tells && search.what == Until::Event
                    || search.what == Until::Selected && is_of(record, search.of.as_ref())
                {
                    return self.catch_up();
                }
            }
            search.read = head;
            let now = self.now();
            let settled = search.what == Until::Settled && now.since(search.last) > QUIET;
            if settled || now.since(search.from) > PATIENCE || self.history.next_at().is_none() {
                return self.catch_up();
            }
            if slice.is_over() {
                self.behind = true;
                self.until = Some(search);
                return self.catch_up();
            }
            self.history.step();
            self.script.extend(self.history.trace());
        }
    }
}

fn tells(record: &Record<Fact>) -> bool {
    Motion::of(&record.fact).is_some_and(|motion| motion.role == Role::Lead)
}

/// Whether something happened to an object, or a component did something that is no routine, or something was done to it.
#[inline(never)]
fn is_of(record: &Record<Fact>, of: Option<&Selection>) -> bool {
    match of {
        Some(Selection::Object(object)) => {
            tells(record)
                && match &record.fact {
                    Fact::Committed { object: other, .. } => other == object,
                    Fact::Attempted(attempt) => attempt.pod == *object,
                    fact => crate::cluster::why::pod_on_ship(fact).is_some_and(|pod| *pod == **object),
                }
        }
        Some(Selection::Component(who)) => {
            Motion::of(&record.fact).is_some_and(|motion| motion.role != Role::Ambient) && is_by(&record.fact, who)
        }
        Some(Selection::Fact(_)) | None => false,
    }
}

/// Whether a component did what a fact tells, or is what it was done to.
fn is_by(fact: &Fact, who: &Address) -> bool {
    match fact {
        // Whoever asked for it, etcd wrote it down.
        Fact::Committed { .. } => matches!(who, Address::Etcd(_)),
        Fact::Fault { of, .. } => **of == *component_id(who) || who.node().is_some_and(|node| node == of),
        fact => actor_of(fact) == *who,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::cluster::boot::{Scenario, boot};

    /// The first fact of something that is selected after a Deployment was applied.
    fn first(of: &Selection) -> (String, Address) {
        let mut history = boot(&Scenario::named("three-ships").expect("it is there"), 42);
        let from = history.trace().head();
        let text = crate::examples::find("deployment").expect("it is there").text().to_owned();
        history.input(Input::Apply { text, dry_run: false, create_namespaces: false });
        history.run_until(Time::from_secs(30));
        let mut all = history.trace().range(from, history.trace().head());
        let found = all.find(|record| is_of(record, Some(of))).expect("something happens");
        (format!("{:?}", found.fact).chars().take_while(char::is_ascii_alphanumeric).collect(), actor_of(&found.fact))
    }

    #[test]
    fn a_component_is_waited_for_until_it_does_something() {
        let (api, etcd) = (Address::ApiServer, Address::Etcd(0));
        assert_eq!(first(&Selection::Component(api.clone())), ("Gate".to_owned(), api));
        assert_eq!(first(&Selection::Component(etcd)).0, "Committed");
        let kubelet = Address::Kubelet("node-2".into());
        for who in [Address::Scheduler, Address::ControllerManager, kubelet, Address::Runtime("node-1".into())] {
            assert_eq!(first(&Selection::Component(who.clone())).1, who);
        }
        let web = ObjectRef::new(&kinds::deployment::KIND, "default", "web");
        assert_eq!(first(&Selection::Object(web)), ("Committed".to_owned(), Address::User));
    }

    #[test]
    fn without_anything_that_is_selected_nothing_is_waited_for() {
        let history = boot(&Scenario::named("three-ships").expect("it is there"), 42);
        let mut all = history.trace().range(0, history.trace().head());
        assert!(!all.any(|record| is_of(record, None) || is_of(record, Some(&Selection::Fact(record.id.0)))));
    }
}
