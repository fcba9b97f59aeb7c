//! The harbour within a frame of another page: the stage, its sentence and, unless the address says otherwise, the transport.

use super::captions;
use super::dom::{El, el};
use super::handle::Ui;
use super::link::{Link, Page};
use super::panels::transport;
use super::stage::stage_panel;
use leptos::prelude::*;

/// The page. Nothing moves before somebody wants it.
pub fn embed(ui: Ui) -> El {
    ui.play(false);
    let controls = ui.link.with_value(|link| link.controls);
    let whole = move || {
        ui.now.track();
        let link = ui.link.with_value(|link| Link { page: Page::Sandbox, controls: true, ..link.clone() });
        link.write(ui.language.get())
    };
    let open = el("a", "embed-open")
        .attr("data-testid", "open-whole")
        .attr("target", "_blank")
        .attr("rel", "noopener")
        .bind("href", whole)
        .word(ui, "embed-open");
    el("div", if controls { "app embed" } else { "app embed bare" })
        .attr("data-testid", "embed")
        .add(stage_panel(ui))
        .all(controls.then(|| transport(ui)))
        .add(el("nav", "").label(ui, "embed-open").add(el("h1", "visually-hidden").word(ui, "product")).add(open))
        .add(captions::live(ui))
}

/// What another page writes to show this moment.
pub fn snippet(ui: Ui) -> String {
    let link = ui.link.with_value(|link| Link { page: Page::Embed, ..link.clone() });
    let address = super::browser::address(&link.write(ui.language.get_untracked()));
    let title = ui.text("product");
    format!(
        "<iframe src=\"{}\" title=\"{title}\" width=\"100%\" height=\"420\" loading=\"lazy\"></iframe>",
        address.replace('&', "&amp;")
    )
}
