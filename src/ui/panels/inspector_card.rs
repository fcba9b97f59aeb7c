//! The card of a component: what it is in Kubernetes and in the harbour, where the analogy breaks, how it is doing.

use super::inspector::Thing;
use super::inspector_why::badge;
use super::moment;
use super::transport::clock_text;
use crate::inspect::card::{self, Card};
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::select::Selection;
use crate::ui::signal::Memo;
use leptos::prelude::*;

/// The sections.
pub fn card_sections(ui: Ui, thing: Thing) -> impl Fn() -> Vec<El> {
    let card = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection {
                Selection::Component(component) => Some(card::of(shown, component)),
                Selection::Object(_) | Selection::Fact(_) => None,
            })
        })
    });
    move || card.get().map_or_else(Vec::new, |card| sections(ui, card))
}

fn sections(ui: Ui, card: Card) -> Vec<El> {
    let Card { actor, kubernetes, harbour, breaks, last, facts, ship } = card;
    let fact = |name: El, value: El| el("div", "fact").add(name).add(value);
    let last = last.map(|deed| {
        let when = el("span", "cause-when").text(&clock_text(deed.at));
        fact(el("dt", "").word(ui, "card-last"), el("dd", "").text(&deed.sentence).text(" ").add(when))
    });
    let facts = facts.iter().map(|(name, value)| fact(el("dt", "").text(name), el("dd", "").text(value)));
    let node = ship.strip_prefix("nodes/").unwrap_or_default().to_owned();
    let ship = (!ship.is_empty()).then(|| {
        button("button", move || ui.select(Selection::read(&ship)))
            .words(move || ui.say("card-ship", &[("node", node.as_str().into())]))
    });
    let breaks = el("div", "breaks").add(el("h3", "").word(ui, "card-breaks")).add(el("p", "").text(&breaks));
    let what = el("section", "insp-section card")
        .add(el("h3", "").add(badge(&actor)).word(ui, "card-is"))
        .add(el("p", "").text(&kubernetes))
        .add(el("h3", "").word(ui, "card-harbour"))
        .add(el("p", "").text(&harbour))
        .add(breaks);
    let now = el("section", "insp-section")
        .add(el("h3", "").word(ui, "card-now"))
        .add(el("dl", "facts").all(facts).all(last))
        .all(ship);
    vec![what, now]
}
