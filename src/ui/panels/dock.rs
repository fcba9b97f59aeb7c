//! The dock below the stage and its tabs. On a phone the same tabs also hold the guide and the inspector.

use super::events::events_panel;
use super::manifest::manifest_panel;
use super::requests::requests_panel;
use super::timeline::timeline_panel;
use super::transcript::transcript;
use crate::ui::dom::{El, afterwards, button_at_once, el};
use crate::ui::handle::{Tab, Ui};
use leptos::prelude::*;
use web_sys::KeyboardEvent;

const DOCK: &[Tab] = &[Tab::Manifest, Tab::Events, Tab::Requests, Tab::Timeline, Tab::Transcript];
const PHONE: &[Tab] =
    &[Tab::Guide, Tab::Manifest, Tab::Inspector, Tab::Events, Tab::Requests, Tab::Timeline, Tab::Transcript];

impl Tab {
    const fn key(self) -> &'static str {
        match self {
            Self::Guide => "tab-guide",
            Self::Manifest => "tab-manifest",
            Self::Events => "tab-events",
            Self::Requests => "tab-requests",
            Self::Timeline => "tab-timeline",
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
            Self::Requests => "panel-requests",
            Self::Timeline => "panel-timeline",
            Self::Transcript => "panel-transcript",
            Self::Inspector => "inspector",
        }
    }
}

fn tabs(phone: bool) -> &'static [Tab] {
    if phone { PHONE } else { DOCK }
}

/// The dock.
pub fn dock(ui: Ui) -> El {
    afterwards(move || {
        // What only a phone shows as a tab is beside the stage elsewhere.
        if !tabs(ui.phone.get()).contains(&ui.tab.get()) {
            ui.tab.set(Tab::Manifest);
        }
    });
    let panel = |tab: Tab, content: El| {
        el("div", "panel")
            .attr("id", tab.panel())
            .attr("role", "tabpanel")
            .attr("aria-labelledby", &format!("tab-{}", tab.name()))
            .bind("hidden", move || ui.tab.get() != tab)
            .add(content)
    };
    el("section", "dock")
        .attr("id", "dock")
        .attr("tabindex", "-1")
        .label(ui, "tabs-label")
        .add(tab_row(ui))
        .add(panel(Tab::Manifest, manifest_panel(ui)))
        .add(panel(Tab::Events, events_panel(ui)))
        .add(panel(Tab::Requests, requests_panel(ui)))
        .add(panel(Tab::Timeline, timeline_panel(ui)))
        .add(panel(Tab::Transcript, transcript(ui)))
}

/// The row of tabs: one tab stop, arrows move.
fn tab_row(ui: Ui) -> El {
    let key = move |event: &KeyboardEvent| {
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
    let tab = move |tab: Tab| {
        let name = format!("tab-{}", tab.name());
        button_at_once("tab", move || ui.tab.set(tab))
            .attr("role", "tab")
            .attr("id", &name)
            .attr("data-testid", &name)
            .attr("aria-controls", tab.panel())
            .bind("aria-selected", move || (ui.tab.get() == tab).to_string())
            .bind("tabindex", move || if ui.tab.get() == tab { "0" } else { "-1" })
            .word(ui, tab.key())
    };
    el("div", "tabs").attr("role", "tablist").label(ui, "tabs-label").at_once("keydown", key).rows(
        move || tabs(ui.phone.get()).to_vec(),
        |tab| tab.name().to_owned(),
        tab,
    )
}
