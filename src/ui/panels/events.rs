//! Events as kubectl shows them.

use crate::api::kinds;
use crate::ui::ui::Ui;
use leptos::prelude::*;

/// The list of events.
#[component]
pub fn EventsPanel() -> impl IntoView {
    let ui = Ui::get();
    let count = move || {
        ui.view.track();
        ui.read(|session| session.objects(&kinds::event::KIND).len())
    };
    view! { <p class="quiet" data-testid="events">{move || ui.say("count", &[("count", count().into())])}</p> }
}
