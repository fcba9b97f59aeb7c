//! The transcript: every sentence that was told, with its moment; a click on this goes there, on the sentence tells why.

use super::transport::clock_text;
use crate::scene::caption::Caption;
use crate::sim::Time;
use crate::ui::captions;
use crate::ui::dom::{El, button, el, truth};
use crate::ui::handle::{Tab, Ui};
use crate::ui::select::Selection;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::event_target_value;

/// So many sentences are shown.
const SHOWN: usize = 200;

/// The transcript.
pub fn transcript(ui: Ui) -> El {
    let words = RwSignal::new(String::new());
    let told = Memo::new(move || {
        ui.captions.track();
        let shown = ui.tab.get() == Tab::Transcript;
        let line = |caption: Caption| (caption.at, caption.head, caption.text);
        if shown {
            let words = words.get();
            let fits = |caption: &Caption| caption.text.to_lowercase().contains(&words);
            captions::transcript(ui, SHOWN).into_iter().rev().filter(fits).map(line).collect()
        } else {
            Vec::new()
        }
    });
    let is_empty = truth(move || told.with(Vec::is_empty));
    let list = move || {
        if is_empty.get() {
            [el("p", "quiet").text(&ui.text("transcript-empty"))]
        } else {
            let key = |(at, head, text): &(Time, u64, String)| format!("{} {head} {text}", at.as_micros());
            [el("ol", "").rows(move || told.get(), key, move |(at, head, text)| line(ui, (at, head), &text))]
        }
    };
    let search = el("input", "field")
        .attr("type", "search")
        .attr("spellcheck", "false")
        .on("input", move |event| words.set(event_target_value(event).trim().to_lowercase()));
    let copied = RwSignal::new(false);
    let copy = button("button", move || {
        let all = told.get_untracked();
        let lines: Vec<String> = all.iter().rev().map(|(at, _, text)| format!("{}  {text}", clock_text(*at))).collect();
        crate::ui::browser::copy(&lines.join("\n"), move |done| copied.set(done));
    });
    let copy = copy.words(move || ui.text(if copied.get() { "transcript-copied" } else { "transcript-copy" }));
    let bar = el("div", "transcript-bar")
        .add(el("label", "events-words").add(el("span", "").word(ui, "transcript-search")).add(search))
        .add(copy);
    el("div", "transcript")
        .attr("data-testid", "captions")
        .attr("tabindex", "0")
        .attr("role", "group")
        .label(ui, "tab-transcript")
        .add(bar)
        .part(list)
}

fn line(ui: Ui, (at, head): (Time, u64), text: &str) -> El {
    let go = move || {
        ui.change(|session| {
            session.play(false);
            session.seek(at);
        });
    };
    let why = move || ui.select(Some(Selection::Fact(head)));
    let told = button("transcript-why", why).named(ui, "title", "why-ask").text(text);
    el("li", "").add(button("moment", go).text(&clock_text(at))).add(told)
}
