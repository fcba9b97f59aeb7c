//! Running on until something happens: any event, one of a thing that is selected, or until all is settled. Also what is
//! read of a run beyond the shown moment: versions, other branches, and a run that is done again.

use super::Session;
use super::work::Slice;
use crate::api::Kind;
use crate::api::object::{Object, ObjectRef, Ref};
use crate::cluster::History;
use crate::cluster::fact::{Call, Fact};
use crate::cluster::input::Input;
use crate::cluster::view::View;
use crate::inspect::Objects;
use crate::scene::motion::{Motion, Role};
use crate::sim::{Duration, FactId, Record, Time, Trace};

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
    object: Option<Ref>,
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
        self.history.fork(at).passage(call)
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

    /// Runs on until something happens; `object` is what is selected.
    pub fn until(&mut self, what: Until, object: Option<Ref>) {
        self.play(false);
        let (from, read) = (self.now(), self.history.trace().head());
        self.until = Some(Search { what, object, from, read, last: from });
    }

    /// As far as this slice allows.
    pub(super) fn go_on(&mut self, mut search: Search, slice: &mut Slice) {
        loop {
            let head = self.history.trace().head();
            for place in search.read..head {
                let Some(record) = self.history.trace().get(FactId(place)) else { continue };
                if tells(record) {
                    search.last = record.at;
                    if search.what == Until::Event
                        || (search.what == Until::Selected && is_of(record, search.object.as_ref()))
                    {
                        return self.catch_up();
                    }
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

/// Whether something happened to an object; without one everything counts.
fn is_of(record: &Record<Fact>, object: Option<&Ref>) -> bool {
    let Some(object) = object else { return true };
    match &record.fact {
        Fact::Committed { object: other, .. } => other == object,
        Fact::Attempted(attempt) => attempt.pod == *object,
        fact => crate::cluster::why::pod_on_ship(fact).is_some_and(|pod| *pod == **object),
    }
}
