//! Keys for the whole page. They count only where nobody writes and nothing else uses them.

use super::browser;
use super::dom::on_window;
use super::handle::{Tab, Ui};
use super::session::Until;
use crate::scene::pace::Speed;
use crate::sim::Time;
use leptos::prelude::*;
use std::collections::BTreeMap;
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
    match key.as_str() {
        " " => ui.play(!ui.moving.get_untracked()),
        "Home" => ui.seek(Time::ZERO),
        "End" => ui.seek(ui.end.get_untracked()),
        _ => {
            let pressed = key.to_ascii_lowercase();
            let Some((.., act)) = ACTIONS.iter().find(|(name, sign, ..)| key_of(ui, name, sign) == pressed) else {
                return false;
            };
            act(ui);
        }
    }
    true
}

/// An action with a single key: its name where keys are remembered, its key if nobody has chosen another, the key of its
/// text in the catalogue, and what it does.
pub type Action = (&'static str, &'static str, &'static str, fn(Ui));

/// All of them.
pub const ACTIONS: &[Action] = &[
    ("step", ".", "key-step", Ui::step),
    ("back", ",", "key-step-back", Ui::step_back),
    ("truth", "t", "key-truth", Ui::turn_truth),
    ("search", "/", "key-search", |ui| ui.sight.open.set(true)),
    ("dial", "m", "key-dial", Ui::turn_dial),
    ("mark", "b", "bookmark-add", Ui::bookmark),
    ("next", "n", "bookmark-next", |ui| ui.to_bookmark(true)),
    ("previous", "p", "bookmark-previous", |ui| ui.to_bookmark(false)),
    ("event", "e", "until-event", |ui| ui.until(Until::Event)),
    ("settled", "s", "until-settled", |ui| ui.until(Until::Settled)),
    ("list", "l", "key-list", |ui| go_to(ui, Tab::Guide, "[role=tree]")),
    ("inspector", "i", "key-inspector", |ui| go_to(ui, Tab::Inspector, "#inspector")),
    ("why", "y", "key-why", |ui| go_to(ui, Tab::Inspector, "[data-testid=why]")),
    ("help", "?", "key-help", |_| press_button("[data-testid=help]")),
];

/// The key of an action: the person's own choice, or the one that it has.
pub fn key_of(ui: Ui, name: &str, sign: &str) -> String {
    let chosen = |keys: &BTreeMap<String, String>| keys.get(name).cloned();
    ui.sight.keys.with_untracked(chosen).unwrap_or_else(|| sign.to_owned())
}

/// Gives an action another key; whichever had it before has none. Empty: none.
pub fn set_key(ui: Ui, name: &str, key: &str) {
    let key = key.to_ascii_lowercase();
    if key.chars().count() > 1 || SPEEDS.iter().any(|(sign, _)| *sign == key) || key == " " {
        return;
    }
    let others =
        ACTIONS.iter().filter(|(other, sign, ..)| !key.is_empty() && *other != name && key_of(ui, other, sign) == key);
    let robbed: Vec<&str> = others.map(|(other, ..)| *other).collect();
    ui.sight.keys.update(|keys| {
        for other in robbed {
            keys.insert(other.to_owned(), String::new());
        }
        keys.insert(name.to_owned(), key);
    });
    remember(ui);
}

/// All keys as they come.
pub fn reset(ui: Ui) {
    ui.sight.keys.update(BTreeMap::clear);
    remember(ui);
}

/// Under this name the person's own keys are remembered: `name key` on each line.
const KEYS: &str = "bottle.keys";

fn remember(ui: Ui) {
    let lines =
        ui.sight.keys.with_untracked(|keys| keys.iter().map(|(name, key)| format!("{name} {key}")).collect::<Vec<_>>());
    browser::remember(ui, KEYS, &lines.join("\n"));
}

/// The person's own keys, as the browser has kept them.
pub fn kept() -> BTreeMap<String, String> {
    let text = browser::recall(KEYS).unwrap_or_default();
    let known = |(name, _): &(&str, &str)| ACTIONS.iter().any(|(action, ..)| action == name);
    let lines = text.lines().filter_map(|line| line.split_once(' ')).filter(known);
    lines.map(|(name, key)| (name.to_owned(), key.chars().take(1).collect())).collect()
}

fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten().and_then(|element| element.dyn_into().ok())
}

/// Puts the focus on an element.
pub fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        let _ = element.focus();
    }
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
