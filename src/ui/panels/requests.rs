//! Every request to the API server with its gates; a click goes to its moment.

use super::inspector_why::badge;
use super::moment;
use super::request::request_panel;
use super::transport::clock_text;
use crate::inspect::requests::{Filter, Lamp, Row, list};
use crate::ui::dom::{El, button, el};
use crate::ui::handle::{Tab, Ui};
use crate::ui::select::Selection;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;

/// So many are shown at most.
const SHOWN: usize = 200;

/// The panel.
pub fn requests_panel(ui: Ui) -> El {
    let changes = moment::changes(ui, move || ui.tab.get() == Tab::Requests);
    let filter = RwSignal::new(Filter::default());
    let rows = Memo::new(move || {
        changes.track();
        if ui.tab.get() != Tab::Requests {
            return Vec::new();
        }
        moment::peek(ui, |shown| filter.with(|filter| list(shown, filter, SHOWN)))
    });
    let words = el("input", "field").attr("type", "search").attr("spellcheck", "false").on("input", move |event| {
        filter.update(|filter| event_target_value(event).trim().clone_into(&mut filter.words));
    });
    let routine = el("input", "")
        .attr("type", "checkbox")
        .on("change", move |event| filter.update(|filter| filter.routine = event_target_checked(event)));
    let bar = el("div", "events-filter")
        .attr("role", "group")
        .label(ui, "req-title")
        .add(el("label", "events-words").add(el("span", "").word(ui, "req-filter-words")).add(words))
        .add(el("label", "check").add(routine).word(ui, "req-routine"));
    let heads = ["req-time", "req-who", "req-line", "req-gates", "req-code"];
    let heads = heads.map(|key| el("th", "").attr("scope", "col").word(ui, key));
    let body = el("tbody", "").rows(
        move || rows.get(),
        |row| format!("{} {:?} {:?}", row.fact, row.code, row.gates),
        move |one| row(ui, one),
    );
    let table = el("table", "events-table requests").add(el("thead", "").add(el("tr", "").all(heads))).add(body);
    let scroll = el("div", "events-scroll")
        .attr("tabindex", "0")
        .attr("role", "region")
        .label(ui, "req-title")
        .add(table)
        .when(move || rows.with(Vec::is_empty), move || el("p", "quiet").word(ui, "req-none"));
    el("div", "events with-request").attr("data-testid", "requests").add(bar).add(scroll).add(request_panel(ui))
}

fn row(ui: Ui, row: Row) -> El {
    let Row { fact, at, actor, line, code, refusal, gates, link } = row;
    let chosen = ui.sight.request;
    let go = move || {
        chosen.set(Some(fact));
        ui.play(false);
        ui.seek(at);
        if let Some(selection) = Selection::read(&link) {
            ui.select(Some(selection));
        }
    };
    let passed = gates.iter().filter(|lamp| **lamp == Lamp::Lit).count();
    let lamps = gates.map(|lamp| {
        el(
            "span",
            match lamp {
                Lamp::Dark => "lamp",
                Lamp::Lit => "lamp lit",
                Lamp::Refused => "lamp refused",
            },
        )
    });
    let told = move || ui.say("req-passed", &[("count", passed.into())]);
    let gates = el("span", "lamps")
        .attr("data-testid", "gates")
        .attr("role", "img")
        .bind("aria-label", told)
        .bind("title", told)
        .all(lamps);
    let choose = button("event-link", move || chosen.set(Some(fact)))
        .bind("aria-pressed", move || (chosen.get() == Some(fact)).to_string())
        .text(&line);
    let code = code.map_or_else(|| "…".to_owned(), |code| code.to_string());
    let refused = (!refusal.is_empty()).then(|| el("span", "request-refusal").attr("lang", "en").text(&refusal));
    el("tr", if refusal.is_empty() { "event" } else { "event warning" })
        .add(el("td", "event-age").add(button("event-link", go).text(&clock_text(at))))
        .add(el("td", "").add(badge(&actor)))
        .add(el("td", "request-line").attr("lang", "en").add(choose).all(refused))
        .add(el("td", "").add(gates))
        .add(el("td", "").text(&code))
}
