//! Signs that say what a thing's state is: by shape first, colour last.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// A sample of the refusal.
pub static OCTAGON: Sprite =
    Sprite { kind: "octagon", extent: [-30.0, -30.0, 60.0, 60.0], sample: |pen| octagon(pen, "422") };
/// A sample of the failure.
pub static TRIANGLE: Sprite = Sprite { kind: "triangle", extent: [-22.0, -22.0, 44.0, 44.0], sample: triangle };
/// A sample of the timer.
pub static RING: Sprite =
    Sprite { kind: "ring", extent: [-24.0, -24.0, 48.0, 48.0], sample: |pen| ring(pen, 0.7, "40") };
/// A sample of a tag.
pub static TAG: Sprite = Sprite { kind: "tag", extent: [-22.0, -18.0, 44.0, 40.0], sample: tag };
/// A sample of the tick.
pub static TICK: Sprite = Sprite { kind: "tick", extent: [-18.0, -18.0, 36.0, 36.0], sample: tick };
/// A sample of the chain of a cordoned ship.
pub static CHAIN: Sprite = Sprite { kind: "chain", extent: [100.0, -22.0, 260.0, 36.0], sample: chain };
/// A sample of a taint.
pub static BOLLARD: Sprite = Sprite { kind: "taint", extent: [-16.0, -36.0, 32.0, 44.0], sample: bollard };
/// A sample of the lantern of whoever leads.
pub static LANTERN: Sprite =
    Sprite { kind: "lantern", extent: [-16.0, -30.0, 32.0, 36.0], sample: |pen| lantern(pen, true) };
/// A sample of the lock of a disruption budget.
pub static LOCK: Sprite = Sprite { kind: "lock", extent: [-18.0, -22.0, 36.0, 40.0], sample: lock };
/// A sample of a cut cable.
pub static CUT: Sprite = Sprite { kind: "cut", extent: [-26.0, -26.0, 52.0, 52.0], sample: cut };

/// Draws a refusal with its code around the origin.
pub fn octagon(pen: &mut Pen, code: &str) {
    pen.path("M-11-26H11L26-11V11L11 26H-11L-26 11V-11Z", Look::fill(Token::Error).edged(Token::Halo, 3.0));
    pen.text((0.0, 7.5), code, 21.0, Token::Glyph);
}

/// Draws a failure around the origin.
pub fn triangle(pen: &mut Pen) {
    pen.path("M0-16L17 14H-17Z", Look::fill(Token::CrateError).edged(Token::CratePaper, 3.0));
    pen.path("M0-6V3", Look::line(Token::CratePaper, 4.0));
    pen.circle(0.0, 9.0, 2.2, Look::fill(Token::CratePaper));
}

/// Draws a timer around the origin: the share that is left, and what it says.
pub fn ring(pen: &mut Pen, left: f64, says: &str) {
    pen.circle(0.0, 0.0, 18.0, Look::fill(Token::Surface).edged(Token::Rule, 5.0));
    pen.arc((0.0, 0.0), 18.0, (1.0 - left.clamp(0.0, 1.0), 1.0), Look::line(Token::Warn, 5.0));
    pen.text((0.0, 6.5), says, if says.chars().count() > 2 { 14.0 } else { 18.0 }, Token::Ink);
}

/// Draws the tag of a pod that is being ended, around the origin.
pub fn tag(pen: &mut Pen) {
    pen.path("M-14-12H14V2L0 16L-14 2Z", Look::fill(Token::CratePaper).edged(Token::CrateInk, 3.0));
    pen.path("M0-6V6M-6-6H6", Look::line(Token::CrateInk, 3.0));
}

/// Draws a tick around the origin: ready.
pub fn tick(pen: &mut Pen) {
    pen.circle(0.0, 0.0, 12.0, Look::fill(Token::CrateOk).edged(Token::CratePaper, 3.0));
    pen.path("M-5.500 0l4 4.500 7-8.500", Look::line(Token::CratePaper, 3.2));
}

/// Draws the chain across the deck of a cordoned ship, in the ship's units.
pub fn chain(pen: &mut Pen) {
    let mut x = 118.0;
    let mut upright = false;
    while x < 346.0 {
        let (rx, ry) = if upright { (2.5, 4.0) } else { (9.0, 5.0) };
        pen.ellipse([x, -1.5, rx, ry], Look::line(Token::Warn, 3.5));
        x += 11.5;
        upright = !upright;
    }
    pen.path("M110-10V4M350-10V4", Look::line(Token::Ink, 6.0));
}

/// Draws a bollard with a plate around the origin: a taint.
pub fn bollard(pen: &mut Pen) {
    pen.path("M-8 4V-18H8V4", Look::fill(Token::Warn).edged(Token::Ink, 3.0));
    pen.rect([-12.0, -26.0, 24.0, 10.0], 4.0, Look::fill(Token::Warn).edged(Token::Ink, 3.0));
}

/// Draws a lantern that stands on the origin: it burns while its lease holds.
pub fn lantern(pen: &mut Pen, lit: bool) {
    pen.path("M0-22V-26M-5-19Q0-26 5-19", Look::line(Token::Ink, 2.4));
    let glass = if lit { Token::Glow } else { Token::Surface };
    pen.rect([-7.0, -19.0, 14.0, 15.0], 2.0, Look::fill(glass).edged(Token::Ink, 2.4));
    pen.path("M-9-2.500H9", Look::line(Token::Ink, 4.0));
    if lit {
        pen.path("M0-16Q4.500-11 0-7Q-4.500-11 0-16Z", Look::fill(Token::Ink));
    }
}

/// Draws the rays of a lantern whose lease has just been renewed, around where it stands.
pub fn rays(pen: &mut Pen) {
    let data = "M-12-11H-18M12-11H18M-10-21L-14-26M10-21L14-26";
    pen.path(data, Look::line(Token::Ink, 5.0));
    pen.path(data, Look::line(Token::Glow, 2.4));
}

/// Draws a lock around the origin: a disruption budget that lets nobody go.
pub fn lock(pen: &mut Pen) {
    pen.path("M-7-2V-9Q-7-16 0-16Q7-16 7-9V-2", Look::line(Token::Ink, 3.5));
    pen.rect([-12.0, -3.0, 24.0, 18.0], 3.0, Look::fill(Token::Warn).edged(Token::Ink, 3.0));
    pen.circle(0.0, 5.0, 2.6, Look::fill(Token::Ink));
}

/// Draws the sign of a cut cable around the origin.
pub fn cut(pen: &mut Pen) {
    pen.circle(0.0, 0.0, 22.0, Look::fill(Token::Surface).edged(Token::Error, 4.0));
    pen.path("M-12 0H-4L-1-5M12 0H4L1 5", Look::line(Token::Error, 4.5));
}

/// Draws the sign of a process that has stopped around the origin.
pub fn stop(pen: &mut Pen) {
    pen.circle(0.0, 0.0, 22.0, Look::fill(Token::Surface).edged(Token::Error, 4.0));
    pen.path("M-6-9V9M6-9V9", Look::line(Token::Error, 6.0));
}
