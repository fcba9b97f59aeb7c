//! The top bar: name, scenario, language, theme, help. The same on every page.

use super::help::Help;
use crate::i18n::Language;
use crate::scene::theme::Theme;
use crate::ui::captions::language_name;
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::link::Page;
use leptos::prelude::*;

/// The top bar.
#[component]
pub fn TopBar() -> impl IntoView {
    let ui = Ui::get();
    let help = RwSignal::new(false);
    let sandbox = ui.link.with_value(|link| link.page == Page::Sandbox);
    let (seed, scenario) = ui.link.with_value(|link| (link.seed.to_string(), link.nodes));
    let scenario = move || match scenario {
        Some(nodes) => ui.say("scenario-nodes", &[("count", nodes.into())]),
        None => ui.text("scenario-three-ships"),
    };
    let other = move || match ui.language.get() {
        Language::Ko => Language::En,
        Language::En => Language::Ko,
    };
    let dark = move || ui.theme.get() == Theme::Dark;
    let turn_theme =
        move |_| ui.set_theme(if ui.theme.get_untracked() == Theme::Dark { Theme::Light } else { Theme::Dark });
    view! {
        <header class="top">
            <span class="logo">{icon(Icon::Anchor)}</span>
            <h1>{move || ui.text("product")}</h1>
            <Show when=move || sandbox>
                <p class="scenario">{scenario} <span class="seed">{ui.say("scenario-seed", &[("seed", seed.clone().into())])}</span></p>
            </Show>
            <span class="spring"></span>
            <button
                type="button"
                class="button"
                data-testid="language"
                lang=move || other().tag()
                on:click=move |_| ui.set_language(other())
            >
                {move || language_name(other())}
            </button>
            <button
                type="button"
                class="button icon-button"
                data-testid="theme"
                title=move || ui.text(if dark() { "theme-light" } else { "theme-dark" })
                on:click=turn_theme
            >
                {move || icon(if dark() { Icon::Sun } else { Icon::Moon })}
                <span class="visually-hidden">{move || ui.text(if dark() { "theme-light" } else { "theme-dark" })}</span>
            </button>
            <button
                type="button"
                class="button icon-button"
                data-testid="help"
                title=move || ui.text("help")
                on:click=move |_| help.set(true)
            >
                {icon(Icon::Help)}
                <span class="visually-hidden">{move || ui.text("help")}</span>
            </button>
            <Help open=help />
        </header>
    }
}
