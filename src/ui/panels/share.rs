//! Sharing and keeping: the link to this moment, the run as a file, and all that can be exported.

use super::exports;
use super::sheet::sheet;
use crate::ui::browser;
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::keep;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;

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
        .add(el("div", "share-row").add(act(ui, "save-run", "share-save", keep::save_file)).add(act(
            ui,
            "open-last",
            "share-last",
            keep::open_last,
        )))
        .add(el("p", "quiet").word(ui, "share-open"))
        .add(el("h3", "").word(ui, "share-export"))
        .add(exported(ui))
        .add(el("p", "quiet").word(ui, "share-carries"))
}

fn act(ui: Ui, name: &str, key: &'static str, act: fn(Ui)) -> El {
    button("button", move || act(ui)).attr("data-testid", name).word(ui, key)
}

/// What can be exported.
fn exported(ui: Ui) -> El {
    let pixels = |ratio: u32| {
        button("button", move || exports::pixels(ui, ratio))
            .attr("data-testid", &format!("export-png-{ratio}"))
            .words(move || ui.say("share-png", &[("ratio", i64::from(ratio).into())]))
    };
    el("div", "share-row")
        .attr("data-testid", "export")
        .add(act(ui, "export-svg", "share-svg", exports::picture))
        .add(pixels(1))
        .add(pixels(2))
        .add(pixels(4))
        .when(move || exports::has_beats(ui), move || act(ui, "export-strip", "share-strip", exports::strip))
        .when(
            move || exports::has_beats(ui),
            move || act(ui, "export-transcript", "share-transcript", exports::transcript),
        )
        .when(
            move || exports::has_manifests(ui),
            move || act(ui, "export-manifests", "share-manifests", exports::manifests),
        )
}
