//! The transport: play, step, speed, clock and the scrubber.

use super::scrubber::Scrubber;
use crate::scene::pace::Speed;
use crate::sim::Time;
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::link::SPEEDS;
use leptos::prelude::*;

/// `mm:ss.mmm`.
#[must_use]
pub fn clock_text(t: Time) -> String {
    let millis = t.as_millis().max(0);
    format!("{:02}:{:02}.{:03}", millis / 60_000, millis / 1000 % 60, millis % 1000)
}

/// The transport.
#[component]
pub fn Transport() -> impl IntoView {
    let ui = Ui::get();
    let moving = move || ui.moving.get();
    view! {
        <section class="time" aria-label=move || ui.text("transport-label")>
            <div class="transport-buttons">
                <Control testid="start" key="transport-start" sign=Icon::Start act=|ui| ui.seek(Time::ZERO) />
                <Control testid="step-back" key="transport-back" sign=Icon::Back act=Ui::step_back />
                <button
                    type="button"
                    class="button primary play"
                    data-testid="play"
                    aria-pressed=move || moving().to_string()
                    title=move || ui.text(if moving() { "transport-pause" } else { "transport-play" })
                    on:click=move |_| ui.play(!ui.moving.get_untracked())
                >
                    {move || icon(if moving() { Icon::Pause } else { Icon::Play })}
                    <span class="visually-hidden">
                        {move || ui.text(if moving() { "transport-pause" } else { "transport-play" })}
                    </span>
                </button>
                <Control testid="step" key="transport-forward" sign=Icon::Forward act=Ui::step />
                <SpeedMenu />
            </div>
            <p class="clock" data-testid="clock">
                <span class="clock-time">{move || clock_text(ui.now.get())}</span>
                <span class="clock-revision">
                    {move || ui.say("clock-revision", &[("revision", ui.view.with(|view| view.revision).to_string().into())])}
                </span>
            </p>
            <Scrubber />
        </section>
    }
}

#[component]
fn Control(testid: &'static str, key: &'static str, sign: Icon, act: fn(Ui)) -> impl IntoView {
    let ui = Ui::get();
    view! {
        <button type="button" class="button icon-button" data-testid=testid title=move || ui.text(key) on:click=move |_| act(ui)>
            {icon(sign)}
            <span class="visually-hidden">{move || ui.text(key)}</span>
        </button>
    }
}

fn value(speed: Speed) -> String {
    match speed {
        Speed::Adaptive => "auto".to_owned(),
        Speed::Times(times) => times.to_string(),
    }
}

/// The speeds.
#[component]
fn SpeedMenu() -> impl IntoView {
    let ui = Ui::get();
    let changed = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        ui.set_speed(chosen.parse().map_or(Speed::Adaptive, Speed::Times));
    };
    view! {
        <label class="speed">
            <span class="visually-hidden">{move || ui.text("speed-label")}</span>
            <select class="button" data-testid="speed" prop:value=move || value(ui.speed.get()) on:change=changed>
                <option value="auto">{move || ui.text("speed-adaptive")}</option>
                {SPEEDS
                    .iter()
                    .map(|times| view! { <option value=times.to_string()>{format!("{times}×")}</option> })
                    .collect_view()}
            </select>
        </label>
    }
}
