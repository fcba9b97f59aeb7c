//! Help: what is what in the harbour, the keys, and what is not modelled.

use crate::ui::browser::call;
use crate::ui::dom::{El, afterwards, button, el};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use leptos::prelude::*;
use web_sys::HtmlDialogElement;

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

/// A dialog.
pub fn help(ui: Ui, open: RwSignal<bool>) -> El {
    let dialog = el("dialog", "help");
    let element = dialog.clone().node::<HtmlDialogElement>();
    afterwards(move || {
        let shown = element.has_attribute("open");
        if open.get() != shown {
            call(&element, if shown { "close" } else { "showModal" }, &[]);
        }
    });
    let close = button("button icon-button", move || open.set(false))
        .add(icon(Icon::Close))
        .add(el("span", "visually-hidden").word(ui, "help-close"));
    let title = el("h2", "").attr("id", "help-title").word(ui, "help-title");
    let parts = PARTS.iter().flat_map(|(name, what)| [el("dt", "").word(ui, name), el("dd", "").word(ui, what)]);
    let key = |key: &str| el("dt", "").add(el("kbd", "").text(key));
    let keys = KEYS.iter().flat_map(|(name, what)| [key(name), el("dd", "").word(ui, what)]);
    let letters = el("input", "")
        .attr("type", "checkbox")
        .attr("data-testid", "letters")
        .checked(move || ui.letters.get())
        .on("change", move |event| ui.set_letters(event_target_checked(event)));
    dialog
        .attr("aria-labelledby", "help-title")
        .on("close", move |_| open.set(false))
        .add(el("div", "help-head").add(title).add(close))
        .add(el("p", "").word(ui, "help-text"))
        .add(el("h3", "").word(ui, "help-parts"))
        .add(el("dl", "parts").all(parts))
        .add(el("h3", "").word(ui, "help-keys"))
        .add(el("dl", "keys").all(keys))
        .add(el("label", "check").add(letters).word(ui, "key-letters"))
        .add(el("h3", "").word(ui, "help-limits"))
        .add(el("p", "").word(ui, "help-limits-text"))
}
