//! Draws what moves: each fact that is being told at the moment, by its visual verb.
//!
//! In reduced motion the same items appear under the same ids, at the places where their motion ends.

mod cargo;
mod machines;
mod request;
mod schedule;
mod watch;

use super::display::{Anchor, Area, Layer};
use super::layout::Level;
use super::motion::{Act, Motion, Role};
use super::stage::{Stage, Thing};
use crate::cluster::fact::Fact;
use crate::sim::{Record, Time};

/// A fact that is being told.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The fact.
    pub record: &'a Record<Fact>,
    /// Its motion.
    pub motion: Motion,
    /// How much it weighs here.
    pub role: Role,
    /// How long it takes here, in milliseconds.
    pub takes_ms: f64,
    /// How long ago it began, in milliseconds.
    pub age_ms: f64,
}

impl Shown<'_> {
    /// How far it is, 0–1.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.takes_ms > 0.0 { (self.age_ms / self.takes_ms).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// Whether it is still going on, or has ended no longer than `linger_ms` ago.
    #[must_use]
    pub fn lasts(&self, linger_ms: f64) -> bool {
        self.age_ms <= self.takes_ms + linger_ms
    }

    /// Whether it is drawn where another of its kind would have to be drawn, too: the story's before others, the later
    /// before the earlier.
    fn outshines(&self, other: &Self) -> bool {
        let weight = |one: &Self| (one.role == Role::Lead, one.record.id);
        weight(self) > weight(other)
    }

    /// An id for what shows it.
    #[must_use]
    pub fn id(&self, what: &str) -> String {
        format!("{what}/{}", self.record.id.0)
    }

    /// What belongs to the story is opaque, the rest faint.
    #[must_use]
    pub fn opacity(&self) -> f64 {
        if self.role == Role::Lead { 1.0 } else { 0.5 }
    }
}

/// No motion is looked for further back than this (screen time).
const WINDOW_MS: f64 = 8_000.0;
/// So many facts are looked at for one picture.
const LOOKED_AT: usize = 3_000;
/// So many things move at once; what is beyond is bundled.
pub const MOVERS: usize = 12;
/// What there is to read stays after its motion.
const READING_MS: f64 = 1_600.0;

/// The facts that may be on the stage now, in order.
#[must_use]
pub fn shown<'a>(stage: &Stage<'a>) -> Vec<Shown<'a>> {
    let frame = stage.frame;
    let pace = &frame.script.pace;
    let from = frame.trace.place_at(pace.to_sim(frame.pres_ms - WINDOW_MS, frame.speed).max(Time::ZERO));
    let to = frame.trace.place_at(Time::from_micros(stage.t.as_micros() + 1));
    let told = |record: &'a Record<Fact>| {
        let motion = Motion::of(&record.fact)?;
        let role = pace.role(record.id.0).unwrap_or(Role::Ambient);
        let tempo = if role == Role::Ambient { 1.0 } else { pace.tempo(record.at) };
        let part = if role == Role::Side { 0.4 } else { 1.0 };
        let age_ms = frame.pres_ms - pace.to_pres(record.at, frame.speed);
        (age_ms >= 0.0).then_some(Shown { record, motion, role, takes_ms: motion.takes_ms * part / tempo, age_ms })
    };
    let mut found: Vec<_> = frame.trace.range(from, to).rev().take(LOOKED_AT).filter_map(told).collect();
    found.reverse();
    found
}

/// Draws all that moves.
pub fn draw(stage: &mut Stage) {
    let shown = shown(stage);
    let mut movers = Movers::default();
    request::draw(stage, &shown, &mut movers);
    machines::draw_windows(stage, &shown);
    // The heartbeats of a fleet would be a flicker everywhere.
    let flickers = |one: &Shown| one.role == Role::Ambient && stage.layout.level == Level::Fleet;
    let single: Vec<_> = shown.iter().filter(|one| !flickers(one)).collect();
    for one in single {
        match one.motion.act {
            // Told together: for each request, for each window of the controllers' room.
            Act::Travel | Act::Gate | Act::Ink | Act::Return => {}
            // All that moves in a harbour where nothing happens, and so in the first part of the program.
            Act::Lease => machines::heartbeat(stage, one),
            _ => draw_one(stage, one, &shown, &mut movers),
        }
    }
    movers.draw(stage);
}

fn draw_one<'a>(stage: &mut Stage<'a>, one: &Shown<'a>, all: &[Shown<'a>], movers: &mut Movers) {
    match one.motion.act {
        Act::Travel | Act::Gate | Act::Ink | Act::Return | Act::Lease => {}
        Act::Window => machines::program(stage, one),
        // Of commands that follow each other fast, the latest has the place for answers.
        Act::Answer if all.iter().any(|other| other.motion.act == Act::Answer && other.outshines(one)) => {}
        Act::Order | Act::Answer => request::at_the_hut(stage, one),
        Act::List | Act::Break | Act::Pulse => watch::draw(stage, one, movers),
        Act::Retry => machines::retry(stage, one),
        Act::Queue => schedule::queue(stage, one),
        Act::Crane => schedule::attempt(stage, one, all),
        Act::Board | Act::Stop | Act::Cut => machines::sign(stage, one),
        Act::Sign => machines::befallen(stage, one),
        Act::Barge => cargo::barge(stage, one, all, movers),
        Act::Ping => cargo::ping(stage, one, movers),
        Act::Sandbox | Act::Landed | Act::Fill | Act::Alarm => cargo::at_the_crate(stage, one),
        Act::Exit | Act::Ring | Act::Term | Act::Kill | Act::Leave => cargo::ending(stage, one),
    }
}

type Draw = Box<dyn FnOnce(&mut super::pen::Pen)>;

/// Something on its way.
struct Mover {
    act: Act,
    /// Things of one act on one way can be bundled.
    way: String,
    thing: Thing,
    at: (f64, f64),
    draw: Draw,
}

/// All that is on its way: at most [`MOVERS`] are drawn, the others as bundles.
#[derive(Default)]
pub struct Movers {
    all: Vec<Mover>,
}

impl Movers {
    fn push(&mut self, act: Act, way: String, (thing, at): (Thing, (f64, f64)), draw: Draw) {
        self.all.push(Mover { act, way, thing, at, draw });
    }

    fn draw(self, stage: &mut Stage) {
        if self.all.len() <= MOVERS {
            for mover in self.all {
                stage.put(mover.thing, mover.draw);
            }
            return;
        }
        let mut bundles: Vec<(Mover, usize)> = Vec::new();
        for mover in self.all {
            match bundles.iter_mut().find(|(first, _)| first.act == mover.act && first.way == mover.way) {
                Some((first, count)) => {
                    // The latest is drawn: it has its way before it.
                    *first = mover;
                    *count += 1;
                }
                None => bundles.push((mover, 1)),
            }
        }
        let skip = bundles.len().saturating_sub(MOVERS);
        for (mover, count) in bundles.into_iter().skip(skip) {
            let at = mover.at;
            let id = format!("bundle/{:?}/{}", mover.act, mover.way);
            stage.put(mover.thing, mover.draw);
            if count > 1 {
                stage.note(&id, (at.0 + 26.0, at.1 - 18.0), Anchor::Start, &format!("×{count}"));
            }
        }
    }
}

/// A thing that is on its way, around a point: it can be asked why.
fn travelling(one: &Shown, what: &str, kind: &'static str, at: (f64, f64), radius: f64) -> Thing {
    moving(one, what, kind, at, radius).touched()
}

/// A thing that moves, around a point.
fn moving(one: &Shown, what: &str, kind: &'static str, at: (f64, f64), radius: f64) -> Thing {
    Thing::new(one.id(what), kind, Layer::Moving, Area::around(at.0, at.1, radius))
        .at(at.0, at.1, 1.0)
        .because(one.record.id)
        .faint(one.opacity())
}

/// How far a motion is as its picture: in reduced motion it is at its end.
fn progress(stage: &Stage, share: f64) -> f64 {
    if stage.frame.options.reduced { 1.0 } else { share }
}

/// Between two points.
fn between(a: (f64, f64), b: (f64, f64), share: f64) -> (f64, f64) {
    (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
}
