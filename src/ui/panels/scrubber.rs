//! The scrubber: the whole run as one line, told time from left to right, with a tick for each beat of the story.

use super::transport::clock_text;
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::cluster::wire::Address;
use crate::scene::pace::Speed;
use crate::scene::theme::{Theme, Token};
use crate::sim::{FactId, Sorted, Time};
use crate::ui::browser::clock;
use crate::ui::dom::{El, afterwards, canvas, el, on_window_at_once};
use crate::ui::handle::Ui;
use crate::ui::session::Session;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlCanvasElement, KeyboardEvent, PointerEvent};

/// Ticks stand at least so far apart.
const PITCH_PX: f64 = 12.0;
/// Room at both ends.
const MARGIN_PX: f64 = 9.0;
/// So many beats of a column decide whose it is.
const LOOKED_AT: usize = 24;
/// The ticks are drawn anew at most every so many milliseconds.
const REDRAW_MS: f64 = 200.0;

/// Who did something: a letter and a colour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Actor(pub char, pub Token);

const PERSON: Actor = Actor('U', Token::Ink);

/// Who did what a fact tells.
#[must_use]
pub fn actor(fact: &Fact) -> Actor {
    let of = |address: &Address| match address {
        Address::User => PERSON,
        Address::ApiServer => Actor('A', Token::Api),
        Address::Etcd(_) => Actor('E', Token::Etcd),
        Address::Scheduler | Address::OtherScheduler(_) => Actor('S', Token::Scheduler),
        Address::ControllerManager => Actor('C', Token::Controllers),
        Address::Kubelet(_) => Actor('K', Token::Kubelet),
        Address::Runtime(_) | Address::Sidecar(..) => Actor('R', Token::Runtime),
    };
    match fact {
        Fact::Input(_) | Fact::Answer { .. } => PERSON,
        Fact::Requested { call, .. } | Fact::Gate { call, .. } | Fact::Answered { call, .. } => of(&call.from),
        Fact::Committed { .. } => Actor('E', Token::Etcd),
        Fact::Watched { to, .. } => of(to),
        Fact::PodQueued { .. } | Fact::Attempted(_) => Actor('S', Token::Scheduler),
        Fact::WatchOpened { by, .. }
        | Fact::WatchLost { by, .. }
        | Fact::ProcessStopped { process: by, .. }
        | Fact::LeaderChanged { by, .. }
        | Fact::Reconciled { by, .. }
        | Fact::Retried { by, .. } => of(by),
        Fact::ContainerStarted { .. } | Fact::ContainerExited { .. } | Fact::Pulled { .. } | Fact::Pulling { .. } => {
            Actor('R', Token::Runtime)
        }
        _ => Actor('K', Token::Kubelet),
    }
}

/// The quiet after the last beat takes at most so much of the line, in milliseconds of told time, and at most this
/// share of it.
const TAIL_MS: f64 = 6000.0;
const TAIL_SHARE: f64 = 0.2;

/// The run as a line: told time, but the quiet at its end is pressed together, so that waiting does not squeeze the
/// story.
struct Line {
    start: f64,
    /// From here on it is pressed.
    told: f64,
    end: f64,
    /// How much room a pressed millisecond takes.
    press: f64,
}

impl Line {
    fn of(session: &Session) -> Self {
        let at = |t: Time| session.pace().to_pres(t, Speed::Adaptive);
        let (start, end) = (at(Time::ZERO), at(session.end()));
        let last = session.pace().beats().iter().rev().find(|beat| beat.lead);
        let told = last.map_or(start, |beat| at(beat.at) + 1000.0).clamp(start, end);
        let room = TAIL_MS.max((told - start) * TAIL_SHARE);
        Self { start, told, end, press: (room / (end - told).max(1.0)).min(1.0) }
    }

    fn room(&self, pres: f64) -> f64 {
        pres.min(self.told) - self.start + (pres - self.told).max(0.0) * self.press
    }

    fn share(&self, session: &Session, t: Time) -> f64 {
        let pres = session.pace().to_pres(t, Speed::Adaptive);
        (self.room(pres) / self.room(self.end).max(1.0)).clamp(0.0, 1.0)
    }

    /// The moment at a share of the line.
    fn moment(&self, session: &Session, share: f64) -> Time {
        if share >= 1.0 {
            return session.end();
        }
        let room = self.room(self.end) * share.max(0.0);
        let told = self.told - self.start;
        let pres = if room <= told { self.start + room } else { self.told + (room - told) / self.press };
        session.pace().to_sim(pres, Speed::Adaptive).clamp(Time::ZERO, session.end())
    }
}

/// The scrubber.
pub fn scrubber(ui: Ui) -> El {
    let dragging = RwSignal::new(false);
    let at = Memo::new(move || {
        let (now, _) = (ui.now.get(), ui.end.get());
        ui.read(|session| (Line::of(session).share(session, now) * 1000.0).round() / 1000.0)
    });
    let canvas = canvas("");
    draw_now_and_then(ui, canvas.node());
    let track = el("div", "scrubber");
    let element = track.node::<Element>();
    let go = move |event: &PointerEvent| {
        let area = element.get_bounding_client_rect();
        let x = f64::from(event.client_x()) - area.left() - MARGIN_PX;
        let share = x / (area.width() - 2.0 * MARGIN_PX).max(1.0);
        let to = ui.read(|session| Line::of(session).moment(session, share));
        ui.seek(to);
    };
    let (drag, element) = (go.clone(), track.node::<Element>());
    let down = move |event: &PointerEvent| {
        let _ = element.set_pointer_capture(event.pointer_id());
        dragging.set(true);
        ui.play(false);
        go(event);
    };
    track
        .attr("data-testid", "scrubber")
        .attr("role", "slider")
        .attr("tabindex", "0")
        .bind("style", move || format!("--at:{}", at.get()))
        .label(ui, "scrubber-label")
        .attr("aria-orientation", "horizontal")
        .attr("aria-valuemin", "0")
        .bind("aria-valuemax", move || ui.end.get().as_millis().to_string())
        .bind("aria-valuenow", move || ui.now.get().as_millis().to_string())
        .bind("aria-valuetext", move || value_text(ui))
        .on_as("pointerdown", down)
        .on_as("pointermove", move |event| {
            if dragging.get_untracked() {
                drag(event);
            }
        })
        .on("pointerup", move |_| dragging.set(false))
        .on("pointercancel", move |_| dragging.set(false))
        .on_as("keydown", move |event| key(ui, event))
        .add(canvas)
        .add(el("span", "thumb").attr("aria-hidden", "true"))
}

/// What a screen reader says of the place: time, revision, sentence. Told only while standing still: a value that
/// changes sixty times a second says nothing.
fn value_text(ui: Ui) -> String {
    let now = clock_text(if ui.moving.get() { ui.now.get_untracked() } else { ui.now.get() });
    let revision = ui.view.with(|view| view.revision).to_string();
    let caption = crate::ui::captions::present(ui).unwrap_or_default();
    ui.say("scrubber-value", &[("time", now.into()), ("revision", revision.into()), ("caption", caption.into())])
}

fn key(ui: Ui, event: &KeyboardEvent) {
    let now = ui.now.get_untracked();
    let (end, second) = (ui.end.get_untracked(), Duration::from_secs(1));
    let to = match event.key().as_str() {
        "ArrowRight" | "ArrowUp" => now + second,
        "ArrowLeft" | "ArrowDown" => now - second,
        "PageUp" => now + 10 * second,
        "PageDown" => now - 10 * second,
        "Home" => Time::ZERO,
        "End" => end,
        " " => return ui.play(!ui.moving.get_untracked()),
        "." => return ui.step(),
        "," => return ui.step_back(),
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    ui.play(false);
    ui.seek(to.clamp(Time::ZERO, end));
}

/// Draws the ticks when the run or the look of the page has changed, but not at every frame.
fn draw_now_and_then(ui: Ui, canvas: HtmlCanvasElement) {
    let due = StoredValue::new(0.0);
    let draw = move || {
        due.set_value(clock() + REDRAW_MS);
        ui.read(|session| paint(session, &canvas, ui.theme.get_untracked()));
    };
    let redraw = draw.clone();
    afterwards(move || {
        ui.theme.track();
        ui.moving.track();
        ui.end.track();
        // Standing still shows the exact state; while time passes the next change will come soon.
        if clock() >= due.get_value() || !ui.moving.get_untracked() {
            draw();
        }
    });
    on_window_at_once("resize", move |_: &Event| redraw());
}

/// One column of the scrubber: who did most in it.
#[derive(Clone, Debug, Default)]
struct Column {
    counts: Sorted<Actor, usize>,
    input: bool,
    fault: bool,
}

fn columns(session: &Session, width: f64) -> Vec<(f64, Column)> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    let count = ((width - 2.0 * MARGIN_PX) / PITCH_PX).max(1.0) as usize;
    let mut columns = vec![Column::default(); count + 1];
    let line = Line::of(session);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
    let place = |t: Time| ((line.share(session, t) * count as f64).round() as usize).min(count);
    let beats = session.pace().beats();
    let mut from = 0;
    for (index, column) in columns.iter_mut().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "columns of a screen")]
        let until = line.moment(session, (index as f64 + 0.5) / count as f64);
        let to = if index == count { beats.len() } else { beats.partition_point(|beat| beat.at < until).max(from) };
        for beat in beats[from..to].iter().filter(|beat| beat.lead).take(LOOKED_AT) {
            if let Some(record) = session.trace().get(FactId(beat.head)) {
                *column.counts.get_or_default(actor(&record.fact)) += 1;
            }
        }
        from = to;
    }
    for (at, input) in session.inputs() {
        let column = &mut columns[place(*at)];
        column.input = true;
        column.fault |= matches!(input, Input::Fault { .. });
    }
    #[expect(clippy::cast_precision_loss, reason = "columns of a screen")]
    let x = |index: usize| MARGIN_PX + (width - 2.0 * MARGIN_PX) * index as f64 / count as f64;
    columns.into_iter().enumerate().map(|(index, column)| (x(index), column)).collect()
}

fn paint(session: &Session, canvas: &HtmlCanvasElement, theme: Theme) -> Option<()> {
    let ratio = window().device_pixel_ratio().clamp(1.0, 3.0);
    let (w, h) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    let pixels = |css: f64| (css * ratio).round() as u32;
    canvas.set_width(pixels(w));
    canvas.set_height(pixels(h));
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.scale(ratio, ratio).ok()?;
    context.set_text_align("center");
    context.set_font("600 12px Pretendard, sans-serif");
    let middle = h / 2.0 + 6.0;
    for (x, column) in columns(session, w) {
        let most = column.counts.iter().max_by_key(|(_, count)| *count).map(|(actor, _)| *actor);
        let Some(Actor(letter, token)) = (if column.input { Some(PERSON) } else { most }) else { continue };
        context.set_fill_style_str(token.hex(theme));
        let (half, tall) = if column.input { (3.0, 11.0) } else { (2.0, 7.0) };
        context.fill_rect(x - half, middle - tall, 2.0 * half, 2.0 * tall);
        if column.fault {
            bolt(&context, (x, middle - 19.0), theme);
            continue;
        }
        context.set_fill_style_str(Token::Ink2.hex(theme));
        let _ = context.fill_text(&letter.to_string(), x, middle - 14.0);
    }
    Some(())
}

/// A flash instead of the letter, where something was made to go wrong. Fonts need not have one.
fn bolt(context: &web_sys::CanvasRenderingContext2d, (x, y): (f64, f64), theme: Theme) {
    context.set_fill_style_str(Token::Error.hex(theme));
    context.begin_path();
    for (dx, dy) in [(1.5, -7.0), (-4.5, 1.0), (-0.5, 1.0), (-1.5, 7.0), (4.5, -1.5), (0.5, -1.5)] {
        context.line_to(x + dx, y + dy);
    }
    context.fill();
}
