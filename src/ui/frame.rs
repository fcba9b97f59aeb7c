//! The frame loop: the page's only clock.

use super::browser;
use super::handle::Ui;
use super::stage;
use leptos::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

/// A tab that slept does not catch up what it has missed.
const LONGEST_MS: f64 = 100.0;

/// Runs until the page is closed. `first` is called after the first picture.
pub fn run(ui: Ui, first: impl FnOnce() + 'static) {
    let last = Rc::new(Cell::new(browser::clock()));
    next(ui, last, Some(Box::new(first)));
}

fn next(ui: Ui, last: Rc<Cell<f64>>, first: Option<Box<dyn FnOnce()>>) {
    request_animation_frame(move || {
        let began = browser::clock();
        let elapsed = (began - last.replace(began)).clamp(0.0, LONGEST_MS);
        let moved = ui.frame(elapsed);
        let drawn = moved || ui.stage.with_value(stage::Stage::is_soiled);
        if drawn {
            stage::draw(ui);
            super::panic::shown(ui.shown_millis());
            ui.note_work(browser::clock() - began, true);
        }
        if let Some(first) = first {
            first();
        }
        next(ui, last, None);
    });
}
