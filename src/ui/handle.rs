//! The handle that every part of the page gets.

use super::answers::Answers;
use super::browser;
use super::captions::Captions;
use super::late::{self, Rest};
use super::link::{Link, Notice, theme_name};
use super::panels::Scheduling;
use super::select::{self, Selection};
use super::session::Session;
use super::sight::Sight;
use super::stage::Stage;
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::cluster::view::View;
use crate::examples::{EXAMPLES, Example};
use crate::i18n::{Arg, Language, text};
use crate::scene::pace::Speed;
use crate::scene::theme::Theme;
use crate::scene::{Dial, Truth};
use crate::sim::Time;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use std::rc::Rc;

/// The panels that share a place: in the dock, and on a phone all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tab {
    /// What this is and what to try.
    Guide,
    /// The manifest's editor.
    Manifest,
    /// Events as kubectl shows them.
    Events,
    /// What the API server was asked.
    Requests,
    /// Who did what when.
    Timeline,
    /// What was told so far.
    Transcript,
    /// What is selected.
    Inspector,
}

impl Tab {
    /// Its name in ids and keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guide => "guide",
            Self::Manifest => "manifest",
            Self::Events => "events",
            Self::Requests => "requests",
            Self::Timeline => "timeline",
            Self::Transcript => "transcript",
            Self::Inspector => "inspector",
        }
    }
}

/// The handle that every part of the page gets: signals to read, commands to send.
#[derive(Clone, Copy)]
pub struct Ui {
    session: StoredValue<Session, LocalStorage>,
    /// What is painted and how it is seen.
    pub stage: StoredValue<Stage, LocalStorage>,
    /// What the address said when the page was opened.
    pub link: StoredValue<Link, LocalStorage>,
    /// What the cluster looks like at the present moment. Moves when something has happened.
    pub view: RwSignal<Rc<View>>,
    /// The present moment.
    pub now: RwSignal<Time>,
    /// The end of what has been simulated.
    pub end: RwSignal<Time>,
    /// How many facts there are at the present moment: moves whenever something happened.
    pub head: RwSignal<u64>,
    /// Whether anything moves: time passes, or a step is being told.
    pub moving: RwSignal<bool>,
    /// How fast time passes.
    pub speed: RwSignal<Speed>,
    /// What is selected.
    pub selected: RwSignal<Option<Selection>>,
    /// What the tree of objects has its focus on: a reference or an item's id.
    pub focused: RwSignal<Option<String>>,
    /// The language of the interface.
    pub language: RwSignal<Language>,
    /// The theme.
    pub theme: RwSignal<Theme>,
    /// Whether motion is reduced.
    pub reduced: RwSignal<bool>,
    /// Which truth the stage shows.
    pub truth: RwSignal<Truth>,
    /// Whether single letters and signs are keys of the page.
    pub letters: RwSignal<bool>,
    /// The runs that were left when somebody acted in their past: as many as there are.
    pub branches: RwSignal<usize>,
    /// Whether the page is as narrow as a phone.
    pub phone: RwSignal<bool>,
    /// Which of the panels that share a place is shown.
    pub tab: RwSignal<Tab>,
    /// The manifest in the editor.
    pub manifest: RwSignal<String>,
    /// A line of the manifest (from 1) that the editor is to show.
    pub line: RwSignal<Option<usize>>,
    /// What the server said to the manifest.
    pub answers: RwSignal<Answers>,
    /// What is told.
    pub captions: RwSignal<Captions>,
    /// Whether all of the program is here.
    pub rest: RwSignal<Rest>,
    /// Sentences about the page itself: an address that was not understood, storage that is full.
    pub notices: RwSignal<Vec<Notice>>,
    /// How the harbour is looked at.
    pub sight: &'static Sight,
    /// What the scheduler view shows, and the guess.
    pub scheduling: Scheduling,
}

/// Under this name it is remembered whether single letters are keys.
const LETTERS: &str = "bottle.letters";

impl Ui {
    /// A handle for a session.
    #[must_use]
    pub fn new(session: Session, link: Link) -> Self {
        let language = link.language.unwrap_or_else(browser::language);
        let phone = browser::is_phone();
        Self {
            view: RwSignal::new(session.view()),
            now: RwSignal::new(session.now()),
            end: RwSignal::new(session.end()),
            head: RwSignal::new(session.trace().head()),
            moving: RwSignal::new(session.is_moving()),
            speed: RwSignal::new(session.speed()),
            selected: RwSignal::new(link.selected.clone()),
            focused: RwSignal::new(None),
            language: RwSignal::new(language),
            theme: RwSignal::new(link.theme.unwrap_or_else(browser::theme)),
            reduced: RwSignal::new(link.reduced.unwrap_or_else(browser::wants_less_motion)),
            truth: RwSignal::new(link.truth),
            letters: RwSignal::new(browser::recall(LETTERS).as_deref() != Some("off")),
            branches: RwSignal::new(0),
            phone: RwSignal::new(phone),
            tab: RwSignal::new(if phone { Tab::Guide } else { Tab::Manifest }),
            manifest: RwSignal::new(String::new()),
            line: RwSignal::new(None),
            answers: RwSignal::new(Answers::new(session.trace().head())),
            captions: RwSignal::new(Captions::new(session.trace().head())),
            rest: late::signal(),
            notices: RwSignal::new(link.notices.clone()),
            sight: Sight::kept(&link),
            scheduling: Scheduling::new(link.panel),
            session: StoredValue::new_local(session),
            stage: StoredValue::new_local(Stage::default()),
            link: StoredValue::new_local(link),
        }
    }

    /// Brings back what was kept: the manifest's text, and what had been done before the page broke or was reloaded.
    pub fn restore(self) {
        let kept = browser::recall(browser::MANIFEST).filter(|text| !text.trim().is_empty());
        let first = || crate::examples::find("deployment").map(|example| self.example(example));
        self.manifest.set(kept.or_else(first).unwrap_or_default());
        late::then(move || self.bring_back());
    }

    /// Brings back the run that was kept.
    #[inline(never)]
    fn bring_back(self) {
        if super::panic::wants_restoring() {
            let (link, t) = self.link.with_value(|link| (link.clone(), link.t));
            let (mut inputs, t) = (browser::kept_inputs(&link), t.unwrap_or_default());
            if inputs.is_empty() {
                return;
            }
            // What broke it is not done again.
            inputs.retain(|(at, _)| *at < t);
            self.change(|session| session.replay(inputs, t));
            self.notify(Notice::new("notice-restored", &[]));
        } else {
            super::keep::restore(self);
        }
    }

    /// Reads the session.
    pub fn read<T>(self, read: impl FnOnce(&Session) -> T) -> T {
        self.session.with_value(read)
    }

    /// A text in the interface's language; tracks the language.
    #[must_use]
    pub fn text(self, key: &str) -> String {
        text(self.language.get(), key, &[])
    }

    /// A text with arguments; tracks the language.
    #[must_use]
    pub fn say(self, key: &str, args: &[(&str, Arg)]) -> String {
        text(self.language.get(), key, args)
    }

    /// Does something; where it stands in the trace.
    #[inline(never)]
    pub fn act(self, input: Input) -> Option<u64> {
        let before = self.read(|session| session.trace().head());
        self.change(|session| session.input(input));
        select::let_go_of_facts(self, before);
        browser::keep_inputs(self);
        super::keep::kept(self);
        self.read(|session| {
            let trace = session.trace();
            let mut new = trace.range(before, trace.head()).rev();
            new.find(|record| matches!(record.fact, Fact::Input(_))).map(|record| record.id.0)
        })
    }

    /// Lets time pass, or stops everything.
    pub fn play(self, playing: bool) {
        self.change(|session| session.play(playing));
    }

    /// Changes the speed.
    pub fn set_speed(self, speed: Speed) {
        self.change(|session| session.set_speed(speed));
    }

    /// Goes to a moment.
    pub fn seek(self, to: Time) {
        self.change(|session| session.seek(to));
    }

    /// One beat forward.
    pub fn step(self) {
        self.change(Session::step);
    }

    /// One beat back.
    pub fn step_back(self) {
        self.change(Session::step_back);
    }

    /// Selects something, or nothing.
    pub fn select(self, selection: Option<Selection>) {
        if self.selected.with_untracked(|selected| *selected != selection) {
            self.selected.set(selection);
        }
    }

    /// Shows a line (from 1) of a manifest in the editor.
    pub fn show_line(self, manifest: String, line: usize) {
        if self.manifest.with_untracked(|shown| *shown != manifest) {
            self.manifest.set(manifest);
        }
        self.tab.set(Tab::Manifest);
        self.line.set(Some(line));
    }

    /// Says something about the page itself.
    pub fn notify(self, notice: Notice) {
        self.notices.update(|notices| {
            notices.retain(|known| *known != notice);
            notices.push(notice);
        });
    }

    fn example(self, example: &Example) -> String {
        example.in_language(self.language.get_untracked() == Language::Ko)
    }

    /// Puts an example into the editor.
    pub fn show_example(self, example: &Example) {
        self.manifest.set(self.example(example));
    }

    /// Switches the language: every text follows, an example in the editor too if nobody has changed it.
    pub fn set_language(self, language: Language) {
        let shown = self.manifest.get_untracked();
        let untouched = EXAMPLES.iter().find(|example| self.example(example) == shown);
        self.language.set(language);
        if let Some(example) = untouched {
            self.show_example(example);
        }
        browser::remember(self, "bottle.lang", language.tag());
    }

    /// Switches the theme.
    pub fn set_theme(self, theme: Theme) {
        self.link.update_value(|link| link.theme = link.theme.map(|_| theme));
        self.theme.set(theme);
        browser::remember(self, "bottle.theme", theme_name(theme));
    }

    /// Switches the keys of single letters on or off.
    pub fn set_letters(self, on: bool) {
        self.letters.set(on);
        browser::remember(self, LETTERS, if on { "on" } else { "off" });
    }

    /// Shows what the control plane believes, or what is really so.
    pub fn turn_truth(self) {
        self.truth.update(|truth| *truth = if *truth == Truth::Actual { Truth::Believed } else { Truth::Actual });
    }

    /// Whose words label the harbour: the next of the three.
    pub fn turn_dial(self) {
        self.sight.dial.update(|dial| {
            let at = Dial::ALL.iter().position(|(_, one)| one == dial).unwrap_or(0);
            *dial = Dial::ALL[(at + 1) % Dial::ALL.len()].1;
        });
    }

    /// Goes over to a run that was left; the one that is shown takes its place.
    pub fn switch(self, branch: usize) {
        self.change(|session| session.switch(branch));
        select::let_go_of_facts(self, 0);
        let head = self.head.get_untracked();
        self.captions.set(Captions::new(head));
        self.answers.set(Answers::new(head));
        super::captions::read(self);
        browser::keep_inputs(self);
    }

    /// Changes the session and tells everybody.
    pub fn change(self, change: impl FnOnce(&mut Session)) {
        let began = browser::clock();
        self.session.update_value(change);
        self.publish();
        self.stage.update_value(Stage::soil);
        self.note_work(browser::clock() - began, 0.0, false);
    }

    /// Notes what a piece of work has cost in milliseconds.
    pub fn note_work(self, millis: f64, engine: f64, frame: bool) {
        self.session.update_value(|session| session.worked(millis, engine, frame));
    }

    /// Lets an animation frame's time pass; true if anything moved.
    pub fn pass(self, elapsed: f64) -> bool {
        let (whole, clock) = (late::is_here(), &browser::clock);
        let frame =
            |session: &mut Session| if whole { session.frame(elapsed, clock) } else { session.stir(elapsed, clock) };
        self.session.try_update_value(frame).unwrap_or(false)
    }

    /// Shows the present moment to everybody.
    pub fn show(self) {
        self.look();
        self.publish();
    }

    /// Brings what the stage draws up to date, and no panel.
    pub fn look(self) {
        self.session.update_value(Session::look);
    }

    /// The present moment in simulated milliseconds.
    #[must_use]
    pub fn shown_millis(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a run of weeks are far below 2^52")]
        let micros = self.now.get_untracked().as_micros() as f64;
        micros / 1000.0
    }

    /// What frames have cost since the last call.
    #[must_use]
    pub fn frames(self) -> super::session::Frames {
        self.session.try_update_value(Session::frames).unwrap_or_default()
    }

    /// Brings the signals up to date; only those that differ move.
    fn publish(self) {
        let (view, now, end, head) =
            self.read(|session| (session.view(), session.now(), session.end(), session.trace().head()));
        let (moving, speed) = self.read(|session| (session.is_moving(), session.speed()));
        if !Rc::ptr_eq(&view, &self.view.get_untracked()) {
            self.view.set(view);
        }
        set_if_new(self.now, now);
        set_if_new(self.end, end);
        set_if_new(self.moving, moving);
        set_if_new(self.speed, speed);
        set_if_new(self.branches, self.read(|session| session.branches().len()));
        if self.head.get_untracked() != head {
            self.head.set(head);
            super::answers::read(self);
            super::captions::read(self);
        }
    }
}

fn set_if_new<T: PartialEq + Copy + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
}
