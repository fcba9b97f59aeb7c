//! A tour of a minute: eight moments of one run, each with a sentence, a selection and a look at where it happens.
//!
//! It is scripted with what the page has for everybody: its deeds are inputs, its moments become bookmarks (keys lead through
//! them afterwards), and a run that somebody was in stays as a branch. Between two moments time passes as always, and
//! whoever leaves stands where he is. A moment is known by what happens, never by a time that somebody wrote down.

use super::dom::{El, afterwards, button, el};
use super::handle::Ui;
use super::panels::InspectorTab;
use super::select::Selection;
use super::session::Session;
use super::stage;
use crate::api::object::Ref;
use crate::cluster::fact::{Fact, Gate};
use crate::cluster::input::Input;
use crate::cluster::view::{NodeView, PodView, Readiness, View};
use crate::cluster::wire::Address;
use crate::examples;
use crate::i18n::Language;
use crate::scene::Truth;
use crate::scene::pace::Speed;
use crate::sim::Time;
use web_sys::{HtmlElement, KeyboardEvent};

/// Where somebody is on the tour.
#[derive(Clone, PartialEq, Debug)]
pub struct Tour {
    /// At which stop, or on the way to which.
    stop: usize,
    /// Whether its moment has come.
    there: bool,
    /// How far the trace was searched for it.
    read: u64,
    /// The moments of the stops so far.
    moments: Vec<Time>,
    /// How fast time passed before.
    speed: Speed,
}

/// When a stop's moment has come: something happens, or something is so.
enum When {
    Happens(fn(&Fact) -> bool),
    Is(fn(&View) -> bool),
}

/// A stop: what is done on the way to it, when it is reached, what is then selected, and how near one looks at it.
struct Stop {
    sentence: &'static str,
    deed: fn(Ui) -> Option<Input>,
    when: When,
    shows: fn(&Session) -> Option<Selection>,
    tab: InspectorTab,
    zoom: f64,
    /// How fast time passes on the way to it.
    speed: Speed,
}

/// All stops.
static STOPS: [Stop; 8] = [
    Stop { sentence: "tour-look", when: When::Is(|_| true), shows: |_| None, ..STOP },
    Stop {
        sentence: "tour-apply",
        deed: |ui| {
            let text = examples::find("deployment")?.in_language(ui.language.get_untracked() == Language::Ko);
            Some(Input::Apply { text, dry_run: false, create_namespaces: false })
        },
        when: When::Happens(|fact| matches!(fact, Fact::Requested { call, .. } if call.from == Address::User)),
        shows: |_| Some(Selection::Component(Address::User)),
        ..STOP
    },
    Stop {
        sentence: "tour-gates",
        when: When::Happens(
            |fact| matches!(fact, Fact::Gate { call, gate: Gate::Storage, .. } if call.from == Address::User),
        ),
        shows: |_| Some(Selection::Component(Address::ApiServer)),
        zoom: 1.6,
        ..STOP
    },
    Stop {
        sentence: "tour-scheduling",
        when: When::Happens(|fact| matches!(fact, Fact::Attempted(attempt) if is_own(&attempt.pod))),
        shows: tried,
        tab: InspectorTab::Attempts,
        ..STOP
    },
    Stop {
        sentence: "tour-pull",
        when: When::Happens(|fact| matches!(fact, Fact::Pulling { pod, .. } if is_own(pod))),
        shows: |session| {
            last(session, |fact| match fact {
                Fact::Pulling { pod, .. } if is_own(pod) => Some(pod.clone()),
                _ => None,
            })
        },
        ..STOP
    },
    Stop { sentence: "tour-running", when: When::Is(|view| ready(view) >= 3), shows: tried, ..STOP },
    Stop {
        sentence: "tour-lost",
        deed: |ui| {
            let of = ui.read(|session| carrier(&session.view()).map(|node| node.name.to_string()))?;
            Some(Input::Fault { fault: "power".to_owned(), of, on: true })
        },
        when: When::Is(|view| lost(view).is_some()),
        shows: |session| lost(&session.view()).map(|node| Selection::node(&node.name)),
        speed: Speed::Times(10.0),
        ..STOP
    },
    Stop {
        sentence: "tour-why",
        when: When::Is(|view| lost(view).is_some() && ready(view) >= 3),
        shows: tried,
        speed: Speed::Times(60.0),
        ..STOP
    },
];

const STOP: Stop = Stop {
    sentence: "",
    deed: |_| None,
    when: When::Is(|_| true),
    shows: |_| None,
    tab: InspectorTab::Overview,
    zoom: 1.0,
    speed: Speed::Adaptive,
};

/// Whether a pod is one that the tour has asked for.
fn is_own(pod: &Ref) -> bool {
    *pod.key.namespace == *"default" && pod.key.name.starts_with("web-")
}

fn own_on(node: &NodeView) -> impl Iterator<Item = &PodView> {
    node.pods.iter().filter(|pod| is_own(&pod.object))
}

/// A ship that carries one of its pods.
fn carrier(view: &View) -> Option<&NodeView> {
    view.nodes.iter().find(|node| own_on(node).next().is_some())
}

/// The ship that the control plane believes lost.
fn lost(view: &View) -> Option<&NodeView> {
    view.nodes.iter().find(|node| node.readiness == Readiness::Unknown)
}

/// How many of its pods are Ready on ships that are.
fn ready(view: &View) -> usize {
    let ships = view.nodes.iter().filter(|node| node.readiness == Readiness::Ready);
    ships.flat_map(own_on).filter(|pod| pod.ready).count()
}

fn last(session: &Session, of: fn(&Fact) -> Option<Ref>) -> Option<Selection> {
    let trace = session.trace();
    trace.range(0, trace.head()).rev().find_map(|record| of(&record.fact)).map(Selection::Object)
}

/// Its pod that the scheduler has tried last.
fn tried(session: &Session) -> Option<Selection> {
    last(session, |fact| match fact {
        Fact::Attempted(attempt) if is_own(&attempt.pod) => Some(attempt.pod.clone()),
        _ => None,
    })
}

/// Begins the tour, at the beginning of the run.
pub fn start(ui: Ui) {
    ui.sight.help.set(false);
    ui.sight.deck.set(None);
    ui.truth.set(Truth::Believed);
    let speed = ui.speed.get_untracked();
    ui.sight.tour.set(Some(Tour { stop: 0, there: false, read: 0, moments: Vec::new(), speed }));
    arrive(ui, Time::ZERO);
}

/// Leaves it, wherever one is.
fn leave(ui: Ui) {
    if let Some(tour) = ui.sight.tour.get_untracked() {
        ui.sight.tour.set(None);
        ui.set_speed(tour.speed);
        super::keys::focus("#stage");
    }
}

/// With less motion, time between two moments passes quickly; whoever is in a hurry can have it quicker still.
const QUICK: Speed = Speed::Times(100.0);
const HURRIED: Speed = Speed::Times(1000.0);

/// To a stop: one that was seen already is a bookmark; to another, time passes.
fn go(ui: Ui, stop: usize) {
    let Some(mut tour) = ui.sight.tour.get_untracked() else { return };
    if stop >= STOPS.len() {
        return leave(ui);
    }
    let known = tour.moments.get(stop).copied();
    if let Some(moment) = known.or(tour.moments.last().copied()) {
        ui.play(false);
        ui.seek(moment);
    }
    tour.read = ui.read(|session| session.trace().head());
    (tour.stop, tour.there) = (stop, known.is_some());
    ui.sight.tour.set(Some(tour));
    if known.is_some() {
        return show(ui, &STOPS[stop]);
    }
    ui.set_speed(if ui.reduced.get_untracked() { QUICK } else { STOPS[stop].speed });
    match (STOPS[stop].deed)(ui) {
        Some(input) => drop(ui.act(input)),
        None => ui.play(true),
    }
}

/// Looks whether the moment has come.
fn watch(ui: Ui) {
    let Some(mut tour) = ui.sight.tour.get_untracked().filter(|tour| !tour.there) else { return };
    let (moment, head) = ui.read(|session| {
        let (trace, head) = (session.trace(), session.trace().head());
        let moment = match STOPS[tour.stop].when {
            When::Is(is) => is(&session.view()).then(|| session.now()),
            When::Happens(is) => {
                trace.range(tour.read.min(head), head).find(|record| is(&record.fact)).map(|record| record.at)
            }
        };
        (moment, head)
    });
    match moment {
        Some(moment) => arrive(ui, moment),
        None if tour.read == head => {}
        None => {
            tour.read = head;
            ui.sight.tour.update_untracked(|now| *now = Some(tour));
        }
    }
}

fn arrive(ui: Ui, moment: Time) {
    ui.play(false);
    ui.seek(moment);
    ui.sight.bookmarks.update(|all| {
        if let Err(at) = all.binary_search(&moment) {
            all.insert(at, moment);
        }
    });
    let Some(mut tour) = ui.sight.tour.get_untracked() else { return };
    tour.there = true;
    tour.moments.push(moment);
    let stop = &STOPS[tour.stop];
    ui.sight.tour.set(Some(tour));
    show(ui, stop);
}

/// Shows what a stop is about.
fn show(ui: Ui, stop: &Stop) {
    // What hurried past on the way here is not told again, however long it would stay at the speed of the way.
    ui.set_speed(Speed::Adaptive);
    let selection = ui.read(stop.shows);
    ui.scheduling.shown.set(stop.tab);
    ui.select(selection.clone());
    stage::approach(ui, selection.as_ref(), stop.zoom);
}

/// Its place below the stage.
pub fn place(ui: Ui) -> El {
    el("div", "").when(move || ui.sight.tour.with(Option::is_some), move || card(ui))
}

#[inline(never)]
fn card(ui: Ui) -> El {
    afterwards(move || {
        ui.head.track();
        ui.sight.tour.track();
        watch(ui);
    });
    let of = move || ui.sight.tour.with(|tour| tour.as_ref().map_or((0, true), |tour| (tour.stop, tour.there)));
    let count = move || ui.say("tour-count", &[("number", (of().0 + 1).into()), ("count", STOPS.len().into())]);
    let onward = move || match of() {
        (_, false) => ui.set_speed(HURRIED),
        (stop, true) => go(ui, stop + 1),
    };
    let back = move || go(ui, of().0.saturating_sub(1));
    let word = move || match of() {
        (_, false) => ui.text("tour-hurry"),
        (stop, true) if stop + 1 == STOPS.len() => ui.text("tour-done"),
        _ => ui.text("tour-next"),
    };
    let next = button("button primary", onward).attr("data-testid", "tour-next").words(word);
    let element = next.node::<HtmlElement>();
    afterwards(move || drop(element.focus()));
    let escaped = move |event: &KeyboardEvent| {
        if event.key() == "Escape" {
            leave(ui);
        }
    };
    let told = el("p", "").attr("role", "status").words(move || ui.text(STOPS[of().0].sentence));
    el("section", "guess tour")
        .attr("data-testid", "tour")
        .label(ui, "tour-title")
        .on_as("keydown", escaped)
        .add(el("div", "").add(el("p", "quiet").words(count)).add(told))
        .add(
            el("div", "guess-choices")
                .add(next)
                .part(move || {
                    let back = || button("button", back).attr("data-testid", "tour-back").word(ui, "tour-back");
                    (of().0 > 0).then(back)
                })
                .add(
                    button("button quiet-button", move || leave(ui))
                        .attr("data-testid", "tour-leave")
                        .word(ui, "tour-leave"),
                ),
        )
}
