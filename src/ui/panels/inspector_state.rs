//! What is wanted and what is there, the object's own events, and its YAML as stored.

use super::inspector::Thing;
use super::moment;
use crate::api::manifest;
use crate::inspect::compare::{self, Columns, Row, Table};
use crate::inspect::events;
use crate::ui::browser;
use crate::ui::handle::Ui;
use leptos::prelude::*;

/// So many of an object's events are shown.
const EVENTS: usize = 20;

/// What is wanted and what is there.
#[component]
pub fn StateSection(thing: Thing) -> impl IntoView {
    let ui = Ui::get();
    let tables = Memo::new(move |_| {
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
        tables if tables.is_empty() => view! { <p class="quiet">{ui.text("diff-none")}</p> }.into_any(),
        tables => tables.into_iter().map(|table| view! { <Comparison table open /> }).collect_view().into_any(),
    };
    view! {
        <section class="insp-section">
            <h3>{move || ui.text("diff-title")}</h3>
            {content}
        </section>
    }
}

/// Two columns; what differs first, what agrees folded away.
#[component]
fn Comparison(table: Table, open: RwSignal<bool>) -> impl IntoView {
    let ui = Ui::get();
    let (left, right) = match table.columns {
        Columns::Desired => ("diff-desired", "diff-actual"),
        Columns::Believed => ("diff-believed", "diff-really"),
        Columns::Offered => ("diff-offered", "diff-requested"),
    };
    // Amounts are always of interest; of states, those that differ.
    let fold = table.columns != Columns::Offered;
    let (same, differ): (Vec<Row>, Vec<Row>) = table.rows.into_iter().partition(|row| row.same && fold);
    let count = same.len();
    let row = move |row: Row| {
        let mark = (!row.same).then(|| view! {
            <svg class="differs" viewBox="0 0 20 20" width="16" height="16" role="img" aria-label=move || ui.text("diff-differs")>
                <path d="M4 7.5h12M4 12.5h12M13.5 3.5l-7 13" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
            </svg>
        });
        view! {
            <tr class:differ=!row.same>
                <th scope="row">{row.label} {mark}</th>
                <td>{row.wanted}</td>
                <td>{row.actual}</td>
            </tr>
        }
    };
    let folded = (count > 0).then(|| {
        let same = StoredValue::new(same);
        let rows = move || open.get().then(|| same.get_value().into_iter().map(row).collect_view());
        view! {
            <tr class="fold">
                <td colspan="3">
                    <button type="button" class="fold-button" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
                        {move || ui.say("diff-same", &[("count", count.into())])}
                    </button>
                </td>
            </tr>
            {rows}
        }
    });
    view! {
        <table class="compare">
            <thead>
                <tr>
                    <th scope="col">{move || ui.text("diff-field")}</th>
                    <th scope="col">{move || ui.text(left)}</th>
                    <th scope="col">{move || ui.text(right)}</th>
                </tr>
            </thead>
            <tbody>
                {differ.into_iter().map(row).collect_view()}
                {folded}
            </tbody>
        </table>
    }
}

/// The object's events, as `kubectl describe` shows them.
#[component]
pub fn EventsSection(thing: Thing) -> impl IntoView {
    let ui = Ui::get();
    let list = Memo::new(move |_| {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection.object() {
                Some(object) => events::of_object(shown, object, EVENTS),
                None => events::List::default(),
            })
        })
    });
    let row = |row: events::Row| {
        let warning = row.kind == "Warning";
        view! {
            <li class="own-event" class:warning=warning>
                <p class="own-event-head">
                    <strong>{row.reason}</strong>
                    <span>{row.kind}</span>
                    <span>{row.from}</span>
                    <span>{row.age}</span>
                </p>
                <p class="own-event-message" lang="en">{row.message}</p>
            </li>
        }
    };
    let content = move || match list.get() {
        list if list.rows.is_empty() => view! { <p class="quiet">{ui.text("evt-none")}</p> }.into_any(),
        list => {
            let more = list.more;
            view! {
                {(more > 0).then(|| view! { <p class="quiet">{ui.say("evt-own-more", &[("count", more.into())])}</p> })}
                <ul class="own-events">{list.rows.into_iter().map(row).collect_view()}</ul>
            }
            .into_any()
        }
    };
    view! {
        <section class="insp-section">
            <h3>{move || ui.text("evt-title")}</h3>
            {content}
        </section>
    }
}

/// The object's YAML; made only while it is open.
#[component]
pub fn YamlSection(thing: Thing) -> impl IntoView {
    let ui = Ui::get();
    let open = RwSignal::new(false);
    let yaml = Memo::new(move |_| {
        if !open.get() {
            return String::new();
        }
        thing.changes.track();
        thing
            .selection
            .with_value(|selection| {
                ui.read(|session| {
                    let found = selection.object().and_then(|object| session.object(object));
                    found.map(|object| {
                        let mut value = object.to_value();
                        if let Some(meta) = value.get_mut("metadata").and_then(serde_json::Value::as_object_mut) {
                            meta.remove("managedFields");
                        }
                        manifest::write(&value)
                    })
                })
            })
            .unwrap_or_default()
    });
    let said = RwSignal::new("");
    let copy = move |_| {
        browser::copy(&yaml.get_untracked(), move |copied| {
            said.set(if copied { "yaml-copied" } else { "yaml-not-copied" });
        });
    };
    let toggled = move |event: web_sys::Event| {
        said.set("");
        open.set(event.target().is_some_and(|details| browser::get(&details, "open").is_truthy()));
    };
    view! {
        <section class="insp-section">
            <details class="yaml" on:toggle=toggled>
                <summary><h3>{move || ui.text("yaml-title")}</h3></summary>
                <div class="yaml-tools">
                    <button type="button" class="button" on:click=copy>{move || ui.text("yaml-copy")}</button>
                    <span role="status">{move || match said.get() { "" => String::new(), key => ui.text(key) }}</span>
                </div>
                <pre class="yaml-text" tabindex="0" lang="en" aria-label=move || ui.text("yaml-title")><code>{move || yaml.get()}</code></pre>
            </details>
        </section>
    }
}
