//! The inspector: everything about what is selected.

use super::actions::Actions;
use crate::ui::icons::{Icon, icon};
use crate::ui::tree::name_of;
use crate::ui::ui::Ui;
use leptos::prelude::*;

/// The inspector.
#[component]
pub fn InspectorPanel() -> impl IntoView {
    let ui = Ui::get();
    let name = move || ui.selected.with(|selected| selected.as_ref().map(|s| name_of(ui.language.get(), s)));
    view! {
        <aside class="insp" id="inspector" data-testid="inspector" role="region" aria-label=move || ui.text("inspector-label")>
            <Show when=move || name().is_some() fallback=move || view! { <p class="quiet">{ui.text("inspector-empty")}</p> }>
                <header class="insp-head">
                    <h2>{name}</h2>
                    <button type="button" class="icon-button" on:click=move |_| ui.select(None)>
                        {icon(Icon::Close)}
                        <span class="visually-hidden">{move || ui.text("inspector-close")}</span>
                    </button>
                </header>
                <Actions />
            </Show>
        </aside>
    }
}
