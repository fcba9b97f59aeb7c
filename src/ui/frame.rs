//! The frame loop: the page's only clock.
//!
//! Four things take time: the engine, the view with the panels that read it, the picture, and its painting. They share an animation
//! frame while that is short; where it would be long, each has a frame of its own, so that a click never waits long.
//! An engine that cannot keep up works between frames, and only now and then shows how far it has come.

use super::browser;
use super::dom::on_window_at_once;
use super::handle::Ui;
use super::memory;
use super::session::Session;
use super::stage::{self, Stage};
use leptos::prelude::*;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

/// A tab that slept does not catch up what it has missed.
const LONGEST_MS: f64 = 100.0;

/// An engine that cannot keep up shows how far it has come once in so many milliseconds,
const SHOW_MS: f64 = 200.0;
/// but never sooner than after this many times what showing costs.
const SHOW_TIMES: f64 = 12.0;

/// What would take longer than this is done in more than one frame.
const LONG_MS: f64 = 10.0;

/// Where showing costs more than this,
const SLOW_MS: f64 = 25.0;
/// so many times as much lies between two pictures: most of the time is the engine's, and whoever clicks is heard.
const UNHURRIED_TIMES: f64 = 3.0;

/// What is pressed, or read with the mouse button held. Its panel holds still meanwhile: what is exchanged between pressing
/// and letting go swallows the click.
const PRESSED: &str = "button, a, summary, li, tr";

/// Who comes next.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Turn {
    /// The engine.
    #[default]
    Engine,
    /// The view and the panels that read it.
    View,
    /// The picture: what is on it,
    Picture,
    /// and its painting.
    Paint,
}

/// What is remembered from frame to frame, in milliseconds.
#[derive(Default)]
struct Times {
    turn: Cell<Turn>,
    /// When the engine last had its turn.
    engine: Cell<f64>,
    /// When the last picture was made.
    shown: Cell<f64>,
    /// What the last view has cost, the last picture, and its painting.
    view: Cell<f64>,
    picture: Cell<f64>,
    paint: Cell<f64>,
    /// Whether somebody holds down something of a panel.
    pressed: Cell<bool>,
    /// Whether the panels have not got the last view for that.
    missed: Cell<bool>,
}

impl Times {
    /// Whether it is time to show how far the engine has come, which could keep up or not.
    fn is_due(&self, now: f64, behind: bool) -> bool {
        let cost = self.view.get() + self.picture.get() + self.paint.get();
        let least = match behind {
            true => SHOW_MS.max(SHOW_TIMES * cost),
            false if cost > SLOW_MS => UNHURRIED_TIMES * cost,
            false => 0.0,
        };
        now - self.shown.get() >= least
    }

    /// As if nothing had been measured.
    fn forget(&self) {
        for cost in [&self.view, &self.picture, &self.paint] {
            cost.set(0.0);
        }
    }
}

/// Runs until the page is closed. `first` is called after the first picture.
pub fn run(ui: Ui, first: impl FnOnce() + 'static) {
    let times = Rc::new(Times::default());
    times.engine.set(browser::clock());
    times.turn.set(Turn::Picture);
    watch_presses(&times);
    next(ui, times, Some(Box::new(first)));
}

fn watch_presses(times: &Rc<Times>) {
    let down = times.clone();
    on_window_at_once("pointerdown", move |event: &Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        down.pressed.set(target.is_some_and(|target| matches!(target.closest(PRESSED), Ok(Some(_)))));
    });
    for end in ["pointerup", "pointercancel", "blur"] {
        let up = times.clone();
        on_window_at_once(end, move |_: &Event| up.pressed.set(false));
    }
}

fn next(ui: Ui, times: Rc<Times>, first: Option<Box<dyn FnOnce()>>) {
    let paints = times.turn.get() != Turn::Engine || !ui.read(Session::is_behind);
    let work: Box<dyn FnOnce()> = Box::new(move || {
        frame(ui, &times, paints);
        if let Some(first) = first {
            // The program was compiled with the first picture: what that cost says nothing about others.
            times.forget();
            first();
        }
        next(ui, times, None);
    });
    if paints {
        request_animation_frame(work);
    } else {
        // Nothing will be painted, so there is no frame to wait for.
        browser::soon(work);
    }
}

fn frame(ui: Ui, times: &Times, paints: bool) {
    let began = browser::clock();
    if paints {
        stage::rest(ui, began);
    }
    let own = times.turn.take();
    let mut turn = own;
    if own == Turn::Engine {
        match engine(ui, times, began) {
            Some(next) => turn = next,
            None => return,
        }
    }
    let worked = if own == Turn::Engine { browser::clock() - began } else { 0.0 };
    let may = |turn, cost| own == turn || (paints && browser::clock() - began + cost <= LONG_MS);
    if turn == Turn::View && may(turn, times.view.get()) {
        let held = times.pressed.get();
        measured(&times.view, || if held { ui.look() } else { ui.show() });
        times.missed.set(held);
        turn = Turn::Picture;
    }
    if turn == Turn::Picture && may(turn, times.picture.get()) {
        measured(&times.picture, || stage::compose(ui));
        turn = Turn::Paint;
    }
    if turn == Turn::Paint && may(turn, times.paint.get()) {
        measured(&times.paint, || stage::paint(ui));
        times.shown.set(browser::clock());
        super::panic::shown(ui.shown_millis());
        turn = Turn::Engine;
    }
    times.turn.set(turn);
    memory::ahead();
    ui.note_work(browser::clock() - began, worked, paints);
}

/// The engine's turn: who comes next, or `None` if nothing has moved and nothing must be painted anew.
fn engine(ui: Ui, times: &Times, now: f64) -> Option<Turn> {
    let elapsed = (now - times.engine.replace(now)).clamp(0.0, LONGEST_MS);
    let moved = ui.pass(elapsed);
    let soiled = ui.stage.with_value(Stage::is_soiled);
    let missed = times.missed.get() && !times.pressed.get();
    let shows = missed || moved && times.is_due(now, ui.read(Session::is_behind));
    match (shows, soiled, moved) {
        (true, ..) => Some(Turn::View),
        (_, true, _) => Some(Turn::Picture),
        (.., true) => Some(Turn::Engine),
        _ => None,
    }
}

/// Does something, and remembers what it has cost.
fn measured(cost: &Cell<f64>, work: impl FnOnce()) {
    let began = browser::clock();
    work();
    cost.set(browser::clock() - began);
}
