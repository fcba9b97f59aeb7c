//! Two runs side by side at the shown moment: which objects, placements and states differ, and what was done in each.

use super::branches;
use super::sheet::sheet;
use super::transport::clock_text;
use crate::inspect::branch::{Difference, compare as differences, events};
use crate::scene::caption::{input_sentence, kind};
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::signal::RwSignal;
use leptos::prelude::event_target_value;

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
    let (ours, theirs) = ui.read(|session| (events(session, &run), events(&run, session)));
    let told = |events: &[String]| {
        let line = |event: &String| el("li", "").attr("lang", "en").text(event);
        el("td", "").add(el("ul", "compare-inputs").all(events.iter().take(SHOWN).map(line)))
    };
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
    let noted = el("tr", "compare-events").add(el("th", "").attr("scope", "row").word(ui, "compare-events"));
    let noted = noted.add(told(&ours)).add(told(&theirs));
    let body = el("tbody", "").add(done).add(noted).all(found.iter().take(SHOWN).map(row));
    let counted =
        ui.say("compare-count", &[("count", count.into()), ("time", clock_text(ui.now.get_untracked()).into())]);
    let switch = move || ui.switch(branch);
    let name = el("input", "field")
        .attr("type", "text")
        .attr("maxlength", "60")
        .attr("data-testid", "branch-name")
        .value(move || branches::all(ui).into_iter().nth(branch).unwrap_or_default())
        .on("change", move |event| branches::name(ui, branch, &event_target_value(event)));
    el("div", "share")
        .add(el("label", "settings-row").add(el("span", "").word(ui, "compare-name")).add(name))
        .add(el("p", "").text(&counted))
        .add(el("table", "compare").add(el("thead", "").add(el("tr", "").all(heads))).add(body))
        .add(el("div", "share-row").add(button("button", switch).word(ui, "compare-switch")))
}
