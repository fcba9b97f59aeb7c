//! The runs that were left: a menu over the stage, once there are any.

use super::transport::clock_text;
use crate::cluster::input::Input;
use crate::scene::caption::input_sentence;
use crate::sim::Time;
use crate::ui::dom::{El, el};
use crate::ui::handle::Ui;
use leptos::prelude::*;
use web_sys::Event;

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
        let language = ui.language.get();
        let name = |(left, next): &(Time, Option<&Input>)| {
            let deed = next.map(|input| input_sentence(input, language)).unwrap_or_default();
            format!("{} · {deed}", clock_text(*left))
        };
        ui.read(|session| session.branches().iter().map(name).collect::<Vec<_>>())
    };
    let options = move || {
        let option = |(i, name): (usize, String)| el("option", "").attr("value", &i.to_string()).text(&name);
        let other = |(i, name): (usize, String)| {
            let text = ui.say("compare-with", &[("name", name.into())]);
            el("option", "").attr("value", &format!("={i}")).text(&text)
        };
        let (all, again) = (names().into_iter().enumerate(), names().into_iter().enumerate());
        all.map(option).chain(again.map(other)).collect::<Vec<El>>()
    };
    let all = move || ui.say("branches", &[("count", ui.branches.get().into())]);
    let menu = el("select", "button")
        .attr("data-testid", "branches")
        .named(ui, "title", "branches-hint")
        .add(el("option", "").attr("value", "").words(all))
        .part(options)
        .value(String::new)
        .on("change", changed);
    el("label", "banner branches").add(el("span", "visually-hidden").word(ui, "branches-label")).add(menu)
}
