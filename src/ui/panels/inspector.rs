//! The inspector: everything about what is selected, always in the same order: what it is and how it is, what can be
//! done with it, why it is so, what is wanted and what is there, its events, its YAML.
//!
//! What is said is made by [`crate::inspect`]; here it only gets its form. Each section is a memo of plain data, so that
//! the page changes only where the data does, and a selection or a focus in it survives.

use super::actions::actions;
use super::inspector_card::card_sections;
use super::inspector_etcd::etcd_sections;
use super::inspector_fact::fact_panel;
use super::inspector_history::{history_section, yaml_section};
use super::inspector_state::{events_section, log_section, state_section};
use super::inspector_why::why_section;
use super::moment;
use super::scheduling;
use crate::api::age;
use crate::cluster::wire::Address;
use crate::inspect::identity::{self, Shape, Tone};
use crate::ui::dom::{El, button, drawing, el};
use crate::ui::handle::{Tab, Ui};
use crate::ui::icons::{Icon, icon};
use crate::ui::select::Selection;
use crate::ui::signal::Memo;
use leptos::prelude::*;

/// What the inspector shows, and when it is read anew.
#[derive(Clone, Copy)]
pub struct Thing {
    /// What is selected.
    pub selection: StoredValue<Selection, LocalStorage>,
    /// Moves when it is to be read anew.
    pub changes: ReadSignal<u64>,
}

/// The inspector.
pub fn inspector(ui: Ui) -> El {
    let visible = move || ui.selected.with(Option::is_some) && (!ui.phone.get() || ui.tab.get() == Tab::Inspector);
    let changes = moment::changes(ui, visible);
    let link = Memo::new(move || ui.selected.with(|selected| selected.as_ref().map(Selection::write)));
    let content = move || match link.get().and(ui.selected.get_untracked()) {
        Some(selection) => {
            let thing = Thing { selection: StoredValue::new_local(selection), changes };
            [untrack(|| thing_panel(ui, thing))]
        }
        None => [el("p", "quiet").word(ui, "inspector-empty")],
    };
    el("aside", "insp")
        .attr("id", "inspector")
        .attr("data-testid", "inspector")
        .attr("role", "region")
        .label(ui, "inspector-label")
        .part(content)
}

/// Everything about one thing.
#[inline(never)]
fn thing_panel(ui: Ui, thing: Thing) -> El {
    if let Some(fact) = thing.selection.with_value(|selection| match selection {
        Selection::Fact(fact) => Some(*fact),
        _ => None,
    }) {
        return fact_panel(ui, thing, fact);
    }
    let panel = el("div", "insp-thing").add(head(ui, thing));
    if !thing.selection.with_value(scheduling::has_attempts) {
        return panel.add(overview(ui, thing));
    }
    let part = move || {
        let (tab, name) = ui.scheduling.tab(thing);
        let part = untrack(|| match tab {
            scheduling::Tab::Overview => overview(ui, thing),
            scheduling::Tab::Attempts => scheduling::scheduling(ui, thing),
            scheduling::Tab::Configuration => scheduling::configuration(ui, thing),
        });
        let panel = el("div", "").attr("id", "insp-part").attr("role", "tabpanel").attr("aria-labelledby", name);
        [panel.add(part)]
    };
    panel.add(scheduling::tabs(ui, thing)).part(part)
}

/// What all things have.
fn overview(ui: Ui, thing: Thing) -> El {
    let is_object = thing.selection.with_value(|selection| selection.object().is_some());
    let panel = el("div", "insp-overview").part(actions(ui, thing));
    if is_object {
        panel
            .add(why_section(ui, thing))
            .add(state_section(ui, thing))
            .part(log_section(ui, thing))
            .add(events_section(ui, thing))
            .add(history_section(ui, thing))
            .add(yaml_section(ui, thing))
    } else {
        let etcd = thing.selection.with_value(|one| matches!(one, Selection::Component(Address::Etcd(_))));
        panel.part(card_sections(ui, thing)).all(etcd.then(|| etcd_sections(ui, thing))).add(why_section(ui, thing))
    }
}

/// What it is and how it is.
fn head(ui: Ui, thing: Thing) -> El {
    let identity = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection {
                Selection::Object(object) => identity::of_object(shown, object),
                Selection::Component(component) => identity::of_component(shown, component),
                Selection::Fact(_) => identity::of_component(shown, &Address::User),
            })
        })
    });
    let aged = move || {
        thing.changes.track();
        let since = identity.with(|identity| identity.since)?;
        let age = age::human(ui.now.get_untracked().since(since));
        Some(el("span", "insp-age").text(&ui.say("insp-age", &[("age", age.into())])))
    };
    let kind = move || {
        identity.with(|identity| match identity.namespace.as_str() {
            "" => identity.kind.clone(),
            namespace => {
                format!("{} · {}", identity.kind, ui.say("insp-namespace", &[("namespace", namespace.into())]))
            }
        })
    };
    let status = move || {
        identity.with(|identity| match &identity.sign {
            Some(sign) => [el("p", &format!("insp-status {}", tone_class(sign.tone)))
                .add(shape(sign.shape))
                .add(el("strong", "").text(&sign.word))
                .all((!is_said(&sign.meaning, &sign.word)).then(|| el("span", "insp-meaning").text(&sign.meaning)))],
            None => [el("p", "insp-status quiet").text(&ui.text("insp-gone"))],
        })
    };
    let harbour =
        move || identity.with(|identity| ui.say("insp-in-harbour", &[("harbour", identity.harbour.as_str().into())]));
    let titles = el("div", "insp-titles")
        .add(el("p", "insp-kind").words(kind))
        .add(el("h2", "insp-name").words(move || identity.with(|identity| identity.name.clone())));
    el("header", "insp-head")
        .add(titles)
        .add(close(ui))
        .add(el("div", "insp-state").part(status).part(aged))
        .add(el("p", "insp-harbour").words(harbour))
}

/// Puts it away.
pub fn close(ui: Ui) -> El {
    button("icon-button insp-close", move || ui.select(None))
        .add(icon(Icon::Close))
        .add(el("span", "visually-hidden").word(ui, "inspector-close"))
}

/// Whether a meaning only says the word again: "Pending", "pending".
fn is_said(meaning: &str, word: &str) -> bool {
    meaning.eq_ignore_ascii_case(word)
}

const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Ok => "tone-ok",
        Tone::Warn => "tone-warn",
        Tone::Error => "tone-error",
        Tone::Neutral => "tone-neutral",
    }
}

/// A status's shape, so that nothing hangs on its colour.
fn shape(shape: Shape) -> El {
    let path = match shape {
        Shape::Clock => "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 5.5V10l3 2",
        Shape::Half => "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM3 11.5h14M4.5 14h11M7.5 16.5h5",
        Shape::Sandglass => "M5 2.5h10M5 17.5h10M6.5 2.5c0 4.5 7 5 7 7.5s-7 3-7 7.5M13.5 2.5c0 4.5-7 5-7 7.5s7 3 7 7.5",
        Shape::Tick => "M3.5 10.5l4.5 4.5 8.5-10",
        Shape::Flag => "M5 18V2.5l10 3.5-10 3.5",
        Shape::Triangle => "M10 2.5L18 17H2zM10 8v4M10 14.2v.3",
        Shape::Tag => "M3 6h9l5 4-5 4H3z",
        Shape::Question => "M6.8 7a3.2 3.2 0 1 1 4.8 2.8c-1.1.6-1.6 1.3-1.6 2.6M10 15.6v.3",
        Shape::Dot => "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    };
    drawing("shape", "20", path, "none", "2").attr("aria-hidden", "true").attr("focusable", "false")
}
