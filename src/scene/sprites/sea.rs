//! Sky, sea, its small waves, and the water in front of the ships.

use super::Sprite;
use crate::scene::display::{Fill, Look};
use crate::scene::pen::Pen;
use crate::scene::theme::Token;
use std::fmt::Write;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "sea",
    extent: [0.0, 780.0, 400.0, 160.0],
    sample: |pen| {
        pen.rect([0.0, 780.0, 400.0, 160.0], 0.0, Look::fill(Token::SeaTop));
        water(pen, (0.0, 400.0), 846.0, 94.0, 0.0);
    },
};

/// How far sky and sea reach beyond the world.
pub const BLEED: f64 = 900.0;

fn graded(top: Token, bottom: Token, y: (f64, f64)) -> Look {
    Look { fill: Some(Fill::Vertical { colours: (top, bottom), y }), line: None, opacity: 1.0 }
}

/// Draws the sky over a world of this width.
pub fn sky(pen: &mut Pen, width: f64) {
    let look = graded(Token::SkyTop, Token::SkyBottom, (-BLEED / 2.0, 320.0));
    pen.rect([-BLEED, -BLEED, width + 2.0 * BLEED, 320.0 + BLEED], 0.0, look);
}

/// Draws the sea of a world of this size.
pub fn sea(pen: &mut Pen, (width, height): (f64, f64)) {
    let look = graded(Token::SeaTop, Token::SeaBottom, (320.0, height));
    pen.rect([-BLEED, 320.0, width + 2.0 * BLEED, height + BLEED - 320.0], 0.0, look);
    pen.path(&format!("M{} 320H{}", -BLEED, width + BLEED), Look::line(Token::SeaBottom, 3.0));
}

/// Draws small waves, shifted to the right by `shift`.
pub fn waves(pen: &mut Pen, (width, height): (f64, f64), shift: f64) {
    let mut data = String::new();
    let (mut row, mut y) = (0u32, 372.0);
    while y < height + 200.0 {
        let mut x = 330.0 + f64::from(row * 173 % 331);
        while x < width + 400.0 {
            let _ = write!(data, "M{:.1} {y:.1}q13-8 26 0t26 0", x + shift);
            x += 331.0;
        }
        row += 1;
        y += 58.0;
    }
    pen.path(&data, Look::line(Token::Lane, 3.0).faint(0.2));
}

/// Draws the water in front of a row of ships: from the waterline at `y` down by `depth`.
pub fn water(pen: &mut Pen, (from, to): (f64, f64), y: f64, depth: f64, shift: f64) {
    let mut data = format!("M{from} {y:.1}Q{:.1} {:.1} {:.1} {y:.1}", from + 50.0 + shift, y - 8.0, from + 100.0);
    let mut x = from + 200.0;
    while x <= to {
        let _ = write!(data, "T{x:.1} {y:.1}");
        x += 100.0;
    }
    let _ = write!(data, "L{to:.1} {y:.1}V{:.1}H{from:.1}Z", y + depth);
    pen.path(&data, Look::fill(Token::SeaBottom).faint(0.6));
}
