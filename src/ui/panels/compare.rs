//! Two runs side by side at the shown moment: which objects, placements and states differ, and what was done in each.

use super::sheet::sheet;
use super::transport::clock_text;
use crate::inspect::branch::{Difference, compare as differences};
use crate::scene::caption::{input_sentence, kind};
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::signal::RwSignal;

/// So many differences are shown.
const SHOWN: usize = 200;

/// The dialog.
pub fn compare(ui: Ui) -> El {
    let open = RwSignal::new(false);
    crate::ui::dom::afterwards(move || {
        if ui.sight.compare.get().is_some() {
            open.set(true);
        }
    });
    sheet(ui, ("compare", "compare-title"), open, move || content(ui))
}

#[inline(never)]
fn content(ui: Ui) -> El {
    let branch = ui.sight.compare.get_untracked().unwrap_or(0);
    ui.sight.compare.set(None);
    ui.play(false);
    let language = ui.language.get_untracked();
    let Some(run) = ui.read(|session| session.branch(branch)) else {
        return el("p", "quiet").word(ui, "compare-none");
    };
    let found = ui.read(|session| differences(session, &run));
    let inputs = |inputs: &[(crate::sim::Time, crate::cluster::input::Input)]| {
        let line = |(at, input): &(crate::sim::Time, crate::cluster::input::Input)| {
            el("li", "").text(&format!("{}  {}", clock_text(*at), input_sentence(input, language)))
        };
        el("ol", "compare-inputs").all(inputs.iter().rev().take(8).rev().map(line))
    };
    let here = el("td", "").add(ui.read(|session| inputs(session.inputs())));
    let there = el("td", "").add(inputs(run.inputs()));
    let count = found.len();
    let row = |difference: &Difference| {
        let name = format!("{} {}", kind(difference.object.kind.kind, language), difference.object.key);
        let cell = |text: &str| {
            let text = if text.is_empty() { ui.text("compare-absent") } else { text.to_owned() };
            el("td", "").text(&text)
        };
        el("tr", "differ")
            .add(el("th", "").attr("scope", "row").text(&name))
            .add(cell(&difference.here))
            .add(cell(&difference.there))
    };
    let heads =
        ["compare-object", "compare-here", "compare-there"].map(|key| el("th", "").attr("scope", "col").word(ui, key));
    let done = el("tr", "").add(el("th", "").attr("scope", "row").word(ui, "compare-done")).add(here).add(there);
    let body = el("tbody", "").add(done).all(found.iter().take(SHOWN).map(row));
    let told = ui.say("compare-count", &[("count", count.into()), ("time", clock_text(ui.now.get_untracked()).into())]);
    let switch = move || ui.switch(branch);
    el("div", "share")
        .add(el("p", "").text(&told))
        .add(el("table", "compare").add(el("thead", "").add(el("tr", "").all(heads))).add(body))
        .add(el("div", "share-row").add(button("button", switch).word(ui, "compare-switch")))
}
