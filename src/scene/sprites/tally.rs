//! A rollout's tally: a workload's pods in a row. The bracket above holds as many as there may be in all, the one below as
//! many as have to stay available.

use super::Sprite;
use super::crate_::{self, Cargo, Status};
use crate::cluster::view::Rollout;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "rollout",
    extent: [-14.0, -16.0, 308.0, 70.0],
    sample: |pen| {
        draw(pen, &Rollout { least: 3, most: 5, new: (1, 1), old: (2, 0), ..Rollout::default() }, Some(0), 280.0);
    },
};

/// A place for each crate, as far as that.
const PLACE: f64 = 52.0;
/// Crates are at most so much larger than those on ships, and not smaller than that.
const SIZES: (f64, f64) = (1.05, 0.4);
/// From the crates to the tips of their brackets, and how deep those are.
const BRACKET: (f64, f64) = (5.0, 8.0);

/// How many places a rollout's tally has.
fn places(rollout: &Rollout) -> usize {
    (rollout.new.0 + rollout.new.1 + rollout.old.0 + rollout.old.1).max(rollout.most)
}

/// How large the crates are, where there is so much room for all.
fn size(places: usize, room: f64) -> f64 {
    (room / (PLACE * count(places).max(1.0))).min(SIZES.0)
}

/// How wide a tally is, where there is so much room.
#[must_use]
pub fn width(rollout: &Rollout, room: f64) -> f64 {
    let places = places(rollout);
    size(places, room) * PLACE * count(places)
}

/// How high it is, brackets included.
pub const HEIGHT: f64 = 36.0 * SIZES.0 + 2.0 * ABOVE;
/// As much of it lies above the crates.
pub const ABOVE: f64 = BRACKET.0 + BRACKET.1;

/// Draws it from the left upper corner of its crates.
pub fn draw(pen: &mut Pen, rollout: &Rollout, workload: Option<usize>, room: f64) {
    let all = places(rollout);
    let size = size(all, room);
    let pitch = size * PLACE;
    let groups = [
        (rollout.new.0, Status::Ready, false),
        (rollout.old.0, Status::Ready, true),
        (rollout.new.1, Status::Creating(0.5), false),
        (rollout.old.1, Status::Running, true),
    ];
    let (floor, single) = (36.0 * SIZES.0, size >= SIZES.1);
    let top = if single { floor - 36.0 * size } else { 0.0 };
    let mut next = 0;
    for (number, status, outdated) in groups {
        let cargo = Cargo { workload, status, outdated, ..Cargo::default() };
        if single {
            for i in next..next + number {
                pen.at(pitch * count(i), top, size, |pen| crate_::draw(pen, &cargo));
            }
        } else if number > 0 {
            share(pen, &cargo, [pitch * count(next), pitch * count(number)]);
        }
        next += number;
    }
    let gap = if single { 4.0 * size } else { 0.0 };
    let free = if single { (next..all).map(|i| (i, 1)).collect() } else { vec![(next, all - next)] };
    for (from, number) in free.into_iter().filter(|(_, number)| *number > 0) {
        let area = [pitch * count(from) + 1.0, top + 1.0, pitch * count(number) - gap - 2.0, floor - top - 2.0];
        pen.rect(area, 2.0, Look::line(Token::Ink2, 2.5).dashed(4.0, 5.0));
    }
    let (tip, deep) = BRACKET;
    let line = Look::line(Token::Ink, 3.0);
    let most = pitch * count(rollout.most) - gap;
    let (low, high) = (top - tip, top - tip - deep);
    pen.line(&[(-2.0, low), (-2.0, high), (most + 2.0, high), (most + 2.0, low)], line);
    if rollout.least > 0 {
        let least = pitch * count(rollout.least) - gap;
        let (high, low) = (floor + tip, floor + tip + deep);
        pen.line(&[(-2.0, high), (-2.0, low), (least + 2.0, low), (least + 2.0, high)], line);
    }
}

/// Too many pods to be told apart: a bar for all of one sort.
fn share(pen: &mut Pen, cargo: &Cargo, [x, wide]: [f64; 2]) {
    let area = [x, 0.0, wide, 36.0 * SIZES.0];
    let fill = Look::fill(crate_::fill(cargo.workload));
    let ready = cargo.status == Status::Ready;
    pen.rect(area, 0.0, Look::fill(Token::Surface));
    pen.rect(area, 0.0, if ready { fill } else { fill.faint(0.4) });
    if cargo.outdated {
        pen.hatch(area, 9.0, Look::line(Token::CrateInk, 2.0).faint(0.6));
    }
    let edge = Look::line(Token::CrateInk, 2.5);
    pen.rect(area, 0.0, if ready { edge } else { edge.dashed(4.0, 4.0) });
}

fn count(number: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "pods")]
    let number = number as f64;
    number
}
