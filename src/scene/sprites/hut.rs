//! The hut on the quay: a person with kubectl. It stands outside the ship; everything goes through the lane.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite { kind: "hut", extent: [20.0, 290.0, 216.0, 174.0], sample: |pen| draw(pen, false) };

/// Draws the hut, at its place in the world. `lit`: something is being ordered.
pub fn draw(pen: &mut Pen, lit: bool) {
    pen.rect([160.0, 312.0, 18.0, 34.0], 2.0, Look::fill(Token::Deck).edged(Token::Ink, 3.0));
    pen.rect([40.0, 350.0, 176.0, 104.0], 6.0, Look::fill(Token::Deck).edged(Token::Ink, 3.0));
    pen.path("M26 354L128 300L230 354Z", Look::fill(Token::HullControl).edged(Token::Ink, 3.0));
    let frame = if lit { Token::Glow } else { Token::Ink };
    pen.rect([62.0, 372.0, 132.0, 62.0], 6.0, Look::fill(Token::Screen).edged(frame, if lit { 5.0 } else { 3.0 }));
    pen.path("M78 392l13 11-13 11M98 415h20", Look::line(Token::ScreenInk, 4.0));
    if lit {
        pen.path("M126 403h48M126 415h30", Look::line(Token::ScreenInk, 4.0).faint(0.8));
    }
    pen.path("M34 454H222", Look::line(Token::Ink, 4.0));
}
