//! Events as `kubectl get events` shows them, newest first; a click selects what an event is about.

use super::moment;
use crate::api::age;
use crate::inspect::events::{Filter, List, Row, list};
use crate::ui::handle::{Tab, Ui};
use crate::ui::select::Selection;
use leptos::prelude::*;

/// So many are shown at most.
const SHOWN: usize = 200;

/// The list of events.
#[component]
pub fn EventsPanel() -> impl IntoView {
    let ui = Ui::get();
    let changes = moment::changes(ui, move || ui.tab.get() == Tab::Events);
    let filter = RwSignal::new(Filter::default());
    let events = Memo::new(move |_| {
        changes.track();
        moment::read(ui, |shown| filter.with(|filter| list(shown, filter, SHOWN)))
    });
    let count = move || {
        events.with(|List { rows, more, all }| {
            ui.say("evt-shown", &[("shown", (rows.len() + more).into()), ("all", (*all).into())])
        })
    };
    let more = move || {
        let more = events.with(|events| events.more);
        (more > 0).then(|| view! { <p class="quiet">{ui.say("evt-more", &[("count", more.into())])}</p> })
    };
    view! {
        <div class="events" data-testid="events">
            <EventsFilter filter />
            <p class="events-count" role="status">{count}</p>
            <div class="events-scroll" tabindex="0" role="region" aria-label=move || ui.text("evt-title")>
                <table class="events-table">
                    <thead>
                        <tr>
                            <th scope="col">{move || ui.text("evt-seen")}</th>
                            <th scope="col">{move || ui.text("evt-type")}</th>
                            <th scope="col">{move || ui.text("evt-reason")}</th>
                            <th scope="col">{move || ui.text("evt-object")}</th>
                            <th scope="col">{move || ui.text("evt-message")}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || events.with(|events| events.rows.clone()) key=|row| (row.key.clone(), row.seen) let:row>
                            <EventRow row changes />
                        </For>
                    </tbody>
                </table>
                <Show when=move || events.with(|events| events.rows.is_empty())>
                    <p class="quiet">{move || ui.text("evt-none")}</p>
                </Show>
                {more}
            </div>
        </div>
    }
}

/// Which events are shown.
#[component]
fn EventsFilter(filter: RwSignal<Filter>) -> impl IntoView {
    let ui = Ui::get();
    view! {
        <div class="events-filter" role="group" aria-label=move || ui.text("evt-title")>
            <label>
                <span>{move || ui.text("evt-filter-type")}</span>
                <select class="button" on:change=move |event| filter.update(|filter| filter.kind = event_target_value(&event))>
                    <option value="">{move || ui.text("evt-all")}</option>
                    <option value="Normal">"Normal"</option>
                    <option value="Warning">"Warning"</option>
                </select>
            </label>
            <label class="events-words">
                <span>{move || ui.text("evt-filter-words")}</span>
                <input
                    type="search"
                    class="field"
                    spellcheck="false"
                    on:input=move |event| filter.update(|filter| event_target_value(&event).trim().clone_into(&mut filter.words))
                />
            </label>
        </div>
    }
}

#[component]
fn EventRow(row: Row, changes: ReadSignal<u64>) -> impl IntoView {
    let ui = Ui::get();
    let Row { seen, kind, reason, object, link, message, .. } = row;
    let age = move || {
        changes.track();
        ui.head.track();
        age::human(ui.now.get_untracked().since(seen))
    };
    let warning = kind == "Warning";
    let select = move || {
        if let Some(selection) = Selection::read(&link) {
            ui.select(Some(selection));
        }
    };
    view! {
        <tr class="event" class:warning=warning on:click=move |_| select()>
            <td class="event-age">{age}</td>
            <td class="event-type">{kind}</td>
            <td class="event-reason">{reason}</td>
            <td class="event-object"><button type="button" class="event-link">{object}</button></td>
            <td class="event-message" lang="en">{message}</td>
        </tr>
    }
}
