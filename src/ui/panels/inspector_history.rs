//! The object's YAML with whoever wrote each field and why, and its versions with what changed in each.

use super::inspector::Thing;
use super::inspector_why::{self, badge};
use super::moment;
use super::transport::clock_text;
use crate::api::object::ObjectRef;
use crate::inspect::history::{Additions, FieldChange, Line, Revision, lines, revisions};
use crate::inspect::story::Actor;
use crate::inspect::{Shown, field};
use crate::sim::Time;
use crate::ui::browser;
use crate::ui::dom::{El, afterwards, button, el, truth};
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
    let known = StoredValue::new_local(Additions::default());
    let text = move |shown: &Shown, object: &ObjectRef| {
        known.try_update_value(|known| lines(shown, object, known)).unwrap_or_default()
    };
    let shown = Memo::new(move || read(ui, thing, open, text));
    let copy = move || {
        let text = |lines: &Vec<Line>| lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect::<String>();
        let yaml = shown.with_untracked(text);
        browser::copy(&yaml, move |copied| said.set(if copied { "yaml-copied" } else { "yaml-not-copied" }));
    };
    let status = move || if said.get().is_empty() { String::new() } else { ui.text(said.get()) };
    let (chosen, asked) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let place = Place { shown, chosen, asked };
    let content = move || {
        let tools = el("div", "yaml-tools")
            .add(button("button", copy).word(ui, "yaml-copy"))
            .add(el("span", "").attr("role", "status").words(status));
        let rows = move || shown.with(|lines| lines.iter().map(|one| line(ui, one, place)).collect::<Vec<_>>());
        let code = el("code", "").part(rows);
        let pre = el("pre", "yaml-text owned")
            .attr("tabindex", "0")
            .attr("lang", "en")
            .label(ui, "yaml-title")
            .attr("aria-describedby", "yaml-owners")
            .on_as("keydown", move |event: &KeyboardEvent| turn(event, place))
            .add(code);
        let legend = el("ul", "legend").part(move || shown.with(|lines| legend(lines)));
        let told = el("div", "yaml-told")
            .attr("role", "status")
            .part(move || place.chosen().map_or_else(Vec::new, |line| told(ui, &line)));
        let owners = el("p", "quiet").attr("id", "yaml-owners").word(ui, "yaml-owners");
        let question = question(ui, thing, place, told.node());
        vec![tools, owners, legend, told, question, pre]
    };
    folded(ui, "yaml-title", open, content)
}

/// What is chosen in the text.
#[derive(Clone, Copy)]
struct Place {
    shown: Memo<Vec<Line>>,
    /// The field of the line that was chosen; may be empty.
    chosen: RwSignal<String>,
    /// The field of which somebody asks why it is so.
    asked: RwSignal<String>,
}

impl Place {
    fn chosen(self) -> Option<Line> {
        self.line(self.chosen).filter(|line| line.actor.is_some())
    }

    fn line(self, path: RwSignal<String>) -> Option<Line> {
        path.with(|path| self.shown.with(|lines| lines.iter().find(|line| line.path == *path).cloned()))
    }

    /// Asks why a field is so.
    fn ask(self, path: &str) {
        self.chosen.set(path.to_owned());
        self.asked.set(path.to_owned());
    }
}

/// The arrow keys go from line to line; Enter asks why.
fn turn(event: &KeyboardEvent, place: Place) {
    let Place { shown, chosen, .. } = place;
    let to = shown.with_untracked(|lines| {
        let at = chosen.with_untracked(|path| lines.iter().position(|line| line.path == *path));
        let to = match event.key().as_str() {
            "ArrowDown" => at.map_or(0, |at| at + 1),
            "ArrowUp" => at.unwrap_or_default().saturating_sub(1),
            "Home" => 0,
            "End" => usize::MAX,
            "Enter" => at?,
            _ => return None,
        };
        Some(lines.get(to.min(lines.len().checked_sub(1)?))?.path.clone())
    });
    let Some(to) = to else { return };
    event.prevent_default();
    if event.key() == "Enter" {
        return place.ask(&to);
    }
    chosen.set(to);
    let code = event.current_target().and_then(|code| code.dyn_into::<Element>().ok());
    if let Ok(Some(line)) = code.map_or(Ok(None), |code| code.query_selector(".yaml-line.chosen")) {
        into_sight(&line, "nearest");
    }
}

fn into_sight(element: &Element, block: &str) {
    browser::call(element, "scrollIntoView", &[browser::object(&[("block", block.into())])]);
}

/// Why the field that is chosen has its value: asked for by a button, by the mark of its line, or by Enter. What stands
/// `above` it is brought into sight with it.
fn question(ui: Ui, thing: Thing, place: Place, above: Element) -> El {
    let Place { chosen, asked, .. } = place;
    let open = move || asked.with(|asked| !asked.is_empty() && chosen.with(|chosen| chosen == asked));
    // What wrote it does not change while it stands, and to ask for it takes a while.
    let written = Memo::new(move || place.line(asked).filter(|_| open()).map(|line| (line.path, line.revision)));
    let origin = Memo::new(move || {
        let (path, _) = written.get()?;
        moment::read(ui, |shown| {
            thing.selection.with_value(|one| one.object().and_then(|object| field::origin(shown, object, &path)))
        })
    });
    let story = Memo::new(move || origin.with(|origin| origin.as_ref().and_then(|origin| origin.story.clone())));
    let act = move || match (open(), chosen.get_untracked()) {
        (true, _) => asked.set(String::new()),
        (false, path) => place.ask(&path),
    };
    let toggle = move || {
        let toggle = button("button", act).bind("aria-expanded", move || open().to_string());
        toggle.attr("data-testid", "field-ask").word(ui, "field-why")
    };
    let has_story = truth(move || story.with(Option::is_some));
    let chain = move || if has_story.get() { untrack(|| inspector_why::told(ui, story)).into() } else { Vec::new() };
    let about = move || origin.with(|origin| origin.iter().flat_map(|origin| about(ui, origin)).collect::<Vec<_>>());
    let answer = move || el("div", "field-answer").attr("data-testid", "field-why").part(about).part(chain);
    let block = el("div", "field-question")
        .when(move || place.chosen().is_some(), toggle)
        .when(move || origin.with(Option::is_some), answer);
    let told_of = Memo::new(move || origin.with(|origin| origin.as_ref().map(|origin| origin.path.clone())));
    afterwards(move || {
        if told_of.with(Option::is_some) {
            into_sight(&above, "start");
        }
    });
    block
}

/// What the field was before, and whether anything is known of its write.
fn about(ui: Ui, origin: &field::Origin) -> Vec<El> {
    let mut said = Vec::new();
    if origin.at.is_some() {
        said.push(match &origin.before {
            Some(value) => ui.say("field-before", &[("value", value.as_str().into())]),
            None => ui.text("field-new"),
        });
    }
    said.extend(match origin.at {
        None => Some(ui.say("field-unknown", &[("revision", origin.revision.to_string().into())])),
        Some(at) if at < Time::ZERO => Some(ui.text("field-early")),
        Some(_) => None,
    });
    said.iter().map(|said| el("p", "").text(said)).collect()
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
fn told(ui: Ui, line: &Line) -> Vec<El> {
    let Some(actor) = line.actor.as_ref() else { return Vec::new() };
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

fn line(ui: Ui, line: &Line, place: Place) -> El {
    let (own, path) = (line.path.clone(), line.path.clone());
    let mark = match &line.actor {
        Some(actor) => {
            let args = [("name", actor.name.as_str().into()), ("revision", line.revision.to_string().into())];
            let path = line.path.clone();
            // Drawn by the style, so that the text can be copied without it.
            el("span", "badge")
                .attr("style", &format!("--who: var(--{})", actor.colour))
                .attr("data-who", actor.letter)
                .attr("title", &ui.say("yaml-owner", &args))
                .on("click", move |_| place.ask(&path))
        }
        None => el("span", "badge none").attr("aria-hidden", "true"),
    };
    el("span", "yaml-line")
        .class_if("chosen", move || place.chosen.with(|chosen| *chosen == own))
        .on("click", move |_| place.chosen.set(path.clone()))
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
