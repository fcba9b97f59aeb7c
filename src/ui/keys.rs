//! Keys for the whole page. They count only where nobody writes and nothing else uses them.

use super::handle::Ui;
use crate::sim::Time;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// What has keys of its own.
const OWN_KEYS: &str = "input, textarea, select, [contenteditable], [role=tree], [role=tablist], [role=slider], dialog";

/// Listens for as long as the page lives.
pub fn listen(ui: Ui) {
    let _ = window_event_listener(leptos::ev::keydown, move |event| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let within =
            |selector: &str| target.as_ref().is_some_and(|target| matches!(target.closest(selector), Ok(Some(_))));
        if within(OWN_KEYS) || (event.key() == " " && within("button, a, summary")) {
            return;
        }
        if press(ui, &event) {
            event.prevent_default();
        }
    });
}

fn press(ui: Ui, event: &KeyboardEvent) -> bool {
    match event.key().as_str() {
        " " => ui.play(!ui.moving.get_untracked()),
        "." => ui.step(),
        "," => ui.step_back(),
        "Home" => ui.seek(Time::ZERO),
        "End" => ui.seek(ui.end.get_untracked()),
        _ => return false,
    }
    true
}
