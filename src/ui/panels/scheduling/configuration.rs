//! The scheduler's file: read, changed, and the scheduler restarted with it while the cluster runs; a wrong one is refused
//! with the real message. A further scheduler can be started beside the first.

use super::super::actions::came_of;
use super::super::inspector::Thing;
use crate::api::manifest::{locate, read};
use crate::cluster::input::Input;
use crate::ui::browser;
use crate::ui::dom::{El, afterwards, button, el};
use crate::ui::editor::{Editor, Mark, Text};
use crate::ui::handle::Ui;
use crate::ui::session::Session;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;

/// What is being written of schedulers' files.
#[derive(Clone, Copy)]
pub struct Draft {
    /// The text.
    text: RwSignal<String>,
    /// Whose; empty: the cluster's own.
    whose: RwSignal<String>,
    /// Where the last restart stands in the trace.
    done: RwSignal<Option<u64>>,
}

impl Draft {
    /// Nothing is written yet.
    pub fn new() -> Self {
        Self { text: RwSignal::default(), whose: RwSignal::default(), done: RwSignal::new(None) }
    }
}

/// Starts a scheduler with the text.
fn start(ui: Ui, name: String) {
    let draft = ui.scheduling.draft;
    draft.done.set(ui.act(Input::Scheduler { name, config: draft.text.get_untracked() }));
}

/// The file of a scheduler becomes the draft.
fn take(ui: Ui, name: &str) {
    let draft = ui.scheduling.draft;
    let (_, text) = ui.read(|session| session.schedulers(name));
    draft.whose.set(name.to_owned());
    draft.text.set(text);
    draft.done.set(None);
}

/// The panel.
pub fn configuration(ui: Ui, thing: Thing) -> El {
    let draft = ui.scheduling.draft;
    if draft.text.with_untracked(String::is_empty) {
        take(ui, "");
    }
    let editor = RwSignal::new(None::<Editor>);
    let restart: fn(Ui) = |ui| start(ui, ui.scheduling.draft.whose.get_untracked());
    let text = Text { label: "config-editor", content: draft.text, apply: restart };
    let place = Editor::place(ui, text, editor);
    afterwards(move || {
        let marks = draft.text.with(|text| mark(text));
        editor.with(|editor| editor.iter().for_each(|editor| editor.set_marks(marks.as_slice())));
    });
    let field = el("input", "field").attr("value", "my-scheduler").attr("autocomplete", "off");
    let field = field.attr("spellcheck", "false").attr("data-testid", "scheduler-name");
    let name: web_sys::Element = field.node();
    let further = move || {
        let name = browser::get(&name, "value").as_string().unwrap_or_default().trim().to_owned();
        if !name.is_empty() {
            draft.whose.set(name.clone());
            start(ui, name);
        }
    };
    let tools = el("div", "sched-tools")
        .add(button("button primary", move || restart(ui)).attr("data-testid", "config-apply").word(ui, "config-apply"))
        .add(button("button", move || take(ui, &draft.whose.get_untracked())).word(ui, "config-reset"));
    el("section", "sched-part sched-config")
        .attr("data-testid", "configuration")
        .add(el("p", "").word(ui, "config-text"))
        .part(move || schedulers(ui, thing))
        .add(el("div", "config-editor").add(place))
        .add(tools)
        .add(came_of(ui, thing, draft.done))
        .add(el("h3", "").word(ui, "config-further"))
        .add(el("p", "").word(ui, "config-further-text"))
        .add(
            el("div", "what-if-row")
                .add(el("label", "what-if-field").add(el("span", "").word(ui, "config-name")).add(field))
                .add(button("button", further).attr("data-testid", "config-further").word(ui, "config-start")),
        )
}

/// Whose file it is, if there are several schedulers.
fn schedulers(ui: Ui, thing: Thing) -> Option<El> {
    thing.changes.track();
    let whose = ui.scheduling.draft.whose.get();
    let (names, _) = ui.read(|session| session.schedulers(""));
    let one = |name: String| {
        let (shown, pressed) = if name.is_empty() { ("kube-scheduler", "") } else { (&*name, &*name) };
        let pressed = (pressed == whose).to_string();
        let chip = el("code", "").text(shown);
        button("chip", move || take(ui, &name)).attr("aria-pressed", &pressed).add(chip)
    };
    let chips = el("div", "chips").attr("role", "group").label(ui, "config-whose");
    (names.len() > 1).then(|| chips.all(names.into_iter().map(one)))
}

/// What is wrong with a file, where it stands.
fn mark(text: &str) -> Option<Mark> {
    let message = Session::refusal(text)?;
    let words = message.trim_start_matches('[');
    // `… unknown field "x"`, or `profiles[0].x: Invalid value …`.
    let quoted = words.split_once("unknown field \"").and_then(|(_, rest)| rest.split_once('"'));
    let field = quoted.or_else(|| words.split_once(": ")).map_or("", |(field, _)| field);
    let broken = read(text).error.map(|error| error.at);
    let at = broken.or_else(|| locate(text, 0, field)).or_else(|| locate(text, 0, ""));
    let (line, column) = at.map_or((1, 1), |at| (at.line, at.column));
    Some(Mark { line, column, message, warning: false })
}
