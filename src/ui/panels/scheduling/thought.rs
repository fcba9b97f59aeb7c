//! What if: the pod's requests, a node's taints and labels, the plugins' weights can be changed in thought; the matrix
//! is made anew beside the old one, and nothing is written until somebody says so.

use super::Desk;
use super::report::part;
use crate::cluster::what_if::Edit;
use crate::inspect::scheduling::what_if::{self, Plan};
use crate::ui::browser;
use crate::ui::dom::{El, button, el};
use crate::ui::panels::moment;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use web_sys::Event;

/// The part; its fields come when it is opened or something is changed.
pub(super) fn what_if(desk: Desk) -> El {
    let ui = desk.ui;
    let (open, wrong) = (RwSignal::new(false), RwSignal::new(String::new()));
    let node = RwSignal::new(String::new());
    let bench = Bench { desk, wrong, node };
    let toggle = button("fold-button", move || open.update(|open| *open = !*open))
        .attr("data-testid", "what-if-open")
        .bind("aria-expanded", move || open.get().to_string())
        .word(ui, "what-if-open");
    part(desk, "what-if", "what-if-title")
        .attr("data-testid", "what-if")
        .add(el("p", "").word(ui, "what-if-text"))
        .add(toggle)
        .part(move || if open.get() { fields(bench) } else { Vec::new() })
        .add(el("p", "what-if-wrong").attr("role", "alert").attr("lang", "en").words(move || wrong.get()))
        .part(move || changes(bench))
}

/// What the fields share.
#[derive(Clone, Copy)]
struct Bench {
    desk: Desk,
    /// What the server would say to the last change.
    wrong: RwSignal<String>,
    /// The node whose taints and labels are shown.
    node: RwSignal<String>,
}

impl Bench {
    /// Adds a change, if it is a good one; it takes the place of one of the same thing.
    fn add(self, edit: Edit) {
        self.wrong.set(String::new());
        let Some(thought) = untrack(|| self.desk.thought()) else { return };
        match thought.with(&edit) {
            Err(said) => self.wrong.set(said),
            Ok(_) => self.desk.edits.update(|edits| {
                edits.retain(|other| !is_about_same(other, &edit));
                edits.push(edit);
            }),
        }
    }
}

fn is_about_same(one: &Edit, other: &Edit) -> bool {
    match (one, other) {
        (Edit::Request { container: a, resource: b, .. }, Edit::Request { container: c, resource: d, .. }) => {
            a == c && b == d
        }
        (Edit::Weight { plugin: a, .. }, Edit::Weight { plugin: b, .. }) => a == b,
        (Edit::Label { node: a, key: b, .. }, Edit::Label { node: c, key: d, .. })
        | (Edit::Taint { node: a, taint: b, .. }, Edit::Taint { node: c, taint: d, .. }) => a == c && b == d,
        _ => one == other,
    }
}

fn value_of(event: &Event) -> String {
    event.target().and_then(|target| browser::get(&target, "value").as_string()).unwrap_or_default()
}

fn field(label: El, value: String, class: &str, set: impl Fn(String) + 'static) -> El {
    let input = el("input", &format!("field {class}")).attr("autocomplete", "off").attr("spellcheck", "false");
    el("label", "what-if-field")
        .add(label)
        .add(input.value(move || value.clone()).on("change", move |event| set(value_of(event))))
}

fn fields(bench: Bench) -> Vec<El> {
    let (desk, ui) = (bench.desk, bench.desk.ui);
    let asks = move || {
        let knobs = desk.thought().map(|thought| what_if::knobs(&thought)).unwrap_or_default();
        knobs
            .into_iter()
            .map(|knob| {
                let label = el("span", "").add(el("code", "").text(&format!("{} {}", knob.container, knob.resource)));
                let set = move |amount: String| {
                    let (container, resource) = (knob.container.clone(), knob.resource.to_owned());
                    bench.add(Edit::Request { container, resource, amount: amount.trim().to_owned() });
                };
                field(label, knob.value, "amount", set)
            })
            .collect::<Vec<_>>()
    };
    let weights = move || {
        let attempt = desk.thought().map(|thought| thought.attempt());
        attempt
            .into_iter()
            .flat_map(|attempt| attempt.scorers.to_vec())
            .map(|(plugin, weight)| {
                let set = move |text: String| {
                    // A weight of nothing is one that was not given.
                    if let Some(weight) = text.trim().parse::<u8>().ok().filter(|weight| *weight > 0) {
                        bench.add(Edit::Weight { plugin: plugin.to_owned(), weight: i64::from(weight) });
                    }
                };
                field(el("span", "").add(el("code", "").text(plugin)), weight.to_string(), "amount", set)
            })
            .collect::<Vec<_>>()
    };
    vec![
        el("fieldset", "").add(el("legend", "").word(ui, "what-if-asks")).part(asks),
        nodes(bench),
        el("fieldset", "").add(el("legend", "").word(ui, "what-if-weights")).part(weights),
    ]
}

/// Taints and labels of one node at a time.
fn nodes(bench: Bench) -> El {
    let (desk, ui) = (bench.desk, bench.desk.ui);
    let names: Vec<String> = untrack(|| desk.base())
        .iter()
        .flat_map(|base| base.nodes().map(|node| node.name().to_owned()).collect::<Vec<_>>())
        .collect();
    if !names.contains(&bench.node.get_untracked()) {
        // A ship is more often of interest than the bridge.
        bench.node.set(names.iter().find(|name| *name != "control-plane").cloned().unwrap_or_default());
    }
    let options = names.iter().map(|name| el("option", "").attr("value", name).text(name));
    let menu = el("select", "button")
        .attr("data-testid", "what-if-node")
        .label(ui, "what-if-node")
        .all(options)
        .value(move || bench.node.get())
        .on("change", move |event| bench.node.set(value_of(event)));
    let parts = move || {
        let node = bench.node.get();
        let parts = desk.thought().map(|thought| what_if::parts(&thought, &node)).unwrap_or_default();
        parts
            .into_iter()
            .map(|part| {
                let label = ui.say("what-if-remove", &[("what", part.text.as_str().into())]);
                let edit = part.without;
                button("chip", move || bench.add(edit.clone()))
                    .attr("aria-label", &label)
                    .attr("title", &label)
                    .add(el("code", "").text(&part.text))
                    .add(crate::ui::icons::icon(crate::ui::icons::Icon::Close))
            })
            .collect::<Vec<_>>()
    };
    let input =
        el("input", "field").attr("data-testid", "what-if-add").attr("autocomplete", "off").attr("spellcheck", "false");
    let element: web_sys::Element = input.node();
    let add = move || {
        let text = browser::get(&element, "value").as_string().unwrap_or_default();
        if let Some(edit) = what_if::read(&bench.node.get_untracked(), &text) {
            bench.add(edit);
            if bench.wrong.with_untracked(String::is_empty) {
                browser::put(&element, "value", &"".into());
            }
        }
    };
    let enter = add.clone();
    let input = input.on_as("keydown", move |event: &web_sys::KeyboardEvent| {
        if event.key() == "Enter" {
            enter();
        }
    });
    let label = el("label", "what-if-field").add(el("span", "").word(ui, "what-if-add")).add(input);
    let row = el("div", "what-if-row").add(label).add(button("button", add).word(ui, "what-if-add-button"));
    el("fieldset", "")
        .add(el("legend", "").word(ui, "what-if-node"))
        .add(menu)
        .add(el("div", "chips").part(parts))
        .add(row)
}

/// What is changed, and the way to make it so.
fn changes(bench: Bench) -> Vec<El> {
    let (desk, ui) = (bench.desk, bench.desk.ui);
    let edits = desk.edits.get();
    if edits.is_empty() {
        return Vec::new();
    }
    let rows = edits.iter().enumerate().map(|(place, edit)| {
        let sentence = moment::read(ui, |shown| what_if::sentence(shown, edit));
        let label = ui.say("what-if-take-back", &[("what", sentence.as_str().into())]);
        let back = button("chip", move || {
            desk.edits.update(|edits| {
                edits.remove(place);
            });
        });
        let back = back.attr("aria-label", &label).attr("title", &label).text(&sentence);
        el("li", "").add(back.add(crate::ui::icons::icon(crate::ui::icons::Icon::Close)))
    });
    let Some(thought) = desk.thought() else { return Vec::new() };
    let weighed = ui.read(|session| session.weighed(&thought.was().profile, &edits));
    let (verdict, Plan { inputs, notes }) = moment::read(ui, |shown| {
        (what_if::verdict(shown, &thought.attempt()), what_if::plan(shown, &thought, &edits, weighed))
    });
    let can = !inputs.is_empty();
    let apply = button("button primary", move || {
        desk.edits.set(Vec::new());
        ui.scheduling.chosen.set(None);
        for input in inputs.clone() {
            let _ = ui.act(input);
        }
    });
    let apply = can.then(|| apply.attr("data-testid", "what-if-apply").word(ui, "what-if-apply"));
    let reset = button("button", move || desk.edits.set(Vec::new()))
        .attr("data-testid", "what-if-reset")
        .word(ui, "what-if-reset");
    vec![
        el("h4", "sub").word(ui, "what-if-changes"),
        el("ul", "chips").all(rows),
        el("p", "what-if-verdict").attr("role", "status").text(&verdict),
        el("div", "").all(notes.iter().map(|note| el("p", "quiet").text(note))),
        el("div", "sched-tools").all(apply).add(reset),
    ]
}
