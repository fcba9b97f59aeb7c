//! What can be added to what is there (an ephemeral container to a pod, a static pod to a node), and what a container has
//! got while it runs.

use super::actions::Desk;
use crate::cluster::input::Input;
use crate::inspect::deeds::{self, Deed};
use crate::ui::dom::{El, afterwards, button, el, truth};
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;
use serde_json::{Map, Value};
use web_sys::Event;

/// The forms.
pub fn additions(desk: Desk) -> [Box<dyn Fn() -> Option<El>>; 3] {
    let sizes = desk.of(|deed| if let Deed::Resize(sizes) = deed { Some(sizes.clone()) } else { None });
    let debug = desk
        .of(|deed| if let Deed::Debug(name, targets) = deed { Some((name.clone(), targets.clone())) } else { None });
    let folder = desk.of(|deed| matches!(deed, Deed::Manifest).then_some(true));
    let can_resize = truth(move || sizes.with(|sizes| sizes.as_ref().is_some_and(|sizes| !sizes.is_empty())));
    let (can_debug, can_place) =
        (truth(move || debug.with(Option::is_some)), truth(move || folder.with(Option::is_some)));
    let next = move || debug.get_untracked().unwrap_or_default();
    [
        Box::new(move || can_resize.get().then(|| untrack(|| resize_form(desk, sizes)))),
        Box::new(move || can_debug.get().then(|| debug_form(desk, &next().1, move || next().0))),
        Box::new(move || can_place.get().then(|| file_form(desk))),
    ]
}

/// A container and what it has.
type Sizes = (String, [String; 4]);

/// The fields of a resize, in the order of [`deeds::AMOUNTS`].
const FIELDS: [(&str, &str); 4] = [
    ("resize-requests-cpu", "deed-requests-cpu"),
    ("resize-requests-memory", "deed-requests-memory"),
    ("resize-limits-cpu", "deed-limits-cpu"),
    ("resize-limits-memory", "deed-limits-memory"),
];

/// `kubectl patch --subresource resize`: what a container asks for and may use, while it runs.
fn resize_form(desk: Desk, sizes: Memo<Option<Vec<Sizes>>>) -> El {
    let ui = desk.ui;
    let container = RwSignal::new(String::new());
    let values = FIELDS.map(|_| RwSignal::new(String::new()));
    let present = move || {
        let (sizes, chosen) = (sizes.get().unwrap_or_default(), container.get());
        sizes.iter().find(|(name, _)| *name == chosen).or(sizes.first()).cloned()
    };
    afterwards(move || {
        if let Some((name, amounts)) = present() {
            if container.with_untracked(|known| *known != name) {
                container.set(name);
            }
            for (value, amount) in values.into_iter().zip(amounts) {
                value.set(amount);
            }
        }
    });
    let resize = move |event: &Event| {
        event.prevent_default();
        let Some((container, before)) = untrack(present) else { return };
        let wanted = values.map(|value| value.get_untracked().trim().to_owned());
        let patch = patch(&before, &wanted);
        desk.act_on(|object| Input::Resize { object: deeds::name(object), container, patch });
    };
    let names = sizes.get_untracked().unwrap_or_default().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let menu = (names.len() > 1).then(|| {
        let options = names.iter().map(|name| el("option", "").attr("value", name).text(name));
        let menu =
            el("select", "button").on("change", move |event| container.set(event_target_value(event))).all(options);
        el("label", "deed-choice").add(el("span", "visually-hidden").word(ui, "deed-container")).add(menu)
    });
    let fields = FIELDS.into_iter().zip(values).flat_map(|(names, value)| field(desk, names, value));
    let form = el("form", "deed-form tall")
        .on("submit", resize)
        .all(menu)
        .all(fields)
        .add(el("button", "button").attr("type", "submit").attr("data-testid", "resize").word(ui, "deed-resize"));
    el("details", "fold").add(el("summary", "").word(ui, "deed-resize-title")).add(form)
}

/// The resources that differ, in JSON; what was there and is not any more is `null`.
fn patch(before: &[String; 4], wanted: &[String; 4]) -> String {
    let mut lists = Map::new();
    for ((list, what), (before, wanted)) in deeds::AMOUNTS.into_iter().zip(before.iter().zip(wanted)) {
        if before != wanted {
            let amount = if wanted.is_empty() { Value::Null } else { wanted.as_str().into() };
            let list = lists.entry(list).or_insert_with(|| Value::Object(Map::new()));
            list[what] = amount;
        }
    }
    Value::Object(lists).to_string()
}

/// A field for one word, with its label.
fn field(desk: Desk, (id, key): (&'static str, &'static str), value: RwSignal<String>) -> [El; 2] {
    let field = el("input", "field")
        .attr("id", id)
        .attr("type", "text")
        .attr("spellcheck", "false")
        .attr("autocapitalize", "off")
        .attr("autocomplete", "off")
        .attr("data-testid", id)
        .value(move || value.get())
        .on("input", move |event| value.set(event_target_value(event)));
    [el("label", "deed-label").attr("for", id).word(desk.ui, key), field]
}

/// `kubectl debug`: image, command and the container whose processes it is to see.
fn debug_form(desk: Desk, targets: &[String], name: impl Fn() -> String + 'static) -> El {
    let ui = desk.ui;
    let image = RwSignal::new("busybox:1.36".to_owned());
    let command = RwSignal::new("sleep 3600".to_owned());
    let target = RwSignal::new(targets.first().cloned().unwrap_or_default());
    let add = move |event: &Event| {
        event.prevent_default();
        let text = |signal: RwSignal<String>| signal.get_untracked().trim().to_owned();
        let (name, image, container, text) = (name(), text(image), text(target), text(command));
        desk.act_on(|object| Input::Debug { object: deeds::name(object), name, image, container, text });
    };
    let options = targets.iter().map(|name| el("option", "").attr("value", name).text(name));
    let menu = el("select", "button").on("change", move |event| target.set(event_target_value(event))).all(options);
    let choice = el("label", "deed-choice").add(el("span", "deed-label").word(ui, "deed-debug-target")).add(menu);
    let form = el("form", "deed-form tall")
        .on("submit", add)
        .all(field(desk, ("debug-image", "deed-debug-image"), image))
        .all(field(desk, ("debug-command", "deed-debug-command"), command))
        .add(choice)
        .add(el("button", "button").attr("type", "submit").attr("data-testid", "debug").word(ui, "deed-debug"));
    el("details", "fold").add(el("summary", "").word(ui, "deed-debug")).add(form)
}

/// A file in the node's folder of static pods: it gets what the editor holds, or goes.
fn file_form(desk: Desk) -> El {
    let ui = desk.ui;
    let file = RwSignal::new("static.yaml".to_owned());
    let place = move |text: String| {
        let name = file.get_untracked().trim().to_owned();
        if !name.is_empty() {
            desk.act(Input::Manifest { node: desk.node(), name, text });
        }
    };
    let write = move |event: &Event| {
        event.prevent_default();
        place(ui.manifest.get_untracked());
    };
    let remove = button("button", move || place(String::new()));
    let write_it = el("button", "button").attr("type", "submit").attr("data-testid", "manifest-write");
    let both = el("div", "deed-row")
        .add(write_it.word(ui, "deed-manifest-write"))
        .add(remove.attr("data-testid", "manifest-remove").word(ui, "deed-manifest-remove"));
    el("form", "deed-form tall")
        .on("submit", write)
        .all(field(desk, ("manifest-file", "deed-manifest"), file))
        .add(both)
}
