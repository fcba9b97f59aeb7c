//! Events as `kubectl get events` shows them, newest first; a click selects what an event is about.

use super::moment;
use crate::api::age;
use crate::inspect::events::{Filter, List, Row, fact_of, list};
use crate::ui::dom::{El, el};
use crate::ui::handle::{Tab, Ui};
use crate::ui::select::Selection;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;

/// So many are shown at most.
const SHOWN: usize = 200;

/// The list of events.
pub fn events_panel(ui: Ui) -> El {
    let changes = moment::changes(ui, move || ui.tab.get() == Tab::Events);
    let filter = RwSignal::new(Filter::default());
    let events = Memo::new(move || {
        changes.track();
        moment::peek(ui, |shown| filter.with(|filter| list(shown, filter, SHOWN)))
    });
    let count = move || {
        events.with(|List { rows, more, all }| {
            ui.say("evt-shown", &[("shown", (rows.len() + more).into()), ("all", (*all).into())])
        })
    };
    let more = move || {
        let more = events.with(|events| events.more);
        (more > 0).then(|| el("p", "quiet").text(&ui.say("evt-more", &[("count", more.into())])))
    };
    let heads = ["evt-seen", "evt-type", "evt-reason", "evt-object", "evt-message"];
    let heads = heads.map(|key| el("th", "").attr("scope", "col").word(ui, key));
    let body = el("tbody", "").rows(
        move || events.with(|events| events.rows.clone()),
        |row| format!("{} {}", row.key, row.seen.as_micros()),
        move |row| event_row(ui, row, changes),
    );
    let table = el("table", "events-table").add(el("thead", "").add(el("tr", "").all(heads))).add(body);
    let scroll = el("div", "events-scroll")
        .attr("tabindex", "0")
        .attr("role", "region")
        .label(ui, "evt-title")
        .add(table)
        .when(move || events.with(|events| events.rows.is_empty()), move || el("p", "quiet").word(ui, "evt-none"))
        .part(more);
    el("div", "events")
        .attr("data-testid", "events")
        .add(events_filter(ui, filter))
        .add(el("p", "events-count").attr("role", "status").words(count))
        .add(scroll)
}

/// Which events are shown.
fn events_filter(ui: Ui, filter: RwSignal<Filter>) -> El {
    let kinds = el("select", "button")
        .on("change", move |event| filter.update(|filter| filter.kind = event_target_value(event)))
        .add(el("option", "").attr("value", "").word(ui, "evt-all"))
        .all(["Normal", "Warning"].map(|kind| el("option", "").attr("value", kind).text(kind)));
    let words = el("input", "field").attr("type", "search").attr("spellcheck", "false").on("input", move |event| {
        filter.update(|filter| event_target_value(event).trim().clone_into(&mut filter.words));
    });
    el("div", "events-filter")
        .attr("role", "group")
        .label(ui, "evt-title")
        .add(el("label", "").add(el("span", "").word(ui, "evt-filter-type")).add(kinds))
        .add(el("label", "events-words").add(el("span", "").word(ui, "evt-filter-words")).add(words))
}

/// An event's reason: a click tells why it is there.
#[inline(never)]
pub fn why(ui: Ui, key: String, reason: &str) -> El {
    let ask = move |event: &web_sys::Event| {
        // The row itself leads to the object.
        event.stop_propagation();
        if let Some(fact) = moment::peek(ui, |shown| fact_of(shown, &key)) {
            ui.select(Some(Selection::Fact(fact)));
        }
    };
    let said = [("reason", reason.into())];
    el("button", "event-why")
        .attr("type", "button")
        .on("click", ask)
        .bind("title", move || ui.say("evt-why", &said))
        .text(reason)
}

fn event_row(ui: Ui, row: Row, changes: ReadSignal<u64>) -> El {
    let Row { key, seen, kind, reason, object, link, message, .. } = row;
    let age = move || {
        changes.track();
        ui.head.track();
        age::human(ui.now.get_untracked().since(seen))
    };
    let select = move |_: &_| {
        if let Some(selection) = Selection::read(&link) {
            ui.select(Some(selection));
        }
    };
    el("tr", if kind == "Warning" { "event warning" } else { "event" })
        .on("click", select)
        .add(el("td", "event-age").words(age))
        .add(el("td", "event-type").text(&kind))
        .add(el("td", "event-reason").add(why(ui, key, &reason)))
        .add(el("td", "event-object").add(el("button", "event-link").attr("type", "button").text(&object)))
        .add(el("td", "event-message").attr("lang", "en").text(&message))
}
