//! Help: what is what in the harbour, the keys, and what is not modelled.

use super::sheet::sheet;
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::keys::{ACTIONS, key_of};
use crate::ui::signal::RwSignal;
use crate::ui::tour;
use leptos::prelude::*;

/// The keys that are always the same; the others are [`ACTIONS`].
const KEYS: &[(&str, &str)] = &[
    ("Space", "key-play"),
    ("Home", "key-home"),
    ("End", "key-end"),
    ("1 – 6", "key-speeds"),
    ("Ctrl+K", "palette-title"),
    ("Ctrl+Enter", "key-apply"),
    ("+ − 0", "key-zoom"),
    ("Esc, Tab", "key-leave-editor"),
];

/// Who is who.
const PARTS: &[(&str, &str)] = &[
    ("component-user", "part-user"),
    ("component-api-server", "part-api-server"),
    ("component-etcd", "part-etcd"),
    ("component-controllers", "part-controllers"),
    ("component-scheduler", "part-scheduler"),
    ("part-ship-name", "part-ship"),
    ("part-crate-name", "part-crate"),
    ("stage-registry", "part-registry"),
];

/// The dialog.
pub fn help(ui: Ui, open: RwSignal<bool>) -> El {
    sheet(ui, ("help-sheet", "help-title"), open, move || content(ui))
}

#[inline(never)]
fn content(ui: Ui) -> El {
    let parts = PARTS.iter().flat_map(|(name, what)| [el("dt", "").word(ui, name), el("dd", "").word(ui, what)]);
    let key = |key: &str| el("dt", "").add(el("kbd", "").text(key));
    let fixed = KEYS.iter().flat_map(|(name, what)| [key(name), el("dd", "").word(ui, what)]);
    // The dialog is made anew each time that it opens, and nothing in it changes keys.
    let keys = ACTIONS.iter().flat_map(|(name, sign, what, _)| match key_of(ui, name, sign).to_uppercase() {
        none if none.is_empty() => [el("dt", "").word(ui, "key-none"), el("dd", "").word(ui, what)],
        sign => [key(&sign), el("dd", "").word(ui, what)],
    });
    let letters = el("input", "")
        .attr("type", "checkbox")
        .attr("data-testid", "letters")
        .checked(move || ui.letters.get())
        .on("change", move |event| ui.set_letters(event_target_checked(event)));
    let fidelity = el("a", "")
        .attr("data-testid", "to-fidelity")
        .bind("href", move || format!("{}/fidelity", ui.language.get().tag()))
        .word(ui, "help-fidelity");
    el("div", "")
        .add(el("p", "").word(ui, "help-text"))
        .add(button("button", move || tour::start(ui)).attr("data-testid", "help-tour").word(ui, "tour-title"))
        .add(el("h3", "").word(ui, "help-parts"))
        .add(el("dl", "parts").all(parts))
        .add(el("h3", "").word(ui, "help-keys"))
        .add(el("dl", "keys").attr("data-testid", "keys").all(fixed).all(keys))
        .add(el("label", "check").add(letters).word(ui, "key-letters"))
        .add(el("h3", "").word(ui, "help-more"))
        .add(el("p", "").word(ui, "help-more-text"))
        .add(el("h3", "").word(ui, "help-limits"))
        .add(el("p", "").word(ui, "help-limits-text"))
        .add(el("p", "").add(fidelity))
}
