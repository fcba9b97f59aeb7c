//! The command palette: every command and every object by a few letters.

use super::sheet::sheet;
use crate::api::kinds::KINDS;
use crate::scene::pace::Speed;
use crate::sim::Time;
use crate::ui::dom::{El, afterwards, button, el};
use crate::ui::handle::{Tab, Ui};
use crate::ui::select::Selection;
use crate::ui::session::Until;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use web_sys::{HtmlElement, KeyboardEvent};

/// A command: its name in the catalogue, and what it does.
type Command = (&'static str, fn(Ui));

/// All commands.
const COMMANDS: &[Command] = &[
    ("transport-play", |ui| ui.play(!ui.moving.get_untracked())),
    ("key-step", Ui::step),
    ("key-step-back", Ui::step_back),
    ("until-event", |ui| ui.until(Until::Event)),
    ("until-selected", |ui| ui.until(Until::Selected)),
    ("until-settled", |ui| ui.until(Until::Settled)),
    ("key-home", |ui| ui.seek(Time::ZERO)),
    ("key-end", |ui| ui.seek(ui.end.get_untracked())),
    ("speed-adaptive", |ui| ui.set_speed(Speed::Adaptive)),
    ("truth", Ui::turn_truth),
    ("labels-mode", Ui::turn_dial),
    ("view-tools", |ui| ui.sight.open.set(true)),
    ("camera-whole", |ui| ui.stage.update_value(crate::ui::stage::Stage::reset)),
    ("bookmark-add", Ui::bookmark),
    ("share-title", |ui| ui.sight.share.set(true)),
    ("share-save", crate::ui::keep::save_file),
    ("share-last", crate::ui::keep::open_last),
    ("tab-manifest", |ui| ui.tab.set(Tab::Manifest)),
    ("tab-events", |ui| ui.tab.set(Tab::Events)),
    ("tab-requests", |ui| ui.tab.set(Tab::Requests)),
    ("tab-timeline", |ui| ui.tab.set(Tab::Timeline)),
    ("tab-transcript", |ui| ui.tab.set(Tab::Transcript)),
    ("settings-title", |ui| ui.sight.settings.set(true)),
    ("tour-title", crate::ui::tour::start),
    ("help", |ui| ui.sight.help.set(true)),
];

/// So many answers are shown.
const SHOWN: usize = 12;

/// The dialog.
pub fn palette(ui: Ui) -> El {
    sheet(ui, ("palette", "palette-title"), ui.sight.palette, move || content(ui))
}

/// What an answer does.
#[derive(Clone)]
enum Deed {
    Run(fn(Ui)),
    Select(String),
}

fn answers(ui: Ui, words: &str) -> Vec<(String, Deed)> {
    let words: Vec<String> = words.to_ascii_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |text: &str| {
        let text = text.to_ascii_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let offered = COMMANDS.iter().filter(|(key, _)| *key != "until-selected" || ui.can_wait());
    let commands = offered.map(|(key, run)| (ui.text(key), Deed::Run(*run)));
    let mut found: Vec<(String, Deed)> = commands.filter(|(name, _)| fits(name)).collect();
    if !words.is_empty() {
        let language = ui.language.get_untracked();
        ui.read(|session| {
            // Events and heartbeats are many, and nobody looks for them by name.
            for kind in KINDS.iter().filter(|kind| !["Event", "Lease"].contains(&kind.kind)) {
                for object in session.objects(kind) {
                    if found.len() >= SHOWN {
                        return;
                    }
                    let reference = object.reference();
                    let text = format!("{} {}", crate::scene::caption::kind(kind.kind, language), reference.key);
                    if fits(&text) {
                        found.push((text, Deed::Select(crate::inspect::link(&reference))));
                    }
                }
            }
        });
    }
    found.truncate(SHOWN);
    found
}

#[inline(never)]
fn content(ui: Ui) -> El {
    let words = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let run = move |at: usize| {
        let deed = answers(ui, &words.get_untracked()).into_iter().nth(at);
        ui.sight.palette.set(false);
        match deed {
            Some((_, Deed::Run(run))) => run(ui),
            Some((_, Deed::Select(link))) => ui.select(Selection::read(&link)),
            None => {}
        }
    };
    let key = move |event: &KeyboardEvent| {
        let count = untrack(|| answers(ui, &words.get_untracked()).len());
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|at| *at = (*at + 1).min(count.saturating_sub(1))),
            "ArrowUp" => chosen.update(|at| *at = at.saturating_sub(1)),
            "Enter" => untrack(|| run(chosen.get_untracked())),
            _ => return,
        }
        event.prevent_default();
    };
    let typed = move |event: &web_sys::Event| {
        words.set(event_target_value(event));
        chosen.set(0);
    };
    let field = el("input", "field")
        .attr("type", "text")
        .attr("role", "combobox")
        .attr("aria-expanded", "true")
        .attr("aria-controls", "palette-list")
        .bind("aria-activedescendant", move || format!("palette-{}", chosen.get()))
        .label(ui, "palette-title")
        .attr("spellcheck", "false")
        .on("input", typed)
        .on_as("keydown", key);
    let element = field.node::<HtmlElement>();
    afterwards(move || {
        let _ = element.focus();
    });
    let rows = move || {
        let words = words.get();
        let row = |(at, (text, _)): (usize, (String, Deed))| {
            button("palette-row", move || untrack(|| run(at)))
                .attr("role", "option")
                .attr("tabindex", "-1")
                .attr("id", &format!("palette-{at}"))
                .bind("aria-selected", move || (chosen.get() == at).to_string())
                .text(&text)
        };
        let found: Vec<El> = answers(ui, &words).into_iter().enumerate().map(row).collect();
        [el("div", "palette-list")
            .attr("role", "listbox")
            .attr("id", "palette-list")
            .label(ui, "palette-title")
            .all(found)]
    };
    el("div", "share").add(field).part(rows)
}
