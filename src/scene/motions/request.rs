//! A request: the launch, the gate lamps, the slip in the pipe, the ink in the ledger, the launch's return.

use super::{Movers, READING_MS, Shown, progress, travelling};
use crate::cluster::fact::{Call, Fact, Gate};
use crate::cluster::wire::Address;
use crate::scene::display::{Anchor, Area, Layer, Look};
use crate::scene::labels::{shortened, width, wrapped};
use crate::scene::layout::Route;
use crate::scene::motion::{Act, Role};
use crate::scene::sprites::{bridge, hut, launch, signs};
use crate::scene::stage::{Stage, Thing};
use crate::scene::theme::Token;
use crate::sim::Sorted;

/// A launch waits at the bridge for its next fact so long, then it is taken for lost.
const PATIENCE_MS: f64 = 2_500.0;

/// Draws all requests that are on the stage.
pub fn draw<'a>(stage: &mut Stage<'a>, shown: &[Shown<'a>], movers: &mut Movers) {
    let mut calls: Sorted<&Call, Vec<&Shown>> = Sorted::new();
    for one in shown {
        let (Fact::Requested { call, .. }
        | Fact::Gate { call, .. }
        | Fact::Committed { call, .. }
        | Fact::Answered { call, .. }) = &one.record.fact
        else {
            continue;
        };
        if matches!(one.motion.act, Act::Travel | Act::Gate | Act::Ink | Act::Return) {
            calls.get_or_default(call).push(one);
        }
    }
    // All lamps that are passed look alike: however many requests are at a gate, it has one.
    let mut lamps = [None; Gate::ALL.len()];
    for (call, story) in calls {
        let Some(&last) = story.last() else { continue };
        let open = last.motion.act != Act::Return;
        if last.lasts(if open { PATIENCE_MS } else { 0.0 }) {
            draw_launch(stage, call, last, movers);
        }
        for one in story {
            match &one.record.fact {
                Fact::Gate { gate, refused: None, .. } => {
                    // Lamps stay lit until the launch has left.
                    let left = last.motion.act == Act::Return && last.share() > 0.35;
                    let lamp = &mut lamps[place_of(*gate)];
                    if one.lasts(PATIENCE_MS) && !left && lamp.is_none_or(|(_, before)| one.outshines(before)) {
                        *lamp = Some((call, one));
                    }
                }
                Fact::Gate { gate, refused: Some(status), .. } if one.lasts(READING_MS) => {
                    let thing =
                        at_the_gate(stage, (call, one), *gate, (Layer::Fault, 26.0)).says(status.message.clone());
                    // The one gate that may open later: a disruption budget keeps it shut.
                    let budget = status.code == 429 && status.message.contains("disruption budget");
                    stage.put(thing, |pen| {
                        signs::octagon(pen, &status.code.to_string());
                        if budget {
                            pen.at(30.0, 18.0, 0.9, signs::lock);
                        }
                    });
                }
                Fact::Committed { revision, .. } if one.lasts(500.0) => ink(stage, one, *revision),
                _ => {}
            }
        }
    }
    for (gate, lit) in Gate::ALL.into_iter().zip(lamps) {
        if let Some(lit) = lit {
            let thing = at_the_gate(stage, lit, gate, (Layer::Control, 10.0));
            stage.put(thing, |pen| bridge::lamp(pen, bridge::Lamp::Passed));
        }
    }
}

/// Inside the ship there is little room.
fn size(from: &Address) -> f64 {
    if matches!(from, Address::Scheduler | Address::ControllerManager) { 0.7 } else { 1.0 }
}

/// The colour of a caller.
pub fn colour(from: &Address) -> Token {
    match from {
        Address::User => Token::Accent,
        Address::ApiServer => Token::Api,
        Address::Etcd(_) => Token::Etcd,
        Address::Scheduler | Address::OtherScheduler(_) => Token::Scheduler,
        Address::ControllerManager => Token::Controllers,
        Address::Kubelet(_) => Token::Kubelet,
        Address::Runtime(_) | Address::Sidecar(..) => Token::Runtime,
    }
}

fn draw_launch(stage: &mut Stage, call: &Call, last: &Shown, movers: &mut Movers) {
    let route = stage.layout.to_bridge(&call.from);
    let share = progress(stage, last.share());
    let bounce = |length: f64| 1.0 - 60.0 / length.max(60.0) * (last.age_ms / 240.0).min(1.0);
    let reduced = stage.frame.options.reduced;
    let along = match &last.record.fact {
        Fact::Requested { .. } => share,
        Fact::Gate { refused: Some(_), .. } if !reduced => bounce(route.length()),
        // In reduced motion the answer lies at the bridge, as the request does.
        Fact::Answered { .. } if !reduced => 1.0 - share,
        _ => 1.0,
    };
    let at = docked(&route, along);
    let (token, scale) = (colour(&call.from), size(&call.from));
    let (thing, code) = (
        Thing::new(
            format!("launch/{}/{}", call.from, call.id),
            "launch",
            Layer::Moving,
            Area::around(at.0, at.1, 32.0 * scale),
        )
        .at(at.0, at.1, scale)
        .because(last.record.id)
        .faint(last.opacity())
        .touched(),
        answer_code(&last.record.fact),
    );
    let carries = matches!(last.record.fact, Fact::Requested { .. } | Fact::Gate { .. });
    let draw = move |pen: &mut crate::scene::pen::Pen| {
        let text = code.map(|code| code.to_string());
        let cargo = match (&text, code) {
            (Some(text), Some(code)) if code < 400 => launch::Cargo::Stamp(text),
            (Some(text), _) => launch::Cargo::Refusal(text),
            _ if carries => launch::Cargo::Slip,
            _ => launch::Cargo::Nothing,
        };
        launch::draw(pen, token, cargo);
    };
    let act = if last.motion.act == Act::Return { Act::Return } else { Act::Travel };
    movers.push(act, call.from.to_string(), (thing, at), Box::new(draw));
}

/// A launch stops short of the bridge's wall.
fn docked(route: &Route, share: f64) -> (f64, f64) {
    let length = route.length();
    let end = (length - 30.0).max(0.0) / length.max(1.0);
    route.point(share.min(end.max(0.4)))
}

fn answer_code(fact: &Fact) -> Option<u16> {
    match fact {
        Fact::Answered { code, .. } => Some(*code),
        _ => None,
    }
}

/// What is seen of a request at a gate's lamp.
fn at_the_gate(stage: &Stage, (call, one): (&Call, &Shown), gate: Gate, (layer, radius): (Layer, f64)) -> Thing {
    let place = place_of(gate);
    let (x, y) = stage.layout.lamp(place);
    let id = format!("lamp/{}/{}/{place}", call.from, call.id);
    Thing::new(id, "gate", layer, Area::around(x, y, radius)).at(x, y, 1.0).because(one.record.id)
}

fn place_of(gate: Gate) -> usize {
    Gate::ALL.iter().position(|other| *other == gate).unwrap_or(0)
}

fn ink(stage: &mut Stage, one: &Shown, revision: u64) {
    let pipe = stage.layout.to_bridge(&Address::Etcd(0)).back();
    let share = progress(stage, one.share());
    if share < 0.55 {
        let at = pipe.point(share / 0.55);
        stage.put(travelling(one, "ink", "slip", at, 12.0), |pen| launch::slip(pen, Token::Etcd));
        return;
    }
    let (x, y) = (536.0 + stage.layout.shift, 313.0);
    let area = Area::new(x, y, 40.0, 66.0);
    let drawn = ((share - 0.55) / 0.45).min(1.0);
    let thing = Thing::new(one.id("ink"), "ledger-line", Layer::Moving, area)
        .at(x, y, 1.0)
        .because(one.record.id)
        .faint(one.opacity())
        .says(revision.to_string());
    stage.put(thing, |pen| {
        pen.rect([-3.0, -3.0, 46.0, 72.0], 5.0, Look::line(Token::Glow, 5.0));
        pen.line(&[(13.0, 55.0), (13.0 + 20.0 * drawn, 55.0)], Look::line(Token::Ok, 5.0));
    });
    if one.role == Role::Lead {
        let text = stage.text("stage-revision", &[("revision", revision.to_string().into())]);
        let (x, anchor) = beside_the_pipe(stage, &text);
        stage.note(&one.id("revision"), (x, 284.0), anchor, &text);
    }
}

/// Where the new revision is written: in the corner that pipe and bridge leave free or, where that is too narrow, on the
/// other side of the pipe.
fn beside_the_pipe(stage: &Stage, text: &str) -> (f64, Anchor) {
    let s = stage.layout.shift;
    let wide = width(text, stage.frame.options.label_px) / stage.place.scale;
    if wide <= 116.0 { (568.0 + s, Anchor::Start) } else { (542.0 + s, Anchor::End) }
}

/// The hut: what was ordered, and what kubectl printed.
pub fn at_the_hut(stage: &mut Stage, one: &Shown) {
    let area = stage.layout.area_of(&Address::User);
    match &one.record.fact {
        Fact::Input(_) if one.lasts(400.0) => {
            let thing = Thing::new(one.id("order"), "order", Layer::Quay, area).because(one.record.id);
            stage.put(thing, |pen| hut::draw(pen, true));
        }
        Fact::Answer { lines, refused, .. } if one.lasts(READING_MS) => {
            let wrong = refused.first().map(|(_, status)| status.message.clone());
            let failed = wrong.is_some();
            let Some(text) = wrong.or_else(|| lines.first().map(ToString::to_string)) else { return };
            bubble(stage, one, &text, failed);
        }
        _ => {}
    }
}

fn bubble(stage: &mut Stage, one: &Shown, text: &str, failed: bool) {
    let size = stage.frame.options.label_px.max(12.0);
    let scale = stage.place.scale;
    // A revision that has to be written on this side of the pipe is not covered.
    let revision = stage.text("stage-revision", &[("revision", stage.frame.view.revision.to_string().into())]);
    let room = match beside_the_pipe(stage, &revision) {
        (right, Anchor::End) => (right - 28.0 - 36.0 - width(&revision, size) / scale).min(430.0),
        _ => 430.0,
    };
    // What does not fit into two lines ends with an ellipsis.
    let mut lines = wrapped(text, size, room * scale);
    let rest = lines.split_off(1).join(" ");
    lines.extend((!rest.is_empty()).then_some(rest));
    for line in &mut lines {
        *line = shortened(line, size, room * scale);
    }
    let wide = lines.iter().map(|line| width(line, size)).fold(0.0, f64::max);
    let (w, step) = (wide / scale + 24.0, 1.25 * size / scale);
    let h = if lines.len() > 1 { 1.7 * size / scale + step } else { 1.7 * size / scale };
    let area = Area::new(28.0, 288.0 - h, w, h);
    let edge = if failed { Token::Error } else { Token::Ok };
    let thing = Thing::new(one.id("answer"), "answer", Layer::Moving, area).because(one.record.id).says(text);
    stage.put(thing, |pen| {
        let look = Look::fill(Token::Surface).edged(edge, 3.0);
        pen.rect([area.x, area.y, area.w, area.h], 8.0, look);
    });
    let mut y = area.y + 1.122 * size / scale;
    for (i, line) in lines.iter().enumerate() {
        let id = if i == 0 { one.id("answer") } else { one.id("answer-more") };
        stage.label(&id, (area.x + 12.0, y), Anchor::Start, line);
        y += step;
    }
}
