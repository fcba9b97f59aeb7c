//! The transport: play, step, speed, clock and the scrubber.

use super::scrubber::scrubber;
use crate::scene::pace::Speed;
use crate::sim::Time;
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::link::SPEEDS;
use crate::ui::session::Until;
use leptos::prelude::*;
use web_sys::Event;

/// `mm:ss.mmm`.
#[must_use]
pub fn clock_text(t: Time) -> String {
    let millis = t.as_millis().max(0);
    format!("{:02}:{:02}.{:03}", millis / 60_000, millis / 1000 % 60, millis % 1000)
}

/// The transport.
pub fn transport(ui: Ui) -> El {
    let sign = move || [icon(if ui.moving.get() { Icon::Pause } else { Icon::Play })];
    let text = move || ui.text(if ui.moving.get() { "transport-pause" } else { "transport-play" });
    let play = button("button primary play", move || ui.play(!ui.moving.get_untracked()))
        .attr("data-testid", "play")
        .bind("aria-pressed", move || ui.moving.get().to_string())
        .bind("title", text)
        .part(sign)
        .add(el("span", "visually-hidden").words(text));
    let buttons = el("div", "transport-buttons")
        .add(control(ui, "start", "transport-start", Icon::Start, |ui| ui.seek(Time::ZERO)))
        .add(control(ui, "step-back", "transport-back", Icon::Back, Ui::step_back))
        .add(play)
        .add(control(ui, "step", "transport-forward", Icon::Forward, Ui::step))
        .add(until_menu(ui))
        .add(speed_menu(ui));
    let revision = move || {
        let revision = ui.view.with(|view| view.revision);
        ui.say("clock-revision", &[("revision", revision.to_string().into())])
    };
    let clock = el("p", "clock")
        .attr("data-testid", "clock")
        .add(el("span", "clock-time").words(move || clock_text(ui.now.get())))
        .add(el("span", "clock-revision").words(revision));
    el("section", "time").label(ui, "transport-label").add(buttons).add(clock).add(scrubber(ui))
}

fn control(ui: Ui, testid: &str, key: &'static str, sign: Icon, act: fn(Ui)) -> El {
    button("button icon-button", move || act(ui))
        .attr("data-testid", testid)
        .named(ui, "title", key)
        .add(icon(sign))
        .add(el("span", "visually-hidden").word(ui, key))
}

fn value(speed: Speed) -> String {
    match speed {
        Speed::Adaptive => "auto".to_owned(),
        Speed::Times(times) => times.to_string(),
    }
}

/// Runs on until something happens.
fn until_menu(ui: Ui) -> El {
    const ALL: &[(&str, Until)] =
        &[("until-event", Until::Event), ("until-selected", Until::Selected), ("until-settled", Until::Settled)];
    let changed = move |event: &Event| {
        let chosen = event_target_value(event);
        if let Some((_, until)) = ALL.iter().find(|(key, _)| *key == chosen) {
            ui.until(*until);
        }
        if let Some(menu) = event.target() {
            crate::ui::browser::put(&menu, "value", &"".into());
        }
    };
    let menu = el("select", "button")
        .attr("data-testid", "until")
        .add(el("option", "").attr("value", "").word(ui, "until"))
        .all(ALL.iter().map(|(key, what)| {
            let option = el("option", "").attr("value", key);
            if *what != Until::Selected {
                return option.word(ui, key);
            }
            let words = move || ui.text(if ui.can_wait() { "until-selected" } else { "until-selected-none" });
            option.words(words).bind("disabled", move || !ui.can_wait())
        }))
        .on("change", changed);
    el("label", "speed until").add(el("span", "visually-hidden").word(ui, "until-label")).add(menu)
}

/// The speeds.
fn speed_menu(ui: Ui) -> El {
    let changed = move |event: &Event| {
        let chosen = event_target_value(event);
        ui.set_speed(chosen.parse().map_or(Speed::Adaptive, Speed::Times));
    };
    let times = SPEEDS.iter().map(|times| {
        let times = times.to_string();
        el("option", "").attr("value", &times).text(&format!("{times}×"))
    });
    let menu = el("select", "button")
        .attr("data-testid", "speed")
        .add(el("option", "").attr("value", "auto").word(ui, "speed-adaptive"))
        .all(times)
        .value(move || value(ui.speed.get()))
        .on("change", changed);
    el("label", "speed").add(el("span", "visually-hidden").word(ui, "speed-label")).add(menu)
}
