//! The scheduler at work: the ghost on the queue board, the light cone over the ships, flags with reasons, score
//! plates, and the choice. Flags and plates are exactly those of the attempt. The crane never lifts anything.

use super::{Shown, between, progress, travelling};
use crate::api::object::Ref;
use crate::cluster::fact::{Attempt, AttemptResult, Fact, NodeAnswer};
use crate::scene::display::{Anchor, Area, Layer, Look};
use crate::scene::sprites::{crane, launch};
use crate::scene::stage::{Stage, Thing};
use crate::scene::theme::Token;

/// When, as shares of an attempt, the cone has visited all ships, and when it has settled.
const VISITED: f64 = 0.6;
const SETTLED: f64 = 0.78;

/// A pod comes to the queue board.
pub fn queue(stage: &mut Stage, one: &Shown) {
    let Fact::PodQueued { pod, .. } = &one.record.fact else { return };
    if !one.lasts(200.0) {
        return;
    }
    let shift = stage.layout.shift;
    let slot = board(stage, pod);
    let end = slot.middle();
    if one.share() < 1.0 && !stage.frame.options.reduced {
        let at = between((905.0 + shift, 216.0), end, one.share());
        stage.put(travelling(one, "queued", "slip", at, 12.0).of(pod), |pen| launch::slip(pen, Token::Scheduler));
        return;
    }
    let thing = Thing::new(one.id("queued"), "slip", Layer::Moving, slot).because(one.record.id).of(pod);
    stage.put(thing, |pen| {
        pen.rect([slot.x - 5.0, slot.y - 5.0, slot.w + 10.0, slot.h + 10.0], 6.0, Look::line(Token::Scheduler, 4.0));
    });
}

fn board(stage: &Stage, pod: &Ref) -> Area {
    let own = stage.pods.get(pod).copied().filter(|area| area.y < 500.0);
    own.unwrap_or_else(|| {
        let slot = crate::scene::layout::board_slot(0);
        Area { x: slot.x + stage.layout.shift, ..slot }
    })
}

/// An attempt to find a ship.
pub fn attempt(stage: &mut Stage, one: &Shown, all: &[Shown]) {
    let Fact::Attempted(attempt) = &one.record.fact else { return };
    if !one.lasts(250.0) {
        return;
    }
    let share = progress(stage, one.share());
    cabin(stage, one, attempt);
    if let AttemptResult::Chosen(node) = &attempt.result {
        chosen(stage, one, (&attempt.pod, node), share);
    }
    // There is one light: what it says of an attempt goes when the next one begins.
    let latest = all.iter().rev().find(|other| matches!(other.record.fact, Fact::Attempted(_)));
    if latest.is_some_and(|latest| latest.record.id != one.record.id) {
        return;
    }
    let places: Vec<_> = attempt.nodes.iter().map(|answer| over(stage, &answer.node)).collect();
    let winner = match &attempt.result {
        AttemptResult::Chosen(node) => attempt.nodes.iter().position(|answer| answer.node == *node),
        AttemptResult::Unschedulable | AttemptResult::Error(_) => None,
    };
    cone(stage, one, (&places, winner), share);
    #[expect(clippy::cast_precision_loss, reason = "a dozen ships")]
    let (mut visited, count) = (0.0, attempt.nodes.len().max(1) as f64);
    for (answer, place) in attempt.nodes.iter().zip(&places) {
        let Some((x, y)) = *place else { continue };
        if share >= VISITED * (visited + 0.5) / count {
            let wins =
                share >= SETTLED && matches!(&attempt.result, AttemptResult::Chosen(node) if *node == answer.node);
            // Of hundreds only the chosen one has a plate; the others are in the attempt's table.
            if wins || stage.layout.field.is_none() {
                verdict(stage, one, answer, ((x, y), wins));
            }
        }
        visited += 1.0;
    }
}

/// The point above a ship at which the cone aims; control ship: its hull's end.
fn over(stage: &Stage, node: &str) -> Option<(f64, f64)> {
    if let Some(ship) = stage.layout.ship(node) {
        return Some((ship.x + 250.0, ship.y + ship.sink - 56.0));
    }
    if let Some(square) = stage.layout.square(node) {
        return Some((square.x + square.w / 2.0, square.y + 0.2 * square.h));
    }
    let control = stage.frame.view.nodes.iter().any(|n| n.control_plane && &*n.name == node);
    control.then_some((1176.0 + stage.layout.shift, 372.0))
}

fn cabin(stage: &mut Stage, one: &Shown, attempt: &Attempt) {
    let area = stage.layout.area_of(&crate::cluster::wire::Address::Scheduler);
    let thing = Thing::new(one.id("attempt"), "attempt", Layer::Control, area).because(one.record.id).of(&attempt.pod);
    stage.put(thing.says(attempt.message.to_string()), |pen| {
        pen.rect([area.x + 16.0, area.y + 16.0, 80.0, 34.0], 4.0, Look::fill(Token::Glow).edged(Token::CrateInk, 2.0));
    });
}

type Aims<'a> = (&'a [Option<(f64, f64)>], Option<usize>);

fn cone(stage: &mut Stage, one: &Shown, (places, winner): Aims, share: f64) {
    let ships: Vec<(f64, f64)> = places.iter().flatten().copied().collect();
    let goal = winner.and_then(|i| places[i]);
    let Some(last) = ships.last().copied() else { return };
    let at = if share < VISITED {
        #[expect(clippy::cast_precision_loss, reason = "a dozen ships")]
        let along = share / VISITED * (ships.len() - 1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, small")]
        let index = along as usize;
        #[expect(clippy::cast_precision_loss, reason = "a dozen ships")]
        let part = along - index as f64;
        between(ships[index], ships[(index + 1).min(ships.len() - 1)], part)
    } else {
        let settle = ((share - VISITED) / (SETTLED - VISITED)).min(1.0);
        between(last, goal.unwrap_or(last), settle)
    };
    // Nothing was found: the light goes out.
    if goal.is_none() && share > SETTLED {
        return;
    }
    let lamp = (crane::LAMP.0 + stage.layout.shift, crane::LAMP.1);
    let area = Area::around(at.0, at.1, 70.0);
    let thing = Thing::new(one.id("cone"), "light-cone", Layer::Moving, area).because(one.record.id);
    stage.put(thing, |pen| crane::cone(pen, lamp, (at.0, at.1 + 56.0), 96.0));
}

type Aim = ((f64, f64), bool);

fn verdict(stage: &mut Stage, one: &Shown, answer: &NodeAnswer, ((x, y), wins): Aim) {
    let id = format!("verdict/{}/{}", one.record.id.0, answer.node);
    // On the hull, where nothing else stands; the reason below, on the water.
    let cargo = stage.layout.ship(&answer.node).is_some();
    let field = stage.layout.field.is_some() && stage.layout.square(&answer.node).is_some();
    let at = if field {
        (x, y - 26.0)
    } else if cargo {
        (x - 20.0, y + 106.0)
    } else {
        (1192.0 + stage.layout.shift, 446.0)
    };
    let area = Area::around(at.0, at.1, 22.0);
    match &answer.refused {
        Some(refusal) => {
            let reason = refusal.reasons.first().map_or(refusal.plugin, |reason| &**reason);
            let says = format!("{}: {reason}", refusal.plugin);
            let thing = Thing::new(id.clone(), "refusal-flag", Layer::Moving, area).at(at.0, at.1, 1.0);
            stage.put(thing.because(one.record.id).says(says), crane::flag);
            let size = stage.frame.options.label_px;
            // Below the hull: on the water.
            let (room, below) = if cargo { (400.0, 24.0) } else { (520.0, 49.0) };
            let text = crate::scene::labels::shortened(reason, size, room * stage.place.scale);
            stage.note(&id, (at.0, at.1 + below + size / stage.place.scale), Anchor::Middle, &text);
        }
        None if answer.rating.scores.is_empty() => {
            let thing = Thing::new(id, "feasible", Layer::Moving, area).at(at.0, at.1, 1.3);
            stage.put(thing.because(one.record.id), crate::scene::sprites::signs::tick);
        }
        None => {
            let score = answer.rating.total.to_string();
            let thing = Thing::new(id, "score-plate", Layer::Moving, area).at(at.0, at.1, 1.0);
            stage.put(thing.because(one.record.id).says(score.clone()), |pen| crane::plate(pen, &score, wins));
        }
    }
}

/// A pin-slip goes to the bridge; the dashed outline in the slot is the intention.
fn chosen(stage: &mut Stage, one: &Shown, (pod, node): (&Ref, &str), share: f64) {
    if share < SETTLED {
        return;
    }
    if let Some(area) = stage.pod_area(pod, node) {
        let thing = Thing::new(one.id("intended"), "intended", Layer::Moving, area).because(one.record.id).of(pod);
        stage.put(thing, |pen| {
            let outline = [area.x - 3.0, area.y - 3.0, area.w + 6.0, area.h + 6.0];
            pen.rect(outline, 4.0, Look::line(Token::Scheduler, 4.0).dashed(7.0, 6.0));
        });
    }
}
