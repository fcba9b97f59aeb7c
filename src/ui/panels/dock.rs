//! The dock below the stage and its tabs. On a phone the same tabs also hold the guide and the inspector.

use super::events::EventsPanel;
use super::manifest::ManifestPanel;
use super::transcript::Transcript;
use crate::ui::handle::{Tab, Ui};
use leptos::prelude::*;

const DOCK: &[Tab] = &[Tab::Manifest, Tab::Events, Tab::Transcript];
const PHONE: &[Tab] = &[Tab::Guide, Tab::Manifest, Tab::Events, Tab::Transcript, Tab::Inspector];

impl Tab {
    const fn key(self) -> &'static str {
        match self {
            Self::Guide => "tab-guide",
            Self::Manifest => "tab-manifest",
            Self::Events => "tab-events",
            Self::Transcript => "tab-transcript",
            Self::Inspector => "tab-inspector",
        }
    }

    /// The id of the panel that it shows.
    const fn panel(self) -> &'static str {
        match self {
            Self::Guide => "panel-guide",
            Self::Manifest => "panel-manifest",
            Self::Events => "panel-events",
            Self::Transcript => "panel-transcript",
            Self::Inspector => "inspector",
        }
    }
}

fn tabs(phone: bool) -> &'static [Tab] {
    if phone { PHONE } else { DOCK }
}

/// The dock.
#[component]
pub fn Dock() -> impl IntoView {
    let ui = Ui::get();
    Effect::new(move |_| {
        // What only a phone shows as a tab is beside the stage elsewhere.
        if !tabs(ui.phone.get()).contains(&ui.tab.get()) {
            ui.tab.set(Tab::Manifest);
        }
    });
    let panel = move |tab: Tab, content: AnyView| {
        view! {
            <div
                class="panel"
                id=tab.panel()
                role="tabpanel"
                aria-labelledby=format!("tab-{}", tab.name())
                hidden=move || ui.tab.get() != tab
            >
                {content}
            </div>
        }
    };
    view! {
        <section class="dock" id="dock" tabindex="-1" aria-label=move || ui.text("tabs-label")>
            <Tabs />
            {panel(Tab::Manifest, view! { <ManifestPanel /> }.into_any())}
            {panel(Tab::Events, view! { <EventsPanel /> }.into_any())}
            {panel(Tab::Transcript, view! { <Transcript /> }.into_any())}
        </section>
    }
}

/// The row of tabs: one tab stop, arrows move.
#[component]
fn Tabs() -> impl IntoView {
    let ui = Ui::get();
    let key = move |event: web_sys::KeyboardEvent| {
        let tabs = tabs(ui.phone.get_untracked());
        let at = tabs.iter().position(|tab| *tab == ui.tab.get_untracked()).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowRight" => (at + 1) % tabs.len(),
            "ArrowLeft" => (at + tabs.len() - 1) % tabs.len(),
            "Home" => 0,
            "End" => tabs.len() - 1,
            _ => return,
        };
        event.prevent_default();
        ui.tab.set(tabs[to]);
        if let Some(tab) = document().get_element_by_id(&format!("tab-{}", tabs[to].name())) {
            crate::ui::browser::call(&tab, "focus", &[]);
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=move || ui.text("tabs-label") on:keydown=key>
            <For each=move || tabs(ui.phone.get()).to_vec() key=|tab| tab.name() let:tab>
                <button
                    type="button"
                    class="tab"
                    role="tab"
                    id=format!("tab-{}", tab.name())
                    data-testid=format!("tab-{}", tab.name())
                    aria-controls=tab.panel()
                    aria-selected=move || (ui.tab.get() == tab).to_string()
                    tabindex=move || if ui.tab.get() == tab { "0" } else { "-1" }
                    on:click=move |_| ui.tab.set(tab)
                >
                    {move || ui.text(tab.key())}
                </button>
            </For>
        </div>
    }
}
