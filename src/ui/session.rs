//! The run on the page: owns the history, the pace and the frame loop's work. **The only place that changes anything.**
//!
//! Panels read [`Session::view`], the trace and the clock, and send [`Input`]s; they never see the world. The engine
//! works in slices: each animation frame it may use a few milliseconds, and what does not fit waits for the next
//! frame. The picture can never influence the simulation: the pace decides only *when* events are handled, not what
//! they do.
//!
//! At adaptive speed a quiet time is shown shorter than it is, and for that one must know how long it will be: the
//! [`scout`] looks ahead in a copy of the world.

mod boot;
mod guess;
mod scenes;
mod scout;
mod tell;
mod until;
mod work;

pub use self::boot::Boot;
pub use self::until::{Run, Until};
pub use self::work::{Clock, Frames};

use self::guess::Guessing;
use self::scout::Scout;
use self::tell::Step;
use self::work::{Slice, Work};
use super::link::Link;
use crate::api::object::{Object, ObjectRef};
use crate::cluster::boot::Scenario;
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::cluster::view::View;
use crate::cluster::{History, Known};
use crate::scene::pace::{Pace, Speed};
use crate::scene::script::Script;
use crate::sim::{Simulation, Time, Trace};
use std::rc::Rc;

/// At most so many histories are kept beside the present one.
const BRANCHES: usize = 8;
/// On the way to a known moment so many events are handled at once: some tens of milliseconds.
const AT_ONCE: u64 = 6_000;

/// Whether there is a scenario of this name.
#[must_use]
pub fn is_scenario(name: &str) -> bool {
    Scenario::names().any(|known| known == name)
}

/// The run on the page.
pub struct Session {
    history: History,
    script: Script,
    /// Screen time in milliseconds: what the eye sees.
    pres_ms: f64,
    speed: Speed,
    playing: bool,
    /// Whether motion is reduced: steps are taken at once.
    reduced: bool,
    /// A beat that is being told on demand.
    step: Option<Step>,
    /// A moment beyond the end that the run is on its way to.
    goal: Option<Time>,
    /// What the run goes on until.
    until: Option<until::Search>,
    scout: Scout,
    /// The engine could not keep up in the last frame.
    behind: bool,
    view: Rc<View>,
    /// The view with the exact time, for the picture.
    picture: Rc<View>,
    /// What the view was read from.
    known: Known,
    /// Of which world the view is: events handled, and facts.
    seen: (u64, u64),
    branches: Vec<History>,
    work: Work,
    guessing: Guessing,
}

impl Session {
    /// A harbour that has come up (see [`Boot`]).
    fn open(link: &Link, history: History) -> Self {
        let mut known = Known::default();
        let view = Rc::new(history.world().view_since(&mut known));
        let mut session = Self {
            script: Script::of(history.trace()),
            history,
            pres_ms: 0.0,
            speed: link.speed,
            playing: true,
            reduced: false,
            step: None,
            goal: None,
            until: None,
            scout: Scout::default(),
            behind: false,
            picture: view.clone(),
            view,
            known,
            seen: (0, 0),
            branches: Vec::new(),
            work: Work::default(),
            guessing: Guessing::default(),
        };
        session.pres_ms = session.script.pace.to_pres(session.now(), session.speed);
        if let Some(t) = link.t.filter(|_| link.payload.is_empty()) {
            session.playing = false;
            session.seek(t);
        }
        session
    }

    /// The present moment of the simulation, as it is shown.
    #[must_use]
    pub fn now(&self) -> Time {
        self.history.world().now()
    }

    /// The present moment of the presentation, in milliseconds.
    #[must_use]
    pub fn presented(&self) -> f64 {
        self.pres_ms
    }

    /// The first moment that can be reached.
    #[must_use]
    pub fn start(&self) -> Time {
        self.history.start()
    }

    /// The end of what has been simulated.
    #[must_use]
    pub fn end(&self) -> Time {
        self.history.end()
    }

    /// What the cluster looks like. Made anew only when something has happened.
    #[must_use]
    pub fn view(&self) -> Rc<View> {
        self.view.clone()
    }

    /// The same with the exact time, for the picture.
    #[must_use]
    pub fn picture(&self) -> Rc<View> {
        self.picture.clone()
    }

    /// What happened, the known future included (see [`Trace::head`]).
    #[must_use]
    pub fn trace(&self) -> &Trace<Fact> {
        self.history.trace()
    }

    /// The trace as it is told.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// The two clocks and the beats.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.script.pace
    }

    /// One object, as the API shows it.
    #[must_use]
    pub fn object(&self, object: &ObjectRef) -> Option<&Object> {
        self.history.world().object(object.kind, &object.key)
    }

    /// Everything of a kind, as the API shows it.
    #[must_use]
    pub fn objects(&self, kind: &'static crate::api::Kind) -> Vec<&Object> {
        self.history.world().objects(kind).collect()
    }

    /// All inputs so far with their times, those of the known future included.
    #[must_use]
    pub fn inputs(&self) -> &[(Time, Input)] {
        self.history.inputs()
    }

    /// The hash of the present moment.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.history.world().hash()
    }

    /// Whether anything moves: time passes, a step is being told, or the run is on its way to a moment.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.playing || self.step.is_some() || self.goal.is_some() || self.until.is_some()
    }

    /// Lets time pass, or stops everything.
    pub fn play(&mut self, playing: bool) {
        self.playing = playing;
        self.step = None;
        self.goal = None;
        self.until = None;
    }

    /// How fast time passes.
    #[must_use]
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Changes how fast time passes. What is shown stays where it is.
    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        self.pres_ms = self.script.pace.to_pres(self.now(), speed);
    }

    /// Whether motion is reduced: then a step shows its end at once.
    pub fn reduce(&mut self, reduced: bool) {
        self.reduced = reduced;
    }

    /// How many simulated seconds of quiet are being run through quickly, if any.
    #[must_use]
    pub fn skipping(&self) -> Option<f64> {
        (self.speed == Speed::Adaptive && self.is_moving()).then(|| self.script.pace.skipping(self.pres_ms)).flatten()
    }

    /// The runs that were left, the latest first: when, and what was done next in them, or last.
    #[must_use]
    pub fn branches(&self) -> Vec<(Time, Option<&Input>)> {
        self.branches.iter().map(|run| (run.world().now(), run.telling_input())).collect()
    }

    /// Goes over to a run that was left, to the moment where it was left; the present run takes its place.
    pub fn switch(&mut self, branch: usize) {
        let Some(left) = self.branches.get_mut(branch) else { return };
        std::mem::swap(left, &mut self.history);
        self.script = Script::of(self.history.trace());
        self.scout = Scout::default();
        self.play(false);
        let now = self.now();
        self.seek(now);
    }

    /// Does something now, and lets time pass so that its answer comes. A known future with other deeds in it is kept
    /// as a branch.
    pub fn input(&mut self, input: Input) {
        if self.history.has_future_inputs() {
            self.branches.insert(0, self.history.clone());
            self.branches.truncate(BRANCHES);
        }
        self.script.forget(self.history.trace().head(), self.history.trace());
        self.script.pace.expect_next(None);
        self.scout = Scout::default();
        self.history.input(input);
        self.script.extend(self.history.trace());
        self.play(true);
        self.pres_ms = self.script.pace.to_pres(self.now(), self.speed);
        self.look_now();
    }

    /// Goes to a moment, back or forth; one beyond the end is run to in the following frames.
    pub fn seek(&mut self, to: Time) {
        self.step = None;
        let end = self.history.end();
        self.show(to.min(end));
        self.goal = (to > end).then_some(to).or(self.goal);
    }

    /// Shows a moment that has been reached before. The way there may be long where snapshots are far apart: then it is
    /// gone in the following frames.
    fn show(&mut self, to: Time) {
        self.goal = (!self.history.seek_within(to, AT_ONCE)).then_some(to);
        self.catch_up();
        self.look_now();
    }

    /// Whether the engine could not keep up in the last frame.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// One animation frame: `elapsed` milliseconds have passed. True if anything moved; then [`Self::look`] before
    /// showing it.
    pub fn frame(&mut self, elapsed: f64, clock: Clock) -> bool {
        let slice = &mut Slice::begin(clock, self.behind);
        self.behind = false;
        if let Some(goal) = self.goal {
            self.run_to(goal, slice);
        } else if let Some(search) = self.until.take() {
            self.go_on(search, slice);
        } else if let Some(step) = self.step {
            self.tell(step, elapsed, slice);
        } else if self.playing {
            self.advance(elapsed, slice);
            self.look_ahead(slice);
        } else {
            return self.seen != self.state();
        }
        true
    }

    /// Handles what is due within the next `elapsed` milliseconds of screen time.
    fn advance(&mut self, elapsed: f64, slice: &mut Slice) {
        // At a fixed speed it does not matter to the clock what has happened: then it is read once in a while.
        let adaptive = self.speed == Speed::Adaptive;
        let mut target = self.pres_ms + elapsed;
        while let Some(at) = self.history.next_at() {
            let due = self.script.pace.to_pres(at, self.speed);
            if due > target {
                break;
            }
            if slice.is_over() {
                // The presentation waits for the engine, so that nothing is skipped.
                self.behind = true;
                self.script.extend(self.history.trace());
                self.pres_ms = self.script.pace.to_pres(self.now(), self.speed).max(self.pres_ms.min(due));
                return;
            }
            self.history.step();
            if adaptive {
                self.script.extend(self.history.trace());
                // What just happened may be told earlier or later than a silent moment would have been.
                target += self.script.pace.to_pres(at, self.speed) - due;
            }
            if self.asks() {
                return self.catch_up();
            }
        }
        self.script.extend(self.history.trace());
        self.pres_ms = target;
        let shown = self.script.pace.to_sim(target, self.speed);
        let last = self.history.next_at().map_or(shown, |next| shown.min(Time::from_micros(next.as_micros() - 1)));
        if last > self.now() {
            self.history.run_until(last);
        }
    }

    /// Runs on to a moment beyond the end, as far as this slice allows.
    fn run_to(&mut self, goal: Time, slice: &mut Slice) {
        while self.history.next_at().is_some_and(|at| at <= goal) {
            if slice.is_over() {
                self.behind = true;
                self.catch_up();
                return;
            }
            self.history.step();
        }
        self.history.run_until(goal);
        self.goal = None;
        self.catch_up();
    }

    fn catch_up(&mut self) {
        self.script.extend(self.history.trace());
        self.pres_ms = self.script.pace.to_pres(self.now(), self.speed);
    }

    /// Finds out, with what is left of the slice, when something visible will happen next.
    fn look_ahead(&mut self, slice: &mut Slice) {
        if self.speed != Speed::Adaptive || self.behind || self.now() < self.history.end() {
            return;
        }
        let next = self.scout.look(self.history.world(), slice);
        self.script.pace.expect_next(next);
    }

    fn state(&self) -> (u64, u64) {
        (self.history.world().handled(), self.history.trace().head())
    }

    /// Brings the view up to date with the world.
    pub fn look(&mut self) {
        if self.seen != self.state() {
            self.look_now();
        } else if self.picture.t != self.now() {
            let mut picture = (*self.view).clone();
            picture.t = self.now();
            self.picture = Rc::new(picture);
        }
    }

    fn look_now(&mut self) {
        self.seen = self.state();
        self.view = Rc::new(self.history.world().view_since(&mut self.known));
        self.picture = self.view.clone();
    }

    /// Notes a piece of main-thread work in milliseconds, and the engine's part; `frame`: with painting.
    pub fn worked(&mut self, millis: f64, engine: f64, frame: bool) {
        self.work.note(millis, engine, frame);
    }

    /// What frames and slices cost since the last call.
    pub fn frames(&mut self) -> Frames {
        self.work.take()
    }
}
