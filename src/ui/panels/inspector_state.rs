//! What is wanted and what is there, and the object's own events.

use super::events::why;
use super::inspector::Thing;
use super::moment;
use crate::inspect::compare::{self, Columns, Row, Table};
use crate::inspect::events;
use crate::inspect::logs;
use crate::ui::dom::{El, button, drawing, el};
use crate::ui::handle::Ui;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;

/// So many of an object's events are shown.
const EVENTS: usize = 20;

/// What is wanted and what is there.
pub fn state_section(ui: Ui, thing: Thing) -> El {
    let tables = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection.object() {
                Some(object) => compare::of_object(shown, object),
                None => Vec::new(),
            })
        })
    });
    let open = RwSignal::new(false);
    let content = move || match tables.get() {
        tables if tables.is_empty() => {
            let is_there = moment::read(ui, |shown| {
                thing
                    .selection
                    .with_value(|one| one.object().is_some_and(|object| shown.objects.object(object).is_some()))
            });
            vec![el("p", "quiet").text(&if is_there { ui.text("diff-none") } else { "–".to_owned() })]
        }
        tables => tables.into_iter().map(|table| comparison(ui, table, open)).collect(),
    };
    el("section", "insp-section").add(el("h3", "").word(ui, "diff-title")).part(content)
}

/// What the containers of a pod have printed last.
pub fn log_section(ui: Ui, thing: Thing) -> impl Fn() -> Option<El> {
    let lines = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing
                .selection
                .with_value(|selection| selection.object().map(|pod| logs::of_pod(shown, pod)).unwrap_or_default())
        })
    });
    move || {
        let lines = lines.get();
        (!lines.is_empty()).then(|| {
            let text = lines.join("\n");
            el("section", "insp-section")
                .add(el("h3", "").word(ui, "logs-title"))
                .add(el("pre", "").attr("data-testid", "logs").attr("tabindex", "0").text(&text))
        })
    }
}

/// Two columns; what differs first, what agrees folded away.
fn comparison(ui: Ui, table: Table, open: RwSignal<bool>) -> El {
    let (left, right) = match table.columns {
        Columns::Desired => ("diff-desired", "diff-actual"),
        Columns::Believed => ("diff-believed", "diff-really"),
        Columns::Offered => ("diff-offered", "diff-requested"),
    };
    // Amounts are always of interest; of states, those that differ.
    let fold = table.columns != Columns::Offered;
    let (same, differ): (Vec<Row>, Vec<Row>) = table.rows.into_iter().partition(|row| row.same && fold);
    let head = |key| el("th", "").attr("scope", "col").word(ui, key);
    let heads = el("tr", "").add(head("diff-field")).add(head(left)).add(head(right));
    let body = el("tbody", "").all(differ.iter().map(|one| row(ui, one)));
    let count = same.len();
    let body = if count == 0 {
        body
    } else {
        let toggle = button("fold-button", move || open.update(|open| *open = !*open))
            .bind("aria-expanded", move || open.get().to_string())
            .words(move || ui.say("diff-same", &[("count", count.into())]));
        body.add(el("tr", "fold").add(el("td", "").attr("colspan", "3").add(toggle))).part(move || {
            let shown: &[Row] = if open.get() { &same } else { &[] };
            shown.iter().map(|one| row(ui, one)).collect::<Vec<El>>()
        })
    };
    el("table", "compare").add(el("thead", "").add(heads)).add(body)
}

fn row(ui: Ui, row: &Row) -> El {
    let mark = (!row.same).then(|| {
        drawing("differs", "16", "M4 7.5h12M4 12.5h12M13.5 3.5l-7 13", "none", "2")
            .attr("role", "img")
            .label(ui, "diff-differs")
    });
    el("tr", if row.same { "" } else { "differ" })
        .add(el("th", "").attr("scope", "row").text(&row.label).all(mark))
        .add(el("td", "").text(&row.wanted))
        .add(el("td", "").text(&row.actual))
}

/// The object's events, as `kubectl describe` shows them.
pub fn events_section(ui: Ui, thing: Thing) -> El {
    let list = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection.object() {
                Some(object) => events::of_object(shown, object, EVENTS),
                None => events::List::default(),
            })
        })
    });
    let quiet = |text: &str| el("p", "quiet").text(text);
    let content = move || {
        let events::List { rows, more, .. } = list.get();
        if rows.is_empty() {
            return vec![quiet(&ui.text("evt-none"))];
        }
        let more = (more > 0).then(|| quiet(&ui.say("evt-own-more", &[("count", more.into())])));
        more.into_iter().chain([el("ul", "own-events").all(rows.iter().map(|row| own_event(ui, row)))]).collect()
    };
    el("section", "insp-section").add(el("h3", "").word(ui, "evt-title")).part(content)
}

fn own_event(ui: Ui, row: &events::Row) -> El {
    let head = el("p", "own-event-head")
        .add(el("strong", "").add(why(ui, row.key.clone(), &row.reason)))
        .add(el("span", "").text(&row.kind))
        .add(el("span", "").text(&row.from))
        .add(el("span", "").text(&row.age));
    el("li", if row.kind == "Warning" { "own-event warning" } else { "own-event" })
        .add(head)
        .add(el("p", "own-event-message").attr("lang", "en").text(&row.message))
}
