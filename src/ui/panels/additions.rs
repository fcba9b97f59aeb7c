//! What can be added to what is there: an ephemeral container to a pod, a static pod to a node.

use super::actions::Desk;
use crate::cluster::input::Input;
use crate::inspect::deeds::{self, Deed};
use crate::ui::dom::{El, button, el, truth};
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use web_sys::Event;

/// The forms of both.
pub fn additions(desk: Desk) -> [Box<dyn Fn() -> Option<El>>; 2] {
    let debug = desk
        .of(|deed| if let Deed::Debug(name, targets) = deed { Some((name.clone(), targets.clone())) } else { None });
    let folder = desk.of(|deed| matches!(deed, Deed::Manifest).then_some(true));
    let (can_debug, can_place) =
        (truth(move || debug.with(Option::is_some)), truth(move || folder.with(Option::is_some)));
    let next = move || debug.get_untracked().unwrap_or_default();
    [
        Box::new(move || can_debug.get().then(|| debug_form(desk, &next().1, move || next().0))),
        Box::new(move || can_place.get().then(|| file_form(desk))),
    ]
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
    el("form", "deed-form")
        .on("submit", add)
        .all(field(desk, ("debug-image", "deed-debug-image"), image))
        .all(field(desk, ("debug-command", "deed-debug-command"), command))
        .add(choice)
        .add(el("button", "button").attr("type", "submit").attr("data-testid", "debug").word(ui, "deed-debug"))
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
    el("form", "deed-form")
        .on("submit", write)
        .all(field(desk, ("manifest-file", "deed-manifest"), file))
        .add(
            el("button", "button")
                .attr("type", "submit")
                .attr("data-testid", "manifest-write")
                .word(ui, "deed-manifest-write"),
        )
        .add(remove.attr("data-testid", "manifest-remove").word(ui, "deed-manifest-remove"))
}
