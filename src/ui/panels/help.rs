//! Help: what is what in the harbour, the keys, and what is not modelled.

use crate::ui::browser::call;
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use leptos::html::Dialog;
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
#[component]
pub fn Help(open: RwSignal<bool>) -> impl IntoView {
    let ui = Ui::get();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            let shown = dialog.has_attribute("open");
            if open.get() != shown {
                call(&dialog, if shown { "close" } else { "showModal" }, &[]);
            }
        }
    });
    view! {
        <dialog node_ref=dialog class="help" aria-labelledby="help-title" on:close=move |_| open.set(false)>
            <div class="help-head">
                <h2 id="help-title">{move || ui.text("help-title")}</h2>
                <button type="button" class="button icon-button" on:click=move |_| open.set(false)>
                    {icon(Icon::Close)}
                    <span class="visually-hidden">{move || ui.text("help-close")}</span>
                </button>
            </div>
            <p>{move || ui.text("help-text")}</p>
            <h3>{move || ui.text("help-parts")}</h3>
            <dl class="parts">
                {PARTS
                    .iter()
                    .map(|(name, what)| {
                        view! {
                            <dt>{move || ui.text(name)}</dt>
                            <dd>{move || ui.text(what)}</dd>
                        }
                    })
                    .collect_view()}
            </dl>
            <h3>{move || ui.text("help-keys")}</h3>
            <dl class="keys">
                {KEYS
                    .iter()
                    .map(|(key, what)| {
                        view! {
                            <dt><kbd>{*key}</kbd></dt>
                            <dd>{move || ui.text(what)}</dd>
                        }
                    })
                    .collect_view()}
            </dl>
            <label class="check">
                <input
                    type="checkbox"
                    data-testid="letters"
                    prop:checked=move || ui.letters.get()
                    on:change=move |event| ui.set_letters(event_target_checked(&event))
                />
                {move || ui.text("key-letters")}
            </label>
            <h3>{move || ui.text("help-limits")}</h3>
            <p>{move || ui.text("help-limits-text")}</p>
        </dialog>
    }
}
