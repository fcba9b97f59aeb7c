//! The runs that were left: a menu over the stage, once there are any.

use super::transport::clock_text;
use crate::cluster::input::Input;
use crate::scene::caption::input_sentence;
use crate::sim::Time;
use crate::ui::handle::Ui;
use leptos::prelude::*;

/// The runs that were left when somebody acted in their past: choosing one goes back to it.
#[component]
pub fn Branches() -> impl IntoView {
    let ui = Ui::get();
    let changed = move |event: web_sys::Event| {
        if let Ok(branch) = event_target_value(&event).parse() {
            ui.switch(branch);
        }
    };
    let names = move || {
        ui.head.track();
        let language = ui.language.get();
        let name = |(left, next): &(Time, Option<&Input>)| {
            let deed = next.map(|input| input_sentence(input, language)).unwrap_or_default();
            format!("{} · {deed}", clock_text(*left))
        };
        ui.read(|session| session.branches().iter().map(name).collect::<Vec<_>>())
    };
    view! {
        <Show when=move || { ui.branches.get() > 0 }>
            <label class="banner branches">
                <span class="visually-hidden">{move || ui.text("branches-label")}</span>
                <select class="button" data-testid="branches" prop:value="" title=move || ui.text("branches-hint") on:change=changed>
                    <option value="">{move || ui.say("branches", &[("count", ui.branches.get().into())])}</option>
                    {move || {
                        names()
                            .into_iter()
                            .enumerate()
                            .map(|(i, name)| view! { <option value=i.to_string()>{name}</option> })
                            .collect_view()
                    }}
                </select>
            </label>
        </Show>
    }
}
