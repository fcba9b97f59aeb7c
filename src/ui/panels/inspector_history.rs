//! The object's YAML with whoever wrote each field, and its versions with what changed in each.

use super::inspector::Thing;
use super::inspector_why::badge;
use super::moment;
use super::transport::clock_text;
use crate::api::object::ObjectRef;
use crate::inspect::Shown;
use crate::inspect::history::{FieldChange, Line, Revision, lines, revisions};
use crate::inspect::story::Actor;
use crate::ui::browser;
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// So many versions are shown, and so many changes of each.
const SHOWN: usize = 12;
const CHANGES: usize = 8;

/// A part that is made only while it is open.
fn folded(ui: Ui, title: &'static str, open: RwSignal<bool>, content: impl Fn() -> Vec<El> + 'static) -> El {
    let toggled = move |event: &web_sys::Event| {
        open.set(event.target().is_some_and(|details| browser::get(&details, "open").is_truthy()));
    };
    let details = el("details", "fold")
        .on("toggle", toggled)
        .add(el("summary", "").add(el("h3", "").word(ui, title)))
        .part(move || if open.get() { content() } else { Vec::new() });
    el("section", "insp-section").add(details)
}

/// What there is to say of the object while its section is open, and again whenever it has changed.
fn read<T>(ui: Ui, thing: Thing, open: RwSignal<bool>, say: impl Fn(&Shown, &ObjectRef) -> Vec<T>) -> Vec<T> {
    if !open.get() {
        return Vec::new();
    }
    thing.changes.track();
    moment::read(ui, |shown| {
        thing.selection.with_value(|selection| selection.object().map_or_else(Vec::new, |object| say(shown, object)))
    })
}

/// The YAML; each line bears the mark of whoever wrote its field.
pub fn yaml_section(ui: Ui, thing: Thing) -> El {
    let open = RwSignal::new(false);
    let said = RwSignal::new("");
    let shown = Memo::new(move || read(ui, thing, open, lines));
    let copy = move || {
        let text = |lines: &Vec<Line>| lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect::<String>();
        let yaml = shown.with_untracked(text);
        browser::copy(&yaml, move |copied| said.set(if copied { "yaml-copied" } else { "yaml-not-copied" }));
    };
    let status = move || if said.get().is_empty() { String::new() } else { ui.text(said.get()) };
    let chosen = RwSignal::new(usize::MAX);
    let content = move || {
        let tools = el("div", "yaml-tools")
            .add(button("button", copy).word(ui, "yaml-copy"))
            .add(el("span", "").attr("role", "status").words(status));
        let rows = move || {
            let row = |(at, one): (usize, &Line)| line(ui, at, one, chosen);
            shown.with(|lines| lines.iter().enumerate().map(row).collect::<Vec<_>>())
        };
        let code = el("code", "").part(rows);
        let pre = el("pre", "yaml-text owned")
            .attr("tabindex", "0")
            .attr("lang", "en")
            .label(ui, "yaml-title")
            .on_as("keydown", move |event: &KeyboardEvent| turn(event, shown, chosen))
            .add(code);
        let legend = el("ul", "legend").part(move || shown.with(|lines| legend(lines)));
        let told = el("div", "yaml-told")
            .attr("role", "status")
            .part(move || shown.with(|lines| told(ui, lines.get(chosen.get()))));
        vec![tools, el("p", "quiet").word(ui, "yaml-owners"), legend, told, pre]
    };
    folded(ui, "yaml-title", open, content)
}

/// The arrow keys go from line to line.
fn turn(event: &KeyboardEvent, shown: Memo<Vec<Line>>, chosen: RwSignal<usize>) {
    let (last, at) = (shown.with_untracked(Vec::len).saturating_sub(1), chosen.get_untracked());
    let to = match event.key().as_str() {
        "ArrowDown" if at > last => 0,
        "ArrowDown" => at + 1,
        "ArrowUp" => at.min(last + 1).saturating_sub(1),
        "Home" => 0,
        "End" => last,
        _ => return,
    };
    event.prevent_default();
    chosen.set(to.min(last));
    let code = event.current_target().and_then(|code| code.dyn_into::<Element>().ok());
    if let Ok(Some(line)) = code.map_or(Ok(None), |code| code.query_selector(".yaml-line.chosen")) {
        browser::call(&line, "scrollIntoView", &[browser::object(&[("block", "nearest".into())])]);
    }
}

/// Whose marks there are.
fn legend(lines: &[Line]) -> Vec<El> {
    let mut all: Vec<&Actor> = Vec::new();
    for actor in lines.iter().filter_map(|line| line.actor.as_ref()) {
        if all.iter().all(|other| other.name != actor.name) {
            all.push(actor);
        }
    }
    all.into_iter().map(|actor| el("li", "").add(badge(actor)).text(&actor.name)).collect()
}

/// Who wrote the line that was chosen, and when.
fn told(ui: Ui, line: Option<&Line>) -> Vec<El> {
    let Some((line, actor)) = line.and_then(|line| Some((line, line.actor.as_ref()?))) else { return Vec::new() };
    let field = el("code", "").attr("lang", "en").text(line.text.trim().trim_start_matches("- "));
    let args = [("name", actor.name.as_str().into()), ("revision", line.revision.to_string().into())];
    let who = el("p", "").text(&ui.say("yaml-owner", &args));
    let go = line.at.map(|at| {
        let act = move || {
            ui.play(false);
            ui.seek(at);
        };
        button("button", act).text(&ui.say("req-go", &[("time", clock_text(at).into())]))
    });
    vec![el("p", "").add(field), who].into_iter().chain(go).collect()
}

fn line(ui: Ui, at: usize, line: &Line, chosen: RwSignal<usize>) -> El {
    let mark = match &line.actor {
        Some(actor) => {
            let args = [("name", actor.name.as_str().into()), ("revision", line.revision.to_string().into())];
            // Drawn by the style, so that the text can be copied without it.
            el("span", "badge")
                .attr("style", &format!("--who: var(--{})", actor.colour))
                .attr("data-who", actor.letter)
                .attr("title", &ui.say("yaml-owner", &args))
        }
        None => el("span", "badge none").attr("aria-hidden", "true"),
    };
    el("span", "yaml-line")
        .class_if("chosen", move || chosen.get() == at)
        .on("click", move |_| chosen.set(at))
        .add(mark)
        .add(el("span", "").text(&line.text))
}

/// The versions, the latest first.
pub fn history_section(ui: Ui, thing: Thing) -> El {
    let open = RwSignal::new(false);
    let versions = Memo::new(move || read(ui, thing, open, revisions));
    let content = move || {
        let more = move || {
            let more = versions.with(|all| all.len().saturating_sub(SHOWN));
            (more > 0).then(|| el("p", "quiet").text(&ui.say("hist-more", &[("count", more.into())])))
        };
        let list = el("ol", "causes history").attr("data-testid", "history").rows(
            move || versions.with(|all| all.iter().take(SHOWN).cloned().collect()),
            |one: &Revision| one.revision.to_string(),
            move |one| version(ui, &one),
        );
        vec![el("div", "").add(list).part(more)]
    };
    folded(ui, "hist-title", open, content)
}

fn version(ui: Ui, revision: &Revision) -> El {
    let at = revision.at;
    let go = move || {
        if let Some(at) = at {
            ui.play(false);
            ui.seek(at);
        }
    };
    let when = at.map_or_else(String::new, |at| format!("{} · ", clock_text(at)));
    let head = button("cause-seek", go).add(el("span", "cause-when").text(&format!("{when}rev {}", revision.revision)));
    let change = |change: &FieldChange| {
        let row = el("p", "field-change").add(el("code", "").text(&change.path));
        let old = (!change.before.is_empty()).then(|| el("del", "").text(&change.before));
        let new = (!change.after.is_empty()).then(|| el("ins", "").text(&change.after));
        row.all(old).all(new)
    };
    let more = revision.changes.len().saturating_sub(CHANGES);
    let more = (more > 0 && !revision.first).then(|| {
        let rest: Vec<El> = revision.changes.iter().skip(CHANGES).map(change).collect();
        let summary = el("summary", "").text(&ui.say("hist-fields", &[("count", more.into())]));
        el("details", "fold").add(summary).all(rest)
    });
    let gone = revision.deleted.then(|| el("p", "quiet").text(&ui.text("hist-deleted")));
    let body = el("div", "cause-body").add(head).all(gone);
    let first = revision.first.then(|| {
        let count = revision.changes.len();
        el("p", "quiet").text(&ui.say("hist-created", &[("count", count.into())]))
    });
    let body = if revision.deleted || revision.first {
        body.all(first)
    } else {
        body.all(revision.changes.iter().take(CHANGES).map(change)).all(more)
    };
    el("li", "cause").add(badge(&revision.actor)).add(body)
}
