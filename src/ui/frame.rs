//! The frame loop: the page's only clock.

use super::browser;
use super::handle::Ui;
use super::session::Session;
use super::stage::{self, Stage};
use leptos::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

/// A tab that slept does not catch up what it has missed.
const LONGEST_MS: f64 = 100.0;

/// While the engine cannot keep up, it has the frames to itself, but for one in this many milliseconds that shows how
/// far it has come.
const SHOW_MS: f64 = 150.0;

/// What is remembered from frame to frame: when the last one began, and when the last picture was made.
#[derive(Default)]
struct Times {
    frame: Cell<f64>,
    shown: Cell<f64>,
}

/// Runs until the page is closed. `first` is called after the first picture.
pub fn run(ui: Ui, first: impl FnOnce() + 'static) {
    let times = Rc::new(Times::default());
    times.frame.set(browser::clock());
    next(ui, times, Some(Box::new(first)));
}

fn next(ui: Ui, times: Rc<Times>, first: Option<Box<dyn FnOnce()>>) {
    request_animation_frame(move || {
        frame(ui, &times);
        if let Some(first) = first {
            first();
        }
        next(ui, times, None);
    });
}

fn frame(ui: Ui, times: &Times) {
    let began = browser::clock();
    let elapsed = (began - times.frame.replace(began)).clamp(0.0, LONGEST_MS);
    let wait = || ui.read(Session::is_behind) && began < times.shown.get() + SHOW_MS;
    let show = ui.read(Session::is_behind) && !wait();
    let moved = show || ui.pass(elapsed);
    if moved && !wait() {
        ui.show();
    } else if !ui.stage.with_value(Stage::is_soiled) {
        if moved {
            ui.note_work(browser::clock() - began, true);
        }
        return;
    }
    stage::draw(ui);
    times.shown.set(browser::clock());
    super::panic::shown(ui.shown_millis());
    ui.note_work(browser::clock() - began, true);
}
