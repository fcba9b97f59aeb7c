//! Help: what is what in the harbour, the keys, and what is not modelled.

use super::sheet::sheet;
use crate::ui::dom::{El, el};
use crate::ui::handle::Ui;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;

/// What is shown of the keys: the key, and what it does.
const KEYS: &[(&str, &str)] = &[
    ("Space", "key-play"),
    (".", "key-step"),
    (",", "key-step-back"),
    ("Home", "key-home"),
    ("End", "key-end"),
    ("1 – 6", "key-speeds"),
    ("T", "key-truth"),
    ("/", "key-search"),
    ("M", "key-dial"),
    ("E", "until-event"),
    ("S", "until-settled"),
    ("B, N, P", "key-bookmarks"),
    ("Ctrl+K", "palette-title"),
    ("L", "key-list"),
    ("I", "key-inspector"),
    ("Y", "key-why"),
    ("?", "key-help"),
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
    let keys = KEYS.iter().flat_map(|(name, what)| [key(name), el("dd", "").word(ui, what)]);
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
        .add(el("h3", "").word(ui, "help-parts"))
        .add(el("dl", "parts").all(parts))
        .add(el("h3", "").word(ui, "help-keys"))
        .add(el("dl", "keys").all(keys))
        .add(el("label", "check").add(letters).word(ui, "key-letters"))
        .add(el("h3", "").word(ui, "help-limits"))
        .add(el("p", "").word(ui, "help-limits-text"))
        .add(el("p", "").add(fidelity))
}
