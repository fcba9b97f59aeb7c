//! Keys for the whole page. They count only where nobody writes and nothing else uses them.

use super::dom::on_window;
use super::handle::{Tab, Ui};
use super::session::Until;
use crate::scene::pace::Speed;
use crate::sim::Time;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// What has keys of its own.
const OWN_KEYS: &str = "input, textarea, select, [contenteditable], [role=tree], [role=tablist], [role=slider], dialog";

/// Listens for as long as the page lives.
pub fn listen(ui: Ui) {
    on_window("keydown", move |event: &KeyboardEvent| {
        if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            ui.sight.palette.update(|open| *open = !*open);
            return;
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let within =
            |selector: &str| target.as_ref().is_some_and(|target| matches!(target.closest(selector), Ok(Some(_))));
        if within(OWN_KEYS) || (event.key() == " " && within("button, a, summary")) {
            return;
        }
        if press(ui, event) {
            event.prevent_default();
        }
    });
}

/// The keys of the speeds.
const SPEEDS: [(&str, Speed); 6] = [
    ("1", Speed::Adaptive),
    ("2", Speed::Times(0.1)),
    ("3", Speed::Times(1.0)),
    ("4", Speed::Times(10.0)),
    ("5", Speed::Times(100.0)),
    ("6", Speed::Times(1000.0)),
];

fn press(ui: Ui, event: &KeyboardEvent) -> bool {
    let key = event.key();
    // Whoever speaks to the page instead of typing can switch the single letters and signs off.
    if key.chars().count() == 1 && key != " " && !ui.letters.get_untracked() {
        return false;
    }
    if let Some((_, speed)) = SPEEDS.iter().find(|(sign, _)| *sign == key) {
        ui.set_speed(*speed);
        return true;
    }
    match key.to_ascii_lowercase().as_str() {
        " " => ui.play(!ui.moving.get_untracked()),
        "." => ui.step(),
        "," => ui.step_back(),
        "t" => ui.turn_truth(),
        "/" => ui.sight.open.set(true),
        "m" => ui.turn_dial(),
        "b" => ui.bookmark(),
        "n" => ui.to_bookmark(true),
        "p" => ui.to_bookmark(false),
        "e" => ui.until(Until::Event),
        "s" => ui.until(Until::Settled),
        "l" => go_to(ui, Tab::Guide, "[role=tree]"),
        "i" => go_to(ui, Tab::Inspector, "#inspector"),
        "y" => go_to(ui, Tab::Inspector, "[data-testid=why]"),
        "?" => press_button("[data-testid=help]"),
        "home" => ui.seek(Time::ZERO),
        "end" => ui.seek(ui.end.get_untracked()),
        _ => return false,
    }
    true
}

fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten().and_then(|element| element.dyn_into().ok())
}

fn press_button(selector: &str) {
    if let Some(button) = find(selector) {
        button.click();
    }
}

/// Puts the focus into a panel, which on a phone comes to the front first.
fn go_to(ui: Ui, tab: Tab, selector: &'static str) {
    if ui.phone.get_untracked() {
        ui.tab.set(tab);
    }
    request_animation_frame(move || {
        if let Some(element) = find(selector) {
            if element.tab_index() < 0 && !element.has_attribute("tabindex") {
                let _ = element.set_attribute("tabindex", "-1");
            }
            let _ = element.focus();
            element.scroll_into_view();
        }
    });
}
