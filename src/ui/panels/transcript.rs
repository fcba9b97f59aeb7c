//! The transcript: every sentence that was told, with its moment; a click goes there.

use super::transport::clock_text;
use crate::scene::caption::Caption;
use crate::sim::Time;
use crate::ui::captions::transcript;
use crate::ui::handle::{Tab, Ui};
use leptos::prelude::*;

/// So many sentences are shown.
const SHOWN: usize = 200;

/// The transcript.
#[component]
pub fn Transcript() -> impl IntoView {
    let ui = Ui::get();
    let told = Memo::new(move |_| {
        ui.captions.track();
        let shown = ui.tab.get() == Tab::Transcript;
        let line = |caption: Caption| (caption.at, caption.head, caption.text);
        if shown { transcript(ui, SHOWN).into_iter().rev().map(line).collect() } else { Vec::new() }
    });
    view! {
        <div class="transcript" tabindex="0" role="group" aria-label=move || ui.text("tab-transcript")>
            <Show when=move || told.with(|told| !told.is_empty()) fallback=move || view! { <p class="quiet">{ui.text("transcript-empty")}</p> }>
                <ol>
                    <For each=move || told.get() key=Clone::clone let:line>
                        <Line at=line.0 text=line.2 />
                    </For>
                </ol>
            </Show>
        </div>
    }
}

#[component]
fn Line(at: Time, text: String) -> impl IntoView {
    let ui = Ui::get();
    view! {
        <li>
            <button type="button" class="moment" on:click=move |_| ui.change(|session| { session.play(false); session.seek(at); })>
                {clock_text(at)}
            </button>
            <span>{text}</span>
        </li>
    }
}
