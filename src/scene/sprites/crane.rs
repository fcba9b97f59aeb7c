//! The scheduler: a crane that carries a light, not a hook. It points at ships; it never lifts cargo.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite =
    Sprite { kind: "scheduler", extent: [930.0, 134.0, 274.0, 270.0], sample: |pen| draw(pen, true) };
/// A sample of the light cone.
pub static CONE: Sprite = Sprite {
    kind: "light-cone",
    extent: [0.0, 0.0, 120.0, 120.0],
    sample: |pen| cone(pen, (20.0, 10.0), (80.0, 110.0), 32.0),
};
/// A sample of a score plate.
pub static PLATE: Sprite =
    Sprite { kind: "score-plate", extent: [-34.0, -22.0, 68.0, 44.0], sample: |pen| plate(pen, "82", true) };
/// A sample of the flag on a ship that is not feasible.
pub static FLAG: Sprite = Sprite { kind: "refusal-flag", extent: [-24.0, -24.0, 48.0, 48.0], sample: flag };

/// The lamp at the end of the jib.
pub const LAMP: (f64, f64) = (1186.0, 170.0);

/// Draws cabin, mast and jib, at their place in the world.
pub fn draw(pen: &mut Pen, runs: bool) {
    let token = if runs { Token::Scheduler } else { Token::Unknown };
    pen.path("M996 296V150M950 150L1190 166", Look::line(Token::Ink, 13.0));
    pen.path("M996 296V150M950 150L1190 166", Look::line(token, 8.0));
    pen.path("M996 182L1072 158M996 182L958 152", Look::line(token, 4.0));
    pen.rect([940.0, 140.0, 22.0, 22.0], 3.0, Look::fill(token).edged(Token::Ink, 3.0));
    pen.circle(
        LAMP.0,
        LAMP.1,
        12.0,
        Look::fill(if runs { Token::Glow } else { Token::Unknown }).edged(Token::Ink, 3.0),
    );
    pen.rect([940.0, 296.0, 112.0, 98.0], 10.0, Look::fill(Token::Deck).edged(token, 6.0));
    pen.rect([956.0, 312.0, 80.0, 34.0], 4.0, Look::fill(Token::SeaTop).edged(Token::Ink, 2.0));
    // Ships compared: three columns of different height.
    pen.path("M970 378v-8M984 378v-18M998 378v-12M1012 378v-22M1026 378v-6", Look::line(token, 7.0));
}

/// Draws the light from the lamp to a point, `reach` wide on each side there.
pub fn cone(pen: &mut Pen, from: (f64, f64), to: (f64, f64), reach: f64) {
    let path = format!("M{} {}L{} {}L{} {}Z", from.0, from.1, to.0 - reach, to.1, to.0 + reach, to.1);
    pen.path(&path, Look::fill(Token::Scheduler).faint(0.24));
    let inner = format!("M{} {}L{} {}L{} {}Z", from.0, from.1, to.0 - reach * 0.45, to.1, to.0 + reach * 0.45, to.1);
    pen.path(&inner, Look::fill(Token::Glow).faint(0.3));
}

/// Draws a ship's score around the origin; the winner's outline is thicker.
pub fn plate(pen: &mut Pen, score: &str, wins: bool) {
    let width = if wins { 5.0 } else { 2.5 };
    let edge = if wins { Token::Scheduler } else { Token::Ink2 };
    pen.rect([-30.0, -19.0, 60.0, 38.0], 6.0, Look::fill(Token::Surface).edged(edge, width));
    pen.text((0.0, 9.0), score, 26.0, Token::Ink);
}

/// Draws the ✕ of a ship that is not feasible around the origin.
pub fn flag(pen: &mut Pen) {
    pen.circle(0.0, 0.0, 19.0, Look::fill(Token::Surface).edged(Token::Error, 4.0));
    pen.path("M-8-8L8 8M8-8L-8 8", Look::line(Token::Error, 5.0));
}
