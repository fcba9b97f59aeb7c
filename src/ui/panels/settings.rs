//! Settings: how the page looks and moves, and its single keys.

use super::sheet::sheet;
use crate::scene::Dial;
use crate::scene::theme::Theme;
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::keys::{ACTIONS, Action, key_of, reset, set_key};
use leptos::prelude::*;

/// The dialog.
pub fn settings(ui: Ui) -> El {
    sheet(ui, ("settings-sheet", "settings-title"), ui.sight.settings, move || content(ui))
}

/// A box to tick.
fn check(ui: Ui, key: &'static str, is: impl Fn() -> bool + 'static, set: impl Fn(bool) + 'static) -> El {
    let tick = el("input", "")
        .attr("type", "checkbox")
        .attr("data-testid", key)
        .checked(is)
        .on("change", move |event| set(event_target_checked(event)));
    el("label", "check").add(tick).word(ui, key)
}

fn content(ui: Ui) -> El {
    let dark = move |dark: bool| ui.set_theme(if dark { Theme::Dark } else { Theme::Light });
    let words = Dial::ALL.iter().map(|(name, _)| {
        let key = match *name {
            "harbour" => "labels-mode-harbour",
            "both" => "labels-mode-both",
            _ => "labels-mode-k8s",
        };
        el("option", "").attr("value", name).word(ui, key)
    });
    let dial = move || Dial::ALL.iter().find(|(_, dial)| *dial == ui.sight.dial.get()).map_or("", |(name, _)| *name);
    let chosen = move |event: &web_sys::Event| {
        let chosen = event_target_value(event);
        if let Some((_, dial)) = Dial::ALL.iter().find(|(name, _)| *name == chosen) {
            ui.sight.dial.set(*dial);
        }
    };
    let labels = el("select", "button").all(words).value(move || dial().to_owned()).on("change", chosen);
    let keys = ACTIONS.iter().map(|action| key(ui, action));
    el("div", "settings")
        .add(check(ui, "settings-dark", move || ui.theme.get() == Theme::Dark, dark))
        .add(check(ui, "settings-reduced", move || ui.reduced.get(), move |on| ui.reduced.set(on)))
        .add(el("label", "settings-row").add(el("span", "").word(ui, "labels-mode")).add(labels))
        .add(el("h3", "").word(ui, "settings-keys"))
        .add(el("p", "").word(ui, "settings-keys-text"))
        .add(check(ui, "settings-letters", move || ui.letters.get(), move |on| ui.set_letters(on)))
        .add(el("div", "settings-list").all(keys))
        .add(button("button", move || reset(ui)).attr("data-testid", "keys-reset").word(ui, "settings-keys-reset"))
}

/// The key of an action.
fn key(ui: Ui, (name, sign, text, _): &'static Action) -> El {
    let shown = move || {
        ui.sight.keys.track();
        key_of(ui, name, sign).to_uppercase()
    };
    let field = el("input", "field key-field")
        .attr("type", "text")
        .attr("maxlength", "1")
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .attr("data-testid", &format!("key-{name}"))
        .value(shown)
        .on("focus", |event| {
            if let Some(field) = event.target() {
                crate::ui::browser::call(&field, "select", &[]);
            }
        })
        .on("input", move |event| set_key(ui, name, &event_target_value(event)));
    el("label", "settings-row").add(el("span", "").word(ui, text)).add(field)
}
