//! The runs that were left: a menu over the stage, once there are any.

use super::transport::clock_text;
use crate::cluster::input::Input;
use crate::scene::caption::input_sentence;
use crate::sim::Time;
use crate::ui::dom::{El, el};
use crate::ui::handle::Ui;
use leptos::prelude::*;
use web_sys::Event;

/// What the runs are called: as somebody has named them, or when they were left and what was done next.
pub fn all(ui: Ui) -> Vec<String> {
    let language = ui.language.get();
    ui.sight.names.track();
    let name = |(left, next): &(Time, Option<&Input>)| {
        let deed = next.map(|input| input_sentence(input, language)).unwrap_or_default();
        let own = format!("{} · {deed}", clock_text(*left));
        ui.sight.names.with_untracked(|names| names.get(&own).cloned()).unwrap_or(own)
    };
    ui.read(|session| session.branches().iter().map(name).collect())
}

/// Gives a run that was left a name; an empty one takes it away.
pub fn name(ui: Ui, branch: usize, name: &str) {
    let Some(shown) = untrack(|| all(ui)).into_iter().nth(branch) else { return };
    ui.sight.names.update(|names| {
        let own = names.iter().find(|(_, given)| **given == shown).map_or(shown.clone(), |(own, _)| own.clone());
        if name.trim().is_empty() {
            names.remove(&own);
        } else {
            names.insert(own, name.trim().chars().take(60).collect());
        }
    });
}

/// The runs that were left when somebody acted in their past: choosing one goes back to it.
pub fn branches(ui: Ui) -> El {
    let changed = move |event: &Event| {
        let chosen = event_target_value(event);
        if let Some(Ok(branch)) = chosen.strip_prefix('=').map(str::parse) {
            ui.sight.compare.set(Some(branch));
            if let Some(menu) = event.target() {
                crate::ui::browser::put(&menu, "value", &"".into());
            }
        } else if let Ok(branch) = chosen.parse() {
            ui.switch(branch);
        }
    };
    let names = move || {
        ui.head.track();
        all(ui)
    };
    let options = move || {
        let option = |(i, name): (usize, String)| el("option", "").attr("value", &i.to_string()).text(&name);
        let other = |(i, name): (usize, String)| {
            let text = ui.say("compare-with", &[("name", name.into())]);
            el("option", "").attr("value", &format!("={i}")).text(&text)
        };
        let (whole, again) = (names().into_iter().enumerate(), names().into_iter().enumerate());
        whole.map(option).chain(again.map(other)).collect::<Vec<El>>()
    };
    let count = move || ui.say("branches", &[("count", ui.branches.get().into())]);
    let menu = el("select", "button")
        .attr("data-testid", "branches")
        .named(ui, "title", "branches-hint")
        .add(el("option", "").attr("value", "").words(count))
        .part(options)
        .value(String::new)
        .on("change", changed);
    el("label", "banner branches").add(el("span", "visually-hidden").word(ui, "branches-label")).add(menu)
}
