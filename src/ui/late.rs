//! What of the program arrives after the first picture (`tools/split/late.txt` says what that is): controllers of kinds
//! that nobody has made yet, rules and expressions, dialogs, the inspector, the gallery.
//!
//! Until it is here nothing is done, and after the first heartbeats time stands still: what somebody asks for waits, and so
//! the run is the same whenever the rest arrives. Only looking around needs nothing of it.

use super::browser::{self, call, get};
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};

/// Whether it is here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rest {
    /// On its way.
    #[default]
    Coming,
    /// Here.
    Here,
    /// It could not be fetched.
    Missing,
}

thread_local! {
    static REST: Cell<Rest> = const { Cell::new(Rest::Coming) };
    /// Who is told when that changes.
    static TOLD: Cell<Option<RwSignal<Rest>>> = const { Cell::new(None) };
    /// What waits for it.
    static WAITING: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
}

/// Whether it is here.
#[must_use]
pub fn is_here() -> bool {
    REST.get() == Rest::Here
}

/// A signal of it.
#[must_use]
pub fn signal() -> RwSignal<Rest> {
    let signal = RwSignal::new(REST.get());
    TOLD.set(Some(signal));
    signal
}

fn set(rest: Rest) {
    REST.set(rest);
    if let Some(told) = TOLD.get() {
        told.set(rest);
    }
}

/// Does something now, or as soon as the rest of the program is here.
pub fn then(act: impl FnOnce() + 'static) {
    fn wait(act: Box<dyn FnOnce()>) {
        let rest = REST.get();
        if rest == Rest::Here {
            return act();
        }
        WAITING.with_borrow_mut(|waiting| waiting.push(act));
        if rest == Rest::Missing {
            fetch();
        }
    }
    wait(Box::new(act));
}

/// Fetches it. What it is that arrives, and how, is known to `assets/boot/boot.js`.
pub fn fetch() {
    set(Rest::Coming);
    let promise = call(&get(&window(), "__bottleBoot"), "rest", &[]);
    browser::after(&promise, |arrived| {
        let waiting = WAITING.take();
        let texts = arrived.as_ref().and_then(wasm_bindgen::JsValue::as_string).unwrap_or_default();
        crate::texts::provide_later(serde_json::from_str(&texts).unwrap_or_default());
        set(if arrived.is_some() { Rest::Here } else { Rest::Missing });
        if arrived.is_some() {
            for act in waiting {
                act();
            }
        } else if let Some(boot) = Some(get(&window(), "__bottleBoot")).filter(|_| !waiting.is_empty()) {
            // Does nothing where a harbour is shown already.
            call(&boot, "fail", &["the rest of the program did not arrive".into()]);
        }
    });
}
