//! The card of a component: what it is in Kubernetes and in the harbour, where the analogy breaks, how it is doing.

use super::inspector::Thing;
use super::inspector_why::Badge;
use super::moment;
use super::transport::clock_text;
use crate::inspect::card::{self, Card};
use crate::ui::handle::Ui;
use crate::ui::select::Selection;
use leptos::prelude::*;

/// The section.
#[component]
pub fn CardSection(thing: Thing) -> impl IntoView {
    let ui = Ui::get();
    let card = Memo::new(move |_| {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection {
                Selection::Component(component) => Some(card::of(shown, component)),
                Selection::Object(_) => None,
            })
        })
    });
    view! { {move || card.get().map(|card| view! { <CardView card /> })} }
}

#[component]
fn CardView(card: Card) -> impl IntoView {
    let ui = Ui::get();
    let Card { actor, kubernetes, harbour, breaks, last, facts, ship } = card;
    let last = last.map(|deed| {
        view! {
            <div class="fact">
                <dt>{move || ui.text("card-last")}</dt>
                <dd>{deed.sentence} " " <span class="cause-when">{clock_text(deed.at)}</span></dd>
            </div>
        }
    });
    let facts = facts.into_iter().map(|(name, value)| {
        view! {
            <div class="fact">
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    });
    let node = ship.strip_prefix("nodes/").unwrap_or_default().to_owned();
    let ship = (!ship.is_empty()).then(|| {
        view! {
            <button type="button" class="button" on:click=move |_| ui.select(Selection::read(&ship))>
                {move || ui.say("card-ship", &[("node", node.as_str().into())])}
            </button>
        }
    });
    view! {
        <section class="insp-section card">
            <h3><Badge actor /> {move || ui.text("card-is")}</h3>
            <p>{kubernetes}</p>
            <h3>{move || ui.text("card-harbour")}</h3>
            <p>{harbour}</p>
            <div class="breaks">
                <h3>{move || ui.text("card-breaks")}</h3>
                <p>{breaks}</p>
            </div>
        </section>
        <section class="insp-section">
            <h3>{move || ui.text("card-now")}</h3>
            <dl class="facts">{facts.collect_view()} {last}</dl>
            {ship}
        </section>
    }
}
