//! The things in the harbour, one file each, and the slice that lists them: the gallery shows every entry.
//!
//! A sprite draws in world units from its own origin; it knows how a thing looks, never when or where.

pub mod barge;
pub mod board;
pub mod bridge;
pub mod buoy;
pub mod control_ship;
pub mod controllers;
pub mod crane;
pub mod crate_;
pub mod fog;
pub mod hull_above;
pub mod hut;
pub mod launch;
pub mod lighthouse;
pub mod log_room;
pub mod pulse;
pub mod quay;
pub mod registry;
pub mod sea;
pub mod ship;
pub mod signs;
pub mod skyline;
pub mod tally;

use super::pen::Pen;

/// A thing as the gallery shows it.
pub struct Sprite {
    /// Its name: the `kind` of the items that show it.
    pub kind: &'static str,
    /// What its sample covers: left, top, width, height in world units.
    pub extent: [f64; 4],
    /// Draws a sample.
    pub sample: fn(&mut Pen),
}

/// All things.
pub static SPRITES: &[&Sprite] = &[
    &hut::SPRITE,
    &registry::SPRITE,
    &control_ship::SPRITE,
    &bridge::SPRITE,
    &log_room::SPRITE,
    &controllers::SPRITE,
    &crane::SPRITE,
    &crane::CONE,
    &crane::PLATE,
    &crane::FLAG,
    &board::SPRITE,
    &ship::SPRITE,
    &ship::CABIN,
    &hull_above::SPRITE,
    &crate_::SPRITE,
    &crate_::OUTDATED,
    &crate_::MOORED,
    &crate_::GHOST,
    &launch::SPRITE,
    &launch::SLIP,
    &pulse::SPRITE,
    &pulse::PING,
    &barge::SPRITE,
    &signs::OCTAGON,
    &signs::TRIANGLE,
    &signs::RING,
    &signs::TAG,
    &signs::TICK,
    &signs::CHAIN,
    &signs::BOLLARD,
    &signs::CUT,
    &signs::LANTERN,
    &signs::LOCK,
    &fog::SPRITE,
    &buoy::SPRITE,
    &lighthouse::SPRITE,
    &skyline::SPRITE,
    &quay::SPRITE,
    &sea::SPRITE,
    &tally::SPRITE,
];
