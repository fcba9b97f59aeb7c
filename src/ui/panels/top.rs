//! The top bar: name, scenario, language, theme, help. The same on every page.

use crate::i18n::Language;
use crate::scene::theme::Theme;
use crate::ui::captions::language_name;
use crate::ui::dom::{El, button, button_at_once, el};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::link::Page;
use leptos::prelude::*;

/// The top bar.
pub fn top_bar(ui: Ui) -> El {
    let (help, share) = (ui.sight.help, ui.sight.share);
    let open_share = button("button icon-button", move || share.set(true))
        .attr("data-testid", "share")
        .named(ui, "title", "share-title")
        .add(icon(Icon::Share))
        .add(el("span", "visually-hidden").word(ui, "share-title"));
    let sandbox = ui.link.with_value(|link| link.page == Page::Sandbox);
    let other = move || match ui.language.get() {
        Language::Ko => Language::En,
        Language::En => Language::Ko,
    };
    let language = button_at_once("button", move || ui.set_language(other()))
        .attr("data-testid", "language")
        .bind("lang", move || other().tag())
        .words(move || language_name(other()).to_owned());
    let dark = move || ui.theme.get() == Theme::Dark;
    let turned = move || ui.text(if dark() { "theme-light" } else { "theme-dark" });
    let turn = move || ui.set_theme(if dark() { Theme::Light } else { Theme::Dark });
    let theme = button_at_once("button icon-button theme", move || untrack(turn))
        .attr("data-testid", "theme")
        .bind("title", turned)
        .part(move || [icon(if dark() { Icon::Sun } else { Icon::Moon })])
        .add(el("span", "visually-hidden").words(turned));
    let settings = ui.sight.settings;
    let open_settings = button("button icon-button", move || settings.set(true))
        .attr("data-testid", "settings")
        .named(ui, "title", "settings-title")
        .add(icon(Icon::Settings))
        .add(el("span", "visually-hidden").word(ui, "settings-title"));
    let home = el("a", "home")
        .attr("data-testid", "home")
        .bind("href", move || format!("{}/", ui.language.get().tag()))
        .add(el("span", "logo").add(icon(Icon::Anchor)))
        .add(el("h1", "").word(ui, "product"));
    let open_help = button("button icon-button", move || help.set(true))
        .attr("data-testid", "help")
        .named(ui, "title", "help")
        .add(icon(Icon::Help))
        .add(el("span", "visually-hidden").word(ui, "help"));
    el("header", "top")
        .add(home)
        .all(sandbox.then(|| scenario(ui)))
        .add(el("span", "spring"))
        .all(sandbox.then_some(open_share))
        .add(language)
        .add(theme)
        .add(open_settings)
        .add(open_help)
        .add(super::help::help(ui, help))
        .add(super::settings::settings(ui))
        .add(super::share::share(ui, share))
        .add(super::palette::palette(ui))
        .add(super::compare::compare(ui))
}

/// Which run it is.
fn scenario(ui: Ui) -> El {
    let (seed, nodes) = ui.link.with_value(|link| (link.seed.to_string(), link.nodes));
    let name = ui.link.with_value(|link| link.scenario.clone());
    let title = move || match nodes {
        Some(nodes) => ui.say("scenario-nodes", &[("count", nodes.into())]),
        None => ui.text(match &*name {
            "three-engines" => "scenario-three-engines",
            "sixty-ships" => "scenario-sixty-ships",
            "three-hundred-ships" => "scenario-three-hundred-ships",
            "thousand-ships" => "scenario-thousand-ships",
            "five-thousand-ships" => "scenario-five-thousand-ships",
            _ => "scenario-three-ships",
        }),
    };
    let seed = move || ui.say("scenario-seed", &[("seed", seed.as_str().into())]);
    el("p", "scenario").words(title).add(el("span", "seed").words(seed))
}
