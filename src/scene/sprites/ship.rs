//! A cargo ship: a worker node. Cabin with the captain (kubelet), engine wheel (container runtime), radio mast
//! (kube-proxy's place), gauges of what is asked for, and the Plimsoll line of what can be allocated.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::{Pen, sine};
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "ship",
    extent: [-12.0, -150.0, 412.0, 254.0],
    sample: |pen| {
        mast(pen);
        hull(pen, &Load { cpu: 0.6, memory: 0.4 });
        engine(pen, 0.0);
        cabin(pen, true, Flag::Up);
    },
};
/// A sample of the captain's cabin when the node is not heard of.
pub static CABIN: Sprite =
    Sprite { kind: "kubelet", extent: [4.0, -150.0, 92.0, 156.0], sample: |pen| cabin(pen, false, Flag::Half) };

/// What a ship's pods have asked for, as shares of what can be allocated.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Load {
    /// Processor.
    pub cpu: f64,
    /// Memory.
    pub memory: f64,
}

/// The flag on the cabin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flag {
    /// The node is ready.
    Up,
    /// It is not ready, or not heard of.
    Half,
}

/// Draws hull, deck and gauges.
pub fn hull(pen: &mut Pen, load: &Load) {
    pen.path("M0 0H388L356 86Q352 94 340 94H46Q34 94 30 86Z", Look::fill(Token::HullWorker));
    // The Plimsoll mark: deeper than its line a ship must not be loaded.
    pen.circle(226.0, 62.0, 9.0, Look::line(Token::OnHull, 2.5).faint(0.8));
    pen.path("M211 62H241", Look::line(Token::OnHull, 2.5).faint(0.8));
    pen.rect([-4.0, -7.0, 396.0, 11.0], 4.0, Look::fill(Token::Deck).edged(Token::Ink, 3.0));
    for (y, share) in [(18.0, load.cpu), (40.0, load.memory)] {
        pen.rect([270.0, y, 86.0, 14.0], 3.0, Look::line(Token::OnHull, 2.5));
        if share > 0.0 {
            pen.rect([270.0, y, 86.0 * share.min(1.0), 14.0], 3.0, Look::fill(Token::OnHull));
        }
    }
}

/// Draws the engine wheel; `turn` in turns.
pub fn engine(pen: &mut Pen, turn: f64) {
    pen.circle(66.0, 46.0, 22.0, Look::fill(Token::Runtime).edged(Token::OnHull, 3.0));
    for tooth in 0..6 {
        let turn = turn + f64::from(tooth) / 6.0;
        let (sin, cos) = (sine(turn), sine(turn + 0.25));
        let at = |r: f64| (66.0 + r * cos, 46.0 + r * sin);
        pen.line(&[at(8.0), at(15.0)], Look::line(Token::Glyph, 4.0));
    }
    pen.circle(66.0, 46.0, 6.0, Look::fill(Token::Glyph));
}

/// Draws the radio mast.
pub fn mast(pen: &mut Pen) {
    pen.path("M102-116V0", Look::line(Token::Proxy, 7.0));
    pen.circle(102.0, -118.0, 6.0, Look::fill(Token::Proxy));
    pen.path("M90-120q12-16 24 0M82-128q20-26 40 0", Look::line(Token::Proxy, 4.5));
}

/// Draws the captain's cabin with its flag.
pub fn cabin(pen: &mut Pen, runs: bool, flag: Flag) {
    pen.path("M28-98V-140", Look::line(Token::Ink, 4.0));
    let y = if flag == Flag::Up { -140.0 } else { -122.0 };
    let cloth = if flag == Flag::Up { Token::Ok } else { Token::Error };
    pen.at(28.0, y, 1.0, |pen| pen.path("M2 0L32 8L2 16Z", Look::fill(cloth).edged(Token::Ink, 2.0)));
    let edge = if runs { Token::Kubelet } else { Token::Unknown };
    pen.rect([14.0, -98.0, 72.0, 98.0], 8.0, Look::fill(Token::Deck).edged(edge, 6.0));
    pen.path("M36-3V-22H64V-3", Look::line(Token::Ink2, 3.0));
    porthole(pen, runs);
}

/// Draws the porthole; a captain who is away leaves it dark.
pub fn porthole(pen: &mut Pen, runs: bool) {
    let fill = if runs { Token::Kubelet } else { Token::Unknown };
    pen.circle(50.0, -58.0, 19.0, Look::fill(fill).edged(Token::Ink, 3.0));
    pen.at(50.0, -58.0, 1.0, |pen| anchor(pen, 1.0));
    if !runs {
        pen.path("M38-46L62-70", Look::line(Token::Ink, 4.0));
    }
}

/// Draws the captain's anchor around the origin.
pub fn anchor(pen: &mut Pen, scale: f64) {
    pen.at(0.0, 0.0, scale, |pen| anchor_in(pen, Token::Glyph));
}

/// Draws the anchor of a static pod around the origin, on a plate, so that no pattern hides it.
pub fn mooring(pen: &mut Pen) {
    pen.circle(0.0, 0.0, 8.5, Look::fill(Token::CratePaper).edged(Token::CrateInk, 2.0));
    pen.at(0.0, -0.6, 0.52, |pen| anchor_in(pen, Token::CrateInk));
}

fn anchor_in(pen: &mut Pen, token: Token) {
    pen.circle(0.0, -9.0, 3.0, Look::line(token, 2.6));
    pen.path("M0-6V11M-5-2H5M-9 4q1 7 9 7q8 0 9-7", Look::line(token, 3.0));
}
