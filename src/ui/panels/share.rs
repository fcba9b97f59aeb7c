//! Sharing and keeping: the link to this moment, the run as a file, the picture, the transcript.

use super::sheet::sheet;
use super::transport::clock_text;
use crate::ui::browser;
use crate::ui::captions;
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::keep;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;

/// So many sentences of the transcript are exported.
const SENTENCES: usize = 5000;

/// The dialog.
pub fn share(ui: Ui, open: RwSignal<bool>) -> El {
    sheet(ui, ("share-sheet", "share-title"), open, move || content(ui))
}

#[inline(never)]
fn content(ui: Ui) -> El {
    // Time stands still while a moment is shared: the link means what is seen.
    ui.play(false);
    let said = RwSignal::new("");
    let address = move || {
        ui.now.track();
        ui.selected.track();
        keep::address(ui)
    };
    let copy = move || {
        browser::copy(&keep::address(ui), move |copied| {
            said.set(if copied { "yaml-copied" } else { "yaml-not-copied" });
        });
    };
    let status = move || if said.get().is_empty() { String::new() } else { ui.text(said.get()) };
    let field = el("input", "field")
        .attr("readonly", "")
        .attr("data-testid", "share-link")
        .label(ui, "share-link")
        .value(address);
    let embed = el("textarea", "field embed-code")
        .attr("readonly", "")
        .attr("rows", "3")
        .attr("data-testid", "embed-code")
        .label(ui, "share-embed")
        .value(move || {
            ui.now.track();
            crate::ui::embed::snippet(ui)
        });
    let act = |name: &str, key: &'static str, act: fn(Ui)| {
        button("button", move || act(ui)).attr("data-testid", name).word(ui, key)
    };
    let long = move || {
        let whole =
            ui.read(|session| session.inputs().is_empty()) || ui.link.with_value(|link| !link.payload.is_empty());
        ui.now.track();
        (!whole).then(|| el("p", "").word(ui, "share-long"))
    };
    el("div", "share")
        .add(el("p", "").word(ui, "share-text"))
        .add(el("div", "share-row").add(field).add(button("button primary", copy).word(ui, "share-copy")))
        .add(el("p", "quiet").attr("role", "status").words(status))
        .part(long)
        .add(el("h3", "").word(ui, "share-embed"))
        .add(embed)
        .add(el("h3", "").word(ui, "share-file"))
        .add(el("div", "share-row").add(act("save-run", "share-save", keep::save_file)).add(act(
            "open-last",
            "share-last",
            keep::open_last,
        )))
        .add(el("p", "quiet").word(ui, "share-open"))
        .add(el("h3", "").word(ui, "share-export"))
        .add(
            el("div", "share-row")
                .attr("data-testid", "export")
                .add(act("export-svg", "share-svg", svg))
                .add(act("export-png", "share-png", png))
                .add(act("export-transcript", "share-transcript", transcript)),
        )
}

/// Scenario, seed, moment and version: what every export carries.
fn stamp(ui: Ui) -> String {
    let now = clock_text(ui.now.get_untracked()).replace(':', "-");
    ui.link.with_value(|link| format!("{}-{}-{now}-v{}", link.scenario, link.seed, env!("CARGO_PKG_VERSION")))
}

fn svg(ui: Ui) {
    let list = ui.stage.with_value(crate::ui::stage::Stage::list);
    let theme = ui.theme.get_untracked();
    let text = crate::scene::svg::document(&list, &stamp(ui), theme);
    browser::save(&format!("{}.svg", stamp(ui)), "image/svg+xml", &text);
}

fn png(ui: Ui) {
    if let Some(url) = ui.stage.with_value(crate::ui::stage::Stage::png) {
        browser::save_url(&format!("{}.png", stamp(ui)), &url);
    }
}

fn transcript(ui: Ui) {
    let line = |caption: &crate::scene::caption::Caption| format!("{}  {}\n", clock_text(caption.at), caption.text);
    let told: String = captions::transcript(ui, SENTENCES).iter().map(line).collect();
    browser::save(&format!("{}.txt", stamp(ui)), "text/plain", &format!("{}\n\n{told}", stamp(ui)));
}
