//! The timeline: what each part of the cluster did, in lanes, over told time; arrows lead from causes to effects.

use super::scrubber::actor;
use super::transport::clock_text;
use crate::cluster::fact::Fact;
use crate::scene::motion::{Motion, Role};
use crate::scene::pace::Speed;
use crate::scene::theme::{Theme, Token};
use crate::sim::{FactId, Time};
use crate::ui::browser::clock;
use crate::ui::dom::{El, afterwards, button, canvas, el};
use crate::ui::handle::{Tab, Ui};
use crate::ui::select::Selection;
use crate::ui::session::Session;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d as Canvas, HtmlCanvasElement, KeyboardEvent, MouseEvent, WheelEvent};

/// The lanes: a letter each, as on the scrubber.
const LANES: &[(char, Token, &str)] = &[
    ('U', Token::Ink, "lane-user"),
    ('A', Token::Api, "lane-api"),
    ('E', Token::Etcd, "lane-etcd"),
    ('S', Token::Scheduler, "lane-scheduler"),
    ('C', Token::Controllers, "lane-controllers"),
    ('K', Token::Kubelet, "lane-kubelets"),
    ('R', Token::Runtime, "lane-runtime"),
    ('N', Token::Proxy, "lane-network"),
];
/// Room for their names.
const LEFT: f64 = 112.0;
/// So many facts are looked at for a picture.
const LOOKED_AT: usize = 6000;
/// It is drawn anew at most so often (milliseconds) while time passes.
const REDRAW_MS: f64 = 150.0;

/// A slice that was drawn: where, and its fact.
#[derive(Clone, Copy)]
struct Slice {
    x: f64,
    w: f64,
    lane: usize,
    fact: u64,
}

/// What is seen of it, in told milliseconds: from, and how many; `None`: all.
type Window = Option<(f64, f64)>;

/// The panel.
pub fn timeline_panel(ui: Ui) -> El {
    let window = RwSignal::new(None::<(f64, f64)>);
    let chosen = RwSignal::new(None::<u64>);
    let slices = StoredValue::new(Vec::<Slice>::new());
    let made = canvas("");
    let canvas = made.node::<HtmlCanvasElement>();
    let due = StoredValue::new(0.0);
    let on = canvas.clone();
    afterwards(move || {
        let shown = ui.tab.get() == Tab::Timeline;
        let (theme, seen, picked) = (ui.theme.get(), window.get(), chosen.get());
        ui.now.track();
        ui.head.track();
        ui.sight.bookmarks.track();
        if !shown || (ui.moving.get() && clock() < due.get_value()) {
            return;
        }
        due.set_value(clock() + REDRAW_MS);
        let names: Vec<String> = LANES.iter().map(|(_, _, key)| ui.text(key)).collect();
        let marks = ui.sight.bookmarks.get_untracked();
        let drawn = ui.read(|session| paint(session, &on, (theme, &names), (seen, picked), &marks));
        slices.set_value(drawn.unwrap_or_default());
    });
    let click = move |event: &MouseEvent| {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let found = slices.with_value(|slices| pick(slices, (x, y), lane_height(&canvas)));
        if let Some(fact) = found {
            chosen.set(Some(fact));
            ui.change(|session| session.show_fact(fact));
        }
    };
    let wheel = move |event: &WheelEvent| rolled(ui, window, event);
    let key = move |event: &KeyboardEvent| pressed(ui, window, event);
    let told = move || match chosen.get().and_then(|fact| sentence(ui, fact)) {
        Some(text) => text,
        None => ui.text("timeline-hint"),
    };
    let why = move || {
        let fact = chosen.get()?;
        let ask = move || ui.select(Some(Selection::Fact(fact)));
        Some(button("button", ask).attr("data-testid", "timeline-why").word(ui, "why-ask"))
    };
    let chart = el("div", "timeline-chart")
        .attr("tabindex", "0")
        .attr("role", "group")
        .label(ui, "tab-timeline")
        .on_as("click", click)
        .on_as("wheel", wheel)
        .on_as("keydown", key)
        .add(made);
    el("div", "timeline")
        .attr("data-testid", "timeline")
        .add(tools(ui, window))
        .add(chart)
        .add(el("div", "timeline-foot").add(el("p", "timeline-told").attr("role", "status").words(told)).part(why))
}

/// Zooms and moves what is seen.
fn steer(ui: Ui, window: RwSignal<Window>, (scale, shift): (f64, f64)) {
    let all = ui.read(whole);
    let (from, wide) = window.get_untracked().unwrap_or(all);
    let new = (wide * scale).clamp(200.0, all.1);
    let from = from + (wide - new) / 2.0 + shift * new;
    window.set((new < all.1).then_some((from.clamp(all.0, all.0 + all.1 - new), new)));
}

fn rolled(ui: Ui, window: RwSignal<Window>, event: &WheelEvent) {
    event.prevent_default();
    if event.shift_key() || event.delta_x().abs() > event.delta_y().abs() {
        steer(ui, window, (1.0, (event.delta_x() + event.delta_y()).signum() * 0.1));
    } else {
        steer(ui, window, (if event.delta_y() > 0.0 { 1.25 } else { 0.8 }, 0.0));
    }
}

fn pressed(ui: Ui, window: RwSignal<Window>, event: &KeyboardEvent) {
    match event.key().to_ascii_lowercase().as_str() {
        "w" => steer(ui, window, (0.8, 0.0)),
        "s" => steer(ui, window, (1.25, 0.0)),
        "a" | "arrowleft" => steer(ui, window, (1.0, -0.1)),
        "d" | "arrowright" => steer(ui, window, (1.0, 0.1)),
        "f" => window.set(None),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}

/// Buttons for what keys and wheel do, and the marked moments.
fn tools(ui: Ui, window: RwSignal<Window>) -> El {
    let tool = |key: &'static str, scale: f64| button("button", move || steer(ui, window, (scale, 0.0))).word(ui, key);
    el("div", "timeline-bar")
        .add(tool("camera-in", 0.5))
        .add(tool("camera-out", 2.0))
        .add(button("button", move || window.set(None)).word(ui, "timeline-all"))
        .add(button("button", move || ui.bookmark()).attr("data-testid", "bookmark").word(ui, "bookmark-add"))
        .add(bookmarks(ui))
}

/// The moments that were marked: choosing one goes there.
fn bookmarks(ui: Ui) -> El {
    let go = move |event: &web_sys::Event| {
        if let Ok(micros) = event_target_value(event).parse() {
            ui.play(false);
            ui.seek(Time::from_micros(micros));
        }
    };
    let options = move || {
        let option = |at: &Time| el("option", "").attr("value", &at.as_micros().to_string()).text(&clock_text(*at));
        ui.sight.bookmarks.with(|all| all.iter().map(option).collect::<Vec<_>>())
    };
    let menu = el("select", "button")
        .attr("data-testid", "bookmarks")
        .label(ui, "bookmarks")
        .add(el("option", "").attr("value", "").word(ui, "bookmarks"))
        .part(options)
        .value(String::new)
        .on("change", go);
    el("span", "").add(menu)
}

fn sentence(ui: Ui, fact: u64) -> Option<String> {
    let language = ui.language.get();
    ui.read(|session| {
        let record = session.trace().get(FactId(fact))?;
        let text = crate::scene::caption::of_fact(&record.fact, language)?;
        Some(format!("{}  {text}", clock_text(record.at)))
    })
}

fn lane_height(canvas: &HtmlCanvasElement) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "eight lanes")]
    let lanes = LANES.len() as f64;
    f64::from(canvas.client_height()) / lanes
}

fn pick(slices: &[Slice], (x, y): (f64, f64), high: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "eight lanes")]
    let lane = (y / high).max(0.0) as usize;
    let far = |slice: &Slice| (slice.x - x).max(x - slice.x - slice.w).max(0.0);
    let near = slices.iter().filter(|slice| slice.lane == lane && far(slice) < 8.0);
    near.min_by(|a, b| far(a).total_cmp(&far(b))).map(|slice| slice.fact)
}

/// The whole run in told milliseconds: from, and how many.
fn whole(session: &Session) -> (f64, f64) {
    let at = |t: Time| session.pace().to_pres(t, Speed::Adaptive);
    let (start, end) = (at(Time::ZERO), at(session.end()));
    (start, (end - start).max(1000.0))
}

fn paint(
    session: &Session,
    canvas: &HtmlCanvasElement,
    (theme, names): (Theme, &[String]),
    (window, chosen): (Window, Option<u64>),
    bookmarks: &[Time],
) -> Option<Vec<Slice>> {
    let ratio = web_sys::window()?.device_pixel_ratio().clamp(1.0, 3.0);
    let (w, h) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    let pixels = |css: f64| (css * ratio).round() as u32;
    canvas.set_width(pixels(w));
    canvas.set_height(pixels(h));
    let context: Canvas = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.scale(ratio, ratio).ok()?;
    let (from, wide) = window.unwrap_or_else(|| whole(session));
    let x = |pres: f64| LEFT + (pres - from) / wide * (w - LEFT - 8.0);
    let at = |t: Time| session.pace().to_pres(t, Speed::Adaptive);
    let high = lane_height(canvas);
    let fill = |token: Token, [x, y, w, h]: [f64; 4]| {
        context.set_fill_style_str(token.hex(theme));
        context.fill_rect(x, y, w, h);
    };
    context.set_font("600 13px Pretendard, sans-serif");
    let mut y = 0.0;
    for (number, ((letter, token, _), name)) in LANES.iter().zip(names).enumerate() {
        if number % 2 == 0 {
            fill(Token::Surface2, [0.0, y, w, high]);
        }
        fill(*token, [6.0, y + 3.0, 4.0, high - 6.0]);
        context.set_fill_style_str(Token::Ink.hex(theme));
        let _ = context.fill_text(&format!("{letter}  {name}"), 16.0, y + high / 2.0 + 5.0);
        y += high;
    }
    let slices = slices(session, (from, wide), &x);
    #[expect(clippy::cast_precision_loss, reason = "eight lanes")]
    let top = |lane: usize| lane as f64 * high;
    for slice in &slices {
        fill(LANES[slice.lane].1, [slice.x, top(slice.lane) + 4.0, slice.w, high - 8.0]);
    }
    for mark in bookmarks {
        fill(Token::Warn, [x(at(*mark)) - 1.5, 0.0, 3.0, h]);
    }
    fill(Token::Ink, [x(at(session.now())) - 1.0, 0.0, 2.0, h]);
    if let Some(fact) = chosen {
        arrows(session, &context, (fact, &slices), (&top, high), theme);
    }
    Some(slices)
}

/// The slices of the facts in a window.
fn slices(session: &Session, (from, wide): (f64, f64), x: &dyn Fn(f64) -> f64) -> Vec<Slice> {
    let (pace, trace) = (session.pace(), session.trace());
    let found_at = |pres: f64| trace.place_at(pace.to_sim(pres, Speed::Adaptive).max(Time::ZERO));
    let mut found = Vec::new();
    for record in trace.range(found_at(from - 1000.0), found_at(from + wide)).rev().take(LOOKED_AT) {
        let Some(motion) = Motion::of(&record.fact) else { continue };
        if pace.role(record.id.0).unwrap_or(Role::Ambient) == Role::Ambient {
            continue;
        }
        let network = matches!(record.fact, Fact::NetworkCut { .. } | Fact::WatchLost { .. });
        let letter = match &record.fact {
            _ if network => 'N',
            Fact::Gate { .. } => 'A',
            fact => actor(fact).0,
        };
        let Some(lane) = LANES.iter().position(|(known, ..)| *known == letter) else { continue };
        let began = pace.to_pres(record.at, Speed::Adaptive);
        let (left, right) = (x(began), x(began + motion.takes_ms));
        if right > LEFT {
            let left = left.max(LEFT);
            found.push(Slice { x: left, w: (right - left - 1.0).max(2.0), lane, fact: record.id.0 });
        }
    }
    found
}

/// Arrows from the causes of a fact to it, and from it to what it caused, as far as they are seen.
fn arrows(
    session: &Session,
    context: &Canvas,
    (fact, slices): (u64, &[Slice]),
    (top, high): (&dyn Fn(usize) -> f64, f64),
    theme: Theme,
) {
    let trace = session.trace();
    let middle = |slice: &Slice| (slice.x, top(slice.lane) + high / 2.0);
    let seen = |id: u64| slices.iter().find(|slice| slice.fact == id);
    let mut pairs: Vec<(u64, u64)> = Vec::new();
    // The nearest cause that is seen stands for those between.
    let cause = |id: u64| trace.causes(FactId(id)).skip(1).map(|record| record.id.0).find(|id| seen(*id).is_some());
    let mut at = fact;
    while let Some(before) = cause(at) {
        pairs.push((before, at));
        at = before;
    }
    let after = slices.iter().filter(|slice| slice.fact > fact && cause(slice.fact) == Some(fact));
    pairs.extend(after.map(|slice| (fact, slice.fact)));
    context.set_stroke_style_str(Token::Accent.hex(theme));
    context.set_fill_style_str(Token::Accent.hex(theme));
    context.set_line_width(2.0);
    for (from, to) in pairs {
        let (Some(from), Some(to)) = (seen(from), seen(to)) else { continue };
        let ((ax, ay), (bx, by)) = (middle(from), middle(to));
        context.begin_path();
        context.move_to(ax, ay);
        context.bezier_curve_to(ax + 24.0, ay, bx - 24.0, by, bx, by);
        context.stroke();
        context.begin_path();
        context.move_to(bx + 1.0, by);
        context.line_to(bx - 7.0, by - 4.0);
        context.line_to(bx - 7.0, by + 4.0);
        context.fill();
    }
    if let Some(slice) = seen(fact) {
        context.stroke_rect(slice.x - 2.0, top(slice.lane) + 2.0, slice.w + 4.0, high - 4.0);
    }
}
