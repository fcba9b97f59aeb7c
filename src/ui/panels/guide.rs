//! The guide: what this is, three things to try, and everything on the stage as a tree.

use crate::examples;
use crate::ui::handle::{Tab, Ui};
use crate::ui::icons::{Icon, icon};
use crate::ui::tree::Tree;
use leptos::prelude::*;

/// Three things to try: the example, what to look for.
const TRY: &[(&str, &str, &str)] = &[
    ("deployment", "try-deployment", "try-deployment-look"),
    ("broken", "try-broken", "try-broken-look"),
    ("crash-loop", "try-crash-loop", "try-crash-loop-look"),
];

/// The guide.
#[component]
pub fn Guide() -> impl IntoView {
    let ui = Ui::get();
    let go = move |name: &'static str| {
        if let Some(example) = examples::find(name) {
            ui.show_example(example);
            super::manifest::apply(ui, false);
            if ui.phone.get_untracked() {
                ui.tab.set(Tab::Manifest);
            }
        }
    };
    view! {
        <aside class="guide" id="panel-guide" role="region" aria-label=move || ui.text("guide-label")>
            <section class="welcome">
                <h2>{move || ui.text("guide-title")}</h2>
                <p>{move || ui.text("guide-text")}</p>
                <h3>{move || ui.text("guide-try")}</h3>
                <ol class="tries">
                    {TRY
                        .iter()
                        .map(|(name, title, look)| {
                            view! {
                                <li>
                                    <button type="button" class="try" data-testid=format!("try-{name}") on:click=move |_| go(name)>
                                        <span class="try-icon">{icon(Icon::Play)}</span>
                                        <span class="try-title">{move || ui.text(title)}</span>
                                        <span class="try-look">{move || ui.text(look)}</span>
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()}
                </ol>
            </section>
            <section class="objects">
                <h3>{move || ui.text("tree-title")}</h3>
                <Tree />
            </section>
        </aside>
    }
}
