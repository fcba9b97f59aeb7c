//! The inspector: everything about what is selected, always in the same order: what it is and how it is, what can be
//! done with it, why it is so, what is wanted and what is there, its events, its YAML.
//!
//! What is said is made by [`crate::inspect`]; here it only gets its form. Each section is a memo of plain data, so that
//! the page changes only where the data does, and a selection or a focus in it survives.

use super::actions::Actions;
use super::inspector_card::CardSection;
use super::inspector_state::{EventsSection, StateSection, YamlSection};
use super::inspector_why::WhySection;
use super::moment;
use crate::api::age;
use crate::inspect::identity::{self, Shape, Tone};
use crate::ui::handle::{Tab, Ui};
use crate::ui::icons::{Icon, icon};
use crate::ui::select::Selection;
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
#[component]
pub fn InspectorPanel() -> impl IntoView {
    let ui = Ui::get();
    let visible = move || ui.selected.with(Option::is_some) && (!ui.phone.get() || ui.tab.get() == Tab::Inspector);
    let changes = moment::changes(ui, visible);
    let link = Memo::new(move |_| ui.selected.with(|selected| selected.as_ref().map(Selection::write)));
    let content = move || match link.get().and(ui.selected.get_untracked()) {
        Some(selection) => {
            let thing = Thing { selection: StoredValue::new_local(selection), changes };
            view! { <ThingPanel thing /> }.into_any()
        }
        None => view! { <p class="quiet">{move || ui.text("inspector-empty")}</p> }.into_any(),
    };
    view! {
        <aside class="insp" id="inspector" data-testid="inspector" role="region" aria-label=move || ui.text("inspector-label")>
            {content}
        </aside>
    }
}

/// Everything about one thing.
#[component]
fn ThingPanel(thing: Thing) -> impl IntoView {
    let is_object = thing.selection.with_value(|selection| selection.object().is_some());
    let more = if is_object {
        view! {
            <WhySection thing />
            <StateSection thing />
            <EventsSection thing />
            <YamlSection thing />
        }
        .into_any()
    } else {
        view! {
            <CardSection thing />
            <WhySection thing />
        }
        .into_any()
    };
    view! {
        <div class="insp-thing">
            <Head thing />
            <Actions thing />
            {more}
        </div>
    }
}

/// What it is and how it is.
#[component]
fn Head(thing: Thing) -> impl IntoView {
    let ui = Ui::get();
    let identity = Memo::new(move |_| {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection {
                Selection::Object(object) => identity::of_object(shown, object),
                Selection::Component(component) => identity::of_component(shown, component),
            })
        })
    });
    let aged = move || {
        thing.changes.track();
        let since = identity.with(|identity| identity.since)?;
        let age = age::human(ui.now.get_untracked().since(since));
        Some(view! { <span class="insp-age">{ui.say("insp-age", &[("age", age.into())])}</span> })
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
            Some(sign) => view! {
                <p class=format!("insp-status {}", tone_class(sign.tone))>
                    {shape(sign.shape)}
                    <strong>{sign.word.clone()}</strong>
                    <span class="insp-meaning">{sign.meaning.clone()}</span>
                </p>
            }
            .into_any(),
            None => view! { <p class="insp-status quiet">{ui.text("insp-gone")}</p> }.into_any(),
        })
    };
    view! {
        <header class="insp-head">
            <div class="insp-titles">
                <p class="insp-kind">{kind}</p>
                <h2 class="insp-name">{move || identity.with(|identity| identity.name.clone())}</h2>
            </div>
            <button type="button" class="icon-button insp-close" on:click=move |_| ui.select(None)>
                {icon(Icon::Close)}
                <span class="visually-hidden">{move || ui.text("inspector-close")}</span>
            </button>
            <div class="insp-state">{status} {aged}</div>
            <p class="insp-harbour">
                {move || identity.with(|identity| ui.say("insp-in-harbour", &[("harbour", identity.harbour.as_str().into())]))}
            </p>
        </header>
    }
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
fn shape(shape: Shape) -> impl IntoView {
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
    view! {
        <svg class="shape" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
            <path d=path fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
        </svg>
    }
}
