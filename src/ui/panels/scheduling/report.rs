//! One attempt: what came of it, how it came to be tried, the matrix, what would help, who would have to go.

use super::Desk;
use super::grid::{Grid, grid};
use super::thought;
use crate::cluster::fact::Attempt;
use crate::inspect::Shown;
use crate::inspect::scheduling::attempts::{self, Outcome};
use crate::inspect::scheduling::matrix::{self, Matrix};
use crate::inspect::scheduling::queue::{self, Step};
use crate::inspect::scheduling::{export, suggest};
use crate::ui::browser;
use crate::ui::dom::{El, afterwards, button, el};
use crate::ui::panels::moment;
use crate::ui::panels::transport::clock_text;
use crate::ui::signal::Memo;
use leptos::prelude::*;

/// Reads the shown attempt.
pub(super) fn read<T>(desk: Desk, read: impl FnOnce(&Shown, u64, &Attempt) -> T) -> Option<T> {
    let place = desk.current.get()?;
    moment::read(desk.ui, |shown| Some(read(shown, place, &*attempts::at(shown.trace, place)?)))
}

/// A part with a title.
pub(super) fn part(desk: Desk, class: &str, title: &'static str) -> El {
    el("section", &format!("sched-part {class}")).add(el("h3", "").word(desk.ui, title))
}

/// All parts.
pub(super) fn report(desk: Desk) -> Vec<El> {
    let ui = desk.ui;
    let outcome = move || {
        read(desk, |shown, _, attempt| attempts::outcome(shown, attempt)).map(|o| result(desk, &o)).unwrap_or_default()
    };
    let way = move || {
        let steps = read(desk, queue::way).unwrap_or_default();
        steps.iter().map(|s| step(s, "")).collect::<Vec<_>>()
    };
    // What comes after it is not known at once.
    let after = Memo::new(move || {
        desk.thing.changes.track();
        read(desk, |shown, place, attempt| {
            let step = queue::after(shown, place, attempt)?;
            Some((step.at.as_micros(), step.queue, step.event, step.meaning))
        })
        .flatten()
    });
    let after = move || {
        after.get().map(|(at, queue, event, meaning)| {
            let at = crate::sim::Time::from_micros(at);
            step(&Step { at, queue, event, meaning }, "sched-after")
        })
    };
    let queue = part(desk, "sched-queue", "sched-way")
        .attr("data-testid", "queue")
        .add(el("ol", "sched-way").part(way).part(after));
    vec![
        el("section", "sched-part sched-outcome").part(outcome).add(show_on_stage(desk)),
        queue,
        el("section", "sched-part sched-table").part(move || table(desk)),
        take_along(desk),
        el("div", "sched-more-parts").part(move || more(desk)),
        thought::what_if(desk),
        el("details", "sched-part sched-plugins")
            .add(el("summary", "").word(ui, "sched-plugins"))
            .part(move || plugins(desk)),
    ]
}

fn result(desk: Desk, outcome: &Outcome) -> Vec<El> {
    let mut parts: Vec<El> = outcome.sentences.iter().map(|sentence| el("p", "").text(sentence)).collect();
    let class = if outcome.chosen { "sched-sentence tone-ok" } else { "sched-sentence tone-error" };
    if !parts.is_empty() {
        parts[0] = el("p", class).text(&outcome.sentences[0]);
    }
    if !outcome.event.is_empty() {
        parts.push(el("p", "lack-quote").attr("lang", "en").add(el("code", "").text(&outcome.event)));
    }
    if !outcome.reasons.is_empty() {
        let all: usize = outcome.reasons.iter().map(|(count, _)| *count).max().unwrap_or(1);
        let bar = |(count, reason): &(usize, String)| {
            el("li", "")
                .attr("style", &format!("--share: {}%", count * 100 / all))
                .add(el("strong", "").text(&count.to_string()))
                .add(el("span", "").attr("lang", "en").text(&format!(" {reason}")))
        };
        parts.push(el("h4", "sub").word(desk.ui, "sched-reasons"));
        parts.push(el("ul", "sched-reasons").attr("data-testid", "reasons").all(outcome.reasons.iter().map(bar)));
    }
    parts
}

fn step(step: &Step, class: &str) -> El {
    el("li", class)
        .add(el("span", "cause-when").text(&clock_text(step.at)))
        .add(el("strong", "").text(&step.queue))
        .add(el("code", "").attr("lang", "en").text(&step.event))
        .add(el("span", "sched-meaning").text(&step.meaning))
}

/// The matrix as it was; beside it that of the thought, if something is changed.
fn table(desk: Desk) -> Vec<El> {
    let ui = desk.ui;
    let Some(old) = read(desk, |shown, _, attempt| matrix::of(shown, attempt)) else { return Vec::new() };
    let changed = desk.edits.with(|edits| !edits.is_empty()).then(|| desk.thought()).flatten();
    let new = changed.map(|thought| {
        let mut new = moment::read(ui, |shown| matrix::of(shown, &thought.attempt()));
        let count = matrix::compare(&old, &mut new);
        (new, count)
    });
    if new.is_some() {
        afterwards(|| {
            // It may have come below the edge.
            if let Some(new) = document().get_element_by_id("matrix-new") {
                browser::call(&new, "scrollIntoView", &[browser::object(&[("block", "nearest".into())])]);
            }
        });
    }
    if old.rows.is_empty() && new.is_none() {
        return Vec::new();
    }
    let title = if new.is_some() { "what-if-old" } else { "sched-matrix" };
    let mut parts = vec![el("h3", "").word(ui, title)];
    parts.extend(shown_matrix(desk, &old, Grid { id: "matrix", title }));
    if let Some((new, count)) = new {
        let title = el("h3", "sched-new").word(ui, "what-if-new");
        let differs = el("span", "sched-differs")
            .attr("role", "status")
            .text(&ui.say("what-if-differs", &[("count", count.into())]));
        parts.push(title.add(differs));
        parts.extend(shown_matrix(desk, &new, Grid { id: "matrix-new", title: "what-if-new" }));
    }
    parts
}

fn shown_matrix(desk: Desk, matrix: &Matrix, what: Grid) -> Vec<El> {
    let more =
        (matrix.more > 0).then(|| el("p", "quiet").text(&desk.ui.say("sched-more", &[("count", matrix.more.into())])));
    std::iter::once(grid(desk.ui, matrix, what)).chain(more).collect()
}

/// What would help, and who would have to go.
fn more(desk: Desk) -> Vec<El> {
    let ui = desk.ui;
    let Some(outcome) = read(desk, |shown, _, attempt| attempts::outcome(shown, attempt)) else { return Vec::new() };
    let mut parts = Vec::new();
    if !outcome.candidates.is_empty() {
        let rows = outcome.candidates.iter().enumerate().map(|(place, (node, victims))| {
            let chosen = (place == 0).then(|| el("em", "").word(ui, "sched-preemption-chosen"));
            el("li", "").add(el("strong", "").text(node)).all(chosen).add(el("span", "").text(&victims.join(", ")))
        });
        parts.push(
            part(desk, "sched-preemption", "sched-preemption")
                .attr("data-testid", "preemption")
                .add(el("p", "").word(ui, "sched-preemption-text"))
                .add(el("ul", "").all(rows)),
        );
    }
    if outcome.chosen {
        return parts;
    }
    let found = desk.base().map(|thought| moment::read(ui, |shown| suggest::of(shown, &thought))).unwrap_or_default();
    let text = if found.is_empty() { "sched-help-none" } else { "sched-help-text" };
    let rows = found.into_iter().map(|suggestion| {
        let edit = suggestion.edit;
        let try_it = button("button", move || desk.edits.set(vec![edit.clone()])).text(&suggestion.sentence);
        el("li", "").add(try_it)
    });
    parts.push(
        part(desk, "sched-help", "sched-help")
            .attr("data-testid", "suggestions")
            .add(el("p", "").word(ui, text))
            .add(el("ul", "").all(rows)),
    );
    parts
}

/// The crane's light on the stage, at the moment of the attempt.
fn show_on_stage(desk: Desk) -> El {
    let ui = desk.ui;
    let show = move || {
        if let Some(place) = desk.current.get_untracked() {
            desk.full.set(false);
            ui.change(|session| session.show_fact(place));
        }
    };
    let button = button("button", show).attr("data-testid", "show-on-stage").word(ui, "sched-stage");
    el("div", "sched-tools").add(button)
}

/// The matrix to take along.
fn take_along(desk: Desk) -> El {
    let ui = desk.ui;
    let copy = move || {
        if let Some(text) = read(desk, |shown, _, attempt| export::markdown(shown, attempt)) {
            browser::copy(&text, move |copied| desk.said.set(if copied { "yaml-copied" } else { "yaml-not-copied" }));
        }
    };
    let csv = move || {
        let made = read(desk, |shown, _, attempt| (attempt.pod.key.name.to_string(), export::csv(shown, attempt)));
        if let Some((name, text)) = made {
            browser::save(&format!("{}-{name}.csv", crate::ui::panels::stamp(ui)), "text/csv", &text);
        }
    };
    el("div", "sched-tools sched-part")
        .add(button("button", copy).attr("data-testid", "copy-markdown").word(ui, "sched-copy"))
        .add(button("button", csv).attr("data-testid", "export-csv").word(ui, "sched-csv"))
        .add(el("span", "quiet").attr("role", "status").words(move || match desk.said.get() {
            "" => String::new(),
            key => ui.text(key),
        }))
}

/// Each plugin of the matrix with its sentence.
fn plugins(desk: Desk) -> Vec<El> {
    let columns = read(desk, |shown, _, attempt| matrix::of(shown, attempt).columns).unwrap_or_default();
    let mut list = el("dl", "");
    for (place, column) in columns.iter().enumerate().filter(|(_, column)| !column.meaning.is_empty()) {
        if columns[..place].iter().all(|other| other.name != column.name) {
            list = list.add(el("dt", "").text(&column.name)).add(el("dd", "").text(&column.meaning));
        }
    }
    vec![list]
}
