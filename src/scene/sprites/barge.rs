//! The image barge: brings an image's layers from the quay straight to a ship.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::{FILLS, Token};

/// The gallery's sample.
pub static SPRITE: Sprite =
    Sprite { kind: "barge", extent: [-62.0, -50.0, 124.0, 74.0], sample: |pen| draw(pen, 3, FILLS[0]) };

/// Draws a barge around the origin with so many of its four layers on board.
pub fn draw(pen: &mut Pen, layers: usize, fill: Token) {
    pen.path("M-56 0H56L46 18H-46Z", Look::fill(Token::Deck).edged(Token::Ink, 3.0));
    pen.path("M40 0V-20H54V0", Look::fill(Token::Deck).edged(Token::Ink, 3.0));
    for (layer, x) in (0..4usize).zip([-44.0, -24.0, -4.0, 16.0]) {
        let look = if layer < layers {
            Look::fill(fill).edged(Token::CrateInk, 2.5)
        } else {
            Look::line(Token::Ink2, 2.0).dashed(4.0, 4.0)
        };
        pen.rect([x, -20.0, 17.0, 18.0], 1.5, look);
    }
}
